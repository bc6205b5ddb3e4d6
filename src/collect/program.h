/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running the programs that belong to cella but are not linked into it.
 */
#ifndef COLLECT_PROGRAM_H
#define COLLECT_PROGRAM_H

#include "base/bytes.h"

#include <sys/types.h>

enum { PROGRAM_PATH_MAX = 4096, PROGRAM_MAX_ARGS = 32 };

/*
 * program_find() finds a program of cella's: beside the running one, then where the
 * installation puts helpers, then by its bare name, which is searched in PATH.
 */
void program_find(const char *name, char path[PROGRAM_PATH_MAX]);

/* program_search() does that search, too; false when there is none. */
bool program_search(const char *name, char path[PROGRAM_PATH_MAX]) MUST_CHECK;

/*
 * program_start() starts a program with these descriptors as its standard input and output.
 * CELLA_MISSING when there is no such program.
 */
enum cella_status program_start(char *const argv[], int input, int output, pid_t *pid,
				struct cella_error *err) MUST_CHECK;

/*
 * program_await() waits for its end. CELLA_USAGE or CELLA_IO when it fails, after it has
 * said why on standard error.
 */
enum cella_status program_await(pid_t pid, const char *name,
				struct cella_error *err) MUST_CHECK;

/*
 * program_run() runs a program to its end and appends what it writes to standard output,
 * at most max_len bytes, to out. argv ends with NULL; argv[0] is the program as
 * program_find() found it. CELLA_MISSING when there is no such program; CELLA_USAGE or
 * CELLA_IO when it fails, after it has said why on standard error.
 */
enum cella_status program_run(char *const argv[], size_t max_len, struct out *out,
			      struct cella_error *err) MUST_CHECK;

#endif
