/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of collateral: look-up and life.
 */
#include "collateral/bundle.h"

#include <string.h>

void chain_doc_free(struct chain_doc *doc)
{
	if (doc == NULL)
		return;
	cert_chain_done(&doc->chain);
	free(doc->text);
	free(doc);
}

void signed_doc_done(struct signed_doc *doc)
{
	chain_doc_free(doc->signer);
	free(doc->text);
}

void tcb_info_doc_free(struct tcb_info_doc *doc)
{
	if (doc == NULL)
		return;
	signed_doc_done(&doc->doc);
	tcb_info_done(&doc->info);
	free(doc);
}

void identity_doc_free(struct identity_doc *doc)
{
	if (doc == NULL)
		return;
	signed_doc_done(&doc->doc);
	qe_identity_done(&doc->identity);
	free(doc);
}

void numbers_doc_free(struct numbers_doc *doc)
{
	if (doc == NULL)
		return;
	signed_doc_done(&doc->doc);
	free(doc);
}

void crl_doc_free(struct crl_doc *doc)
{
	if (doc == NULL)
		return;
	chain_doc_free(doc->issuer);
	crypto_crl_free(doc->crl);
	free(doc->text);
	free(doc);
}

struct cella_collateral *cella_collateral_ref(struct cella_collateral *collateral)
{
	atomic_fetch_add_explicit(&collateral->refs, 1, memory_order_relaxed);
	return collateral;
}

void cella_collateral_unref(struct cella_collateral *c)
{
	if (c == NULL ||
	    atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < c->num_tcb_infos; i++)
		tcb_info_doc_free(c->tcb_infos[i]);
	for (size_t i = 0; i < c->num_identities; i++)
		identity_doc_free(c->identities[i]);
	for (size_t i = 0; i < c->num_numbers; i++)
		numbers_doc_free(c->numbers[i]);
	for (size_t i = 0; i < c->num_root_crls; i++)
		crl_doc_free(c->root_crls[i]);
	for (size_t i = 0; i < c->num_pck_crls; i++)
		crl_doc_free(c->pck_crls[i]);
	chain_doc_free(c->pck_chain);
	free(c->tcb_infos);
	free(c->identities);
	free(c->numbers);
	free(c->root_crls);
	free(c->pck_crls);
	free(c);
}

const struct tcb_info_doc *collateral_tcb_info(const struct cella_collateral *c,
					       enum tcb_tee tee,
					       const uint8_t fmspc[FMSPC_LEN],
					       const uint8_t pce_id[PCE_ID_LEN])
{
	for (size_t i = 0; i < c->num_tcb_infos; i++) {
		const struct tcb_info *const info = &c->tcb_infos[i]->info;

		if (info->tee == tee && memcmp(info->fmspc, fmspc, FMSPC_LEN) == 0 &&
		    memcmp(info->pce_id, pce_id, PCE_ID_LEN) == 0)
			return c->tcb_infos[i];
	}
	return NULL;
}

const struct identity_doc *collateral_identity(const struct cella_collateral *c,
					       enum identity_id id)
{
	for (size_t i = 0; i < c->num_identities; i++)
		if (c->identities[i]->identity.id == id)
			return c->identities[i];
	return NULL;
}

const struct numbers_doc *collateral_numbers(const struct cella_collateral *c,
					     enum tcb_tee tee)
{
	for (size_t i = 0; i < c->num_numbers; i++)
		if (c->numbers[i]->numbers.tee == tee)
			return c->numbers[i];
	return NULL;
}

const struct crl_doc *collateral_pck_crl(const struct cella_collateral *c,
					 struct cella_bytes issuer)
{
	for (size_t i = 0; i < c->num_pck_crls; i++)
		if (bytes_equal(c->pck_crls[i]->crl->issuer, issuer))
			return c->pck_crls[i];
	return c->num_pck_crls > 0 ? c->pck_crls[0] : NULL;
}

const struct crl_doc *collateral_root_crl(const struct cella_collateral *c)
{
	return c->num_root_crls > 0 ? c->root_crls[0] : NULL;
}

static void add_known(const struct cert_chain **known, size_t *num, size_t max,
		      const struct chain_doc *doc)
{
	if (doc != NULL && doc->chain.num_certs > 0 && *num < max)
		known[(*num)++] = &doc->chain;
}

size_t collateral_known_chains(const struct cella_collateral *c,
			       const struct cert_chain **known, size_t max)
{
	size_t num = 0;

	for (size_t i = 0; i < c->num_pck_crls; i++)
		add_known(known, &num, max, c->pck_crls[i]->issuer);
	add_known(known, &num, max, c->pck_chain);
	return num;
}
