/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judgement of dates, TCB status, attributes and report data, and the four answers.
 */
#include "appraise/judge.h"

#include "appraise/appraise.h"
#include "appraise/condition.h"
#include "base/civil.h"
#include "verify/dcap.h"
#include "verify/event_check.h"
#include "verify/vtpm_check.h"

#include <string.h>

/* --- dates --------------------------------------------------------------------------- */

static const char *moment(struct cella_verdict *v, const char *what, const char *verb,
			  int64_t time)
{
	char text[CIVIL_TEXT_LEN];

	return arena_text(&v->arena, "%s %s %s", what, verb, civil_format(time, text));
}

static const char *date_text(struct cella_verdict *v, const struct dated *dated,
			     int64_t grace_s)
{
	const struct validity *const begins = &dated->begins;
	const struct validity *const expires = &dated->expires;

	if (begins->from > v->time)
		return moment(v, begins->what, "is not valid before", begins->from);
	if (expires->to < v->time - grace_s)
		return moment(v, expires->what, "expired on", expires->to);
	if (expires->to < v->time)
		return moment(v, expires->what, "is in its grace: it expired on",
			      expires->to);
	return moment(v, expires->what, "expires on", expires->to);
}

static void judge_date(struct cella_verdict *v, enum check_id id,
		       const struct dated *dated, int64_t grace_s)
{
	if (!dated->known)
		verdict_check(v, id, CELLA_CHECK_NOT_EVALUATED, NULL, NULL, dated->where);
	else
		verdict_check(v, id, dated_outcome(dated, v->time, grace_s), NULL,
			      date_text(v, dated, grace_s), dated->where);
}

static void judge_dates(struct cella_verdict *v)
{
	static const enum check_id checks[DATES_EVM] = {
		[DATES_PCK] = CHECK_PCK_DATES,
		[DATES_TCB_INFO] = CHECK_TCB_INFO_DATES,
		[DATES_QE_IDENTITY] = CHECK_QE_IDENTITY_DATES,
		[DATES_ROOT_CRL] = CHECK_ROOT_CRL_DATES,
		[DATES_PCK_CRL] = CHECK_PCK_CRL_DATES,
	};

	for (size_t i = 0; i < DATES_EVM; i++)
		judge_date(v, checks[i], &v->dates[i], v->appraisal->grace_s[i]);
}

/* --- TCB status ---------------------------------------------------------------------- */

static const char *accepted_text(struct cella_verdict *v)
{
	const uint32_t accepted = v->accept | v->appraisal->accept;
	const char *text = "UpToDate";

	for (int i = CELLA_TCB_UP_TO_DATE + 1; i < CELLA_TCB_COUNT; i++)
		if (accepted & CELLA_ACCEPT(i))
			text = arena_text(
				&v->arena, "%s, %s", text,
				cella_tcb_status_name((enum cella_tcb_status)i));
	return text;
}

static void judge_tcb_status(struct cella_verdict *v)
{
	const char *reason = NULL;
	bool good;

	if (!v->has_tcb) {
		verdict_check(v, CHECK_TCB_STATUS, CELLA_CHECK_NOT_EVALUATED, NULL, NULL,
			      "tcb_info: tcbLevels");
		return;
	}
	good = appraise_accepts_status(v, &reason);
	verdict_check(v, CHECK_TCB_STATUS, outcome_if(good), accepted_text(v),
		      reason == NULL
			      ? cella_tcb_status_name(v->status)
			      : arena_text(&v->arena, "%s: %s",
					   cella_tcb_status_name(v->status), reason),
		      "tcb_info: tcbLevels");
}

/* --- attributes ---------------------------------------------------------------------- */

static const char *attributes_text(struct cella_verdict *v)
{
	struct out text CLEANUP(out_done) = { 0 };

	td_attributes_text(v->td.td_attributes, &text);
	return arena_out(&v->arena, &text);
}

/* Reported, and refused only when strictness is asked for. */
static void report(struct cella_verdict *v, enum check_id id, bool good,
		   const char *warning, const char *where)
{
	const bool is_strict = (v->flags & CELLA_VERIFY_STRICT) != 0;

	verdict_check(v, id, outcome_if(good || !is_strict), NULL, good ? NULL : warning,
		      where);
	if (!good && !is_strict)
		verdict_warn(v, arena_text(&v->arena, "%s (--strict refuses)", warning));
}

static void judge_td(struct cella_verdict *v)
{
	const uint64_t attributes = v->td.td_attributes;
	const uint64_t other_tud = attributes & TD_ATTR_UNTRUSTED & ~TD_ATTR_DEBUG;
	const uint64_t reserved = bits_unknown(attributes & ~TD_ATTR_UNTRUSTED,
					       td_attribute_bits, num_td_attribute_bits);
	const bool is_migratable = (attributes & TD_ATTR_MIGRATABLE) != 0;
	const bool is_pinned = v->appraisal->pins_service_td;
	const bool has_service_td = v->td.has_servicetd &&
				    !bytes_are_zero(bytes_of(v->td.mr_servicetd, MR_LEN));

	verdict_check(v, CHECK_TD_DEBUG, outcome_if((attributes & TD_ATTR_DEBUG) == 0),
		      "NO_DEBUG", attributes_text(v), "quote: body.td_attributes");
	verdict_check(v, CHECK_TD_ATTRIBUTES, outcome_if((other_tud | reserved) == 0),
		      NULL,
		      (other_tud | reserved) == 0
			      ? NULL
			      : arena_text(&v->arena,
					   "untrusted bits 0x%llx, unknown bits 0x%llx",
					   (unsigned long long)other_tud,
					   (unsigned long long)reserved),
		      "quote: body.td_attributes");
	verdict_check(v, CHECK_TD_MIGRATABLE, outcome_if(!is_migratable || is_pinned),
		      NULL,
		      !is_migratable ? NULL
		      : is_pinned ? "MIGRATABLE is set, and a policy names its service TD"
				  : "MIGRATABLE is set",
		      "quote: body.td_attributes");
	report(v, CHECK_TD_SEPT_VE_DISABLE, (attributes & TD_ATTR_SEPT_VE_DISABLE) != 0,
	       "SEPT_VE_DISABLE is clear: the host can inject exceptions on pending pages",
	       "quote: body.td_attributes");
	report(v, CHECK_TD_PERFMON, (attributes & TD_ATTR_PERFMON) == 0,
	       "PERFMON is set: the TD uses performance monitoring",
	       "quote: body.td_attributes");
	report(v, CHECK_TD_SERVICE_TD, !has_service_td || is_pinned,
	       "a service TD is bound to this TD, and no policy names it",
	       "quote: body.mr_servicetd");
}

static void judge_enclave(struct cella_verdict *v)
{
	struct cella_bytes attributes = { 0 };
	bool is_debug;

	if (!cella_facts_get(&v->facts, CELLA_FACT_SGX_ATTRIBUTES, &attributes))
		return;
	is_debug = (attributes.data[0] & SGX_ATTR_DEBUG) != 0;
	verdict_check(v, CHECK_SGX_DEBUG, outcome_if(!is_debug), "NO_DEBUG",
		      is_debug ? "DEBUG" : "NO_DEBUG", "quote: body.attributes");
}

static void judge_tail(struct cella_verdict *v)
{
	const struct cella_bytes tail = v->evidence->quote.tail;
	const bool good = bytes_are_zero(tail);

	report(v, CHECK_QUOTE_TAIL, good,
	       good ? ""
		    : arena_text(
			      &v->arena,
			      "%zu bytes follow the quote's declared end, not all zero",
			      tail.len),
	       "quote: after the end");
}

/* --- report data --------------------------------------------------------------------- */

static void judge_report_data(struct cella_verdict *v,
			      const struct cella_verify_options *options)
{
	struct cella_bytes actual = { 0 };
	bool good;

	if (options->report_data_expect != CELLA_EXPECT_EXACT)
		return;
	good = cella_facts_get(&v->facts, CELLA_FACT_REPORT_DATA, &actual) &&
	       actual.len == CELLA_REPORT_DATA_LEN &&
	       bytes_equal_secret(actual.data, options->report_data, actual.len);
	verdict_check(v, CHECK_REPORT_DATA, outcome_if(good),
		      arena_hex(&v->arena,
				bytes_of(options->report_data, CELLA_REPORT_DATA_LEN)),
		      arena_hex(&v->arena, actual),
		      verdict_is_evm(v) ? "evm: report_data" : "quote: body.report_data");
}

/* --- Enclave VMs --------------------------------------------------------------------- */

static void judge_evm(struct cella_verdict *v)
{
	bool is_debug = false;

	judge_date(v, CHECK_EVM_DATES, &v->dates[DATES_EVM], 0);
	if (!cella_facts_get_bool(&v->facts, CELLA_FACT_EVM_DEBUG, &is_debug))
		verdict_check(v, CHECK_EVM_DEBUG, CELLA_CHECK_NOT_EVALUATED, NULL, NULL,
			      "evm: event_log");
	else
		verdict_check(v, CHECK_EVM_DEBUG, outcome_if(!is_debug), "not debuggable",
			      is_debug ? "launched for debugging" : NULL,
			      "evm: event_log, PCR13");
}

/* --- answers ------------------------------------------------------------------------- */

static enum cella_answer draw_answer(const struct cella_verdict *v,
				     enum cella_question question)
{
	enum cella_answer answer = CELLA_ANSWER_NOT_ASKED;

	for (size_t i = 0; i < v->num_checks; i++) {
		if (v->checks[i].question != question)
			continue;
		if (v->checks[i].outcome == CELLA_CHECK_FAIL)
			return CELLA_ANSWER_NO;
		if (v->checks[i].outcome == CELLA_CHECK_NOT_EVALUATED)
			answer = CELLA_ANSWER_UNKNOWN;
		else if (answer == CELLA_ANSWER_NOT_ASKED)
			answer = CELLA_ANSWER_YES;
	}
	return answer;
}

static enum cella_result draw_result(const enum cella_answer *answers)
{
	enum cella_result result = CELLA_ACCEPTED;

	for (size_t i = 0; i < CELLA_QUESTION_COUNT; i++) {
		if (answers[i] == CELLA_ANSWER_NO)
			return CELLA_REJECTED;
		if (answers[i] == CELLA_ANSWER_UNKNOWN)
			result = CELLA_UNDECIDED;
	}
	return result;
}

static void judge_quote(struct cella_verdict *v)
{
	judge_dates(v);
	judge_tcb_status(v);
	if (verdict_is_tdx(v))
		judge_td(v);
	else
		judge_enclave(v);
	judge_tail(v);
}

enum cella_status judge(struct cella_verdict *v,
			const struct cella_verify_options *options,
			struct cella_error *err)
{
	TRY(vtpm_check(v, err));
	TRY(event_log_check(v, err));
	TRY(appraise(v, options, err));
	if (verdict_is_evm(v))
		judge_evm(v);
	else
		judge_quote(v);
	appraise_tell(v);
	judge_report_data(v, options);
	if (v->vtpm != NULL && options->vtpm_nonce_expect == CELLA_EXPECT_EXACT)
		vtpm_check_nonce(v, options->vtpm_nonce);
	/* Running out of memory for a text must not cost a check: nothing is drawn then. */
	TRY(arena_status(&v->arena, err));
	for (int q = 0; q < CELLA_QUESTION_COUNT; q++)
		v->answers[q] = draw_answer(v, (enum cella_question)q);
	v->result = draw_result(v->answers);
	return CELLA_OK;
}
