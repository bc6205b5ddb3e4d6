/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL 3: a library context of our own for parsing, into which no configuration is ever
 * loaded.
 */
#include "crypto/ossl.h"

#include <pthread.h>
#include <stdatomic.h>

#include <openssl/provider.h>

struct context {
	OSSL_LIB_CTX *parsing; /* has no algorithms */
	OSSL_PROVIDER *none;
};

static struct context *_Atomic shared;
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static void context_free(struct context *context)
{
	OSSL_PROVIDER_unload(context->none);
	OSSL_LIB_CTX_free(context->parsing);
	free(context);
}

static struct context *context_new(void)
{
	struct context *const context = calloc(1, sizeof *context);

	if (context == NULL)
		return NULL;
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1)
		context->parsing = OSSL_LIB_CTX_new();
	if (context->parsing != NULL)
		context->none = OSSL_PROVIDER_load(context->parsing, "null");
	if (context->none != NULL)
		return context;
	context_free(context);
	return NULL;
}

/* Made at first use; a failure for lack of memory may be tried again. */
static struct context *context_get(void)
{
	struct context *context = atomic_load_explicit(&shared, memory_order_acquire);

	if (context != NULL)
		return context;
	pthread_mutex_lock(&making);
	context = atomic_load_explicit(&shared, memory_order_relaxed);
	if (context == NULL) {
		context = context_new();
		atomic_store_explicit(&shared, context, memory_order_release);
	}
	pthread_mutex_unlock(&making);
	return context;
}

enum cella_status ossl_begin(struct cella_error *err)
{
	if (context_get() == NULL)
		return ossl_failure(err, CELLA_INTERNAL, "OpenSSL cannot be set up");
	ERR_clear_error();
	return CELLA_OK;
}

X509 *ossl_x509_new(void)
{
	return X509_new_ex(context_get()->parsing, NULL);
}

X509_CRL *ossl_crl_new(void)
{
	return X509_CRL_new_ex(context_get()->parsing, NULL);
}
