/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Intel's engines answer, generation by generation.
 */
#include "judged.h"

#include "appraise/intel_engine.h"

#define TIME INT64_C(1750000000) /* 2025-06-15T15:06:40Z */
#define HEX8 "\"0000000010000000\""

struct row {
	enum policy_class_id class;
	const char *reference;
	const char *measurement;
	bool says[ENGINE_COUNT];
};

#define ALL \
	{ \
		true, true, true \
	}
#define NONE \
	{ \
		false, false, false \
	}
#define TD CLASS_TD_15
#define PLATFORM CLASS_TDX_PLATFORM_15
#define GOOD \
	"{\"tcb_status\":[\"UpToDate\"]," \
	"\"earliest_expiration_date\":\"2025-06-15T15:06:40Z\"," \
	"\"tcb_level_date_tag\":\"2025-06-01T00:00:00Z\",\"tcb_eval_num\":17," \
	"\"sgx_types\":1,\"is_dynamic_platform\":true,\"is_cached_keys_policy\":true," \
	"\"is_smt_enabled\":true,\"advisory_ids\":[\"INTEL-SA-00289\"]}"
#define OUT_OF_DATE \
	"{\"tcb_status\":[\"OutOfDate\"]," \
	"\"earliest_expiration_date\":\"2025-06-15T15:06:39Z\"," \
	"\"tcb_level_date_tag\":\"2025-06-15T00:00:00Z\",\"tcb_eval_num\":17}"
#define ENCLAVE \
	"{\"sgx_attributes\":\"0000000000000007000000000000000D\"," \
	"\"sgx_miscselect\":\"00000000\"," \
	"\"sgx_isvfamilyid\":\"0000000000000000000000000000000A\"," \
	"\"sgx_isvprodid\":1,\"sgx_isvsvn\":3,\"sgx_configsvn\":0," \
	"\"sgx_mrsigner\":\"0A\"}"
#define ATTRIBUTES \
	"\"sgx_attributes\":\"0000000000000007000000000000000D\"," \
	"\"sgx_attributes_mask\":\"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\""

static const struct row rows[] = {
	/* tdx_attributes: needed, and compared as a text, up to 1.21 */
	{ TD,
	  "{\"tdx_attributes\":" HEX8 "}",
	  "{\"tdx_attributes\":" HEX8 "}",
	  { true, false, true } },
	{ TD,
	  "{\"tdx_mrtd\":\"0A\"}",
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_mrtd\":\"0a\"}",
	  { false, true, true } },
	{ TD,
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_attributes_mask\":\"FFFFFFFFFFFFFFFF\"}",
	  "{\"tdx_attributes\":" HEX8 "}", ALL },
	/* the mask counts from 1.22 on */
	{ TD,
	  "{\"tdx_attributes\":\"0000000000000000\","
	  "\"tdx_attributes_mask\":\"FFFFFFFFEFFFFFFF\"}",
	  "{\"tdx_attributes\":" HEX8 "}",
	  { false, true, true } },
	/* without one, 2026 forgets PERFMON */
	{ TD,
	  "{\"tdx_attributes\":" HEX8 "}",
	  "{\"tdx_attributes\":\"8000000010000000\"}",
	  { false, false, true } },
	/* an empty mask compares nothing; a short one only what comes first */
	{ TD,
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_attributes_mask\":\"\"}",
	  "{\"tdx_attributes\":\"FFFFFFFFFFFFFFFF\"}",
	  { false, true, true } },
	{ TD,
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_attributes_mask\":\"FF\"}",
	  "{\"tdx_attributes\":\"00FFFFFFFFFFFFFF\"}",
	  { false, true, true } },
	{ TD,
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_attributes_mask\":\"FFFFFFFFFFFFFFFX\"}",
	  "{\"tdx_attributes\":" HEX8 "}",
	  { true, false, false } },
	/* tdx_xfam: optional in every generation */
	{ TD,
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_attributes_mask\":\"FFFFFFFFFFFFFFFF\","
	  "\"tdx_xfam\":\"00000000000642e7\"}",
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_xfam\":\"00000000000642E7\"}",
	  { true, false, true } },
	{ TD,
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_attributes_mask\":\"FFFFFFFFFFFFFFFF\","
	  "\"tdx_xfam\":\"0000000000000003\","
	  "\"tdx_xfam_mask\":\"0000000000000003\"}",
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_xfam\":\"00000000000642E7\"}",
	  { false, true, true } },
	/* lists, misspellings and comments */
	{ TD,
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_attributes_mask\":\"FFFFFFFFFFFFFFFF\","
	  "\"tdx_mrtd\":[\"0A\"]}",
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_mrtd\":\"0A\"}", NONE },
	{ TD,
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_attributes_mask\":\"FFFFFFFFFFFFFFFF\","
	  "\"tdx _mrservicetd\":\"0B\",\"#tdx_mrtd\":\"0B\",\"tdx_mrdt\":5}",
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_mrservicetd\":\"0A\"}", ALL },
	{ TD,
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_attributes_mask\":\"FFFFFFFFFFFFFFFF\","
	  "\"tdx_mrservicetd\":\"0B\"}",
	  "{\"tdx_attributes\":" HEX8 "}", NONE },

	/* statuses */
	{ PLATFORM, "{\"accepted_tcb_status\":\"uptodate\"}", GOOD, ALL },
	{ PLATFORM, "{\"accepted_tcb_status\":[\"SWHardeningNeeded\"]}", GOOD, NONE },
	{ PLATFORM, "{\"accepted_tcb_status\":[\"UpToDate\"]}", OUT_OF_DATE, NONE },
	{ PLATFORM, "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"]}", OUT_OF_DATE,
	  ALL },
	/* expiry is looked at with a grace period only */
	{ PLATFORM, "{\"min_eval_num\":17}", OUT_OF_DATE, ALL },
	{ PLATFORM, "{\"collateral_grace_period\":0}", GOOD, ALL },
	{ PLATFORM, "{\"collateral_grace_period\":0}", OUT_OF_DATE, NONE },
	{ PLATFORM, "{\"collateral_grace_period\":1}", OUT_OF_DATE, ALL },
	{ PLATFORM, "{\"collateral_grace_period\":\"90\"}", GOOD, NONE },
	{ PLATFORM, "{\"collateral_grace_period\":0,\"min_eval_num\":1}", GOOD, NONE },
	{ PLATFORM, "{\"min_eval_num\":18}", GOOD, NONE },
	{ PLATFORM,
	  "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"],"
	  "\"platform_grace_period\":86400}",
	  GOOD, NONE },
	{ PLATFORM,
	  "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"],"
	  "\"collateral_grace_period\":0,\"platform_grace_period\":86400}",
	  GOOD, ALL },
	/* dead keys */
	{ PLATFORM, "{\"min_tcb_level_date\":\"2099-01-01T00:00:00Z\"}", GOOD, ALL },
	{ PLATFORM, "{\"accepted_platform_provider_ids\":[\"00\"]}", GOOD, NONE },
	{ PLATFORM, "{\"accepted_sgx_types\":[0,1,2]}", GOOD, NONE },
	{ PLATFORM, "{\"allow_cached_keys\":false,\"allow_smt_enabled\":false}", GOOD,
	  ALL },
	{ PLATFORM, "{\"allow_dynamic_plaform\":false}", GOOD, ALL },
	{ PLATFORM, "{\"allow_dynamic_platform\":false}", GOOD, NONE },
	{ PLATFORM, "{\"allow_dynamic_platform\":true}", GOOD, ALL },
	{ PLATFORM, "{\"rejected_advisory_ids\":[\"intel-sa-00289\"]}", GOOD, NONE },
	{ PLATFORM, "{\"rejected_advisory_ids\":[\"INTEL-SA-00615\"]}", GOOD, ALL },
	{ CLASS_TDQE, "{\"accepted_sgx_types\":[0],\"min_eval_num\":17}", GOOD, ALL },

	/* enclaves */
	{ CLASS_SGX_ENCLAVE, "{" ATTRIBUTES "}", ENCLAVE, ALL },
	{ CLASS_SGX_ENCLAVE, "{\"sgx_mrsigner\":\"0A\"}", ENCLAVE, NONE },
	{ CLASS_SGX_ENCLAVE, "{\"sgx_attributes\":\"0000000000000007000000000000000D\"}",
	  ENCLAVE, NONE },
	{ CLASS_SGX_ENCLAVE, "{" ATTRIBUTES ",\"sgx_isvsvn_min\":3,\"sgx_isvprodid\":1}",
	  ENCLAVE, ALL },
	{ CLASS_SGX_ENCLAVE, "{" ATTRIBUTES ",\"sgx_isvsvn_min\":4}", ENCLAVE, NONE },
	{ CLASS_SGX_ENCLAVE, "{" ATTRIBUTES ",\"sgx_isvprodid\":2}", ENCLAVE, NONE },
	{ CLASS_SGX_ENCLAVE, "{" ATTRIBUTES ",\"sgx_configsvn_min\":1}", ENCLAVE, NONE },
	/* the policy's digits are taken as they stand */
	{ CLASS_SGX_ENCLAVE,
	  "{" ATTRIBUTES ",\"sgx_isvfamilyid\":\"0000000000000000000000000000000A\"}",
	  ENCLAVE, NONE },
	{ CLASS_SGX_ENCLAVE,
	  "{" ATTRIBUTES ",\"sgx_isvfamilyid\":\"0000000000000000000000000000000a\"}",
	  ENCLAVE, ALL },
	{ CLASS_SGX_ENCLAVE,
	  "{" ATTRIBUTES
	  ",\"sgx_ce_attributes\":\"00\",\"sgx_ce_attributes_mask\":\"FF\"}",
	  ENCLAVE, NONE },
};

static json_t *json_from(const char *text)
{
	struct cella_error err = { 0 };
	json_t *json = NULL;

	CHECK_OK(json_parse(bytes_of(text, strlen(text)), "test", &json, &err));
	return json;
}

static void engines_answer_as_they_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *const reference = json_from(rows[i].reference);
		json_t *const measurement = json_from(rows[i].measurement);
		bool flags[POLICY_MAX_FLAGS];

		for (int g = 0; g < ENGINE_COUNT; g++)
			if (intel_engine_appraise((enum engine_generation)g,
						  &policy_classes[rows[i].class],
						  reference, measurement, TIME,
						  flags) != rows[i].says[g])
				fail_msg("%s: %s", engine_name((enum engine_generation)g),
					 rows[i].reference);
		json_decref(reference);
		json_decref(measurement);
	}
}

/* --- probing -------------------------------------------------------------------------------- */

struct probe_row {
	enum policy_class_id class;
	const char *reference;
	enum engine_answer answers[ENGINE_COUNT]; /* of the first condition */
};

static const struct probe_row probe_rows[] = {
	{ TD,
	  "{\"tdx_attributes\":" HEX8 "}",
	  { ENGINE_ENFORCES, ENGINE_NEVER, ENGINE_PARTLY } },
	{ TD,
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_attributes_mask\":\"FFFFFFFFFFFFFFFF\"}",
	  { ENGINE_ENFORCES, ENGINE_ENFORCES, ENGINE_ENFORCES } },
	{ TD,
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_attributes_mask\":\"00000000FFFFFFFF\"}",
	  { ENGINE_STRICTER, ENGINE_ENFORCES, ENGINE_ENFORCES } },
	{ TD,
	  "{\"tdx_attributes\":" HEX8 ",\"tdx_attributes_mask\":\"0000000000000000\"}",
	  { ENGINE_STRICTER, ENGINE_VACUOUS, ENGINE_VACUOUS } },
	{ TD,
	  "{\"tdx _mrservicetd\":\"000000000000000000000000000000000000000000000000"
	  "000000000000000000000000000000000000000000000000\"}",
	  { ENGINE_IGNORES, ENGINE_IGNORES, ENGINE_IGNORES } },
	{ TD, "{\"no_key\":1}", { ENGINE_IGNORES, ENGINE_IGNORES, ENGINE_IGNORES } },
	{ PLATFORM,
	  "{\"min_tcb_level_date\":\"2024-01-01T00:00:00Z\"}",
	  { ENGINE_IGNORES, ENGINE_IGNORES, ENGINE_IGNORES } },
	{ PLATFORM,
	  "{\"accepted_sgx_types\":1}",
	  { ENGINE_NEVER, ENGINE_NEVER, ENGINE_NEVER } },
	{ PLATFORM,
	  "{\"allow_smt_enabled\":false}",
	  { ENGINE_IGNORES, ENGINE_IGNORES, ENGINE_IGNORES } },
	{ PLATFORM,
	  "{\"allow_smt_enabled\":true}",
	  { ENGINE_VACUOUS, ENGINE_VACUOUS, ENGINE_VACUOUS } },
	{ PLATFORM,
	  "{\"collateral_grace_period\":4294967295}",
	  { ENGINE_ENFORCES, ENGINE_ENFORCES, ENGINE_ENFORCES } },
	{ PLATFORM,
	  "{\"min_eval_num\":0}",
	  { ENGINE_VACUOUS, ENGINE_VACUOUS, ENGINE_VACUOUS } },
	{ PLATFORM,
	  "{\"rejected_advisory_ids\":[]}",
	  { ENGINE_VACUOUS, ENGINE_VACUOUS, ENGINE_VACUOUS } },
};

static void probing_finds_the_quirks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(probe_rows); i++) {
		struct judged j;
		const struct policy_element *e;

		judged_new(&j, JUDGED_TD_15);
		judged_element(&j, probe_rows[i].class, probe_rows[i].reference);
		e = &j.policies[0]->elements[0];
		for (int g = 0; g < ENGINE_COUNT; g++) {
			enum engine_answer answer = ENGINE_NEVER;
			struct cella_error err = { 0 };

			CHECK_OK(intel_engine_probe((enum engine_generation)g, e,
						    &e->conditions[0], &answer, &err));
			if (answer != probe_rows[i].answers[g])
				fail_msg("%s: %s: %s",
					 engine_name((enum engine_generation)g),
					 probe_rows[i].reference,
					 engine_answer_name(answer));
		}
		judged_done(&j);
	}
}

static void an_engine_may_refuse_for_want_of_a_key(void **state)
{
	static const bool expected[ENGINE_COUNT] = { false, true, true };
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_element(&j, CLASS_TD_15,
		       "{\"tdx_rtmr3\":\"000000000000000000000000000000000000000000000000"
		       "000000000000000000000000000000000000000000000000\"}");
	for (int g = 0; g < ENGINE_COUNT; g++) {
		const char *flag = NULL;
		bool accepts = false;
		struct cella_error err = { 0 };

		CHECK_OK(intel_engine_accepts((enum engine_generation)g,
					      &j.policies[0]->elements[0], &accepts,
					      &flag, &err));
		assert_int_equal(expected[g], accepts);
		if (!accepts)
			assert_string_equal("attributes", flag);
	}
	judged_done(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engines_answer_as_they_do),
		cmocka_unit_test(probing_finds_the_quirks),
		cmocka_unit_test(an_engine_may_refuse_for_want_of_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
