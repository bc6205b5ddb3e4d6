/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys in files, for programs: libcella itself holds no keys. Also the operating
 * system's random bytes.
 */
#ifndef CRYPTO_PRIVATE_KEY_H
#define CRYPTO_PRIVATE_KEY_H

#include <cella/keys.h>

#include "crypto/crypto.h"

/* struct private_key - a key on P-256 or P-384. */
struct private_key;

/* private_key_generate() makes a new key. */
enum cella_status private_key_generate(enum crypto_curve curve, struct private_key **out,
				       struct cella_error *err) MUST_CHECK;

/* private_key_parse() reads PEM ("EC PRIVATE KEY" or "PRIVATE KEY", not encrypted). */
enum cella_status private_key_parse(struct cella_bytes pem, struct private_key **out,
				    struct cella_error *err) MUST_CHECK;

/* private_key_write() appends PEM ("PRIVATE KEY") to out. */
enum cella_status private_key_write(const struct private_key *key, struct out *out,
				    struct cella_error *err) MUST_CHECK;

/* private_key_public_pem() appends PEM ("PUBLIC KEY") to out. */
enum cella_status private_key_public_pem(const struct private_key *key, struct out *out,
					 struct cella_error *err) MUST_CHECK;

void private_key_free(struct private_key *key);

/* private_key_point() borrows the public part, x || y. */
struct cella_bytes private_key_point(const struct private_key *key);
enum crypto_curve private_key_curve(const struct private_key *key);

/* private_key_handle() borrows the OpenSSL object (EVP_PKEY), for this folder. */
void *private_key_handle(const struct private_key *key);

/* private_key_sign() writes r || s (as long as the point) over a message. */
enum cella_status private_key_sign(const struct private_key *key,
				   struct cella_bytes message, uint8_t *signature,
				   struct cella_error *err) MUST_CHECK;

/* private_key_signer() fills in a signer that uses key, which must outlive it. */
void private_key_signer(struct private_key *key, struct cella_signer *out);

/* random_bytes() fills out from the operating system's generator. */
enum cella_status random_bytes(void *out, size_t len, struct cella_error *err) MUST_CHECK;

#endif
