/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens that somebody made to deceive, and tokens that were cut or changed on their way.
 */
#include "issuer.h"

#include "base/encode.h"

#include <stdio.h>

static struct issuer issuer;
static struct cella_token_expectations expectations;

static int make_issuer(void **state)
{
	(void)state;
	issuer_new(&issuer);
	issuer_expectations(&issuer, &expectations);
	return 0;
}

static int free_issuer(void **state)
{
	(void)state;
	issuer_done(&issuer);
	return 0;
}

static enum cella_status verify(const char *text, size_t len, struct cella_error *err)
{
	struct cella_token *token = NULL;
	const enum cella_status status =
		cella_token_verify(text, len, &expectations, &token, err);

	assert_int_equal(status == CELLA_OK, token != NULL);
	cella_token_free(token);
	return status;
}

/* is_refused() is true unless the token is accepted: an error or a no. */
static bool is_refused(const char *text, size_t len)
{
	struct cella_token *token = NULL;
	struct cella_error err = { 0 };
	bool refused;

	if (cella_token_verify(text, len, &expectations, &token, &err) != CELLA_OK)
		return true;
	refused = cella_token_result(token) != CELLA_ACCEPTED &&
		  cella_token_overall_result(token) == 0;
	cella_token_free(token);
	return refused;
}

/* The good token's payload, as text that the caller frees. */
static char *payload_text(void)
{
	json_t *const payload = token_part(issuer.token, 1);
	char *const text = json_dumps(payload, JSON_COMPACT);

	json_decref(payload);
	return text;
}

/* header '.' payload '.' signature, all as given but the first two encoded. */
static char *assemble(const char *header, const char *payload,
		      struct cella_bytes signature)
{
	struct cella_error err = { 0 };
	struct out text = { 0 };
	char *token = NULL;

	base64url_write(&text, bytes_from_text(header));
	out_text(&text, ".");
	base64url_write(&text, bytes_from_text(payload));
	out_text(&text, ".");
	base64url_write(&text, signature);
	CHECK_OK(out_take_text(&text, &token, &err));
	return token;
}

/* --- algorithms ---------------------------------------------------------------------- */

static void alg_none(void **state)
{
	static const char *const algs[] = { "none", "None", "NONE", "" };
	char *const payload = payload_text();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(algs); i++) {
		const uint8_t zeros[P256_SIGNATURE_LEN] = { 0 };
		struct cella_error err = { 0 };
		char header[80];

		snprintf(header, sizeof header,
			 "{\"alg\":\"%s\",\"typ\":\"cella-result+jwt\"}", algs[i]);
		for (size_t len = 0; len <= sizeof zeros; len += sizeof zeros) {
			char *const token =
				assemble(header, payload, bytes_of(zeros, len));

			CASE(algs[i]);
			CHECK_STATUS(CELLA_UNSUPPORTED,
				     verify(token, strlen(token), &err));
			CHECK_TEXT_HAS(err.text, "alg: expected ES256 or ES384");
			free(token);
		}
	}
	free(payload);
}

/* RFC 2104, for keys that are longer than a block: those are hashed first. */
static void hmac_sha256(struct cella_bytes key, struct cella_bytes message,
			uint8_t out[SHA256_LEN])
{
	enum { BLOCK = 64 };
	uint8_t inner[BLOCK] = { 0 };
	uint8_t outer[BLOCK] = { 0 };
	struct cella_error err = { 0 };

	assert_true(key.len > BLOCK);
	CHECK_OK(crypto_sha256(key, inner, &err));
	memcpy(outer, inner, SHA256_LEN);
	for (size_t i = 0; i < BLOCK; i++) {
		inner[i] ^= 0x36;
		outer[i] ^= 0x5c;
	}
	const struct cella_bytes first[] = { bytes_of(inner, BLOCK), message };
	CHECK_OK(crypto_digest(CRYPTO_SHA256, first, 2, out, &err));
	const struct cella_bytes second[] = { bytes_of(outer, BLOCK),
					      bytes_of(out, SHA256_LEN) };
	CHECK_OK(crypto_digest(CRYPTO_SHA256, second, 2, out, &err));
}

/* The public key, which everybody has, as the secret of an HMAC. */
static void alg_hs256_keyed_with_the_public_key(void **state)
{
	char *const payload = payload_text();
	char *const unsigned_token =
		assemble("{\"alg\":\"HS256\",\"typ\":\"cella-result+jwt\"}", payload,
			 bytes_of(NULL, 0));
	uint8_t mac[SHA256_LEN];
	struct cella_error err = { 0 };
	struct out token = { 0 };

	(void)state;
	CASE("HS256");
	hmac_sha256(out_view(&issuer.verifier.pem),
		    bytes_of(unsigned_token, strlen(unsigned_token) - 1), mac);
	out_text(&token, unsigned_token);
	base64url_write(&token, bytes_of(mac, sizeof mac));
	CHECK_STATUS(CELLA_UNSUPPORTED,
		     verify((const char *)token.data, token.len, &err));
	CHECK_TEXT_HAS(err.text, "\"HS256\"");
	out_done(&token);
	free(unsigned_token);
	free(payload);
}

/* Otherwise good tokens, signed by the pinned key. */
static const struct {
	const char *name;
	const char *value;
	enum cella_status status;
	const char *part;
} headers[] = {
	{ "alg", "\"RS256\"", CELLA_UNSUPPORTED, "alg" },
	{ "alg", "\"ES512\"", CELLA_UNSUPPORTED, "alg" },
	{ "alg", "\"es256\"", CELLA_UNSUPPORTED, "alg" },
	{ "alg", "[\"ES256\"]", CELLA_MALFORMED, "alg" },
	{ "alg", NULL, CELLA_MALFORMED, "alg: is missing" },
	{ "typ", "7", CELLA_MALFORMED, "typ" },
	{ "jwk", "{\"kty\":\"EC\"}", CELLA_MALFORMED, "\"jwk\" is not allowed" },
	{ "jwk", "null", CELLA_MALFORMED, "\"jwk\" is not allowed" },
	{ "jku", "\"https://evil.example/\"", CELLA_MALFORMED, "\"jku\" is not allowed" },
	{ "x5u", "\"https://evil.example/\"", CELLA_MALFORMED, "\"x5u\" is not allowed" },
	{ "x5c", "[]", CELLA_MALFORMED, "\"x5c\" is not allowed" },
	{ "x5t", "\"\"", CELLA_MALFORMED, "\"x5t\" is not allowed" },
	{ "x5t#S256", "\"\"", CELLA_MALFORMED, "\"x5t#S256\" is not allowed" },
	{ "crit", "[\"exp\"]", CELLA_MALFORMED, "\"crit\" is not allowed" },
	{ "b64", "false", CELLA_MALFORMED, "\"b64\" is not allowed" },
	{ "zip", "\"DEF\"", CELLA_MALFORMED, "\"zip\" is not allowed" },
};

static void headers_cannot_choose(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		struct cella_error err = { 0 };
		char *const token = token_change_header(&issuer.verifier, issuer.token,
							headers[i].name,
							headers[i].value);

		CASE(headers[i].part);
		CHECK_STATUS(headers[i].status, verify(token, strlen(token), &err));
		CHECK_TEXT_HAS(err.text, headers[i].part);
		free(token);
	}
}

/* ES384's length of signature under ES256's name, and the other way round. */
static void signatures_have_the_length_of_their_algorithm(void **state)
{
	static const size_t lens[] = { 0, 1, 63, 65, 70, 72, 95, 96, 97, 132 };
	const uint8_t bytes[132] = { 1 };
	char *const payload = payload_text();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		char *const token =
			assemble("{\"alg\":\"ES256\",\"typ\":\"cella-result+jwt\"}",
				 payload, bytes_of(bytes, lens[i]));
		struct cella_error err = { 0 };

		CASE("ES256");
		CHECK_STATUS(CELLA_MALFORMED, verify(token, strlen(token), &err));
		CHECK_TEXT_HAS(err.text, "not 64");
		free(token);
	}
	free(payload);
}

/* r and s of zero, of the order, of all ones: no key ever signed them. */
static void trivial_signatures(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0xff };
	char *const payload = payload_text();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		uint8_t signature[P256_SIGNATURE_LEN];
		char *token;

		CASE("trivial");
		memset(signature, values[i], sizeof signature);
		token = assemble("{\"alg\":\"ES256\",\"typ\":\"cella-result+jwt\"}",
				 payload, bytes_of(signature, sizeof signature));
		CHECK_TRUE(is_refused(token, strlen(token)));
		CHECK_TOKEN("token.signature", token, &expectations);
		free(token);
	}
	free(payload);
}

/* --- forms --------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *text;
} no_tokens[] = {
	{ "empty", "" },
	{ "blank", " \n" },
	{ "no_dot", "eyJhbGciOiJFUzI1NiJ9" },
	{ "two_parts", "eyJhbGciOiJFUzI1NiJ9.e30" },
	{ "dots", ".." },
	{ "four_dots", "...." },
	{ "json", "{\"payload\":\"e30\",\"signatures\":[]}" },
	{ "pem", "-----BEGIN PUBLIC KEY-----" },
	{ "padded", "eyJhbGciOiJFUzI1NiJ9.e30=.AAAA" },
	{ "line_inside", "eyJhbGci\nOiJFUzI1NiJ9.e30.AAAA" },
	{ "header_is_no_object", "W10.e30.AAAA" },
	{ "header_is_no_json", "e30e.e30.AAAA" },
	{ "no_payload", "eyJhbGciOiJFUzI1NiJ9..AAAA" },
	{ "base64_instead_of_base64url", "eyJhbGciOiJFUzI1NiJ9.e30.++//" },
};

static void other_texts_are_no_tokens(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(no_tokens); i++) {
		struct cella_error err = { 0 };

		CASE(no_tokens[i].name);
		CHECK_STATUS(CELLA_MALFORMED,
			     verify(no_tokens[i].text, strlen(no_tokens[i].text), &err));
		CHECK_TRUE(err.text[0] != '\0');
	}
}

static void tokens_have_three_parts(void **state)
{
	const char *const end = strrchr(issuer.token, '.');
	struct cella_error err = { 0 };
	struct out text = { 0 };

	(void)state;
	CASE("two parts of a good token");
	CHECK_STATUS(CELLA_MALFORMED,
		     verify(issuer.token, (size_t)(end - issuer.token), &err));
	CHECK_TEXT_HAS(err.text, "three parts");
	CASE("a fourth part");
	out_format(&text, "%s.e30", issuer.token);
	CHECK_STATUS(CELLA_MALFORMED, verify((const char *)text.data, text.len, &err));
	CHECK_TEXT_HAS(err.text, "three parts");
	out_done(&text);
	CASE("twice");
	out_format(&text, "%s %s", issuer.token, issuer.token);
	CHECK_STATUS(CELLA_MALFORMED, verify((const char *)text.data, text.len, &err));
	out_done(&text);
}

/* Not even what a pinned key has signed. */
static void a_payload_is_json(void **state)
{
	static const char *const payloads[] = { "", " ", "[", "\"text\"", "{}x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
		char *const token = token_sign(
			&issuer.verifier,
			"{\"alg\":\"ES256\",\"typ\":\"cella-result+jwt\"}", payloads[i]);
		struct cella_error err = { 0 };

		CASE(payloads[i]);
		CHECK_STATUS(CELLA_MALFORMED, verify(token, strlen(token), &err));
		CHECK_TEXT_HAS(err.text, "token: ");
		free(token);
	}
}

/* Two parsers may disagree about which of the two counts. */
static void members_occur_once(void **state)
{
	static const char *const doubles[][2] = {
		{ "{\"alg\":\"ES256\",\"typ\":\"cella-result+jwt\",\"alg\":\"ES256\"}",
		  "{}" },
		{ "{\"alg\":\"ES256\",\"typ\":\"cella-result+jwt\"}",
		  "{\"answers\":{\"fresh\":\"no\",\"fresh\":\"yes\"}}" },
		{ "{\"alg\":\"ES256\",\"typ\":\"cella-result+jwt\"}",
		  "{\"iss\":\"a\",\"\\u0069ss\":\"b\"}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(doubles); i++) {
		char *const token =
			token_sign(&issuer.verifier, doubles[i][0], doubles[i][1]);
		struct cella_error err = { 0 };

		CASE(doubles[i][1]);
		CHECK_STATUS(CELLA_MALFORMED, verify(token, strlen(token), &err));
		CHECK_TEXT_HAS(err.text, "duplicate");
		free(token);
	}
}

static char *nested(const char *open, const char *close, size_t depth)
{
	struct cella_error err = { 0 };
	struct out text = { 0 };
	char *made = NULL;

	out_text(&text, "{\"a\":");
	for (size_t i = 0; i < depth; i++)
		out_text(&text, open);
	out_text(&text, "1");
	for (size_t i = 0; i < depth; i++)
		out_text(&text, close);
	out_text(&text, "}");
	CHECK_OK(out_take_text(&text, &made, &err));
	return made;
}

static void depth_is_limited(void **state)
{
	static const char header[] = "{\"alg\":\"ES256\",\"typ\":\"cella-result+jwt\"}";
	static const char *const brackets[][2] = { { "[", "]" }, { "{\"a\":", "}" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char *const deep = nested(brackets[i][0], brackets[i][1], 100000);
		struct cella_error err = { 0 };
		char *token;

		CASE("deep payload");
		token = token_sign(&issuer.verifier, header, deep);
		CHECK_STATUS(CELLA_LIMIT, verify(token, strlen(token), &err));
		free(token);
		CASE("deep header");
		token = token_sign(&issuer.verifier, deep, "{}");
		CHECK_STATUS(CELLA_LIMIT, verify(token, strlen(token), &err));
		free(token);
		free(deep);
	}
}

static void length_is_limited(void **state)
{
	const size_t len = (4 << 20) + 1;
	char *const text = malloc(len);
	struct cella_error err = { 0 };

	(void)state;
	CASE("long");
	assert_non_null(text);
	memset(text, 'A', len);
	CHECK_STATUS(CELLA_LIMIT, verify(text, len, &err));
	free(text);
}

/* --- on the way ---------------------------------------------------------------------- */

static void every_prefix_is_refused(void **state)
{
	const size_t len = strlen(issuer.token);
	/* Each of the signature and its surroundings, and samples of what it covers. */
	const size_t dense = len - 120;

	(void)state;
	for (size_t i = 0; i < len; i += i < 300 || i >= dense ? 1 : 61) {
		CASE("prefix");
		CHECK_TRUE(is_refused(issuer.token, i));
	}
}

/* Every character of a small token by the pinned key, which is no result but signed. */
static void every_changed_character_breaks_the_signature(void **state)
{
	static const char header[] = "{\"alg\":\"ES256\",\"typ\":\"cella-result+jwt\"}";
	char *const token = token_sign(&issuer.verifier, header, "{\"iss\":\"a\"}");
	struct cella_error err = { 0 };

	(void)state;
	CASE("unchanged");
	CHECK_STATUS(CELLA_MALFORMED, verify(token, strlen(token), &err));
	CHECK_TEXT_HAS(err.text, "aud: is missing"); /* so the signature was good */
	for (size_t i = 0; token[i] != '\0'; i++) {
		for (int bit = 0; bit < 8; bit++) {
			const char before = token[i];

			token[i] = (char)(token[i] ^ (1 << bit));
			err.text[0] = '\0';
			CASE("changed");
			if (verify(token, strlen(token), &err) != CELLA_OK)
				CHECK_TRUE(strstr(err.text, "aud: is missing") == NULL);
			token[i] = before;
		}
	}
	free(token);
}

static void every_changed_byte_is_refused(void **state)
{
	const size_t len = strlen(issuer.token);
	const size_t dense = len - 120;
	char *const token = strdup(issuer.token);

	(void)state;
	assert_non_null(token);
	for (size_t i = 0; i < len; i += i < 300 || i >= dense ? 1 : 61) {
		static const char masks[] = { 0x01, 0x04, (char)0x80 };

		for (size_t m = 0; m < sizeof masks; m++) {
			token[i] = (char)(token[i] ^ masks[m]);
			CASE("changed");
			CHECK_TRUE(is_refused(token, len));
			token[i] = (char)(token[i] ^ masks[m]);
		}
	}
	CASE("changed back");
	CHECK_TOKEN(NULL, token, &expectations);
	free(token);
}

/* --- looking at it ------------------------------------------------------------------- */

/* Decoding believes nothing and therefore shows what verifying refuses. */
static void decoding_shows_what_is_refused(void **state)
{
	char *const token = token_change_header(&issuer.verifier, issuer.token, "jwk",
						"{\"kty\":\"EC\"}");
	struct cella_error err = { 0 };
	char *text = NULL;

	(void)state;
	CASE("jwk");
	CHECK_OK(cella_token_decode(token, strlen(token), &text, &err));
	CHECK_TEXT_HAS(text, "\"jwk\"");
	CHECK_TEXT_HAS(text, "\"aud\": \"" ISSUER_AUDIENCE "\"");
	cella_free(text);
	text = NULL;
	CASE("no token");
	CHECK_STATUS(CELLA_MALFORMED, cella_token_decode("e30.e30", 7, &text, &err));
	assert_null(text);
	free(token);
}

static void the_json_form_tells_every_check(void **state)
{
	struct cella_token *token = NULL;
	struct cella_error err = { 0 };
	json_t *json;
	char *text = NULL;

	(void)state;
	CASE("json");
	CHECK_OK(cella_token_verify(issuer.token, strlen(issuer.token), &expectations,
				    &token, &err));
	CHECK_OK(cella_token_json(token, &text, &err));
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	CHECK_TEXT("accepted", json_string_value(json_object_get(json, "verdict")));
	CHECK_INT(cella_token_num_checks(token),
		  json_array_size(json_object_get(json, "checks")));
	CHECK_TEXT(ISSUER_AUDIENCE, json_string_value(json_object_get(
					    json_object_get(json, "claims"), "aud")));
	CHECK_TEXT_HAS(cella_token_payload(token), "\"aud\":\"" ISSUER_AUDIENCE "\"");
	json_decref(json);
	cella_free(text);
	cella_token_free(token);
	cella_token_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alg_none),
		cmocka_unit_test(alg_hs256_keyed_with_the_public_key),
		cmocka_unit_test(headers_cannot_choose),
		cmocka_unit_test(signatures_have_the_length_of_their_algorithm),
		cmocka_unit_test(trivial_signatures),
		cmocka_unit_test(other_texts_are_no_tokens),
		cmocka_unit_test(tokens_have_three_parts),
		cmocka_unit_test(a_payload_is_json),
		cmocka_unit_test(members_occur_once),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(length_is_limited),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(every_changed_character_breaks_the_signature),
		cmocka_unit_test(every_changed_byte_is_refused),
		cmocka_unit_test(decoding_shows_what_is_refused),
		cmocka_unit_test(the_json_form_tells_every_check),
	};

	return cmocka_run_group_tests(tests, make_issuer, free_issuer);
}
