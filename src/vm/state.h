/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an Enclave VM, as a table. What no row has is a mistake of the supervisor's.
 */
#ifndef VM_STATE_H
#define VM_STATE_H

#include "base/bytes.h"

enum evm_state {
	EVM_STOPPED, /* also: not started yet */
	EVM_PREPARING,
	EVM_BOOTING,
	EVM_RUNNING,
	EVM_STOPPING,
	EVM_FAILED,
	EVM_NUM_STATES,
};

enum evm_event {
	EVM_START,
	EVM_STARTED,   /* all processes run */
	EVM_HEARTBEAT, /* the guest is ready */
	EVM_STOP,      /* somebody asks for it, or the guest says that it ends */
	EVM_ENDED,     /* every process is gone, as was to be expected */
	EVM_BROKEN,    /* anything else */
	EVM_FALL_BACK, /* it did not come to life, and is started by another back-end */
	EVM_NUM_EVENTS,
};

const char *evm_state_name(enum evm_state state);
const char *evm_event_name(enum evm_event event);

/* evm_state_next() steps. CELLA_INTERNAL for an event that the state does not know. */
enum cella_status evm_state_next(enum evm_state *state, enum evm_event event,
				 struct cella_error *err) MUST_CHECK;

/* evm_state_is_over() is true when nothing runs and nothing will. */
bool evm_state_is_over(enum evm_state state);

#endif
