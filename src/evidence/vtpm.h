/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parsed evidence of a vTPM behind the public handle.
 */
#ifndef EVIDENCE_VTPM_H
#define EVIDENCE_VTPM_H

#include <stdatomic.h>

#include <cella/vtpm.h>

#include "crypto/rsa.h"
#include "evidence/event_log.h"

struct cella_vtpm {
	atomic_uint refs;
	uint8_t *hcl_report;             /* owned */
	struct cella_bytes runtime_data; /* in hcl_report: what the report data is of */
	enum crypto_hash runtime_hash;
	uint8_t modulus[RSA_MODULUS_MAX]; /* of HCLAkPub */
	size_t modulus_len;

	/* the TPM's quote */
	uint8_t *message; /* owned; TPMS_ATTEST */
	size_t message_len;
	uint8_t signature[RSA_MODULUS_MAX];
	size_t signature_len;
	struct cella_bytes nonce; /* extraData, in message */
	uint32_t selected;        /* a bit per PCR that the digest is of */
	uint8_t pcr_digest[SHA256_LEN];
	uint8_t pcrs[NUM_PCRS][SHA256_LEN];

	/* of both inputs, every byte: tokens name them by these */
	uint8_t hcl_report_sha256[SHA256_LEN];
	uint8_t tpm_quote_sha256[SHA256_LEN];
};

static inline void vtpm_cleanup(struct cella_vtpm **vtpm)
{
	cella_vtpm_unref(*vtpm);
}

#endif
