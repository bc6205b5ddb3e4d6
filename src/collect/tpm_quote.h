/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM's signed word on its PCRs.
 */
#ifndef COLLECT_TPM_QUOTE_H
#define COLLECT_TPM_QUOTE_H

#include "collect/tpm_pcrs.h"
#include "crypto/crypto.h"
#include "evidence/vtpm.h"

_Static_assert((int)TPM_PCR_LEN == (int)SHA256_LEN, "PCRs of SHA-256");

/* struct tpm_quote - owned; tpm_quote_done() frees it. */
struct tpm_quote {
	struct out message;   /* TPMS_ATTEST */
	struct out signature; /* RSASSA with SHA-256 */
	uint8_t pcrs[NUM_PCRS][SHA256_LEN];
};

void tpm_quote_done(struct tpm_quote *quote);

/*
 * tpm_quote_make() has a key of the TPM sign a nonce and all PCRs of SHA-256, and reads these.
 * What it gives agrees with each other; whether the signature is good, a verifier tells.
 * CELLA_MISSING when there is no such key.
 */
enum cella_status tpm_quote_make(const struct tpm *tpm, uint32_t key,
				 struct cella_bytes nonce, struct tpm_quote *out,
				 struct cella_error *err) MUST_CHECK;

/* tpm_quote_write() writes it as JSON: {"signature", "message", "pcrs"}, in hexadecimal. */
enum cella_status tpm_quote_write(const struct tpm_quote *quote, struct out *out,
				  struct cella_error *err) MUST_CHECK;

#endif
