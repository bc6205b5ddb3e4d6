/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collateral: who signed it, whether it speaks of this platform, and what it says of
 * the quoting enclave, of the TDX module, and of revoked certificates.
 */
#include "verify/dcap.h"

#include <string.h>

/* --- signed documents ---------------------------------------------------------------- */

/* Checks a document's signer and signature. doc is NULL when there is none. */
static void check_signed_doc(struct cella_verdict *v, const struct signed_doc *doc,
			     const uint8_t root[64], enum check_id chain_check,
			     enum check_id signature_check, const char *where)
{
	const struct chain_doc *const signer = doc != NULL ? doc->signer : NULL;
	enum cella_outcome chain;

	if (signer == NULL) {
		verdict_check(v, chain_check, CELLA_CHECK_NOT_EVALUATED, NULL,
			      doc == NULL ? "the document is missing"
					  : "its issuer chain is missing",
			      where);
		verdict_check(v, signature_check, CELLA_CHECK_NOT_EVALUATED, NULL, NULL,
			      where);
		return;
	}
	if (signer->fault != NULL) {
		chain = CELLA_CHECK_FAIL;
		verdict_check(v, chain_check, chain, NULL,
			      chain_fault_text(v, &signer->chain, signer->fault,
					       signer->fault_index),
			      where);
	} else {
		chain = outcome_if(chain_ends_in(&signer->chain, root));
		verdict_check(v, chain_check, chain, NULL,
			      chain == CELLA_CHECK_FAIL ? "it ends in another root"
							: NULL,
			      where);
	}
	verdict_check(v, signature_check, outcome_if(doc->signature_good), NULL,
		      doc->signature_good ? NULL : "not a signature by its signer's key",
		      where);
}

bool doc_is_authentic(const struct cella_verdict *v, enum check_id chain,
		      enum check_id signature)
{
	return verdict_passed(v, chain) && verdict_passed(v, signature);
}

void find_documents(struct cella_verdict *v)
{
	const struct cella_collateral *const c = v->collateral;
	const struct pck_ext *const ext = v->pck != NULL && v->pck->has_ext ? &v->pck->ext
									    : NULL;

	if (c == NULL)
		return;
	v->identity =
		collateral_identity(c, verdict_is_tdx(v) ? IDENTITY_TD_QE : IDENTITY_QE);
	v->root_crl = collateral_root_crl(c);
	if (v->pck != NULL)
		v->pck_crl =
			collateral_pck_crl(c, cert_chain_leaf(&v->pck->chain)->issuer);
	if (ext != NULL)
		v->tcb_info = collateral_tcb_info(
			c, verdict_is_tdx(v) ? TCB_TEE_TDX : TCB_TEE_SGX, ext->fmspc,
			ext->pce_id);
}

/* Documents of the right kind for another TEE or platform are as good as a wrong one. */
static const struct signed_doc *some_identity(const struct cella_verdict *v)
{
	if (v->identity != NULL)
		return &v->identity->doc;
	if (v->collateral == NULL || v->collateral->num_identities == 0)
		return NULL;
	return &v->collateral->identities[0]->doc;
}

static const struct tcb_info_doc *some_tcb_info(const struct cella_verdict *v)
{
	if (v->tcb_info != NULL)
		return v->tcb_info;
	if (v->collateral == NULL || v->collateral->num_tcb_infos == 0)
		return NULL;
	return v->collateral->tcb_infos[0];
}

void check_identity_signature(struct cella_verdict *v, const uint8_t root[64])
{
	check_signed_doc(v, some_identity(v), root, CHECK_QE_IDENTITY_CHAIN,
			 CHECK_QE_IDENTITY_SIGNATURE, "qe_identity");
}

void check_tcb_info_signature(struct cella_verdict *v, const uint8_t root[64])
{
	const struct tcb_info_doc *const info = some_tcb_info(v);

	check_signed_doc(v, info != NULL ? &info->doc : NULL, root, CHECK_TCB_INFO_CHAIN,
			 CHECK_TCB_INFO_SIGNATURE, "tcb_info");
}

/* --- the quoting enclave and the TDX module ------------------------------------------ */

static bool masked_equal(const uint8_t *value, const uint8_t *mask,
			 const uint8_t *expected, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((value[i] & mask[i]) != (expected[i] & mask[i]))
			return false;
	return true;
}

static void compare_qe(struct cella_verdict *v)
{
	const struct qe_identity *const id = &v->identity->identity;
	const struct sgx_report *const qe = &v->qe;
	const struct {
		const char *field;
		bool equal;
		struct cella_bytes expected;
		struct cella_bytes actual;
	} rows[] = {
		{ "mrsigner",
		  memcmp(qe->mrsigner, id->mrsigner, sizeof qe->mrsigner) == 0,
		  bytes_of(id->mrsigner, sizeof id->mrsigner),
		  bytes_of(qe->mrsigner, sizeof qe->mrsigner) },
		{ "attributes",
		  masked_equal(qe->attributes, id->attributes_mask, id->attributes, 16),
		  bytes_of(id->attributes, 16), bytes_of(qe->attributes, 16) },
		{ "miscselect",
		  masked_equal(qe->miscselect, id->miscselect_mask, id->miscselect, 4),
		  bytes_of(id->miscselect, 4), bytes_of(qe->miscselect, 4) },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].equal)
			continue;
		verdict_check(
			v, CHECK_QE_IDENTITY, CELLA_CHECK_FAIL,
			arena_hex(&v->arena, rows[i].expected),
			arena_hex(&v->arena, rows[i].actual),
			arena_text(&v->arena, "quote: qe_report.%s", rows[i].field));
		return;
	}
	verdict_check(v, CHECK_QE_IDENTITY,
		      outcome_if(qe->isv_prod_id == id->isv_prod_id),
		      arena_text(&v->arena, "%s, product %u", identity_name(id->id),
				 id->isv_prod_id),
		      arena_text(&v->arena, "product %u", qe->isv_prod_id),
		      "quote: qe_report.isv_prod_id");
}

void check_qe_identity(struct cella_verdict *v)
{
	const char *const wanted =
		identity_name(verdict_is_tdx(v) ? IDENTITY_TD_QE : IDENTITY_QE);

	if (v->identity == NULL && some_identity(v) != NULL)
		verdict_check(
			v, CHECK_QE_IDENTITY, CELLA_CHECK_FAIL,
			arena_text(&v->arena, "identity %s", wanted),
			arena_text(
				&v->arena, "identity %s",
				identity_name(v->collateral->identities[0]->identity.id)),
			"qe_identity: id");
	else if (v->identity == NULL || !doc_is_authentic(v, CHECK_QE_IDENTITY_CHAIN,
							  CHECK_QE_IDENTITY_SIGNATURE))
		verdict_check(v, CHECK_QE_IDENTITY, CELLA_CHECK_NOT_EVALUATED, NULL, NULL,
			      "qe_identity");
	else
		compare_qe(v);
}

/* The attributes are compared under the identity's mask; Intel's library ignores it. */
static void compare_module(struct cella_verdict *v, const struct tdx_module *module)
{
	uint8_t attributes[8];

	for (size_t i = 0; i < sizeof attributes; i++)
		attributes[i] = (uint8_t)(v->td.seam_attributes >> (8 * i));
	if (memcmp(v->td.mrsigner_seam, module->mrsigner, MR_LEN) != 0)
		verdict_check(v, CHECK_TDX_MODULE, CELLA_CHECK_FAIL,
			      arena_hex(&v->arena, bytes_of(module->mrsigner, MR_LEN)),
			      arena_hex(&v->arena, bytes_of(v->td.mrsigner_seam, MR_LEN)),
			      "quote: body.mrsigner_seam");
	else if (!masked_equal(attributes, module->attributes_mask, module->attributes,
			       sizeof attributes))
		verdict_check(v, CHECK_TDX_MODULE, CELLA_CHECK_FAIL,
			      arena_hex(&v->arena, bytes_of(module->attributes, 8)),
			      arena_hex(&v->arena, bytes_of(attributes, 8)),
			      "quote: body.seam_attributes");
	else
		verdict_check(v, CHECK_TDX_MODULE, CELLA_CHECK_PASS, NULL,
			      module->id != NULL ? module->id : "TDX 1.0",
			      "quote: body.mrsigner_seam");
}

void check_tdx_module(struct cella_verdict *v)
{
	const uint8_t major = v->td.tee_tcb_svn[1];
	const struct tdx_module *module;

	if (!verdict_passed(v, CHECK_TCB_INFO_PLATFORM) ||
	    !doc_is_authentic(v, CHECK_TCB_INFO_CHAIN, CHECK_TCB_INFO_SIGNATURE)) {
		verdict_check(v, CHECK_TDX_MODULE, CELLA_CHECK_NOT_EVALUATED, NULL, NULL,
			      "tcb_info: tdxModuleIdentities");
		return;
	}
	module = tcb_info_module(&v->tcb_info->info, major);
	if (module != NULL)
		compare_module(v, module);
	else
		verdict_check(v, CHECK_TDX_MODULE, CELLA_CHECK_FAIL, "a known identity",
			      arena_text(&v->arena, "TDX_%02X, not among %zu identities",
					 major, v->tcb_info->info.num_modules),
			      "tcb_info: tdxModuleIdentities");
}

/* --- TCB information ----------------------------------------------------------------- */

void check_tcb_info_platform(struct cella_verdict *v)
{
	const struct tcb_info_doc *const any = some_tcb_info(v);
	const struct pck_ext *ext;

	if (any == NULL || !verdict_passed(v, CHECK_PCK_EXTENSION)) {
		verdict_check(v, CHECK_TCB_INFO_PLATFORM, CELLA_CHECK_NOT_EVALUATED, NULL,
			      any == NULL ? "the document is missing" : NULL, "tcb_info");
		return;
	}
	ext = &v->pck->ext;
	verdict_check(
		v, CHECK_TCB_INFO_PLATFORM, outcome_if(v->tcb_info != NULL),
		arena_text(&v->arena, "%s, FMSPC %s, PCE %s",
			   verdict_is_tdx(v) ? "TDX" : "SGX",
			   arena_hex(&v->arena, bytes_of(ext->fmspc, FMSPC_LEN)),
			   arena_hex(&v->arena, bytes_of(ext->pce_id, PCE_ID_LEN))),
		arena_text(&v->arena, "%s, FMSPC %s, PCE %s",
			   any->info.tee == TCB_TEE_TDX ? "TDX" : "SGX",
			   arena_hex(&v->arena, bytes_of(any->info.fmspc, FMSPC_LEN)),
			   arena_hex(&v->arena, bytes_of(any->info.pce_id, PCE_ID_LEN))),
		"tcb_info: id, fmspc, pceId");
}

/* --- revocation ---------------------------------------------------------------------- */

/* Why a list cannot be relied on, or NULL. */
static const char *crl_fault(struct cella_verdict *v, const struct crl_doc *doc,
			     const uint8_t root[64])
{
	const struct crypto_crl *const crl = doc->crl;

	if (doc->issuer->fault != NULL)
		return chain_fault_text(v, &doc->issuer->chain, doc->issuer->fault,
					doc->issuer->fault_index);
	if (!chain_ends_in(&doc->issuer->chain, root))
		return "its issuer's chain ends in another root";
	if (!crl->has_number || !crl->has_authority_key)
		return "it lacks its number or its issuer's key identifier";
	if (crl->has_unknown_critical)
		return "it has a critical extension that is not understood";
	return doc->signature_good ? NULL : "not a signature by its issuer's key";
}

void check_root_crl(struct cella_verdict *v, const uint8_t root[64])
{
	const struct crl_doc *const doc = v->root_crl;
	const char *fault;

	if (doc == NULL || doc->issuer == NULL) {
		verdict_check(v, CHECK_ROOT_CRL, CELLA_CHECK_NOT_EVALUATED, NULL,
			      "the list is missing", "root_ca_crl");
		return;
	}
	fault = crl_fault(v, doc, root);
	if (fault == NULL &&
	    !bytes_equal(doc->crl->issuer, cert_chain_root(&doc->issuer->chain)->subject))
		fault = arena_text(&v->arena, "its issuer is %s", doc->crl->issuer_cn);
	verdict_check(v, CHECK_ROOT_CRL, outcome_if(fault == NULL), NULL, fault,
		      "root_ca_crl");
}

/*
 * A root may have certified several CAs of one name, an older one that was stolen among
 * them: the list counts only if the key that signed the platform's certificate signed it.
 * Of a chain that is refused itself this is not asked.
 */
static bool is_by_another_ca(const struct cella_verdict *v, const struct crl_doc *doc)
{
	return verdict_passed(v, CHECK_PCK_CHAIN) && verdict_passed(v, CHECK_PCK_ROOT) &&
	       memcmp(cert_chain_leaf(&doc->issuer->chain)->point,
		      v->pck->chain.certs[1]->x509->point, P256_POINT_LEN) != 0;
}

void check_pck_crl(struct cella_verdict *v, const uint8_t root[64])
{
	const struct crl_doc *const doc = v->pck_crl;
	const char *fault;

	if (doc == NULL || doc->issuer == NULL || v->pck == NULL) {
		verdict_check(v, CHECK_PCK_CRL, CELLA_CHECK_NOT_EVALUATED, NULL,
			      doc == NULL ? "the list is missing"
					  : "its issuer chain is missing",
			      "pck_crl");
		return;
	}
	fault = crl_fault(v, doc, root);
	if (fault == NULL &&
	    (!bytes_equal(doc->crl->issuer, cert_chain_leaf(&v->pck->chain)->issuer) ||
	     !bytes_equal(doc->crl->issuer,
			  cert_chain_leaf(&doc->issuer->chain)->subject)))
		fault = arena_text(&v->arena, "its issuer is %s, the certificate's is %s",
				   doc->crl->issuer_cn,
				   cert_chain_leaf(&v->pck->chain)->issuer_cn);
	if (fault == NULL && is_by_another_ca(v, doc))
		fault = "its issuer has the name, but not the key of the platform's CA";
	verdict_check(v, CHECK_PCK_CRL, outcome_if(fault == NULL), NULL, fault,
		      "pck_crl");
}

static const char *serial_text(struct cella_verdict *v, const struct crypto_cert *cert)
{
	return arena_text(&v->arena, "%s, serial number %s", cert->subject_cn,
			  arena_hex(&v->arena, bytes_of(cert->serial, cert->serial_len)));
}

static void check_revoked(struct cella_verdict *v, enum check_id id,
			  const struct crl_doc *list, enum check_id list_check,
			  const struct crypto_cert *cert, const char *where)
{
	bool listed;

	if (cert == NULL || !verdict_passed(v, list_check)) {
		verdict_check(v, id, CELLA_CHECK_NOT_EVALUATED, NULL, NULL, where);
		return;
	}
	listed = crypto_crl_lists(list->crl, cert);
	verdict_check(v, id, outcome_if(!listed), NULL,
		      listed ? serial_text(v, cert) : NULL, where);
}

/* Both documents' signers against the root's list; the worse one is told. */
static void check_signers_revoked(struct cella_verdict *v)
{
	const struct signed_doc *const docs[] = {
		v->tcb_info != NULL ? &v->tcb_info->doc : NULL,
		some_identity(v),
	};
	const struct crypto_cert *signer = NULL;

	for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
		const struct crypto_cert *cert;

		if (docs[i] == NULL || docs[i]->signer == NULL)
			continue;
		cert = cert_chain_leaf(&docs[i]->signer->chain);
		if (signer == NULL || (verdict_passed(v, CHECK_ROOT_CRL) &&
				       crypto_crl_lists(v->root_crl->crl, cert)))
			signer = cert;
	}
	check_revoked(v, CHECK_SIGNER_REVOKED, v->root_crl, CHECK_ROOT_CRL, signer,
		      "root_ca_crl");
}

void check_revocation(struct cella_verdict *v)
{
	const bool has_chain = verdict_passed(v, CHECK_PCK_CHAIN);

	check_revoked(v, CHECK_PCK_REVOKED, v->pck_crl, CHECK_PCK_CRL,
		      has_chain ? cert_chain_leaf(&v->pck->chain) : NULL, "pck_crl");
	check_revoked(v, CHECK_PCK_CA_REVOKED, v->root_crl, CHECK_ROOT_CRL,
		      has_chain ? v->pck->chain.certs[1]->x509 : NULL, "root_ca_crl");
	check_signers_revoked(v);
}
