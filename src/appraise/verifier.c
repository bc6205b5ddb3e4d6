/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier context: a snapshot of collateral and what earlier verifications found out,
 * shared by threads.
 */
#include "appraise/judge.h"
#include "appraise/trust_root.h"

#include <pthread.h>

struct cella_verifier {
	pthread_mutex_t lock; /* guards the pointer only */
	struct cella_collateral *collateral;
	struct cache pcks;
	struct cache qes;
	struct cache roots;
};

enum { MAX_PLATFORMS = 1 << 20, MAX_ROOTS = 4 };

static enum cella_status init_caches(struct cella_verifier *v, size_t max_platforms,
				     struct cella_error *err)
{
	TRY(cache_init(&v->pcks, &pck_cache_kind, max_platforms, err));
	TRY(cache_init(&v->qes, &att_key_cache_kind, max_platforms, err));
	return cache_init(&v->roots, &trust_root_cache_kind, MAX_ROOTS, err);
}

enum cella_status cella_verifier_new(size_t max_platforms, struct cella_verifier **out,
				     struct cella_error *err)
{
	struct cella_verifier *v;
	enum cella_status status;

	if (max_platforms == 0 || max_platforms > MAX_PLATFORMS)
		return error_set(err, CELLA_USAGE, "verifier: 1 to %d platforms",
				 MAX_PLATFORMS);
	v = calloc(1, sizeof *v);
	if (v == NULL)
		return error_nomem(err);
	pthread_mutex_init(&v->lock, NULL);
	status = init_caches(v, max_platforms, err);
	if (status != CELLA_OK) {
		cella_verifier_free(v);
		return status;
	}
	*out = v;
	return CELLA_OK;
}

void cella_verifier_free(struct cella_verifier *verifier)
{
	if (verifier == NULL)
		return;
	cella_collateral_unref(verifier->collateral);
	cache_done(&verifier->pcks);
	cache_done(&verifier->qes);
	cache_done(&verifier->roots);
	pthread_mutex_destroy(&verifier->lock);
	free(verifier);
}

void cella_verifier_set_collateral(struct cella_verifier *verifier,
				   struct cella_collateral *collateral)
{
	struct cella_collateral *old;

	if (collateral != NULL)
		cella_collateral_ref(collateral);
	pthread_mutex_lock(&verifier->lock);
	old = verifier->collateral;
	verifier->collateral = collateral;
	pthread_mutex_unlock(&verifier->lock);
	cella_collateral_unref(old);
}

enum cella_status cella_verifier_verify(struct cella_verifier *verifier,
					struct cella_evidence *evidence,
					const struct cella_verify_options *options,
					struct cella_verdict **out,
					struct cella_error *err)
{
	const struct verify_caches caches = { &verifier->pcks, &verifier->qes,
					      &verifier->roots };
	struct cella_collateral *collateral = NULL;
	enum cella_status status;

	pthread_mutex_lock(&verifier->lock);
	if (verifier->collateral != NULL)
		collateral = cella_collateral_ref(verifier->collateral);
	pthread_mutex_unlock(&verifier->lock);
	status = verify_cached(evidence, collateral, options, &caches, out, err);
	cella_collateral_unref(collateral);
	return status;
}
