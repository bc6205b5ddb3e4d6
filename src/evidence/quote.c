/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes: header, body and signature data of versions 3, 4 and 5.
 *
 * The lengths that steer parsing are checked against each other: the parts of the
 * signature data must fill its declared length exactly, and so must nested certification
 * data. Bytes after the declared end are kept apart (they are not signed) and judged by
 * whoever verifies.
 */
#include "evidence/quote.h"

#include <string.h>

static const uint8_t intel_vendor_id[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c,
					     0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3,
					     0x95, 0x7f, 0x06, 0x07 };

#define QUOTE_HEADER_V3(F) \
	F(version, NULL, 2, FIELD_NUMBER, CELLA_FACT_QUOTE_VERSION) \
	F(att_key_type, NULL, 2, FIELD_NUMBER, CELLA_FACT_ATT_KEY_TYPE) \
	F(tee_type, NULL, 4, FIELD_NUMBER, CELLA_FACT_TEE_TYPE) \
	F(qe_svn, NULL, 2, FIELD_NUMBER, CELLA_FACT_QE_SVN) \
	F(pce_svn, NULL, 2, FIELD_NUMBER, CELLA_FACT_PCE_SVN) \
	F(vendor_id, NULL, 16, FIELD_BYTES, CELLA_FACT_VENDOR_ID) \
	F(user_data, NULL, 20, FIELD_BYTES, CELLA_FACT_USER_DATA)

#define QUOTE_HEADER_V4(F) \
	F(version, NULL, 2, FIELD_NUMBER, CELLA_FACT_QUOTE_VERSION) \
	F(att_key_type, NULL, 2, FIELD_NUMBER, CELLA_FACT_ATT_KEY_TYPE) \
	F(tee_type, NULL, 4, FIELD_NUMBER, CELLA_FACT_TEE_TYPE) \
	F(reserved, NULL, 4, FIELD_RESERVED, CELLA_FACT_NONE) \
	F(vendor_id, NULL, 16, FIELD_BYTES, CELLA_FACT_VENDOR_ID) \
	F(user_data, NULL, 20, FIELD_BYTES, CELLA_FACT_USER_DATA)

#define QUOTE_HEADER_V5(F) \
	QUOTE_HEADER_V4(F) \
	F(body_type, NULL, 2, FIELD_NUMBER, CELLA_FACT_BODY_TYPE) \
	F(body_size, NULL, 4, FIELD_NUMBER, CELLA_FACT_NONE)

struct quote_header_v3 {
	QUOTE_HEADER_V3(FIELD_MEMBER)
};
struct quote_header_v4 {
	QUOTE_HEADER_V4(FIELD_MEMBER)
};
struct quote_header_v5 {
	QUOTE_HEADER_V5(FIELD_MEMBER)
};
_Static_assert(sizeof(struct quote_header_v3) == QUOTE_HEADER_LEN,
	       "rows cover the header");
_Static_assert(sizeof(struct quote_header_v4) == QUOTE_HEADER_LEN,
	       "rows cover the header");
_Static_assert(sizeof(struct quote_header_v5) == QUOTE_HEADER_LEN + 6,
	       "and its descriptor");

#define ROW_V3(...) FIELD_ROW(quote_header_v3, __VA_ARGS__)
#define ROW_V4(...) FIELD_ROW(quote_header_v4, __VA_ARGS__)
#define ROW_V5(...) FIELD_ROW(quote_header_v5, __VA_ARGS__)

static const struct field header_v3_fields[] = { QUOTE_HEADER_V3(ROW_V3) };
static const struct field header_v4_fields[] = { QUOTE_HEADER_V4(ROW_V4) };
static const struct field header_v5_fields[] = { QUOTE_HEADER_V5(ROW_V5) };

static const struct layout header_layouts[] = {
	[3] = { "header", header_v3_fields, ARRAY_LEN(header_v3_fields),
		sizeof(struct quote_header_v3) },
	[4] = { "header", header_v4_fields, ARRAY_LEN(header_v4_fields),
		sizeof(struct quote_header_v4) },
	[5] = { "header", header_v5_fields, ARRAY_LEN(header_v5_fields),
		sizeof(struct quote_header_v5) },
};

static const struct layout *const body_layouts[] = {
	[QUOTE_BODY_SGX] = &sgx_report_layout,
	[QUOTE_BODY_TD_10] = &td_body_10_layout,
	[QUOTE_BODY_TD_15] = &td_body_15_layout,
	[QUOTE_BODY_TD_15EX] = &td_body_15ex_layout,
};

static enum cella_status unsupported(struct cella_error *err, size_t offset,
				     const char *field, const char *expected,
				     unsigned long found)
{
	return error_at(err, CELLA_UNSUPPORTED, offset,
			"quote: header.%s: expected %s, found %lu (offset %zu)", field,
			expected, found, offset);
}

static enum cella_status check_tee_type(const struct quote *q, struct cella_error *err)
{
	const size_t offset = offsetof(struct quote_header_v4, tee_type);

	if (q->tee_type != TEE_TYPE_SGX && q->tee_type != TEE_TYPE_TDX)
		return unsupported(err, offset, "tee_type", "0 (SGX) or 129 (TDX)",
				   q->tee_type);
	if (q->version == 3 && q->tee_type != TEE_TYPE_SGX)
		return error_at(
			err, CELLA_MALFORMED, offset,
			"quote: header.tee_type: a quote of version 3 is SGX (0), "
			"not %lu (offset %zu)",
			(unsigned long)q->tee_type, offset);
	return CELLA_OK;
}

static enum cella_status read_header(struct in *in, struct quote *q,
				     struct cella_error *err)
{
	struct cella_bytes vendor;
	uint16_t att_key_type;

	q->version = in_u16le(in, "header.version");
	TRY(in_status(in, err));
	if (q->version < 3 || q->version > 5)
		return unsupported(err, 0, "version", "3, 4 or 5", q->version);
	att_key_type = in_u16le(in, "header.att_key_type");
	TRY(in_status(in, err));
	if (att_key_type != ATT_KEY_ECDSA_P256)
		return unsupported(err, offsetof(struct quote_header_v4, att_key_type),
				   "att_key_type", "2 (ECDSA on P-256)", att_key_type);
	q->tee_type = in_u32le(in, "header.tee_type");
	TRY(in_status(in, err));
	TRY(check_tee_type(q, err));
	in_skip(in, 4, q->version == 3 ? "header.qe_svn" : "header.reserved");
	vendor = in_bytes(in, sizeof intel_vendor_id, "header.vendor_id");
	in_skip(in, 20, "header.user_data");
	TRY(in_status(in, err));
	if (memcmp(vendor.data, intel_vendor_id, sizeof intel_vendor_id) != 0)
		return error_at(err, CELLA_UNSUPPORTED,
				offsetof(struct quote_header_v4, vendor_id),
				"quote: header.vendor_id: not Intel's quoting enclave "
				"(offset %zu)",
				offsetof(struct quote_header_v4, vendor_id));
	q->header_layout = &header_layouts[q->version];
	return CELLA_OK;
}

/* Version 5 describes its body; the others imply it. */
static enum cella_status read_body(struct in *in, struct quote *q,
				   struct cella_error *err)
{
	const bool is_tdx = q->tee_type == TEE_TYPE_TDX;
	const size_t start = in_offset(in);
	uint32_t type = is_tdx ? QUOTE_BODY_TD_10 : QUOTE_BODY_SGX;
	uint32_t size;

	if (q->version == 5) {
		type = in_u16le(in, "body.type");
		TRY(in_status(in, err));
		if (type < QUOTE_BODY_SGX || type > QUOTE_BODY_TD_15EX)
			return error_at(err, CELLA_UNSUPPORTED, QUOTE_HEADER_LEN,
					"quote: body.type: expected 1 to 4, found %u "
					"(offset %d)",
					type, QUOTE_HEADER_LEN);
		if ((type != QUOTE_BODY_SGX) != is_tdx)
			in_fail_at(in, start, "body.type",
				   "does not belong to the header's tee_type");
		size = in_u32le(in, "body.size");
		if (size != body_layouts[type]->size)
			in_fail_at(in, start + 2, "body.size",
				   "is not the size of a body of this type");
		TRY(in_status(in, err));
	}
	q->body_type = (enum quote_body)type;
	q->body_layout = body_layouts[type];
	q->body = in_bytes(in, q->body_layout->size, "body");
	TRY(in_status(in, err));
	q->signed_region = bytes_slice(q->raw, 0, in_offset(in));
	return CELLA_OK;
}

/* The size of a certification data type, or 0 when it varies. */
static bool cert_data_len_fits(uint16_t type, size_t len)
{
	switch (type) {
	case CERT_DATA_PPID_CLEAR:
		return len == 36 || len == 34;
	case CERT_DATA_PPID_RSA2048:
		return len == 276;
	case CERT_DATA_PPID_RSA3072:
		return len == 404;
	case CERT_DATA_PCK_LEAF:
	case CERT_DATA_PCK_CHAIN:
	case CERT_DATA_PLATFORM_MANIFEST:
		return len > 0;
	}
	return false;
}

/* Certification data that is not another QE report: the innermost one. */
static enum cella_status read_cert_data(struct in *in, struct quote *q,
					struct cella_error *err)
{
	const size_t offset = in_offset(in);
	const uint16_t type = in_u16le(in, "cert_data.type");
	const uint32_t len = in_u32le(in, "cert_data.size");

	TRY(in_status(in, err));
	if (type == CERT_DATA_QE_REPORT)
		return error_at(err, CELLA_MALFORMED, offset,
				"quote: cert_data.type: 6 (QE report) cannot stand here "
				"(offset %zu)",
				offset);
	if (type < CERT_DATA_PPID_CLEAR || type > CERT_DATA_PLATFORM_MANIFEST)
		return error_at(err, CELLA_UNSUPPORTED, offset,
				"quote: cert_data.type: expected 1 to 5 or 7, found %u "
				"(offset %zu)",
				type, offset);
	q->cert_type = (enum cert_data_type)type;
	q->cert_data = in_bytes(in, len, "cert_data.data");
	if (!cert_data_len_fits(type, len))
		in_fail_at(in, offset + 2, "cert_data.size",
			   "is not the size of data of this type");
	return in_status(in, err);
}

/* The QE's report, its signature, its authentication data and what certifies its key. */
static enum cella_status read_qe_report(struct in *in, struct quote *q,
					struct cella_error *err)
{
	uint16_t auth_len;

	q->qe_report = in_bytes(in, SGX_REPORT_BODY_LEN, "qe_report");
	q->qe_report_signature = in_bytes(in, 64, "qe_report_signature");
	auth_len = in_u16le(in, "auth_data.size");
	TRY(in_status(in, err));
	q->auth_data = in_bytes(in, auth_len, "auth_data");
	TRY(in_status(in, err));
	TRY(read_cert_data(in, q, err));
	in_end(in, "cert_data");
	return in_status(in, err);
}

static enum cella_status read_nested_qe_report(struct in *in, struct quote *q,
					       struct cella_error *err)
{
	const size_t offset = in_offset(in);
	const uint16_t type = in_u16le(in, "cert_data.type");
	const uint32_t len = in_u32le(in, "cert_data.size");
	struct in nested;

	TRY(in_status(in, err));
	if (type != CERT_DATA_QE_REPORT)
		return error_at(
			err, CELLA_MALFORMED, offset,
			"quote: cert_data.type: version %u has 6 (QE report) here, "
			"not %u (offset %zu)",
			q->version, type, offset);
	nested = in_sub(in, len, "cert_data.data");
	TRY(read_qe_report(&nested, q, err));
	in_end(in, "signature_data");
	return in_status(in, err);
}

bool quote_names_vendor(struct cella_bytes bytes)
{
	const size_t at = offsetof(struct quote_header_v4, vendor_id);

	return bytes.len >= QUOTE_HEADER_LEN &&
	       memcmp(bytes.data + at, intel_vendor_id, sizeof intel_vendor_id) == 0;
}

enum cella_status quote_parse(struct cella_bytes bytes, struct quote *out,
			      struct cella_error *err)
{
	struct quote q = { .raw = bytes };
	struct in in;
	struct in data;
	uint32_t data_len;

	in_init(&in, bytes, "quote");
	TRY(read_header(&in, &q, err));
	TRY(read_body(&in, &q, err));
	data_len = in_u32le(&in, "signature_data.size");
	TRY(in_status(&in, err));
	data = in_sub(&in, data_len, "signature_data");
	q.signature = in_bytes(&data, 64, "signature");
	q.att_key = in_bytes(&data, 64, "attestation_key");
	TRY(in_status(&data, err));
	if (q.version == 3)
		TRY(read_qe_report(&data, &q, err));
	else
		TRY(read_nested_qe_report(&data, &q, err));
	q.tail = bytes_slice(bytes, in_offset(&in), in_left(&in));
	*out = q;
	return CELLA_OK;
}

enum cella_status quote_ppid(const struct quote *quote, struct cert_data_ppid *out,
			     struct cella_error *err)
{
	static const size_t ppid_lens[] = { [CERT_DATA_PPID_CLEAR] = 16,
					    [CERT_DATA_PPID_RSA2048] = 256,
					    [CERT_DATA_PPID_RSA3072] = 384 };
	struct cert_data_ppid ppid = { 0 };
	struct in in;

	if (quote->cert_type > CERT_DATA_PPID_RSA3072)
		return error_set(err, CELLA_USAGE, "certification data holds no PPID");
	in_init(&in, quote->cert_data, "certification data");
	ppid.ppid = in_bytes(&in, ppid_lens[quote->cert_type], "ppid");
	ppid.cpu_svn = in_bytes(&in, 16, "cpu_svn");
	ppid.pce_svn = in_u16le(&in, "pce_svn");
	ppid.has_pce_id = in_left(&in) > 0;
	if (ppid.has_pce_id)
		in_copy(&in, ppid.pce_id, 2, "pce_id");
	in_end(&in, "end");
	TRY(in_status(&in, err));
	*out = ppid;
	return CELLA_OK;
}
