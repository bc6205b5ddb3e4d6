/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of a verification (src/appraise/verify.c, trust_root.c): everything is
 * spelt out, or it is a usage error.
 */
#include "maker.h"
#include "support.h"

static struct maker m;
static struct cella_evidence *evidence;
static struct cella_collateral *collateral;

static int set_up(void **state)
{
	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_build(&m);
	evidence = maker_evidence(&m);
	collateral = maker_collateral(&m);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	cella_evidence_unref(evidence);
	cella_collateral_unref(collateral);
	maker_done(&m);
	return 0;
}

static void no_size(struct cella_verify_options *o)
{
	o->size = 0;
}

static void other_size(struct cella_verify_options *o)
{
	o->size--;
}

static void no_time(struct cella_verify_options *o)
{
	o->time_choice = CELLA_TIME_UNSET;
}

static void unknown_time(struct cella_verify_options *o)
{
	o->time_choice = (enum cella_time)99;
}

static void negative_time(struct cella_verify_options *o)
{
	o->time = -1;
}

static void no_root(struct cella_verify_options *o)
{
	o->root_choice = CELLA_ROOT_UNSET;
}

static void unknown_root(struct cella_verify_options *o)
{
	o->root_choice = (enum cella_root)99;
}

static void no_report_data(struct cella_verify_options *o)
{
	o->report_data_expect = CELLA_EXPECT_UNSET;
}

static void unknown_report_data(struct cella_verify_options *o)
{
	o->report_data_expect = (enum cella_expect)99;
}

static void no_policy(struct cella_verify_options *o)
{
	o->policy_expect = CELLA_EXPECT_UNSET;
}

static void unknown_policy(struct cella_verify_options *o)
{
	o->policy_expect = (enum cella_expect)99;
}

static void policies_expected_none_given(struct cella_verify_options *o)
{
	o->policy_expect = CELLA_EXPECT_EXACT;
}

static void policies_given_none_expected(struct cella_verify_options *o)
{
	static struct cella_policy *const none[1];

	o->policies = none;
	o->num_policies = 1;
}

static void policies_without_a_list(struct cella_verify_options *o)
{
	o->policy_expect = CELLA_EXPECT_EXACT;
	o->num_policies = 1;
}

static void a_policy_that_is_null(struct cella_verify_options *o)
{
	policies_given_none_expected(o);
	o->policy_expect = CELLA_EXPECT_EXACT;
}

static void accept_revoked(struct cella_verify_options *o)
{
	o->accept = CELLA_ACCEPT(CELLA_TCB_REVOKED);
}

static void accept_not_supported(struct cella_verify_options *o)
{
	o->accept = CELLA_ACCEPT(CELLA_TCB_NOT_SUPPORTED);
}

static void accept_none(struct cella_verify_options *o)
{
	o->accept = CELLA_ACCEPT(CELLA_TCB_NONE);
}

static void accept_everything(struct cella_verify_options *o)
{
	o->accept = UINT32_MAX;
}

static void negative_grace(struct cella_verify_options *o)
{
	o->grace_s = -1;
}

static void unknown_flag(struct cella_verify_options *o)
{
	o->flags = 2;
}

static void what_is_left_unset_is_a_usage_error(void **state)
{
	static const struct {
		const char *name;
		void (*unset)(struct cella_verify_options *o);
	} rows[] = {
		{ "no size", no_size },
		{ "other size", other_size },
		{ "no time", no_time },
		{ "unknown time", unknown_time },
		{ "negative time", negative_time },
		{ "no root", no_root },
		{ "unknown root", unknown_root },
		{ "no report data", no_report_data },
		{ "unknown report data", unknown_report_data },
		{ "no policy", no_policy },
		{ "unknown policy", unknown_policy },
		{ "policies expected, none given", policies_expected_none_given },
		{ "policies given, none expected", policies_given_none_expected },
		{ "policies without a list", policies_without_a_list },
		{ "a policy that is null", a_policy_that_is_null },
		{ "accept revoked", accept_revoked },
		{ "accept not supported", accept_not_supported },
		{ "accept none", accept_none },
		{ "accept everything", accept_everything },
		{ "negative grace", negative_grace },
		{ "unknown flag", unknown_flag },
	};
	struct cella_verifier *verifier = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(cella_verifier_new(1, &verifier, &err));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_verify_options options;
		struct cella_verdict *verdict = NULL;

		CASE(rows[i].name);
		maker_options(&m, &options);
		rows[i].unset(&options);
		CHECK_STATUS(CELLA_USAGE, cella_verify(evidence, collateral, &options,
						       &verdict, &err));
		CHECK_TRUE(strlen(err.text) > 0);
		CHECK_STATUS(CELLA_USAGE,
			     cella_verifier_verify(verifier, evidence, &options, &verdict,
						   &err));
		assert_null(verdict);
	}
	cella_verifier_free(verifier);
}

static void null_arguments(void **state)
{
	struct cella_verify_options options;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };

	(void)state;
	maker_options(&m, &options);
	CHECK_STATUS(CELLA_USAGE,
		     cella_verify(NULL, collateral, &options, &verdict, &err));
	CHECK_STATUS(CELLA_USAGE,
		     cella_verify(evidence, collateral, NULL, &verdict, &err));
	CHECK_STATUS(CELLA_USAGE,
		     cella_verify(evidence, collateral, &options, NULL, &err));
	cella_verdict_free(NULL);
	cella_verifier_free(NULL);
}

static void reports_cannot_be_judged(void **state)
{
	static const size_t lens[] = { 384, 432, 1024 };
	const uint8_t report[1024] = { 0 };
	const uint8_t td_report[1024] = { 0x81 };
	struct cella_verify_options options;

	(void)state;
	maker_options(&m, &options);
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct cella_evidence *other = NULL;
		struct cella_verdict *verdict = NULL;
		struct cella_error err = { 0 };

		CHECK_OK(cella_evidence_parse(lens[i] == 1024 ? td_report : report,
					      lens[i], &other, &err));
		CHECK_STATUS(CELLA_UNSUPPORTED,
			     cella_verify(other, collateral, &options, &verdict, &err));
		CHECK_TEXT_HAS(err.text, "by the CPU that made it");
		cella_evidence_unref(other);
	}
}

static void roots_in_both_forms(void **state)
{
	struct cella_verify_options options;
	struct cella_error err = { 0 };
	struct out pem = { 0 };

	(void)state;
	maker_pem(&pem, "CERTIFICATE", &m.der[MAKER_ROOT]);
	out_text(&pem, "\n");
	for (int is_pem = 0; is_pem <= 1; is_pem++) {
		struct cella_verdict *verdict = NULL;

		maker_options(&m, &options);
		options.root = is_pem ? out_view(&pem) : out_view(&m.der[MAKER_ROOT]);
		CHECK_OK(cella_verify(evidence, collateral, &options, &verdict, &err));
		CHECK_INT(CELLA_ACCEPTED, cella_verdict_result(verdict));
		CHECK_TRUE(strncmp(cella_verdict_root(verdict), "private:", 8) == 0);
		cella_verdict_free(verdict);
	}
	out_done(&pem);
}

static void other_roots(void **state)
{
	struct out two = { 0 };
	struct out longer = { 0 };
	const struct {
		const char *name;
		struct cella_bytes root;
		const char *part;
	} rows[] = {
		{ "nothing", bytes_of(NULL, 0), "trust root: " },
		{ "text", bytes_from("root"), "trust root: certificate: not an X.509" },
		{ "broken PEM", bytes_from("-----BEGIN CERTIFICATE-----\nx"),
		  "trust root: pem: " },
		{ "two_certificates",
		  (maker_pem(&two, "CERTIFICATE", &m.der[MAKER_ROOT]),
		   maker_pem(&two, "CERTIFICATE", &m.der[MAKER_CA]), out_view(&two)),
		  "trust root: more than one certificate" },
		{ "trailing_bytes",
		  (out_bytes(&longer, m.der[MAKER_ROOT].data, m.der[MAKER_ROOT].len),
		   out_u8(&longer, 0), out_view(&longer)),
		  "trust root: certificate: 1 bytes follow its end" },
		{ "leaf_as_root", out_view(&m.der[MAKER_PCK]),
		  "trust root: not a certification authority's certificate" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_verify_options options;
		struct cella_verdict *verdict = NULL;
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		maker_options(&m, &options);
		options.root = rows[i].root;
		CHECK_STATUS(CELLA_MALFORMED, cella_verify(evidence, collateral, &options,
							   &verdict, &err));
		CHECK_TEXT_HAS(err.text, rows[i].part);
		assert_null(verdict);
	}
	out_done(&two);
	out_done(&longer);
}

/* A broken certificate in the quote is an error that names it, not a no. */
static void broken_certificate_in_the_quote(void **state)
{
	static const char broken[] =
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	struct cella_verify_options options;
	struct cella_verdict *verdict = NULL;
	struct cella_evidence *other;
	struct cella_error err = { 0 };
	struct maker forged;

	(void)state;
	maker_init(&forged, MAKER_TDX);
	forged.cert_data = bytes_from(broken);
	maker_build(&forged);
	other = maker_evidence(&forged);
	maker_options(&forged, &options);
	CHECK_STATUS(CELLA_MALFORMED,
		     cella_verify(other, NULL, &options, &verdict, &err));
	CHECK_TEXT("pck chain: certificate 1: certificate: not an X.509 certificate in "
		   "DER",
		   err.text);
	assert_null(verdict);
	cella_evidence_unref(other);
	maker_done(&forged);
}

/* A verdict holds what it speaks of: its inputs may go. */
static void verdict_outlives_its_inputs(void **state)
{
	struct cella_evidence *const own_evidence = maker_evidence(&m);
	struct cella_collateral *const own_collateral = maker_collateral(&m);
	struct cella_verify_options options;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };
	struct cella_bytes fmspc = { 0 };
	char *text = NULL;

	(void)state;
	maker_options(&m, &options);
	CHECK_OK(cella_verify(own_evidence, own_collateral, &options, &verdict, &err));
	cella_evidence_unref(own_evidence);
	cella_collateral_unref(own_collateral);
	CHECK_OK(cella_verdict_json(verdict, &text, &err));
	cella_free(text);
	CHECK_TRUE(
		cella_facts_get(cella_verdict_facts(verdict), CELLA_FACT_FMSPC, &fmspc));
	CHECK_BYTES("\x90\xc0\x6f\0\0\0", 6, fmspc);
	cella_verdict_free(verdict);
}

/* --- report data --------------------------------------------------------------------- */

static void report_data_of_nonce_and_data(void **state)
{
	struct cella_error err = { 0 };
	uint8_t hash[64], joined[64], out[64];
	uint8_t both[8 + 64];

	(void)state;
	CHECK_OK(cella_sha512("abc", 3, hash, &err));
	assert_memory_equal("\xdd\xaf\x35\xa1", hash, 4);
	CHECK_OK(cella_report_data(bytes_of(NULL, 0), bytes_from("12345678"), out, &err));
	assert_memory_equal("12345678", out, 8);
	assert_true(bytes_are_zero(bytes_of(out + 8, 56)));
	CHECK_OK(cella_report_data(bytes_of(hash, 64), bytes_of(NULL, 0), out, &err));
	assert_memory_equal(hash, out, 64);
	memcpy(both, "12345678", 8);
	memcpy(both + 8, hash, 64);
	CHECK_OK(cella_sha512(both, sizeof both, joined, &err));
	CHECK_OK(
		cella_report_data(bytes_of(hash, 64), bytes_from("12345678"), out, &err));
	assert_memory_equal(joined, out, 64);
}

static void report_data_that_binds_nothing(void **state)
{
	static const struct {
		size_t data_len, nonce_len;
		const char *part;
	} rows[] = {
		{ 0, 0, "neither data nor a nonce" },
		{ 0, 7, "nonce: 7 bytes, needs 8 to 64" },
		{ 0, 65, "nonce: 65 bytes, needs 8 to 64" },
		{ 64, 1, "nonce: 1 bytes" },
		{ 63, 0, "data: 63 bytes are no SHA-512 hash" },
		{ 32, 8, "data: 32 bytes are no SHA-512 hash" },
	};
	const uint8_t bytes[65] = { 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		uint8_t out[64] = { 7 };

		CHECK_STATUS(CELLA_USAGE,
			     cella_report_data(bytes_of(bytes, rows[i].data_len),
					       bytes_of(bytes, rows[i].nonce_len), out,
					       &err));
		CHECK_TEXT_HAS(err.text, rows[i].part);
		CHECK_INT(7, out[0]);
	}
}

static void names_of_everything(void **state)
{
	(void)state;
	CHECK_TEXT("genuine", cella_question_name(CELLA_QUESTION_GENUINE));
	CHECK_TEXT("fresh", cella_question_name(CELLA_QUESTION_FRESH));
	CHECK_TEXT("no", cella_answer_name(CELLA_ANSWER_NO));
	CHECK_TEXT("unknown", cella_answer_name(CELLA_ANSWER_UNKNOWN));
	CHECK_TEXT("rejected", cella_result_name(CELLA_REJECTED));
	CHECK_TEXT("unknown", cella_result_name(CELLA_UNDECIDED));
	CHECK_TEXT("fail", cella_outcome_name(CELLA_CHECK_FAIL));
	CHECK_TEXT("not_evaluated", cella_outcome_name(CELLA_CHECK_NOT_EVALUATED));
	/* Zero is the worst of each. */
	assert_true(CELLA_REJECTED == 0 && CELLA_ANSWER_NO == 0 && CELLA_CHECK_FAIL == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_unset_is_a_usage_error),
		cmocka_unit_test(null_arguments),
		cmocka_unit_test(reports_cannot_be_judged),
		cmocka_unit_test(roots_in_both_forms),
		cmocka_unit_test(other_roots),
		cmocka_unit_test(broken_certificate_in_the_quote),
		cmocka_unit_test(verdict_outlives_its_inputs),
		cmocka_unit_test(report_data_of_nonce_and_data),
		cmocka_unit_test(report_data_that_binds_nothing),
		cmocka_unit_test(names_of_everything),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
