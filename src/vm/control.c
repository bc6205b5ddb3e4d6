/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of the sockets in a run folder.
 */
#include "vm/control.h"

#include "guest/io.h"
#include "vm/failure_record.h"
#include "vm/run_dir.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 32 };

/* An enclave's folder has its name. */
static enum cella_status connect_to(const char *folder, const char *name,
				    const char *file, int type, int *out,
				    struct cella_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd CLEANUP_CLOSE = -1;

	TRY(run_path(folder, file, address.sun_path, err));
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, errno, "%s", address.sun_path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return error_set(err, CELLA_MISSING,
					 "%s: there is no such enclave (%s)", name,
					 folder);
		return error_errno(err, errno, "%s", address.sun_path);
	}
	*out = io_take(&fd);
	return CELLA_OK;
}

/* Who asks for one that has failed wants to know why. */
static bool has_failed(const char *base, const char *name)
{
	char record[RUN_PATH_MAX];

	return failure_path(base, name, record, NULL) == CELLA_OK &&
	       access(record, F_OK) == 0;
}

static enum cella_status folder_of(const char *base, const char *name,
				   char folder[RUN_PATH_MAX], struct cella_error *err)
{
	TRY(run_name_check(name, err));
	TRY(run_path(base, name, folder, err));
	if (access(folder, F_OK) != 0 && errno == ENOENT && has_failed(base, name))
		return error_set(err, CELLA_MISSING,
				 "%s: there is no such enclave any more (%s): 'cella "
				 "enclave explain %s' tells how it failed",
				 name, folder, name);
	return CELLA_OK;
}

/* --- the supervisor ------------------------------------------------------------------ */

static enum cella_status request_of(const char *folder, const char *name,
				    const char *request, int *out,
				    struct cella_error *err)
{
	int fd CLEANUP_CLOSE = -1;

	TRY(connect_to(folder, name, "control", SOCK_SEQPACKET, &fd, err));
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
		return error_errno(err, errno, "%s", name);
	*out = io_take(&fd);
	return CELLA_OK;
}

static enum cella_status ask(const char *folder, const char *name, const char *request,
			     const struct deadline *deadline, struct out *answer,
			     struct cella_error *err)
{
	const bool wants_last = strcmp(request, "stop") == 0;
	int fd CLEANUP_CLOSE = -1;

	TRY(request_of(folder, name, request, &fd, err));
	for (;;) {
		uint8_t datagram[CONTROL_ANSWER_MAX];
		size_t len = 0;

		TRY(io_read_some(fd, datagram, sizeof datagram, &len, deadline, name,
				 err));
		if (len == 0)
			return out_status(answer, err);
		if (wants_last)
			answer->len = 0;
		out_bytes(answer, datagram, len);
	}
}

enum cella_status control_follow(const char *base, const char *name,
				 const struct deadline *deadline, control_piece_fn *piece,
				 void *context, struct cella_error *err)
{
	char folder[RUN_PATH_MAX];
	int fd CLEANUP_CLOSE = -1;

	TRY(folder_of(base, name, folder, err));
	TRY(request_of(folder, name, "console follow", &fd, err));
	for (;;) {
		uint8_t datagram[CONTROL_ANSWER_MAX];
		size_t len = 0;

		TRY(io_read_some(fd, datagram, sizeof datagram, &len, deadline, name,
				 err));
		if (len == 0)
			return CELLA_OK;
		TRY(piece(context, bytes_of(datagram, len), err));
	}
}

enum cella_status control_ask(const char *base, const char *name, const char *request,
			      const struct deadline *deadline, struct out *answer,
			      struct cella_error *err)
{
	char folder[RUN_PATH_MAX];

	TRY(folder_of(base, name, folder, err));
	return ask(folder, name, request, deadline, answer, err);
}

enum cella_status control_ask_service(const char *base, const char *name,
				      const char *request,
				      const struct deadline *deadline, struct out *answer,
				      struct cella_error *err)
{
	char folder[RUN_PATH_MAX];

	TRY(run_service_path(base, name, folder, err));
	return ask(folder, name, request, deadline, answer, err);
}

bool control_is_heard(int fd)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

/* --- the guest ----------------------------------------------------------------------- */

static enum cella_status read_ok(int fd, const char *name, unsigned port,
				 const struct deadline *deadline, struct cella_error *err)
{
	struct out line CLEANUP(out_done) = { 0 };

	if (io_read_line(fd, LINE_MAX_LEN, &line, deadline, name, err) != CELLA_OK ||
	    line.len < 3 || memcmp(line.data, "OK ", 3) != 0)
		return error_set(err, CELLA_IO, "%s: nobody listens on its port %u", name,
				 port);
	return CELLA_OK;
}

enum cella_status control_connect(const char *base, const char *name, unsigned port,
				  const struct deadline *deadline, int *out,
				  struct cella_error *err)
{
	char request[LINE_MAX_LEN];
	char folder[RUN_PATH_MAX];
	int fd CLEANUP_CLOSE = -1;

	TRY(folder_of(base, name, folder, err));
	TRY(connect_to(folder, name, "v", SOCK_STREAM, &fd, err));
	snprintf(request, sizeof request, "CONNECT %u\n", port);
	TRY(io_write(fd, bytes_of(request, strlen(request)), deadline, name, err));
	TRY(read_ok(fd, name, port, deadline, err));
	*out = io_take(&fd);
	return CELLA_OK;
}
