/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points in time: seconds since 1970-01-01T00:00:00Z without leap seconds, and their
 * text form "2025-06-25T00:00:00Z" (RFC 3339 in UTC, the only form that the collateral's
 * documents use).
 */
#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

#include "base/bytes.h"

enum { CIVIL_TEXT_LEN = sizeof "2025-06-25T00:00:00Z" };

/* Years outside 1970..9999 are refused. */
struct civil {
	int year, month, day, hour, minute, second;
};

/* civil_to_seconds() is CELLA_MALFORMED for a date that does not exist. */
enum cella_status civil_to_seconds(const struct civil *civil, int64_t *out,
				   struct cella_error *err) MUST_CHECK;

/* civil_read() reads exactly "YYYY-MM-DDThh:mm:ssZ". */
enum cella_status civil_read(struct cella_bytes text, int64_t *out, const char *what,
			     struct cella_error *err) MUST_CHECK;

/* civil_format() writes CIVIL_TEXT_LEN bytes incl. the terminator and returns text. */
char *civil_format(int64_t seconds, char text[CIVIL_TEXT_LEN]);

/* span_format() writes "3 days", "5 hours", "2 years": the largest unit that fits. */
char *span_format(int64_t seconds, char text[32]);

#endif
