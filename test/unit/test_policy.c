/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies as documents: what is read, what is refused and in which words, who signed.
 */
#include "judged.h"

#include "base/encode.h"
#include "jose/jws.h"

#include <stdio.h>

static const char td_policy[] =
	"{\"policy_array\":[{\"environment\":{\"class_id\":"
	"\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\",\"description\":\"mine\"},"
	"\"reference\":{\"tdx_attributes\":\"0000000010000000\"}}]}";

static enum cella_status parse_from(enum cella_policy_source source, const char *text,
				    size_t len, const struct cella_keys *owners,
				    struct cella_policy **out, struct cella_error *err)
{
	const struct cella_policy_options options = { .size = sizeof options,
						      .source = source,
						      .owners = owners };

	return cella_policy_parse(text, len, &options, out, err);
}

static enum cella_status parse(const char *text, struct cella_policy **out,
			       struct cella_error *err)
{
	return parse_from(CELLA_POLICY_LOCAL, text, strlen(text), NULL, out, err);
}

/* --- what is read ------------------------------------------------------------------------- */

static void a_policy_tells_what_it_is(void **state)
{
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };
	uint8_t digest[SHA256_LEN];

	(void)state;
	CHECK_OK(parse(td_policy, &policy, &err));
	CHECK_OK(crypto_sha256(bytes_from(td_policy), digest, &err));
	CHECK_BYTES(digest, SHA256_LEN, cella_policy_digest(policy));
	CHECK_BYTES(td_policy, strlen(td_policy), cella_policy_text(policy));
	assert_int_equal(CELLA_POLICY_UNSIGNED, cella_policy_standing(policy));
	assert_int_equal(CELLA_POLICY_LOCAL, cella_policy_source(policy));
	assert_null(cella_policy_owner(policy));
	assert_int_equal(1, cella_policy_num_elements(policy));
	assert_string_equal("45b734fc-aa4e-4c3d-ad28-e43d08880e68",
			    cella_policy_class_id(policy, 0));
	assert_string_equal("mine", cella_policy_description(policy, 0));
	assert_null(cella_policy_class_id(policy, 1));
	assert_null(cella_policy_description(policy, 1));
	assert_ptr_equal(policy, cella_policy_ref(policy));
	cella_policy_unref(policy);
	cella_policy_unref(policy);
	cella_policy_unref(NULL);
}

static void every_class_is_known_in_any_case(void **state)
{
	(void)state;
	for (int class = 0; class < CLASS_COUNT; class ++) {
		char *const text = element_text((enum policy_class_id) class, "{}");
		struct cella_policy *policy = NULL;
		struct cella_error err = { 0 };

		for (char *c = strstr(text, "class_id") + 8; *c != '}'; c++)
			if (*c >= 'a' && *c <= 'f')
				*c = (char)(*c - 'a' + 'A');
		CHECK_OK(parse(text, &policy, &err));
		assert_string_equal(policy_classes[class].uuid,
				    cella_policy_class_id(policy, 0));
		cella_policy_unref(policy);
		free(text);
	}
}

static void comments_count_as_blanks(void **state)
{
	static const char text[] =
		"// mine\n{\"policy_array\":[/**/{\"environment\":{\"class_id\":"
		"\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\",\"description\":\"//no\\\"/*\"},"
		"\"reference\":{/* a * / ** b\n*/\"tdx_attributes\":"
		"\"0000000010000000\"//end\n}}]}//";
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(parse(text, &policy, &err));
	assert_true(policy->has_comments);
	assert_string_equal("//no\"/*", cella_policy_description(policy, 0));
	assert_int_equal(1, policy->elements[0].num_conditions);
	CHECK_BYTES(text, strlen(text), cella_policy_text(policy));
	cella_policy_unref(policy);

	CHECK_STATUS(CELLA_MALFORMED, parse("{} /* never ends *", &policy, &err));
	assert_int_equal(3, err.offset);
	CHECK_STATUS(CELLA_MALFORMED, parse("/", &policy, &err));
}

/* --- what is refused ----------------------------------------------------------------------- */

struct refusal {
	enum policy_class_id class;
	const char *reference;
	enum cella_status status;
	const char *says;
};

#define TD15 CLASS_TD_15
#define PLAT CLASS_TDX_PLATFORM_15

static const struct refusal references[] = {
	{ TD15, "[]", CELLA_MALFORMED, "reference: expected an object, found an array" },
	{ TD15, "{\"tdx_mrtd\":\"0A\"}", CELLA_MALFORMED,
	  "policy_array[0] (guest TD 1.5): tdx_mrtd: needs 96 hexadecimal digits, has 2" },
	{ TD15, "{\"tdx_mrtd\":5}", CELLA_MALFORMED,
	  "tdx_mrtd: expected hexadecimal text, found an integer" },
	{ TD15, "{\"tdx_attributes\":\"000000001000000G\"}", CELLA_MALFORMED,
	  "tdx_attributes: character 16 is not a hexadecimal digit" },
	{ TD15, "{\"tdx_attributes\":\"0x00000010000000\"}", CELLA_MALFORMED,
	  "tdx_attributes: character 2" },
	{ TD15, "{\"tdx_attributes\":[\"0000000010000000\",1]}", CELLA_MALFORMED,
	  "tdx_attributes: expected hexadecimal text, found an integer" },
	{ TD15, "{\"tdx_attributes\":\"0000000010000000\",\"tdx_attributes_mask\":\"\"}",
	  CELLA_MALFORMED, "tdx_attributes_mask: needs 16 hexadecimal digits, has 0" },
	{ TD15,
	  "{\"tdx_attributes\":\"0000000010000000\",\"tdx_attributes_mask\":\"FFFF\"}",
	  CELLA_MALFORMED, "tdx_attributes_mask: needs 16 hexadecimal digits, has 4" },
	{ TD15,
	  "{\"tdx_attributes\":\"0000000010000000\","
	  "\"tdx_attributes_mask\":\"FFFFFFFFFFFFFFFFFF\"}",
	  CELLA_MALFORMED, "tdx_attributes_mask: needs 16 hexadecimal digits, has 18" },
	{ TD15,
	  "{\"tdx_attributes\":\"0000000010000000\",\"tdx_attributes_mask\":[\"FFFF\"]}",
	  CELLA_MALFORMED, "tdx_attributes_mask: expected hexadecimal text" },
	{ TD15, "{\"tdx_xfam_mask\":\"FFFFFFFFFFFFFFFF\"}", CELLA_MALFORMED,
	  "tdx_xfam_mask: has no tdx_xfam beside it" },
	{ CLASS_SGX_ENCLAVE, "{\"sgx_isvsvn_min\":\"2\"}", CELLA_MALFORMED,
	  "sgx_isvsvn_min: expected an integer, found text" },
	{ CLASS_SGX_ENCLAVE, "{\"sgx_isvprodid\":-1}", CELLA_MALFORMED,
	  "sgx_isvprodid: expected a positive integer" },
	{ CLASS_SGX_ENCLAVE, "{\"sgx_isvprodid\":1.0}", CELLA_MALFORMED,
	  "sgx_isvprodid: expected a positive integer, found a real number" },
	{ PLAT, "{\"collateral_grace_period\":\"90\"}", CELLA_MALFORMED,
	  "policy_array[0] (TDX platform 1.5): collateral_grace_period: expected an "
	  "integer, found text" },
	{ PLAT, "{\"collateral_grace_period\":-1}", CELLA_MALFORMED,
	  "collateral_grace_period: -1 is not in" },
	{ PLAT, "{\"collateral_grace_period\":4294967296}", CELLA_MALFORMED,
	  "collateral_grace_period: 4294967296 is not in" },
	{ PLAT, "{\"min_eval_num\":1.5}", CELLA_MALFORMED,
	  "min_eval_num: expected an integer, found a real number" },
	{ PLAT, "{\"min_tcb_level_date\":\"2024-01-01T00:00:00+00:00\"}", CELLA_MALFORMED,
	  "min_tcb_level_date" },
	{ PLAT, "{\"accepted_tcb_status\":7}", CELLA_MALFORMED,
	  "accepted_tcb_status: expected text, found an integer" },
	{ PLAT, "{\"accepted_tcb_status\":[\"UpToDate\",null]}", CELLA_MALFORMED,
	  "accepted_tcb_status: expected text, found null" },
	{ PLAT, "{\"allow_smt_enabled\":\"false\"}", CELLA_MALFORMED,
	  "allow_smt_enabled: expected a boolean, found text" },
	{ PLAT, "{\"collateral_grace_period\":0,\"min_eval_num\":1}", CELLA_MALFORMED,
	  "collateral_grace_period: excludes min_eval_num" },
	{ PLAT,
	  "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"],"
	  "\"platform_grace_period\":1,\"min_eval_num\":1}",
	  CELLA_MALFORMED, "platform_grace_period: excludes min_eval_num" },
	{ PLAT,
	  "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"],"
	  "\"platform_grace_period\":1,\"collateral_grace_period\":1}",
	  CELLA_MALFORMED, "needs collateral_grace_period to be 0" },
	{ PLAT, "{\"accepted_tcb_status\":[\"UpToDate\"],\"platform_grace_period\":1}",
	  CELLA_MALFORMED, "needs UpToDate and OutOfDate in accepted_tcb_status" },
	{ PLAT, "{\"platform_grace_period\":1}", CELLA_MALFORMED,
	  "needs UpToDate and OutOfDate in accepted_tcb_status" },
	{ PLAT, "{\"min_eval_num\":1,\"min_eval_num\":2}", CELLA_MALFORMED, "duplicate" },
};

static void broken_references_are_refused_by_element_and_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(references); i++) {
		char *const text =
			element_text(references[i].class, references[i].reference);
		struct cella_policy *policy = NULL;
		struct cella_error err = { 0 };

		CHECK_STATUS(references[i].status, parse(text, &policy, &err));
		CHECK_TEXT_HAS(err.text, references[i].says);
		assert_null(policy);
		free(text);
	}
}

static void broken_documents_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum cella_status status;
		const char *says;
	} rows[] = {
		{ "", CELLA_MALFORMED, "the document is empty" },
		{ " \n", CELLA_MALFORMED, "the document is empty" },
		{ "{", CELLA_MALFORMED, "policy: line 1" },
		{ "[]", CELLA_MALFORMED, "three parts" },
		{ "{}", CELLA_MALFORMED, "policy_array: is missing" },
		{ "{\"policy_array\":{}}", CELLA_MALFORMED,
		  "policy_array: expected an array, found an object" },
		{ "{\"policy_array\":[]}", CELLA_MALFORMED, "policy_array: is empty" },
		{ "{\"policy_array\":[1]}", CELLA_MALFORMED,
		  "policy_array[0]: expected an object" },
		{ "{\"policy_array\":[{\"reference\":{}}]}", CELLA_MALFORMED,
		  "policy_array[0]: environment: is missing" },
		{ "{\"policy_array\":[{\"environment\":{},\"reference\":{}}]}",
		  CELLA_MALFORMED, "policy_array[0].environment: class_id: is missing" },
		{ "{\"policy_array\":[{\"environment\":{\"class_id\":\"x\"},"
		  "\"reference\":{}}]}",
		  CELLA_UNSUPPORTED, "\"x\" is none of the seven classes" },
		{ "{\"policy_array\":[{\"environment\":{\"class_id\":"
		  "\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\",\"description\":5},"
		  "\"reference\":{}}]}",
		  CELLA_MALFORMED, "description: expected text, found an integer" },
		{ "{\"policy_array\":[],\"policy_array\":[]}", CELLA_MALFORMED,
		  "duplicate" },
		{ "{} // \xff", CELLA_MALFORMED, "is not UTF-8 text (offset 6)" },
		{ "{} // \xc0\x80", CELLA_MALFORMED, "is not UTF-8 text" },
		{ "{} // \xed\xa0\x80", CELLA_MALFORMED, "is not UTF-8 text" },
		{ "{} // \xf4\x90\x80\x80", CELLA_MALFORMED, "is not UTF-8 text" },
		{ "{} // \xe3\x81", CELLA_MALFORMED, "is not UTF-8 text" },
		{ "a.b", CELLA_MALFORMED, "three parts" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_policy *policy = NULL;
		struct cella_error err = { 0 };

		CHECK_STATUS(rows[i].status, parse(rows[i].text, &policy, &err));
		CHECK_TEXT_HAS(err.text, rows[i].says);
	}
}

static void options_must_say_everything(void **state)
{
	struct cella_policy_options options = { .size = sizeof options };
	struct cella_policy *policy = NULL;
	struct cella_keys *none = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_USAGE, cella_policy_parse(td_policy, strlen(td_policy),
						     &options, &policy, &err));
	CHECK_TEXT_HAS(err.text, "source");
	options = (struct cella_policy_options){ .source = CELLA_POLICY_LOCAL };
	CHECK_STATUS(CELLA_USAGE, cella_policy_parse(td_policy, strlen(td_policy),
						     &options, &policy, &err));
	CHECK_STATUS(CELLA_USAGE, cella_policy_parse(td_policy, strlen(td_policy), NULL,
						     &policy, &err));
	CHECK_OK(cella_keys_new(&none, &err));
	CHECK_STATUS(CELLA_USAGE, parse_from(CELLA_POLICY_LOCAL, td_policy,
					     strlen(td_policy), none, &policy, &err));
	CHECK_TEXT_HAS(err.text, "empty");
	cella_keys_free(none);
}

/* --- hostile sizes ---------------------------------------------------------------------------- */

static void repeat(struct out *out, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		out_format(out, "%s%s", i > 0 ? "," : "", text);
}

static void check_limit(const char *before, const char *text, size_t times,
			const char *after, enum cella_status expected)
{
	struct out out CLEANUP(out_done) = { 0 };
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };

	out_text(&out, before);
	repeat(&out, text, times);
	out_text(&out, after);
	CHECK_STATUS(expected, parse_from(CELLA_POLICY_LOCAL, (const char *)out.data,
					  out.len, NULL, &policy, &err));
	cella_policy_unref(policy);
}

#define ELEMENT \
	"{\"environment\":{\"class_id\":\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\"}," \
	"\"reference\":{}}"
#define BEFORE \
	"{\"policy_array\":[{\"environment\":{\"class_id\":" \
	"\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\"},\"reference\":{"

static void counts_are_limited(void **state)
{
	(void)state;
	check_limit("{\"policy_array\":[", ELEMENT, POLICY_MAX_ELEMENTS, "]}", CELLA_OK);
	check_limit("{\"policy_array\":[", ELEMENT, POLICY_MAX_ELEMENTS + 1, "]}",
		    CELLA_LIMIT);
	check_limit(BEFORE "\"tdx_attributes\":[", "\"0000000010000000\"",
		    POLICY_MAX_VALUES, "]}}]}", CELLA_OK);
	check_limit(BEFORE "\"tdx_attributes\":[", "\"0000000010000000\"",
		    POLICY_MAX_VALUES + 1, "]}}]}", CELLA_LIMIT);
}

static void keys_of_an_element_are_limited_comments_are_not(void **state)
{
	static const struct {
		const char *prefix;
		size_t num;
		enum cella_status expected;
	} rows[] = {
		{ "k", POLICY_MAX_KEYS, CELLA_OK },
		{ "k", POLICY_MAX_KEYS + 1, CELLA_LIMIT },
		{ "#k", 4 * POLICY_MAX_KEYS, CELLA_OK },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct out out CLEANUP(out_done) = { 0 };
		struct cella_policy *policy = NULL;
		struct cella_error err = { 0 };

		out_text(&out, BEFORE);
		for (size_t k = 0; k < rows[i].num; k++)
			out_format(&out, "%s\"%s%zu\":0", k > 0 ? "," : "",
				   rows[i].prefix, k);
		out_text(&out, "}}]}");
		CHECK_STATUS(rows[i].expected,
			     parse_from(CELLA_POLICY_LOCAL, (const char *)out.data,
					out.len, NULL, &policy, &err));
		cella_policy_unref(policy);
	}
}

static void deep_and_long_documents_are_refused(void **state)
{
	char *const text = malloc(CELLA_POLICY_MAX + 1);
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };

	(void)state;
	assert_non_null(text);
	memset(text, '[', CELLA_POLICY_MAX + 1);
	memcpy(text, "{\"a\":", 5);
	CHECK_STATUS(CELLA_LIMIT, parse_from(CELLA_POLICY_LOCAL, text, CELLA_POLICY_MAX,
					     NULL, &policy, &err));
	CHECK_TEXT_HAS(err.text, "nested deeper");
	CHECK_STATUS(CELLA_LIMIT, parse_from(CELLA_POLICY_LOCAL, text,
					     CELLA_POLICY_MAX + 1, NULL, &policy, &err));
	free(text);
}

static void a_verdict_takes_a_bounded_number_of_policies(void **state)
{
	struct cella_policy *policies[CELLA_POLICIES_MAX + 1];
	struct judged j;
	struct cella_error err = { 0 };

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	CHECK_OK(parse(td_policy, &policies[0], &err));
	for (size_t i = 0; i < ARRAY_LEN(policies); i++)
		policies[i] = policies[0];
	j.options.policies = policies;
	j.options.num_policies = ARRAY_LEN(policies);
	CHECK_STATUS(CELLA_LIMIT, appraise(j.v, &j.options, &err));
	j.options.num_policies = 0;
	judged_done(&j);
	cella_policy_unref(policies[0]);
}

/* The fullest that fits does not overflow a verdict's checks. */
static void the_fullest_policies_fit_into_a_verdict(void **state)
{
	static const enum policy_class_id classes[] = { CLASS_TD_15,
							CLASS_TDX_PLATFORM_15,
							CLASS_TDQE };
	struct out out CLEANUP(out_done) = { 0 };
	struct judged j;

	(void)state;
	out_text(&out, "{\"policy_array\":[");
	for (size_t c = 0; c < ARRAY_LEN(classes); c++) {
		out_format(&out, "%s{\"environment\":{\"class_id\":\"%s\"},",
			   c > 0 ? "," : "", policy_classes[classes[c]].uuid);
		out_text(&out, "\"reference\":{");
		for (size_t k = 0; k < POLICY_MAX_KEYS; k++)
			out_format(&out, "%s\"k%zu\":0", k > 0 ? "," : "", k);
		out_text(&out, "}}");
	}
	out_text(&out, "]}");
	out_u8(&out, 0);
	judged_new(&j, JUDGED_TD_15);
	for (size_t i = 0; i < CELLA_POLICIES_MAX; i++)
		judged_add(&j, (const char *)out.data, NULL);
	judged_run(&j);
	assert_int_equal(CELLA_REJECTED, j.v->result);
	judged_done(&j);
}

/* --- signing --------------------------------------------------------------------------------- */

struct owner {
	struct private_key *key;
	struct cella_signer signer;
	struct cella_keys *keys;
};

static void owner_new(struct owner *owner)
{
	struct out pem CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	CHECK_OK(private_key_generate(CRYPTO_P384, &owner->key, &err));
	private_key_signer(owner->key, &owner->signer);
	CHECK_OK(private_key_public_pem(owner->key, &pem, &err));
	CHECK_OK(cella_keys_new(&owner->keys, &err));
	CHECK_OK(cella_keys_add(owner->keys, pem.data, pem.len, &err));
}

static void owner_done(struct owner *owner)
{
	cella_keys_free(owner->keys);
	private_key_free(owner->key);
}

static char *sign(const struct owner *owner, const char *text)
{
	struct cella_error err = { 0 };
	char *jwt = NULL;

	CHECK_OK(cella_policy_sign(text, strlen(text), &owner->signer, &jwt, &err));
	return jwt;
}

static json_t *decode_part(const char **jwt)
{
	const size_t len = strcspn(*jwt, ".");
	struct out part CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	json_t *json = NULL;

	CHECK_OK(base64url_append(bytes_of(*jwt, len), &part, "part", &err));
	CHECK_OK(json_parse(out_view(&part), "part", &json, &err));
	*jwt += len + 1;
	return json;
}

static void a_signed_policy_has_intels_form(void **state)
{
	static const char *const members[] = { "alg", "kty", "x", "y", "crv" };
	struct owner owner;
	struct cella_error err = { 0 };
	const char *rest;
	const char *jwk_text;
	json_t *header, *payload, *jwk = NULL;
	char *jwt;

	(void)state;
	owner_new(&owner);
	jwt = sign(&owner, td_policy);
	rest = jwt;
	header = decode_part(&rest);
	payload = decode_part(&rest);
	assert_int_equal(3, json_object_size(header));
	assert_string_equal("JWT", json_string_value(json_object_get(header, "typ")));
	assert_string_equal("ES384", json_string_value(json_object_get(header, "alg")));
	jwk_text = json_string_value(json_object_get(header, "jwk"));
	assert_non_null(jwk_text);
	CHECK_OK(json_parse(bytes_of(jwk_text, strlen(jwk_text)), "jwk", &jwk, &err));
	assert_int_equal(ARRAY_LEN(members), json_object_size(jwk));
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		assert_true(json_is_string(json_object_get(jwk, members[i])));
	assert_int_equal(64, json_string_length(json_object_get(jwk, "x")));
	assert_int_equal(1, json_object_size(payload));
	assert_string_equal(
		td_policy, json_string_value(json_object_get(payload, "policy_payload")));
	assert_int_equal(128, strlen(rest));
	json_decref(header);
	json_decref(payload);
	json_decref(jwk);
	free(jwt);
	owner_done(&owner);
}

/* Whatever stands in the text stands in it again after signing: comments, blanks, order. */
static void signing_keeps_the_text(void **state)
{
	static const char text[] =
		"\t{ \"policy_array\" : [ /* \xe6\x97\xa5\xe6\x9c\xac */ " ELEMENT
		" ], \"\\u0031\\/\": null }\r\n";
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };
	struct owner owner;
	char *jwt;

	(void)state;
	owner_new(&owner);
	jwt = sign(&owner, text);
	CHECK_OK(parse(jwt, &policy, &err));
	CHECK_BYTES(text, strlen(text), cella_policy_text(policy));
	cella_policy_unref(policy);
	free(jwt);
	owner_done(&owner);
}

static void what_cannot_be_read_back_is_not_signed(void **state)
{
	struct private_key *small = NULL;
	struct cella_signer signer;
	struct cella_error err = { 0 };
	struct owner owner;
	char *jwt = NULL;
	char *twice = NULL;

	(void)state;
	owner_new(&owner);
	CHECK_STATUS(CELLA_MALFORMED,
		     cella_policy_sign("{}", 2, &owner.signer, &jwt, &err));
	jwt = sign(&owner, td_policy);
	CHECK_STATUS(CELLA_MALFORMED,
		     cella_policy_sign(jwt, strlen(jwt), &owner.signer, &twice, &err));
	CHECK_TEXT_HAS(err.text, "signed already");
	CHECK_OK(private_key_generate(CRYPTO_P256, &small, &err));
	private_key_signer(small, &signer);
	CHECK_STATUS(CELLA_USAGE, cella_policy_sign(td_policy, strlen(td_policy), &signer,
						    &twice, &err));
	CHECK_TEXT_HAS(err.text, "ES384");
	assert_null(twice);
	private_key_free(small);
	free(jwt);
	owner_done(&owner);
}

/* --- standing ---------------------------------------------------------------------------------- */

/* The token with its signature's first character changed: still base64url. */
static char *spoil(const char *jwt)
{
	char *const copy = strdup(jwt);
	char *const signature = strrchr(copy, '.') + 1;

	*signature = *signature == 'A' ? 'B' : 'A';
	return copy;
}

struct standing_row {
	const char *name;
	enum cella_policy_source source;
	enum { PLAIN, SIGNED, SPOILT } form;
	enum { NOBODY, OWNER, STRANGER } pinned;
	enum cella_policy_standing standing;
	enum cella_answer mine;
	const char *check; /* that did not pass, or NULL */
};

static const struct standing_row standing_rows[] = {
	{ "plain", CELLA_POLICY_LOCAL, PLAIN, NOBODY, CELLA_POLICY_UNSIGNED,
	  CELLA_ANSWER_YES, NULL },
	{ "self-signed", CELLA_POLICY_LOCAL, SIGNED, NOBODY, CELLA_POLICY_SELF_SIGNED,
	  CELLA_ANSWER_YES, NULL },
	{ "pinned", CELLA_POLICY_LOCAL, SIGNED, OWNER, CELLA_POLICY_OWNER_PINNED,
	  CELLA_ANSWER_YES, NULL },
	{ "plain_although_owners_are_pinned", CELLA_POLICY_LOCAL, PLAIN, OWNER,
	  CELLA_POLICY_UNSIGNED, CELLA_ANSWER_NO, "policy.owner" },
	{ "owner_swapped", CELLA_POLICY_LOCAL, SIGNED, STRANGER,
	  CELLA_POLICY_FOREIGN_OWNER, CELLA_ANSWER_NO, "policy.owner" },
	{ "signature_changed", CELLA_POLICY_LOCAL, SPOILT, NOBODY,
	  CELLA_POLICY_BAD_SIGNATURE, CELLA_ANSWER_NO, "policy.signature" },
	{ "signature_changed_of_a_pinned_owner", CELLA_POLICY_LOCAL, SPOILT, OWNER,
	  CELLA_POLICY_BAD_SIGNATURE, CELLA_ANSWER_NO, "policy.signature" },
	{ "remote_plain", CELLA_POLICY_REMOTE, PLAIN, NOBODY, CELLA_POLICY_UNSIGNED,
	  CELLA_ANSWER_UNKNOWN, "policy.owner" },
	{ "remote_plain_although_owners_are_pinned", CELLA_POLICY_REMOTE, PLAIN, OWNER,
	  CELLA_POLICY_UNSIGNED, CELLA_ANSWER_UNKNOWN, "policy.owner" },
	{ "remote_self_signed", CELLA_POLICY_REMOTE, SIGNED, NOBODY,
	  CELLA_POLICY_SELF_SIGNED, CELLA_ANSWER_UNKNOWN, "policy.owner" },
	{ "remote_of_a_stranger", CELLA_POLICY_REMOTE, SIGNED, STRANGER,
	  CELLA_POLICY_FOREIGN_OWNER, CELLA_ANSWER_UNKNOWN, "policy.owner" },
	{ "remote_pinned", CELLA_POLICY_REMOTE, SIGNED, OWNER, CELLA_POLICY_OWNER_PINNED,
	  CELLA_ANSWER_YES, NULL },
	{ "remote_signature_changed", CELLA_POLICY_REMOTE, SPOILT, OWNER,
	  CELLA_POLICY_BAD_SIGNATURE, CELLA_ANSWER_NO, "policy.signature" },
};

static bool warns(const struct judged *j, const char *part)
{
	for (size_t i = 0; i < j->v->num_warnings; i++)
		if (strstr(j->v->warnings[i], part) != NULL)
			return true;
	return false;
}

static void check_standing(const struct standing_row *row, const char *const texts[3],
			   const struct cella_keys *const pins[3])
{
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };
	struct judged j;

	CHECK_OK(parse_from(row->source, texts[row->form], strlen(texts[row->form]),
			    pins[row->pinned], &policy, &err));
	if (cella_policy_standing(policy) != row->standing)
		fail_msg("%s: %s", row->name,
			 cella_policy_standing_name(cella_policy_standing(policy)));
	judged_new(&j, JUDGED_TD_15);
	judged_take(&j, policy);
	judged_run(&j);
	if (cella_verdict_answer(j.v, CELLA_QUESTION_MINE) != row->mine)
		fail_msg("%s: mine: %s", row->name,
			 cella_answer_name(
				 cella_verdict_answer(j.v, CELLA_QUESTION_MINE)));
	/* A policy about the workload alone leaves the platform's answer alone. */
	assert_int_equal(CELLA_ANSWER_YES,
			 cella_verdict_answer(j.v, CELLA_QUESTION_CURRENT));
	if (row->check != NULL)
		assert_int_not_equal(CELLA_CHECK_PASS, judged_outcome(&j, row->check));
	assert_int_equal(row->standing == CELLA_POLICY_SELF_SIGNED,
			 warns(&j, "policy self-signed"));
	judged_done(&j);
}

static void every_standing_judges_as_it_may(void **state)
{
	struct owner owner, stranger;
	char *jwt, *spoilt;

	(void)state;
	owner_new(&owner);
	owner_new(&stranger);
	jwt = sign(&owner, td_policy);
	spoilt = spoil(jwt);
	for (size_t i = 0; i < ARRAY_LEN(standing_rows); i++) {
		const char *const texts[3] = { td_policy, jwt, spoilt };
		const struct cella_keys *const pins[3] = { NULL, owner.keys,
							   stranger.keys };

		check_standing(&standing_rows[i], texts, pins);
	}
	free(jwt);
	free(spoilt);
	owner_done(&owner);
	owner_done(&stranger);
}

/* A spoilt policy about platforms refuses the platform, and asks nothing about the TD. */
static void a_spoilt_platform_policy_concerns_the_platform(void **state)
{
	struct owner owner;
	struct judged j;
	char *text, *jwt, *spoilt;

	(void)state;
	owner_new(&owner);
	text = element_text(CLASS_TDX_PLATFORM_15, "{\"min_eval_num\":1}");
	jwt = sign(&owner, text);
	spoilt = spoil(jwt);
	judged_new(&j, JUDGED_TD_15);
	judged_add(&j, spoilt, NULL);
	judged_run(&j);
	assert_int_equal(CELLA_ANSWER_NO,
			 cella_verdict_answer(j.v, CELLA_QUESTION_CURRENT));
	assert_int_equal(CELLA_ANSWER_NOT_ASKED,
			 cella_verdict_answer(j.v, CELLA_QUESTION_MINE));
	judged_done(&j);
	free(text);
	free(jwt);
	free(spoilt);
	owner_done(&owner);
}

/* Whoever reads the verdict as JSON sees which policies judged, and which did not. */
static void a_verdict_names_its_policies(void **state)
{
	struct owner owner;
	struct judged j;
	struct cella_error err = { 0 };
	json_t *json = NULL;
	const json_t *first, *second, *element;
	char *jwt, *text = NULL;

	(void)state;
	owner_new(&owner);
	jwt = sign(&owner, td_policy);
	judged_new(&j, JUDGED_TD_15);
	judged_forget_tcb(&j);
	judged_add(&j, jwt, owner.keys);
	judged_element(&j, CLASS_SGX_ENCLAVE, "{\"sgx_isvsvn_min\":1}");
	judged_run(&j);
	CHECK_OK(cella_verdict_json(j.v, &text, &err));
	CHECK_OK(json_parse(bytes_of(text, strlen(text)), "verdict", &json, &err));
	first = json_array_get(json_object_get(json, "policies"), 0);
	second = json_array_get(json_object_get(json, "policies"), 1);
	assert_string_equal("owner_pinned",
			    json_string_value(json_object_get(first, "standing")));
	assert_string_equal("local", json_string_value(json_object_get(first, "source")));
	assert_string_equal(cella_policy_owner(j.policies[0]),
			    json_string_value(json_object_get(first, "owner")));
	assert_int_equal(64, json_string_length(json_object_get(first, "digest")));
	element = json_array_get(json_object_get(first, "elements"), 0);
	assert_string_equal("pass",
			    json_string_value(json_object_get(element, "outcome")));
	assert_true(json_is_true(json_object_get(element, "chosen")));
	assert_true(json_is_null(json_object_get(second, "owner")));
	element = json_array_get(json_object_get(second, "elements"), 0);
	assert_true(json_is_null(json_object_get(element, "outcome")));
	assert_true(json_is_false(json_object_get(element, "chosen")));
	json_decref(json);
	free(text);
	free(jwt);
	judged_done(&j);
	owner_done(&owner);
}

/* --- forged tokens ------------------------------------------------------------------------------ */

static char *header_with(const struct owner *owner, const char *alg, bool key_is_text)
{
	json_t *const jwk = jwk_json(CRYPTO_P384, bytes_of(owner->signer.public_key, 96));
	char *const key = json_dumps(jwk, JSON_COMPACT);
	json_t *const header = key_is_text ? json_pack("{s:s, s:s, s:s}", "typ", "JWT",
						       "alg", alg, "jwk", key)
					   : json_pack("{s:s, s:s, s:O}", "typ", "JWT",
						       "alg", alg, "jwk", jwk);
	char *const text = json_dumps(header, JSON_COMPACT);

	json_decref(jwk);
	json_decref(header);
	free(key);
	return text;
}

static void forged_headers_are_refused(void **state)
{
	static const struct {
		const char *alg;
		bool key_is_text;
		enum cella_status expected;
	} rows[] = {
		{ "none", true, CELLA_UNSUPPORTED },
		{ "HS256", true, CELLA_UNSUPPORTED },
		{ "HS384", true, CELLA_UNSUPPORTED },
		{ "RS256", true, CELLA_UNSUPPORTED },
		{ "ES384", false, CELLA_MALFORMED },
	};
	struct owner owner;

	(void)state;
	owner_new(&owner);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *const header =
			header_with(&owner, rows[i].alg, rows[i].key_is_text);
		char *const jwt =
			forge_token(&owner.signer, header, "{\"policy_payload\":\"\"}");
		struct cella_policy *policy = NULL;
		struct cella_error err = { 0 };

		CHECK_STATUS(rows[i].expected, parse(jwt, &policy, &err));
		free(header);
		free(jwt);
	}
	owner_done(&owner);
}

static void a_policy_signed_with_es256_is_refused(void **state)
{
	struct private_key *key = NULL;
	struct cella_signer signer;
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };
	char *jwt;

	(void)state;
	CHECK_OK(private_key_generate(CRYPTO_P256, &key, &err));
	private_key_signer(key, &signer);
	jwt = forge_token(&signer, "{\"typ\":\"JWT\",\"alg\":\"ES256\",\"jwk\":\"{}\"}",
			  "{\"policy_payload\":\"\"}");
	CHECK_STATUS(CELLA_UNSUPPORTED, parse(jwt, &policy, &err));
	CHECK_TEXT_HAS(err.text, "expected ES384, found ES256");
	free(jwt);
	private_key_free(key);
}

static void odd_payloads_are_refused(void **state)
{
	static const char *const payloads[] = {
		"",
		"[]",
		"{}",
		"{\"policy_payload\":{}}",
		"{\"policy_payload\":\"{\"}",
		"{\"policy_payload\":\"{}\",\"policy_payload\":\"{}\"}",
	};
	struct owner owner;
	char *header;

	(void)state;
	owner_new(&owner);
	header = header_with(&owner, "ES384", true);
	for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
		char *const jwt = forge_token(&owner.signer, header, payloads[i]);
		struct cella_policy *policy = NULL;
		struct cella_error err = { 0 };

		CHECK_STATUS(CELLA_MALFORMED, parse(jwt, &policy, &err));
		free(jwt);
	}
	free(header);
	owner_done(&owner);
}

/* Every prefix is refused; every changed byte is, or leaves a bad signature. */
static void no_byte_of_a_signed_policy_can_be_spared_or_changed(void **state)
{
	static const uint8_t bits[] = { 0x01, 0x80 };
	struct owner owner;
	size_t len;
	char *jwt;

	(void)state;
	owner_new(&owner);
	jwt = sign(&owner, td_policy);
	len = strlen(jwt);
	for (size_t i = 0; i < len; i++) {
		struct cella_policy *policy = NULL;
		struct cella_error err = { 0 };

		assert_int_not_equal(CELLA_OK, parse_from(CELLA_POLICY_LOCAL, jwt, i,
							  NULL, &policy, &err));
		for (size_t b = 0; b < ARRAY_LEN(bits); b++) {
			jwt[i] = (char)(jwt[i] ^ bits[b]);
			if (parse_from(CELLA_POLICY_LOCAL, jwt, len, NULL, &policy,
				       &err) == CELLA_OK) {
				assert_int_equal(CELLA_POLICY_BAD_SIGNATURE,
						 cella_policy_standing(policy));
				cella_policy_unref(policy);
				policy = NULL;
			}
			jwt[i] = (char)(jwt[i] ^ bits[b]);
		}
	}
	free(jwt);
	owner_done(&owner);
}

/* Plain documents have no signature to lean on; they must not crash, or grow keys. */
static void no_prefix_of_a_plain_policy_is_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < strlen(td_policy); i++) {
		struct cella_policy *policy = NULL;
		struct cella_error err = { 0 };

		assert_int_not_equal(CELLA_OK, parse_from(CELLA_POLICY_LOCAL, td_policy,
							  i, NULL, &policy, &err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_tells_what_it_is),
		cmocka_unit_test(every_class_is_known_in_any_case),
		cmocka_unit_test(comments_count_as_blanks),
		cmocka_unit_test(broken_references_are_refused_by_element_and_key),
		cmocka_unit_test(broken_documents_are_refused),
		cmocka_unit_test(options_must_say_everything),
		cmocka_unit_test(counts_are_limited),
		cmocka_unit_test(keys_of_an_element_are_limited_comments_are_not),
		cmocka_unit_test(deep_and_long_documents_are_refused),
		cmocka_unit_test(a_verdict_takes_a_bounded_number_of_policies),
		cmocka_unit_test(the_fullest_policies_fit_into_a_verdict),
		cmocka_unit_test(a_signed_policy_has_intels_form),
		cmocka_unit_test(signing_keeps_the_text),
		cmocka_unit_test(what_cannot_be_read_back_is_not_signed),
		cmocka_unit_test(every_standing_judges_as_it_may),
		cmocka_unit_test(a_spoilt_platform_policy_concerns_the_platform),
		cmocka_unit_test(a_verdict_names_its_policies),
		cmocka_unit_test(forged_headers_are_refused),
		cmocka_unit_test(a_policy_signed_with_es256_is_refused),
		cmocka_unit_test(odd_payloads_are_refused),
		cmocka_unit_test(no_byte_of_a_signed_policy_can_be_spared_or_changed),
		cmocka_unit_test(no_prefix_of_a_plain_policy_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
