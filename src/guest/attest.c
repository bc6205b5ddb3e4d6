/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A quote of the vTPM, with what its host left in it for verifiers.
 */
#include "guest/attest.h"

#include "base/encode.h"
#include "collect/tpm_nv.h"
#include "collect/tpm_pcrs.h"

enum {
	KEY_ATTESTATION = (int)0x81000003,
	NV_CERTIFICATE = 0x01c101d0,
	NV_LOG = 0x01c101d8, /* and, while it goes on, those behind it */
	NV_LOG_LAST = 0x01c101df,
	PCRS = (1 << ATTEST_NUM_PCRS) - 1,
	TPM_SECONDS = 30,
};

static const char device[] = "/dev/tpmrm0";

static enum cella_status open_tpm(struct tpm *out, struct cella_error *err)
{
	const struct deadline deadline = deadline_in(TPM_SECONDS);

	return tpm_open(device, &deadline, out, err);
}

static enum cella_status read_index(const struct tpm *tpm, uint32_t index,
				    struct out *out, struct cella_error *err)
{
	struct tpm_nv nv = { 0 };

	TRY(tpm_nv_find(tpm, index, &nv, err));
	return tpm_nv_read(tpm, &nv, out, err);
}

static enum cella_status read_log(const struct tpm *tpm, struct out *out,
				  struct cella_error *err)
{
	TRY(read_index(tpm, NV_LOG, out, err));
	for (uint32_t index = NV_LOG + 1; index <= NV_LOG_LAST; index++) {
		const enum cella_status status = read_index(tpm, index, out, err);

		if (status == CELLA_MISSING)
			return CELLA_OK;
		if (status != CELLA_OK)
			return status;
		if (out->len > ATTEST_LOG_MAX)
			return error_set(err, CELLA_LIMIT,
					 "the launch's log: more than %d bytes",
					 ATTEST_LOG_MAX);
	}
	return CELLA_OK;
}

enum cella_status attest_check(struct cella_error *err)
{
	struct tpm tpm CLEANUP(tpm_close) = TPM_NONE;
	struct tpm_nv nv = { 0 };

	TRY(open_tpm(&tpm, err));
	return tpm_nv_find(&tpm, NV_CERTIFICATE, &nv, err);
}

static void put_hex(struct out *out, const char *name, const struct out *bytes)
{
	out_format(out, "\"%s\":\"", name);
	hex_write(out, out_view(bytes));
	out_text(out, "\",");
}

static void put_pcrs(struct out *out, uint8_t pcrs[TPM_NUM_PCRS][TPM_PCR_LEN])
{
	out_text(out, "\"pcrs\":[");
	for (unsigned i = 0; i < ATTEST_NUM_PCRS; i++) {
		out_text(out, i == 0 ? "\"" : ",\"");
		hex_write(out, bytes_of(pcrs[i], TPM_PCR_LEN));
		out_u8(out, '"');
	}
	out_u8(out, ']');
}

/* Whether values and signature agree, the verifier tells; somebody may extend between. */
enum cella_status attest_quote(struct cella_bytes hex, struct out *answer,
			       struct cella_error *err)
{
	struct tpm tpm CLEANUP(tpm_close) = TPM_NONE;
	struct out nonce CLEANUP(out_done) = { 0 };
	struct out message CLEANUP(out_done) = { 0 };
	struct out signature CLEANUP(out_done) = { 0 };
	struct out certificate CLEANUP(out_done) = { 0 };
	struct out log CLEANUP(out_done) = { 0 };
	uint8_t pcrs[TPM_NUM_PCRS][TPM_PCR_LEN];

	TRY(hex_append(hex, &nonce, "nonce", err));
	if (nonce.len > TPM_NONCE_MAX)
		return error_set(err, CELLA_LIMIT, "nonce: %zu bytes, at most %d",
				 nonce.len, TPM_NONCE_MAX);
	TRY(open_tpm(&tpm, err));
	TRY(tpm_pcrs_read(&tpm, PCRS, pcrs, err));
	TRY(tpm_pcrs_sign(&tpm, KEY_ATTESTATION, out_view(&nonce), PCRS, &message,
			  &signature, err));
	TRY(read_index(&tpm, NV_CERTIFICATE, &certificate, err));
	TRY(read_log(&tpm, &log, err));
	out_u8(answer, '{');
	put_hex(answer, "message", &message);
	put_hex(answer, "signature", &signature);
	put_hex(answer, "certificate", &certificate);
	put_hex(answer, "log", &log);
	put_pcrs(answer, pcrs);
	out_text(answer, "}\n");
	return out_status(answer, err);
}
