/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service does next: about its image, about how an enclave ended, about what is asked
 * of it. What is to follow later is left to the loop, by the time when it is due.
 */
#include "vm/keeper_parts.h"

#include "guest/io.h"
#include "vm/evm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LOOK_MS = 2 * 1000,  /* between looks, whatever the watch says */
	TURN_MS = 200,       /* between attempts while another enclave is being started */
	KILL_MS = 30 * 1000, /* beyond the time that an enclave has to stop */
};

static void set_cause(struct keeper *keeper, const char *text)
{
	snprintf(keeper->cause, sizeof keeper->cause, "%s", text);
	keeper_clean(keeper->cause);
}

/* --- ending -------------------------------------------------------------------------- */

/*
 * One may be started at a time, so that they can be counted: who has locked this file may. It
 * goes with the lock, and so whoever has opened it before that has a file of no name.
 */
static enum cella_status turn_path(const struct keeper *keeper, char path[RUN_PATH_MAX])
{
	return run_path(keeper->base, KEEPER_TURN_FILE, path, NULL);
}

/* False without an error while it is another's. */
static bool take_turn(struct keeper *keeper, struct cella_error *err)
{
	char path[RUN_PATH_MAX];
	int fd CLEANUP_CLOSE = -1;
	struct stat st;

	if (turn_path(keeper, path) != CELLA_OK)
		return false;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		error_errno(err, errno, "%s", path);
		return false;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &st) != 0 || st.st_nlink == 0)
		return false;
	keeper->turn = io_take(&fd);
	return true;
}

void keeper_give_turn_back(struct keeper *keeper)
{
	char path[RUN_PATH_MAX];

	if (keeper->turn >= 0 && turn_path(keeper, path) == CELLA_OK)
		unlink(path);
	io_close(&keeper->turn);
}

static void end(struct keeper *keeper, enum keeper_state state)
{
	keeper->due_ms = 0;
	if (state == KEEPER_FAILED)
		keeper_say(keeper, "gives up: %s", keeper->cause);
	else
		keeper_say(keeper, "has stopped");
	keeper_enter(keeper, state);
}

/* What is to be done next is done by the loop. */
static void pause_or_end(struct keeper *keeper, enum life_end how, int64_t ran_ms)
{
	const struct keeper_decision decision =
		keeper_decide(&keeper->conf, how, ran_ms, &keeper->failures);

	switch (decision.next) {
	case KEEPER_AWAIT_IMAGE:
		keeper->refused = keeper->look.identity;
		keeper->due_ms = evm_now_ms();
		return;
	case KEEPER_START_AGAIN:
		keeper->due_ms = evm_now_ms() + decision.pause_ms;
		keeper_say(keeper, "%s; starts again in %lld ms",
			   how == LIFE_FAILED ? keeper->cause : "its work is done",
			   (long long)decision.pause_ms);
		keeper_enter(keeper, KEEPER_PAUSING);
		return;
	case KEEPER_END_WELL:
		end(keeper, KEEPER_STOPPED);
		return;
	case KEEPER_END_BADLY:
		end(keeper, KEEPER_FAILED);
		return;
	}
}

/* --- starting ------------------------------------------------------------------------ */

static void wait_for_image(struct keeper *keeper, const char *format, ...) PRINTF(2, 3);

/* What is waited for changes with each byte that arrives; it is told when that is news. */
static void wait_for_image(struct keeper *keeper, const char *format, ...)
{
	const bool is_news = keeper->state != KEEPER_WAITING ||
			     keeper->look.presence != keeper->told;
	char before[KEEPER_CAUSE_LEN];
	va_list args;

	memcpy(before, keeper->waits_for, sizeof before);
	va_start(args, format);
	vsnprintf(keeper->waits_for, sizeof keeper->waits_for, format, args);
	va_end(args);
	keeper_clean(keeper->waits_for);
	keeper->due_ms = evm_now_ms() + LOOK_MS;
	keeper->told = keeper->look.presence;
	if (is_news)
		keeper_say(keeper, "waits for its image: %s", keeper->waits_for);
	if (is_news || strcmp(before, keeper->waits_for) != 0)
		keeper_enter(keeper, KEEPER_WAITING);
	keeper_settle(keeper);
}

static enum cella_status count_one(void *context, const char *name UNUSED,
				   struct cella_error *err UNUSED)
{
	++*(uint64_t *)context;
	return CELLA_OK;
}

static enum cella_status check_number(const struct keeper *keeper,
				      struct cella_error *err)
{
	uint64_t num = 0;

	TRY(run_list(keeper->base, count_one, &num, err));
	if (num >= keeper->conf.enclaves_max)
		return error_set(err, CELLA_LIMIT,
				 "%llu enclaves run already, and enclaves_max is %llu: "
				 "stop one, or set enclaves_max",
				 (unsigned long long)num,
				 (unsigned long long)keeper->conf.enclaves_max);
	return CELLA_OK;
}

static void fail_to_start(struct keeper *keeper, const struct cella_error *err)
{
	keeper_give_turn_back(keeper);
	set_cause(keeper, err->text);
	pause_or_end(keeper, LIFE_FAILED, 0);
}

static void start_life(struct keeper *keeper)
{
	struct cella_error err = { 0 };

	if (!take_turn(keeper, &err) && err.status == CELLA_OK) {
		keeper->due_ms = evm_now_ms() + TURN_MS;
		return;
	}
	if (err.status != CELLA_OK || check_number(keeper, &err) != CELLA_OK ||
	    life_start(keeper, &err) != CELLA_OK) {
		fail_to_start(keeper, &err);
		return;
	}
	keeper->due_ms = 0;
	keeper->num_starts++;
	keeper->was_pushed = false;
	keeper_say(keeper, "starts %s%s", keeper->conf.image,
		   keeper->conf.debug ? ", for DEBUGGING: this host reads its console"
				      : "");
	keeper_enter(keeper, KEEPER_STARTING);
}

/* One that was refused is tried again when it is another, which nobody is writing. */
static bool is_worth_a_start(const struct keeper *keeper,
			     const struct image_identity *before)
{
	const struct image_identity none = { 0 };
	const struct image_identity *const now = &keeper->look.identity;

	if (image_identity_equal(&keeper->refused, &none))
		return true;
	return !image_identity_equal(&keeper->refused, now) &&
	       image_identity_equal(before, now);
}

void keeper_look(struct keeper *keeper)
{
	const char *const path = keeper->conf.image;
	const struct image_identity before = keeper->look.identity;

	/* The watch first: what comes behind it is seen by one or the other. */
	image_watch_set(&keeper->watch, path);
	image_look(path, &keeper->look);
	if (keeper->look.presence != IMAGE_WHOLE)
		wait_for_image(keeper, "%.100s %s", path, keeper->look.text);
	else if (is_worth_a_start(keeper, &before))
		start_life(keeper);
	else
		wait_for_image(keeper, "another than %.60s as it is: %s", path,
			       keeper->cause);
}

/* --- lives --------------------------------------------------------------------------- */

void keeper_hear_states(struct keeper *keeper)
{
	struct life *const life = &keeper->life;

	if (!life_hear_states(life))
		return;
	if (!life->has_folder && strcmp(life_state(life), "preparing") != 0) {
		life->has_folder = true;
		keeper_give_turn_back(keeper);
	}
	if (strcmp(life_state(life), "running") != 0 || life->running_ms != 0)
		return;
	life->running_ms = evm_now_ms();
	keeper->refused = (struct image_identity){ 0 };
	if (keeper->state != KEEPER_STARTING)
		return;
	keeper_say(keeper, "runs");
	keeper_enter(keeper, KEEPER_RUNNING);
	keeper_settle(keeper);
}

void keeper_hear_words(struct keeper *keeper)
{
	life_hear_words(&keeper->life);
}

/* As it was asked to; one that was ended before it could say so has ended well enough. */
static void conclude_stop(struct keeper *keeper, bool was_well)
{
	if (keeper->wants_end) {
		end(keeper, was_well ? KEEPER_STOPPED : KEEPER_FAILED);
		return;
	}
	keeper->wants_restart = false;
	keeper->failures = 0;
	keeper->refused = (struct image_identity){ 0 };
	keeper_look(keeper);
}

void keeper_hear_end(struct keeper *keeper)
{
	struct life *const life = &keeper->life;
	const bool was_asked = keeper->wants_end || keeper->wants_restart;
	const bool has_begun = life->has_folder;
	const int64_t ran_ms = life->running_ms != 0 ? evm_now_ms() - life->running_ms
						     : 0;
	const enum life_end how = life_reap(life);

	if (how != LIFE_ENDED && !(was_asked && !has_begun))
		set_cause(keeper, keeper->was_pushed
					  ? "did not stop in time, and was killed"
					  : life->cause);
	keeper_give_turn_back(keeper);
	life_done(life);
	if (was_asked)
		conclude_stop(keeper, how == LIFE_ENDED || !has_begun);
	else
		pause_or_end(keeper, how, ran_ms);
}

/* --- what is asked of it ------------------------------------------------------------- */

static void stop_life(struct keeper *keeper)
{
	if (keeper->state == KEEPER_STOPPING)
		return;
	keeper->due_ms = evm_now_ms() + (int64_t)keeper->conf.stop_timeout * 1000 +
			 KILL_MS;
	kill(keeper->life.pid, SIGTERM);
	keeper_say(keeper, "stops the enclave");
	keeper_enter(keeper, KEEPER_STOPPING);
}

void keeper_stop(struct keeper *keeper)
{
	keeper->wants_end = true;
	if (keeper->life.pid != 0)
		stop_life(keeper);
	else
		end(keeper, KEEPER_STOPPED);
}

enum cella_status keeper_reload(struct keeper *keeper, struct cella_error *err)
{
	struct cella_error why = { 0 };
	const enum cella_status status = keeper_load_conf(keeper, &why);

	if (status != CELLA_OK) {
		keeper_say(keeper, "keeps its settings: %s", why.text);
		return error_set(err, status, "%s", why.text);
	}
	keeper_say(keeper, "has read %s again%s", keeper->options.conf,
		   keeper->life.pid != 0
			   ? ", which holds from the enclave's next start on"
			   : "");
	if (keeper->state == KEEPER_WAITING)
		keeper_look(keeper);
	return CELLA_OK;
}

enum cella_status keeper_restart(struct keeper *keeper, struct cella_error *err)
{
	if (keeper->wants_end)
		return error_set(err, CELLA_USAGE, "%s: is being stopped",
				 keeper->options.name);
	TRY(keeper_reload(keeper, err));
	if (keeper->life.pid != 0) {
		keeper->wants_restart = true;
		stop_life(keeper);
	} else {
		keeper->failures = 0;
		keeper->refused = (struct image_identity){ 0 };
		keeper_look(keeper);
	}
	return CELLA_OK;
}
