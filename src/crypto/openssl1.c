/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL 1.1.1: one process-wide context, which this library does not let load its
 * configuration.
 */
#include "crypto/ossl.h"

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
