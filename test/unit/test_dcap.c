/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification as a whole: everything good but for one thing, and the check that must fail
 * for it, and no other (src/verify/dcap*.c, src/appraise/judge.c).
 */
#include "maker.h"
#include "support.h"

#include "collateral/cert_chain.h"
#include "evidence/quote.h"
#include "verify/verdict.h"

#include <stdio.h>

/* What a row changes: before things are signed, afterwards, in what is asked for. */
struct row {
	const char *name;
	void (*say)(struct maker *m);
	void (*forge)(struct maker *m);
	void (*ask)(const struct maker *m, struct cella_verify_options *options);
	const char *failing; /* exactly these checks, in their order; "": none */
	enum maker_tee tee;
	enum quote_body type; /* of version 5; 0: the usual version */
};

static bool seen_failing[CHECK_COUNT];

static void note_failing(const char *id)
{
	for (int i = 0; i < CHECK_COUNT; i++)
		if (strcmp(check_name((enum check_id)i), id) == 0)
			seen_failing[i] = true;
}

/* The ids of the checks that failed, joined with blanks. */
static struct out failing_checks(const struct cella_verdict *verdict)
{
	struct out joined = { 0 };

	for (size_t i = 0; i < cella_verdict_num_checks(verdict); i++) {
		const struct cella_check *const check = cella_verdict_check(verdict, i);

		if (check->outcome != CELLA_CHECK_FAIL)
			continue;
		out_format(&joined, "%s%s", joined.len > 0 ? " " : "", check->id);
		note_failing(check->id);
		CHECK_TRUE(check->where != NULL);
		CHECK_TRUE(check->remedy != NULL);
		CHECK_INT(CELLA_ANSWER_NO,
			  cella_verdict_answer(verdict, check->question));
	}
	out_u8(&joined, 0);
	return joined;
}

static void check_row(const struct row *row)
{
	struct cella_verify_options options;
	struct cella_verdict *verdict;
	struct out failing;
	struct maker m;

	CASE(row->name);
	maker_init(&m, row->tee);
	if (row->type != 0)
		maker_set_version(&m, 5, row->type);
	if (row->say != NULL)
		row->say(&m);
	maker_build(&m);
	if (row->forge != NULL)
		row->forge(&m);
	maker_options(&m, &options);
	if (row->ask != NULL)
		row->ask(&m, &options);
	verdict = maker_verify(&m, &options);
	failing = failing_checks(verdict);
	CHECK_TEXT(row->failing, (char *)failing.data);
	CHECK_INT(*row->failing == '\0' ? CELLA_ACCEPTED : CELLA_REJECTED,
		  cella_verdict_result(verdict));
	out_done(&failing);
	cella_verdict_free(verdict);
	maker_done(&m);
}

static void check_rows(const struct row *rows, size_t num)
{
	for (size_t i = 0; i < num; i++)
		check_row(&rows[i]);
}

/* --- the quote ----------------------------------------------------------------------- */

enum { V4_SIGNATURE = 636, V4_ATT_KEY = 700, V4_QE_REPORT = 770, V4_QE_SIGNATURE = 1154 };

static void change_body(struct maker *m)
{
	m->quote.data[200] ^= 1;
}

static void change_header(struct maker *m)
{
	m->quote.data[30] ^= 1;
}

static void change_signature(struct maker *m)
{
	m->quote.data[V4_SIGNATURE + 10] ^= 1;
}

static void zero_signature(struct maker *m)
{
	memset(m->quote.data + V4_SIGNATURE, 0, 64);
}

static void change_qe_report(struct maker *m)
{
	m->quote.data[V4_QE_REPORT + 70] ^= 1; /* mrenclave, which no identity names */
}

static void change_qe_signature(struct maker *m)
{
	m->quote.data[V4_QE_SIGNATURE + 40] ^= 1;
}

static void change_auth_data(struct maker *m)
{
	m->quote.data[V4_QE_SIGNATURE + 64 + 2] ^= 1;
}

static void put_key_off_the_curve(struct maker *m)
{
	memset(m->quote.data + V4_ATT_KEY, 0, 64);
}

static void sign_by_another_key(struct maker *m)
{
	m->quote_key = MAKER_OTHER_KEY;
}

/* The whole attestation key is the attacker's; the QE's report speaks of the real one. */
static void replace_attestation_key(struct maker *m)
{
	struct out quote;

	maker_issue(m);
	maker_quote(m); /* writes the report data for the real key */
	m->keep_qe_data = true;
	m->att_key = m->quote_key = MAKER_OTHER_KEY;
	quote = m->quote;
	m->quote = (struct out){ 0 };
	out_done(&quote);
	for (size_t i = 0; i < MAKER_NUM_CERTS; i++)
		out_done(&m->der[i]);
	for (size_t i = 0; i < MAKER_NUM_CRLS; i++)
		out_done(&m->crl_der[i]);
	out_done(&m->pck_chain);
	out_done(&m->ca_chain);
	out_done(&m->signing_chain);
}

/* Only the first half is the hash; Intel's library never looks at the rest. */
static void fill_report_data_tail(struct maker *m)
{
	replace_attestation_key(m);
	m->att_key = m->quote_key = MAKER_ATT_KEY;
	maker_qe_field(m, "report_data")[63] = 1;
}

static void sign_qe_by_another_platform(struct maker *m)
{
	m->qe_key = MAKER_OTHER_KEY;
}

static void sign_qe_by_the_ca(struct maker *m)
{
	m->qe_key = MAKER_CA;
}

static const struct row quote_rows[] = {
	{ "TDX v4, good", NULL, NULL, NULL, "", MAKER_TDX },
	{ "TDX v5, TD 1.0, good", NULL, NULL, NULL, "", MAKER_TDX, QUOTE_BODY_TD_10 },
	{ "TDX v5, TD 1.5, good", NULL, NULL, NULL, "", MAKER_TDX, QUOTE_BODY_TD_15 },
	{ "TDX v5, TD 1.5 ext, good", NULL, NULL, NULL, "", MAKER_TDX,
	  QUOTE_BODY_TD_15EX },
	{ "SGX v3, good", NULL, NULL, NULL, "", MAKER_SGX },
	{ "SGX v5, good", NULL, NULL, NULL, "", MAKER_SGX, QUOTE_BODY_SGX },
	{ "body_changed", NULL, change_body, NULL, "quote.signature", MAKER_TDX },
	{ "header_changed", NULL, change_header, NULL, "quote.signature", MAKER_TDX },
	{ "signature_changed", NULL, change_signature, NULL, "quote.signature",
	  MAKER_TDX },
	{ "zero_signature", NULL, zero_signature, NULL, "quote.signature", MAKER_TDX },
	{ "signed_by_another_key", sign_by_another_key, NULL, NULL, "quote.signature",
	  MAKER_TDX },
	{ "attestation_key_replaced", replace_attestation_key, NULL, NULL, "qe.binding",
	  MAKER_TDX },
	{ "report_data_tail", fill_report_data_tail, NULL, NULL, "qe.binding",
	  MAKER_TDX },
	{ "auth_data_changed", NULL, change_auth_data, NULL, "qe.binding", MAKER_TDX },
	{ "attestation_key_off_the_curve", NULL, put_key_off_the_curve, NULL,
	  "qe.binding quote.signature", MAKER_TDX },
	{ "qe_report_changed", NULL, change_qe_report, NULL, "qe.signature", MAKER_TDX },
	{ "qe_signature_changed", NULL, change_qe_signature, NULL, "qe.signature",
	  MAKER_TDX },
	{ "qe_of_another_platform", sign_qe_by_another_platform, NULL, NULL,
	  "qe.signature", MAKER_TDX },
	{ "qe_signed_by_the_ca", sign_qe_by_the_ca, NULL, NULL, "qe.signature",
	  MAKER_TDX },
};

static void forged_quotes(void **state)
{
	(void)state;
	check_rows(quote_rows, ARRAY_LEN(quote_rows));
}

/* --- certificates and roots ---------------------------------------------------------- */

static void ask_for_intel(const struct maker *m, struct cella_verify_options *options)
{
	(void)m;
	options->root_choice = CELLA_ROOT_INTEL;
}

/* A CA certificate that is not the chain's root. */
static void ask_for_another_root(const struct maker *m,
				 struct cella_verify_options *options)
{
	options->root = out_view(&m->der[MAKER_CA]);
}

static void use_a_ca_as_end_entity(struct maker *m)
{
	m->certs[MAKER_PCK].constraints = "critical,CA:TRUE";
}

static void sign_leaf_by_another_key(struct maker *m)
{
	m->certs[MAKER_PCK].issuer = MAKER_OTHER_KEY;
}

static void leave_extension_out(struct maker *m)
{
	m->certs[MAKER_PCK].has_ext = false;
}

static void break_extension(struct maker *m)
{
	m->ext_der = bytes_from("\x30\x00");
}

/* The other CA has no configuration in its extensions. */
static void claim_the_other_ca(struct maker *m)
{
	m->certs[MAKER_CA].cn = cert_cn_processor_ca;
	m->certs[MAKER_PCK].issuer_cn = cert_cn_processor_ca;
	m->crls[MAKER_PCK_CRL].issuer_cn = cert_cn_processor_ca;
}

static void be_of_the_processor_ca(struct maker *m)
{
	claim_the_other_ca(m);
	m->ext.is_platform = false;
}

#define ROOT_AND_COLLATERAL \
	"pck.root qe_identity.chain tcb_info.chain root_crl.signature pck_crl.signature"

static const struct row cert_rows[] = {
	{ "processor CA", be_of_the_processor_ca, NULL, NULL, "", MAKER_TDX },
	{ "root_is_not_intels", NULL, NULL, ask_for_intel, ROOT_AND_COLLATERAL,
	  MAKER_TDX },
	{ "root_is_not_the_given_one", NULL, NULL, ask_for_another_root,
	  ROOT_AND_COLLATERAL, MAKER_TDX },
	{ "ca_used_as_end_entity", use_a_ca_as_end_entity, NULL, NULL, "pck.chain",
	  MAKER_TDX },
	{ "leaf_signed_by_another_key", sign_leaf_by_another_key, NULL, NULL, "pck.chain",
	  MAKER_TDX },
	{ "extension_left_out", leave_extension_out, NULL, NULL, "pck.extension",
	  MAKER_TDX },
	{ "extension_broken", break_extension, NULL, NULL, "pck.extension", MAKER_TDX },
	{ "extension_of_the_other_ca", claim_the_other_ca, NULL, NULL, "pck.extension",
	  MAKER_TDX },
};

static void forged_chains(void **state)
{
	(void)state;
	check_rows(cert_rows, ARRAY_LEN(cert_rows));
}

/* --- the quoting enclave and the TDX module ------------------------------------------ */

static void another_mrsigner(struct maker *m)
{
	m->qe_mrsigner = "a6";
}

static void qe_is_debuggable(struct maker *m)
{
	*maker_qe_field(m, "attributes") |= 2;
}

static void qe_differs_where_the_mask_is_clear(struct maker *m)
{
	*maker_qe_field(m, "attributes") ^= 4;
	maker_qe_field(m, "attributes")[8] = 0xe7;
}

static void another_miscselect(struct maker *m)
{
	*maker_qe_field(m, "miscselect") = 1;
}

static void another_product(struct maker *m)
{
	m->qe_isv_prod_id = 2;
}

static void identity_of_the_other_tee(struct maker *m)
{
	m->identity.id = m->tee == MAKER_TDX ? "QE" : "TD_QE";
}

static void identity_of_the_verifier(struct maker *m)
{
	m->identity.id = "QVE";
}

static void another_module_signer(struct maker *m)
{
	maker_field(m, "mrsigner_seam")[47] = 1;
}

static void another_module_attribute(struct maker *m)
{
	*maker_field(m, "seam_attributes") = 1;
}

static void module_attribute_outside_the_mask(struct maker *m)
{
	*maker_field(m, "seam_attributes") = 1;
	m->module_attributes_mask = "fe";
}

static void have_module(struct maker *m, uint8_t major, const char *id)
{
	maker_field(m, "tee_tcb_svn")[1] = major;
	if (m->body_layout != &td_body_10_layout)
		maker_field(m, "tee_tcb_svn2")[1] = major;
	m->module_id = id;
	m->module_levels[0] =
		(struct make_isv_level){ 5, "UpToDate", "2025-01-01T00:00:00Z", "" };
}

static void module_of_15(struct maker *m)
{
	have_module(m, 1, "TDX_01");
}

static void module_nobody_knows(struct maker *m)
{
	have_module(m, 7, "TDX_01");
}

static const struct row identity_rows[] = {
	{ "mrsigner", another_mrsigner, NULL, NULL, "qe.identity", MAKER_TDX },
	{ "mrsigner_sgx", another_mrsigner, NULL, NULL, "qe.identity", MAKER_SGX },
	{ "qe_debug", qe_is_debuggable, NULL, NULL, "qe.identity", MAKER_TDX },
	{ "attributes outside of the mask", qe_differs_where_the_mask_is_clear, NULL,
	  NULL, "", MAKER_TDX },
	{ "miscselect", another_miscselect, NULL, NULL, "qe.identity", MAKER_TDX },
	{ "isv_prod_id", another_product, NULL, NULL, "qe.identity", MAKER_TDX },
	{ "identity_qe_for_tdx", identity_of_the_other_tee, NULL, NULL, "qe.identity",
	  MAKER_TDX },
	{ "identity_td_qe_for_sgx", identity_of_the_other_tee, NULL, NULL, "qe.identity",
	  MAKER_SGX },
	{ "identity_qve", identity_of_the_verifier, NULL, NULL, "qe.identity",
	  MAKER_TDX },
	{ "module of TDX 1.5", module_of_15, NULL, NULL, "", MAKER_TDX },
	{ "module of TDX 1.5 in v5", module_of_15, NULL, NULL, "", MAKER_TDX,
	  QUOTE_BODY_TD_15 },
	{ "module_signer", another_module_signer, NULL, NULL, "tdx_module.identity",
	  MAKER_TDX },
	{ "module_attributes", another_module_attribute, NULL, NULL,
	  "tdx_module.identity", MAKER_TDX },
	{ "module attributes outside of the mask", module_attribute_outside_the_mask,
	  NULL, NULL, "", MAKER_TDX },
	{ "module_unknown", module_nobody_knows, NULL, NULL,
	  "tdx_module.identity tcb.status", MAKER_TDX },
};

static void other_identities(void **state)
{
	(void)state;
	check_rows(identity_rows, ARRAY_LEN(identity_rows));
}

/* --- signed documents ---------------------------------------------------------------- */

static void tcb_info_by_another_key(struct maker *m)
{
	m->tcb_info.key = MAKER_OTHER_KEY;
}

static void identity_by_another_key(struct maker *m)
{
	m->identity.key = MAKER_OTHER_KEY;
}

/* Statuses that the signer did not write. */
static void improve_tcb_info(struct maker *m)
{
	char *const status =
		memmem(m->tcb_info_text.data, m->tcb_info_text.len, "OutOfDate", 9);

	memcpy(status, "UpToDate\"", 9);
	status[9] = ' ';
}

static void lower_identity(struct maker *m)
{
	char *const svn =
		memmem(m->identity_text.data, m->identity_text.len, "\"isvsvn\":4", 10);

	svn[9] = '3';
}

static void swap_signatures(struct maker *m)
{
	uint8_t kept[64];

	memcpy(kept, m->tcb_info_signature, 64);
	memcpy(m->tcb_info_signature, m->identity_signature, 64);
	memcpy(m->identity_signature, kept, 64);
}

/* The platform's CA signs collateral. */
static void chain_of_the_ca(struct maker *m)
{
	out_done(&m->signing_chain);
	out_bytes(&m->signing_chain, m->ca_chain.data, m->ca_chain.len);
}

/* A platform signs collateral for itself. */
static void collateral_by_the_platform(struct maker *m)
{
	m->tcb_info.key = m->identity.key = MAKER_PCK;
}

static void chain_of_the_platform(struct maker *m)
{
	out_done(&m->signing_chain);
	out_bytes(&m->signing_chain, m->pck_chain.data, m->pck_chain.len);
}

static void ca_as_signer(struct maker *m)
{
	m->certs[MAKER_SIGNER].constraints = "critical,CA:TRUE";
}

/* Documents for another platform, or another TEE. */
static void tcb_info_of(struct maker *m, uint8_t fmspc, uint8_t pce_id)
{
	struct maker other;
	static char text[16384];

	maker_init(&other, m->tee);
	other.ext.fmspc[5] = fmspc;
	other.ext.pce_id[1] = pce_id;
	maker_documents(&other);
	snprintf(text, sizeof text, "%.*s", (int)other.tcb_info_text.len,
		 (char *)other.tcb_info_text.data);
	m->tcb_info.text = text;
	maker_done(&other);
}

static void tcb_info_of_another_fmspc(struct maker *m)
{
	tcb_info_of(m, 1, 0);
}

static void tcb_info_of_another_pce(struct maker *m)
{
	tcb_info_of(m, 0, 1);
}

static void tcb_info_of_the_other_tee(struct maker *m)
{
	m->tcb_info.id = m->tee == MAKER_TDX ? "SGX" : "TDX";
}

#define BOTH_CHAINS "qe_identity.chain tcb_info.chain"

static const struct row document_rows[] = {
	{ "tcb_info_by_another_key", tcb_info_by_another_key, NULL, NULL,
	  "tcb_info.signature", MAKER_TDX },
	{ "tcb_info_altered", NULL, improve_tcb_info, NULL, "tcb_info.signature",
	  MAKER_TDX },
	{ "identity_by_another_key", identity_by_another_key, NULL, NULL,
	  "qe_identity.signature", MAKER_TDX },
	{ "identity_altered", NULL, lower_identity, NULL, "qe_identity.signature",
	  MAKER_TDX },
	{ "signatures_swapped", NULL, swap_signatures, NULL,
	  "qe_identity.signature tcb_info.signature", MAKER_TDX },
	{ "chain_swapped", NULL, chain_of_the_ca, NULL,
	  "qe_identity.chain qe_identity.signature tcb_info.chain tcb_info.signature",
	  MAKER_TDX },
	{ "platform_signs_collateral", collateral_by_the_platform, chain_of_the_platform,
	  NULL, BOTH_CHAINS, MAKER_TDX },
	{ "ca_as_signer", ca_as_signer, NULL, NULL, BOTH_CHAINS, MAKER_TDX },
	{ "fmspc_mismatch", tcb_info_of_another_fmspc, NULL, NULL, "tcb_info.platform",
	  MAKER_TDX },
	{ "pce_id_mismatch", tcb_info_of_another_pce, NULL, NULL, "tcb_info.platform",
	  MAKER_TDX },
	{ "sgx_tcb_info_for_tdx", tcb_info_of_the_other_tee, NULL, NULL,
	  "tcb_info.platform", MAKER_TDX },
	{ "tdx_tcb_info_for_sgx", tcb_info_of_the_other_tee, NULL, NULL,
	  "tcb_info.platform", MAKER_SGX },
};

static void forged_documents(void **state)
{
	(void)state;
	check_rows(document_rows, ARRAY_LEN(document_rows));
}

/* --- revocation ---------------------------------------------------------------------- */

static void revoke_pck(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].revoked[1] = m->certs[MAKER_PCK].serial;
}

static void revoke_ca(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].revoked[0] = m->certs[MAKER_CA].serial;
}

static void revoke_signer(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].revoked[0] = m->certs[MAKER_SIGNER].serial;
}

/* A serial number counts in the list of its issuer only. */
static void revoke_in_the_wrong_list(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].revoked[0] = m->certs[MAKER_PCK].serial;
	m->crls[MAKER_PCK_CRL].revoked[1] = m->certs[MAKER_CA].serial;
	m->crls[MAKER_PCK_CRL].revoked[2] = m->certs[MAKER_SIGNER].serial;
}

/* An empty list that hides the revocation, by somebody else's key. */
static void root_crl_by_another_key(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].issuer = MAKER_OTHER_KEY;
}

static void pck_crl_by_another_key(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].issuer = MAKER_OTHER_KEY;
}

static void root_crl_by_the_ca(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].issuer = MAKER_CA;
}

static void root_crl_of_another_name(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].issuer_cn = "Another Root CA";
}

static void pck_crl_of_the_other_ca(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].issuer_cn = cert_cn_processor_ca;
}

static void root_crl_without_number(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].no_number = true;
}

static void root_crl_without_authority(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].no_authority_key = true;
}

static void root_crl_critical(struct maker *m)
{
	m->crls[MAKER_ROOT_CRL].critical = true;
}

static void pck_crl_without_number(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].no_number = true;
}

static void pck_crl_without_authority(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].no_authority_key = true;
}

static void pck_crl_critical(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].critical = true;
}

static void pck_crl_indirect(struct maker *m)
{
	m->crls[MAKER_PCK_CRL].entry_critical = true;
}

static void swap_lists(struct maker *m)
{
	const struct out kept = m->crl_der[0];

	m->crl_der[0] = m->crl_der[1];
	m->crl_der[1] = kept;
}

/*
 * Another CA of the same name, certified by the same root with another key (an older one
 * that was stolen, say), signs an empty list: the platform's own CA did not.
 */
static void pck_crl_by_a_ca_of_the_same_name(struct maker *m)
{
	struct make_cert ca = m->certs[MAKER_CA];
	struct make_crl crl = m->crls[MAKER_PCK_CRL];
	struct out pem = { 0 };
	struct out der = { 0 };

	ca.key = MAKER_OTHER_KEY;
	ca.serial = 99;
	crl.issuer = MAKER_OTHER_KEY;
	maker_cert(m, &ca, &der);
	maker_pem(&pem, "CERTIFICATE", &der);
	maker_pem(&pem, "CERTIFICATE", &m->der[MAKER_ROOT]);
	out_done(&m->ca_chain);
	m->ca_chain = pem;
	out_done(&m->crl_der[MAKER_PCK_CRL]);
	maker_crl(m, &crl, &m->crl_der[MAKER_PCK_CRL]);
	out_done(&der);
}

static const struct row revocation_rows[] = {
	{ "pck_revoked", revoke_pck, NULL, NULL, "pck.revoked", MAKER_TDX },
	{ "ca_revoked", revoke_ca, NULL, NULL, "pck_ca.revoked", MAKER_TDX },
	{ "signer_revoked", revoke_signer, NULL, NULL, "signing.revoked", MAKER_TDX },
	{ "numbers in lists of other issuers", revoke_in_the_wrong_list, NULL, NULL, "",
	  MAKER_TDX },
	{ "root_crl_by_another_key", root_crl_by_another_key, NULL, NULL,
	  "root_crl.signature", MAKER_TDX },
	{ "root_crl_by_the_ca", root_crl_by_the_ca, NULL, NULL, "root_crl.signature",
	  MAKER_TDX },
	{ "root_crl_of_another_name", root_crl_of_another_name, NULL, NULL,
	  "root_crl.signature", MAKER_TDX },
	{ "root_crl_without_number", root_crl_without_number, NULL, NULL,
	  "root_crl.signature", MAKER_TDX },
	{ "root_crl_without_authority", root_crl_without_authority, NULL, NULL,
	  "root_crl.signature", MAKER_TDX },
	{ "root_crl_critical", root_crl_critical, NULL, NULL, "root_crl.signature",
	  MAKER_TDX },
	{ "pck_crl_by_another_key", pck_crl_by_another_key, NULL, NULL,
	  "pck_crl.signature", MAKER_TDX },
	{ "pck_crl_of_the_other_ca", pck_crl_of_the_other_ca, NULL, NULL,
	  "pck_crl.signature", MAKER_TDX },
	{ "pck_crl_by_a_ca_of_the_same_name", NULL, pck_crl_by_a_ca_of_the_same_name,
	  NULL, "pck_crl.signature", MAKER_TDX },
	{ "pck_crl_without_number", pck_crl_without_number, NULL, NULL,
	  "pck_crl.signature", MAKER_TDX },
	{ "pck_crl_without_authority", pck_crl_without_authority, NULL, NULL,
	  "pck_crl.signature", MAKER_TDX },
	{ "pck_crl_critical", pck_crl_critical, NULL, NULL, "pck_crl.signature",
	  MAKER_TDX },
	{ "pck_crl_indirect", pck_crl_indirect, NULL, NULL, "pck_crl.signature",
	  MAKER_TDX },
	{ "lists_swapped", NULL, swap_lists, NULL, "root_crl.signature pck_crl.signature",
	  MAKER_TDX },
};

static void revocation(void **state)
{
	(void)state;
	check_rows(revocation_rows, ARRAY_LEN(revocation_rows));
}

/* --- dates --------------------------------------------------------------------------- */

/* What expires or begins, the moment before and after which it is good, and its check. */
static void every_date_in_both_directions(void **state)
{
	static const struct {
		const char *name;
		size_t to; /* offset of the text in struct maker */
		size_t from;
		const char *failing;
	} rows[] = {
#define CERT(c) offsetof(struct maker, certs[c].to), offsetof(struct maker, certs[c].from)
#define CRL(c) offsetof(struct maker, crls[c].to), offsetof(struct maker, crls[c].from)
/* A member's name cannot stand in parentheses. */
#define DOC(d) offsetof(struct maker, d.to), offsetof(struct maker, d.from) /* NOLINT */
		{ "pck", CERT(MAKER_PCK), "pck.dates" },
		{ "ca", CERT(MAKER_CA), "pck.dates pck_crl.dates" },
		{ "root", CERT(MAKER_ROOT),
		  "pck.dates tcb_info.dates qe_identity.dates pck_crl.dates" },
		{ "signer", CERT(MAKER_SIGNER), "tcb_info.dates qe_identity.dates" },
		{ "tcb_info", DOC(tcb_info), "tcb_info.dates" },
		{ "identity", DOC(identity), "qe_identity.dates" },
		{ "root_crl", CRL(MAKER_ROOT_CRL), "root_crl.dates" },
		{ "pck_crl", CRL(MAKER_PCK_CRL), "pck_crl.dates" },
#undef CERT
#undef CRL
#undef DOC
	};
	static const struct {
		const char *name;
		const char *moment;
		bool is_end;
		int64_t at; /* seconds from the moment */
		int64_t grace_s;
		bool is_good;
	} tries[] = {
		{ "expires_now", MAKER_NOW, true, 0, 0, true },
		{ "expired", MAKER_NOW, true, 1, 0, false },
		{ "expired_in_its_grace", MAKER_NOW, true, 3600, 3600, true },
		{ "expired_beyond_its_grace", MAKER_NOW, true, 3601, 3600, false },
		{ "begins_now", MAKER_NOW, false, 0, 0, true },
		{ "not_yet_valid", MAKER_NOW, false, -1, 0, false },
		{ "grace_is_not_for_the_future", MAKER_NOW, false, -1, 3600, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t k = 0; k < ARRAY_LEN(tries); k++) {
			struct cella_verify_options options;
			struct cella_verdict *verdict;
			const char *moment = tries[k].moment;
			struct out failing;
			struct maker m;
			char name[80];

			snprintf(name, sizeof name, "%s_%s", rows[i].name, tries[k].name);
			CASE(name);
			maker_init(&m, MAKER_TDX);
			memcpy((uint8_t *)&m +
				       (tries[k].is_end ? rows[i].to : rows[i].from),
			       &moment, sizeof moment);
			maker_build(&m);
			maker_options(&m, &options);
			options.time = time_at(moment) + tries[k].at;
			options.grace_s = tries[k].grace_s;
			verdict = maker_verify(&m, &options);
			failing = failing_checks(verdict);
			CHECK_TEXT(tries[k].is_good ? "" : rows[i].failing,
				   (char *)failing.data);
			out_done(&failing);
			cella_verdict_free(verdict);
			maker_done(&m);
		}
	}
}

/* --- TCB ----------------------------------------------------------------------------- */

static void check_status(struct maker *m, enum cella_tcb_status status)
{
	struct cella_verify_options options;
	struct cella_verdict *verdict;
	struct out failing;

	CASE(cella_tcb_status_name(status));
	maker_build(m);
	maker_options(m, &options);
	verdict = maker_verify(m, &options);
	failing = failing_checks(verdict);
	CHECK_INT(status, cella_verdict_status(verdict));
	CHECK_TEXT(status == CELLA_TCB_UP_TO_DATE ? "" : "tcb.status",
		   (char *)failing.data);
	out_done(&failing);
	cella_verdict_free(verdict);
	if (status != CELLA_TCB_REVOKED && status != CELLA_TCB_NOT_SUPPORTED) {
		options.accept = CELLA_ACCEPT(status);
		verdict = maker_verify(m, &options);
		CHECK_INT(CELLA_ACCEPTED, cella_verdict_result(verdict));
		CHECK_INT(status, cella_verdict_status(verdict));
		cella_verdict_free(verdict);
	}
	maker_done(m);
}

/* Every status that there is, refused unless it is accepted by name. */
static void every_status(void **state)
{
	static const enum cella_tcb_status of_documents[] = {
		CELLA_TCB_UP_TO_DATE,
		CELLA_TCB_SW_HARDENING_NEEDED,
		CELLA_TCB_CONFIGURATION_NEEDED,
		CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
		CELLA_TCB_OUT_OF_DATE,
		CELLA_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
		CELLA_TCB_REVOKED,
	};
	struct maker m;

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(of_documents); i++) {
		maker_init(&m, i % 2 == 0 ? MAKER_TDX : MAKER_SGX);
		m.levels[0].status = cella_tcb_status_name(of_documents[i / 2]);
		check_status(&m, of_documents[i / 2]);
	}
	maker_init(&m, MAKER_TDX);
	m.ext.components[0] = 1;
	check_status(&m, CELLA_TCB_NOT_SUPPORTED);
	for (int i = 0; i < 2; i++) {
		maker_init(&m, MAKER_TDX);
		maker_set_version(&m, 5, QUOTE_BODY_TD_15);
		memset(maker_field(&m, "tee_tcb_svn"), 2, TD_SVN_LEN);
		maker_field(&m, "tee_tcb_svn")[1] = 0;
		if (i == 1)
			m.levels[1].status = "OutOfDateConfigurationNeeded";
		check_status(&m,
			     i == 0 ? CELLA_TCB_TD_RELAUNCH_ADVISED
				    : CELLA_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED);
	}
}

/* --- defaults, one row each ---------------------------------------------------------- */

static void set_attribute(struct maker *m, unsigned bit)
{
	maker_field(m, "td_attributes")[bit / 8] |= (uint8_t)(1 << bit % 8);
}

#define SET_BIT(n) \
	static void set_bit_##n(struct maker *m) \
	{ \
		set_attribute(m, n); \
	}
SET_BIT(0)
SET_BIT(1)
SET_BIT(2)
SET_BIT(3)
SET_BIT(4)
SET_BIT(5)
SET_BIT(6)
SET_BIT(7)
SET_BIT(8)
SET_BIT(15)
SET_BIT(16)
SET_BIT(17)
SET_BIT(26)
SET_BIT(27)
SET_BIT(29)
SET_BIT(30)
SET_BIT(31)
SET_BIT(32)
SET_BIT(61)
SET_BIT(62)
SET_BIT(63)

static void clear_sept_ve_disable(struct maker *m)
{
	memset(maker_field(m, "td_attributes"), 0, 8);
}

static void bind_service_td(struct maker *m)
{
	maker_field(m, "mr_servicetd")[0] = 1;
}

static void debug_enclave(struct maker *m)
{
	*maker_field(m, "attributes") |= 2;
}

static void put_zeros_behind(struct maker *m)
{
	out_zeros(&m->quote, 100);
}

static void put_bytes_behind(struct maker *m)
{
	out_zeros(&m->quote, 100);
	out_u8(&m->quote, 1);
}

static void be_strict(const struct maker *m, struct cella_verify_options *options)
{
	(void)m;
	options->flags = CELLA_VERIFY_STRICT;
}

static void expect_report_data(const struct maker *m,
			       struct cella_verify_options *options)
{
	struct maker *const mutable = (struct maker *)(uintptr_t)m;

	options->report_data_expect = CELLA_EXPECT_EXACT;
	memcpy(options->report_data, maker_field(mutable, "report_data"), 64);
}

static void expect_other_report_data(const struct maker *m,
				     struct cella_verify_options *options)
{
	expect_report_data(m, options);
	options->report_data[63] ^= 1;
}

static void expect_zeros(const struct maker *m, struct cella_verify_options *options)
{
	(void)m;
	options->report_data_expect = CELLA_EXPECT_EXACT;
}

#define V15 MAKER_TDX, QUOTE_BODY_TD_15

static const struct row default_rows[] = {
	{ "debug", set_bit_0, NULL, NULL, "td.debug", MAKER_TDX },
	{ "untrusted_bit_1", set_bit_1, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "untrusted_bit_2", set_bit_2, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "untrusted_bit_3", set_bit_3, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "hgs_plus_profiling", set_bit_4, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "perf_profiling", set_bit_5, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "pmt_profiling", set_bit_6, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "untrusted_bit_7", set_bit_7, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "reserved_bit_8", set_bit_8, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "reserved_bit_15", set_bit_15, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "ICSSD", set_bit_16, NULL, NULL, "", MAKER_TDX },
	{ "reserved_bit_17", set_bit_17, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "reserved_bit_26", set_bit_26, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "LASS", set_bit_27, NULL, NULL, "", MAKER_TDX },
	{ "migratable", set_bit_29, NULL, NULL, "td.migratable", MAKER_TDX },
	{ "PKS", set_bit_30, NULL, NULL, "", MAKER_TDX },
	{ "key locker", set_bit_31, NULL, NULL, "", MAKER_TDX },
	{ "reserved_bit_32", set_bit_32, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "reserved_bit_61", set_bit_61, NULL, NULL, "td.attributes", MAKER_TDX },
	{ "TPA", set_bit_62, NULL, NULL, "", MAKER_TDX },
	{ "PERFMON is reported", set_bit_63, NULL, NULL, "", MAKER_TDX },
	{ "perfmon_strict", set_bit_63, NULL, be_strict, "td.perfmon", MAKER_TDX },
	{ "SEPT_VE_DISABLE clear is reported", clear_sept_ve_disable, NULL, NULL, "",
	  MAKER_TDX },
	{ "sept_ve_disable_strict", clear_sept_ve_disable, NULL, be_strict,
	  "td.sept_ve_disable", MAKER_TDX },
	{ "a service TD is reported", bind_service_td, NULL, NULL, "", V15 },
	{ "service_td_strict", bind_service_td, NULL, be_strict, "td.service_td", V15 },
	{ "nothing odd, strict", NULL, NULL, be_strict, "", V15 },
	{ "sgx_debug", debug_enclave, NULL, NULL, "sgx.debug", MAKER_SGX },
	{ "zeros after the quote, strict", NULL, put_zeros_behind, be_strict, "",
	  MAKER_TDX },
	{ "bytes after the quote are reported", NULL, put_bytes_behind, NULL, "",
	  MAKER_TDX },
	{ "bytes_after_the_quote_strict", NULL, put_bytes_behind, be_strict, "quote.tail",
	  MAKER_TDX },
	{ "bytes_after_the_quote_strict_sgx", NULL, put_bytes_behind, be_strict,
	  "quote.tail", MAKER_SGX },
	{ "report data as expected", NULL, NULL, expect_report_data, "", MAKER_TDX },
	{ "report data as expected, SGX", NULL, NULL, expect_report_data, "", MAKER_SGX },
	{ "nonce_reused", NULL, NULL, expect_other_report_data, "report_data",
	  MAKER_TDX },
	{ "nonce_absent", NULL, NULL, expect_zeros, "report_data", MAKER_TDX },
};

static void defaults(void **state)
{
	(void)state;
	check_rows(default_rows, ARRAY_LEN(default_rows));
}

/* What is reported is told in a warning, and is not told where it is refused. */
static void reports_are_warnings(void **state)
{
	static const struct {
		void (*say)(struct maker *m);
		void (*forge)(struct maker *m);
		const char *text;
	} rows[] = {
		{ set_bit_63, NULL, "PERFMON is set" },
		{ clear_sept_ve_disable, NULL, "SEPT_VE_DISABLE is clear" },
		{ bind_service_td, NULL, "a service TD is bound" },
		{ NULL, put_bytes_behind, "101 bytes follow the quote's declared end" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		const bool is_strict = i % 2 == 1;
		struct cella_verify_options options;
		struct cella_verdict *verdict;
		struct maker m;

		CASE(rows[i / 2].text);
		maker_init(&m, MAKER_TDX);
		maker_set_version(&m, 5, QUOTE_BODY_TD_15);
		if (rows[i / 2].say != NULL)
			rows[i / 2].say(&m);
		maker_build(&m);
		if (rows[i / 2].forge != NULL)
			rows[i / 2].forge(&m);
		maker_options(&m, &options);
		options.flags = is_strict ? CELLA_VERIFY_STRICT : 0;
		verdict = maker_verify(&m, &options);
		CHECK_INT(is_strict ? 0 : 1, verdict->num_warnings);
		if (!is_strict)
			CHECK_TEXT_HAS(verdict->warnings[0], rows[i / 2].text);
		cella_verdict_free(verdict);
		maker_done(&m);
	}
}

/* --- certification data without a chain ---------------------------------------------- */

/* PPID, CPU SVN, PCE SVN, PCE-ID of the maker's platform, in the clear. */
static void write_ppid(const struct maker *m, uint8_t out[36])
{
	memset(out, 0, 36);
	memcpy(out, m->ext.ppid, 16);
	memcpy(out + 34, m->ext.pce_id, 2);
}

static void chain_from_the_collateral(void **state)
{
	static const struct {
		const char *name;
		size_t changed; /* byte of the data; 99: none */
		bool has_chain;
		enum cella_result result;
	} rows[] = {
		{ "with the platform's chain", 99, true, CELLA_ACCEPTED },
		{ "no chain anywhere", 99, false, CELLA_UNDECIDED },
		{ "ppid_of_another_platform", 0, true, CELLA_REJECTED },
		{ "pce_id_of_another_platform", 35, true, CELLA_REJECTED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_verdict *verdict;
		struct out failing;
		uint8_t data[36];
		struct maker m;

		CASE(rows[i].name);
		maker_init(&m, MAKER_TDX);
		write_ppid(&m, data);
		if (rows[i].changed < sizeof data)
			data[rows[i].changed] ^= 1;
		m.cert_type = CERT_DATA_PPID_CLEAR;
		m.cert_data = bytes_of(data, sizeof data);
		maker_build(&m);
		if (!rows[i].has_chain)
			out_done(&m.pck_chain);
		verdict = maker_verify(&m, NULL);
		failing = failing_checks(verdict);
		CHECK_TEXT(rows[i].result == CELLA_REJECTED ? "pck.chain" : "",
			   (char *)failing.data);
		CHECK_INT(rows[i].result, cella_verdict_result(verdict));
		out_done(&failing);
		cella_verdict_free(verdict);
		maker_done(&m);
	}
}

/* A leaf alone is completed by the chain of the platforms' revocation list. */
static void leaf_completed_by_the_collateral(void **state)
{
	struct cella_verdict *verdict;
	struct out pem = { 0 };
	struct maker m;

	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_issue(&m);
	maker_pem(&pem, "CERTIFICATE", &m.der[MAKER_PCK]);
	m.cert_type = CERT_DATA_PCK_LEAF;
	m.cert_data = out_view(&pem);
	maker_quote(&m);
	maker_documents(&m);
	verdict = maker_verify(&m, NULL);
	CHECK_INT(CELLA_ACCEPTED, cella_verdict_result(verdict));
	cella_verdict_free(verdict);
	maker_done(&m);
	out_done(&pem);
}

/* What the lists of the two authorities revoke; the leaf's serial number is 3. */
struct two_lists {
	const char *name;
	bool other_first;
	unsigned own, other;
	enum cella_result result;
};

/* The processor CA's chain and list, beside those of the platform CA. */
static void add_other_list(struct maker *m, unsigned revoked,
			   struct cella_collateral_builder *builder)
{
	struct make_cert cert = m->certs[MAKER_CA];
	struct make_crl crl = m->crls[MAKER_PCK_CRL];
	struct out der = { 0 }, list = { 0 }, pem = { 0 };
	struct cella_error err = { 0 };

	cert.cn = crl.issuer_cn = cert_cn_processor_ca;
	cert.key = crl.issuer = MAKER_OTHER_KEY;
	cert.serial = 5;
	crl.revoked[0] = revoked;
	maker_cert(m, &cert, &der);
	maker_pem(&pem, "CERTIFICATE", &der);
	maker_pem(&pem, "CERTIFICATE", &m->der[MAKER_ROOT]);
	maker_crl(m, &crl, &list);
	CHECK_OK(cella_collateral_builder_add(builder, "chain", pem.data, pem.len, &err));
	CHECK_OK(
		cella_collateral_builder_add(builder, "list", list.data, list.len, &err));
	out_done(&der);
	out_done(&list);
	out_done(&pem);
}

static struct cella_collateral *with_two_lists(struct maker *m,
					       const struct two_lists *row)
{
	struct cella_collateral_builder *builder = NULL;
	struct cella_collateral *collateral = NULL;
	struct cella_error err = { 0 };
	struct out bundle = { 0 };

	maker_bundle(m, &bundle);
	CHECK_OK(cella_collateral_builder_new(&builder, &err));
	if (row->other_first)
		add_other_list(m, row->other, builder);
	CHECK_OK(cella_collateral_builder_add(builder, "bundle", bundle.data, bundle.len,
					      &err));
	if (!row->other_first)
		add_other_list(m, row->other, builder);
	CHECK_OK(cella_collateral_builder_finish(builder, &collateral, &err));
	cella_collateral_builder_free(builder);
	out_done(&bundle);
	return collateral;
}

static void check_two_lists(const struct two_lists *row)
{
	struct cella_verify_options options;
	struct cella_collateral *collateral;
	struct cella_evidence *evidence;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };
	struct out failing, pem = { 0 };
	struct maker m;

	CASE(row->name);
	maker_init(&m, MAKER_TDX);
	m.crls[MAKER_PCK_CRL].revoked[0] = row->own;
	maker_issue(&m);
	maker_pem(&pem, "CERTIFICATE", &m.der[MAKER_PCK]);
	m.cert_type = CERT_DATA_PCK_LEAF;
	m.cert_data = out_view(&pem);
	maker_quote(&m);
	maker_documents(&m);
	collateral = with_two_lists(&m, row);
	evidence = maker_evidence(&m);
	maker_options(&m, &options);
	CHECK_OK(cella_verify(evidence, collateral, &options, &verdict, &err));
	failing = failing_checks(verdict);
	CHECK_TEXT(row->result == CELLA_REJECTED ? "pck.revoked" : "",
		   (char *)failing.data);
	CHECK_INT(row->result, cella_verdict_result(verdict));
	out_done(&failing);
	cella_verdict_free(verdict);
	cella_evidence_unref(evidence);
	cella_collateral_unref(collateral);
	maker_done(&m);
	out_done(&pem);
}

/* Only the list of the leaf's own issuer counts, whatever came first. */
static void leaf_with_the_lists_of_both_authorities(void **state)
{
	static const struct two_lists rows[] = {
		{ "the other list first", true, 77, 78, CELLA_ACCEPTED },
		{ "the other list last", false, 77, 78, CELLA_ACCEPTED },
		{ "its number on the other list, first", true, 77, 3, CELLA_ACCEPTED },
		{ "its number on the other list, last", false, 77, 3, CELLA_ACCEPTED },
		{ "revoked_other_list_first", true, 3, 78, CELLA_REJECTED },
		{ "revoked_other_list_last", false, 3, 78, CELLA_REJECTED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_two_lists(&rows[i]);
}

/* --- what is missing ----------------------------------------------------------------- */

static void drop_tcb_info(struct maker *m)
{
	out_done(&m->tcb_info_text);
}

static void drop_identity(struct maker *m)
{
	out_done(&m->identity_text);
}

static void drop_root_crl(struct maker *m)
{
	out_done(&m->crl_der[MAKER_ROOT_CRL]);
}

static void drop_pck_crl(struct maker *m)
{
	out_done(&m->crl_der[MAKER_PCK_CRL]);
}

static void drop_signing_chain(struct maker *m)
{
	out_done(&m->signing_chain);
}

static void drop_ca_chain(struct maker *m)
{
	out_done(&m->ca_chain);
}

/* Nothing that is missing is a no, and without it there is no yes. */
static void missing_documents(void **state)
{
	static const struct {
		const char *name;
		void (*drop)(struct maker *m);
		enum cella_answer genuine, current;
	} rows[] = {
#define YES CELLA_ANSWER_YES
#define UNKNOWN CELLA_ANSWER_UNKNOWN
		{ "tcb info", drop_tcb_info, UNKNOWN, UNKNOWN },
		{ "identity", drop_identity, UNKNOWN, UNKNOWN },
		{ "root crl", drop_root_crl, YES, UNKNOWN },
		{ "pck crl", drop_pck_crl, YES, UNKNOWN },
		{ "signing chain", drop_signing_chain, UNKNOWN, UNKNOWN },
		{ "ca chain", drop_ca_chain, YES, UNKNOWN },
#undef YES
#undef UNKNOWN
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_verdict *verdict;
		struct out failing;
		struct maker m;

		CASE(rows[i].name);
		maker_init(&m, MAKER_TDX);
		maker_build(&m);
		rows[i].drop(&m);
		verdict = maker_verify(&m, NULL);
		failing = failing_checks(verdict);
		CHECK_TEXT("", (char *)failing.data);
		CHECK_INT(CELLA_UNDECIDED, cella_verdict_result(verdict));
		CHECK_INT(rows[i].genuine,
			  cella_verdict_answer(verdict, CELLA_QUESTION_GENUINE));
		CHECK_INT(rows[i].current,
			  cella_verdict_answer(verdict, CELLA_QUESTION_CURRENT));
		out_done(&failing);
		cella_verdict_free(verdict);
		maker_done(&m);
	}
}

/* Without collateral nothing is yes, but what can be refused is. */
static void no_collateral(void **state)
{
	static const struct {
		const char *name;
		void (*say)(struct maker *m);
		void (*forge)(struct maker *m);
		enum cella_answer genuine, current;
	} rows[] = {
		{ "good", NULL, NULL, CELLA_ANSWER_UNKNOWN, CELLA_ANSWER_UNKNOWN },
		{ "debug", set_bit_0, NULL, CELLA_ANSWER_UNKNOWN, CELLA_ANSWER_NO },
		{ "body_changed", NULL, change_body, CELLA_ANSWER_NO,
		  CELLA_ANSWER_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_verify_options options;
		struct cella_evidence *evidence;
		struct cella_verdict *verdict = NULL;
		struct cella_error err = { 0 };
		struct maker m;

		CASE(rows[i].name);
		maker_init(&m, MAKER_TDX);
		if (rows[i].say != NULL)
			rows[i].say(&m);
		maker_build(&m);
		if (rows[i].forge != NULL)
			rows[i].forge(&m);
		evidence = maker_evidence(&m);
		maker_options(&m, &options);
		CHECK_OK(cella_verify(evidence, NULL, &options, &verdict, &err));
		CHECK_INT(rows[i].genuine,
			  cella_verdict_answer(verdict, CELLA_QUESTION_GENUINE));
		CHECK_INT(rows[i].current,
			  cella_verdict_answer(verdict, CELLA_QUESTION_CURRENT));
		CHECK_INT(i == 0 ? CELLA_UNDECIDED : CELLA_REJECTED,
			  cella_verdict_result(verdict));
		CHECK_INT(CELLA_TCB_NONE, cella_verdict_status(verdict));
		cella_verdict_free(verdict);
		cella_evidence_unref(evidence);
		maker_done(&m);
	}
}

/* Every check has been seen to fail by now; policies have tests of their own. */
static void every_check_can_fail(void **state)
{
	(void)state;
	for (int i = 0; i < CHECK_COUNT; i++) {
		CASE(check_name((enum check_id)i));
		/* Families, whose members have ids of their own, and what comes beside a
		 * quote or instead of one, which has tests of its own. */
		if (i != CHECK_POLICY && i != CHECK_POLICY_TCB && i != CHECK_EVENT_LOG &&
		    (i < CHECK_VTPM_BINDING || i > CHECK_EVM_LAUNCH) &&
		    i != CHECK_EVM_DATES && i != CHECK_EVM_DEBUG && i != CHECK_VTPM_NONCE)
			CHECK_TRUE(seen_failing[i]);
	}
}

/* A check that nobody made is found missing, be it any. */
static void a_check_that_was_never_made(void **state)
{
	static const enum maker_tee tees[] = { MAKER_TDX, MAKER_SGX };

	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(tees); t++) {
		struct maker m;
		struct cella_verdict *verdict;

		maker_init(&m, tees[t]);
		maker_build(&m);
		verdict = maker_verify(&m, NULL);
		CHECK_TRUE(verdict->num_checks > 20);
		assert_null(verdict_missing_check(verdict));
		for (size_t i = 0; i < verdict->num_checks; i++) {
			const enum check_id id = verdict->check_ids[i];

			CASE(check_name(id));
			verdict->check_ids[i] = CHECK_REPORT_DATA;
			assert_string_equal(check_name(id),
					    verdict_missing_check(verdict));
			verdict->check_ids[i] = id;
		}
		cella_verdict_free(verdict);
		maker_done(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forged_quotes),
		cmocka_unit_test(forged_chains),
		cmocka_unit_test(other_identities),
		cmocka_unit_test(forged_documents),
		cmocka_unit_test(revocation),
		cmocka_unit_test(every_date_in_both_directions),
		cmocka_unit_test(every_status),
		cmocka_unit_test(defaults),
		cmocka_unit_test(reports_are_warnings),
		cmocka_unit_test(chain_from_the_collateral),
		cmocka_unit_test(leaf_completed_by_the_collateral),
		cmocka_unit_test(leaf_with_the_lists_of_both_authorities),
		cmocka_unit_test(missing_documents),
		cmocka_unit_test(no_collateral),
		cmocka_unit_test(every_check_can_fail),
		cmocka_unit_test(a_check_that_was_never_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
