/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR: the examples of RFC 8949, appendix A, and every form that is not the shortest.
 */
#include "support.h"

#include "base/cbor.h"

#define BYTES(...) \
	bytes_of(((const uint8_t[]){ __VA_ARGS__ }), \
		 sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void numbers(void **state)
{
	const struct {
		int64_t value;
		struct cella_bytes bytes;
	} rows[] = {
		{ 0, BYTES(0x00) },
		{ 23, BYTES(0x17) },
		{ 24, BYTES(0x18, 0x18) },
		{ 255, BYTES(0x18, 0xff) },
		{ 256, BYTES(0x19, 0x01, 0x00) },
		{ 65536, BYTES(0x1a, 0, 1, 0, 0) },
		{ 1000000000000, BYTES(0x1b, 0, 0, 0, 0xe8, 0xd4, 0xa5, 0x10, 0) },
		{ -1, BYTES(0x20) },
		{ -35, BYTES(0x38, 0x22) },
		{ -1000, BYTES(0x39, 0x03, 0xe7) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct out out CLEANUP(out_done) = { 0 };
		struct in in;

		in_init(&in, rows[i].bytes, "cbor");
		CHECK_INT(rows[i].value, cbor_number(&in, INT64_MAX, "number"));
		in_end(&in, "end");
		CHECK_OK(in_status(&in, &err));
		cbor_put_number(&out, rows[i].value);
		CHECK_BYTES(rows[i].bytes.data, rows[i].bytes.len, out_view(&out));
	}
}

static void refused_numbers(void **state)
{
	const struct {
		const char *name;
		struct cella_bytes bytes;
		const char *text;
	} rows[] = {
		{ "longer than needed", BYTES(0x18, 23), "shortest" },
		{ "two bytes for one", BYTES(0x19, 0, 255), "shortest" },
		{ "four for two", BYTES(0x1a, 0, 0, 0xff, 0xff), "shortest" },
		{ "eight for four", BYTES(0x1b, 0, 0, 0, 0, 0xff, 0, 0, 0), "shortest" },
		{ "indefinite", BYTES(0x1f), "indefinite" },
		{ "reserved", BYTES(0x1c), "reserved" },
		{ "of another type", BYTES(0x40), "another type" },
		{ "too large", BYTES(0x19, 0x10, 0), "too large" },
		{ "negative and too large", BYTES(0x39, 0x10, 0), "too large" },
		{ "cut", BYTES(0x19, 1), "needs 1 bytes, 0 left" },
		{ "absent", { .data = NULL }, "needs 1 bytes, 0 left" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct in in;

		CASE(rows[i].name);
		in_init(&in, rows[i].bytes, "cbor");
		CHECK_INT(0, cbor_number(&in, 4095, "number") > 0);
		CHECK_STATUS(CELLA_MALFORMED, in_status(&in, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
	}
}

static void strings(void **state)
{
	const struct cella_bytes text = BYTES(0x64, 'I', 'E', 'T', 'F');
	const struct cella_bytes bytes = BYTES(0x44, 1, 2, 3, 4);
	struct cella_error err = { 0 };
	struct out out CLEANUP(out_done) = { 0 };
	struct in in;

	(void)state;
	in_init(&in, text, "cbor");
	CHECK_INT(CBOR_TEXT, cbor_next(&in));
	CHECK_BYTES("IETF", 4, cbor_string(&in, CBOR_TEXT, 4, "text"));
	in_init(&in, bytes, "cbor");
	CHECK_BYTES("\1\2\3\4", 4, cbor_string(&in, CBOR_BYTES, 4, "bytes"));
	in_init(&in, bytes, "cbor");
	CHECK_INT(0, cbor_string(&in, CBOR_BYTES, 3, "bytes").len);
	CHECK_STATUS(CELLA_MALFORMED, in_status(&in, &err));
	cbor_put_text(&out, "IETF");
	cbor_put_bytes(&out, bytes_from("\1\2\3\4"));
	CHECK_BYTES("\x64IETF\x44\1\2\3\4", 10, out_view(&out));
}

static void arrays_of_octets(void **state)
{
	const struct cella_bytes good = BYTES(0x83, 0, 23, 0x18, 255);
	const struct cella_bytes large = BYTES(0x81, 0x19, 1, 0);
	struct out read CLEANUP(out_done) = { 0 };
	struct out written CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct in in;

	(void)state;
	in_init(&in, good, "cbor");
	cbor_octets(&in, 3, &read, "octets");
	CHECK_OK(in_status(&in, &err));
	CHECK_BYTES("\0\27\377", 3, out_view(&read));
	cbor_put_octets(&written, out_view(&read));
	CHECK_BYTES(good.data, good.len, out_view(&written));
	in_init(&in, good, "cbor");
	cbor_octets(&in, 2, &read, "octets");
	CHECK_STATUS(CELLA_MALFORMED, in_status(&in, &err));
	in_init(&in, large, "cbor");
	cbor_octets(&in, 2, &read, "octets");
	CHECK_STATUS(CELLA_MALFORMED, in_status(&in, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(refused_numbers),
		cmocka_unit_test(strings),
		cmocka_unit_test(arrays_of_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
