/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TPM quotes, with the values that it quotes.
 */
#include "collect/tpm_quote.h"

#include "base/json.h"

#include <string.h>

enum {
	ALL_PCRS = (1 << TPM_NUM_PCRS) - 1,
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

/* --- quotes -------------------------------------------------------------------------- */

/* TPMT_SIGNATURE, of the one scheme. */
static enum cella_status read_signature(struct cella_bytes bytes, struct out *out,
					struct cella_error *err)
{
	struct cella_bytes signature;
	struct in in;

	in_init(&in, bytes, "the TPM's signature");
	if (in_u16be(&in, "sigAlg") != TPM_ALG_RSASSA && in.failed == NULL)
		in_fail_at(&in, 0, "sigAlg", "is not RSASSA");
	if (in_u16be(&in, "hash") != TPM_ALG_SHA256 && in.failed == NULL)
		in_fail_at(&in, 2, "hash", "is not SHA-256");
	signature = tpm_get_sized(&in, TPM_SIGNATURE_MAX, "sig");
	TRY(in_status(&in, err));
	out->len = 0;
	out_bytes(out, signature.data, signature.len);
	return out_status(out, err);
}

static enum cella_status sign(const struct tpm *tpm, uint32_t key,
			      struct cella_bytes nonce, struct tpm_quote *out,
			      struct cella_error *err)
{
	struct out signature CLEANUP(out_done) = { 0 };

	TRY(tpm_pcrs_sign(tpm, key, nonce, ALL_PCRS, &out->message, &signature, err));
	return read_signature(out_view(&signature), &out->signature, err);
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
	(void)tpm_get_sized(&in, TPM_ATTEST_MAX, "qualifiedSigner");
	found = tpm_get_sized(&in, TPM_ATTEST_MAX, "extraData");
	in_skip(&in, CLOCK_AND_FIRMWARE_LEN, "clockInfo");
	if (tpm_get_selection(&in) != ALL_PCRS && in.failed == NULL)
		in_fail(&in, "pcrSelect", "are not all PCRs");
	*digest = tpm_get_sized(&in, SHA256_LEN, "pcrDigest");
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

		TRY(tpm_pcrs_read(tpm, ALL_PCRS, quote.pcrs, err));
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
