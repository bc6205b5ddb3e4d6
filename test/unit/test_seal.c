/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing (src/crypto/seal.c): known answers, and that every change is found.
 */
#include "support.h"

#include "base/encode.h"
#include "crypto/seal.h"

static const uint8_t secret[SEAL_KEY_LEN] = { 1, 2, 3 };

/* RFC 4231 has no key of 32 bytes: this one by Python's hmac. */
static void keys_are_hmacs(void **state)
{
	uint8_t expected[SEAL_KEY_LEN];
	uint8_t key[SEAL_KEY_LEN];
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(hex_read(
		bytes_from(
			"3916e5fbfe02c04dff623043cc0e334871ac6ac82c26ea8c38e3f511a787d1f5"),
		expected, sizeof expected, "key", &err));
	CHECK_OK(seal_key(secret, bytes_from("purpose"), key, &err));
	CHECK_BYTES(expected, sizeof expected, bytes_of(key, sizeof key));
	CHECK_OK(seal_key(secret, bytes_from("purposf"), key, &err));
	CHECK_TRUE(memcmp(expected, key, sizeof key) != 0);
}

/* NIST's GCM test case 16, "gcmEncryptExtIV256": key, IV, AAD, ciphertext, tag. */
static void a_known_answer_is_opened(void **state)
{
	uint8_t key[32], header[20];
	struct out sealed CLEANUP(out_done) = { 0 };
	struct out plain CLEANUP(out_done) = { 0 };
	struct out expected CLEANUP(out_done) = { 0 };
	bool good = false;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(hex_read(bytes_from("feffe9928665731c6d6a8f9467308308"
				     "feffe9928665731c6d6a8f9467308308"),
			  key, sizeof key, "key", &err));
	CHECK_OK(hex_read(bytes_from("feedfacedeadbeeffeedfacedeadbeefabaddad2"), header,
			  sizeof header, "header", &err));
	CHECK_OK(hex_append(bytes_from("cafebabefacedbaddecaf888"
				       "522dc1f099567d07f47f37a32a84427d"
				       "643a8cdcbfe5c0c97598a2bd2555d1aa"
				       "8cb08e48590dbb3da7b08b1056828838"
				       "c5f61e6393ba7a0abcc9f662"
				       "76fc6ece0f4e1768cddf8853bb2d551b"),
			    &sealed, "sealed", &err));
	CHECK_OK(hex_append(bytes_from("d9313225f88406e5a55909c5aff5269a"
				       "86a7a9531534f7da2e4c303d8a318a72"
				       "1c3c0c95956809532fcf0e2449a6b525"
				       "b16aedf5aa0de657ba637b39"),
			    &expected, "plain", &err));
	CHECK_OK(seal_open(key, bytes_of(header, sizeof header), out_view(&sealed),
			   &plain, &good, &err));
	CHECK_TRUE(good);
	CHECK_BYTES(expected.data, expected.len, out_view(&plain));
}

static bool opens(const uint8_t *key, struct cella_bytes header,
		  struct cella_bytes sealed)
{
	struct out plain CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	bool good = true;

	CHECK_OK(seal_open(key, header, sealed, &plain, &good, &err));
	CHECK_INT(good ? 5 : 0, plain.len);
	return good;
}

static void every_change_is_found(void **state)
{
	static const uint8_t other[SEAL_KEY_LEN] = { 1, 2, 4 };
	struct out sealed CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(seal(secret, bytes_from("header"), bytes_from("plain"), &sealed, &err));
	CHECK_INT(5 + SEAL_EXTRA_LEN, sealed.len);
	CHECK_TRUE(opens(secret, bytes_from("header"), out_view(&sealed)));
	CHECK_TRUE(!opens(other, bytes_from("header"), out_view(&sealed)));
	CHECK_TRUE(!opens(secret, bytes_from("headfr"), out_view(&sealed)));
	CHECK_TRUE(!opens(secret, bytes_from(""), out_view(&sealed)));
	for (size_t i = 0; i < sealed.len; i++) {
		sealed.data[i] ^= 1;
		CHECK_TRUE(!opens(secret, bytes_from("header"), out_view(&sealed)));
		sealed.data[i] ^= 1;
		CHECK_TRUE(
			!opens(secret, bytes_from("header"), bytes_of(sealed.data, i)));
	}
}

static void the_same_is_sealed_otherwise_each_time(void **state)
{
	struct out one CLEANUP(out_done) = { 0 };
	struct out two CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(seal(secret, bytes_from(""), bytes_from("plain"), &one, &err));
	CHECK_OK(seal(secret, bytes_from(""), bytes_from("plain"), &two, &err));
	CHECK_TRUE(!bytes_equal(out_view(&one), out_view(&two)));
}

static void nothing_can_be_sealed(void **state)
{
	struct out sealed CLEANUP(out_done) = { 0 };
	struct out plain CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	bool good = false;

	(void)state;
	CHECK_OK(seal(secret, bytes_from("header"), bytes_of(NULL, 0), &sealed, &err));
	CHECK_OK(seal_open(secret, bytes_from("header"), out_view(&sealed), &plain, &good,
			   &err));
	CHECK_TRUE(good);
	CHECK_INT(0, plain.len);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_hmacs),
		cmocka_unit_test(a_known_answer_is_opened),
		cmocka_unit_test(every_change_is_found),
		cmocka_unit_test(the_same_is_sealed_otherwise_each_time),
		cmocka_unit_test(nothing_can_be_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
