/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measurements in the shape of Intel's reports: which fact has which name there.
 */
#include "appraise/intel_result.h"

#include "appraise/condition.h"
#include "verify/dcap.h"

#include <stdio.h>

static json_t *status_json(enum cella_tcb_status status)
{
	const char *parts[3];
	const size_t num = tcb_status_parts(status, parts);
	json_t *const list = json_array();

	for (size_t i = 0; list != NULL && i < num; i++)
		if (json_array_append_new(list, json_string(parts[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

json_t *intel_texts(const char *const *texts, size_t num_texts)
{
	json_t *const list = json_array();

	for (size_t i = 0; list != NULL && i < num_texts; i++)
		if (json_array_append_new(list, json_string(texts[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

struct measured {
	const char *name;
	enum cella_fact fact;
};

static const struct measured platform_measured[] = {
	{ "earliest_issue_date", CELLA_FACT_EARLIEST_ISSUE_DATE },
	{ "latest_issue_date", CELLA_FACT_LATEST_ISSUE_DATE },
	{ "earliest_expiration_date", CELLA_FACT_EARLIEST_EXPIRATION_DATE },
	{ "tcb_level_date_tag", CELLA_FACT_TCB_DATE },
	{ "pck_crl_num", CELLA_FACT_PCK_CRL_NUM },
	{ "root_ca_crl_num", CELLA_FACT_ROOT_CA_CRL_NUM },
	{ "tcb_eval_num", CELLA_FACT_TCB_EVAL_NUM },
	{ "sgx_types", CELLA_FACT_SGX_TYPE },
	{ "is_dynamic_platform", CELLA_FACT_DYNAMIC_PLATFORM },
	{ "is_cached_keys_policy", CELLA_FACT_CACHED_KEYS },
	{ "is_smt_enabled", CELLA_FACT_SMT_ENABLED },
	{ "advisory_ids", CELLA_FACT_ADVISORY_IDS },
	{ "root_key_id", CELLA_FACT_ROOT_KEY_ID },
	{ "fmspc", CELLA_FACT_FMSPC },
};
static const struct measured qe_measured[] = {
	{ "earliest_issue_date", CELLA_FACT_QE_EARLIEST_ISSUE_DATE },
	{ "latest_issue_date", CELLA_FACT_QE_LATEST_ISSUE_DATE },
	{ "earliest_expiration_date", CELLA_FACT_QE_EARLIEST_EXPIRATION_DATE },
	{ "tcb_level_date_tag", CELLA_FACT_QE_TCB_DATE },
	{ "tcb_eval_num", CELLA_FACT_QE_TCB_EVAL_NUM },
	{ "root_key_id", CELLA_FACT_ROOT_KEY_ID },
};

/* The family's code is the one byte string that Intel prints as it stands. */
static json_t *bytes_json(enum cella_fact fact, struct cella_bytes bytes)
{
	uint8_t reversed[FMSPC_LEN];

	if (fact != CELLA_FACT_FMSPC)
		return json_hex_reversed_upper(bytes);
	bytes_reverse(bytes, reversed);
	return json_hex_reversed_upper(bytes_of(reversed, sizeof reversed));
}

/* NULL members mean "leave out", told apart from want of memory by *absent. */
static json_t *fact_json(const struct cella_facts *facts, enum cella_fact fact,
			 bool *absent)
{
	const struct fact_value *const value = &facts->values[fact];

	*absent = false;
	switch (value->type) {
	case FACT_BYTES:
		return bytes_json(fact, value->bytes);
	case FACT_NUMBER:
		return json_integer((json_int_t)value->number);
	case FACT_TIME:
		return json_time(value->time);
	case FACT_TEXT:
		return json_string(value->text);
	case FACT_BOOL:
		/* Intel's library tells two of the flags only when they are set. */
		*absent = !value->truth && fact != CELLA_FACT_SMT_ENABLED;
		return *absent ? NULL : json_boolean(value->truth);
	case FACT_TEXTS:
		*absent = value->texts.num_items == 0;
		return *absent ? NULL
			       : intel_texts(value->texts.items, value->texts.num_items);
	case FACT_ABSENT:
		break;
	}
	*absent = true;
	return NULL;
}

static enum cella_status put_facts(json_t *out, const struct cella_facts *facts,
				   const struct measured *rows, size_t num_rows,
				   struct cella_error *err)
{
	for (size_t i = 0; i < num_rows; i++) {
		bool absent = false;
		json_t *const value = fact_json(facts, rows[i].fact, &absent);

		if (!absent)
			TRY(json_put(out, rows[i].name, value, err));
	}
	return CELLA_OK;
}

/* Empty lists are told, too: that there is no way out is worth knowing. */
static json_t *fact_natural(const struct fact_value *value)
{
	switch (value->type) {
	case FACT_BYTES:
		return json_hex(value->bytes);
	case FACT_NUMBER:
		return json_integer((json_int_t)value->number);
	case FACT_TIME:
		return json_time(value->time);
	case FACT_TEXT:
		return json_string(value->text);
	case FACT_BOOL:
		return json_boolean(value->truth);
	case FACT_TEXTS:
		return intel_texts(value->texts.items, value->texts.num_items);
	case FACT_ABSENT:
		break;
	}
	return NULL;
}

/* An Enclave VM's, in natural order: this is no report of Intel's. */
static enum cella_status put_evm(json_t *out, const struct cella_verdict *v,
				 struct cella_error *err)
{
	for (int i = CELLA_FACT_EVM_PCR0; i <= CELLA_FACT_EVM_EGRESS; i++) {
		const enum cella_fact fact = (enum cella_fact)i;

		if (v->facts.values[fact].type != FACT_ABSENT)
			TRY(json_put(out, cella_fact_name(fact),
				     fact_natural(&v->facts.values[fact]), err));
	}
	return json_put(
		out, "evm_report_data",
		json_hex(bytes_of(v->evidence->evm->report_data, EVM_REPORT_DATA_LEN)),
		err);
}

/* The tenant's report: every field that has a name, with two-byte numbers as numbers. */
static enum cella_status put_body(json_t *out, const struct cella_verdict *v,
				  struct cella_error *err)
{
	const struct quote *const q = &v->evidence->quote;
	const char *const prefix = verdict_is_tdx(v) ? "tdx_" : "sgx_";

	if (verdict_is_evm(v))
		return put_evm(out, v, err);
	for (size_t i = 0; i < q->body_layout->num_fields; i++) {
		const struct field *const f = &q->body_layout->fields[i];
		char name[40];

		if (f->claim == NULL)
			continue;
		snprintf(name, sizeof name, "%s%s", prefix, f->claim);
		TRY(json_put(out, name,
			     f->kind == FIELD_NUMBER && f->len <= 2
				     ? json_integer((json_int_t)field_number(f, q->body))
				     : json_hex_reversed_upper(field_of(f, q->body)),
			     err));
	}
	return CELLA_OK;
}

static enum cella_status put_measurement(json_t *out, const struct cella_verdict *v,
					 enum policy_slot slot, struct cella_error *err)
{
	if (slot == SLOT_TENANT)
		return put_body(out, v, err);
	if (v->has_tcb)
		TRY(json_put(out, "tcb_status", status_json(slot_status(v, slot)), err));
	return slot == SLOT_PLATFORM ? put_facts(out, &v->facts, platform_measured,
						 ARRAY_LEN(platform_measured), err)
				     : put_facts(out, &v->facts, qe_measured,
						 ARRAY_LEN(qe_measured), err);
}

enum cella_status intel_measurement(const struct cella_verdict *v, enum policy_slot slot,
				    json_t **out, struct cella_error *err)
{
	json_t *made CLEANUP_JSON = json_object();

	if (made == NULL)
		return error_nomem(err);
	TRY(put_measurement(made, v, slot, err));
	*out = take(&made);
	return CELLA_OK;
}
