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

#include <cella/keys.h>

#include "base/bytes.h"

/*
 * check_case names what is being checked now, the row of a table for instance; failures
 * tell it. CASE() sets it.
 */
extern const char *check_case;
#define CASE(name) (check_case = (name))

/* For a table of tests: one that only root can run. Without root it is not in the plan. */
#define ROOT_TEST(f) \
	(geteuid() == 0 ? (struct CMUnitTest)cmocka_unit_test(f) \
			: (struct CMUnitTest){ 0 })

/* CHECK_STATUS() runs an expression with `err` and compares its status. */
#define CHECK_STATUS(expected, expression) \
	do { \
		const enum cella_status check_status_ = (expression); \
		if (check_status_ != (expected)) \
			fail_msg("%s: %s: expected %s, got %s (%s)", check_case, \
				 #expression, cella_status_name(expected), \
				 cella_status_name(check_status_), err.text); \
	} while (0)

#define CHECK_OK(expression) CHECK_STATUS(CELLA_OK, expression)

/* CHECK_ERROR() compares the status and the offset too, and a part of the text. */
#define CHECK_ERROR(expected, at, part, expression) \
	do { \
		CHECK_STATUS(expected, expression); \
		CHECK_INT(expected, err.status); \
		CHECK_INT(at, err.offset); \
		CHECK_TEXT_HAS(err.text, part); \
	} while (0)

#define CHECK_BYTES(expected, expected_len, view) \
	do { \
		const struct cella_bytes check_view_ = (view); \
		CHECK_INT(expected_len, check_view_.len); \
		if ((expected_len) > 0 && \
		    memcmp(expected, check_view_.data, expected_len) != 0) \
			fail_msg("%s: %s: other bytes", check_case, #view); \
	} while (0)

#define CHECK_TRUE(expression) \
	do { \
		if (!(expression)) \
			fail_msg("%s: not true: %s", check_case, #expression); \
	} while (0)

#define CHECK_INT(expected, actual) \
	do { \
		const long long check_expected_ = (long long)(expected); \
		const long long check_actual_ = (long long)(actual); \
		if (check_expected_ != check_actual_) \
			fail_msg("%s: %s: expected %lld, got %lld", check_case, #actual, \
				 check_expected_, check_actual_); \
	} while (0)

/* CHECK_TEXT() compares texts, either of which may be NULL. */
#define CHECK_TEXT(expected, actual) \
	check_text_(__FILE__, __LINE__, #actual, expected, actual)

/* CHECK_TEXT_HAS() fails unless text contains part. */
#define CHECK_TEXT_HAS(text, part) \
	do { \
		if (strstr(text, part) == NULL) \
			fail_msg("%s: \"%s\" is not in \"%s\"", check_case, part, text); \
	} while (0)

void check_text_(const char *file, int line, const char *what, const char *expected,
		 const char *actual);

/* bytes_from() views a string literal without its terminator. */
#define bytes_from(literal) bytes_of(literal, sizeof(literal) - 1)

/* bytes_from_text() views a string without its terminator. */
static inline struct cella_bytes bytes_from_text(const char *text)
{
	return bytes_of(text, strlen(text));
}

/* time_at() is a moment of the form "2025-06-25T00:00:00Z" in seconds. */
int64_t time_at(const char *text);

/*
 * vector_read() reads a real file, by its path below CELLA_VECTORS. The caller frees with
 * out_done().
 */
struct out vector_read(const char *name);

/*
 * forge_token() signs any header at all, header '.' payload '.' signature, so that only what
 * it says can be the reason of a refusal. The caller frees the token.
 */
char *forge_token(const struct cella_signer *signer, const char *header,
		  const char *payload);

/* asks_for_real() tells a run of only what needs real material, a test of its own. */
bool asks_for_real(int argc, char **argv);

/*
 * has_folder() is false, and says so in the test's output, where the variable that names a
 * folder is not set; main() of a test that lives on what is there returns 0 then.
 */
bool has_folder(const char *variable);

#endif
