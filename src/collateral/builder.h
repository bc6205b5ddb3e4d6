/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of collateral under construction: what the readers of the various forms add to.
 */
#ifndef COLLATERAL_BUILDER_H
#define COLLATERAL_BUILDER_H

#include "collateral/bundle.h"

struct cella_collateral_builder {
	struct cella_collateral *set; /* under construction, owned */
	/* Chains that came on their own and belong to documents without one. */
	struct chain_doc *signing_chain;
	struct chain_doc *pck_ca_chains[2]; /* one per CA */
};

static inline void chain_doc_cleanup(struct chain_doc **doc)
{
	chain_doc_free(*doc);
}

/* chain_doc_new() parses and checks a chain; certificates of the set are shared. */
enum cella_status chain_doc_new(const struct cella_collateral_builder *builder,
				struct cella_bytes pem, enum chain_role role,
				const char *what, struct chain_doc **out,
				struct cella_error *err) MUST_CHECK;

/*
 * Adding one document. signer and issuer may be NULL; they are taken in any case. Of two
 * documents of the same kind and platform the newer one stays.
 */
enum cella_status builder_add_tcb_info(struct cella_collateral_builder *builder,
				       struct cella_bytes text, struct chain_doc *signer,
				       struct cella_error *err) MUST_CHECK;
enum cella_status builder_add_identity(struct cella_collateral_builder *builder,
				       struct cella_bytes text, struct chain_doc *signer,
				       struct cella_error *err) MUST_CHECK;

enum cella_status builder_add_numbers(struct cella_collateral_builder *builder,
				      struct cella_bytes text, struct chain_doc *signer,
				      struct cella_error *err) MUST_CHECK;

enum crl_place { CRL_BY_ISSUER, CRL_ROOT, CRL_PCK };

enum cella_status builder_add_crl(struct cella_collateral_builder *builder,
				  struct cella_bytes text, enum crl_place place,
				  struct chain_doc *issuer,
				  struct cella_error *err) MUST_CHECK;

/* builder_add_chain() adds a chain on its own; its first certificate says what it is. */
enum cella_status builder_add_chain(struct cella_collateral_builder *builder,
				    struct cella_bytes pem,
				    struct cella_error *err) MUST_CHECK;

/* builder_keep_chain() puts a chain in a place, instead of the one that was there. */
void builder_keep_chain(struct chain_doc **place, struct chain_doc *doc);

/* The forms (bundle_read.c): an HTTP response, or a document that tells its kind. */
enum cella_status builder_add_response(struct cella_collateral_builder *builder,
				       struct cella_bytes text,
				       struct cella_error *err) MUST_CHECK;
enum cella_status builder_add_content(struct cella_collateral_builder *builder,
				      struct cella_bytes text, struct chain_doc *signer,
				      struct cella_error *err) MUST_CHECK;

#endif
