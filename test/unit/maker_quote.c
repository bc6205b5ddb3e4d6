/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maker's quotes and JSON documents.
 */
#include "maker.h"

#include "support.h"

#include "base/encode.h"
#include "base/json.h"
#include "evidence/quote.h"

#include <stdlib.h>

static const uint8_t vendor_id[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
				       0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };

/* --- quotes -------------------------------------------------------------------------- */

static void write_signed_region(const struct maker *m, struct out *out)
{
	out_u16le(out, m->version);
	out_u16le(out, ATT_KEY_ECDSA_P256);
	out_u32le(out, m->tee_type);
	out_zeros(out, 4);
	out_bytes(out, vendor_id, sizeof vendor_id);
	out_zeros(out, 20);
	if (m->version == 5) {
		out_u16le(out, m->body_type);
		out_u32le(out, (uint32_t)m->body_layout->size);
	}
	out_bytes(out, m->body, m->body_layout->size);
}

static void sign(const struct maker *m, int key, struct cella_bytes message,
		 uint8_t signature[64])
{
	struct cella_error err = { 0 };

	CHECK_OK(private_key_sign(m->keys[key], message, signature, &err));
}

/* SHA-256(attestation key || authentication data), then zeros */
static void bind_key(struct maker *m)
{
	const struct cella_bytes parts[] = {
		private_key_point(m->keys[m->att_key]),
		bytes_of(m->auth_data, m->auth_len),
	};
	uint8_t *const report_data = maker_qe_field(m, "report_data");
	struct cella_error err = { 0 };

	memset(report_data, 0, 64);
	CHECK_OK(crypto_digest(CRYPTO_SHA256, parts, 2, report_data, &err));
}

static void write_qe_part(const struct maker *m, struct out *out)
{
	const struct cella_bytes cert_data =
		m->cert_data.len > 0 ? m->cert_data : out_view(&m->pck_chain);
	uint8_t signature[64];

	sign(m, m->qe_key, bytes_of(m->qe_report, sizeof m->qe_report), signature);
	out_bytes(out, m->qe_report, sizeof m->qe_report);
	out_bytes(out, signature, sizeof signature);
	out_u16le(out, m->auth_len);
	out_bytes(out, m->auth_data, m->auth_len);
	out_u16le(out, m->cert_type);
	out_u32le(out, (uint32_t)cert_data.len);
	out_bytes(out, cert_data.data, cert_data.len);
}

void maker_quote(struct maker *m)
{
	const struct cella_bytes point = private_key_point(m->keys[m->att_key]);
	struct out qe_part = { 0 };
	uint8_t signature[64];

	if (!m->keep_qe_data)
		bind_key(m);
	write_qe_part(m, &qe_part);
	out_done(&m->quote);
	write_signed_region(m, &m->quote);
	sign(m, m->quote_key, out_view(&m->quote), signature);
	out_u32le(&m->quote,
		  (uint32_t)(64 + 64 + (m->version > 3 ? 6 : 0) + qe_part.len));
	out_bytes(&m->quote, signature, sizeof signature);
	out_bytes(&m->quote, point.data, point.len);
	if (m->version > 3) {
		out_u16le(&m->quote, CERT_DATA_QE_REPORT);
		out_u32le(&m->quote, (uint32_t)qe_part.len);
	}
	out_bytes(&m->quote, qe_part.data, qe_part.len);
	out_done(&qe_part);
}

/* --- documents ----------------------------------------------------------------------- */

/* A pair of digits again and again, or digits that are long enough already. */
static void write_hex(struct out *out, const char *name, const char *digits, size_t len)
{
	out_format(out, "\"%s\":\"", name);
	for (size_t i = 0; i < 2 * len; i += strlen(digits))
		out_text(out, digits);
	out_text(out, "\"");
}

/* The second TDX component is the module's major version, which levels leave at 0. */
static void write_components(struct out *out, const char *name, unsigned svn, bool is_tdx)
{
	out_format(out, "\"%s\":[", name);
	for (int i = 0; i < TCB_COMPONENTS; i++)
		out_format(out, "%s{\"svn\":%u}", i > 0 ? "," : "",
			   is_tdx && i == 1 ? 0 : svn);
	out_text(out, "]");
}

static void write_standing(struct out *out, const char *status, const char *date,
			   const char *advisories)
{
	out_format(out, "\"tcbDate\":\"%s\",\"tcbStatus\":\"%s\"", date, status);
	if (*advisories != '\0')
		out_format(out, ",\"advisoryIDs\":[%s]", advisories);
	out_text(out, "}");
}

static void write_isv_levels(struct out *out, const struct make_isv_level *levels)
{
	out_text(out, "\"tcbLevels\":[");
	for (size_t i = 0; i < MAKER_MAX_LEVELS && levels[i].status != NULL; i++) {
		out_format(out, "%s{\"tcb\":{\"isvsvn\":%u},", i > 0 ? "," : "",
			   levels[i].isv_svn);
		write_standing(out, levels[i].status, levels[i].date,
			       levels[i].advisories);
	}
	out_text(out, "]");
}

static void write_head(struct out *out, const struct make_doc *doc, int version)
{
	out_format(out,
		   "{\"id\":\"%s\",\"version\":%d,\"issueDate\":\"%s\","
		   "\"nextUpdate\":\"%s\",\"tcbEvaluationDataNumber\":%u,",
		   doc->id, version, doc->from, doc->to, doc->number);
}

static void write_module(struct out *out, const struct maker *m)
{
	write_hex(out, "mrsigner", m->module_mrsigner, 48);
	out_text(out, ",");
	write_hex(out, "attributes", m->module_attributes, 8);
	out_text(out, ",");
	write_hex(out, "attributesMask", m->module_attributes_mask, 8);
}

static void write_tcb_info(struct out *out, const struct maker *m)
{
	char fmspc[2 * FMSPC_LEN + 1];
	char pce_id[2 * PCE_ID_LEN + 1];
	const bool is_tdx = strcmp(m->tcb_info.id, "TDX") == 0;

	write_head(out, &m->tcb_info, 3);
	out_format(out, "\"fmspc\":\"%s\",\"pceId\":\"%s\",\"tcbType\":0,",
		   hex_format(bytes_of(m->ext.fmspc, FMSPC_LEN), fmspc),
		   hex_format(bytes_of(m->ext.pce_id, PCE_ID_LEN), pce_id));
	if (is_tdx) {
		out_text(out, "\"tdxModule\":{");
		write_module(out, m);
		out_text(out, "},");
	}
	if (is_tdx && m->module_id != NULL) {
		out_format(out, "\"tdxModuleIdentities\":[{\"id\":\"%s\",", m->module_id);
		write_module(out, m);
		out_text(out, ",");
		write_isv_levels(out, m->module_levels);
		out_text(out, "}],");
	}
	out_text(out, "\"tcbLevels\":[");
	for (size_t i = 0; i < MAKER_MAX_LEVELS && m->levels[i].status != NULL; i++) {
		out_text(out, i > 0 ? ",{\"tcb\":{" : "{\"tcb\":{");
		write_components(out, "sgxtcbcomponents", m->levels[i].sgx, false);
		out_format(out, ",\"pcesvn\":%u", m->levels[i].pce);
		if (is_tdx) {
			out_text(out, ",");
			write_components(out, "tdxtcbcomponents", m->levels[i].tdx, true);
		}
		out_text(out, "},");
		write_standing(out, m->levels[i].status, m->levels[i].date,
			       m->levels[i].advisories);
	}
	out_text(out, "]}");
}

static void write_identity(struct out *out, const struct maker *m)
{
	write_head(out, &m->identity, 2);
	write_hex(out, "miscselect", "00", 4);
	out_text(out, ",");
	write_hex(out, "miscselectMask", "ff", 4);
	out_text(out, ",");
	write_hex(out, "attributes", "11000000000000000000000000000000", 16);
	out_text(out, ",");
	write_hex(out, "attributesMask", m->qe_attributes_mask, 16);
	out_text(out, ",");
	write_hex(out, "mrsigner", m->qe_mrsigner, 32);
	out_format(out, ",\"isvprodid\":%u,", m->qe_isv_prod_id);
	write_isv_levels(out, m->qe_levels);
	out_text(out, "}");
}

void maker_documents(struct maker *m)
{
	out_done(&m->tcb_info_text);
	out_done(&m->identity_text);
	if (m->tcb_info.text != NULL)
		out_text(&m->tcb_info_text, m->tcb_info.text);
	else
		write_tcb_info(&m->tcb_info_text, m);
	if (m->identity.text != NULL)
		out_text(&m->identity_text, m->identity.text);
	else
		write_identity(&m->identity_text, m);
	sign(m, m->tcb_info.key, out_view(&m->tcb_info_text), m->tcb_info_signature);
	sign(m, m->identity.key, out_view(&m->identity_text), m->identity_signature);
}

void maker_document(const char *member, const struct out *body,
		    const uint8_t signature[64], struct out *text)
{
	out_format(text, "{\"%s\":", member);
	out_bytes(text, body->data, body->len);
	out_text(text, ",\"signature\":\"");
	hex_write(text, bytes_of(signature, 64));
	out_text(text, "\"}");
}

static void put(json_t *bundle, const char *name, const struct out *text)
{
	if (text->len > 0)
		assert_int_equal(
			0, json_object_set_new(
				   bundle, name,
				   json_stringn((const char *)text->data, text->len)));
}

static void put_hex(json_t *bundle, const char *name, struct cella_bytes bytes)
{
	if (bytes.len > 0)
		assert_int_equal(0, json_object_set_new(bundle, name, json_hex(bytes)));
}

void maker_bundle(const struct maker *m, struct out *text)
{
	json_t *const bundle = json_object();
	char *written;

	put(bundle, "pck_crl_issuer_chain", &m->ca_chain);
	put_hex(bundle, "root_ca_crl", out_view(&m->crl_der[MAKER_ROOT_CRL]));
	put_hex(bundle, "pck_crl", out_view(&m->crl_der[MAKER_PCK_CRL]));
	put(bundle, "tcb_info_issuer_chain", &m->signing_chain);
	put(bundle, "tcb_info", &m->tcb_info_text);
	if (m->tcb_info_text.len > 0)
		put_hex(bundle, "tcb_info_signature",
			bytes_of(m->tcb_info_signature, 64));
	put(bundle, "qe_identity_issuer_chain", &m->signing_chain);
	put(bundle, "qe_identity", &m->identity_text);
	if (m->identity_text.len > 0)
		put_hex(bundle, "qe_identity_signature",
			bytes_of(m->identity_signature, 64));
	if (m->cert_data.len > 0)
		put(bundle, "pck_certificate_chain", &m->pck_chain);
	written = json_dumps(bundle, JSON_COMPACT);
	out_text(text, written);
	free(written);
	json_decref(bundle);
}
