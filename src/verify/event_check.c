/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event log beside a quote. A log that leads elsewhere is not this TD's, or was altered:
 * then the evidence is not genuine as a whole, whatever the quote is by itself. What the log
 * does not tell of is reported.
 */
#include "verify/event_check.h"

#include "evidence/event_report.h"
#include "verify/vtpm_check.h"

static enum cella_status check_kind(const struct cella_verdict *v,
				    struct cella_error *err)
{
	if (v->evidence->kind != CELLA_EVIDENCE_TDX_QUOTE)
		return error_set(err, CELLA_UNSUPPORTED,
				 "event log: the quote is not a TD's: it has no RTMRs");
	if (v->event_log->kind == CELLA_EVENT_LOG_CC)
		return CELLA_OK;
	if (v->vtpm == NULL)
		return error_set(err, CELLA_UNSUPPORTED,
				 "event log: a TPM's: its registers are not in a TD's "
				 "quote but in a vTPM's");
	if (event_log_hash(v->event_log, CELLA_HASH_SHA256) < 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "event log: has no digests of sha256, which the vTPM "
				 "quotes");
	return CELLA_OK;
}

enum cella_status event_check_add(struct cella_verdict *v,
				  const struct cella_event_log *log, unsigned reg,
				  const struct register_replay *replay,
				  struct cella_bytes actual, struct cella_error *err)
{
	const bool is_td = log->kind == CELLA_EVENT_LOG_CC;
	const bool is_good = replay->finding == REGISTER_MATCHES;
	const char *found = NULL;

	if (!is_good) {
		TRY(divergence_text(log, replay, &v->arena, &found, err));
		found = arena_text(
			&v->arena, "%s; %s",
			arena_hex(&v->arena, bytes_of(replay->value, replay->len)),
			found);
	}
	verdict_check_named(
		v, CHECK_EVENT_LOG,
		arena_text(&v->arena, "event_log.%s%u", is_td ? "rtmr" : "pcr", reg),
		is_good ? CELLA_CHECK_PASS : CELLA_CHECK_FAIL,
		arena_text(&v->arena, "%zu events that lead to %s", replay->num_events,
			   arena_hex(&v->arena, actual)),
		found,
		arena_text(&v->arena, "event log, %s%u", is_td ? "RTMR" : "PCR", reg));
	return CELLA_OK;
}

/* --- RTMRs --------------------------------------------------------------------------- */

static enum cella_status check_rtmr(struct cella_verdict *v, unsigned reg,
				    struct cella_error *err)
{
	struct register_replay *const replay = &v->log_registers[reg];
	struct cella_bytes actual = { 0 };

	if (!cella_facts_get(&v->facts, rtmr_fact(reg), &actual))
		return error_set(err, CELLA_INTERNAL, "a TD's quote without RTMR%u", reg);
	TRY(register_replay(v->event_log, 0, reg, actual, replay, err));
	return replay->num_events > 0
		       ? event_check_add(v, v->event_log, reg, replay, actual, err)
		       : CELLA_OK;
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

static enum cella_status check_rtmrs(struct cella_verdict *v, struct cella_error *err)
{
	for (unsigned reg = 0; reg < NUM_RTMRS; reg++)
		TRY(check_rtmr(v, reg, err));
	warn_of_untold(v);
	return CELLA_OK;
}

/* --- PCRs ---------------------------------------------------------------------------- */

static enum cella_status check_pcr(struct cella_verdict *v, unsigned reg,
				   struct cella_error *err)
{
	const int hash = event_log_hash(v->event_log, CELLA_HASH_SHA256);
	const struct cella_bytes actual = vtpm_pcr(v, reg);
	struct register_replay replay;

	TRY(register_replay(v->event_log, (size_t)hash, reg, actual, &replay, err));
	if (replay.num_events == 0)
		return CELLA_OK;
	if (actual.len > 0)
		return event_check_add(v, v->event_log, reg, &replay, actual, err);
	verdict_warn(v, arena_text(&v->arena,
				   "the event log tells of PCR%u, which the vTPM's quote "
				   "does not prove",
				   reg));
	return CELLA_OK;
}

enum cella_status event_log_check(struct cella_verdict *v, struct cella_error *err)
{
	if (v->event_log == NULL)
		return CELLA_OK;
	TRY(check_kind(v, err));
	if (v->event_log->kind == CELLA_EVENT_LOG_CC)
		return check_rtmrs(v, err);
	for (unsigned reg = 0; reg < NUM_PCRS; reg++)
		TRY(check_pcr(v, reg, err));
	return CELLA_OK;
}
