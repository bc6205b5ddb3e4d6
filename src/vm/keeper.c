/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of a service, and its beginning and end.
 */
#include "vm/keeper_parts.h"

#include "guest/io.h"
#include "vm/evm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE_MS = 100 }; /* from what the watch says to a look */

/* --- the loop ------------------------------------------------------------------------ */

static void hear_signal(struct keeper *keeper)
{
	struct signalfd_siginfo info;

	if (read(keeper->signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo != SIGHUP)
		keeper_stop(keeper);
	else if (keeper_reload(keeper, NULL) != CELLA_OK)
		return; /* it was said */
}

/* Others may be busy in that folder: what they do does not put a look off. */
static void hear_watch(struct keeper *keeper)
{
	const int64_t soon = evm_now_ms() + SETTLE_MS;

	image_watch_drain(&keeper->watch);
	if (keeper->state == KEEPER_WAITING && soon < keeper->due_ms)
		keeper->due_ms = soon;
}

static void be_due(struct keeper *keeper)
{
	keeper->due_ms = 0;
	if (keeper->state != KEEPER_STOPPING) {
		keeper_look(keeper);
		return;
	}
	keeper->was_pushed = true;
	kill(keeper->life.pid, SIGKILL);
}

/* In the order in which they are heard: who talks much stands behind who must be heard. */
static const struct source {
	size_t fd;
	void (*ready)(struct keeper *keeper);
} sources[] = {
	{ offsetof(struct keeper, life.states), keeper_hear_states },
	{ offsetof(struct keeper, life.words), keeper_hear_words },
	{ offsetof(struct keeper, life.pidfd), keeper_hear_end },
	{ offsetof(struct keeper, signals), hear_signal },
	{ offsetof(struct keeper, control), keeper_welcome },
	{ offsetof(struct keeper, watch.fd), hear_watch },
};

enum { NUM_SOURCES = ARRAY_LEN(sources) };

static int fd_of(const struct keeper *keeper, size_t offset)
{
	return *(const int *)((const char *)keeper + offset);
}

static bool is_over(const struct keeper *keeper)
{
	return keeper->state == KEEPER_STOPPED || keeper->state == KEEPER_FAILED;
}

/* The first that is ready, for what it does may close what the others have. */
static void serve(struct keeper *keeper, const struct pollfd slots[NUM_SOURCES])
{
	for (size_t i = 0; i < NUM_SOURCES; i++)
		if (slots[i].revents != 0 &&
		    fd_of(keeper, sources[i].fd) == slots[i].fd) {
			sources[i].ready(keeper);
			return;
		}
}

static int timeout_of(const struct keeper *keeper)
{
	const int64_t left = keeper->due_ms - evm_now_ms();

	if (keeper->due_ms == 0)
		return -1;
	return left <= 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;
}

static enum cella_status loop(struct keeper *keeper, struct cella_error *err)
{
	keeper_look(keeper);
	while (!is_over(keeper)) {
		struct pollfd slots[NUM_SOURCES] = { 0 };
		int num;

		for (size_t i = 0; i < NUM_SOURCES; i++)
			slots[i] = (struct pollfd){
				.fd = fd_of(keeper, sources[i].fd),
				.events = POLLIN,
			};
		num = poll(slots, NUM_SOURCES, timeout_of(keeper));
		if (num < 0 && errno != EINTR)
			return error_errno(err, errno, "waiting");
		if (num > 0)
			serve(keeper, slots);
		if (keeper->due_ms != 0 && evm_now_ms() >= keeper->due_ms &&
		    !is_over(keeper))
			be_due(keeper);
	}
	return CELLA_OK;
}

/* --- life ---------------------------------------------------------------------------- */

static enum cella_status watch_signals(struct keeper *keeper, struct cella_error *err)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	keeper->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return keeper->signals >= 0 ? CELLA_OK : error_errno(err, errno, "signalfd");
}

static enum cella_status begin(struct keeper *keeper, struct cella_error *err)
{
	const struct keeper_options *const options = &keeper->options;

	TRY(watch_signals(keeper, err));
	TRY(keeper_load_conf(keeper, err));
	TRY(run_base(options->run_dir != NULL ? options->run_dir : keeper->conf.run_dir,
		     keeper->base, err));
	TRY(run_service_make(keeper->base, options->name, &keeper->dir, err));
	TRY(keeper_ensure_host_key(keeper, err));
	return keeper_listen(keeper, err);
}

/* What became of it is kept where `status` finds it, unless it was stopped. */
static void done(struct keeper *keeper)
{
	struct out last CLEANUP(out_done) = { 0 };

	life_done(&keeper->life);
	io_close(&keeper->control);
	if (keeper->state == KEEPER_FAILED &&
	    keeper_status(keeper, &last, NULL) == CELLA_OK)
		run_service_keep(&keeper->dir, out_view(&last));
	else
		run_dir_remove(&keeper->dir);
	keeper_settle(keeper);
	keeper_give_turn_back(keeper);
	io_close(&keeper->signals);
	image_watch_done(&keeper->watch);
	enclave_conf_done(&keeper->conf);
}

enum cella_status keeper_run(const struct keeper_options *options,
			     struct cella_error *err)
{
	static struct keeper keeper;
	struct cella_error failure = { 0 };
	enum cella_status status;

	keeper = (struct keeper){
		.options = *options,
		.dir = RUN_DIR_NONE,
		.turn = -1,
		.signals = -1,
		.control = -1,
		.state = KEEPER_STARTING,
		.since = (int64_t)time(NULL),
		.watch = IMAGE_WATCH_NONE,
		.life = LIFE_NONE,
	};
	for (int i = 0; i < KEEPER_MAX_CLIENTS; i++)
		keeper.clients[i] = -1;
	status = begin(&keeper, &failure);
	if (status == CELLA_OK)
		status = loop(&keeper, &failure);
	if (status != CELLA_OK) {
		snprintf(keeper.cause, sizeof keeper.cause, "%s", failure.text);
		keeper_clean(keeper.cause);
		keeper_enter(&keeper, KEEPER_FAILED);
	} else if (keeper.state == KEEPER_FAILED) {
		status = CELLA_IO;
	}
	done(&keeper);
	return status == CELLA_OK ? CELLA_OK : error_set(err, status, "%s", keeper.cause);
}
