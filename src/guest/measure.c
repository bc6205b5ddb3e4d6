/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM2_PCR_Event (TPM 2.0 Library, part 3): the TPM hashes in all of its banks, extends the
 * PCR, and tells the digests.
 */
#include "guest/measure.h"

#include "collect/tpm.h"

#include <string.h>

enum {
	CC_PCR_EVENT = 0x13c,
	EV_EVENT_TAG = 0x6,
	ALG_SHA384 = 0x0c,
	SHA256_LEN = 32,
	SHA384_LEN = 48,
	NUM_BANKS = 2,
	ENTRY_HEAD_LEN = 4 + 4 + 4 + 2 + SHA256_LEN + 2 + SHA384_LEN + 4,
	TPM_SECONDS = 30,
};

static const char device[] = "/dev/tpmrm0";

enum cella_status measure_data(struct cella_bytes text, struct out *data,
			       struct cella_error *err)
{
	size_t num_blanks = 0;

	if (text.len > GUEST_MEASURE_MAX)
		return error_set(err, CELLA_LIMIT, "event: %zu bytes, at most %d",
				 text.len, GUEST_MEASURE_MAX);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < ' ' || text.data[i] == 0x7f)
			return error_set(err, CELLA_MALFORMED,
					 "event: byte %zu is a control character", i);
		num_blanks += text.data[i] == ' ';
	}
	if (num_blanks < 2)
		return error_set(err, CELLA_MALFORMED,
				 "event: expected \"domain operation content\"");
	out_u32le(data, MEASURE_AAEL_TAG);
	out_u32le(data, (uint32_t)text.len);
	out_bytes(data, text.data, text.len);
	return out_status(data, err);
}

/* The digests that may come, those of banks that are off among them. */
static const struct digest {
	uint16_t hash;
	uint16_t len;
} digests_known[] = {
	{ 0x04, 20 },
	{ TPM_ALG_SHA256, SHA256_LEN },
	{ ALG_SHA384, SHA384_LEN },
	{ 0x0d, 64 },
};

static const struct digest *find_digest(uint16_t hash)
{
	for (size_t i = 0; i < ARRAY_LEN(digests_known); i++)
		if (digests_known[i].hash == hash)
			return &digests_known[i];
	return NULL;
}

/* One of them; true for a digest that is logged. */
static bool read_digest(struct in *in, uint8_t sha256[SHA256_LEN],
			uint8_t sha384[SHA384_LEN])
{
	const uint16_t hash = in_u16be(in, "digests.hashAlg");
	const struct digest *const digest = find_digest(hash);
	struct cella_bytes bytes;

	if (in->failed != NULL)
		return false;
	if (digest == NULL) {
		in_fail(in, "digests.hashAlg", "is not known");
		return false;
	}
	bytes = in_bytes(in, digest->len, "digests.digest");
	if (in->failed != NULL)
		return false;
	if (hash == TPM_ALG_SHA256)
		memcpy(sha256, bytes.data, SHA256_LEN);
	else if (hash == ALG_SHA384)
		memcpy(sha384, bytes.data, SHA384_LEN);
	return hash == TPM_ALG_SHA256 || hash == ALG_SHA384;
}

static void read_digests(struct in *in, uint8_t sha256[SHA256_LEN],
			 uint8_t sha384[SHA384_LEN])
{
	const uint32_t count = in_u32be(in, "digests.count");
	unsigned num_found = 0;

	if (in->failed == NULL && count > ARRAY_LEN(digests_known))
		in_fail(in, "digests.count", "is more than there are hashes");
	for (uint32_t i = 0; i < count && in->failed == NULL; i++)
		num_found += read_digest(in, sha256, sha384);
	if (in->failed == NULL && num_found != NUM_BANKS)
		in_fail(in, "digests", "lack one of SHA-256 and SHA-384");
}

enum cella_status measure_entry(struct cella_bytes data, struct in *digests,
				struct out *log, struct cella_error *err)
{
	uint8_t sha256[SHA256_LEN] = { 0 };
	uint8_t sha384[SHA384_LEN] = { 0 };

	read_digests(digests, sha256, sha384);
	TRY(in_status(digests, err));
	out_u32le(log, MEASURE_PCR);
	out_u32le(log, EV_EVENT_TAG);
	out_u32le(log, NUM_BANKS);
	out_u16le(log, TPM_ALG_SHA256);
	out_bytes(log, sha256, SHA256_LEN);
	out_u16le(log, ALG_SHA384);
	out_bytes(log, sha384, SHA384_LEN);
	out_u32le(log, (uint32_t)data.len);
	out_bytes(log, data.data, data.len);
	return out_status(log, err);
}

static enum cella_status extend(const struct tpm *tpm, struct cella_bytes data,
				uint8_t response[TPM_RESPONSE_MAX], struct in *in,
				struct cella_error *err)
{
	struct out command CLEANUP(out_done) = { 0 };

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_PCR_EVENT);
	out_u32be(&command, MEASURE_PCR);
	tpm_put_empty_auth(&command);
	out_u16be(&command, (uint16_t)data.len);
	out_bytes(&command, data.data, data.len);
	TRY(tpm_run(tpm, &command, "extending PCR14", response, in, err));
	in_skip(in, 4, "parameterSize");
	return in_status(in, err);
}

/* The entry is built apart: a log that lacks what was extended would be a lie for good. */
enum cella_status measure_text(struct cella_bytes text, struct out *log,
			       struct cella_error *err)
{
	const struct deadline deadline = deadline_in(TPM_SECONDS);
	struct tpm tpm CLEANUP(tpm_close) = TPM_NONE;
	uint8_t response[TPM_RESPONSE_MAX];
	struct out data CLEANUP(out_done) = { 0 };
	struct in in;

	TRY(measure_data(text, &data, err));
	if (log->len + ENTRY_HEAD_LEN + data.len > MEASURE_LOG_MAX)
		return error_set(err, CELLA_LIMIT,
				 "the log of what was measured is full: %zu of %d bytes",
				 log->len, MEASURE_LOG_MAX);
	TRY(tpm_open(device, &deadline, &tpm, err));
	TRY(extend(&tpm, out_view(&data), response, &in, err));
	return measure_entry(out_view(&data), &in, log, err);
}
