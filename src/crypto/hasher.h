/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-384 of what does not fit into memory.
 */
#ifndef CRYPTO_HASHER_H
#define CRYPTO_HASHER_H

#include "crypto/crypto.h"

/* struct sha384_hasher - a hash in progress. */
struct sha384_hasher;

/* sha384_new() starts a hash; the caller frees it. */
enum cella_status sha384_new(struct sha384_hasher **out,
			     struct cella_error *err) MUST_CHECK;
void sha384_add(struct sha384_hasher *hasher, struct cella_bytes bytes);
/* sha384_finish() tells the hash; nothing can be added afterwards. */
void sha384_finish(struct sha384_hasher *hasher, uint8_t out[SHA384_LEN]);
void sha384_free(struct sha384_hasher *hasher);

static inline void sha384_cleanup(struct sha384_hasher **hasher)
{
	sha384_free(*hasher);
}

#endif
