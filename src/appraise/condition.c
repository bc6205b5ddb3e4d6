/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions: one small judge per kind.
 *
 * What Intel's engine ignores or gets wrong is judged here as its name says: the level's
 * date, the SGX type, the PPID and the platform's flags are those of the evidence.
 */
#include "appraise/condition.h"

#include "appraise/policy_events.h"
#include "appraise/policy_texts.h"
#include "base/encode.h"
#include "verify/dcap.h"

#include <string.h>

/* --- what a slot's report says ------------------------------------------------------- */

enum cella_tcb_status slot_status(const struct cella_verdict *v, enum policy_slot slot)
{
	if (!v->has_tcb)
		return CELLA_TCB_NONE;
	if (slot != SLOT_QE)
		return v->status;
	return v->launch.qe_level != NULL ? v->launch.qe_level->standing.status
					  : CELLA_TCB_NOT_SUPPORTED;
}

enum cella_outcome slot_status_by_options(const struct cella_verdict *v,
					  enum policy_slot slot)
{
	const uint32_t accepted = v->accept | CELLA_ACCEPT(CELLA_TCB_UP_TO_DATE);

	if (!v->has_tcb)
		return CELLA_CHECK_NOT_EVALUATED;
	return outcome_if((accepted & CELLA_ACCEPT(slot_status(v, slot))) != 0);
}

bool slot_has_dates(const struct cella_verdict *v, enum policy_slot slot,
		    enum date_group group)
{
	/* An SGX platform has no report of its quoting enclave: its own covers that. */
	enum policy_slot owner;

	if (group == DATES_EVM)
		return false; /* certificates of hosts have no grace, and no policy */
	owner = group == DATES_QE_IDENTITY && verdict_is_tdx(v) ? SLOT_QE : SLOT_PLATFORM;
	return slot == owner;
}

enum cella_outcome dated_outcome(const struct dated *dated, int64_t time, int64_t grace_s)
{
	if (!dated->known)
		return CELLA_CHECK_NOT_EVALUATED;
	return outcome_if(dated->begins.from <= time &&
			  dated->expires.to >= time - grace_s);
}

enum cella_outcome slot_dates(const struct cella_verdict *v, enum policy_slot slot,
			      int64_t grace_s)
{
	enum cella_outcome outcome = CELLA_CHECK_PASS;

	for (int group = 0; group < DATES_COUNT; group++) {
		enum cella_outcome one;

		if (!slot_has_dates(v, slot, (enum date_group)group))
			continue;
		one = dated_outcome(&v->dates[group], v->time, grace_s);
		if (one == CELLA_CHECK_FAIL)
			return CELLA_CHECK_FAIL;
		if (one == CELLA_CHECK_NOT_EVALUATED)
			outcome = one;
	}
	return outcome;
}

/* --- judges -------------------------------------------------------------------------- */

bool condition_bytes(const struct cella_facts *facts, const struct policy_key *key,
		     uint8_t *out)
{
	struct cella_bytes bytes = { 0 };
	uint64_t number = 0;

	/* MISCSELECT is a number to readers and bytes to policies. */
	if (cella_facts_get_number(facts, key->fact, &number)) {
		for (size_t i = 0; i < key->len; i++)
			out[i] = (uint8_t)(number >> (8 * i));
		return true;
	}
	if (!cella_facts_get(facts, key->fact, &bytes) || bytes.len != key->len)
		return false;
	memcpy(out, bytes.data, bytes.len);
	return true;
}

/* A quote says everything of its tenant; what it does not say of the platform is absent
 * for want of a certificate. */
static enum cella_outcome absent(enum policy_slot slot)
{
	return slot == SLOT_TENANT ? CELLA_CHECK_FAIL : CELLA_CHECK_NOT_EVALUATED;
}

static bool equal_under_mask(const struct policy_condition *c, const uint8_t *value,
			     const uint8_t *actual)
{
	for (size_t i = 0; i < c->key->len; i++) {
		const uint8_t mask = c->mask != NULL ? c->mask[i] : 0xff;

		if ((value[i] & mask) != (actual[i] & mask))
			return false;
	}
	return true;
}

static enum cella_outcome judge_bytes(const struct cella_verdict *v,
				      enum policy_slot slot,
				      const struct policy_condition *c)
{
	uint8_t actual[POLICY_MAX_BYTES];

	if (!condition_bytes(&v->facts, c->key, actual))
		return absent(slot);
	for (size_t i = 0; i < c->num_values; i++)
		if (equal_under_mask(c, c->bytes[i], actual))
			return CELLA_CHECK_PASS;
	return CELLA_CHECK_FAIL;
}

static enum cella_outcome judge_number(const struct cella_verdict *v,
				       enum policy_slot slot,
				       const struct policy_condition *c)
{
	uint64_t actual = 0;

	if (!cella_facts_get_number(&v->facts, c->key->fact, &actual))
		return absent(slot);
	for (size_t i = 0; i < c->num_values; i++)
		if (c->numbers[i] == actual)
			return CELLA_CHECK_PASS;
	return CELLA_CHECK_FAIL;
}

static enum cella_outcome judge_minimum(const struct cella_verdict *v,
					enum policy_slot slot,
					const struct policy_condition *c)
{
	uint64_t actual = 0;

	if (!cella_facts_get_number(&v->facts, policy_key_fact(c->key, slot), &actual))
		return absent(slot);
	return outcome_if(actual >= c->minimum);
}

static bool lists(const struct policy_condition *c, const char *name)
{
	for (size_t i = 0; i < c->num_values; i++)
		if (text_equal_any_case(c->texts[i], name))
			return true;
	return false;
}

/* No list makes a platform acceptable that was revoked or that no level describes. */
bool statuses_include(const struct policy_condition *statuses,
		      enum cella_tcb_status status)
{
	const char *parts[3];
	const size_t num = tcb_status_parts(status, parts);

	if (status == CELLA_TCB_NONE || status == CELLA_TCB_REVOKED ||
	    status == CELLA_TCB_NOT_SUPPORTED || !lists(statuses, "UpToDate"))
		return false;
	for (size_t i = 0; i < num; i++)
		if (!lists(statuses, parts[i]))
			return false;
	return true;
}

static enum cella_outcome judge_statuses(const struct cella_verdict *v,
					 enum policy_slot slot,
					 const struct policy_condition *c)
{
	if (!v->has_tcb)
		return CELLA_CHECK_NOT_EVALUATED;
	return outcome_if(statuses_include(c, slot_status(v, slot)));
}

static enum cella_outcome judge_grace(const struct cella_verdict *v,
				      enum policy_slot slot,
				      const struct policy_condition *c)
{
	return slot_dates(v, slot, c->seconds);
}

static bool is_benign(enum cella_tcb_status status)
{
	return status >= CELLA_TCB_UP_TO_DATE &&
	       status <= CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED;
}

/* The date of the level that matched; false when none did. */
bool condition_level_date(const struct cella_verdict *v, enum policy_slot slot,
			  const struct policy_condition *c, int64_t *out)
{
	return cella_facts_get_time(&v->facts, policy_key_fact(c->key, slot), out);
}

static enum cella_outcome judge_platform_grace(const struct cella_verdict *v,
					       enum policy_slot slot,
					       const struct policy_condition *c)
{
	int64_t date = 0;

	if (!v->has_tcb)
		return CELLA_CHECK_NOT_EVALUATED;
	if (is_benign(slot_status(v, slot)))
		return CELLA_CHECK_PASS;
	return outcome_if(condition_level_date(v, slot, c, &date) &&
			  date + c->seconds >= v->time);
}

static enum cella_outcome judge_min_date(const struct cella_verdict *v,
					 enum policy_slot slot,
					 const struct policy_condition *c)
{
	int64_t date = 0;

	if (!v->has_tcb)
		return CELLA_CHECK_NOT_EVALUATED;
	return outcome_if(condition_level_date(v, slot, c, &date) && date >= c->seconds);
}

/* The first of the rejected advisories that applies; NULL when none does. */
const char *condition_rejected(const struct cella_verdict *v,
			       const struct policy_condition *c)
{
	static const enum cella_fact facts[] = { CELLA_FACT_ADVISORY_IDS,
						 CELLA_FACT_ADVISORY_IDS_CURRENT };

	for (size_t f = 0; f < ARRAY_LEN(facts); f++) {
		const char *const *ids = NULL;
		size_t num_ids = 0;

		if (!cella_facts_get_texts(&v->facts, facts[f], &ids, &num_ids))
			continue;
		for (size_t i = 0; i < num_ids; i++)
			if (lists(c, ids[i]))
				return ids[i];
	}
	return NULL;
}

static enum cella_outcome judge_advisories(const struct cella_verdict *v,
					   enum policy_slot slot,
					   const struct policy_condition *c)
{
	(void)slot;
	if (!v->has_tcb)
		return CELLA_CHECK_NOT_EVALUATED;
	return outcome_if(condition_rejected(v, c) == NULL);
}

/*
 * Only certificates of the platform CA carry the flags. Those of the processor CA are for
 * platforms of one package, that cannot grow and whose keys the vendor does not keep; of
 * their hyper-threading nothing is known.
 */
static enum cella_outcome judge_flag(const struct cella_verdict *v, enum policy_slot slot,
				     const struct policy_condition *c)
{
	const char *ca = NULL;
	bool is_set = false;

	(void)slot;
	if (c->allow)
		return CELLA_CHECK_PASS;
	if (!cella_facts_get_text(&v->facts, CELLA_FACT_PCK_CA, &ca))
		return CELLA_CHECK_NOT_EVALUATED;
	if (cella_facts_get_bool(&v->facts, c->key->fact, &is_set))
		return outcome_if(!is_set);
	return outcome_if(c->key->fact != CELLA_FACT_SMT_ENABLED);
}

static enum cella_outcome judge_events(const struct cella_verdict *v,
				       enum policy_slot slot,
				       const struct policy_condition *c)
{
	(void)slot;
	return policy_events_judge(v, c);
}

static enum cella_outcome judge_texts(const struct cella_verdict *v,
				      enum policy_slot slot,
				      const struct policy_condition *c)
{
	(void)slot;
	return policy_texts_judge(v, c);
}

/* Of the root that vouches; while none is pinned, nobody knows. */
static enum cella_outcome judge_name(const struct cella_verdict *v, enum policy_slot slot,
				     const struct policy_condition *c)
{
	const char *actual = NULL;

	(void)slot;
	if (!cella_facts_get_text(&v->facts, c->key->fact, &actual))
		return v->outcomes[CHECK_EVM_ROOT] == CELLA_CHECK_NOT_EVALUATED
			       ? CELLA_CHECK_NOT_EVALUATED
			       : CELLA_CHECK_FAIL;
	return outcome_if(lists(c, actual));
}

enum cella_outcome condition_judge(const struct cella_verdict *v, enum policy_slot slot,
				   const struct policy_condition *c)
{
	static enum cella_outcome (*const judges[CONDITION_KIND_COUNT])(
		const struct cella_verdict *, enum policy_slot,
		const struct policy_condition *) = {
		[CONDITION_BYTES] = judge_bytes,
		[CONDITION_NUMBER] = judge_number,
		[CONDITION_NUMBER_MIN] = judge_minimum,
		[CONDITION_STATUSES] = judge_statuses,
		[CONDITION_GRACE] = judge_grace,
		[CONDITION_PLATFORM_GRACE] = judge_platform_grace,
		[CONDITION_MIN_DATE] = judge_min_date,
		[CONDITION_MIN_EVAL] = judge_minimum,
		[CONDITION_ADVISORIES] = judge_advisories,
		[CONDITION_FLAG] = judge_flag,
		[CONDITION_EVENTS] = judge_events,
		[CONDITION_TEXTS] = judge_texts,
		[CONDITION_NAME] = judge_name,
	};

	return judges[c->kind] != NULL ? judges[c->kind](v, slot, c) : CELLA_CHECK_FAIL;
}
