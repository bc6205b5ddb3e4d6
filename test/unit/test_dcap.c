/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification as a whole: everything good but for one thing, and the check that must fail
 * for it, and no other (src/verify/dcap*.c, src/appraise/judge.c).
 */
#include "dcap_rows.h"

#include "verify/verdict.h"

static bool seen_failing[CHECK_COUNT];

static void note_failing(const char *id)
{
	for (int i = 0; i < CHECK_COUNT; i++)
		if (strcmp(check_name((enum check_id)i), id) == 0)
			seen_failing[i] = true;
}

struct out failing_checks(const struct cella_verdict *verdict)
{
	struct out joined = { 0 };

	for (size_t i = 0; i < cella_verdict_num_checks(verdict); i++) {
		const struct cella_check *const check = cella_verdict_check(verdict, i);

		if (check->outcome != CELLA_CHECK_FAIL)
			continue;
		out_format(&joined, "%s%s", joined.len > 0 ? " " : "", check->id);
		note_failing(check->id);
		CHECK_TRUE(check->where != NULL);
		CHECK_TRUE(check->remedy != NULL);
		CHECK_INT(CELLA_ANSWER_NO,
			  cella_verdict_answer(verdict, check->question));
	}
	out_u8(&joined, 0);
	return joined;
}

static void check_row(const struct row *row)
{
	struct cella_verify_options options;
	struct cella_verdict *verdict;
	struct out failing;
	struct maker m;

	CASE(row->name);
	maker_init(&m, row->tee);
	if (row->type != 0)
		maker_set_version(&m, 5, row->type);
	if (row->say != NULL)
		row->say(&m);
	maker_build(&m);
	if (row->forge != NULL)
		row->forge(&m);
	maker_options(&m, &options);
	if (row->ask != NULL)
		row->ask(&m, &options);
	verdict = maker_verify(&m, &options);
	failing = failing_checks(verdict);
	CHECK_TEXT(row->failing, (char *)failing.data);
	CHECK_INT(*row->failing == '\0' ? CELLA_ACCEPTED : CELLA_REJECTED,
		  cella_verdict_result(verdict));
	out_done(&failing);
	cella_verdict_free(verdict);
	maker_done(&m);
}

void check_rows(const struct row *rows, size_t num)
{
	for (size_t i = 0; i < num; i++)
		check_row(&rows[i]);
}

/* Every check has been seen to fail by now; policies have tests of their own. */
static void every_check_can_fail(void **state)
{
	(void)state;
	for (int i = 0; i < CHECK_COUNT; i++) {
		CASE(check_name((enum check_id)i));
		/* Families, whose members have ids of their own, and what comes beside a
		 * quote or instead of one, which has tests of its own. */
		if (i != CHECK_POLICY && i != CHECK_POLICY_TCB && i != CHECK_EVENT_LOG &&
		    (i < CHECK_VTPM_BINDING || i > CHECK_EVM_LAUNCH) &&
		    i != CHECK_EVM_DATES && i != CHECK_EVM_DEBUG && i != CHECK_VTPM_NONCE)
			CHECK_TRUE(seen_failing[i]);
	}
}

/* A check that nobody made is found missing, be it any. */
static void a_check_that_was_never_made(void **state)
{
	static const enum maker_tee tees[] = { MAKER_TDX, MAKER_SGX };

	(void)state;
	for (size_t t = 0; t < ARRAY_LEN(tees); t++) {
		struct maker m;
		struct cella_verdict *verdict;

		maker_init(&m, tees[t]);
		maker_build(&m);
		verdict = maker_verify(&m, NULL);
		CHECK_TRUE(verdict->num_checks > 20);
		assert_null(verdict_missing_check(verdict));
		for (size_t i = 0; i < verdict->num_checks; i++) {
			const enum check_id id = verdict->check_ids[i];

			CASE(check_name(id));
			verdict->check_ids[i] = CHECK_REPORT_DATA;
			assert_string_equal(check_name(id),
					    verdict_missing_check(verdict));
			verdict->check_ids[i] = id;
		}
		cella_verdict_free(verdict);
		maker_done(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forged_quotes),
		cmocka_unit_test(forged_chains),
		cmocka_unit_test(other_identities),
		cmocka_unit_test(forged_documents),
		cmocka_unit_test(revocation),
		cmocka_unit_test(every_date_in_both_directions),
		cmocka_unit_test(every_status),
		cmocka_unit_test(defaults),
		cmocka_unit_test(reports_are_warnings),
		cmocka_unit_test(chain_from_the_collateral),
		cmocka_unit_test(certificate_supplied_by_somebody_else),
		cmocka_unit_test(leaf_completed_by_the_collateral),
		cmocka_unit_test(leaf_with_the_lists_of_both_authorities),
		cmocka_unit_test(missing_documents),
		cmocka_unit_test(no_collateral),
		cmocka_unit_test(every_check_can_fail),
		cmocka_unit_test(a_check_that_was_never_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
