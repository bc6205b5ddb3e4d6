/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maker's beginning and end: what it says when nobody changes it, and parsing what
 * came of it.
 */
#include "maker.h"

#include "support.h"

#include "collateral/cert_chain.h"
#include "evidence/quote.h"

#define FROM "2020-01-01T00:00:00Z"
#define TO "2040-01-01T00:00:00Z"
#define ISSUED "2025-05-20T00:00:00Z"
#define NEXT "2025-06-19T00:00:00Z"
#define USAGE_CA "critical,keyCertSign,cRLSign"
#define USAGE_LEAF "critical,digitalSignature,nonRepudiation"
#define NO_CA "critical,CA:FALSE"

static const struct make_cert good_certs[MAKER_NUM_CERTS] = {
	[MAKER_ROOT] = { cert_cn_root_ca, cert_cn_root_ca, FROM, TO, 1,
			 "critical,CA:TRUE,pathlen:1", USAGE_CA, NULL, false, MAKER_ROOT,
			 MAKER_ROOT, 3 },
	[MAKER_CA] = { cert_cn_platform_ca, cert_cn_root_ca, FROM, TO, 2,
		       "critical,CA:TRUE,pathlen:0", USAGE_CA, NULL, false, MAKER_CA,
		       MAKER_ROOT, 3 },
	[MAKER_PCK] = { cert_cn_pck, cert_cn_platform_ca, FROM, TO, 3, NO_CA, USAGE_LEAF,
			NULL, false, MAKER_PCK, MAKER_CA, 3, .has_ext = true },
	[MAKER_SIGNER] = { cert_cn_signing, cert_cn_root_ca, FROM, TO, 4, NO_CA,
			   USAGE_LEAF, NULL, false, MAKER_SIGNER, MAKER_ROOT, 3 },
};

static const struct make_crl good_crls[MAKER_NUM_CRLS] = {
	[MAKER_ROOT_CRL] = { cert_cn_root_ca, ISSUED, NEXT, { 0 }, MAKER_ROOT },
	[MAKER_PCK_CRL] = { cert_cn_platform_ca, ISSUED, NEXT, { 77 }, MAKER_CA },
};

static uint8_t *field_place(uint8_t *structure, const struct layout *layout,
			    const char *name)
{
	for (size_t i = 0; i < layout->num_fields; i++)
		if (strcmp(layout->fields[i].name, name) == 0)
			return structure + layout->fields[i].offset;
	fail_msg("there is no field %s", name);
	return NULL;
}

uint8_t *maker_field(struct maker *m, const char *name)
{
	return field_place(m->body, m->body_layout, name);
}

uint8_t *maker_qe_field(struct maker *m, const char *name)
{
	return field_place(m->qe_report, &qe_report_layout, name);
}

/* Bytes that differ from field to field, so that a mix-up shows. */
static void fill_body(struct maker *m)
{
	for (size_t i = 0; i < m->body_layout->num_fields; i++) {
		const struct field *const f = &m->body_layout->fields[i];

		memset(m->body + f->offset,
		       f->kind == FIELD_RESERVED ? 0 : (int)(0x10 + i), f->len);
	}
	if (m->tee == MAKER_SGX) {
		memset(maker_field(m, "attributes"), 0, 16);
		*maker_field(m, "attributes") = 0x05; /* INIT, MODE64BIT */
		return;
	}
	memset(maker_field(m, "td_attributes"), 0, 8);
	maker_field(m, "td_attributes")[3] = 0x10; /* SEPT_VE_DISABLE */
	memset(maker_field(m, "mrsigner_seam"), 0, MR_LEN);
	memset(maker_field(m, "seam_attributes"), 0, 8);
	memset(maker_field(m, "tee_tcb_svn"), 5, TD_SVN_LEN);
	maker_field(m, "tee_tcb_svn")[1] = 0;
	if (m->body_layout == &td_body_10_layout)
		return;
	memset(maker_field(m, "tee_tcb_svn2"), 5, TD_SVN_LEN);
	maker_field(m, "tee_tcb_svn2")[1] = 0;
	memset(maker_field(m, "mr_servicetd"), 0, MR_LEN);
}

void maker_set_version(struct maker *m, uint16_t version, enum quote_body type)
{
	static const struct layout *const layouts[] = {
		[QUOTE_BODY_SGX] = &sgx_report_layout,
		[QUOTE_BODY_TD_10] = &td_body_10_layout,
		[QUOTE_BODY_TD_15] = &td_body_15_layout,
		[QUOTE_BODY_TD_15EX] = &td_body_15ex_layout,
	};

	m->version = version;
	m->body_type = (uint16_t)type;
	m->body_layout = layouts[type];
	fill_body(m);
}

static void fill_qe_report(struct maker *m)
{
	memset(maker_qe_field(m, "mrsigner"), 0xa5, 32);
	memset(maker_qe_field(m, "mrenclave"), 0x5a, 32);
	*maker_qe_field(m, "attributes") = 0x15;
	*maker_qe_field(m, "isv_prod_id") = 1;
	*maker_qe_field(m, "isv_svn") = 4;
	for (uint8_t i = 0; i < 32; i++)
		m->auth_data[i] = i;
	m->auth_len = 32;
}

static void say_documents(struct maker *m)
{
	const bool is_tdx = m->tee == MAKER_TDX;

	m->tcb_info = (struct make_doc){ .id = is_tdx ? "TDX" : "SGX",
					 .from = ISSUED,
					 .to = NEXT,
					 .number = 17,
					 .key = MAKER_SIGNER };
	m->levels[0] = (struct make_level){ 5, 13, 5, "UpToDate", FROM, "" };
	m->levels[1] =
		(struct make_level){ 2, 5, 2, "OutOfDate", FROM, "\"INTEL-SA-00001\"" };
	m->module_mrsigner = "00";
	m->module_attributes = "00";
	m->module_attributes_mask = "ff";
	m->identity = (struct make_doc){ .id = is_tdx ? "TD_QE" : "QE",
					 .from = ISSUED,
					 .to = NEXT,
					 .number = 17,
					 .key = MAKER_SIGNER };
	m->qe_mrsigner = "a5";
	m->qe_isv_prod_id = 1;
	m->qe_attributes_mask = "fbffffffffffffff0000000000000000";
	m->qe_levels[0] = (struct make_isv_level){ 4, "UpToDate", FROM, "" };
	memcpy(m->crls, good_crls, sizeof good_crls);
}

void maker_init(struct maker *m, enum maker_tee tee)
{
	struct cella_error err = { 0 };

	*m = (struct maker){ .tee = tee,
			     .tee_type = tee == MAKER_TDX ? TEE_TYPE_TDX : TEE_TYPE_SGX,
			     .cert_type = CERT_DATA_PCK_CHAIN,
			     .att_key = MAKER_ATT_KEY,
			     .quote_key = MAKER_ATT_KEY,
			     .qe_key = MAKER_PCK };
	for (size_t i = 0; i < MAKER_NUM_KEYS; i++)
		CHECK_OK(private_key_generate(CRYPTO_P256, &m->keys[i], &err));
	memcpy(m->certs, good_certs, sizeof good_certs);
	m->ext = (struct pck_ext){ .pce_svn = 13,
				   .fmspc = { 0x90, 0xc0, 0x6f, 0, 0, 0 },
				   .sgx_type = PCK_SGX_SCALABLE,
				   .is_platform = true,
				   .dynamic_platform = true,
				   .smt_enabled = true };
	memset(m->ext.components, 5, sizeof m->ext.components);
	memset(m->ext.cpu_svn, 5, sizeof m->ext.cpu_svn);
	memset(m->ext.ppid, 0x99, sizeof m->ext.ppid);
	memset(m->ext.platform_instance_id, 0x77, sizeof m->ext.platform_instance_id);
	maker_set_version(m, tee == MAKER_TDX ? 4 : 3,
			  tee == MAKER_TDX ? QUOTE_BODY_TD_10 : QUOTE_BODY_SGX);
	fill_qe_report(m);
	say_documents(m);
}

void maker_build(struct maker *m)
{
	maker_issue(m);
	maker_quote(m);
	maker_documents(m);
}

void maker_done(struct maker *m)
{
	for (size_t i = 0; i < MAKER_NUM_KEYS; i++)
		private_key_free(m->keys[i]);
	for (size_t i = 0; i < MAKER_NUM_CERTS; i++)
		out_done(&m->der[i]);
	for (size_t i = 0; i < MAKER_NUM_CRLS; i++)
		out_done(&m->crl_der[i]);
	out_done(&m->quote);
	out_done(&m->tcb_info_text);
	out_done(&m->identity_text);
	out_done(&m->pck_chain);
	out_done(&m->ca_chain);
	out_done(&m->signing_chain);
}

struct cella_evidence *maker_evidence(const struct maker *m)
{
	struct cella_evidence *evidence = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_evidence_parse(m->quote.data, m->quote.len, &evidence, &err));
	return evidence;
}

struct cella_collateral *maker_collateral(const struct maker *m)
{
	struct cella_collateral *collateral = NULL;
	struct out bundle = { 0 };
	struct cella_error err = { 0 };

	maker_bundle(m, &bundle);
	CHECK_OK(cella_collateral_parse(bundle.data, bundle.len, &collateral, &err));
	out_done(&bundle);
	return collateral;
}

void maker_options(const struct maker *m, struct cella_verify_options *options)
{
	*options = (struct cella_verify_options){
		.size = sizeof *options,
		.time_choice = CELLA_TIME_AT,
		.time = time_at(MAKER_NOW),
		.root_choice = CELLA_ROOT_GIVEN,
		.root = out_view(&m->der[MAKER_ROOT]),
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
	};
}

struct cella_verdict *maker_verify(const struct maker *m,
				   const struct cella_verify_options *options)
{
	struct cella_evidence *const evidence = maker_evidence(m);
	struct cella_collateral *const collateral = maker_collateral(m);
	struct cella_verify_options usual;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };

	maker_options(m, &usual);
	CHECK_OK(cella_verify(evidence, collateral, options != NULL ? options : &usual,
			      &verdict, &err));
	cella_collateral_unref(collateral);
	cella_evidence_unref(evidence);
	return verdict;
}
