/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service does about how its enclave ended: rules without a clock or a process.
 */
#ifndef VM_KEEPER_RULES_H
#define VM_KEEPER_RULES_H

#include "vm/enclave_conf.h"

enum keeper_state {
	KEEPER_WAITING,  /* for an image */
	KEEPER_STARTING, /* an enclave, from its image to its heartbeat */
	KEEPER_RUNNING,
	KEEPER_PAUSING, /* before it starts one again */
	KEEPER_STOPPING,
	KEEPER_STOPPED, /* over, as somebody wanted or the enclave had done its work */
	KEEPER_FAILED,  /* over, after too many failures */
	KEEPER_NUM_STATES,
};

/* keeper_state_name() is what `status` says: "waiting". */
const char *keeper_state_name(enum keeper_state state);

/* keeper_state_is_settled() is true when who started it need not wait on. */
bool keeper_state_is_settled(enum keeper_state state);

/* How a life of an enclave ended, which nobody had asked to. */
enum life_end {
	LIFE_ENDED,  /* its work is done */
	LIFE_FAILED, /* anything else */
	LIFE_REFUSED, /* its image was no image, or none of a trusted signer: no life at all */
};

enum {
	/* One that ran for so long had no failed start: its end begins a new count. */
	KEEPER_STABLE_MS = 5 * 60 * 1000,
	/* Pauses double with each failure in a row, up to this unless they begin longer. */
	KEEPER_LONGEST_PAUSE_MS = 5 * 60 * 1000,
};

enum keeper_next {
	KEEPER_AWAIT_IMAGE,
	KEEPER_START_AGAIN,
	KEEPER_END_WELL,
	KEEPER_END_BADLY,
};

struct keeper_decision {
	enum keeper_next next;
	int64_t pause_ms; /* of KEEPER_START_AGAIN */
};

/* keeper_decide() is the rule; *failures counts those in a row, over the calls. */
struct keeper_decision keeper_decide(const struct enclave_conf *conf, enum life_end end,
				     int64_t ran_ms, unsigned *failures);

#endif
