/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"
#include "support.h"

#include "evidence/evidence.h"

static void kinds_are_recognised(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		uint8_t first;
		enum cella_status status;
		enum cella_evidence_kind kind;
	} rows[] = {
		{ "TD report", 1024, 0x81, CELLA_OK, CELLA_EVIDENCE_TD_REPORT },
		{ "TD report, short", 1023, 0x81, CELLA_MALFORMED, 0 },
		{ "TD report of an SGX report's length", 432, 0x81, CELLA_MALFORMED, 0 },
		{ "SGX report", 432, 3, CELLA_OK, CELLA_EVIDENCE_SGX_REPORT },
		{ "SGX report body", 384, 0, CELLA_OK, CELLA_EVIDENCE_SGX_REPORT },
		{ "nothing", 0, 0, CELLA_MALFORMED, 0 },
		{ "zeros", 100, 0, CELLA_UNSUPPORTED, 0 },
		{ "a text", 100, 'a', CELLA_UNSUPPORTED, 0 },
		{ "largest", CELLA_EVIDENCE_MAX, 0, CELLA_UNSUPPORTED, 0 },
		{ "too large", CELLA_EVIDENCE_MAX + 1, 3, CELLA_LIMIT, 0 },
	};
	uint8_t *const bytes = calloc(1, CELLA_EVIDENCE_MAX + 1);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_evidence *evidence = NULL;
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		bytes[0] = rows[i].first;
		CHECK_STATUS(rows[i].status,
			     cella_evidence_parse(bytes, rows[i].len, &evidence, &err));
		CHECK_TRUE((evidence != NULL) == (rows[i].status == CELLA_OK));
		if (evidence != NULL) {
			CHECK_INT(rows[i].kind, cella_evidence_kind(evidence));
			CHECK_INT(false, evidence_is_quote(evidence));
			CHECK_INT(0, cella_evidence_pck_chain(evidence).len);
		}
		cella_evidence_unref(evidence);
	}
	free(bytes);
}

static void null_arguments(void **state)
{
	struct cella_evidence *evidence = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_USAGE, cella_evidence_parse("", 0, NULL, &err));
	CHECK_STATUS(CELLA_USAGE, cella_evidence_parse(NULL, 1, &evidence, &err));
	CHECK_STATUS(CELLA_MALFORMED, cella_evidence_parse(NULL, 0, &evidence, &err));
	assert_int_equal(CELLA_MALFORMED, cella_evidence_parse(NULL, 0, &evidence, NULL));
	cella_evidence_unref(NULL);
}

/* A quote that was cut to the length of an SGX report is no SGX report. */
static void quote_truncated_to_a_report(void **state)
{
	static const size_t lens[] = { 384, 432 };
	struct maker m;

	(void)state;
	maker_init(&m, MAKER_SGX);
	maker_issue(&m);
	maker_quote(&m);
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct cella_evidence *evidence = NULL;
		struct cella_error err = { 0 };

		CHECK_STATUS(CELLA_MALFORMED, cella_evidence_parse(m.quote.data, lens[i],
								   &evidence, &err));
		CHECK_TEXT_HAS(err.text, "quote: ");
		assert_null(evidence);
	}
	maker_done(&m);
}

static void evidence_keeps_a_copy(void **state)
{
	struct cella_evidence *evidence;
	struct maker m;

	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_issue(&m);
	maker_quote(&m);
	evidence = maker_evidence(&m);
	CHECK_INT(CELLA_EVIDENCE_TDX_QUOTE, cella_evidence_kind(evidence));
	assert_true(evidence_is_quote(evidence));
	assert_ptr_not_equal(m.quote.data, cella_evidence_bytes(evidence).data);
	CHECK_BYTES(m.quote.data, m.quote.len, cella_evidence_bytes(evidence));
	CHECK_BYTES(m.pck_chain.data, m.pck_chain.len,
		    cella_evidence_pck_chain(evidence));
	assert_ptr_equal(evidence, cella_evidence_ref(evidence));
	cella_evidence_unref(evidence);
	CHECK_BYTES(m.quote.data, m.quote.len, cella_evidence_bytes(evidence));
	cella_evidence_unref(evidence);
	maker_done(&m);
}

static void check_fact(const struct cella_facts *facts, enum cella_fact fact,
		       const uint8_t *bytes, size_t len)
{
	struct cella_bytes found = { 0 };

	CASE(cella_fact_name(fact));
	CHECK_TRUE(cella_facts_get(facts, fact, &found));
	CHECK_BYTES(bytes, len, found);
}

static void check_number(const struct cella_facts *facts, enum cella_fact fact,
			 uint64_t number)
{
	uint64_t found = 0;

	CASE(cella_fact_name(fact));
	CHECK_TRUE(cella_facts_get_number(facts, fact, &found));
	CHECK_TRUE(number == found);
}

static void facts_of_a_tdx_quote(void **state)
{
	const struct cella_facts *facts;
	struct cella_evidence *evidence;
	struct cella_bytes bytes;
	uint64_t number;
	struct maker m;

	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_set_version(&m, 5, QUOTE_BODY_TD_15EX);
	maker_issue(&m);
	maker_quote(&m);
	evidence = maker_evidence(&m);
	facts = cella_evidence_facts(evidence);
	check_number(facts, CELLA_FACT_QUOTE_VERSION, 5);
	check_number(facts, CELLA_FACT_ATT_KEY_TYPE, 2);
	check_number(facts, CELLA_FACT_TEE_TYPE, 0x81);
	check_number(facts, CELLA_FACT_BODY_TYPE, 4);
	check_number(facts, CELLA_FACT_CERT_DATA_TYPE, 5);
	check_number(facts, CELLA_FACT_QE_ISV_SVN, 4);
	check_number(facts, CELLA_FACT_QE_ISV_PROD_ID, 1);
	check_fact(facts, CELLA_FACT_QE_MRSIGNER, maker_qe_field(&m, "mrsigner"), 32);
	check_fact(facts, CELLA_FACT_MR_TD, maker_field(&m, "mr_td"), 48);
	check_fact(facts, CELLA_FACT_RTMR3, maker_field(&m, "rtmr3"), 48);
	check_fact(facts, CELLA_FACT_TEE_TCB_SVN2, maker_field(&m, "tee_tcb_svn2"), 16);
	check_fact(facts, CELLA_FACT_MR_SERVICETD, maker_field(&m, "mr_servicetd"), 48);
	check_fact(facts, CELLA_FACT_CUR_SERVTD_ATTR, maker_field(&m, "cur_servtd_attr"),
		   8);
	check_fact(facts, CELLA_FACT_REPORT_DATA, maker_field(&m, "report_data"), 64);
	check_number(facts, CELLA_FACT_VMID, *maker_field(&m, "vmid"));
	assert_false(cella_facts_get_number(facts, CELLA_FACT_QE_SVN, &number));
	assert_false(cella_facts_get(facts, CELLA_FACT_MRENCLAVE, &bytes));
	assert_false(cella_facts_get(facts, CELLA_FACT_FMSPC, &bytes));
	cella_evidence_unref(evidence);
	maker_done(&m);
}

static void facts_of_an_sgx_quote(void **state)
{
	const struct cella_facts *facts;
	struct cella_evidence *evidence;
	struct cella_bytes bytes;
	struct maker m;

	(void)state;
	maker_init(&m, MAKER_SGX);
	maker_issue(&m);
	maker_quote(&m);
	evidence = maker_evidence(&m);
	facts = cella_evidence_facts(evidence);
	check_number(facts, CELLA_FACT_QE_SVN, 0);
	check_number(facts, CELLA_FACT_PCE_SVN, 0);
	check_fact(facts, CELLA_FACT_MRENCLAVE, maker_field(&m, "mrenclave"), 32);
	check_fact(facts, CELLA_FACT_MRSIGNER, maker_field(&m, "mrsigner"), 32);
	check_number(facts, CELLA_FACT_ISV_SVN,
		     maker_field(&m, "isv_svn")[0] |
			     (uint64_t)maker_field(&m, "isv_svn")[1] << 8);
	assert_false(cella_facts_get(facts, CELLA_FACT_MR_TD, &bytes));
	cella_evidence_unref(evidence);
	maker_done(&m);
}

static void facts_have_one_type(void **state)
{
	static const char *const items[] = { "a", "b" };
	const char *const *texts = NULL;
	struct cella_facts facts = { 0 };
	struct cella_bytes bytes = { (const uint8_t *)"kept", 4 };
	const char *text = "kept";
	uint64_t number = 7;
	int64_t time = 7;
	bool truth = true;
	size_t num = 7;

	(void)state;
	facts_set_number(&facts, CELLA_FACT_QUOTE_VERSION, 3);
	facts_set_bool(&facts, CELLA_FACT_SMT_ENABLED, false);
	facts_set_time(&facts, CELLA_FACT_TCB_DATE, 9);
	facts_set_text(&facts, CELLA_FACT_TCB_STATUS, "UpToDate");
	facts_set_texts(&facts, CELLA_FACT_ADVISORY_IDS, items, 2);
	facts_set_bytes(&facts, CELLA_FACT_PPID, bytes_from("x"));

	assert_false(cella_facts_get(&facts, CELLA_FACT_QUOTE_VERSION, &bytes));
	assert_false(cella_facts_get_number(&facts, CELLA_FACT_PPID, &number));
	assert_false(cella_facts_get_bool(&facts, CELLA_FACT_PPID, &truth));
	assert_false(cella_facts_get_time(&facts, CELLA_FACT_PPID, &time));
	assert_false(cella_facts_get_text(&facts, CELLA_FACT_PPID, &text));
	assert_false(cella_facts_get_texts(&facts, CELLA_FACT_PPID, &texts, &num));
	assert_false(cella_facts_get_number(&facts, CELLA_FACT_NONE, &number));
	assert_false(cella_facts_get_number(&facts, CELLA_FACT_COUNT, &number));
	assert_false(cella_facts_get_number(&facts, (enum cella_fact) - 1, &number));
	CHECK_BYTES("kept", 4, bytes);
	CHECK_TEXT("kept", text);
	assert_true(number == 7 && time == 7 && truth && num == 7 && texts == NULL);

	assert_true(cella_facts_get_number(&facts, CELLA_FACT_QUOTE_VERSION, &number));
	assert_true(cella_facts_get_bool(&facts, CELLA_FACT_SMT_ENABLED, &truth));
	assert_true(cella_facts_get_time(&facts, CELLA_FACT_TCB_DATE, &time));
	assert_true(cella_facts_get_text(&facts, CELLA_FACT_TCB_STATUS, &text));
	assert_true(cella_facts_get_texts(&facts, CELLA_FACT_ADVISORY_IDS, &texts, &num));
	assert_true(number == 3 && time == 9 && !truth && num == 2);
	CHECK_TEXT("UpToDate", text);
	CHECK_TEXT("b", texts[1]);
}

static void each_fact_has_its_own_name(void **state)
{
	(void)state;
	for (int i = CELLA_FACT_NONE + 1; i < CELLA_FACT_COUNT; i++) {
		const char *const name = cella_fact_name((enum cella_fact)i);

		assert_non_null(name);
		CASE(name);
		CHECK_TRUE(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") ==
			   strlen(name));
		for (int k = i + 1; k < CELLA_FACT_COUNT; k++)
			CHECK_TRUE(strcmp(name, cella_fact_name((enum cella_fact)k)) !=
				   0);
	}
	assert_null(cella_fact_name(CELLA_FACT_NONE));
	assert_null(cella_fact_name(CELLA_FACT_COUNT));
	assert_null(cella_fact_name((enum cella_fact) - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_recognised),
		cmocka_unit_test(null_arguments),
		cmocka_unit_test(quote_truncated_to_a_report),
		cmocka_unit_test(evidence_keeps_a_copy),
		cmocka_unit_test(facts_of_a_tdx_quote),
		cmocka_unit_test(facts_of_an_sgx_quote),
		cmocka_unit_test(facts_have_one_type),
		cmocka_unit_test(each_fact_has_its_own_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
