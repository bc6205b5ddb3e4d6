/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes of cella-forward may do.
 */
#ifndef VM_FORWARD_CONFINE_H
#define VM_FORWARD_CONFINE_H

#include "base/bytes.h"

/* confine_all() holds for all of them: no privileges to be gained, no core files. */
enum cella_status confine_all(struct cella_error *err) MUST_CHECK;

/* confine_relay() leaves a process nothing but passing on bytes between its sockets. */
enum cella_status confine_relay(struct cella_error *err) MUST_CHECK;

/*
 * confine_exit() ends the process by the one call: what sanitizers do before functions that
 * do not return is not among those that are left.
 */
void confine_exit(int status);

#endif
