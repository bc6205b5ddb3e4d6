/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM2_PCR_Read and TPM2_Quote.
 */
#include "collect/tpm_quote.h"

#include "base/json.h"

#include <string.h>

enum {
	CC_QUOTE = 0x158,
	CC_PCR_READ = 0x17e,
	ALG_NULL = 0x10,
	ALG_RSASSA = 0x14,
	SELECT_LEN = 3,
	ALL_PCRS = (1 << NUM_PCRS) - 1,
	DIGESTS_MAX = 8, /* of one answer */
	ATTEST_MAX = 1024,
	SIGNATURE_MAX = 512,
	RACES_MAX = 5,
	CLOCK_AND_FIRMWARE_LEN = 17 + 8,
	TYPE_QUOTE = 0x8018,
};

static const uint32_t generated = 0xff544347; /* "\xffTCG" */

void tpm_quote_done(struct tpm_quote *quote)
{
	out_done(&quote->message);
	out_done(&quote->signature);
}

/* TPML_PCR_SELECTION of one bank. */
static void put_selection(struct out *command, uint32_t mask)
{
	out_u32be(command, 1);
	out_u16be(command, TPM_ALG_SHA256);
	out_u8(command, SELECT_LEN);
	for (int shift = 0; shift < 8 * SELECT_LEN; shift += 8)
		out_u8(command, (uint8_t)(mask >> shift));
}

static uint32_t get_selection(struct in *in)
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
static struct cella_bytes get_sized(struct in *in, size_t max_len, const char *label)
{
	const uint16_t len = in_u16be(in, label);

	if (in->failed == NULL && len > max_len)
		in_fail_at(in, in_offset(in) - 2, label, "is longer than it can be");
	return in_bytes(in, len, label);
}

/* --- PCRs ---------------------------------------------------------------------------- */

static enum cella_status take_digests(struct in *in, uint32_t mask,
				      uint8_t pcrs[NUM_PCRS][SHA256_LEN],
				      struct cella_error *err)
{
	const uint32_t count = in_u32be(in, "pcrValues.count");

	TRY(in_status(in, err));
	if (count > DIGESTS_MAX || count != (uint32_t)__builtin_popcount(mask))
		return error_set(err, CELLA_MALFORMED,
				 "the TPM's answer: pcrValues.count: %u, for the PCRs "
				 "0x%06x",
				 count, mask);
	for (unsigned i = 0; i < NUM_PCRS; i++) {
		struct cella_bytes digest;

		if ((mask >> i & 1) == 0)
			continue;
		digest = get_sized(in, SHA256_LEN, "pcrValues.digest");
		if (in->failed == NULL && digest.len != SHA256_LEN)
			in_fail(in, "pcrValues.digest", "is not of SHA-256");
		TRY(in_status(in, err));
		memcpy(pcrs[i], digest.data, SHA256_LEN);
	}
	return CELLA_OK;
}

/* A TPM gives as many as it likes at once, and says which. */
static enum cella_status read_pcrs(const struct tpm *tpm,
				   uint8_t pcrs[NUM_PCRS][SHA256_LEN],
				   struct cella_error *err)
{
	uint32_t wanted = ALL_PCRS;

	while (wanted != 0) {
		uint8_t response[TPM_RESPONSE_MAX];
		struct out command CLEANUP(out_done) = { 0 };
		uint32_t given;
		struct in in;

		tpm_begin(&command, TPM_TAG_NO_SESSIONS, CC_PCR_READ);
		put_selection(&command, wanted);
		TRY(tpm_run(tpm, &command, "reading PCRs", response, &in, err));
		in_skip(&in, 4, "pcrUpdateCounter");
		given = get_selection(&in);
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

/* --- quotes -------------------------------------------------------------------------- */

static enum cella_status sign(const struct tpm *tpm, uint32_t key,
			      struct cella_bytes nonce, struct tpm_quote *out,
			      struct cella_error *err)
{
	uint8_t response[TPM_RESPONSE_MAX];
	struct out command CLEANUP(out_done) = { 0 };
	struct cella_bytes message;
	struct cella_bytes signature;
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_QUOTE);
	out_u32be(&command, key);
	tpm_put_empty_auth(&command);
	out_u16be(&command, (uint16_t)nonce.len);
	out_bytes(&command, nonce.data, nonce.len);
	out_u16be(&command, ALG_NULL); /* the key's own scheme */
	put_selection(&command, ALL_PCRS);
	TRY(tpm_run(tpm, &command, "having the PCRs signed", response, &in, err));
	in_skip(&in, 4, "parameterSize");
	message = get_sized(&in, ATTEST_MAX, "quoted");
	if (in_u16be(&in, "sigAlg") != ALG_RSASSA && in.failed == NULL)
		in_fail_at(&in, in_offset(&in) - 2, "sigAlg", "is not RSASSA");
	if (in_u16be(&in, "signature.hash") != TPM_ALG_SHA256 && in.failed == NULL)
		in_fail_at(&in, in_offset(&in) - 2, "signature.hash", "is not SHA-256");
	signature = get_sized(&in, SIGNATURE_MAX, "signature.sig");
	TRY(in_status(&in, err));
	out->message.len = out->signature.len = 0;
	out_bytes(&out->message, message.data, message.len);
	out_bytes(&out->signature, signature.data, signature.len);
	TRY(out_status(&out->message, err));
	return out_status(&out->signature, err);
}

/* Finds the digest of the PCRs, in a quote that must have this nonce. */
static enum cella_status read_attest(struct cella_bytes message, struct cella_bytes nonce,
				     struct cella_bytes *digest, struct cella_error *err)
{
	struct cella_bytes found;
	struct in in;

	in_init(&in, message, "the TPM's quote");
	if (in_u32be(&in, "magic") != generated && in.failed == NULL)
		in_fail_at(&in, 0, "magic", "is not TPM_GENERATED");
	if (in_u16be(&in, "type") != TYPE_QUOTE && in.failed == NULL)
		in_fail_at(&in, 4, "type", "is not a quote's");
	(void)get_sized(&in, ATTEST_MAX, "qualifiedSigner");
	found = get_sized(&in, ATTEST_MAX, "extraData");
	in_skip(&in, CLOCK_AND_FIRMWARE_LEN, "clockInfo");
	if (get_selection(&in) != ALL_PCRS && in.failed == NULL)
		in_fail(&in, "pcrSelect", "are not all PCRs");
	*digest = get_sized(&in, SHA256_LEN, "pcrDigest");
	in_end(&in, "end");
	TRY(in_status(&in, err));
	if (!bytes_equal(found, nonce))
		return error_set(err, CELLA_MALFORMED,
				 "the TPM's quote: extraData: is not the nonce");
	return CELLA_OK;
}

static enum cella_status are_pcrs_of(struct cella_bytes digest,
				     uint8_t pcrs[NUM_PCRS][SHA256_LEN], bool *out,
				     struct cella_error *err)
{
	uint8_t hash[SHA256_LEN];

	TRY(crypto_sha256(bytes_of(pcrs, (size_t)NUM_PCRS * SHA256_LEN), hash, err));
	*out = bytes_equal(digest, bytes_of(hash, sizeof hash));
	return CELLA_OK;
}

enum cella_status tpm_quote_make(const struct tpm *tpm, uint32_t key,
				 struct cella_bytes nonce, struct tpm_quote *out,
				 struct cella_error *err)
{
	struct tpm_quote quote CLEANUP(tpm_quote_done) = { 0 };
	bool agree = false;

	if (nonce.len > TPM_NONCE_MAX)
		return error_set(err, CELLA_LIMIT, "a TPM's nonce: %zu bytes, at most %d",
				 nonce.len, TPM_NONCE_MAX);
	/* Somebody may extend a PCR between the two. */
	for (int race = 0; race < RACES_MAX && !agree; race++) {
		struct cella_bytes digest = { 0 };

		TRY(read_pcrs(tpm, quote.pcrs, err));
		TRY(sign(tpm, key, nonce, &quote, err));
		TRY(read_attest(out_view(&quote.message), nonce, &digest, err));
		TRY(are_pcrs_of(digest, quote.pcrs, &agree, err));
	}
	if (!agree)
		return error_set(err, CELLA_IO,
				 "the TPM's quote: pcrDigest: is not that of its PCRs");
	*out = quote;
	memset(&quote, 0, sizeof quote);
	return CELLA_OK;
}

enum cella_status tpm_quote_write(const struct tpm_quote *quote, struct out *out,
				  struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	json_t *pcrs;
	char *text CLEANUP_FREE = NULL;

	if (root == NULL)
		return error_nomem(err);
	TRY(json_put(root, "signature", json_hex(out_view(&quote->signature)), err));
	TRY(json_put(root, "message", json_hex(out_view(&quote->message)), err));
	pcrs = json_array();
	TRY(json_put(root, "pcrs", pcrs, err));
	for (size_t i = 0; i < NUM_PCRS; i++)
		TRY(json_add(pcrs, json_hex(bytes_of(quote->pcrs[i], SHA256_LEN)), err));
	TRY(json_write(root, true, &text, err));
	out_text(out, text);
	out_text(out, "\n");
	return out_status(out, err);
}
