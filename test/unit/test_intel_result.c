/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results in Intel's shape: the document's keys at every level, and never a 1 that the
 * verdict does not stand behind.
 */
#include "golden.h"
#include "judged.h"

#include "appraise/intel_result.h"
#include "base/encode.h"
#include "fetch/files.h"

#include <stdio.h>

/* --- a verdict like the document's ------------------------------------------------------------ */

static uint8_t text_pem[] = "-----BEGIN X-----\n";
static uint8_t text_hex[] = "308201";
static uint8_t text_json[] = "{\"tcbInfo\":{},\"signature\":\"\"}";

/* Just enough of each document for its text to be found. */
static struct chain_doc chain = { .text = text_pem, .text_len = sizeof text_pem };
static struct tcb_info_doc tcb_info = {
	.doc = { .text = text_json, .text_len = sizeof text_json - 1, .signer = &chain }
};
static struct identity_doc identity = {
	.doc = { .text = text_json, .text_len = sizeof text_json - 1, .signer = &chain }
};
static struct crl_doc root_crl = { .text = text_hex, .text_len = sizeof text_hex };
static struct crl_doc pck_crl = { .text = text_pem,
				  .text_len = sizeof text_pem,
				  .issuer = &chain };

static void give_documents(struct judged *j)
{
	j->v->tcb_info = &tcb_info;
	j->v->identity = &identity;
	j->v->root_crl = &root_crl;
	j->v->pck_crl = &pck_crl;
}

static const char tenant[] = "{\"tdx_attributes\":\"0000000010000000\"}";
static const char platform[] = "{\"accepted_tcb_status\":[\"UpToDate\"],"
			       "\"allow_dynamic_plaform\":true,\"min_eval_num\":16}";
static const char quoting[] =
	"{\"accepted_tcb_status\":[\"UpToDate\"],\"min_eval_num\":16}";

/* Adds a signed policy of one element with a description, as the document's are. */
static void add_signed(struct judged *j, struct private_key *key,
		       enum policy_class_id class, const char *reference)
{
	struct cella_signer signer;
	struct cella_error err = { 0 };
	char *text = NULL;
	char *jwt = NULL;

	assert_true(asprintf(&text,
			     "{\"policy_array\":[{\"environment\":{\"class_id\":\"%s\","
			     "\"description\":\"Some Policy\"},\"reference\":%s}]}",
			     policy_classes[class].uuid, reference) > 0);
	private_key_signer(key, &signer);
	CHECK_OK(cella_policy_sign(text, strlen(text), &signer, &jwt, &err));
	judged_add(j, jwt, NULL);
	free(text);
	free(jwt);
}

static void judge_like_the_document(struct judged *j)
{
	struct private_key *key = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(private_key_generate(CRYPTO_P384, &key, &err));
	judged_new(j, JUDGED_TD_15);
	give_documents(j);
	add_signed(j, key, CLASS_TD_15, tenant);
	add_signed(j, key, CLASS_TDX_PLATFORM_15, platform);
	add_signed(j, key, CLASS_TDQE, quoting);
	judged_run(j);
	private_key_free(key);
}

static json_t *result_of(const struct judged *j)
{
	struct cella_error err = { 0 };
	json_t *json = NULL;

	CHECK_OK(intel_result_json(j->v, 502551065253582, &json, &err));
	return json;
}

static const json_t *inner(const json_t *json)
{
	return json_object_get(json_array_get(json, 0), "result");
}

static int overall(const json_t *json)
{
	return (int)json_integer_value(
		json_object_get(inner(json), "overall_appraisal_result"));
}

static const json_t *report_at(const json_t *json, size_t index)
{
	return json_array_get(json_object_get(inner(json), "appraised_reports"), index);
}

static int report_result(const json_t *json, size_t index)
{
	return (int)json_integer_value(
		json_object_get(report_at(json, index), "appraisal_result"));
}

/* --- shape ------------------------------------------------------------------------------------- */

/* What names an element of an array: the class for reports, nothing otherwise. */
static const char *element_name(const json_t *element)
{
	const json_t *const report = json_object_get(element, "report");
	const json_t *const id =
		json_object_get(json_object_get(report, "environment"), "class_id");

	return json_is_string(id) ? json_string_value(id) : "";
}

static const char *type_letter(const json_t *value)
{
	if (json_is_string(value))
		return "text";
	if (json_is_integer(value))
		return "number";
	return json_is_boolean(value) ? "boolean" : json_type_name(value);
}

/* What is left to look at. */
struct places {
	struct place {
		const json_t *json;
		char path[256];
	} items[256];
	size_t num;
};

static void push(struct places *places, const json_t *json, const char *path,
		 const char *between, const char *name, const char *after)
{
	struct place *const place = &places->items[places->num++];

	assert_true(places->num <= ARRAY_LEN(places->items));
	place->json = json;
	assert_true((size_t)snprintf(place->path, sizeof place->path, "%s%s%s%s", path,
				     between, name, after) < sizeof place->path);
}

/* One line per member: its path and its type. References of policies are free. */
static void add_place(struct places *places, const struct place *place, struct out *lines)
{
	const char *name;
	json_t *value;

	if (json_is_array(place->json) &&
	    json_is_object(json_array_get(place->json, 0))) {
		for (size_t i = 0; i < json_array_size(place->json); i++) {
			const json_t *const item = json_array_get(place->json, i);

			push(places, item, place->path, "[", element_name(item), "]");
		}
		return;
	}
	if (!json_is_object(place->json)) {
		out_format(lines, "%s %s\n", place->path, type_letter(place->json));
		return;
	}
	json_object_foreach(json_mutable(place->json), name, value)
	{
		if (strcmp(name, "reference") == 0)
			out_format(lines, "%s.%s\n", place->path, name);
		else
			push(places, value, place->path, ".", name, "");
	}
}

static void add_paths(const json_t *json, struct out *lines)
{
	struct places *const places = calloc(1, sizeof *places);

	assert_non_null(places);
	push(places, json, "", "", "", "");
	while (places->num > 0) {
		const struct place place = places->items[--places->num];

		add_place(places, &place, lines);
	}
	free(places);
}

static int compare_lines(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static char *shape_of(const json_t *json)
{
	struct out lines CLEANUP(out_done) = { 0 };
	struct out sorted CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	char *list[512];
	size_t num = 0;
	char *text = NULL;

	add_paths(json, &lines);
	out_u8(&lines, 0);
	for (char *line = strtok((char *)lines.data, "\n"); line != NULL;
	     line = strtok(NULL, "\n"))
		list[num++] = line;
	qsort(list, num, sizeof *list, compare_lines);
	for (size_t i = 0; i < num; i++)
		out_format(&sorted, "%s\n", list[i]);
	CHECK_OK(out_take_text(&sorted, &text, &err));
	return text;
}

static void the_documents_shape_is_kept(void **state)
{
	struct judged j;
	json_t *json;
	char *shape;

	(void)state;
	judge_like_the_document(&j);
	json = result_of(&j);
	shape = shape_of(json);
	golden_check("intel_result.keys", shape);
	free(shape);
	json_decref(json);
	judged_done(&j);
}

/* The JSON that the document prints, from its bracket to the matching one. */
static json_t *document_json(void)
{
	struct out text CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	char path[512];
	json_t *json = NULL;
	uint8_t *start, *end, *dots;
	int depth = 0;

	snprintf(path, sizeof path, "%s/tdx.ja.txt", getenv("CELLA_SEEDS"));
	CHECK_OK(file_read(path, 1 << 20, &text, &err));
	out_u8(&text, 0);
	start = (uint8_t *)strstr((char *)text.data, "\"appraisal_check_date\"");
	assert_non_null(start);
	while (*start != '[')
		start--;
	for (end = start; depth > 0 || end == start; end++)
		depth += (*end == '[' || *end == '{') - (*end == ']' || *end == '}');
	/* A part of the policy is left out there. */
	*end = 0;
	dots = (uint8_t *)strstr((char *)start, " ...\n");
	assert_non_null(dots);
	memset(dots, ' ', 4);
	CHECK_OK(json_parse(bytes_of(start, (size_t)(end - start)), "document", &json,
			    &err));
	return json;
}

static void the_documents_own_json_has_the_same_shape(void **state)
{
	struct judged j;
	json_t *json, *theirs;
	char *shape, *their_shape;

	(void)state;
	judge_like_the_document(&j);
	json = result_of(&j);
	theirs = document_json();
	shape = shape_of(json);
	their_shape = shape_of(theirs);
	assert_string_equal(their_shape, shape);
	free(shape);
	free(their_shape);
	json_decref(json);
	json_decref(theirs);
	judged_done(&j);
}

/* --- values -------------------------------------------------------------------------------------- */

static void check_text(const json_t *object, const char *name, const char *expected)
{
	assert_string_equal(expected, json_string_value(json_object_get(object, name)));
}

static const json_t *measurement_at(const json_t *json, size_t index)
{
	return json_object_get(json_object_get(report_at(json, index), "report"),
			       "measurement");
}

static void values_are_intels(void **state)
{
	const json_t *tenant_values, *platform_values, *data;
	struct judged j;
	json_t *json;

	(void)state;
	judge_like_the_document(&j);
	json = result_of(&j);
	assert_int_equal(1, overall(json));
	assert_true(json_integer_value(
			    json_object_get(inner(json), "appraisal_check_date")) ==
		    JUDGED_TIME * 1000000000);
	assert_true(json_integer_value(json_object_get(inner(json), "nonce")) ==
		    502551065253582);
	tenant_values = measurement_at(json, 0);
	check_text(tenant_values, "tdx_attributes", "0000000010000000");
	check_text(tenant_values, "tdx_xfam", "00000000000642E7");
	platform_values = measurement_at(json, 1);
	check_text(platform_values, "fmspc", "90C06F000000");
	check_text(platform_values, "tcb_level_date_tag", "2024-03-09T16:00:00Z");
	assert_int_equal('9', json_string_value(json_object_get(platform_values,
								"root_key_id"))[0]);
	data = json_object_get(
		json_array_get(json_object_get(inner(json), "certification_data"), 0),
		"certification_data");
	/* Documents as they were received, without their terminators. */
	check_text(data, "root_ca_crl", "MzA4MjAx");
	check_text(data, "pck_crl", "LS0tLS1CRUdJTiBYLS0tLS0K");
	check_text(data, "tcb_info", "eyJ0Y2JJbmZvIjp7fSwic2lnbmF0dXJlIjoiIn0=");
	json_decref(json);
	judged_done(&j);
}

static void policies_are_echoed_as_they_were_signed(void **state)
{
	const json_t *policy;
	struct judged j;
	json_t *json;

	(void)state;
	judge_like_the_document(&j);
	json = result_of(&j);
	policy = json_object_get(report_at(json, 1), "policy");
	assert_true(json_is_true(json_object_get(json_object_get(policy, "reference"),
						 "allow_dynamic_plaform")));
	check_text(policy, "signature", j.policies[1]->signature);
	assert_true(json_equal(json_object_get(policy, "signing_key"),
			       j.policies[1]->signing_key));
	json_decref(json);
	judged_done(&j);
}

static void unsigned_policies_have_no_signature(void **state)
{
	struct judged j;
	json_t *json;
	const json_t *policy;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_element(&j, CLASS_TD_15, tenant);
	judged_run(&j);
	json = result_of(&j);
	policy = json_object_get(report_at(json, 0), "policy");
	assert_null(json_object_get(policy, "signature"));
	assert_null(json_object_get(policy, "signing_key"));
	/* No policy for the platform: the strict default, as Intel's engine has it. */
	policy = json_object_get(report_at(json, 1), "policy");
	assert_null(json_object_get(policy, "signature"));
	CHECK_TEXT_HAS(json_string_value(json_object_get(
			       json_object_get(policy, "environment"), "description")),
		       "Default Strict");
	assert_int_equal(0, json_integer_value(
				    json_object_get(json_object_get(policy, "reference"),
						    "collateral_grace_period")));
	assert_int_equal(1, overall(json));
	json_decref(json);
	judged_done(&j);
}

static void the_default_policy_tells_what_the_options_accept(void **state)
{
	struct judged j;
	json_t *json;
	json_t *expected;
	const json_t *reference;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_status(&j, CELLA_TCB_CONFIGURATION_NEEDED, CELLA_TCB_UP_TO_DATE);
	j.options.accept = CELLA_ACCEPT(CELLA_TCB_CONFIGURATION_NEEDED) |
			   CELLA_ACCEPT(CELLA_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED);
	judged_element(&j, CLASS_TD_15, tenant);
	judged_run(&j);
	json = result_of(&j);
	reference = json_object_get(json_object_get(report_at(json, 1), "policy"),
				    "reference");
	expected = json_pack("[s,s,s]", "UpToDate", "ConfigurationNeeded",
			     "SWHardeningNeeded");
	assert_true(
		json_equal(expected, json_object_get(reference, "accepted_tcb_status")));
	assert_int_equal(1, overall(json));
	json_decref(expected);
	json_decref(json);
	judged_done(&j);
}

/* --- results --------------------------------------------------------------------------------------- */

struct verdict_row {
	const char *name;
	void (*change)(struct judged *j);
	enum cella_result verdict;
	int overall, tenant, platform, quoting;
};

static void change_nothing(struct judged *j)
{
	(void)j;
}

static void change_debug(struct judged *j)
{
	judged_body(j, CELLA_FACT_TD_ATTRIBUTES, NULL)[0] = 1;
}

static void change_signature(struct judged *j)
{
	verdict_check(j->v, CHECK_QUOTE_SIGNATURE, CELLA_CHECK_FAIL, NULL, NULL, "quote");
}

static void change_chain(struct judged *j)
{
	verdict_check(j->v, CHECK_PCK_CHAIN, CELLA_CHECK_NOT_EVALUATED, NULL, NULL,
		      "quote");
}

static void change_status(struct judged *j)
{
	judged_status(j, CELLA_TCB_OUT_OF_DATE, CELLA_TCB_UP_TO_DATE);
}

static void change_qe_status(struct judged *j)
{
	judged_status(j, CELLA_TCB_OUT_OF_DATE, CELLA_TCB_OUT_OF_DATE);
}

static void change_qe_dates(struct judged *j)
{
	j->v->dates[DATES_QE_IDENTITY].expires.to = JUDGED_TIME - 1;
}

static void change_revoked(struct judged *j)
{
	verdict_check(j->v, CHECK_PCK_REVOKED, CELLA_CHECK_FAIL, NULL, NULL, "pck_crl");
}

static void change_report_data(struct judged *j)
{
	j->options.report_data_expect = CELLA_EXPECT_EXACT;
}

static void change_policy(struct judged *j)
{
	judged_body(j, CELLA_FACT_XFAM, NULL)[0] ^= 4;
	judged_body(j, CELLA_FACT_TD_ATTRIBUTES, NULL)[3] = 0x50;
}

static void change_platform_policy(struct judged *j)
{
	judged_element(j, CLASS_TDX_PLATFORM_15, "{\"min_eval_num\":99}");
}

static void change_qe_policy(struct judged *j)
{
	judged_element(j, CLASS_TDQE, "{\"min_eval_num\":99}");
}

static const struct verdict_row verdict_rows[] = {
	{ "in order", change_nothing, CELLA_ACCEPTED, 1, 1, 1, 1 },
	{ "debug", change_debug, CELLA_REJECTED, 0, 0, 1, 1 },
	{ "signature", change_signature, CELLA_REJECTED, 0, 0, 0, 0 },
	{ "no chain", change_chain, CELLA_UNDECIDED, -1, -1, -1, -1 },
	{ "no collateral", judged_forget_tcb, CELLA_UNDECIDED, -1, 1, -1, -1 },
	{ "status", change_status, CELLA_REJECTED, 0, 1, 0, 1 },
	{ "quoting enclave", change_qe_status, CELLA_REJECTED, 0, 1, 0, 0 },
	{ "quoting enclave expired", change_qe_dates, CELLA_REJECTED, 0, 1, 0, 0 },
	{ "revoked", change_revoked, CELLA_REJECTED, 0, 0, 0, 0 },
	{ "report data", change_report_data, CELLA_REJECTED, 0, 0, 1, 1 },
	{ "another workload", change_policy, CELLA_REJECTED, 0, 0, 1, 1 },
	{ "platform's policy", change_platform_policy, CELLA_REJECTED, 0, 1, 0, 1 },
	{ "quoting enclave's policy", change_qe_policy, CELLA_REJECTED, 0, 1, 1, 0 },
};

static void no_report_says_more_than_the_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(verdict_rows); i++) {
		const struct verdict_row *const row = &verdict_rows[i];
		struct judged j;
		json_t *json;

		judged_new(&j, JUDGED_TD_15);
		judged_element(&j, CLASS_TD_15, tenant);
		row->change(&j);
		judged_run(&j);
		json = result_of(&j);
		if (j.v->result != row->verdict || overall(json) != row->overall ||
		    report_result(json, 0) != row->tenant ||
		    report_result(json, 1) != row->platform ||
		    report_result(json, 2) != row->quoting)
			fail_msg("%s: verdict %d, overall %d, reports %d %d %d",
				 row->name, j.v->result, overall(json),
				 report_result(json, 0), report_result(json, 1),
				 report_result(json, 2));
		json_decref(json);
		judged_done(&j);
	}
}

static void a_tenant_without_a_policy_is_not_judged(void **state)
{
	struct judged j;
	json_t *json;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_run(&j);
	json = result_of(&j);
	assert_int_equal(CELLA_ACCEPTED, j.v->result);
	assert_int_equal(-1, overall(json));
	assert_int_equal(-1, report_result(json, 0));
	assert_int_equal(2, json_object_size(report_at(json, 0)));
	assert_non_null(json_object_get(report_at(json, 0), "report"));
	assert_int_equal(1, report_result(json, 1));
	assert_int_equal(1, report_result(json, 2));
	json_decref(json);
	judged_done(&j);
}

static const json_t *details_at(const json_t *json, size_t index)
{
	return json_array_get(json_object_get(report_at(json, index), "detailed_result"),
			      0);
}

static void flags_name_the_keys_that_do_not_hold(void **state)
{
	struct judged j;
	json_t *json;
	const json_t *details;
	const char *name;
	json_t *value;
	size_t num_false = 0;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_element(&j, CLASS_TD_15, "{\"tdx_xfam\":\"0000000000000003\"}");
	judged_element(&j, CLASS_TDX_PLATFORM_15,
		       "{\"min_eval_num\":99,\"accepted_sgx_types\":0,"
		       "\"allow_cached_keys\":false}");
	judged_run(&j);
	json = result_of(&j);
	assert_true(json_is_false(json_object_get(details_at(json, 0), "td_xfam_check")));
	assert_true(json_is_true(json_object_get(details_at(json, 0), "td_mrtd_check")));
	details = details_at(json, 1);
	assert_true(json_is_false(json_object_get(details, "tcb_eval_num_check")));
	assert_true(json_is_false(json_object_get(details, "sgx_types_check")));
	assert_true(json_is_false(json_object_get(details, "cached_keys_check")));
	json_object_foreach(json_mutable(details), name, value)
		num_false += json_is_false(value);
	assert_int_equal(3, num_false);
	json_decref(json);
	judged_done(&j);
}

static void unsaid_status_and_expiry_have_flags_too(void **state)
{
	struct judged j;
	json_t *json;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_status(&j, CELLA_TCB_OUT_OF_DATE, CELLA_TCB_UP_TO_DATE);
	j.v->dates[DATES_QE_IDENTITY].expires.to = JUDGED_TIME - 1;
	judged_element(&j, CLASS_TDX_PLATFORM_15, "{\"min_eval_num\":1}");
	judged_run(&j);
	json = result_of(&j);
	assert_true(
		json_is_false(json_object_get(details_at(json, 1), "tcb_status_check")));
	assert_true(json_is_true(
		json_object_get(details_at(json, 1), "expiration_date_check")));
	assert_true(json_is_false(
		json_object_get(details_at(json, 2), "td_qe_expiration_date_check")));
	json_decref(json);
	judged_done(&j);
}

static void an_enclave_has_two_reports(void **state)
{
	struct judged j;
	json_t *json;
	const json_t *values;

	(void)state;
	judged_new(&j, JUDGED_ENCLAVE);
	judged_element(&j, CLASS_SGX_ENCLAVE, "{\"sgx_isvprodid\":2049}");
	judged_run(&j);
	json = result_of(&j);
	assert_int_equal(1, overall(json));
	assert_int_equal(
		2, json_array_size(json_object_get(inner(json), "appraised_reports")));
	assert_int_equal(11, json_object_size(details_at(json, 0)));
	assert_true(json_is_true(
		json_object_get(details_at(json, 0), "sgx_miscselcect_check")));
	values = measurement_at(json, 0);
	assert_int_equal(2049,
			 json_integer_value(json_object_get(values, "sgx_isvprodid")));
	assert_int_equal(8,
			 json_string_length(json_object_get(values, "sgx_miscselect")));
	assert_int_equal(128,
			 json_string_length(json_object_get(values, "sgx_reportdata")));
	json_decref(json);
	judged_done(&j);
}

/* Intel's library leaves two flags out when they are not set. */
static void absent_facts_are_left_out(void **state)
{
	struct judged j;
	json_t *json;
	const json_t *values;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	facts_set_bool(&j.v->facts, CELLA_FACT_DYNAMIC_PLATFORM, false);
	facts_set_bool(&j.v->facts, CELLA_FACT_SMT_ENABLED, false);
	judged_run(&j);
	json = result_of(&j);
	values = measurement_at(json, 1);
	assert_null(json_object_get(values, "is_dynamic_platform"));
	assert_non_null(json_object_get(values, "is_cached_keys_policy"));
	assert_true(json_is_false(json_object_get(values, "is_smt_enabled")));
	assert_null(json_object_get(values, "advisory_ids"));
	json_decref(json);
	judged_done(&j);
}

static void nonces_and_times_are_bounded(void **state)
{
	struct judged j;
	struct cella_error err = { 0 };
	char *text = NULL;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	judged_run(&j);
	CHECK_OK(cella_verdict_result_json(j.v, CELLA_RESULT_NONCE_MAX, &text, &err));
	CHECK_TEXT_HAS(text, "\"nonce\":999999999999999,");
	free(text);
	CHECK_STATUS(CELLA_USAGE, cella_verdict_result_json(
					  j.v, CELLA_RESULT_NONCE_MAX + 1, &text, &err));
	j.v->time = INT64_C(10000000000);
	CHECK_STATUS(CELLA_LIMIT, cella_verdict_result_json(j.v, 0, &text, &err));
	judged_done(&j);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documents_shape_is_kept),
		cmocka_unit_test(values_are_intels),
		cmocka_unit_test(policies_are_echoed_as_they_were_signed),
		cmocka_unit_test(unsigned_policies_have_no_signature),
		cmocka_unit_test(the_default_policy_tells_what_the_options_accept),
		cmocka_unit_test(no_report_says_more_than_the_verdict),
		cmocka_unit_test(a_tenant_without_a_policy_is_not_judged),
		cmocka_unit_test(flags_name_the_keys_that_do_not_hold),
		cmocka_unit_test(unsaid_status_and_expiry_have_flags_too),
		cmocka_unit_test(an_enclave_has_two_reports),
		cmocka_unit_test(absent_facts_are_left_out),
		cmocka_unit_test(nonces_and_times_are_bounded),
	};
	const struct CMUnitTest real[] = {
		cmocka_unit_test(the_documents_own_json_has_the_same_shape),
	};

	if (asks_for_real(argc, argv))
		return has_folder("CELLA_SEEDS")
			       ? cmocka_run_group_tests(real, NULL, NULL)
			       : 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
