/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles of collateral that somebody vouches for, on their way to machines without a
 * network: a JSON Web Signature over {"iat":…,"collateral":…}. The vendor signs each
 * document; whoever signs the bundle says which ones belong together, and when.
 */
#ifndef TOKEN_SIGNED_BUNDLE_H
#define TOKEN_SIGNED_BUNDLE_H

#include <cella/keys.h>

#include "base/bytes.h"

/* signed_bundle_is_one() tells a signed bundle from collateral as it is. */
bool signed_bundle_is_one(struct cella_bytes text);

/* signed_bundle_write() signs what cella_collateral_write() wrote. The caller frees *text. */
enum cella_status signed_bundle_write(const char *bundle, int64_t time,
				      const struct cella_signer *signer, char **text,
				      struct cella_error *err) MUST_CHECK;

/* What a signed bundle says. */
struct signed_bundle {
	struct out collateral; /* the bundle, owned */
	int64_t time;          /* when it was signed */
	const char *signer;    /* thumbprint of the pinned key, borrowed from the set */
};

static inline void signed_bundle_done(struct signed_bundle *bundle)
{
	out_done(&bundle->collateral);
}

/*
 * signed_bundle_read() reads a bundle that one of the pinned keys has signed. *good is
 * false, and out is empty, when none of them has. CELLA_MALFORMED when it is broken.
 */
enum cella_status signed_bundle_read(struct cella_bytes text,
				     const struct cella_keys *keys,
				     struct signed_bundle *out, bool *good,
				     struct cella_error *err) MUST_CHECK;

#endif
