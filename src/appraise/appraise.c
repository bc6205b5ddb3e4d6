/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choosing among the policies' elements, and telling what they say.
 *
 * Besides its own conditions an element for a platform or a quoting enclave answers for
 * two things that it may leave unsaid, status and expiry: unsaid, the options' rules
 * apply. So an element that holds can only widen what it names, and one that names
 * something is never widened by the options.
 */
#include "appraise/appraise.h"

#include "appraise/condition.h"
#include "verify/dcap.h"

#include <string.h>

/* --- classes ------------------------------------------------------------------------- */

static bool is_td_15(const struct cella_facts *facts, struct cella_bytes tee_tcb_svn)
{
	uint64_t body_type = 0;

	if (cella_facts_get_number(facts, CELLA_FACT_BODY_TYPE, &body_type))
		return body_type >= QUOTE_BODY_TD_15;
	return tee_tcb_svn.data[1] > 0;
}

const struct policy_class *evidence_class(const struct cella_facts *facts,
					  enum policy_slot slot)
{
	static const enum policy_class_id tdx[2][SLOT_COUNT] = {
		{ [SLOT_TENANT] = CLASS_TD_10,
		  [SLOT_PLATFORM] = CLASS_TDX_PLATFORM_10,
		  [SLOT_QE] = CLASS_TDQE },
		{ [SLOT_TENANT] = CLASS_TD_15,
		  [SLOT_PLATFORM] = CLASS_TDX_PLATFORM_15,
		  [SLOT_QE] = CLASS_TDQE },
	};
	static const enum policy_class_id sgx[] = {
		[SLOT_TENANT] = CLASS_SGX_ENCLAVE, [SLOT_PLATFORM] = CLASS_SGX_PLATFORM
	};
	struct cella_bytes bytes = { 0 };

	if (cella_facts_get(facts, CELLA_FACT_EVM_PCR0, &bytes))
		return slot == SLOT_TENANT ? &policy_classes[CLASS_EVM] : NULL;
	if (cella_facts_get(facts, CELLA_FACT_TEE_TCB_SVN, &bytes))
		return &policy_classes[tdx[is_td_15(facts, bytes)][slot]];
	if (slot == SLOT_QE || !cella_facts_get(facts, CELLA_FACT_MRENCLAVE, &bytes))
		return NULL;
	return &policy_classes[sgx[slot]];
}

/* --- choosing ------------------------------------------------------------------------ */

/* How far an element is from holding. */
struct distance {
	size_t num_failed;
	size_t num_unknown;
};

static void count(struct distance *distance, enum cella_outcome outcome)
{
	distance->num_failed += outcome == CELLA_CHECK_FAIL;
	distance->num_unknown += outcome == CELLA_CHECK_NOT_EVALUATED;
}

static struct distance measure(const struct cella_verdict *v,
			       const struct policy_element *e)
{
	const enum policy_slot slot = e->class->slot;
	struct distance distance = { 0 };

	for (size_t i = 0; i < e->num_conditions; i++)
		count(&distance, condition_judge(v, slot, &e->conditions[i]));
	if (slot == SLOT_TENANT) {
		/* An element that demands nothing vouches for nothing. */
		if (e->num_conditions == 0)
			count(&distance, CELLA_CHECK_FAIL);
		return distance;
	}
	if (element_find(e, CONDITION_STATUSES) == NULL)
		count(&distance, slot_status_by_options(v, slot));
	if (element_find(e, CONDITION_GRACE) == NULL)
		count(&distance, slot_dates(v, slot, v->grace_s));
	return distance;
}

static enum cella_outcome outcome_of(struct distance distance)
{
	if (distance.num_failed > 0)
		return CELLA_CHECK_FAIL;
	return distance.num_unknown > 0 ? CELLA_CHECK_NOT_EVALUATED : CELLA_CHECK_PASS;
}

enum cella_outcome appraise_element(const struct cella_verdict *v,
				    const struct policy_element *element)
{
	return outcome_of(measure(v, element));
}

static bool is_closer(struct distance a, struct distance b)
{
	if (a.num_failed != b.num_failed)
		return a.num_failed < b.num_failed;
	return a.num_unknown < b.num_unknown;
}

bool policy_judges(const struct cella_policy *policy)
{
	switch (policy->standing) {
	case CELLA_POLICY_BAD_SIGNATURE:
	case CELLA_POLICY_FOREIGN_OWNER:
		return false;
	case CELLA_POLICY_UNSIGNED:
		return policy->source == CELLA_POLICY_LOCAL && policy->num_pins == 0;
	case CELLA_POLICY_SELF_SIGNED:
		return policy->source == CELLA_POLICY_LOCAL;
	case CELLA_POLICY_OWNER_PINNED:
		return true;
	}
	return false;
}

/* MIGRATABLE is tolerable when a policy names the service TD that may move this TD. */
static bool pins_service_td(const struct cella_verdict *v, const struct policy_element *e)
{
	if (!v->td.has_servicetd || bytes_are_zero(bytes_of(v->td.mr_servicetd, MR_LEN)))
		return false;
	for (size_t i = 0; i < e->num_conditions; i++)
		if (e->conditions[i].key != NULL &&
		    e->conditions[i].key->fact == CELLA_FACT_MR_SERVICETD)
			return true;
	return false;
}

static void consider(struct cella_verdict *v, const struct cella_policy *policy,
		     const struct policy_element *e, struct distance *best)
{
	struct slot_appraisal *const slot = &v->appraisal->slots[e->class->slot];
	struct distance distance;

	slot->num_elements++;
	if (e->class != slot->class)
		return;
	slot->num_alternatives++;
	distance = measure(v, e);
	if (outcome_of(distance) == CELLA_CHECK_PASS && e->class->slot == SLOT_TENANT &&
	    pins_service_td(v, e))
		v->appraisal->pins_service_td = true;
	if (slot->element != NULL && !is_closer(distance, *best))
		return;
	*best = distance;
	slot->policy = policy;
	slot->element = e;
	slot->outcome = outcome_of(distance);
}

static void choose(struct cella_verdict *v)
{
	struct appraisal *const a = v->appraisal;
	struct distance best[SLOT_COUNT] = { 0 };

	for (size_t p = 0; p < a->num_policies; p++) {
		const struct cella_policy *const policy = a->policies[p];

		for (size_t i = 0; policy_judges(policy) && i < policy->num_elements; i++)
			consider(v, policy, &policy->elements[i],
				 &best[policy->elements[i].class->slot]);
	}
}

/* --- widening ------------------------------------------------------------------------ */

static bool holds(const struct slot_appraisal *slot)
{
	return slot->element != NULL && slot->outcome == CELLA_CHECK_PASS;
}

static uint32_t accepted_by(const struct policy_condition *statuses)
{
	uint32_t accepted = 0;

	for (int i = CELLA_TCB_NONE + 1; i < CELLA_TCB_COUNT; i++)
		if (statuses_include(statuses, (enum cella_tcb_status)i))
			accepted |= CELLA_ACCEPT(i);
	return accepted;
}

static void widen_dates(struct cella_verdict *v, enum policy_slot slot, int64_t grace_s)
{
	int64_t *const graces = v->appraisal->grace_s;

	for (int group = 0; group < DATES_COUNT; group++)
		if (slot_has_dates(v, slot, (enum date_group)group) &&
		    graces[group] < grace_s)
			graces[group] = grace_s;
}

static void widen(struct cella_verdict *v)
{
	for (int s = SLOT_PLATFORM; s <= SLOT_QE; s++) {
		const struct slot_appraisal *const slot = &v->appraisal->slots[s];
		const struct policy_condition *grace;
		const struct policy_condition *statuses;

		if (!holds(slot))
			continue;
		grace = element_find(slot->element, CONDITION_GRACE);
		statuses = element_find(slot->element, CONDITION_STATUSES);
		if (grace != NULL)
			widen_dates(v, (enum policy_slot)s, grace->seconds);
		if (statuses != NULL && s == SLOT_PLATFORM)
			v->appraisal->accept = accepted_by(statuses);
	}
}

/* An element that holds and names a grace is what counts, even if it is the shorter one. */
static int64_t group_grace(const struct cella_verdict *v, enum date_group group)
{
	if (group == DATES_EVM)
		return 0;
	for (int s = SLOT_PLATFORM; s <= SLOT_QE; s++) {
		const struct slot_appraisal *const slot = &v->appraisal->slots[s];
		const struct policy_condition *grace;

		if (!holds(slot) || !slot_has_dates(v, (enum policy_slot)s, group))
			continue;
		grace = element_find(slot->element, CONDITION_GRACE);
		if (grace != NULL)
			return grace->seconds;
	}
	return v->grace_s;
}

bool appraise_expiry(const struct cella_verdict *v, int64_t *out)
{
	bool is_known = false;

	for (int group = 0; group < DATES_COUNT; group++) {
		const int64_t grace_s = group_grace(v, (enum date_group)group);
		const int64_t to = v->dates[group].expires.to;
		const int64_t end = to > INT64_MAX - grace_s ? INT64_MAX : to + grace_s;

		if (!v->dates[group].known || (is_known && *out <= end))
			continue;
		*out = end;
		is_known = true;
	}
	return is_known;
}

/*
 * Where a TD was launched in date, Intel's library does not ask how the module stands that
 * runs now; but a host can put an older one in. Whoever accepts a TD that was launched out
 * of date accepts no revoked one.
 */
static bool accepts_present(const struct cella_verdict *v, uint32_t options,
			    const char **reason)
{
	const enum cella_tcb_status now = v->current.status;

	if (!v->has_current)
		return true;
	if (now == CELLA_TCB_REVOKED) {
		*reason = "the module that runs now, or its platform, is revoked";
		return false;
	}
	if (!tcb_is_in_date(v->status) || !tcb_is_out_of_date(now) ||
	    (options & CELLA_ACCEPT(now)) != 0)
		return true;
	*reason = "the module that runs now is out of date, unlike that of the launch";
	return false;
}

bool appraise_accepts_status(const struct cella_verdict *v, const char **reason)
{
	const uint32_t options = v->accept | CELLA_ACCEPT(CELLA_TCB_UP_TO_DATE);
	const enum cella_tcb_status qe = slot_status(v, SLOT_QE);

	*reason = NULL;
	if (!accepts_present(v, options, reason))
		return false;
	if ((options & CELLA_ACCEPT(v->status)) != 0)
		return true;
	if ((v->appraisal->accept & CELLA_ACCEPT(v->status)) == 0)
		return false;
	/* The platform's policy speaks of the platform: an SGX platform includes its
	 * quoting enclave, a TDX platform does not. */
	if (!verdict_is_tdx(v) || (options & CELLA_ACCEPT(qe)) != 0 ||
	    holds(&v->appraisal->slots[SLOT_QE]))
		return true;
	*reason =
		"the quoting enclave is not up to date, and no policy for it accepts that";
	return false;
}

/* --- life ---------------------------------------------------------------------------- */

static enum cella_status keep_policies(struct cella_verdict *v,
				       const struct cella_verify_options *options,
				       struct cella_error *err)
{
	struct appraisal *const a = v->appraisal;

	if (options->num_policies > CELLA_POLICIES_MAX)
		return error_set(err, CELLA_LIMIT, "options: %zu policies, at most %zu",
				 options->num_policies, CELLA_POLICIES_MAX);
	for (size_t i = 0; i < options->num_policies; i++) {
		if (options->policies[i] == NULL)
			return error_set(err, CELLA_USAGE, "options: policy %zu is null",
					 i);
		a->policies[a->num_policies++] = cella_policy_ref(options->policies[i]);
	}
	return CELLA_OK;
}

enum cella_status appraise(struct cella_verdict *v,
			   const struct cella_verify_options *options,
			   struct cella_error *err)
{
	struct appraisal *const a = arena_alloc(&v->arena, 1, sizeof *a);

	TRY(arena_status(&v->arena, err));
	v->appraisal = a;
	TRY(keep_policies(v, options, err));
	for (int group = 0; group < DATES_COUNT; group++)
		a->grace_s[group] = v->grace_s;
	for (int s = 0; s < SLOT_COUNT; s++) {
		a->slots[s].class = evidence_class(&v->facts, (enum policy_slot)s);
		a->slots[s].exists = a->slots[s].class != NULL;
	}
	choose(v);
	widen(v);
	return CELLA_OK;
}

void appraise_done(struct cella_verdict *v)
{
	struct appraisal *const a = v->appraisal;

	for (size_t i = 0; a != NULL && i < a->num_policies; i++)
		cella_policy_unref(a->policies[i]);
	v->appraisal = NULL;
}
