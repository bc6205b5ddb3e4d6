/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of collateral: documents, the chains that sign them, and the outcome of checking
 * the signatures. Immutable once made.
 */
#ifndef COLLATERAL_BUNDLE_H
#define COLLATERAL_BUNDLE_H

#include <cella/collateral.h>

#include "collateral/cert_chain.h"
#include "collateral/qe_identity.h"
#include "collateral/tcb_info.h"
#include "collateral/tcb_numbers.h"

enum { COLLATERAL_MAX_DOCUMENTS = 4096 };

/* A chain with its text and what is wrong with it for its role; see cert_chain_check(). */
struct chain_doc {
	uint8_t *text; /* PEM, owned; NULL: there is none */
	size_t text_len;
	struct cert_chain chain;
	enum chain_role role;
	const char *fault;
	size_t fault_index;
};

/* A JSON document {"<member>":<body>,"signature":"<hex>"} and its signer. */
struct signed_doc {
	uint8_t *text; /* the whole document, owned */
	size_t text_len;
	struct cella_bytes body; /* the bytes that are signed, a part of text */
	uint8_t signature[64];
	struct chain_doc *signer; /* owned; NULL: not given */
	bool signature_good;
};

struct tcb_info_doc {
	struct signed_doc doc;
	struct tcb_info info;
};

struct identity_doc {
	struct signed_doc doc;
	struct qe_identity identity;
};

/* Which evaluations there are; verifications do not ask. */
struct numbers_doc {
	struct signed_doc doc;
	struct tcb_numbers numbers;
};

struct crl_doc {
	uint8_t *text; /* as received: PEM, hex or DER, owned */
	size_t text_len;
	struct crypto_crl *crl;
	struct chain_doc
		*issuer; /* owned; NULL: not given. Of a root's list: only its root */
	bool signature_good;
};

struct cella_collateral {
	atomic_uint refs;
	struct tcb_info_doc **tcb_infos;
	size_t num_tcb_infos;
	struct identity_doc **identities;
	size_t num_identities;
	struct numbers_doc **numbers;
	size_t num_numbers;
	struct crl_doc **root_crls;
	size_t num_root_crls;
	struct crl_doc **pck_crls;
	size_t num_pck_crls;
	struct chain_doc *pck_chain; /* of a PCK certificate, for quotes without one */
};

/* The finders return the document, or NULL when the set has none that fits. */
const struct tcb_info_doc *collateral_tcb_info(const struct cella_collateral *collateral,
					       enum tcb_tee tee,
					       const uint8_t fmspc[FMSPC_LEN],
					       const uint8_t pce_id[PCE_ID_LEN]);
const struct identity_doc *collateral_identity(const struct cella_collateral *collateral,
					       enum identity_id id);
const struct numbers_doc *collateral_numbers(const struct cella_collateral *collateral,
					     enum tcb_tee tee);
/* The list whose issuer has this name; any list at all when there is none of it. */
const struct crl_doc *collateral_pck_crl(const struct cella_collateral *collateral,
					 struct cella_bytes issuer);
const struct crl_doc *collateral_root_crl(const struct cella_collateral *collateral);

/*
 * collateral_known_chains() collects the chains of the set, for cert_chain_parse() to
 * share certificates with; it fills at most max entries and returns their number.
 */
size_t collateral_known_chains(const struct cella_collateral *collateral,
			       const struct cert_chain **known, size_t max);

void chain_doc_free(struct chain_doc *doc);
void signed_doc_done(struct signed_doc *doc);
void tcb_info_doc_free(struct tcb_info_doc *doc);
void identity_doc_free(struct identity_doc *doc);
void numbers_doc_free(struct numbers_doc *doc);
void crl_doc_free(struct crl_doc *doc);

static inline void collateral_cleanup(struct cella_collateral **collateral)
{
	cella_collateral_unref(*collateral);
}

#endif
