/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New policies: what they are written from meets them, and nothing else does.
 */
#include "judged.h"

#include <cella/sigstruct.h>

static char *write_policy(const struct cella_policy_draft *draft, const char **warning)
{
	struct cella_error err = { 0 };
	char *text = NULL;

	CHECK_OK(cella_policy_write(draft, &text, warning, &err));
	return text;
}

/* The imaginary workload's facts, as its evidence has them. */
static void collect_facts(struct judged *j, enum judged_kind kind)
{
	judged_new(j, kind);
	judged_run(j);
}

static char *policy_of(enum judged_kind kind, bool with_platform)
{
	struct cella_policy_draft draft = { .size = sizeof draft,
					    .with_platform = with_platform };
	const char *warning = NULL;
	struct judged j;
	char *text;

	collect_facts(&j, kind);
	draft.facts = &j.v->facts;
	text = write_policy(&draft, &warning);
	assert_null(warning);
	judged_done(&j);
	return text;
}

static void a_workload_meets_its_own_policy(void **state)
{
	static const enum judged_kind kinds[] = { JUDGED_TD_15, JUDGED_TD_10,
						  JUDGED_ENCLAVE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		char *const text = policy_of(kinds[i], true);
		struct judged j;

		judged_new(&j, kinds[i]);
		judged_add(&j, text, NULL);
		judged_run(&j);
		assert_int_equal(CELLA_ACCEPTED, j.v->result);
		assert_int_equal(CELLA_ANSWER_YES,
				 cella_verdict_answer(j.v, CELLA_QUESTION_MINE));
		for (int s = 0; s < SLOT_COUNT; s++)
			assert_true(!j.v->appraisal->slots[s].exists ||
				    j.v->appraisal->slots[s].element != NULL);
		judged_done(&j);
		free(text);
	}
}

/* Facts that identify a workload; minima and report data are not among them. */
static const enum cella_fact td_facts[] = {
	CELLA_FACT_TD_ATTRIBUTES, CELLA_FACT_XFAM,         CELLA_FACT_MR_TD,
	CELLA_FACT_MR_CONFIG_ID,  CELLA_FACT_MR_OWNER,     CELLA_FACT_MR_OWNER_CONFIG,
	CELLA_FACT_RTMR0,         CELLA_FACT_RTMR1,        CELLA_FACT_RTMR2,
	CELLA_FACT_RTMR3,         CELLA_FACT_MR_SERVICETD,
};
static const enum cella_fact enclave_facts[] = {
	CELLA_FACT_MISCSELECT,      CELLA_FACT_SGX_ATTRIBUTES, CELLA_FACT_MRENCLAVE,
	CELLA_FACT_MRSIGNER,        CELLA_FACT_CONFIG_ID,      CELLA_FACT_ISV_PROD_ID,
	CELLA_FACT_ISV_EXT_PROD_ID, CELLA_FACT_ISV_FAMILY_ID,
};

static void check_every_bit(enum judged_kind kind, const char *text,
			    const enum cella_fact *facts, size_t num_facts)
{
	for (size_t f = 0; f < num_facts; f++) {
		size_t len = 0;
		struct judged j;

		judged_new(&j, kind);
		judged_body(&j, facts[f], &len);
		judged_done(&j);
		for (size_t bit = 0; bit < 8 * len; bit++) {
			judged_new(&j, kind);
			judged_body(&j, facts[f], NULL)[bit / 8] ^=
				(uint8_t)(1U << (bit % 8));
			judged_add(&j, text, NULL);
			judged_run(&j);
			if (cella_verdict_answer(j.v, CELLA_QUESTION_MINE) !=
			    CELLA_ANSWER_NO)
				fail_msg("%s, bit %zu", cella_fact_name(facts[f]), bit);
			judged_done(&j);
		}
	}
}

static void a_workload_that_differs_in_one_bit_does_not(void **state)
{
	char *const td = policy_of(JUDGED_TD_15, false);
	char *const enclave = policy_of(JUDGED_ENCLAVE, false);

	(void)state;
	check_every_bit(JUDGED_TD_15, td, td_facts, ARRAY_LEN(td_facts));
	check_every_bit(JUDGED_ENCLAVE, enclave, enclave_facts, ARRAY_LEN(enclave_facts));
	free(td);
	free(enclave);
}

static void report_data_is_not_part_of_a_workload(void **state)
{
	char *const text = policy_of(JUDGED_TD_15, false);
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_body(&j, CELLA_FACT_REPORT_DATA, NULL)[0] ^= 1;
	judged_add(&j, text, NULL);
	judged_run(&j);
	assert_int_equal(CELLA_ACCEPTED, j.v->result);
	judged_done(&j);
	free(text);
}

/* The keys of the first element. */
static size_t count_keys(const char *text, const char *const *names, size_t num_names)
{
	const struct cella_policy_options options = { .size = sizeof options,
						      .source = CELLA_POLICY_LOCAL };
	struct cella_policy *policy = NULL;
	struct cella_error err = { 0 };
	size_t num;

	CHECK_OK(cella_policy_parse(text, strlen(text), &options, &policy, &err));
	for (size_t i = 0; i < num_names; i++)
		assert_non_null(json_object_get(policy->elements[0].reference, names[i]));
	num = json_object_size(policy->elements[0].reference);
	cella_policy_unref(policy);
	return num;
}

static void keys_can_be_chosen(void **state)
{
	static const char *const only[] = { "tdx_mrtd", "tdx_attributes" };
	static const char *const kept[] = { "tdx_mrtd", "tdx_attributes",
					    "tdx_attributes_mask" };
	static const char *const without[] = { "tdx_xfam", "tdx_rtmr3" };
	static const char *const others[] = { "tdx_mrtd", "tdx_rtmr2" };
	struct cella_policy_draft draft = { .size = sizeof draft, .description = "mine" };
	const char *warning = NULL;
	struct judged j;
	char *text;

	(void)state;
	collect_facts(&j, JUDGED_TD_15);
	draft.facts = &j.v->facts;
	draft.only = only;
	draft.num_only = ARRAY_LEN(only);
	text = write_policy(&draft, &warning);
	assert_int_equal(3, count_keys(text, kept, ARRAY_LEN(kept)));
	CHECK_TEXT_HAS(text, "\"description\": \"mine\"");
	free(text);
	draft.num_only = 0;
	draft.without = without;
	draft.num_without = ARRAY_LEN(without);
	text = write_policy(&draft, &warning);
	assert_int_equal(11 + 2 - 3, count_keys(text, others, ARRAY_LEN(others)));
	assert_null(strstr(text, "tdx_xfam"));
	free(text);
	judged_done(&j);
}

static void keys_that_do_not_exist_are_refused(void **state)
{
	static const struct {
		const char *only;
		const char *without;
		const char *says;
	} rows[] = {
		{ "tdx_mrdt", NULL, "\"tdx_mrdt\" is not a key of guest TD 1.0" },
		{ NULL, "sgx_mrenclave", "is not a key of guest TD 1.0" },
		{ "tdx_mrservicetd", NULL, "has no such value" },
		{ "tdx _mrservicetd", NULL, "is not a key" },
	};
	struct judged j;

	(void)state;
	collect_facts(&j, JUDGED_TD_10);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cella_policy_draft draft = {
			.size = sizeof draft,
			.facts = &j.v->facts,
			.only = &rows[i].only,
			.num_only = rows[i].only != NULL,
			.without = &rows[i].without,
			.num_without = rows[i].without != NULL,
		};
		struct cella_error err = { 0 };
		const char *warning = NULL;
		char *text = NULL;

		CHECK_STATUS(CELLA_USAGE,
			     cella_policy_write(&draft, &text, &warning, &err));
		CHECK_TEXT_HAS(err.text, rows[i].says);
	}
	judged_done(&j);
}

static void a_debuggable_workload_is_warned_of(void **state)
{
	struct cella_policy_draft draft = { .size = sizeof draft };
	const char *warning = NULL;
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_body(&j, CELLA_FACT_TD_ATTRIBUTES, NULL)[0] = 1;
	judged_run(&j);
	draft.facts = &j.v->facts;
	free(write_policy(&draft, &warning));
	assert_non_null(warning);
	CHECK_TEXT_HAS(warning, "debugged");
	judged_done(&j);

	judged_new(&j, JUDGED_ENCLAVE);
	judged_body(&j, CELLA_FACT_SGX_ATTRIBUTES, NULL)[0] |= 2;
	judged_run(&j);
	draft.facts = &j.v->facts;
	free(write_policy(&draft, &warning));
	assert_non_null(warning);
	judged_done(&j);
}

/* --- from a signed enclave --------------------------------------------------------------------- */

/* The SIGSTRUCT that an enclave of the imaginary platform was launched with. */
static void make_sigstruct(uint8_t s[1808], struct judged *enclave)
{
	static const uint8_t header[12] = { 6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0 };
	static const uint8_t header2[16] = { 1,    1, 0, 0, 0x60, 0, 0, 0,
					     0x60, 0, 0, 0, 1,    0, 0, 0 };
	static const struct {
		enum cella_fact fact;
		size_t at;
	} copies[] = {
		{ CELLA_FACT_ISV_FAMILY_ID, 912 },    { CELLA_FACT_MRENCLAVE, 960 },
		{ CELLA_FACT_ISV_EXT_PROD_ID, 1008 }, { CELLA_FACT_ISV_PROD_ID, 1024 },
		{ CELLA_FACT_ISV_SVN, 1026 },
	};

	memset(s, 0, 1808);
	memcpy(s, header, sizeof header);
	memcpy(s + 24, header2, sizeof header2);
	s[512] = 3;
	for (size_t i = 0; i < ARRAY_LEN(copies); i++) {
		size_t len = 0;
		const uint8_t *const from = judged_body(enclave, copies[i].fact, &len);

		memcpy(s + copies[i].at, from, len);
	}
	/* MISCSELECT and XFRM are left to the loader; flags but DEBUG are not. */
	s[928] = 4;
	s[936] = 3;
	memset(s + 944, 0xff, 8);
	s[944] = 0xfd;
	s[944 + 6] = 0;
	s[952] = 3;
}

static char *policy_of_sigstruct(const uint8_t s[1808])
{
	struct cella_policy_draft draft = { .size = sizeof draft };
	struct cella_sigstruct *sigstruct = NULL;
	struct cella_error err = { 0 };
	const char *warning = NULL;
	char *text;

	CHECK_OK(cella_sigstruct_parse(s, 1808, &sigstruct, &err));
	draft.facts = cella_sigstruct_facts(sigstruct);
	text = write_policy(&draft, &warning);
	cella_sigstruct_free(sigstruct);
	return text;
}

static void judge_enclave(const char *text, uint8_t flags, enum cella_result expected)
{
	static const uint8_t zeros[384];
	struct judged j;

	judged_new(&j, JUDGED_ENCLAVE);
	judged_body(&j, CELLA_FACT_SGX_ATTRIBUTES, NULL)[0] = flags;
	assert_int_equal(CELLA_OK,
			 crypto_sha256(bytes_of(zeros, sizeof zeros),
				       judged_body(&j, CELLA_FACT_MRSIGNER, NULL), NULL));
	judged_add(&j, text, NULL);
	judged_run(&j);
	assert_int_equal(expected, j.v->result);
	judged_done(&j);
}

static void an_enclave_meets_its_signers_policy(void **state)
{
	uint8_t s[1808];
	struct judged j;
	char *text;

	(void)state;
	judged_new(&j, JUDGED_ENCLAVE);
	make_sigstruct(s, &j);
	judged_done(&j);
	text = policy_of_sigstruct(s);
	/* INIT is expected although no signer writes it; DEBUG is refused although no
	 * signer fixes it. */
	CHECK_TEXT_HAS(text, "\"sgx_attributes\": \"00000000000000030000000000000005\"");
	CHECK_TEXT_HAS(text,
		       "\"sgx_attributes_mask\": \"0000000000000003FF00FFFFFFFFFFFF\"");
	judge_enclave(text, 5, CELLA_ACCEPTED);
	judge_enclave(text, 7, CELLA_REJECTED);
	judge_enclave(text, 0x15, CELLA_REJECTED);
	free(text);
}

/* --- real evidence --------------------------------------------------------------------------------- */

static void check_vector(const char *name, const char *class, bool has_service_td)
{
	struct out bytes = vector_read(name);
	struct cella_policy_draft draft = { .size = sizeof draft, .with_platform = true };
	struct cella_evidence *evidence = NULL;
	struct cella_error err = { 0 };
	const char *warning = NULL;
	char *text;

	CHECK_OK(cella_evidence_parse(bytes.data, bytes.len, &evidence, &err));
	draft.facts = cella_evidence_facts(evidence);
	text = write_policy(&draft, &warning);
	CHECK_TEXT_HAS(text, class);
	assert_int_equal(has_service_td, strstr(text, "tdx_mrservicetd") != NULL);
	free(text);
	cella_evidence_unref(evidence);
	out_done(&bytes);
}

static void real_evidence_gets_its_class(void **state)
{
	(void)state;
	if (getenv("CELLA_VECTORS") == NULL) {
		print_message("# skipped: CELLA_VECTORS is not set\n");
		return;
	}
	check_vector("tdx/tdx-v4-b0c06f.quote", "45b734fc", false);
	check_vector("tdx/tdx-v4-debug-50806f.quote", "a1e4ee9c", false);
	check_vector("tdx/tdx-v5-alibaba-90c06f.quote", "45b734fc", true);
	check_vector("tdx/tdx-v4-tdx03-00a06d.quote", "45b734fc", false);
	check_vector("tdx/tdreport-alibaba.bin", "45b734fc", true);
	check_vector("sgx/sgx-v3-00a067.quote", "bef7cb8c", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_workload_meets_its_own_policy),
		cmocka_unit_test(a_workload_that_differs_in_one_bit_does_not),
		cmocka_unit_test(report_data_is_not_part_of_a_workload),
		cmocka_unit_test(keys_can_be_chosen),
		cmocka_unit_test(keys_that_do_not_exist_are_refused),
		cmocka_unit_test(a_debuggable_workload_is_warned_of),
		cmocka_unit_test(an_enclave_meets_its_signers_policy),
		cmocka_unit_test(real_evidence_gets_its_class),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
