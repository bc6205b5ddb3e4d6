/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A quote of the vTPM, with what its host left in it for verifiers.
 */
#include "guest/attest.h"

#include "base/encode.h"
#include "collect/tpm_nv.h"
#include "collect/tpm_pcrs.h"

#include <string.h>

enum {
	KEY_ATTESTATION = (int)0x81000003,
	NV_CERTIFICATE = 0x01c101d0,
	NV_LOG = 0x01c101d8, /* and, while it goes on, those behind it */
	NV_LOG_LAST = NV_LOG + 15,
	CC_HASH = 0x17d,
	HIERARCHY_NULL = 0x40000007,
	DIGEST_LEN = 32,
	PCRS = (1 << ATTEST_NUM_PCRS) - 1,
	TPM_SECONDS = 30,
};

static const char device[] = "/dev/tpmrm0";

/* What keeps these quotes apart from others of the same key; with its NUL. */
static const char domain[] = "cella evm quote 1";

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

/* --- what is signed ------------------------------------------------------------------ */

enum cella_status attest_report_data(struct cella_bytes hex, enum attest_asker asker,
				     uint8_t out[ATTEST_REPORT_DATA_LEN],
				     struct cella_error *err)
{
	const size_t max = asker == ATTEST_HOST ? ATTEST_NONCE_MAX
						: ATTEST_REPORT_DATA_LEN;
	struct out bytes CLEANUP(out_done) = { 0 };

	TRY(hex_append(hex, &bytes, "report data", err));
	if (bytes.len < ATTEST_NONCE_MIN || bytes.len > max)
		return error_set(err, CELLA_LIMIT,
				 "report data: %zu bytes, expected %d to %zu", bytes.len,
				 ATTEST_NONCE_MIN, max);
	memset(out, 0, ATTEST_REPORT_DATA_LEN);
	memcpy(out, bytes.data, bytes.len);
	return CELLA_OK;
}

/* By the TPM, of which there is one here, unlike a library for it. */
static enum cella_status bind(const struct tpm *tpm,
			      const uint8_t report_data[ATTEST_REPORT_DATA_LEN],
			      uint8_t digest[DIGEST_LEN], struct cella_error *err)
{
	uint8_t response[TPM_RESPONSE_MAX];
	struct out command CLEANUP(out_done) = { 0 };
	struct cella_bytes hash;
	struct in in;

	tpm_begin(&command, TPM_TAG_NO_SESSIONS, CC_HASH);
	out_u16be(&command, sizeof domain + ATTEST_REPORT_DATA_LEN);
	out_bytes(&command, domain, sizeof domain);
	out_bytes(&command, report_data, ATTEST_REPORT_DATA_LEN);
	out_u16be(&command, TPM_ALG_SHA256);
	out_u32be(&command, HIERARCHY_NULL);
	TRY(tpm_run(tpm, &command, "hashing report data", response, &in, err));
	hash = tpm_get_sized(&in, DIGEST_LEN, "outHash");
	if (in.failed == NULL && hash.len != DIGEST_LEN)
		in_fail(&in, "outHash", "is not of SHA-256");
	TRY(in_status(&in, err));
	memcpy(digest, hash.data, DIGEST_LEN);
	return CELLA_OK;
}

/* --- evidence ------------------------------------------------------------------------ */

struct parts {
	struct out quote;
	struct out signature;
	struct out certificate;
	struct out log;
	uint8_t pcrs[TPM_NUM_PCRS][TPM_PCR_LEN];
};

static void parts_done(struct parts *parts)
{
	out_done(&parts->quote);
	out_done(&parts->signature);
	out_done(&parts->certificate);
	out_done(&parts->log);
}

static enum cella_status collect(const struct tpm *tpm, const uint8_t digest[DIGEST_LEN],
				 struct parts *out, struct cella_error *err)
{
	TRY(tpm_pcrs_read(tpm, PCRS, out->pcrs, err));
	TRY(tpm_pcrs_sign(tpm, KEY_ATTESTATION, bytes_of(digest, DIGEST_LEN), PCRS,
			  &out->quote, &out->signature, err));
	TRY(read_index(tpm, NV_CERTIFICATE, &out->certificate, err));
	return read_log(tpm, &out->log, err);
}

static void put_bytes(struct out *out, const char *name, const struct out *bytes)
{
	out_format(out, "\"%s\":\"", name);
	base64_write(out, out_view(bytes));
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
enum cella_status attest_quote(const uint8_t report_data[ATTEST_REPORT_DATA_LEN],
			       struct cella_bytes events, struct out *evidence,
			       struct cella_error *err)
{
	struct tpm tpm CLEANUP(tpm_close) = TPM_NONE;
	struct parts parts CLEANUP(parts_done) = { 0 };
	uint8_t digest[DIGEST_LEN];

	TRY(open_tpm(&tpm, err));
	TRY(bind(&tpm, report_data, digest, err));
	TRY(collect(&tpm, digest, &parts, err));
	out_bytes(&parts.log, events.data, events.len);
	TRY(out_status(&parts.log, err));
	out_text(evidence, "{\"format\":\"cella-evm-1\",\"report_data\":\"");
	hex_write(evidence, bytes_of(report_data, ATTEST_REPORT_DATA_LEN));
	out_text(evidence, "\",");
	put_bytes(evidence, "quote", &parts.quote);
	put_bytes(evidence, "signature", &parts.signature);
	put_bytes(evidence, "certificate", &parts.certificate);
	put_bytes(evidence, "event_log", &parts.log);
	put_pcrs(evidence, parts.pcrs);
	out_text(evidence, "}\n");
	return out_status(evidence, err);
}
