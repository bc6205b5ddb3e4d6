/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-init: the first process of an Enclave VM, and all of it that is not the application.
 *
 * Theory of operation: mounts, the measured policy, modules, no more modules, the
 * application's mounts, sockets, the application, and only then the heartbeat: a host that
 * hears it may use the enclave. The application's end is the machine's: what it was is the
 * last line to the host, and the machine resets, which its host takes for its end.
 *
 * Nothing here hears of the kernel's command line or of anything else that is not measured.
 */
#include "guest/application.h"
#include "guest/attest.h"
#include "guest/io.h"
#include "guest/measure.h"
#include "guest/service.h"
#include "guest/setup.h"
#include "guest/vsock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	CONNECT_SECONDS = 20,
	ANSWER_SECONDS = 20,
	GOODBYE_SECONDS = 3,
	BACKLOG = 16,
};

/* The whole of it; one thread, one machine. */
struct init {
	struct guest_policy policy;
	struct service service;
	struct out events; /* that the guest has measured */
	int host;          /* the heartbeat's connection, or -1 */
};

/* --- the end ------------------------------------------------------------------------- */

static void tell_kernel(const struct guest_end *end)
{
	struct out line CLEANUP(out_done) = { 0 };
	const int fd CLEANUP_CLOSE = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	out_text(&line, "<3>cella-init: "); /* shown by a quiet kernel, too */
	guest_end_write(end, &line);
	if (fd >= 0 && !line.failed && write(fd, line.data, line.len) < 0)
		return; /* nobody is left to be told */
}

static void tell_host(struct init *init, const struct guest_end *end)
{
	const struct deadline deadline = deadline_in(GOODBYE_SECONDS);
	struct out line CLEANUP(out_done) = { 0 };
	struct out rest CLEANUP(out_done) = { 0 };

	guest_end_write(end, &line);
	if (line.failed ||
	    (init->host < 0 && vsock_connect(GUEST_HOST_CID, GUEST_PORT_HEARTBEAT,
					     &deadline, &init->host, NULL) != CELLA_OK) ||
	    io_write(init->host, out_view(&line), &deadline, "host", NULL) != CELLA_OK)
		return;
	shutdown(init->host, SHUT_WR);
	/* Its closing says that it has read the line, which a reset could overtake. */
	if (io_read_all(init->host, GUEST_END_MAX, &rest, &deadline, "host", NULL) !=
	    CELLA_OK)
		return;
}

static _Noreturn void finish(struct init *init, const struct guest_end *end)
{
	tell_kernel(end);
	tell_host(init, end);
	sync();
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

static _Noreturn void fail(struct init *init, enum guest_reason reason,
			   const struct cella_error *err)
{
	struct guest_end end = { .reason = reason, .number = (unsigned)err->sys_errno };

	snprintf(end.detail, sizeof end.detail, "%.*s", GUEST_DETAIL_MAX - 1, err->text);
	finish(init, &end);
}

/* --- the beginning ------------------------------------------------------------------- */

static enum cella_status read_policy(struct init *init, struct cella_error *err)
{
	const struct deadline deadline = deadline_in(ANSWER_SECONDS);
	const int fd CLEANUP_CLOSE = open(GUEST_POLICY_PATH, O_RDONLY | O_CLOEXEC);
	struct out text CLEANUP(out_done) = { 0 };

	if (fd < 0)
		return error_errno(err, errno, "%s", GUEST_POLICY_PATH);
	TRY(io_read_all(fd, GUEST_POLICY_MAX_LEN, &text, &deadline, GUEST_POLICY_PATH,
			err));
	return guest_policy_parse(out_view(&text), &init->policy, err);
}

static enum cella_status mount_own(struct init *init UNUSED, struct cella_error *err)
{
	return setup_mounts("/", err);
}

static enum cella_status mount_application(struct init *init, struct cella_error *err)
{
	const char *const root = init->policy.root;

	return root[1] == '\0' ? CELLA_OK : setup_mounts(root, err);
}

static enum cella_status load_modules(struct init *init, struct cella_error *err)
{
	return setup_modules(&init->policy.modules, err);
}

static enum cella_status lock_down(struct init *init UNUSED, struct cella_error *err)
{
	return setup_lockdown(err);
}

/* The application's way to evidence: anybody in the guest may ask. */
static enum cella_status listen_inside(const char *root, int *out,
				       struct cella_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd CLEANUP_CLOSE =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (snprintf(address.sun_path, sizeof address.sun_path, "%s%s",
		     root[1] == '\0' ? "" : root,
		     GUEST_ATTEST_PATH) >= (int)sizeof address.sun_path)
		return error_set(err, CELLA_LIMIT, "%.40s: too long a path", root);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    chmod(address.sun_path, 0666) != 0 || listen(fd, BACKLOG) != 0)
		return error_errno(err, errno, "%s", address.sun_path);
	*out = io_take(&fd);
	return CELLA_OK;
}

static enum cella_status listen_all(struct init *init, struct cella_error *err)
{
	int *const listeners = init->service.listeners;

	TRY(vsock_listen(GUEST_PORT_CONTROL, &listeners[SERVICE_CONTROL], err));
	if (init->policy.log != GUEST_LOG_OFF)
		TRY(vsock_listen(GUEST_PORT_LOG, &listeners[SERVICE_LOG], err));
	if (!init->policy.attest)
		return CELLA_OK;
	TRY(vsock_listen(GUEST_PORT_ATTEST, &listeners[SERVICE_ATTEST], err));
	return listen_inside(init->policy.root, &listeners[SERVICE_APPLICATION], err);
}

static enum cella_status measure(void *context, struct cella_bytes text,
				 struct cella_error *err)
{
	struct init *const init = context;

	return measure_text(text, &init->events, err);
}

static enum cella_status quote(void *context, struct cella_bytes hex,
			       enum service_port asker, struct out *answer,
			       struct cella_error *err)
{
	const struct init *const init = context;
	uint8_t report_data[ATTEST_REPORT_DATA_LEN];

	TRY(attest_report_data(hex,
			       asker == SERVICE_ATTEST ? ATTEST_HOST : ATTEST_APPLICATION,
			       report_data, err));
	return attest_quote(report_data, out_view(&init->events), answer, err);
}

static enum cella_status find_tpm(struct init *init, struct cella_error *err)
{
	return init->policy.attest ? attest_check(err) : CELLA_OK;
}

static void signal_all(int number)
{
	kill(-1, number);
}

static enum cella_status watch_signals(struct init *init, struct cella_error *err)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	init->service.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (init->service.signals < 0)
		return error_errno(err, errno, "signalfd");
	return CELLA_OK;
}

static enum cella_status start_application(struct init *init, struct cella_error *err)
{
	struct service *const service = &init->service;

	TRY(watch_signals(init, err));
	TRY(application_start(&init->policy, &service->application, &service->output,
			      err));
	service->log = init->policy.log;
	service->quote = quote;
	service->measure = measure;
	service->context = init;
	service->stop = signal_all;
	return CELLA_OK;
}

static enum cella_status beat(struct init *init, struct cella_error *err)
{
	const struct deadline connecting = deadline_in(CONNECT_SECONDS);
	const struct deadline answering = deadline_in(CONNECT_SECONDS + ANSWER_SECONDS);
	const uint8_t byte = GUEST_HEARTBEAT;
	uint8_t answer = 0;
	size_t len = 0;

	TRY(vsock_connect(GUEST_HOST_CID, GUEST_PORT_HEARTBEAT, &connecting, &init->host,
			  err));
	TRY(io_write(init->host, bytes_of(&byte, 1), &answering, "heartbeat", err));
	TRY(io_read_some(init->host, &answer, 1, &len, &answering, "heartbeat", err));
	if (len != 1 || answer != GUEST_HEARTBEAT)
		return error_set(err, CELLA_MALFORMED,
				 "heartbeat: expected 0x%02x, found %s0x%02x",
				 GUEST_HEARTBEAT, len == 0 ? "nothing, " : "", answer);
	return CELLA_OK;
}

/*
 * In this order. What fails has a code of its own. The application's places may be links,
 * which lead through the init's own: nothing is mounted there before modules are forbidden.
 */
static const struct {
	enum cella_status (*run)(struct init *init, struct cella_error *err);
	enum guest_reason reason;
} steps[] = {
	{ mount_own, GUEST_END_MOUNT },
	{ read_policy, GUEST_END_POLICY },
	{ load_modules, GUEST_END_MODULE },
	{ lock_down, GUEST_END_LOCKDOWN },
	{ mount_application, GUEST_END_MOUNT },
	{ listen_all, GUEST_END_CHANNEL },
	{ find_tpm, GUEST_END_TPM },
	{ start_application, GUEST_END_APPLICATION },
	{ beat, GUEST_END_CHANNEL },
};

int main(void)
{
	static struct init init = { .host = -1 };
	struct guest_end end = { 0 };
	struct cella_error err = { 0 };

	if (getpid() != 1) {
		fputs("cella-init: this is the first process of an Enclave VM\n", stderr);
		return 2;
	}
	service_init(&init.service);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (steps[i].run(&init, &err) != CELLA_OK)
			fail(&init, steps[i].reason, &err);
	if (service_run(&init.service, &end, &err) != CELLA_OK)
		fail(&init, GUEST_END_INTERNAL, &err);
	finish(&init, &end);
}
