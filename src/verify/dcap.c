/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification of DCAP quotes. Each function below answers one question, adds one check
 * to the verdict, and leaves the facts that later ones need. A question that depends on
 * one that failed is "not evaluated": it cannot turn a no into a yes, and reasons do not
 * hide each other.
 *
 * Theory: the root's key certifies the platform's CA, that the platform (PCK), whose key
 * signs the quoting enclave's report; the report's data names the attestation key, which
 * signs the quote. That the report is the vendor's quoting enclave, and not just any
 * enclave on such a platform, is what the signed identity says; so without collateral
 * nothing is genuine yet.
 */
#include "verify/dcap.h"

#include <assert.h>
#include <string.h>

/* Key of the Intel SGX Root CA (subject of IntelSGXRootCA.der), as x || y. */
const uint8_t intel_root_key[64] = {
	0x0b, 0xa9, 0xc4, 0xc0, 0xc0, 0xc8, 0x61, 0x93, 0xa3, 0xfe, 0x23, 0xd6, 0xb0,
	0x2c, 0xda, 0x10, 0xa8, 0xbb, 0xd4, 0xe8, 0x8e, 0x48, 0xb4, 0x45, 0x85, 0x61,
	0xa3, 0x6e, 0x70, 0x55, 0x25, 0xf5, 0x67, 0x91, 0x8e, 0x2e, 0xdc, 0x88, 0xe4,
	0x0d, 0x86, 0x0b, 0xd0, 0xcc, 0x4e, 0xe2, 0x6a, 0xac, 0xc9, 0x88, 0xe5, 0x05,
	0xa9, 0x53, 0x55, 0x8c, 0x45, 0x3f, 0x6b, 0x09, 0x04, 0xae, 0x73, 0x94,
};

enum cella_outcome outcome_if(bool good)
{
	return good ? CELLA_CHECK_PASS : CELLA_CHECK_FAIL;
}

/* "certificate 2 (Intel SGX PCK Platform CA)" */
static const char *name_cert(struct cella_verdict *v, const struct cert_chain *chain,
			     size_t index)
{
	const char *name;

	if (index >= chain->num_certs)
		return "the chain";
	name = chain->certs[index]->x509->subject_cn;
	return arena_text(&v->arena, "certificate %zu (%s)", index + 1,
			  name[0] != '\0' ? name : "without a name");
}

const char *chain_fault_text(struct cella_verdict *v, const struct cert_chain *chain,
			     const char *fault, size_t index)
{
	return arena_text(&v->arena, "%s: %s", name_cert(v, chain, index), fault);
}

bool chain_ends_in(const struct cert_chain *chain, const uint8_t root[64])
{
	const struct crypto_cert *const last = cert_chain_root(chain);

	return last != NULL && memcmp(last->point, root, P256_POINT_LEN) == 0;
}

bool verdict_is_tdx(const struct cella_verdict *v)
{
	return v->evidence->kind == CELLA_EVIDENCE_TDX_QUOTE;
}

bool verdict_is_evm(const struct cella_verdict *v)
{
	return v->evidence->kind == CELLA_EVIDENCE_EVM;
}

const char *verdict_tee(const struct cella_verdict *v)
{
	if (verdict_is_evm(v))
		return "evm";
	return verdict_is_tdx(v) ? "tdx" : "sgx";
}

static enum cella_status evaluate_tcb(struct cella_verdict *v, struct cella_error *err)
{
	struct tcb_have have = { .qe_isv_svn = v->qe.isv_svn };

	if (!verdict_passed(v, CHECK_TCB_INFO_PLATFORM) ||
	    !doc_is_authentic(v, CHECK_TCB_INFO_CHAIN, CHECK_TCB_INFO_SIGNATURE) ||
	    !doc_is_authentic(v, CHECK_QE_IDENTITY_CHAIN, CHECK_QE_IDENTITY_SIGNATURE) ||
	    !verdict_passed(v, CHECK_PCK_ROOT) || v->identity == NULL)
		return CELLA_OK;
	have.pck = &v->pck->ext;
	have.tee_tcb_svn = verdict_is_tdx(v) ? v->td.tee_tcb_svn : NULL;
	TRY(tcb_evaluate(&v->tcb_info->info, &v->identity->identity, &have, &v->arena,
			 &v->launch, err));
	v->has_tcb = true;
	v->status = v->launch.status;
	if (!verdict_is_tdx(v) || !v->td.has_svn2)
		return CELLA_OK;
	have.tee_tcb_svn = v->td.tee_tcb_svn2;
	TRY(tcb_evaluate(&v->tcb_info->info, &v->identity->identity, &have, &v->arena,
			 &v->current, err));
	v->has_current = true;
	v->status = tcb_relaunch(v->launch.status, v->current.status);
	return CELLA_OK;
}

/* --- facts --------------------------------------------------------------------------- */

static void add_pck_facts(struct cella_verdict *v)
{
	const struct pck_ext *ext;

	assert(v->pck != NULL);
	ext = &v->pck->ext;
	facts_set_bytes(&v->facts, CELLA_FACT_PPID, bytes_of(ext->ppid, PPID_LEN));
	facts_set_bytes(&v->facts, CELLA_FACT_FMSPC, bytes_of(ext->fmspc, FMSPC_LEN));
	facts_set_bytes(&v->facts, CELLA_FACT_PCE_ID, bytes_of(ext->pce_id, PCE_ID_LEN));
	facts_set_bytes(&v->facts, CELLA_FACT_PCK_CPU_SVN,
			bytes_of(ext->cpu_svn, sizeof ext->cpu_svn));
	facts_set_bytes(&v->facts, CELLA_FACT_PCK_TCB_COMPONENTS,
			bytes_of(ext->components, TCB_COMPONENTS));
	facts_set_number(&v->facts, CELLA_FACT_PCK_PCE_SVN, ext->pce_svn);
	facts_set_number(&v->facts, CELLA_FACT_SGX_TYPE, ext->sgx_type);
	facts_set_text(&v->facts, CELLA_FACT_PCK_CA,
		       ext->is_platform ? "platform" : "processor");
	if (!ext->is_platform)
		return;
	facts_set_bytes(
		&v->facts, CELLA_FACT_PLATFORM_INSTANCE_ID,
		bytes_of(ext->platform_instance_id, sizeof ext->platform_instance_id));
	facts_set_bool(&v->facts, CELLA_FACT_DYNAMIC_PLATFORM, ext->dynamic_platform);
	facts_set_bool(&v->facts, CELLA_FACT_CACHED_KEYS, ext->cached_keys);
	facts_set_bool(&v->facts, CELLA_FACT_SMT_ENABLED, ext->smt_enabled);
}

static void add_standing(struct cella_verdict *v, const struct tcb_standing *standing,
			 enum cella_fact status, enum cella_fact date)
{
	facts_set_text(&v->facts, status, cella_tcb_status_name(standing->status));
	facts_set_time(&v->facts, date, standing->date);
}

/* The older date: what the module that runs now spoils is as old as its level. */
static int64_t level_date(const struct cella_verdict *v)
{
	const int64_t launch = v->launch.date;

	if (launch == INT64_MAX || !v->has_current || v->current.date > launch)
		return launch;
	return v->current.date;
}

static void add_tcb_facts(struct cella_verdict *v)
{
	const struct tcb_evaluation *const e = &v->launch;
	const int64_t date = level_date(v);
	const uint32_t numbers[] = { v->tcb_info->info.evaluation_number,
				     v->identity->identity.evaluation_number };

	facts_set_text(&v->facts, CELLA_FACT_TCB_STATUS,
		       cella_tcb_status_name(v->status));
	facts_set_text(&v->facts, CELLA_FACT_TCB_STATUS_LAUNCH,
		       cella_tcb_status_name(e->status));
	if (date != INT64_MAX)
		facts_set_time(&v->facts, CELLA_FACT_TCB_DATE, date);
	if (e->level != NULL)
		add_standing(v, &e->level->standing, CELLA_FACT_PLATFORM_TCB_STATUS,
			     CELLA_FACT_PLATFORM_TCB_DATE);
	if (e->module_level != NULL)
		add_standing(v, &e->module_level->standing, CELLA_FACT_MODULE_TCB_STATUS,
			     CELLA_FACT_MODULE_TCB_DATE);
	if (e->qe_level != NULL)
		add_standing(v, &e->qe_level->standing, CELLA_FACT_QE_TCB_STATUS,
			     CELLA_FACT_QE_TCB_DATE);
	facts_set_texts(&v->facts, CELLA_FACT_ADVISORY_IDS, e->advisories,
			e->num_advisories);
	facts_set_number(&v->facts, CELLA_FACT_TCB_EVAL_NUM,
			 numbers[0] < numbers[1] ? numbers[0] : numbers[1]);
	facts_set_number(&v->facts, CELLA_FACT_QE_TCB_EVAL_NUM, numbers[1]);
	if (!v->has_current)
		return;
	facts_set_text(&v->facts, CELLA_FACT_TCB_STATUS_CURRENT,
		       cella_tcb_status_name(v->current.status));
	if (v->current.date != INT64_MAX)
		facts_set_time(&v->facts, CELLA_FACT_TCB_DATE_CURRENT, v->current.date);
	facts_set_texts(&v->facts, CELLA_FACT_ADVISORY_IDS_CURRENT, v->current.advisories,
			v->current.num_advisories);
}

static enum cella_status add_root_key_id(struct cella_verdict *v, struct cella_error *err)
{
	static const uint8_t uncompressed = 0x04;
	const struct cella_bytes parts[] = {
		bytes_of(&uncompressed, 1),
		bytes_of(cert_chain_root(&v->pck->chain)->point, P256_POINT_LEN),
	};
	uint8_t *const id = arena_alloc(&v->arena, SHA384_LEN, 1);

	TRY(arena_status(&v->arena, err));
	TRY(crypto_digest(CRYPTO_SHA384, parts, ARRAY_LEN(parts), id, err));
	facts_set_bytes(&v->facts, CELLA_FACT_ROOT_KEY_ID, bytes_of(id, SHA384_LEN));
	return CELLA_OK;
}

/* Facts of a platform are told only when its chain holds together. */
static enum cella_status add_facts(struct cella_verdict *v, struct cella_error *err)
{
	if (v->pck != NULL)
		TRY(add_root_key_id(v, err));
	if (verdict_passed(v, CHECK_PCK_EXTENSION))
		add_pck_facts(v);
	if (v->has_tcb)
		add_tcb_facts(v);
	if (v->root_crl != NULL)
		facts_set_number(&v->facts, CELLA_FACT_ROOT_CA_CRL_NUM,
				 v->root_crl->crl->number);
	if (v->pck_crl != NULL)
		facts_set_number(&v->facts, CELLA_FACT_PCK_CRL_NUM,
				 v->pck_crl->crl->number);
	return CELLA_OK;
}

enum cella_status dcap_verify(struct cella_verdict *v, const uint8_t root[64],
			      bool is_intel, const struct verify_caches *caches,
			      struct cella_error *err)
{
	struct att_key *key CLEANUP(att_key_cleanup) = NULL;

	v->facts = v->evidence->facts;
	sgx_report_read(v->evidence->quote.qe_report, &v->qe);
	if (verdict_is_tdx(v))
		td_body_read(v->evidence->quote.body, &v->td);

	TRY(check_pck_chain(v, root, caches, err));
	TRY(check_pck_root(v, root, is_intel, err));
	check_pck_extension(v);
	TRY(check_qe(v, caches, &key, err));
	TRY(check_quote_signature(v, key, err));

	find_documents(v);
	check_identity_signature(v, root);
	check_qe_identity(v);
	check_tcb_info_signature(v, root);
	check_tcb_info_platform(v);
	if (verdict_is_tdx(v))
		check_tdx_module(v);
	check_root_crl(v, root);
	check_pck_crl(v, root);
	check_revocation(v);
	note_all_dates(v);
	TRY(evaluate_tcb(v, err));
	return add_facts(v, err);
}
