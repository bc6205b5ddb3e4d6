/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a verdict, and its JSON form (doc/verdict.schema.json).
 */
#include "appraise/appraise.h"
#include "appraise/explain.h"
#include "appraise/verdict_json.h"
#include "base/json.h"
#include "verify/dcap.h"
#include "verify/evm_check.h"

#include <string.h>

enum cella_result cella_verdict_result(const struct cella_verdict *verdict)
{
	return verdict->result;
}

enum cella_answer cella_verdict_answer(const struct cella_verdict *verdict,
				       enum cella_question question)
{
	return verdict->answers[question];
}

enum cella_tcb_status cella_verdict_status(const struct cella_verdict *verdict)
{
	return verdict->status;
}

const char *cella_verdict_root(const struct cella_verdict *verdict)
{
	return verdict->root[0] != '\0' ? verdict->root : NULL;
}

const struct cella_facts *cella_verdict_facts(const struct cella_verdict *verdict)
{
	return &verdict->facts;
}

size_t cella_verdict_num_checks(const struct cella_verdict *verdict)
{
	return verdict->num_checks;
}

const struct cella_check *cella_verdict_check(const struct cella_verdict *verdict,
					      size_t index)
{
	return index < verdict->num_checks ? &verdict->checks[index] : NULL;
}

static json_t *text_or_null(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

static enum cella_status put_answers(json_t *root, const struct cella_verdict *v,
				     struct cella_error *err)
{
	json_t *const answers = json_object();

	TRY(json_put(root, "answers", answers, err));
	for (int q = 0; q < CELLA_QUESTION_COUNT; q++)
		TRY(json_put(answers, cella_question_name((enum cella_question)q),
			     json_string(cella_answer_name(v->answers[q])), err));
	return CELLA_OK;
}

enum cella_status check_json(const struct cella_check *c, json_t *array,
			     struct cella_error *err)
{
	json_t *const item = json_object();

	TRY(json_add(array, item, err));
	TRY(json_put(item, "id", json_string(c->id), err));
	TRY(json_put(item, "question", json_string(cella_question_name(c->question)),
		     err));
	TRY(json_put(item, "outcome", json_string(cella_outcome_name(c->outcome)), err));
	TRY(json_put(item, "title", json_string(c->title), err));
	TRY(json_put(item, "expected", text_or_null(c->expected), err));
	TRY(json_put(item, "actual", text_or_null(c->actual), err));
	TRY(json_put(item, "where", text_or_null(c->where), err));
	return json_put(item, "remedy", text_or_null(c->remedy), err);
}

static enum cella_status put_checks(json_t *root, const struct cella_verdict *v,
				    struct cella_error *err)
{
	json_t *const checks = json_array();

	TRY(json_put(root, "checks", checks, err));
	for (size_t i = 0; i < v->num_checks; i++)
		TRY(check_json(&v->checks[i], checks, err));
	return CELLA_OK;
}

static json_t *fact_json(const struct cella_facts *facts, enum cella_fact fact)
{
	const struct fact_value *const value = &facts->values[fact];
	json_t *list;

	switch (value->type) {
	case FACT_BYTES:
		return json_hex(value->bytes);
	case FACT_NUMBER:
		return json_integer((json_int_t)value->number);
	case FACT_BOOL:
		return json_boolean(value->truth);
	case FACT_TIME:
		return json_time(value->time);
	case FACT_TEXT:
		return json_string(value->text);
	case FACT_TEXTS:
		list = json_array();
		for (size_t i = 0; list != NULL && i < value->texts.num_items; i++)
			if (json_array_append_new(
				    list, json_string(value->texts.items[i])) != 0) {
				json_decref(list);
				return NULL;
			}
		return list;
	case FACT_ABSENT:
		break;
	}
	return json_null();
}

/* A range of facts as an object; those that are absent are left out. */
static enum cella_status put_facts(json_t *root, const char *name,
				   const struct cella_facts *facts, enum cella_fact first,
				   enum cella_fact last, struct cella_error *err)
{
	json_t *const object = json_object();

	TRY(json_put(root, name, object, err));
	for (int i = (int)first; i <= (int)last; i++) {
		const enum cella_fact fact = (enum cella_fact)i;

		if (facts->values[fact].type == FACT_ABSENT)
			continue;
		TRY(json_put(object, cella_fact_name(fact), fact_json(facts, fact), err));
	}
	return CELLA_OK;
}

/* Every field that policies and results name, under that name, in wire order. */
static enum cella_status put_measurements(json_t *root, const struct cella_verdict *v,
					  struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	json_t *measurements;

	if (verdict_is_evm(v))
		return put_facts(root, "measurements", &v->facts, CELLA_FACT_EVM_PCR0,
				 CELLA_FACT_EVM_EGRESS, err);
	measurements = json_object();
	TRY(json_put(root, "measurements", measurements, err));
	for (size_t i = 0; i < q->body_layout->num_fields; i++) {
		const struct field *const f = &q->body_layout->fields[i];

		if (f->claim == NULL)
			continue;
		TRY(json_put(measurements, f->claim,
			     f->kind == FIELD_NUMBER
				     ? json_integer((json_int_t)field_number(f, q->body))
				     : json_hex(field_of(f, q->body)),
			     err));
	}
	return CELLA_OK;
}

static enum cella_status put_expiry(json_t *root, const struct cella_verdict *v,
				    struct cella_error *err)
{
	json_t *expires;

	if (v->first_expiry.what == NULL)
		return json_put(root, "expires", json_null(), err);
	expires = json_object();
	TRY(json_put(root, "expires", expires, err));
	TRY(json_put(expires, "what", json_string(v->first_expiry.what), err));
	return json_put(expires, "when", json_time(v->first_expiry.to), err);
}

static enum cella_status put_warnings(json_t *root, const struct cella_verdict *v,
				      struct cella_error *err)
{
	json_t *const warnings = json_array();

	TRY(json_put(root, "warnings", warnings, err));
	for (size_t i = 0; i < v->num_warnings; i++)
		TRY(json_add(warnings, json_string(v->warnings[i]), err));
	return CELLA_OK;
}

static const char *const source_names[] = {
	[CELLA_POLICY_SOURCE_UNSET] = "",
	[CELLA_POLICY_LOCAL] = "local",
	[CELLA_POLICY_REMOTE] = "remote",
};

static enum cella_status put_element(json_t *elements, const struct cella_verdict *v,
				     const struct cella_policy *policy,
				     const struct policy_element *e,
				     struct cella_error *err)
{
	const struct slot_appraisal *const slot = &v->appraisal->slots[e->class->slot];
	json_t *const item = json_object();

	TRY(json_add(elements, item, err));
	TRY(json_put(item, "class_id", json_string(e->class->uuid), err));
	TRY(json_put(item, "class", json_string(e->class->name), err));
	TRY(json_put(item, "description", json_string(e->description), err));
	TRY(json_put(item, "outcome",
		     !policy_judges(policy) || e->class != slot->class
			     ? json_null()
			     : json_string(cella_outcome_name(appraise_element(v, e))),
		     err));
	return json_put(item, "chosen", json_boolean(e == slot->element), err);
}

enum cella_status policies_json(const struct cella_verdict *v, json_t *array,
				struct cella_error *err)
{
	for (size_t p = 0; p < v->appraisal->num_policies; p++) {
		const struct cella_policy *const policy = v->appraisal->policies[p];
		json_t *const item = json_object();
		json_t *elements;

		TRY(json_add(array, item, err));
		TRY(json_put(item, "digest", json_hex(cella_policy_digest(policy)), err));
		TRY(json_put(item, "source", json_string(source_names[policy->source]),
			     err));
		TRY(json_put(item, "standing",
			     json_string(cella_policy_standing_name(policy->standing)),
			     err));
		TRY(json_put(item, "owner", text_or_null(cella_policy_owner(policy)),
			     err));
		elements = json_array();
		TRY(json_put(item, "elements", elements, err));
		for (size_t i = 0; i < policy->num_elements; i++)
			TRY(put_element(elements, v, policy, &policy->elements[i], err));
	}
	return CELLA_OK;
}

static enum cella_status put_policies(json_t *root, const struct cella_verdict *v,
				      struct cella_error *err)
{
	json_t *const policies = json_array();

	TRY(json_put(root, "policies", policies, err));
	return policies_json(v, policies, err);
}

static bool is_debug(const struct cella_verdict *v)
{
	struct cella_bytes attributes = { 0 };
	bool debug = false;

	if (verdict_is_evm(v))
		return cella_facts_get_bool(&v->facts, CELLA_FACT_EVM_DEBUG, &debug) &&
		       debug;
	if (verdict_is_tdx(v))
		return (v->td.td_attributes & TD_ATTR_DEBUG) != 0;
	return cella_facts_get(&v->facts, CELLA_FACT_SGX_ATTRIBUTES, &attributes) &&
	       (attributes.data[0] & SGX_ATTR_DEBUG) != 0;
}

static enum cella_status put_explanation(json_t *root, const struct cella_verdict *v,
					 struct cella_error *err)
{
	json_t *explanation = NULL;

	TRY(explain_json(v, &explanation, err));
	return json_put(root, "explain", explanation, err);
}

/* What only the evidence of an Enclave VM has. */
static enum cella_status put_evm(json_t *root, const struct cella_verdict *v,
				 struct cella_error *err)
{
	const json_t *claims;
	json_t *evm;

	if (!verdict_is_evm(v))
		return CELLA_OK;
	claims = v->evidence->evm->host_claims;
	evm = json_object();
	TRY(json_put(root, "evm", evm, err));
	TRY(json_put(evm, "strength", text_or_null(evm_strength(v)), err));
	TRY(json_put(
		evm, "report_data",
		json_hex(bytes_of(v->evidence->evm->report_data, EVM_REPORT_DATA_LEN)),
		err));
	return json_put(evm, "host_claims",
			claims != NULL ? json_deep_copy(claims) : json_null(), err);
}

static enum cella_status put_verdict(json_t *root, const struct cella_verdict *v,
				     struct cella_error *err)
{
	TRY(json_put(root, "schema", json_string("cella-verdict-1"), err));
	TRY(json_put(root, "verdict", json_string(cella_result_name(v->result)), err));
	TRY(put_answers(root, v, err));
	TRY(json_put(root, "cella_root", text_or_null(cella_verdict_root(v)), err));
	TRY(json_put(root, "tee", json_string(verdict_tee(v)), err));
	TRY(json_put(root, "status", text_or_null(cella_tcb_status_name(v->status)),
		     err));
	TRY(json_put(root, "advisory_ids",
		     v->has_tcb ? fact_json(&v->facts, CELLA_FACT_ADVISORY_IDS)
				: json_array(),
		     err));
	TRY(json_put(root, "debug", json_boolean(is_debug(v)), err));
	TRY(json_put(root, "time", json_time(v->time), err));
	TRY(put_expiry(root, v, err));
	TRY(put_warnings(root, v, err));
	TRY(put_policies(root, v, err));
	TRY(put_measurements(root, v, err));
	TRY(put_facts(root, "quote", &v->facts, CELLA_FACT_QUOTE_VERSION,
		      CELLA_FACT_BODY_TYPE, err));
	TRY(put_facts(root, "platform", &v->facts, CELLA_FACT_PPID, CELLA_FACT_PCK_CA,
		      err));
	TRY(put_facts(root, "tcb", &v->facts, CELLA_FACT_TCB_STATUS,
		      CELLA_FACT_QE_TCB_EVAL_NUM, err));
	TRY(put_facts(root, "collateral", &v->facts, CELLA_FACT_EARLIEST_ISSUE_DATE,
		      CELLA_FACT_ROOT_KEY_ID, err));
	TRY(put_explanation(root, v, err));
	TRY(put_evm(root, v, err));
	return put_checks(root, v, err);
}

enum cella_status cella_verdict_json(const struct cella_verdict *verdict, char **text,
				     struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();

	if (root == NULL)
		return error_nomem(err);
	TRY(put_verdict(root, verdict, err));
	return json_write(root, true, text, err);
}
