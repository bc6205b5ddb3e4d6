/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making collateral: contents, signatures, and the forms it travels in.
 */
#include "sim/collateral.h"

#include "base/encode.h"
#include "fetch/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { DAY = 86400, DEFAULT_EVALUATION_NUMBER = 20 };

void sim_collateral_spec_init(struct sim_collateral_spec *spec, enum sim_tee tee,
			      int64_t time)
{
	const struct sim_span month = { time - DAY, time + 29 * DAY };
	const struct sim_span year = { time - 180 * DAY, time + 185 * DAY };

	*spec = (struct sim_collateral_spec){
		.tee = tee,
		.time = time,
		.platform = CELLA_TCB_UP_TO_DATE,
		.module = CELLA_TCB_UP_TO_DATE,
		.qe = CELLA_TCB_UP_TO_DATE,
		.evaluation_numbers = { DEFAULT_EVALUATION_NUMBER,
					DEFAULT_EVALUATION_NUMBER },
	};
	spec->dates[SIM_TCB_INFO] = month;
	spec->dates[SIM_QE_IDENTITY] = month;
	spec->dates[SIM_NUM_DOCUMENTS + SIM_ROOT_CRL] = year;
	spec->dates[SIM_NUM_DOCUMENTS + SIM_PCK_CRL] = month;
}

/* --- contents ------------------------------------------------------------------------ */

/* Which authority issues a list. */
static const enum sim_cert_id crl_issuers[SIM_NUM_CRLS] = {
	[SIM_ROOT_CRL] = SIM_ROOT,
	[SIM_PCK_CRL] = SIM_CA,
};

/* Whose list a certificate's revocation appears on. */
static const struct {
	enum sim_cert_id cert;
	enum sim_crl_id crl;
} revocations[] = {
	{ SIM_CA, SIM_ROOT_CRL },
	{ SIM_SIGNER, SIM_ROOT_CRL },
	{ SIM_PCK, SIM_PCK_CRL },
};

static void revoke(struct sim_crl_spec *crl, const uint8_t serial[SIM_SERIAL_LEN])
{
	memcpy(crl->revoked[crl->num_revoked++], serial, SIM_SERIAL_LEN);
}

/* Other platforms' certificates, so that the list is not empty. */
static enum cella_status revoke_others(struct sim_crl_spec *crl, struct cella_error *err)
{
	for (uint8_t i = 0; i < 3; i++) {
		uint8_t serial[SIM_SERIAL_LEN];

		TRY(sim_key_id(bytes_of(&i, 1), serial, err));
		revoke(crl, serial);
	}
	return CELLA_OK;
}

static enum cella_status describe_crl(const struct sim_platform *p,
				      const struct sim_collateral_spec *spec,
				      enum sim_crl_id id, struct sim_crl *out,
				      struct cella_error *err)
{
	const enum sim_cert_id issuer = crl_issuers[id];
	const struct sim_span *const dates = &spec->dates[SIM_NUM_DOCUMENTS + id];

	out->key = p->keys[issuer];
	out->spec = (struct sim_crl_spec){
		.issuer = p->certs[issuer].spec.subject,
		.this_update = dates->from,
		.next_update = dates->to,
		.number = 1,
	};
	memcpy(out->spec.issuer_key_id, p->certs[issuer].spec.key_id, SIM_KEY_ID_LEN);
	if (id == SIM_PCK_CRL)
		TRY(revoke_others(&out->spec, err));
	for (size_t i = 0; i < ARRAY_LEN(revocations); i++)
		if (revocations[i].crl == id && spec->revoked[revocations[i].cert])
			revoke(&out->spec, p->certs[revocations[i].cert].spec.serial);
	return CELLA_OK;
}

static enum cella_status fill(const struct sim_platform *p,
			      const struct sim_collateral_spec *spec,
			      struct sim_collateral *out, struct cella_error *err)
{
	static const enum sim_cert_id signer_chain[] = { SIM_SIGNER, SIM_ROOT };
	static const enum sim_cert_id ca_chain[] = { SIM_CA, SIM_ROOT };
	struct sim_document *const documents = out->documents;

	documents[SIM_TCB_INFO].json = sim_tcb_info_json(p, spec);
	documents[SIM_QE_IDENTITY].json = sim_qe_identity_json(p, spec);
	for (size_t i = 0; i < SIM_NUM_DOCUMENTS; i++) {
		if (documents[i].json == NULL)
			return error_nomem(err);
		documents[i].key = p->keys[SIM_SIGNER];
		sim_chain_write(p, signer_chain, ARRAY_LEN(signer_chain),
				&documents[i].chain);
		TRY(out_status(&documents[i].chain, err));
	}
	for (int i = 0; i < SIM_NUM_CRLS; i++)
		TRY(describe_crl(p, spec, (enum sim_crl_id)i, &out->crls[i], err));
	sim_chain_write(p, ca_chain, ARRAY_LEN(ca_chain), &out->pck_crl_chain);
	return out_status(&out->pck_crl_chain, err);
}

enum cella_status sim_collateral_init(const struct sim_platform *platform,
				      const struct sim_collateral_spec *spec,
				      struct sim_collateral *out, struct cella_error *err)
{
	enum cella_status status;

	*out = (struct sim_collateral){ .tee = spec->tee };
	status = fill(platform, spec, out, err);
	if (status != CELLA_OK)
		sim_collateral_done(out);
	return status;
}

void sim_collateral_done(struct sim_collateral *c)
{
	for (size_t i = 0; i < SIM_NUM_DOCUMENTS; i++) {
		json_decref(c->documents[i].json);
		out_done(&c->documents[i].text);
		out_done(&c->documents[i].chain);
	}
	for (size_t i = 0; i < SIM_NUM_CRLS; i++)
		out_done(&c->crls[i].der);
	out_done(&c->pck_crl_chain);
	out_done(&c->pck_chain);
	*c = (struct sim_collateral){ 0 };
}

enum cella_status sim_collateral_print(struct sim_collateral *c, struct cella_error *err)
{
	for (size_t i = 0; i < SIM_NUM_DOCUMENTS; i++) {
		char *text CLEANUP_FREE = NULL;

		TRY(json_write(c->documents[i].json, false, &text, err));
		out_done(&c->documents[i].text);
		out_text(&c->documents[i].text, text);
		TRY(out_status(&c->documents[i].text, err));
	}
	return CELLA_OK;
}

enum cella_status sim_collateral_sign(struct sim_collateral *c, struct cella_error *err)
{
	for (size_t i = 0; i < SIM_NUM_DOCUMENTS; i++) {
		struct sim_document *const doc = &c->documents[i];

		TRY(private_key_sign(doc->key, out_view(&doc->text), doc->signature,
				     err));
	}
	for (size_t i = 0; i < SIM_NUM_CRLS; i++) {
		out_done(&c->crls[i].der);
		TRY(sim_crl_issue(&c->crls[i].spec, c->crls[i].key, &c->crls[i].der,
				  err));
	}
	return CELLA_OK;
}

enum cella_status sim_collateral_make(const struct sim_platform *platform,
				      const struct sim_collateral_spec *spec,
				      struct sim_collateral *out, struct cella_error *err)
{
	struct sim_collateral made CLEANUP(sim_collateral_done) = { 0 };

	TRY(sim_collateral_init(platform, spec, &made, err));
	TRY(sim_collateral_print(&made, err));
	TRY(sim_collateral_sign(&made, err));
	*out = made;
	made = (struct sim_collateral){ 0 };
	return CELLA_OK;
}

/* --- one JSON object ----------------------------------------------------------------- */

void sim_json_text(struct out *out, struct cella_bytes text)
{
	out_u8(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.data[i];

		if (c == '"' || c == '\\')
			out_u8(out, '\\');
		if (c == '\n')
			out_text(out, "\\n");
		else if (c < 0x20)
			out_format(out, "\\u%04x", c);
		else
			out_u8(out, c);
	}
	out_u8(out, '"');
}

static void put_text(struct out *out, const char *name, struct cella_bytes text)
{
	out_format(out, "%s\n  \"%s\": ", out->len > 1 ? "," : "", name);
	sim_json_text(out, text);
}

static void put_hex(struct out *out, const char *name, struct cella_bytes bytes)
{
	struct out digits CLEANUP(out_done) = { 0 };

	hex_write(&digits, bytes);
	put_text(out, name, out_view(&digits));
	out->failed = out->failed || digits.failed;
}

static void put_document(struct out *out, const struct sim_document *doc,
			 const char *name, const char *chain_name, const char *sig_name)
{
	put_text(out, chain_name, out_view(&doc->chain));
	put_text(out, name, out_view(&doc->text));
	put_hex(out, sig_name, bytes_of(doc->signature, sizeof doc->signature));
}

enum cella_status sim_collateral_write(const struct sim_collateral *c, struct out *out,
				       struct cella_error *err)
{
	struct out object CLEANUP(out_done) = { 0 };

	out_u8(&object, '{');
	put_text(&object, "pck_crl_issuer_chain", out_view(&c->pck_crl_chain));
	put_hex(&object, "root_ca_crl", out_view(&c->crls[SIM_ROOT_CRL].der));
	put_hex(&object, "pck_crl", out_view(&c->crls[SIM_PCK_CRL].der));
	put_document(&object, &c->documents[SIM_TCB_INFO], "tcb_info",
		     "tcb_info_issuer_chain", "tcb_info_signature");
	put_document(&object, &c->documents[SIM_QE_IDENTITY], "qe_identity",
		     "qe_identity_issuer_chain", "qe_identity_signature");
	if (c->pck_chain.len > 0)
		put_text(&object, "pck_certificate_chain", out_view(&c->pck_chain));
	out_text(&object, "\n}\n");
	TRY(out_status(&object, err));
	out_bytes(out, object.data, object.len);
	return out_status(out, err);
}

/* --- raw responses ------------------------------------------------------------------- */

/* RFC 3986 section 2.3: everything but the unreserved characters. */
static void percent_encode(struct out *out, struct cella_bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.data[i];
		const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
				      (c >= 'a' && c <= 'z') || strchr("-._~", c) != NULL;

		if (is_plain && c != '\0')
			out_u8(out, c);
		else
			out_format(out, "%%%02X", c);
	}
}

static void write_response(struct out *out, const char *type, const char *chain_name,
			   struct cella_bytes chain, struct cella_bytes body)
{
	out_format(out, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
		   type, body.len);
	if (chain_name != NULL) {
		out_format(out, "%s: ", chain_name);
		percent_encode(out, chain);
		out_text(out, "\r\n");
	}
	out_text(out, "\r\n");
	out_bytes(out, body.data, body.len);
}

static enum cella_status save_response(const char *dir, const char *name,
				       const struct out *response,
				       struct cella_error *err)
{
	char path[4096];

	TRY(out_status(response, err));
	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
		return error_set(err, CELLA_LIMIT, "%s: path is too long", dir);
	return file_write(path, out_view(response), 0644, err);
}

static enum cella_status save_document(const struct sim_document *doc, const char *dir,
				       const char *name, const char *member,
				       const char *chain_name, struct cella_error *err)
{
	struct out body CLEANUP(out_done) = { 0 };
	struct out response CLEANUP(out_done) = { 0 };

	out_format(&body, "{\"%s\":", member);
	out_bytes(&body, doc->text.data, doc->text.len);
	out_text(&body, ",\"signature\":\"");
	hex_write(&body, bytes_of(doc->signature, sizeof doc->signature));
	out_text(&body, "\"}");
	TRY(out_status(&body, err));
	write_response(&response, "application/json", chain_name, out_view(&doc->chain),
		       out_view(&body));
	return save_response(dir, name, &response, err);
}

static enum cella_status save_lists(const struct sim_collateral *c, const char *dir,
				    struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };
	struct out pck CLEANUP(out_done) = { 0 };
	struct out root CLEANUP(out_done) = { 0 };

	pem_write(&pem, "X509 CRL", out_view(&c->crls[SIM_PCK_CRL].der));
	TRY(out_status(&pem, err));
	write_response(&pck, "application/x-pem-file", "SGX-PCK-CRL-Issuer-Chain",
		       out_view(&c->pck_crl_chain), out_view(&pem));
	TRY(save_response(dir, "pckcrl.http", &pck, err));
	write_response(&root, "application/pkix-crl", NULL, bytes_of(NULL, 0),
		       out_view(&c->crls[SIM_ROOT_CRL].der));
	return save_response(dir, "rootcacrl.http", &root, err);
}

enum cella_status sim_collateral_save(const struct sim_collateral *c, const char *dir,
				      struct cella_error *err)
{
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return error_errno(err, errno, "%s", dir);
	TRY(save_lists(c, dir, err));
	TRY(save_document(&c->documents[SIM_TCB_INFO], dir, "tcb.http", "tcbInfo",
			  "TCB-Info-Issuer-Chain", err));
	return save_document(&c->documents[SIM_QE_IDENTITY], dir, "qe_identity.http",
			     "enclaveIdentity", "SGX-Enclave-Identity-Issuer-Chain", err);
}
