/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work with a deadline: it is done by a process of its own, which is killed when it is late.
 * A read from a file system that does not answer, a name server, a virtual machine: nothing
 * of that can make the caller wait longer. Results go through memory that both share, so
 * that what was found before the deadline counts.
 */
#ifndef DOCTOR_BOUNDED_H
#define DOCTOR_BOUNDED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum bounded_end {
	BOUNDED_LATE, /* the deadline passed */
	BOUNDED_DIED, /* it was killed by somebody else, or could not be started */
	BOUNDED_DONE,
};

/* bounded_new() allocates zeroed memory to share; NULL when there is none. */
void *bounded_new(size_t size);
void bounded_free(void *shared, size_t size);

/* bounded_run() runs work(shared) and waits for its end, at most for the deadline. */
enum bounded_end bounded_run(void (*work)(void *shared), void *shared, int deadline_ms);

/* bounded_now_ms() is a clock that nobody sets; bounded_readable() waits for a file until then. */
int64_t bounded_now_ms(void);
bool bounded_readable(int fd, int64_t until_ms);

#endif
