/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing DER.
 */
#include "sim/der_write.h"

#include "base/civil.h"
#include "base/der.h"

#include <string.h>

size_t sim_der_open(struct out *out, int tag)
{
	out_u8(out, (uint8_t)tag);
	return out->len;
}

/* The length is known at the end only: the contents move to make room for it. */
void sim_der_close(struct out *out, size_t mark)
{
	const size_t len = out->failed ? 0 : out->len - mark;
	uint8_t header[4];
	size_t header_len = 0;

	if (len >= 0x10000)
		header[header_len++] = 0x83;
	else if (len >= 0x100)
		header[header_len++] = 0x82;
	else if (len >= 0x80)
		header[header_len++] = 0x81;
	if (len >= 0x10000)
		header[header_len++] = (uint8_t)(len >> 16);
	if (len >= 0x100)
		header[header_len++] = (uint8_t)(len >> 8);
	header[header_len++] = (uint8_t)len;
	out_zeros(out, header_len);
	if (out->failed)
		return;
	memmove(out->data + mark + header_len, out->data + mark, len);
	memcpy(out->data + mark, header, header_len);
}

void sim_der_element(struct out *out, int tag, const void *contents, size_t len)
{
	const size_t mark = sim_der_open(out, tag);

	out_bytes(out, contents, len);
	sim_der_close(out, mark);
}

void sim_der_text(struct out *out, int tag, const char *text)
{
	sim_der_element(out, tag, text, strlen(text));
}

void sim_der_number(struct out *out, int tag, uint64_t number)
{
	const size_t mark = sim_der_open(out, tag);
	size_t len = 1;

	while (len < 8 && number >> (8 * len - 1) != 0)
		len++;
	if (number >> 63 != 0)
		out_u8(out, 0);
	for (size_t i = len; i > 0; i--)
		out_u8(out, (uint8_t)(number >> (8 * (i - 1))));
	sim_der_close(out, mark);
}

void sim_der_integer(struct out *out, struct cella_bytes number)
{
	const size_t mark = sim_der_open(out, DER_INTEGER);

	while (number.len > 1 && number.data[0] == 0) {
		number.data++;
		number.len--;
	}
	if (number.len == 0 || number.data[0] >= 0x80)
		out_u8(out, 0);
	out_bytes(out, number.data, number.len);
	sim_der_close(out, mark);
}

void sim_der_boolean(struct out *out, bool truth)
{
	const uint8_t value = truth ? 0xff : 0x00;

	sim_der_element(out, DER_BOOLEAN, &value, 1);
}

void sim_der_bits(struct out *out, const void *bits, size_t len)
{
	const size_t mark = sim_der_open(out, SIM_DER_BIT_STRING);

	out_u8(out, 0); /* unused bits of the last byte */
	out_bytes(out, bits, len);
	sim_der_close(out, mark);
}

void sim_der_time(struct out *out, int64_t time)
{
	char text[CIVIL_TEXT_LEN];
	char digits[sizeof "20250625000000Z"] = "";
	size_t len = 0;
	bool is_utc;

	for (const char *c = civil_format(time, text); *c != '\0'; c++)
		if (strchr("-T:", *c) == NULL)
			digits[len++] = *c;
	is_utc = memcmp(digits, "2050", 4) < 0;
	sim_der_element(out, is_utc ? SIM_DER_UTC_TIME : SIM_DER_GENERALIZED_TIME,
			digits + (is_utc ? 2 : 0), len - (is_utc ? 2 : 0));
}
