/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/encode.h"

static void hex(void **state)
{
	static const struct {
		const char *text;
		enum cella_status status; /* of hex_append() */
		size_t offset;
		const char *bytes;
	} rows[] = {
		{ "", CELLA_OK, 0, "" },
		{ "61", CELLA_OK, 0, "a" },
		{ "6a4B", CELLA_OK, 0, "jK" },
		{ "6", CELLA_MALFORMED, 0, "" },
		{ "6g", CELLA_MALFORMED, 1, "" },
		{ "g6", CELLA_MALFORMED, 0, "" },
		{ "61 6", CELLA_MALFORMED, 2, "" },
		{ "0x61", CELLA_MALFORMED, 1, "" },
		{ "61\n6", CELLA_MALFORMED, 2, "" },
		{ "6:61", CELLA_MALFORMED, 1, "" },
		{ "6@", CELLA_MALFORMED, 1, "" },
		{ "6`", CELLA_MALFORMED, 1, "" },
		{ "6/", CELLA_MALFORMED, 1, "" },
		{ "6\xff", CELLA_MALFORMED, 1, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cella_bytes text = bytes_from_text(rows[i].text);
		const size_t len = strlen(rows[i].bytes);
		struct cella_error err = { 0 };
		struct out out = { 0 };
		uint8_t exact[4] = { 0 };

		CASE(rows[i].text);
		CHECK_STATUS(rows[i].status, hex_append(text, &out, "--nonce", &err));
		if (rows[i].status == CELLA_OK) {
			CHECK_BYTES(rows[i].bytes, len, out_view(&out));
			CHECK_OK(hex_read(text, exact, len, "x", &err));
			assert_memory_equal(rows[i].bytes, exact, len);
		} else {
			CHECK_INT(rows[i].offset, err.offset);
			CHECK_TEXT_HAS(err.text, "--nonce: ");
		}
		out_done(&out);
	}
}

static void hex_of_exact_length(void **state)
{
	uint8_t out[2] = { 7, 7 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_MALFORMED, hex_read(bytes_from("616"), out, 2, "fmspc", &err));
	CHECK_TEXT("fmspc: needs 4 hexadecimal digits, has 3", err.text);
	CHECK_STATUS(CELLA_MALFORMED,
		     hex_read(bytes_from("616263"), out, 2, "fmspc", &err));
	CHECK_ERROR(CELLA_MALFORMED, 3, "fmspc: character 4",
		    hex_read(bytes_from("616x"), out, 2, "fmspc", &err));
	assert_memory_equal("\7\7", out, 2);
}

static void hex_is_written(void **state)
{
	struct out out = { 0 };
	char text[5];

	(void)state;
	hex_write(&out, bytes_from("\x0a\xbc"));
	hex_write_upper(&out, bytes_from("\x0a\xbc"));
	CHECK_BYTES("0abc0ABC", 8, out_view(&out));
	CHECK_TEXT("0abc", hex_format(bytes_from("\x0a\xbc"), text));
	CHECK_TEXT("", hex_format(bytes_of(NULL, 0), text));
	out_done(&out);
}

struct base64_row {
	const char *text;
	enum cella_status status;
	size_t offset;
	const char *bytes;
};

static void check_base64(const struct base64_row *row,
			 enum cella_status (*read)(struct cella_bytes, struct out *,
						   const char *, struct cella_error *))
{
	struct cella_error err = { 0 };
	struct out out = { 0 };

	CASE(row->text);
	CHECK_STATUS(row->status, read(bytes_from_text(row->text), &out, "x", &err));
	if (row->status == CELLA_OK) {
		CHECK_BYTES(row->bytes, strlen(row->bytes), out_view(&out));
	} else {
		CHECK_INT(row->offset, err.offset);
		CHECK_TEXT_HAS(err.text, "x: ");
	}
	out_done(&out);
}

static void base64(void **state)
{
	static const struct base64_row rows[] = {
		{ "", CELLA_OK, 0, "" },
		{ "Zg==", CELLA_OK, 0, "f" },
		{ "Zm8=", CELLA_OK, 0, "fo" },
		{ "Zm9v", CELLA_OK, 0, "foo" },
		{ "Zm9vYmFy", CELLA_OK, 0, "foobar" },
		{ "+/+/", CELLA_OK, 0, "\xfb\xff\xbf" },
		{ "Zg=", CELLA_MALFORMED, 3, NULL },
		{ "Zg", CELLA_MALFORMED, 2, NULL },
		{ "Z===", CELLA_MALFORMED, 1, NULL },
		{ "====", CELLA_MALFORMED, 0, NULL },
		{ "Zm9v=", CELLA_MALFORMED, 5, NULL },
		{ "Zm9v====", CELLA_MALFORMED, 4, NULL },
		{ "Zg==Zg==", CELLA_MALFORMED, 2, NULL },
		{ "Zh==", CELLA_MALFORMED, 2, NULL }, /* bits that do not count */
		{ "Zm9=", CELLA_MALFORMED, 3, NULL },
		{ "Zm9-", CELLA_MALFORMED, 3, NULL },
		{ "Zm9_", CELLA_MALFORMED, 3, NULL },
		{ "Zm 9", CELLA_MALFORMED, 2, NULL },
		{ "Zm9\n", CELLA_MALFORMED, 3, NULL },
		{ "Zm9\x80", CELLA_MALFORMED, 3, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_base64(&rows[i], base64_append);
}

static void base64url(void **state)
{
	static const struct base64_row rows[] = {
		{ "", CELLA_OK, 0, "" },
		{ "Zg", CELLA_OK, 0, "f" },
		{ "Zm8", CELLA_OK, 0, "fo" },
		{ "Zm9v", CELLA_OK, 0, "foo" },
		{ "-_-_", CELLA_OK, 0, "\xfb\xff\xbf" },
		{ "Z", CELLA_MALFORMED, 1, NULL },
		{ "Zm9vZ", CELLA_MALFORMED, 5, NULL },
		{ "Zg==", CELLA_MALFORMED, 2, NULL }, /* RFC 7515: no padding */
		{ "Zm8=", CELLA_MALFORMED, 3, NULL },
		{ "Zh", CELLA_MALFORMED, 2, NULL },
		{ "Zm9", CELLA_MALFORMED, 3, NULL },
		{ "Zm9+", CELLA_MALFORMED, 3, NULL },
		{ "Zm9/", CELLA_MALFORMED, 3, NULL },
		{ "Zm9.", CELLA_MALFORMED, 3, NULL },
		{ " Zm9", CELLA_MALFORMED, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_base64(&rows[i], base64url_append);
}

/* What was written is read back; of all other texts of its length, none is. */
static void one_text_for_each_bytes(void **state)
{
	uint8_t bytes[100];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t len = 0; len <= sizeof bytes; len++) {
		struct cella_error err = { 0 };
		struct out text = { 0 };
		struct out back = { 0 };

		base64_write(&text, bytes_of(bytes, len));
		CHECK_OK(base64_append(out_view(&text), &back, "x", &err));
		CHECK_BYTES(bytes, len, out_view(&back));
		out_done(&text);
		out_done(&back);
		base64url_write(&text, bytes_of(bytes, len));
		CHECK_OK(base64url_append(out_view(&text), &back, "x", &err));
		CHECK_BYTES(bytes, len, out_view(&back));
		for (int c = 1; text.len > 0 && c < 256; c++) {
			struct out other = { 0 };

			text.data[text.len - 1] ^= (uint8_t)c;
			if (base64url_append(out_view(&text), &other, "x", &err) ==
			    CELLA_OK)
				CHECK_TRUE(!bytes_equal(out_view(&other),
							bytes_of(bytes, len)));
			text.data[text.len - 1] ^= (uint8_t)c;
			out_done(&other);
		}
		out_done(&text);
		out_done(&back);
	}
}

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

static void pem(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		enum cella_status status;
		size_t offset;
		const char *part; /* of the error */
		size_t num_blocks;
	} rows[] = {
		{ "nothing", "", CELLA_OK, 0, NULL, 0 },
		{ "white space", " \r\n\t", CELLA_OK, 0, NULL, 0 },
		{ "one", BEGIN "\nZm9v\n" END "\n", CELLA_OK, 0, NULL, 1 },
		{ "without line ends", BEGIN "Zm9v" END, CELLA_OK, 0, NULL, 1 },
		{ "carriage returns", BEGIN "\r\nZm9v\r\n" END "\r\n", CELLA_OK, 0, NULL,
		  1 },
		{ "two", BEGIN "\nZm9v\n" END "\n" BEGIN "\nZm9v\n" END, CELLA_OK, 0,
		  NULL, 2 },
		{ "text before", "x" BEGIN "\nZm9v\n" END, CELLA_MALFORMED, 0,
		  "pem: expected \"-----BEGIN CERTIFICATE-----\"", 0 },
		{ "text between", BEGIN "\nZm9v\n" END "\nx\n" BEGIN "\nZm9v\n" END,
		  CELLA_MALFORMED, 1, "expected \"-----BEGIN", 1 },
		{ "text after", BEGIN "\nZm9v\n" END "\nx", CELLA_MALFORMED, 1,
		  "expected \"-----BEGIN", 1 },
		{ "another label", "-----BEGIN X509 CRL-----\nZm9v\n" END,
		  CELLA_MALFORMED, 11, "expected \"-----BEGIN CERTIFICATE-----\"", 0 },
		{ "label with a tail", "-----BEGIN CERTIFICATE REQUEST-----\nZm9v\n" END,
		  CELLA_MALFORMED, 22, "expected \"-----BEGIN", 0 },
		{ "no end", BEGIN "\nZm9v\n", CELLA_MALFORMED, 27, "has no end line", 0 },
		{ "other end", BEGIN "\nZm9v\n-----END X509 CRL-----", CELLA_MALFORMED,
		  33, "expected \"-----END CERTIFICATE-----\"", 0 },
		{ "end and beginning swapped", END "\nZm9v\n" BEGIN, CELLA_MALFORMED, 0,
		  "expected \"-----BEGIN", 0 },
		{ "missing dash", BEGIN "\nZm9v\n-----END CERTIFICATE----",
		  CELLA_MALFORMED, 33, "expected \"-----END", 0 },
		{ "headers", BEGIN "\nProc-Type: 4\n\nZm9v\n" END, CELLA_MALFORMED, 15,
		  "base64", 0 },
		{ "broken base64", BEGIN "\nZm9\n" END, CELLA_MALFORMED, 3, "base64", 0 },
		{ "padding inside", BEGIN "\nZg==\nZm9v\n" END, CELLA_MALFORMED, 2,
		  "not base64", 0 },
		{ "zero byte inside", BEGIN "\nZm9\1\n" END, CELLA_MALFORMED, 3,
		  "not base64", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_bytes rest = bytes_from_text(rows[i].text);
		struct cella_error err = { 0 };
		enum cella_status status = CELLA_OK;
		size_t num_blocks = 0;
		bool found = true;

		CASE(rows[i].name);
		while (status == CELLA_OK && found) {
			struct out der = { 0 };

			status = pem_next(&rest, "CERTIFICATE", &der, &found, &err);
			if (status == CELLA_OK && found) {
				CHECK_BYTES("foo", 3, out_view(&der));
				num_blocks++;
			}
			out_done(&der);
		}
		if (rows[i].status == CELLA_OK)
			CHECK_STATUS(CELLA_OK, status);
		else
			CHECK_ERROR(rows[i].status, rows[i].offset, rows[i].part, status);
		CHECK_INT(rows[i].num_blocks, num_blocks);
	}
}

/* Intel's quotes end their chains with a NUL. */
static void terminators_are_white_space_at_the_ends(void **state)
{
	struct cella_bytes text = bytes_from("\0" BEGIN "\nZm9v\n" END "\n\0\0");
	struct cella_bytes inner = bytes_from(BEGIN "\nZm\0009v\n" END);
	struct cella_error err = { 0 };
	struct out der = { 0 };
	bool found = false;

	(void)state;
	CHECK_OK(pem_next(&text, "CERTIFICATE", &der, &found, &err));
	assert_true(found);
	CHECK_OK(pem_next(&text, "CERTIFICATE", &der, &found, &err));
	assert_false(found);
	CHECK_STATUS(CELLA_MALFORMED,
		     pem_next(&inner, "CERTIFICATE", &der, &found, &err));
	CHECK_BYTES("a b", 3, text_trim(bytes_from("\0 \ta b\r\n\0")));
	CHECK_BYTES("", 0, text_trim(bytes_from(" \0 ")));
	out_done(&der);
}

static void letters_are_equal_in_any_case(void **state)
{
	(void)state;
	assert_true(text_equal_any_case("", ""));
	assert_true(text_equal_any_case("INTEL-sa-00615", "intel-SA-00615"));
	assert_false(text_equal_any_case("a", ""));
	assert_false(text_equal_any_case("", "a"));
	assert_false(text_equal_any_case("ab", "abc"));
	/* Only letters have cases: these differ in the same bit. */
	assert_false(text_equal_any_case("[", "{"));
	assert_false(text_equal_any_case("@", "`"));
	assert_false(text_equal_any_case("\xc4", "\xe4"));
	assert_true(text_starts_any_case(bytes_from("TCB-Info: x"), "tcb-INFO"));
	assert_true(text_starts_any_case(bytes_from("TCB-Info"), "tcb-INFO"));
	assert_true(text_starts_any_case(bytes_of(NULL, 0), ""));
	assert_false(text_starts_any_case(bytes_from("TCB-Inf"), "tcb-INFO"));
	assert_false(text_starts_any_case(bytes_from("TCB_Info"), "tcb-INFO"));
	assert_false(text_starts_any_case(bytes_of(NULL, 0), "t"));
}

static void pem_is_written_in_lines(void **state)
{
	struct cella_error err = { 0 };
	struct cella_bytes rest;
	struct out pem_text = { 0 };
	struct out back = { 0 };
	uint8_t der[100];
	bool found = false;

	(void)state;
	memset(der, 0xa5, sizeof der);
	pem_write(&pem_text, "CERTIFICATE", bytes_of(der, sizeof der));
	rest = out_view(&pem_text);
	assert_true(text_is_pem(rest));
	assert_false(text_is_pem(bytes_from("-----END CERTIFICATE-----")));
	assert_false(text_is_pem(bytes_of(NULL, 0)));
	CHECK_INT(28 + 65 + 65 + 9 + 26, rest.len);
	CHECK_OK(pem_next(&rest, "CERTIFICATE", &back, &found, &err));
	CHECK_BYTES(der, sizeof der, out_view(&back));
	out_done(&pem_text);
	out_done(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex),
		cmocka_unit_test(hex_of_exact_length),
		cmocka_unit_test(hex_is_written),
		cmocka_unit_test(base64),
		cmocka_unit_test(base64url),
		cmocka_unit_test(one_text_for_each_bytes),
		cmocka_unit_test(pem),
		cmocka_unit_test(terminators_are_white_space_at_the_ends),
		cmocka_unit_test(letters_are_equal_in_any_case),
		cmocka_unit_test(pem_is_written_in_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
