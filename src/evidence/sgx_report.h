/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SGX report body (384 bytes; Intel SDM vol. 3D, REPORT), as an enclave's identity
 * and as the quoting enclave's own.
 */
#ifndef EVIDENCE_SGX_REPORT_H
#define EVIDENCE_SGX_REPORT_H

#include "evidence/field.h"

enum {
	SGX_REPORT_BODY_LEN = 384,
	SGX_REPORT_LEN = 432, /* with key id and MAC, as EREPORT makes it */
	REPORT_DATA_LEN = 64,
};

extern const struct layout sgx_report_layout;
extern const struct layout qe_report_layout; /* the same bytes as facts about the QE */
extern const struct layout sgx_report_mac_layout;

/* The fields of a QE's report that verification compares. */
struct sgx_report {
	uint8_t miscselect[4];
	uint8_t attributes[16];
	uint8_t mrsigner[32];
	uint8_t report_data[REPORT_DATA_LEN];
	uint16_t isv_prod_id;
	uint16_t isv_svn;
};

/* sgx_report_read() reads a body of SGX_REPORT_BODY_LEN bytes. */
void sgx_report_read(struct cella_bytes body, struct sgx_report *out);

#endif
