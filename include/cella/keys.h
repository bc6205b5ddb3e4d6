/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys: those that sign, which this library never holds, and those that are pinned.
 */
#ifndef CELLA_KEYS_H
#define CELLA_KEYS_H

#include <cella/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Signature algorithms (RFC 7518 section 3.4); signatures are r || s, big endian. */
enum cella_alg {
	CELLA_ALG_NONE = 0, /* a usage error */
	CELLA_ALG_ES256, /* ECDSA on P-256 with SHA-256: 64 bytes of key and signature */
	CELLA_ALG_ES384, /* ECDSA on P-384 with SHA-384: 96 bytes */
};

#define CELLA_POINT_MAX 96

/*
 * struct cella_signer - somebody who signs: a file's key, a hardware module, another
 * process. Set size to the size of the struct.
 */
struct cella_signer {
	size_t size;
	enum cella_alg alg;
	uint8_t public_key
		[CELLA_POINT_MAX]; /* x || y; what was signed is checked with it */

	/*
	 * sign() writes the signature over a message (not over its hash) into signature,
	 * which has room for CELLA_POINT_MAX bytes. It returns CELLA_OK or describes in
	 * err, which is never NULL, what failed.
	 */
	enum cella_status (*sign)(void *context, const void *message, size_t len,
				  uint8_t *signature, struct cella_error *err);
	void *context;
};

/* struct cella_keys - a set of pinned public keys on P-256 and P-384. */
struct cella_keys;

/* cella_keys_new() makes an empty set for the caller to free. */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status cella_keys_new(struct cella_keys **out,
							       struct cella_error *err);

/*
 * cella_keys_add() adds every key of a document, or none when it fails: a JWK, a JWK set
 * (RFC 7517), or PEM blocks "PUBLIC KEY" and "CERTIFICATE". CELLA_MALFORMED when it is
 * broken or holds a private key; CELLA_UNSUPPORTED for keys of another kind. In a JWK set,
 * keys of another kind or use are passed over.
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status cella_keys_add(struct cella_keys *keys,
							       const void *data,
							       size_t len,
							       struct cella_error *err);

CELLA_EXPORT size_t cella_keys_count(const struct cella_keys *keys);

/*
 * cella_keys_thumbprint() borrows a key's RFC 7638 thumbprint (SHA-256, base64url), which
 * names it in texts and as "kid"; NULL beyond the last key.
 */
CELLA_EXPORT const char *cella_keys_thumbprint(const struct cella_keys *keys,
					       size_t index);

CELLA_EXPORT void cella_keys_free(struct cella_keys *keys);

/*
 * cella_jwk_write() writes the public key of a signer as a JWK with alg, kid and use. The
 * caller frees *text with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_jwk_write(const struct cella_signer *signer, char **text, struct cella_error *err);

#ifdef __cplusplus
}
#endif
#endif
