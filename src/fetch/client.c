/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking cella-fetch. Whatever it answers is foreign: it has parsed a server's bytes.
 */
#include "fetch/client.h"

#include "base/number.h"
#include "collect/program.h"
#include "fetch/clock.h"
#include "fetch/url.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/wait.h>

enum {
	ATTEMPTS = 3,
	HEAD_MAX = 32,          /* "<status> <length>\n" */
	RESPONSE_EXTRA = 68000, /* status line and headers */
	LATE_MS = 2000,         /* cella-fetch keeps the deadline, or has lost its way */
};

struct client {
	struct client_options options;
	pid_t pid; /* 0: not started */
	int fd;
};

enum cella_status client_new(const struct client_options *options, struct client **out,
			     struct cella_error *err)
{
	struct client *const client = calloc(1, sizeof *client);

	if (client == NULL)
		return error_nomem(err);
	client->options = *options;
	if (client->options.attempts == 0)
		client->options.attempts = ATTEMPTS;
	client->fd = -1;
	*out = client;
	return CELLA_OK;
}

/* Returns how it ended, as waitpid() tells. */
static int stop(struct client *client)
{
	int status = 0;

	if (client->pid <= 0)
		return status;
	close(client->fd);
	/* It may be in the middle of a transfer that nobody wants any more. */
	kill(client->pid, SIGKILL);
	while (waitpid(client->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	client->pid = 0;
	client->fd = -1;
	return status;
}

void client_free(struct client *client)
{
	if (client == NULL)
		return;
	stop(client);
	free(client);
}

static enum cella_status spawn(const struct client *client, int end, pid_t *pid,
			       struct cella_error *err)
{
	char path[PROGRAM_PATH_MAX];
	char attempts[16];
	char *const argv[] = {
		path,
		attempts,
		(char *)(uintptr_t)(client->options.insecure_tls ? "insecure" : "secure"),
		(char *)(uintptr_t)client->options.tls_ca,
		NULL,
	};
	posix_spawn_file_actions_t actions;
	int failure = posix_spawn_file_actions_init(&actions);

	if (failure != 0)
		return error_nomem(err);
	program_find("cella-fetch", path);
	snprintf(attempts, sizeof attempts, "%u", client->options.attempts);
	failure = posix_spawn_file_actions_adddup2(&actions, end, STDIN_FILENO);
	if (failure == 0)
		failure = posix_spawn_file_actions_adddup2(&actions, end, STDOUT_FILENO);
	if (failure == 0)
		failure = posix_spawnp(pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (failure == ENOENT)
		return error_set(
			err, CELLA_UNSUPPORTED,
			"there is no program cella-fetch here, so nothing can be "
			"fetched: install it, or use --collateral FILE");
	return failure == 0 ? CELLA_OK : error_errno(err, failure, "%s", path);
}

static enum cella_status start(struct client *client, struct cella_error *err)
{
	enum cella_status status;
	int ends[2];

	if (client->pid > 0)
		return CELLA_OK;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return error_errno(err, errno, "a pair of sockets");
	status = spawn(client, ends[1], &client->pid, err);
	close(ends[1]);
	client->fd = ends[0];
	if (status != CELLA_OK)
		close(ends[0]);
	return status;
}

/* Nothing more comes from it: it has ended, or closed its end and can be ended. */
static enum cella_status lost(struct client *client, struct cella_error *err)
{
	const int status = stop(client);

	/* With signals blocked, it has no time for words of its own. */
	if ((WIFEXITED(status) && WEXITSTATUS(status) == REQUEST_EXIT_SANDBOX) ||
	    (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS))
		return error_set(
			err, CELLA_INTERNAL,
			"cella-fetch ended before it had answered: it tried what "
			"its sandbox forbids: a defect of cella, or a server's "
			"attack on it");
	/* That one may have been ours. */
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		return error_set(err, CELLA_IO,
				 "cella-fetch ended before it had answered: signal %d",
				 WTERMSIG(status));
	return error_set(err, CELLA_IO, "cella-fetch ended before it had answered");
}

static enum cella_status send_all(struct client *client, const char *text, size_t len,
				  struct cella_error *err)
{
	size_t put = 0;

	while (put < len) {
		const ssize_t now = send(client->fd, text + put, len - put, MSG_NOSIGNAL);

		if (now < 0 && errno == EINTR)
			continue;
		if (now <= 0)
			return lost(client, err);
		put += (size_t)now;
	}
	return CELLA_OK;
}

static enum cella_status ask(struct client *client, const struct request *request,
			     struct cella_error *err)
{
	char line[REQUEST_LINE_MAX];
	const char *const key = request->key != NULL ? request->key : "";
	const int len = snprintf(line, sizeof line, "%lld %zu %s %s\n",
				 (long long)request->deadline_ms, request->max_len,
				 request->url, key);
	enum cella_status status;

	if (len < 0 || (size_t)len >= sizeof line)
		return error_set(err, CELLA_LIMIT, "%.100s: too long to be asked for",
				 request->url);
	status = send_all(client, line, (size_t)len, err);
	explicit_bzero(line, sizeof line);
	return status;
}

/* Reads at most len bytes as soon as there are any. */
static enum cella_status receive(struct client *client, void *buffer, size_t len,
				 int64_t deadline_ms, size_t *got,
				 struct cella_error *err)
{
	struct pollfd ready = { .fd = client->fd, .events = POLLIN };

	for (;;) {
		const int64_t left_ms = deadline_ms + LATE_MS - clock_ms();
		const int num = poll(&ready, 1, left_ms > 0 ? (int)left_ms : 0);
		ssize_t now;

		if (num < 0 && errno == EINTR)
			continue;
		if (num == 0)
			return error_set(err, CELLA_IO, "cella-fetch does not answer");
		now = recv(client->fd, buffer, len, 0);
		if (now < 0 && errno == EINTR)
			continue;
		if (now <= 0)
			return lost(client, err);
		*got = (size_t)now;
		return CELLA_OK;
	}
}

/* "<status> <length>\n", a byte at a time: what follows is not ours yet. */
static enum cella_status read_head(struct client *client, int64_t deadline_ms,
				   uint64_t *status, uint64_t *len,
				   struct cella_error *err)
{
	char head[HEAD_MAX] = "";
	size_t got = 0;
	char *space;

	for (size_t i = 0;; i++) {
		if (i + 1 >= sizeof head)
			return error_set(err, CELLA_INTERNAL, "cella-fetch: no answer");
		TRY(receive(client, head + i, 1, deadline_ms, &got, err));
		if (head[i] == '\n') {
			head[i] = '\0';
			break;
		}
	}
	space = strchr(head, ' ');
	if (space == NULL)
		return error_set(err, CELLA_INTERNAL, "cella-fetch: no answer");
	*space = '\0';
	TRY(number_read(head, CELLA_INTERNAL, status, "cella-fetch: status", err));
	return number_read(space + 1, UINT32_MAX, len, "cella-fetch: length", err);
}

static enum cella_status read_body(struct client *client, size_t len, int64_t deadline_ms,
				   struct out *out, struct cella_error *err)
{
	uint8_t buffer[16384];

	while (len > 0) {
		size_t got = 0;

		TRY(receive(client, buffer, len < sizeof buffer ? len : sizeof buffer,
			    deadline_ms, &got, err));
		out_bytes(out, buffer, got);
		len -= got;
	}
	return out_status(out, err);
}

static enum cella_status exchange(struct client *client, const struct request *request,
				  struct out *out, uint64_t *status,
				  struct cella_error *err)
{
	uint64_t len = 0;

	TRY(ask(client, request, err));
	TRY(read_head(client, request->deadline_ms, status, &len, err));
	if (len > request->max_len + RESPONSE_EXTRA)
		return error_set(err, CELLA_LIMIT,
				 "cella-fetch: %llu bytes, at most %zu were asked for",
				 (unsigned long long)len, request->max_len);
	return read_body(client, (size_t)len, request->deadline_ms, out, err);
}

enum cella_status client_get(struct client *client, const struct request *request,
			     struct out *out, struct cella_error *err)
{
	struct out answer CLEANUP(out_done) = { 0 };
	enum cella_status exchanged;
	struct url parts;
	uint64_t status = 0;

	TRY(url_parse(request->url, &parts, err));
	TRY(start(client, err));
	exchanged = exchange(client, request, &answer, &status, err);
	if (exchanged != CELLA_OK) {
		/* What it might still answer belongs to nobody. */
		stop(client);
		return exchanged;
	}
	if (status != CELLA_OK)
		return error_set(err, (enum cella_status)status, "%.*s", (int)answer.len,
				 (const char *)answer.data);
	out_bytes(out, answer.data, answer.len);
	return out_status(out, err);
}
