/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few DER elements (X.690) that the SGX certificate extension and the frame of a
 * certificate are made of, read through the byte cursor: definite, minimal lengths and one-byte tags only.
 */
#ifndef BASE_DER_H
#define BASE_DER_H

#include "base/bytes.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_SEQUENCE = 0x30,
};

/* der_element() returns a cursor over the contents of the next element of this tag. */
struct in der_element(struct in *in, enum der_tag tag, const char *label);

/* der_adopt() passes a child's failure to its parent, so that the caller asks once. */
void der_adopt(struct in *in, const struct in *child);

/* der_number() reads a non-negative INTEGER or ENUMERATED of at most max. */
uint32_t der_number(struct in *in, enum der_tag tag, uint32_t max, const char *label);

/* der_boolean() reads a BOOLEAN: 0x00 or 0xff. */
bool der_boolean(struct in *in, const char *label);

/* der_octets() reads an OCTET STRING of exactly len bytes into out. */
void der_octets(struct in *in, uint8_t *out, size_t len, const char *label);

/* der_oid() returns a view of an OBJECT IDENTIFIER's encoded arcs. */
struct cella_bytes der_oid(struct in *in, const char *label);

#endif
