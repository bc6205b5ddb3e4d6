/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stand-ins share: command line, faults, the command they run, and the simulated
 * platform that makes their evidence.
 */
#include "standin.h"

#include "base/encode.h"
#include "collect/program.h"
#include "fetch/files.h"

#include <cella/evidence.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void standin_die(const char *what)
{
	fprintf(stderr, "standin: %s: %s\n", what, strerror(errno));
	exit(STANDIN_WRONG);
}

static void add_fault(struct standin *out, char *text)
{
	char *const equals = strchr(text, '=');
	struct fault fault = { text, -1 };

	if (equals != NULL) {
		*equals = '\0';
		fault.number = strtol(equals + 1, NULL, 10);
	}
	if (out->num_faults == FAULTS_MAX) {
		fputs("standin: too many faults\n", stderr);
		exit(STANDIN_WRONG);
	}
	out->faults[out->num_faults++] = fault;
}

void standin_parse(int argc, char **argv, const char *place, const char *other,
		   struct standin *out)
{
	*out = (struct standin){ 0 };
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--") == 0) {
			out->command = argv + i + 1;
			return;
		}
		if (strcmp(argv[i], "--platform") == 0)
			out->platform = argv[i + 1];
		else if (strcmp(argv[i], "--fault") == 0)
			add_fault(out, argv[i + 1]);
		else if (place != NULL && strcmp(argv[i], place) == 0)
			out->place = argv[i + 1];
		else if (other != NULL && strcmp(argv[i], other) == 0)
			out->other_place = argv[i + 1];
		else
			break;
	}
	fprintf(stderr, "standin: how %s is meant is not clear\n", argv[0]);
	exit(STANDIN_WRONG);
}

struct fault *standin_fault(struct standin *standin, const char *name)
{
	for (size_t i = 0; i < standin->num_faults; i++)
		if (strcmp(standin->faults[i].name, name) == 0)
			return &standin->faults[i];
	return NULL;
}

bool standin_strikes(struct standin *standin, const char *name)
{
	struct fault *const fault = standin_fault(standin, name);

	if (fault == NULL || fault->number == 0)
		return false;
	if (fault->number > 0)
		fault->number--;
	return true;
}

long standin_number(struct standin *standin, const char *name)
{
	const struct fault *const fault = standin_fault(standin, name);

	return fault != NULL ? fault->number : -1;
}

pid_t standin_start(char **command)
{
	const pid_t parent = getpid();
	const pid_t pid = fork();

	if (pid < 0)
		standin_die("fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent)
		execvp(command[0], command);
	standin_die(command[0]);
}

int standin_await(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			standin_die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int listen_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, 8) != 0)
		standin_die(path);
	return fd;
}

static int listen_tcp(const char *variable)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[64];

	if (bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 8) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		standin_die("TCP");
	snprintf(text, sizeof text, "tcp:127.0.0.1:%u", ntohs(address.sin_port));
	setenv(variable, text, 1);
	return fd;
}

static void serve(struct standin *standin, int listener, void (*answer)(int fd))
	__attribute__((noreturn));
static void serve(struct standin *standin, int listener, void (*answer)(int fd))
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (standin_fault(standin, "deaf") != NULL)
		pause();
	for (;;) {
		const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			_exit(STANDIN_WRONG);
		answer(fd);
		close(fd);
	}
}

int standin_serve(struct standin *standin, const char *variable, void (*answer)(int fd))
{
	int listener;
	pid_t server;
	int code;

	if (strncmp(standin->place, "unix:", 5) == 0) {
		listener = listen_unix(standin->place + 5);
		setenv(variable, standin->place, 1);
	} else {
		listener = listen_tcp(variable);
	}
	server = fork();
	if (server < 0)
		standin_die("fork");
	if (server == 0)
		serve(standin, listener, answer);
	close(listener);
	code = standin_await(standin_start(standin->command));
	kill(server, SIGTERM);
	standin_await(server);
	return code;
}

void standin_send(int fd, struct cella_bytes bytes, bool drips)
{
	while (bytes.len > 0) {
		const ssize_t put =
			send(fd, bytes.data, drips ? 1 : bytes.len, MSG_NOSIGNAL);

		if (put <= 0)
			return;
		bytes.data += put;
		bytes.len -= (size_t)put;
		if (drips)
			nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	}
}

static enum cella_status ask(const struct standin *standin, const char *command,
			     const char *option, const char *value, struct out *out,
			     struct cella_error *err)
{
	char path[PROGRAM_PATH_MAX];
	char *const argv[] = {
		path,         (char *)command,           (char *)option, (char *)value,
		(char *)"--", (char *)standin->platform, NULL,
	};

	if (standin->platform == NULL)
		return error_set(err, CELLA_USAGE, "--platform is missing");
	program_find("cella-sim", path);
	return program_run(argv, CELLA_EVIDENCE_MAX, out, err);
}

enum cella_status standin_quote(const struct standin *standin, struct cella_bytes report,
				struct out *out, struct cella_error *err)
{
	char path[] = "/tmp/standin.XXXXXX";
	const int fd = mkstemp(path);
	enum cella_status status;

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	close(fd);
	status = file_write(path, report, 0600, err);
	if (status == CELLA_OK)
		status = ask(standin, "quote", "--report", path, out, err);
	unlink(path);
	return status;
}

enum cella_status standin_quote_data(const struct standin *standin,
				     const uint8_t report_data[REPORT_DATA_LEN],
				     struct out *out, struct cella_error *err)
{
	char hex[2 * REPORT_DATA_LEN + 1];

	hex_format(bytes_of(report_data, REPORT_DATA_LEN), hex);
	return ask(standin, "quote", "--report-data", hex, out, err);
}

enum cella_status standin_report(const struct standin *standin,
				 const uint8_t report_data[REPORT_DATA_LEN],
				 struct out *out, struct cella_error *err)
{
	char hex[2 * REPORT_DATA_LEN + 1];

	hex_format(bytes_of(report_data, REPORT_DATA_LEN), hex);
	return ask(standin, "report", "--report-data", hex, out, err);
}

enum cella_status standin_extend(const struct standin *standin, unsigned reg,
				 const uint8_t digest[SHA384_LEN],
				 struct cella_error *err)
{
	char path[PROGRAM_PATH_MAX];
	char hex[2 * SHA384_LEN + 1];
	char number[] = { (char)('0' + reg), '\0' };
	struct out nothing CLEANUP(out_done) = { 0 };
	char *const argv[] = {
		path,         (char *)"extend",          (char *)"--rtmr",
		number,       (char *)"--digest",        hex,
		(char *)"--", (char *)standin->platform, NULL,
	};

	if (standin->platform == NULL)
		return error_set(err, CELLA_USAGE, "--platform is missing");
	hex_format(bytes_of(digest, SHA384_LEN), hex);
	program_find("cella-sim", path);
	return program_run(argv, CELLA_EVIDENCE_MAX, &nothing, err);
}
