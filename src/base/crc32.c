/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32, eight bytes a step. The tables are made for each call: that costs as much as five
 * hundred bytes, and leaves neither constants to check nor state to share.
 */
#include "base/crc32.h"

enum { POLYNOMIAL_BITS = 8, SLICES = 8 };

static const uint32_t polynomial = 0xedb88320; /* reflected */

struct tables {
	uint32_t of[SLICES][256];
};

static void tables_make(struct tables *t)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;

		for (int bit = 0; bit < POLYNOMIAL_BITS; bit++)
			value = value >> 1 ^ ((value & 1) != 0 ? polynomial : 0);
		t->of[0][i] = value;
	}
	for (size_t slice = 1; slice < SLICES; slice++)
		for (size_t i = 0; i < 256; i++)
			t->of[slice][i] = t->of[slice - 1][i] >> 8 ^
					  t->of[0][t->of[slice - 1][i] & 0xff];
}

static uint32_t step(const struct tables *t, uint32_t crc, const uint8_t *at)
{
	uint32_t out = 0;

	for (size_t i = 0; i < 4; i++)
		out ^= t->of[SLICES - 1 - i][(uint8_t)(crc >> (8 * i)) ^ at[i]];
	for (size_t i = 4; i < SLICES; i++)
		out ^= t->of[SLICES - 1 - i][at[i]];
	return out;
}

static uint32_t update(const struct tables *t, uint32_t crc, struct cella_bytes bytes)
{
	size_t i = 0;

	for (; bytes.len - i >= SLICES; i += SLICES)
		crc = step(t, crc, bytes.data + i);
	for (; i < bytes.len; i++)
		crc = crc >> 8 ^ t->of[0][(uint8_t)crc ^ bytes.data[i]];
	return crc;
}

uint32_t crc32_of(const struct cella_bytes *parts, size_t num_parts)
{
	struct tables tables;
	uint32_t crc = UINT32_MAX;

	tables_make(&tables);
	for (size_t i = 0; i < num_parts; i++)
		crc = update(&tables, crc, parts[i]);
	return ~crc;
}
