/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout, in little endian (Microsoft, Azure guest attestation for confidential VMs): a
 * header, the hardware's report in 1184 bytes, a header of the runtime data, and these.
 */
#include "evidence/hcl_report.h"

#include "base/json.h"
#include "evidence/td_report.h"

#include <string.h>

enum {
	HEADER_LEN = 32,
	HARDWARE_REPORT_LEN = 1184,
	RUNTIME_HEADER_LEN = 20,
	VERSION_MAX = 2,
	TYPE_SNP = 2,
	TYPE_TDX = 4,
	RUNTIME_DATA_MAX = 32 << 10,
	REPORT_DATA_OFFSET = 128,
};

#define HEADER(F) \
	F(signature, NULL, 4, FIELD_BYTES, CELLA_FACT_NONE) \
	F(version, NULL, 4, FIELD_NUMBER, CELLA_FACT_NONE) \
	F(report_size, NULL, 4, FIELD_NUMBER, CELLA_FACT_NONE) \
	F(request_type, NULL, 4, FIELD_NUMBER, CELLA_FACT_NONE) \
	F(status, NULL, 4, FIELD_NUMBER, CELLA_FACT_NONE) \
	F(reserved, NULL, 12, FIELD_RESERVED, CELLA_FACT_NONE)

#define RUNTIME(F) \
	F(data_size, NULL, 4, FIELD_NUMBER, CELLA_FACT_NONE) \
	F(data_version, NULL, 4, FIELD_NUMBER, CELLA_FACT_NONE) \
	F(report_type, NULL, 4, FIELD_NUMBER, CELLA_FACT_NONE) \
	F(hash_type, NULL, 4, FIELD_NUMBER, CELLA_FACT_NONE) \
	F(variable_data_size, NULL, 4, FIELD_NUMBER, CELLA_FACT_NONE)

struct header {
	HEADER(FIELD_MEMBER)
};
struct runtime {
	RUNTIME(FIELD_MEMBER)
};
_Static_assert(sizeof(struct header) == HEADER_LEN, "rows cover the header");
_Static_assert(sizeof(struct runtime) == RUNTIME_HEADER_LEN, "rows cover the header");

#define ROW_HEADER(...) FIELD_ROW(header, __VA_ARGS__)
#define ROW_RUNTIME(...) FIELD_ROW(runtime, __VA_ARGS__)

static const struct field header_fields[] = { HEADER(ROW_HEADER) };
static const struct field runtime_fields[] = { RUNTIME(ROW_RUNTIME) };

const struct layout hcl_header_layout = {
	"hcl_header",
	header_fields,
	ARRAY_LEN(header_fields),
	HEADER_LEN,
};
const struct layout hcl_runtime_layout = {
	"hcl_runtime",
	runtime_fields,
	ARRAY_LEN(runtime_fields),
	RUNTIME_HEADER_LEN,
};

/* By hash_type. */
static const enum crypto_hash hashes[] = {
	[1] = CRYPTO_SHA256,
	[2] = CRYPTO_SHA384,
	[3] = CRYPTO_SHA512,
};

/* The numbers of both headers that decide something. */
struct numbers {
	uint32_t version, report_size, status;
	uint32_t data_size, report_type, hash_type, runtime_len;
};

bool hcl_report_is_one(struct cella_bytes bytes)
{
	return bytes.len >= 4 && memcmp(bytes.data, "HCLA", 4) == 0;
}

static void read_numbers(const struct hcl_report *report, struct numbers *out)
{
	struct in in;

	in_init(&in, report->header, "header");
	in_skip(&in, 4, "signature");
	out->version = in_u32le(&in, "version");
	out->report_size = in_u32le(&in, "report_size");
	in_skip(&in, 4, "request_type");
	out->status = in_u32le(&in, "status");
	in_init(&in, report->runtime_header, "runtime header");
	out->data_size = in_u32le(&in, "data_size");
	in_skip(&in, 4, "data_version");
	out->report_type = in_u32le(&in, "report_type");
	out->hash_type = in_u32le(&in, "hash_type");
	out->runtime_len = in_u32le(&in, "variable_data_size");
}

static enum cella_status check_numbers(const struct numbers *n, struct cella_error *err)
{
	if (n->version == 0 || n->version > VERSION_MAX)
		return error_at(err, CELLA_UNSUPPORTED, 4,
				"hcl report: version: %u, known are 1 and 2", n->version);
	if (n->status != 0)
		return error_at(err, CELLA_MALFORMED, 16,
				"hcl report: status: %u: the paravisor has failed",
				n->status);
	if (n->report_type != TYPE_TDX)
		return error_at(
			err, CELLA_UNSUPPORTED, 1224,
			"hcl report: report_type: expected %d, a TD's, found %u%s",
			TYPE_TDX, n->report_type,
			n->report_type == TYPE_SNP ? ": this is a VM of AMD SEV-SNP"
						   : "");
	if (n->hash_type == 0 || n->hash_type >= ARRAY_LEN(hashes))
		return error_at(err, CELLA_UNSUPPORTED, 1228,
				"hcl report: hash_type: %u is unknown", n->hash_type);
	if (n->runtime_len > RUNTIME_DATA_MAX)
		return error_at(err, CELLA_LIMIT, 1232,
				"hcl report: variable_data_size: %u, at most %d",
				n->runtime_len, RUNTIME_DATA_MAX);
	if (n->data_size != RUNTIME_HEADER_LEN + n->runtime_len)
		return error_at(err, CELLA_MALFORMED, 1216,
				"hcl report: data_size: %u, not %u", n->data_size,
				RUNTIME_HEADER_LEN + n->runtime_len);
	return CELLA_OK;
}

enum cella_status hcl_report_parse(struct cella_bytes bytes, struct hcl_report *out,
				   struct cella_error *err)
{
	struct hcl_report report = { 0 };
	struct numbers numbers = { 0 };
	struct in in;

	in_init(&in, bytes, "hcl report");
	report.header = in_bytes(&in, HEADER_LEN, "header");
	if (in.failed == NULL && !hcl_report_is_one(report.header))
		in_fail_at(&in, 0, "signature", "is not \"HCLA\"");
	report.td_report = in_bytes(&in, TD_REPORT_LEN, "td_report");
	report.filler =
		in_bytes(&in, HARDWARE_REPORT_LEN - TD_REPORT_LEN, "hardware report");
	report.runtime_header = in_bytes(&in, RUNTIME_HEADER_LEN, "runtime header");
	TRY(in_status(&in, err));
	read_numbers(&report, &numbers);
	TRY(check_numbers(&numbers, err));
	report.runtime_hash = hashes[numbers.hash_type];
	report.runtime_data = in_bytes(&in, numbers.runtime_len, "variable_data");
	TRY(in_status(&in, err));
	report.whole = bytes_slice(bytes, 0, in_offset(&in));
	if (numbers.report_size != report.whole.len)
		return error_at(err, CELLA_MALFORMED, 8,
				"hcl report: report_size: %u, but it has %zu bytes",
				numbers.report_size, report.whole.len);
	*out = report;
	return CELLA_OK;
}

/* The hash stands at the beginning of the report data; zeros follow it. */
enum cella_status hcl_report_binds(const struct hcl_report *report, bool *out,
				   struct cella_error *err)
{
	uint8_t expected[REPORT_DATA_LEN] = { 0 };

	TRY(crypto_digest(report->runtime_hash, &report->runtime_data, 1, expected, err));
	*out = bytes_equal(hcl_report_data(report), bytes_of(expected, sizeof expected));
	return CELLA_OK;
}

enum cella_status hcl_report_check(const struct hcl_report *report,
				   struct cella_error *err)
{
	bool binds = false;

	TRY(td_report_check(report->td_report, err));
	TRY(hcl_report_binds(report, &binds, err));
	return binds ? CELLA_OK
		     : error_set(err, CELLA_MALFORMED,
				 "hcl report: runtime data: its hash is not the report "
				 "data of the TD report");
}

struct cella_bytes hcl_report_data(const struct hcl_report *report)
{
	return bytes_slice(report->td_report, REPORT_DATA_OFFSET, REPORT_DATA_LEN);
}

enum cella_status hcl_report_user_data(const struct hcl_report *report,
				       uint8_t out[REPORT_DATA_LEN],
				       struct cella_error *err)
{
	static const struct json_field fields[] = {
		{ "user-data", JSON_FIELD_HEX, 0, REPORT_DATA_LEN, false },
	};
	json_t *root CLEANUP_JSON = NULL;

	TRY(json_parse(report->runtime_data, "runtime data", &root, err));
	if (json_object_get(root, "user-data") == NULL)
		return error_set(err, CELLA_MISSING, "runtime data: has no user-data");
	return json_read(root, fields, ARRAY_LEN(fields), out, "runtime data", err);
}
