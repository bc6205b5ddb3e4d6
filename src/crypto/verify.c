/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes, public keys and ECDSA verification, by OpenSSL's primitives: the interfaces above
 * them (EVP) ask for an engine first, in every library context, and one that the program
 * or its configuration has loaded could make a forged signature good.
 */
#include "crypto/ossl.h"

#include <stdatomic.h>
#include <string.h>

#include <openssl/sha.h>

struct crypto_key {
	enum crypto_curve curve;
	EC_KEY *handle;
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

/* volatile: compilers know what malloc() and free() are for. */
static bool can_allocate(void)
{
	void *volatile memory = malloc(256);

	free(memory);
	return memory != NULL;
}

/* What cannot be allocated now is taken for what could not be then. */
bool ossl_lacked_memory(void)
{
	bool lacked = !can_allocate();
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		lacked = lacked || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
	return lacked;
}

/*
 * Did the calls since ossl_begin() fail for one of these reasons and not for another? Not
 * every lack of memory is noted as one, and none when there is no room to note it: what is
 * no answer for a known reason is no answer at all. Empties the queue.
 */
static bool failed_for(const int *reasons, size_t num_reasons)
{
	bool known = false;
	unsigned long code;

	while ((code = ERR_get_error()) != 0) {
		if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
			return false;
		for (size_t i = 0; i < num_reasons; i++)
			known = known || (ERR_GET_LIB(code) == ERR_LIB_EC &&
					  ERR_GET_REASON(code) == reasons[i]);
	}
	return known;
}

enum cella_status ossl_failure(struct cella_error *err, enum cella_status status,
			       const char *text)
{
	return ossl_lacked_memory() || status == CELLA_NOMEM
		       ? error_nomem(err)
		       : error_set(err, status, "%s", text);
}

size_t crypto_hash_len(enum crypto_hash hash)
{
	static const size_t lens[] = { SHA256_LEN, SHA384_LEN, SHA512_LEN };

	return lens[hash];
}

static void digest_256(const struct cella_bytes *parts, size_t num_parts, uint8_t *first,
		       uint8_t *all)
{
	SHA256_CTX ctx;
	SHA256_CTX early;

	SHA256_Init(&ctx);
	for (size_t i = 0; i < num_parts; i++) {
		SHA256_Update(&ctx, parts[i].data, parts[i].len);
		if (i == 0 && first != NULL) {
			early = ctx;
			SHA256_Final(first, &early);
		}
	}
	SHA256_Final(all, &ctx);
}

static void digest_384(const struct cella_bytes *parts, size_t num_parts, uint8_t *first,
		       uint8_t *all)
{
	SHA512_CTX ctx;
	SHA512_CTX early;

	SHA384_Init(&ctx);
	for (size_t i = 0; i < num_parts; i++) {
		SHA384_Update(&ctx, parts[i].data, parts[i].len);
		if (i == 0 && first != NULL) {
			early = ctx;
			SHA384_Final(first, &early);
		}
	}
	SHA384_Final(all, &ctx);
}

static void digest_512(const struct cella_bytes *parts, size_t num_parts, uint8_t *first,
		       uint8_t *all)
{
	SHA512_CTX ctx;
	SHA512_CTX early;

	SHA512_Init(&ctx);
	for (size_t i = 0; i < num_parts; i++) {
		SHA512_Update(&ctx, parts[i].data, parts[i].len);
		if (i == 0 && first != NULL) {
			early = ctx;
			SHA512_Final(first, &early);
		}
	}
	SHA512_Final(all, &ctx);
}

static enum cella_status digest(enum crypto_hash hash, const struct cella_bytes *parts,
				size_t num_parts, uint8_t *first, uint8_t *all,
				struct cella_error *err)
{
	static void (*const digests[])(const struct cella_bytes *, size_t, uint8_t *,
				       uint8_t *) = {
		[CRYPTO_SHA256] = digest_256,
		[CRYPTO_SHA384] = digest_384,
		[CRYPTO_SHA512] = digest_512,
	};

	TRY(ossl_begin(err));
	digests[hash](parts, num_parts, first, all);
	return CELLA_OK;
}

enum cella_status crypto_digest(enum crypto_hash hash, const struct cella_bytes *parts,
				size_t num_parts, uint8_t *out, struct cella_error *err)
{
	return digest(hash, parts, num_parts, NULL, out, err);
}

enum cella_status crypto_digest_both(enum crypto_hash hash,
				     const struct cella_bytes *parts, size_t num_parts,
				     uint8_t *first, uint8_t *all,
				     struct cella_error *err)
{
	return digest(hash, parts, num_parts, first, all, err);
}

/* An engine may stand behind every new key; this one is OpenSSL's own from here on. */
/* A curve's group, made at first use and kept: making one costs as much as a key's rest. */
static const EC_GROUP *group_of(enum crypto_curve curve)
{
	static EC_GROUP *_Atomic groups[ARRAY_LEN(curves)];
	EC_GROUP *group = atomic_load_explicit(&groups[curve], memory_order_acquire);
	EC_GROUP *none = NULL;

	if (group != NULL)
		return group;
	group = EC_GROUP_new_by_curve_name(curves[curve].nid);
	if (group == NULL || atomic_compare_exchange_strong(&groups[curve], &none, group))
		return group;
	EC_GROUP_free(group); /* another thread was faster */
	return none;
}

EC_KEY *ossl_key(enum crypto_curve curve, struct cella_bytes point)
{
	uint8_t encoded[1 + CRYPTO_POINT_MAX] = { POINT_CONVERSION_UNCOMPRESSED };
	const EC_GROUP *const group = group_of(curve);
	EC_KEY *const key = EC_KEY_new();

	memcpy(encoded + 1, point.data, point.len);
	if (key != NULL && group != NULL &&
	    EC_KEY_set_method(key, EC_KEY_OpenSSL()) == 1 &&
	    EC_KEY_set_group(key, group) == 1 &&
	    EC_KEY_oct2key(key, encoded, 1 + point.len, NULL) == 1)
		return key;
	EC_KEY_free(key);
	return NULL;
}

enum cella_status crypto_key_new(enum crypto_curve curve, struct cella_bytes point,
				 struct crypto_key **out, struct cella_error *err)
{
	static const int refused[] = { EC_R_POINT_IS_NOT_ON_CURVE, EC_R_INVALID_ENCODING,
				       EC_R_COORDINATES_OUT_OF_RANGE };
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
	key->handle = ossl_key(curve, point);
	if (key->handle == NULL) {
		free(key);
		/* Out of memory is a failure; a point that is refused is an answer. */
		if (!failed_for(refused, ARRAY_LEN(refused)))
			return error_nomem(err);
		key = NULL;
	}
	*out = key;
	return CELLA_OK;
}

void crypto_key_free(struct crypto_key *key)
{
	if (key == NULL)
		return;
	EC_KEY_free(key->handle);
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

static ECDSA_SIG *make_signature(struct cella_bytes raw)
{
	const int half = (int)(raw.len / 2);
	ECDSA_SIG *const signature = ECDSA_SIG_new();
	BIGNUM *const r = BN_bin2bn(raw.data, half, NULL);
	BIGNUM *const s = BN_bin2bn(raw.data + half, half, NULL);

	if (signature != NULL && r != NULL && s != NULL &&
	    ECDSA_SIG_set0(signature, r, s) == 1)
		return signature;
	ECDSA_SIG_free(signature);
	BN_free(r);
	BN_free(s);
	return NULL;
}

enum cella_status ossl_verify_hash(EC_KEY *key, enum crypto_hash hash,
				   struct cella_bytes message,
				   struct cella_bytes signature, bool *good,
				   struct cella_error *err)
{
	static const int at_infinity[] = { EC_R_POINT_AT_INFINITY };
	uint8_t digest[SHA512_LEN];
	ECDSA_SIG *sig;
	int answer;

	TRY(crypto_digest(hash, &message, 1, digest, err));
	sig = make_signature(signature);
	if (sig == NULL)
		return ossl_failure(err, CELLA_NOMEM, "signature");
	answer = ECDSA_do_verify(digest, (int)crypto_hash_len(hash), sig, key);
	ECDSA_SIG_free(sig);
	/* Below 0 it could not tell, for numbers that no signer makes or for want of memory. */
	if (answer < 0 && !failed_for(at_infinity, ARRAY_LEN(at_infinity)))
		return error_nomem(err);
	*good = answer == 1;
	return CELLA_OK;
}

enum cella_status ossl_verify(EC_KEY *key, enum crypto_curve curve,
			      struct cella_bytes message, struct cella_bytes signature,
			      bool *good, struct cella_error *err)
{
	return ossl_verify_hash(key, curves[curve].hash, message, signature, good, err);
}

static enum cella_status verify(EC_KEY *key, enum crypto_curve curve,
				struct cella_bytes message, struct cella_bytes signature,
				bool *good, struct cella_error *err)
{
	if (signature.len != curves[curve].point_len)
		return error_set(err, CELLA_USAGE, "a signature of %zu bytes, not %zu",
				 signature.len, curves[curve].point_len);
	return ossl_verify(key, curve, message, signature, good, err);
}

enum cella_status crypto_verify(const struct crypto_key *key, struct cella_bytes message,
				struct cella_bytes signature, bool *good,
				struct cella_error *err)
{
	return verify(key->handle, key->curve, message, signature, good, err);
}

enum cella_status crypto_cert_check(const struct crypto_cert *cert,
				    struct cella_bytes message,
				    struct cella_bytes signature, bool *good,
				    struct cella_error *err)
{
	return verify(cert->key, CRYPTO_P256, message, signature, good, err);
}
