/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

enum { COORDINATE_LEN = 48, POINT_LEN = 2 * COORDINATE_LEN, PUBLIC_FILE_MAX = 65536 };

/* --- signing ------------------------------------------------------------------------- */

static enum cella_status cannot_sign(struct cella_error *err)
{
	*err = (struct cella_error){ .status = CELLA_INTERNAL };
	snprintf(err->text, sizeof err->text, "OpenSSL cannot sign");
	return err->status;
}

/* OpenSSL's signatures are DER, those of tokens r || s. */
static bool split_signature(const uint8_t *der, size_t len, uint8_t *signature)
{
	ECDSA_SIG *const pair = d2i_ECDSA_SIG(NULL, &der, (long)len);
	bool done;

	if (pair == NULL)
		return false;
	done = BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, COORDINATE_LEN) ==
		       COORDINATE_LEN &&
	       BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + COORDINATE_LEN,
			    COORDINATE_LEN) == COORDINATE_LEN;
	ECDSA_SIG_free(pair);
	return done;
}

static enum cella_status sign(void *context, const void *message, size_t len,
			      uint8_t *signature, struct cella_error *err)
{
	EVP_MD_CTX *const digest = EVP_MD_CTX_new();
	uint8_t der[POINT_LEN + 16];
	size_t der_len = sizeof der;
	bool done;

	done = digest != NULL &&
	       EVP_DigestSignInit(digest, NULL, EVP_sha384(), NULL, context) == 1 &&
	       EVP_DigestSign(digest, der, &der_len, message, len) == 1 &&
	       split_signature(der, der_len, signature);
	EVP_MD_CTX_free(digest);
	return done ? CELLA_OK : cannot_sign(err);
}

/* --- reading ------------------------------------------------------------------------- */

/*
 * A SubjectPublicKeyInfo ends with the point. Only the uncompressed form on P-384 has this
 * length and this beginning.
 */
static bool read_point(EVP_PKEY *key, uint8_t out[POINT_LEN])
{
	static const uint8_t prefix[] = {
		0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
		0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04
	};
	uint8_t *der = NULL;
	const int len = i2d_PUBKEY(key, &der);
	const bool good = len == (int)sizeof prefix + POINT_LEN &&
			  memcmp(der, prefix, sizeof prefix) == 0;

	if (good)
		memcpy(out, der + sizeof prefix, POINT_LEN);
	OPENSSL_free(der);
	return good;
}

/* Never asks a terminal for a password. */
static int no_password(char *buffer, int size, int for_writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)for_writing;
	(void)context;
	return -1;
}

/* The file as it is open, not as its path may be the next moment. */
static FILE *open_private(const char *path)
{
	FILE *const file = fopen(path, "re");
	struct stat st;

	if (file == NULL) {
		fails(path, NULL);
		return NULL;
	}
	/* No copy of the key stays behind in a buffer. */
	setvbuf(file, NULL, _IONBF, 0);
	if (fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 077) == 0)
		return file;
	say("%s: a private key that others may use: 'chmod 600' it, or make a new one",
	    path);
	fclose(file);
	return NULL;
}

bool key_open(const char *path, struct key *out)
{
	FILE *const file = open_private(path);
	struct key key = {
		.signer = { .size = sizeof key.signer,
			    .alg = CELLA_ALG_ES384,
			    .sign = sign },
	};

	if (file == NULL)
		return false;
	key.handle = PEM_read_PrivateKey(file, NULL, no_password, NULL);
	fclose(file);
	key.signer.context = key.handle;
	if (key.handle == NULL || !read_point(key.handle, key.signer.public_key)) {
		say("%s: not a private key on P-384 in PEM, without a password", path);
		key_close(&key);
		return false;
	}
	*out = key;
	return true;
}

void key_close(struct key *key)
{
	EVP_PKEY_free(key->handle);
	*key = (struct key){ 0 };
}

bool pin_key(const char *path, struct cella_keys **out)
{
	struct cella_keys *keys = NULL;
	struct cella_error err;
	BUFFER pem = { NULL, 0 };

	if (!read_file(path, PUBLIC_FILE_MAX, &pem))
		return false;
	if (cella_keys_new(&keys, &err) != CELLA_OK ||
	    cella_keys_add(keys, pem.data, pem.len, &err) != CELLA_OK) {
		cella_keys_free(keys);
		return fails(path, &err);
	}
	if (cella_keys_count(keys) != 1) {
		say("%s: %zu keys, not one", path, cella_keys_count(keys));
		cella_keys_free(keys);
		return false;
	}
	*out = keys;
	return true;
}
