/* SPDX-License-Identifier: Apache-2.0 */
/* Chains and documents that the quote or the collateral does not have. */
#include "dcap_rows.h"

#include "collateral/cert_chain.h"

/* --- certification data without a chain ---------------------------------------------- */

/* PPID, CPU SVN, PCE SVN, PCE-ID of the maker's platform, in the clear. */
static void write_ppid(const struct maker *m, uint8_t out[36])
{
	memset(out, 0, 36);
	memcpy(out, m->ext.ppid, 16);
	memcpy(out + 34, m->ext.pce_id, 2);
}

void chain_from_the_collateral(void **state)
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
void leaf_completed_by_the_collateral(void **state)
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
void leaf_with_the_lists_of_both_authorities(void **state)
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
void missing_documents(void **state)
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

static void be_debuggable(struct maker *m)
{
	set_attribute(m, 0);
}

/* Without collateral nothing is yes, but what can be refused is. */
void no_collateral(void **state)
{
	static const struct {
		const char *name;
		void (*say)(struct maker *m);
		void (*forge)(struct maker *m);
		enum cella_answer genuine, current;
	} rows[] = {
		{ "good", NULL, NULL, CELLA_ANSWER_UNKNOWN, CELLA_ANSWER_UNKNOWN },
		{ "debug", be_debuggable, NULL, CELLA_ANSWER_UNKNOWN, CELLA_ANSWER_NO },
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
