/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies that name events (src/appraise/policy_events.c), and the event log beside a quote
 * (src/verify/event_check.c).
 */
#include "judged.h"

#include "appraise/judge.h"
#include "appraise/lint.h"
#include "base/encode.h"
#include "base/json.h"
#include "log_maker.h"

#include <stdio.h>

/* Applications; each is an event of RTMR3. */
static const char *const applications[] = { "cella measure-file nginx",
					    "cella measure-file nginx.conf",
					    "cella measure-file backdoor" };

static struct out tagged(size_t which)
{
	const char *const text = applications[which];
	struct out data = { 0 };

	out_u32le(&data, AAEL_TAG);
	out_u32le(&data, (uint32_t)strlen(text));
	out_text(&data, text);
	return data;
}

/* A log of these applications, "abb" for instance. */
static struct cella_event_log *log_of(const char *events)
{
	struct out bytes = { 0 };
	struct cella_event_log *log;

	log_start_cc(&bytes);
	for (; *events != '\0'; events++) {
		struct out data = tagged((size_t)(*events - 'a'));

		log_add_cc(&bytes, CC_INDEX_RTMR3, EV_EVENT_TAG, out_view(&data));
		out_done(&data);
	}
	log = log_parse(&bytes);
	out_done(&bytes);
	return log;
}

static void digest_of(char event, char hex[2 * SHA384_LEN + 1])
{
	struct out data = tagged((size_t)(event - 'a'));
	const struct cella_bytes view = out_view(&data);
	uint8_t digest[SHA384_LEN];
	struct cella_error err = { 0 };

	CHECK_OK(crypto_digest(CRYPTO_SHA384, &view, 1, digest, &err));
	hex_format(bytes_of(digest, sizeof digest), hex);
	out_done(&data);
}

/*
 * A reference to events: letters are events, '?' is any, and letters in brackets are
 * alternatives: "a[bc]?". The caller frees it.
 */
static char *reference_of(const char *events)
{
	struct out text = { 0 };
	struct cella_error err = { 0 };
	char *out = NULL;
	bool in_list = false;
	char hex[2 * SHA384_LEN + 1];

	out_text(&text, "{\"tdx_rtmr3_events\":[");
	for (const char *c = events; *c != '\0'; c++) {
		if (*c == ']') {
			out_text(&text, "]}");
			in_list = false;
			continue;
		}
		if (c > events && c[-1] != '[')
			out_text(&text, ",");
		if (*c == '[') {
			out_text(&text, "{\"digest\":[");
			in_list = true;
		} else if (*c == '?') {
			out_text(&text, "{\"digest\":\"any\"}");
		} else {
			digest_of(*c, hex);
			out_format(
				&text,
				in_list ? "\"%s\""
					: "{\"digest\":\"%s\",\"part\":\"application\","
					  "\"text\":\"%s\",\"#why\":\"\"}",
				hex, applications[*c - 'a']);
		}
	}
	out_text(&text, "]}");
	CHECK_OK(out_take_text(&text, &out, &err));
	return out;
}

/* A TD whose RTMR3 these applications were measured into; the other registers are zero. */
static void set_registers(struct judged *j, const char *events)
{
	struct cella_event_log *const log = log_of(events);

	for (unsigned reg = 0; reg < NUM_RTMRS; reg++) {
		uint8_t value[CELLA_REGISTER_MAX];
		struct cella_error err = { 0 };
		size_t len = 0;

		CHECK_OK(cella_event_log_replay(log, CELLA_HASH_SHA384, reg, value, &len,
						&err));
		memcpy(judged_body(j, rtmr_fact(reg), NULL), value, len);
	}
	cella_event_log_unref(log);
}

/* --- judging ------------------------------------------------------------------------- */

static void events_are_judged(void **state)
{
	static const struct {
		const char *name;
		const char *measured; /* into RTMR3 */
		const char *log;      /* NULL: none is given */
		const char *policy;
		enum cella_outcome outcome;
		const char *actual; /* a part of what is told */
	} rows[] = {
		{ "the events", "ab", "ab", "ab", CELLA_CHECK_PASS, "these 2 events" },
		{ "the events, no log", "ab", NULL, "ab", CELLA_CHECK_PASS, "register " },
		{ "another program", "cb", "cb", "ab", CELLA_CHECK_FAIL,
		  "event 0 of the log: application, cella measure-file backdoor; in its place" },
		{ "another program, what is missed", "cb", "cb", "ab", CELLA_CHECK_FAIL,
		  "1 of RTMR3, the policy has application, cella measure-file nginx, "
		  "digest " },
		{ "another program, no log", "cb", NULL, "ab", CELLA_CHECK_FAIL,
		  "to which other events led" },
		{ "one more program", "abc", "abc", "ab", CELLA_CHECK_FAIL,
		  "measure-file backdoor; in its place" },
		{ "one more program, what is missed", "abc", "abc", "ab",
		  CELLA_CHECK_FAIL, "3 of RTMR3, the policy has nothing more" },
		{ "one program less", "a", "a", "ab", CELLA_CHECK_FAIL,
		  "nothing more was measured; in its place, 2 of RTMR3" },
		{ "another order", "ba", "ba", "ab", CELLA_CHECK_FAIL, "nginx.conf" },
		{ "nothing measured", "", "", "", CELLA_CHECK_PASS, "these 0 events" },
		{ "nothing measured, no log", "", NULL, "", CELLA_CHECK_PASS,
		  "register" },
		{ "something, not nothing", "c", "c", "", CELLA_CHECK_FAIL, "backdoor" },
		{ "one of two", "ab", "ab", "[ac]b", CELLA_CHECK_PASS, "these 2" },
		{ "the other of two", "cb", "cb", "[ac]b", CELLA_CHECK_PASS, "these 2" },
		{ "none of two", "bb", "bb", "[ac]b", CELLA_CHECK_FAIL, " or others" },
		{ "any", "cb", "cb", "?b", CELLA_CHECK_PASS, "these 2" },
		{ "any, and another", "cc", "cc", "?b", CELLA_CHECK_FAIL, "backdoor" },
		{ "any, but one too many", "cbb", "cbb", "?b", CELLA_CHECK_FAIL,
		  "nothing more" },
		{ "any, but one too few", "a", "a", "a?", CELLA_CHECK_FAIL,
		  "2 of RTMR3, the policy has event, any digest" },
		{ "a choice without a log", "ab", NULL, "[ac]b",
		  CELLA_CHECK_NOT_EVALUATED, "only an event log tells" },
		{ "any without a log", "ab", NULL, "??", CELLA_CHECK_NOT_EVALUATED,
		  "only an event log tells" },
		{ "a log that is silent", "ab", "", "[ac]b", CELLA_CHECK_NOT_EVALUATED,
		  "only an event log tells" },
		{ "a forged log", "cb", "ab", "[ab]b", CELLA_CHECK_FAIL,
		  "does not lead to the register" },
		{ "a forged log, any", "cb", "ab", "??", CELLA_CHECK_FAIL,
		  "does not lead to the register" },
		{ "a forged log, no choice", "cb", "ab", "ab", CELLA_CHECK_FAIL,
		  "does not lead to the register" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *const reference = reference_of(rows[i].policy);
		const struct cella_check *check;
		struct judged j;

		CASE(rows[i].name);
		judged_new(&j, JUDGED_TD_15);
		set_registers(&j, rows[i].measured);
		if (rows[i].log != NULL)
			j.v->event_log = log_of(rows[i].log);
		judged_element(&j, CLASS_TD_15, reference);
		judged_run(&j);
		check = judged_check(&j, "policy.tdx_rtmr3_events");
		CHECK_INT(rows[i].outcome, check->outcome);
		CHECK_TEXT_HAS(check->actual, rows[i].actual);
		CHECK_INT(rows[i].outcome == CELLA_CHECK_PASS   ? CELLA_ANSWER_YES
			  : rows[i].outcome == CELLA_CHECK_FAIL ? CELLA_ANSWER_NO
								: CELLA_ANSWER_UNKNOWN,
			  cella_verdict_answer(j.v, CELLA_QUESTION_MINE));
		judged_done(&j);
		free(reference);
	}
}

/* --- the log beside the quote -------------------------------------------------------- */

static void a_log_must_lead_to_the_quote(void **state)
{
	static const struct {
		const char *name;
		const char *measured;
		const char *log;
		enum cella_answer genuine;
		const char *actual; /* of the failed check */
		size_t num_warnings;
	} rows[] = {
		{ "leads there", "ab", "ab", CELLA_ANSWER_YES, NULL, 0 },
		{ "leads elsewhere", "ab", "ba", CELLA_ANSWER_NO, "no single event", 0 },
		{ "is older", "ab", "abc", CELLA_ANSWER_NO,
		  "the register was read before, or never got, event 2", 0 },
		{ "has one too many", "ab", "acb", CELLA_ANSWER_NO,
		  "the register has every event but event 1", 0 },
		{ "tells nothing", "ab", "", CELLA_ANSWER_YES, NULL, 1 },
		{ "nothing to tell", "", "", CELLA_ANSWER_YES, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct judged j;

		CASE(rows[i].name);
		judged_new(&j, JUDGED_TD_15);
		set_registers(&j, rows[i].measured);
		j.v->event_log = log_of(rows[i].log);
		judged_run(&j);
		CHECK_INT(rows[i].genuine,
			  cella_verdict_answer(j.v, CELLA_QUESTION_GENUINE));
		/* A log is no policy: nobody asked whose workload it is. */
		CHECK_INT(CELLA_ANSWER_NOT_ASKED,
			  cella_verdict_answer(j.v, CELLA_QUESTION_MINE));
		CHECK_INT(rows[i].num_warnings, j.v->num_warnings);
		if (rows[i].actual != NULL)
			CHECK_TEXT_HAS(judged_check(&j, "event_log.rtmr3")->actual,
				       rows[i].actual);
		judged_done(&j);
	}
}

static void a_log_is_a_td_s(void **state)
{
	static const uint16_t sha256 = CELLA_HASH_SHA256;
	struct out bytes = { 0 };
	struct judged td, enclave;
	struct cella_error err = { 0 };

	(void)state;
	log_start(&bytes, &sha256, 1);
	judged_new(&td, JUDGED_TD_15);
	td.v->event_log = log_parse(&bytes);
	CHECK_STATUS(CELLA_UNSUPPORTED, judge(td.v, &td.options, &err));
	CHECK_TEXT_HAS(err.text, "not in a TD's quote but in a vTPM's");
	judged_new(&enclave, JUDGED_ENCLAVE);
	enclave.v->event_log = log_of("a");
	CHECK_STATUS(CELLA_UNSUPPORTED, judge(enclave.v, &enclave.options, &err));
	CHECK_TEXT_HAS(err.text, "not a TD's");
	judged_done(&td);
	judged_done(&enclave);
	out_done(&bytes);
}

/* --- reading ------------------------------------------------------------------------- */

static void broken_events_are_refused(void **state)
{
	static const struct {
		const char *reference;
		enum cella_status status;
		const char *text;
	} rows[] = {
		{ "{\"tdx_rtmr3_events\":{}}", CELLA_MALFORMED,
		  "policy: policy_array[0] (guest TD 1.5): tdx_rtmr3_events: expected an "
		  "array, found an object" },
		{ "{\"tdx_rtmr3_events\":[5]}", CELLA_MALFORMED, "tdx_rtmr3_events[0]" },
		{ "{\"tdx_rtmr3_events\":[{}]}", CELLA_MALFORMED,
		  "tdx_rtmr3_events[0]: has no digest" },
		{ "{\"tdx_rtmr3_events\":[{\"digest\":\"00\"}]}", CELLA_MALFORMED,
		  "tdx_rtmr3_events[0]: needs 96 hexadecimal digits, has 2" },
		{ "{\"tdx_rtmr3_events\":[{\"digest\":7}]}", CELLA_MALFORMED,
		  "digest: expected hexadecimal text, found an integer" },
		{ "{\"tdx_rtmr3_events\":[{\"digest\":[]}]}", CELLA_MALFORMED,
		  "digest: 0 digests, needs 1 to 256" },
		{ "{\"tdx_rtmr3_events\":[{\"digest\":[\"any\"]}]}", CELLA_MALFORMED,
		  "needs 96 hexadecimal digits, has 3" },
		{ "{\"tdx_rtmr3_events\":[{\"digest\":\"any\",\"optional\":true}]}",
		  CELLA_MALFORMED, "\"optional\" is not a member of an event" },
		{ "{\"tdx_rtmr3_events\":[{\"digest\":\"any\",\"text\":1}]}",
		  CELLA_MALFORMED, "text" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cella_policy_options how = { .size = sizeof how,
							  .source = CELLA_POLICY_LOCAL };
		char *const text = element_text(CLASS_TD_15, rows[i].reference);
		struct cella_policy *policy = NULL;
		struct cella_error err = { 0 };

		CASE(rows[i].reference);
		CHECK_STATUS(rows[i].status,
			     cella_policy_parse(text, strlen(text), &how, &policy, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
		free(text);
	}
}

/* A key of TDs: an enclave never meets it. */
static void events_are_of_tds(void **state)
{
	struct judged j;

	(void)state;
	judged_new(&j, JUDGED_ENCLAVE);
	judged_element(&j, CLASS_SGX_ENCLAVE, "{\"tdx_rtmr3_events\":[]}");
	judged_run(&j);
	CHECK_INT(CELLA_ANSWER_NO, cella_verdict_answer(j.v, CELLA_QUESTION_MINE));
	judged_done(&j);
}

/* --- writing ------------------------------------------------------------------------- */

static enum cella_status write_policy(const struct judged *j,
				      const struct cella_event_log *log, char **text,
				      struct cella_error *err)
{
	const char *warning = NULL;
	const struct cella_policy_draft draft = { .size = sizeof draft,
						  .facts = &j->v->facts,
						  .event_log = log };

	return cella_policy_write(&draft, text, &warning, err);
}

static void new_policies_name_the_log_s_events(void **state)
{
	struct cella_event_log *const log = log_of("ab");
	struct cella_error err = { 0 };
	struct judged good, bad;
	char *text = NULL;

	(void)state;
	judged_new(&good, JUDGED_TD_15);
	set_registers(&good, "ab");
	judged_run(&good);
	CHECK_OK(write_policy(&good, log, &text, &err));
	CHECK_TEXT_HAS(text, "\"tdx_rtmr3\"");
	CHECK_TEXT_HAS(text, "\"tdx_rtmr3_events\"");
	CHECK_TEXT_HAS(text, "\"text\": \"cella measure-file nginx.conf\"");
	judged_done(&good);

	judged_new(&good, JUDGED_TD_15);
	set_registers(&good, "ab");
	judged_add(&good, text, NULL);
	judged_run(&good);
	CHECK_INT(CELLA_ANSWER_YES, cella_verdict_answer(good.v, CELLA_QUESTION_MINE));
	judged_done(&good);

	judged_new(&bad, JUDGED_TD_15);
	set_registers(&bad, "cb");
	bad.v->event_log = log_of("cb");
	judged_add(&bad, text, NULL);
	judged_run(&bad);
	CHECK_INT(CELLA_ANSWER_NO, cella_verdict_answer(bad.v, CELLA_QUESTION_MINE));
	CHECK_TEXT_HAS(judged_check(&bad, "policy.tdx_rtmr3_events")->actual,
		       "cella measure-file backdoor");
	cella_free(text);
	judged_done(&bad);
	cella_event_log_unref(log);
}

static void no_policy_is_written_from_a_foreign_log(void **state)
{
	struct cella_event_log *const log = log_of("cb");
	struct cella_error err = { 0 };
	struct judged j;
	char *text = NULL;

	(void)state;
	judged_new(&j, JUDGED_TD_15);
	set_registers(&j, "ab");
	judged_run(&j);
	CHECK_STATUS(CELLA_MALFORMED, write_policy(&j, log, &text, &err));
	CHECK_TEXT_HAS(err.text, "does not lead to the evidence's RTMR3");
	judged_done(&j);
	judged_new(&j, JUDGED_ENCLAVE);
	judged_run(&j);
	CHECK_STATUS(CELLA_USAGE, write_policy(&j, log, &text, &err));
	judged_done(&j);
	cella_event_log_unref(log);
}

/* --- lint ---------------------------------------------------------------------------- */

static void lint_knows_events(void **state)
{
	static const struct {
		const char *policy;
		bool is_whole; /* tdx_rtmr3 stands beside it, with zeros */
		const char *finding;
	} rows[] = {
		{ "a", false,
		  "warning: policy_array[0] (guest TD 1.5): tdx_rtmr3_events: is "
		  "cella's own: Intel's engines ignore it, and take any" },
		{ "??", false, "[any_event]" },
		{ "[ab]", true, "[choice_without_effect]" },
		{ "a", true, "[never_matches]" },
		{ "", true,
		  "note: policy_array[0] (guest TD 1.5): tdx_rtmr3_events: is "
		  "cella's own: Intel's engines ignore it, and compare" },
	};

	static const char zeros[] =
		"\"tdx_rtmr3\":\"000000000000000000000000000000000000000000000000"
		"000000000000000000000000000000000000000000000000\",";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct cella_policy_options how = { .size = sizeof how,
							  .source = CELLA_POLICY_LOCAL };
		char *const events = reference_of(rows[i].policy);
		struct cella_policy_findings findings;
		struct cella_policy *policy = NULL;
		struct cella_error err = { 0 };
		char *reference = NULL;
		char *document;
		char *text = NULL;

		CASE(rows[i].policy);
		assert_true(asprintf(&reference, "{%s%s", rows[i].is_whole ? zeros : "",
				     events + 1) > 0);
		document = element_text(CLASS_TD_15, reference);
		CHECK_OK(cella_policy_parse(document, strlen(document), &how, &policy,
					    &err));
		CHECK_OK(cella_policy_lint(policy, NULL, false, &text, &findings, &err));
		CHECK_TEXT_HAS(text, rows[i].finding);
		cella_free(text);
		CHECK_OK(cella_policy_explain(policy, NULL, false, &text, &err));
		CHECK_TEXT_HAS(text, "what the system measured of its applications "
				     "(RTMR3) is exactly");
		cella_free(text);
		cella_policy_unref(policy);
		free(document);
		free(reference);
		free(events);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_judged),
		cmocka_unit_test(a_log_must_lead_to_the_quote),
		cmocka_unit_test(a_log_is_a_td_s),
		cmocka_unit_test(broken_events_are_refused),
		cmocka_unit_test(events_are_of_tds),
		cmocka_unit_test(new_policies_name_the_log_s_events),
		cmocka_unit_test(no_policy_is_written_from_a_foreign_log),
		cmocka_unit_test(lint_knows_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
