/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/error.h"

#include <errno.h>

static void each_status_has_its_name(void **state)
{
	static const char *const names[] = { "ok",      "malformed", "unsupported",
					     "missing", "limit",     "io",
					     "nomem",   "usage",     "internal" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		CHECK_TEXT(names[i], cella_status_name((enum cella_status)i));
	CHECK_TEXT("unknown", cella_status_name((enum cella_status)ARRAY_LEN(names)));
	CHECK_TEXT("unknown", cella_status_name((enum cella_status) - 1));
	CHECK_TEXT(CELLA_VERSION, cella_version());
}

static void errors_are_filled_in_whole(void **state)
{
	struct cella_error err;

	(void)state;
	memset(&err, 0xff, sizeof err);
	assert_int_equal(CELLA_LIMIT, error_set(&err, CELLA_LIMIT, "%d levels", 33));
	CHECK_INT(CELLA_LIMIT, err.status);
	CHECK_INT(0, err.offset);
	CHECK_INT(0, err.sys_errno);
	CHECK_TEXT("33 levels", err.text);
	memset(&err, 0xff, sizeof err);
	assert_int_equal(CELLA_MALFORMED, error_at(&err, CELLA_MALFORMED, 7, "there"));
	CHECK_INT(7, err.offset);
	CHECK_INT(0, err.sys_errno);
	assert_int_equal(CELLA_IO, error_errno(&err, ENOENT, "%s", "file"));
	CHECK_INT(ENOENT, err.sys_errno);
	CHECK_TEXT("file: No such file or directory", err.text);
	assert_int_equal(CELLA_NOMEM, error_nomem(&err));
	CHECK_TEXT("out of memory", err.text);
}

static void nobody_need_listen(void **state)
{
	(void)state;
	assert_int_equal(CELLA_LIMIT, error_set(NULL, CELLA_LIMIT, "x"));
	assert_int_equal(CELLA_MALFORMED, error_at(NULL, CELLA_MALFORMED, 1, "x"));
	assert_int_equal(CELLA_IO, error_errno(NULL, ENOENT, "x"));
	assert_int_equal(CELLA_NOMEM, error_nomem(NULL));
	error_prefix(NULL, "x");
}

static void prefix_keeps_the_rest(void **state)
{
	struct cella_error err = { 0 };

	(void)state;
	error_at(&err, CELLA_MALFORMED, 9, "broken");
	err.sys_errno = 3;
	error_prefix(&err, "file %d", 1);
	CHECK_TEXT("file 1: broken", err.text);
	CHECK_INT(9, err.offset);
	CHECK_INT(3, err.sys_errno);
	CHECK_INT(CELLA_MALFORMED, err.status);
}

static void long_texts_are_cut(void **state)
{
	struct cella_error err;
	char text[400];

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	error_set(&err, CELLA_LIMIT, "%s", text);
	CHECK_INT(sizeof err.text - 1, strlen(err.text));
	error_prefix(&err, "%s", text);
	CHECK_INT(sizeof err.text - 1, strlen(err.text));
	error_errno(&err, ENOENT, "%s", text);
	CHECK_INT(sizeof err.text - 1, strlen(err.text));
}

/* A foreign name must not move the cursor of the terminal that shows the error. */
static void terminal_escape(void **state)
{
	struct cella_error err = { 0 };

	(void)state;
	error_set(&err, CELLA_LIMIT, "%s", "a\033[2Jb\nc\rd\x7f");
	CHECK_TEXT("a?[2Jb?c?d?", err.text);
	error_prefix(&err, "%s", "x\ny");
	CHECK_TEXT("x?y: a?[2Jb?c?d?", err.text);
	error_errno(&err, ENOENT, "%s", "x\ny");
	CHECK_TEXT("x?y: No such file or directory", err.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_status_has_its_name),
		cmocka_unit_test(errors_are_filled_in_whole),
		cmocka_unit_test(nobody_need_listen),
		cmocka_unit_test(prefix_keeps_the_rest),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(terminal_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
