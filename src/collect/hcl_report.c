/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout, in little endian (Microsoft, Azure guest attestation for confidential VMs):
 *
 *	 0 signature "HCLA", version, report_size, request_type, status, reserved (12)
 *	32 the hardware's report, in 1184 bytes
 *	1216 data_size, version, report_type, hash_type, variable_data_size, variable data
 */
#include "collect/hcl_report.h"

#include "base/json.h"
#include "crypto/crypto.h"
#include "evidence/td_report.h"

enum {
	HARDWARE_REPORT_LEN = 1184,
	RUNTIME_HEADER_LEN = 20,
	TYPE_SNP = 2,
	TYPE_TDX = 4,
	RUNTIME_DATA_MAX = 32 << 10,
	REPORT_DATA_OFFSET = 128,
};

/* By hash_type. */
static const enum crypto_hash hashes[] = {
	[1] = CRYPTO_SHA256,
	[2] = CRYPTO_SHA384,
	[3] = CRYPTO_SHA512,
};

struct header {
	uint32_t report_size;
	uint32_t status;
	uint32_t data_size;
	uint32_t report_type;
	uint32_t hash_type;
	uint32_t runtime_len;
};

static enum cella_status read_header(struct in *in, struct header *header,
				     struct cella_bytes *td_report,
				     struct cella_error *err)
{
	const struct cella_bytes signature = in_bytes(in, 4, "signature");

	if (!bytes_equal(signature, bytes_of("HCLA", 4)))
		in_fail_at(in, 0, "signature", "is not \"HCLA\"");
	in_skip(in, 4, "version");
	header->report_size = in_u32le(in, "report_size");
	in_skip(in, 4, "request_type");
	header->status = in_u32le(in, "status");
	in_skip(in, 12, "reserved");
	*td_report = in_bytes(in, TD_REPORT_LEN, "td_report");
	in_skip(in, HARDWARE_REPORT_LEN - TD_REPORT_LEN, "hardware report");
	header->data_size = in_u32le(in, "data_size");
	in_skip(in, 4, "data.version");
	header->report_type = in_u32le(in, "report_type");
	header->hash_type = in_u32le(in, "hash_type");
	header->runtime_len = in_u32le(in, "variable_data_size");
	return in_status(in, err);
}

static enum cella_status check_header(const struct header *header,
				      struct cella_error *err)
{
	if (header->status != 0)
		return error_at(err, CELLA_MALFORMED, 16,
				"hcl report: status: %u: the paravisor has failed",
				header->status);
	if (header->report_type != TYPE_TDX)
		return error_at(err, CELLA_UNSUPPORTED, 1224,
				"hcl report: report_type: %u, not %d%s",
				header->report_type, TYPE_TDX,
				header->report_type == TYPE_SNP
					? ": this is a VM of AMD SEV-SNP"
					: "");
	if (header->hash_type == 0 || header->hash_type >= ARRAY_LEN(hashes))
		return error_at(err, CELLA_MALFORMED, 1228,
				"hcl report: hash_type: %u is unknown",
				header->hash_type);
	if (header->runtime_len > RUNTIME_DATA_MAX)
		return error_at(err, CELLA_LIMIT, 1232,
				"hcl report: variable_data_size: %u, at most %d",
				header->runtime_len, RUNTIME_DATA_MAX);
	if (header->data_size != RUNTIME_HEADER_LEN + header->runtime_len)
		return error_at(err, CELLA_MALFORMED, 1216,
				"hcl report: data_size: %u, not %u", header->data_size,
				RUNTIME_HEADER_LEN + header->runtime_len);
	return CELLA_OK;
}

/* The hash stands at the beginning of the report data; zeros follow it. */
static enum cella_status check_binding(const struct hcl_report *report,
				       uint32_t hash_type, struct cella_error *err)
{
	const struct cella_bytes data = hcl_report_data(report);
	const size_t len = crypto_hash_len(hashes[hash_type]);
	uint8_t hash[SHA512_LEN];

	TRY(crypto_digest(hashes[hash_type], &report->runtime_data, 1, hash, err));
	if (!bytes_equal(bytes_slice(data, 0, len), bytes_of(hash, len)) ||
	    !bytes_are_zero(bytes_slice(data, len, data.len - len)))
		return error_set(err, CELLA_MALFORMED,
				 "hcl report: runtime data: its hash is not the report "
				 "data of the TD report");
	return CELLA_OK;
}

enum cella_status hcl_report_parse(struct cella_bytes bytes, struct hcl_report *out,
				   struct cella_error *err)
{
	struct hcl_report report = { 0 };
	struct header header = { 0 };
	struct in in;

	in_init(&in, bytes, "hcl report");
	TRY(read_header(&in, &header, &report.td_report, err));
	TRY(check_header(&header, err));
	report.runtime_data = in_bytes(&in, header.runtime_len, "variable_data");
	TRY(in_status(&in, err));
	report.whole = bytes_slice(bytes, 0, in_offset(&in));
	if (header.report_size != report.whole.len)
		return error_at(err, CELLA_MALFORMED, 8,
				"hcl report: report_size: %u, but it has %zu bytes",
				header.report_size, report.whole.len);
	TRY(td_report_check(report.td_report, err));
	TRY(check_binding(&report, header.hash_type, err));
	*out = report;
	return CELLA_OK;
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
