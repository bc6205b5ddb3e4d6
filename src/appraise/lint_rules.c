/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint of elements and documents, and what Intel's engines make of each key. That is
 * found out by probing, so that only the reasons are written down here.
 */
#include "appraise/lint.h"

#include "base/encode.h"

#include <stdio.h>
#include <string.h>

/* --- words ------------------------------------------------------------------------------- */

static const struct {
	const char *key;
	const char *reason;
} quirks[] = {
	{ "tdx_attributes",
	  "1.20 ignores the mask and needs the key, 1.22 needs the mask, 2026 takes "
	  "00000000FFFFFFFF for a missing one" },
	{ "tdx_xfam", "1.20 ignores the mask, 1.22 needs it" },
	{ "tdx _mrservicetd", "a misspelling of Intel's tool, which no engine knows" },
	{ "allow_dynamic_plaform",
	  "a misspelling of Intel's samples, which no engine knows" },
	{ "min_tcb_level_date", "their rule asks for a member that no policy has" },
	{ "accepted_platform_provider_ids", "reports do not carry the id" },
	{ "accepted_sgx_types", "their rule asks for sgx_type, reports say sgx_types" },
	{ "allow_cached_keys",
	  "their rule asks for cached_keys, reports say is_cached_keys_policy" },
	{ "allow_smt_enabled",
	  "their rule asks for smt_enabled, reports say is_smt_enabled" },
	{ "platform_grace_period", "they need collateral_grace_period 0 beside it" },
	{ "sgx_attributes", "they need the mask" },
	{ "sgx_miscselect", "they need the mask" },
	{ "sgx_ce_attributes", "quotes do not carry CE attributes" },
	{ "tdx_rtmr0_events", "a key of cella's own" },
	{ "tdx_rtmr1_events", "a key of cella's own" },
	{ "tdx_rtmr2_events", "a key of cella's own" },
	{ "tdx_rtmr3_events", "a key of cella's own" },
	{ "sgx_isvfamilyid",
	  "they put only the report's side into lower case: A to F never match" },
};

const char *lint_quirk(const struct policy_element *e, const struct policy_condition *c)
{
	const json_t *const value = json_object_get(e->reference, c->key->name);

	if (json_is_array(value) && c->kind != CONDITION_STATUSES &&
	    c->kind != CONDITION_EVENTS && c->kind != CONDITION_ADVISORIES &&
	    c->key->fact != CELLA_FACT_SGX_TYPE && c->key->fact != CELLA_FACT_PPID)
		return "they take one value, not a list";
	for (size_t i = 0; i < ARRAY_LEN(quirks); i++)
		if (strcmp(quirks[i].key, c->key->name) == 0)
			return quirks[i].reason;
	return NULL;
}

/* --- engines --------------------------------------------------------------------------------- */

static bool is_fine(enum engine_answer answer)
{
	return answer == ENGINE_ENFORCES || answer == ENGINE_VACUOUS;
}

static const char *with_reason(struct linter *l, const char *text, const char *reason)
{
	return reason != NULL ? arena_text(&l->arena, "%s (%s)", text, reason) : text;
}

static void tell_engines(struct linter *l, const struct policy_element *e,
			 const struct policy_condition *c,
			 const enum engine_answer answers[ENGINE_COUNT])
{
	const char *const reason = lint_quirk(e, c);
	const char *text = NULL;

	if (answers[0] == answers[1] && answers[1] == answers[2]) {
		text = arena_text(&l->arena,
				  "every engine of Intel's %s; cella enforces it",
				  engine_answer_words(answers[0]));
		lint_add(l, LINT_WARNING,
			 c->key->means != NULL ? "misspelt_key" : "dead_key", e,
			 c->key->name, with_reason(l, text, reason),
			 c->key->means != NULL
				 ? arena_text(&l->arena, "write %s", c->key->means)
				 : NULL);
		return;
	}
	text = arena_text(
		&l->arena, "Intel's engine 1.20 %s, 1.22 %s, 2026 %s; cella enforces it",
		engine_answer_words(answers[0]), engine_answer_words(answers[1]),
		engine_answer_words(answers[2]));
	lint_add(l, LINT_WARNING, "generations", e, c->key->name,
		 with_reason(l, text, reason), NULL);
}

static enum cella_status lint_engines(struct linter *l, const struct policy_element *e,
				      const struct policy_condition *c)
{
	enum engine_answer answers[ENGINE_COUNT];
	bool all_fine = true;

	/* No engine knows it; lint_condition() says what follows from that. */
	if (c->kind == CONDITION_EVENTS || e->class->is_ours)
		return CELLA_OK;
	for (int g = 0; g < ENGINE_COUNT; g++) {
		TRY(intel_engine_probe((enum engine_generation)g, e, c, &answers[g],
				       l->err));
		all_fine = all_fine && is_fine(answers[g]);
	}
	/* Where nobody lets it pass, nobody differs. */
	if (!all_fine && !l->never_matches)
		tell_engines(l, e, c, answers);
	return CELLA_OK;
}

/* An engine may refuse for want of a key, where no key of the element is to blame. */
static enum cella_status lint_needs(struct linter *l, const struct policy_element *e)
{
	for (int g = 0; g < ENGINE_COUNT && !e->class->is_ours; g++) {
		bool accepts = false;
		const char *flag = NULL;
		bool is_told = false;

		TRY(intel_engine_accepts((enum engine_generation)g, e, &accepts, &flag,
					 l->err));
		for (size_t i = 0; i < e->num_conditions; i++)
			is_told = is_told ||
				  (e->conditions[i].key != NULL && flag != NULL &&
				   strcmp(e->conditions[i].key->flag, flag) == 0);
		if (!accepts && !is_told)
			lint_add(l, LINT_WARNING, "engine_needs", e, NULL,
				 arena_text(&l->arena,
					    "Intel's engine %s lets nothing pass without "
					    "%sattributes",
					    engine_name((enum engine_generation)g),
					    e->class->is_tdx ? "tdx_" : "sgx_"),
				 "name the attributes, with their mask");
	}
	return CELLA_OK;
}

/* --- elements -------------------------------------------------------------------------------------------- */

/* True when a text has a part in any case; part is in lower case. */
static bool has_text(const char *text, const char *part)
{
	for (; *text != '\0'; text++) {
		size_t i = 0;

		while (part[i] != '\0' && ascii_lower(text[i]) == part[i])
			i++;
		if (part[i] == '\0')
			return true;
	}
	return false;
}

static void lint_tenant(struct linter *l, const struct policy_element *e)
{
	if (e->num_conditions == 0)
		lint_add(l, LINT_ERROR, "empty_reference", e, NULL,
			 "demands nothing: cella lets no workload pass, Intel's engines "
			 "any (1.20: none)",
			 "name what the workload must be: 'cella policy new'");
	else if (!element_names_a_measurement(e))
		lint_add(
			l, LINT_WARNING, "no_measurement", e, NULL,
			"names no measurement: any workload with such attributes meets it",
			"name one, tdx_mrtd or sgx_mrenclave for instance");
}

static void lint_platform(struct linter *l, const struct policy_element *e)
{
	if (element_find(e, CONDITION_GRACE) == NULL)
		lint_add(
			l, LINT_WARNING, "no_expiry", e, NULL,
			"says nothing of expiry: Intel's engines take expired collateral "
			"for ever, cella does not",
			element_find(e, CONDITION_MIN_EVAL) == NULL
				? "add collateral_grace_period 0"
				: NULL);
}

static void lint_members(struct linter *l, const json_t *object,
			 const struct policy_element *e, const char *const *known,
			 size_t num_known)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_mutable(object), name, value)
	{
		bool is_known = name[0] == '#';

		for (size_t i = 0; i < num_known; i++)
			is_known = is_known || strcmp(known[i], name) == 0;
		if (!is_known)
			lint_add(l, LINT_NOTE, "ignored_member", e,
				 policy_printable(&l->arena, name, POLICY_NAME_SHOWN),
				 "is ignored here", NULL);
	}
}

static enum cella_status lint_element(struct linter *l, const struct policy_element *e)
{
	for (size_t i = 0; i < e->num_conditions; i++) {
		l->never_matches = false;
		lint_condition(l, e, &e->conditions[i]);
		if (e->conditions[i].key != NULL)
			TRY(lint_engines(l, e, &e->conditions[i]));
	}
	if (e->class->slot == SLOT_TENANT)
		lint_tenant(l, e);
	else
		lint_platform(l, e);
	if (e->num_conditions > 0)
		TRY(lint_needs(l, e));
	if (has_text(e->description, "default"))
		lint_add(l, LINT_WARNING, "default_description", e, NULL,
			 "is described as a default: Intel's authentication of results "
			 "takes it for its own and does not check its signer",
			 "describe it in other words");
	if (json_object_get(e->reference, "user_data") != NULL)
		lint_add(l, LINT_NOTE, "user_data", e, "user_data",
			 "demands nothing: it is only echoed", NULL);
	return CELLA_OK;
}

/* --- alternatives -------------------------------------------------------------------------------------------- */

static const json_t *mask_of(const struct policy_element *e, const struct policy_key *key)
{
	char name[2 * POLICY_NAME_SHOWN];

	snprintf(name, sizeof name, "%s_mask", key->name);
	return json_object_get(e->reference, name);
}

static bool has_same_condition(const struct policy_element *e,
			       const struct policy_element *other,
			       const struct policy_condition *c)
{
	const json_t *mask, *other_mask;

	if (c->key == NULL)
		return false;
	mask = mask_of(e, c->key);
	other_mask = mask_of(other, c->key);
	return json_equal(json_object_get(e->reference, c->key->name),
			  json_object_get(other->reference, c->key->name)) &&
	       (mask == NULL ? other_mask == NULL : json_equal(mask, other_mask));
}

/* Whatever meets e meets other: other demands nothing that e does not. */
static bool is_shadowed_by(const struct policy_element *e,
			   const struct policy_element *other)
{
	for (size_t i = 0; i < other->num_conditions; i++)
		if (!has_same_condition(other, e, &other->conditions[i]))
			return false;
	return other->num_conditions > 0;
}

static void lint_pair(struct linter *l, const struct policy_element *earlier,
		      const struct policy_element *later)
{
	const struct policy_element *shadowed = NULL;
	const struct policy_element *shadow = NULL;

	if (earlier->class != later->class)
		return;
	if (is_shadowed_by(later, earlier)) {
		shadowed = later;
		shadow = earlier;
	} else if (is_shadowed_by(earlier, later)) {
		shadowed = earlier;
		shadow = later;
	}
	if (shadowed != NULL)
		lint_add(l, LINT_WARNING, "shadowed", shadowed, NULL,
			 arena_text(&l->arena,
				    "makes no difference: whatever meets it meets "
				    "policy_array[%zu]",
				    (size_t)(shadow - l->policy->elements)),
			 "remove one of them");
}

static void lint_alternatives(struct linter *l)
{
	const struct policy_element *const elements = l->policy->elements;
	uint32_t seen = 0;

	for (size_t i = 0; i < l->policy->num_elements; i++) {
		const uint32_t bit = CLASS_BIT(policy_class_id(elements[i].class));

		if ((seen & bit) != 0)
			lint_add(l, LINT_WARNING, "alternatives", &elements[i], NULL,
				 "is an alternative to another element of its class: "
				 "Intel's engines take one of each",
				 NULL);
		seen |= bit;
		for (size_t k = 0; k < i; k++)
			lint_pair(l, &elements[k], &elements[i]);
	}
}

/* --- the document -------------------------------------------------------------------------------------------- */

static void lint_document(struct linter *l)
{
	static const char *const top[] = { "policy_array" };
	static const char *const members[] = { "environment", "reference" };
	static const char *const environment[] = { "class_id", "description" };
	const json_t *const list = json_object_get(l->policy->json, "policy_array");

	lint_members(l, l->policy->json, NULL, top, ARRAY_LEN(top));
	for (size_t i = 0; i < l->policy->num_elements; i++) {
		const struct policy_element *const e = &l->policy->elements[i];

		lint_members(l, json_array_get(list, i), e, members, ARRAY_LEN(members));
		lint_members(l, e->environment, e, environment, ARRAY_LEN(environment));
	}
	if (l->policy->has_comments)
		lint_add(l, LINT_NOTE, "comments", NULL, NULL,
			 "has comments, which strict readers of JSON refuse",
			 "names that start with '#' are comments everywhere");
}

enum cella_status lint_rules(struct linter *l)
{
	for (size_t i = 0; i < l->policy->num_elements; i++)
		TRY(lint_element(l, &l->policy->elements[i]));
	lint_alternatives(l);
	lint_document(l);
	return CELLA_OK;
}
