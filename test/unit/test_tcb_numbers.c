/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "collateral/tcb_numbers.h"

#include <stdio.h>

#define ITEM(number) \
	"{\"tcbEvaluationDataNumber\":" number \
	",\"tcbRecoveryEventDate\":\"2025-05-13T00:00:00Z\"" \
	",\"tcbDate\":\"2025-05-14T00:00:00Z\"}"
#define DOCUMENT(id, version, items) \
	"{\"id\":\"" id "\",\"version\":" version \
	",\"issueDate\":\"2025-06-01T00:00:00Z\",\"nextUpdate\":\"2025-07-01T00:00:00Z\"" \
	",\"tcbEvalNumbers\":[" items "]}"

static void what_is_said_is_read(void **state)
{
	static const char text[] = DOCUMENT("TDX", "1", ITEM("19") "," ITEM("17"));
	struct tcb_numbers numbers = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(tcb_numbers_parse(bytes_from(text), &numbers, &err));
	CHECK_INT(TCB_TEE_TDX, numbers.tee);
	CHECK_INT(time_at("2025-06-01T00:00:00Z"), numbers.issue_date);
	CHECK_INT(time_at("2025-07-01T00:00:00Z"), numbers.next_update);
	CHECK_INT(2, numbers.num_items);
	CHECK_INT(17, numbers.items[0].number); /* sorted */
	CHECK_INT(19, numbers.items[1].number);
	CHECK_INT(time_at("2025-05-13T00:00:00Z"), numbers.items[1].event_date);
	CHECK_INT(time_at("2025-05-14T00:00:00Z"), numbers.items[1].tcb_date);
}

static void what_is_wrong_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum cella_status status;
		const char *part;
	} rows[] = {
		{ DOCUMENT("SGX", "1", ""), CELLA_OK, "" },
		{ DOCUMENT("SEV", "1", ITEM("1")), CELLA_UNSUPPORTED,
		  "expected SGX or TDX" },
		{ DOCUMENT("TDX", "2", ITEM("1")), CELLA_UNSUPPORTED, "version" },
		{ DOCUMENT("TDX", "1", ITEM("1") "," ITEM("1")), CELLA_MALFORMED,
		  "1 stands there twice" },
		{ DOCUMENT("TDX", "1", ITEM("-1")), CELLA_MALFORMED,
		  "tcbEvalNumbers[0]: tcbEvaluationDataNumber" },
		{ DOCUMENT("TDX", "1", "{}"), CELLA_MALFORMED, "is missing" },
		{ DOCUMENT("TDX", "1", "7"), CELLA_MALFORMED, "expected an object" },
		{ "{\"id\":\"TDX\",\"version\":1}", CELLA_MALFORMED, "issueDate" },
		{ "[]", CELLA_MALFORMED, "expected an object" },
		{ "", CELLA_MALFORMED, "evaluation numbers" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tcb_numbers numbers = { .num_items = 99 };
		struct cella_error err = { 0 };

		CASE(rows[i].text);
		CHECK_STATUS(
			rows[i].status,
			tcb_numbers_parse(bytes_from_text(rows[i].text), &numbers, &err));
		CHECK_TEXT_HAS(err.text, rows[i].part);
		if (rows[i].status != CELLA_OK)
			CHECK_INT(99, numbers.num_items);
	}
}

static void there_is_a_limit(void **state)
{
	struct tcb_numbers numbers = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	for (int num = TCB_MAX_NUMBERS; num <= TCB_MAX_NUMBERS + 1; num++) {
		struct out text CLEANUP(out_done) = { 0 };

		out_text(&text, "{\"id\":\"TDX\",\"version\":1,"
				"\"issueDate\":\"2025-06-01T00:00:00Z\","
				"\"nextUpdate\":\"2025-07-01T00:00:00Z\","
				"\"tcbEvalNumbers\":[");
		for (int i = 0; i < num; i++)
			out_format(&text,
				   "%s{\"tcbEvaluationDataNumber\":%d,"
				   "\"tcbRecoveryEventDate\":\"2025-05-13T00:00:00Z\","
				   "\"tcbDate\":\"2025-05-14T00:00:00Z\"}",
				   i > 0 ? "," : "", i);
		out_text(&text, "]}");
		CHECK_STATUS(num > TCB_MAX_NUMBERS ? CELLA_LIMIT : CELLA_OK,
			     tcb_numbers_parse(out_view(&text), &numbers, &err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_is_read),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(there_is_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
