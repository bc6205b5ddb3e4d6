/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte cursor and the byte builder. All bounds checks of input live in in_bytes(),
 * all growth of output in out_bytes().
 */
#include "base/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool bytes_equal(struct cella_bytes a, struct cella_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool bytes_are_zero(struct cella_bytes bytes)
{
	uint8_t any = 0;

	for (size_t i = 0; i < bytes.len; i++)
		any |= bytes.data[i];
	return any == 0;
}

bool bytes_equal_secret(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *left = a;
	const volatile uint8_t *right = b;
	uint8_t differ = 0;

	for (size_t i = 0; i < len; i++)
		differ |= (uint8_t)(left[i] ^ right[i]);
	return differ == 0;
}

struct cella_bytes bytes_slice(struct cella_bytes bytes, size_t offset, size_t len)
{
	assert(offset <= bytes.len && len <= bytes.len - offset);
	/* Nothing may be nowhere: arithmetic on that is undefined. */
	return bytes_of(offset > 0 ? bytes.data + offset : bytes.data, len);
}

void bytes_reverse(struct cella_bytes bytes, uint8_t *out)
{
	for (size_t i = 0; i < bytes.len; i++)
		out[i] = bytes.data[bytes.len - 1 - i];
}

void in_init(struct in *in, struct cella_bytes bytes, const char *object)
{
	*in = (struct in){ .data = bytes.data, .len = bytes.len, .object = object };
}

size_t in_left(const struct in *in)
{
	return in->failed != NULL ? 0 : in->len - in->pos;
}

size_t in_offset(const struct in *in)
{
	return in->base + in->pos;
}

void in_fail_at(struct in *in, size_t offset, const char *label, const char *reason)
{
	if (in->failed != NULL)
		return;
	in->failed = label;
	in->reason = reason;
	in->failed_offset = offset;
}

void in_fail(struct in *in, const char *label, const char *reason)
{
	in_fail_at(in, in_offset(in), label, reason);
}

struct cella_bytes in_bytes(struct in *in, size_t len, const char *label)
{
	const size_t left = in_left(in);
	struct cella_bytes taken;

	if (in->failed != NULL)
		return bytes_of(NULL, 0);
	if (len > left) {
		in_fail(in, label, NULL);
		in->needed = len;
		in->left = left;
		return bytes_of(NULL, 0);
	}
	taken = bytes_of(in->data + in->pos, len);
	in->pos += len;
	return taken;
}

void in_copy(struct in *in, void *out, size_t len, const char *label)
{
	const struct cella_bytes taken = in_bytes(in, len, label);

	memset(out, 0, len);
	if (taken.len > 0)
		memcpy(out, taken.data, taken.len);
}

void in_skip(struct in *in, size_t len, const char *label)
{
	in_bytes(in, len, label);
}

static uint64_t in_le(struct in *in, size_t len, const char *label)
{
	const struct cella_bytes taken = in_bytes(in, len, label);
	uint64_t value = 0;

	for (size_t i = taken.len; i > 0; i--)
		value = value << 8 | taken.data[i - 1];
	return value;
}

static uint64_t in_be(struct in *in, size_t len, const char *label)
{
	const struct cella_bytes taken = in_bytes(in, len, label);
	uint64_t value = 0;

	for (size_t i = 0; i < taken.len; i++)
		value = value << 8 | taken.data[i];
	return value;
}

uint8_t in_u8(struct in *in, const char *label)
{
	return (uint8_t)in_le(in, 1, label);
}

uint16_t in_u16le(struct in *in, const char *label)
{
	return (uint16_t)in_le(in, 2, label);
}

uint32_t in_u32le(struct in *in, const char *label)
{
	return (uint32_t)in_le(in, 4, label);
}

uint64_t in_u64le(struct in *in, const char *label)
{
	return in_le(in, 8, label);
}

uint16_t in_u16be(struct in *in, const char *label)
{
	return (uint16_t)in_be(in, 2, label);
}

uint32_t in_u32be(struct in *in, const char *label)
{
	return (uint32_t)in_be(in, 4, label);
}

uint64_t in_u64be(struct in *in, const char *label)
{
	return in_be(in, 8, label);
}

struct in in_sub(struct in *in, size_t len, const char *label)
{
	const size_t base = in_offset(in);
	struct in sub;

	in_init(&sub, in_bytes(in, len, label), in->object);
	sub.base = base;
	if (in->failed != NULL) {
		/* A child of a failed cursor tells the same story. */
		sub.failed = in->failed;
		sub.reason = in->reason;
		sub.failed_offset = in->failed_offset;
		sub.needed = in->needed;
		sub.left = in->left;
	}
	return sub;
}

void in_end(struct in *in, const char *label)
{
	if (in->failed == NULL && in_left(in) > 0)
		in_fail(in, label, "bytes are left over");
}

enum cella_status in_status(const struct in *in, struct cella_error *err)
{
	if (in->failed == NULL)
		return CELLA_OK;
	if (in->reason != NULL)
		return error_at(err, CELLA_MALFORMED, in->failed_offset,
				"%s: %s: %s (offset %zu)", in->object, in->failed,
				in->reason, in->failed_offset);
	return error_at(err, CELLA_MALFORMED, in->failed_offset,
			"%s: %s: needs %zu bytes, %zu left (offset %zu)", in->object,
			in->failed, in->needed, in->left, in->failed_offset);
}

void out_init(struct out *out)
{
	*out = (struct out){ 0 };
}

void out_done(struct out *out)
{
	free(out->data);
	*out = (struct out){ 0 };
}

static bool out_reserve(struct out *out, size_t len)
{
	size_t capacity = out->capacity == 0 ? 256 : out->capacity;
	uint8_t *data;

	if (out->failed || len > SIZE_MAX / 4 - out->len) {
		out->failed = true;
		return false;
	}
	while (capacity < out->len + len)
		capacity *= 2;
	if (capacity == out->capacity)
		return true;
	data = realloc(out->data, capacity);
	if (data == NULL) {
		out->failed = true;
		return false;
	}
	out->data = data;
	out->capacity = capacity;
	return true;
}

void out_bytes(struct out *out, const void *data, size_t len)
{
	if (len == 0 || !out_reserve(out, len))
		return;
	memcpy(out->data + out->len, data, len);
	out->len += len;
}

void out_zeros(struct out *out, size_t len)
{
	if (len == 0 || !out_reserve(out, len))
		return;
	memset(out->data + out->len, 0, len);
	out->len += len;
}

static void out_le(struct out *out, uint64_t value, size_t len)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	out_bytes(out, bytes, len);
}

void out_u8(struct out *out, uint8_t value)
{
	out_le(out, value, 1);
}

void out_u16le(struct out *out, uint16_t value)
{
	out_le(out, value, 2);
}

void out_u32le(struct out *out, uint32_t value)
{
	out_le(out, value, 4);
}

void out_u64le(struct out *out, uint64_t value)
{
	out_le(out, value, 8);
}

static void out_be(struct out *out, uint64_t value, int len)
{
	for (int shift = 8 * (len - 1); shift >= 0; shift -= 8)
		out_u8(out, (uint8_t)(value >> shift));
}

void out_u16be(struct out *out, uint16_t value)
{
	out_be(out, value, 2);
}

void out_u32be(struct out *out, uint32_t value)
{
	out_be(out, value, 4);
}

void out_u64be(struct out *out, uint64_t value)
{
	out_be(out, value, 8);
}

void out_text(struct out *out, const char *text)
{
	out_bytes(out, text, strlen(text));
}

void out_format(struct out *out, const char *format, ...)
{
	char small[256];
	va_list args;
	va_list again;
	int needed;

	va_start(args, format);
	va_copy(again, args);
	needed = vsnprintf(small, sizeof small, format, args);
	va_end(args);
	if (needed < 0) {
		out->failed = true;
	} else if ((size_t)needed < sizeof small) {
		out_bytes(out, small, (size_t)needed);
	} else if (out_reserve(out, (size_t)needed + 1)) {
		/* The terminator is written into reserved room and not counted. */
		vsnprintf((char *)out->data + out->len, (size_t)needed + 1, format,
			  again);
		out->len += (size_t)needed;
	}
	va_end(again);
}

struct cella_bytes out_view(const struct out *out)
{
	return bytes_of(out->data, out->len);
}

enum cella_status out_status(const struct out *out, struct cella_error *err)
{
	return out->failed ? error_nomem(err) : CELLA_OK;
}

enum cella_status out_take_text(struct out *out, char **text, struct cella_error *err)
{
	out_u8(out, 0);
	TRY(out_status(out, err));
	*text = (char *)take(&out->data);
	out_done(out);
	return CELLA_OK;
}
