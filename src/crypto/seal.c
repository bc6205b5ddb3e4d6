/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-256-GCM (NIST SP 800-38D) and HMAC-SHA256 (RFC 2104) by OpenSSL.
 */
#include "crypto/seal.h"

#include "crypto/ossl.h"
#include "crypto/private_key.h"

#include <string.h>

#include <openssl/hmac.h>

enum cella_status seal_key(const uint8_t secret[SEAL_KEY_LEN], struct cella_bytes purpose,
			   uint8_t out[SEAL_KEY_LEN], struct cella_error *err)
{
	unsigned len = 0;

	TRY(ossl_begin(err));
	if (HMAC(EVP_sha256(), secret, SEAL_KEY_LEN, purpose.data, purpose.len, out,
		 &len) == NULL ||
	    len != SEAL_KEY_LEN)
		return ossl_failure(err, CELLA_INTERNAL, "deriving a key");
	return CELLA_OK;
}

static void ctx_cleanup(EVP_CIPHER_CTX **ctx)
{
	EVP_CIPHER_CTX_free(*ctx);
}

static bool encrypt(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *nonce,
		    struct cella_bytes header, struct cella_bytes plain, uint8_t *out,
		    uint8_t tag[SEAL_TAG_LEN])
{
	int len = 0;

	return EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
	       EVP_EncryptUpdate(ctx, NULL, &len, header.data, (int)header.len) == 1 &&
	       EVP_EncryptUpdate(ctx, out, &len, plain.data, (int)plain.len) == 1 &&
	       len == (int)plain.len && EVP_EncryptFinal_ex(ctx, out + len, &len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_LEN, tag) == 1;
}

enum cella_status seal(const uint8_t key[SEAL_KEY_LEN], struct cella_bytes header,
		       struct cella_bytes plain, struct out *out, struct cella_error *err)
{
	EVP_CIPHER_CTX *ctx CLEANUP(ctx_cleanup) = NULL;
	uint8_t *cipher CLEANUP_FREE = NULL;
	uint8_t nonce[SEAL_NONCE_LEN];
	uint8_t tag[SEAL_TAG_LEN];

	if (plain.len > SEAL_MAX || header.len > SEAL_MAX)
		return error_set(err, CELLA_LIMIT, "sealing: %zu bytes, at most %d",
				 plain.len, SEAL_MAX);
	TRY(ossl_begin(err));
	TRY(random_bytes(nonce, sizeof nonce, err));
	cipher = malloc(plain.len + 1);
	ctx = EVP_CIPHER_CTX_new();
	if (cipher == NULL || ctx == NULL)
		return error_nomem(err);
	if (!encrypt(ctx, key, nonce, header, plain, cipher, tag))
		return ossl_failure(err, CELLA_INTERNAL, "sealing");
	out_bytes(out, nonce, sizeof nonce);
	out_bytes(out, cipher, plain.len);
	out_bytes(out, tag, sizeof tag);
	return out_status(out, err);
}

/* Nothing of it is believed before the tag is. */
static bool decrypt(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *nonce,
		    struct cella_bytes header, struct cella_bytes cipher, uint8_t *out,
		    uint8_t tag[SEAL_TAG_LEN])
{
	int len = 0;

	return EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
	       EVP_DecryptUpdate(ctx, NULL, &len, header.data, (int)header.len) == 1 &&
	       EVP_DecryptUpdate(ctx, out, &len, cipher.data, (int)cipher.len) == 1 &&
	       len == (int)cipher.len &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_LEN, tag) == 1 &&
	       EVP_DecryptFinal_ex(ctx, out + len, &len) == 1;
}

enum cella_status seal_open(const uint8_t key[SEAL_KEY_LEN], struct cella_bytes header,
			    struct cella_bytes sealed, struct out *out, bool *good,
			    struct cella_error *err)
{
	EVP_CIPHER_CTX *ctx CLEANUP(ctx_cleanup) = NULL;
	uint8_t *plain CLEANUP_FREE = NULL;
	uint8_t tag[SEAL_TAG_LEN];
	struct cella_bytes cipher;

	*good = false;
	if (sealed.len < SEAL_EXTRA_LEN || sealed.len > SEAL_MAX || header.len > SEAL_MAX)
		return CELLA_OK;
	cipher = bytes_slice(sealed, SEAL_NONCE_LEN, sealed.len - SEAL_EXTRA_LEN);
	memcpy(tag, sealed.data + sealed.len - SEAL_TAG_LEN, SEAL_TAG_LEN);
	TRY(ossl_begin(err));
	plain = malloc(cipher.len + 1);
	ctx = EVP_CIPHER_CTX_new();
	if (plain == NULL || ctx == NULL)
		return error_nomem(err);
	*good = decrypt(ctx, key, sealed.data, header, cipher, plain, tag);
	if (!*good && ossl_lacked_memory())
		return error_nomem(err);
	if (*good)
		out_bytes(out, plain, cipher.len);
	OPENSSL_cleanse(plain, cipher.len);
	return out_status(out, err);
}
