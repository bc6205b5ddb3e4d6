/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/encode.h"
#include "crypto/private_key.h"
#include "jose/jws.h"

static struct private_key *p256, *p384;

static int set_up(void **state)
{
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(private_key_generate(CRYPTO_P256, &p256, &err));
	CHECK_OK(private_key_generate(CRYPTO_P384, &p384, &err));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	private_key_free(p256);
	private_key_free(p384);
	return 0;
}

static char *sign_anything(const char *header, const char *payload,
			   struct private_key *key)
{
	struct cella_signer signer;

	private_key_signer(key, &signer);
	return forge_token(&signer, header, payload);
}

static bool checks(const struct jws *jws, const struct private_key *key)
{
	struct cella_error err = { 0 };
	struct crypto_key *public = NULL;
	bool good = true;

	CHECK_OK(crypto_key_new(private_key_curve(key), private_key_point(key), &public,
				&err));
	CHECK_OK(jws_check(jws, public, &good, &err));
	crypto_key_free(public);
	return good;
}

static void token_of_rfc_7515(void **state)
{
	/* Appendix A.3 */
	static const char token[] =
		"eyJhbGciOiJFUzI1NiJ9"
		".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
		"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
		".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
		"pmWQxfKTUJqPP3-Kg6NU1Q";
	static const char key[] =
		"{\"kty\":\"EC\",\"crv\":\"P-256\","
		"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
	struct cella_keys *keys = NULL;
	struct cella_error err = { 0 };
	struct jws jws = { 0 };
	bool good = false;

	(void)state;
	CHECK_OK(cella_keys_new(&keys, &err));
	CHECK_OK(cella_keys_add(keys, key, strlen(key), &err));
	CHECK_OK(jws_parse(bytes_from_text(token), JWS_KEY_REFUSED, "token", &jws, &err));
	CHECK_INT(CRYPTO_P256, jws.curve);
	assert_null(jws.type);
	CHECK_BYTES("{\"iss\":\"joe\",", 13, bytes_slice(jws.payload, 0, 13));
	CHECK_OK(jws_check(&jws, keys->items[0].key, &good, &err));
	assert_true(good);
	jws_done(&jws);
	cella_keys_free(keys);
}

static void own_tokens_on_both_curves(void **state)
{
	struct private_key *const keys[] = { p256, p384 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct cella_error err = { 0 };
		struct cella_signer signer;
		json_t *const header = json_pack(
			"{s:s, s:s}", "alg", jwk_alg((enum crypto_curve)i), "typ", "JWT");
		struct jws jws = { 0 };
		char *text = NULL;

		private_key_signer(keys[i], &signer);
		CHECK_OK(jws_sign(header, bytes_from("{\"a\":1}"), &signer, &text, &err));
		CHECK_OK(jws_parse(bytes_from_text(text), JWS_KEY_REFUSED, "token", &jws,
				   &err));
		CHECK_TEXT("JWT", jws.type);
		CHECK_BYTES("{\"a\":1}", 7, jws.payload);
		CHECK_INT(strlen(text),
			  jws.signing_input.len + 1 + jws.signature_text.len);
		assert_true(checks(&jws, keys[i]));
		assert_false(checks(&jws, keys[1 - i])); /* wrong_curve */
		jws_done(&jws);
		jws_done(&jws);
		cella_free(text);
		json_decref(header);
	}
}

#define ES256(more) "{\"alg\":\"ES256\"" more "}"

/* Headers by which a token would choose its own key or its own rules. */
static void headers(void **state)
{
	static const struct {
		const char *name;
		const char *header;
		enum jws_header_key header_key;
		enum cella_status status;
		const char *part;
	} rows[] = {
		{ "plain", ES256(""), JWS_KEY_REFUSED, CELLA_OK, NULL },
		{ "kid", ES256(",\"kid\":\"../../etc/passwd\""), JWS_KEY_REFUSED,
		  CELLA_OK, NULL },
		{ "alg_none", "{\"alg\":\"none\"}", JWS_KEY_REFUSED, CELLA_UNSUPPORTED,
		  "alg: expected ES256 or ES384, found \"none\"" },
		{ "alg_none_in_capitals", "{\"alg\":\"NONE\"}", JWS_KEY_REFUSED,
		  CELLA_UNSUPPORTED, "found \"NONE\"" },
		{ "alg_hs256", "{\"alg\":\"HS256\"}", JWS_KEY_REFUSED, CELLA_UNSUPPORTED,
		  "found \"HS256\"" },
		{ "alg_hs384", "{\"alg\":\"HS384\"}", JWS_KEY_REFUSED, CELLA_UNSUPPORTED,
		  "found \"HS384\"" },
		{ "alg_rs256", "{\"alg\":\"RS256\"}", JWS_KEY_REFUSED, CELLA_UNSUPPORTED,
		  "found \"RS256\"" },
		{ "alg_es512", "{\"alg\":\"ES512\"}", JWS_KEY_REFUSED, CELLA_UNSUPPORTED,
		  "found \"ES512\"" },
		{ "alg_in_lower_case", "{\"alg\":\"es256\"}", JWS_KEY_REFUSED,
		  CELLA_UNSUPPORTED, "found \"es256\"" },
		{ "alg_empty", "{\"alg\":\"\"}", JWS_KEY_REFUSED, CELLA_UNSUPPORTED,
		  "found \"\"" },
		{ "alg_missing", "{}", JWS_KEY_REFUSED, CELLA_MALFORMED,
		  "alg: is missing" },
		{ "alg_null", "{\"alg\":null}", JWS_KEY_REFUSED, CELLA_MALFORMED,
		  "alg: expected text, found null" },
		{ "alg_array", "{\"alg\":[\"ES256\"]}", JWS_KEY_REFUSED, CELLA_MALFORMED,
		  "alg: expected text" },
		{ "alg_twice", "{\"alg\":\"ES256\",\"alg\":\"none\"}", JWS_KEY_REFUSED,
		  CELLA_MALFORMED, "duplicate" },
		{ "typ of another type", ES256(",\"typ\":1"), JWS_KEY_REFUSED,
		  CELLA_MALFORMED, "typ: expected text" },
		{ "jwk", ES256(",\"jwk\":{}"), JWS_KEY_REFUSED, CELLA_MALFORMED,
		  "\"jwk\" is not allowed: keys are pinned" },
		{ "jwk where a format has it", ES256(",\"jwk\":{}"), JWS_KEY_ALLOWED,
		  CELLA_OK, NULL },
		{ "jku", ES256(",\"jku\":\"https://attacker\""), JWS_KEY_ALLOWED,
		  CELLA_MALFORMED, "\"jku\" is not allowed" },
		{ "x5u", ES256(",\"x5u\":\"https://attacker\""), JWS_KEY_ALLOWED,
		  CELLA_MALFORMED, "\"x5u\" is not allowed" },
		{ "x5c", ES256(",\"x5c\":[]"), JWS_KEY_ALLOWED, CELLA_MALFORMED,
		  "\"x5c\" is not allowed" },
		{ "x5t", ES256(",\"x5t\":\"\""), JWS_KEY_ALLOWED, CELLA_MALFORMED,
		  "\"x5t\" is not allowed" },
		{ "x5t#S256", ES256(",\"x5t#S256\":\"\""), JWS_KEY_ALLOWED,
		  CELLA_MALFORMED, "\"x5t#S256\" is not allowed" },
		{ "crit", ES256(",\"crit\":[\"exp\"]"), JWS_KEY_ALLOWED, CELLA_MALFORMED,
		  "\"crit\" is not allowed" },
		{ "crit_empty", ES256(",\"crit\":[]"), JWS_KEY_ALLOWED, CELLA_MALFORMED,
		  "\"crit\" is not allowed" },
		{ "b64", ES256(",\"b64\":false"), JWS_KEY_ALLOWED, CELLA_MALFORMED,
		  "\"b64\" is not allowed" },
		{ "zip", ES256(",\"zip\":\"DEF\""), JWS_KEY_ALLOWED, CELLA_MALFORMED,
		  "\"zip\" is not allowed" },
		{ "array", "[]", JWS_KEY_REFUSED, CELLA_MALFORMED,
		  "expected an object, found an array" },
		{ "not JSON", "ES256", JWS_KEY_REFUSED, CELLA_MALFORMED, "line 1" },
		{ "empty", "", JWS_KEY_REFUSED, CELLA_MALFORMED, "token: " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *const token = sign_anything(rows[i].header, "{}", p256);
		struct cella_error err = { 0 };
		struct jws jws = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status,
			     jws_parse(bytes_from_text(token), rows[i].header_key,
				       "token", &jws, &err));
		if (rows[i].part != NULL)
			CHECK_TEXT_HAS(err.text, rows[i].part);
		if (rows[i].status == CELLA_OK)
			CHECK_TRUE(checks(&jws, p256));
		jws_done(&jws);
		free(token);
	}
}

#define H "eyJhbGciOiJFUzI1NiJ9"    /* {"alg":"ES256"} */
#define H384 "eyJhbGciOiJFUzM4NCJ9" /* {"alg":"ES384"} */
#define S22 "AAAAAAAAAAAAAAAAAAAAAA"
#define S64 S22 S22 S22 "AAAAAAAAAAAAAAAAAAAA"
#define S96 S64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void shapes(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		enum cella_status status;
		const char *part;
	} rows[] = {
		{ "three parts", H ".e30." S64, CELLA_OK, NULL },
		{ "empty payload", H ".." S64, CELLA_OK, NULL },
		{ "empty", "", CELLA_MALFORMED, "three parts" },
		{ "one part", H, CELLA_MALFORMED, "three parts" },
		{ "two_parts", H ".e30", CELLA_MALFORMED, "three parts" },
		{ "four_parts", H ".e30." S64 ".e30", CELLA_MALFORMED, "three parts" },
		{ "five_parts", H ".e30.e30.e30." S64, CELLA_MALFORMED, "three parts" },
		{ "signature_missing", H ".e30.", CELLA_MALFORMED,
		  "a signature of 0 bytes, not 64" },
		{ "padding_in_header", H "=.e30." S64, CELLA_MALFORMED, "base64" },
		{ "padding_in_payload", H ".e30=." S64, CELLA_MALFORMED, "not base64" },
		{ "padding_in_signature", H ".e30." S64 "==", CELLA_MALFORMED, "base64" },
		{ "plus_for_minus", H ".e3+A." S64, CELLA_MALFORMED, "not base64" },
		{ "space", H ".e30 ." S64, CELLA_MALFORMED, "base64" },
		{ "line_end", H ".e30." S64 "\n", CELLA_MALFORMED, "base64" },
		{ "bits_that_do_not_count", H ".e31." S64, CELLA_MALFORMED,
		  "bits that do not count" },
		{ "short_signature", H ".e30." S22, CELLA_MALFORMED,
		  "a signature of 16 bytes, not 64" },
		{ "signature_of_another_curve", H ".e30." S96, CELLA_MALFORMED,
		  "a signature of 96 bytes, not 64" },
		{ "signature_too_short_for_es384", H384 ".e30." S64, CELLA_MALFORMED,
		  "a signature of 64 bytes, not 96" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct jws jws = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status,
			     jws_parse(bytes_from_text(rows[i].text), JWS_KEY_REFUSED,
				       "token", &jws, &err));
		if (rows[i].part != NULL)
			CHECK_TEXT_HAS(err.text, rows[i].part);
		jws_done(&jws);
	}
}

/* ECDSA-Sig-Value in DER instead of r || s. */
static void der_signature(void **state)
{
	static const uint8_t der[] = { 0x30, 6, 2, 1, 1, 2, 1, 1 };
	struct cella_error err = { 0 };
	struct out text = { 0 };
	struct jws jws = { 0 };

	(void)state;
	out_text(&text, H ".e30.");
	base64url_write(&text, bytes_of(der, sizeof der));
	CHECK_STATUS(CELLA_MALFORMED,
		     jws_parse(out_view(&text), JWS_KEY_REFUSED, "token", &jws, &err));
	CHECK_TEXT("token: a signature of 8 bytes, not 64", err.text);
	out_done(&text);
}

static void oversized_token(void **state)
{
	struct cella_error err = { 0 };
	struct out text = { 0 };
	struct jws jws = { 0 };

	(void)state;
	out_zeros(&text, JWS_MAX_LEN + 1);
	memset(text.data, 'A', text.len);
	CHECK_STATUS(CELLA_LIMIT,
		     jws_parse(out_view(&text), JWS_KEY_REFUSED, "token", &jws, &err));
	out_done(&text);
}

/* Every character counts: one changed is malformed or a bad signature. */
static void one_character_changed(void **state)
{
	char *const token = sign_anything(ES256(""), "{\"sub\":\"a\"}", p256);
	struct crypto_key *public = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(crypto_key_new(CRYPTO_P256, private_key_point(p256), &public, &err));
	for (size_t i = 0; token[i] != '\0'; i++) {
		for (int bit = 0; bit < 8; bit++) {
			struct jws jws = { 0 };
			bool good = false;

			token[i] = (char)(token[i] ^ 1 << bit);
			if (jws_parse(bytes_from_text(token), JWS_KEY_REFUSED, "t", &jws,
				      &err) == CELLA_OK)
				CHECK_OK(jws_check(&jws, public, &good, &err));
			if (good)
				fail_msg("bit %d of character %zu", bit, i);
			jws_done(&jws);
			token[i] = (char)(token[i] ^ 1 << bit);
		}
	}
	crypto_key_free(public);
	free(token);
}

/* --- signers ------------------------------------------------------------------------- */

static enum cella_status sign_zeros(void *context, const void *message, size_t len,
				    uint8_t *signature, struct cella_error *err)
{
	(void)context, (void)message, (void)len, (void)err;
	memset(signature, 0, CELLA_POINT_MAX);
	return CELLA_OK;
}

static enum cella_status sign_something_else(void *context, const void *message,
					     size_t len, uint8_t *signature,
					     struct cella_error *err)
{
	(void)message, (void)len;
	return private_key_sign(context, bytes_from("something else"), signature, err);
}

static enum cella_status refuse(void *context, const void *message, size_t len,
				uint8_t *signature, struct cella_error *err)
{
	(void)context, (void)message, (void)len, (void)signature;
	err->status = CELLA_IO;
	strcpy(err->text, "the card is not there");
	return CELLA_IO;
}

static enum cella_status refuse_wordlessly(void *context, const void *message, size_t len,
					   uint8_t *signature, struct cella_error *err)
{
	(void)context, (void)message, (void)len, (void)signature, (void)err;
	return CELLA_IO;
}

static void signers_that_lie_or_fail(void **state)
{
	static const struct {
		const char *name;
		enum cella_status (*sign)(void *, const void *, size_t, uint8_t *,
					  struct cella_error *);
		enum cella_status status;
		const char *part;
	} rows[] = {
		{ "signer_writes_nothing", sign_zeros, CELLA_INTERNAL,
		  "does not verify with its key" },
		{ "signer_signs_something_else", sign_something_else, CELLA_INTERNAL,
		  "does not verify with its key" },
		{ "signer fails", refuse, CELLA_IO, "signer: the card is not there" },
		{ "signer fails without a word", refuse_wordlessly, CELLA_IO,
		  "signer: " },
	};
	json_t *const header = json_pack("{s:s}", "alg", "ES256");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct cella_signer signer;
		char *text = NULL;

		CASE(rows[i].name);
		private_key_signer(p256, &signer);
		signer.sign = rows[i].sign;
		CHECK_STATUS(rows[i].status,
			     jws_sign(header, bytes_from("{}"), &signer, &text, &err));
		CHECK_TEXT_HAS(err.text, rows[i].part);
		assert_null(text);
	}
	json_decref(header);
}

/* The public key that the signer shows is not the one it signs with. */
static void signer_shows_another_key(void **state)
{
	json_t *const header = json_pack("{s:s}", "alg", "ES256");
	struct private_key *other = NULL;
	struct cella_error err = { 0 };
	struct cella_signer signer;
	char *text = NULL;

	(void)state;
	CHECK_OK(private_key_generate(CRYPTO_P256, &other, &err));
	private_key_signer(p256, &signer);
	memcpy(signer.public_key, private_key_point(other).data, 64);
	CHECK_STATUS(CELLA_INTERNAL,
		     jws_sign(header, bytes_from("{}"), &signer, &text, &err));
	memset(signer.public_key, 1, 64);
	CHECK_STATUS(CELLA_MALFORMED,
		     jws_sign(header, bytes_from("{}"), &signer, &text, &err));
	signer.alg = CELLA_ALG_NONE;
	CHECK_STATUS(CELLA_USAGE,
		     jws_sign(header, bytes_from("{}"), &signer, &text, &err));
	assert_null(text);
	private_key_free(other);
	json_decref(header);
}

/* The header says one algorithm, the key has another: nobody could check that token. */
static void header_of_another_algorithm(void **state)
{
	static const char *const algs[] = { "ES384", "none", "HS256" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(algs); i++) {
		json_t *const header = json_pack("{s:s}", "alg", algs[i]);
		struct cella_error err = { 0 };
		struct cella_signer signer;
		char *text = NULL;

		CASE(algs[i]);
		private_key_signer(p256, &signer);
		CHECK_STATUS(CELLA_USAGE,
			     jws_sign(header, bytes_from("{}"), &signer, &text, &err));
		assert_null(text);
		json_decref(header);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(token_of_rfc_7515),
		cmocka_unit_test(own_tokens_on_both_curves),
		cmocka_unit_test(headers),
		cmocka_unit_test(shapes),
		cmocka_unit_test(der_signature),
		cmocka_unit_test(oversized_token),
		cmocka_unit_test(one_character_changed),
		cmocka_unit_test(signers_that_lie_or_fail),
		cmocka_unit_test(signer_shows_another_key),
		cmocka_unit_test(header_of_another_algorithm),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
