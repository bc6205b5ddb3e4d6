/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Keys (RFC 7517, RFC 7518 section 6.2): public keys on P-256 and P-384.
 */
#ifndef JOSE_JWK_H
#define JOSE_JWK_H

#include <cella/keys.h>

#include "base/json.h"
#include "crypto/crypto.h"

enum { JWK_THUMBPRINT_LEN = 43, KEYS_MAX = 256 };

/* struct jwk - a public key and its name. */
struct jwk {
	struct crypto_key *key;
	char thumbprint[JWK_THUMBPRINT_LEN + 1];
};

struct cella_keys {
	struct jwk *items;
	size_t num_items;
};

/* jwk_init() makes a key of x || y; CELLA_MALFORMED when it is not a point of the curve. */
enum cella_status jwk_init(struct jwk *jwk, enum crypto_curve curve,
			   struct cella_bytes point, struct cella_error *err) MUST_CHECK;
void jwk_done(struct jwk *jwk);

/*
 * jwk_read() reads an object {"kty":"EC","crv":…,"x":…,"y":…}. CELLA_UNSUPPORTED for keys
 * of another kind or use, CELLA_MALFORMED for a broken one or one with a private part.
 */
enum cella_status jwk_read(const json_t *json, const char *where, struct jwk *out,
			   struct cella_error *err) MUST_CHECK;

/* jwk_json() makes {"alg":…,"kty":"EC","x":…,"y":…,"crv":…}; NULL when out of memory. */
json_t *jwk_json(enum crypto_curve curve, struct cella_bytes point);

/* jwk_thumbprint() computes the RFC 7638 thumbprint. */
enum cella_status jwk_thumbprint(enum crypto_curve curve, struct cella_bytes point,
				 char out[JWK_THUMBPRINT_LEN + 1],
				 struct cella_error *err) MUST_CHECK;

/* jwk_alg() is "ES256" or "ES384". */
const char *jwk_alg(enum crypto_curve curve);

/* signer_curve() is the curve of a signer's algorithm; CELLA_USAGE for none. */
enum cella_status signer_curve(const struct cella_signer *signer, enum crypto_curve *out,
			       struct cella_error *err) MUST_CHECK;

/* keys_find() finds a key by its thumbprint; NULL when it is not in the set. */
const struct jwk *keys_find(const struct cella_keys *keys, const char *thumbprint);

static inline void jwk_cleanup(struct jwk *jwk)
{
	jwk_done(jwk);
}

#endif
