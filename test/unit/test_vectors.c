/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real evidence with the verdicts that are expected of it.
 */
#include "support.h"

#include "base/civil.h"
#include "collateral/bundle.h"
#include "evidence/evidence.h"
#include "verify/verdict.h"

struct vector {
	const char *quote;
	const char *collateral; /* NULL: none */
	const char *time;
	enum cella_result result;
	enum cella_tcb_status status;
	const char *failing;    /* the check that must fail, or NULL */
	const char *advisories; /* joined with blanks */
};

static const struct vector vectors[] = {
	{ "sgx/sgx-v3-00a067.quote", "sgx/sgx-v3-00a067.collateral.json",
	  "2025-06-25T00:00:00Z", CELLA_REJECTED,
	  CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED, "tcb.status",
	  "INTEL-SA-00289 INTEL-SA-00615" },
	{ "tdx/tdx-v4-b0c06f.quote", "tdx/tdx-v4-b0c06f.collateral.json",
	  "2025-06-25T00:00:00Z", CELLA_ACCEPTED, CELLA_TCB_UP_TO_DATE, NULL, "" },
	{ "tdx/tdx-v4-b0c06f.quote", "tdx/tdx-v4-b0c06f.collateral.json",
	  "2027-01-01T00:00:00Z", CELLA_REJECTED, CELLA_TCB_UP_TO_DATE, "tcb_info.dates",
	  "" },
	{ "tdx/tdx-v5-90c06f.quote", "tdx/tdx-v5-90c06f.collateral.json",
	  "2026-02-25T00:00:00Z", CELLA_REJECTED, CELLA_TCB_NOT_SUPPORTED, "tcb.status",
	  "" },
	{ "tdx/tdx-v5-alibaba-90c06f.quote", "tdx/tdx-v5-90c06f.collateral.json",
	  "2026-02-25T00:00:00Z", CELLA_REJECTED, CELLA_TCB_NOT_SUPPORTED, "tcb.status",
	  "INTEL-SA-01036 INTEL-SA-01099" },
	{ "tdx/tdx-v4-debug-50806f.quote", NULL, "2026-02-25T00:00:00Z", CELLA_REJECTED,
	  CELLA_TCB_NONE, "td.debug", "" },
	{ "tdx/tdx-v4-b0c06f.quote", NULL, "2025-06-25T00:00:00Z", CELLA_UNDECIDED,
	  CELLA_TCB_NONE, NULL, "" },
	{ "tdx/tdx-v5-alibaba-90c06f.quote", NULL, "2026-02-25T00:00:00Z",
	  CELLA_UNDECIDED, CELLA_TCB_NONE, NULL, "" },
	{ "tdx/tdx-v4-gcp-cos113.quote", NULL, "2026-02-25T00:00:00Z", CELLA_UNDECIDED,
	  CELLA_TCB_NONE, NULL, "" },
	{ "tdx/tdx-v4-tdx03-00a06d.quote", NULL, "2026-02-25T00:00:00Z", CELLA_UNDECIDED,
	  CELLA_TCB_NONE, NULL, "" },
	{ "sgx/sgx-v3-00606a.quote", NULL, "2026-02-25T00:00:00Z", CELLA_REJECTED,
	  CELLA_TCB_NONE, "sgx.debug", "" },
	{ "azure-vtpm/td.quote", NULL, "2026-02-25T00:00:00Z", CELLA_UNDECIDED,
	  CELLA_TCB_NONE, NULL, "" },
};

static enum cella_outcome outcome_of(const struct cella_verdict *verdict, const char *id)
{
	for (size_t i = 0; i < cella_verdict_num_checks(verdict); i++) {
		const struct cella_check *const check = cella_verdict_check(verdict, i);

		if (strcmp(check->id, id) == 0)
			return check->outcome;
	}
	fail_msg("there is no check %s", id);
	return CELLA_CHECK_FAIL;
}

static void check_advisories(const struct cella_verdict *verdict, const char *expected)
{
	const char *const *texts = NULL;
	struct out joined = { 0 };
	size_t num_texts = 0;

	cella_facts_get_texts(cella_verdict_facts(verdict), CELLA_FACT_ADVISORY_IDS,
			      &texts, &num_texts);
	for (size_t i = 0; i < num_texts; i++)
		out_format(&joined, "%s%s", i > 0 ? " " : "", texts[i]);
	CHECK_BYTES(expected, strlen(expected), out_view(&joined));
	out_done(&joined);
}

/* What holds for every real quote: Intel's root and three good signatures. */
static void check_signatures(const struct cella_verdict *verdict)
{
	static const char *const ids[] = {
		"pck.chain",    "pck.root",   "pck.extension",
		"qe.signature", "qe.binding", "quote.signature"
	};

	assert_string_equal("intel", cella_verdict_root(verdict));
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		assert_int_equal(CELLA_CHECK_PASS, outcome_of(verdict, ids[i]));
}

static void check_vector(const struct vector *vector)
{
	struct cella_verify_options options = {
		.size = sizeof options,
		.time_choice = CELLA_TIME_AT,
		.root_choice = CELLA_ROOT_INTEL,
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
	};
	struct out quote = vector_read(vector->quote);
	struct cella_collateral *collateral = NULL;
	struct cella_evidence *evidence = NULL;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(civil_read(bytes_of(vector->time, strlen(vector->time)), &options.time,
			    "time", &err));
	CHECK_OK(cella_evidence_parse(quote.data, quote.len, &evidence, &err));
	if (vector->collateral != NULL) {
		struct out text = vector_read(vector->collateral);

		CHECK_OK(cella_collateral_parse(text.data, text.len, &collateral, &err));
		out_done(&text);
	}
	CHECK_OK(cella_verify(evidence, collateral, &options, &verdict, &err));
	assert_int_equal(vector->result, cella_verdict_result(verdict));
	assert_int_equal(vector->status, cella_verdict_status(verdict));
	if (vector->failing != NULL)
		assert_int_equal(CELLA_CHECK_FAIL, outcome_of(verdict, vector->failing));
	check_advisories(verdict, vector->advisories);
	check_signatures(verdict);
	cella_verdict_free(verdict);
	cella_collateral_unref(collateral);
	cella_evidence_unref(evidence);
	out_done(&quote);
}

static void real_quotes_get_their_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
		check_vector(&vectors[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_quotes_get_their_verdicts),
	};

	if (!has_folder("CELLA_VECTORS"))
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
