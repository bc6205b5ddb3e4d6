/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guest's init does to the machine before anything else runs.
 */
#ifndef GUEST_SETUP_H
#define GUEST_SETUP_H

#include "guest/policy.h"

/* setup_mounts() mounts what programs expect below a tree's root. */
enum cella_status setup_mounts(const char *root, struct cella_error *err) MUST_CHECK;

/* setup_modules() loads them in their order, which must be that of what they need. */
enum cella_status setup_modules(const struct guest_texts *modules,
				struct cella_error *err) MUST_CHECK;

/* setup_lockdown() forbids loading any more, until the end of the machine. */
enum cella_status setup_lockdown(struct cella_error *err) MUST_CHECK;

#endif
