/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What unit tests share: cmocka with its prerequisites, checks of statuses and bytes, and
 * the real vectors of the folder that CELLA_VECTORS names.
 */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* cmocka.h does not include what it uses. */
#include <cmocka.h>

#include "base/bytes.h"

/* CHECK_STATUS() runs an expression with `err` and compares its status. */
#define CHECK_STATUS(expected, expression) \
	do { \
		const enum cella_status check_status_ = (expression); \
		if (check_status_ != (expected)) \
			fail_msg("%s: expected %s, got %s (%s)", #expression, \
				 cella_status_name(expected), \
				 cella_status_name(check_status_), err.text); \
	} while (0)

#define CHECK_OK(expression) CHECK_STATUS(CELLA_OK, expression)

#define CHECK_BYTES(expected, expected_len, view) \
	do { \
		const struct cella_bytes check_view_ = (view); \
		assert_true((expected_len) == check_view_.len); \
		if ((expected_len) > 0) \
			assert_memory_equal(expected, check_view_.data, expected_len); \
	} while (0)

/* CHECK_TEXT_HAS() fails unless text contains part. */
#define CHECK_TEXT_HAS(text, part) \
	do { \
		if (strstr(text, part) == NULL) \
			fail_msg("\"%s\" is not in \"%s\"", part, text); \
	} while (0)

/* bytes_from() views a string literal without its terminator. */
#define bytes_from(literal) bytes_of(literal, sizeof(literal) - 1)

/*
 * vector_read() reads a real file, by its path below CELLA_VECTORS. The caller frees with
 * out_done().
 */
struct out vector_read(const char *name);

/*
 * has_vectors() is false, and says so in the test's output, where CELLA_VECTORS is not
 * set; main() of a test that lives on vectors returns 0 then.
 */
bool has_vectors(void);

#endif
