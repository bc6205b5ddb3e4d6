/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's word on itself, as its TPM signs it: PCRs 0 to 15.
 *
 * The answer is one line of JSON, all bytes in hexadecimal: "message" (TPMS_ATTEST),
 * "signature" (TPMT_SIGNATURE), "certificate" (of the attestation key, DER), "log" (of the
 * measured launch), "pcrs" (16 of them).
 */
#ifndef GUEST_ATTEST_H
#define GUEST_ATTEST_H

#include "base/bytes.h"

enum { ATTEST_NUM_PCRS = 16, ATTEST_LOG_MAX = 64 << 10 };

/* attest_check() tells whether there is a TPM to attest with. */
enum cella_status attest_check(struct cella_error *err) MUST_CHECK;

/* attest_quote() appends the answer for a nonce in hexadecimal, of at most 64 bytes. */
enum cella_status attest_quote(struct cella_bytes hex, struct out *answer,
			       struct cella_error *err) MUST_CHECK;

#endif
