/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM's PCRs of SHA-256: their values, and a key's signature over them. Nothing here judges
 * or hashes.
 */
#ifndef COLLECT_TPM_PCRS_H
#define COLLECT_TPM_PCRS_H

#include "collect/tpm.h"

enum {
	TPM_NUM_PCRS = 24,
	TPM_PCR_LEN = 32,
	TPM_ALG_RSASSA = 0x14,
	TPM_ALG_ECDSA = 0x18,
	TPM_NONCE_MAX = 64,
	TPM_ATTEST_MAX = 1024,
	TPM_SIGNATURE_MAX = 512,
};

/* tpm_put_selection() appends TPML_PCR_SELECTION of one bank. */
void tpm_put_selection(struct out *command, uint32_t mask);

/* tpm_get_selection() reads one, which must be of that bank. */
uint32_t tpm_get_selection(struct in *in);

/* tpm_get_sized() views bytes behind their length of two bytes, at most max_len. */
struct cella_bytes tpm_get_sized(struct in *in, size_t max_len, const char *label);

/* tpm_pcrs_read() reads those whose bits are set in mask. */
enum cella_status tpm_pcrs_read(const struct tpm *tpm, uint32_t mask,
				uint8_t pcrs[TPM_NUM_PCRS][TPM_PCR_LEN],
				struct cella_error *err) MUST_CHECK;

/*
 * tpm_pcrs_sign() has a key sign them with a nonce, by the key's own scheme. message becomes
 * TPMS_ATTEST, signature TPMT_SIGNATURE. CELLA_MISSING when there is no such key.
 */
enum cella_status tpm_pcrs_sign(const struct tpm *tpm, uint32_t key,
				struct cella_bytes nonce, uint32_t mask,
				struct out *message, struct out *signature,
				struct cella_error *err) MUST_CHECK;

#endif
