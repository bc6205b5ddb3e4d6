/* SPDX-License-Identifier: Apache-2.0 */
/*
 *             start      started  heartbeat  stop      ended    broken  fall back
 *  stopped    preparing  -        -          stopped   -        -       -
 *  preparing  -          booting  -          stopping  -        failed  -
 *  booting    -          -        running    stopping  -        failed  preparing
 *  running    -          -        -          stopping  -        failed  -
 *  stopping   -          stopping stopping   stopping  stopped  failed  -
 *  failed     -          -        -          failed    -        failed  -
 */
#include "vm/state.h"

static const char *const state_names[] = {
	[EVM_STOPPED] = "stopped",   [EVM_PREPARING] = "preparing",
	[EVM_BOOTING] = "booting",   [EVM_RUNNING] = "running",
	[EVM_STOPPING] = "stopping", [EVM_FAILED] = "failed",
};
_Static_assert(ARRAY_LEN(state_names) == EVM_NUM_STATES, "a name a state");

static const char *const event_names[] = {
	[EVM_START] = "start",         [EVM_STARTED] = "started",
	[EVM_HEARTBEAT] = "heartbeat", [EVM_STOP] = "stop",
	[EVM_ENDED] = "ended",         [EVM_BROKEN] = "broken",
	[EVM_FALL_BACK] = "fall back",
};
_Static_assert(ARRAY_LEN(event_names) == EVM_NUM_EVENTS, "a name an event");

static const struct {
	enum evm_state state;
	enum evm_event event;
	enum evm_state next;
} rows[] = {
	{ EVM_STOPPED, EVM_START, EVM_PREPARING },
	{ EVM_STOPPED, EVM_STOP, EVM_STOPPED },
	{ EVM_PREPARING, EVM_STARTED, EVM_BOOTING },
	{ EVM_PREPARING, EVM_STOP, EVM_STOPPING },
	{ EVM_PREPARING, EVM_BROKEN, EVM_FAILED },
	{ EVM_BOOTING, EVM_HEARTBEAT, EVM_RUNNING },
	{ EVM_BOOTING, EVM_STOP, EVM_STOPPING },
	{ EVM_BOOTING, EVM_BROKEN, EVM_FAILED },
	{ EVM_BOOTING, EVM_FALL_BACK, EVM_PREPARING },
	{ EVM_RUNNING, EVM_STOP, EVM_STOPPING },
	{ EVM_RUNNING, EVM_BROKEN, EVM_FAILED },
	{ EVM_STOPPING, EVM_STARTED, EVM_STOPPING },
	{ EVM_STOPPING, EVM_HEARTBEAT, EVM_STOPPING },
	{ EVM_STOPPING, EVM_STOP, EVM_STOPPING },
	{ EVM_STOPPING, EVM_ENDED, EVM_STOPPED },
	{ EVM_STOPPING, EVM_BROKEN, EVM_FAILED },
	{ EVM_FAILED, EVM_STOP, EVM_FAILED },
	{ EVM_FAILED, EVM_BROKEN, EVM_FAILED },
};

const char *evm_state_name(enum evm_state state)
{
	return state_names[state];
}

const char *evm_event_name(enum evm_event event)
{
	return event_names[event];
}

enum cella_status evm_state_next(enum evm_state *state, enum evm_event event,
				 struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].state == *state && rows[i].event == event) {
			*state = rows[i].next;
			return CELLA_OK;
		}
	return error_set(err, CELLA_INTERNAL, "an enclave that is %s cannot hear of: %s",
			 state_names[*state], event_names[event]);
}

bool evm_state_is_over(enum evm_state state)
{
	return state == EVM_STOPPED || state == EVM_FAILED;
}
