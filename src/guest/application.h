/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting what the image was built for.
 */
#ifndef GUEST_APPLICATION_H
#define GUEST_APPLICATION_H

#include <sys/types.h>

#include "guest/policy.h"

/*
 * application_start() starts it as the policy says, and returns once it has begun to run. Its
 * standard output and error are *output where the policy's log is full, and nothing
 * otherwise.
 */
enum cella_status application_start(const struct guest_policy *policy, pid_t *pid,
				    int *output, struct cella_error *err) MUST_CHECK;

#endif
