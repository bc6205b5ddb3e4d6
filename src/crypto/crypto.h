/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam to OpenSSL: hashes, ECDSA verification, certificates and revocation lists.
 * No other folder includes OpenSSL.
 *
 * No answer depends on OPENSSL_CONF or on engines, whoever loads them: hashes and ECDSA
 * are asked of OpenSSL's own primitives, below the layers that look for an engine first.
 * Objects are immutable once made and may be shared by threads. OpenSSL parses
 * certificates and judges signatures; a bad signature is an answer (*good = false), not an
 * error.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/bytes.h"

enum {
	SHA256_LEN = 32,
	SHA384_LEN = 48,
	SHA512_LEN = 64,
	P256_POINT_LEN = 64,     /* x || y, big endian */
	P256_SIGNATURE_LEN = 64, /* r || s, big endian */
	P384_POINT_LEN = 96,
	P384_SIGNATURE_LEN = 96,
	CRYPTO_POINT_MAX = 96,
};

enum crypto_hash { CRYPTO_SHA256, CRYPTO_SHA384, CRYPTO_SHA512 };

/* crypto_hash_len() is a hash's length in bytes. */
size_t crypto_hash_len(enum crypto_hash hash);

/* crypto_digest() hashes the concatenation of num_parts views into out. */
enum cella_status crypto_digest(enum crypto_hash hash, const struct cella_bytes *parts,
				size_t num_parts, uint8_t *out,
				struct cella_error *err) MUST_CHECK;

/*
 * crypto_digest_both() hashes the first view, and the concatenation of all, of which there is
 * one at least, reading each byte once.
 */
enum cella_status crypto_digest_both(enum crypto_hash hash,
				     const struct cella_bytes *parts, size_t num_parts,
				     uint8_t *first, uint8_t *all,
				     struct cella_error *err) MUST_CHECK;

static inline enum cella_status
crypto_sha256(struct cella_bytes bytes, uint8_t out[SHA256_LEN], struct cella_error *err)
{
	return crypto_digest(CRYPTO_SHA256, &bytes, 1, out, err);
}

enum crypto_curve { CRYPTO_P256, CRYPTO_P384 };

/* struct crypto_key - a public key on P-256 (used with SHA-256) or P-384 (SHA-384). */
struct crypto_key;

/*
 * crypto_key_new() makes a key of x || y. *out is NULL, without an error, when the point
 * is not on the curve. The caller frees it.
 */
enum cella_status crypto_key_new(enum crypto_curve curve, struct cella_bytes point,
				 struct crypto_key **out,
				 struct cella_error *err) MUST_CHECK;
void crypto_key_free(struct crypto_key *key);

/* crypto_key_point() borrows x || y. */
struct cella_bytes crypto_key_point(const struct crypto_key *key);
enum crypto_curve crypto_key_curve(const struct crypto_key *key);

/* crypto_verify() checks r || s over a message with the hash of the key's curve. */
enum cella_status crypto_verify(const struct crypto_key *key, struct cella_bytes message,
				struct cella_bytes signature, bool *good,
				struct cella_error *err) MUST_CHECK;

static inline void crypto_key_cleanup(struct crypto_key **key)
{
	crypto_key_free(*key);
}

enum { CERT_SERIAL_MAX = 20, CERT_NAME_MAX = 64 };

/* Bits of struct crypto_cert.key_usage. */
enum { CERT_USAGE_SIGNATURE = 1, CERT_USAGE_CERT_SIGN = 2, CERT_USAGE_CRL_SIGN = 4 };

/* What X.509 signs: SEQUENCE { to be signed, algorithm, signature }. */
struct crypto_signed {
	struct cella_bytes tbs; /* in the object's own memory */
	bool has_signature;     /* well formed, of ecdsa-with-SHA256 in both places */
	uint8_t signature[P256_SIGNATURE_LEN];
};

/*
 * struct crypto_cert - the facts of one X.509 v3 certificate whose key is on P-256.
 * The views point into memory that the certificate owns.
 */
struct crypto_cert {
	struct cella_bytes der;
	struct crypto_signed signed_part;
	struct cella_bytes subject; /* DER of the name */
	struct cella_bytes issuer;
	char subject_cn[CERT_NAME_MAX + 1]; /* "" when absent or not one plain text */
	char issuer_cn[CERT_NAME_MAX + 1];
	uint8_t serial[CERT_SERIAL_MAX]; /* without leading zeros */
	size_t serial_len;
	int64_t not_before;
	int64_t not_after;
	uint8_t point[P256_POINT_LEN];
	bool is_ca;
	int path_len; /* -1: unlimited */
	bool has_key_usage;
	unsigned key_usage;
	bool has_ak_usage;         /* extendedKeyUsage: attestation keys of TPMs, alone */
	bool has_unknown_critical; /* a critical extension that nobody here reads */
	struct cella_bytes
		sgx_extension;      /* contents of 1.2.840.113741.1.13.1, or empty */
	uint8_t sha256[SHA256_LEN]; /* of der */
	void *handle;               /* OpenSSL's X509 */
	void *key;                  /* OpenSSL's EC_KEY of the point */
	uint8_t *memory;
};

/*
 * crypto_cert_parse() parses exactly one certificate. CELLA_MALFORMED when it is not
 * one, CELLA_UNSUPPORTED when its key is not on P-256.
 */
enum cella_status crypto_cert_parse(struct cella_bytes der, struct crypto_cert **out,
				    struct cella_error *err) MUST_CHECK;
void crypto_cert_free(struct crypto_cert *cert);

static inline void crypto_cert_cleanup(struct crypto_cert **cert)
{
	crypto_cert_free(*cert);
}

/* crypto_cert_verify() checks the signature alone: ecdsa-with-SHA256 by issuer's key. */
enum cella_status crypto_cert_verify(const struct crypto_cert *cert,
				     const struct crypto_cert *issuer, bool *good,
				     struct cella_error *err) MUST_CHECK;

/* crypto_cert_check() checks a raw r || s over a message by the certificate's key. */
enum cella_status crypto_cert_check(const struct crypto_cert *cert,
				    struct cella_bytes message,
				    struct cella_bytes signature, bool *good,
				    struct cella_error *err) MUST_CHECK;

/* A serial number of a revocation list, without leading zeros. */
struct crypto_serial {
	uint8_t len;
	uint8_t bytes[CERT_SERIAL_MAX];
};

/* struct crypto_crl - the facts of one X.509 v2 revocation list. */
struct crypto_crl {
	struct cella_bytes der;
	struct crypto_signed signed_part;
	struct cella_bytes issuer; /* DER of the name */
	char issuer_cn[CERT_NAME_MAX + 1];
	int64_t this_update;
	int64_t next_update;
	bool has_number;
	uint64_t number;
	bool has_authority_key; /* the authorityKeyIdentifier extension is there */
	bool has_unknown_critical;
	struct crypto_serial *revoked; /* sorted */
	size_t num_revoked;
	void *handle;
	uint8_t *memory;
};

/* crypto_crl_parse() parses exactly one DER list. */
enum cella_status crypto_crl_parse(struct cella_bytes der, struct crypto_crl **out,
				   struct cella_error *err) MUST_CHECK;
void crypto_crl_free(struct crypto_crl *crl);

/* crypto_crl_verify() checks the signature alone. */
enum cella_status crypto_crl_verify(const struct crypto_crl *crl,
				    const struct crypto_cert *issuer, bool *good,
				    struct cella_error *err) MUST_CHECK;

/* crypto_crl_lists() is true when the list names the certificate's serial number. */
bool crypto_crl_lists(const struct crypto_crl *crl, const struct crypto_cert *cert);

#endif
