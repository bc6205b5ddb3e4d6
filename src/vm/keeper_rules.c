/* SPDX-License-Identifier: Apache-2.0 */
/*
 *                no          on-failure     always
 *   ended        end well    end well       again
 *   failed       end badly   again, later and later, so many times; then end badly
 *   refused      wait for another image
 */
#include "vm/keeper_rules.h"

static const char *const state_names[] = {
	[KEEPER_WAITING] = "waiting",   [KEEPER_STARTING] = "starting",
	[KEEPER_RUNNING] = "running",   [KEEPER_PAUSING] = "restarting",
	[KEEPER_STOPPING] = "stopping", [KEEPER_STOPPED] = "stopped",
	[KEEPER_FAILED] = "failed",
};
_Static_assert(ARRAY_LEN(state_names) == KEEPER_NUM_STATES, "a name a state");

const char *keeper_state_name(enum keeper_state state)
{
	return state_names[state];
}

bool keeper_state_is_settled(enum keeper_state state)
{
	return state == KEEPER_WAITING || state == KEEPER_RUNNING ||
	       state == KEEPER_STOPPED || state == KEEPER_FAILED;
}

/* The first pause is the one that was asked for. */
static int64_t pause_after(const struct enclave_conf *conf, unsigned failures)
{
	const int64_t first = (int64_t)conf->restart_delay * 1000;
	const int64_t longest = first > KEEPER_LONGEST_PAUSE_MS ? first
								: KEEPER_LONGEST_PAUSE_MS;
	int64_t pause = first;

	for (unsigned i = 1; i < failures && pause < longest; i++)
		pause *= 2;
	return pause < longest ? pause : longest;
}

static struct keeper_decision after_failure(const struct enclave_conf *conf,
					    int64_t ran_ms, unsigned *failures)
{
	if (ran_ms >= KEEPER_STABLE_MS)
		*failures = 0;
	++*failures;
	if (conf->restart == RESTART_NO ||
	    (conf->restart_max > 0 && *failures > conf->restart_max))
		return (struct keeper_decision){ .next = KEEPER_END_BADLY };
	return (struct keeper_decision){ .next = KEEPER_START_AGAIN,
					 .pause_ms = pause_after(conf, *failures) };
}

struct keeper_decision keeper_decide(const struct enclave_conf *conf, enum life_end end,
				     int64_t ran_ms, unsigned *failures)
{
	if (end == LIFE_REFUSED)
		return (struct keeper_decision){ .next = KEEPER_AWAIT_IMAGE };
	if (end == LIFE_FAILED)
		return after_failure(conf, ran_ms, failures);
	*failures = 0;
	if (conf->restart != RESTART_ALWAYS)
		return (struct keeper_decision){ .next = KEEPER_END_WELL };
	return (struct keeper_decision){ .next = KEEPER_START_AGAIN,
					 .pause_ms = pause_after(conf, 1) };
}
