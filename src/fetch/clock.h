/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines: moments of CLOCK_MONOTONIC in milliseconds, which all processes share.
 */
#ifndef FETCH_CLOCK_H
#define FETCH_CLOCK_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

static inline int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void clock_wait_ms(int64_t ms)
{
	struct timespec span = { ms / 1000, (long)(ms % 1000) * 1000000 };

	while (nanosleep(&span, &span) != 0 && errno == EINTR)
		continue;
}

#endif
