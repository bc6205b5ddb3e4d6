/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes and ECDSA (src/crypto/verify.c).
 */
#include "support.h"

#include "base/encode.h"
#include "crypto/crypto.h"

#include <openssl/bn.h>

static void hashes_of_fips_180(void **state)
{
	static const struct {
		enum crypto_hash hash;
		const char *message;
		const char *digest;
	} rows[] = {
		{ CRYPTO_SHA256, "",
		  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ CRYPTO_SHA256, "abc",
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ CRYPTO_SHA384, "abc",
		  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		  "8086072ba1e7cc2358baeca134c825a7" },
		{ CRYPTO_SHA512, "abc",
		  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cella_bytes whole = bytes_from_text(rows[i].message);
		struct cella_error err = { 0 };
		uint8_t digest[SHA512_LEN];
		char text[2 * SHA512_LEN + 1];

		CHECK_INT(strlen(rows[i].digest), 2 * crypto_hash_len(rows[i].hash));
		CHECK_OK(crypto_digest(rows[i].hash, &whole, 1, digest, &err));
		hex_format(bytes_of(digest, crypto_hash_len(rows[i].hash)), text);
		CHECK_TEXT(rows[i].digest, text);
	}
}

static void parts_hash_as_their_concatenation(void **state)
{
	const struct cella_bytes parts[] = { bytes_from("a"), bytes_of(NULL, 0),
					     bytes_from("bc") };
	const struct cella_bytes whole = bytes_from("abc");

	(void)state;
	for (int hash = CRYPTO_SHA256; hash <= CRYPTO_SHA512; hash++) {
		struct cella_error err = { 0 };
		uint8_t a[SHA512_LEN], b[SHA512_LEN];

		CHECK_OK(crypto_digest((enum crypto_hash)hash, parts, 3, a, &err));
		CHECK_OK(crypto_digest((enum crypto_hash)hash, &whole, 1, b, &err));
		assert_memory_equal(a, b, crypto_hash_len((enum crypto_hash)hash));
	}
}

/* RFC 6979 A.2.5 and A.2.6: the signatures of "sample". */
static const struct vector {
	enum crypto_curve curve;
	const char *secret;
	const char *point;
	const char *signature;
	const char *order;
} vectors[] = {
	{ CRYPTO_P256, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
	  "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
	  "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
	  "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	  "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551" },
	{ CRYPTO_P384,
	  "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8"
	  "96d5724e4c70a825f872c9ea60d2edf5",
	  "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
	  "def8f0ea9055866064a254515480bc13"
	  "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1"
	  "288b231c3ae0d4fe7344fd2533264720",
	  "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
	  "81a648152e44acf96e36dd1e80fabe46"
	  "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
	  "a329c145786e679e7b82c71a38628ac8",
	  "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
	  "581a0db248b0a77aecec196accc52973" },
};

struct fixture {
	size_t half;
	uint8_t point[CRYPTO_POINT_MAX];
	uint8_t signature[CRYPTO_POINT_MAX];
	uint8_t order[CRYPTO_POINT_MAX / 2];
	struct crypto_key *key;
};

static void fixture_init(struct fixture *f, const struct vector *v)
{
	struct cella_error err = { 0 };

	*f = (struct fixture){ .half = strlen(v->order) / 2 };
	CHECK_OK(hex_read(bytes_from_text(v->point), f->point, 2 * f->half, "x", &err));
	CHECK_OK(hex_read(bytes_from_text(v->signature), f->signature, 2 * f->half, "x",
			  &err));
	CHECK_OK(hex_read(bytes_from_text(v->order), f->order, f->half, "x", &err));
	CHECK_OK(
		crypto_key_new(v->curve, bytes_of(f->point, 2 * f->half), &f->key, &err));
	assert_non_null(f->key);
	CHECK_INT(v->curve, crypto_key_curve(f->key));
	CHECK_BYTES(f->point, 2 * f->half, crypto_key_point(f->key));
}

static bool verifies(const struct fixture *f, const char *message)
{
	struct cella_error err = { 0 };
	bool good = true;

	CHECK_OK(crypto_verify(f->key, bytes_from_text(message),
			       bytes_of(f->signature, 2 * f->half), &good, &err));
	return good;
}

static void signatures_of_rfc_6979(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct fixture f;

		CASE(vectors[i].point);
		fixture_init(&f, &vectors[i]);
		CHECK_TRUE(verifies(&f, "sample"));
		CHECK_TRUE(!verifies(&f, "samplE"));
		CHECK_TRUE(!verifies(&f, ""));
		for (size_t k = 0; k < 2 * f.half; k++) {
			f.signature[k] ^= 1;
			CHECK_TRUE(!verifies(&f, "sample"));
			f.signature[k] ^= 1;
		}
		crypto_key_free(f.key);
	}
}

enum number { AS_IT_IS, ZERO, ORDER, ORDER_PLUS_ONE, ALL_ONES };

static void set_number(const struct fixture *f, enum number number, uint8_t *out)
{
	switch (number) {
	case AS_IT_IS:
		return;
	case ZERO:
		memset(out, 0, f->half);
		return;
	case ORDER:
	case ORDER_PLUS_ONE:
		memcpy(out, f->order, f->half);
		out[f->half - 1] =
			(uint8_t)(out[f->half - 1] + (number == ORDER_PLUS_ONE));
		return;
	case ALL_ONES:
		memset(out, 0xff, f->half);
		return;
	}
}

/* r and s must lie in 1..n-1: other numbers are no signature of anything. */
static void numbers_out_of_range(void **state)
{
	static const struct {
		const char *name;
		enum number r, s;
	} rows[] = {
		{ "zero_r", ZERO, AS_IT_IS },
		{ "zero_s", AS_IT_IS, ZERO },
		{ "zero_signature", ZERO, ZERO },
		{ "r_is_the_order", ORDER, AS_IT_IS },
		{ "s_is_the_order", AS_IT_IS, ORDER },
		{ "both_are_the_order", ORDER, ORDER },
		{ "r_above_the_order", ORDER_PLUS_ONE, AS_IT_IS },
		{ "s_above_the_order", AS_IT_IS, ORDER_PLUS_ONE },
		{ "all_ones", ALL_ONES, ALL_ONES },
	};

	(void)state;
	for (size_t v = 0; v < ARRAY_LEN(vectors); v++) {
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			struct fixture f;

			CASE(rows[i].name);
			fixture_init(&f, &vectors[v]);
			set_number(&f, rows[i].r, f.signature);
			set_number(&f, rows[i].s, f.signature + f.half);
			CHECK_TRUE(!verifies(&f, "sample"));
			crypto_key_free(f.key);
		}
	}
}

/*
 * A signer who knows his key can make the verification's sum the point at infinity, which
 * has no coordinates: r = -e/d. That is a bad signature, not a failure to decide.
 */
static void sum_at_infinity(void **state)
{
	struct cella_error err = { 0 };
	const struct cella_bytes message = bytes_from("sample");
	BN_CTX *const ctx = BN_CTX_new();
	BIGNUM *n = NULL, *d = NULL, *r = BN_new();
	uint8_t digest[SHA256_LEN];
	struct fixture f;
	BIGNUM *e;

	(void)state;
	fixture_init(&f, &vectors[0]);
	CHECK_OK(crypto_sha256(message, digest, &err));
	e = BN_bin2bn(digest, sizeof digest, NULL);
	BN_hex2bn(&n, vectors[0].order);
	BN_hex2bn(&d, vectors[0].secret);
	assert_non_null(BN_mod_inverse(r, d, n, ctx));
	assert_int_equal(1, BN_mod_mul(r, r, e, n, ctx));
	assert_int_equal(1, BN_sub(r, n, r));
	assert_int_equal(32, BN_bn2binpad(r, f.signature, 32));
	memset(f.signature + 32, 0, 32);
	f.signature[63] = 1;
	CHECK_TRUE(!verifies(&f, "sample"));
	crypto_key_free(f.key);
	BN_free(n);
	BN_free(d);
	BN_free(r);
	BN_free(e);
	BN_CTX_free(ctx);
}

static void key_off_the_curve(void **state)
{
	struct cella_error err = { 0 };

	(void)state;
	for (size_t v = 0; v < ARRAY_LEN(vectors); v++) {
		const enum crypto_curve curve = vectors[v].curve;
		struct crypto_key *key = (void *)&err;
		uint8_t point[CRYPTO_POINT_MAX];
		struct fixture f;

		fixture_init(&f, &vectors[v]);
		memcpy(point, f.point, sizeof point);
		point[2 * f.half - 1] ^= 1;
		CHECK_OK(crypto_key_new(curve, bytes_of(point, 2 * f.half), &key, &err));
		assert_null(key);
		memset(point, 0, sizeof point);
		key = (void *)&err;
		CHECK_OK(crypto_key_new(curve, bytes_of(point, 2 * f.half), &key, &err));
		assert_null(key);
		memset(point, 0xff, sizeof point);
		key = (void *)&err;
		CHECK_OK(crypto_key_new(curve, bytes_of(point, 2 * f.half), &key, &err));
		assert_null(key);
		CHECK_INT(CELLA_OK, err.status);
		CHECK_TEXT("", err.text);
		crypto_key_free(f.key);
	}
}

static void lengths_of_another_curve(void **state)
{
	struct cella_error err = { 0 };
	struct crypto_key *key = NULL;
	bool good = false;
	struct fixture f;

	(void)state;
	fixture_init(&f, &vectors[0]);
	CHECK_STATUS(CELLA_USAGE,
		     crypto_key_new(CRYPTO_P384, bytes_of(f.point, 64), &key, &err));
	CHECK_STATUS(CELLA_USAGE,
		     crypto_key_new(CRYPTO_P256, bytes_of(f.point, 63), &key, &err));
	CHECK_STATUS(CELLA_USAGE, crypto_verify(f.key, bytes_from("sample"),
						bytes_of(f.signature, 96), &good, &err));
	CHECK_STATUS(CELLA_USAGE, crypto_verify(f.key, bytes_from("sample"),
						bytes_of(f.signature, 63), &good, &err));
	assert_false(good);
	crypto_key_free(f.key);
	crypto_key_free(NULL);
}

static void a_first_part_is_hashed_beside_the_whole(void **state)
{
	static const enum crypto_hash hashes[] = { CRYPTO_SHA256, CRYPTO_SHA384,
						   CRYPTO_SHA512 };
	const struct cella_bytes parts[] = { bytes_from_text("kernel"),
					     bytes_from_text("command line"),
					     bytes_from_text("ramdisk") };
	uint8_t expected[SHA512_LEN];
	uint8_t first[SHA512_LEN];
	uint8_t all[SHA512_LEN];
	struct cella_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hashes); i++)
		for (size_t num = 1; num <= ARRAY_LEN(parts); num++) {
			const size_t len = crypto_hash_len(hashes[i]);

			CHECK_OK(crypto_digest_both(hashes[i], parts, num, first, all,
						    &err));
			CHECK_OK(crypto_digest(hashes[i], parts, 1, expected, &err));
			CHECK_INT(0, memcmp(expected, first, len));
			CHECK_OK(crypto_digest(hashes[i], parts, num, expected, &err));
			CHECK_INT(0, memcmp(expected, all, len));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_part_is_hashed_beside_the_whole),
		cmocka_unit_test(hashes_of_fips_180),
		cmocka_unit_test(parts_hash_as_their_concatenation),
		cmocka_unit_test(signatures_of_rfc_6979),
		cmocka_unit_test(numbers_out_of_range),
		cmocka_unit_test(sum_at_infinity),
		cmocka_unit_test(key_off_the_curve),
		cmocka_unit_test(lengths_of_another_curve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
