/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token says of policies, answers and results, and what is made of it.
 */
#include "issuer.h"

static struct issuer issuer;
static struct key_pair stranger;

static int make_issuer(void **state)
{
	(void)state;
	issuer_new(&issuer);
	key_pair_new(&stranger, CRYPTO_P256);
	return 0;
}

static int free_issuer(void **state)
{
	(void)state;
	key_pair_done(&stranger);
	issuer_done(&issuer);
	return 0;
}

/* --- policies ------------------------------------------------------------------------ */

#define TD_POLICY \
	"{\"policy_array\":[{\"environment\":{\"class_id\":" \
	"\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\"},\"reference\":{\"tdx_attributes\":" \
	"\"0000000010000000\"}}]}"

static void owners_must_all_be_pinned(void **state)
{
	struct cella_token_expectations e;
	char *token;

	(void)state;
	issuer_expectations(&issuer, &e);
	CASE("owner_swapped");
	e.policy_owners = stranger.keys;
	CHECK_TOKEN("token.policy_owner", issuer.token, &e);
	CASE("one_of_two_owned");
	e.policy_owners = issuer.owner.keys;
	token = token_change(&issuer.verifier, issuer.token, "policies",
			     "[{\"owner\":\"x\"},{\"owner\":\"y\"}]");
	CHECK_TOKEN("token.policy_owner", token, &e);
	free(token);
}

/* The owner may have written laxer policies before. */
static void the_expected_policies_must_have_judged(void **state)
{
	struct cella_policy *const other = issuer_policy(&issuer, TD_POLICY);
	struct cella_policy *policies[2] = { issuer.policy, other };
	struct cella_verify_options options;
	struct cella_token_options token_options;
	struct cella_token_expectations e;
	struct cella_verdict *verdict;
	char *both;

	(void)state;
	issuer_expectations(&issuer, &e);
	e.policies = policies;
	e.num_policies = 1;
	CASE("the same");
	CHECK_TOKEN(NULL, issuer.token, &e);
	CASE("policy_missing");
	e.num_policies = 2;
	CHECK_TOKEN("token.policies", issuer.token, &e);
	CASE("policy_swapped");
	e.policies = policies + 1;
	e.num_policies = 1;
	CHECK_TOKEN("token.policies", issuer.token, &e);

	issuer_options(&issuer, &options);
	options.policies = policies;
	options.num_policies = 2;
	verdict = issuer_judge(issuer.evidence, issuer.collateral, &options);
	issuer_token_options(&issuer, &token_options);
	both = issuer_write(verdict, &token_options);
	CASE("policy_added");
	CHECK_TOKEN("token.policies", both, &e);
	CASE("both, in another order");
	policies[0] = other;
	policies[1] = issuer.policy;
	e.policies = policies;
	e.num_policies = 2;
	CHECK_TOKEN(NULL, both, &e);
	free(both);
	cella_verdict_free(verdict);
	cella_policy_unref(other);
}

/* --- answers ------------------------------------------------------------------------- */

/* An exception is for its question, and for "not asked" alone. */
static void exceptions_are_for_what_they_name(void **state)
{
	static const enum cella_question questions[] = { CELLA_QUESTION_MINE,
							 CELLA_QUESTION_FRESH };
	static const char *const checks[] = { "token.mine", "token.fresh" };
	static const char *const paths[] = { "answers.mine", "answers.fresh" };
	struct cella_token_expectations e;

	(void)state;
	issuer_expectations(&issuer, &e);
	for (size_t i = 0; i < 2; i++) {
		char *const unasked = token_change(&issuer.verifier, issuer.token,
						   paths[i], "\"not_asked\"");
		char *const unknown = token_change(&issuer.verifier, issuer.token,
						   paths[i], "\"unknown\"");

		CASE(paths[i]);
		e.allow_unasked = CELLA_ALLOW(questions[i]);
		CHECK_TOKEN(NULL, issuer.token, &e);
		CHECK_TOKEN(NULL, unasked, &e);
		CHECK_TOKEN(checks[i], unknown, &e);
		e.allow_unasked = CELLA_ALLOW(questions[1 - i]);
		CHECK_TOKEN(checks[i], unasked, &e);
		e.allow_unasked = 0;
		CHECK_TOKEN(checks[i], unasked, &e);
		free(unknown);
		free(unasked);
	}
}

static void make_debuggable(struct sim_quote *quote)
{
	size_t len = 0;

	sim_quote_body_field(quote, "td_attributes", &len)[0] |= TD_ATTR_DEBUG;
}

/* The token of a refusal is as authentic as any, and says which checks stand behind it. */
static void a_refusal_says_why(void **state)
{
	struct cella_evidence *const evidence = issuer_quote(&issuer, make_debuggable);
	struct cella_verify_options options;
	struct cella_token_options token_options;
	struct cella_token_expectations e;
	struct cella_verdict *verdict;
	struct cella_token *checked = NULL;
	struct cella_error err = { 0 };
	const struct cella_check *check = NULL;
	char *result = NULL;
	char *token;

	(void)state;
	CASE("debug");
	issuer_options(&issuer, &options);
	verdict = issuer_judge(evidence, issuer.collateral, &options);
	issuer_token_options(&issuer, &token_options);
	token = issuer_write(verdict, &token_options);
	issuer_expectations(&issuer, &e);
	CHECK_TOKEN("token.verdict token.current token.mine", token, &e);
	CHECK_OK(cella_token_verify(token, strlen(token), &e, &checked, &err));
	for (size_t i = 0; i < cella_token_num_checks(checked); i++)
		if (strcmp(cella_token_check(checked, i)->id, "token.current") == 0)
			check = cella_token_check(checked, i);
	assert_non_null(check);
	CHECK_TEXT("no: td.debug", check->actual);
	CHECK_INT(0, cella_token_overall_result(checked));
	CHECK_OK(cella_token_appraisal_result(checked, &result, &err));
	CHECK_TEXT_HAS(result, "\"overall_appraisal_result\":0");
	cella_free(result);
	cella_token_free(checked);
	free(token);
	cella_verdict_free(verdict);
	cella_evidence_unref(evidence);
}

/* --- results ------------------------------------------------------------------------- */

static enum cella_status result_of(const char *token,
				   const struct cella_token_expectations *e, char **text,
				   int *overall)
{
	struct cella_token *checked = NULL;
	struct cella_error err = { 0 };
	enum cella_status status;

	CHECK_OK(cella_token_verify(token, strlen(token), e, &checked, &err));
	status = cella_token_appraisal_result(checked, text, &err);
	*overall = cella_token_overall_result(checked);
	cella_token_free(checked);
	return status;
}

/* Scripts read results by themselves: a refused token must not hand out a yes. */
static void refused_tokens_give_no_favourable_result(void **state)
{
	struct cella_token_expectations e;
	struct cella_error err = { 0 };
	char *text = NULL;
	int overall = -1;

	(void)state;
	issuer_expectations(&issuer, &e);
	CASE("accepted");
	CHECK_OK(result_of(issuer.token, &e, &text, &overall));
	CHECK_TEXT_HAS(text, "[{\"result\":{");
	CHECK_TEXT_HAS(text, "\"overall_appraisal_result\":1");
	CHECK_INT(1, overall);
	cella_free(text);
	text = NULL;
	CASE("expired");
	e.time += CELLA_TOKEN_LIFETIME_S;
	CHECK_STATUS(CELLA_USAGE, result_of(issuer.token, &e, &text, &overall));
	CHECK_INT(0, overall);
	CASE("signed by nobody who is pinned");
	issuer_expectations(&issuer, &e);
	e.keys = stranger.keys;
	CHECK_STATUS(CELLA_USAGE, result_of(issuer.token, &e, &text, &overall));
	CHECK_INT(0, overall);
	assert_null(text);
}

static void results_have_three_values(void **state)
{
	static const struct {
		const char *value;
		int overall;
	} rows[] = { { "1", 1 },     { "0", 0 },    { "-1", -1 }, { "2", 0 },
		     { "\"1\"", 0 }, { "true", 0 }, { NULL, 0 } };
	struct cella_token_expectations e;

	(void)state;
	issuer_expectations(&issuer, &e);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *const token =
			token_change(&issuer.verifier, issuer.token,
				     "appraisal_result.0.result.overall_appraisal_result",
				     rows[i].value);
		char *text = NULL;
		int overall = 7;
		struct cella_error err = { 0 };

		CASE(rows[i].value != NULL ? rows[i].value : "missing");
		CHECK_OK(result_of(token, &e, &text, &overall));
		CHECK_INT(rows[i].overall, overall);
		cella_free(text);
		free(token);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(owners_must_all_be_pinned),
		cmocka_unit_test(the_expected_policies_must_have_judged),
		cmocka_unit_test(exceptions_are_for_what_they_name),
		cmocka_unit_test(a_refusal_says_why),
		cmocka_unit_test(refused_tokens_give_no_favourable_result),
		cmocka_unit_test(results_have_three_values),
	};

	return cmocka_run_group_tests(tests, make_issuer, free_issuer);
}
