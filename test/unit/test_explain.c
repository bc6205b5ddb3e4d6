/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"
#include "support.h"

#include "appraise/explain.h"
#include "evidence/quote.h"

static char *explain_text(const struct cella_verdict *verdict,
			  const struct cella_verdict *other)
{
	struct cella_error err = { 0 };
	char *text = NULL;

	CHECK_OK(cella_verdict_explain(verdict, other, &text, &err));
	return text;
}

static void every_status_means_something(void **state)
{
	(void)state;
	for (int i = CELLA_TCB_NONE; i < CELLA_TCB_COUNT; i++)
		CHECK_TRUE(strlen(tcb_status_meaning((enum cella_tcb_status)i)) > 10);
}

static void advice(void **state)
{
	static const struct {
		const char *category, *type;
		const char *advice;
	} rows[] = {
		{ "BIOS", "Early Microcode Update",
		  "newer microcode in the host's BIOS" },
		{ "OS/VMM", "TDX Module", "a newer TDX module on the host" },
		{ "BIOS", NULL, "a newer BIOS of the host" },
		{ "OS/VMM", "something new", "an update of the host's OS or VMM" },
		{ NULL, "SEAMLDR ACM", "a newer SEAM loader on the host" },
		{ "PCE", NULL, "newer SGX platform software (PCE) on the host" },
		{ NULL, NULL, "the TCB info does not say" },
		{ "something", "new", "the TCB info does not say" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct shortfall shortfall = { .category = rows[i].category,
						     .type = rows[i].type };

		CHECK_TEXT(rows[i].advice, update_advice(&shortfall));
	}
}

static void up_to_date(void **state)
{
	struct cella_verdict *verdict;
	struct maker m;
	char *text;

	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_build(&m);
	verdict = maker_verify(&m, NULL);
	text = explain_text(verdict, NULL);
	CHECK_TEXT_HAS(text, "TCB status: UpToDate\n");
	CHECK_TEXT_HAS(text,
		       "by TCB info number 17 of 2025-05-20 and TD_QE identity number "
		       "17 of 2025-05-20");
	CHECK_TEXT_HAS(text, "platform FMSPC 90c06f000000\n  stands on level 1 of 2: "
			     "UpToDate, of 2020-01-01\n");
	CHECK_TEXT_HAS(text, "quoting enclave TD_QE\n  stands on level 1 of 1: UpToDate");
	CHECK_TEXT_HAS(text, "2025-06-19T00:00:00Z  tcb_info ");
	assert_null(strstr(text, "lacks"));
	assert_null(strstr(text, "TDX module TDX"));
	free(text);
	cella_verdict_free(verdict);
	maker_done(&m);
}

static void what_is_lacking(void **state)
{
	struct cella_verdict *verdict;
	struct explanation x;
	struct maker m;
	char *text;

	(void)state;
	maker_init(&m, MAKER_TDX);
	m.ext.components[6] = 3;
	m.ext.pce_svn = 12;
	maker_field(&m, "tee_tcb_svn")[1] = 1;
	maker_field(&m, "tee_tcb_svn")[7] = 4;
	m.module_id = "TDX_01";
	m.module_levels[0] =
		(struct make_isv_level){ 9, "UpToDate", "2025-01-01T00:00:00Z", "" };
	m.module_levels[1] = (struct make_isv_level){ 2, "OutOfDate",
						      "2024-01-01T00:00:00Z",
						      "\"INTEL-SA-00009\"" };
	maker_build(&m);
	verdict = maker_verify(&m, NULL);
	explain(verdict, &x);
	CHECK_INT(2, x.ladders[LADDER_PLATFORM].level);
	CHECK_INT(1, x.ladders[LADDER_PLATFORM].target);
	CHECK_INT(3, x.ladders[LADDER_PLATFORM].num_shortfalls);
	CHECK_TEXT("SGX component 7", x.ladders[LADDER_PLATFORM].shortfalls[0].component);
	CHECK_INT(3, x.ladders[LADDER_PLATFORM].shortfalls[0].has);
	CHECK_INT(5, x.ladders[LADDER_PLATFORM].shortfalls[0].needs);
	CHECK_TEXT("PCE", x.ladders[LADDER_PLATFORM].shortfalls[1].component);
	CHECK_TEXT("TDX component 8", x.ladders[LADDER_PLATFORM].shortfalls[2].component);
	CHECK_INT(2, x.ladders[LADDER_MODULE].level);
	CHECK_INT(1, x.ladders[LADDER_MODULE].num_shortfalls);
	CHECK_INT(1, x.ladders[LADDER_QE].level);
	text = explain_text(verdict, NULL);
	CHECK_TEXT_HAS(text, "stands on level 2 of 2: OutOfDate, of 2020-01-01\n"
			     "  advisories: INTEL-SA-00001\n"
			     "  to reach level 1 (UpToDate, 2020-01-01) it lacks:\n");
	CHECK_TEXT_HAS(text, "    that settles: INTEL-SA-00001\n");
	CHECK_TEXT_HAS(text, "TDX module TDX_01\n  stands on level 2 of 2: OutOfDate");
	free(text);
	cella_verdict_free(verdict);
	maker_done(&m);
}

static void below_every_level(void **state)
{
	struct cella_verdict *verdict;
	struct maker m;
	char *text;

	(void)state;
	maker_init(&m, MAKER_SGX);
	memset(m.ext.components, 0, sizeof m.ext.components);
	maker_build(&m);
	verdict = maker_verify(&m, NULL);
	text = explain_text(verdict, NULL);
	CHECK_TEXT_HAS(text, "TCB status: NotSupported\n");
	CHECK_TEXT_HAS(text, "  is below all of its 2 levels\n");
	/* The nearest way back is to the lowest level. */
	CHECK_TEXT_HAS(text, "to reach level 2 (OutOfDate, 2020-01-01) it lacks:\n");
	CHECK_TEXT_HAS(text, "SGX component 16      0      2");
	free(text);
	cella_verdict_free(verdict);
	maker_done(&m);
}

static void launch_and_now(void **state)
{
	struct cella_verdict *verdict;
	struct maker m;
	char *text;

	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_set_version(&m, 5, QUOTE_BODY_TD_15);
	memset(maker_field(&m, "tee_tcb_svn"), 2, 16);
	maker_field(&m, "tee_tcb_svn")[1] = 0;
	maker_build(&m);
	verdict = maker_verify(&m, NULL);
	text = explain_text(verdict, NULL);
	CHECK_TEXT_HAS(text, "TCB status: TDRelaunchAdvised\n");
	CHECK_TEXT_HAS(text,
		       "at launch OutOfDate, by the module that runs now UpToDate\n");
	CHECK_TEXT_HAS(text, "now:\nplatform FMSPC 90c06f000000\n  stands on level 1");
	free(text);
	cella_verdict_free(verdict);
	maker_done(&m);
}

static void not_evaluated(void **state)
{
	struct cella_verdict *verdict;
	struct maker m;
	char *text;

	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_build(&m);
	m.tcb_info_signature[5] ^= 1;
	verdict = maker_verify(&m, NULL);
	text = explain_text(verdict, NULL);
	CHECK_TEXT_HAS(text, "TCB status: not evaluated\n");
	assert_null(strstr(text, "stands on level"));
	free(text);
	cella_verdict_free(verdict);
	maker_done(&m);
}

static void two_sets_of_collateral(void **state)
{
	struct cella_verdict *before, *after;
	struct maker m;
	char *text;

	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_build(&m);
	before = maker_verify(&m, NULL);
	text = explain_text(before, before);
	CHECK_TEXT_HAS(text, "with the other collateral\n  nothing changes\n");
	free(text);
	m.levels[0].status = "SWHardeningNeeded";
	m.levels[0].advisories = "\"INTEL-SA-00077\"";
	m.tcb_info.number = 18;
	maker_documents(&m);
	after = maker_verify(&m, NULL);
	text = explain_text(before, after);
	CHECK_TEXT_HAS(text, "accepted");
	CHECK_TEXT_HAS(text, "-> rejected\n");
	CHECK_TEXT_HAS(text, "-> SWHardeningNeeded\n");
	CHECK_TEXT_HAS(text, "-> number 18 of 2025-05-20\n");
	CHECK_TEXT_HAS(text, "advisory comes   INTEL-SA-00077\n");
	free(text);
	text = explain_text(after, before);
	CHECK_TEXT_HAS(text, "advisory goes    INTEL-SA-00077\n");
	free(text);
	cella_verdict_free(before);
	cella_verdict_free(after);
	maker_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_means_something),
		cmocka_unit_test(advice),
		cmocka_unit_test(up_to_date),
		cmocka_unit_test(what_is_lacking),
		cmocka_unit_test(below_every_level),
		cmocka_unit_test(launch_and_now),
		cmocka_unit_test(not_evaluated),
		cmocka_unit_test(two_sets_of_collateral),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
