/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on events: which events a register of a TD, or PCR14 of an Enclave VM, is made of,
 * in this order and no other. They are cella's own keys in Intel's form (tdx_rtmr0_events to
 * tdx_rtmr3_events, evm_pcr14_events); Intel's engines do not know them.
 *
 * A list in which every event has one digest says what the register is, and is judged by
 * the register alone. A list that leaves a choice needs the event log, and counts only
 * where the log's replay arrives at the register.
 */
#ifndef APPRAISE_POLICY_EVENTS_H
#define APPRAISE_POLICY_EVENTS_H

#include "appraise/policy.h"
#include "verify/verdict.h"

/* policy_events_read() reads a condition's value; where names the element in errors. */
enum cella_status policy_events_read(struct arena *arena, const json_t *value,
				     const char *where, struct policy_condition *out,
				     struct cella_error *err) MUST_CHECK;

/* policy_events_write() makes the value for a register of a log. */
enum cella_status policy_events_write(const struct cella_event_log *log, unsigned reg,
				      json_t **out, struct cella_error *err) MUST_CHECK;

/* policy_events_judge() judges; NOT_EVALUATED where the log is missing that is needed. */
enum cella_outcome policy_events_judge(const struct cella_verdict *verdict,
				       const struct policy_condition *condition);

/* policy_events_expected() and policy_events_actual() tell both sides in words. */
const char *policy_events_expected(struct arena *arena,
				   const struct policy_condition *condition);
const char *policy_events_actual(struct arena *arena, const struct cella_verdict *verdict,
				 const struct policy_condition *condition);

/* policy_events_leave_choice() is true when some event may be one of several. */
bool policy_events_leave_choice(const struct policy_condition *condition);

/* policy_events_name_any() is true when some event has a digest that is named. */
bool policy_events_name_any(const struct policy_condition *condition);

/* policy_events_register() is the register that a key speaks of. */
unsigned policy_events_register(const struct policy_key *key);

#endif
