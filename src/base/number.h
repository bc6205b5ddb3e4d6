/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and durations from text: the whole string, range-checked, no sign, no blanks.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "base/bytes.h"

/* number_read() reads a decimal number of at most max. */
enum cella_status number_read(const char *text, uint64_t max, uint64_t *out,
			      const char *what, struct cella_error *err) MUST_CHECK;

/* duration_read() reads "90", "90s", "15m", "12h", "30d" as seconds, at most ten years. */
enum cella_status duration_read(const char *text, int64_t *out, const char *what,
				struct cella_error *err) MUST_CHECK;

#endif
