/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-forward: ports of the host for ports of an Enclave VM, and listed places of the
 * outside for the enclave. It sees neither the guest's memory nor QEMU; it is a program of
 * the host like any other that connects to the base socket of cella-vsock.
 *
 *     cella-forward --base PATH [--publish ADDRESS:PORT=GUEST-PORT]...
 *                   [--egress HOST-PORT --allow NAME:PORT...]
 *
 * Each connection has a process of its own, so that a name that takes long to be resolved
 * holds up nobody. It ends with SIGTERM, and with its parent.
 */
#include "base/error.h"
#include "base/number.h"
#include "vm/forward/confine.h"
#include "vm/forward/serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

enum {
	STATUS_USAGE = 2,
	STATUS_FAILED = 3,
	MAX_PUBLISHED = 16,
	MAX_PROCESSES = 256,
	MAX_WORDS =
		60, /* lines a minute about connections: a guest makes them as it likes */
	BACKLOG = 128,
	MINUTE_S = 60,
};

struct published {
	union address at;
	uint32_t port; /* of the guest */
	int listener;
};

struct forward {
	const char *base;
	struct published published[MAX_PUBLISHED];
	size_t num_published;
	struct targets allowed;
	uint32_t egress_port;
	bool has_egress;
	int egress_listener;
	int signals;
	pid_t pid;
	unsigned num_processes;
	unsigned num_words;
	time_t minute;
};

/* --- options ------------------------------------------------------------------------- */

static enum cella_status read_base(const char *text, struct forward *f,
				   struct cella_error *err)
{
	(void)err;
	f->base = text;
	return CELLA_OK;
}

/* address ":" port "=" port */
static enum cella_status read_publish(const char *text, struct forward *f,
				      struct cella_error *err)
{
	const char *const equals = strchr(text, '=');
	struct target target = { 0 };
	uint64_t port = 0;

	if (equals == NULL)
		return error_set(err, CELLA_USAGE, "--publish: \"%.60s\" has no '='",
				 text);
	if (f->num_published == MAX_PUBLISHED)
		return error_set(err, CELLA_USAGE, "--publish: more than %d",
				 MAX_PUBLISHED);
	TRY(target_read(bytes_of(text, (size_t)(equals - text)), &target, "--publish",
			err));
	TRY(number_read(equals + 1, UINT32_MAX - 1, &port, "--publish", err));
	if (!target.is_address)
		return error_set(err, CELLA_USAGE, "--publish: \"%.60s\" is no address",
				 target.name);
	f->published[f->num_published].at = target.address;
	f->published[f->num_published++].port = (uint32_t)port;
	return CELLA_OK;
}

static enum cella_status read_egress(const char *text, struct forward *f,
				     struct cella_error *err)
{
	uint64_t port = 0;

	TRY(number_read(text, UINT32_MAX - 1, &port, "--egress", err));
	f->egress_port = (uint32_t)port;
	f->has_egress = true;
	return CELLA_OK;
}

static enum cella_status read_allow(const char *text, struct forward *f,
				    struct cella_error *err)
{
	return targets_add(&f->allowed, text, "--allow", err);
}

static const struct {
	const char *name;
	enum cella_status (*read)(const char *text, struct forward *f,
				  struct cella_error *err);
	const char *help;
} options[] = {
	{ "--base", read_base, "PATH: the base socket of cella-vsock" },
	{ "--publish", read_publish,
	  "ADDRESS:PORT=GUEST-PORT: a port of this machine for one of the guest" },
	{ "--egress", read_egress,
	  "PORT: of the host, at which the guest asks for the outside (HTTP CONNECT)" },
	{ "--allow", read_allow,
	  "NAME:PORT: what it may ask for; ADDRESS:PORT, also where that is not public" },
};

static enum cella_status read_option(const char *name, const char *value,
				     struct forward *f, struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (strcmp(options[i].name, name) != 0)
			continue;
		if (value == NULL)
			return error_set(err, CELLA_USAGE, "%s needs a value", name);
		return options[i].read(value, f, err);
	}
	return error_set(err, CELLA_USAGE, "there is no option %s", name);
}

static enum cella_status read_options(int argc, char **argv, struct forward *f,
				      struct cella_error *err)
{
	for (int i = 1; i < argc; i += 2)
		TRY(read_option(argv[i], i + 1 < argc ? argv[i + 1] : NULL, f, err));
	if (f->base == NULL)
		return error_set(err, CELLA_USAGE, "--base is missing");
	if (f->num_published == 0 && !f->has_egress)
		return error_set(err, CELLA_USAGE, "there is nothing to forward");
	if (f->has_egress != (f->allowed.num > 0))
		return error_set(err, CELLA_USAGE,
				 "--egress and --allow need each other");
	return CELLA_OK;
}

static int help(void)
{
	puts("Usage: cella-forward --base PATH [OPTION VALUE]...\n\n"
	     "Ports of this machine for ports of an Enclave VM, and listed places of the\n"
	     "outside for the enclave.\n\nOptions:");
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		printf("  %-10s %s\n", options[i].name, options[i].help);
	return 0;
}

/* --- listening ----------------------------------------------------------------------- */

static enum cella_status listen_tcp(struct published *published, struct cella_error *err)
{
	const int yes = 1;
	char text[ADDRESS_TEXT_LEN];
	const int fd = socket(published->at.any.sa_family,
			      SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
	    bind(fd, &published->at.any, address_len(&published->at)) != 0 ||
	    listen(fd, BACKLOG) != 0)
		return error_errno(err, errno, "%s", address_write(&published->at, text));
	published->listener = fd;
	return CELLA_OK;
}

static enum cella_status listen_egress(struct forward *f, struct cella_error *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int len = snprintf(at.sun_path, sizeof at.sun_path, "%s_%u", f->base,
				 f->egress_port);
	mode_t before;
	int fd, result;

	if (len < 0 || (size_t)len >= sizeof at.sun_path)
		return error_set(err, CELLA_USAGE, "%s: too long a path", f->base);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	before = umask(S_IRWXG | S_IRWXO);
	result = fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&at, sizeof at);
	umask(before);
	if (result != 0 || listen(fd, BACKLOG) != 0)
		return error_errno(err, errno, "%s", at.sun_path);
	f->egress_listener = fd;
	return CELLA_OK;
}

static enum cella_status set_up(struct forward *f, struct cella_error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
		return error_errno(err, errno, "signals");
	f->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (f->signals < 0)
		return error_errno(err, errno, "signals");
	f->egress_listener = -1;
	f->pid = getpid();
	for (size_t i = 0; i < f->num_published; i++)
		TRY(listen_tcp(&f->published[i], err));
	if (f->has_egress)
		TRY(listen_egress(f, err));
	return confine_all(err);
}

/* --- connections --------------------------------------------------------------------- */

/* Lines are rationed; the last one of a minute says so. */
static bool may_speak(struct forward *f)
{
	const time_t minute = time(NULL) / MINUTE_S;

	if (minute != f->minute)
		f->num_words = 0;
	f->minute = minute;
	return f->num_words++ < MAX_WORDS;
}

/* The resolver, or a program that does not say what it wants. */
static void on_alarm(int number UNUSED)
{
	static const char words[] = "cella-forward: failed: it takes too long\n";

	(void)!write(STDERR_FILENO, words, sizeof words - 1);
	confine_exit(1);
}

/* In a process of its own. */
static enum cella_status serve(const struct forward *f, int client,
			       const struct published *published, struct cella_error *err)
{
	sigset_t none;
	const struct sigaction action = { .sa_handler = on_alarm };

	/* One whose parent was killed before it could say so serves nobody. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != f->pid)
		return error_set(err, CELLA_IO, "the end has come");
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(SERVE_SETUP_S);
	return published != NULL ? serve_publish(client, f->base, published->port, err)
				 : serve_egress(client, &f->allowed, err);
}

static void take_client(struct forward *f, int listener,
			const struct published *published)
{
	const int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	const bool speaks = may_speak(f);
	struct cella_error err = { 0 };
	pid_t pid;

	if (client < 0)
		return;
	pid = fork();
	if (pid == 0) {
		const enum cella_status status = serve(f, client, published, &err);

		if (status != CELLA_OK && speaks)
			fprintf(stderr, "cella-forward: %s: %s\n",
				status == CELLA_USAGE ? "refused" : "failed", err.text);
		confine_exit(status == CELLA_OK ? 0 : 1);
	}
	f->num_processes += pid > 0;
	close(client);
}

/* True when it is to end. */
static bool on_signal(struct forward *f)
{
	struct signalfd_siginfo info;

	if (read(f->signals, &info, sizeof info) != sizeof info)
		return false;
	if (info.ssi_signo != SIGCHLD)
		return true;
	while (f->num_processes > 0 && waitpid(-1, NULL, WNOHANG) > 0)
		f->num_processes--;
	return false;
}

/* While there are too many, those who come wait in the listeners' queues. */
static int run(struct forward *f)
{
	for (;;) {
		struct pollfd fds[MAX_PUBLISHED + 2] = {
			{ .fd = f->signals, .events = POLLIN },
			{ .fd = f->egress_listener, .events = POLLIN },
		};
		const nfds_t num = f->num_processes < MAX_PROCESSES ? f->num_published + 2
								    : 1;

		for (size_t i = 0; i < f->num_published; i++)
			fds[i + 2] = (struct pollfd){ .fd = f->published[i].listener,
						      .events = POLLIN };
		if (poll(fds, num, -1) < 0 && errno != EINTR)
			return STATUS_FAILED;
		if (fds[0].revents != 0 && on_signal(f))
			return 0;
		if (fds[1].revents != 0)
			take_client(f, f->egress_listener, NULL);
		for (size_t i = 0; i < f->num_published; i++)
			if (fds[i + 2].revents != 0)
				take_client(f, f->published[i].listener,
					    &f->published[i]);
	}
}

int main(int argc, char **argv)
{
	static struct forward forward;
	struct cella_error err = { 0 };

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return help();
	if (read_options(argc, argv, &forward, &err) != CELLA_OK) {
		fprintf(stderr, "cella-forward: usage: %s; see cella-forward --help\n",
			err.text);
		return STATUS_USAGE;
	}
	if (set_up(&forward, &err) != CELLA_OK) {
		fprintf(stderr, "cella-forward: set-up: %s\n", err.text);
		return err.status == CELLA_USAGE ? STATUS_USAGE : STATUS_FAILED;
	}
	return run(&forward);
}
