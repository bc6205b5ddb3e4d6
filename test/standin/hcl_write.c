/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HCL reports.
 */
#include "hcl_write.h"

#include "base/encode.h"
#include "crypto/crypto.h"
#include "fetch/files.h"

enum { HARDWARE_REPORT_LEN = 1184, RUNTIME_HEADER_LEN = 20, TYPE_SNP = 2, TYPE_TDX = 4 };

static enum cella_status write_key(const struct standin *standin, struct out *out,
				   struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	struct out modulus CLEANUP(out_done) = { 0 };

	if (standin->other_place == NULL)
		return CELLA_OK;
	TRY(file_read(standin->other_place, 2048, &text, err));
	TRY(hex_append(text_trim(out_view(&text)), &modulus, "--ak", err));
	out_text(out, "{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\","
		      "\"e\":\"AQAB\",\"n\":\"");
	base64url_write(out, out_view(&modulus));
	out_text(out, "\"}");
	return CELLA_OK;
}

static enum cella_status write_runtime(struct standin *standin, const uint8_t *user_data,
				       struct out *out, struct cella_error *err)
{
	out_text(out, "{\"keys\":[");
	TRY(write_key(standin, out, err));
	out_text(out, "],\"vm-configuration\":{\"secure-boot\":true}");
	if (standin_fault(standin, "no-user-data") == NULL) {
		out_text(out, ",\"user-data\":\"");
		hex_write_upper(out, bytes_of(user_data, REPORT_DATA_LEN));
		out_text(out, "\"");
	}
	out_text(out, "}");
	return out_status(out, err);
}

static void put_header(struct standin *standin, size_t runtime_len, struct out *out)
{
	out_text(out, "HCLA");
	out_u32le(out, 2);
	out_u32le(out, (uint32_t)(32 + HARDWARE_REPORT_LEN + RUNTIME_HEADER_LEN +
				  runtime_len));
	out_u32le(out, 2);
	out_u32le(out, standin_fault(standin, "failed") != NULL ? 5 : 0);
	out_zeros(out, 12);
}

enum cella_status hcl_write(struct standin *standin,
			    const uint8_t user_data[REPORT_DATA_LEN], struct out *out,
			    struct cella_error *err)
{
	struct out runtime CLEANUP(out_done) = { 0 };
	struct out report CLEANUP(out_done) = { 0 };
	uint8_t data[REPORT_DATA_LEN] = { 0 };

	TRY(write_runtime(standin, user_data, &runtime, err));
	TRY(crypto_sha256(out_view(&runtime), data, err));
	if (standin_fault(standin, "unbound") != NULL)
		data[0] = (uint8_t)~data[0];
	TRY(standin_report(standin, data, &report, err));
	put_header(standin, runtime.len, out);
	out_bytes(out, report.data, report.len);
	out_zeros(out, HARDWARE_REPORT_LEN - report.len);
	out_u32le(out, (uint32_t)(RUNTIME_HEADER_LEN + runtime.len));
	out_u32le(out, 1);
	out_u32le(out, standin_fault(standin, "snp") != NULL ? TYPE_SNP : TYPE_TDX);
	out_u32le(out, 1); /* SHA-256 */
	out_u32le(out, (uint32_t)runtime.len);
	out_bytes(out, runtime.data, runtime.len);
	return out_status(out, err);
}
