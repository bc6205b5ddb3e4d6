/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collateral for a platform, from the cache as long as it is fresh there and from a server
 * otherwise. Documents that are not what was asked for, or not signed up to the root, are
 * refused before they are used or kept.
 */
#ifndef FETCH_FETCHER_H
#define FETCH_FETCHER_H

#include <cella/collateral.h>

#include "fetch/client.h"
#include "fetch/pcs.h"

/* What a fetcher has to say meanwhile. */
enum fetch_event {
	FETCH_ASKING,  /* a server is being asked for this */
	FETCH_WARNING, /* something did not work that did not have to */
};

/* struct fetcher_options - texts are borrowed for the fetcher's life. */
struct fetcher_options {
	const char *url;   /* of the service; NULL: only the cache is asked */
	const char *cache; /* folder; NULL: nothing is kept */
	bool offline;      /* no server is asked, whatever the cache has will do */
	bool refresh;      /* the server is asked, whatever the cache has */
	const char *key;   /* the service's subscription key; NULL: none */
	uint8_t root[64];  /* whose documents are taken */
	struct client_options client;
	int64_t keep_s;     /* how long, where a server does not say; 0: a day */
	int64_t timeout_ms; /* for all of it; 0: half a minute */
	void (*tell)(void *context, enum fetch_event event, const char *text);
	void *context;
};

struct fetcher;

/*
 * fetcher_new() opens the cache. That it cannot be used is a warning, since there is a
 * server; with neither it is CELLA_MISSING.
 */
enum cella_status fetcher_new(const struct fetcher_options *options, struct fetcher **out,
			      struct cella_error *err) MUST_CHECK;
void fetcher_free(struct fetcher *fetcher);

static inline void fetcher_cleanup(struct fetcher **fetcher)
{
	fetcher_free(*fetcher);
}

/*
 * fetcher_get() appends the response to a question. CELLA_MISSING when neither the cache
 * nor the server has it.
 */
enum cella_status fetcher_get(struct fetcher *fetcher,
			      const struct pcs_question *question, struct out *out,
			      struct cella_error *err) MUST_CHECK;

/* fetcher_code() is the HTTP status of the server's last answer; 0 when there was none. */
unsigned fetcher_code(const struct fetcher *fetcher);

/*
 * fetcher_add() adds a platform's whole set to a builder: both revocation lists, TCB
 * information, identity. Two documents of different evaluations are asked for anew.
 */
enum cella_status fetcher_add(struct fetcher *fetcher, const struct platform *platform,
			      struct pcs_edition edition,
			      struct cella_collateral_builder *builder,
			      struct cella_error *err) MUST_CHECK;

/*
 * fetcher_platform() finds out what a quote's platform is. If the quote carries no PCK
 * certificate, that is asked for, and added to the builder.
 */
enum cella_status fetcher_platform(struct fetcher *fetcher,
				   const struct cella_evidence *evidence,
				   struct platform *out,
				   struct cella_collateral_builder *builder,
				   struct cella_error *err) MUST_CHECK;

#endif
