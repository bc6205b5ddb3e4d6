/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies against evidence: every key of every class, alternatives, what widens what.
 */
#include "judged.h"

#include "appraise/condition.h"

#include <stdio.h>

static enum cella_answer answer(const struct judged *j, enum cella_question question)
{
	return cella_verdict_answer(j->v, question);
}

/* --- keys that compare bytes and numbers of the tenant -------------------------------- */

static enum judged_kind kind_of(enum policy_class_id class)
{
	static const enum judged_kind kinds[CLASS_COUNT] = {
		[CLASS_SGX_PLATFORM] = JUDGED_ENCLAVE,
		[CLASS_SGX_ENCLAVE] = JUDGED_ENCLAVE,
		[CLASS_TDX_PLATFORM_10] = JUDGED_TD_10,
		[CLASS_TDX_PLATFORM_15] = JUDGED_TD_15,
		[CLASS_TDQE] = JUDGED_TD_15,
		[CLASS_TD_10] = JUDGED_TD_10,
		[CLASS_TD_15] = JUDGED_TD_15,
	};

	return kinds[class];
}

static enum cella_question question_of(enum policy_class_id class)
{
	return policy_classes[class].slot == SLOT_TENANT ? CELLA_QUESTION_MINE
							 : CELLA_QUESTION_CURRENT;
}

/* Judges a policy of one element and compares the outcome of one check. */
static void check_reference(enum policy_class_id class, const char *reference,
			    const char *id, enum cella_outcome expected)
{
	struct judged j;

	judged_new(&j, kind_of(class));
	judged_element(&j, class, reference);
	judged_run(&j);
	if (judged_outcome(&j, id) != expected)
		fail_msg("%s: %s: %s", policy_classes[class].name, reference, id);
	assert_int_equal(expected == CELLA_CHECK_PASS ? CELLA_ANSWER_YES
						      : CELLA_ANSWER_NO,
			 answer(&j, question_of(class)));
	assert_int_equal(expected == CELLA_CHECK_PASS, j.v->result == CELLA_ACCEPTED);
	judged_done(&j);
}

/* The value of a key as the imaginary evidence has it; changed at its last byte. */
static void write_value(struct judged *j, const struct policy_key *key, bool good,
			char *out, size_t size)
{
	size_t len = 0;
	const uint8_t *const body = judged_body(j, key->fact, &len);
	size_t at = (size_t)snprintf(out, size, "{\"%s\":\"", key->name);

	for (size_t i = len; i > 0; i--)
		at += (size_t)snprintf(out + at, size - at, "%02X",
				       body[i - 1] ^ (!good && i == 1));
	snprintf(out + at, size - at, "\"}");
}

static void every_byte_string_of_the_tenant_passes_and_fails(void **state)
{
	static const enum policy_class_id classes[] = { CLASS_SGX_ENCLAVE, CLASS_TD_10,
							CLASS_TD_15 };
	size_t num_checked = 0;

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(classes); c++) {
		for (size_t k = 0; k < num_policy_keys; k++) {
			const struct policy_key *const key = &policy_keys[k];
			char reference[256];
			struct judged j;

			if (key->kind != CONDITION_BYTES ||
			    key->fact == CELLA_FACT_NONE ||
			    policy_key_find(&policy_classes[classes[c]], key->name) !=
				    key ||
			    (classes[c] == CLASS_TD_10 &&
			     key->fact == CELLA_FACT_MR_SERVICETD))
				continue;
			judged_new(&j, kind_of(classes[c]));
			write_value(&j, key, true, reference, sizeof reference);
			check_reference(classes[c], reference, key->check_id,
					CELLA_CHECK_PASS);
			write_value(&j, key, false, reference, sizeof reference);
			check_reference(classes[c], reference, key->check_id,
					CELLA_CHECK_FAIL);
			judged_done(&j);
			num_checked++;
		}
	}
	assert_int_equal(7 + 10 + 12, num_checked);
}

struct row {
	enum policy_class_id class;
	const char *reference;
	const char *id;
	enum cella_outcome expected;
};

/* The imaginary enclave: product 0x0901 and so on, from the pattern of its bytes. */
static const struct row tenant_rows[] = {
	/* masks */
	{ CLASS_TD_15, "{\"tdx_attributes\":\"0000000010000000\"}",
	  "policy.tdx_attributes", CELLA_CHECK_PASS },
	{ CLASS_TD_15,
	  "{\"tdx_attributes\":\"0000000000000000\","
	  "\"tdx_attributes_mask\":\"FFFFFFFFEFFFFFFF\"}",
	  "policy.tdx_attributes", CELLA_CHECK_PASS },
	{ CLASS_TD_15,
	  "{\"tdx_attributes\":\"0000000000000000\","
	  "\"tdx_attributes_mask\":\"FFFFFFFFFFFFFFFF\"}",
	  "policy.tdx_attributes", CELLA_CHECK_FAIL },
	/* no mask means all ones, in every byte: PERFMON is not forgotten */
	{ CLASS_TD_15, "{\"tdx_attributes\":\"8000000010000000\"}",
	  "policy.tdx_attributes", CELLA_CHECK_FAIL },
	{ CLASS_TD_15, "{\"tdx_xfam\":\"00000000000642e7\"}", "policy.tdx_xfam",
	  CELLA_CHECK_PASS },
	{ CLASS_TD_15,
	  "{\"tdx_xfam\":\"0000000000000003\",\"tdx_xfam_mask\":\"0000000000000003\"}",
	  "policy.tdx_xfam", CELLA_CHECK_PASS },
	{ CLASS_SGX_ENCLAVE,
	  "{\"sgx_attributes\":\"00000000000000000000000000000005\","
	  "\"sgx_attributes_mask\":\"0000000000000000FFFFFFFFFFFFFFFF\"}",
	  "policy.sgx_attributes", CELLA_CHECK_PASS },
	{ CLASS_SGX_ENCLAVE, "{\"sgx_attributes\":\"00000000000000000000000000000005\"}",
	  "policy.sgx_attributes", CELLA_CHECK_FAIL },
	/* arrays: any of; an empty one is none of */
	{ CLASS_TD_15, "{\"tdx_attributes\":[\"0000000000000000\",\"0000000010000000\"]}",
	  "policy.tdx_attributes", CELLA_CHECK_PASS },
	{ CLASS_TD_15, "{\"tdx_attributes\":[]}", "policy.tdx_attributes",
	  CELLA_CHECK_FAIL },
	{ CLASS_TD_15, "{\"tdx_attributes\":[\"0000000000000000\",\"0000000040000000\"]}",
	  "policy.tdx_attributes", CELLA_CHECK_FAIL },
	/* numbers */
	{ CLASS_SGX_ENCLAVE, "{\"sgx_isvprodid\":2049}", "policy.sgx_isvprodid",
	  CELLA_CHECK_PASS },
	{ CLASS_SGX_ENCLAVE, "{\"sgx_isvprodid\":[1,2049]}", "policy.sgx_isvprodid",
	  CELLA_CHECK_PASS },
	{ CLASS_SGX_ENCLAVE, "{\"sgx_isvprodid\":2050}", "policy.sgx_isvprodid",
	  CELLA_CHECK_FAIL },
	{ CLASS_SGX_ENCLAVE, "{\"sgx_isvsvn_min\":5647}", "policy.sgx_isvsvn_min",
	  CELLA_CHECK_PASS },
	{ CLASS_SGX_ENCLAVE, "{\"sgx_isvsvn_min\":5648}", "policy.sgx_isvsvn_min",
	  CELLA_CHECK_FAIL },
	{ CLASS_SGX_ENCLAVE, "{\"sgx_configsvn_min\":9245}", "policy.sgx_configsvn_min",
	  CELLA_CHECK_PASS },
	{ CLASS_SGX_ENCLAVE, "{\"sgx_configsvn_min\":9246}", "policy.sgx_configsvn_min",
	  CELLA_CHECK_FAIL },
	/* what quotes do not carry never holds */
	{ CLASS_SGX_ENCLAVE,
	  "{\"sgx_ce_attributes\":\"00000000000000000000000000000000\"}",
	  "policy.sgx_ce_attributes", CELLA_CHECK_FAIL },
	{ CLASS_TD_10,
	  "{\"tdx_mrservicetd\":\"000000000000000000000000000000000000000000000000"
	  "000000000000000000000000000000000000000000000000\"}",
	  "policy.tdx_mrservicetd", CELLA_CHECK_FAIL },
	/* the typo of Intel's tool is enforced */
	{ CLASS_TD_15,
	  "{\"tdx _mrservicetd\":\"000000000000000000000000000000000000000000000000"
	  "000000000000000000000000000000000000000000000000\"}",
	  "policy.tdx_mrservicetd", CELLA_CHECK_PASS },
	{ CLASS_TD_15,
	  "{\"tdx _mrservicetd\":\"100000000000000000000000000000000000000000000000"
	  "000000000000000000000000000000000000000000000000\"}",
	  "policy.tdx_mrservicetd", CELLA_CHECK_FAIL },
	/* unknown, misspelt or misplaced keys never hold; comments say nothing */
	{ CLASS_TD_15, "{\"tdx_mrdt\":\"00\"}", "policy.tdx_mrdt", CELLA_CHECK_FAIL },
	{ CLASS_TD_15, "{\"tdx_attributes\":\"0000000010000000\",\"min_eval_num\":1}",
	  "policy.min_eval_num", CELLA_CHECK_FAIL },
	{ CLASS_TD_15, "{\"Tdx_attributes\":\"0000000010000000\"}",
	  "policy.Tdx_attributes", CELLA_CHECK_FAIL },
	{ CLASS_TD_15,
	  "{\"tdx_attributes\":\"0000000010000000\",\"#tdx_mrtd\":5,\"user_data\":\"x\"}",
	  "policy.tdx_attributes", CELLA_CHECK_PASS },
	/* an element that demands nothing vouches for nothing */
	{ CLASS_TD_15, "{}", "policy.reference", CELLA_CHECK_FAIL },
	{ CLASS_SGX_ENCLAVE, "{\"#NOTE\":\"nothing\"}", "policy.reference",
	  CELLA_CHECK_FAIL },
};

static void tenant_keys_hold_as_they_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tenant_rows); i++)
		check_reference(tenant_rows[i].class, tenant_rows[i].reference,
				tenant_rows[i].id, tenant_rows[i].expected);
}

/* --- keys of platforms and the quoting enclave ----------------------------------------- */

/* What is made different before a policy judges. */
struct world {
	enum cella_tcb_status status, qe_status;
	int64_t expiry; /* of every document; 0: unchanged */
	bool no_flags;  /* a certificate of the processor CA */
	const char *advisory;
};

static void change_world(struct judged *j, const struct world *world)
{
	static const char *advisories[1];

	if (world->status != CELLA_TCB_NONE)
		judged_status(j, world->status, world->qe_status);
	for (size_t i = 0; world->expiry != 0 && i < DATES_COUNT; i++)
		j->v->dates[i].expires.to = world->expiry;
	if (world->no_flags) {
		facts_set_text(&j->v->facts, CELLA_FACT_PCK_CA, "processor");
		j->v->facts.values[CELLA_FACT_DYNAMIC_PLATFORM].type = FACT_ABSENT;
		j->v->facts.values[CELLA_FACT_CACHED_KEYS].type = FACT_ABSENT;
		j->v->facts.values[CELLA_FACT_SMT_ENABLED].type = FACT_ABSENT;
	}
	advisories[0] = world->advisory;
	if (world->advisory != NULL)
		facts_set_texts(&j->v->facts, CELLA_FACT_ADVISORY_IDS, advisories, 1);
}

struct platform_row {
	const char *reference;
	const char *id;
	struct world world;
	enum cella_outcome check;
	enum cella_answer current;
};

#define DAY INT64_C(86400)
#define UTD CELLA_TCB_UP_TO_DATE
#define OOD CELLA_TCB_OUT_OF_DATE
#define SWH CELLA_TCB_SW_HARDENING_NEEDED
#define CN_SWH CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED
#define YES CELLA_CHECK_PASS, CELLA_ANSWER_YES
#define NO CELLA_CHECK_FAIL, CELLA_ANSWER_NO

/* These hold for all three platforms; the quoting enclave's status follows the platform's
 * where a row needs it to. */
static const struct platform_row platform_rows[] = {
	{ "{\"accepted_tcb_status\":\"UpToDate\"}",
	  "policy.accepted_tcb_status",
	  { UTD, UTD },
	  YES },
	{ "{\"accepted_tcb_status\":[\"uptodate\"]}",
	  "policy.accepted_tcb_status",
	  { UTD, UTD },
	  YES },
	{ "{\"accepted_tcb_status\":[\"UpToDate\"]}",
	  "policy.accepted_tcb_status",
	  { SWH, UTD },
	  NO },
	{ "{\"accepted_tcb_status\":[\"UpToDate\",\"SWHardeningNeeded\"]}",
	  "policy.accepted_tcb_status",
	  { SWH, UTD },
	  YES },
	{ "{\"accepted_tcb_status\":[\"UpToDate\",\"SWHardeningNeeded\"]}",
	  "policy.accepted_tcb_status",
	  { CN_SWH, UTD },
	  NO },
	{ "{\"accepted_tcb_status\":[\"UpToDate\",\"SWHardeningNeeded\","
	  "\"ConfigurationNeeded\"]}",
	  "policy.accepted_tcb_status",
	  { CN_SWH, UTD },
	  YES },
	/* a list without UpToDate, as Intel has it, accepts nothing */
	{ "{\"accepted_tcb_status\":[\"SWHardeningNeeded\"]}",
	  "policy.accepted_tcb_status",
	  { SWH, UTD },
	  NO },
	{ "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"]}",
	  "policy.accepted_tcb_status",
	  { OOD, UTD },
	  YES },
	{ "{\"accepted_tcb_status\":[\"UpToDate\",\"TDRelaunchAdvised\"]}",
	  "policy.accepted_tcb_status",
	  { CELLA_TCB_TD_RELAUNCH_ADVISED, UTD },
	  YES },
	/* no list accepts what was revoked, or what no level describes */
	{ "{\"accepted_tcb_status\":[\"UpToDate\",\"Revoked\"]}",
	  "policy.accepted_tcb_status",
	  { CELLA_TCB_REVOKED, UTD },
	  NO },
	{ "{\"accepted_tcb_status\":[\"UpToDate\",\"NotSupported\"]}",
	  "policy.accepted_tcb_status",
	  { CELLA_TCB_NOT_SUPPORTED, UTD },
	  NO },

	{ "{\"min_eval_num\":17}", "policy.min_eval_num", { UTD, UTD }, YES },
	{ "{\"min_eval_num\":18}", "policy.min_eval_num", { UTD, UTD }, NO },
	/* a minimum does not switch the expiry off */
	{ "{\"min_eval_num\":1}", "tcb_info.dates", { UTD, UTD, JUDGED_TIME - 1 }, NO },

	{ "{\"min_tcb_level_date\":\"2024-03-09T16:00:00Z\"}",
	  "policy.min_tcb_level_date",
	  { UTD, UTD },
	  YES },
	{ "{\"min_tcb_level_date\":\"2024-03-09T16:00:01Z\"}",
	  "policy.min_tcb_level_date",
	  { UTD, UTD },
	  NO },

	{ "{\"collateral_grace_period\":0}",
	  "policy.collateral_grace_period",
	  { UTD, UTD },
	  YES },
	{ "{\"collateral_grace_period\":0}",
	  "policy.collateral_grace_period",
	  { UTD, UTD, JUDGED_TIME },
	  YES },
	{ "{\"collateral_grace_period\":0}",
	  "policy.collateral_grace_period",
	  { UTD, UTD, JUDGED_TIME - 1 },
	  NO },

	/* out of date, but not for longer than the grace since the level's date */
	{ "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"],"
	  "\"collateral_grace_period\":0,\"platform_grace_period\":40000000}",
	  "policy.platform_grace_period",
	  { OOD, UTD },
	  YES },
	{ "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"],"
	  "\"platform_grace_period\":39999999}",
	  "policy.platform_grace_period",
	  { OOD, UTD },
	  NO },
	{ "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"],"
	  "\"platform_grace_period\":0}",
	  "policy.platform_grace_period",
	  { UTD, UTD },
	  YES },
	/* that grace is not the collateral's */
	{ "{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"],"
	  "\"platform_grace_period\":90000000}",
	  "pck_crl.dates",
	  { OOD, UTD, JUDGED_TIME - 1 },
	  NO },

	{ "{\"rejected_advisory_ids\":[\"INTEL-SA-00615\"]}",
	  "policy.rejected_advisory_ids",
	  { UTD, UTD },
	  YES },
	{ "{\"rejected_advisory_ids\":[\"INTEL-SA-00615\"]}",
	  "policy.rejected_advisory_ids",
	  { UTD, UTD, .advisory = "INTEL-SA-00289" },
	  YES },
	{ "{\"rejected_advisory_ids\":[\"X\",\"intel-sa-00289\"]}",
	  "policy.rejected_advisory_ids",
	  { UTD, UTD, .advisory = "INTEL-SA-00289" },
	  NO },

	{ "{\"accepted_platform_provider_ids\":[\"100F0E0D0C0B0A0908070605D4C3B2A1\"]}",
	  "policy.accepted_platform_provider_ids",
	  { UTD, UTD },
	  YES },
	{ "{\"accepted_platform_provider_ids\":\"110F0E0D0C0B0A0908070605D4C3B2A1\"}",
	  "policy.accepted_platform_provider_ids",
	  { UTD, UTD },
	  NO },
	{ "{\"accepted_sgx_types\":1}", "policy.accepted_sgx_types", { UTD, UTD }, YES },
	{ "{\"accepted_sgx_types\":[0,1]}",
	  "policy.accepted_sgx_types",
	  { UTD, UTD },
	  YES },
	{ "{\"accepted_sgx_types\":[0,2]}",
	  "policy.accepted_sgx_types",
	  { UTD, UTD },
	  NO },

	{ "{\"allow_dynamic_platform\":true}",
	  "policy.allow_dynamic_platform",
	  { UTD, UTD },
	  YES },
	{ "{\"allow_dynamic_platform\":false}",
	  "policy.allow_dynamic_platform",
	  { UTD, UTD },
	  NO },
	{ "{\"allow_dynamic_plaform\":false}",
	  "policy.allow_dynamic_platform",
	  { UTD, UTD },
	  NO },
	{ "{\"allow_cached_keys\":true}", "policy.allow_cached_keys", { UTD, UTD }, YES },
	{ "{\"allow_cached_keys\":false}", "policy.allow_cached_keys", { UTD, UTD }, NO },
	{ "{\"allow_smt_enabled\":true}", "policy.allow_smt_enabled", { UTD, UTD }, YES },
	{ "{\"allow_smt_enabled\":false}", "policy.allow_smt_enabled", { UTD, UTD }, NO },
	{ "{\"allow_dynamic_platform\":false}",
	  "policy.allow_dynamic_platform",
	  { UTD, UTD, .no_flags = true },
	  YES },
	{ "{\"allow_cached_keys\":false}",
	  "policy.allow_cached_keys",
	  { UTD, UTD, .no_flags = true },
	  YES },
	{ "{\"allow_smt_enabled\":false}",
	  "policy.allow_smt_enabled",
	  { UTD, UTD, .no_flags = true },
	  NO },

	{ "{\"accepted_tcb_staus\":[\"UpToDate\"]}",
	  "policy.accepted_tcb_staus",
	  { UTD, UTD },
	  NO },
	{ "{\"tdx_mrtd\":\"00\"}", "policy.tdx_mrtd", { UTD, UTD }, NO },
};

static void check_platform(enum policy_class_id class, const struct platform_row *row)
{
	struct judged j;

	judged_new(&j, kind_of(class));
	change_world(&j, &row->world);
	judged_element(&j, class, row->reference);
	judged_run(&j);
	if (judged_outcome(&j, row->id) != row->check ||
	    answer(&j, CELLA_QUESTION_CURRENT) != row->current)
		fail_msg("%s: %s", policy_classes[class].name, row->reference);
	/* A policy about platforms does not say whose workload it is. */
	assert_int_equal(CELLA_ANSWER_NOT_ASKED, answer(&j, CELLA_QUESTION_MINE));
	judged_done(&j);
}

static void platform_keys_hold_as_they_say(void **state)
{
	static const enum policy_class_id classes[] = { CLASS_SGX_PLATFORM,
							CLASS_TDX_PLATFORM_10,
							CLASS_TDX_PLATFORM_15 };

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(classes); c++)
		for (size_t i = 0; i < ARRAY_LEN(platform_rows); i++)
			check_platform(classes[c], &platform_rows[i]);
}

/* Rows of the quoting enclave: its own level, dates and evaluation number. */
static const struct platform_row qe_rows[] = {
	{ "{\"accepted_tcb_status\":[\"UpToDate\"]}",
	  "policy.accepted_tcb_status",
	  { UTD, UTD },
	  YES },
	/* the platform's status is not its concern */
	{ "{\"accepted_tcb_status\":[\"UpToDate\"]}",
	  "policy.accepted_tcb_status",
	  { SWH, UTD },
	  CELLA_CHECK_PASS,
	  CELLA_ANSWER_NO },
	{ "{\"accepted_tcb_status\":[\"UpToDate\"]}",
	  "policy.accepted_tcb_status",
	  { UTD, OOD },
	  NO },
	{ "{\"min_eval_num\":17}", "policy.min_eval_num", { UTD, UTD }, YES },
	{ "{\"min_eval_num\":18}", "policy.min_eval_num", { UTD, UTD }, NO },
	{ "{\"min_tcb_level_date\":\"2024-03-09T16:00:00Z\"}",
	  "policy.min_tcb_level_date",
	  { UTD, UTD },
	  YES },
	{ "{\"min_tcb_level_date\":\"2024-03-10T00:00:00Z\"}",
	  "policy.min_tcb_level_date",
	  { UTD, UTD },
	  NO },
	{ "{\"collateral_grace_period\":0}",
	  "policy.collateral_grace_period",
	  { UTD, UTD, JUDGED_TIME - 1 },
	  NO },
	/* keys of platforms are not keys of the quoting enclave */
	{ "{\"accepted_sgx_types\":[0,1,2]}",
	  "policy.accepted_sgx_types",
	  { UTD, UTD },
	  NO },
};

static void quoting_enclaves_keys_judge_its_own_level(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(qe_rows); i++)
		check_platform(CLASS_TDQE, &qe_rows[i]);
}

/* Its level, date and number differ from the platform's here. */
static void quoting_enclave_is_not_measured_by_the_platforms_numbers(void **state)
{
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	facts_set_number(&j.v->facts, CELLA_FACT_QE_TCB_EVAL_NUM, 20);
	facts_set_time(&j.v->facts, CELLA_FACT_QE_TCB_DATE, JUDGED_TIME);
	judged_element(&j, CLASS_TDQE,
		       "{\"min_eval_num\":20,"
		       "\"min_tcb_level_date\":\"2025-06-15T15:06:40Z\"}");
	judged_run(&j);
	assert_int_equal(CELLA_ACCEPTED, j.v->result);
	judged_done(&j);
}

/* --- widening -------------------------------------------------------------------------- */

static void grace_of_a_policy_covers_its_own_documents_only(void **state)
{
	static const struct {
		enum policy_class_id class;
		enum date_group group;
		bool is_covered;
	} rows[] = {
		{ CLASS_TDX_PLATFORM_15, DATES_PCK, true },
		{ CLASS_TDX_PLATFORM_15, DATES_TCB_INFO, true },
		{ CLASS_TDX_PLATFORM_15, DATES_ROOT_CRL, true },
		{ CLASS_TDX_PLATFORM_15, DATES_PCK_CRL, true },
		{ CLASS_TDX_PLATFORM_15, DATES_QE_IDENTITY, false },
		{ CLASS_TDQE, DATES_QE_IDENTITY, true },
		{ CLASS_TDQE, DATES_TCB_INFO, false },
		{ CLASS_SGX_PLATFORM, DATES_QE_IDENTITY, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct judged j;

		judged_new(&j, kind_of(rows[i].class));
		j.v->dates[rows[i].group].expires.to = JUDGED_TIME - 10 * DAY;
		judged_element(&j, rows[i].class, "{\"collateral_grace_period\":864000}");
		judged_run(&j);
		assert_int_equal(rows[i].is_covered ? CELLA_ACCEPTED : CELLA_REJECTED,
				 j.v->result);
		judged_done(&j);
	}
}

static void policies_may_be_stricter_than_the_options(void **state)
{
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_status(&j, SWH, UTD);
	j.options.accept = CELLA_ACCEPT(SWH);
	judged_element(&j, CLASS_TDX_PLATFORM_15,
		       "{\"accepted_tcb_status\":[\"UpToDate\"]}");
	judged_run(&j);
	assert_int_equal(CELLA_CHECK_PASS, judged_outcome(&j, "tcb.status"));
	assert_int_equal(CELLA_CHECK_FAIL,
			 judged_outcome(&j, "policy.accepted_tcb_status"));
	assert_int_equal(CELLA_REJECTED, j.v->result);
	judged_done(&j);

	judged_new(&j, JUDGED_TD_15);
	j.v->dates[DATES_TCB_INFO].expires.to = JUDGED_TIME - DAY;
	j.options.grace_s = 2 * DAY;
	judged_element(&j, CLASS_TDX_PLATFORM_15, "{\"collateral_grace_period\":0}");
	judged_run(&j);
	assert_int_equal(CELLA_CHECK_PASS, judged_outcome(&j, "tcb_info.dates"));
	assert_int_equal(CELLA_REJECTED, j.v->result);
	judged_done(&j);
}

/* What a policy leaves unsaid stays with the options. */
static void unsaid_status_and_expiry_follow_the_options(void **state)
{
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_status(&j, SWH, UTD);
	j.v->dates[DATES_TCB_INFO].expires.to = JUDGED_TIME - DAY;
	j.options.accept = CELLA_ACCEPT(SWH);
	j.options.grace_s = 2 * DAY;
	judged_element(&j, CLASS_TDX_PLATFORM_15, "{\"min_eval_num\":17}");
	judged_run(&j);
	assert_int_equal(CELLA_ACCEPTED, j.v->result);
	judged_done(&j);
}

static void platforms_policy_does_not_excuse_a_td_quoting_enclave(void **state)
{
	static const char accepts[] =
		"{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"]}";
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_status(&j, OOD, OOD);
	judged_element(&j, CLASS_TDX_PLATFORM_15, accepts);
	judged_run(&j);
	assert_int_equal(CELLA_CHECK_FAIL, judged_outcome(&j, "tcb.status"));
	CHECK_TEXT_HAS(judged_check(&j, "tcb.status")->actual, "quoting enclave");
	judged_done(&j);

	judged_new(&j, JUDGED_TD_15);
	judged_status(&j, OOD, OOD);
	judged_element(&j, CLASS_TDX_PLATFORM_15, accepts);
	judged_element(&j, CLASS_TDQE, accepts);
	judged_run(&j);
	assert_int_equal(CELLA_ACCEPTED, j.v->result);
	judged_done(&j);

	/* An SGX platform includes its quoting enclave. */
	judged_new(&j, JUDGED_ENCLAVE);
	judged_status(&j, OOD, OOD);
	judged_element(&j, CLASS_SGX_PLATFORM, accepts);
	judged_run(&j);
	assert_int_equal(CELLA_ACCEPTED, j.v->result);
	judged_done(&j);
}

/* A policy that fails in one respect widens nothing. */
static void a_failing_policy_widens_nothing(void **state)
{
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_status(&j, SWH, UTD);
	j.v->dates[DATES_TCB_INFO].expires.to = JUDGED_TIME - DAY;
	judged_element(&j, CLASS_TDX_PLATFORM_15,
		       "{\"accepted_tcb_status\":[\"UpToDate\",\"SWHardeningNeeded\"],"
		       "\"collateral_grace_period\":864000,\"accepted_sgx_types\":2}");
	judged_run(&j);
	assert_int_equal(CELLA_CHECK_FAIL, judged_outcome(&j, "tcb.status"));
	assert_int_equal(CELLA_CHECK_FAIL, judged_outcome(&j, "tcb_info.dates"));
	judged_done(&j);
}

/* --- alternatives, joined classes -------------------------------------------------------- */

#define ATTRIBUTES "\"tdx_attributes\":\"0000000010000000\""
#define OTHER_XFAM "\"tdx_xfam\":\"0000000000000003\""

static void one_of_several_alternatives_is_enough(void **state)
{
	const struct cella_check *check;
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_element(&j, CLASS_TD_15, "{" OTHER_XFAM "}");
	judged_element(&j, CLASS_TD_15, "{" ATTRIBUTES "}");
	judged_run(&j);
	assert_int_equal(CELLA_ACCEPTED, j.v->result);
	assert_null(judged_check(&j, "policy.tdx_xfam"));
	check = judged_check(&j, "policy.tdx_attributes");
	CHECK_TEXT_HAS(check->where, "chosen among 2 alternatives");
	assert_ptr_equal(j.policies[1], j.v->appraisal->slots[SLOT_TENANT].policy);
	judged_done(&j);
}

static void the_closest_alternative_is_told_when_none_holds(void **state)
{
	const struct cella_check *check;
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_element(&j, CLASS_TD_15,
		       "{\"tdx_attributes\":\"0000000000000000\"," OTHER_XFAM "}");
	judged_element(&j, CLASS_TD_15, "{" ATTRIBUTES "," OTHER_XFAM "}");
	judged_element(&j, CLASS_TD_15,
		       "{\"tdx_attributes\":\"0000000000000000\"," OTHER_XFAM "}");
	judged_run(&j);
	assert_int_equal(CELLA_ANSWER_NO, answer(&j, CELLA_QUESTION_MINE));
	assert_int_equal(CELLA_CHECK_PASS, judged_outcome(&j, "policy.tdx_attributes"));
	check = judged_check(&j, "policy.tdx_xfam");
	assert_int_equal(CELLA_CHECK_FAIL, check->outcome);
	assert_string_equal("0000000000000003", check->expected);
	assert_string_equal("00000000000642E7", check->actual);
	CHECK_TEXT_HAS(check->where, "the closest of 3 alternatives; none holds");
	assert_non_null(check->remedy);
	judged_done(&j);
}

/* One that cannot be judged yet is closer than one that is refuted. */
static void an_undecided_alternative_is_not_a_no(void **state)
{
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_forget_tcb(&j);
	judged_element(&j, CLASS_TDX_PLATFORM_15, "{\"no_such_key\":1}");
	judged_element(&j, CLASS_TDX_PLATFORM_15, "{\"min_eval_num\":17}");
	judged_run(&j);
	assert_int_equal(CELLA_CHECK_NOT_EVALUATED,
			 judged_outcome(&j, "policy.min_eval_num"));
	assert_int_equal(CELLA_ANSWER_UNKNOWN, answer(&j, CELLA_QUESTION_CURRENT));
	assert_int_equal(CELLA_UNDECIDED, j.v->result);
	judged_done(&j);
}

static void without_collateral_platform_keys_are_not_evaluated(void **state)
{
	static const char *const references[] = {
		"{\"accepted_tcb_status\":[\"UpToDate\"]}",
		"{\"collateral_grace_period\":0}",
		"{\"accepted_tcb_status\":[\"UpToDate\",\"OutOfDate\"],"
		"\"platform_grace_period\":1}",
		"{\"min_tcb_level_date\":\"2024-03-09T16:00:00Z\"}",
		"{\"min_eval_num\":17}",
		"{\"rejected_advisory_ids\":[\"X\"]}",
		"{\"accepted_platform_provider_ids\":"
		"\"100F0E0D0C0B0A0908070605D4C3B2A1\"}",
		"{\"accepted_sgx_types\":1}",
		"{\"allow_dynamic_platform\":false}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(references); i++) {
		struct judged j;

		judged_new(&j, JUDGED_TD_15);
		judged_forget_tcb(&j);
		judged_element(&j, CLASS_TDX_PLATFORM_15, references[i]);
		judged_run(&j);
		assert_int_equal(CELLA_UNDECIDED, j.v->result);
		assert_int_equal(CELLA_CHECK_NOT_EVALUATED,
				 j.v->appraisal->slots[SLOT_PLATFORM].outcome);
		judged_done(&j);
	}
}

static void classes_are_joined(void **state)
{
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_element(&j, CLASS_TD_15, "{" ATTRIBUTES "}");
	judged_element(&j, CLASS_TDX_PLATFORM_15, "{\"min_eval_num\":17}");
	judged_element(&j, CLASS_TDQE, "{\"min_eval_num\":18}");
	judged_run(&j);
	assert_int_equal(CELLA_ANSWER_YES, answer(&j, CELLA_QUESTION_MINE));
	assert_int_equal(CELLA_ANSWER_NO, answer(&j, CELLA_QUESTION_CURRENT));
	assert_int_equal(CELLA_REJECTED, j.v->result);
	judged_done(&j);
}

static void an_element_for_another_class_does_not_vouch(void **state)
{
	static const struct {
		enum judged_kind evidence;
		enum policy_class_id class;
		const char *reference;
		enum cella_question question;
	} rows[] = {
		{ JUDGED_TD_10, CLASS_TD_15, "{" ATTRIBUTES "}", CELLA_QUESTION_MINE },
		{ JUDGED_TD_15, CLASS_TD_10, "{" ATTRIBUTES "}", CELLA_QUESTION_MINE },
		{ JUDGED_TD_15, CLASS_SGX_ENCLAVE, "{\"sgx_isvsvn_min\":0}",
		  CELLA_QUESTION_MINE },
		{ JUDGED_ENCLAVE, CLASS_TD_15, "{" ATTRIBUTES "}", CELLA_QUESTION_MINE },
		{ JUDGED_TD_10, CLASS_TDX_PLATFORM_15, "{\"min_eval_num\":1}",
		  CELLA_QUESTION_CURRENT },
		{ JUDGED_TD_15, CLASS_SGX_PLATFORM, "{\"min_eval_num\":1}",
		  CELLA_QUESTION_CURRENT },
		{ JUDGED_ENCLAVE, CLASS_TDX_PLATFORM_15, "{\"min_eval_num\":1}",
		  CELLA_QUESTION_CURRENT },
		{ JUDGED_ENCLAVE, CLASS_TDQE, "{\"min_eval_num\":1}",
		  CELLA_QUESTION_CURRENT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct judged j;

		judged_new(&j, rows[i].evidence);
		judged_element(&j, rows[i].class, rows[i].reference);
		judged_run(&j);
		assert_int_equal(CELLA_CHECK_FAIL, judged_outcome(&j, "policy.class"));
		CHECK_TEXT_HAS(judged_check(&j, "policy.class")->actual,
			       policy_classes[rows[i].class].name);
		assert_int_equal(CELLA_ANSWER_NO, answer(&j, rows[i].question));
		judged_done(&j);
	}
}

/* A version 4 quote of a newer module is judged as TD 1.5, whatever its body. */
static void class_of_a_version_4_quote_is_its_modules(void **state)
{
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_10);
	judged_body(&j, CELLA_FACT_TEE_TCB_SVN, NULL)[1] = 3;
	judged_element(&j, CLASS_TD_15, "{" ATTRIBUTES "}");
	judged_element(&j, CLASS_TDX_PLATFORM_15, "{\"min_eval_num\":1}");
	judged_run(&j);
	assert_int_equal(CELLA_ACCEPTED, j.v->result);
	judged_done(&j);
}

/* --- service TDs -------------------------------------------------------------------------- */

static void make_migratable(struct judged *j, uint8_t service_td)
{
	judged_new(j, JUDGED_TD_15);
	judged_body(j, CELLA_FACT_TD_ATTRIBUTES, NULL)[3] = 0x30;
	memset(judged_body(j, CELLA_FACT_MR_SERVICETD, NULL), service_td, MR_LEN);
}

#define HEX48(byte) \
	byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte \
		byte byte byte byte byte byte byte byte byte byte byte byte byte byte \
			byte byte byte byte byte byte byte byte byte byte byte byte byte \
				byte byte byte byte byte

static void migratable_needs_a_policy_that_names_the_service_td(void **state)
{
	static const struct {
		uint8_t service_td;
		const char *reference;
		enum cella_outcome expected;
	} rows[] = {
		{ 0xab, "{\"tdx_mrservicetd\":\"" HEX48("AB") "\"}", CELLA_CHECK_PASS },
		{ 0xab, "{\"tdx _mrservicetd\":\"" HEX48("AB") "\"}", CELLA_CHECK_PASS },
		{ 0xab, "{\"tdx_mrservicetd\":\"" HEX48("AC") "\"}", CELLA_CHECK_FAIL },
		{ 0xab, "{\"tdx_attributes\":\"0000000030000000\"}", CELLA_CHECK_FAIL },
		/* naming that there is none allows none */
		{ 0, "{\"tdx_mrservicetd\":\"" HEX48("00") "\"}", CELLA_CHECK_FAIL },
		/* a policy that fails elsewhere names nothing */
		{ 0xab, "{\"tdx_mrservicetd\":\"" HEX48("AB") "\"," OTHER_XFAM "}",
		  CELLA_CHECK_FAIL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct judged j;

		make_migratable(&j, rows[i].service_td);
		judged_element(&j, CLASS_TD_15, rows[i].reference);
		judged_run(&j);
		assert_int_equal(rows[i].expected, judged_outcome(&j, "td.migratable"));
		judged_done(&j);
	}
}

static bool warns(const struct judged *j, const char *part)
{
	for (size_t i = 0; i < j->v->num_warnings; i++)
		if (strstr(j->v->warnings[i], part) != NULL)
			return true;
	return false;
}

static void a_named_service_td_is_not_warned_of(void **state)
{
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	memset(judged_body(&j, CELLA_FACT_MR_SERVICETD, NULL), 0xab, MR_LEN);
	judged_run(&j);
	assert_true(warns(&j, "service TD"));
	judged_done(&j);

	judged_new(&j, JUDGED_TD_15);
	j.options.flags = CELLA_VERIFY_STRICT;
	memset(judged_body(&j, CELLA_FACT_MR_SERVICETD, NULL), 0xab, MR_LEN);
	judged_element(&j, CLASS_TD_15, "{\"tdx_mrservicetd\":\"" HEX48("AB") "\"}");
	judged_run(&j);
	assert_false(warns(&j, "service TD"));
	assert_int_equal(CELLA_ACCEPTED, j.v->result);
	judged_done(&j);
}

/* An alternative that holds and names the service TD counts, chosen or not. */
static void any_alternative_that_holds_may_name_the_service_td(void **state)
{
	struct judged j;

	(void)state;
	make_migratable(&j, 0xab);
	judged_element(&j, CLASS_TD_15, "{\"tdx_attributes\":\"0000000030000000\"}");
	judged_element(&j, CLASS_TD_15, "{\"tdx_mrservicetd\":\"" HEX48("AB") "\"}");
	judged_run(&j);
	assert_int_equal(CELLA_ACCEPTED, j.v->result);
	judged_done(&j);
}

/* --- the document's policy ------------------------------------------------------------------ */

static void the_documents_policy_accepts_and_refuses_debug(void **state)
{
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_element(&j, CLASS_TD_15,
		       "{" ATTRIBUTES ",\"#NOTE\":\"0000000010000000 means for NO_DEBUG "
		       "and SPTE_VE_DISABLE\"}");
	judged_run(&j);
	assert_int_equal(CELLA_ACCEPTED, j.v->result);
	assert_true(warns(&j, "names no measurement"));
	judged_done(&j);

	judged_new(&j, JUDGED_TD_15);
	judged_body(&j, CELLA_FACT_TD_ATTRIBUTES, NULL)[0] = 1;
	judged_element(&j, CLASS_TD_15, "{" ATTRIBUTES "}");
	judged_run(&j);
	assert_int_equal(CELLA_CHECK_FAIL, judged_outcome(&j, "td.debug"));
	assert_int_equal(CELLA_CHECK_FAIL, judged_outcome(&j, "policy.tdx_attributes"));
	assert_string_equal("0000000010000001",
			    judged_check(&j, "policy.tdx_attributes")->actual);
	judged_done(&j);

	/* A policy cannot allow debugging. */
	judged_new(&j, JUDGED_TD_15);
	judged_body(&j, CELLA_FACT_TD_ATTRIBUTES, NULL)[0] = 1;
	judged_element(&j, CLASS_TD_15, "{\"tdx_attributes\":\"0000000010000001\"}");
	judged_run(&j);
	assert_int_equal(CELLA_ANSWER_YES, answer(&j, CELLA_QUESTION_MINE));
	assert_int_equal(CELLA_REJECTED, j.v->result);
	judged_done(&j);
}

/* Foreign texts reach terminals: a key's name must not carry control characters. */
static void names_of_keys_are_blunted(void **state)
{
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_element(&j, CLASS_TD_15, "{\"a\\u001b[2Jb\\u009bc\":1}");
	judged_run(&j);
	assert_int_equal(CELLA_CHECK_FAIL, judged_outcome(&j, "policy.a?[2Jb??c"));
	judged_done(&j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_string_of_the_tenant_passes_and_fails),
		cmocka_unit_test(tenant_keys_hold_as_they_say),
		cmocka_unit_test(platform_keys_hold_as_they_say),
		cmocka_unit_test(quoting_enclaves_keys_judge_its_own_level),
		cmocka_unit_test(
			quoting_enclave_is_not_measured_by_the_platforms_numbers),
		cmocka_unit_test(grace_of_a_policy_covers_its_own_documents_only),
		cmocka_unit_test(policies_may_be_stricter_than_the_options),
		cmocka_unit_test(unsaid_status_and_expiry_follow_the_options),
		cmocka_unit_test(platforms_policy_does_not_excuse_a_td_quoting_enclave),
		cmocka_unit_test(a_failing_policy_widens_nothing),
		cmocka_unit_test(one_of_several_alternatives_is_enough),
		cmocka_unit_test(the_closest_alternative_is_told_when_none_holds),
		cmocka_unit_test(an_undecided_alternative_is_not_a_no),
		cmocka_unit_test(without_collateral_platform_keys_are_not_evaluated),
		cmocka_unit_test(classes_are_joined),
		cmocka_unit_test(an_element_for_another_class_does_not_vouch),
		cmocka_unit_test(class_of_a_version_4_quote_is_its_modules),
		cmocka_unit_test(migratable_needs_a_policy_that_names_the_service_td),
		cmocka_unit_test(a_named_service_td_is_not_warned_of),
		cmocka_unit_test(any_alternative_that_holds_may_name_the_service_td),
		cmocka_unit_test(the_documents_policy_accepts_and_refuses_debug),
		cmocka_unit_test(names_of_keys_are_blunted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
