/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors: closing them, moving all of some bytes within a deadline, and hearing of a
 * child whether it has become the program that it was made for.
 */
#ifndef GUEST_IO_H
#define GUEST_IO_H

#include "base/bytes.h"
#include "base/close.h"
#include "collect/deadline.h"

/* io_close() closes a descriptor, if there is one, and leaves -1 behind. */
void io_close(int *fd);

/* io_take() hands a descriptor over: returns it and leaves -1 behind. */
int io_take(int *fd);

/* io_pipe() makes a pipe whose ends close at execve(). */
enum cella_status io_pipe(int *read_end, int *write_end,
			  struct cella_error *err) MUST_CHECK;

/* At which of its steps between fork() and execve() a child failed, and why. */
struct io_failure {
	int sys_errno;
	int step;
};

/* io_tell_failure() says so through such a pipe, with errno, and ends the child. */
_Noreturn void io_tell_failure(int pipe, int step);

/*
 * io_hear_failure() waits for a child's end of the pipe: *failed is false when execve() has
 * closed it. CELLA_IO when the child could not even tell; name is for that.
 */
enum cella_status io_hear_failure(int pipe, const char *name, bool *failed,
				  struct io_failure *out,
				  struct cella_error *err) MUST_CHECK;

/* io_write() writes all bytes, to a descriptor that may be non-blocking. */
enum cella_status io_write(int fd, struct cella_bytes bytes,
			   const struct deadline *deadline, const char *what,
			   struct cella_error *err) MUST_CHECK;

/* io_read_some() waits for bytes and reads up to max; *len is 0 at the end. */
enum cella_status io_read_some(int fd, void *data, size_t max, size_t *len,
			       const struct deadline *deadline, const char *what,
			       struct cella_error *err) MUST_CHECK;

/* io_read_all() appends what comes until the end. CELLA_LIMIT for more than max bytes. */
enum cella_status io_read_all(int fd, size_t max, struct out *out,
			      const struct deadline *deadline, const char *what,
			      struct cella_error *err) MUST_CHECK;

/* io_read_line() appends a line without its end, byte by byte: nothing behind it is read. */
enum cella_status io_read_line(int fd, size_t max, struct out *out,
			       const struct deadline *deadline, const char *what,
			       struct cella_error *err) MUST_CHECK;

#endif
