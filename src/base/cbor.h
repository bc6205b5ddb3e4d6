/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little CBOR (RFC 8949) that signatures of images are made of, read through the byte
 * cursor: definite lengths and shortest forms only, no floats, no nesting but the caller's.
 */
#ifndef BASE_CBOR_H
#define BASE_CBOR_H

#include "base/bytes.h"

enum cbor_major {
	CBOR_UINT,
	CBOR_NEGATIVE,
	CBOR_BYTES,
	CBOR_TEXT,
	CBOR_ARRAY,
	CBOR_MAP,
	CBOR_TAG,
};

/* cbor_next() is the major type of the next item, without stepping over it. */
enum cbor_major cbor_next(const struct in *in);

/*
 * cbor_head() reads the head of an item of this type and returns its argument: a value, a
 * length, a number of elements; at most max.
 */
uint64_t cbor_head(struct in *in, enum cbor_major major, uint64_t max, const char *label);

/* cbor_number() reads an integer between -max - 1 and max. */
int64_t cbor_number(struct in *in, int64_t max, const char *label);

/* cbor_string() returns a view of a byte string or a text of at most max bytes. */
struct cella_bytes cbor_string(struct in *in, enum cbor_major major, size_t max,
			       const char *label);

/* cbor_octets() appends an array of integers from 0 to 255, at most max of them. */
void cbor_octets(struct in *in, size_t max, struct out *out, const char *label);

void cbor_put_head(struct out *out, enum cbor_major major, uint64_t argument);
void cbor_put_number(struct out *out, int64_t value);
void cbor_put_text(struct out *out, const char *text);
void cbor_put_bytes(struct out *out, struct cella_bytes bytes);
void cbor_put_octets(struct out *out, struct cella_bytes bytes);

#endif
