/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cella-fetch gives up before it hears of the first server: a flaw in TLS, HTTP or
 * name resolution then reaches no more than connections and public files.
 */
#ifndef FETCH_SANDBOX_H
#define FETCH_SANDBOX_H

#include "base/bytes.h"

enum { SANDBOX_PATHS_MAX = 16 };

/* Files and folders to be read beside those of name resolution and of the system. */
struct sandbox_paths {
	const char *items[SANDBOX_PATHS_MAX]; /* borrowed */
	size_t num_items;
};

/* sandbox_add() adds a path unless it is NULL; what does not fit will not be read. */
void sandbox_add(struct sandbox_paths *paths, const char *path);

/*
 * sandbox_enter() gives up privileges, for good and for all threads to come. A forbidden
 * system call ends the process with REQUEST_EXIT_SANDBOX and, where its reader waits for
 * one, an answer that says which it was. CELLA_UNSUPPORTED where the kernel has no
 * filters, or this program was built without them: the rest is given up all the same.
 */
enum cella_status sandbox_enter(const struct sandbox_paths *paths,
				struct cella_error *err) MUST_CHECK;

/* --- its parts ----------------------------------------------------------------------- */

/* sandbox_limit_files() limits which files can be read; kernels before 5.13 do not. */
void sandbox_limit_files(const struct sandbox_paths *paths);

/* sandbox_limit_calls() limits the system calls. CELLA_UNSUPPORTED as above. */
enum cella_status sandbox_limit_calls(struct cella_error *err) MUST_CHECK;

#endif
