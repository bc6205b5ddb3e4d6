/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filling in struct cella_error. Each function returns the status it was given, so that
 * a failing line reads `return error_set(err, CELLA_MALFORMED, "…")`.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <cella/error.h>

#include "base/attr.h"

/* error_set() describes a failure. err may be NULL. */
enum cella_status error_set(struct cella_error *err, enum cella_status status,
			    const char *format, ...) PRINTF(3, 4) COLD;

/* error_at() describes a failure at a byte of the input. */
enum cella_status error_at(struct cella_error *err, enum cella_status status,
			   size_t offset, const char *format, ...) PRINTF(4, 5) COLD;

/* error_errno() describes a failed system call; text of sys_errno is appended. */
enum cella_status error_errno(struct cella_error *err, int sys_errno, const char *format,
			      ...) PRINTF(3, 4) COLD;

/* error_nomem() says that memory ran out. */
enum cella_status error_nomem(struct cella_error *err) COLD;

/* error_prefix() puts "<context>: " before the text of an error, at a module's border. */
void error_prefix(struct cella_error *err, const char *format, ...) PRINTF(2, 3) COLD;

#endif
