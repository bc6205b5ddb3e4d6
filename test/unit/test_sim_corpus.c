/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every forgery of the corpus through the C API: refused, and by the check that it names.
 * What must be accepted is accepted.
 */
#include "support.h"

#include <cella/policy.h>

#include "base/encode.h"
#include "sim/corpus.h"
#include "verify/verdict.h"

#include <stdio.h>

static struct sim_world world;

static int make_world(void **state)
{
	(void)state;
	return sim_world_init(&world, NULL) == CELLA_OK ? 0 : -1;
}

static int free_world(void **state)
{
	(void)state;
	sim_world_done(&world);
	return 0;
}

/* --- options ------------------------------------------------------------------------- */

static struct out read_hex(const char *hex)
{
	struct cella_error err = { 0 };
	struct out bytes = { 0 };

	if (hex != NULL)
		CHECK_OK(hex_append(bytes_of(hex, strlen(hex)), &bytes, "option", &err));
	return bytes;
}

static void set_exact(const char *hex, struct cella_verify_options *out)
{
	struct out bytes = read_hex(hex);

	out->report_data_expect = CELLA_EXPECT_EXACT;
	memcpy(out->report_data, bytes.data, bytes.len);
	out_done(&bytes);
}

static void set_bound(const struct sim_case_options *options,
		      struct cella_verify_options *out)
{
	struct out nonce = read_hex(options->nonce);
	struct cella_error err = { 0 };
	uint8_t hash[64];

	out->report_data_expect = CELLA_EXPECT_EXACT;
	if (options->data != NULL)
		CHECK_OK(cella_sha512(options->data, strlen(options->data), hash, &err));
	CHECK_OK(cella_report_data(bytes_of(hash, options->data != NULL ? 64 : 0),
				   out_view(&nonce), out->report_data, &err));
	out_done(&nonce);
}

static uint32_t accepted(const char *list)
{
	uint32_t accept = 0;

	while (list != NULL && *list != '\0') {
		const size_t len = strcspn(list, ",");
		char name[64];

		snprintf(name, sizeof name, "%.*s", (int)len, list);
		assert_int_not_equal(CELLA_TCB_NONE, cella_tcb_status_find(name));
		accept |= CELLA_ACCEPT(cella_tcb_status_find(name));
		list += len + (list[len] == ',');
	}
	return accept;
}

static void make_options(const struct sim_case *c, struct cella_verify_options *out)
{
	const struct sim_case_options *const options = &c->row->options;

	*out = (struct cella_verify_options){
		.size = sizeof *out,
		.time_choice = CELLA_TIME_AT,
		.time = c->time,
		.root_choice = CELLA_ROOT_GIVEN,
		.root = out_view(&c->root),
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
		.accept = accepted(options->accept),
		.grace_s = options->grace_s,
		.flags = options->strict ? CELLA_VERIFY_STRICT : 0,
	};
	if (options->nonce != NULL || options->data != NULL)
		set_bound(options, out);
	if (options->report_data != NULL)
		set_exact(options->report_data, out);
}

/* What a case's verification needs beside its options; freed together. */
struct inputs {
	struct cella_evidence *evidence;
	struct cella_collateral *collateral;
	struct cella_keys *owners;
	struct cella_policy *policy;
};

static void inputs_done(struct inputs *inputs)
{
	cella_evidence_unref(inputs->evidence);
	cella_collateral_unref(inputs->collateral);
	cella_policy_unref(inputs->policy);
	cella_keys_free(inputs->owners);
}

static enum cella_status read_policy(const struct sim_case *c, struct inputs *in,
				     struct cella_error *err)
{
	struct cella_policy_options options = { .size = sizeof options,
						.source = CELLA_POLICY_LOCAL };

	if (c->owner.len > 0) {
		TRY(cella_keys_new(&in->owners, err));
		TRY(cella_keys_add(in->owners, c->owner.data, c->owner.len, err));
	}
	options.owners = in->owners;
	if (c->policy.len == 0)
		return CELLA_OK;
	return cella_policy_parse(c->policy.data, c->policy.len, &options, &in->policy,
				  err);
}

/* --- one case ------------------------------------------------------------------------ */

static enum cella_status verify(const struct sim_case *c, struct cella_verdict **out,
				struct cella_error *err)
{
	struct inputs in CLEANUP(inputs_done) = { 0 };
	struct cella_verify_options options;

	make_options(c, &options);
	TRY(cella_evidence_parse(c->quote_bytes.data, c->quote_bytes.len, &in.evidence,
				 err));
	if (c->bundle.len > 0)
		TRY(cella_collateral_parse(c->bundle.data, c->bundle.len, &in.collateral,
					   err));
	TRY(read_policy(c, &in, err));
	if (in.policy != NULL) {
		options.policy_expect = CELLA_EXPECT_EXACT;
		options.policies = &in.policy;
		options.num_policies = 1;
	}
	return cella_verify(in.evidence, in.collateral, &options, out, err);
}

/* What went otherwise than the row says; NULL: nothing. */
static const char *check_failing(const struct sim_case_row *row,
				 const struct cella_verdict *verdict)
{
	bool found = false;
	size_t others = 0;

	for (size_t i = 0; i < cella_verdict_num_checks(verdict); i++) {
		const struct cella_check *const check = cella_verdict_check(verdict, i);

		if (check->outcome != CELLA_CHECK_FAIL)
			continue;
		if (row->check != NULL && strcmp(check->id, row->check) == 0)
			found = true;
		else
			others++;
	}
	if (row->check != NULL && !found)
		return "the named check does not fail";
	if (row->others != (others > 0))
		return others > 0 ? "other checks fail too" : "no other check fails";
	return NULL;
}

static const char *check_verdict(const struct sim_case_row *row,
				 const struct cella_verdict *verdict)
{
	static const enum cella_result results[] = {
		[SIM_ACCEPTED] = CELLA_ACCEPTED,
		[SIM_REJECTED] = CELLA_REJECTED,
		[SIM_UNKNOWN] = CELLA_UNDECIDED,
	};
	static const char letters[] = {
		[CELLA_ANSWER_NO] = 'n',
		[CELLA_ANSWER_YES] = 'y',
		[CELLA_ANSWER_NOT_ASKED] = '-',
		[CELLA_ANSWER_UNKNOWN] = 'u',
	};

	if (row->result == SIM_ERROR)
		return "a verdict, where an error is expected";
	if (cella_verdict_result(verdict) != results[row->result])
		return "another result";
	for (int q = 0; q < CELLA_QUESTION_COUNT; q++)
		if (letters[cella_verdict_answer(verdict, (enum cella_question)q)] !=
		    row->answers[q])
			return "other answers";
	return check_failing(row, verdict);
}

static const char *check_error(const struct sim_case_row *row,
			       const struct cella_error *err)
{
	if (row->result != SIM_ERROR)
		return "an error, where a verdict is expected";
	if (err->status != row->status)
		return "another status";
	return strstr(err->text, row->field) == NULL ? "another field" : NULL;
}

static void tell(const struct sim_case_row *row, const char *wrong,
		 const struct cella_verdict *verdict, const struct cella_error *err)
{
	print_message("# %s: %s\n", row->name, wrong);
	if (verdict == NULL) {
		print_message("#   %s: %s\n", cella_status_name(err->status), err->text);
		return;
	}
	print_message("#   %s, answers ",
		      cella_result_name(cella_verdict_result(verdict)));
	for (int q = 0; q < CELLA_QUESTION_COUNT; q++)
		print_message("%s ", cella_answer_name(cella_verdict_answer(
					     verdict, (enum cella_question)q)));
	print_message("\n");
	for (size_t i = 0; i < cella_verdict_num_checks(verdict); i++) {
		const struct cella_check *const check = cella_verdict_check(verdict, i);

		if (check->outcome == CELLA_CHECK_FAIL)
			print_message("#   fails: %s (%s)\n", check->id,
				      check->actual != NULL ? check->actual : "");
	}
}

/* Returns 1 when the case went otherwise than its row says. */
static size_t run_case(const struct sim_case_row *row)
{
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };
	struct sim_case c;
	const char *wrong;

	CHECK_OK(sim_case_build(&world, row, &c, &err));
	wrong = verify(&c, &verdict, &err) == CELLA_OK ? check_verdict(row, verdict)
						       : check_error(row, &err);
	if (wrong != NULL)
		tell(row, wrong, verdict, &err);
	cella_verdict_free(verdict);
	sim_case_done(&c);
	return wrong != NULL;
}

static void every_case_gets_its_verdict(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sim_num_classes; i++)
		for (size_t k = 0; k < sim_classes[i]->num_rows; k++)
			wrong += run_case(&sim_classes[i]->rows[k]);
	assert_int_equal(0, wrong);
}

/* --- the tables ---------------------------------------------------------------------- */

static size_t count_name(const char *name)
{
	size_t num = 0;

	for (size_t i = 0; i < sim_num_classes; i++)
		for (size_t k = 0; k < sim_classes[i]->num_rows; k++)
			num += strcmp(sim_classes[i]->rows[k].name, name) == 0;
	return num;
}

static void rows_are_complete(void **state)
{
	size_t forgeries = 0;

	(void)state;
	for (size_t i = 0; i < sim_num_classes; i++) {
		for (size_t k = 0; k < sim_classes[i]->num_rows; k++) {
			const struct sim_case_row *const row = &sim_classes[i]->rows[k];

			if (count_name(row->name) != 1)
				fail_msg("%s occurs twice", row->name);
			assert_true(strspn(row->name,
					   "abcdefghijklmnopqrstuvwxyz"
					   "0123456789_") == strlen(row->name));
			assert_true(strlen(row->why) > 0);
			assert_int_equal(row->result == SIM_REJECTED, row->check != NULL);
			assert_int_equal(row->result == SIM_ERROR, row->field != NULL);
			forgeries += row->result != SIM_ACCEPTED;
		}
	}
	assert_int_equal(1, count_name("only_nonce_differs"));
	assert_true(forgeries >= 150);
	print_message("# %zu forgeries\n", forgeries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(every_case_gets_its_verdict),
	};

	return cmocka_run_group_tests(tests, make_world, free_world);
}
