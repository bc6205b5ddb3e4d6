/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key in HCL reports (Azure's paravisor) and TPM quotes (TPM 2.0 Library, part 2: TPMS_ATTEST with
 * TPMS_QUOTE_INFO, big endian).
 */
#include "evidence/vtpm.h"

#include "base/encode.h"
#include "base/json.h"
#include "evidence/hcl_report.h"
#include "evidence/tpm_attest.h"

#include <string.h>

/* --- the runtime data of HCL reports ------------------------------------------------- */

enum { HCL_MAX_KEYS = 16 };

static const char ak_name[] = "HCLAkPub";

/* The key's modulus; its exponent must be the usual one. */
static enum cella_status read_ak(struct cella_vtpm *vtpm, const json_t *key,
				 struct cella_error *err)
{
	struct raw {
		const char *kty, *n, *e;
	} raw;
	static const struct json_field fields[] = {
		{ "kty", JSON_FIELD_TEXT, offsetof(struct raw, kty), 0, false },
		{ "n", JSON_FIELD_TEXT, offsetof(struct raw, n), 0, false },
		{ "e", JSON_FIELD_TEXT, offsetof(struct raw, e), 0, false },
	};
	struct out modulus CLEANUP(out_done) = { 0 };

	TRY(json_read(key, fields, ARRAY_LEN(fields), &raw, "runtime data: HCLAkPub",
		      err));
	if (strcmp(raw.kty, "RSA") != 0 || strcmp(raw.e, "AQAB") != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "runtime data: HCLAkPub: is not an RSA key with the "
				 "exponent 65537");
	TRY(base64url_append(bytes_of(raw.n, strlen(raw.n)), &modulus,
			     "runtime data: HCLAkPub: n", err));
	if (modulus.len < RSA_MODULUS_MIN || modulus.len > RSA_MODULUS_MAX)
		return error_set(err, CELLA_UNSUPPORTED,
				 "runtime data: HCLAkPub: n: %zu bytes, not %d to %d",
				 modulus.len, RSA_MODULUS_MIN, RSA_MODULUS_MAX);
	memcpy(vtpm->modulus, modulus.data, modulus.len);
	vtpm->modulus_len = modulus.len;
	return CELLA_OK;
}

static enum cella_status find_ak(struct cella_vtpm *vtpm, const json_t *keys,
				 struct cella_error *err)
{
	const json_t *ak = NULL;

	if (json_array_size(keys) > HCL_MAX_KEYS)
		return error_set(err, CELLA_LIMIT, "runtime data: %zu keys, at most %d",
				 json_array_size(keys), HCL_MAX_KEYS);
	for (size_t i = 0; i < json_array_size(keys); i++) {
		const json_t *const key = json_array_get(keys, i);
		const char *const kid = json_string_value(json_object_get(key, "kid"));

		if (kid == NULL || strcmp(kid, ak_name) != 0)
			continue;
		if (ak != NULL)
			return error_set(err, CELLA_MALFORMED,
					 "runtime data: two keys HCLAkPub");
		ak = key;
	}
	if (ak == NULL)
		return error_set(err, CELLA_MALFORMED,
				 "runtime data: has no key HCLAkPub");
	return read_ak(vtpm, ak, err);
}

static enum cella_status read_runtime_data(struct cella_vtpm *vtpm,
					   struct cella_error *err)
{
	static const struct json_field fields[] = {
		{ "keys", JSON_FIELD_ARRAY, 0, 0, false },
	};
	json_t *root CLEANUP_JSON = NULL;
	const json_t *keys = NULL;

	TRY(json_parse(vtpm->runtime_data, "runtime data", &root, err));
	TRY(json_read(root, fields, ARRAY_LEN(fields), &keys, "runtime data", err));
	return find_ak(vtpm, keys, err);
}

/* --- TPM quotes ---------------------------------------------------------------------- */

static enum cella_status read_attest(struct cella_vtpm *vtpm, struct cella_error *err)
{
	struct tpm_attest attest;

	TRY(tpm_attest_read(bytes_of(vtpm->message, vtpm->message_len), &attest, err));
	vtpm->nonce = attest.nonce;
	vtpm->selected = attest.selected;
	memcpy(vtpm->pcr_digest, attest.pcr_digest.data, SHA256_LEN);
	return CELLA_OK;
}

static enum cella_status read_hex(const char *text, const char *what, struct out *out,
				  struct cella_error *err)
{
	return hex_append(bytes_of(text, strlen(text)), out, what, err);
}

static enum cella_status read_pcrs(struct cella_vtpm *vtpm, const json_t *pcrs,
				   struct cella_error *err)
{
	if (json_array_size(pcrs) != NUM_PCRS)
		return error_set(err, CELLA_MALFORMED,
				 "tpm quote: pcrs: expected 24 values, found %zu",
				 json_array_size(pcrs));
	for (size_t i = 0; i < NUM_PCRS; i++) {
		const json_t *const value = json_array_get(pcrs, i);

		if (!json_is_string(value))
			return error_set(err, CELLA_MALFORMED,
					 "tpm quote: pcrs[%zu]: expected text, found %s",
					 i, json_type_name(value));
		TRY(hex_read(
			bytes_of(json_string_value(value), json_string_length(value)),
			vtpm->pcrs[i], SHA256_LEN, "tpm quote: pcrs", err));
	}
	return CELLA_OK;
}

static enum cella_status take_quote(struct cella_vtpm *vtpm, const char *signature,
				    const char *message, struct cella_error *err)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct out attest CLEANUP(out_done) = { 0 };

	TRY(read_hex(signature, "tpm quote: signature", &bytes, err));
	if (bytes.len > RSA_MODULUS_MAX)
		return error_set(err, CELLA_MALFORMED,
				 "tpm quote: signature: %zu bytes, at most %d", bytes.len,
				 RSA_MODULUS_MAX);
	if (bytes.len > 0)
		memcpy(vtpm->signature, bytes.data, bytes.len);
	vtpm->signature_len = bytes.len;
	TRY(read_hex(message, "tpm quote: message", &attest, err));
	vtpm->message_len = attest.len;
	vtpm->message = take(&attest.data);
	return read_attest(vtpm, err);
}

static enum cella_status read_tpm_quote(struct cella_vtpm *vtpm, struct cella_bytes json,
					struct cella_error *err)
{
	struct raw {
		const char *signature, *message;
		const json_t *pcrs;
	} raw;
	static const struct json_field fields[] = {
		{ "signature", JSON_FIELD_TEXT, offsetof(struct raw, signature), 0,
		  false },
		{ "message", JSON_FIELD_TEXT, offsetof(struct raw, message), 0, false },
		{ "pcrs", JSON_FIELD_ARRAY, offsetof(struct raw, pcrs), 0, false },
	};
	json_t *root CLEANUP_JSON = NULL;

	TRY(json_parse(json, "tpm quote", &root, err));
	TRY(json_read(root, fields, ARRAY_LEN(fields), &raw, "tpm quote", err));
	TRY(read_pcrs(vtpm, raw.pcrs, err));
	return take_quote(vtpm, raw.signature, raw.message, err);
}

/* --- life ---------------------------------------------------------------------------- */

static enum cella_status parse(struct cella_vtpm *vtpm, struct cella_bytes hcl_report,
			       struct cella_bytes tpm_quote, struct cella_error *err)
{
	struct hcl_report report = { 0 };

	vtpm->hcl_report = malloc(hcl_report.len > 0 ? hcl_report.len : 1);
	if (vtpm->hcl_report == NULL)
		return error_nomem(err);
	if (hcl_report.len > 0)
		memcpy(vtpm->hcl_report, hcl_report.data, hcl_report.len);
	TRY(crypto_sha256(hcl_report, vtpm->hcl_report_sha256, err));
	TRY(crypto_sha256(tpm_quote, vtpm->tpm_quote_sha256, err));
	TRY(hcl_report_parse(bytes_of(vtpm->hcl_report, hcl_report.len), &report, err));
	vtpm->runtime_data = report.runtime_data;
	vtpm->runtime_hash = report.runtime_hash;
	TRY(read_runtime_data(vtpm, err));
	return read_tpm_quote(vtpm, tpm_quote, err);
}

enum cella_status cella_vtpm_parse(const void *hcl_report, size_t hcl_report_len,
				   const void *tpm_quote, size_t tpm_quote_len,
				   struct cella_vtpm **out, struct cella_error *err)
{
	struct cella_vtpm *vtpm CLEANUP(vtpm_cleanup) = NULL;

	if (out == NULL || (hcl_report == NULL && hcl_report_len > 0) ||
	    (tpm_quote == NULL && tpm_quote_len > 0))
		return error_set(err, CELLA_USAGE, "cella_vtpm_parse: null argument");
	if (hcl_report_len > CELLA_HCL_REPORT_MAX || tpm_quote_len > CELLA_TPM_QUOTE_MAX)
		return error_set(err, CELLA_LIMIT,
				 "vtpm: %zu and %zu bytes, at most %zu and %zu",
				 hcl_report_len, tpm_quote_len, CELLA_HCL_REPORT_MAX,
				 CELLA_TPM_QUOTE_MAX);
	vtpm = calloc(1, sizeof *vtpm);
	if (vtpm == NULL)
		return error_nomem(err);
	atomic_init(&vtpm->refs, 1);
	TRY(parse(vtpm, bytes_of(hcl_report, hcl_report_len),
		  bytes_of(tpm_quote, tpm_quote_len), err));
	*out = take(&vtpm);
	return CELLA_OK;
}

struct cella_vtpm *cella_vtpm_ref(struct cella_vtpm *vtpm)
{
	atomic_fetch_add_explicit(&vtpm->refs, 1, memory_order_relaxed);
	return vtpm;
}

void cella_vtpm_unref(struct cella_vtpm *vtpm)
{
	if (vtpm == NULL ||
	    atomic_fetch_sub_explicit(&vtpm->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(vtpm->hcl_report);
	free(vtpm->message);
	free(vtpm);
}
