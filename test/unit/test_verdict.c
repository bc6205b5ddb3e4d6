/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verdict says of itself: its JSON against the published schema, its text, its
 * getters (src/appraise/verdict.c, text.c).
 */
#include "edit.h"
#include "log_maker.h"
#include "maker.h"
#include "schema.h"
#include "support.h"

#include <cella/policy.h>

#include "evidence/quote.h"
#include "fetch/files.h"

#include <stdio.h>

static json_t *schema;

static int set_up(void **state)
{
	struct cella_error err = { 0 };
	struct out text = { 0 };

	(void)state;
	assert_non_null(getenv("CELLA_SCHEMA"));
	CHECK_OK(file_read(getenv("CELLA_SCHEMA"), 1 << 20, &text, &err));
	schema = edit_parse((char *)text.data, text.len);
	out_done(&text);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	json_decref(schema);
	return 0;
}

static json_t *json_of(const struct cella_verdict *verdict)
{
	struct cella_error err = { 0 };
	char *text = NULL;
	json_t *json;

	CHECK_OK(cella_verdict_json(verdict, &text, &err));
	json = edit_parse(text, strlen(text));
	cella_free(text);
	return json;
}

static char *text_of(const struct cella_verdict *verdict, uint32_t flags)
{
	struct cella_error err = { 0 };
	char *text = NULL;

	CHECK_OK(cella_verdict_text(verdict, flags, &text, &err));
	return text;
}

static void check_schema(const struct cella_verdict *verdict)
{
	json_t *const json = json_of(verdict);
	struct schema_fault fault;

	if (!schema_accepts(schema, json, &fault))
		fail_msg("%s: %s: %s", check_case, fault.where, fault.text);
	json_decref(json);
}

/* --- verdicts of many kinds ---------------------------------------------------------- */

static void nothing(struct maker *m)
{
	(void)m;
}

static void debug(struct maker *m)
{
	if (m->tee == MAKER_TDX)
		*maker_field(m, "td_attributes") |= 1;
	else
		*maker_field(m, "attributes") |= 2;
}

static void module(struct maker *m)
{
	maker_field(m, "tee_tcb_svn")[1] = 1;
	m->module_id = "TDX_01";
	m->module_levels[0] =
		(struct make_isv_level){ 9, "UpToDate", "2025-01-01T00:00:00Z", "" };
	m->module_levels[1] = (struct make_isv_level){ 2, "OutOfDate",
						       "2024-01-01T00:00:00Z",
						       "\"INTEL-SA-00009\"" };
}

static void relaunch(struct maker *m)
{
	memset(maker_field(m, "tee_tcb_svn"), 2, 16);
	maker_field(m, "tee_tcb_svn")[1] = 0;
}

static void below_every_level(struct maker *m)
{
	m->ext.components[3] = 0;
	m->qe_levels[0].isv_svn = 9;
}

static void odd_certificate(struct maker *m)
{
	m->certs[MAKER_PCK].cn = "Somebody";
}

static void processor_ca(struct maker *m)
{
	m->certs[MAKER_CA].cn = "Intel SGX PCK Processor CA";
	m->certs[MAKER_PCK].issuer_cn = "Intel SGX PCK Processor CA";
	m->crls[MAKER_PCK_CRL].issuer_cn = "Intel SGX PCK Processor CA";
	m->ext.is_platform = false;
}

static void unknown_module(struct maker *m)
{
	module(m);
	maker_field(m, "tee_tcb_svn")[1] = 7;
}

static const struct kind {
	const char *name;
	enum maker_tee tee;
	enum quote_body type; /* of version 5; 0: the usual version */
	void (*say)(struct maker *m);
} kinds[] = {
	{ "TDX v4", MAKER_TDX, 0, nothing },
	{ "TDX v5, 1.0", MAKER_TDX, QUOTE_BODY_TD_10, nothing },
	{ "TDX v5, 1.5", MAKER_TDX, QUOTE_BODY_TD_15, nothing },
	{ "TDX v5, 1.5 extended", MAKER_TDX, QUOTE_BODY_TD_15EX, nothing },
	{ "SGX v3", MAKER_SGX, 0, nothing },
	{ "SGX v5", MAKER_SGX, QUOTE_BODY_SGX, nothing },
	{ "TDX debug", MAKER_TDX, 0, debug },
	{ "SGX debug", MAKER_SGX, 0, debug },
	{ "module", MAKER_TDX, 0, module },
	{ "module unknown", MAKER_TDX, 0, unknown_module },
	{ "relaunch", MAKER_TDX, QUOTE_BODY_TD_15, relaunch },
	{ "below every level", MAKER_TDX, 0, below_every_level },
	{ "odd certificate", MAKER_TDX, 0, odd_certificate },
	{ "processor CA", MAKER_SGX, 0, processor_ca },
};

static void make(struct maker *m, const struct kind *kind)
{
	CASE(kind->name);
	maker_init(m, kind->tee);
	if (kind->type != 0)
		maker_set_version(m, 5, kind->type);
	kind->say(m);
	maker_build(m);
}

static struct cella_verdict *judge_without(const struct maker *m)
{
	struct cella_evidence *const evidence = maker_evidence(m);
	struct cella_verify_options options;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { 0 };

	maker_options(m, &options);
	CHECK_OK(cella_verify(evidence, NULL, &options, &verdict, &err));
	cella_evidence_unref(evidence);
	return verdict;
}

static void every_kind_is_as_the_schema_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct cella_verdict *with, *without;
		struct maker m;

		make(&m, &kinds[i]);
		with = maker_verify(&m, NULL);
		check_schema(with);
		without = judge_without(&m);
		check_schema(without);
		cella_verdict_free(with);
		cella_verdict_free(without);
		maker_done(&m);
	}
}

static void verdicts_by_policies_are_as_the_schema_says(void **state)
{
	static const char text[] =
		"{\"policy_array\":[{\"environment\":{\"class_id\":"
		"\"45b734fc-aa4e-4c3d-ad28-e43d08880e68\",\"description\":\"x\"},"
		"\"reference\":{\"tdx_attributes\":\"0000000000000001\"}}]}";
	const struct cella_policy_options policy_options = {
		.size = sizeof policy_options, .source = CELLA_POLICY_LOCAL
	};
	struct cella_policy *policy = NULL;
	struct cella_verify_options options;
	struct cella_error err = { 0 };
	struct cella_verdict *verdict;
	struct maker m;

	(void)state;
	CHECK_OK(cella_policy_parse(text, strlen(text), &policy_options, &policy, &err));
	make(&m, &kinds[3]);
	maker_options(&m, &options);
	options.policy_expect = CELLA_EXPECT_EXACT;
	options.policies = &policy;
	options.num_policies = 1;
	verdict = maker_verify(&m, &options);
	check_schema(verdict);
	CHECK_INT(CELLA_ANSWER_NO, cella_verdict_answer(verdict, CELLA_QUESTION_MINE));
	cella_verdict_free(verdict);
	cella_policy_unref(policy);
	maker_done(&m);
}

static void verdicts_with_a_log_are_as_the_schema_says(void **state)
{
	struct cella_verify_options options;
	struct cella_verdict *verdict;
	struct out bytes = { 0 };
	struct maker m;

	(void)state;
	make(&m, &kinds[3]);
	maker_options(&m, &options);
	log_start_cc(&bytes);
	log_add_cc(&bytes, CC_INDEX_RTMR3, EV_ACTION, bytes_from("x"));
	options.event_log = log_parse(&bytes);
	verdict = maker_verify(&m, &options);
	check_schema(verdict);
	CHECK_INT(CELLA_ANSWER_NO, cella_verdict_answer(verdict, CELLA_QUESTION_GENUINE));
	cella_verdict_free(verdict);
	cella_event_log_unref(options.event_log);
	out_done(&bytes);
	maker_done(&m);
}

/* A schema that takes anything would show nothing: each change of a verdict is refused. */
static void schema_refuses_what_is_not_a_verdict(void **state)
{
	static const struct {
		const char *path;
		const char *value; /* NULL: taken away */
	} edits[] = {
		{ "schema", "\"cella-verdict-2\"" },
		{ "verdict", "\"maybe\"" },
		{ "verdict", NULL },
		{ "answers", NULL },
		{ "answers.genuine", "true" },
		{ "answers.fresh", NULL },
		{ "answers.more", "\"yes\"" },
		{ "cella_root", "\"Intel\"" },
		{ "cella_root", "\"private:00\"" },
		{ "cella_root", NULL },
		{ "tee", "\"TDX\"" },
		{ "status", "\"uptodate\"" },
		{ "status", NULL },
		{ "advisory_ids", "null" },
		{ "advisory_ids.0", "7" },
		{ "debug", "0" },
		{ "time", "\"2025-06-01\"" },
		{ "expires", "{}" },
		{ "expires.when", "7" },
		{ "warnings", NULL },
		{ "policies", "[{}]" },
		{ "measurements.mrtd", "\"00\"" },
		{ "measurements.tdx_mrtd", "\"00\"" },
		{ "measurements.reportdata", NULL },
		{ "quote.quote_version", "2" },
		{ "platform.fmspc", "\"90C06F000000\"" },
		{ "tcb.tcb_status", "\"\"" },
		{ "collateral.root_key_id", "\"zz\"" },
		{ "explain.meaning", "\"\"" },
		{ "explain.launch.0.level", "-1" },
		{ "checks", "{}" },
		{ "checks.0.outcome", "\"maybe\"" },
		{ "checks.0.id", "\"\"" },
		{ "checks.0.question", "\"safe\"" },
		{ "checks.0.remedy", NULL },
		{ "checks.0.more", "1" },
		{ "more", "1" },
	};
	struct cella_verdict *verdict;
	struct schema_fault fault;
	struct maker m;
	json_t *json;
	char *text;

	(void)state;
	make(&m, &kinds[0]);
	verdict = maker_verify(&m, NULL);
	json = json_of(verdict);
	CHECK_TRUE(schema_accepts(schema, json, &fault));
	text = edit_dump(json);
	for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
		char *const edited =
			edit_text(text, strlen(text), edits[i].path, edits[i].value);
		json_t *const other = edit_parse(edited, strlen(edited));

		CASE(edits[i].path);
		CHECK_TRUE(!schema_accepts(schema, other, &fault));
		json_decref(other);
		free(edited);
	}
	free(text);
	json_decref(json);
	cella_verdict_free(verdict);
	maker_done(&m);
}

/* Every member that the schema knows occurs in some verdict: it describes no ghosts. */
static void collect(const json_t *value, const char *path, json_t *seen)
{
	const char *name;
	json_t *member;
	char below[200];

	if (json_is_array(value)) {
		for (size_t i = 0; i < json_array_size(value); i++)
			collect(json_array_get(value, i), path, seen);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)value, name, member)
	{
		snprintf(below, sizeof below, "%s/%s", path, name);
		json_object_set_new(seen, below, json_true());
		collect(member, below, seen);
	}
}

static void members_of_top_level_objects_occur(void **state)
{
	static const char *const objects[] = { "measurements", "quote", "platform", "tcb",
					       "collateral" };
	json_t *const seen = json_object();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct cella_verdict *verdict;
		struct maker m;
		json_t *json;

		make(&m, &kinds[i]);
		verdict = maker_verify(&m, NULL);
		json = json_of(verdict);
		collect(json, "", seen);
		json_decref(json);
		cella_verdict_free(verdict);
		maker_done(&m);
	}
	for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
		json_t *const properties = json_object_get(
			json_object_get(json_object_get(schema, "properties"),
					objects[i]),
			"properties");
		const char *name;
		json_t *ignored;

		json_object_foreach(properties, name, ignored)
		{
			char path[200];

			snprintf(path, sizeof path, "/%s/%s", objects[i], name);
			CASE(path);
			CHECK_TRUE(json_object_get(seen, path) != NULL);
		}
	}
	json_decref(seen);
}

static void real_verdicts_are_as_the_schema_says(void **state)
{
	static const struct {
		const char *quote, *collateral, *time;
	} rows[] = {
		{ "sgx/sgx-v3-00a067.quote", "sgx/sgx-v3-00a067.collateral.json",
		  "2025-06-25T00:00:00Z" },
		{ "tdx/tdx-v4-b0c06f.quote", "tdx/tdx-v4-b0c06f.collateral.json",
		  "2025-06-25T00:00:00Z" },
		{ "tdx/tdx-v5-alibaba-90c06f.quote", "tdx/tdx-v5-90c06f.collateral.json",
		  "2026-02-25T00:00:00Z" },
		{ "tdx/tdx-v4-debug-50806f.quote", "tdx/tdx-v5-90c06f.collateral.json",
		  "2026-02-25T00:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_verify_options options = {
			.size = sizeof options,
			.time_choice = CELLA_TIME_AT,
			.time = time_at(rows[i].time),
			.root_choice = CELLA_ROOT_INTEL,
			.report_data_expect = CELLA_EXPECT_ANY,
			.policy_expect = CELLA_EXPECT_ANY,
		};
		struct out quote = vector_read(rows[i].quote);
		struct out text = vector_read(rows[i].collateral);
		struct cella_collateral *collateral = NULL;
		struct cella_evidence *evidence = NULL;
		struct cella_verdict *verdict = NULL;
		struct cella_error err = { 0 };

		CASE(rows[i].quote);
		CHECK_OK(cella_evidence_parse(quote.data, quote.len, &evidence, &err));
		CHECK_OK(cella_collateral_parse(text.data, text.len, &collateral, &err));
		CHECK_OK(cella_verify(evidence, collateral, &options, &verdict, &err));
		check_schema(verdict);
		cella_verdict_free(verdict);
		cella_collateral_unref(collateral);
		cella_evidence_unref(evidence);
		out_done(&quote);
		out_done(&text);
	}
}

/* --- what it says -------------------------------------------------------------------- */

static void json_says_what_the_getters_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct cella_verdict *verdict;
		struct maker m;
		json_t *json;

		make(&m, &kinds[i]);
		verdict = maker_verify(&m, NULL);
		json = json_of(verdict);
		CHECK_TEXT(cella_result_name(cella_verdict_result(verdict)),
			   json_string_value(json_object_get(json, "verdict")));
		for (int q = 0; q < CELLA_QUESTION_COUNT; q++)
			CHECK_TEXT(cella_answer_name(cella_verdict_answer(
					   verdict, (enum cella_question)q)),
				   json_string_value(json_object_get(
					   json_object_get(json, "answers"),
					   cella_question_name((enum cella_question)q))));
		CHECK_TEXT(cella_verdict_root(verdict),
			   json_string_value(json_object_get(json, "cella_root")));
		CHECK_TEXT(cella_tcb_status_name(cella_verdict_status(verdict)),
			   json_string_value(json_object_get(json, "status")));
		CHECK_INT(cella_verdict_num_checks(verdict),
			  json_array_size(json_object_get(json, "checks")));
		CHECK_INT(kinds[i].say == debug,
			  json_is_true(json_object_get(json, "debug")));
		assert_null(
			cella_verdict_check(verdict, cella_verdict_num_checks(verdict)));
		json_decref(json);
		cella_verdict_free(verdict);
		maker_done(&m);
	}
}

static void text_for_a_person(void **state)
{
	struct cella_verdict *verdict;
	struct maker m;
	char *text;

	(void)state;
	make(&m, &kinds[0]);
	verdict = maker_verify(&m, NULL);
	text = text_of(verdict, 0);
	CHECK_TRUE(strncmp(text, "ACCEPTED\n", 9) == 0);
	CHECK_TEXT_HAS(text, "  genuine  yes ");
	CHECK_TEXT_HAS(text, "  mine     not asked  no policy was given\n");
	CHECK_TEXT_HAS(text, "  fresh    not asked  no report data was expected\n");
	CHECK_TEXT_HAS(text, "TDX quote   version 4, as of 2025-06-01T00:00:00Z\n");
	CHECK_TEXT_HAS(text,
		       "expires first tcb_info on 2025-06-19T00:00:00Z, in 18 days");
	assert_null(strstr(text, "\033"));
	assert_null(strstr(text, "quote.signature"));
	free(text);
	text = text_of(verdict, CELLA_TEXT_CHECKS | CELLA_TEXT_COLOUR);
	CHECK_TEXT_HAS(text, "\033[32m");
	CHECK_TEXT_HAS(text, "Passed:");
	for (size_t i = 0; i < cella_verdict_num_checks(verdict); i++)
		CHECK_TEXT_HAS(text, cella_verdict_check(verdict, i)->id);
	free(text);
	cella_verdict_free(verdict);
	maker_done(&m);
}

static void text_of_a_refusal(void **state)
{
	struct cella_verdict *verdict;
	struct maker m;
	char *text;

	(void)state;
	make(&m, &kinds[6]);
	verdict = maker_verify(&m, NULL);
	text = text_of(verdict, 0);
	CHECK_TRUE(strncmp(text, "REJECTED\n", 9) == 0);
	CHECK_TEXT_HAS(text, "  current  NO ");
	CHECK_TEXT_HAS(text, "Refused because:\n  FAIL td.debug ");
	CHECK_TEXT_HAS(text,
		       "expected  NO_DEBUG\n      found     DEBUG SEPT_VE_DISABLE\n");
	CHECK_TEXT_HAS(text, "where     quote: body.td_attributes\n");
	CHECK_TEXT_HAS(text, "remedy    launch the TD without the debug attribute\n");
	free(text);
	cella_verdict_free(verdict);
	verdict = judge_without(&m);
	text = text_of(verdict, 0);
	CHECK_TEXT_HAS(text, "No collateral was given: ");
	free(text);
	cella_verdict_free(verdict);
	maker_done(&m);
}

/* Names of certificates are foreign: nothing of them moves the terminal's cursor. */
static void terminal_escape_in_a_certificate(void **state)
{
	struct cella_verdict *verdict;
	struct maker m;
	char *text;

	(void)state;
	maker_init(&m, MAKER_TDX);
	m.certs[MAKER_PCK].cn = "\033[2JAll is well";
	maker_build(&m);
	verdict = maker_verify(&m, NULL);
	text = text_of(verdict, CELLA_TEXT_CHECKS);
	assert_null(strchr(text, '\033'));
	CHECK_TEXT_HAS(text, "pck.chain");
	free(text);
	check_schema(verdict);
	cella_verdict_free(verdict);
	maker_done(&m);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_as_the_schema_says),
		cmocka_unit_test(verdicts_by_policies_are_as_the_schema_says),
		cmocka_unit_test(verdicts_with_a_log_are_as_the_schema_says),
		cmocka_unit_test(schema_refuses_what_is_not_a_verdict),
		cmocka_unit_test(members_of_top_level_objects_occur),
		cmocka_unit_test(json_says_what_the_getters_say),
		cmocka_unit_test(text_for_a_person),
		cmocka_unit_test(text_of_a_refusal),
		cmocka_unit_test(terminal_escape_in_a_certificate),
	};
	const struct CMUnitTest real[] = {
		cmocka_unit_test(real_verdicts_are_as_the_schema_says),
	};

	if (asks_for_real(argc, argv))
		return has_folder("CELLA_VECTORS")
			       ? cmocka_run_group_tests(real, set_up, tear_down)
			       : 0;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
