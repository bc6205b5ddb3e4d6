/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guest measures of its applications: events that its init keeps, and PCR14.
 *
 * An event is a tagged one ("AAEL"), as those of trust domains: "domain operation content". The
 * TPM itself computes its digests, so that there are no others than those of what is said.
 */
#ifndef GUEST_MEASURE_H
#define GUEST_MEASURE_H

#include "guest/channel.h"

enum {
	MEASURE_LOG_MAX = 128 << 10,
	MEASURE_PCR = 14,
	MEASURE_AAEL_TAG = 0x4141454c,
	MEASURE_HEAD_LEN = 8, /* tag and length, before the text */
};

/* measure_data() appends what is measured for a text. CELLA_MALFORMED unless it is one line. */
enum cella_status measure_data(struct cella_bytes text, struct out *data,
			       struct cella_error *err) MUST_CHECK;

/*
 * measure_entry() appends the entry of a TPM's log: digests is the TPM's answer,
 * TPML_DIGEST_VALUES with SHA-256 and SHA-384 among them.
 */
enum cella_status measure_entry(struct cella_bytes data, struct in *digests,
				struct out *log, struct cella_error *err) MUST_CHECK;

/*
 * measure_text() extends PCR14 by a text, and appends the event to the log. CELLA_LIMIT when
 * the log is full: then nothing is extended.
 */
enum cella_status measure_text(struct cella_bytes text, struct out *log,
			       struct cella_error *err) MUST_CHECK;

#endif
