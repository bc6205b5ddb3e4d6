/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before every file that clang-tidy analyses. It sees one file at a time, and would
 * take it for possible that error_set() returns CELLA_OK: here it is told.
 */
#include "base/error.h"

#define error_set(err, status, ...) ((void)(error_set)(err, status, __VA_ARGS__), (status))
#define error_at(err, status, ...) ((void)(error_at)(err, status, __VA_ARGS__), (status))
#define error_errno(err, ...) ((void)(error_errno)(err, __VA_ARGS__), CELLA_IO)
#define error_nomem(err) ((void)(error_nomem)(err), CELLA_NOMEM)
