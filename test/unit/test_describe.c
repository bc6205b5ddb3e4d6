/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"
#include "support.h"

#include "base/encode.h"
#include "base/json.h"
#include "crypto/crypto.h"
#include "evidence/evidence.h"

static struct cella_evidence *parse(struct cella_bytes bytes)
{
	struct cella_evidence *evidence = NULL;
	struct cella_error err = { 0 };

	CHECK_OK(cella_evidence_parse(bytes.data, bytes.len, &evidence, &err));
	return evidence;
}

static char *describe(const struct cella_evidence *evidence, bool as_json)
{
	struct cella_error err = { 0 };
	char *text = NULL;

	CHECK_OK(cella_evidence_describe(evidence, as_json, &text, &err));
	return text;
}

static uint64_t number_at(const uint8_t *bytes, size_t len)
{
	uint64_t value = 0;

	for (size_t i = len; i > 0; i--)
		value = value << 8 | bytes[i - 1];
	return value;
}

/* The value that is shown of a field is that of its bytes. */
static void check_value(const json_t *field, struct cella_bytes bytes)
{
	const json_t *const value = json_object_get(field, "value");
	struct cella_error err = { 0 };
	uint8_t hash[SHA256_LEN];
	char expected[200];

	CASE(json_string_value(json_object_get(field, "name")));
	if (json_is_integer(value)) {
		CHECK_TRUE((uint64_t)json_integer_value(value) ==
			   number_at(bytes.data, bytes.len));
		return;
	}
	if (bytes.len <= 64) {
		CHECK_TEXT(hex_format(bytes, expected), json_string_value(value));
		return;
	}
	CHECK_OK(crypto_sha256(bytes, hash, &err));
	memcpy(expected, "sha256:", 7);
	hex_format(bytes_of(hash, sizeof hash), expected + 7);
	CHECK_TEXT(expected, json_string_value(value));
}

/* Every byte is told once: nothing is hidden and nothing is told of what is not there. */
static void check_covers(struct cella_bytes bytes, const char *kind)
{
	struct cella_evidence *const evidence = parse(bytes);
	char *const text = describe(evidence, true);
	json_t *const root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const json_t *const fields = json_object_get(root, "fields");
	size_t end = 0;

	CASE(kind);
	CHECK_TEXT(kind, json_string_value(json_object_get(root, "kind")));
	CHECK_INT(bytes.len, json_integer_value(json_object_get(root, "size")));
	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *const field = json_array_get(fields, i);
		const size_t len =
			(size_t)json_integer_value(json_object_get(field, "size"));

		CHECK_INT(end, json_integer_value(json_object_get(field, "offset")));
		check_value(field, bytes_slice(bytes, end, len));
		end += len;
	}
	CASE(kind);
	CHECK_INT(bytes.len, end);
	json_decref(root);
	free(text);
	cella_evidence_unref(evidence);
}

static void every_byte_is_told_once(void **state)
{
	static const struct {
		enum maker_tee tee;
		uint16_t version, type;
		const char *kind;
	} rows[] = {
		{ MAKER_SGX, 3, QUOTE_BODY_SGX, "sgx_quote" },
		{ MAKER_SGX, 5, QUOTE_BODY_SGX, "sgx_quote" },
		{ MAKER_TDX, 4, QUOTE_BODY_TD_10, "tdx_quote" },
		{ MAKER_TDX, 5, QUOTE_BODY_TD_15, "tdx_quote" },
		{ MAKER_TDX, 5, QUOTE_BODY_TD_15EX, "tdx_quote" },
	};
	uint8_t report[1024] = { 0x81 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct maker m;

		maker_init(&m, rows[i].tee);
		maker_set_version(&m, rows[i].version, rows[i].type);
		maker_issue(&m);
		maker_quote(&m);
		check_covers(out_view(&m.quote), rows[i].kind);
		out_text(&m.quote, "tail");
		check_covers(out_view(&m.quote), rows[i].kind);
		maker_done(&m);
	}
	check_covers(bytes_of(report, 1024), "td_report");
	report[0] = 1;
	check_covers(bytes_of(report, 384), "sgx_report");
	check_covers(bytes_of(report, 432), "sgx_report");
}

static void text_of_a_quote(void **state)
{
	struct cella_evidence *evidence;
	struct maker m;
	char *text;

	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_field(&m, "mr_td")[0] = 0xab;
	maker_field(&m, "mr_td")[47] = 0xcd;
	memset(maker_field(&m, "xfam"), 0, 8);
	maker_field(&m, "xfam")[0] = 0x07;
	maker_field(&m, "xfam")[3] = 0x80;
	maker_issue(&m);
	maker_quote(&m);
	evidence = maker_evidence(&m);
	text = describe(evidence, false);
	CHECK_TEXT_HAS(text, "TDX quote, version 4, body td_report_10, ");
	CHECK_TEXT_HAS(text, "     0     2  header.version           4\n");
	CHECK_TEXT_HAS(text, "   184    48  body.mr_td               ab16");
	CHECK_TEXT_HAS(text, "  as Intel prints it     CD16");
	CHECK_TEXT_HAS(text, "  meaning                NO_DEBUG SEPT_VE_DISABLE\n");
	CHECK_TEXT_HAS(text, "X87 SSE AVX reserved bits 0x80000000\n");
	CHECK_TEXT_HAS(text, "cert_data                sha256:");
	free(text);
	cella_evidence_unref(evidence);
	maker_done(&m);
}

static void measurements_in_both_orders(void **state)
{
	struct cella_evidence *evidence;
	const json_t *fields;
	struct maker m;
	json_t *root;
	char *text;
	size_t num = 0;

	(void)state;
	maker_init(&m, MAKER_SGX);
	maker_field(&m, "mrenclave")[0] = 0xab;
	maker_issue(&m);
	maker_quote(&m);
	evidence = maker_evidence(&m);
	text = describe(evidence, true);
	root = json_loads(text, 0, NULL);
	fields = json_object_get(root, "fields");
	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *const field = json_array_get(fields, i);
		const char *const name =
			json_string_value(json_object_get(field, "name"));

		if (strcmp(name, "body.attributes") == 0) {
			CHECK_TEXT("INIT MODE64BIT",
				   json_string_value(json_object_get(field, "meaning")));
			num++;
		}
		if (strcmp(name, "body.mrenclave") != 0)
			continue;
		CHECK_TEXT(
			"ab15151515151515151515151515151515151515151515151515151515151515",
			json_string_value(json_object_get(field, "value")));
		CHECK_TEXT(
			"15151515151515151515151515151515151515151515151515151515151515AB",
			json_string_value(json_object_get(field, "intel")));
		num++;
	}
	CHECK_INT(2, num);
	json_decref(root);
	free(text);
	cella_evidence_unref(evidence);
	maker_done(&m);
}

/* Bytes that should be zero and are not are pointed at. */
static void reserved_bytes_in_use(void **state)
{
	uint8_t report[432] = { 0 };
	struct cella_evidence *evidence;
	char *text;

	(void)state;
	report[20] = 1;
	evidence = parse(bytes_of(report, sizeof report));
	text = describe(evidence, false);
	CHECK_TEXT_HAS(text, "SGX report, 432 bytes\n");
	CHECK_TEXT_HAS(text, "  meaning                should be zero\n");
	CHECK_TEXT_HAS(text, "   416    16  mac");
	free(text);
	cella_evidence_unref(evidence);
}

static void write_hash(uint8_t *report, size_t at, size_t from, size_t len)
{
	const struct cella_bytes part = bytes_of(report + from, len);
	struct cella_error err = { 0 };

	CHECK_OK(crypto_digest(CRYPTO_SHA384, &part, 1, report + at, &err));
}

/* A TD report is consistent, or one of its hashed bytes was changed. */
static void hashes_of_a_td_report(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		bool match;
	} rows[] = {
		{ "as it is", 16, true },
		{ "tee_tcb_info_changed", 256, false },
		{ "tee_tcb_info_changed_at_its_end", 494, false },
		{ "tee_info_changed", 512, false },
		{ "tee_info_changed_at_its_end", 1023, false },
		{ "between the two parts", 495, true },
		{ "tee_tcb_info_hash_changed", 32, false },
		{ "tee_info_hash_changed", 80, false },
		{ "report data, which only the MAC covers", 128, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t report[1024] = { 0x81 };
		struct cella_evidence *evidence;
		char *text, *json;

		CASE(rows[i].name);
		write_hash(report, 32, 256, 239);
		write_hash(report, 80, 512, 512);
		report[rows[i].at] ^= 1;
		evidence = parse(bytes_of(report, sizeof report));
		text = describe(evidence, false);
		json = describe(evidence, true);
		CHECK_TEXT_HAS(
			text, rows[i].match
				      ? "hashes of the report over its own parts: match\n"
				      : "parts: DO NOT MATCH\n");
		CHECK_TEXT_HAS(json, rows[i].match ? "\"hashes_match\": true"
						   : "\"hashes_match\": false");
		CHECK_TEXT_HAS(text, "the MAC can only be checked by the CPU");
		free(text);
		free(json);
		cella_evidence_unref(evidence);
	}
}

static void real_reports_are_consistent(void **state)
{
	static const char *const names[] = { "tdx/tdreport-alibaba.bin",
					     "tdx/tdreport-spr.bin" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct out report = vector_read(names[i]);
		struct cella_evidence *const evidence = parse(out_view(&report));
		char *const text = describe(evidence, false);

		CASE(names[i]);
		CHECK_TEXT_HAS(text, "over its own parts: match\n");
		check_covers(out_view(&report), "td_report");
		free(text);
		cella_evidence_unref(evidence);
		out_done(&report);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_is_told_once),
		cmocka_unit_test(text_of_a_quote),
		cmocka_unit_test(measurements_in_both_orders),
		cmocka_unit_test(reserved_bytes_in_use),
		cmocka_unit_test(hashes_of_a_td_report),
	};
	const struct CMUnitTest real[] = {
		cmocka_unit_test(real_reports_are_consistent),
	};

	if (asks_for_real(argc, argv))
		return has_folder("CELLA_VECTORS")
			       ? cmocka_run_group_tests(real, NULL, NULL)
			       : 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
