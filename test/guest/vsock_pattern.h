/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes whose loss, repetition or order shows: what stands where is computed from where it
 * stands. Both sides of tests of cella-vsock have it.
 */
#ifndef TEST_VSOCK_PATTERN_H
#define TEST_VSOCK_PATTERN_H

#include <stddef.h>
#include <stdint.h>

struct pattern {
	uint64_t len;   /* bytes so far */
	uint64_t wrong; /* how many of them were not those of the pattern */
};

static inline uint8_t pattern_at(uint64_t at)
{
	return (uint8_t)((at * UINT64_C(0x9e3779b97f4a7c15)) >> 56);
}

static inline void pattern_fill(struct pattern *pattern, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = pattern_at(pattern->len++);
}

static inline void pattern_check(struct pattern *pattern, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		pattern->wrong += data[i] != pattern_at(pattern->len++);
}

#endif
