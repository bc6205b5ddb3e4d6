/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between OpenSSL 3 and 1.1.1, and what the files of this folder share.
 * The build picks openssl3.c or openssl1.c.
 */
#ifndef CRYPTO_OSSL_H
#define CRYPTO_OSSL_H

/* The primitives that verify.c calls are deprecated in favour of what asks engines. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/der.h"
#include "crypto/crypto.h"

/*
 * ossl_begin() readies the library without its configuration and empties the thread's
 * error queue, so that ossl_failure() can tell a lack of memory from bad input.
 */
enum cella_status ossl_begin(struct cella_error *err) MUST_CHECK;

/* ossl_failure() describes a failed call: CELLA_NOMEM when memory ran out, else status. */
enum cella_status ossl_failure(struct cella_error *err, enum cella_status status,
			       const char *text) COLD;

/*
 * ossl_lacked_memory() is true when a call since ossl_begin() noted a lack of memory, or
 * there is none now. It empties the error queue.
 */
bool ossl_lacked_memory(void);

/*
 * Empty objects for d2i, in a library context of ours; NULL when out of memory. Certificates are
 * parsed where OpenSSL knows no algorithm: decoding a key that is about to be made from
 * its point anyway costs five times as much as the rest of the certificate.
 */
X509 *ossl_x509_new(void);
X509_CRL *ossl_crl_new(void);

/* ossl_x509_parse() parses exactly one certificate. */
enum cella_status ossl_x509_parse(struct cella_bytes der, X509 **out,
				  struct cella_error *err) MUST_CHECK;

/* ossl_name() finds a name's DER, which lives as long as its certificate. */
struct cella_bytes ossl_name(const X509_NAME *name);

/* ossl_validity() reads from when and until when a certificate is valid. */
enum cella_status ossl_validity(const X509 *x, int64_t *not_before, int64_t *not_after,
				struct cella_error *err) MUST_CHECK;

/* ossl_has_unknown_critical() is true for a critical extension that nobody here reads. */
bool ossl_has_unknown_critical(const X509 *x);

/*
 * ossl_ec_point() finds a certificate's key: the curve, and x || y. False when the key is
 * not an uncompressed point on a named curve.
 */
bool ossl_ec_point(const X509 *x, int *curve_nid, struct cella_bytes *point);

/* ossl_constraints() reads basicConstraints; *path_len is -1 when there is no limit. */
enum cella_status ossl_constraints(const X509 *x, bool *is_ca, int *path_len,
				   struct cella_error *err) MUST_CHECK;

/* ossl_key_usage() reads the bits of keyUsage that cella knows. */
enum cella_status ossl_key_usage(const X509 *x, bool *has_usage, unsigned *out,
				 struct cella_error *err) MUST_CHECK;

/* ossl_key() makes a public key of x || y; NULL when the point is refused. */
EC_KEY *ossl_key(enum crypto_curve curve, struct cella_bytes point);

/* ossl_verify() checks r || s over a message by a key on a curve. */
enum cella_status ossl_verify(EC_KEY *key, enum crypto_curve curve,
			      struct cella_bytes message, struct cella_bytes signature,
			      bool *good, struct cella_error *err) MUST_CHECK;

/* ossl_verify_hash() does so with a hash that need not be the curve's own. */
enum cella_status ossl_verify_hash(EC_KEY *key, enum crypto_hash hash,
				   struct cella_bytes message,
				   struct cella_bytes signature, bool *good,
				   struct cella_error *err) MUST_CHECK;

/* signed_der_read() takes a certificate or a list apart; what names it in errors. */
enum cella_status signed_der_read(struct cella_bytes der, const char *what,
				  struct crypto_signed *out,
				  struct cella_error *err) MUST_CHECK;

/*
 * signed_der_value() reads ECDSA-Sig-Value, SEQUENCE { r INTEGER, s INTEGER }, of the next
 * bytes and no more; r and s have half bytes each. False when it is anything else.
 */
bool signed_der_value(struct in *in, uint8_t *out, size_t half);

/* signed_der_verify() checks the signature by a key on P-256. */
enum cella_status signed_der_verify(const struct crypto_signed *der, EC_KEY *key,
				    bool *good, struct cella_error *err) MUST_CHECK;

/* ossl_time() converts a certificate's time. */
enum cella_status ossl_time(const ASN1_TIME *time, int64_t *out, const char *what,
			    struct cella_error *err) MUST_CHECK;

/* ossl_common_name() copies a name's only common name, or "" when there is none. */
void ossl_common_name(const X509_NAME *name, char out[CERT_NAME_MAX + 1]);

/* ossl_serial() copies a serial number without leading zeros. */
enum cella_status ossl_serial(const ASN1_INTEGER *serial, uint8_t out[CERT_SERIAL_MAX],
			      size_t *out_len, const char *what,
			      struct cella_error *err) MUST_CHECK;

#endif
