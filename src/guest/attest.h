/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's word on itself, as its TPM signs it: evidence of the format cella-evm-1, one
 * line.
 *
 * Report data is 64 bytes. The application chooses all of them. Its host chooses 8 to 32,
 * a nonce, behind which there are zeros: whatever of an application's has other bytes there,
 * a hash of 64 bytes for instance, its host cannot have made up.
 */
#ifndef GUEST_ATTEST_H
#define GUEST_ATTEST_H

#include "base/bytes.h"

enum {
	ATTEST_NUM_PCRS = 16,
	ATTEST_LOG_MAX = 64 << 10,
	ATTEST_REPORT_DATA_LEN = 64,
	ATTEST_NONCE_MIN = 8,
	ATTEST_NONCE_MAX = 32,
};

enum attest_asker { ATTEST_HOST, ATTEST_APPLICATION };

/* attest_check() tells whether there is a TPM to attest with. */
enum cella_status attest_check(struct cella_error *err) MUST_CHECK;

/*
 * attest_report_data() reads what is to be signed, in hexadecimal, padded with zeros.
 * CELLA_LIMIT for what the asker may not choose.
 */
enum cella_status attest_report_data(struct cella_bytes hex, enum attest_asker asker,
				     uint8_t out[ATTEST_REPORT_DATA_LEN],
				     struct cella_error *err) MUST_CHECK;

/* attest_quote() appends evidence that carries it; events are the guest's, as a log has them. */
enum cella_status attest_quote(const uint8_t report_data[ATTEST_REPORT_DATA_LEN],
			       struct cella_bytes events, struct out *evidence,
			       struct cella_error *err) MUST_CHECK;

#endif
