/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/der.h"

/* What a row reads: one element, and then the end. */
enum reader { ELEMENT, NUMBER, BOOLEAN, OCTETS, OID };

struct row {
	const char *name;
	enum reader reader;
	struct cella_bytes der;
	enum cella_status status;
	size_t offset;    /* of the error */
	const char *text; /* of the error */
	uint32_t value;   /* length of an element, octets or OID; the number or boolean */
};

#define DER(literal) \
	{ \
		(const uint8_t *)(literal), sizeof(literal) - 1 \
	}
#define GOOD(name, reader, literal, value) \
	{ \
		name, reader, DER(literal), CELLA_OK, 0, NULL, value \
	}
#define BAD(name, reader, literal, offset, text) \
	{ \
		name, reader, DER(literal), CELLA_MALFORMED, offset, text, 0 \
	}

static const struct row rows[] = {
	GOOD("empty sequence", ELEMENT, "\x30\0", 0),
	GOOD("short length", ELEMENT, "\x30\x02\1\2", 2),
	BAD("nothing", ELEMENT, "", 0, "x: needs 1 bytes, 0 left"),
	BAD("no length", ELEMENT, "\x30", 1, "x: needs 1 bytes, 0 left"),
	BAD("wrong tag", ELEMENT, "\x31\0", 0, "x: DER element has another type"),
	BAD("contents cut", ELEMENT, "\x30\2\1", 2, "x: needs 2 bytes, 1 left"),
	BAD("indefinite length", ELEMENT, "\x30\x80\0\0", 1, "indefinite or too large"),
	BAD("four bytes of length", ELEMENT, "\x30\x84\0\0\0\0", 1,
	    "indefinite or too large"),
	BAD("reserved length", ELEMENT, "\x30\xff", 1, "indefinite or too large"),
	BAD("long form of a short length", ELEMENT, "\x30\x81\x01\x00", 1, "not minimal"),
	BAD("long form of 127", ELEMENT, "\x30\x81\x7f", 1, "not minimal"),
	BAD("two bytes for one", ELEMENT, "\x30\x82\x00\x80", 1, "not minimal"),
	BAD("length cut", ELEMENT, "\x30\x82\x01", 3, "x: needs 1 bytes, 0 left"),
	BAD("huge length", ELEMENT, "\x30\x83\xff\xff\xff\0", 5,
	    "needs 16777215 bytes, 1 left"),

	GOOD("zero", NUMBER, "\x02\1\0", 0),
	GOOD("one byte", NUMBER, "\x02\1\x7f", 127),
	GOOD("padded for its sign", NUMBER, "\x02\2\0\x80", 128),
	GOOD("largest", NUMBER, "\x02\3\0\xff\xff", 65535),
	BAD("too large", NUMBER, "\x02\3\1\0\0", 0, "number is too large"),
	BAD("five bytes", NUMBER, "\x02\5\0\xff\xff\xff\xff", 0, "number is too large"),
	BAD("six bytes", NUMBER, "\x02\6\0\1\0\0\0\0", 0, "empty or too large"),
	BAD("no byte", NUMBER, "\x02\0", 0, "empty or too large"),
	BAD("negative", NUMBER, "\x02\1\x80", 0, "number is negative"),
	BAD("needless zero", NUMBER, "\x02\2\0\x7f", 0, "number is not minimal"),
	BAD("another type", NUMBER, "\x0a\1\1", 0, "another type"),

	GOOD("false", BOOLEAN, "\x01\1\0", 0),
	GOOD("true", BOOLEAN, "\x01\1\xff", 1),
	BAD("true of BER", BOOLEAN, "\x01\1\1", 0, "neither 00 nor ff"),
	BAD("empty boolean", BOOLEAN, "\x01\0", 2, "needs 1 bytes, 0 left"),
	BAD("long boolean", BOOLEAN, "\x01\2\xff\xff", 3, "left over"),

	GOOD("octets", OCTETS, "\x04\2ab", 2),
	BAD("too few octets", OCTETS, "\x04\1a", 2, "needs 2 bytes, 1 left"),
	BAD("too many octets", OCTETS, "\x04\3abc", 4, "left over"),

	GOOD("oid", OID, "\x06\2\x2a\3", 2),
	BAD("oid cut", OID, "\x06\2\x2a", 2, "needs 2 bytes, 1 left"),
	BAD("not an oid", OID, "\x05\0", 0, "another type"),
};

static uint32_t read_row(struct in *in, const struct row *row)
{
	uint8_t octets[2];
	struct in child;

	switch (row->reader) {
	case ELEMENT:
		child = der_element(in, DER_SEQUENCE, "x");
		return (uint32_t)in_left(&child);
	case NUMBER:
		return der_number(in, DER_INTEGER, 65535, "x");
	case BOOLEAN:
		return der_boolean(in, "x");
	case OCTETS:
		der_octets(in, octets, sizeof octets, "x");
		return in->failed == NULL ? sizeof octets : 0;
	case OID:
		return (uint32_t)der_oid(in, "x").len;
	}
	return 0;
}

static void every_rule(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct in in;

		CASE(rows[i].name);
		in_init(&in, rows[i].der, "der");
		CHECK_INT(rows[i].value, read_row(&in, &rows[i]));
		CHECK_STATUS(rows[i].status, in_status(&in, &err));
		if (rows[i].status == CELLA_OK)
			CHECK_INT(0, in_left(&in));
		else
			CHECK_ERROR(rows[i].status, rows[i].offset, rows[i].text,
				    in_status(&in, &err));
	}
}

static void long_lengths(void **state)
{
	static const struct {
		size_t len;
		uint8_t header[4];
		size_t header_len;
	} lens[] = {
		{ 127, { 0x7f }, 1 },
		{ 128, { 0x81, 0x80 }, 2 },
		{ 255, { 0x81, 0xff }, 2 },
		{ 256, { 0x82, 1, 0 }, 3 },
		{ 65535, { 0x82, 0xff, 0xff }, 3 },
		{ 65536, { 0x83, 1, 0, 0 }, 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct out out = { 0 };
		struct in in;
		struct in child;

		out_u8(&out, DER_SEQUENCE);
		out_bytes(&out, lens[i].header, lens[i].header_len);
		out_zeros(&out, lens[i].len);
		in_init(&in, out_view(&out), "der");
		child = der_element(&in, DER_SEQUENCE, "x");
		CHECK_INT(lens[i].len, in_left(&child));
		CHECK_INT(CELLA_OK, in_status(&in, NULL));
		CHECK_INT(0, in_left(&in));
		out_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule),
		cmocka_unit_test(long_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
