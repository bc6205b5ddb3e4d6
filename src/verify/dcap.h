/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of verifying a DCAP quote. Each check_…() asks one question and adds one check
 * to the verdict; steps that fail return an error only for want of memory or for input
 * that breaks its format.
 */
#ifndef VERIFY_DCAP_H
#define VERIFY_DCAP_H

#include "verify/verdict.h"

/* --- shared -------------------------------------------------------------------------- */

enum cella_outcome outcome_if(bool good);
bool verdict_is_tdx(const struct cella_verdict *verdict);
bool verdict_is_evm(const struct cella_verdict *verdict);
/* verdict_tee() is "tdx", "sgx" or "evm". */
const char *verdict_tee(const struct cella_verdict *verdict);

/* chain_ends_in() is true when a chain's last certificate has this key, x || y. */
bool chain_ends_in(const struct cert_chain *chain, const uint8_t root[64]);

/* chain_fault_text() says which certificate of a chain has which fault. */
const char *chain_fault_text(struct cella_verdict *verdict,
			     const struct cert_chain *chain, const char *fault,
			     size_t index);

/* --- the quote (dcap_quote.c) -------------------------------------------------------- */

/* struct att_key - an attestation key; key is NULL when its point is not on the curve. */
struct att_key;
void att_key_unref(struct att_key *key);

static inline void att_key_cleanup(struct att_key **key)
{
	att_key_unref(*key);
}

/*
 * check_pck_chain() finds the platform's certificate: the quote's, or for quotes that only
 * name their platform the collateral's, if that is the quote's own.
 */
enum cella_status check_pck_chain(struct cella_verdict *verdict, const uint8_t root[64],
				  const struct verify_caches *caches,
				  struct cella_error *err) MUST_CHECK;
enum cella_status check_pck_root(struct cella_verdict *verdict, const uint8_t root[64],
				 bool is_intel, struct cella_error *err) MUST_CHECK;
/* root_name() is "intel" or "private:<SHA-256 of the key's 65-byte encoding>". */
enum cella_status root_name(const uint8_t point[64], bool is_intel,
			    char out[ROOT_NAME_LEN], struct cella_error *err) MUST_CHECK;
void check_pck_extension(struct cella_verdict *verdict);

/* check_qe() checks the QE's report and finds the attestation key. */
enum cella_status check_qe(struct cella_verdict *verdict,
			   const struct verify_caches *caches, struct att_key **out,
			   struct cella_error *err) MUST_CHECK;
enum cella_status check_quote_signature(struct cella_verdict *verdict,
					const struct att_key *key,
					struct cella_error *err) MUST_CHECK;

/* --- the collateral (dcap_collateral.c) ---------------------------------------------- */

/* find_documents() chooses the documents for this platform; they may be missing. */
void find_documents(struct cella_verdict *verdict);

void check_identity_signature(struct cella_verdict *verdict, const uint8_t root[64]);
void check_tcb_info_signature(struct cella_verdict *verdict, const uint8_t root[64]);

/* doc_is_authentic() is true when a document's two checks passed. */
bool doc_is_authentic(const struct cella_verdict *verdict, enum check_id chain,
		      enum check_id signature);

void check_qe_identity(struct cella_verdict *verdict);
void check_tcb_info_platform(struct cella_verdict *verdict);
void check_tdx_module(struct cella_verdict *verdict);
void check_root_crl(struct cella_verdict *verdict, const uint8_t root[64]);
void check_pck_crl(struct cella_verdict *verdict, const uint8_t root[64]);
void check_revocation(struct cella_verdict *verdict);

/* --- dates (dcap_dates.c) ------------------------------------------------------------ */

/* note_all_dates() fills in the verdict's groups of dates and the facts about them. */
void note_all_dates(struct cella_verdict *verdict);

#endif
