/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one loop, one table of peers. A peer of the control and attest ports
 * sends one line and has so many seconds until it is answered; one of the log gets what
 * there is until it leaves. Nobody is waited for: a host that does not read loses its
 * connection, never the application's time. When the table is full, others wait in the
 * queue of the listening socket.
 *
 * The end comes with the application's. A host that asks to stop has all processes asked
 * to end (SIGTERM), and killed some seconds later.
 */
#include "guest/service.h"

#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	CLIENT_MS = 10 * 1000,
	GRACE_MS = 5 * 1000, /* from SIGTERM to SIGKILL */
	CHUNK = 4096,
	LINE_MAX_LEN = 256,
};

/* --- life ---------------------------------------------------------------------------- */

void service_init(struct service *service)
{
	*service = (struct service){ .signals = -1, .output = -1 };
	for (size_t i = 0; i < SERVICE_NUM_PORTS; i++)
		service->listeners[i] = -1;
	for (size_t i = 0; i < SERVICE_MAX_CLIENTS; i++)
		service->clients[i].fd = -1;
}

static void drop(struct service_client *client)
{
	io_close(&client->fd);
	out_done(&client->answer);
	*client = (struct service_client){ .fd = -1 };
}

void service_done(struct service *service)
{
	for (size_t i = 0; i < SERVICE_NUM_PORTS; i++)
		io_close(&service->listeners[i]);
	for (size_t i = 0; i < SERVICE_MAX_CLIENTS; i++)
		drop(&service->clients[i]);
	io_close(&service->signals);
	io_close(&service->output);
}

static int64_t now_ms(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the log ------------------------------------------------------------------------- */

void service_say(struct service *service, const char *format, ...)
{
	char line[LINE_MAX_LEN];
	va_list args;
	int len;

	if (service->log == GUEST_LOG_OFF)
		return;
	va_start(args, format);
	len = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (len > 0 && len < (int)sizeof line)
		ring_add(&service->ring, bytes_of(line, (size_t)len));
}

/* What the application writes; at its end, or where nobody may read it, it is forgotten. */
static void take_output(struct service *service)
{
	uint8_t chunk[CHUNK];
	const ssize_t got = read(service->output, chunk, sizeof chunk);

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0)
		io_close(&service->output);
	else if (service->log == GUEST_LOG_FULL)
		ring_add(&service->ring, bytes_of(chunk, (size_t)got));
}

static bool has_log(const struct service *service, const struct service_client *client)
{
	return client->log_position < service->ring.written;
}

static bool is_passing(int number)
{
	return number == EAGAIN || number == EINTR || number == ENOBUFS;
}

/* False when the reader is to be let go. */
static bool send_log(const struct service *service, struct service_client *client)
{
	const struct cella_bytes next = ring_next(&service->ring, &client->log_position);
	const ssize_t done = send(client->fd, next.data, next.len, MSG_NOSIGNAL);

	if (done < 0)
		return is_passing(errno);
	client->log_position += (uint64_t)done;
	return !client->is_leaving || has_log(service, client);
}

/* --- requests ------------------------------------------------------------------------ */

static void begin_stop(struct service *service)
{
	if (service->kill_ms != 0)
		return;
	service->kill_ms = now_ms() + GRACE_MS;
	service_say(service, "stopping\n");
	service->stop(SIGTERM);
}

static enum cella_status answer_health(struct service *service,
				       struct cella_bytes argument UNUSED,
				       struct out *answer, struct cella_error *err UNUSED)
{
	out_text(answer, service->kill_ms != 0 ? "ok stopping\n" : "ok running\n");
	return CELLA_OK;
}

static enum cella_status answer_stop(struct service *service, struct cella_bytes argument,
				     struct out *answer, struct cella_error *err)
{
	begin_stop(service);
	return answer_health(service, argument, answer, err);
}

static enum cella_status answer_quote(struct service *service,
				      struct cella_bytes argument, struct out *answer,
				      struct cella_error *err)
{
	return service->quote(service->context, argument, SERVICE_ATTEST, answer, err);
}

static enum cella_status answer_application(struct service *service,
					    struct cella_bytes argument,
					    struct out *answer, struct cella_error *err)
{
	return service->quote(service->context, argument, SERVICE_APPLICATION, answer,
			      err);
}

static enum cella_status answer_measure(struct service *service,
					struct cella_bytes argument, struct out *answer,
					struct cella_error *err)
{
	TRY(service->measure(service->context, argument, err));
	out_text(answer, "ok\n");
	return CELLA_OK;
}

static const struct request {
	const char *name;
	enum service_port port;
	bool has_argument;
	enum cella_status (*answer)(struct service *service, struct cella_bytes argument,
				    struct out *answer, struct cella_error *err);
} requests[] = {
	{ "health", SERVICE_CONTROL, false, answer_health },
	{ "stop", SERVICE_CONTROL, false, answer_stop },
	{ "quote", SERVICE_ATTEST, true, answer_quote },
	{ "quote", SERVICE_APPLICATION, true, answer_application },
	{ "measure", SERVICE_APPLICATION, true, answer_measure },
};

/* True when the line is this request; *argument is what follows its name. */
static bool is_request(const struct request *request, const struct service_client *client,
		       struct cella_bytes line, struct cella_bytes *argument)
{
	const size_t len = strlen(request->name);

	if (request->port != client->port || line.len < len ||
	    memcmp(line.data, request->name, len) != 0)
		return false;
	if (!request->has_argument)
		return line.len == len;
	if (line.len == len || line.data[len] != ' ')
		return false;
	*argument = bytes_slice(line, len + 1, line.len - len - 1);
	return true;
}

static enum cella_status answer_line(struct service *service,
				     struct service_client *client,
				     struct cella_bytes line, struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		struct cella_bytes argument = { 0 };

		if (is_request(&requests[i], client, line, &argument))
			return requests[i].answer(service, argument, &client->answer,
						  err);
	}
	return error_set(err, CELLA_UNSUPPORTED, "there is no such request");
}

static void answer(struct service *service, struct service_client *client, size_t len)
{
	struct cella_error err = { 0 };

	client->is_answering = true;
	if (answer_line(service, client, bytes_of(client->request, len), &err) !=
	    CELLA_OK) {
		client->answer.len = 0;
		out_format(&client->answer, "error %s\n", err.text);
	}
	if (client->answer.failed)
		drop(client);
}

static void take_request(struct service *service, struct service_client *client)
{
	uint8_t *const start = client->request + client->request_len;
	const ssize_t got =
		read(client->fd, start, GUEST_REQUEST_MAX - client->request_len);
	const uint8_t *end;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		drop(client);
		return;
	}
	client->request_len += (size_t)got;
	end = memchr(start, '\n', (size_t)got);
	if (end != NULL)
		answer(service, client, (size_t)(end - client->request));
	else if (client->request_len == GUEST_REQUEST_MAX)
		drop(client);
}

static void send_answer(struct service_client *client)
{
	const struct cella_bytes all = out_view(&client->answer);
	const struct cella_bytes rest =
		bytes_slice(all, client->answered, all.len - client->answered);
	const ssize_t done = send(client->fd, rest.data, rest.len, MSG_NOSIGNAL);

	if (done < 0 && is_passing(errno))
		return;
	if (done >= 0)
		client->answered += (size_t)done;
	if (done < 0 || client->answered == all.len)
		drop(client);
}

/*
 * Who reads the log has nothing to say. One who closes that direction wants what there is
 * now, and is let go once it is sent.
 */
static void watch_reader(const struct service *service, struct service_client *client)
{
	uint8_t byte;
	const ssize_t got = read(client->fd, &byte, 1);

	if (got > 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		drop(client);
	} else if (got == 0) {
		client->is_leaving = true;
		if (!has_log(service, client))
			drop(client);
	}
}

static struct service_client *find_free(struct service *service)
{
	for (size_t i = 0; i < SERVICE_MAX_CLIENTS; i++)
		if (service->clients[i].fd < 0)
			return &service->clients[i];
	return NULL;
}

static void welcome(struct service *service, enum service_port port)
{
	struct service_client *const client = find_free(service);
	int fd;

	if (client == NULL)
		return;
	fd = accept4(service->listeners[port], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	*client = (struct service_client){
		.fd = fd,
		.port = port,
		.end_ms = now_ms() + CLIENT_MS,
	};
}

/* --- processes ----------------------------------------------------------------------- */

static void note_end(struct service *service, int status)
{
	service->has_ended = true;
	service->end = (struct guest_end){ .reason = GUEST_END_EXITED };
	if (service->kill_ms != 0)
		service->end.reason = GUEST_END_STOPPED;
	else if (WIFSIGNALED(status))
		service->end.reason = GUEST_END_KILLED;
	service->end.number =
		(unsigned)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void reap(struct service *service)
{
	int status = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == service->application)
			note_end(service, status);
}

static void take_signal(struct service *service)
{
	struct signalfd_siginfo info;

	if (read(service->signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(service);
	else
		begin_stop(service);
}

/* --- the loop ------------------------------------------------------------------------ */

enum {
	SLOT_SIGNALS,
	SLOT_OUTPUT,
	SLOT_LISTENERS,
	SLOT_CLIENTS = SLOT_LISTENERS + SERVICE_NUM_PORTS,
	NUM_SLOTS = SLOT_CLIENTS + SERVICE_MAX_CLIENTS,
};

static short client_events(const struct service *service,
			   const struct service_client *client)
{
	if (client->is_answering)
		return POLLOUT;
	if (client->is_leaving)
		return POLLOUT;
	if (client->port == SERVICE_LOG && has_log(service, client))
		return POLLIN | POLLOUT;
	return POLLIN;
}

static void fill(struct service *service, struct pollfd slots[NUM_SLOTS])
{
	const bool is_full = find_free(service) == NULL;

	slots[SLOT_SIGNALS] = (struct pollfd){ .fd = service->signals, .events = POLLIN };
	slots[SLOT_OUTPUT] = (struct pollfd){ .fd = service->output, .events = POLLIN };
	for (size_t i = 0; i < SERVICE_NUM_PORTS; i++)
		slots[SLOT_LISTENERS + i] = (struct pollfd){
			.fd = is_full ? -1 : service->listeners[i],
			.events = POLLIN,
		};
	for (size_t i = 0; i < SERVICE_MAX_CLIENTS; i++)
		slots[SLOT_CLIENTS + i] = (struct pollfd){
			.fd = service->clients[i].fd,
			.events = client_events(service, &service->clients[i]),
		};
}

static int64_t earliest(int64_t a, int64_t b)
{
	return a != 0 && a < b ? a : b;
}

/* When something is due that no descriptor tells of; -1: nothing. */
static int timeout_ms(const struct service *service)
{
	int64_t due = INT64_MAX;

	due = earliest(service->kill_ms, due);
	for (size_t i = 0; i < SERVICE_MAX_CLIENTS; i++)
		if (service->clients[i].fd >= 0 &&
		    service->clients[i].port != SERVICE_LOG)
			due = earliest(service->clients[i].end_ms, due);
	if (due == INT64_MAX)
		return -1;
	due -= now_ms();
	return due > 0 ? (int)due : 0;
}

static void serve_reader(struct service *service, struct service_client *client)
{
	if (!send_log(service, client))
		drop(client);
}

static void serve_client(struct service *service, struct service_client *client,
			 short ready)
{
	if (client->fd < 0 || ready == 0)
		return;
	if (client->is_answering)
		send_answer(client);
	else if (client->port != SERVICE_LOG)
		take_request(service, client);
	else if ((ready & POLLOUT) != 0)
		serve_reader(service, client);
	else
		watch_reader(service, client);
}

static void end_late(struct service *service)
{
	const int64_t now = now_ms();

	if (service->kill_ms != 0 && now >= service->kill_ms) {
		service->stop(SIGKILL);
		service->kill_ms = now + GRACE_MS;
	}
	for (size_t i = 0; i < SERVICE_MAX_CLIENTS; i++) {
		struct service_client *const client = &service->clients[i];

		if (client->fd >= 0 && client->port != SERVICE_LOG &&
		    now >= client->end_ms)
			drop(client);
	}
}

static void serve(struct service *service, const struct pollfd slots[NUM_SLOTS])
{
	if (slots[SLOT_OUTPUT].revents != 0)
		take_output(service);
	for (size_t i = 0; i < SERVICE_MAX_CLIENTS; i++)
		serve_client(service, &service->clients[i],
			     slots[SLOT_CLIENTS + i].revents);
	for (size_t i = 0; i < SERVICE_NUM_PORTS; i++)
		if (slots[SLOT_LISTENERS + i].revents != 0)
			welcome(service, (enum service_port)i);
	if (slots[SLOT_SIGNALS].revents != 0)
		take_signal(service);
	end_late(service);
}

/* What is written already goes out, as far as it does so at once. */
static void finish(struct service *service)
{
	while (service->output >= 0) {
		struct pollfd ready = { .fd = service->output, .events = POLLIN };

		if (poll(&ready, 1, 0) <= 0)
			break;
		take_output(service);
	}
	service_say(service, "end %s %u\n", guest_reason_name(service->end.reason),
		    service->end.number);
	for (size_t i = 0; i < SERVICE_MAX_CLIENTS; i++) {
		struct service_client *const client = &service->clients[i];
		uint64_t before = UINT64_MAX;

		while (client->fd >= 0 && client->port == SERVICE_LOG &&
		       has_log(service, client) && client->log_position != before) {
			before = client->log_position;
			serve_reader(service, client);
		}
	}
}

enum cella_status service_run(struct service *service, struct guest_end *out,
			      struct cella_error *err)
{
	service_say(service, "started\n");
	while (!service->has_ended) {
		struct pollfd slots[NUM_SLOTS];

		fill(service, slots);
		if (poll(slots, NUM_SLOTS, timeout_ms(service)) < 0 && errno != EINTR)
			return error_errno(err, errno, "waiting");
		serve(service, slots);
	}
	finish(service);
	*out = service->end;
	return CELLA_OK;
}
