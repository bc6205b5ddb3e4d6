/* SPDX-License-Identifier: Apache-2.0 */
/* What was signed, and by whom: quotes, chains, identities, documents. */
#include "dcap_rows.h"

#include "collateral/cert_chain.h"

#include <stdio.h>

/* --- the quote ----------------------------------------------------------------------- */

enum { V4_SIGNATURE = 636, V4_ATT_KEY = 700, V4_QE_REPORT = 770, V4_QE_SIGNATURE = 1154 };

void change_body(struct maker *m)
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

void change_qe_signature(struct maker *m)
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

void forged_quotes(void **state)
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

void forged_chains(void **state)
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

void other_identities(void **state)
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

void forged_documents(void **state)
{
	(void)state;
	check_rows(document_rows, ARRAY_LEN(document_rows));
}
