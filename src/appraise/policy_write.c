/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New policies from what is known of a workload.
 */
#include "appraise/appraise.h"

#include "appraise/condition.h"
#include "appraise/intel_result.h"
#include "appraise/policy_events.h"
#include "evidence/event_report.h"
#include "verify/dcap.h"

#include <stdio.h>
#include <string.h>

struct writer {
	const struct cella_policy_draft *draft;
	const struct policy_class *class;
	struct register_replay
		registers[NUM_PCRS]; /* of the event log, if there is one */
	json_t *array;               /* of elements */
	struct cella_error *err;
};

/* --- which keys ---------------------------------------------------------------------- */

static bool is_among(const char *name, const char *const *names, size_t num_names)
{
	for (size_t i = 0; i < num_names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool is_wanted(const struct writer *w, const struct policy_key *key)
{
	if (w->draft->num_only > 0)
		return is_among(key->name, w->draft->only, w->draft->num_only);
	return !is_among(key->name, w->draft->without, w->draft->num_without);
}

/* A report always has the field; it says something in the bodies that quotes carry it in. */
static bool is_service_td_silent(const struct cella_facts *facts)
{
	struct cella_bytes bytes = { 0 };
	uint64_t body_type = 0;

	return cella_facts_get(facts, CELLA_FACT_MR_SERVICETD, &bytes) &&
	       bytes_are_zero(bytes) &&
	       !cella_facts_get_number(facts, CELLA_FACT_BODY_TYPE, &body_type);
}

static bool has_value(const struct writer *w, const struct policy_key *key)
{
	const struct cella_facts *const facts = w->draft->facts;
	uint8_t bytes[POLICY_MAX_BYTES];
	uint64_t number = 0;

	switch (key->kind) {
	case CONDITION_BYTES:
		if (key->fact == CELLA_FACT_MR_SERVICETD && is_service_td_silent(facts))
			return false;
		return condition_bytes(facts, key, bytes);
	case CONDITION_NUMBER:
	case CONDITION_NUMBER_MIN:
		return cella_facts_get_number(facts, key->fact, &number);
	case CONDITION_TEXTS:
		return facts->values[key->fact].type == FACT_TEXTS;
	case CONDITION_EVENTS:
		return w->draft->event_log != NULL &&
		       w->registers[policy_events_register(key)].finding ==
			       REGISTER_MATCHES;
	case CONDITION_NAME: /* of a verdict, and verifiers' to demand */
	case CONDITION_UNKNOWN:
	case CONDITION_STATUSES:
	case CONDITION_GRACE:
	case CONDITION_PLATFORM_GRACE:
	case CONDITION_MIN_DATE:
	case CONDITION_MIN_EVAL:
	case CONDITION_ADVISORIES:
	case CONDITION_FLAG:
	case CONDITION_KIND_COUNT:
		break;
	}
	return false;
}

static enum cella_status check_names(const struct writer *w, const char *const *names,
				     size_t num_names)
{
	for (size_t i = 0; i < num_names; i++) {
		const struct policy_key *const key = policy_key_find(w->class, names[i]);

		if (key == NULL || key->means != NULL)
			return error_set(w->err, CELLA_USAGE,
					 "policy: \"%.40s\" is not a key of %s", names[i],
					 w->class->name);
	}
	return CELLA_OK;
}

static enum cella_status check_only(const struct writer *w)
{
	for (size_t i = 0; i < w->draft->num_only; i++) {
		const char *const name = w->draft->only[i];

		if (!has_value(w, policy_key_find(w->class, name)))
			return error_set(
				w->err, CELLA_USAGE,
				"policy: %s: what is described has no such value", name);
	}
	return CELLA_OK;
}

/* --- values -------------------------------------------------------------------------- */

/* Of a signed enclave: what the signer leaves open stays open, but never debugging. */
static void signed_attributes(const struct cella_facts *facts,
			      const struct policy_key *key, uint8_t *value, uint8_t *mask)
{
	enum { SGX_ATTR_INIT = 1 };
	struct cella_bytes bytes = { 0 };
	uint64_t number = 0;

	if (key->fact == CELLA_FACT_SGX_ATTRIBUTES &&
	    cella_facts_get(facts, CELLA_FACT_SGX_ATTRIBUTES_MASK, &bytes)) {
		memcpy(mask, bytes.data, bytes.len);
		mask[0] |= SGX_ATTR_INIT | SGX_ATTR_DEBUG;
		value[0] |= SGX_ATTR_INIT;
	}
	if (key->fact == CELLA_FACT_MISCSELECT &&
	    cella_facts_get_number(facts, CELLA_FACT_MISCSELECT_MASK, &number))
		for (size_t i = 0; i < key->len; i++)
			mask[i] = (uint8_t)(number >> (8 * i));
}

static enum cella_status put_bytes(const struct writer *w, json_t *reference,
				   const struct policy_key *key)
{
	uint8_t value[POLICY_MAX_BYTES] = { 0 };
	uint8_t mask[POLICY_MAX_BYTES];
	char name[64];

	condition_bytes(w->draft->facts, key, value);
	if (w->class->is_ours)
		return json_put(reference, key->name, json_hex(bytes_of(value, key->len)),
				w->err);
	memset(mask, 0xff, sizeof mask);
	signed_attributes(w->draft->facts, key, value, mask);
	TRY(json_put(reference, key->name,
		     json_hex_reversed_upper(bytes_of(value, key->len)), w->err));
	if (!key->has_mask)
		return CELLA_OK;
	snprintf(name, sizeof name, "%s_mask", key->name);
	return json_put(reference, name,
			json_hex_reversed_upper(bytes_of(mask, key->len)), w->err);
}

static enum cella_status put_events(const struct writer *w, json_t *reference,
				    const struct policy_key *key)
{
	json_t *events = NULL;

	TRY(policy_events_write(w->draft->event_log, policy_events_register(key), &events,
				w->err));
	return json_put(reference, key->name, events, w->err);
}

static enum cella_status put_texts(const struct writer *w, json_t *reference,
				   const struct policy_key *key)
{
	const struct fact_value *const value = &w->draft->facts->values[key->fact];

	return json_put(reference, key->name,
			intel_texts(value->texts.items, value->texts.num_items), w->err);
}

static enum cella_status put_value(const struct writer *w, json_t *reference,
				   const struct policy_key *key)
{
	uint64_t number = 0;

	if (key->kind == CONDITION_BYTES)
		return put_bytes(w, reference, key);
	if (key->kind == CONDITION_EVENTS)
		return put_events(w, reference, key);
	if (key->kind == CONDITION_TEXTS)
		return put_texts(w, reference, key);
	cella_facts_get_number(w->draft->facts, key->fact, &number);
	return json_put(reference, key->name, json_integer((json_int_t)number), w->err);
}

/* --- elements ------------------------------------------------------------------------ */

static enum cella_status put_element(const struct writer *w,
				     const struct policy_class *class,
				     const char *description, json_t **reference)
{
	json_t *const element = json_object();

	TRY(json_add(w->array, element, w->err));
	TRY(json_put(element, "environment",
		     json_pack("{s:s, s:s}", "class_id", class->uuid, "description",
			       description),
		     w->err));
	*reference = json_object();
	return json_put(element, "reference", *reference, w->err);
}

static enum cella_status put_tenant(const struct writer *w)
{
	const char *const description = w->draft->description != NULL
						? w->draft->description
						: w->class->draft_description;
	json_t *reference = NULL;

	TRY(put_element(w, w->class, description, &reference));
	for (size_t i = 0; i < num_policy_keys; i++) {
		const struct policy_key *const key = &policy_keys[i];

		if (key->means == NULL && policy_key_find(w->class, key->name) == key &&
		    is_wanted(w, key) && has_value(w, key))
			TRY(put_value(w, reference, key));
	}
	if (json_object_size(reference) == 0)
		return error_set(w->err, CELLA_USAGE,
				 "policy: nothing is left that it could demand");
	return CELLA_OK;
}

static enum cella_status put_strict(const struct writer *w, enum policy_slot slot)
{
	const struct policy_class *const class = evidence_class(w->draft->facts, slot);
	json_t *reference = NULL;

	if (class == NULL)
		return CELLA_OK;
	TRY(put_element(w, class, class->draft_description, &reference));
	TRY(json_put(reference, "accepted_tcb_status", json_pack("[s]", "UpToDate"),
		     w->err));
	return json_put(reference, "collateral_grace_period", json_integer(0), w->err);
}

static const char *warning_of(const struct cella_facts *facts)
{
	struct cella_bytes attributes = { 0 };
	bool is_debug = false;

	if (cella_facts_get_bool(facts, CELLA_FACT_EVM_DEBUG, &is_debug) && is_debug)
		return "the enclave can be debugged: its evidence is always refused";
	if (cella_facts_get(facts, CELLA_FACT_TD_ATTRIBUTES, &attributes) &&
	    (attributes.data[0] & TD_ATTR_UNTRUSTED) != 0)
		return "the TD can be debugged or profiled: its evidence is always refused";
	if (cella_facts_get(facts, CELLA_FACT_SGX_ATTRIBUTES, &attributes) &&
	    (attributes.data[0] & SGX_ATTR_DEBUG) != 0)
		return "the enclave can be debugged: its evidence is always refused";
	return NULL;
}

/* --- the event log ------------------------------------------------------------------- */

static enum cella_status no_registers(const struct writer *w)
{
	return error_set(w->err, CELLA_USAGE,
			 "policy: an event log, but not of a TD's evidence, nor of an "
			 "enclave's");
}

static enum cella_status replay_register(struct writer *w, const struct policy_key *key)
{
	const unsigned reg = policy_events_register(key);
	const struct cella_event_log *const log = w->draft->event_log;
	const int place = log->kind == CELLA_EVENT_LOG_CC
				  ? 0
				  : event_log_hash(log, CELLA_HASH_SHA256);
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct cella_bytes actual = { 0 };
	const char *divergence = "";

	if (!cella_facts_get(w->draft->facts, key->fact, &actual))
		return no_registers(w);
	TRY(register_replay(log, (size_t)place, reg, actual, &w->registers[reg], w->err));
	if (w->registers[reg].finding != REGISTER_DIFFERS)
		return CELLA_OK;
	TRY(divergence_text(log, &w->registers[reg], &arena, &divergence, w->err));
	return error_set(w->err, CELLA_MALFORMED,
			 "event log: does not lead to the evidence's %s: %s",
			 register_name(log, reg, &arena), divergence);
}

/* Reference values come from a log that the evidence bears out, or from none. */
static enum cella_status replay_log(struct writer *w)
{
	bool has_registers = false;

	if (w->draft->event_log == NULL)
		return CELLA_OK;
	if ((w->draft->event_log->kind == CELLA_EVENT_LOG_CC) == w->class->is_ours)
		return error_set(
			w->err, CELLA_UNSUPPORTED,
			w->class->is_ours
				? "policy: the event log is a TD's, not a TPM's"
				: "policy: the event log is a TPM's, not a TD's");
	for (size_t i = 0; i < num_policy_keys; i++) {
		const struct policy_key *const key = &policy_keys[i];

		if (key->kind != CONDITION_EVENTS ||
		    policy_key_find(w->class, key->name) != key)
			continue;
		has_registers = true;
		TRY(replay_register(w, key));
	}
	return has_registers ? CELLA_OK : no_registers(w);
}

static enum cella_status write_policy(struct writer *w, json_t *root)
{
	const struct cella_policy_draft *const draft = w->draft;

	TRY(replay_log(w));
	TRY(check_names(w, draft->only, draft->num_only));
	TRY(check_names(w, draft->without, draft->num_without));
	TRY(check_only(w));
	w->array = json_array();
	TRY(json_put(root, "policy_array", w->array, w->err));
	TRY(put_tenant(w));
	if (!draft->with_platform)
		return CELLA_OK;
	TRY(put_strict(w, SLOT_PLATFORM));
	return put_strict(w, SLOT_QE);
}

enum cella_status cella_policy_write(const struct cella_policy_draft *draft, char **text,
				     const char **warning, struct cella_error *err)
{
	struct writer w = { .draft = draft, .err = err };
	json_t *root CLEANUP_JSON = NULL;

	if (draft == NULL || draft->size != sizeof *draft || draft->facts == NULL ||
	    text == NULL || warning == NULL)
		return error_set(err, CELLA_USAGE, "policy draft: not filled in");
	w.class = evidence_class(draft->facts, SLOT_TENANT);
	if (w.class == NULL)
		return error_set(err, CELLA_UNSUPPORTED,
				 "policy: neither a TD nor an enclave is described");
	root = json_object();
	if (root == NULL)
		return error_nomem(err);
	TRY(write_policy(&w, root));
	TRY(json_write(root, true, text, err));
	*warning = warning_of(draft->facts);
	return CELLA_OK;
}
