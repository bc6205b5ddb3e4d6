/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates: what begins last and what expires first of things that count together.
 */
#include "verify/dcap.h"

/* --- dates --------------------------------------------------------------------------- */

/* What stands and falls together in time, and the dates that Intel's results give. */
struct spans {
	struct validity items[5];
	size_t num_items;
};

static void add_span(struct spans *spans, const char *what, int64_t from, int64_t to)
{
	spans->items[spans->num_items++] = (struct validity){ what, from, to };
}

static void add_chain(struct spans *spans, const struct cert_chain *chain)
{
	for (size_t i = 0; i < chain->num_certs; i++) {
		const struct crypto_cert *const cert = chain->certs[i]->x509;

		add_span(spans,
			 cert->subject_cn[0] != '\0' ? cert->subject_cn
						     : "a certificate without a name",
			 cert->not_before, cert->not_after);
	}
}

/* Widens the first and last issue and narrows the first expiry of a set of facts. */
static void note_dates(struct cella_verdict *v, const struct spans *spans,
		       const enum cella_fact facts[3])
{
	for (size_t i = 0; i < spans->num_items; i++) {
		const struct validity *const span = &spans->items[i];
		int64_t earliest = span->from;
		int64_t latest = span->from;
		int64_t expiry = span->to;

		cella_facts_get_time(&v->facts, facts[0], &earliest);
		cella_facts_get_time(&v->facts, facts[1], &latest);
		cella_facts_get_time(&v->facts, facts[2], &expiry);
		facts_set_time(&v->facts, facts[0],
			       span->from < earliest ? span->from : earliest);
		facts_set_time(&v->facts, facts[1],
			       span->from > latest ? span->from : latest);
		facts_set_time(&v->facts, facts[2],
			       span->to < expiry ? span->to : expiry);
	}
}

static const enum cella_fact all_dates[3] = { CELLA_FACT_EARLIEST_ISSUE_DATE,
					      CELLA_FACT_LATEST_ISSUE_DATE,
					      CELLA_FACT_EARLIEST_EXPIRATION_DATE };
static const enum cella_fact qe_dates[3] = { CELLA_FACT_QE_EARLIEST_ISSUE_DATE,
					     CELLA_FACT_QE_LATEST_ISSUE_DATE,
					     CELLA_FACT_QE_EARLIEST_EXPIRATION_DATE };

/* Keeps what begins last and what expires first of things that count together. */
static void note_group(struct cella_verdict *v, enum date_group group,
		       const struct spans *spans, const char *where)
{
	struct dated *const dated = &v->dates[group];

	*dated = (struct dated){ .where = where };
	if (spans->num_items == 0)
		return;
	note_dates(v, spans, all_dates);
	for (size_t i = 0; i < spans->num_items; i++) {
		const struct validity *const span = &spans->items[i];

		if (!dated->known || span->to < dated->expires.to)
			dated->expires = *span;
		if (!dated->known || span->from > dated->begins.from)
			dated->begins = *span;
		dated->known = true;
	}
	if (v->first_expiry.what == NULL || dated->expires.to < v->first_expiry.to)
		v->first_expiry = dated->expires;
}

static void note_doc_dates(struct cella_verdict *v, enum date_group group,
			   const struct signed_doc *doc, const char *what, int64_t from,
			   int64_t to)
{
	struct spans spans = { 0 };

	if (doc != NULL) {
		add_span(&spans, what, from, to);
		if (doc->signer != NULL)
			add_chain(&spans, &doc->signer->chain);
	}
	note_group(v, group, &spans, what);
	if (group == DATES_QE_IDENTITY)
		note_dates(v, &spans, qe_dates);
}

static void note_crl_dates(struct cella_verdict *v, enum date_group group,
			   const struct crl_doc *doc, const char *what, bool with_chain)
{
	struct spans spans = { 0 };

	if (doc != NULL) {
		add_span(&spans, what, doc->crl->this_update, doc->crl->next_update);
		if (with_chain && doc->issuer != NULL)
			add_chain(&spans, &doc->issuer->chain);
	}
	note_group(v, group, &spans, what);
}

void note_all_dates(struct cella_verdict *v)
{
	const struct tcb_info_doc *const info = v->tcb_info;
	const struct identity_doc *const identity = v->identity;
	struct spans pck = { 0 };

	if (v->pck != NULL)
		add_chain(&pck, &v->pck->chain);
	note_group(v, DATES_PCK, &pck, "quote: cert_data");
	note_doc_dates(v, DATES_TCB_INFO, info != NULL ? &info->doc : NULL, "tcb_info",
		       info != NULL ? info->info.issue_date : 0,
		       info != NULL ? info->info.next_update : 0);
	note_doc_dates(v, DATES_QE_IDENTITY, identity != NULL ? &identity->doc : NULL,
		       "qe_identity",
		       identity != NULL ? identity->identity.issue_date : 0,
		       identity != NULL ? identity->identity.next_update : 0);
	note_crl_dates(v, DATES_ROOT_CRL, v->root_crl, "root_ca_crl", false);
	note_crl_dates(v, DATES_PCK_CRL, v->pck_crl, "pck_crl", true);
}
