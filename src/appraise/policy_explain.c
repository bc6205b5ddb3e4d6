/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies in words: what each element demands, and what Intel's engines make of it, in
 * general and for given evidence.
 */
#include "appraise/appraise.h"
#include "appraise/condition.h"
#include "appraise/intel_engine.h"
#include "appraise/intel_result.h"
#include "appraise/lint.h"
#include "base/civil.h"
#include "verify/dcap.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* One element, looked at from all sides. */
struct engine_view {
	bool accepts;     /* a report that meets the element */
	const char *flag; /* or the first flag that is false */
	enum engine_answer answers[POLICY_MAX_KEYS];
	bool says; /* of the evidence */
	bool flags[POLICY_MAX_FLAGS];
};

struct element_view {
	const struct policy_element *element;
	size_t index;
	struct engine_view engines[ENGINE_COUNT];
	bool has_evidence; /* the evidence has a report of this class that is known */
	enum cella_outcome outcome;
};

struct explainer {
	const struct cella_policy *policy;
	const struct cella_verdict *verdict; /* NULL: no evidence */
	struct arena arena;
	struct cella_error *err;
};

/* --- what the engines would see -------------------------------------------------------- */

/* Old engines take the dates of the identity's signers for those of the identity. */
static enum cella_status put_old_qe_dates(const struct explainer *x, json_t *measurement)
{
	const struct identity_doc *const identity = x->verdict->identity;
	int64_t expiry = INT64_MAX;

	if (identity == NULL || identity->doc.signer == NULL)
		return CELLA_OK;
	for (size_t i = 0; i < identity->doc.signer->chain.num_certs; i++) {
		const struct crypto_cert *const cert =
			identity->doc.signer->chain.certs[i]->x509;

		if (cert->not_after < expiry)
			expiry = cert->not_after;
	}
	if (expiry == INT64_MAX)
		return CELLA_OK;
	return json_put(measurement, "earliest_expiration_date", json_time(expiry),
			x->err);
}

/* Old engines take the platform level's date, the new one the older of it and the QE's. */
static enum cella_status put_level_date(const struct explainer *x,
					enum engine_generation generation,
					json_t *measurement)
{
	int64_t platform = 0;
	int64_t qe = 0;

	if (!cella_facts_get_time(&x->verdict->facts, CELLA_FACT_PLATFORM_TCB_DATE,
				  &platform))
		return CELLA_OK;
	if (generation == ENGINE_2026 &&
	    cella_facts_get_time(&x->verdict->facts, CELLA_FACT_QE_TCB_DATE, &qe) &&
	    qe < platform)
		platform = qe;
	return json_put(measurement, "tcb_level_date_tag", json_time(platform), x->err);
}

static enum cella_status measure(const struct explainer *x,
				 enum engine_generation generation, enum policy_slot slot,
				 json_t **out)
{
	json_t *made CLEANUP_JSON = NULL;

	TRY(intel_measurement(x->verdict, slot, &made, x->err));
	if (slot == SLOT_QE && generation != ENGINE_2026)
		TRY(put_old_qe_dates(x, made));
	if (slot == SLOT_PLATFORM)
		TRY(put_level_date(x, generation, made));
	*out = take(&made);
	return CELLA_OK;
}

static enum cella_status view_engine(const struct explainer *x, struct element_view *view,
				     enum engine_generation generation)
{
	struct engine_view *const engine = &view->engines[generation];
	const struct policy_element *const e = view->element;
	json_t *measurement CLEANUP_JSON = NULL;

	TRY(intel_engine_accepts(generation, e, &engine->accepts, &engine->flag, x->err));
	for (size_t i = 0; i < e->num_conditions; i++)
		TRY(intel_engine_probe(generation, e, &e->conditions[i],
				       &engine->answers[i], x->err));
	if (!view->has_evidence)
		return CELLA_OK;
	assert(x->verdict != NULL);
	TRY(measure(x, generation, e->class->slot, &measurement));
	engine->says = intel_engine_appraise(generation, e->class, e->reference,
					     measurement, x->verdict->time,
					     engine->flags);
	return CELLA_OK;
}

static enum cella_status view_element(const struct explainer *x, size_t index,
				      struct element_view *view)
{
	const struct policy_element *const e = &x->policy->elements[index];
	const struct cella_verdict *const v = x->verdict;

	*view = (struct element_view){ .element = e, .index = index };
	view->has_evidence = v != NULL &&
			     evidence_class(&v->facts, e->class->slot) == e->class &&
			     (e->class->slot == SLOT_TENANT || v->has_tcb);
	if (view->has_evidence)
		view->outcome = appraise_element(v, e);
	for (int g = 0; g < ENGINE_COUNT && !e->class->is_ours; g++)
		TRY(view_engine(x, view, (enum engine_generation)g));
	return CELLA_OK;
}

/* --- words --------------------------------------------------------------------------------- */

/* What the bits of an attribute mean, where all of them are demanded. */
static const char *meaning(struct explainer *x, const struct policy_condition *c)
{
	struct out text CLEANUP(out_done) = { 0 };
	uint64_t word = 0;

	if (c->key->fact != CELLA_FACT_TD_ATTRIBUTES || c->num_values != 1 ||
	    c->mask != NULL)
		return "";
	for (size_t i = 8; i > 0; i--)
		word = word << 8 | c->bytes[0][i - 1];
	td_attributes_text(word, &text);
	if (bits_unknown(word, td_attribute_bits, num_td_attribute_bits) != 0)
		out_text(&text, " and bits that are not known");
	return arena_text(&x->arena, " (%.*s)", (int)text.len, (const char *)text.data);
}

static const char *demand(struct explainer *x, const struct policy_condition *c)
{
	char span[32];

	switch (c->kind) {
	case CONDITION_UNKNOWN:
		return arena_text(&x->arena,
				  "\"%s\", which is not a key of this class: never holds",
				  c->name);
	case CONDITION_BYTES:
		return arena_text(&x->arena, "%s %s%s", c->key->demand,
				  condition_expected(&x->arena, c), meaning(x, c));
	case CONDITION_NUMBER:
	case CONDITION_STATUSES:
	case CONDITION_ADVISORIES:
	case CONDITION_MIN_DATE:
	case CONDITION_EVENTS:
	case CONDITION_TEXTS:
	case CONDITION_NAME:
		return arena_text(&x->arena, "%s %s", c->key->demand,
				  condition_expected(&x->arena, c));
	case CONDITION_NUMBER_MIN:
	case CONDITION_MIN_EVAL:
		return arena_text(&x->arena, "%s %llu", c->key->demand,
				  (unsigned long long)c->minimum);
	case CONDITION_GRACE:
	case CONDITION_PLATFORM_GRACE:
		return arena_text(&x->arena, "%s %s", c->key->demand,
				  c->seconds == 0 ? "no time"
						  : span_format(c->seconds, span));
	case CONDITION_FLAG:
		return arena_text(&x->arena, "%s %s", c->key->demand,
				  c->allow ? "yes" : "no");
	case CONDITION_KIND_COUNT:
		break;
	}
	return "";
}

/* What follows from what the element leaves unsaid. */
static const char *unsaid(const struct policy_element *e)
{
	if (e->class->slot == SLOT_TENANT)
		return e->num_conditions == 0 ? "nothing: no workload meets it" : NULL;
	if (element_find(e, CONDITION_GRACE) == NULL)
		return "collateral is not expired, or in the options' grace";
	return NULL;
}

static const char *flag_name(struct explainer *x, const struct policy_class *class,
			     const char *flag)
{
	return arena_text(&x->arena, "%s%s_check", class->flag_prefix, flag);
}

/* Whether each engine accepts a report that meets the element, on one line. */
static void write_engines(struct explainer *x, const struct element_view *view,
			  struct out *out)
{
	out_text(out, "  Intel's engines, of a report that meets it\n   ");
	for (int g = 0; g < ENGINE_COUNT; g++) {
		const struct engine_view *const engine = &view->engines[g];

		out_format(out, "%s %s %s", g > 0 ? "," : "",
			   engine_name((enum engine_generation)g),
			   engine->accepts ? "accepts" : "REFUSES");
		if (!engine->accepts)
			out_format(out, " (%s)",
				   flag_name(x, view->element->class, engine->flag));
	}
	out_text(out, "\n");
}

/* What an engine makes of a key, where any of them does not simply enforce it. */
static void write_remark(const struct element_view *view, size_t index, struct out *out)
{
	const struct policy_element *const e = view->element;
	const struct policy_condition *const c = &e->conditions[index];
	const char *const quirk = c->key != NULL ? lint_quirk(e, c) : NULL;
	bool is_remarkable = false;

	for (int g = 0; g < ENGINE_COUNT; g++) {
		const enum engine_answer answer = view->engines[g].answers[index];

		is_remarkable = is_remarkable ||
				(answer != ENGINE_ENFORCES && answer != ENGINE_VACUOUS);
	}
	if (!is_remarkable)
		return;
	out_format(out, "    %s:", c->name);
	for (int g = 0; g < ENGINE_COUNT; g++)
		out_format(out, "%s %s %s", g > 0 ? "," : "",
			   engine_name((enum engine_generation)g),
			   engine_answer_words(view->engines[g].answers[index]));
	if (quirk != NULL)
		out_format(out, "\n      %s", quirk);
	out_text(out, "\n");
}

static void write_false_flags(struct explainer *x, const struct element_view *view,
			      const struct engine_view *engine, struct out *out)
{
	const struct policy_class *const class = view->element->class;

	for (size_t i = 0; class->flags[i] != NULL; i++)
		if (!engine->flags[i])
			out_format(out, " %s", flag_name(x, class, class->flags[i]));
}

static const char *outcome_word(enum cella_outcome outcome)
{
	static const char *const words[] = { "NO", "yes", "unknown" };

	return words[outcome];
}

static void write_evidence(struct explainer *x, const struct element_view *view,
			   struct out *out)
{
	if (!view->has_evidence) {
		if (x->verdict != NULL)
			out_text(out,
				 "  the evidence says nothing about it: another class, "
				 "or no collateral\n");
		return;
	}
	out_format(out, "  for this evidence\n    %-5s %s\n", "cella",
		   outcome_word(view->outcome));
	for (int g = 0; g < ENGINE_COUNT && !view->element->class->is_ours; g++) {
		const struct engine_view *const engine = &view->engines[g];

		out_format(out, "    %-5s %s", engine_name((enum engine_generation)g),
			   engine->says ? "yes" : "NO");
		if (!engine->says)
			write_false_flags(x, view, engine, out);
		if (engine->says != (view->outcome == CELLA_CHECK_PASS))
			out_text(out, "  <- differs from cella");
		out_text(out, "\n");
	}
}

static void write_element(struct explainer *x, const struct element_view *view,
			  struct out *out)
{
	const struct policy_element *const e = view->element;
	const char *const more = unsaid(e);

	out_format(out, "\npolicy_array[%zu]: %s \"%s\"\n  demands that\n", view->index,
		   e->class->name,
		   policy_printable(&x->arena, e->description, POLICY_TEXT_SHOWN));
	for (size_t i = 0; i < e->num_conditions; i++)
		out_format(out, "    %s\n", demand(x, &e->conditions[i]));
	if (more != NULL)
		out_format(out, "    %s\n", more);
	if (!e->class->is_ours) {
		write_engines(x, view, out);
		for (size_t i = 0; i < e->num_conditions; i++)
			write_remark(view, i, out);
	}
	write_evidence(x, view, out);
}

/* Elements of one class, told once. */
static void write_alternatives(const struct explainer *x, struct out *out)
{
	for (size_t class = 0; class < CLASS_COUNT; class ++) {
		size_t num = 0;

		for (size_t i = 0; i < x->policy->num_elements; i++)
			num += x->policy->elements[i].class == &policy_classes[class];
		if (num > 1)
			out_format(
				out,
				"\n%zu elements for %s are alternatives: one is enough. "
				"Intel's engines take one only.\n",
				num, policy_classes[class].name);
	}
}

static enum cella_status write_text(struct explainer *x, char **text)
{
	struct out out CLEANUP(out_done) = { 0 };
	const char *const owner = cella_policy_owner(x->policy);

	out_text(&out, "policy ");
	for (size_t i = 0; i < SHA256_LEN; i++)
		out_format(&out, "%02x", x->policy->digest[i]);
	out_format(&out, "\n%s%s%s\n", cella_policy_standing_name(x->policy->standing),
		   owner != NULL ? ", key " : "", owner != NULL ? owner : "");
	for (size_t i = 0; i < x->policy->num_elements; i++) {
		struct element_view view;

		TRY(view_element(x, i, &view));
		write_element(x, &view, &out);
	}
	write_alternatives(x, &out);
	TRY(arena_status(&x->arena, x->err));
	return out_take_text(&out, text, x->err);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static enum cella_status put_demands(json_t *item, struct explainer *x,
				     const struct policy_element *e)
{
	json_t *const list = json_array();

	TRY(json_put(item, "demands", list, x->err));
	for (size_t i = 0; i < e->num_conditions; i++) {
		json_t *const one = json_object();

		TRY(json_add(list, one, x->err));
		TRY(json_put(one, "key", json_string(e->conditions[i].name), x->err));
		TRY(json_put(one, "words", json_string(demand(x, &e->conditions[i])),
			     x->err));
	}
	return CELLA_OK;
}

static enum cella_status put_engine(json_t *list, struct explainer *x,
				    const struct element_view *view,
				    enum engine_generation generation)
{
	const struct engine_view *const engine = &view->engines[generation];
	const struct policy_element *const e = view->element;
	json_t *const item = json_object();
	json_t *keys;

	TRY(json_add(list, item, x->err));
	TRY(json_put(item, "generation", json_string(engine_name(generation)), x->err));
	TRY(json_put(item, "accepts_what_meets_it", json_boolean(engine->accepts),
		     x->err));
	TRY(json_put(item, "says",
		     view->has_evidence ? json_boolean(engine->says) : json_null(),
		     x->err));
	keys = json_object();
	TRY(json_put(item, "keys", keys, x->err));
	for (size_t i = 0; i < e->num_conditions; i++)
		TRY(json_put(keys, e->conditions[i].name,
			     json_string(engine_answer_name(engine->answers[i])),
			     x->err));
	return CELLA_OK;
}

static enum cella_status put_element(json_t *list, struct explainer *x, size_t index)
{
	json_t *const item = json_object();
	struct element_view view;
	json_t *engines;

	TRY(json_add(list, item, x->err));
	TRY(view_element(x, index, &view));
	TRY(json_put(item, "class_id", json_string(view.element->class->uuid), x->err));
	TRY(json_put(item, "class", json_string(view.element->class->name), x->err));
	TRY(json_put(item, "description", json_string(view.element->description),
		     x->err));
	TRY(put_demands(item, x, view.element));
	TRY(json_put(item, "cella_says",
		     view.has_evidence ? json_string(cella_outcome_name(view.outcome))
				       : json_null(),
		     x->err));
	engines = json_array();
	TRY(json_put(item, "engines", engines, x->err));
	for (int g = 0; g < ENGINE_COUNT && !view.element->class->is_ours; g++)
		TRY(put_engine(engines, x, &view, (enum engine_generation)g));
	return CELLA_OK;
}

static enum cella_status write_json(struct explainer *x, char **text)
{
	json_t *root CLEANUP_JSON = json_object();
	const char *const owner = cella_policy_owner(x->policy);
	json_t *list;

	if (root == NULL)
		return error_nomem(x->err);
	TRY(json_put(root, "schema", json_string("cella-policy-explain-1"), x->err));
	TRY(json_put(root, "digest", json_hex(cella_policy_digest(x->policy)), x->err));
	TRY(json_put(root, "standing",
		     json_string(cella_policy_standing_name(x->policy->standing)),
		     x->err));
	TRY(json_put(root, "owner", owner != NULL ? json_string(owner) : json_null(),
		     x->err));
	list = json_array();
	TRY(json_put(root, "elements", list, x->err));
	for (size_t i = 0; i < x->policy->num_elements; i++)
		TRY(put_element(list, x, i));
	TRY(arena_status(&x->arena, x->err));
	return json_write(root, true, text, x->err);
}

enum cella_status cella_policy_explain(const struct cella_policy *policy,
				       const struct cella_verdict *verdict, bool as_json,
				       char **text, struct cella_error *err)
{
	struct explainer x = { .policy = policy, .verdict = verdict, .err = err };
	enum cella_status status;

	if (policy == NULL || text == NULL)
		return error_set(err, CELLA_USAGE, "policy explain: null argument");
	status = as_json ? write_json(&x, text) : write_text(&x, text);
	arena_done(&x.arena);
	return status;
}
