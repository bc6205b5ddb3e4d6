/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a failed system call means here, and what to do about it.
 */
#ifndef COLLECT_ADVICE_H
#define COLLECT_ADVICE_H

#include "base/bytes.h"

/* One row: a cause, and the advice. Rows of errno 0 end a table. */
struct advice {
	int sys_errno;
	const char *text;
};

/* advise() is error_errno() with the advice for that errno behind it, where there is one. */
enum cella_status advise(struct cella_error *err, const struct advice *table,
			 int sys_errno, const char *format, ...) PRINTF(4, 5) COLD;

#endif
