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
		status = child_start(argv, client->options.is_quiet, &client->child, err);
	if (status != CELLA_MISSING)
		return status;
	return error_set(err, CELLA_UNSUPPORTED,
			 "there is no program cella-fetch here, so nothing can be "
			 "fetched: install it, or use --collateral FILE");
}

static enum cella_status lost(struct cella_error *err)
{
	return error_set(err, CELLA_IO, "cella-fetch ended before it had answered");
}

static enum cella_status ask(const struct client *client, const char *url, size_t max_len,
			     int64_t deadline_ms, struct cella_error *err)
{
	char line[URL_MAX + 64];
	const int len = snprintf(line, sizeof line, "%lld %zu %s\n",
				 (long long)deadline_ms, max_len, url);
	size_t put = 0;

	while (put < (size_t)len) {
		const ssize_t now = send(client->child.fd, line + put, (size_t)len - put,
					 MSG_NOSIGNAL);

		if (now < 0 && errno == EINTR)
			continue;
		if (now <= 0)
			return lost(err);
		put += (size_t)now;
	}
	return CELLA_OK;
}

/* Reads at most len bytes as soon as there are any. */
static enum cella_status receive(const struct client *client, void *buffer, size_t len,
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
			return lost(err);
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
static enum cella_status read_head(const struct client *client, int64_t deadline_ms,
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

static enum cella_status read_body(const struct client *client, size_t len,
				   int64_t deadline_ms, struct out *out,
				   struct cella_error *err)
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

static enum cella_status exchange(const struct client *client, const char *url,
				  size_t max_len, int64_t deadline_ms, struct out *out,
				  struct head *head, struct cella_error *err)
{
	TRY(ask(client, url, max_len, deadline_ms, err));
	TRY(read_head(client, deadline_ms, head, err));
	if (head->len > max_len + RESPONSE_EXTRA)
		return error_set(err, CELLA_LIMIT,
				 "cella-fetch: %llu bytes, at most %zu were asked for",
				 (unsigned long long)head->len, max_len);
	return read_body(client, (size_t)head->len, deadline_ms, out, err);
}

enum cella_status client_get(struct client *client, const char *url, size_t max_len,
			     int64_t deadline_ms, struct out *out,
			     struct cella_error *err)
{
	struct out answer CLEANUP(out_done) = { 0 };
	enum cella_status exchanged;
	struct head head = { 0 };
	struct url parts;

	client->code = 0;
	TRY(url_parse(url, &parts, err));
	TRY(start(client, err));
	exchanged = exchange(client, url, max_len, deadline_ms, &answer, &head, err);
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
