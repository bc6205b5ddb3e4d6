/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR items through the byte cursor and the byte builder.
 */
#include "base/cbor.h"

#include <string.h>

/* RFC 8949 section 3: the low five bits of a head, and how many bytes follow it. */
enum { ONE_BYTE = 24, EIGHT_BYTES = 27 };

enum cbor_major cbor_next(const struct in *in)
{
	return in_left(in) > 0 ? (enum cbor_major)(in->data[in->pos] >> 5) : CBOR_UINT;
}

/* The argument after a head's first byte; 4.2.1 wants it as short as can be. */
static uint64_t read_argument(struct in *in, uint8_t info, size_t start,
			      const char *label)
{
	const size_t len = info < ONE_BYTE ? 0 : (size_t)1 << (info - ONE_BYTE);
	uint64_t value = info;

	if (info > EIGHT_BYTES) {
		in_fail_at(in, start, label,
			   "CBOR length is indefinite or of a reserved form");
		return 0;
	}
	for (size_t i = 0; i < len; i++)
		value = (i == 0 ? 0 : value << 8) | in_u8(in, label);
	if (in->failed == NULL && len > 0 &&
	    (value < ONE_BYTE || (len > 1 && value >> (4 * len) == 0)))
		in_fail_at(in, start, label, "CBOR number is not in its shortest form");
	return value;
}

uint64_t cbor_head(struct in *in, enum cbor_major major, uint64_t max, const char *label)
{
	const size_t start = in_offset(in);
	const uint8_t first = in_u8(in, label);
	uint64_t value;

	if (in->failed == NULL && first >> 5 != major)
		in_fail_at(in, start, label, "CBOR item has another type");
	if (in->failed != NULL)
		return 0;
	value = read_argument(in, first & 0x1f, start, label);
	if (value > max)
		in_fail_at(in, start, label, "CBOR number or length is too large");
	return in->failed != NULL ? 0 : value;
}

int64_t cbor_number(struct in *in, int64_t max, const char *label)
{
	if (cbor_next(in) == CBOR_NEGATIVE)
		return -1 - (int64_t)cbor_head(in, CBOR_NEGATIVE, (uint64_t)max, label);
	return (int64_t)cbor_head(in, CBOR_UINT, (uint64_t)max, label);
}

struct cella_bytes cbor_string(struct in *in, enum cbor_major major, size_t max,
			       const char *label)
{
	const size_t len = (size_t)cbor_head(in, major, max, label);

	return in_bytes(in, len, label);
}

void cbor_octets(struct in *in, size_t max, struct out *out, const char *label)
{
	const uint64_t num = cbor_head(in, CBOR_ARRAY, max, label);

	for (uint64_t i = 0; i < num && in->failed == NULL; i++)
		out_u8(out, (uint8_t)cbor_head(in, CBOR_UINT, UINT8_MAX, label));
}

void cbor_put_head(struct out *out, enum cbor_major major, uint64_t argument)
{
	const uint8_t type = (uint8_t)(major << 5);

	if (argument < ONE_BYTE) {
		out_u8(out, (uint8_t)(type | argument));
	} else if (argument <= UINT8_MAX) {
		out_u8(out, type | ONE_BYTE);
		out_u8(out, (uint8_t)argument);
	} else if (argument <= UINT16_MAX) {
		out_u8(out, type | (ONE_BYTE + 1));
		out_u16be(out, (uint16_t)argument);
	} else if (argument <= UINT32_MAX) {
		out_u8(out, type | (ONE_BYTE + 2));
		out_u32be(out, (uint32_t)argument);
	} else {
		out_u8(out, type | EIGHT_BYTES);
		out_u64be(out, argument);
	}
}

void cbor_put_number(struct out *out, int64_t value)
{
	if (value < 0)
		cbor_put_head(out, CBOR_NEGATIVE, (uint64_t)(-1 - value));
	else
		cbor_put_head(out, CBOR_UINT, (uint64_t)value);
}

void cbor_put_text(struct out *out, const char *text)
{
	const size_t len = strlen(text);

	cbor_put_head(out, CBOR_TEXT, len);
	out_bytes(out, text, len);
}

void cbor_put_bytes(struct out *out, struct cella_bytes bytes)
{
	cbor_put_head(out, CBOR_BYTES, bytes.len);
	out_bytes(out, bytes.data, bytes.len);
}

void cbor_put_octets(struct out *out, struct cella_bytes bytes)
{
	cbor_put_head(out, CBOR_ARRAY, bytes.len);
	for (size_t i = 0; i < bytes.len; i++)
		cbor_put_head(out, CBOR_UINT, bytes.data[i]);
}
