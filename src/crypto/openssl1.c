/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL 1.1.1: one process-wide context; its configuration is kept out by being the
 * first to initialise it. Keys are pinned to OpenSSL's own implementation of elliptic
 * curves, so that no engine is asked.
 */
#include "crypto/ossl.h"

#include <openssl/ec.h>

enum cella_status ossl_begin(struct cella_error *err)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return ossl_failure(err, CELLA_INTERNAL, "OpenSSL cannot be set up");
	ERR_clear_error();
	return CELLA_OK;
}

X509 *ossl_x509_new(void)
{
	return X509_new();
}

X509_CRL *ossl_crl_new(void)
{
	return X509_CRL_new();
}

const EVP_MD *ossl_digest(enum crypto_hash hash)
{
	switch (hash) {
	case CRYPTO_SHA256:
		return EVP_sha256();
	case CRYPTO_SHA384:
		return EVP_sha384();
	case CRYPTO_SHA512:
		return EVP_sha512();
	}
	return NULL;
}

EVP_PKEY *ossl_key(enum crypto_curve curve, const uint8_t *point, size_t len)
{
	const int nid = curve == CRYPTO_P256 ? NID_X9_62_prime256v1 : NID_secp384r1;
	EC_KEY *const ec = EC_KEY_new_by_curve_name(nid);
	EVP_PKEY *const key = EVP_PKEY_new();

	if (ec != NULL && key != NULL && EC_KEY_set_method(ec, EC_KEY_OpenSSL()) == 1 &&
	    EC_KEY_oct2key(ec, point, len, NULL) == 1 &&
	    EVP_PKEY_set1_EC_KEY(key, ec) == 1) {
		EC_KEY_free(ec);
		return key;
	}
	EC_KEY_free(ec);
	EVP_PKEY_free(key);
	return NULL;
}

EVP_PKEY_CTX *ossl_verify_context(EVP_PKEY *key)
{
	EVP_PKEY_CTX *const ctx = EVP_PKEY_CTX_new(key, NULL);

	if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}
