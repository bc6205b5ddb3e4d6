/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing bytes.
 *
 * `struct in` is a cursor over foreign bytes. A read past the end yields zeros and makes
 * the cursor fail for good, remembering the label and the offset of the first failure;
 * the caller reads a whole structure as a flat list and asks in_status() once.
 *
 * The one rule: before a value that was read sizes, indexes, loops or selects another
 * format, ask in_status().
 *
 * `struct out` builds bytes in memory that grows; failure to allocate sticks likewise.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

/* bytes_of() makes a view. */
static inline struct cella_bytes bytes_of(const void *data, size_t len)
{
	return (struct cella_bytes){ .data = data, .len = len };
}

/* bytes_equal() compares two views; not for secrets. */
bool bytes_equal(struct cella_bytes a, struct cella_bytes b);

/* bytes_are_zero() is true when every byte of the view is zero. */
bool bytes_are_zero(struct cella_bytes bytes);

/* bytes_equal_secret() compares len bytes in time that depends on len alone. */
bool bytes_equal_secret(const void *a, const void *b, size_t len);

/* bytes_slice() narrows a view; offset and len must lie within it. */
struct cella_bytes bytes_slice(struct cella_bytes bytes, size_t offset, size_t len);

/* bytes_reverse() copies a view into out with the last byte first. */
void bytes_reverse(struct cella_bytes bytes, uint8_t *out);

/*
 * struct in - a cursor. It borrows the bytes and the strings it is given. Offsets in its
 * messages count from the start of the whole document, through in_sub().
 */
struct in {
	const uint8_t *data;
	size_t len;
	size_t pos;
	size_t base;        /* offset of data[0] in the document */
	const char *object; /* "td quote" */
	const char *failed; /* label of the first failure, or NULL */
	const char *reason; /* why, when it was not a lack of bytes */
	size_t failed_offset;
	size_t needed;
	size_t left;
};

void in_init(struct in *in, struct cella_bytes bytes, const char *object);

/* in_left() is the number of bytes not read yet. */
size_t in_left(const struct in *in);

/* in_offset() is the cursor's place in the document. */
size_t in_offset(const struct in *in);

uint8_t in_u8(struct in *in, const char *label);
uint16_t in_u16le(struct in *in, const char *label);
uint32_t in_u32le(struct in *in, const char *label);
uint64_t in_u64le(struct in *in, const char *label);
uint16_t in_u16be(struct in *in, const char *label);
uint32_t in_u32be(struct in *in, const char *label);
uint64_t in_u64be(struct in *in, const char *label);

/* in_bytes() returns a view of the next len bytes, which lives as long as the input. */
struct cella_bytes in_bytes(struct in *in, size_t len, const char *label);

/* in_copy() copies the next len bytes; zeros on failure. */
void in_copy(struct in *in, void *out, size_t len, const char *label);

void in_skip(struct in *in, size_t len, const char *label);

/* in_sub() returns a cursor over exactly the next len bytes and steps over them. */
struct in in_sub(struct in *in, size_t len, const char *label);

/* in_fail() makes the cursor fail here for a reason of the caller's, a literal. */
void in_fail(struct in *in, const char *label, const char *reason);

/* in_fail_at() does so at an earlier offset: that of the value which is wrong. */
void in_fail_at(struct in *in, size_t offset, const char *label, const char *reason);

/* in_end() fails the cursor when bytes are left. */
void in_end(struct in *in, const char *label);

/* in_status() returns CELLA_OK or CELLA_MALFORMED and describes the first failure. */
enum cella_status in_status(const struct in *in, struct cella_error *err) MUST_CHECK;

/* struct out - a growing buffer. out_done() frees it; out_take() hands it over. */
struct out {
	uint8_t *data;
	size_t len;
	size_t capacity;
	bool failed;
};

void out_init(struct out *out);
void out_done(struct out *out);
void out_u8(struct out *out, uint8_t value);
void out_u16le(struct out *out, uint16_t value);
void out_u32le(struct out *out, uint32_t value);
void out_u64le(struct out *out, uint64_t value);
void out_u16be(struct out *out, uint16_t value);
void out_u32be(struct out *out, uint32_t value);
void out_u64be(struct out *out, uint64_t value);
void out_bytes(struct out *out, const void *data, size_t len);
void out_zeros(struct out *out, size_t len);

/* out_text() and out_format() append characters without a terminator. */
void out_text(struct out *out, const char *text);
void out_format(struct out *out, const char *format, ...) PRINTF(2, 3);

/* out_view() borrows what was written so far. */
struct cella_bytes out_view(const struct out *out);

/* out_status() returns CELLA_OK or CELLA_NOMEM. */
enum cella_status out_status(const struct out *out, struct cella_error *err) MUST_CHECK;

/*
 * out_take_text() hands the bytes over as a string that the caller frees, and empties the
 * buffer. CELLA_NOMEM when anything failed before.
 */
enum cella_status out_take_text(struct out *out, char **text,
				struct cella_error *err) MUST_CHECK;

#endif
