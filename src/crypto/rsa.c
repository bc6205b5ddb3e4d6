/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA by OpenSSL's own method, whatever engine stands behind new keys: as in verify.c.
 */
#include "crypto/rsa.h"

#include "crypto/ossl.h"

#include <openssl/rsa.h>

static void rsa_cleanup(RSA **rsa)
{
	RSA_free(*rsa);
}

static RSA *make_key(struct cella_bytes modulus)
{
	RSA *const rsa = RSA_new();
	BIGNUM *const n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
	BIGNUM *const e = BN_new();

	if (rsa != NULL && n != NULL && e != NULL && BN_set_word(e, RSA_EXPONENT) == 1 &&
	    RSA_set_method(rsa, RSA_PKCS1_OpenSSL()) == 1 &&
	    RSA_set0_key(rsa, n, e, NULL) == 1)
		return rsa;
	RSA_free(rsa);
	BN_free(n);
	BN_free(e);
	return NULL;
}

static bool verify_once(RSA *rsa, const uint8_t digest[SHA256_LEN],
			struct cella_bytes signature)
{
	return RSA_verify(NID_sha256, digest, SHA256_LEN, signature.data,
			  (unsigned)signature.len, rsa) == 1;
}

enum cella_status crypto_rsa_verify(struct cella_bytes modulus,
				    struct cella_bytes message,
				    struct cella_bytes signature, bool *good,
				    struct cella_error *err)
{
	RSA *rsa CLEANUP(rsa_cleanup) = NULL;
	uint8_t digest[SHA256_LEN];

	if (modulus.len < RSA_MODULUS_MIN || modulus.len > RSA_MODULUS_MAX)
		return error_set(err, CELLA_USAGE,
				 "an RSA modulus of %zu bytes, not %d to %d", modulus.len,
				 RSA_MODULUS_MIN, RSA_MODULUS_MAX);
	TRY(crypto_sha256(message, digest, err));
	rsa = make_key(modulus);
	if (rsa == NULL)
		return ossl_failure(err, CELLA_INTERNAL, "an RSA key");
	*good = false;
	if (signature.len != modulus.len)
		return CELLA_OK;
	*good = verify_once(rsa, digest, signature);
	if (!*good && ossl_lacked_memory())
		return error_nomem(err);
	/* Once more, since OpenSSL does not note every lack of memory. */
	if (!*good)
		*good = verify_once(rsa, digest, signature);
	return CELLA_OK;
}
