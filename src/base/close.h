/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closing descriptors.
 */
#ifndef BASE_CLOSE_H
#define BASE_CLOSE_H

#include "base/attr.h"

#include <limits.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/syscall.h>

#ifndef SYS_close_range
#define SYS_close_range 436 /* Linux 5.9, the same everywhere */
#endif

/* CLEANUP_CLOSE closes a descriptor, if there is one, at the end of its scope. */
#define CLEANUP_CLOSE CLEANUP(close_fd)

static inline void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* close_from() closes a descriptor and all behind it; safe between fork() and execve(). */
static inline void close_from(unsigned first)
{
	const rlim_t most = 1 << 16; /* where they have to be tried one by one */
	struct rlimit limit = { 0 };

	if (syscall(SYS_close_range, first, UINT_MAX, 0) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > most)
		limit.rlim_cur = most;
	for (unsigned fd = first; fd < limit.rlim_cur; fd++)
		close((int)fd);
}

#endif
