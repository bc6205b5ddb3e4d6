/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL 3: library contexts of our own, into which no configuration is ever loaded.
 */
#include "crypto/ossl.h"

#include <pthread.h>
#include <stdatomic.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/provider.h>

struct context {
	OSSL_LIB_CTX *library;
	OSSL_LIB_CTX *parsing; /* has no algorithms */
	OSSL_PROVIDER *none;
	EVP_MD *digests[CRYPTO_SHA512 + 1];
	EVP_PKEY *curves[CRYPTO_P384 + 1]; /* keys that hold a curve's parameters only */
};

static struct context *_Atomic shared;
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static EVP_PKEY *curve_parameters(OSSL_LIB_CTX *library, const char *group)
{
	OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char *)group, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *const ctx = EVP_PKEY_CTX_new_from_name(library, "EC", NULL);
	EVP_PKEY *key = NULL;

	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEY_PARAMETERS, parameters) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static void context_free(struct context *context)
{
	if (context == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(context->digests); i++)
		EVP_MD_free(context->digests[i]);
	for (size_t i = 0; i < ARRAY_LEN(context->curves); i++)
		EVP_PKEY_free(context->curves[i]);
	OSSL_PROVIDER_unload(context->none);
	OSSL_LIB_CTX_free(context->parsing);
	OSSL_LIB_CTX_free(context->library);
	free(context);
}

static struct context *context_new(void)
{
	static const char *const digests[] = { "SHA256", "SHA384", "SHA512" };
	static const char *const curves[] = { "P-256", "P-384" };
	struct context *const context = calloc(1, sizeof *context);
	bool complete;

	if (context == NULL)
		return NULL;
	/* Engines are global: a configuration must not have a chance to name one. */
	complete = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1;
	context->library = OSSL_LIB_CTX_new();
	context->parsing = OSSL_LIB_CTX_new();
	if (context->parsing != NULL)
		context->none = OSSL_PROVIDER_load(context->parsing, "null");
	complete = complete && context->library != NULL && context->none != NULL;
	for (size_t i = 0; complete && i < ARRAY_LEN(digests); i++)
		complete = (context->digests[i] = EVP_MD_fetch(context->library,
							       digests[i], NULL)) != NULL;
	for (size_t i = 0; complete && i < ARRAY_LEN(curves); i++)
		complete = (context->curves[i] = curve_parameters(context->library,
								  curves[i])) != NULL;
	if (complete)
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
	return X509_CRL_new_ex(context_get()->library, NULL);
}

const EVP_MD *ossl_digest(enum crypto_hash hash)
{
	return context_get()->digests[hash];
}

EVP_PKEY *ossl_key(enum crypto_curve curve, const uint8_t *point, size_t len)
{
	EVP_PKEY *const key = EVP_PKEY_new();

	/* Four times faster than EVP_PKEY_fromdata(), and checks the point as well. */
	if (key != NULL &&
	    EVP_PKEY_copy_parameters(key, context_get()->curves[curve]) == 1 &&
	    EVP_PKEY_set1_encoded_public_key(key, point, len) == 1)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

EVP_PKEY_CTX *ossl_verify_context(EVP_PKEY *key)
{
	EVP_PKEY_CTX *const ctx =
		EVP_PKEY_CTX_new_from_pkey(context_get()->library, key, NULL);

	if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}
