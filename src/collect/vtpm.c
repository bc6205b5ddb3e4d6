/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Azure's trust domains, where a paravisor stands between the TDX module and Linux. It keeps
 * a TD report in the virtual TPM, of report data that it chooses: the hash of its runtime
 * data, in which 64 bytes of the user's can stand. A service of the cloud quotes the report, and the TPM's attestation
 * key, which the runtime data names, quotes the PCRs.
 */
#include "collect/advice.h"
#include "collect/collect.h"
#include "collect/cpu.h"
#include "collect/http.h"
#include "collect/tpm_nv.h"
#include "collect/tpm_quote.h"

#include "base/encode.h"
#include "base/json.h"
#include "evidence/hcl_report.h"

#include <cella/evidence.h>

#include <stdio.h>
#include <string.h>

enum {
	NV_HCL_REPORT = 0x01400001,
	NV_USER_DATA = 0x01400002,
	KEY_ATTESTATION = (int)0x81000003,
	HTTP_OK = 200,
	EXCERPT_MAX = 80,
};

static const char device[] = "/dev/tpmrm0";
static const char imds_address[] = "tcp:169.254.169.254:80";
static const char imds_host[] = "169.254.169.254";
static const char imds_path[] = "/acc/tdquote";

/* Those with which a service says that it may be asked again. */
static const unsigned passing[] = { 408, 429, 500, 502, 503, 504 };

/* --- the report ---------------------------------------------------------------------- */

static enum cella_status read_hcl(const struct tpm *tpm, struct out *bytes,
				  struct hcl_report *out, struct cella_error *err)
{
	struct tpm_nv nv = { 0 };
	const enum cella_status status = tpm_nv_find(tpm, NV_HCL_REPORT, &nv, err);

	if (status == CELLA_MISSING)
		return error_set(err, CELLA_UNSUPPORTED,
				 "NV index 0x%x: the TPM has none: this is no "
				 "confidential VM of Azure",
				 NV_HCL_REPORT);
	if (status == CELLA_OK) {
		bytes->len = 0;
		if (tpm_nv_read(tpm, &nv, bytes, err) == CELLA_OK) {
			TRY(hcl_report_parse(out_view(bytes), out, err));
			return hcl_report_check(out, err);
		}
	}
	error_prefix(err, "NV index 0x%x", NV_HCL_REPORT);
	return err->status;
}

static enum cella_status put_user_data(const struct tpm *tpm, struct cella_bytes data,
				       struct cella_error *err)
{
	struct tpm_nv nv = { 0 };
	enum cella_status status = tpm_nv_find(tpm, NV_USER_DATA, &nv, err);

	if (status == CELLA_MISSING) {
		TRY(tpm_nv_define(tpm, NV_USER_DATA, REPORT_DATA_LEN, err));
		status = tpm_nv_find(tpm, NV_USER_DATA, &nv, err);
	}
	return status == CELLA_OK ? tpm_nv_write(tpm, &nv, data, err) : status;
}

static bool carries(const struct hcl_report *report, const uint8_t data[REPORT_DATA_LEN])
{
	uint8_t found[REPORT_DATA_LEN];

	return hcl_report_user_data(report, found, NULL) == CELLA_OK &&
	       memcmp(found, data, sizeof found) == 0;
}

/* The paravisor makes a new report when user data is written; that takes a while. */
static enum cella_status rebind(const struct collect_request *request,
				const struct tpm *tpm, struct out *bytes,
				struct hcl_report *out, struct cella_error *err)
{
	const struct cella_bytes data = bytes_of(request->report_data, REPORT_DATA_LEN);
	const enum cella_status status = put_user_data(tpm, data, err);

	if (status != CELLA_OK) {
		error_prefix(err, "NV index 0x%x", NV_USER_DATA);
		return status;
	}
	for (unsigned attempt = 0;; attempt++) {
		TRY(read_hcl(tpm, bytes, out, err));
		if (carries(out, request->report_data))
			return CELLA_OK;
		if (!deadline_back_off(&request->deadline, attempt))
			return error_set(
				err, CELLA_IO,
				"NV index 0x%x: within %lld s the paravisor has "
				"not made a report with what was written to 0x%x",
				NV_HCL_REPORT, (long long)request->deadline.total_s,
				NV_USER_DATA);
	}
}

static enum cella_status open_tpm(const struct collect_request *request, struct tpm *out,
				  struct cella_error *err)
{
	char path[COLLECT_PATH_MAX];

	TRY(collect_path(request, device, path, err));
	return tpm_open(path, &request->deadline, out, err);
}

/* Makes *report view *bytes. */
static enum cella_status get_hcl(const struct collect_request *request,
				 const struct tpm *tpm, struct out *bytes,
				 struct hcl_report *report, struct cella_error *err)
{
	TRY(read_hcl(tpm, bytes, report, err));
	if (!request->is_bound || carries(report, request->report_data))
		return CELLA_OK;
	return rebind(request, tpm, bytes, report, err);
}

/* What the verifier needs: the runtime data that the report data is the hash of. */
static enum cella_status keep(const struct hcl_report *report, struct collected *out,
			      struct cella_error *err)
{
	struct extra *const extra = &out->extras[0];

	extra->suffix = "hcl";
	out->binds_extra = true;
	memcpy(out->report_data, hcl_report_data(report).data, REPORT_DATA_LEN);
	out_bytes(&extra->bytes, report->whole.data, report->whole.len);
	return out_status(&extra->bytes, err);
}

static enum cella_status report(const struct collect_request *request,
				struct collected *out, struct cella_error *err)
{
	struct tpm tpm CLEANUP(tpm_close) = TPM_NONE;
	struct out bytes CLEANUP(out_done) = { 0 };
	struct hcl_report hcl = { 0 };

	TRY(open_tpm(request, &tpm, err));
	TRY(get_hcl(request, &tpm, &bytes, &hcl, err));
	TRY(keep(&hcl, out, err));
	out_bytes(&out->bytes, hcl.td_report.data, hcl.td_report.len);
	return out_status(&out->bytes, err);
}

/* --- the TPM's quote ----------------------------------------------------------------- */

/* What the guest has measured is in the PCRs: RTMRs are zero under a paravisor. */
static enum cella_status keep_pcrs(const struct collect_request *request,
				   const struct tpm *tpm, struct collected *out,
				   struct cella_error *err)
{
	const struct cella_bytes nonce = bytes_of(request->nonce, request->nonce_len);
	struct tpm_quote quote CLEANUP(tpm_quote_done) = { 0 };
	struct extra *const extra = &out->extras[1];
	const enum cella_status status =
		tpm_quote_make(tpm, KEY_ATTESTATION, nonce, &quote, err);

	if (status != CELLA_OK) {
		error_prefix(err, "attestation key 0x%x", KEY_ATTESTATION);
		return status;
	}
	extra->suffix = "tpm-quote";
	return tpm_quote_write(&quote, &extra->bytes, err);
}

/* --- the TD's quote ------------------------------------------------------------------ */

static enum cella_status write_document(struct cella_bytes td_report, struct out *out,
					struct cella_error *err)
{
	out_text(out, "{\"report\":\"");
	base64url_write(out, td_report);
	out_text(out, "\"}");
	return out_status(out, err);
}

/* Base64 of either alphabet, padded or not: its documentation says one, samples another. */
static enum cella_status read_base64(const char *text, struct out *out,
				     struct cella_error *err)
{
	struct out plain CLEANUP(out_done) = { 0 };

	for (; *text != '\0' && *text != '='; text++)
		out_u8(&plain, *text == '+' ? '-' : *text == '/' ? '_' : (uint8_t)*text);
	TRY(out_status(&plain, err));
	return base64url_append(out_view(&plain), out, "the service's answer: quote",
				err);
}

static enum cella_status read_answer(struct cella_bytes body, struct out *out,
				     struct cella_error *err)
{
	struct {
		const char *quote;
	} answer = { 0 };
	static const struct json_field fields[] = {
		{ "quote", JSON_FIELD_TEXT, 0, 0, false },
	};
	json_t *root CLEANUP_JSON = NULL;

	TRY(json_parse(body, "the service's answer", &root, err));
	TRY(json_read(root, fields, ARRAY_LEN(fields), &answer, "the service's answer",
		      err));
	return read_base64(answer.quote, out, err);
}

static bool is_passing(unsigned status)
{
	for (size_t i = 0; i < ARRAY_LEN(passing); i++)
		if (passing[i] == status)
			return true;
	return false;
}

static void response_done(struct http_response *response)
{
	out_done(&response->body);
}

/* Asks once. *again is true where it is worth another try. */
static enum cella_status ask(const struct collect_request *request, const char *address,
			     struct cella_bytes document, struct out *quote, bool *again,
			     struct cella_error *err)
{
	struct peer peer CLEANUP(peer_close) = PEER_NONE;
	struct http_response response CLEANUP(response_done) = { 0 };

	*again = false;
	TRY(peer_connect(address, &request->deadline, &peer, err));
	TRY(http_post_json(&peer, imds_host, imds_path, document, &response, err));
	if (response.status == HTTP_OK)
		return read_answer(out_view(&response.body), quote, err);
	*again = is_passing(response.status);
	return error_set(
		err, CELLA_IO, "%s%s: status %u: %.*s", address, imds_path,
		response.status,
		(int)(response.body.len < EXCERPT_MAX ? response.body.len : EXCERPT_MAX),
		response.body.len > 0 ? (const char *)response.body.data : "");
}

static enum cella_status get_quote(const struct collect_request *request,
				   const char *address, struct cella_bytes td_report,
				   struct out *quote, struct cella_error *err)
{
	struct out document CLEANUP(out_done) = { 0 };
	bool again = false;

	TRY(write_document(td_report, &document, err));
	for (unsigned attempt = 0;; attempt++) {
		const enum cella_status status =
			ask(request, address, out_view(&document), quote, &again, err);

		if (status == CELLA_OK || !again ||
		    !deadline_back_off(&request->deadline, attempt))
			return status;
	}
}

static enum cella_status quote(const struct collect_request *request,
			       struct collected *out, struct cella_error *err)
{
	struct tpm tpm CLEANUP(tpm_close) = TPM_NONE;
	struct out bytes CLEANUP(out_done) = { 0 };
	struct hcl_report hcl = { 0 };

	if (request->imds == NULL && !cpu_is_tdx_guest())
		return error_set(err, CELLA_UNSUPPORTED,
				 "the CPU does not say that this is a trust domain: "
				 "Azure's metadata service is not asked; --imds ADDRESS "
				 "asks another");
	TRY(open_tpm(request, &tpm, err));
	TRY(get_hcl(request, &tpm, &bytes, &hcl, err));
	TRY(keep(&hcl, out, err));
	TRY(keep_pcrs(request, &tpm, out, err));
	return get_quote(request, request->imds != NULL ? request->imds : imds_address,
			 hcl.td_report, &out->bytes, err);
}

const struct provider provider_vtpm = {
	.name = "vtpm",
	.make = { [COLLECT_QUOTE] = quote, [COLLECT_REPORT] = report },
	.is_real = true,
};
