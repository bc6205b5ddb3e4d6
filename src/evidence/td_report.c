/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust domain reports: layouts after the TDX module ABI (TDREPORT_STRUCT, TEE_TCB_INFO,
 * TDINFO_STRUCT) and the quote bodies made of them.
 */
#include "evidence/td_report.h"

#include <assert.h>
#include <string.h>

/* F(name, claim, length, kind, fact); the claims are those of policies and results. */
#define TD_BODY_10(F) \
	F(tee_tcb_svn, NULL, 16, FIELD_BYTES, CELLA_FACT_TEE_TCB_SVN) \
	F(mr_seam, NULL, 48, FIELD_BYTES, CELLA_FACT_MR_SEAM) \
	F(mrsigner_seam, NULL, 48, FIELD_BYTES, CELLA_FACT_MRSIGNER_SEAM) \
	F(seam_attributes, NULL, 8, FIELD_BYTES, CELLA_FACT_SEAM_ATTRIBUTES) \
	F(td_attributes, "attributes", 8, FIELD_TD_ATTR, CELLA_FACT_TD_ATTRIBUTES) \
	F(xfam, "xfam", 8, FIELD_XFAM, CELLA_FACT_XFAM) \
	F(mr_td, "mrtd", 48, FIELD_BYTES, CELLA_FACT_MR_TD) \
	F(mr_config_id, "mrconfigid", 48, FIELD_BYTES, CELLA_FACT_MR_CONFIG_ID) \
	F(mr_owner, "mrowner", 48, FIELD_BYTES, CELLA_FACT_MR_OWNER) \
	F(mr_owner_config, "mrownerconfig", 48, FIELD_BYTES, CELLA_FACT_MR_OWNER_CONFIG) \
	F(rtmr0, "rtmr0", 48, FIELD_BYTES, CELLA_FACT_RTMR0) \
	F(rtmr1, "rtmr1", 48, FIELD_BYTES, CELLA_FACT_RTMR1) \
	F(rtmr2, "rtmr2", 48, FIELD_BYTES, CELLA_FACT_RTMR2) \
	F(rtmr3, "rtmr3", 48, FIELD_BYTES, CELLA_FACT_RTMR3) \
	F(report_data, "reportdata", 64, FIELD_BYTES, CELLA_FACT_REPORT_DATA)

#define TD_BODY_15(F) \
	TD_BODY_10(F) \
	F(tee_tcb_svn2, NULL, 16, FIELD_BYTES, CELLA_FACT_TEE_TCB_SVN2) \
	F(mr_servicetd, "mrservicetd", 48, FIELD_BYTES, CELLA_FACT_MR_SERVICETD)

#define TD_BODY_15EX(F) \
	TD_BODY_15(F) \
	F(vmid, "vmid", 1, FIELD_NUMBER, CELLA_FACT_VMID) \
	F(td_id, "td_id", 32, FIELD_BYTES, CELLA_FACT_TD_ID) \
	F(dev_info, "devinfo", 48, FIELD_BYTES, CELLA_FACT_DEV_INFO) \
	F(init_servtd_hash, "init_servtd_hash", 48, FIELD_BYTES, \
	  CELLA_FACT_INIT_SERVTD_HASH) \
	F(init_servtd_attr, "init_servtd_attr", 8, FIELD_BYTES, \
	  CELLA_FACT_INIT_SERVTD_ATTR) \
	F(init_cpusvn, "init_cpusvn", 16, FIELD_BYTES, CELLA_FACT_INIT_CPUSVN) \
	F(init_tee_tcb_svn, "init_tee_tcb_svn", 16, FIELD_BYTES, \
	  CELLA_FACT_INIT_TEE_TCB_SVN) \
	F(init_tee_fmspc, "init_tee_fmspc", 12, FIELD_BYTES, CELLA_FACT_INIT_TEE_FMSPC) \
	F(cur_servtd_hash, "cur_servtd_hash", 48, FIELD_BYTES, \
	  CELLA_FACT_CUR_SERVTD_HASH) \
	F(cur_servtd_attr, "cur_servtd_attr", 8, FIELD_BYTES, CELLA_FACT_CUR_SERVTD_ATTR)

#define TD_REPORT(F) \
	F(type, NULL, 1, FIELD_NUMBER, CELLA_FACT_NONE) \
	F(subtype, NULL, 1, FIELD_NUMBER, CELLA_FACT_NONE) \
	F(version, NULL, 1, FIELD_NUMBER, CELLA_FACT_NONE) \
	F(reserved1, NULL, 13, FIELD_RESERVED, CELLA_FACT_NONE) \
	F(cpu_svn, NULL, 16, FIELD_BYTES, CELLA_FACT_CPU_SVN) \
	F(tee_tcb_info_hash, NULL, 48, FIELD_BYTES, CELLA_FACT_NONE) \
	F(tee_info_hash, NULL, 48, FIELD_BYTES, CELLA_FACT_NONE) \
	F(report_data, "reportdata", 64, FIELD_BYTES, CELLA_FACT_REPORT_DATA) \
	F(reserved2, NULL, 32, FIELD_RESERVED, CELLA_FACT_NONE) \
	F(mac, NULL, 32, FIELD_BYTES, CELLA_FACT_NONE) \
	F(tcb_valid, NULL, 8, FIELD_NUMBER, CELLA_FACT_NONE) \
	F(tee_tcb_svn, NULL, 16, FIELD_BYTES, CELLA_FACT_TEE_TCB_SVN) \
	F(mr_seam, NULL, 48, FIELD_BYTES, CELLA_FACT_MR_SEAM) \
	F(mrsigner_seam, NULL, 48, FIELD_BYTES, CELLA_FACT_MRSIGNER_SEAM) \
	F(seam_attributes, NULL, 8, FIELD_BYTES, CELLA_FACT_SEAM_ATTRIBUTES) \
	F(tee_tcb_svn2, NULL, 16, FIELD_BYTES, CELLA_FACT_TEE_TCB_SVN2) \
	F(reserved3, NULL, 95, FIELD_RESERVED, CELLA_FACT_NONE) \
	F(reserved4, NULL, 17, FIELD_RESERVED, CELLA_FACT_NONE) \
	F(td_attributes, "attributes", 8, FIELD_TD_ATTR, CELLA_FACT_TD_ATTRIBUTES) \
	F(xfam, "xfam", 8, FIELD_XFAM, CELLA_FACT_XFAM) \
	F(mr_td, "mrtd", 48, FIELD_BYTES, CELLA_FACT_MR_TD) \
	F(mr_config_id, "mrconfigid", 48, FIELD_BYTES, CELLA_FACT_MR_CONFIG_ID) \
	F(mr_owner, "mrowner", 48, FIELD_BYTES, CELLA_FACT_MR_OWNER) \
	F(mr_owner_config, "mrownerconfig", 48, FIELD_BYTES, CELLA_FACT_MR_OWNER_CONFIG) \
	F(rtmr0, "rtmr0", 48, FIELD_BYTES, CELLA_FACT_RTMR0) \
	F(rtmr1, "rtmr1", 48, FIELD_BYTES, CELLA_FACT_RTMR1) \
	F(rtmr2, "rtmr2", 48, FIELD_BYTES, CELLA_FACT_RTMR2) \
	F(rtmr3, "rtmr3", 48, FIELD_BYTES, CELLA_FACT_RTMR3) \
	F(servtd_hash, "mrservicetd", 48, FIELD_BYTES, CELLA_FACT_MR_SERVICETD) \
	F(td_id, "td_id", 32, FIELD_BYTES, CELLA_FACT_TD_ID) \
	F(reserved5, NULL, 24, FIELD_RESERVED, CELLA_FACT_NONE) \
	F(vmid, "vmid", 1, FIELD_NUMBER, CELLA_FACT_VMID) \
	F(reserved6, NULL, 3, FIELD_RESERVED, CELLA_FACT_NONE) \
	F(td_info_valid, NULL, 4, FIELD_NUMBER, CELLA_FACT_NONE)

enum { TEE_TCB_INFO_LEN = 239, TD_INFO_LEN = 512 };

struct td_body_10 {
	TD_BODY_10(FIELD_MEMBER)
};
struct td_body_15 {
	TD_BODY_15(FIELD_MEMBER)
};
struct td_body_15ex {
	TD_BODY_15EX(FIELD_MEMBER)
};
struct td_report {
	TD_REPORT(FIELD_MEMBER)
};
_Static_assert(sizeof(struct td_body_10) == TD_BODY_10_LEN, "rows cover the body");
_Static_assert(sizeof(struct td_body_15) == TD_BODY_15_LEN, "rows cover the body");
_Static_assert(sizeof(struct td_body_15ex) == TD_BODY_15EX_LEN, "rows cover the body");
_Static_assert(sizeof(struct td_report) == TD_REPORT_LEN, "rows cover the report");
_Static_assert(offsetof(struct td_report, tcb_valid) == 256 &&
		       offsetof(struct td_report, td_attributes) == 512,
	       "TEE_TCB_INFO and TDINFO_STRUCT stand where the ABI puts them");

#define ROW_10(...) FIELD_ROW(td_body_10, __VA_ARGS__)
#define ROW_15(...) FIELD_ROW(td_body_15, __VA_ARGS__)
#define ROW_15EX(...) FIELD_ROW(td_body_15ex, __VA_ARGS__)
#define ROW_REPORT(...) FIELD_ROW(td_report, __VA_ARGS__)

static const struct field body_10_fields[] = { TD_BODY_10(ROW_10) };
static const struct field body_15_fields[] = { TD_BODY_15(ROW_15) };
static const struct field body_15ex_fields[] = { TD_BODY_15EX(ROW_15EX) };
static const struct field report_fields[] = { TD_REPORT(ROW_REPORT) };

const struct layout td_body_10_layout = {
	"td_report_10",
	body_10_fields,
	ARRAY_LEN(body_10_fields),
	TD_BODY_10_LEN,
};
const struct layout td_body_15_layout = {
	"td_report_15",
	body_15_fields,
	ARRAY_LEN(body_15_fields),
	TD_BODY_15_LEN,
};
const struct layout td_body_15ex_layout = {
	"td_report_15ex",
	body_15ex_fields,
	ARRAY_LEN(body_15ex_fields),
	TD_BODY_15EX_LEN,
};
const struct layout td_report_layout = {
	"td_report",
	report_fields,
	ARRAY_LEN(report_fields),
	TD_REPORT_LEN,
};

void td_body_read(struct cella_bytes body, struct td_body *out)
{
	struct in in;

	assert(body.len == TD_BODY_10_LEN || body.len == TD_BODY_15_LEN ||
	       body.len == TD_BODY_15EX_LEN);
	*out = (struct td_body){ .has_svn2 = body.len > TD_BODY_10_LEN,
				 .has_servicetd = body.len > TD_BODY_10_LEN };
	in_init(&in, body, "td report");
	in_copy(&in, out->tee_tcb_svn, TD_SVN_LEN, "tee_tcb_svn");
	in_skip(&in, MR_LEN, "mr_seam");
	in_copy(&in, out->mrsigner_seam, MR_LEN, "mrsigner_seam");
	out->seam_attributes = in_u64le(&in, "seam_attributes");
	out->td_attributes = in_u64le(&in, "td_attributes");
	if (!out->has_svn2)
		return;
	in_skip(&in, TD_BODY_10_LEN - in_offset(&in), "report_data");
	in_copy(&in, out->tee_tcb_svn2, TD_SVN_LEN, "tee_tcb_svn2");
	in_copy(&in, out->mr_servicetd, MR_LEN, "mr_servicetd");
}

enum cella_status td_report_check(struct cella_bytes report, struct cella_error *err)
{
	struct in in;
	struct cella_bytes reserved;

	in_init(&in, report, "td report");
	if (in_u8(&in, "type") != 0x81)
		in_fail_at(&in, 0, "type", "is not 0x81");
	if (in_u8(&in, "subtype") != 0)
		in_fail_at(&in, 1, "subtype", "is not 0");
	in_skip(&in, 1, "version");
	reserved = in_bytes(&in, sizeof((struct td_report *)0)->reserved1, "reserved1");
	if (!bytes_are_zero(reserved))
		in_fail_at(&in, offsetof(struct td_report, reserved1), "reserved1",
			   "is not zero");
	in_skip(&in, TD_REPORT_LEN - in_offset(&in), "td_info");
	in_end(&in, "end");
	return in_status(&in, err);
}

void td_report_hashes(struct cella_bytes report, struct td_report_hashes *out)
{
	assert(report.len == TD_REPORT_LEN);
	out->tee_tcb_info_hash = bytes_slice(
		report, offsetof(struct td_report, tee_tcb_info_hash), MR_LEN);
	out->tee_info_hash =
		bytes_slice(report, offsetof(struct td_report, tee_info_hash), MR_LEN);
	out->tee_tcb_info = bytes_slice(report, offsetof(struct td_report, tcb_valid),
					TEE_TCB_INFO_LEN);
	out->tee_info = bytes_slice(report, offsetof(struct td_report, td_attributes),
				    TD_INFO_LEN);
}
