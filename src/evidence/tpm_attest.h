/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TPM signs of its PCRs: TPMS_ATTEST with TPMS_QUOTE_INFO (TPM 2.0 Library, part 2;
 * big endian).
 */
#ifndef EVIDENCE_TPM_ATTEST_H
#define EVIDENCE_TPM_ATTEST_H

#include "base/bytes.h"

enum { TPM_NONCE_MAX = 64 };

/* struct tpm_attest - a quote of PCRs of SHA-256; views point into its bytes. */
struct tpm_attest {
	struct cella_bytes nonce;      /* extraData */
	uint32_t selected;             /* a bit per PCR that the digest is of */
	struct cella_bytes pcr_digest; /* SHA-256 */
	uint32_t reset_count;
	uint32_t restart_count;
};

/* tpm_attest_read() reads exactly one; CELLA_MALFORMED when it is of another type. */
enum cella_status tpm_attest_read(struct cella_bytes bytes, struct tpm_attest *out,
				  struct cella_error *err) MUST_CHECK;

#endif
