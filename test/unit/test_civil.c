/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/civil.h"

#include <time.h>

static void times_that_exist(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-12-31T23:59:59Z", 31535999 },
		{ "2000-02-29T00:00:00Z", 951782400 },
		{ "2000-03-01T00:00:00Z", 951868800 },
		{ "2024-02-29T23:59:59Z", 1709251199 },
		{ "2025-06-25T00:00:00Z", 1750809600 },
		{ "2038-01-19T03:14:08Z", INT64_C(2147483648) },
		{ "2049-12-31T23:59:59Z", INT64_C(2524607999) },
		{ "2100-02-28T00:00:00Z", INT64_C(4107456000) },
		{ "9999-12-31T23:59:59Z", INT64_C(253402300799) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		char text[CIVIL_TEXT_LEN];
		int64_t seconds = -1;

		CASE(rows[i].text);
		CHECK_OK(civil_read(bytes_from_text(rows[i].text), &seconds, "t", &err));
		CHECK_INT(rows[i].seconds, seconds);
		CHECK_TEXT(rows[i].text, civil_format(seconds, text));
	}
}

static void times_that_do_not_exist(void **state)
{
	static const char *const texts[] = {
		"1969-12-31T23:59:59Z",  "0000-01-01T00:00:00Z",  "2025-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",  "1900-02-29T00:00:00Z",  "2025-13-01T00:00:00Z",
		"2025-00-01T00:00:00Z",  "2025-01-00T00:00:00Z",  "2025-04-31T00:00:00Z",
		"2025-01-32T00:00:00Z",  "2025-01-01T24:00:00Z",  "2025-01-01T00:60:00Z",
		"2016-12-31T23:59:60Z",  "2025-01-01T00:00:99Z",  "2025-01-01",
		"2025-01-01T00:00:00",   "2025-01-01T00:00:00z",  "2025-01-01 00:00:00Z",
		"2025-01-01T00:00:00+0", "2025-1-01T00:00:00Z",   "2025-01-01T00:00:00Z ",
		" 2025-01-01T00:00:00Z", "2025-01-01T00:00:0aZ",  "-025-01-01T00:00:00Z",
		"2025/01/01T00:00:00Z",  "12025-01-01T00:00:00Z", "",
		"2025-01-01T00:00:00.0Z"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct cella_error err = { 0 };
		int64_t seconds = -1;

		CASE(texts[i]);
		CHECK_STATUS(CELLA_MALFORMED, civil_read(bytes_from_text(texts[i]),
							 &seconds, "nextUpdate", &err));
		CHECK_TEXT_HAS(err.text, "nextUpdate: ");
		CHECK_INT(-1, seconds);
	}
}

/* Every day of four centuries, against the C library. */
static void every_day_is_the_c_librarys(void **state)
{
	struct cella_error err = { 0 };

	(void)state;
	for (int64_t day = 0; day < 146097; day++) {
		const time_t seconds = (time_t)(day * 86400 + day % 86400);
		struct tm tm;
		struct civil civil;
		char text[CIVIL_TEXT_LEN];
		char expected[40];
		int64_t back = 0;

		assert_non_null(gmtime_r(&seconds, &tm));
		civil = (struct civil){ tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
					tm.tm_hour,        tm.tm_min,     tm.tm_sec };
		CHECK_OK(civil_to_seconds(&civil, &back, &err));
		CHECK_INT(seconds, back);
		strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%SZ", &tm);
		CHECK_TEXT(expected, civil_format(seconds, text));
	}
}

static void times_out_of_range_are_shown_as_the_nearest(void **state)
{
	char text[CIVIL_TEXT_LEN];

	(void)state;
	CHECK_TEXT("1970-01-01T00:00:00Z", civil_format(-1, text));
	CHECK_TEXT("1970-01-01T00:00:00Z", civil_format(INT64_MIN, text));
	CHECK_TEXT("9999-12-31T23:59:59Z", civil_format(INT64_C(253402300800), text));
	CHECK_TEXT("9999-12-31T23:59:59Z", civil_format(INT64_MAX, text));
}

static void spans(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {
		{ INT64_MIN, "0 seconds" },
		{ -1, "0 seconds" },
		{ 0, "0 seconds" },
		{ 1, "1 second" },
		{ 119, "119 seconds" },
		{ 120, "2 minutes" },
		{ 7199, "119 minutes" },
		{ 7200, "2 hours" },
		{ 86400, "24 hours" },
		{ 172800, "2 days" },
		{ 63115199, "730 days" },
		{ 63115200, "2 years" },
		{ INT64_MAX, "292271023045 years" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[32];

		CHECK_TEXT(rows[i].text, span_format(rows[i].seconds, text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_that_exist),
		cmocka_unit_test(times_that_do_not_exist),
		cmocka_unit_test(every_day_is_the_c_librarys),
		cmocka_unit_test(times_out_of_range_are_shown_as_the_nearest),
		cmocka_unit_test(spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
