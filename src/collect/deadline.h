/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One point in time by which a whole job must be done, however many steps it has.
 */
#ifndef COLLECT_DEADLINE_H
#define COLLECT_DEADLINE_H

#include <signal.h>

#include "base/bytes.h"

struct deadline {
	int64_t end_ms; /* of CLOCK_MONOTONIC */
	int64_t total_s;
	/* In somebody else's process signals are theirs: a call that blocks in the kernel
	 * ends when the kernel gives up. */
	bool spares_signals;
};

/* deadline_in() is so many seconds from now. */
struct deadline deadline_in(int64_t seconds);

/* deadline_left_ms() is never negative, and small enough for poll(). */
int deadline_left_ms(const struct deadline *deadline);

/*
 * deadline_poll() waits until a descriptor is ready. CELLA_IO when it is not in time;
 * what names the peer.
 */
enum cella_status deadline_poll(const struct deadline *deadline, int fd, short events,
				const char *what, struct cella_error *err) MUST_CHECK;

/*
 * deadline_back_off() sleeps before another attempt: longer each time, never twice the
 * same, and never beyond the deadline. False when the time is up.
 */
bool deadline_back_off(const struct deadline *deadline, unsigned attempt);

/*
 * struct deadline_alarm - while it is armed, system calls that block fail with EINTR once
 * the time is up. Signals are the process's: one at a time. Of a deadline that spares
 * signals nothing is armed.
 */
struct deadline_alarm {
	struct sigaction old;
	bool is_armed;
};

void deadline_arm(const struct deadline *deadline, struct deadline_alarm *alarm);
void deadline_disarm(const struct deadline_alarm *alarm);

#endif
