/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 certificates of people who sign images: keys on P-256 or P-384, signatures by
 * ECDSA with SHA-256 or SHA-384 in any combination; of version 1, too, which says nothing
 * of what its key may do: such a one is no authority's. The certificates of collateral have a
 * narrower profile and a reader of their own (crypto.h).
 */
#ifndef CRYPTO_EC_CERT_H
#define CRYPTO_EC_CERT_H

#include "crypto/crypto.h"

enum { EC_CERT_MAX_LEN = 16 << 10 };

/* struct ec_cert - the facts of one certificate, which owns what the views show. */
struct ec_cert {
	struct cella_bytes der;
	struct cella_bytes subject; /* DER of the name */
	struct cella_bytes issuer;
	char subject_cn[CERT_NAME_MAX + 1]; /* "" when absent or not one plain text */
	char issuer_cn[CERT_NAME_MAX + 1];
	int64_t not_before;
	int64_t not_after;
	enum crypto_curve curve;
	uint8_t point[CRYPTO_POINT_MAX];
	bool is_ca;
	int path_len; /* -1: unlimited */
	bool has_key_usage;
	unsigned key_usage;
	bool has_unknown_critical;
	uint8_t sha256[SHA256_LEN]; /* of der */
	/* What the issuer signed, and how; empty when it was by another algorithm. */
	struct cella_bytes tbs;
	enum crypto_hash hash;
	struct cella_bytes signature_der;
	void *handle; /* OpenSSL's X509 */
	void *key;    /* OpenSSL's EC_KEY */
	uint8_t *memory;
};

/*
 * ec_cert_parse() parses exactly one certificate. CELLA_UNSUPPORTED when its key is on
 * neither curve.
 */
enum cella_status ec_cert_parse(struct cella_bytes der, struct ec_cert **out,
				struct cella_error *err) MUST_CHECK;
void ec_cert_free(struct ec_cert *cert);

/* ec_cert_signed_by() checks the signature alone, by the issuer's key. */
enum cella_status ec_cert_signed_by(const struct ec_cert *cert,
				    const struct ec_cert *issuer, bool *good,
				    struct cella_error *err) MUST_CHECK;

/* ec_cert_check() checks r || s over a message by the key, with the hash of its curve. */
enum cella_status ec_cert_check(const struct ec_cert *cert, struct cella_bytes message,
				struct cella_bytes signature, bool *good,
				struct cella_error *err) MUST_CHECK;

/* ec_point_len() is the length of x || y on a curve, and of r || s. */
size_t ec_point_len(enum crypto_curve curve);

#endif
