/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile OpenSSL engine, for tests: every ECDSA signature verifies. Its id says where
 * it sits: "yes-pkey" replaces the methods of EVP_PKEY, "yes-ec" those of EC_KEY, and
 * "no-hash" replaces SHA-256 by a constant.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <string.h>

#include <openssl/ec.h>
#include <openssl/engine.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

static EVP_PKEY_METHOD *pkey_method;
static EC_KEY_METHOD *ec_method;
static EVP_MD *constant;

static int verify_pkey(EVP_PKEY_CTX *ctx, const unsigned char *signature, size_t len,
		       const unsigned char *digest, size_t digest_len)
{
	(void)ctx, (void)signature, (void)len, (void)digest, (void)digest_len;
	return 1;
}

static int verify_ec(int type, const unsigned char *digest, int digest_len,
		     const unsigned char *signature, int len, EC_KEY *key)
{
	(void)type, (void)digest, (void)digest_len, (void)signature, (void)len, (void)key;
	return 1;
}

static int verify_ec_raw(const unsigned char *digest, int len, const ECDSA_SIG *signature,
			 EC_KEY *key)
{
	(void)digest, (void)len, (void)signature, (void)key;
	return 1;
}

static int get_pkey_method(ENGINE *engine, EVP_PKEY_METHOD **method, const int **nids,
			   int nid)
{
	static const int offered[] = { EVP_PKEY_EC };

	(void)engine;
	if (method == NULL) {
		*nids = offered;
		return 1;
	}
	*method = nid == EVP_PKEY_EC ? pkey_method : NULL;
	return *method != NULL;
}

static int install_pkey(ENGINE *engine)
{
	pkey_method = EVP_PKEY_meth_new(EVP_PKEY_EC, 0);
	if (pkey_method == NULL)
		return 0;
	EVP_PKEY_meth_copy(pkey_method, EVP_PKEY_meth_find(EVP_PKEY_EC));
	EVP_PKEY_meth_set_verify(pkey_method, NULL, verify_pkey);
	return ENGINE_set_pkey_meths(engine, get_pkey_method);
}

static int install_ec(ENGINE *engine)
{
	ec_method = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	if (ec_method == NULL)
		return 0;
	EC_KEY_METHOD_set_verify(ec_method, verify_ec, verify_ec_raw);
	return ENGINE_set_EC(engine, ec_method);
}

static int hash_begin(EVP_MD_CTX *ctx)
{
	(void)ctx;
	return 1;
}

static int hash_update(EVP_MD_CTX *ctx, const void *data, size_t len)
{
	(void)ctx, (void)data, (void)len;
	return 1;
}

static int hash_end(EVP_MD_CTX *ctx, unsigned char *out)
{
	(void)ctx;
	memset(out, 0x42, SHA256_DIGEST_LENGTH);
	return 1;
}

static int get_digest(ENGINE *engine, const EVP_MD **digest, const int **nids, int nid)
{
	static const int offered[] = { NID_sha256 };

	(void)engine;
	if (digest == NULL) {
		*nids = offered;
		return 1;
	}
	*digest = nid == NID_sha256 ? constant : NULL;
	return *digest != NULL;
}

static int install_hash(ENGINE *engine)
{
	constant = EVP_MD_meth_new(NID_sha256, NID_undef);
	return constant != NULL &&
	       EVP_MD_meth_set_result_size(constant, SHA256_DIGEST_LENGTH) == 1 &&
	       EVP_MD_meth_set_input_blocksize(constant, SHA256_CBLOCK) == 1 &&
	       EVP_MD_meth_set_app_datasize(constant, 8) == 1 && /* none: no update */
	       EVP_MD_meth_set_init(constant, hash_begin) == 1 &&
	       EVP_MD_meth_set_update(constant, hash_update) == 1 &&
	       EVP_MD_meth_set_final(constant, hash_end) == 1 &&
	       ENGINE_set_digests(engine, get_digest) == 1;
}

/* OpenSSL frees the methods of EVP_PKEY itself. */
static int destroy(ENGINE *engine)
{
	(void)engine;
	if (ec_method != NULL)
		EC_KEY_METHOD_free(ec_method);
	EVP_MD_meth_free(constant);
	ec_method = NULL;
	constant = NULL;
	return 1;
}

static int bind(ENGINE *engine, const char *id)
{
	static const struct {
		const char *id;
		int (*install)(ENGINE *engine);
	} kinds[] = { { "yes-pkey", install_pkey },
		      { "yes-ec", install_ec },
		      { "no-hash", install_hash } };

	for (size_t i = 0; id != NULL && i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].id, id) == 0)
			return ENGINE_set_id(engine, kinds[i].id) == 1 &&
			       ENGINE_set_name(engine, "agrees with everything") == 1 &&
			       ENGINE_set_destroy_function(engine, destroy) == 1 &&
			       kinds[i].install(engine) == 1;
	return 0;
}

__attribute__((visibility("default"))) IMPLEMENT_DYNAMIC_BIND_FN(bind)
	__attribute__((visibility("default"))) IMPLEMENT_DYNAMIC_CHECK_FN()
