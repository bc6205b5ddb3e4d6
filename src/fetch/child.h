/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that runs for us while we run, in a process that may not be ours: one of a
 * library's user, who must not notice that there is a child.
 */
#ifndef FETCH_CHILD_H
#define FETCH_CHILD_H

#include "base/bytes.h"

#include <sys/types.h>

struct child {
	pid_t pid; /* 0: none */
	int fd;    /* a socket: the program's standard input and output */
};

/*
 * child_launch() starts a program: its path, without a search, and its arguments. It has no
 * other descriptors than the socket and standard error, which leads nowhere for a quiet
 * one. CELLA_MISSING when there is no such program.
 */
enum cella_status child_launch(char *const argv[], bool is_quiet, struct child *out,
			       struct cella_error *err) MUST_CHECK;

/* What child_stop() adds to the signal that a program died of. */
enum { CHILD_SIGNALLED = 128 };

/*
 * child_stop() ends the program, whatever it is doing, and leaves nothing of it. Returns how
 * it ended: its exit code, or CHILD_SIGNALLED and the signal, SIGKILL where it had not ended
 * by itself; 0 when there was none.
 */
int child_stop(struct child *child);

#endif
