/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"
#include "support.h"

#include "jose/jwk.h"

/* RFC 7515 appendix A.3: a key on P-256. */
#define A3_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define A3_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"

static const char good_p256[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" A3_X
				"\",\"y\":\"" A3_Y "\"}";

static const uint8_t other_point_pem[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\n"
	"Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
	"-----END PUBLIC KEY-----\n";

static struct cella_keys *new_keys(void)
{
	struct cella_keys *keys = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_keys_new(&keys, &err));
	CHECK_INT(0, cella_keys_count(keys));
	return keys;
}

static enum cella_status add(struct cella_keys *keys, const char *text,
			     struct cella_error *err)
{
	return cella_keys_add(keys, text, strlen(text), err);
}

/*
 * The members in lexicographic order without white space, hashed by another program:
 * printf '{"crv":"P-256","kty":"EC","x":"…","y":"…"}' | openssl dgst -sha256 -binary |
 * basenc --base64url
 */
static void thumbprint_of_rfc_7638(void **state)
{
	struct cella_keys *const keys = new_keys();
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(add(keys, good_p256, &err));
	CHECK_INT(1, cella_keys_count(keys));
	CHECK_TEXT("oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
		   cella_keys_thumbprint(keys, 0));
	assert_null(cella_keys_thumbprint(keys, 1));
	assert_non_null(keys_find(keys, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"));
	assert_null(keys_find(keys, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-u"));
	cella_keys_free(keys);
	cella_keys_free(NULL);
}

#define EC(rest) "{\"kty\":\"EC\"," rest "}"
#define POINT "\"x\":\"" A3_X "\",\"y\":\"" A3_Y "\""
#define P256 "\"crv\":\"P-256\","

static void single_keys(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		enum cella_status status;
		const char *part;
	} rows[] = {
		{ "plain", good_p256, CELLA_OK, NULL },
		{ "with alg and use",
		  EC(P256 "\"alg\":\"ES256\",\"use\":\"sig\",\"kid\":\"any\"," POINT),
		  CELLA_OK, NULL },
		{ "with more members", EC(P256 "\"key_ops\":[\"verify\"]," POINT),
		  CELLA_OK, NULL },
		{ "private_key", EC(P256 "\"d\":\"AAAA\"," POINT), CELLA_MALFORMED,
		  "jwk: holds a private key" },
		{ "private_key_null", EC(P256 "\"d\":null," POINT), CELLA_MALFORMED,
		  "jwk: holds a private key" },
		{ "no kty", "{" P256 POINT "}", CELLA_MALFORMED, "jwk: kty: is missing" },
		{ "kty of another type", "{\"kty\":1}", CELLA_MALFORMED,
		  "jwk: kty: expected text" },
		{ "RSA", "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		  CELLA_UNSUPPORTED, "expected EC, found \"RSA\"" },
		{ "symmetric_key", "{\"kty\":\"oct\",\"k\":\"AAAA\"}", CELLA_UNSUPPORTED,
		  "expected EC, found \"oct\"" },
		{ "for encryption", EC(P256 "\"use\":\"enc\"," POINT), CELLA_UNSUPPORTED,
		  "use: expected sig, found \"enc\"" },
		{ "alg of another curve", EC(P256 "\"alg\":\"ES384\"," POINT),
		  CELLA_UNSUPPORTED, "alg: expected ES256, found \"ES384\"" },
		{ "alg_none", EC(P256 "\"alg\":\"none\"," POINT), CELLA_UNSUPPORTED,
		  "alg: expected ES256, found \"none\"" },
		{ "another curve", EC("\"crv\":\"P-521\"," POINT), CELLA_UNSUPPORTED,
		  "crv: expected P-256 or P-384, found \"P-521\"" },
		{ "curve in lower case", EC("\"crv\":\"p-256\"," POINT),
		  CELLA_UNSUPPORTED, "crv: expected" },
		{ "no crv", EC(POINT), CELLA_MALFORMED, "crv: is missing" },
		{ "no x", EC(P256 "\"y\":\"" A3_Y "\""), CELLA_MALFORMED,
		  "x: is missing" },
		{ "no y", EC(P256 "\"x\":\"" A3_X "\""), CELLA_MALFORMED,
		  "y: is missing" },
		{ "short x", EC(P256 "\"x\":\"AAAA\",\"y\":\"" A3_Y "\""),
		  CELLA_MALFORMED, "a coordinate of 3 bytes, not 32" },
		{ "long y", EC(P256 "\"x\":\"" A3_X "\",\"y\":\"AAAA" A3_Y "\""),
		  CELLA_MALFORMED, "a coordinate of 35 bytes, not 32" },
		{ "point of another curve", EC("\"crv\":\"P-384\"," POINT),
		  CELLA_MALFORMED, "a coordinate of 32 bytes, not 48" },
		{ "padded x", EC(P256 "\"x\":\"" A3_X "=\",\"y\":\"" A3_Y "\""),
		  CELLA_MALFORMED, "not base64" },
		{ "coordinates_swapped", EC(P256 "\"x\":\"" A3_Y "\",\"y\":\"" A3_X "\""),
		  CELLA_MALFORMED, "key: not a point on P-256" },
		{ "member_twice", EC(P256 "\"crv\":\"P-256\"," POINT), CELLA_MALFORMED,
		  "duplicate" },
		{ "not JSON", "{", CELLA_MALFORMED, "jwk: line 1" },
		{ "empty", "  ", CELLA_MALFORMED, "keys: the document is empty" },
		{ "an array", "[]", CELLA_MALFORMED, "keys: expected PEM blocks" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_keys *const keys = new_keys();
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status, add(keys, rows[i].text, &err));
		if (rows[i].part != NULL)
			CHECK_TEXT_HAS(err.text, rows[i].part);
		CHECK_INT(rows[i].status == CELLA_OK, cella_keys_count(keys));
		cella_keys_free(keys);
	}
}

static void sets_of_keys(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		enum cella_status status;
		size_t count;
	} rows[] = {
		{ "empty", "{\"keys\":[]}", CELLA_OK, 0 },
		{ "others_passed_over",
		  "{\"keys\":[{\"kty\":\"RSA\"}," EC(P256 POINT) ",{\"kty\":\"oct\"}]}",
		  CELLA_OK, 1 },
		{ "twice the same", "{\"keys\":[" EC(P256 POINT) "," EC(P256 POINT) "]}",
		  CELLA_OK, 1 },
		{ "private_key_inside",
		  "{\"keys\":[" EC(P256 POINT) "," EC(P256 "\"d\":\"AAAA\"," POINT) "]}",
		  CELLA_MALFORMED, 0 },
		{ "broken_key_inside",
		  "{\"keys\":[" EC(P256 POINT) "," EC(P256 "\"x\":\"AAAA\"") "]}",
		  CELLA_MALFORMED, 0 },
		{ "not an object inside", "{\"keys\":[1]}", CELLA_MALFORMED, 0 },
		{ "keys is no array", "{\"keys\":{}}", CELLA_MALFORMED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_keys *const keys = new_keys();
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status, add(keys, rows[i].text, &err));
		/* All of a document, or nothing of it. */
		CHECK_INT(rows[i].count, cella_keys_count(keys));
		if (rows[i].status == CELLA_OK)
			CHECK_TEXT("", err.text);
		cella_keys_free(keys);
	}
}

static void pem_keys(void **state)
{
	struct cella_keys *const keys = new_keys();
	struct cella_error err = { 0 };
	struct out pem = { 0 };
	struct maker m;

	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_issue(&m);
	CHECK_OK(private_key_public_pem(m.keys[MAKER_PCK], &pem, &err));
	out_bytes(&pem, m.ca_chain.data, m.ca_chain.len);
	CHECK_OK(cella_keys_add(keys, pem.data, pem.len, &err));
	CHECK_INT(3, cella_keys_count(keys));
	/* The same key as a certificate and as a bare key is one key. */
	out_done(&pem);
	CHECK_OK(private_key_public_pem(m.keys[MAKER_CA], &pem, &err));
	CHECK_OK(cella_keys_add(keys, pem.data, pem.len, &err));
	CHECK_INT(3, cella_keys_count(keys));
	out_done(&pem);
	private_key_free(m.keys[MAKER_OTHER_KEY]);
	CHECK_OK(private_key_generate(CRYPTO_P384, &m.keys[MAKER_OTHER_KEY], &err));
	CHECK_OK(private_key_public_pem(m.keys[MAKER_OTHER_KEY], &pem, &err));
	CHECK_OK(cella_keys_add(keys, pem.data, pem.len, &err));
	CHECK_INT(4, cella_keys_count(keys));
	out_done(&pem);
	maker_done(&m);
	cella_keys_free(keys);
}

static void other_pem(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		enum cella_status status;
	} rows[] = {
		{ "private_key_pem",
		  "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		  CELLA_MALFORMED },
		{ "EC private key",
		  "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
		  CELLA_MALFORMED },
		{ "text first", "my key:\n-----BEGIN PUBLIC KEY-----\nAAAA\n",
		  CELLA_MALFORMED },
		{ "no end", "-----BEGIN PUBLIC KEY-----\nAAAA\n", CELLA_MALFORMED },
		{ "another kind of key",
		  "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
		  CELLA_UNSUPPORTED },
		{ "broken certificate",
		  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		  CELLA_MALFORMED },
	};
	struct cella_keys *const keys = new_keys();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status, add(keys, rows[i].text, &err));
		CHECK_INT(0, cella_keys_count(keys));
	}
	cella_keys_free(keys);
}

static void good_pem_before_a_broken_block(void **state)
{
	struct cella_keys *const keys = new_keys();
	struct cella_error err = { 0 };
	struct out text = { 0 };

	(void)state;
	out_bytes(&text, other_point_pem, sizeof other_point_pem - 1);
	CHECK_OK(cella_keys_add(keys, text.data, text.len, &err));
	out_text(&text, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	CHECK_STATUS(CELLA_MALFORMED, cella_keys_add(keys, text.data, text.len, &err));
	CHECK_INT(1, cella_keys_count(keys));
	cella_keys_free(keys);
	out_done(&text);
}

static void too_many_keys(void **state)
{
	struct cella_keys *const keys = new_keys();
	struct cella_error err = { 0 };

	(void)state;
	for (int i = 0; i <= KEYS_MAX; i++) {
		struct private_key *key = NULL;
		struct out pem = { 0 };

		CHECK_OK(private_key_generate(CRYPTO_P256, &key, &err));
		CHECK_OK(private_key_public_pem(key, &pem, &err));
		CHECK_STATUS(i < KEYS_MAX ? CELLA_OK : CELLA_LIMIT,
			     cella_keys_add(keys, pem.data, pem.len, &err));
		out_done(&pem);
		private_key_free(key);
	}
	CHECK_INT(KEYS_MAX, cella_keys_count(keys));
	cella_keys_free(keys);
}

static void written_keys_are_read_back(void **state)
{
	(void)state;
	for (int curve = CRYPTO_P256; curve <= CRYPTO_P384; curve++) {
		struct cella_keys *const keys = new_keys();
		struct private_key *key = NULL;
		struct cella_signer signer;
		struct cella_error err = { 0 };
		char *text = NULL;

		CHECK_OK(private_key_generate((enum crypto_curve)curve, &key, &err));
		private_key_signer(key, &signer);
		CHECK_OK(cella_jwk_write(&signer, &text, &err));
		CHECK_OK(add(keys, text, &err));
		CHECK_INT(1, cella_keys_count(keys));
		CHECK_TEXT_HAS(text, cella_keys_thumbprint(keys, 0));
		CHECK_TEXT_HAS(text, "\"use\": \"sig\"");
		CHECK_TEXT_HAS(text, curve == CRYPTO_P256 ? "\"alg\": \"ES256\""
							  : "\"alg\": \"ES384\"");
		assert_null(strstr(text, "\"d\""));
		assert_true(bytes_equal(private_key_point(key),
					crypto_key_point(keys->items[0].key)));
		cella_free(text);
		private_key_free(key);
		cella_keys_free(keys);
	}
}

static void signers_that_are_not_filled_in(void **state)
{
	struct private_key *key = NULL;
	struct cella_error err = { 0 };
	struct cella_signer good;
	struct cella_signer bad;
	char *text = NULL;

	(void)state;
	CHECK_OK(private_key_generate(CRYPTO_P256, &key, &err));
	private_key_signer(key, &good);
	CHECK_STATUS(CELLA_USAGE, cella_jwk_write(NULL, &text, &err));
	bad = good;
	bad.size = 0;
	CHECK_STATUS(CELLA_USAGE, cella_jwk_write(&bad, &text, &err));
	bad = good;
	bad.sign = NULL;
	CHECK_STATUS(CELLA_USAGE, cella_jwk_write(&bad, &text, &err));
	bad = good;
	bad.alg = CELLA_ALG_NONE;
	CHECK_STATUS(CELLA_USAGE, cella_jwk_write(&bad, &text, &err));
	bad.alg = (enum cella_alg)77;
	CHECK_STATUS(CELLA_USAGE, cella_jwk_write(&bad, &text, &err));
	assert_null(text);
	private_key_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thumbprint_of_rfc_7638),
		cmocka_unit_test(single_keys),
		cmocka_unit_test(sets_of_keys),
		cmocka_unit_test(pem_keys),
		cmocka_unit_test(other_pem),
		cmocka_unit_test(good_pem_before_a_broken_block),
		cmocka_unit_test(too_many_keys),
		cmocka_unit_test(written_keys_are_read_back),
		cmocka_unit_test(signers_that_are_not_filled_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
