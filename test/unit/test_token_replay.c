/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging again what a token says: by the documents inside it and as of its time, against
 * tokens whose signer erred or lied.
 */
#include "issuer.h"

#include "base/encode.h"

#include <stdio.h>

static struct issuer issuer;

static int make_issuer(void **state)
{
	(void)state;
	issuer_new(&issuer);
	return 0;
}

static int free_issuer(void **state)
{
	(void)state;
	issuer_done(&issuer);
	return 0;
}

/* replay() judges again; *difference is copied, or "" when there is none. */
static enum cella_status replay(const char *token, struct cella_evidence *evidence,
				const struct cella_verify_options *options,
				char difference[64], struct cella_error *err)
{
	const char *found = "untouched";
	struct cella_verdict *verdict = NULL;
	const enum cella_status status = cella_token_replay(
		token, strlen(token), evidence, options, &found, &verdict, err);

	assert_int_equal(status == CELLA_OK, verdict != NULL);
	snprintf(difference, 64, "%s", found != NULL ? found : "");
	cella_verdict_free(verdict);
	return status;
}

/* CHECK_REPLAY() replays a token of the issuer's quote with the issuer's demands. */
#define CHECK_REPLAY(expected, token, options) \
	check_replay(__LINE__, expected, token, options)
static void check_replay(int line, const char *expected, const char *token,
			 const struct cella_verify_options *options)
{
	struct cella_error err = { 0 };
	char difference[64];

	CHECK_OK(replay(token, issuer.evidence, options, difference, &err));
	check_text_(__FILE__, line, "difference", expected, difference);
}

/* --- what is borne out --------------------------------------------------------------- */

static void a_good_token_is_borne_out(void **state)
{
	struct cella_verify_options options;

	(void)state;
	CASE("everything asked again");
	issuer_options(&issuer, &options);
	CHECK_REPLAY("", issuer.token, &options);
	/* It is judged as of the token's time and in the token's way. */
	CASE("time, accept, grace and flags of the options are ignored");
	options.time_choice = CELLA_TIME_UNSET;
	options.time = 0;
	options.accept = CELLA_ACCEPT(CELLA_TCB_OUT_OF_DATE);
	options.grace_s = 1;
	options.flags = CELLA_VERIFY_STRICT;
	CHECK_REPLAY("", issuer.token, &options);
}

static void what_is_not_asked_again_is_not_compared(void **state)
{
	struct cella_verify_options options;

	(void)state;
	issuer_options(&issuer, &options);
	CASE("report data");
	options.report_data_expect = CELLA_EXPECT_ANY;
	CHECK_REPLAY("", issuer.token, &options);
	CASE("report data and policy");
	options.policy_expect = CELLA_EXPECT_ANY;
	options.num_policies = 0;
	CHECK_REPLAY("", issuer.token, &options);
}

static const struct {
	const char *name;
	enum cella_tcb_status standing;
	uint32_t accept;
	int64_t grace, late;
	uint32_t flags;
} ways[] = {
	{ "accepted standing", CELLA_TCB_SW_HARDENING_NEEDED,
	  CELLA_ACCEPT(CELLA_TCB_SW_HARDENING_NEEDED), 0, 0, 0 },
	{ "refused standing", CELLA_TCB_OUT_OF_DATE, 0, 0, 0, 0 },
	{ "revoked", CELLA_TCB_REVOKED, 0, 0, 0, 0 },
	{ "grace", CELLA_TCB_UP_TO_DATE, 0, 864000, 2678400, 0 },
	{ "expired", CELLA_TCB_UP_TO_DATE, 0, 0, 2678400, 0 },
	{ "strict", CELLA_TCB_UP_TO_DATE, 0, 0, 0, CELLA_VERIFY_STRICT },
};

/* Tokens of refusals are borne out as well: what they say is what comes out again. */
static void every_way_of_judging_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct sim_collateral_spec spec;
		struct cella_verify_options options;
		struct cella_token_options token_options;
		struct cella_collateral *collateral;
		struct cella_verdict *verdict;
		char *token;

		CASE(ways[i].name);
		sim_collateral_spec_init(&spec, SIM_TDX, ISSUER_TIME);
		spec.platform = ways[i].standing;
		collateral = issuer_collateral(&issuer, &spec);
		issuer_options(&issuer, &options);
		options.policy_expect = CELLA_EXPECT_ANY;
		options.num_policies = 0;
		options.time += ways[i].late;
		options.accept = ways[i].accept;
		options.grace_s = ways[i].grace;
		options.flags = ways[i].flags;
		verdict = issuer_judge(issuer.evidence, collateral, &options);
		issuer_token_options(&issuer, &token_options);
		if (cella_verdict_answer(verdict, CELLA_QUESTION_FRESH) !=
		    CELLA_ANSWER_YES)
			fail_msg("%s: not fresh", check_case);
		token = issuer_write(verdict, &token_options);
		options.accept = 0;
		options.grace_s = 0;
		options.flags = 0;
		CHECK_REPLAY("", token, &options);
		free(token);
		cella_verdict_free(verdict);
		cella_collateral_unref(collateral);
	}
}

static void without_collateral_the_answer_stays_unknown(void **state)
{
	struct cella_verify_options options;
	struct cella_token_options token_options;
	struct cella_verdict *verdict;
	char *token;

	(void)state;
	CASE("no collateral");
	issuer_options(&issuer, &options);
	verdict = issuer_judge(issuer.evidence, NULL, &options);
	issuer_token_options(&issuer, &token_options);
	token = issuer_write(verdict, &token_options);
	CHECK_REPLAY("", token, &options);
	free(token);
	cella_verdict_free(verdict);
}

/* Intel's later engines write the result as an array of one. */
static void both_forms_of_results_are_read(void **state)
{
	struct cella_verify_options options;
	json_t *payload = token_part(issuer.token, 1);
	json_t *const item =
		json_array_get(json_object_get(payload, "appraisal_result"), 0);
	json_t *const list = json_array();
	char *text;
	char *token;

	(void)state;
	CASE("array");
	assert_int_equal(0, json_array_append(list, json_object_get(item, "result")));
	text = json_dumps(list, JSON_COMPACT);
	token = token_change(&issuer.verifier, issuer.token, "appraisal_result.0.result",
			     text);
	issuer_options(&issuer, &options);
	CHECK_REPLAY("", token, &options);
	free(token);
	free(text);
	json_decref(list);
	json_decref(payload);
}

/* A quote that names its certificate only: the chain is another document of the token. */
static void name_the_certificate(struct sim_quote *quote)
{
	struct cella_error err = { 0 };

	CHECK_OK(sim_quote_set_cert_data(quote, issuer.platform, CERT_DATA_PPID_RSA3072,
					 &err));
}

static void chains_beside_the_quote_are_in_the_token(void **state)
{
	static const enum sim_cert_id chain[] = { SIM_PCK, SIM_CA, SIM_ROOT };
	struct cella_evidence *const evidence =
		issuer_quote(&issuer, name_the_certificate);
	struct sim_collateral_spec spec;
	struct sim_collateral made = { 0 };
	struct cella_collateral *collateral = NULL;
	struct cella_verify_options options;
	struct cella_token_options token_options;
	struct cella_verdict *verdict;
	struct cella_error err = { 0 };
	struct out text = { 0 };
	char difference[64];
	char *token;

	(void)state;
	CASE("certification data of type 3");
	sim_collateral_spec_init(&spec, SIM_TDX, ISSUER_TIME);
	CHECK_OK(sim_collateral_make(issuer.platform, &spec, &made, &err));
	sim_chain_write(issuer.platform, chain, ARRAY_LEN(chain), &made.pck_chain);
	CHECK_OK(sim_collateral_write(&made, &text, &err));
	CHECK_OK(cella_collateral_parse(text.data, text.len, &collateral, &err));
	issuer_options(&issuer, &options);
	verdict = issuer_judge(evidence, collateral, &options);
	CHECK_INT(CELLA_ACCEPTED, cella_verdict_result(verdict));
	issuer_token_options(&issuer, &token_options);
	token = issuer_write(verdict, &token_options);
	CHECK_OK(replay(token, evidence, &options, difference, &err));
	CHECK_TEXT("", difference);
	free(token);
	cella_verdict_free(verdict);
	cella_collateral_unref(collateral);
	out_done(&text);
	sim_collateral_done(&made);
	cella_evidence_unref(evidence);
}

/* --- what is not --------------------------------------------------------------------- */

/* The token's signer lies about one thing. */
static const struct {
	const char *path;
	const char *value;
	const char *difference;
} lies[] = {
	{ "answers.genuine", "\"no\"", "answers.genuine" },
	{ "answers.current", "\"no\"", "answers.current" },
	{ "answers.mine", "\"not_asked\"", "answers.mine" },
	{ "answers.fresh", "\"unknown\"", "answers.fresh" },
	{ "answers.fresh", "\"perhaps\"", "answers.fresh" },
	{ "answers.fresh", NULL, "answers.fresh" },
	{ "cella_root", "\"intel\"", "cella_root" },
	{ "cella_root", NULL, "cella_root" },
	{ "status", "\"OutOfDate\"", "status" },
	{ "status", NULL, "status" },
	{ "verdict", "\"rejected\"", "verdict" },
	{ "verdict", "\"unknown\"", "verdict" },
	{ "policies", "[]", "policies" },
	{ "policies.0.digest", "\"00\"", "policies" },
	{ "collateral_sha256.tcb_info", "\"00\"", "collateral_sha256" },
	{ "collateral_sha256.pck_crl", NULL, "collateral_sha256" },
	{ "appraisal_result.0.result.overall_appraisal_result", "0", "appraisal_result" },
	{ "appraisal_result.0.result.appraisal_check_date", "0", "appraisal_result" },
	{ "appraisal_result.0.result.appraised_reports.0.appraisal_result", "0",
	  "appraisal_result" },
	{ "appraisal_result.0.result.appraised_reports.0.report.measurement.tdx_mrtd",
	  "\"00\"", "appraisal_result" },
	{ "appraisal_result.0.result.appraised_reports.0.report.measurement."
	  "tdx_reportdata",
	  "\"00\"", "appraisal_result" },
	{ "appraisal_result.0.result.appraised_reports.1.report.measurement.tcb_status",
	  "[\"OutOfDate\"]", "appraisal_result" },
	{ "appraisal_result.0.result.appraised_reports", "[]", "appraisal_result" },
	{ "appraisal_result.0.result.nonce", "-1", "appraisal_result" },
};

static void every_lie_is_found(void **state)
{
	struct cella_verify_options options;

	(void)state;
	issuer_options(&issuer, &options);
	for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
		char *const token = token_change(&issuer.verifier, issuer.token,
						 lies[i].path, lies[i].value);

		CASE(lies[i].path);
		CHECK_REPLAY(lies[i].difference, token, &options);
		free(token);
	}
}

/* Measurements do not depend on who asks what. */
static void lies_about_measurements_are_found_by_whoever_asks(void **state)
{
	struct cella_verify_options options;
	char *const token = token_change(
		&issuer.verifier, issuer.token,
		"appraisal_result.0.result.appraised_reports.0.report.measurement."
		"tdx_rtmr3",
		"\"00\"");

	(void)state;
	CASE("nothing asked again");
	issuer_options(&issuer, &options);
	options.report_data_expect = CELLA_EXPECT_ANY;
	options.policy_expect = CELLA_EXPECT_ANY;
	options.num_policies = 0;
	CHECK_REPLAY("appraisal_result", token, &options);
	free(token);
}

static void other_demands_give_other_answers(void **state)
{
	struct cella_policy *const other = issuer_policy(
		&issuer, "{\"policy_array\":[{\"environment\":{\"class_id\":"
			 "\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\"},\"reference\":{"
			 "\"tdx_attributes\":\"0000000010000000\"}}]}");
	struct cella_verify_options options;

	(void)state;
	CASE("other report data");
	issuer_options(&issuer, &options);
	options.report_data[0] ^= 1;
	CHECK_REPLAY("answers.fresh", issuer.token, &options);
	CASE("wrong_root");
	issuer_options(&issuer, &options);
	options.root_choice = CELLA_ROOT_INTEL;
	CHECK_REPLAY("answers.genuine", issuer.token, &options);
	/* It is met as well, but it is not what the token tells of. */
	CASE("policy_swapped");
	issuer_options(&issuer, &options);
	options.policies = &other;
	CHECK_REPLAY("policies", issuer.token, &options);
	cella_policy_unref(other);
}

/* --- certification data -------------------------------------------------------------- */

#define DOCUMENTS "appraisal_result.0.result.certification_data.0.certification_data"

static const struct {
	const char *path;
	const char *value;
	const char *difference; /* NULL: an error */
} documents[] = {
	{ DOCUMENTS ".tcb_info", NULL,
	  "answers.genuine" }, /* the TDX module's identity */
	{ DOCUMENTS ".qe_identity", NULL, "answers.genuine" },
	{ DOCUMENTS ".root_ca_crl", NULL, "answers.current" },
	{ DOCUMENTS ".pck_crl", NULL, "answers.current" },
	{ DOCUMENTS, "{}", "answers.genuine" },
	{ "appraisal_result.0.result.certification_data", "[]", "answers.genuine" },
	{ "appraisal_result.0.result", "{}", "answers.genuine" },
	{ "appraisal_result.0.result", "[]", "answers.genuine" },
	{ "appraisal_result", "[]", "answers.genuine" },
	{ DOCUMENTS ".tcb_info", "\"AAAA\"", NULL },
	{ DOCUMENTS ".tcb_info", "\"A\"", NULL },
	{ DOCUMENTS ".tcb_info", "7", NULL },
	{ DOCUMENTS ".pck_crl", "\"\"", NULL },
};

static void documents_may_be_missing_or_broken(void **state)
{
	struct cella_verify_options options;

	(void)state;
	issuer_options(&issuer, &options);
	for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
		char *const token = token_change(&issuer.verifier, issuer.token,
						 documents[i].path, documents[i].value);
		struct cella_error err = { 0 };
		char difference[64];
		enum cella_status status;

		CASE(documents[i].path);
		status = replay(token, issuer.evidence, &options, difference, &err);
		if (documents[i].difference != NULL) {
			CHECK_STATUS(CELLA_OK, status);
			CHECK_TEXT(documents[i].difference, difference);
		} else {
			CHECK_TRUE(status != CELLA_OK);
			CHECK_TRUE(err.text[0] != '\0');
			CHECK_TEXT("untouched", difference);
		}
		free(token);
	}
}

/* A document that says something else, with the signature of what it said. */
static void an_altered_document_is_no_proof(void **state)
{
	json_t *const payload = token_part(issuer.token, 1);
	const json_t *const result = json_object_get(
		json_array_get(json_object_get(payload, "appraisal_result"), 0),
		"result");
	const char *const encoded = json_string_value(json_object_get(
		json_object_get(
			json_array_get(json_object_get(result, "certification_data"), 0),
			"certification_data"),
		"tcb_info"));
	struct cella_verify_options options;
	struct cella_error err = { 0 };
	struct out text = { 0 };
	struct out value = { 0 };
	char *found;
	char *token;

	(void)state;
	CASE("altered");
	CHECK_OK(base64_append(bytes_from_text(encoded), &text, "tcb_info", &err));
	found = memmem(text.data, text.len, "\"tcbEvaluationDataNumber\":",
		       strlen("\"tcbEvaluationDataNumber\":"));
	assert_non_null(found);
	found[strlen("\"tcbEvaluationDataNumber\":")] = '9';
	out_text(&value, "\"");
	base64_write(&value, out_view(&text));
	out_text(&value, "\"");
	out_u8(&value, 0);
	token = token_change(&issuer.verifier, issuer.token, DOCUMENTS ".tcb_info",
			     (const char *)value.data);
	issuer_options(&issuer, &options);
	CHECK_REPLAY("answers.genuine", token, &options);
	free(token);
	out_done(&value);
	out_done(&text);
	json_decref(payload);
}

/* --- errors -------------------------------------------------------------------------- */

static void change_report_data(struct sim_quote *quote)
{
	size_t len = 0;

	sim_quote_body_field(quote, "report_data", &len)[63] ^= 1;
}

static void tokens_are_about_one_quote(void **state)
{
	struct cella_evidence *const other = issuer_quote(&issuer, change_report_data);
	struct cella_verify_options options;
	struct cella_error err = { 0 };
	char difference[64];

	(void)state;
	CASE("quote_swapped");
	issuer_options(&issuer, &options);
	CHECK_STATUS(CELLA_USAGE,
		     replay(issuer.token, other, &options, difference, &err));
	CHECK_TEXT_HAS(err.text, "about another quote");
	cella_evidence_unref(other);
}

static const struct {
	const char *path;
	const char *value;
	const char *part; /* of the error's text */
} broken[] = {
	{ "judged_with.grace_s", NULL, "judged_with: grace_s" },
	{ "judged_with.grace_s", "\"0\"", "judged_with: grace_s" },
	{ "judged_with.grace_s", "-1", "negative time" },
	{ "judged_with.accept", "[\"Splendid\"]", "judged_with: accept[0]" },
	{ "judged_with.accept", "[1]", "judged_with: accept[0]" },
	{ "judged_with.accept", "[\"Revoked\"]", "never be accepted" },
	{ "judged_with.accept", "\"OutOfDate\"", "judged_with: accept" },
	{ "judged_with.accept", NULL, "judged_with: accept" },
	{ "judged_with.strict", "\"yes\"", "judged_with: strict" },
	{ "judged_with.strict", NULL, "judged_with: strict" },
	{ "iat", NULL, "iat" },
	{ "answers", NULL, "answers" },
};

static void broken_tokens_are_errors(void **state)
{
	struct cella_verify_options options;
	struct cella_error err = { 0 };
	char difference[64];

	(void)state;
	issuer_options(&issuer, &options);
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		char *const token = token_change(&issuer.verifier, issuer.token,
						 broken[i].path, broken[i].value);

		CASE(broken[i].part);
		CHECK_TRUE(replay(token, issuer.evidence, &options, difference, &err) !=
			   CELLA_OK);
		CHECK_TEXT_HAS(err.text, broken[i].part);
		free(token);
	}
	CASE("no token");
	CHECK_STATUS(CELLA_MALFORMED,
		     replay("e30.e30", issuer.evidence, &options, difference, &err));
	CASE("options");
	options.size = 0;
	CHECK_STATUS(CELLA_USAGE,
		     replay(issuer.token, issuer.evidence, &options, difference, &err));
	issuer_options(&issuer, &options);
	options.root_choice = CELLA_ROOT_UNSET;
	CHECK_STATUS(CELLA_USAGE,
		     replay(issuer.token, issuer.evidence, &options, difference, &err));
	CASE("no quote");
	issuer_options(&issuer, &options);
	CHECK_STATUS(CELLA_USAGE, replay(issuer.token, NULL, &options, difference, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_token_is_borne_out),
		cmocka_unit_test(what_is_not_asked_again_is_not_compared),
		cmocka_unit_test(every_way_of_judging_is_told),
		cmocka_unit_test(without_collateral_the_answer_stays_unknown),
		cmocka_unit_test(both_forms_of_results_are_read),
		cmocka_unit_test(chains_beside_the_quote_are_in_the_token),
		cmocka_unit_test(every_lie_is_found),
		cmocka_unit_test(lies_about_measurements_are_found_by_whoever_asks),
		cmocka_unit_test(other_demands_give_other_answers),
		cmocka_unit_test(documents_may_be_missing_or_broken),
		cmocka_unit_test(an_altered_document_is_no_proof),
		cmocka_unit_test(tokens_are_about_one_quote),
		cmocka_unit_test(broken_tokens_are_errors),
	};

	return cmocka_run_group_tests(tests, make_issuer, free_issuer);
}
