/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking cella-fetch. Whatever it answers is foreign: it has parsed a server's bytes.
 */
#include "fetch/client.h"

#include "base/number.h"
#include "collect/program.h"
#include "fetch/child.h"
#include "fetch/clock.h"
#include "fetch/url.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <sys/socket.h>

enum {
	ATTEMPTS = 3,
	HEAD_MAX = 40,          /* "<status> <code> <length>\n" */
	RESPONSE_EXTRA = 68000, /* status line and headers */
	LATE_MS = 2000,         /* cella-fetch keeps the deadline, or has lost its way */
	CODE_MAX = 999,
};

struct client {
	struct client_options options;
	struct child child; /* none before the first question */
	unsigned code;
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
	*out = client;
	return CELLA_OK;
}

void client_free(struct client *client)
{
	if (client == NULL)
		return;
	child_stop(&client->child);
	free(client);
}

static bool find_program(const struct client *client, char path[PROGRAM_PATH_MAX])
{
	if (client->options.program == NULL)
		return program_search("cella-fetch", path);
	snprintf(path, PROGRAM_PATH_MAX, "%s", client->options.program);
	return true;
}

static enum cella_status start(struct client *client, struct cella_error *err)
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
	enum cella_status status = CELLA_MISSING;

	if (client->child.pid > 0)
		return CELLA_OK;
	snprintf(attempts, sizeof attempts, "%u", client->options.attempts);
	if (find_program(client, path))
		status =
			child_launch(argv, client->options.is_quiet, &client->child, err);
	if (status != CELLA_MISSING)
		return status;
	return error_set(err, CELLA_UNSUPPORTED,
			 "there is no program cella-fetch here, so nothing can be "
			 "fetched: install it, or use --collateral FILE");
}

/* Nothing more comes from it: it has ended, or closed its end and can be ended. */
static enum cella_status lost(struct client *client, struct cella_error *err)
{
	const int end = child_stop(&client->child);

	/* With signals blocked, it has no time for words of its own. */
	if (end == REQUEST_EXIT_SANDBOX || end == CHILD_SIGNALLED + SIGSYS)
		return error_set(
			err, CELLA_INTERNAL,
			"cella-fetch ended before it had answered: it tried what "
			"its sandbox forbids: a defect of cella, or a server's "
			"attack on it");
	/* That one may have been ours. */
	if (end > CHILD_SIGNALLED && end != CHILD_SIGNALLED + SIGKILL)
		return error_set(err, CELLA_IO,
				 "cella-fetch ended before it had answered: signal %d",
				 end - CHILD_SIGNALLED);
	return error_set(err, CELLA_IO, "cella-fetch ended before it had answered");
}

static enum cella_status send_all(struct client *client, const char *text, size_t len,
				  struct cella_error *err)
{
	size_t put = 0;

	while (put < len) {
		const ssize_t now =
			send(client->child.fd, text + put, len - put, MSG_NOSIGNAL);

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
	struct pollfd ready = { .fd = client->child.fd, .events = POLLIN };

	for (;;) {
		const int64_t left_ms = deadline_ms + LATE_MS - clock_ms();
		const int num = poll(&ready, 1, left_ms > 0 ? (int)left_ms : 0);
		ssize_t now;

		if (num < 0 && errno == EINTR)
			continue;
		if (num == 0)
			return error_set(err, CELLA_IO, "cella-fetch does not answer");
		now = recv(client->child.fd, buffer, len, 0);
		if (now < 0 && errno == EINTR)
			continue;
		if (now <= 0)
			return lost(client, err);
		*got = (size_t)now;
		return CELLA_OK;
	}
}

static enum cella_status read_number(char **rest, uint64_t max, uint64_t *out,
				     struct cella_error *err)
{
	const char *const word = strsep(rest, " ");

	if (word == NULL)
		return error_set(err, CELLA_INTERNAL, "cella-fetch: no answer");
	return number_read(word, max, out, "cella-fetch: its answer", err);
}

/* What cella-fetch says before its answer. */
struct head {
	uint64_t status;
	uint64_t code; /* the server's, 0 without one */
	uint64_t len;
};

/* "<status> <code> <length>\n", a byte at a time: what follows is not ours yet. */
static enum cella_status read_head(struct client *client, int64_t deadline_ms,
				   struct head *out, struct cella_error *err)
{
	char head[HEAD_MAX] = "";
	char *rest = head;
	size_t got = 0;

	for (size_t i = 0;; i++) {
		if (i + 1 >= sizeof head)
			return error_set(err, CELLA_INTERNAL, "cella-fetch: no answer");
		TRY(receive(client, head + i, 1, deadline_ms, &got, err));
		if (head[i] == '\n') {
			head[i] = '\0';
			break;
		}
	}
	TRY(read_number(&rest, CELLA_INTERNAL, &out->status, err));
	TRY(read_number(&rest, CODE_MAX, &out->code, err));
	return read_number(&rest, UINT32_MAX, &out->len, err);
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
				  struct out *out, struct head *head,
				  struct cella_error *err)
{
	TRY(ask(client, request, err));
	TRY(read_head(client, request->deadline_ms, head, err));
	if (head->len > request->max_len + RESPONSE_EXTRA)
		return error_set(err, CELLA_LIMIT,
				 "cella-fetch: %llu bytes, at most %zu were asked for",
				 (unsigned long long)head->len, request->max_len);
	return read_body(client, (size_t)head->len, request->deadline_ms, out, err);
}

enum cella_status client_get(struct client *client, const struct request *request,
			     struct out *out, struct cella_error *err)
{
	struct out answer CLEANUP(out_done) = { 0 };
	enum cella_status exchanged;
	struct head head = { 0 };
	struct url parts;

	client->code = 0;
	TRY(url_parse(request->url, &parts, err));
	TRY(start(client, err));
	exchanged = exchange(client, request, &answer, &head, err);
	if (exchanged != CELLA_OK) {
		/* What it might still answer belongs to nobody. */
		child_stop(&client->child);
		return exchanged;
	}
	client->code = (unsigned)head.code;
	if (head.status != CELLA_OK)
		return error_set(err, (enum cella_status)head.status, "%.*s",
				 (int)answer.len, (const char *)answer.data);
	out_bytes(out, answer.data, answer.len);
	return out_status(out, err);
}

unsigned client_code(const struct client *client)
{
	return client->code;
}
