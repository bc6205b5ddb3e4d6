/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's rules over plain JSON, as its policy program has them. A rule that the
 * engine cannot evaluate, for want of a member or for its type, is false; a check whose
 * key the policy leaves out is true, with the exceptions below.
 */
#include "appraise/intel_engine.h"

#include "base/civil.h"
#include "base/encode.h"

#include <string.h>

static const char *const generation_names[ENGINE_COUNT] = { "1.20", "1.22", "2026" };

const char *engine_name(enum engine_generation generation)
{
	return generation_names[generation];
}

/* One appraisal. */
struct appraising {
	enum engine_generation generation;
	const json_t *reference;
	const json_t *measurement;
	int64_t time;
};

static const json_t *wanted(const struct appraising *a, const char *key)
{
	return json_object_get(a->reference, key);
}

static const json_t *found(const struct appraising *a, const char *key)
{
	return json_object_get(a->measurement, key);
}

/* --- platforms and quoting enclaves ------------------------------------------------------ */

static bool names(const json_t *list, const char *name)
{
	if (json_is_string(list))
		return text_equal_any_case(json_string_value(list), name);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_is_string(json_array_get(list, i)) &&
		    text_equal_any_case(json_string_value(json_array_get(list, i)), name))
			return true;
	return false;
}

static bool check_status(const struct appraising *a)
{
	const json_t *const accepted = wanted(a, "accepted_tcb_status");
	const json_t *const statuses = found(a, "tcb_status");

	if (accepted == NULL)
		return true;
	if (!names(accepted, "UpToDate"))
		return false;
	for (size_t i = 0; i < json_array_size(statuses); i++)
		if (!names(accepted, json_string_value(json_array_get(statuses, i))))
			return false;
	return json_array_size(statuses) > 0;
}

static bool date_of(const json_t *value, int64_t *out)
{
	return json_is_string(value) &&
	       civil_read(bytes_of(json_string_value(value), json_string_length(value)),
			  out, "date", NULL) == CELLA_OK;
}

static bool is_within(const struct appraising *a, const char *date, const json_t *grace)
{
	int64_t from = 0;

	return json_is_integer(grace) && date_of(found(a, date), &from) &&
	       from + json_integer_value(grace) >= a->time;
}

/* Without a grace period, of nought for instance, expiry is not looked at. */
static bool check_expiration(const struct appraising *a)
{
	const json_t *const grace = wanted(a, "collateral_grace_period");

	if (grace == NULL)
		return true;
	return wanted(a, "min_eval_num") == NULL &&
	       is_within(a, "earliest_expiration_date", grace);
}

static bool is_benign(const json_t *statuses)
{
	return !names(statuses, "OutOfDate") && !names(statuses, "TDRelaunchAdvised") &&
	       !names(statuses, "Revoked");
}

static bool check_platform_grace(const struct appraising *a)
{
	const json_t *const grace = wanted(a, "platform_grace_period");
	const json_t *const none = wanted(a, "collateral_grace_period");
	const json_t *const accepted = wanted(a, "accepted_tcb_status");

	if (grace == NULL)
		return true;
	if (!json_is_integer(none) || json_integer_value(none) != 0 ||
	    wanted(a, "min_eval_num") != NULL || !json_is_array(accepted) ||
	    !names(accepted, "UpToDate") || !names(accepted, "OutOfDate"))
		return false;
	if (is_benign(found(a, "tcb_status")) &&
	    is_within(a, "earliest_expiration_date", none))
		return true;
	return is_within(a, "tcb_level_date_tag", grace);
}

/* The rule asks for a member that no policy has. */
static bool check_level_date(const struct appraising *a)
{
	(void)a;
	return true;
}

static bool at_least(const json_t *found_number, const json_t *minimum)
{
	return json_is_integer(minimum) && json_is_integer(found_number) &&
	       json_integer_value(found_number) >= json_integer_value(minimum);
}

static bool check_eval_num(const struct appraising *a)
{
	const json_t *const minimum = wanted(a, "min_eval_num");

	if (minimum == NULL)
		return true;
	return wanted(a, "collateral_grace_period") == NULL &&
	       wanted(a, "platform_grace_period") == NULL &&
	       at_least(found(a, "tcb_eval_num"), minimum);
}

static bool check_advisories(const struct appraising *a)
{
	const json_t *const ids = found(a, "advisory_ids");

	for (size_t i = 0; i < json_array_size(ids); i++)
		if (names(wanted(a, "rejected_advisory_ids"),
			  json_string_value(json_array_get(ids, i))))
			return false;
	return true;
}

/* Reports never carry what these two rules compare with. */
static bool check_provider(const struct appraising *a)
{
	return wanted(a, "accepted_platform_provider_ids") == NULL;
}

static bool check_sgx_types(const struct appraising *a)
{
	return wanted(a, "accepted_sgx_types") == NULL;
}

static bool check_dynamic(const struct appraising *a)
{
	return !json_is_false(wanted(a, "allow_dynamic_platform")) ||
	       !json_is_true(found(a, "is_dynamic_platform"));
}

/* The rules for cached keys and SMT ask for members under other names than tokens have. */
static bool check_nothing(const struct appraising *a)
{
	(void)a;
	return true;
}

/* --- enclaves and TDs ------------------------------------------------------------------------ */

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *const at = c != '\0' ? strchr(digits, ascii_lower(c)) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Digit by digit over the mask's length; an empty mask compares nothing. */
static bool masked_equal(const char *value, const char *mask, const char *expected)
{
	const size_t len = strlen(mask);

	if (strlen(value) < len || strlen(expected) < len)
		return false;
	for (size_t i = 0; i < len; i++) {
		const int bits = digit(mask[i]);

		if (bits < 0 || digit(value[i]) < 0 || digit(expected[i]) < 0 ||
		    (digit(value[i]) & bits) != (digit(expected[i]) & bits))
			return false;
	}
	return true;
}

/* A masked comparison. missing_mask stands for a mask that is left out; NULL: false. */
static bool check_masked(const struct appraising *a, const char *key,
			 const char *mask_key, const char *missing_mask)
{
	const json_t *const expected = wanted(a, key);
	const json_t *const mask = wanted(a, mask_key);

	if (expected == NULL && mask == NULL)
		return true;
	if (!json_is_string(expected) || !json_is_string(found(a, key)) ||
	    (mask != NULL && !json_is_string(mask)) ||
	    (mask == NULL && missing_mask == NULL))
		return false;
	return masked_equal(json_string_value(found(a, key)),
			    mask != NULL ? json_string_value(mask) : missing_mask,
			    json_string_value(expected));
}

static bool check_equal(const struct appraising *a, const char *key)
{
	const json_t *const expected = wanted(a, key);
	const json_t *const value = found(a, key);

	if (expected == NULL)
		return true;
	return json_is_string(expected) && json_is_string(value) &&
	       text_equal_any_case(json_string_value(expected), json_string_value(value));
}

static bool check_td_attributes(const struct appraising *a)
{
	switch (a->generation) {
	case ENGINE_1_20:
		return wanted(a, "tdx_attributes") != NULL &&
		       check_equal(a, "tdx_attributes");
	case ENGINE_1_22:
		return check_masked(a, "tdx_attributes", "tdx_attributes_mask", NULL);
	case ENGINE_2026:
		return check_masked(a, "tdx_attributes", "tdx_attributes_mask",
				    "00000000FFFFFFFF");
	case ENGINE_COUNT:
		break;
	}
	return false;
}

static bool check_td_xfam(const struct appraising *a)
{
	switch (a->generation) {
	case ENGINE_1_20:
		return check_equal(a, "tdx_xfam");
	case ENGINE_1_22:
		return check_masked(a, "tdx_xfam", "tdx_xfam_mask", NULL);
	case ENGINE_2026:
		return check_masked(a, "tdx_xfam", "tdx_xfam_mask", "FFFFFFFFFFFFFFFF");
	case ENGINE_COUNT:
		break;
	}
	return false;
}

static bool check_miscselect(const struct appraising *a)
{
	return check_masked(a, "sgx_miscselect", "sgx_miscselect_mask", NULL);
}

static bool check_sgx_attributes(const struct appraising *a)
{
	return wanted(a, "sgx_attributes") != NULL &&
	       check_masked(a, "sgx_attributes", "sgx_attributes_mask", NULL);
}

static bool check_ce_attributes(const struct appraising *a)
{
	return check_masked(a, "sgx_ce_attributes", "sgx_ce_attributes_mask", NULL);
}

/* Only the report's side is put into lower case here. */
static bool check_family(const struct appraising *a)
{
	const json_t *const expected = wanted(a, "sgx_isvfamilyid");
	const json_t *const value = found(a, "sgx_isvfamilyid");

	if (expected == NULL)
		return true;
	if (!json_is_string(expected) ||
	    strpbrk(json_string_value(expected), "ABCDEF") != NULL)
		return false;
	return json_is_string(value) &&
	       text_equal_any_case(json_string_value(expected), json_string_value(value));
}

static bool check_product(const struct appraising *a)
{
	const json_t *const expected = wanted(a, "sgx_isvprodid");

	return expected == NULL || (json_is_integer(expected) &&
				    json_equal(expected, found(a, "sgx_isvprodid")));
}

static bool check_svn(const struct appraising *a)
{
	const json_t *const minimum = wanted(a, "sgx_isvsvn_min");

	return minimum == NULL || at_least(found(a, "sgx_isvsvn"), minimum);
}

static bool check_config_svn(const struct appraising *a)
{
	const json_t *const minimum = wanted(a, "sgx_configsvn_min");

	return minimum == NULL || at_least(found(a, "sgx_configsvn"), minimum);
}

/* --- the rules --------------------------------------------------------------------------------- */

/* A flag's rule: a function, or the key that is compared for equality. */
struct rule {
	const char *flag;
	bool (*check)(const struct appraising *);
	const char *key;
};

static const struct rule platform_rules[] = {
	{ "tcb_status", check_status, NULL },
	{ "expiration_date", check_expiration, NULL },
	{ "earliest_accepted_tcb_level_date_tag", check_platform_grace, NULL },
	{ "accepted_tcb_level_date_tag", check_level_date, NULL },
	{ "tcb_eval_num", check_eval_num, NULL },
	{ "platform_provider_id", check_provider, NULL },
	{ "dynamic_platform", check_dynamic, NULL },
	{ "cached_keys", check_nothing, NULL },
	{ "smt_enabled", check_nothing, NULL },
	{ "advisory_ids", check_advisories, NULL },
	{ "sgx_types", check_sgx_types, NULL },
	{ NULL },
};

static const struct rule enclave_rules[] = {
	{ "miscselcect", check_miscselect, NULL },
	{ "attributes", check_sgx_attributes, NULL },
	{ "ce_attributes", check_ce_attributes, NULL },
	{ "mrenclave", NULL, "sgx_mrenclave" },
	{ "mrsigner", NULL, "sgx_mrsigner" },
	{ "isvprod_id", check_product, NULL },
	{ "isvsvn", check_svn, NULL },
	{ "configid", NULL, "sgx_configid" },
	{ "configsvn", check_config_svn, NULL },
	{ "isvextprodid", NULL, "sgx_isvextprodid" },
	{ "isvfamilyid", check_family, NULL },
	{ NULL },
};

static const struct rule td_rules[] = {
	{ "attributes", check_td_attributes, NULL },
	{ "xfam", check_td_xfam, NULL },
	{ "mrconfigid", NULL, "tdx_mrconfigid" },
	{ "mrowner", NULL, "tdx_mrowner" },
	{ "mrownerconfig", NULL, "tdx_mrownerconfig" },
	{ "mrtd", NULL, "tdx_mrtd" },
	{ "rtmr0", NULL, "tdx_rtmr0" },
	{ "rtmr1", NULL, "tdx_rtmr1" },
	{ "rtmr2", NULL, "tdx_rtmr2" },
	{ "rtmr3", NULL, "tdx_rtmr3" },
	{ "mrservicetd", NULL, "tdx_mrservicetd" },
	{ NULL },
};

static const struct rule *rules_of(const struct policy_class *class)
{
	if (class->slot != SLOT_TENANT)
		return platform_rules;
	return class->is_tdx ? td_rules : enclave_rules;
}

bool intel_engine_appraise(enum engine_generation generation,
			   const struct policy_class *class, const json_t *reference,
			   const json_t *measurement, int64_t time,
			   bool flags[POLICY_MAX_FLAGS])
{
	const struct appraising a = { generation, reference, measurement, time };
	bool all = true;

	for (size_t i = 0; i < POLICY_MAX_FLAGS; i++)
		flags[i] = true;
	for (const struct rule *rule = rules_of(class); rule->flag != NULL; rule++) {
		const int flag = policy_class_flag(class, rule->flag);

		if (flag < 0)
			continue;
		flags[flag] = rule->check != NULL ? rule->check(&a)
						  : check_equal(&a, rule->key);
		all = all && flags[flag];
	}
	return all;
}
