/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes of TPMs: one bank, SHA-256, 24 PCRs to choose from.
 */
#include "evidence/tpm_attest.h"

#include "crypto/crypto.h"
#include "evidence/event_log.h"

enum {
	TPM_ST_ATTEST_QUOTE = 0x8018,
	TPM_NAME_MAX = 68,
	TPM_SELECT_LEN = 3,
};
static const uint32_t tpm_generated = 0xff544347;

/* A quote of PCRs of SHA-256, and of no other bank. */
static void read_selection(struct in *in, struct tpm_attest *out)
{
	struct cella_bytes select;

	if (in_u32be(in, "pcrSelect.count") != 1 && in->failed == NULL)
		in_fail_at(in, in_offset(in) - 4, "pcrSelect.count", "is not 1");
	if (in_u16be(in, "pcrSelect.hash") != CELLA_HASH_SHA256 && in->failed == NULL)
		in_fail_at(in, in_offset(in) - 2, "pcrSelect.hash", "is not SHA-256");
	if (in_u8(in, "pcrSelect.sizeofSelect") != TPM_SELECT_LEN && in->failed == NULL)
		in_fail_at(in, in_offset(in) - 1, "pcrSelect.sizeofSelect", "is not 3");
	select = in_bytes(in, TPM_SELECT_LEN, "pcrSelect.pcrSelect");
	for (size_t i = 0; in->failed == NULL && i < select.len; i++)
		out->selected |= (uint32_t)select.data[i] << 8 * i;
}

static struct cella_bytes read_sized(struct in *in, size_t max_len, const char *label)
{
	const uint16_t len = in_u16be(in, label);

	if (in->failed == NULL && len > max_len)
		in_fail_at(in, in_offset(in) - 2, label, "is longer than it can be");
	return in_bytes(in, len, label);
}

enum cella_status tpm_attest_read(struct cella_bytes bytes, struct tpm_attest *out,
				  struct cella_error *err)
{
	struct tpm_attest attest = { 0 };
	struct in in;

	in_init(&in, bytes, "tpm quote");
	/* What a TPM has not made itself never begins so: a restricted key sees to it. */
	if (in_u32be(&in, "magic") != tpm_generated && in.failed == NULL)
		in_fail_at(&in, 0, "magic", "is not TPM_GENERATED");
	if (in_u16be(&in, "type") != TPM_ST_ATTEST_QUOTE && in.failed == NULL)
		in_fail_at(&in, 4, "type", "is not a quote's");
	(void)read_sized(&in, TPM_NAME_MAX, "qualifiedSigner");
	attest.nonce = read_sized(&in, TPM_NONCE_MAX, "extraData");
	in_skip(&in, 8, "clockInfo.clock");
	attest.reset_count = in_u32be(&in, "clockInfo.resetCount");
	attest.restart_count = in_u32be(&in, "clockInfo.restartCount");
	in_skip(&in, 1, "clockInfo.safe");
	in_skip(&in, 8, "firmwareVersion");
	read_selection(&in, &attest);
	attest.pcr_digest = read_sized(&in, SHA256_LEN, "pcrDigest");
	if (in.failed == NULL && attest.pcr_digest.len != SHA256_LEN)
		in_fail(&in, "pcrDigest", "is not of SHA-256");
	in_end(&in, "end");
	TRY(in_status(&in, err));
	*out = attest;
	return CELLA_OK;
}
