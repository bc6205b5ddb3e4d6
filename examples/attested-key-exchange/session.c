/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cella/verify.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

/* Names the protocol in everything that is hashed: nothing is mistaken for another's. */
static const char label[] = "cella attested-key-exchange 1";

static bool openssl_fails(const char *what)
{
	say("%s: OpenSSL failed", what);
	return false;
}

/* --- keys ---------------------------------------------------------------------------- */

bool exchange_key_new(struct exchange_key *out)
{
	EVP_PKEY_CTX *const context = EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, NULL);
	EVP_PKEY *key = NULL;
	size_t len = PUBLIC_KEY_LEN;
	bool done;

	done = context != NULL && EVP_PKEY_keygen_init(context) == 1 &&
	       EVP_PKEY_keygen(context, &key) == 1 &&
	       EVP_PKEY_get_raw_public_key(key, out->public_key, &len) == 1 &&
	       len == PUBLIC_KEY_LEN;
	EVP_PKEY_CTX_free(context);
	if (!done) {
		EVP_PKEY_free(key);
		return openssl_fails("key pair");
	}
	out->handle = key;
	return true;
}

void exchange_key_free(struct exchange_key *key)
{
	EVP_PKEY_free(key->handle);
	key->handle = NULL;
}

bool bind_keys(const struct hello *hello, const uint8_t enclave_key[PUBLIC_KEY_LEN],
	       uint8_t report_data[64])
{
	uint8_t data[sizeof label + 2 * PUBLIC_KEY_LEN];
	uint8_t hash[64];
	struct cella_error err;

	memcpy(data, label, sizeof label);
	memcpy(data + sizeof label, hello->client_key, PUBLIC_KEY_LEN);
	memcpy(data + sizeof label + PUBLIC_KEY_LEN, enclave_key, PUBLIC_KEY_LEN);
	if (cella_sha512(data, sizeof data, hash, &err) != CELLA_OK ||
	    cella_report_data((struct cella_bytes){ hash, sizeof hash },
			      (struct cella_bytes){ hello->nonce, NONCE_LEN },
			      report_data, &err) != CELLA_OK)
		return fails("report data", &err);
	return true;
}

/* X25519. OpenSSL refuses points of small order, whose secret everybody knows. */
static bool agree(EVP_PKEY *own, const uint8_t peer[PUBLIC_KEY_LEN], uint8_t secret[32])
{
	EVP_PKEY *const other =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peer, PUBLIC_KEY_LEN);
	EVP_PKEY_CTX *const context = EVP_PKEY_CTX_new(own, NULL);
	size_t len = 32;
	const bool done = other != NULL && context != NULL &&
			  EVP_PKEY_derive_init(context) == 1 &&
			  EVP_PKEY_derive_set_peer(context, other) == 1 &&
			  EVP_PKEY_derive(context, secret, &len) == 1 && len == 32;

	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(other);
	return done || openssl_fails("the other side's key");
}

/* HKDF with SHA-256 (RFC 5869). */
static bool derive(const uint8_t secret[32], const uint8_t salt[32], struct session *out)
{
	EVP_PKEY_CTX *const context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
	uint8_t keys[sizeof *out];
	size_t len = sizeof keys;
	const bool done = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
			  EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) == 1 &&
			  EVP_PKEY_CTX_set1_hkdf_salt(context, salt, 32) == 1 &&
			  EVP_PKEY_CTX_set1_hkdf_key(context, secret, 32) == 1 &&
			  EVP_PKEY_CTX_add1_hkdf_info(context, (const uint8_t *)label,
						      sizeof label) == 1 &&
			  EVP_PKEY_derive(context, keys, &len) == 1 && len == sizeof keys;

	EVP_PKEY_CTX_free(context);
	if (done)
		memcpy(out, keys, sizeof keys);
	OPENSSL_cleanse(keys, sizeof keys);
	return done || openssl_fails("HKDF");
}

/* The hash of everything that both sides have seen so far. */
static bool hash_transcript(const struct hello *hello, const struct buffer *answer,
			    uint8_t out[32])
{
	EVP_MD_CTX *const context = EVP_MD_CTX_new();
	const bool done = context != NULL &&
			  EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
			  EVP_DigestUpdate(context, label, sizeof label) == 1 &&
			  EVP_DigestUpdate(context, hello, sizeof *hello) == 1 &&
			  EVP_DigestUpdate(context, answer->data, answer->len) == 1 &&
			  EVP_DigestFinal_ex(context, out, NULL) == 1;

	EVP_MD_CTX_free(context);
	return done || openssl_fails("hash");
}

bool session_new(const struct exchange_key *own, const uint8_t peer[PUBLIC_KEY_LEN],
		 const struct hello *hello, const struct buffer *answer,
		 struct session *out)
{
	uint8_t secret[32];
	uint8_t salt[32];
	const bool done = hash_transcript(hello, answer, salt) &&
			  agree(own->handle, peer, secret) && derive(secret, salt, out);

	OPENSSL_cleanse(secret, sizeof secret);
	return done;
}

void session_print(const struct session *session)
{
	printf("session ");
	print_hex(session->name, sizeof session->name);
	printf("\n");
	fflush(stdout);
}

void session_wipe(struct session *session)
{
	OPENSSL_cleanse(session, sizeof *session);
}

/* --- sealing ------------------------------------------------------------------------- */

/*
 * AES-256-GCM with an IV of zeros: right for a key that seals one message, fatal for one
 * that seals two. With more messages, count them in the IV.
 */
static const uint8_t first_iv[12];

bool seal(const uint8_t key[SEAL_KEY_LEN], const void *text, size_t len,
	  struct buffer *out)
{
	EVP_CIPHER_CTX *const context = EVP_CIPHER_CTX_new();
	struct buffer sealed = { malloc(len + SEAL_TAG_LEN), len + SEAL_TAG_LEN };
	int part = 0;
	const bool done =
		context != NULL && sealed.data != NULL && len <= MESSAGE_MAX &&
		EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, first_iv) ==
			1 &&
		EVP_EncryptUpdate(context, sealed.data, &part, text, (int)len) == 1 &&
		EVP_EncryptFinal_ex(context, sealed.data + part, &part) == 1 &&
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_LEN,
				    sealed.data + len) == 1;

	EVP_CIPHER_CTX_free(context);
	if (!done) {
		buffer_free(&sealed);
		return openssl_fails("seal");
	}
	*out = sealed;
	return true;
}

bool unseal(const uint8_t key[SEAL_KEY_LEN], const struct buffer *sealed,
	    struct buffer *out)
{
	EVP_CIPHER_CTX *context;
	struct buffer text;
	int part = 0;
	bool done;

	if (sealed->len < SEAL_TAG_LEN || sealed->len > SEALED_MAX) {
		say("a sealed message of %zu bytes is none", sealed->len);
		return false;
	}
	context = EVP_CIPHER_CTX_new();
	text = (struct buffer){ malloc(sealed->len), sealed->len - SEAL_TAG_LEN };
	done = context != NULL && text.data != NULL &&
	       EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, first_iv) == 1 &&
	       EVP_DecryptUpdate(context, text.data, &part, sealed->data,
				 (int)text.len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_LEN,
				   sealed->data + text.len) == 1 &&
	       EVP_DecryptFinal_ex(context, text.data + part, &part) == 1;
	EVP_CIPHER_CTX_free(context);
	if (!done) {
		buffer_free(&text);
		say("the sealed message was changed, or is not for this session");
		return false;
	}
	*out = text;
	return true;
}
