/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "collect/advice.h"
#include "collect/deadline.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

static void time_passes(void **state UNUSED)
{
	const struct deadline never = deadline_in(INT64_C(10) * 365 * 86400);
	const struct deadline soon = deadline_in(60);
	const struct deadline now = deadline_in(0);

	CHECK_INT(0, deadline_left_ms(&now));
	CHECK_TRUE(deadline_left_ms(&soon) > 0);
	CHECK_TRUE(deadline_left_ms(&soon) <= 60000);
	CHECK_INT(INT32_MAX, deadline_left_ms(&never));
}

static void waits_for_who_is_ready(void **state UNUSED)
{
	const struct deadline now = deadline_in(0);
	struct cella_error err = { 0 };
	int ends[2];

	assert_int_equal(0, pipe(ends));
	CHECK_STATUS(CELLA_IO, deadline_poll(&now, ends[0], POLLIN, "the pipe", &err));
	CHECK_TEXT("the pipe: no answer within 0 s", err.text);
	CHECK_INT(ETIMEDOUT, err.sys_errno);
	CHECK_STATUS(CELLA_IO, deadline_poll(&now, ends[0], POLLIN, "the pipe", NULL));
	assert_int_equal(1, write(ends[1], "x", 1));
	CHECK_OK(deadline_poll(&now, ends[0], POLLIN, "the pipe", &err));
	close(ends[0]);
	close(ends[1]);
}

static void backs_off_within_its_time(void **state UNUSED)
{
	const struct deadline now = deadline_in(0);
	const struct deadline soon = deadline_in(2);
	const int before = deadline_left_ms(&soon);
	int between;

	CHECK_TRUE(!deadline_back_off(&now, 0));
	CHECK_TRUE(deadline_back_off(&soon, 0));
	between = deadline_left_ms(&soon);
	CHECK_TRUE(before - between >= 25);
	CASE("far more often than there are doublings");
	CHECK_TRUE(!deadline_back_off(&soon, 1000000) || deadline_left_ms(&soon) < 1975);
}

/* It must not matter whether the alarm strikes before or within the call. */
static void an_alarm_ends_what_blocks(void **state UNUSED)
{
	for (int seconds = 0; seconds < 2; seconds++) {
		const struct deadline deadline = deadline_in(seconds);
		struct deadline_alarm alarm;
		struct sigaction after;
		char byte;
		int ends[2];

		assert_int_equal(0, pipe(ends));
		deadline_arm(&deadline, &alarm);
		assert_int_equal(-1, read(ends[0], &byte, 1));
		assert_int_equal(EINTR, errno);
		assert_int_equal(-1, read(ends[0], &byte, 1));
		deadline_disarm(&alarm);
		sigaction(SIGALRM, NULL, &after);
		assert_true(after.sa_handler == SIG_DFL);
		close(ends[0]);
		close(ends[1]);
	}
}

static void advice_stands_behind_the_cause(void **state UNUSED)
{
	static const struct advice table[] = {
		{ EBUSY, "wait" },
		{ EIO, "despair" },
		{ 0, NULL },
	};
	struct cella_error err = { 0 };

	CHECK_STATUS(CELLA_IO, advise(&err, table, EIO, "file %d", 7));
	CHECK_TEXT("file 7: Input/output error: despair", err.text);
	CHECK_INT(EIO, err.sys_errno);
	CHECK_STATUS(CELLA_IO, advise(&err, table, EPERM, "file"));
	CHECK_TEXT("file: Operation not permitted", err.text);
	CHECK_STATUS(CELLA_IO, advise(NULL, table, EIO, "file"));
	CASE("no more than there is room for");
	CHECK_STATUS(CELLA_IO, advise(&err, table, EIO, "%0400d", 7));
	CHECK_INT(sizeof err.text - 1, strlen(err.text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_passes),
		cmocka_unit_test(waits_for_who_is_ready),
		cmocka_unit_test(backs_off_within_its_time),
		cmocka_unit_test(an_alarm_ends_what_blocks),
		cmocka_unit_test(advice_stands_behind_the_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
