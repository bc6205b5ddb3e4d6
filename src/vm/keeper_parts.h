/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service's own parts: its state, the supervisor that it has started, what it tells.
 */
#ifndef VM_KEEPER_PARTS_H
#define VM_KEEPER_PARTS_H

#include <jansson.h>
#include <sys/types.h>

#include "vm/enclave_conf.h"
#include "vm/image_look.h"
#include "vm/keeper.h"
#include "vm/keeper_rules.h"
#include "vm/run_dir.h"

enum {
	KEEPER_CAUSE_LEN = 300,
	KEEPER_EVENT_LEN = 320,
	KEEPER_MAX_EVENTS = 16,
	KEEPER_MAX_CLIENTS = 8,
	KEEPER_LINE_MAX = 64 << 10,
};

/* struct life - one supervisor's. */
struct life {
	pid_t pid;  /* 0: there is none */
	int pidfd;  /* readable when it has ended */
	int states; /* what it tells of its states */
	int words;  /* its standard error */
	struct out line;
	struct out word;
	json_t *status; /* the last that it told */
	char cause[KEEPER_CAUSE_LEN];
	bool has_folder;    /* it counts among those that run */
	int64_t running_ms; /* since when by evm_now_ms(); 0: never */
};

/* In the folder of all; no enclave and no service has such a name. */
#define KEEPER_TURN_FILE "..turn"

#define LIFE_NONE ((struct life){ .pidfd = -1, .states = -1, .words = -1 })

struct keeper_event {
	int64_t time;
	char text[KEEPER_EVENT_LEN];
};

struct keeper {
	struct keeper_options options;
	struct enclave_conf conf;
	char base[RUN_PATH_MAX];
	struct run_dir dir;
	int turn; /* locked while an enclave is started; -1: it is not */
	int signals;
	int control;
	int clients[KEEPER_MAX_CLIENTS]; /* wait for it to settle; -1: none */
	enum keeper_state state;
	int64_t since;  /* seconds of the clock */
	int64_t due_ms; /* when something is to be done; 0: never */
	struct image_watch watch;
	struct image_look look;
	enum image_presence told;      /* while it waits */
	struct image_identity refused; /* of the image that cannot be started */
	struct life life;
	unsigned failures; /* in a row */
	unsigned num_starts;
	bool wants_end;
	bool wants_restart;
	bool was_pushed; /* the supervisor was killed, for it did not stop */
	bool is_told;
	char waits_for[KEEPER_CAUSE_LEN];
	char cause[KEEPER_CAUSE_LEN]; /* of the last failure */
	struct keeper_event events[KEEPER_MAX_EVENTS];
	size_t num_events; /* of all time */
};

/* --- keeper_life.c ------------------------------------------------------------------ */

/* life_start() starts a supervisor for what the file says. */
enum cella_status life_start(struct keeper *keeper, struct cella_error *err) MUST_CHECK;

/* life_hear_states() takes what it tells; true when that was a state. */
bool life_hear_states(struct life *life);
void life_hear_words(struct life *life);

/* life_state() is the last state that it told, or "". */
const char *life_state(const struct life *life);

/* life_reap() takes its end: what kind that was, and in cause why. */
enum life_end life_reap(struct life *life);

/* life_done() frees what is left of one that was reaped, or kills it. */
void life_done(struct life *life);

/* --- keeper_tell.c ------------------------------------------------------------------ */

/*
 * keeper_clean() has only text remain that anybody can be told: whole lines of UTF-8. What
 * others said, or was cut at a length, need not be that.
 */
void keeper_clean(char *text);

/* keeper_say() keeps an event, and writes it to standard error. */
void keeper_say(struct keeper *keeper, const char *format, ...) PRINTF(2, 3);

/* keeper_enter() changes the state, and tells everybody who wants to know. */
void keeper_enter(struct keeper *keeper, enum keeper_state state);

/* keeper_settle() answers those who wait for a state that lasts. */
void keeper_settle(struct keeper *keeper);

/* keeper_status() appends a line of JSON. */
enum cella_status keeper_status(const struct keeper *keeper, struct out *out,
				struct cella_error *err) MUST_CHECK;

/* --- keeper_control.c --------------------------------------------------------------- */

/* keeper_listen() opens the socket; keeper_welcome() takes a client, and its request. */
enum cella_status keeper_listen(struct keeper *keeper,
				struct cella_error *err) MUST_CHECK;
void keeper_welcome(struct keeper *keeper);

/* --- keeper_conf.c ------------------------------------------------------------------- */

/* keeper_load_conf() reads its file; with a mistake in that, all stays as it is. */
enum cella_status keeper_load_conf(struct keeper *keeper,
				   struct cella_error *err) MUST_CHECK;

/* keeper_ensure_host_key() makes the host's key where there is none. */
enum cella_status keeper_ensure_host_key(struct keeper *keeper,
					 struct cella_error *err) MUST_CHECK;

/* --- keeper_steps.c ------------------------------------------------------------------ */

/* keeper_look() looks for an image, and starts it or waits. */
void keeper_look(struct keeper *keeper);

/* keeper_give_turn_back() lets others start theirs, if it is this one's turn. */
void keeper_give_turn_back(struct keeper *keeper);

/* What a supervisor tells: its states, its words, its end. */
void keeper_hear_states(struct keeper *keeper);
void keeper_hear_words(struct keeper *keeper);
void keeper_hear_end(struct keeper *keeper);

/* What others ask for. */
void keeper_stop(struct keeper *keeper);
enum cella_status keeper_reload(struct keeper *keeper,
				struct cella_error *err) MUST_CHECK;
enum cella_status keeper_restart(struct keeper *keeper,
				 struct cella_error *err) MUST_CHECK;

#endif
