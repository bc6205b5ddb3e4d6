/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report of Azure's paravisor (HCL), which it keeps in the virtual TPM: the hardware's
 * report, and the runtime data of which that report carries the hash.
 */
#ifndef EVIDENCE_HCL_REPORT_H
#define EVIDENCE_HCL_REPORT_H

#include "crypto/crypto.h"
#include "evidence/field.h"
#include "evidence/sgx_report.h"

extern const struct layout hcl_header_layout;
extern const struct layout hcl_runtime_layout;

/* struct hcl_report - views into its bytes. */
struct hcl_report {
	struct cella_bytes whole;  /* without what fills the index up */
	struct cella_bytes header; /* hcl_header_layout */
	struct cella_bytes td_report;
	struct cella_bytes filler;         /* other hardware's reports are longer */
	struct cella_bytes runtime_header; /* hcl_runtime_layout */
	struct cella_bytes runtime_data;   /* JSON: the TPM's keys, the VM's settings */
	enum crypto_hash runtime_hash;     /* the one that the TD report carries of it */
};

/* hcl_report_is_one() is true for what begins as one. */
bool hcl_report_is_one(struct cella_bytes bytes);

/*
 * hcl_report_parse() takes one of a trust domain apart; what follows it is left alone.
 * CELLA_MALFORMED names what is wrong; CELLA_UNSUPPORTED for those of other hardware. What
 * is in the TD report and in the runtime data nobody has looked at then.
 */
enum cella_status hcl_report_parse(struct cella_bytes bytes, struct hcl_report *out,
				   struct cella_error *err) MUST_CHECK;

/* hcl_report_binds() compares the hash of the runtime data with the TD report's data. */
enum cella_status hcl_report_binds(const struct hcl_report *report, bool *out,
				   struct cella_error *err) MUST_CHECK;

/*
 * hcl_report_check() is what can be asked of it without a quote: that the TD report is one
 * and binds the runtime data. CELLA_MALFORMED otherwise.
 */
enum cella_status hcl_report_check(const struct hcl_report *report,
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

/*
 * hcl_report_describe() writes every field of one, and its runtime data, for people or as
 * JSON. The caller frees *text.
 */
enum cella_status hcl_report_describe(struct cella_bytes bytes, bool as_json, char **text,
				      struct cella_error *err) MUST_CHECK;

#endif
