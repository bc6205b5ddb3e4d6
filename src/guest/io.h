/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors: closing them, and moving all of some bytes within a deadline.
 */
#ifndef GUEST_IO_H
#define GUEST_IO_H

#include "base/bytes.h"
#include "collect/deadline.h"

/* io_close() closes a descriptor, if there is one, and leaves -1 behind. */
void io_close(int *fd);

/* CLEANUP_CLOSE closes it at the end of its scope. */
void io_cleanup(const int *fd);

#define CLEANUP_CLOSE CLEANUP(io_cleanup)

/* io_take() hands a descriptor over: returns it and leaves -1 behind. */
int io_take(int *fd);

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
