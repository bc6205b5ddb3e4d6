/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root that is trusted: the compiled-in key, or that of a certificate which whoever
 * verifies has given. Never the evidence's own.
 */
#ifndef APPRAISE_TRUST_ROOT_H
#define APPRAISE_TRUST_ROOT_H

#include <cella/verify.h>

#include "verify/cache.h"

#include <stdatomic.h>

/* struct trust_root - a root's key, x || y; immutable, reference-counted. */
struct trust_root {
	atomic_uint refs;
	uint8_t point[P256_POINT_LEN];
	bool is_intel; /* it is the compiled-in key */
	bool is_host;  /* it says that it vouches for vTPMs of Enclave VMs alone */
};

/*
 * trust_root_find() finds the key of the root that is trusted. certificate, in PEM or DER,
 * counts when the choice is CELLA_ROOT_GIVEN: CELLA_MALFORMED when it is not one of a
 * certification authority. cache, which may be NULL, remembers certificates by their
 * hashes. The caller gives *out back with trust_root_unref().
 */
enum cella_status trust_root_find(enum cella_root choice, struct cella_bytes certificate,
				  struct cache *cache, struct trust_root **out,
				  struct cella_error *err) MUST_CHECK;
void trust_root_unref(struct trust_root *root);

static inline void trust_root_cleanup(struct trust_root **root)
{
	trust_root_unref(*root);
}

/* How a cache of trust roots keeps them. */
extern const struct cache_kind trust_root_cache_kind;

#endif
