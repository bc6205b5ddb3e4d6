/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SGX report body: layout and the fields that verification compares.
 */
#include "evidence/sgx_report.h"

#include <assert.h>
#include <string.h>

/* F(name, claim, length, kind, fact of an enclave, fact of the quoting enclave) */
#define SGX_REPORT_BODY(F) \
	F(cpu_svn, NULL, 16, FIELD_BYTES, CPU_SVN, NONE) \
	F(miscselect, "miscselect", 4, FIELD_NUMBER, MISCSELECT, QE_MISCSELECT) \
	F(reserved1, NULL, 12, FIELD_RESERVED, NONE, NONE) \
	F(isv_ext_prod_id, "isvextprodid", 16, FIELD_BYTES, ISV_EXT_PROD_ID, NONE) \
	F(attributes, "attributes", 16, FIELD_SGX_ATTR, SGX_ATTRIBUTES, QE_ATTRIBUTES) \
	F(mrenclave, "mrenclave", 32, FIELD_BYTES, MRENCLAVE, QE_MRENCLAVE) \
	F(reserved2, NULL, 32, FIELD_RESERVED, NONE, NONE) \
	F(mrsigner, "mrsigner", 32, FIELD_BYTES, MRSIGNER, QE_MRSIGNER) \
	F(reserved3, NULL, 32, FIELD_RESERVED, NONE, NONE) \
	F(config_id, "configid", 64, FIELD_BYTES, CONFIG_ID, NONE) \
	F(isv_prod_id, "isvprodid", 2, FIELD_NUMBER, ISV_PROD_ID, QE_ISV_PROD_ID) \
	F(isv_svn, "isvsvn", 2, FIELD_NUMBER, ISV_SVN, QE_ISV_SVN) \
	F(config_svn, "configsvn", 2, FIELD_NUMBER, CONFIG_SVN, NONE) \
	F(reserved4, NULL, 42, FIELD_RESERVED, NONE, NONE) \
	F(isv_family_id, "isvfamilyid", 16, FIELD_BYTES, ISV_FAMILY_ID, NONE) \
	F(report_data, "reportdata", 64, FIELD_BYTES, REPORT_DATA, NONE)

#define MEMBER(name, claim, len, kind, fact, qe_fact) \
	FIELD_MEMBER(name, claim, len, kind, fact)
#define ENCLAVE(name, claim, len, kind, fact, qe_fact) \
	FIELD_ROW(sgx_report_body, name, claim, len, kind, CELLA_FACT_##fact)
#define QE(name, claim, len, kind, fact, qe_fact) \
	FIELD_ROW(sgx_report_body, name, claim, len, kind, CELLA_FACT_##qe_fact)

struct sgx_report_body {
	SGX_REPORT_BODY(MEMBER)
};
_Static_assert(sizeof(struct sgx_report_body) == SGX_REPORT_BODY_LEN,
	       "rows cover the body");

static const struct field enclave_fields[] = { SGX_REPORT_BODY(ENCLAVE) };
static const struct field qe_fields[] = { SGX_REPORT_BODY(QE) };

const struct layout sgx_report_layout = {
	"report_body",
	enclave_fields,
	ARRAY_LEN(enclave_fields),
	SGX_REPORT_BODY_LEN,
};

const struct layout qe_report_layout = {
	"qe_report",
	qe_fields,
	ARRAY_LEN(qe_fields),
	SGX_REPORT_BODY_LEN,
};

#define SGX_REPORT_MAC(F) \
	F(key_id, NULL, 32, FIELD_BYTES, CELLA_FACT_NONE) \
	F(mac, NULL, 16, FIELD_BYTES, CELLA_FACT_NONE)
#define MAC_ROW(...) FIELD_ROW(sgx_report_mac, __VA_ARGS__)

struct sgx_report_mac {
	SGX_REPORT_MAC(FIELD_MEMBER)
};
_Static_assert(sizeof(struct sgx_report_mac) == SGX_REPORT_LEN - SGX_REPORT_BODY_LEN,
	       "rows cover the tail of a report");

static const struct field mac_fields[] = { SGX_REPORT_MAC(MAC_ROW) };

const struct layout sgx_report_mac_layout = {
	"report",
	mac_fields,
	ARRAY_LEN(mac_fields),
	sizeof(struct sgx_report_mac),
};

void sgx_report_read(struct cella_bytes body, struct sgx_report *out)
{
	struct in in;

	assert(body.len == SGX_REPORT_BODY_LEN);
	in_init(&in, body, "sgx report");
	in_skip(&in, 16, "cpu_svn");
	in_copy(&in, out->miscselect, sizeof out->miscselect, "miscselect");
	in_skip(&in, 12 + 16, "isv_ext_prod_id");
	in_copy(&in, out->attributes, sizeof out->attributes, "attributes");
	in_skip(&in, 32 + 32, "mrenclave");
	in_copy(&in, out->mrsigner, sizeof out->mrsigner, "mrsigner");
	in_skip(&in, 32 + 64, "config_id");
	out->isv_prod_id = in_u16le(&in, "isv_prod_id");
	out->isv_svn = in_u16le(&in, "isv_svn");
	in_skip(&in, 2 + 42 + 16, "isv_family_id");
	in_copy(&in, out->report_data, sizeof out->report_data, "report_data");
	assert(in_left(&in) == 0);
}
