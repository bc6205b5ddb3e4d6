/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making quotes: what the quoting enclave does.
 */
#include "sim/quote.h"

#include <string.h>

static const uint8_t vendor_id[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
				       0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };

static const enum sim_cert_id pck_chain[] = { SIM_PCK, SIM_CA, SIM_ROOT };

static const struct layout *const layouts[] = {
	[QUOTE_BODY_SGX] = &sgx_report_layout,
	[QUOTE_BODY_TD_10] = &td_body_10_layout,
	[QUOTE_BODY_TD_15] = &td_body_15_layout,
	[QUOTE_BODY_TD_15EX] = &td_body_15ex_layout,
};

static void put_u16(uint8_t *place, uint16_t value)
{
	place[0] = (uint8_t)value;
	place[1] = (uint8_t)(value >> 8);
}

static void fill_header(const struct sim_platform *p, struct sim_quote *q,
			enum sim_tee tee)
{
	put_u16(q->header + SIM_HEADER_VERSION, q->version);
	put_u16(q->header + SIM_HEADER_ATT_KEY_TYPE, ATT_KEY_ECDSA_P256);
	q->header[SIM_HEADER_TEE_TYPE] = tee == SIM_TDX ? TEE_TYPE_TDX : TEE_TYPE_SGX;
	if (q->version == 3) {
		put_u16(q->header + SIM_HEADER_QE_SVN, p->config.qe_isv_svn);
		put_u16(q->header + SIM_HEADER_PCE_SVN, p->config.pce_svn);
	}
	memcpy(q->header + SIM_HEADER_VENDOR_ID, vendor_id, sizeof vendor_id);
	memcpy(q->header + SIM_HEADER_USER_DATA, p->qe_id, sizeof p->qe_id);
}

enum cella_status sim_qe_mrsigner(enum sim_tee tee, uint8_t out[32],
				  struct cella_error *err)
{
	uint8_t report[SGX_REPORT_BODY_LEN] = { 0 };
	size_t len = 0;

	TRY(sim_measure(&sgx_report_layout, report, "mrsigner",
			tee == SIM_TDX ? "TD quoting enclave's signer"
				       : "quoting enclave's signer",
			err));
	memcpy(out, sim_field(&sgx_report_layout, report, "mrsigner", &len), 32);
	return CELLA_OK;
}

static enum cella_status fill_qe_report(const struct sim_platform *p, enum sim_tee tee,
					uint8_t report[SGX_REPORT_BODY_LEN],
					struct cella_error *err)
{
	static const uint8_t attributes[16] = {
		0x15, [8] = 0xe7
	}; /* and PROVISION_KEY */
	const struct layout *const layout = &sgx_report_layout;
	size_t len = 0;

	memcpy(sim_field(layout, report, "cpu_svn", &len), p->pck_ext.cpu_svn, 16);
	memcpy(sim_field(layout, report, "attributes", &len), attributes, 16);
	TRY(sim_measure(layout, report, "mrenclave",
			tee == SIM_TDX ? "TD quoting enclave" : "quoting enclave", err));
	TRY(sim_qe_mrsigner(tee, sim_field(layout, report, "mrsigner", &len), err));
	put_u16(sim_field(layout, report, "isv_prod_id", &len),
		tee == SIM_TDX ? SIM_TD_QE_PROD_ID : SIM_QE_PROD_ID);
	put_u16(sim_field(layout, report, "isv_svn", &len),
		tee == SIM_TDX ? p->config.td_qe_isv_svn : p->config.qe_isv_svn);
	return CELLA_OK;
}

static bool goes_together(uint16_t version, enum quote_body body)
{
	return (version == 3 && body == QUOTE_BODY_SGX) ||
	       (version == 4 && (body == QUOTE_BODY_TD_10 || body == QUOTE_BODY_SGX)) ||
	       (version == 5 && body >= QUOTE_BODY_SGX && body <= QUOTE_BODY_TD_15EX);
}

enum cella_status sim_quote_init(const struct sim_platform *p, uint16_t version,
				 enum quote_body body, struct sim_quote *out,
				 struct cella_error *err)
{
	const enum sim_tee tee = body == QUOTE_BODY_SGX ? SIM_SGX : SIM_TDX;

	if (!goes_together(version, body))
		return error_set(err, CELLA_USAGE,
				 "quote: version %u has no body of type %d", version,
				 (int)body);
	*out = (struct sim_quote){
		.version = version,
		.body_type = (uint16_t)body,
		.body_layout = layouts[body],
		.body_len = layouts[body]->size,
		.auth_data_len = SIM_AUTH_DATA_LEN,
		.outer_type = CERT_DATA_QE_REPORT,
		.attestation_key = p->keys[SIM_ATTESTATION],
		.pck_key = p->keys[SIM_PCK],
	};
	fill_header(p, out, tee);
	memcpy(out->body, tee == SIM_TDX ? p->td_body : p->sgx_body, out->body_len);
	TRY(fill_qe_report(p, tee, out->qe_report, err));
	for (uint8_t i = 0; i < SIM_AUTH_DATA_LEN; i++)
		out->auth_data[i] = i;
	return sim_quote_set_cert_data(out, p, CERT_DATA_PCK_CHAIN, err);
}

void sim_quote_done(struct sim_quote *quote)
{
	out_done(&quote->cert_data);
	out_done(&quote->tail);
}

uint8_t *sim_quote_body_field(struct sim_quote *quote, const char *name, size_t *len)
{
	return sim_field(quote->body_layout, quote->body, name, len);
}

/* --- certification data -------------------------------------------------------------- */

/* The PPID in the clear, or bytes in the place of an encrypted one: nobody decrypts it. */
static enum cella_status write_ppid(const struct sim_platform *p, size_t len,
				    struct out *out, struct cella_error *err)
{
	const struct pck_ext *const ext = &p->pck_ext;
	uint8_t block[SHA256_LEN];

	if (len == PPID_LEN) {
		out_bytes(out, ext->ppid, PPID_LEN);
	} else {
		TRY(crypto_sha256(bytes_of(ext->ppid, PPID_LEN), block, err));
		for (size_t at = 0; at < len; at += SHA256_LEN) {
			out_bytes(out, block, SHA256_LEN);
			TRY(crypto_sha256(bytes_of(block, SHA256_LEN), block, err));
		}
	}
	out_bytes(out, ext->cpu_svn, sizeof ext->cpu_svn);
	out_u16le(out, ext->pce_svn);
	out_bytes(out, ext->pce_id, PCE_ID_LEN);
	return out_status(out, err);
}

enum cella_status sim_quote_set_cert_data(struct sim_quote *quote,
					  const struct sim_platform *platform,
					  enum cert_data_type type,
					  struct cella_error *err)
{
	struct out *const data = &quote->cert_data;

	out_done(data);
	quote->cert_type = (uint16_t)type;
	switch (type) {
	case CERT_DATA_PPID_CLEAR:
		return write_ppid(platform, PPID_LEN, data, err);
	case CERT_DATA_PPID_RSA2048:
		return write_ppid(platform, 256, data, err);
	case CERT_DATA_PPID_RSA3072:
		return write_ppid(platform, 384, data, err);
	case CERT_DATA_PCK_LEAF:
		sim_chain_write(platform, pck_chain, 1, data);
		return out_status(data, err);
	case CERT_DATA_PCK_CHAIN:
		sim_chain_write(platform, pck_chain, ARRAY_LEN(pck_chain), data);
		out_u8(data, 0);
		return out_status(data, err);
	case CERT_DATA_QE_REPORT:
	case CERT_DATA_PLATFORM_MANIFEST:
		break;
	}
	return error_set(err, CELLA_USAGE,
			 "quote: certification data of type %d: only 1 to 5 are made",
			 (int)type);
}

/* --- signing and writing ------------------------------------------------------------- */

enum cella_status sim_quote_bind(struct sim_quote *q, struct cella_error *err)
{
	const struct cella_bytes point = private_key_point(q->attestation_key);
	const struct cella_bytes parts[] = { point,
					     bytes_of(q->auth_data, q->auth_data_len) };
	size_t len = 0;
	uint8_t *const report_data =
		sim_field(&sgx_report_layout, q->qe_report, "report_data", &len);

	memcpy(q->attestation_point, point.data, P256_POINT_LEN);
	memset(report_data, 0, len);
	return crypto_digest(CRYPTO_SHA256, parts, ARRAY_LEN(parts), report_data, err);
}

/* A length as it is declared. */
static uint32_t told(const struct sim_quote *q, enum sim_quote_len which, size_t len)
{
	return (uint32_t)((int64_t)len + q->len_errors[which]);
}

static void write_signed_region(const struct sim_quote *q, struct out *out)
{
	out_bytes(out, q->header, sizeof q->header);
	if (q->version >= 5) {
		out_u16le(out, q->body_type);
		out_u32le(out, told(q, SIM_LEN_BODY, q->body_len));
	}
	out_bytes(out, q->body, q->body_len);
}

enum cella_status sim_quote_sign(struct sim_quote *q, struct cella_error *err)
{
	struct out region CLEANUP(out_done) = { 0 };

	write_signed_region(q, &region);
	TRY(out_status(&region, err));
	TRY(private_key_sign(q->pck_key, bytes_of(q->qe_report, sizeof q->qe_report),
			     q->qe_signature, err));
	return private_key_sign(q->attestation_key, out_view(&region), q->signature, err);
}

/* The QE's report and what certifies it. */
static void write_qe_report(const struct sim_quote *q, struct out *out)
{
	out_bytes(out, q->qe_report, sizeof q->qe_report);
	out_bytes(out, q->qe_signature, sizeof q->qe_signature);
	out_u16le(out, (uint16_t)told(q, SIM_LEN_AUTH_DATA, q->auth_data_len));
	out_bytes(out, q->auth_data, q->auth_data_len);
	out_u16le(out, q->cert_type);
	out_u32le(out, told(q, SIM_LEN_CERT_DATA, q->cert_data.len));
	out_bytes(out, q->cert_data.data, q->cert_data.len);
}

static void write_signature_data(const struct sim_quote *q, struct out *out)
{
	struct out qe CLEANUP(out_done) = { 0 };

	write_qe_report(q, &qe);
	out_bytes(out, q->signature, sizeof q->signature);
	out_bytes(out, q->attestation_point, sizeof q->attestation_point);
	if (q->version > 3) {
		out_u16le(out, q->outer_type);
		out_u32le(out, told(q, SIM_LEN_OUTER, qe.len));
	}
	out_bytes(out, qe.data, qe.len);
	out->failed = out->failed || qe.failed;
}

enum cella_status sim_quote_write(const struct sim_quote *q, struct out *out,
				  struct cella_error *err)
{
	struct out data CLEANUP(out_done) = { 0 };

	write_signature_data(q, &data);
	TRY(out_status(&data, err));
	write_signed_region(q, out);
	out_u32le(out, told(q, SIM_LEN_SIGNATURE_DATA, data.len));
	out_bytes(out, data.data, data.len);
	out_bytes(out, q->tail.data, q->tail.len);
	return out_status(out, err);
}

enum cella_status sim_quote_finish(struct sim_quote *q, struct out *out,
				   struct cella_error *err)
{
	TRY(sim_quote_bind(q, err));
	TRY(sim_quote_sign(q, err));
	return sim_quote_write(q, out, err);
}
