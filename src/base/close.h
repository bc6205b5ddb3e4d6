/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors in the cleanup idiom.
 */
#ifndef BASE_CLOSE_H
#define BASE_CLOSE_H

#include "base/attr.h"

#include <unistd.h>

/* CLEANUP_CLOSE closes a descriptor, if there is one, at the end of its scope. */
#define CLEANUP_CLOSE CLEANUP(close_fd)

static inline void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#endif
