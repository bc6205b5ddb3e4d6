/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of applications ("AAEL" tagged events, as confidential containers' attestation
 * agents log them): the id, a length, and "domain operation content". The digest is that of
 * the whole tagged event, so that what it says is what was measured.
 */
#ifndef EVIDENCE_AAEL_H
#define EVIDENCE_AAEL_H

#include "crypto/crypto.h"
#include "evidence/event_log.h"

enum { AAEL_TEXT_MAX = 64 << 10 };

/* struct aael - an event. domain and operation are words; content may have blanks. */
struct aael {
	const char *domain;
	const char *operation;
	const char *content;
};

/*
 * aael_write() appends the tagged event and tells its digest. CELLA_USAGE for a domain or
 * an operation that is no word, or control characters; CELLA_LIMIT for a text above
 * AAEL_TEXT_MAX.
 */
enum cella_status aael_write(const struct aael *event, struct out *out,
			     uint8_t digest[SHA384_LEN],
			     struct cella_error *err) MUST_CHECK;

/* event_log_write_start() appends the first event of a TD's log. */
void event_log_write_start(struct out *out);

/* event_log_write_event() appends an event of a TD's log. */
void event_log_write_event(struct out *out, uint32_t index, uint32_t type,
			   const uint8_t digest[SHA384_LEN], struct cella_bytes data);

#endif
