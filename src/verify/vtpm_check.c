/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the TD's quote to the PCRs, in three links; each counts by itself, and all must hold.
 */
#include "verify/vtpm_check.h"

#include "evidence/vtpm.h"

#include <string.h>

/* A shorter nonce could be guessed, and an empty one is in every quote that has none. */
enum { NONCE_MIN = 8 };

static enum cella_outcome outcome_of(bool good)
{
	return good ? CELLA_CHECK_PASS : CELLA_CHECK_FAIL;
}

/* The hash, and zeros after it, in all of the report data. */
static enum cella_status check_binding(struct cella_verdict *v, struct cella_error *err)
{
	const struct cella_vtpm *const vtpm = v->vtpm;
	uint8_t expected[CELLA_REPORT_DATA_LEN] = { 0 };
	const struct cella_bytes view = bytes_of(expected, sizeof expected);
	struct cella_bytes actual = { 0 };
	bool good;

	TRY(crypto_digest(vtpm->runtime_hash, &vtpm->runtime_data, 1, expected, err));
	good = cella_facts_get(&v->facts, CELLA_FACT_REPORT_DATA, &actual) &&
	       bytes_equal(actual, view);
	verdict_check(v, CHECK_VTPM_BINDING, outcome_of(good), arena_hex(&v->arena, view),
		      arena_hex(&v->arena, actual),
		      "quote: body.report_data, of the HCL report's runtime data");
	return CELLA_OK;
}

static enum cella_status check_signature(struct cella_verdict *v, struct cella_error *err)
{
	const struct cella_vtpm *const vtpm = v->vtpm;
	bool good = false;

	TRY(crypto_rsa_verify(bytes_of(vtpm->modulus, vtpm->modulus_len),
			      bytes_of(vtpm->message, vtpm->message_len),
			      bytes_of(vtpm->signature, vtpm->signature_len), &good,
			      err));
	verdict_check(v, CHECK_VTPM_SIGNATURE, outcome_of(good), "signed by HCLAkPub",
		      good ? NULL : "not a signature by that key",
		      "tpm quote: signature");
	return CELLA_OK;
}

static enum cella_status check_pcrs(struct cella_verdict *v, struct cella_error *err)
{
	const struct cella_vtpm *const vtpm = v->vtpm;
	const struct cella_bytes expected = bytes_of(vtpm->pcr_digest, SHA256_LEN);
	struct cella_bytes parts[NUM_PCRS];
	uint8_t digest[SHA256_LEN];
	size_t num_parts = 0;

	for (unsigned i = 0; i < NUM_PCRS; i++)
		if ((vtpm->selected >> i & 1) != 0)
			parts[num_parts++] = bytes_of(vtpm->pcrs[i], SHA256_LEN);
	TRY(crypto_digest(CRYPTO_SHA256, parts, num_parts, digest, err));
	verdict_check(v, CHECK_VTPM_PCRS,
		      outcome_of(bytes_equal(expected, bytes_of(digest, SHA256_LEN))),
		      arena_hex(&v->arena, expected),
		      arena_hex(&v->arena, bytes_of(digest, SHA256_LEN)),
		      "tpm quote: pcrDigest, of the values that came with it");
	return CELLA_OK;
}

enum cella_status vtpm_check(struct cella_verdict *v, struct cella_error *err)
{
	if (v->vtpm == NULL)
		return CELLA_OK;
	if (v->evidence->kind != CELLA_EVIDENCE_TDX_QUOTE)
		return error_set(err, CELLA_UNSUPPORTED,
				 "vtpm: the quote is not a TD's: it vouches for no vTPM");
	TRY(check_binding(v, err));
	TRY(check_signature(v, err));
	return check_pcrs(v, err);
}

void vtpm_check_nonce(struct cella_verdict *v, struct cella_bytes nonce)
{
	const struct cella_bytes actual = v->vtpm->nonce;
	const bool good = nonce.len >= NONCE_MIN && actual.len == nonce.len &&
			  bytes_equal_secret(actual.data, nonce.data, nonce.len);

	verdict_check(v, CHECK_VTPM_NONCE, outcome_of(good), arena_hex(&v->arena, nonce),
		      arena_hex(&v->arena, actual), "tpm quote: extraData");
}

struct cella_bytes vtpm_pcr(const struct cella_verdict *v, unsigned pcr)
{
	if (v->vtpm == NULL || (v->vtpm->selected >> pcr & 1) == 0 ||
	    !verdict_passed(v, CHECK_VTPM_BINDING) ||
	    !verdict_passed(v, CHECK_VTPM_SIGNATURE) ||
	    !verdict_passed(v, CHECK_VTPM_PCRS))
		return bytes_of(NULL, 0);
	return bytes_of(v->vtpm->pcrs[pcr], SHA256_LEN);
}
