/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What identifies a trust domain: the three bodies that a quote may carry (TDX module
 * 1.0, 1.5 and 1.5 extended), and TDREPORT_STRUCT, which only the CPU that made it can
 * check.
 */
#ifndef EVIDENCE_TD_REPORT_H
#define EVIDENCE_TD_REPORT_H

#include "evidence/field.h"

enum {
	TD_BODY_10_LEN = 584,
	TD_BODY_15_LEN = 648,
	TD_BODY_15EX_LEN = 885,
	TD_REPORT_LEN = 1024,
	TD_SVN_LEN = 16,
	MR_LEN = 48,
};

extern const struct layout td_body_10_layout;
extern const struct layout td_body_15_layout;
extern const struct layout td_body_15ex_layout;
extern const struct layout td_report_layout;

/* struct td_body - the fields of a body that verification judges. */
struct td_body {
	uint8_t tee_tcb_svn[TD_SVN_LEN];
	uint8_t mrsigner_seam[MR_LEN];
	uint64_t seam_attributes;
	uint64_t td_attributes;
	bool has_svn2;
	uint8_t tee_tcb_svn2[TD_SVN_LEN];
	bool has_servicetd;
	uint8_t mr_servicetd[MR_LEN];
};

/* td_body_read() reads a body of one of the three lengths. */
void td_body_read(struct cella_bytes body, struct td_body *out);

/*
 * td_report_check() parses the fixed parts of a TDREPORT_STRUCT: type, sub-type and
 * reserved bytes. CELLA_MALFORMED names the field.
 */
enum cella_status td_report_check(struct cella_bytes report,
				  struct cella_error *err) MUST_CHECK;

/* The parts of a TDREPORT_STRUCT that its two hashes cover. */
struct td_report_hashes {
	struct cella_bytes tee_tcb_info_hash, tee_tcb_info;
	struct cella_bytes tee_info_hash, tee_info;
};

void td_report_hashes(struct cella_bytes report, struct td_report_hashes *out);

#endif
