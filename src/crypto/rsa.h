/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA signatures of TPMs.
 */
#ifndef CRYPTO_RSA_H
#define CRYPTO_RSA_H

#include "crypto/crypto.h"

enum { RSA_MODULUS_MIN = 256, RSA_MODULUS_MAX = 512, RSA_EXPONENT = 65537 };

/*
 * crypto_rsa_verify() checks an RSASSA-PKCS1-v1_5 signature with SHA-256 over a message, by
 * the key of a modulus, big endian, of 2048 to 4096 bits, and the exponent 65537. A
 * signature of another length is not good. CELLA_USAGE for a modulus of another length.
 */
enum cella_status crypto_rsa_verify(struct cella_bytes modulus,
				    struct cella_bytes message,
				    struct cella_bytes signature, bool *good,
				    struct cella_error *err) MUST_CHECK;

#endif
