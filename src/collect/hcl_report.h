/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report of Azure's paravisor (HCL), which it keeps in the virtual TPM: the hardware's
 * report, and the runtime data of which that report carries the hash.
 */
#ifndef COLLECT_HCL_REPORT_H
#define COLLECT_HCL_REPORT_H

#include "base/bytes.h"
#include "evidence/sgx_report.h"

/* struct hcl_report - views into its bytes. */
struct hcl_report {
	struct cella_bytes whole; /* without what fills the index up */
	struct cella_bytes td_report;
	struct cella_bytes
		runtime_data; /* JSON: the TPM's keys, the VM's configuration */
};

/*
 * hcl_report_parse() takes one of a trust domain apart, and compares the hash of its
 * runtime data with the report data of its TD report. CELLA_MALFORMED names what is wrong;
 * CELLA_UNSUPPORTED for those of other hardware.
 */
enum cella_status hcl_report_parse(struct cella_bytes bytes, struct hcl_report *out,
				   struct cella_error *err) MUST_CHECK;

/* hcl_report_data() borrows the report data of its TD report. */
struct cella_bytes hcl_report_data(const struct hcl_report *report);

/*
 * hcl_report_user_data() reads "user-data" of the runtime data: what was written for it to
 * carry. CELLA_MISSING when there is none.
 */
enum cella_status hcl_report_user_data(const struct hcl_report *report,
				       uint8_t out[REPORT_DATA_LEN],
				       struct cella_error *err) MUST_CHECK;

#endif
