/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines, by the clock that nobody sets.
 */
#include "collect/deadline.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>

enum {
	BACK_OFF_FIRST_MS = 50,
	BACK_OFF_LAST_MS = 4000,
	BACK_OFF_DOUBLINGS = 7,
	ALARM_AGAIN_US = 100000,
};

static int64_t now_ms(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct deadline deadline_in(int64_t seconds)
{
	return (struct deadline){ .end_ms = now_ms() + seconds * 1000,
				  .total_s = seconds };
}

int deadline_left_ms(const struct deadline *deadline)
{
	const int64_t left = deadline->end_ms - now_ms();

	if (left <= 0)
		return 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

enum cella_status deadline_poll(const struct deadline *deadline, int fd, short events,
				const char *what, struct cella_error *err)
{
	struct pollfd ready = { .fd = fd, .events = events };
	int num;

	do
		num = poll(&ready, 1, deadline_left_ms(deadline));
	while (num < 0 && errno == EINTR);
	if (num < 0)
		return error_errno(err, errno, "%s", what);
	if (num > 0)
		return CELLA_OK;
	error_set(err, CELLA_IO, "%s: no answer within %lld s", what,
		  (long long)deadline->total_s);
	if (err != NULL)
		err->sys_errno = ETIMEDOUT;
	return CELLA_IO;
}

/* Between half of the span and the whole of it, so that those who collide part. */
static int64_t jitter(int64_t span)
{
	uint16_t random = 0;

	if (getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random)
		random = (uint16_t)now_ms();
	return span / 2 + span * random / (2 * UINT16_MAX);
}

bool deadline_back_off(const struct deadline *deadline, unsigned attempt)
{
	const unsigned doublings = attempt < BACK_OFF_DOUBLINGS ? attempt
								: BACK_OFF_DOUBLINGS;
	int64_t span = (int64_t)BACK_OFF_FIRST_MS << doublings;
	struct timespec pause;

	if (span > BACK_OFF_LAST_MS)
		span = BACK_OFF_LAST_MS;
	span = jitter(span);
	if (span >= deadline_left_ms(deadline))
		return false;
	pause = (struct timespec){ .tv_sec = span / 1000,
				   .tv_nsec = (long)(span % 1000) * 1000000 };
	while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
		;
	return true;
}

/* It is enough that it comes: without SA_RESTART the call that blocks returns. */
static void on_alarm(int number UNUSED)
{
}

/* It comes again and again: the first one may strike just before the call blocks. */
void deadline_arm(const struct deadline *deadline, struct deadline_alarm *alarm)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	const int left_ms = deadline_left_ms(deadline);
	const struct itimerval timer = {
		.it_value = { .tv_sec = left_ms / 1000,
			      .tv_usec = left_ms % 1000 * 1000 + 1 },
		.it_interval = { .tv_usec = ALARM_AGAIN_US },
	};

	alarm->is_armed = !deadline->spares_signals;
	if (!alarm->is_armed)
		return;
	sigaction(SIGALRM, &action, &alarm->old);
	setitimer(ITIMER_REAL, &timer, NULL);
}

void deadline_disarm(const struct deadline_alarm *alarm)
{
	const struct itimerval never = { 0 };

	if (!alarm->is_armed)
		return;
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &alarm->old, NULL);
}
