/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "crypto/private_key.h"

/* RFC 6979 A.2.5's key, as OpenSSL writes it in both forms; and keys of other kinds. */
static const char sec1[] =
	"-----BEGIN EC PRIVATE KEY-----\n"
	"MHcCAQEEIMmvqdhFunUWa1whV2ea0pNMUOPbNuibEnuKYisSD2choAoGCCqGSM49\n"
	"AwEHoUQDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8\n"
	"maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
	"-----END EC PRIVATE KEY-----\n";

static struct private_key *generate(enum crypto_curve curve)
{
	struct cella_error err = { 0 };
	struct private_key *key = NULL;

	CHECK_OK(private_key_generate(curve, &key, &err));
	return key;
}

static void keys_sign_what_their_point_verifies(void **state)
{
	(void)state;
	for (int curve = CRYPTO_P256; curve <= CRYPTO_P384; curve++) {
		struct private_key *const key = generate((enum crypto_curve)curve);
		const struct cella_bytes point = private_key_point(key);
		const struct cella_bytes message = bytes_from("message");
		struct cella_error err = { 0 };
		struct crypto_key *public = NULL;
		uint8_t signature[CRYPTO_POINT_MAX];

		CHECK_INT(curve, private_key_curve(key));
		CHECK_INT(curve == CRYPTO_P256 ? 64 : 96, point.len);
		CHECK_OK(crypto_key_new((enum crypto_curve)curve, point, &public, &err));
		for (int i = 0; i < 50; i++) {
			bool good = false;

			CHECK_OK(private_key_sign(key, message, signature, &err));
			CHECK_OK(crypto_verify(public, message,
					       bytes_of(signature, point.len), &good,
					       &err));
			assert_true(good);
		}
		crypto_key_free(public);
		private_key_free(key);
	}
	private_key_free(NULL);
}

static void keys_survive_being_written(void **state)
{
	(void)state;
	for (int curve = CRYPTO_P256; curve <= CRYPTO_P384; curve++) {
		struct private_key *const key = generate((enum crypto_curve)curve);
		struct private_key *back = NULL;
		struct cella_error err = { 0 };
		struct out pem = { 0 };

		CHECK_OK(private_key_write(key, &pem, &err));
		CHECK_BYTES("-----BEGIN PRIVATE KEY-----", 27,
			    bytes_slice(out_view(&pem), 0, 27));
		CHECK_OK(private_key_parse(out_view(&pem), &back, &err));
		assert_true(bytes_equal(private_key_point(key), private_key_point(back)));
		CHECK_INT(curve, private_key_curve(back));
		private_key_free(back);
		private_key_free(key);
		out_done(&pem);
	}
}

static void key_files(void **state)
{
	static const struct {
		const char *name;
		const char *pem;
		enum cella_status status;
	} rows[] = {
		{ "SEC 1", sec1, CELLA_OK },
		{ "empty", "", CELLA_MALFORMED },
		{ "text", "secret", CELLA_MALFORMED },
		{ "a public key",
		  "-----BEGIN PUBLIC KEY-----\n"
		  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\n"
		  "Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
		  "-----END PUBLIC KEY-----\n",
		  CELLA_MALFORMED },
		{ "Ed25519",
		  "-----BEGIN PRIVATE KEY-----\n"
		  "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
		  "-----END PRIVATE KEY-----\n",
		  CELLA_UNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct private_key *key = NULL;
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status,
			     private_key_parse(bytes_from_text(rows[i].pem), &key, &err));
		CHECK_TRUE((key != NULL) == (rows[i].status == CELLA_OK));
		private_key_free(key);
	}
}

static void signer_signs_in_raw_form(void **state)
{
	struct private_key *const key = generate(CRYPTO_P384);
	struct cella_error err = { 0 };
	struct cella_signer signer = { 0 };
	uint8_t signature[CELLA_POINT_MAX];
	struct crypto_key *public = NULL;
	bool good = false;

	(void)state;
	private_key_signer(key, &signer);
	CHECK_INT(sizeof signer, signer.size);
	CHECK_INT(CELLA_ALG_ES384, signer.alg);
	CHECK_OK(signer.sign(signer.context, "abc", 3, signature, &err));
	CHECK_OK(crypto_key_new(CRYPTO_P384, bytes_of(signer.public_key, 96), &public,
				&err));
	CHECK_OK(crypto_verify(public, bytes_from("abc"), bytes_of(signature, 96), &good,
			       &err));
	assert_true(good);
	crypto_key_free(public);
	private_key_free(key);
}

static void random_bytes_differ(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(random_bytes(a, sizeof a, &err));
	CHECK_OK(random_bytes(b, sizeof b, &err));
	assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_sign_what_their_point_verifies),
		cmocka_unit_test(keys_survive_being_written),
		cmocka_unit_test(key_files),
		cmocka_unit_test(signer_signs_in_raw_form),
		cmocka_unit_test(random_bytes_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
