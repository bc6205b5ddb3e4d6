/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an Enclave VM, and the loop of its supervisor. Nothing here waits: every
 * descriptor is non-blocking, and what does not come has a time when it is due.
 */
#include "vm/evm.h"

#include "guest/io.h"
#include "vm/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	CHUNK = 4096,
	QUIT_MS = 3 * 1000, /* from QEMU's quit to SIGKILL */
};

int64_t evm_now_ms(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- causes and states --------------------------------------------------------------- */

/* The first cause counts: what follows are its effects. */
void evm_blame(struct evm *evm, const char *format, ...)
{
	va_list args;

	if (evm->cause[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(evm->cause, sizeof evm->cause, format, args);
	va_end(args);
}

/* A service manager that cannot be told will see for itself. */
static void tell_manager(const struct evm *evm)
{
	static const char *const texts[EVM_NUM_STATES] = {
		[EVM_RUNNING] = "READY=1\nSTATUS=running",
		[EVM_STOPPING] = "STOPPING=1\nSTATUS=stopping",
	};
	const char *const text = texts[evm->state];

	if (text != NULL && notify_send(evm->options.notify, text, NULL) != CELLA_OK)
		return;
}

void evm_step(struct evm *evm, enum evm_event event)
{
	const enum evm_state before = evm->state;
	struct cella_error err = { 0 };

	if (evm_state_next(&evm->state, event, &err) != CELLA_OK) {
		evm_blame(evm, "%s", err.text);
		evm->state = EVM_FAILED;
	}
	if (evm->state == before)
		return;
	if (evm->state == EVM_FAILED)
		evm->broke_in = before;
	tell_manager(evm);
}

/* Tells who started this process, until it runs or never will. */
void evm_tell_state(struct evm *evm)
{
	struct out line CLEANUP(out_done) = { 0 };

	if (evm->is_told || evm->options.ready < 0)
		return;
	evm->is_told = evm->state == EVM_RUNNING || evm_state_is_over(evm->state);
	if (evm_status(evm, &line, NULL) != CELLA_OK)
		return;
	out_u8(&line, '\n');
	if (!line.failed && write(evm->options.ready, line.data, line.len) < 0)
		return; /* who asked is gone */
}

/* One that was chosen on trial, and never came to life, is not the end. */
static bool may_fall_back(const struct evm *evm)
{
	return evm->state == EVM_BOOTING && evm->push == EVM_PUSH_NONE &&
	       !evm->has_greeted && !evm->has_end &&
	       evm->options.backend.fallback != NULL;
}

void evm_break_off(struct evm *evm)
{
	evm->falls_back = may_fall_back(evm);
	evm_step(evm, evm->falls_back ? EVM_FALL_BACK : EVM_BROKEN);
}

/* Nothing that is still to be heard of these processes counts. */
bool evm_is_done_with(const struct evm *evm)
{
	return evm->falls_back || evm_state_is_over(evm->state);
}

/* --- asking it to end ---------------------------------------------------------------- */

static bool ask_guest(struct evm *evm)
{
	static const char request[] = "CONNECT 7001\nstop\n";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd CLEANUP_CLOSE =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || run_path(evm->dir.path, "v", address.sun_path, NULL) != CELLA_OK ||
	    connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    send(fd, request, sizeof request - 1, MSG_NOSIGNAL) !=
		    (ssize_t)sizeof request - 1)
		return false;
	evm->asking = io_take(&fd);
	return true;
}

static void quit(struct evm *evm)
{
	evm->push = EVM_PUSH_QUIT;
	evm->due_ms = evm_now_ms() + QUIT_MS;
	evm->options.backend.backend->stop(evm);
}

/* Before the heartbeat there is nobody to ask. */
void evm_ask_to_stop(struct evm *evm)
{
	if (evm->push != EVM_PUSH_NONE || evm_state_is_over(evm->state))
		return;
	evm_step(evm, EVM_STOP);
	if (!evm->has_greeted || !ask_guest(evm)) {
		quit(evm);
		return;
	}
	evm->push = EVM_PUSH_ASKED;
	evm->due_ms = evm_now_ms() + (int64_t)evm->options.stop_seconds * 1000;
}

static void hear_answer(struct evm *evm)
{
	uint8_t bytes[CHUNK];
	const ssize_t got = recv(evm->asking, bytes, sizeof bytes, MSG_DONTWAIT);

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		io_close(&evm->asking);
}

static void push_on(struct evm *evm)
{
	if (evm->push == EVM_PUSH_QUIT || evm->has_end) {
		evm->push = EVM_PUSH_KILLED;
		evm->due_ms = evm_now_ms() + QUIT_MS;
		child_kill(&evm->children[EVM_QEMU]);
	} else {
		quit(evm);
	}
}

static void be_late(struct evm *evm)
{
	evm->due_ms = 0;
	if (evm->push != EVM_PUSH_NONE || evm->has_end) {
		push_on(evm);
		return;
	}
	for (int i = 0; i < EVM_NUM_CHILDREN; i++)
		if (evm->children[i].has_ended)
			evm_blame_child(evm, (enum evm_child)i);
	/* With QEMU's end cella-vsock says how far the guest had come. */
	evm->is_late = evm->state == EVM_BOOTING && evm->cause[0] == '\0';
	child_kill(&evm->children[EVM_QEMU]);
	evm_hear_back_end(evm);
	evm_diagnose(evm);
	evm_break_off(evm);
}

/* --- the loop ------------------------------------------------------------------------ */

static void hear_signal(struct evm *evm)
{
	struct signalfd_siginfo info;

	if (read(evm->signals, &info, sizeof info) == sizeof info)
		evm_ask_to_stop(evm);
}

static const struct source {
	size_t fd;
	void (*ready)(struct evm *evm);
} sources[] = {
	{ offsetof(struct evm, guest), evm_hear_guest },
	{ offsetof(struct evm, certify), evm_hear_vtpm },
	{ offsetof(struct evm, qmp), evm_hear_qemu },
	{ offsetof(struct evm, serial), evm_hear_console },
	{ offsetof(struct evm, asking), hear_answer },
	{ offsetof(struct evm, heart), evm_welcome_guest },
	{ offsetof(struct evm, control), evm_control_welcome },
	{ offsetof(struct evm, signals), hear_signal },
};

enum {
	SLOT_ERRORS = ARRAY_LEN(sources),
	SLOT_CHILDREN = SLOT_ERRORS + EVM_NUM_CHILDREN,
	SLOT_CLIENTS = SLOT_CHILDREN + EVM_NUM_CHILDREN,
	NUM_SLOTS = SLOT_CLIENTS + EVM_MAX_CLIENTS,
};

static int fd_of(const struct evm *evm, size_t offset)
{
	return *(const int *)((const char *)evm + offset);
}

static void fill(const struct evm *evm, struct pollfd slots[NUM_SLOTS])
{
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		slots[i].fd = fd_of(evm, sources[i].fd);
	for (int i = 0; i < EVM_NUM_CHILDREN; i++) {
		slots[SLOT_ERRORS + i].fd = evm->children[i].errors;
		slots[SLOT_CHILDREN + i].fd = evm->children[i].pidfd;
	}
	for (int i = 0; i < EVM_MAX_CLIENTS; i++)
		slots[SLOT_CLIENTS + i].fd = evm->clients[i].fd;
	for (size_t i = 0; i < NUM_SLOTS; i++)
		slots[i].events = POLLIN;
}

/* What the guest said last is heard before its end is seen. */
static void serve(struct evm *evm, const struct pollfd slots[NUM_SLOTS])
{
	for (size_t i = 0; i < ARRAY_LEN(sources) && !evm_is_done_with(evm); i++)
		if (slots[i].revents != 0 && fd_of(evm, sources[i].fd) == slots[i].fd)
			sources[i].ready(evm);
	for (int i = 0; i < EVM_MAX_CLIENTS; i++)
		if (slots[SLOT_CLIENTS + i].revents != 0 &&
		    slots[SLOT_CLIENTS + i].fd == evm->clients[i].fd)
			evm_control_hear(evm, &evm->clients[i]);
	for (int i = 0; i < EVM_NUM_CHILDREN; i++)
		if (slots[SLOT_ERRORS + i].revents != 0)
			evm_hear_errors(evm, (enum evm_child)i);
	for (int i = 0; i < EVM_NUM_CHILDREN && !evm_is_done_with(evm); i++)
		if (slots[SLOT_CHILDREN + i].revents != 0)
			evm_hear_child(evm, (enum evm_child)i);
}

static int timeout_of(const struct evm *evm)
{
	const int64_t left = evm->due_ms - evm_now_ms();

	if (evm->due_ms == 0)
		return -1;
	return left > 0 ? (int)left : 0;
}

enum cella_status evm_turn(struct evm *evm, struct cella_error *err)
{
	struct pollfd slots[NUM_SLOTS] = { 0 };
	int num;

	fill(evm, slots);
	num = poll(slots, NUM_SLOTS, timeout_of(evm));
	if (num < 0 && errno != EINTR)
		return error_errno(err, errno, "waiting");
	if (num > 0)
		serve(evm, slots);
	if (evm->due_ms != 0 && evm_now_ms() >= evm->due_ms && !evm_is_done_with(evm))
		be_late(evm);
	return CELLA_OK;
}

static enum cella_status supervise(struct evm *evm, struct cella_error *err)
{
	while (!evm_is_done_with(evm))
		TRY(evm_turn(evm, err));
	return CELLA_OK;
}

/* --- life ---------------------------------------------------------------------------- */

void evm_init(struct evm *evm, const struct evm_options *options, struct host_key **key)
{
	*evm = (struct evm){
		.options = *options,
		.dir = RUN_DIR_NONE,
		.launch = EVM_LAUNCH_NONE,
		.key = take(key),
		.since_ms = evm_now_ms(),
		.oom = oom_count(""),
		.signals = -1,
		.control = -1,
		.heart = -1,
		.guest = -1,
		.certify = -1,
		.tpm = { .memory = -1 },
		.qmp = -1,
		.serial = -1,
		.asking = -1,
	};
	for (int i = 0; i < EVM_NUM_CHILDREN; i++)
		evm->children[i] = CHILD_NONE;
	for (int i = 0; i < EVM_MAX_CLIENTS; i++)
		evm->clients[i].fd = -1;
	for (int i = 0; i < EVM_MAX_FOLLOWERS; i++)
		evm->followers[i] = -1;
}

/* Ends what runs and forgets it; who waits for the end waits on. */
static void clear(struct evm *evm)
{
	/* All are told before any is waited for. */
	for (int i = 0; i < EVM_NUM_CHILDREN; i++)
		child_kill(&evm->children[i]);
	for (int i = 0; i < EVM_NUM_CHILDREN; i++)
		child_reap(&evm->children[i]);
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		io_close((int *)((char *)evm + sources[i].fd));
	evm_launch_done(&evm->launch);
	if (!evm->falls_back)
		evm_leave_record(evm);
	for (int i = 0; i < EVM_NUM_CHILDREN; i++)
		child_done(&evm->children[i]);
	evm_tpm_close(evm);
	host_key_free(take(&evm->key));
	out_done(&evm->qmp_line);
	evm_resources_return(evm);
	run_dir_remove(&evm->dir);
}

void evm_done(struct evm *evm)
{
	clear(evm);
	evm_control_farewell(evm);
}

static enum cella_status watch_signals(struct evm *evm, struct cella_error *err)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	evm->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return evm->signals >= 0 ? CELLA_OK : error_errno(err, errno, "signalfd");
}

/* What befalls the name from here on, its record tells. */
static enum cella_status take_name(struct evm *evm, struct cella_error *err)
{
	TRY(run_dir_make(evm->options.base, evm->options.name, &evm->dir, err));
	if (evm->key != NULL)
		TRY(host_key_check_time(evm->key, (int64_t)time(NULL), err));
	return CELLA_OK;
}

static enum cella_status take_resources(struct evm *evm, struct cella_error *err)
{
	const enum cella_status status = evm_resources_take(evm, err);

	evm->is_refused = status != CELLA_OK;
	return status;
}

static enum cella_status open_tpm(struct evm *evm, struct cella_error *err)
{
	const enum cella_status status = evm_tpm_open(evm, err);

	if (status != CELLA_OK)
		error_prefix(err, "TPM state");
	return status;
}

static enum cella_status take_and_start(struct evm *evm, struct cella_error *err)
{
	const struct backend *const backend = evm->options.backend.backend;

	TRY(take_resources(evm, err));
	TRY(open_tpm(evm, err));
	TRY(evm_start(evm, err));
	evm_step(evm, EVM_STARTED);
	evm_tell_state(evm);
	evm->due_ms = evm_now_ms() + (int64_t)backend->wait(&evm->options) * 1000;
	return CELLA_OK;
}

/* What is wrong with an image is told from what is wrong with anything else. */
static enum cella_status not_the_image(enum cella_status status)
{
	return status == CELLA_MALFORMED || status == CELLA_UNSUPPORTED ||
			       status == CELLA_LIMIT
		       ? CELLA_IO
		       : status;
}

static enum cella_status begin(struct evm *evm, struct cella_error *err)
{
	evm_tell_state(evm);
	TRY(watch_signals(evm, err));
	TRY(not_the_image(take_name(evm, err)));
	TRY(evm_prepare(&evm->options, &evm->launch, err));
	return not_the_image(take_and_start(evm, err));
}

/* From the image on, as if it were the first start; of that, the cause remains. */
static enum cella_status begin_again(struct evm *evm, struct cella_error *err)
{
	struct evm_options options = evm->options;
	const enum evm_state state = evm->state;
	struct host_key *key = NULL;
	struct evm_client clients[EVM_MAX_CLIENTS];
	int followers[EVM_MAX_FOLLOWERS];

	backend_fall_back(&options.backend, evm->cause);
	fprintf(stderr, "cellad: %s; going on with %s\n", options.backend.reason,
		options.backend.backend->name);
	clear(evm);
	memcpy(clients, evm->clients, sizeof clients);
	memcpy(followers, evm->followers, sizeof followers);
	if (options.host != NULL)
		TRY(host_key_load(options.host, &key, err));
	evm_init(evm, &options, &key);
	memcpy(evm->clients, clients, sizeof clients);
	memcpy(evm->followers, followers, sizeof followers);
	evm->state = state;
	return begin(evm, err);
}

static enum cella_status live(struct evm *evm, struct cella_error *err)
{
	evm_step(evm, EVM_START);
	TRY(begin(evm, err));
	TRY(supervise(evm, err));
	while (evm->falls_back) {
		TRY(begin_again(evm, err));
		TRY(supervise(evm, err));
	}
	return CELLA_OK;
}

enum cella_status evm_run(const struct evm_options *options, struct host_key **key,
			  struct cella_error *err)
{
	static struct evm evm;
	struct cella_error failure = { 0 };
	enum cella_status status;

	evm_init(&evm, options, key);
	status = live(&evm, &failure);
	if (status != CELLA_OK) {
		evm_blame(&evm, "%s", failure.text);
		evm_step(&evm, EVM_BROKEN);
	}
	/* Who hears of its end finds nothing left of it. */
	evm_done(&evm);
	evm_tell_state(&evm);
	if (evm.state == EVM_STOPPED)
		return CELLA_OK;
	return error_set(err, status != CELLA_OK ? status : CELLA_IO, "%s", evm.cause);
}
