/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policies' checks: who signed them, which element was chosen, each of its conditions.
 */
#include "appraise/appraise.h"

#include "appraise/condition.h"
#include "verify/dcap.h"

#include <assert.h>
#include <string.h>

/* Two checks per policy and question, one per slot and per condition, and the rest. */
static_assert(2 * 2 * CELLA_POLICIES_MAX + SLOT_COUNT * (1 + POLICY_MAX_KEYS) +
			      CHECK_COUNT + NUM_PCRS <=
		      VERDICT_MAX_CHECKS,
	      "a verdict holds every check that policies can make");

static enum check_id family_of(enum policy_slot slot)
{
	return slot == SLOT_TENANT ? CHECK_POLICY : CHECK_POLICY_TCB;
}

/* --- standing ------------------------------------------------------------------------ */

static bool speaks_of(const struct cella_policy *policy, enum check_id family)
{
	for (size_t i = 0; i < policy->num_elements; i++)
		if (family_of(policy->elements[i].class->slot) == family)
			return true;
	return false;
}

static void tell_signature(struct cella_verdict *v, const struct cella_policy *policy,
			   enum check_id family)
{
	const bool good = policy->standing != CELLA_POLICY_BAD_SIGNATURE;

	if (policy->owner[0] == '\0')
		return;
	verdict_check_named(v, family, "policy.signature", outcome_if(good),
			    "signed by the key in its header",
			    good ? NULL : "not a signature by that key",
			    arena_text(&v->arena, "policy %s", policy->short_digest));
	verdict_remedy(v, "the policy was altered: get it from its owner again");
}

static const char *owner_text(struct cella_verdict *v, const struct cella_policy *policy)
{
	return policy->owner[0] == '\0' ? "not signed"
					: arena_text(&v->arena, "key %s", policy->owner);
}

/* An owner is asked for when owners are pinned, and always of what the network gave. */
static void tell_owner(struct cella_verdict *v, const struct cella_policy *policy,
		       enum check_id family)
{
	const bool is_remote = policy->source == CELLA_POLICY_REMOTE;
	enum cella_outcome outcome;

	if (policy->standing == CELLA_POLICY_BAD_SIGNATURE ||
	    (!is_remote && policy->num_pins == 0))
		return;
	if (policy->standing == CELLA_POLICY_OWNER_PINNED)
		outcome = CELLA_CHECK_PASS;
	else
		outcome = is_remote ? CELLA_CHECK_NOT_EVALUATED : CELLA_CHECK_FAIL;
	verdict_check_named(
		v, family, "policy.owner", outcome,
		policy->num_pins == 0
			? "a pinned owner: a policy from the network judges only then"
			: arena_text(&v->arena, "one of %zu pinned owners",
				     policy->num_pins),
		owner_text(v, policy),
		arena_text(&v->arena, "policy %s", policy->short_digest));
	verdict_remedy(v, "have a pinned owner sign it, or pin its owner's key");
}

static void tell_standing(struct cella_verdict *v, enum check_id family)
{
	for (size_t i = 0; i < v->appraisal->num_policies; i++) {
		const struct cella_policy *const policy = v->appraisal->policies[i];

		if (!speaks_of(policy, family))
			continue;
		tell_signature(v, policy, family);
		tell_owner(v, policy, family);
	}
}

static void warn_of_owners(struct cella_verdict *v)
{
	for (size_t i = 0; i < v->appraisal->num_policies; i++) {
		const struct cella_policy *const policy = v->appraisal->policies[i];

		if (policy->standing == CELLA_POLICY_SELF_SIGNED)
			verdict_warn(v, arena_text(&v->arena,
						   "policy self-signed: %s, by key %s, "
						   "which nobody pinned",
						   policy->short_digest, policy->owner));
	}
}

/* --- elements ------------------------------------------------------------------------ */

/* "guest TD 1.0, SGX enclave": what the policies have elements for. */
static const char *classes_given(struct cella_verdict *v, enum check_id family)
{
	const char *text = "";

	for (size_t class = 0; class < CLASS_COUNT; class ++) {
		bool given = false;

		if (family_of(policy_classes[class].slot) != family)
			continue;
		for (size_t p = 0; p < v->appraisal->num_policies; p++) {
			const struct cella_policy *const policy =
				v->appraisal->policies[p];

			for (size_t i = 0; i < policy->num_elements; i++)
				given = given || (policy_judges(policy) &&
						  policy->elements[i].class ==
							  &policy_classes[class]);
		}
		if (given)
			text = arena_text(&v->arena, "%s%s%s", text,
					  *text != '\0' ? ", " : "",
					  policy_classes[class].name);
	}
	return text;
}

static const char *chosen_where(struct cella_verdict *v, const struct slot_appraisal *s)
{
	if (s->num_alternatives == 1)
		return s->element->where;
	return arena_text(&v->arena,
			  s->outcome == CELLA_CHECK_PASS
				  ? "%s, chosen among %zu alternatives"
				  : "%s, the closest of %zu alternatives; none holds",
			  s->element->where, s->num_alternatives);
}

static void tell_conditions(struct cella_verdict *v, enum policy_slot slot,
			    const char *where)
{
	const struct policy_element *const e = v->appraisal->slots[slot].element;

	for (size_t i = 0; i < e->num_conditions; i++) {
		const struct policy_condition *const c = &e->conditions[i];
		const char *const id =
			c->key != NULL ? c->key->check_id
				       : arena_text(&v->arena, "policy.%s", c->name);

		verdict_check_named(v, family_of(slot), id, condition_judge(v, slot, c),
				    condition_expected(&v->arena, c),
				    condition_actual(&v->arena, v, slot, c), where);
		verdict_remedy(v, c->key != NULL
					  ? c->key->remedy
					  : "remove the key or correct it: 'cella policy "
					    "lint' names likely ones");
	}
	if (e->num_conditions == 0 && slot == SLOT_TENANT) {
		verdict_check_named(v, family_of(slot), "policy.reference",
				    CELLA_CHECK_FAIL, "at least one condition", "none",
				    where);
		verdict_remedy(v, "name what the workload must be: 'cella policy new'");
	}
}

static void tell_missing(struct cella_verdict *v, enum policy_slot slot)
{
	const struct policy_class *const class = v->appraisal->slots[slot].class;

	if (class == NULL) {
		verdict_check_named(v, family_of(slot), "policy.class", CELLA_CHECK_FAIL,
				    "evidence of a platform that its vendor certifies",
				    "an Enclave VM's, of which a host says what it is",
				    "policies");
		verdict_remedy(v, "leave platforms out of policies for Enclave VMs");
		return;
	}
	verdict_check_named(
		v, family_of(slot), "policy.class", CELLA_CHECK_FAIL,
		arena_text(&v->arena, "an element for %s (%s)", class->name, class->uuid),
		arena_text(&v->arena, "elements for %s only",
			   classes_given(v, family_of(slot))),
		"policies");
	verdict_remedy(v, "add an element for this class of evidence");
}

/* True when elements were given that ought to judge this slot, or a like one elsewhere. */
static bool is_asked(const struct cella_verdict *v, enum policy_slot slot)
{
	const struct slot_appraisal *const slots = v->appraisal->slots;

	if (slot == SLOT_PLATFORM && !slots[SLOT_QE].exists)
		return slots[SLOT_PLATFORM].num_elements + slots[SLOT_QE].num_elements >
		       0;
	return slots[slot].exists && slots[slot].num_elements > 0;
}

static void tell_chosen(struct cella_verdict *v, enum policy_slot slot)
{
	const struct slot_appraisal *const s = &v->appraisal->slots[slot];
	const char *const where = chosen_where(v, s);

	verdict_check_named(v, family_of(slot), "policy.class", CELLA_CHECK_PASS,
			    s->class->name, s->class->name, where);
	tell_conditions(v, slot, where);
}

static void tell_slot(struct cella_verdict *v, enum policy_slot slot)
{
	struct slot_appraisal *const s = &v->appraisal->slots[slot];

	if (!is_asked(v, slot))
		return;
	s->first_check = v->num_checks;
	if (s->element != NULL)
		tell_chosen(v, slot);
	else
		tell_missing(v, slot);
	s->num_checks = v->num_checks - s->first_check;
}

static void warn_of_tenant(struct cella_verdict *v)
{
	const struct slot_appraisal *const s = &v->appraisal->slots[SLOT_TENANT];

	if (s->element != NULL && s->outcome == CELLA_CHECK_PASS &&
	    !element_names_a_measurement(s->element))
		verdict_warn(v, "the policy names no measurement: any workload with such "
				"attributes meets it");
}

void appraise_tell(struct cella_verdict *v)
{
	tell_standing(v, CHECK_POLICY_TCB);
	tell_slot(v, SLOT_PLATFORM);
	tell_slot(v, SLOT_QE);
	tell_standing(v, CHECK_POLICY);
	tell_slot(v, SLOT_TENANT);
	warn_of_owners(v);
	warn_of_tenant(v);
}
