/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-vsock: the sockets of one Enclave VM, as UNIX sockets of its host. It is the
 * back-end of QEMU's vhost-user-vsock device; the supervisor starts it.
 *
 *     cella-vsock --cid N --vhost-user FD|PATH --base FD|PATH [OPTION...]
 *
 * It ends when the front-end does, with one line on standard error that says why:
 * "cella-vsock: <code>: <text>; <counts>". doc/vsock.md lists codes and exit statuses.
 */
#include "base/error.h"
#include "base/number.h"
#include "vm/vsock/backend.h"
#include "vm/vsock/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { STATUS_USAGE = 2, STATUS_FAILED = 3, SPARE_FDS = 64, BACKLOG = 128 };

struct settings {
	struct device_config config;
	const char *front;
	const char *base;
	int front_fd;
	int base_fd;
	bool has_max;
	const char *lacks; /* of the sandbox */
};

/* --- options ------------------------------------------------------------------------- */

static enum cella_status read_cid(const char *text, struct settings *s,
				  struct cella_error *err)
{
	TRY(number_read(text, UINT32_MAX - 1, &s->config.cid, "--cid", err));
	if (s->config.cid < CID_GUEST_MIN)
		return error_set(err, CELLA_USAGE, "--cid: %s; a guest has 3 or more",
				 text);
	return CELLA_OK;
}

static enum cella_status read_front(const char *text, struct settings *s,
				    struct cella_error *err)
{
	(void)err;
	s->front = text;
	return CELLA_OK;
}

static enum cella_status read_base(const char *text, struct settings *s,
				   struct cella_error *err)
{
	(void)err;
	s->base = text;
	return CELLA_OK;
}

static enum cella_status read_from_guest(const char *text, struct settings *s,
					 struct cella_error *err)
{
	return ports_read(text, &s->config.from_guest, "--from-guest", err);
}

static enum cella_status read_to_guest(const char *text, struct settings *s,
				       struct cella_error *err)
{
	return ports_read(text, &s->config.to_guest, "--to-guest", err);
}

static enum cella_status read_max(const char *text, struct settings *s,
				  struct cella_error *err)
{
	uint64_t max = 0;

	TRY(number_read(text, CONN_MAX, &max, "--max-connections", err));
	if (max == 0)
		return error_set(err, CELLA_USAGE, "--max-connections: 0");
	s->config.max_connections = (int)max;
	s->has_max = true;
	return CELLA_OK;
}

static const struct {
	const char *name;
	enum cella_status (*read)(const char *text, struct settings *s,
				  struct cella_error *err);
	const char *help;
} options[] = {
	{ "--cid", read_cid, "N: the guest's CID" },
	{ "--vhost-user", read_front,
	  "FD|PATH: socket for QEMU: listening, or connected with it, or to be made" },
	{ "--base", read_base,
	  "FD|PATH: socket for programs of the host: listening, or to be made" },
	{ "--from-guest", read_from_guest,
	  "PORTS: of the host, for the guest: 9000,7001-7003, any, none (default)" },
	{ "--to-guest", read_to_guest,
	  "PORTS: of the guest, for programs of the host; none by default" },
	{ "--max-connections", read_max, "N: at once, 4096 by default" },
};

static enum cella_status read_option(const char *name, const char *value,
				     struct settings *s, struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (strcmp(options[i].name, name) != 0)
			continue;
		if (value == NULL)
			return error_set(err, CELLA_USAGE, "%s needs a value", name);
		return options[i].read(value, s, err);
	}
	return error_set(err, CELLA_USAGE, "there is no option %s", name);
}

static enum cella_status read_options(int argc, char **argv, struct settings *s,
				      struct cella_error *err)
{
	for (int i = 1; i < argc; i += 2)
		TRY(read_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL, s, err));
	if (s->config.cid == 0)
		return error_set(err, CELLA_USAGE, "--cid is missing");
	if (s->front == NULL)
		return error_set(err, CELLA_USAGE, "--vhost-user is missing");
	if (s->base == NULL)
		return error_set(err, CELLA_USAGE, "--base is missing");
	return CELLA_OK;
}

static int help(void)
{
	puts("Usage: cella-vsock --cid N --vhost-user FD|PATH --base FD|PATH "
	     "[OPTION VALUE]...\n\n"
	     "The sockets of one Enclave VM, as UNIX sockets of its host.\n\nOptions:");
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		printf("  %-18s %s\n", options[i].name, options[i].help);
	return 0;
}

/* --- sockets ------------------------------------------------------------------------- */

/* Whoever may connect is said by the directory, and by this mode. */
static enum cella_status listen_at(const char *path, int *out, struct cella_error *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	mode_t before;
	int fd, result;

	if (strlen(path) >= sizeof at.sun_path)
		return error_set(err, CELLA_USAGE, "%s: at most %zu bytes", path,
				 sizeof at.sun_path - 1);
	memcpy(at.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	before = umask(S_IRWXG | S_IRWXO);
	result = bind(fd, (const struct sockaddr *)&at, sizeof at);
	umask(before);
	if (result != 0 || listen(fd, BACKLOG) != 0) {
		error_errno(err, errno, "%s", path);
		close(fd);
		return CELLA_IO;
	}
	*out = fd;
	return CELLA_OK;
}

/* A descriptor that was handed over, or a path. */
static enum cella_status open_socket(const char *text, const char *what, int *out,
				     struct cella_error *err)
{
	uint64_t number = 0;

	if (number_read(text, INT32_MAX, &number, what, NULL) != CELLA_OK)
		return listen_at(text, out, err);
	if (fcntl((int)number, F_SETFL, O_NONBLOCK) != 0 ||
	    fcntl((int)number, F_SETFD, FD_CLOEXEC) != 0)
		return error_errno(err, errno, "%s %s", what, text);
	*out = (int)number;
	return CELLA_OK;
}

/*
 * From here on the run directory is the working directory, and what is connected to are
 * names in it.
 */
static enum cella_status enter_directory(struct settings *s, struct cella_error *err)
{
	struct sockaddr_un at = { 0 };
	socklen_t len = sizeof at;
	char path[sizeof at.sun_path + 1] = { 0 };
	char *slash;

	if (getsockname(s->base_fd, (struct sockaddr *)&at, &len) != 0 ||
	    at.sun_family != AF_UNIX || len <= offsetof(struct sockaddr_un, sun_path) ||
	    at.sun_path[0] == '\0')
		return error_set(err, CELLA_USAGE,
				 "--base %s: is no UNIX socket with a path", s->base);
	memcpy(path, at.sun_path, len - offsetof(struct sockaddr_un, sun_path));
	slash = strrchr(path, '/');
	snprintf(s->config.base, sizeof s->config.base, "%s",
		 slash != NULL ? slash + 1 : path);
	if (slash == NULL)
		return CELLA_OK;
	slash[slash == path] = '\0';
	return chdir(path) == 0 ? CELLA_OK : error_errno(err, errno, "%s", path);
}

static enum cella_status make_signals(int *out, struct cella_error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return error_errno(err, errno, "signals");
	*out = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return *out >= 0 ? CELLA_OK : error_errno(err, errno, "signals");
}

/* A default adapts itself to what is allowed; what somebody has asked for does not. */
static void choose_max(struct settings *s)
{
	const size_t most = sandbox_most_fds();

	if (!s->has_max && most > SPARE_FDS && most - SPARE_FDS < CONN_DEFAULT)
		s->config.max_connections = (int)(most - SPARE_FDS);
}

static enum cella_status set_up(struct settings *s, struct backend *backend,
				struct cella_error *err)
{
	struct backend_fds fds = { 0 };

	choose_max(s);
	TRY(sandbox_limits((size_t)s->config.max_connections + SPARE_FDS, err));
	TRY(open_socket(s->front, "--vhost-user", &fds.front, err));
	TRY(open_socket(s->base, "--base", &fds.base, err));
	s->base_fd = fds.base;
	TRY(enter_directory(s, err));
	TRY(make_signals(&fds.signals, err));
	TRY(backend_init(backend, &s->config, &fds, err));
	return sandbox_enter(&s->lacks, err);
}

static int tell_end(const struct settings *s, const struct backend *backend,
		    enum backend_end end)
{
	const struct device_counts *const n = &backend->device.counts;

	fprintf(stderr,
		"cella-vsock: %s: %s; driver %s, %llu connections, %llu rejected, %llu "
		"lies, %llu packets in, %llu out%s\n",
		backend_end_code(end), backend->why.text,
		backend->had_driver ? "seen" : "never seen",
		(unsigned long long)n->opened, (unsigned long long)n->rejected,
		(unsigned long long)n->lies, (unsigned long long)n->packets_from_guest,
		(unsigned long long)n->packets_to_guest, s->lacks);
	return backend_end_status(end);
}

int main(int argc, char **argv)
{
	static struct backend backend;
	struct settings settings = { .config.max_connections = CONN_DEFAULT };
	struct cella_error err = { 0 };
	int status;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return help();
	if (read_options(argc, argv, &settings, &err) != CELLA_OK) {
		fprintf(stderr, "cella-vsock: usage: %s; see cella-vsock --help\n",
			err.text);
		return STATUS_USAGE;
	}
	sandbox_catch("cella-vsock: memory-lost: the guest's memory went away\n",
		      backend_end_status(END_MEMORY_LOST));
	if (set_up(&settings, &backend, &err) != CELLA_OK) {
		fprintf(stderr, "cella-vsock: set-up: %s\n", err.text);
		return err.status == CELLA_USAGE ? STATUS_USAGE : STATUS_FAILED;
	}
	status = tell_end(&settings, &backend, backend_run(&backend));
	backend_done(&backend);
	sandbox_exit(status);
	return status;
}
