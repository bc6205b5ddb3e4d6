/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed layouts as tables: one row describes a field for the parser, for `cella inspect`,
 * for policies and results, and for the documentation.
 *
 * A layout is written as a list of rows F(name, claim, len, kind, fact). The list also
 * generates a struct of byte arrays, from which offsets are taken: rows cannot leave gaps.
 * That struct is never laid over input.
 */
#ifndef EVIDENCE_FIELD_H
#define EVIDENCE_FIELD_H

#include <cella/evidence.h>

#include "base/bytes.h"

enum field_kind {
	FIELD_BYTES,    /* shown as hex, reversed by Intel's tools */
	FIELD_NUMBER,   /* little endian, 1 to 8 bytes */
	FIELD_TD_ATTR,  /* TD attributes: bytes with named bits */
	FIELD_XFAM,     /* extended features: bytes with named bits */
	FIELD_SGX_ATTR, /* SGX flags and XFRM */
	FIELD_RESERVED, /* should be zero */
};

struct field {
	const char *name; /* the specification's spelling in snake_case */
	const char
		*claim; /* the name in policies and results after tdx_ or sgx_, or NULL */
	uint16_t offset;
	uint16_t len;
	enum field_kind kind;
	enum cella_fact fact; /* CELLA_FACT_NONE when nobody asks for it */
};

struct layout {
	const char *name;
	const struct field *fields;
	size_t num_fields;
	size_t size;
};

/* FIELD_MEMBER and FIELD_ROW turn a row of a list into a member and a table row. */
#define FIELD_MEMBER(name, claim, len, kind, fact) uint8_t name[len];
#define FIELD_ROW(layout, name, claim, len, kind, fact) \
	{ #name, claim, offsetof(struct layout, name), len, kind, fact },

/* field_of() borrows a field's bytes from a structure of this layout. */
struct cella_bytes field_of(const struct field *field, struct cella_bytes structure);

/* field_number() reads a FIELD_NUMBER field. */
uint64_t field_number(const struct field *field, struct cella_bytes structure);

/* layout_find() finds a field by the claim's name; NULL when there is none. */
const struct field *layout_find_claim(const struct layout *layout, const char *claim);

/* A named bit of an attribute word. */
struct bit_name {
	uint8_t bit;
	const char *name;
	const char *meaning;
};

extern const struct bit_name td_attribute_bits[];
extern const size_t num_td_attribute_bits;
extern const struct bit_name xfam_bits[];
extern const size_t num_xfam_bits;
extern const struct bit_name sgx_attribute_bits[];
extern const size_t num_sgx_attribute_bits;

/* TD attribute bits that judgement needs (reference: TDX module ABI, TD_ATTRIBUTES). */
#define TD_ATTR_DEBUG UINT64_C(1)
#define TD_ATTR_UNTRUSTED UINT64_C(0xff) /* any of these: the TD is not to be trusted */
#define TD_ATTR_SEPT_VE_DISABLE (UINT64_C(1) << 28)
#define TD_ATTR_MIGRATABLE (UINT64_C(1) << 29)
#define TD_ATTR_PERFMON (UINT64_C(1) << 63)
#define TD_ATTR_KNOWN \
	(TD_ATTR_UNTRUSTED | UINT64_C(1) << 16 | UINT64_C(0x1f) << 27 | UINT64_C(3) << 62)
#define SGX_ATTR_DEBUG UINT64_C(2)

/* bits_name_unknown() is the mask of bits that the table does not name. */
uint64_t bits_unknown(uint64_t value, const struct bit_name *names, size_t num_names);

/*
 * td_attributes_text() writes "NO_DEBUG SEPT_VE_DISABLE": both of those are always
 * spelt out, set or not; other bits when set.
 */
void td_attributes_text(uint64_t attributes, struct out *out);

#endif
