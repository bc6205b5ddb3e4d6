/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VM_VTPM_SANDBOX_H
#define VM_VTPM_SANDBOX_H

#include "base/error.h"

/*
 * vtpm_sandbox() leaves the process memory, the descriptors that it has, and the clock: no
 * file, no socket, no other process can be reached, and it leaves no core.
 */
enum cella_status vtpm_sandbox(struct cella_error *err) MUST_CHECK;

/*
 * vtpm_exit() ends the process at once, by the one call. What libraries and sanitizers do at
 * the end of a program, and before a function that is declared not to return, is not among
 * the calls that are left.
 */
void vtpm_exit(int status);

#endif
