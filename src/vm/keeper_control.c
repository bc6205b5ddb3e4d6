/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket of a service: as that of an Enclave VM (vm/evm_control.c), with `restart` and
 * `reload` besides. What cannot be done is answered by {"error": "why"}.
 */
#include "vm/keeper_parts.h"

#include "base/json.h"
#include "guest/io.h"
#include "vm/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

enum { BACKLOG = 16 };

enum cella_status keeper_listen(struct keeper *keeper, struct cella_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd CLEANUP_CLOSE = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	_Static_assert(sizeof address.sun_path >= RUN_PATH_MAX, "paths are addresses");
	TRY(run_path(keeper->dir.path, "control", address.sun_path, err));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, BACKLOG) != 0)
		return error_errno(err, errno, "%s", address.sun_path);
	keeper->control = io_take(&fd);
	return CELLA_OK;
}

static void say(int fd, struct cella_bytes bytes)
{
	if (send(fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return; /* it is the client's loss */
}

static void refuse(int fd, const struct cella_error *why)
{
	json_t *root CLEANUP_JSON = json_object();
	char *text CLEANUP_FREE = NULL;

	if (json_put(root, "error", json_string(why->text), NULL) == CELLA_OK &&
	    json_write(root, false, &text, NULL) == CELLA_OK)
		say(fd, bytes_of(text, strlen(text)));
}

/* --- requests ------------------------------------------------------------------------ */

static void answer_status(struct keeper *keeper, int *fd)
{
	struct out text CLEANUP(out_done) = { 0 };

	if (keeper_status(keeper, &text, NULL) == CELLA_OK)
		say(*fd, out_view(&text));
}

/* It hears again when the state is one that lasts. */
static void keep(struct keeper *keeper, int *fd)
{
	for (int i = 0; i < KEEPER_MAX_CLIENTS; i++)
		if (keeper->clients[i] < 0) {
			keeper->clients[i] = io_take(fd);
			return;
		}
}

static void answer_stop(struct keeper *keeper, int *fd)
{
	keep(keeper, fd);
	keeper_stop(keeper);
}

static void answer_restart(struct keeper *keeper, int *fd)
{
	struct cella_error err = { 0 };
	const int asker = *fd;

	/* First, for it may settle at once. */
	keep(keeper, fd);
	if (keeper_restart(keeper, &err) == CELLA_OK)
		return;
	refuse(asker, &err);
	for (int i = 0; i < KEEPER_MAX_CLIENTS; i++)
		if (keeper->clients[i] == asker)
			io_close(&keeper->clients[i]);
}

static void answer_reload(struct keeper *keeper, int *fd)
{
	struct cella_error err = { 0 };

	if (keeper_reload(keeper, &err) == CELLA_OK)
		answer_status(keeper, fd);
	else
		refuse(*fd, &err);
}

static const struct {
	const char *name;
	void (*answer)(struct keeper *keeper, int *fd);
} requests[] = {
	{ "status", answer_status },
	{ "stop", answer_stop },
	{ "restart", answer_restart },
	{ "reload", answer_reload },
};

void keeper_welcome(struct keeper *keeper)
{
	const struct timeval patience = { .tv_sec = 1 };
	int fd CLEANUP_CLOSE = accept4(keeper->control, NULL, NULL, SOCK_CLOEXEC);
	char request[CONTROL_REQUEST_MAX];
	ssize_t got;

	if (fd < 0 || !control_is_heard(fd))
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	got = recv(fd, request, sizeof request, 0);
	for (size_t i = 0; i < ARRAY_LEN(requests) && got > 0; i++)
		if ((size_t)got == strlen(requests[i].name) &&
		    memcmp(requests[i].name, request, (size_t)got) == 0) {
			requests[i].answer(keeper, &fd);
			return;
		}
}
