/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cella-vsock may do once it is set up: no more than its loop needs.
 */
#ifndef VM_VSOCK_SANDBOX_H
#define VM_VSOCK_SANDBOX_H

#include "base/bytes.h"

/* sandbox_most_fds() is how many descriptors there can be. */
size_t sandbox_most_fds(void);

/*
 * sandbox_limits() forbids core files and has room made for so many descriptors. CELLA_LIMIT:
 * the hard limit is lower.
 */
enum cella_status sandbox_limits(size_t num_fds, struct cella_error *err) MUST_CHECK;

/*
 * sandbox_enter() gives everything up but the working directory. It cannot be undone. What
 * this machine does not have is told in words to be appended to others, *lacks; any other
 * part that fails is an error.
 */
enum cella_status sandbox_enter(const char **lacks, struct cella_error *err) MUST_CHECK;

/*
 * sandbox_catch() has the loss of mapped memory end the process with a line and a status,
 * not with a signal.
 */
void sandbox_catch(const char *line, int status);

/*
 * sandbox_exit() ends the process from inside: at once, by the one call. What libraries and
 * sanitizers like to do at the end is not among the calls that are left; nor is what these do
 * before a function that is declared not to return, which is why this one is not.
 */
void sandbox_exit(int status);

#endif
