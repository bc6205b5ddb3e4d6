/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TD reports, and the quotes that a TD quoting enclave makes of them.
 */
#include "sim/quote.h"

#include <string.h>

/* `valid` of TEE_TCB_INFO from module 1.5 on, and of an extended TDINFO_STRUCT. */
enum { TCB_VALID_15 = 0x301ff, TD_INFO_VALID_EX = 0x301 };

/* A body's field and the report's with the same meaning. */
static const struct {
	const char *body;
	const char *report;
} same[] = {
	{ "tee_tcb_svn", "tee_tcb_svn" },
	{ "mr_seam", "mr_seam" },
	{ "mrsigner_seam", "mrsigner_seam" },
	{ "seam_attributes", "seam_attributes" },
	{ "td_attributes", "td_attributes" },
	{ "xfam", "xfam" },
	{ "mr_td", "mr_td" },
	{ "mr_config_id", "mr_config_id" },
	{ "mr_owner", "mr_owner" },
	{ "mr_owner_config", "mr_owner_config" },
	{ "rtmr0", "rtmr0" },
	{ "rtmr1", "rtmr1" },
	{ "rtmr2", "rtmr2" },
	{ "rtmr3", "rtmr3" },
	{ "report_data", "report_data" },
	{ "tee_tcb_svn2", "tee_tcb_svn2" },
	{ "mr_servicetd", "servtd_hash" },
	{ "td_id", "td_id" },
	{ "vmid", "vmid" },
};

static uint8_t *report_field(uint8_t report[TD_REPORT_LEN], const char *name)
{
	size_t len = 0;

	return sim_field(&td_report_layout, report, name, &len);
}

static void copy_fields(uint8_t body[TD_BODY_15EX_LEN], uint8_t report[TD_REPORT_LEN],
			bool to_report)
{
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		size_t len = 0;
		uint8_t *const in_body =
			sim_field(&td_body_15ex_layout, body, same[i].body, &len);
		uint8_t *const in_report =
			sim_field(&td_report_layout, report, same[i].report, &len);

		memcpy(to_report ? in_report : in_body, to_report ? in_body : in_report,
		       len);
	}
}

static void put_u32(uint8_t *place, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		place[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get_u32(const uint8_t *place)
{
	return (uint32_t)place[0] | (uint32_t)place[1] << 8 | (uint32_t)place[2] << 16 |
	       (uint32_t)place[3] << 24;
}

static enum cella_status hash_parts(uint8_t report[TD_REPORT_LEN],
				    uint8_t hashes[2][SHA384_LEN],
				    struct cella_error *err)
{
	struct td_report_hashes parts;

	td_report_hashes(bytes_of(report, TD_REPORT_LEN), &parts);
	TRY(crypto_digest(CRYPTO_SHA384, &parts.tee_tcb_info, 1, hashes[0], err));
	return crypto_digest(CRYPTO_SHA384, &parts.tee_info, 1, hashes[1], err);
}

/* The fields that the report's version leaves out are zero. */
static void trim(uint8_t report[TD_REPORT_LEN], uint8_t version)
{
	if (version == 0)
		memset(report_field(report, "servtd_hash"), 0, MR_LEN);
	if (version < 3) {
		memset(report_field(report, "td_id"), 0, 32);
		report_field(report, "vmid")[0] = 0;
	} else {
		put_u32(report_field(report, "td_info_valid"), TD_INFO_VALID_EX);
	}
}

enum cella_status sim_td_report(const struct sim_platform *platform,
				const uint8_t body[TD_BODY_15EX_LEN], uint8_t version,
				uint8_t out[TD_REPORT_LEN], struct cella_error *err)
{
	uint8_t copy[TD_BODY_15EX_LEN];
	uint8_t hashes[2][SHA384_LEN];

	if (version != 0 && version != 1 && version != 3)
		return error_set(err, CELLA_USAGE,
				 "report: version: expected 0, 1 or 3, found %u",
				 version);
	memcpy(copy, body, sizeof copy);
	memset(out, 0, TD_REPORT_LEN);
	copy_fields(copy, out, true);
	report_field(out, "type")[0] = 0x81;
	report_field(out, "version")[0] = version;
	memcpy(report_field(out, "cpu_svn"), platform->pck_ext.cpu_svn, 16);
	put_u32(report_field(out, "tcb_valid"), TCB_VALID_15);
	trim(out, version);
	TRY(hash_parts(out, hashes, err));
	memcpy(report_field(out, "tee_tcb_info_hash"), hashes[0], SHA384_LEN);
	memcpy(report_field(out, "tee_info_hash"), hashes[1], SHA384_LEN);
	/* The MAC covers what stands before it; this one is a plain hash. */
	return crypto_sha256(bytes_of(out, 224), report_field(out, "mac"), err);
}

static enum cella_status check_hashes(uint8_t report[TD_REPORT_LEN],
				      struct cella_error *err)
{
	static const char *const names[] = { "tee_tcb_info_hash", "tee_info_hash" };
	uint8_t hashes[2][SHA384_LEN];

	TRY(hash_parts(report, hashes, err));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (memcmp(report_field(report, names[i]), hashes[i], SHA384_LEN) != 0)
			return error_set(err, CELLA_MALFORMED,
					 "td report: %s: is not the hash of the report's "
					 "contents",
					 names[i]);
	return CELLA_OK;
}

/* Which quote a TD quoting enclave makes of a report. */
static enum quote_body choose_body(uint8_t report[TD_REPORT_LEN])
{
	const uint8_t version = report_field(report, "version")[0];
	const bool has_svn2 = get_u32(report_field(report, "tcb_valid")) == TCB_VALID_15;
	const bool was_updated = has_svn2 && memcmp(report_field(report, "tee_tcb_svn"),
						    report_field(report, "tee_tcb_svn2"),
						    TD_SVN_LEN) != 0;

	if (version == 3 && get_u32(report_field(report, "td_info_valid")) != 0)
		return QUOTE_BODY_TD_15EX;
	return version != 0 || was_updated ? QUOTE_BODY_TD_15 : QUOTE_BODY_TD_10;
}

enum cella_status sim_quote_init_report(const struct sim_platform *platform,
					struct cella_bytes report, struct sim_quote *out,
					struct cella_error *err)
{
	uint8_t copy[TD_REPORT_LEN];
	uint8_t body[TD_BODY_15EX_LEN];
	enum quote_body type;
	size_t len = 0;

	TRY(td_report_check(report, err));
	memcpy(copy, report.data, sizeof copy);
	TRY(check_hashes(copy, err));
	type = choose_body(copy);
	memcpy(body, platform->td_body, sizeof body);
	copy_fields(body, copy, false);
	/* The quoting enclave leaves these out: the module is the vendor's. */
	memset(sim_field(&td_body_15ex_layout, body, "mrsigner_seam", &len), 0, MR_LEN);
	memset(sim_field(&td_body_15ex_layout, body, "seam_attributes", &len), 0, 8);
	TRY(sim_quote_init(platform, type == QUOTE_BODY_TD_10 ? 4 : 5, type, out, err));
	memcpy(out->body, body, out->body_len);
	return CELLA_OK;
}
