/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "guest/attest.h"

static const struct {
	const char *name;
	enum attest_asker asker;
	size_t len;
	enum cella_status status;
} cases[] = {
	{ "host: nothing", ATTEST_HOST, 0, CELLA_LIMIT },
	{ "host: too short", ATTEST_HOST, 7, CELLA_LIMIT },
	{ "host: least", ATTEST_HOST, 8, CELLA_OK },
	{ "host: most", ATTEST_HOST, 32, CELLA_OK },
	{ "host: what only an application may choose", ATTEST_HOST, 33, CELLA_LIMIT },
	{ "host: all", ATTEST_HOST, 64, CELLA_LIMIT },
	{ "application: all", ATTEST_APPLICATION, 64, CELLA_OK },
	{ "application: too long", ATTEST_APPLICATION, 65, CELLA_LIMIT },
};

static void a_host_chooses_a_nonce_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cella_error err = { 0 };
		uint8_t out[ATTEST_REPORT_DATA_LEN];
		uint8_t expected[ATTEST_REPORT_DATA_LEN] = { 0 };
		struct out hex CLEANUP(out_done) = { 0 };

		CASE(cases[i].name);
		for (size_t j = 0; j < cases[i].len; j++)
			out_text(&hex, "a5");
		CHECK_STATUS(
			cases[i].status,
			attest_report_data(out_view(&hex), cases[i].asker, out, &err));
		if (cases[i].status != CELLA_OK)
			continue;
		memset(expected, 0xa5, cases[i].len);
		CHECK_BYTES(expected, sizeof expected, bytes_of(out, sizeof out));
	}
}

static void other_texts_are_refused(void **state)
{
	struct cella_error err = { 0 };
	uint8_t out[ATTEST_REPORT_DATA_LEN];

	(void)state;
	CHECK_STATUS(CELLA_MALFORMED, attest_report_data(bytes_from("00112233445566zz"),
							 ATTEST_HOST, out, &err));
	CHECK_STATUS(CELLA_MALFORMED, attest_report_data(bytes_from("001122334455667"),
							 ATTEST_HOST, out, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_chooses_a_nonce_alone),
		cmocka_unit_test(other_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
