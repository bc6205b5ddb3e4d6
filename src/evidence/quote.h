/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA quotes of versions 3, 4 and 5 (Intel SGX ECDSA QuoteLibReference, Intel TDX DCAP
 * Quoting Library API), SGX and TDX.
 */
#ifndef EVIDENCE_QUOTE_H
#define EVIDENCE_QUOTE_H

#include "evidence/field.h"
#include "evidence/sgx_report.h"
#include "evidence/td_report.h"

enum {
	QUOTE_HEADER_LEN = 48,
	TEE_TYPE_SGX = 0,
	TEE_TYPE_TDX = 0x81,
	ATT_KEY_ECDSA_P256 = 2,
};

enum quote_body {
	QUOTE_BODY_SGX = 1, /* the numbers of version 5's body descriptor */
	QUOTE_BODY_TD_10 = 2,
	QUOTE_BODY_TD_15 = 3,
	QUOTE_BODY_TD_15EX = 4,
};

enum cert_data_type {
	CERT_DATA_PPID_CLEAR = 1,
	CERT_DATA_PPID_RSA2048 = 2,
	CERT_DATA_PPID_RSA3072 = 3,
	CERT_DATA_PCK_LEAF = 4,
	CERT_DATA_PCK_CHAIN = 5,
	CERT_DATA_QE_REPORT = 6,
	CERT_DATA_PLATFORM_MANIFEST = 7,
};

/*
 * struct quote - views into a quote's bytes; it owns nothing.
 * data.data[i] of each view is a byte of the input, so that offsets can be told.
 */
struct quote {
	struct cella_bytes raw;
	uint16_t version;
	uint32_t tee_type;
	enum quote_body body_type;
	const struct layout *header_layout;
	const struct layout *body_layout;
	struct cella_bytes body;
	struct cella_bytes signed_region;
	struct cella_bytes signature; /* r || s by the attestation key */
	struct cella_bytes att_key;   /* x || y */
	struct cella_bytes qe_report;
	struct cella_bytes qe_report_signature; /* by the PCK */
	struct cella_bytes auth_data;
	enum cert_data_type cert_type; /* the innermost certification data, never 6 */
	struct cella_bytes cert_data;
	struct cella_bytes tail; /* what follows the declared end */
};

/*
 * quote_parse() takes a quote apart. CELLA_MALFORMED with the field and its offset;
 * CELLA_UNSUPPORTED for other versions, attestation keys and vendors.
 */
enum cella_status quote_parse(struct cella_bytes bytes, struct quote *out,
			      struct cella_error *err) MUST_CHECK;

/* quote_names_vendor() is true for bytes with Intel's vendor id where a quote has it. */
bool quote_names_vendor(struct cella_bytes bytes);

/* The platform's identifiers in certification data of types 1, 2 and 3. */
struct cert_data_ppid {
	struct cella_bytes ppid; /* clear or encrypted */
	struct cella_bytes cpu_svn;
	uint16_t pce_svn;
	bool has_pce_id; /* early quotes leave it out of type 1 */
	uint8_t pce_id[2];
};

/* quote_ppid() reads certification data of types 1 to 3. */
enum cella_status quote_ppid(const struct quote *quote, struct cert_data_ppid *out,
			     struct cella_error *err) MUST_CHECK;

#endif
