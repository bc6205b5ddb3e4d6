/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys of programs.
 */
#include "crypto/private_key.h"

#include "base/encode.h"
#include "crypto/ossl.h"

#include <string.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

struct private_key {
	enum crypto_curve curve;
	EVP_PKEY *handle;
	uint8_t point[CRYPTO_POINT_MAX];
};

static const struct {
	int nid;
	size_t point_len;
	enum crypto_hash hash;
} curves[] = {
	[CRYPTO_P256] = { NID_X9_62_prime256v1, P256_POINT_LEN, CRYPTO_SHA256 },
	[CRYPTO_P384] = { NID_secp384r1, P384_POINT_LEN, CRYPTO_SHA384 },
};

static void bio_cleanup(BIO **bio)
{
	BIO_free(*bio);
}

/* The public point, out of the SubjectPublicKeyInfo, whose end it is. */
static enum cella_status read_point(struct private_key *key, struct cella_error *err)
{
	const size_t len = curves[key->curve].point_len;
	unsigned char *spki = NULL;
	const int spki_len = i2d_PUBKEY(key->handle, &spki);

	if (spki_len < (int)len + 1 ||
	    spki[(size_t)spki_len - len - 1] != POINT_CONVERSION_UNCOMPRESSED) {
		OPENSSL_free(spki);
		return ossl_failure(err, CELLA_UNSUPPORTED,
				    "private key: its public point is not uncompressed");
	}
	memcpy(key->point, spki + spki_len - len, len);
	OPENSSL_free(spki);
	return CELLA_OK;
}

/* Takes the handle over, also on failure. */
static enum cella_status wrap(EVP_PKEY *handle, enum crypto_curve curve,
			      struct private_key **out, struct cella_error *err)
{
	struct private_key *const key = calloc(1, sizeof *key);
	enum cella_status status;

	if (key == NULL) {
		EVP_PKEY_free(handle);
		return error_nomem(err);
	}
	key->handle = handle;
	key->curve = curve;
	status = read_point(key, err);
	if (status != CELLA_OK) {
		private_key_free(key);
		return status;
	}
	*out = key;
	return CELLA_OK;
}

enum cella_status private_key_generate(enum crypto_curve curve, struct private_key **out,
				       struct cella_error *err)
{
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *handle = NULL;
	bool made;

	TRY(ossl_begin(err));
	ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	made = ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
	       EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, curves[curve].nid) == 1 &&
	       EVP_PKEY_CTX_set_ec_param_enc(ctx, OPENSSL_EC_NAMED_CURVE) == 1 &&
	       EVP_PKEY_keygen(ctx, &handle) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!made)
		return ossl_failure(err, CELLA_INTERNAL,
				    "private key: cannot be generated");
	return wrap(handle, curve, out, err);
}

/* The bits of the key's curve tell it; other kinds of keys have other bits or types. */
static enum cella_status find_curve(EVP_PKEY *handle, enum crypto_curve *curve,
				    struct cella_error *err)
{
	const int bits = EVP_PKEY_base_id(handle) == EVP_PKEY_EC ? EVP_PKEY_bits(handle)
								 : 0;

	if (bits != 256 && bits != 384)
		return error_set(err, CELLA_UNSUPPORTED,
				 "private key: not on P-256 or P-384");
	*curve = bits == 256 ? CRYPTO_P256 : CRYPTO_P384;
	return CELLA_OK;
}

/* An encrypted key is refused instead of asking on a terminal. */
static int no_password(char *buffer, int size, int writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

enum cella_status private_key_parse(struct cella_bytes pem, struct private_key **out,
				    struct cella_error *err)
{
	BIO *bio CLEANUP(bio_cleanup) = NULL;
	EVP_PKEY *handle;
	enum crypto_curve curve = CRYPTO_P256;
	enum cella_status status;

	TRY(ossl_begin(err));
	if (pem.len > INT32_MAX)
		return error_set(err, CELLA_LIMIT, "private key: %zu bytes", pem.len);
	bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (bio == NULL)
		return error_nomem(err);
	handle = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	if (handle == NULL)
		return ossl_failure(err, CELLA_MALFORMED,
				    "private key: not an unencrypted PEM private key");
	status = find_curve(handle, &curve, err);
	if (status != CELLA_OK) {
		EVP_PKEY_free(handle);
		return status;
	}
	return wrap(handle, curve, out, err);
}

static enum cella_status append_bio(BIO *bio, struct out *out, struct cella_error *err)
{
	char *data = NULL;
	const long len = BIO_get_mem_data(bio, &data);

	if (len <= 0)
		return error_nomem(err);
	out_bytes(out, data, (size_t)len);
	return out_status(out, err);
}

enum cella_status private_key_write(const struct private_key *key, struct out *out,
				    struct cella_error *err)
{
	BIO *bio CLEANUP(bio_cleanup) = NULL;

	TRY(ossl_begin(err));
	bio = BIO_new(BIO_s_secmem());
	if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key->handle, NULL, NULL, 0,
							 NULL, NULL) != 1)
		return ossl_failure(err, CELLA_INTERNAL,
				    "private key: cannot be written");
	return append_bio(bio, out, err);
}

enum cella_status private_key_public_pem(const struct private_key *key, struct out *out,
					 struct cella_error *err)
{
	BIO *bio CLEANUP(bio_cleanup) = NULL;

	TRY(ossl_begin(err));
	bio = BIO_new(BIO_s_mem());
	if (bio == NULL || PEM_write_bio_PUBKEY(bio, key->handle) != 1)
		return ossl_failure(err, CELLA_INTERNAL, "public key: cannot be written");
	return append_bio(bio, out, err);
}

void private_key_free(struct private_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->handle);
	free(key);
}

struct cella_bytes private_key_point(const struct private_key *key)
{
	return bytes_of(key->point, curves[key->curve].point_len);
}

enum crypto_curve private_key_curve(const struct private_key *key)
{
	return key->curve;
}

void *private_key_handle(const struct private_key *key)
{
	return key->handle;
}

/* ECDSA-Sig-Value in DER to r || s of fixed length. */
static enum cella_status raw_signature(const uint8_t *der, size_t der_len, size_t half,
				       uint8_t *out, struct cella_error *err)
{
	const unsigned char *pos = der;
	ECDSA_SIG *const sig = d2i_ECDSA_SIG(NULL, &pos, (long)der_len);
	bool done;

	done = sig != NULL &&
	       BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)half) == (int)half &&
	       BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + half, (int)half) == (int)half;
	ECDSA_SIG_free(sig);
	return done ? CELLA_OK : ossl_failure(err, CELLA_INTERNAL, "signature");
}

static bool sign_once(const struct private_key *key, const uint8_t *digest, uint8_t *der,
		      size_t *der_len)
{
	EVP_PKEY_CTX *const ctx = EVP_PKEY_CTX_new(key->handle, NULL);
	bool done;

	*der_len = 2 * CRYPTO_POINT_MAX;
	done = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	       EVP_PKEY_sign(ctx, der, der_len, digest,
			     crypto_hash_len(curves[key->curve].hash)) == 1;
	EVP_PKEY_CTX_free(ctx);
	return done;
}

enum cella_status private_key_sign(const struct private_key *key,
				   struct cella_bytes message, uint8_t *signature,
				   struct cella_error *err)
{
	uint8_t digest[SHA512_LEN];
	uint8_t der[2 * CRYPTO_POINT_MAX];
	size_t der_len = sizeof der;
	bool done;

	TRY(crypto_digest(curves[key->curve].hash, &message, 1, digest, err));
	done = sign_once(key, digest, der, &der_len);
	/* Once more, since OpenSSL does not note every lack of memory. */
	if (!done)
		done = sign_once(key, digest, der, &der_len);
	if (!done)
		return ossl_failure(err, CELLA_INTERNAL, "private key: cannot sign");
	return raw_signature(der, der_len, curves[key->curve].point_len / 2, signature,
			     err);
}

static enum cella_status sign(void *context, const void *message, size_t len,
			      uint8_t *signature, struct cella_error *err)
{
	return private_key_sign(context, bytes_of(message, len), signature, err);
}

void private_key_signer(struct private_key *key, struct cella_signer *out)
{
	*out = (struct cella_signer){
		.size = sizeof *out,
		.alg = key->curve == CRYPTO_P256 ? CELLA_ALG_ES256 : CELLA_ALG_ES384,
		.sign = sign,
		.context = key,
	};
	memcpy(out->public_key, key->point, curves[key->curve].point_len);
}

enum cella_status random_bytes(void *out, size_t len, struct cella_error *err)
{
	TRY(ossl_begin(err));
	if (len > INT32_MAX || RAND_bytes(out, (int)len) != 1)
		return ossl_failure(err, CELLA_INTERNAL, "no random bytes");
	return CELLA_OK;
}
