/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A root of its own for a program: an empty, read-only file system with the program, the
 * libraries and data of its installation, and /proc/self. There is no other file of the
 * host's in it, no other process, and no place to write to.
 */
#ifndef VM_CHILD_ROOT_H
#define VM_CHILD_ROOT_H

#include "base/attr.h"
#include "base/error.h"

#include <stdbool.h>

enum { CHILD_ROOT_PATH_MAX = 1024 };

/* Where programs are searched: what the child has as its PATH. */
#define CHILD_PATH "/usr/sbin:/usr/bin:/sbin:/bin"

struct child_root {
	char program[CHILD_ROOT_PATH_MAX]; /* without links */
	const char *device;                /* of /dev, or NULL */
};

/* child_root_plan() finds the program; CELLA_MISSING when there is none. */
enum cella_status child_root_plan(const char *program, const char *device,
				  struct child_root *out,
				  struct cella_error *err) MUST_CHECK;

/*
 * child_root_enter() makes it the root of this process, which has a mount namespace of its
 * own and the rights to mount. On failure the host's files are still there, and errno says why.
 */
bool child_root_enter(const struct child_root *root) MUST_CHECK;

#endif
