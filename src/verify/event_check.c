/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event log beside a quote. A log that leads elsewhere is not this TD's, or was altered:
 * then the evidence is not genuine as a whole, whatever the quote is by itself. What the log
 * does not tell of is reported.
 */
#include "verify/event_check.h"

#include "evidence/event_report.h"

static const char *const check_ids[NUM_RTMRS] = { "event_log.rtmr0", "event_log.rtmr1",
						  "event_log.rtmr2", "event_log.rtmr3" };

static enum cella_status check_kind(const struct cella_verdict *v,
				    struct cella_error *err)
{
	if (v->evidence->kind != CELLA_EVIDENCE_TDX_QUOTE)
		return error_set(err, CELLA_UNSUPPORTED,
				 "event log: the quote is not a TD's: it has no RTMRs");
	if (v->event_log->kind != CELLA_EVENT_LOG_CC)
		return error_set(err, CELLA_UNSUPPORTED,
				 "event log: a TPM's: its registers are not in a TD's "
				 "quote");
	return CELLA_OK;
}

static enum cella_status add_check(struct cella_verdict *v, unsigned reg,
				   struct cella_bytes actual, struct cella_error *err)
{
	const struct register_replay *const replay = &v->log_registers[reg];
	const bool is_good = replay->finding == REGISTER_MATCHES;
	const char *found = NULL;

	if (!is_good) {
		TRY(divergence_text(v->event_log, replay, &v->arena, &found, err));
		found = arena_text(
			&v->arena, "%s; %s",
			arena_hex(&v->arena, bytes_of(replay->value, replay->len)),
			found);
	}
	verdict_check_named(v, CHECK_EVENT_LOG, check_ids[reg],
			    is_good ? CELLA_CHECK_PASS : CELLA_CHECK_FAIL,
			    arena_text(&v->arena, "%zu events that lead to %s",
				       replay->num_events, arena_hex(&v->arena, actual)),
			    found, arena_text(&v->arena, "event log, RTMR%u", reg));
	return CELLA_OK;
}

static enum cella_status check_register(struct cella_verdict *v, unsigned reg,
					struct cella_error *err)
{
	struct cella_bytes actual = { 0 };

	if (!cella_facts_get(&v->facts, rtmr_fact(reg), &actual))
		return error_set(err, CELLA_INTERNAL, "a TD's quote without RTMR%u", reg);
	TRY(register_replay(v->event_log, 0, reg, actual, &v->log_registers[reg], err));
	if (v->log_registers[reg].num_events > 0)
		return add_check(v, reg, actual, err);
	return CELLA_OK;
}

static void warn_of_untold(struct cella_verdict *v)
{
	const char *names = "";

	for (unsigned reg = 0; reg < NUM_RTMRS; reg++)
		if (v->log_registers[reg].finding == REGISTER_UNTOLD)
			names = arena_text(&v->arena, "%s%sRTMR%u", names,
					   *names != '\0' ? ", " : "", reg);
	if (*names != '\0')
		verdict_warn(v,
			     arena_text(&v->arena,
					"the event log tells nothing of %s, into which "
					"something was measured",
					names));
}

enum cella_status event_log_check(struct cella_verdict *v, struct cella_error *err)
{
	if (v->event_log == NULL)
		return CELLA_OK;
	TRY(check_kind(v, err));
	for (unsigned reg = 0; reg < NUM_RTMRS; reg++)
		TRY(check_register(v, reg, err));
	warn_of_untold(v);
	return CELLA_OK;
}
