/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's service in a process of its own, with socket pairs' kind of peers: UNIX sockets
 * instead of vsock, a shell instead of the application.
 */
#include "support.h"

#include "guest/io.h"
#include "guest/service.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 120 };

struct world {
	pid_t guest;
	char folder[32];
	int end; /* where the guest's end is written */
};

static pid_t application;
static struct out measured;

static void stop_application(int number)
{
	kill(-application, number);
}

static enum cella_status measure(void *context, struct cella_bytes text,
				 struct cella_error *err)
{
	struct out *const all = context;

	if (text.len > 8)
		return error_set(err, CELLA_LIMIT, "too much");
	out_bytes(all, text.data, text.len);
	return out_status(all, err);
}

static enum cella_status quote(void *context, struct cella_bytes hex,
			       enum service_port asker, struct out *answer,
			       struct cella_error *err)
{
	if (hex.len == 0)
		return error_set(err, CELLA_MALFORMED, "no nonce");
	const struct out *const all = context;

	out_format(answer, "{\"%s\":\"%.*s\"%.*s}\n",
		   asker == SERVICE_ATTEST ? "nonce" : "data", (int)hex.len,
		   (const char *)hex.data, (int)all->len,
		   all->len > 0 ? (const char *)all->data : "");
	return CELLA_OK;
}

static struct sockaddr_un address_of(const struct world *w, int port)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path, "%s/%d", w->folder, port);
	return address;
}

static int listen_at(const struct world *w, int port)
{
	const struct sockaddr_un address = address_of(w, port);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	CHECK_INT(0, bind(fd, (const struct sockaddr *)&address, sizeof address));
	CHECK_INT(0, listen(fd, 16));
	return fd;
}

static int peer(const struct world *w, int port)
{
	const struct sockaddr_un address = address_of(w, port);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_INT(0, connect(fd, (const struct sockaddr *)&address, sizeof address));
	return fd;
}

/* Starts the shell, as application_start() would; one of "!..." does not mind SIGTERM. */
static void start_shell(struct service *service, const char *script)
{
	int ends[2];

	CHECK_INT(0, pipe2(ends, O_CLOEXEC));
	application = fork();
	if (application == 0) {
		sigset_t none;

		setpgid(0, 0);
		/* Signals are blocked still. */
		if (script[0] == '!')
			signal(SIGTERM, SIG_IGN);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		dup2(ends[1], STDOUT_FILENO);
		execl("/bin/sh", "sh", "-c", script + (script[0] == '!'), NULL);
		_exit(127);
	}
	setpgid(application, application);
	close(ends[1]);
	service->output = ends[0];
	service->application = application;
}

static _Noreturn void run_guest(struct service *service, const char *script, int end)
{
	struct out line CLEANUP(out_done) = { 0 };
	struct guest_end result = { 0 };
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	service->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	service->quote = quote;
	service->measure = measure;
	service->context = &measured;
	service->stop = stop_application;
	start_shell(service, script);
	if (service_run(service, &result, NULL) != CELLA_OK)
		_exit(1);
	guest_end_write(&result, &line);
	_exit(write(end, line.data, line.len) == (ssize_t)line.len ? 0 : 1);
}

static struct world start(enum guest_log log, const char *script)
{
	static struct service service;
	struct world w = { .folder = "/tmp/cella-service-XXXXXX" };
	int ends[2];

	CHECK_TRUE(mkdtemp(w.folder) != NULL);
	CHECK_INT(0, pipe2(ends, O_CLOEXEC));
	service_init(&service);
	service.log = log;
	for (int i = 0; i < SERVICE_NUM_PORTS; i++)
		service.listeners[i] = listen_at(&w, i);
	w.guest = fork();
	if (w.guest == 0)
		run_guest(&service, script, ends[1]);
	close(ends[1]);
	service_done(&service);
	w.end = ends[0];
	return w;
}

static void read_until_end(int fd, struct out *out)
{
	const struct deadline deadline = deadline_in(PATIENCE_SECONDS);
	struct cella_error err = { 0 };

	CHECK_OK(io_read_all(fd, 1 << 20, out, &deadline, "peer", &err));
	close(fd);
	out_u8(out, 0);
}

/* The guest must have ended so. */
static void check_end(const struct world *w, const char *expected)
{
	struct out line CLEANUP(out_done) = { 0 };
	int status = 0;

	read_until_end(w->end, &line);
	CHECK_TEXT(expected, (const char *)line.data);
	CHECK_INT(w->guest, waitpid(w->guest, &status, 0));
	CHECK_INT(0, status);
	for (int i = 0; i < SERVICE_NUM_PORTS; i++)
		unlink(address_of(w, i).sun_path);
	CHECK_INT(0, rmdir(w->folder));
}

static void ask(const struct world *w, int port, const char *request,
		const char *expected)
{
	struct out answer CLEANUP(out_done) = { 0 };
	const int fd = peer(w, port);

	CASE(request);
	CHECK_INT(strlen(request), write(fd, request, strlen(request)));
	read_until_end(fd, &answer);
	CHECK_TEXT(expected, (const char *)answer.data);
}

static void it_ends_with_the_application(void **state)
{
	struct world w = start(GUEST_LOG_OFF, "exit 7");

	(void)state;
	check_end(&w, "end exited 7\n");
	w = start(GUEST_LOG_OFF, "kill -9 $$");
	check_end(&w, "end killed 9\n");
}

static void requests_are_answered(void **state)
{
	const struct world w = start(GUEST_LOG_OFF, "sleep 1000");

	(void)state;
	ask(&w, SERVICE_CONTROL, "health\n", "ok running\n");
	ask(&w, SERVICE_CONTROL, "healthy\n", "error there is no such request\n");
	ask(&w, SERVICE_CONTROL, "quote 00\n", "error there is no such request\n");
	ask(&w, SERVICE_ATTEST, "stop\n", "error there is no such request\n");
	ask(&w, SERVICE_ATTEST, "quote\n", "error there is no such request\n");
	ask(&w, SERVICE_ATTEST, "quote \n", "error no nonce\n");
	ask(&w, SERVICE_ATTEST, "quote 0011\n", "{\"nonce\":\"0011\"}\n");
	ask(&w, SERVICE_APPLICATION, "quote 0011\n", "{\"data\":\"0011\"}\n");
	ask(&w, SERVICE_ATTEST, "measure a b c\n", "error there is no such request\n");
	ask(&w, SERVICE_CONTROL, "measure a b c\n", "error there is no such request\n");
	ask(&w, SERVICE_APPLICATION, "measure a b long\n", "ok\n");
	ask(&w, SERVICE_APPLICATION, "measure a b longer\n", "error too much\n");
	ask(&w, SERVICE_ATTEST, "quote 0011\n", "{\"nonce\":\"0011\"a b long}\n");
	ask(&w, SERVICE_CONTROL, "stop\n", "ok stopping\n");
	check_end(&w, "end stopped 15\n");
}

static void a_long_request_is_dropped(void **state)
{
	const struct world w = start(GUEST_LOG_OFF, "sleep 1000");
	char line[GUEST_REQUEST_MAX + 1];

	(void)state;
	memset(line, 'x', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	ask(&w, SERVICE_CONTROL, line, "");
	ask(&w, SERVICE_CONTROL, "stop\n", "ok stopping\n");
	check_end(&w, "end stopped 15\n");
}

static void who_ignores_the_request_to_stop_is_killed(void **state)
{
	const struct world w = start(GUEST_LOG_OFF, "!sleep 1000");

	(void)state;
	ask(&w, SERVICE_CONTROL, "stop\n", "ok stopping\n");
	check_end(&w, "end stopped 9\n");
}

static void more_peers_than_places_wait(void **state)
{
	const struct world w = start(GUEST_LOG_OFF, "sleep 1000");
	int silent[SERVICE_MAX_CLIENTS];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(silent); i++)
		silent[i] = peer(&w, SERVICE_CONTROL);
	/* Served once the silent ones have had their time. */
	ask(&w, SERVICE_CONTROL, "stop\n", "ok stopping\n");
	check_end(&w, "end stopped 15\n");
	for (size_t i = 0; i < ARRAY_LEN(silent); i++)
		close(silent[i]);
}

static const char shout[] = "echo secret; read x < %s/go; exit 0";

/* Runs an application that writes, and gives what the log says until its end. */
static void log_of(enum guest_log log, struct out *out)
{
	char script[128];
	char fifo[64];
	struct world w;
	int reader;
	int go;

	/* The folder is known only after start(): the pipe lies beside. */
	char folder[] = "/tmp/cella-service-XXXXXX";

	CHECK_TRUE(mkdtemp(folder) != NULL);
	snprintf(fifo, sizeof fifo, "%s/go", folder);
	snprintf(script, sizeof script, shout, folder);
	CHECK_INT(0, mkfifo(fifo, 0600));
	w = start(log, script);
	reader = peer(&w, SERVICE_LOG);
	ask(&w, SERVICE_CONTROL, "health\n", "ok running\n");
	go = open(fifo, O_WRONLY);
	close(go);
	read_until_end(reader, out);
	check_end(&w, "end exited 0\n");
	unlink(fifo);
	rmdir(folder);
}

static void the_log_is_what_policy_says(void **state)
{
	struct out off CLEANUP(out_done) = { 0 };
	struct out coded CLEANUP(out_done) = { 0 };
	struct out full CLEANUP(out_done) = { 0 };

	(void)state;
	log_of(GUEST_LOG_OFF, &off);
	CHECK_TEXT("", (const char *)off.data);
	log_of(GUEST_LOG_CODED, &coded);
	CHECK_TEXT("started\nend exited 0\n", (const char *)coded.data);
	log_of(GUEST_LOG_FULL, &full);
	CHECK_TEXT("started\nsecret\nend exited 0\n", (const char *)full.data);
}

/* Who has nothing more to say gets what there is, and is let go. */
static void a_leaving_reader_gets_the_log_of_now(void **state)
{
	const struct world w = start(GUEST_LOG_CODED, "sleep 1000");
	struct out log CLEANUP(out_done) = { 0 };
	const int reader = peer(&w, SERVICE_LOG);

	(void)state;
	CHECK_INT(0, shutdown(reader, SHUT_WR));
	read_until_end(reader, &log);
	CHECK_TEXT("started\n", (const char *)log.data);
	ask(&w, SERVICE_CONTROL, "stop\n", "ok stopping\n");
	check_end(&w, "end stopped 15\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_ends_with_the_application),
		cmocka_unit_test(requests_are_answered),
		cmocka_unit_test(a_long_request_is_dropped),
		cmocka_unit_test(who_ignores_the_request_to_stop_is_killed),
		cmocka_unit_test(more_peers_than_places_wait),
		cmocka_unit_test(the_log_is_what_policy_says),
		cmocka_unit_test(a_leaving_reader_gets_the_log_of_now),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
