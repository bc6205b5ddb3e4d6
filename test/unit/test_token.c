/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking result tokens: every check on either side of what it decides, and what is not
 * a token at all. A changed token is signed again by the pinned key, so that no check can
 * hide behind the signature's.
 */
#include "issuer.h"

#include "base/encode.h"

#include <stdio.h>

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

/* --- what is demanded ---------------------------------------------------------------- */

static void a_good_token_is_accepted(void **state)
{
	struct cella_token_expectations e;
	struct cella_token *token = NULL;
	struct cella_error err = { 0 };
	struct out padded = { 0 };

	(void)state;
	CASE("good");
	issuer_expectations(&issuer, &e);
	CHECK_TOKEN(NULL, issuer.token, &e);

	/* Files end with a line feed. */
	out_format(&padded, " \n%s\r\n", issuer.token);
	CHECK_OK(cella_token_verify(padded.data, padded.len, &e, &token, &err));
	CHECK_INT(CELLA_ACCEPTED, cella_token_result(token));
	CHECK_INT(13, cella_token_num_checks(token)); /* all but token.policies */
	assert_null(cella_token_check(token, cella_token_num_checks(token)));
	CHECK_INT(1, cella_token_overall_result(token));
	cella_token_free(token);
	out_done(&padded);
}

/* --- expectations -------------------------------------------------------------------- */

static void spoil_size(struct cella_token_expectations *e)
{
	e->size--;
}
static void spoil_keys(struct cella_token_expectations *e)
{
	e->keys = NULL;
}
static void spoil_audience(struct cella_token_expectations *e)
{
	e->audience = NULL;
}
static void empty_audience(struct cella_token_expectations *e)
{
	e->audience = "";
}
static void spoil_time(struct cella_token_expectations *e)
{
	e->time_choice = CELLA_TIME_UNSET;
}
static void negative_time(struct cella_token_expectations *e)
{
	e->time = -1;
}
static void endless_time(struct cella_token_expectations *e)
{
	e->time = INT64_MAX;
}
static void unset_nonce(struct cella_token_expectations *e)
{
	e->nonce_expect = CELLA_EXPECT_UNSET;
}
static void empty_nonce(struct cella_token_expectations *e)
{
	e->nonce.len = 0;
}
static void negative_leeway(struct cella_token_expectations *e)
{
	e->leeway_s = -1;
}
static void long_leeway(struct cella_token_expectations *e)
{
	e->leeway_s = CELLA_TOKEN_LEEWAY_MAX_S + 1;
}
static void unasked_genuine(struct cella_token_expectations *e)
{
	e->allow_unasked = CELLA_ALLOW(CELLA_QUESTION_GENUINE);
}
static void unasked_current(struct cella_token_expectations *e)
{
	e->allow_unasked = CELLA_ALLOW(CELLA_QUESTION_CURRENT);
}
static void unasked_unknown(struct cella_token_expectations *e)
{
	e->allow_unasked = CELLA_ALLOW(CELLA_QUESTION_COUNT);
}
static void missing_policies(struct cella_token_expectations *e)
{
	e->num_policies = 1;
}
static void null_policy(struct cella_token_expectations *e)
{
	static struct cella_policy *const none[1];

	e->policies = none;
	e->num_policies = 1;
}

#define USAGE(function) \
	{ \
#function, function \
	}
static const struct {
	const char *name;
	void (*spoil)(struct cella_token_expectations *e);
} usage[] = {
	USAGE(spoil_size),      USAGE(spoil_keys),      USAGE(spoil_audience),
	USAGE(empty_audience),  USAGE(spoil_time),      USAGE(negative_time),
	USAGE(endless_time),    USAGE(unset_nonce),     USAGE(empty_nonce),
	USAGE(negative_leeway), USAGE(long_leeway),     USAGE(unasked_genuine),
	USAGE(unasked_current), USAGE(unasked_unknown), USAGE(missing_policies),
	USAGE(null_policy),
};

static void expectations_must_be_spelt_out(void **state)
{
	struct cella_keys *none = NULL;
	struct cella_token *token = NULL;
	struct cella_token_expectations e;
	struct cella_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(usage); i++) {
		CASE(usage[i].name);
		issuer_expectations(&issuer, &e);
		usage[i].spoil(&e);
		CHECK_STATUS(CELLA_USAGE,
			     cella_token_verify(issuer.token, strlen(issuer.token), &e,
						&token, &err));
	}
	CASE("no key in the set");
	issuer_expectations(&issuer, &e);
	CHECK_OK(cella_keys_new(&none, &err));
	e.keys = none;
	CHECK_STATUS(CELLA_USAGE, cella_token_verify(issuer.token, strlen(issuer.token),
						     &e, &token, &err));
	cella_keys_free(none);
	CASE("null");
	CHECK_STATUS(CELLA_USAGE, cella_token_verify(issuer.token, strlen(issuer.token),
						     NULL, &token, &err));
	assert_null(token);
}

/* --- claims -------------------------------------------------------------------------- */

/* Signed again with one claim changed: the check that must fail, and no other. */
static const struct {
	const char *name;
	const char *path;
	const char *value; /* JSON */
	const char *failing;
} changed_claims[] = {
	{ "another_issuer", "iss", "\"else.example\"", "token.issuer" },
	{ "issuer_as_prefix", "iss", "\"verifier.example.evil\"", "token.issuer" },
	{ "another_audience", "aud", "\"else.example\"", "token.audience" },
	{ "audience_as_prefix", "aud", "\"orders\"", "token.audience" },
	{ "audience_in_capitals", "aud", "\"Orders.Example\"", "token.audience" },
	{ "another_nonce", "eat_nonce", "\"a6a5\"", "token.nonce" },
	{ "no_nonce", "eat_nonce", NULL, "token.nonce" },
	{ "another_root", "cella_root",
	  "\"private:0000000000000000000000000000000000000000000000000000000000000000\"",
	  "token.root" },
	{ "root_as_prefix", "cella_root", "\"private:\"", "token.root" },
	{ "root_in_capitals", "cella_root", "\"INTEL\"", "token.root" },
	{ "no_root", "cella_root", NULL, "token.root" },
	{ "intels_root", "cella_root", "\"intel\"", NULL },
	{ "owner_swapped", "policies.0.owner",
	  "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "token.policy_owner" },
	{ "policy_not_signed", "policies.0.owner", "null", "token.policy_owner" },
	{ "policy_without_owner", "policies.0.owner", NULL, "token.policy_owner" },
	{ "no_policy", "policies", "[]", "token.policy_owner" },
	{ "genuine_no", "answers.genuine", "\"no\"", "token.genuine" },
	{ "genuine_not_asked", "answers.genuine", "\"not_asked\"", "token.genuine" },
	{ "genuine_unknown", "answers.genuine", "\"unknown\"", "token.genuine" },
	{ "genuine_in_capitals", "answers.genuine", "\"YES\"", "token.genuine" },
	{ "genuine_true", "answers.genuine", "true", "token.genuine" },
	{ "genuine_missing", "answers.genuine", NULL, "token.genuine" },
	{ "current_no", "answers.current", "\"no\"", "token.current" },
	{ "current_not_asked", "answers.current", "\"not_asked\"", "token.current" },
	{ "current_unknown", "answers.current", "\"unknown\"", "token.current" },
	{ "current_other", "answers.current", "\"yes \"", "token.current" },
	{ "current_missing", "answers.current", NULL, "token.current" },
	{ "mine_no", "answers.mine", "\"no\"", "token.mine" },
	{ "mine_not_asked", "answers.mine", "\"not_asked\"", "token.mine" },
	{ "mine_unknown", "answers.mine", "\"unknown\"", "token.mine" },
	{ "mine_other", "answers.mine", "\"maybe\"", "token.mine" },
	{ "mine_missing", "answers.mine", NULL, "token.mine" },
	{ "fresh_no", "answers.fresh", "\"no\"", "token.fresh" },
	{ "fresh_not_asked", "answers.fresh", "\"not_asked\"", "token.fresh" },
	{ "fresh_unknown", "answers.fresh", "\"unknown\"", "token.fresh" },
	{ "fresh_empty", "answers.fresh", "\"\"", "token.fresh" },
	{ "fresh_missing", "answers.fresh", NULL, "token.fresh" },
	/* A verdict that contradicts its answers is not believed either. */
	{ "rejected_although_four_times_yes", "verdict", "\"rejected\"",
	  "token.verdict" },
	{ "unknown_although_four_times_yes", "verdict", "\"unknown\"", "token.verdict" },
	{ "verdict_of_another_word", "verdict", "\"Accepted\"", "token.verdict" },
	/* What no check asks about may say anything. */
	{ "another_id", "jti", "\"token-2\"", NULL },
	{ "a_claim_nobody_knows", "sub", "\"somebody\"", NULL },
};

static void every_claim_counts(void **state)
{
	struct cella_token_expectations e;

	(void)state;
	issuer_expectations(&issuer, &e);
	for (size_t i = 0; i < ARRAY_LEN(changed_claims); i++) {
		char *const token = token_change(&issuer.verifier, issuer.token,
						 changed_claims[i].path,
						 changed_claims[i].value);

		CASE(changed_claims[i].name);
		CHECK_TOKEN(changed_claims[i].failing, token, &e);
		free(token);
	}
}

/* The token is a simulated platform's, whose root is named. NULL: the claim is left out. */
static const struct {
	const char *name;
	const char *root;
	const char *strength;
	const char *demanded;
	const char *failing;
} strength_rows[] = {
	{ "a platform of nobody's", "same", NULL, "host", "token.strength" },
	{ "a host", "same", "\"host\"", "host", NULL },
	{ "a host is no platform", "same", "\"host\"", "tdx", "token.strength" },
	{ "a claim raises nothing", "same", "\"tdx\"", "tdx", "token.strength" },
	{ "what it claims is a host at most", "same", "\"tdx\"", "host", NULL },
	{ "unknown", "same", "\"strong\"", "host", "token.strength" },
	{ "Intel's", "\"intel\"", NULL, "tdx", NULL },
	{ "Intel's is more", "\"intel\"", NULL, "host", NULL },
	{ "a claim lowers", "\"intel\"", "\"host\"", "tdx", "token.strength" },
};

static void strength_follows_from_the_root(void **state)
{
	struct cella_token_expectations e;

	(void)state;
	issuer_expectations(&issuer, &e);
	for (size_t i = 0; i < ARRAY_LEN(strength_rows); i++) {
		const bool same = strcmp(strength_rows[i].root, "same") == 0;
		char *const rooted = token_change(&issuer.verifier, issuer.token,
						  same ? "jti" : "cella_root",
						  same ? "\"t\"" : strength_rows[i].root);
		const char *const claim = strength_rows[i].strength != NULL ? "strength"
									    : "sub";
		char *const token = token_change(&issuer.verifier, rooted, claim,
						 strength_rows[i].strength != NULL
							 ? strength_rows[i].strength
							 : "\"nothing\"");

		CASE(strength_rows[i].name);
		e.strength = strength_rows[i].demanded;
		CHECK_TOKEN(strength_rows[i].failing, token, &e);
		free(token);
		free(rooted);
	}
}

/* Claims that are missing or of another type: there is no telling what the token says. */
static const struct {
	const char *path;
	const char *value;
	const char *part; /* of the error's text */
} broken_claims[] = {
	{ "iss", NULL, "token: iss: is missing" },
	{ "iss", "7", "token: iss: expected text, found an integer" },
	{ "aud", NULL, "token: aud: is missing" },
	{ "aud", "[\"orders.example\"]", "token: aud: expected text, found an array" },
	{ "jti", NULL, "token: jti: is missing" },
	{ "iat", NULL, "token: iat" },
	{ "iat", "\"1767225600\"", "token: iat" },
	{ "iat", "1767225600.5", "token: iat" },
	{ "iat", "-1", "token: iat" },
	{ "nbf", NULL, "token: nbf" },
	{ "exp", NULL, "token: exp" },
	{ "exp", "null", "token: exp" },
	{ "exp", "99999999999999999999", "token" },
	{ "eat_nonce", "[\"a5a5\"]", "token: eat_nonce: expected text" },
	{ "answers", NULL, "token: answers: is missing" },
	{ "answers", "\"yes\"", "token: answers: expected an object" },
	{ "reasons", "[]", "token: reasons: expected an object" },
	{ "verdict", NULL, "token: verdict: is missing" },
	{ "verdict", "true", "token: verdict: expected text" },
	{ "cella_root", "null", "token: cella_root: expected text" },
	{ "status", "null", "token: status: expected text" },
	{ "evidence_sha256", NULL, "token: evidence_sha256: is missing" },
	{ "collateral_sha256", NULL, "token: collateral_sha256: is missing" },
	{ "judged_with", NULL, "token: judged_with: is missing" },
	{ "policies", NULL, "token: policies: is missing" },
	{ "policies", "{}", "token: policies: expected an array" },
	{ "appraisal_result", NULL, "token: appraisal_result: is missing" },
	{ "appraisal_result", "\"[]\"", "token: appraisal_result: expected an array" },
};

static void broken_claims_are_errors(void **state)
{
	struct cella_token_expectations e;

	(void)state;
	issuer_expectations(&issuer, &e);
	for (size_t i = 0; i < ARRAY_LEN(broken_claims); i++) {
		struct cella_token *checked = NULL;
		struct cella_error err = { 0 };
		char *token;

		CASE(broken_claims[i].part);
		/* jansson itself would not take the number. */
		if (strcmp(broken_claims[i].part, "token") == 0)
			token = token_sign(&issuer.verifier,
					   "{\"alg\":\"ES256\",\"typ\":"
					   "\"cella-result+jwt\"}",
					   "{\"exp\":99999999999999999999}");
		else
			token = token_change(&issuer.verifier, issuer.token,
					     broken_claims[i].path,
					     broken_claims[i].value);
		CHECK_STATUS(CELLA_MALFORMED, cella_token_verify(token, strlen(token), &e,
								 &checked, &err));
		CHECK_TEXT_HAS(err.text, broken_claims[i].part);
		assert_null(checked);
		free(token);
	}
}

/* What nobody expects is not checked; what is expected is. */
static void issuer_nonce_and_owner_may_be_anybodys(void **state)
{
	static const struct {
		const char *path;
		const char *value;
	} rows[] = {
		{ "iss", "\"else.example\"" },
		{ "eat_nonce", NULL },
		{ "policies.0.owner", "\"nobody\"" },
	};
	struct cella_token_expectations e;

	(void)state;
	issuer_expectations(&issuer, &e);
	e.issuer = NULL;
	e.nonce_expect = CELLA_EXPECT_ANY;
	e.policy_owners = NULL;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *const token = token_change(&issuer.verifier, issuer.token,
						 rows[i].path, rows[i].value);

		CASE(rows[i].path);
		CHECK_TOKEN(NULL, token, &e);
		free(token);
	}
}

/* --- times --------------------------------------------------------------------------- */

/* Seconds from ISSUER_TIME; the token says iat, nbf, exp. */
static const struct {
	const char *name;
	int64_t iat, nbf, exp, time, leeway;
	bool good;
} times[] = {
	{ "first_second", 0, 0, 300, 0, 0, true },
	{ "a_second_too_early", 0, 0, 300, -1, 0, false },
	{ "last_second", 0, 0, 300, 299, 0, true },
	{ "expired", 0, 0, 300, 300, 0, false },
	{ "not_before_after_issue", 0, 10, 300, 9, 0, false },
	{ "not_before_reached", 0, 10, 300, 10, 0, true },
	{ "issued_in_the_future", 10, 0, 300, 9, 0, false },
	{ "issued_now", 10, 0, 300, 10, 0, true },
	{ "early_within_leeway", 0, 0, 300, -60, 60, true },
	{ "early_beyond_leeway", 0, 0, 300, -61, 60, false },
	{ "late_within_leeway", 0, 0, 300, 359, 60, true },
	{ "late_beyond_leeway", 0, 0, 300, 360, 60, false },
	{ "largest_leeway", 0, 0, 300, 599, 300, true },
	{ "longest_lifetime", 0, 0, CELLA_TOKEN_LIFETIME_MAX_S, 0, 0, true },
	{ "a_second_too_long", 0, 0, CELLA_TOKEN_LIFETIME_MAX_S + 1, 0, 0, false },
	{ "expired_before_it_was_issued", 0, 0, -1, 0, 0, false },
	{ "expires_at_birth", 0, 0, 0, 0, 0, false },
};

static char *timed_token(int64_t iat, int64_t nbf, int64_t exp)
{
	const int64_t values[] = { iat, nbf, exp };
	static const char *const names[] = { "iat", "nbf", "exp" };
	char *token = strdup(issuer.token);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *const before = token;
		char text[32];

		snprintf(text, sizeof text, "%lld", (long long)values[i]);
		token = token_change(&issuer.verifier, before, names[i], text);
		free(before);
	}
	return token;
}

static void times_are_checked_to_the_second(void **state)
{
	struct cella_token_expectations e;

	(void)state;
	issuer_expectations(&issuer, &e);
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		char *const token = timed_token(ISSUER_TIME + times[i].iat,
						ISSUER_TIME + times[i].nbf,
						ISSUER_TIME + times[i].exp);

		CASE(times[i].name);
		e.time = ISSUER_TIME + times[i].time;
		e.leeway_s = times[i].leeway;
		CHECK_TOKEN(times[i].good ? NULL : "token.time", token, &e);
		free(token);
	}
}

/* Numbers that overflow when something is added to them. */
static void far_times_are_no_better(void **state)
{
	struct cella_token_expectations e;
	char *token;

	(void)state;
	issuer_expectations(&issuer, &e);
	CASE("exp at the end of time");
	token = timed_token(ISSUER_TIME, ISSUER_TIME, INT64_MAX);
	CHECK_TOKEN("token.time", token, &e);
	free(token);
	CASE("all at the end of time");
	token = timed_token(INT64_MAX, INT64_MAX, INT64_MAX);
	e.time = INT64_C(253402300799);
	e.leeway_s = CELLA_TOKEN_LEEWAY_MAX_S;
	CHECK_TOKEN("token.time", token, &e);
	free(token);
	CASE("1970");
	token = timed_token(0, 0, 300);
	e.time = 0;
	CHECK_TOKEN(NULL, token, &e);
	free(token);
}

/* --- nonce --------------------------------------------------------------------------- */

static void nonces_are_compared_whole(void **state)
{
	struct cella_token_expectations e;
	uint8_t longer[33] = { 0 };

	(void)state;
	issuer_expectations(&issuer, &e);
	memcpy(longer, issuer.nonce, sizeof issuer.nonce);
	CASE("only_nonce_differs");
	longer[31] ^= 1;
	e.nonce = bytes_of(longer, 32);
	CHECK_TOKEN("token.nonce", issuer.token, &e);
	longer[31] ^= 1;
	CASE("nonce_prefix");
	e.nonce = bytes_of(longer, 31);
	CHECK_TOKEN("token.nonce", issuer.token, &e);
	CASE("nonce_longer");
	e.nonce = bytes_of(longer, 33);
	CHECK_TOKEN("token.nonce", issuer.token, &e);
	CASE("nonce_same");
	e.nonce = bytes_of(longer, 32);
	CHECK_TOKEN(NULL, issuer.token, &e);
}

/* --- roots --------------------------------------------------------------------------- */

static void private_roots_must_be_named(void **state)
{
	struct out name = { 0 };
	struct cella_token_expectations e;
	struct cella_error err = { 0 };
	const char *roots[2] = { "private:00", NULL };
	char *other = NULL;

	(void)state;
	issuer_expectations(&issuer, &e);
	CASE("root_not_named");
	e.num_roots = 0;
	CHECK_TOKEN("token.root", issuer.token, &e);
	CASE("another_root_named");
	e.roots = roots;
	e.num_roots = 1;
	CHECK_TOKEN("token.root", issuer.token, &e);
	CASE("named second");
	roots[1] = cella_verdict_root(issuer.verdict);
	e.num_roots = 2;
	CHECK_TOKEN(NULL, issuer.token, &e);
	CASE("name without its end");
	out_text(&name, roots[1]);
	name.data[name.len - 1] = '\0';
	roots[1] = (const char *)name.data;
	CHECK_TOKEN("token.root", issuer.token, &e);
	out_done(&name);

	CASE("cella_root_name");
	CHECK_OK(cella_root_name(issuer.platform->certs[SIM_ROOT].der.data,
				 issuer.platform->certs[SIM_ROOT].der.len, &other, &err));
	CHECK_TEXT(cella_verdict_root(issuer.verdict), other);
	cella_free(other);
	other = NULL;
	CHECK_STATUS(CELLA_MALFORMED,
		     cella_root_name(issuer.platform->certs[SIM_PCK].der.data,
				     issuer.platform->certs[SIM_PCK].der.len, &other,
				     &err));
	CHECK_STATUS(CELLA_MALFORMED, cella_root_name("no", 2, &other, &err));
	assert_null(other);
}

/* --- signatures ---------------------------------------------------------------------- */

static void only_pinned_keys_sign(void **state)
{
	struct cella_token_expectations e;
	char *const by_stranger =
		token_change(&stranger, issuer.token, "jti", "\"token-1\"");

	(void)state;
	issuer_expectations(&issuer, &e);
	CASE("key_swapped");
	CHECK_TOKEN("token.signature", by_stranger, &e);
	CASE("another_key_pinned");
	e.keys = stranger.keys;
	CHECK_TOKEN("token.signature", issuer.token, &e);
	/* Signed by the one, it names the other. */
	CASE("kid_of_another");
	CHECK_TOKEN("token.signature", by_stranger, &e);
	free(by_stranger);
}

/* With both keys pinned a token is good that names its own signer, or nobody. */
static void kids_choose_among_pinned_keys(void **state)
{
	const char *const own = cella_keys_thumbprint(issuer.verifier.keys, 0);
	const char *const other = cella_keys_thumbprint(stranger.keys, 0);
	struct cella_keys *both = NULL;
	struct cella_token_expectations e;
	struct cella_error err = { 0 };
	const struct {
		const char *name;
		const char *kid;
		const char *failing;
	} rows[] = {
		{ "own", own, NULL },
		{ "none", NULL, NULL },
		{ "kid_of_another", other, "token.signature" },
		{ "kid_unknown", "x", "token.signature" },
		{ "kid_path", "../../../../dev/null", "token.signature" },
		{ "kid_empty", "", "token.signature" },
	};

	(void)state;
	CHECK_OK(cella_keys_new(&both, &err));
	CHECK_OK(cella_keys_add(both, stranger.pem.data, stranger.pem.len, &err));
	CHECK_OK(cella_keys_add(both, issuer.verifier.pem.data, issuer.verifier.pem.len,
				&err));
	issuer_expectations(&issuer, &e);
	e.keys = both;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct out value = { 0 };
		char *token;

		CASE(rows[i].name);
		out_format(&value, "\"%s\"%c", rows[i].kid != NULL ? rows[i].kid : "", 0);
		token = token_change_header(&issuer.verifier, issuer.token, "kid",
					    rows[i].kid != NULL ? (char *)value.data
								: NULL);
		CHECK_TOKEN(rows[i].failing, token, &e);
		free(token);
		out_done(&value);
	}
	cella_keys_free(both);
}

static void only_results_are_results(void **state)
{
	static const char *const types[] = { "\"JWT\"", "\"cella-result\"", "\"\"",
					     "\"CELLA-RESULT+JWT\"", NULL };
	struct cella_token_expectations e;

	(void)state;
	issuer_expectations(&issuer, &e);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		char *const token = token_change_header(&issuer.verifier, issuer.token,
							"typ", types[i]);

		CASE(types[i] != NULL ? types[i] : "no type");
		CHECK_TOKEN("token.type", token, &e);
		free(token);
	}
}

/* Whoever signs tokens may sign other things, too, with P-384 for instance. */
static void other_curves_are_other_keys(void **state)
{
	struct cella_token_expectations e;
	char *token;

	(void)state;
	issuer_expectations(&issuer, &e);
	CASE("ES384 by a pinned key");
	e.keys = issuer.owner.keys;
	token = token_sign(&issuer.owner, "{\"alg\":\"ES384\",\"typ\":\"JWT\"}", "{}");
	CHECK_TOKEN("token.type", token, &e);
	free(token);
	CASE("ES256 in the header, but P-384 is pinned");
	CHECK_TOKEN("token.signature", issuer.token, &e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_token_is_accepted),
		cmocka_unit_test(expectations_must_be_spelt_out),
		cmocka_unit_test(every_claim_counts),
		cmocka_unit_test(broken_claims_are_errors),
		cmocka_unit_test(issuer_nonce_and_owner_may_be_anybodys),
		cmocka_unit_test(times_are_checked_to_the_second),
		cmocka_unit_test(far_times_are_no_better),
		cmocka_unit_test(nonces_are_compared_whole),
		cmocka_unit_test(strength_follows_from_the_root),
		cmocka_unit_test(private_roots_must_be_named),
		cmocka_unit_test(only_pinned_keys_sign),
		cmocka_unit_test(kids_choose_among_pinned_keys),
		cmocka_unit_test(only_results_are_results),
		cmocka_unit_test(other_curves_are_other_keys),
	};

	return cmocka_run_group_tests(tests, make_issuer, free_issuer);
}
