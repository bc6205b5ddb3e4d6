/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes, public keys and ECDSA verification: the same on every OpenSSL.
 */
#include "crypto/ossl.h"

#include <string.h>

struct crypto_key {
	enum crypto_curve curve;
	EVP_PKEY *handle;
	uint8_t point[CRYPTO_POINT_MAX];
};

static const struct {
	size_t point_len;
	enum crypto_hash hash;
} curves[] = {
	[CRYPTO_P256] = { P256_POINT_LEN, CRYPTO_SHA256 },
	[CRYPTO_P384] = { P384_POINT_LEN, CRYPTO_SHA384 },
};

/* Two INTEGERs of up to 49 bytes with their headers, and a SEQUENCE's. */
enum { DER_SIGNATURE_MAX = 2 * (2 + 49) + 3 };

enum cella_status ossl_failure(struct cella_error *err, enum cella_status status,
			       const char *text)
{
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
			status = CELLA_NOMEM;
	ERR_clear_error();
	return status == CELLA_NOMEM ? error_nomem(err)
				     : error_set(err, status, "%s", text);
}

size_t crypto_hash_len(enum crypto_hash hash)
{
	static const size_t lens[] = { SHA256_LEN, SHA384_LEN, SHA512_LEN };

	return lens[hash];
}

enum cella_status crypto_digest(enum crypto_hash hash, const struct cella_bytes *parts,
				size_t num_parts, uint8_t *out, struct cella_error *err)
{
	EVP_MD_CTX *ctx;
	bool done;

	TRY(ossl_begin(err));
	ctx = EVP_MD_CTX_new();
	done = ctx != NULL && EVP_DigestInit_ex(ctx, ossl_digest(hash), NULL) == 1;
	for (size_t i = 0; done && i < num_parts; i++)
		done = EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) == 1;
	done = done && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return done ? CELLA_OK : ossl_failure(err, CELLA_NOMEM, "hash");
}

enum cella_status crypto_key_new(enum crypto_curve curve, struct cella_bytes point,
				 struct crypto_key **out, struct cella_error *err)
{
	uint8_t encoded[1 + CRYPTO_POINT_MAX] = { POINT_CONVERSION_UNCOMPRESSED };
	struct crypto_key *key;

	if (point.len != curves[curve].point_len)
		return error_set(err, CELLA_USAGE, "a point of %zu bytes, not %zu",
				 point.len, curves[curve].point_len);
	TRY(ossl_begin(err));
	key = calloc(1, sizeof *key);
	if (key == NULL)
		return error_nomem(err);
	key->curve = curve;
	memcpy(key->point, point.data, point.len);
	memcpy(encoded + 1, point.data, point.len);
	key->handle = ossl_key(curve, encoded, 1 + point.len);
	if (key->handle == NULL) {
		free(key);
		/* Out of memory is a failure; a point that is refused is an answer. */
		if (ossl_failure(err, CELLA_OK, "") == CELLA_NOMEM)
			return CELLA_NOMEM;
		key = NULL;
	}
	*out = key;
	return CELLA_OK;
}

void crypto_key_free(struct crypto_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->handle);
	free(key);
}

struct cella_bytes crypto_key_point(const struct crypto_key *key)
{
	return bytes_of(key->point, curves[key->curve].point_len);
}

enum crypto_curve crypto_key_curve(const struct crypto_key *key)
{
	return key->curve;
}

/* X.690 8.3: the fewest bytes, and a zero byte before a set top bit. */
static size_t write_integer(uint8_t *out, const uint8_t *number, size_t len)
{
	size_t pad;

	while (len > 1 && number[0] == 0) {
		number++;
		len--;
	}
	pad = number[0] >= 0x80;
	out[0] = 0x02;
	out[1] = (uint8_t)(len + pad);
	out[2] = 0;
	memcpy(out + 2 + pad, number, len);
	return 2 + pad + len;
}

/* r || s as ECDSA-Sig-Value (RFC 3279 2.2.3). */
static size_t der_signature(uint8_t out[DER_SIGNATURE_MAX], struct cella_bytes raw)
{
	const size_t half = raw.len / 2;
	uint8_t body[DER_SIGNATURE_MAX];
	size_t len = write_integer(body, raw.data, half);
	size_t header = 2;

	len += write_integer(body + len, raw.data + half, half);
	out[0] = 0x30;
	out[1] = (uint8_t)len;
	if (len >= 0x80) {
		out[1] = 0x81;
		out[2] = (uint8_t)len;
		header = 3;
	}
	memcpy(out + header, body, len);
	return header + len;
}

/* EVP_PKEY_verify(): 1 is good, 0 is bad, anything else could not tell. */
enum cella_status ossl_verify(EVP_PKEY *key, enum crypto_curve curve,
			      struct cella_bytes message, struct cella_bytes der,
			      bool *good, struct cella_error *err)
{
	const enum crypto_hash hash = curves[curve].hash;
	uint8_t digest[SHA512_LEN];
	EVP_PKEY_CTX *ctx;
	int answer;

	TRY(crypto_digest(hash, &message, 1, digest, err));
	ctx = ossl_verify_context(key);
	if (ctx == NULL)
		return ossl_failure(err, CELLA_NOMEM, "signature");
	answer = EVP_PKEY_verify(ctx, der.data, der.len, digest, crypto_hash_len(hash));
	EVP_PKEY_CTX_free(ctx);
	if (answer != 1 && ossl_failure(err, CELLA_OK, "") == CELLA_NOMEM)
		return CELLA_NOMEM;
	*good = answer == 1;
	return CELLA_OK;
}

static enum cella_status verify_raw(EVP_PKEY *key, enum crypto_curve curve,
				    struct cella_bytes message,
				    struct cella_bytes signature, bool *good,
				    struct cella_error *err)
{
	uint8_t der[DER_SIGNATURE_MAX];

	if (signature.len != curves[curve].point_len)
		return error_set(err, CELLA_USAGE, "a signature of %zu bytes, not %zu",
				 signature.len, curves[curve].point_len);
	return ossl_verify(key, curve, message,
			   bytes_of(der, der_signature(der, signature)), good, err);
}

enum cella_status crypto_verify(const struct crypto_key *key, struct cella_bytes message,
				struct cella_bytes signature, bool *good,
				struct cella_error *err)
{
	return verify_raw(key->handle, key->curve, message, signature, good, err);
}

enum cella_status crypto_cert_check(const struct crypto_cert *cert,
				    struct cella_bytes message,
				    struct cella_bytes signature, bool *good,
				    struct cella_error *err)
{
	return verify_raw(cert->key, CRYPTO_P256, message, signature, good, err);
}
