/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/json.h"
#include "evidence/hcl_report.h"

enum { REAL_LEN = 2437, RUNTIME_AT = 1236, RUNTIME_LEN = 1201 };

static struct out real;

static enum cella_status read_and_check(struct cella_bytes bytes, struct hcl_report *out,
					struct cella_error *err)
{
	struct hcl_report report = { 0 };

	TRY(hcl_report_parse(bytes, &report, err));
	TRY(hcl_report_check(&report, err));
	*out = report;
	return CELLA_OK;
}

static void reads_a_real_one(void **state UNUSED)
{
	struct cella_error err = { 0 };
	struct hcl_report report = { 0 };
	uint8_t user_data[REPORT_DATA_LEN];

	CHECK_OK(read_and_check(out_view(&real), &report, &err));
	CHECK_INT(REAL_LEN, report.whole.len);
	CHECK_INT(1024, report.td_report.len);
	CHECK_INT(RUNTIME_LEN, report.runtime_data.len);
	CHECK_TRUE(report.runtime_data.data == real.data + RUNTIME_AT);
	CHECK_BYTES("\x97\x34\x50", 3, bytes_slice(hcl_report_data(&report), 0, 3));
	CHECK_OK(hcl_report_user_data(&report, user_data, &err));
	CHECK_TRUE(bytes_are_zero(bytes_of(user_data, sizeof user_data)));
}

static void every_prefix_is_refused(void **state UNUSED)
{
	for (size_t len = 0; len < REAL_LEN; len++) {
		struct cella_error err = { 0 };
		struct hcl_report report = { 0 };

		CHECK_STATUS(CELLA_MALFORMED,
			     read_and_check(bytes_of(real.data, len), &report, &err));
		CHECK_TRUE(report.whole.data == NULL);
	}
}

/* Whatever byte of the runtime data or its hash changes, they no longer agree. */
static void every_byte_that_binds_counts(void **state UNUSED)
{
	for (size_t i = 0; i < RUNTIME_LEN + REPORT_DATA_LEN; i++) {
		const size_t at = i < RUNTIME_LEN ? RUNTIME_AT + i
						  : 32 + 128 + i - RUNTIME_LEN;
		struct cella_error err = { 0 };
		struct hcl_report report = { 0 };

		real.data[at] ^= 0x20;
		CHECK_STATUS(CELLA_MALFORMED,
			     read_and_check(out_view(&real), &report, &err));
		CHECK_TEXT_HAS(err.text, "its hash is not the report data");
		real.data[at] ^= 0x20;
	}
}

static void names_what_is_wrong(void **state UNUSED)
{
	static const struct {
		const char *name;
		size_t at;
		uint8_t value;
		enum cella_status status;
		const char *says;
	} rows[] = {
		{ "signature", 3, 'B', CELLA_MALFORMED, "signature: is not \"HCLA\"" },
		{ "no version", 4, 0, CELLA_UNSUPPORTED,
		  "version: 0, known are 1 and 2" },
		{ "another version", 4, 3, CELLA_UNSUPPORTED, "version: 3" },
		{ "report size", 8, 0, CELLA_MALFORMED, "report_size: 2304, but" },
		{ "status", 16, 1, CELLA_MALFORMED, "the paravisor has failed" },
		{ "SNP", 1224, 2, CELLA_UNSUPPORTED, "AMD SEV-SNP" },
		{ "other hardware", 1224, 9, CELLA_UNSUPPORTED,
		  "expected 4, a TD's, found 9" },
		{ "no hash", 1228, 0, CELLA_UNSUPPORTED, "hash_type: 0" },
		{ "another hash", 1228, 2, CELLA_MALFORMED, "its hash is not" },
		{ "unknown hash", 1228, 4, CELLA_UNSUPPORTED, "hash_type: 4" },
		{ "huge runtime data", 1234, 1, CELLA_LIMIT, "at most 32768" },
		{ "data size", 1216, 0, CELLA_MALFORMED, "data_size: 1024, not 1221" },
		{ "no TD report", 32, 0, CELLA_MALFORMED, "td report" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct hcl_report report = { 0 };
		const uint8_t kept = real.data[rows[i].at];

		CASE(rows[i].name);
		real.data[rows[i].at] = rows[i].value;
		CHECK_STATUS(rows[i].status,
			     read_and_check(out_view(&real), &report, &err));
		CHECK_TEXT_HAS(err.text, rows[i].says);
		real.data[rows[i].at] = kept;
	}
}

/* What follows is of the index that it is kept in. */
static void what_follows_is_left_alone(void **state UNUSED)
{
	struct cella_error err = { 0 };
	struct hcl_report report = { 0 };
	struct out longer CLEANUP(out_done) = { 0 };

	out_bytes(&longer, real.data, real.len);
	out_zeros(&longer, 163);
	CHECK_OK(read_and_check(out_view(&longer), &report, &err));
	CHECK_INT(REAL_LEN, report.whole.len);
}

/* The fields lie side by side, from the first byte to the last. */
static void every_byte_is_described(void **state UNUSED)
{
	struct cella_error err = { 0 };
	json_t *root CLEANUP_JSON = NULL;
	char *text CLEANUP_FREE = NULL;
	json_int_t end = 0;
	const json_t *field;
	size_t i;

	CHECK_OK(hcl_report_describe(out_view(&real), true, &text, &err));
	CHECK_OK(json_parse(bytes_from_text(text), "description", &root, &err));
	CHECK_TEXT("hcl_report", json_string_value(json_object_get(root, "kind")));
	json_array_foreach(json_object_get(root, "fields"), i, field)
	{
		CHECK_INT(end, json_integer_value(json_object_get(field, "offset")));
		end += json_integer_value(json_object_get(field, "size"));
	}
	CHECK_INT(REAL_LEN, end);
	CHECK_TRUE(json_is_true(json_object_get(root, "binds_runtime_data")));
	CHECK_TRUE(json_is_true(json_object_get(root, "hashes_match")));
	CHECK_TRUE(json_is_array(
		json_object_get(json_object_get(root, "runtime_data"), "keys")));
}

static void what_does_not_fit_is_said(void **state UNUSED)
{
	static const struct {
		size_t at;
		const char *binds, *hashes;
	} rows[] = {
		{ 0, "hash of the runtime data: is the TD report's report data",
		  "own parts: match" },
		{ 32 + 128, "hash of the runtime data: IS NOT", "own parts: match" },
		{ 32 + 512, "hash of the runtime data: is the",
		  "own parts: DO NOT MATCH" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		char *text CLEANUP_FREE = NULL;

		CASE(rows[i].binds);
		if (i > 0)
			real.data[rows[i].at] ^= 1;
		CHECK_OK(hcl_report_describe(out_view(&real), false, &text, &err));
		CHECK_TEXT_HAS(text, rows[i].binds);
		CHECK_TEXT_HAS(text, rows[i].hashes);
		CHECK_TEXT_HAS(text, "\"kid\": \"HCLAkPub\"");
		if (i > 0)
			real.data[rows[i].at] ^= 1;
	}
}

static void user_data_is_64_bytes_in_json(void **state UNUSED)
{
	static const struct {
		const char *text;
		enum cella_status status;
	} rows[] = {
		{ "{\"user-data\":\"0102\"}", CELLA_MALFORMED },
		{ "{\"user-data\":7}", CELLA_MALFORMED },
		{ "{}", CELLA_MISSING },
		{ "[]", CELLA_MISSING },
		{ "{\"user-data\":", CELLA_MALFORMED },
		{ "", CELLA_MALFORMED },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct hcl_report report = { .runtime_data = bytes_from_text(
							   rows[i].text) };
		struct cella_error err = { 0 };
		uint8_t data[REPORT_DATA_LEN];

		CASE(rows[i].text);
		CHECK_STATUS(rows[i].status, hcl_report_user_data(&report, data, &err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_real_one),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(every_byte_that_binds_counts),
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(what_follows_is_left_alone),
		cmocka_unit_test(every_byte_is_described),
		cmocka_unit_test(what_does_not_fit_is_said),
		cmocka_unit_test(user_data_is_64_bytes_in_json),
	};
	int failed;

	if (!has_folder("CELLA_VECTORS"))
		return 0;
	real = vector_read("azure-vtpm/hcl-report.bin");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	out_done(&real);
	return failed;
}
