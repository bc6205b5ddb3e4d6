/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes that end.
 */
#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 4096, EXIT_NOT_STARTED = 127 };

void io_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int io_take(int *fd)
{
	const int taken = *fd;

	*fd = -1;
	return taken;
}

enum cella_status io_pipe(int *read_end, int *write_end, struct cella_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, errno, "pipe");
	*read_end = ends[0];
	*write_end = ends[1];
	return CELLA_OK;
}

void io_tell_failure(int pipe, int step)
{
	const struct io_failure failure = { .sys_errno = errno, .step = step };

	if (write(pipe, &failure, sizeof failure) != sizeof failure)
		_exit(EXIT_NOT_STARTED + 1);
	_exit(EXIT_NOT_STARTED);
}

enum cella_status io_hear_failure(int pipe, const char *name, bool *failed,
				  struct io_failure *out, struct cella_error *err)
{
	ssize_t got;

	do
		got = read(pipe, out, sizeof *out);
	while (got < 0 && errno == EINTR);
	*failed = got != 0;
	if (got != 0 && got != sizeof *out)
		return error_set(err, CELLA_IO, "%s: cannot be started", name);
	return CELLA_OK;
}

/* A peer that is gone must not end this process by a signal; files are no sockets. */
static ssize_t put(int fd, struct cella_bytes bytes)
{
	const ssize_t done = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);

	if (done < 0 && errno == ENOTSOCK)
		return write(fd, bytes.data, bytes.len);
	return done;
}

/* ENOBUFS is what vsock says while its ring is full. */
static bool is_passing(int number)
{
	return number == EINTR || number == EAGAIN || number == ENOBUFS;
}

enum cella_status io_write(int fd, struct cella_bytes bytes,
			   const struct deadline *deadline, const char *what,
			   struct cella_error *err)
{
	while (bytes.len > 0) {
		ssize_t done;

		TRY(deadline_poll(deadline, fd, POLLOUT, what, err));
		done = put(fd, bytes);
		if (done < 0 && is_passing(errno))
			continue;
		if (done < 0)
			return error_errno(err, errno, "%s", what);
		bytes = bytes_slice(bytes, (size_t)done, bytes.len - (size_t)done);
	}
	return CELLA_OK;
}

enum cella_status io_read_some(int fd, void *data, size_t max, size_t *len,
			       const struct deadline *deadline, const char *what,
			       struct cella_error *err)
{
	for (;;) {
		ssize_t got;

		TRY(deadline_poll(deadline, fd, POLLIN, what, err));
		got = read(fd, data, max);
		if (got < 0 && is_passing(errno))
			continue;
		if (got < 0)
			return error_errno(err, errno, "%s", what);
		*len = (size_t)got;
		return CELLA_OK;
	}
}

enum cella_status io_read_all(int fd, size_t max, struct out *out,
			      const struct deadline *deadline, const char *what,
			      struct cella_error *err)
{
	const size_t start = out->len;
	uint8_t chunk[CHUNK];

	for (;;) {
		size_t len = 0;

		TRY(io_read_some(fd, chunk, sizeof chunk, &len, deadline, what, err));
		if (len == 0)
			return out_status(out, err);
		if (out->len - start + len > max)
			return error_set(err, CELLA_LIMIT, "%s: more than %zu bytes",
					 what, max);
		out_bytes(out, chunk, len);
	}
}

enum cella_status io_read_line(int fd, size_t max, struct out *out,
			       const struct deadline *deadline, const char *what,
			       struct cella_error *err)
{
	for (size_t i = 0; i < max; i++) {
		uint8_t c = 0;
		size_t len = 0;

		TRY(io_read_some(fd, &c, 1, &len, deadline, what, err));
		if (len == 0)
			return error_set(err, CELLA_IO, "%s: ends within a line", what);
		if (c == '\n')
			return out_status(out, err);
		out_u8(out, c);
	}
	return error_set(err, CELLA_LIMIT, "%s: a line of more than %zu bytes", what,
			 max);
}
