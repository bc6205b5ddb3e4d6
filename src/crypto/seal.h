/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept in files that others may read or replace: AES-256-GCM with a random nonce, and
 * keys that are derived for one purpose each.
 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "crypto/crypto.h"

enum {
	SEAL_KEY_LEN = 32,
	SEAL_NONCE_LEN = 12,
	SEAL_TAG_LEN = 16,
	SEAL_EXTRA_LEN = SEAL_NONCE_LEN + SEAL_TAG_LEN,
	SEAL_MAX = 16 << 20,
};

/* seal_key() derives the key for a purpose from a secret: HMAC-SHA256 over it. */
enum cella_status seal_key(const uint8_t secret[SEAL_KEY_LEN], struct cella_bytes purpose,
			   uint8_t out[SEAL_KEY_LEN], struct cella_error *err) MUST_CHECK;

/* seal() appends nonce, ciphertext and tag. header is not part of it, but bound to it. */
enum cella_status seal(const uint8_t key[SEAL_KEY_LEN], struct cella_bytes header,
		       struct cella_bytes plain, struct out *out,
		       struct cella_error *err) MUST_CHECK;

/*
 * seal_open() appends what was sealed. *good is false, and nothing is appended, when key, header
 * or bytes are others.
 */
enum cella_status seal_open(const uint8_t key[SEAL_KEY_LEN], struct cella_bytes header,
			    struct cella_bytes sealed, struct out *out, bool *good,
			    struct cella_error *err) MUST_CHECK;

#endif
