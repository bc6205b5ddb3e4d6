/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing result tokens: what must be given, how long they live, what they may tell of the
 * report data, and signers that fail.
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

static enum cella_status write_with(const struct cella_token_options *options,
				    struct cella_error *err)
{
	char *token = NULL;
	const enum cella_status status =
		cella_token_write(issuer.verdict, options, &token, err);

	assert_int_equal(status == CELLA_OK, token != NULL);
	cella_free(token);
	return status;
}

static int64_t claim_number(const char *token, const char *name)
{
	json_t *const payload = token_part(token, 1);
	const json_t *const value = json_object_get(payload, name);
	int64_t number;

	assert_true(json_is_integer(value));
	number = json_integer_value(value);
	json_decref(payload);
	return number;
}

/* --- options ------------------------------------------------------------------------- */

static char long_text[514];

static void spoil_size(struct cella_token_options *o)
{
	o->size++;
}
static void no_issuer(struct cella_token_options *o)
{
	o->issuer = NULL;
}
static void empty_issuer(struct cella_token_options *o)
{
	o->issuer = "";
}
static void no_audience(struct cella_token_options *o)
{
	o->audience = NULL;
}
static void no_id(struct cella_token_options *o)
{
	o->id = NULL;
}
static void long_id(struct cella_token_options *o)
{
	memset(long_text, 'x', sizeof long_text - 1);
	o->id = long_text;
}
static void not_utf8(struct cella_token_options *o)
{
	o->id = "\xff\xfe";
}
static void negative_lifetime(struct cella_token_options *o)
{
	o->lifetime_s = -1;
}
static void long_lifetime(struct cella_token_options *o)
{
	o->lifetime_s = CELLA_TOKEN_LIFETIME_MAX_S + 1;
}
static void large_nonce(struct cella_token_options *o)
{
	o->result_nonce = CELLA_RESULT_NONCE_MAX + 1;
}
static void no_signer(struct cella_token_options *o)
{
	o->signer = NULL;
}

static void what_is_required_must_be_given(void **state)
{
	static const struct {
		const char *part; /* of the error's text */
		void (*spoil)(struct cella_token_options *o);
		enum cella_status status;
	} rows[] = {
		{ "size", spoil_size, CELLA_USAGE },
		{ "issuer is not given", no_issuer, CELLA_USAGE },
		{ "issuer is not given", empty_issuer, CELLA_USAGE },
		{ "audience is not given", no_audience, CELLA_USAGE },
		{ "id is not given", no_id, CELLA_USAGE },
		{ "id: longer than 512", long_id, CELLA_LIMIT },
		{ "id: not UTF-8", not_utf8, CELLA_USAGE },
		{ "lifetime of 0 to 86400", negative_lifetime, CELLA_USAGE },
		{ "lifetime of 0 to 86400", long_lifetime, CELLA_USAGE },
		{ "nonce is at most", large_nonce, CELLA_USAGE },
		{ "signer: not filled in", no_signer, CELLA_USAGE },
	};
	struct cella_error err = { 0 };
	char *token = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_token_options options;

		CASE(rows[i].part);
		issuer_token_options(&issuer, &options);
		rows[i].spoil(&options);
		CHECK_STATUS(rows[i].status, write_with(&options, &err));
		CHECK_TEXT_HAS(err.text, rows[i].part);
	}
	CASE("null");
	CHECK_STATUS(CELLA_USAGE, write_with(NULL, &err));
	{
		struct cella_token_options options;

		issuer_token_options(&issuer, &options);
		CHECK_STATUS(CELLA_USAGE,
			     cella_token_write(NULL, &options, &token, &err));
	}
	assert_null(token);
}

/* --- header -------------------------------------------------------------------------- */

static void headers_say_algorithm_type_and_key(void **state)
{
	const struct key_pair *const pairs[] = { &issuer.verifier, &issuer.owner };
	static const char *const algs[] = { "ES256", "ES384" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct cella_token_options options;
		struct cella_token_expectations e;
		json_t *header;
		char *token;

		CASE(algs[i]);
		issuer_token_options(&issuer, &options);
		options.signer = &pairs[i]->signer;
		token = issuer_write(issuer.verdict, &options);
		header = token_part(token, 0);
		CHECK_INT(3, json_object_size(header));
		CHECK_TEXT(algs[i], json_string_value(json_object_get(header, "alg")));
		CHECK_TEXT("cella-result+jwt",
			   json_string_value(json_object_get(header, "typ")));
		CHECK_TEXT(cella_keys_thumbprint(pairs[i]->keys, 0),
			   json_string_value(json_object_get(header, "kid")));
		issuer_expectations(&issuer, &e);
		e.keys = pairs[i]->keys;
		CHECK_TOKEN(NULL, token, &e);
		json_decref(header);
		free(token);
	}
}

/* --- lifetime ------------------------------------------------------------------------ */

enum { NO_GRACE = -1 };

/* Seconds from the time of the verdict; the TCB information expires first. */
static const struct {
	const char *name;
	int64_t lifetime, collateral_to, grace, policy_grace, expires;
} lifetimes[] = {
	{ "five minutes, unless told", 0, 86400, 0, NO_GRACE, 300 },
	{ "as told", 60, 86400, 0, NO_GRACE, 60 },
	{ "the longest", CELLA_TOKEN_LIFETIME_MAX_S, 864000, 0, NO_GRACE, 86400 },
	{ "no longer than collateral", 3600, 1000, 0, NO_GRACE, 1000 },
	{ "as long as collateral", 1000, 1000, 0, NO_GRACE, 1000 },
	{ "grace of the options counts", 3600, 1000, 600, NO_GRACE, 1600 },
	{ "collateral in its grace", 3600, -100, 600, NO_GRACE, 500 },
	{ "grace of a policy counts", 3600, 1000, 0, 600, 1600 },
	{ "collateral in a policy's grace", 3600, -100, 0, 600, 500 },
	{ "a policy without grace", 3600, 1000, 600, 0, 1000 },
	{ "grace of three weeks", 0, -1000, 1814400, NO_GRACE, 300 },
};

/* The platform's element names a grace, or leaves it to the options. */
static struct cella_policy *policy_with_grace(int64_t grace)
{
	struct cella_policy *policy;
	struct out text = { 0 };

	out_text(
		&text,
		"{\"policy_array\":[{\"environment\":{\"class_id\":"
		"\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\"},\"reference\":{"
		"\"tdx_attributes\":\"0000000010000000\"}},"
		"{\"environment\":{\"class_id\":\"f708b97f-0fb2-4e6b-8b03-8a5bcd1221d3\"},"
		"\"reference\":{\"accepted_tcb_status\":[\"UpToDate\"]");
	if (grace != NO_GRACE)
		out_format(&text, ",\"collateral_grace_period\":%lld", (long long)grace);
	out_format(&text, "}}]}%c", 0);
	policy = issuer_policy(&issuer, (const char *)text.data);
	out_done(&text);
	return policy;
}

static void tokens_do_not_outlive_what_they_rest_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lifetimes); i++) {
		struct cella_policy *policy = NULL;
		struct sim_collateral_spec spec;
		struct cella_verify_options options;
		struct cella_token_options token_options;
		struct cella_token_expectations e;
		struct cella_collateral *collateral;
		struct cella_verdict *verdict;
		char *token;

		CASE(lifetimes[i].name);
		sim_collateral_spec_init(&spec, SIM_TDX, ISSUER_TIME);
		spec.dates[SIM_TCB_INFO].from = ISSUER_TIME - 86400;
		spec.dates[SIM_TCB_INFO].to = ISSUER_TIME + lifetimes[i].collateral_to;
		collateral = issuer_collateral(&issuer, &spec);
		issuer_options(&issuer, &options);
		options.grace_s = lifetimes[i].grace;
		policy = policy_with_grace(lifetimes[i].policy_grace);
		options.policies = &policy;
		verdict = issuer_judge(issuer.evidence, collateral, &options);
		CHECK_INT(CELLA_ACCEPTED, cella_verdict_result(verdict));
		issuer_token_options(&issuer, &token_options);
		token_options.lifetime_s = lifetimes[i].lifetime;
		token = issuer_write(verdict, &token_options);
		CHECK_INT(ISSUER_TIME, claim_number(token, "iat"));
		CHECK_INT(ISSUER_TIME, claim_number(token, "nbf"));
		CHECK_INT(lifetimes[i].expires, claim_number(token, "exp") - ISSUER_TIME);
		issuer_expectations(&issuer, &e);
		CHECK_TOKEN(NULL, token, &e);
		e.time = ISSUER_TIME + lifetimes[i].expires;
		CHECK_TOKEN("token.time", token, &e);
		free(token);
		cella_verdict_free(verdict);
		cella_collateral_unref(collateral);
		cella_policy_unref(policy);
	}
}

/* --- binding ------------------------------------------------------------------------- */

/* A JWK or PEM of another key than the one that the report data binds. */
static void only_bound_things_are_told(void **state)
{
	uint8_t nonce[32];
	uint8_t hash[SHA512_LEN];
	struct cella_error err = { 0 };
	const struct {
		const char *name;
		struct cella_bytes nonce, data, key;
		enum cella_status status;
	} rows[] = {
		{ "nonce and key", bytes_of(issuer.nonce, 32), bytes_of(NULL, 0),
		  out_view(&issuer.holder.pem), CELLA_OK },
		{ "nonce and the key's hash", bytes_of(issuer.nonce, 32),
		  bytes_of(hash, sizeof hash), bytes_of(NULL, 0), CELLA_OK },
		{ "nothing", bytes_of(NULL, 0), bytes_of(NULL, 0), bytes_of(NULL, 0),
		  CELLA_OK },
		{ "nonce_swapped", bytes_of(nonce, 32), bytes_of(NULL, 0),
		  out_view(&issuer.holder.pem), CELLA_USAGE },
		{ "nonce alone", bytes_of(issuer.nonce, 32), bytes_of(NULL, 0),
		  bytes_of(NULL, 0), CELLA_USAGE },
		{ "key alone", bytes_of(NULL, 0), bytes_of(NULL, 0),
		  out_view(&issuer.holder.pem), CELLA_USAGE },
		{ "key_swapped", bytes_of(issuer.nonce, 32), bytes_of(NULL, 0),
		  out_view(&issuer.verifier.pem), CELLA_USAGE },
		{ "hash of another length", bytes_of(issuer.nonce, 32),
		  bytes_of(hash, 32), bytes_of(NULL, 0), CELLA_USAGE },
	};

	(void)state;
	memset(nonce, 0x5a, sizeof nonce);
	CHECK_OK(cella_sha512(issuer.holder.pem.data, issuer.holder.pem.len, hash, &err));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_token_options options;

		CASE(rows[i].name);
		issuer_token_options(&issuer, &options);
		options.nonce = rows[i].nonce;
		options.data_sha512 = rows[i].data;
		options.key_document = rows[i].key;
		CHECK_STATUS(rows[i].status, write_with(&options, &err));
	}
}

/* The report data may be as told: unless somebody asked, nobody knows what it is for. */
static void nobody_asked_nobody_tells(void **state)
{
	struct cella_verify_options options;
	struct cella_token_options token_options;
	struct cella_verdict *verdict;
	struct cella_error err = { 0 };
	char *token = NULL;

	(void)state;
	CASE("fresh: not asked");
	issuer_options(&issuer, &options);
	options.report_data_expect = CELLA_EXPECT_ANY;
	verdict = issuer_judge(issuer.evidence, issuer.collateral, &options);
	issuer_token_options(&issuer, &token_options);
	CHECK_STATUS(CELLA_USAGE,
		     cella_token_write(verdict, &token_options, &token, &err));
	CHECK_TEXT_HAS(err.text, "does not bind");
	cella_verdict_free(verdict);
}

static void claims_follow_what_is_bound(void **state)
{
	struct cella_token_options options;
	json_t *payload = token_part(issuer.token, 1);
	const json_t *jwk = json_object_get(json_object_get(payload, "cnf"), "jwk");
	char nonce[65];
	char *token;

	(void)state;
	CASE("bound");
	memset(nonce, 0, sizeof nonce);
	hex_format(bytes_of(issuer.nonce, 32), nonce);
	CHECK_TEXT(nonce, json_string_value(json_object_get(payload, "eat_nonce")));
	CHECK_TEXT("EC", json_string_value(json_object_get(jwk, "kty")));
	CHECK_TEXT("P-256", json_string_value(json_object_get(jwk, "crv")));
	assert_null(json_object_get(jwk, "d"));
	json_decref(payload);

	CASE("nothing bound");
	issuer_token_options(&issuer, &options);
	options.nonce.len = 0;
	options.key_document.len = 0;
	token = issuer_write(issuer.verdict, &options);
	payload = token_part(token, 1);
	assert_null(json_object_get(payload, "eat_nonce"));
	assert_null(json_object_get(payload, "cnf"));
	CHECK_INT(0, json_object_size(json_object_get(payload, "reasons")));
	json_decref(payload);
	free(token);
}

/* cnf names the very key, not one that the document mentions, too. */
static void the_confirmed_key_is_the_holders(void **state)
{
	json_t *const payload = token_part(issuer.token, 1);
	char *const jwk = json_dumps(
		json_object_get(json_object_get(payload, "cnf"), "jwk"), JSON_COMPACT);
	struct cella_keys *keys = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CASE("thumbprint");
	CHECK_OK(cella_keys_new(&keys, &err));
	CHECK_OK(cella_keys_add(keys, jwk, strlen(jwk), &err));
	CHECK_TEXT(cella_keys_thumbprint(issuer.holder.keys, 0),
		   cella_keys_thumbprint(keys, 0));
	cella_keys_free(keys);
	free(jwk);
	json_decref(payload);
}

/* --- signers ------------------------------------------------------------------------- */

static enum cella_status sign_zeros(void *context, const void *message, size_t len,
				    uint8_t *signature, struct cella_error *err)
{
	(void)context;
	(void)message;
	(void)len;
	(void)err;
	memset(signature, 0, 64);
	return CELLA_OK;
}

static enum cella_status sign_not(void *context, const void *message, size_t len,
				  uint8_t *signature, struct cella_error *err)
{
	(void)context;
	(void)message;
	(void)len;
	(void)signature;
	err->status = CELLA_IO;
	snprintf(err->text, sizeof err->text, "the module is asleep");
	return CELLA_IO;
}

static enum cella_status sign_silently_not(void *context, const void *message, size_t len,
					   uint8_t *signature, struct cella_error *err)
{
	(void)context;
	(void)message;
	(void)len;
	(void)signature;
	(void)err;
	return CELLA_IO;
}

static void signers_that_fail_or_lie(void **state)
{
	struct cella_signer signer = issuer.verifier.signer;
	struct cella_token_options options;
	struct cella_error err = { 0 };

	(void)state;
	issuer_token_options(&issuer, &options);
	options.signer = &signer;
	CASE("lies");
	signer.sign = sign_zeros;
	CHECK_STATUS(CELLA_INTERNAL, write_with(&options, &err));
	CHECK_TEXT_HAS(err.text, "does not verify with its key");
	CASE("signs with another key");
	signer = issuer.verifier.signer;
	memcpy(signer.public_key, issuer.holder.signer.public_key, 64);
	CHECK_STATUS(CELLA_INTERNAL, write_with(&options, &err));
	CASE("fails");
	signer = issuer.verifier.signer;
	signer.sign = sign_not;
	CHECK_STATUS(CELLA_IO, write_with(&options, &err));
	CHECK_TEXT_HAS(err.text, "the module is asleep");
	CASE("fails without a word");
	signer.sign = sign_silently_not;
	err = (struct cella_error){ 0 };
	CHECK_TRUE(write_with(&options, &err) != CELLA_OK);
	CHECK_TEXT_HAS(err.text, "signer");
	CASE("another curve than its algorithm's");
	signer = issuer.owner.signer;
	signer.alg = CELLA_ALG_ES256;
	CHECK_TRUE(write_with(&options, &err) != CELLA_OK);
	CASE("no algorithm");
	signer = issuer.verifier.signer;
	signer.alg = CELLA_ALG_NONE;
	CHECK_STATUS(CELLA_USAGE, write_with(&options, &err));
	CASE("no point on the curve");
	signer = issuer.verifier.signer;
	memset(signer.public_key, 0x11, 64);
	CHECK_STATUS(CELLA_MALFORMED, write_with(&options, &err));
	CASE("size");
	signer = issuer.verifier.signer;
	signer.size = 0;
	CHECK_STATUS(CELLA_USAGE, write_with(&options, &err));
}

/* --- far away ------------------------------------------------------------------------ */

static void the_end_of_time_is_an_error(void **state)
{
	struct cella_verify_options options;
	struct cella_token_options token_options;
	struct cella_verdict *verdict;
	struct cella_error err = { 0 };
	char *token = NULL;

	(void)state;
	issuer_options(&issuer, &options);
	issuer_token_options(&issuer, &token_options);
	CASE("time");
	options.time = INT64_MAX;
	verdict = issuer_judge(issuer.evidence, issuer.collateral, &options);
	CHECK_STATUS(CELLA_LIMIT,
		     cella_token_write(verdict, &token_options, &token, &err));
	cella_verdict_free(verdict);
	CASE("grace");
	options.time = ISSUER_TIME;
	options.grace_s = INT64_MAX;
	verdict = issuer_judge(issuer.evidence, issuer.collateral, &options);
	CHECK_OK(cella_token_write(verdict, &token_options, &token, &err));
	CHECK_INT(ISSUER_TIME + 300, claim_number(token, "exp"));
	cella_free(token);
	cella_verdict_free(verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_required_must_be_given),
		cmocka_unit_test(headers_say_algorithm_type_and_key),
		cmocka_unit_test(tokens_do_not_outlive_what_they_rest_on),
		cmocka_unit_test(only_bound_things_are_told),
		cmocka_unit_test(nobody_asked_nobody_tells),
		cmocka_unit_test(claims_follow_what_is_bound),
		cmocka_unit_test(the_confirmed_key_is_the_holders),
		cmocka_unit_test(signers_that_fail_or_lie),
		cmocka_unit_test(the_end_of_time_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_issuer, free_issuer);
}
