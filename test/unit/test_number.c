/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/number.h"

static void numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		enum cella_status status;
		uint64_t value;
	} rows[] = {
		{ "0", 9, CELLA_OK, 0 },
		{ "007", 9, CELLA_OK, 7 },
		{ "255", 255, CELLA_OK, 255 },
		{ "256", 255, CELLA_MALFORMED, 0 },
		{ "18446744073709551615", UINT64_MAX, CELLA_OK, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, CELLA_MALFORMED, 0 },
		{ "99999999999999999999999999", UINT64_MAX, CELLA_MALFORMED, 0 },
		{ "1", 0, CELLA_MALFORMED, 0 },
		{ "", 9, CELLA_MALFORMED, 0 },
		{ "-1", 9, CELLA_MALFORMED, 0 },
		{ "+1", 9, CELLA_MALFORMED, 0 },
		{ " 1", 9, CELLA_MALFORMED, 0 },
		{ "1 ", 9, CELLA_MALFORMED, 0 },
		{ "0x1", 9, CELLA_MALFORMED, 0 },
		{ "1.0", 9, CELLA_MALFORMED, 0 },
		{ "1e1", 99, CELLA_MALFORMED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		uint64_t value = 1234567;

		CASE(rows[i].text);
		CHECK_STATUS(rows[i].status,
			     number_read(rows[i].text, rows[i].max, &value, "--x", &err));
		if (rows[i].status == CELLA_OK)
			CHECK_TRUE(value == rows[i].value);
		else
			CHECK_INT(1234567, value);
		if (rows[i].status != CELLA_OK)
			CHECK_TEXT_HAS(err.text, "--x: ");
	}
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		enum cella_status status;
		int64_t seconds;
	} rows[] = {
		{ "90", CELLA_OK, 90 },
		{ "90s", CELLA_OK, 90 },
		{ "15m", CELLA_OK, 900 },
		{ "12h", CELLA_OK, 43200 },
		{ "30d", CELLA_OK, 2592000 },
		{ "0", CELLA_OK, 0 },
		{ "3660d", CELLA_OK, INT64_C(316224000) },
		{ "3661d", CELLA_MALFORMED, 0 },
		{ "316224000", CELLA_OK, INT64_C(316224000) },
		{ "316224001", CELLA_MALFORMED, 0 },
		{ "9223372036854775807d", CELLA_MALFORMED, 0 },
		{ "", CELLA_MALFORMED, 0 },
		{ "d", CELLA_MALFORMED, 0 },
		{ "1w", CELLA_MALFORMED, 0 },
		{ "1dd", CELLA_MALFORMED, 0 },
		{ "-1d", CELLA_MALFORMED, 0 },
		{ "1 d", CELLA_MALFORMED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		int64_t seconds = -7;

		CASE(rows[i].text);
		CHECK_STATUS(rows[i].status,
			     duration_read(rows[i].text, &seconds, "--grace", &err));
		CHECK_INT(rows[i].status == CELLA_OK ? rows[i].seconds : -7, seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
