/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings as a whole: what they amount to, and as JSON.
 */
#include "doctor/diagnosis.h"

#include "base/json.h"

#include <string.h>

static enum cella_status check_group(const char *group, struct cella_error *err)
{
	for (int i = 0; group != NULL && i < DOCTOR_NUM_GROUPS; i++)
		if (strcmp(group, doctor_group_name((enum doctor_group)i)) == 0)
			return CELLA_OK;
	if (group == NULL)
		return CELLA_OK;
	return error_set(err, CELLA_USAGE,
			 "there is no group \"%s\": evidence, collateral, instance, "
			 "enclave",
			 group);
}

enum cella_status diagnose(const struct facts *facts, const char *group,
			   struct diagnosis *out, struct cella_error *err)
{
	size_t num = 0;
	const struct doctor_check *const checks = doctor_checks(&num);

	TRY(check_group(group, err));
	*out = (struct diagnosis){ 0 };
	for (size_t i = 0; i < num && out->num < DIAGNOSIS_MAX_CHECKS; i++) {
		if (group != NULL &&
		    strcmp(group, doctor_group_name(checks[i].group)) != 0)
			continue;
		out->checks[out->num] = &checks[i];
		doctor_evaluate(&checks[i], facts, &out->findings[out->num]);
		out->num++;
	}
	return CELLA_OK;
}

enum doctor_result diagnosis_result(const struct diagnosis *diagnosis)
{
	enum doctor_result result = diagnosis->num > 0 ? DOCTOR_FINE : DOCTOR_UNDECIDED;

	for (size_t i = 0; i < diagnosis->num; i++) {
		if (diagnosis->findings[i].state == DOCTOR_FAIL)
			return DOCTOR_FAILS;
		if (diagnosis->findings[i].state == DOCTOR_UNKNOWN)
			result = DOCTOR_UNDECIDED;
	}
	return result;
}

/* --- JSON ---------------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
	return text != NULL && *text != '\0' ? json_string(text) : json_null();
}

static enum cella_status add_check(json_t *array, const struct doctor_check *check,
				   const struct finding *finding, struct cella_error *err)
{
	json_t *const item = json_object();

	TRY(json_add(array, item, err));
	TRY(json_put(item, "id", json_string(check->id), err));
	TRY(json_put(item, "group", json_string(doctor_group_name(check->group)), err));
	TRY(json_put(item, "title", json_string(check->title), err));
	TRY(json_put(item, "state", json_string(doctor_state_name(finding->state)), err));
	TRY(json_put(item, "found", json_string(finding->found), err));
	TRY(json_put(item, "meaning", text_or_null(finding->meaning), err));
	TRY(json_put(item, "remedy", text_or_null(finding->remedy), err));
	return json_put(item, "as_root", text_or_null(finding->as_root), err);
}

static json_t *known_json(enum known known)
{
	return known == NOT_KNOWN ? json_null() : json_boolean(known == KNOWN_YES);
}

enum cella_status diagnosis_json(const struct diagnosis *diagnosis,
				 const struct facts *facts, char **text,
				 struct cella_error *err)
{
	static const char *const results[] = {
		[DOCTOR_UNDECIDED] = "unknown",
		[DOCTOR_FAILS] = "fails",
		[DOCTOR_FINE] = "fine",
	};
	json_t *root CLEANUP_JSON = json_object();
	json_t *checks;

	TRY(json_put(root, "schema", json_string("cella-doctor-1"), err));
	TRY(json_put(root, "result", json_string(results[diagnosis_result(diagnosis)]),
		     err));
	TRY(json_put(root, "trust_domain", known_json(facts_is_td(facts)), err));
	TRY(json_put(root, "this_machine", json_boolean(facts->is_own), err));
	TRY(json_put(root, "root", json_boolean(facts->is_root), err));
	TRY(json_put(root, "deep", json_boolean(facts->kvm_probed == KNOWN_YES), err));
	checks = json_array();
	TRY(json_put(root, "checks", checks, err));
	for (size_t i = 0; i < diagnosis->num; i++)
		TRY(add_check(checks, diagnosis->checks[i], &diagnosis->findings[i],
			      err));
	return json_write(root, true, text, err);
}
