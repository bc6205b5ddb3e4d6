/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel-shaped results. Whether a report is good is the verdict's business: a report's
 * result is 1 only when nothing that concerns it failed and its policy agreed, so that
 * nobody who reads a part of the result reads a yes out of a rejected whole.
 */
#include "appraise/intel_result.h"

#include "appraise/appraise.h"
#include "appraise/condition.h"
#include "base/encode.h"
#include "verify/dcap.h"

#include <stdio.h>
#include <string.h>

enum { RESULT_UNKNOWN = -1, RESULT_NO = 0, RESULT_YES = 1 };

/* --- results ------------------------------------------------------------------------- */

#define SLOT_BIT(slot) (1U << (slot))
#define EVERY_SLOT (SLOT_BIT(SLOT_COUNT) - 1)

/* Checks of some reports only; every other check concerns all of them. */
static const struct {
	enum check_id check;
	unsigned slots;
} concerns[] = {
	{ CHECK_TD_DEBUG, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_TD_ATTRIBUTES, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_TD_MIGRATABLE, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_TD_SEPT_VE_DISABLE, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_TD_PERFMON, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_TD_SERVICE_TD, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_SGX_DEBUG, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_QUOTE_TAIL, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_VTPM_BINDING, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_VTPM_SIGNATURE, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_VTPM_PCRS, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_VTPM_NONCE, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_EVENT_LOG, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_POLICY, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_REPORT_DATA, SLOT_BIT(SLOT_TENANT) },
	{ CHECK_PCK_DATES, SLOT_BIT(SLOT_PLATFORM) },
	{ CHECK_TCB_INFO_DATES, SLOT_BIT(SLOT_PLATFORM) },
	{ CHECK_QE_IDENTITY_DATES, SLOT_BIT(SLOT_PLATFORM) | SLOT_BIT(SLOT_QE) },
	{ CHECK_ROOT_CRL_DATES, SLOT_BIT(SLOT_PLATFORM) },
	{ CHECK_PCK_CRL_DATES, SLOT_BIT(SLOT_PLATFORM) },
	{ CHECK_TCB_STATUS, SLOT_BIT(SLOT_PLATFORM) },
};

/* True when a check stands among those of the element for another slot. */
static bool belongs_elsewhere(const struct cella_verdict *v, size_t index,
			      enum policy_slot slot)
{
	for (size_t s = 0; s < SLOT_COUNT; s++) {
		const struct slot_appraisal *const other = &v->appraisal->slots[s];

		if (s != slot && index >= other->first_check &&
		    index - other->first_check < other->num_checks)
			return true;
	}
	return false;
}

static bool check_concerns(const struct cella_verdict *v, size_t index,
			   enum policy_slot slot)
{
	for (size_t i = 0; i < ARRAY_LEN(concerns); i++)
		if (concerns[i].check == v->check_ids[index])
			return (concerns[i].slots & SLOT_BIT(slot)) != 0;
	return !belongs_elsewhere(v, index, slot);
}

/* What nobody wrote an element for: the tenant is unknown then; a platform's status is a
 * check of its own, a quoting enclave's is judged here. */
static int result_without_element(const struct cella_verdict *v, enum policy_slot slot)
{
	static const int results[] = { [CELLA_CHECK_FAIL] = RESULT_NO,
				       [CELLA_CHECK_PASS] = RESULT_YES,
				       [CELLA_CHECK_NOT_EVALUATED] = RESULT_UNKNOWN };

	if (v->appraisal->slots[slot].element != NULL || slot == SLOT_PLATFORM)
		return RESULT_YES;
	return slot == SLOT_TENANT ? RESULT_UNKNOWN
				   : results[slot_status_by_options(v, slot)];
}

static int report_result(const struct cella_verdict *v, enum policy_slot slot)
{
	int result = result_without_element(v, slot);

	for (size_t i = 0; i < v->num_checks; i++) {
		if (!check_concerns(v, i, slot))
			continue;
		if (v->checks[i].outcome == CELLA_CHECK_FAIL)
			return RESULT_NO;
		if (v->checks[i].outcome != CELLA_CHECK_PASS && result == RESULT_YES)
			result = RESULT_UNKNOWN;
	}
	return result;
}

static int overall_result(const struct cella_verdict *v)
{
	int overall = v->result == CELLA_ACCEPTED ? RESULT_YES : RESULT_UNKNOWN;

	if (v->result == CELLA_REJECTED)
		return RESULT_NO;
	for (int s = 0; s < SLOT_COUNT; s++) {
		int result;

		if (!v->appraisal->slots[s].exists)
			continue;
		result = report_result(v, (enum policy_slot)s);
		if (result == RESULT_NO)
			return RESULT_NO;
		if (result != RESULT_YES)
			overall = RESULT_UNKNOWN;
	}
	return overall;
}

/* --- reports ------------------------------------------------------------------------- */

static enum cella_status put_report(json_t *item, const struct cella_verdict *v,
				    enum policy_slot slot, struct cella_error *err)
{
	const struct policy_class *const class = v->appraisal->slots[slot].class;
	json_t *const report = json_object();
	json_t *measurement = NULL;

	TRY(json_put(item, "report", report, err));
	TRY(json_put(report, "environment",
		     json_pack("{s:s, s:s}", class->description_key,
			       class->report_description, "class_id", class->uuid),
		     err));
	TRY(intel_measurement(v, slot, &measurement, err));
	return json_put(report, "measurement", measurement, err);
}

static enum cella_status put_given_policy(json_t *out, const struct slot_appraisal *slot,
					  struct cella_error *err)
{
	const struct cella_policy *const policy = slot->policy;

	TRY(json_put(out, "environment", json_deep_copy(slot->element->environment),
		     err));
	TRY(json_put(out, "reference", json_deep_copy(slot->element->reference), err));
	if (policy->signing_key == NULL)
		return CELLA_OK;
	TRY(json_put(out, "signature", json_string(policy->signature), err));
	return json_put(out, "signing_key", json_deep_copy(policy->signing_key), err);
}

/* The parts of every status that the options accept, each once. */
static json_t *accepted_json(const struct cella_verdict *v)
{
	const char *all[8] = { "UpToDate" };
	size_t num = 1;

	for (int i = CELLA_TCB_UP_TO_DATE; i < CELLA_TCB_COUNT; i++) {
		const char *parts[3];
		const size_t num_parts =
			(v->accept & CELLA_ACCEPT(i)) != 0
				? tcb_status_parts((enum cella_tcb_status)i, parts)
				: 0;

		for (size_t p = 0; p < num_parts; p++) {
			size_t at = 0;

			while (at < num && strcmp(all[at], parts[p]) != 0)
				at++;
			if (at == num && num < ARRAY_LEN(all))
				all[num++] = parts[p];
		}
	}
	return intel_texts(all, num);
}

/* Without a policy the options judge; strictly, unless they say otherwise. */
static enum cella_status put_default_policy(json_t *out, const struct cella_verdict *v,
					    const struct policy_class *class,
					    struct cella_error *err)
{
	const bool is_strict = v->accept == 0 && v->grace_s == 0;
	json_t *const environment = json_object();
	json_t *reference;

	TRY(json_put(out, "environment", environment, err));
	TRY(json_put(environment, "description",
		     json_sprintf("Default %s Policy for %s",
				  is_strict ? "Strict" : "Relaxed", class->name),
		     err));
	TRY(json_put(environment, "class_id", json_string(class->uuid), err));
	reference = json_object();
	TRY(json_put(out, "reference", reference, err));
	TRY(json_put(reference, "accepted_tcb_status", accepted_json(v), err));
	return json_put(reference, "collateral_grace_period",
			json_integer((json_int_t)v->grace_s), err);
}

/* What the element says of each flag; flags that it does not speak of are true. */
static void judge_flags(const struct cella_verdict *v, enum policy_slot slot,
			bool flags[POLICY_MAX_FLAGS])
{
	const struct policy_class *const class = v->appraisal->slots[slot].class;
	const struct policy_element *const e = v->appraisal->slots[slot].element;

	for (size_t i = 0; i < POLICY_MAX_FLAGS; i++)
		flags[i] = true;
	for (size_t i = 0; e != NULL && i < e->num_conditions; i++) {
		const struct policy_condition *const c = &e->conditions[i];
		const int flag = c->key != NULL ? policy_class_flag(class, c->key->flag)
						: -1;

		if (flag >= 0 && condition_judge(v, slot, c) != CELLA_CHECK_PASS)
			flags[flag] = false;
	}
	if (slot == SLOT_TENANT)
		return;
	if (e == NULL || element_find(e, CONDITION_STATUSES) == NULL)
		flags[policy_class_flag(class, "tcb_status")] =
			slot_status_by_options(v, slot) == CELLA_CHECK_PASS;
	if (e == NULL || element_find(e, CONDITION_GRACE) == NULL)
		flags[policy_class_flag(class, "expiration_date")] =
			slot_dates(v, slot, v->grace_s) == CELLA_CHECK_PASS;
}

static enum cella_status put_details(json_t *item, const struct cella_verdict *v,
				     enum policy_slot slot, struct cella_error *err)
{
	const struct policy_class *const class = v->appraisal->slots[slot].class;
	json_t *const list = json_array();
	json_t *details;
	bool flags[POLICY_MAX_FLAGS];

	TRY(json_put(item, "detailed_result", list, err));
	details = json_object();
	TRY(json_add(list, details, err));
	judge_flags(v, slot, flags);
	for (size_t i = 0; class->flags[i] != NULL; i++) {
		char name[64];

		snprintf(name, sizeof name, "%s%s_check", class->flag_prefix,
			 class->flags[i]);
		TRY(json_put(details, name, json_boolean(flags[i]), err));
	}
	return CELLA_OK;
}

static enum cella_status put_policy(json_t *item, const struct cella_verdict *v,
				    enum policy_slot slot, struct cella_error *err)
{
	const struct slot_appraisal *const s = &v->appraisal->slots[slot];
	json_t *const policy = json_object();

	TRY(json_put(item, "policy", policy, err));
	return s->element != NULL ? put_given_policy(policy, s, err)
				  : put_default_policy(policy, v, s->class, err);
}

static enum cella_status put_appraised(json_t *list, const struct cella_verdict *v,
				       enum policy_slot slot, struct cella_error *err)
{
	json_t *const item = json_object();

	TRY(json_add(list, item, err));
	TRY(json_put(item, "appraisal_result", json_integer(report_result(v, slot)),
		     err));
	if (slot != SLOT_TENANT || v->appraisal->slots[slot].element != NULL) {
		TRY(put_details(item, v, slot, err));
		TRY(put_policy(item, v, slot, err));
	}
	return put_report(item, v, slot, err);
}

/* --- certification data -------------------------------------------------------------- */

static struct cella_bytes chain_text(const struct chain_doc *chain)
{
	return chain != NULL ? bytes_of(chain->text, chain->text_len) : bytes_of(NULL, 0);
}

static struct cella_bytes crl_text(const struct crl_doc *crl)
{
	return crl != NULL ? bytes_of(crl->text, crl->text_len) : bytes_of(NULL, 0);
}

static struct cella_bytes doc_text(const struct signed_doc *doc)
{
	return doc != NULL ? bytes_of(doc->text, doc->text_len) : bytes_of(NULL, 0);
}

static enum cella_status put_base64(json_t *out, const char *name,
				    struct cella_bytes bytes, struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };

	while (bytes.len > 0 && bytes.data[bytes.len - 1] == '\0')
		bytes.len--;
	if (bytes.len == 0)
		return CELLA_OK;
	base64_write(&text, bytes);
	TRY(out_status(&text, err));
	return json_put(out, name, json_stringn((const char *)text.data, text.len), err);
}

/* Intel's results have no place for it: there, quotes carry their chain. */
static const struct chain_doc *separate_pck_chain(const struct cella_verdict *v)
{
	const bool in_quote = cella_evidence_pck_chain(v->evidence).len > 0;

	return in_quote || v->collateral == NULL ? NULL : v->collateral->pck_chain;
}

/* The documents as they were received: with the quote, all that judging again needs. */
static enum cella_status put_documents(json_t *out, const struct cella_verdict *v,
				       struct cella_error *err)
{
	const struct signed_doc *const tcb_info = v->tcb_info != NULL ? &v->tcb_info->doc
								      : NULL;
	const struct signed_doc *const identity = v->identity != NULL ? &v->identity->doc
								      : NULL;
	const struct {
		const char *name;
		struct cella_bytes text;
	} rows[] = {
		{ "qe_identity_issuer_chain",
		  chain_text(identity != NULL ? identity->signer : NULL) },
		{ "root_ca_crl", crl_text(v->root_crl) },
		{ "pck_crl", crl_text(v->pck_crl) },
		{ "pck_crl_issuer_chain",
		  chain_text(v->pck_crl != NULL ? v->pck_crl->issuer : NULL) },
		{ "tcb_info", doc_text(tcb_info) },
		{ "qe_identity", doc_text(identity) },
		{ "tcb_info_issuer_chain",
		  chain_text(tcb_info != NULL ? tcb_info->signer : NULL) },
		{ "pck_certificate_chain", chain_text(separate_pck_chain(v)) },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		TRY(put_base64(out, rows[i].name, rows[i].text, err));
	return CELLA_OK;
}

static enum cella_status put_certification(json_t *result, const struct cella_verdict *v,
					   struct cella_error *err)
{
	json_t *const list = json_array();
	json_t *item;
	json_t *documents;

	TRY(json_put(result, "certification_data", list, err));
	item = json_object();
	TRY(json_add(list, item, err));
	documents = json_object();
	TRY(json_put(item, "certification_data", documents, err));
	return put_documents(documents, v, err);
}

/* --- the whole ----------------------------------------------------------------------- */

static enum cella_status put_result(json_t *result, const struct cella_verdict *v,
				    uint64_t nonce, struct cella_error *err)
{
	const json_int_t nanoseconds = 1000000000;
	json_t *reports;

	if (v->time > INT64_MAX / nanoseconds)
		return error_set(err, CELLA_LIMIT,
				 "result: the time does not fit, in nanoseconds");
	TRY(json_put(result, "appraisal_check_date", json_integer(v->time * nanoseconds),
		     err));
	TRY(json_put(result, "nonce", json_integer((json_int_t)nonce), err));
	TRY(put_certification(result, v, err));
	TRY(json_put(result, "overall_appraisal_result", json_integer(overall_result(v)),
		     err));
	reports = json_array();
	TRY(json_put(result, "appraised_reports", reports, err));
	for (int s = 0; s < SLOT_COUNT; s++)
		if (v->appraisal->slots[s].exists)
			TRY(put_appraised(reports, v, (enum policy_slot)s, err));
	return CELLA_OK;
}

enum cella_status intel_result_json(const struct cella_verdict *v, uint64_t nonce,
				    json_t **out, struct cella_error *err)
{
	json_t *list CLEANUP_JSON = NULL;
	json_t *item;
	json_t *result;

	if (nonce > CELLA_RESULT_NONCE_MAX)
		return error_set(err, CELLA_USAGE, "result: the nonce is at most %llu",
				 (unsigned long long)CELLA_RESULT_NONCE_MAX);
	list = json_array();
	if (list == NULL)
		return error_nomem(err);
	item = json_object();
	TRY(json_add(list, item, err));
	result = json_object();
	TRY(json_put(item, "result", result, err));
	TRY(put_result(result, v, nonce, err));
	*out = take(&list);
	return CELLA_OK;
}

enum cella_status cella_verdict_result_json(const struct cella_verdict *verdict,
					    uint64_t nonce, char **text,
					    struct cella_error *err)
{
	json_t *json CLEANUP_JSON = NULL;

	if (verdict == NULL || text == NULL)
		return error_set(err, CELLA_USAGE, "result: null argument");
	TRY(intel_result_json(verdict, nonce, &json, err));
	return json_write(json, false, text, err);
}
