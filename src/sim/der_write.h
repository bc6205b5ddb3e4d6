/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing DER (X.690): the counterpart of base/der.h, as far as certificates, revocation
 * lists and the SGX extension need it.
 */
#ifndef SIM_DER_WRITE_H
#define SIM_DER_WRITE_H

#include "base/bytes.h"

/* Tags that are written here and not read by base/der.h. */
enum sim_der_tag {
	SIM_DER_BIT_STRING = 0x03,
	SIM_DER_UTF8_STRING = 0x0c,
	SIM_DER_PRINTABLE_STRING = 0x13,
	SIM_DER_UTC_TIME = 0x17,
	SIM_DER_GENERALIZED_TIME = 0x18,
	SIM_DER_SET = 0x31,
	SIM_DER_CONTEXT = 0x80,     /* [n] of a primitive type: SIM_DER_CONTEXT + n */
	SIM_DER_CONSTRUCTED = 0xa0, /* [n] of a constructed type */
};

/*
 * sim_der_open() begins an element; everything that is written until sim_der_close() with
 * the returned mark becomes its contents.
 */
size_t sim_der_open(struct out *out, int tag);
void sim_der_close(struct out *out, size_t mark);

/* sim_der_element() writes a whole element. */
void sim_der_element(struct out *out, int tag, const void *contents, size_t len);
void sim_der_text(struct out *out, int tag, const char *text);

/* sim_der_number() writes a non-negative number under a tag: INTEGER or ENUMERATED. */
void sim_der_number(struct out *out, int tag, uint64_t number);

/* sim_der_integer() writes a non-negative INTEGER from big-endian bytes. */
void sim_der_integer(struct out *out, struct cella_bytes number);

void sim_der_boolean(struct out *out, bool truth);

/* sim_der_bits() writes a BIT STRING of whole bytes. */
void sim_der_bits(struct out *out, const void *bits, size_t len);

/* sim_der_time() writes UTCTime before the year 2050, GeneralizedTime from then on. */
void sim_der_time(struct out *out, int64_t time);

#endif
