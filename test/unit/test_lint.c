/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint and explain: every finding has a policy that causes it, and policies that cella
 * writes cause none.
 */
#include "golden.h"
#include "judged.h"

#include "appraise/lint.h"

#include <stdio.h>

/* --- findings -------------------------------------------------------------------------------- */

static char *lint_text(const struct cella_policy *policy, const struct cella_facts *facts,
		       bool as_json, struct cella_policy_findings *found)
{
	struct cella_error err = { 0 };
	char *text = NULL;

	CHECK_OK(cella_policy_lint(policy, facts, as_json, &text, found, &err));
	return text;
}

static struct cella_policy *parse(const char *text)
{
	const struct cella_policy_options options = { .size = sizeof options,
						      .source = CELLA_POLICY_LOCAL };
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_policy_parse(text, strlen(text), &options, &policy, &err));
	return policy;
}

struct row {
	enum policy_class_id class;
	const char *reference;
	const char *finding; /* "level: … key: … [id]" has this, or, with '!', has not */
};

#define TD CLASS_TD_15
#define PLATFORM CLASS_TDX_PLATFORM_15
#define ENCLAVE CLASS_SGX_ENCLAVE
#define MASK "\"tdx_attributes_mask\":\"FFFFFFFFFFFFFFFF\""
#define TD_OK "\"tdx_attributes\":\"0000000010000000\"," MASK

static const struct row rows[] = {
	{ TD, "{\"tdx_mrdt\":1}",
	  "error: policy_array[0] (guest TD 1.5): tdx_mrdt: is not a key" },
	{ TD, "{\"tdx_mrdt\":1}", "did you mean tdx_mrtd?" },
	{ TD, "{\"TDX_MRTD\":1}", "did you mean tdx_mrtd?" },
	{ TD, "{\"color\":1}", "[unknown_key]" },
	{ TD, "{\"color\":1}", "!did you mean" },
	{ TD, "{\"sgx_mrenclave\":1}", "[misplaced_key]" },
	{ PLATFORM, "{\"tdx_xfam_mask\":1}", "[misplaced_key]" },
	{ TD, "{\"#tdx_mrdt\":1," TD_OK "}", "!_key]" },

	{ TD, "{\"tdx_attributes\":\"0000000010000000\"}", "[generations]" },
	{ TD, "{\"tdx_attributes\":\"0000000010000000\"}",
	  "Intel's engine 1.20 enforces it, 1.22 never lets it pass, 2026 enforces it in "
	  "part" },
	{ TD, "{" TD_OK "}", "![generations]" },
	{ TD, "{" TD_OK ",\"tdx_xfam\":\"00000000000642E7\"}", "[generations]" },
	{ TD,
	  "{\"tdx_attributes\":\"0000000010000000\","
	  "\"tdx_attributes_mask\":\"00000000FFFFFFFF\"}",
	  "1.20 takes it for more than it says" },
	{ TD, "{\"tdx_attributes\":[\"0000000010000000\"]," MASK "}",
	  "they take one value, not a list" },
	{ TD,
	  "{\"tdx_rtmr3\":\"000000000000000000000000000000000000000000000000000000000000"
	  "000000000000000000000000000000000000\"}",
	  "1.20 lets nothing pass without tdx_attributes" },
	{ ENCLAVE, "{\"sgx_isvsvn_min\":1}", "2026 lets nothing pass without sgx_attr" },
	{ ENCLAVE, "{\"sgx_attributes\":\"00000000000000070000000000000005\"}",
	  "they need the mask" },
	{ ENCLAVE, "{\"sgx_isvfamilyid\":\"0000000000000000000000000000000A\"}",
	  "A to F never match" },
	{ ENCLAVE, "{\"sgx_isvfamilyid\":\"0000000000000000000000000000000a\"}",
	  "!A to F never match" },
	{ TD,
	  "{" TD_OK ",\"tdx _mrservicetd\":\"00000000000000000000000000000000000000000000"
	  "0000000000000000000000000000000000000000000000000000\"}",
	  "write tdx_mrservicetd" },
	{ PLATFORM, "{\"allow_dynamic_plaform\":false}", "[misspelt_key]" },
	{ PLATFORM, "{\"allow_dynamic_plaform\":false}", "write allow_dynamic_platform" },
	{ PLATFORM, "{\"min_tcb_level_date\":\"2024-01-01T00:00:00Z\"}", "[dead_key]" },
	{ PLATFORM,
	  "{\"accepted_platform_provider_ids\":\"00000000000000000000000000000000\"}",
	  "[dead_key]" },
	{ PLATFORM, "{\"accepted_sgx_types\":1}", "reports say sgx_types" },
	{ PLATFORM, "{\"allow_cached_keys\":false}",
	  "reports say is_cached_keys_policy" },
	{ PLATFORM, "{\"allow_smt_enabled\":false}", "reports say is_smt_enabled" },
	{ PLATFORM, "{\"allow_smt_enabled\":true}", "![dead_key]" },
	{ PLATFORM,
	  "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"],"
	  "\"platform_grace_period\":86400}",
	  "they need collateral_grace_period 0" },
	{ PLATFORM,
	  "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"],"
	  "\"collateral_grace_period\":0,\"platform_grace_period\":86400}",
	  "0 errors, 0 warnings, 0 notes" },

	/* byte order, told by the bits alone */
	{ TD, "{\"tdx_attributes\":\"0000001000000000\"}", "[byte_reversed]" },
	{ TD, "{\"tdx_attributes\":\"0000001000000000\"}", "write 0000000010000000" },
	{ TD, "{\"tdx_attributes\":\"0000000010000000\"}", "![byte_reversed]" },
	{ TD, "{\"tdx_attributes\":\"0000000000000000\"}", "![byte_reversed]" },
	{ TD, "{\"tdx_xfam\":\"E742060000000000\"}", "write 00000000000642E7" },
	{ TD, "{\"tdx_xfam\":\"00000000000642E7\"}", "![byte_reversed]" },
	{ ENCLAVE, "{\"sgx_attributes\":\"0500000000000000E700000000000000\"}",
	  "write 00000000000000E70000000000000005" },
	{ ENCLAVE, "{\"sgx_attributes\":\"00000000000000E70000000000000005\"}",
	  "![byte_reversed]" },

	/* masks */
	{ TD,
	  "{\"tdx_xfam\":\"0000000000000003\",\"tdx_xfam_mask\":\"0000000000000000\"}",
	  "[zero_mask]" },
	{ TD,
	  "{\"tdx_xfam\":\"0000000000000007\",\"tdx_xfam_mask\":\"0000000000000003\"}",
	  "[bits_outside_mask]" },
	{ TD,
	  "{\"tdx_xfam\":\"0000000000000003\",\"tdx_xfam_mask\":\"0000000000000003\"}",
	  "![bits_outside_mask]" },
	{ TD,
	  "{\"tdx_attributes\":\"0000000010000000\","
	  "\"tdx_attributes_mask\":\"0000000010000000\"}",
	  "[debug_open]" },
	{ TD, "{" TD_OK "}", "![debug_open]" },
	{ ENCLAVE,
	  "{\"sgx_attributes\":\"00000000000000070000000000000005\","
	  "\"sgx_attributes_mask\":\"0000000000000000FFFFFFFFFFFFFFFD\"}",
	  "[debug_open]" },

	/* what can never match */
	{ TD, "{\"tdx_attributes\":\"0000000010000001\"," MASK "}", "[never_matches]" },
	{ TD, "{\"tdx_attributes\":[\"0000000010000001\",\"0000000010000000\"]}",
	  "![never_matches]" },
	{ TD, "{\"tdx_attributes\":\"0000000030000000\"," MASK "}", "[migratable]" },
	{ ENCLAVE, "{\"sgx_attributes\":\"00000000000000070000000000000007\"}",
	  "[never_matches]" },
	{ ENCLAVE, "{\"sgx_attributes\":\"00000000000000070000000000000004\"}",
	  "lacks INIT" },
	{ ENCLAVE, "{\"sgx_ce_attributes\":\"00000000000000000000000000000000\"}",
	  "[never_matches]" },
	{ CLASS_TD_10,
	  "{\"tdx_mrservicetd\":\"00000000000000000000000000000000000000000000000000000000"
	  "0000000000000000000000000000000000000000\"}",
	  "[never_matches]" },
	{ TD, "{\"tdx_mrtd\":[]}", "[never_matches]" },
	{ PLATFORM, "{\"accepted_sgx_types\":[3,4]}", "[never_matches]" },
	{ PLATFORM, "{\"accepted_sgx_types\":[2,3]}", "![never_matches]" },
	{ PLATFORM, "{\"accepted_tcb_status\":[\"SWHardeningNeeded\"]}",
	  "must list UpToDate" },
	{ PLATFORM, "{\"accepted_tcb_status\":[]}", "[never_matches]" },

	/* statuses and periods */
	{ PLATFORM, "{\"accepted_tcb_status\":[\"UpToDate\",\"Revoked\"]}",
	  "[unacceptable_status]" },
	{ PLATFORM,
	  "{\"accepted_tcb_status\":[\"UpToDate\",\"ConfigurationAndSWHardeningNeeded\"]}",
	  "list UpToDate, SWHardeningNeeded, ConfigurationNeeded" },
	{ PLATFORM, "{\"accepted_tcb_status\":[\"UpToDate\",\"Ok\"]}",
	  "[unknown_status]" },
	{ PLATFORM, "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"]}",
	  "[out_of_date_forever]" },
	{ PLATFORM, "{\"collateral_grace_period\":7776001}", "[long_grace]" },
	{ PLATFORM, "{\"collateral_grace_period\":7776000}", "![long_grace]" },
	{ PLATFORM, "{\"min_eval_num\":16}", "[no_expiry]" },
	{ PLATFORM, "{\"collateral_grace_period\":0}", "![no_expiry]" },

	/* elements */
	{ TD, "{}", "[empty_reference]" },
	{ TD, "{" TD_OK "}", "[no_measurement]" },
	{ ENCLAVE, "{\"sgx_isvprodid\":1}", "[no_measurement]" },
	{ TD, "{\"user_data\":\"x\"," TD_OK "}", "[user_data]" },
	{ PLATFORM, "{}", "![empty_reference]" },
};

static void every_rule_finds_its_policy(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *const source = element_text(rows[i].class, rows[i].reference);
		struct cella_policy *const policy = parse(source);
		struct cella_policy_findings found = { 0 };
		char *const text = lint_text(policy, NULL, false, &found);
		const bool is_absent = rows[i].finding[0] == '!';

		if ((strstr(text, rows[i].finding + is_absent) == NULL) != is_absent)
			fail_msg("%s: \"%s\" in:\n%s", rows[i].reference, rows[i].finding,
				 text);
		cella_policy_unref(policy);
		free(source);
		free(text);
	}
}

/* The description and members that are no part of a reference. */
static void documents_are_looked_at_too(void **state)
{
	static const struct {
		const char *text;
		const char *finding;
	} documents[] = {
		{ "{\"policy_array\":[{\"environment\":{\"class_id\":"
		  "\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\",\"description\":"
		  "\"my DEFAULT\"},\"reference\":{}}]}",
		  "[default_description]" },
		{ "{\"policy_array\":[{\"environment\":{\"class_id\":"
		  "\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\",\"note\":1},"
		  "\"reference\":{}}]}",
		  "note: policy_array[0] (guest TD 1.5): note: is ignored" },
		{ "{\"policy_array\":[{\"environment\":{\"class_id\":"
		  "\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\"},\"reference\":{},"
		  "\"refrence\":{}}]}",
		  "refrence: is ignored" },
		{ "{\"x\":1,\"policy_array\":[{\"environment\":{\"class_id\":"
		  "\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\"},\"reference\":{}}]}",
		  "note: policy: x: is ignored" },
		{ "{\"policy_array\":[{\"environment\":{\"class_id\":"
		  "\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\"},\"reference\":{}}]}//",
		  "[comments]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
		struct cella_policy *const policy = parse(documents[i].text);
		struct cella_policy_findings found = { 0 };
		char *const text = lint_text(policy, NULL, false, &found);

		CHECK_TEXT_HAS(text, documents[i].finding);
		cella_policy_unref(policy);
		free(text);
	}
}

static void check_pair(const char *first, const char *second, const char *finding)
{
	struct cella_policy *policy;
	struct cella_policy_findings found = { 0 };
	char *source = NULL;
	char *text;

	assert_true(asprintf(&source,
			     "{\"policy_array\":[{\"environment\":{\"class_id\":\"%s\"},"
			     "\"reference\":%s},{\"environment\":{\"class_id\":\"%s\"},"
			     "\"reference\":%s}]}",
			     policy_classes[TD].uuid, first, policy_classes[TD].uuid,
			     second) > 0);
	policy = parse(source);
	text = lint_text(policy, NULL, false, &found);
	if ((strstr(text, finding + (*finding == '!')) == NULL) != (*finding == '!'))
		fail_msg("%s %s: \"%s\" in:\n%s", first, second, finding, text);
	cella_policy_unref(policy);
	free(source);
	free(text);
}

static void alternatives_that_shadow_each_other_are_named(void **state)
{
	static const char wide[] = "{" TD_OK "}";
	static const char narrow[] =
		"{" TD_OK ",\"tdx_xfam\":\"00000000000642E7\",\"tdx_xfam_mask\":"
		"\"FFFFFFFFFFFFFFFF\"}";
	static const char other[] = "{\"tdx_attributes\":\"0000000040000000\"," MASK "}";
	static const char masked[] =
		"{\"tdx_attributes\":\"0000000010000000\",\"tdx_attributes_mask\":"
		"\"00000000FFFFFFFF\"}";

	(void)state;
	check_pair(wide, other, "[alternatives]");
	check_pair(wide, other, "![shadowed]");
	check_pair(
		wide, narrow,
		"policy_array[1] (guest TD 1.5): makes no difference: whatever meets it "
		"meets policy_array[0]");
	check_pair(
		narrow, wide,
		"policy_array[0] (guest TD 1.5): makes no difference: whatever meets it "
		"meets policy_array[1]");
	check_pair(wide, wide, "policy_array[1] (guest TD 1.5): makes no difference");
	check_pair(wide, masked, "![shadowed]");
}

/* --- with evidence ---------------------------------------------------------------------------- */

static void a_measurement_in_wire_order_is_named(void **state)
{
	struct cella_policy_findings found = { 0 };
	char reference[160];
	struct judged j;
	const uint8_t *mr_td;
	size_t len = 0;
	size_t at;
	char *text;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	mr_td = judged_body(&j, CELLA_FACT_MR_TD, &len);
	at = (size_t)snprintf(reference, sizeof reference, "{\"tdx_mrtd\":\"");
	for (size_t i = 0; i < len; i++)
		at += (size_t)snprintf(reference + at, sizeof reference - at, "%02x",
				       mr_td[i]);
	snprintf(reference + at, sizeof reference - at, "\"}");
	judged_element(&j, TD, reference);
	judged_run(&j);
	/* Without the evidence nobody can tell. */
	text = lint_text(j.policies[0], NULL, false, &found);
	assert_null(strstr(text, "[byte_reversed]"));
	free(text);
	text = lint_text(j.policies[0], &j.v->facts, false, &found);
	CHECK_TEXT_HAS(text, "tdx_mrtd: is the evidence's value in wire order");
	assert_int_equal(1, found.num_errors);
	free(text);
	judged_done(&j);
}

static void what_cella_writes_has_no_findings(void **state)
{
	static const enum judged_kind kinds[] = { JUDGED_TD_15, JUDGED_TD_10 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct cella_policy_draft draft = { .size = sizeof draft,
						    .with_platform = true };
		struct cella_policy_findings found = { 0 };
		struct cella_error err = { 0 };
		const char *warning = NULL;
		struct cella_policy *policy;
		struct judged j;
		char *source = NULL;
		char *text;

		judged_new(&j, kinds[i]);
		judged_run(&j);
		draft.facts = &j.v->facts;
		CHECK_OK(cella_policy_write(&draft, &source, &warning, &err));
		policy = parse(source);
		text = lint_text(policy, &j.v->facts, false, &found);
		assert_string_equal("0 errors, 0 warnings, 0 notes\n", text);
		cella_policy_unref(policy);
		judged_done(&j);
		free(source);
		free(text);
	}
}

/* --- golden texts -------------------------------------------------------------------------------- */

static void the_whole_text_of_a_lint(void **state)
{
	char *const source = source_text("data/policy/everything.json");
	struct cella_policy *const policy = parse(source);
	struct cella_policy_findings found = { 0 };
	char *text = lint_text(policy, NULL, false, &found);

	(void)state;
	golden_check("policy/lint.txt", text);
	free(text);
	text = lint_text(policy, NULL, true, &found);
	golden_check("policy/lint.json", text);
	free(text);
	cella_policy_unref(policy);
	free(source);
}

static char *explain(const struct cella_policy *policy,
		     const struct cella_verdict *verdict, bool as_json)
{
	struct cella_error err = { 0 };
	char *text = NULL;

	CHECK_OK(cella_policy_explain(policy, verdict, as_json, &text, &err));
	return text;
}

static void the_whole_text_of_an_explanation(void **state)
{
	char *const source = source_text("data/policy/everything.json");
	struct judged j;
	char *text;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_add(&j, source, NULL);
	judged_run(&j);
	text = explain(j.policies[0], NULL, false);
	golden_check("policy/explain.txt", text);
	free(text);
	text = explain(j.policies[0], j.v, false);
	golden_check("policy/explain-evidence.txt", text);
	free(text);
	text = explain(j.policies[0], j.v, true);
	golden_check("policy/explain.json", text);
	free(text);
	judged_done(&j);
	free(source);
}

/* Where the engines differ from cella, it is said of this evidence. */
static void differences_for_evidence_are_marked(void **state)
{
	struct judged j;
	char *text;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_body(&j, CELLA_FACT_TD_ATTRIBUTES, NULL)[7] = 0x80;
	judged_element(&j, TD, "{\"tdx_attributes\":\"0000000010000000\"}");
	judged_run(&j);
	text = explain(j.policies[0], j.v, false);
	CHECK_TEXT_HAS(text, "    cella NO\n"
			     "    1.20  NO td_attributes_check\n"
			     "    1.22  NO td_attributes_check\n"
			     "    2026  yes  <- differs from cella\n");
	free(text);
	judged_done(&j);
}

/* The dates of levels that the generations look at differ. */
static void engines_take_their_own_dates(void **state)
{
	struct judged j;
	char *text;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_status(&j, CELLA_TCB_OUT_OF_DATE, CELLA_TCB_UP_TO_DATE);
	facts_set_time(&j.v->facts, CELLA_FACT_PLATFORM_TCB_DATE, JUDGED_TIME - 50);
	facts_set_time(&j.v->facts, CELLA_FACT_QE_TCB_DATE, JUDGED_TIME - 200);
	facts_set_time(&j.v->facts, CELLA_FACT_TCB_DATE, JUDGED_TIME - 200);
	judged_element(&j, PLATFORM,
		       "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"],"
		       "\"collateral_grace_period\":0,\"platform_grace_period\":100}");
	judged_run(&j);
	text = explain(j.policies[0], j.v, false);
	CHECK_TEXT_HAS(text, "    cella NO\n"
			     "    1.20  yes  <- differs from cella\n"
			     "    1.22  yes  <- differs from cella\n"
			     "    2026  NO earliest_accepted_tcb_level_date_tag_check\n");
	free(text);
	judged_done(&j);
}

static void evidence_of_another_class_says_nothing(void **state)
{
	struct judged j;
	char *text;

	(void)state;
	judged_new(&j, JUDGED_ENCLAVE);
	judged_element(&j, TD, "{" TD_OK "}");
	judged_run(&j);
	text = explain(j.policies[0], j.v, false);
	CHECK_TEXT_HAS(text, "the evidence says nothing about it");
	free(text);
	judged_done(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_finds_its_policy),
		cmocka_unit_test(documents_are_looked_at_too),
		cmocka_unit_test(alternatives_that_shadow_each_other_are_named),
		cmocka_unit_test(a_measurement_in_wire_order_is_named),
		cmocka_unit_test(what_cella_writes_has_no_findings),
		cmocka_unit_test(the_whole_text_of_a_lint),
		cmocka_unit_test(the_whole_text_of_an_explanation),
		cmocka_unit_test(differences_for_evidence_are_marked),
		cmocka_unit_test(engines_take_their_own_dates),
		cmocka_unit_test(evidence_of_another_class_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
