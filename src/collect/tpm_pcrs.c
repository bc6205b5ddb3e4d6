/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM2_PCR_Read and TPM2_Quote.
 */
#include "collect/tpm_pcrs.h"

#include <string.h>

enum {
	CC_QUOTE = 0x158,
	CC_PCR_READ = 0x17e,
	ALG_NULL = 0x10,
	SELECT_LEN = 3,
	DIGESTS_MAX = 8, /* of one answer */
};

/* TPML_PCR_SELECTION of one bank. */
void tpm_put_selection(struct out *command, uint32_t mask)
{
	out_u32be(command, 1);
	out_u16be(command, TPM_ALG_SHA256);
	out_u8(command, SELECT_LEN);
	for (int shift = 0; shift < 8 * SELECT_LEN; shift += 8)
		out_u8(command, (uint8_t)(mask >> shift));
}

uint32_t tpm_get_selection(struct in *in)
{
	uint32_t mask = 0;

	if (in_u32be(in, "pcrSelection.count") != 1 && in->failed == NULL)
		in_fail_at(in, in_offset(in) - 4, "pcrSelection.count", "is not 1");
	if (in_u16be(in, "pcrSelection.hash") != TPM_ALG_SHA256 && in->failed == NULL)
		in_fail_at(in, in_offset(in) - 2, "pcrSelection.hash", "is not SHA-256");
	if (in_u8(in, "pcrSelection.sizeofSelect") != SELECT_LEN && in->failed == NULL)
		in_fail_at(in, in_offset(in) - 1, "pcrSelection.sizeofSelect",
			   "is not 3");
	for (int shift = 0; shift < 8 * SELECT_LEN; shift += 8)
		mask |= (uint32_t)in_u8(in, "pcrSelection.pcrSelect") << shift;
	return mask;
}

/* A length of two bytes, and what it is the length of. */
struct cella_bytes tpm_get_sized(struct in *in, size_t max_len, const char *label)
{
	const uint16_t len = in_u16be(in, label);

	if (in->failed == NULL && len > max_len)
		in_fail_at(in, in_offset(in) - 2, label, "is longer than it can be");
	return in_bytes(in, len, label);
}

static enum cella_status take_digests(struct in *in, uint32_t mask,
				      uint8_t pcrs[TPM_NUM_PCRS][TPM_PCR_LEN],
				      struct cella_error *err)
{
	const uint32_t count = in_u32be(in, "pcrValues.count");

	TRY(in_status(in, err));
	if (count > DIGESTS_MAX || count != (uint32_t)__builtin_popcount(mask))
		return error_set(err, CELLA_MALFORMED,
				 "the TPM's answer: pcrValues.count: %u, for the PCRs "
				 "0x%06x",
				 count, mask);
	for (unsigned i = 0; i < TPM_NUM_PCRS; i++) {
		struct cella_bytes digest;

		if ((mask >> i & 1) == 0)
			continue;
		digest = tpm_get_sized(in, TPM_PCR_LEN, "pcrValues.digest");
		if (in->failed == NULL && digest.len != TPM_PCR_LEN)
			in_fail(in, "pcrValues.digest", "is not of SHA-256");
		TRY(in_status(in, err));
		memcpy(pcrs[i], digest.data, TPM_PCR_LEN);
	}
	return CELLA_OK;
}

/* A TPM gives as many as it likes at once, and says which. */
enum cella_status tpm_pcrs_read(const struct tpm *tpm, uint32_t mask,
				uint8_t pcrs[TPM_NUM_PCRS][TPM_PCR_LEN],
				struct cella_error *err)
{
	uint32_t wanted = mask;

	while (wanted != 0) {
		uint8_t response[TPM_RESPONSE_MAX];
		struct out command CLEANUP(out_done) = { 0 };
		uint32_t given;
		struct in in;

		tpm_begin(&command, TPM_TAG_NO_SESSIONS, CC_PCR_READ);
		tpm_put_selection(&command, wanted);
		TRY(tpm_run(tpm, &command, "reading PCRs", response, &in, err));
		in_skip(&in, 4, "pcrUpdateCounter");
		given = tpm_get_selection(&in);
		TRY(in_status(&in, err));
		if (given == 0 || (given & ~wanted) != 0)
			return error_set(err, CELLA_UNSUPPORTED,
					 "the TPM's answer: PCRs 0x%06x, of 0x%06x that "
					 "were asked for: has it a bank of SHA-256?",
					 given, wanted);
		TRY(take_digests(&in, given, pcrs, err));
		wanted &= ~given;
	}
	return CELLA_OK;
}

/* TPMT_SIGNATURE by its scheme: so many numbers, each behind its length. */
static const struct {
	uint16_t algorithm;
	unsigned num_numbers;
} schemes[] = {
	{ TPM_ALG_RSASSA, 1 },
	{ TPM_ALG_ECDSA, 2 },
};

static void skip_signature(struct in *in)
{
	const uint16_t algorithm = in_u16be(in, "sigAlg");
	unsigned num_numbers = 0;

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (schemes[i].algorithm == algorithm)
			num_numbers = schemes[i].num_numbers;
	if (num_numbers == 0 && in->failed == NULL)
		in_fail_at(in, in_offset(in) - 2, "sigAlg", "is not RSASSA or ECDSA");
	in_skip(in, 2, "signature.hash");
	for (unsigned i = 0; i < num_numbers; i++)
		(void)tpm_get_sized(in, TPM_SIGNATURE_MAX, "signature.sig");
}

enum cella_status tpm_pcrs_sign(const struct tpm *tpm, uint32_t key,
				struct cella_bytes nonce, uint32_t mask,
				struct out *message, struct out *signature,
				struct cella_error *err)
{
	uint8_t response[TPM_RESPONSE_MAX];
	struct out command CLEANUP(out_done) = { 0 };
	struct cella_bytes quoted;
	struct in start;
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_QUOTE);
	out_u32be(&command, key);
	tpm_put_empty_auth(&command);
	out_u16be(&command, (uint16_t)nonce.len);
	out_bytes(&command, nonce.data, nonce.len);
	out_u16be(&command, ALG_NULL); /* the key's own scheme */
	tpm_put_selection(&command, mask);
	TRY(tpm_run(tpm, &command, "having the PCRs signed", response, &in, err));
	in_skip(&in, 4, "parameterSize");
	quoted = tpm_get_sized(&in, TPM_ATTEST_MAX, "quoted");
	start = in;
	skip_signature(&in);
	TRY(in_status(&in, err));
	message->len = signature->len = 0;
	out_bytes(message, quoted.data, quoted.len);
	out_bytes(signature, start.data + start.pos, in.pos - start.pos);
	TRY(out_status(message, err));
	return out_status(signature, err);
}
