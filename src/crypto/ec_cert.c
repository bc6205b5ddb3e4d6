/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signers' certificates: OpenSSL parses, this file copies facts out, and judges nothing.
 */
#include "crypto/ec_cert.h"

#include "crypto/ossl.h"

#include <string.h>

/* AlgorithmIdentifier of ecdsa-with-SHA256 and -SHA384 (RFC 5758 section 3.2). */
static const struct {
	uint8_t der[10];
	enum crypto_hash hash;
} algorithms[] = {
	{ { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 }, CRYPTO_SHA256 },
	{ { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03 }, CRYPTO_SHA384 },
};

static const struct {
	int nid;
	size_t point_len;
} curves[] = {
	[CRYPTO_P256] = { NID_X9_62_prime256v1, P256_POINT_LEN },
	[CRYPTO_P384] = { NID_secp384r1, P384_POINT_LEN },
};

size_t ec_point_len(enum crypto_curve curve)
{
	return curves[curve].point_len;
}

static enum cella_status read_key(struct ec_cert *cert, struct cella_error *err)
{
	struct cella_bytes point = { 0 };
	int nid = NID_undef;

	if (ossl_ec_point(cert->handle, &nid, &point))
		for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
			if (curves[i].nid != nid || curves[i].point_len != point.len)
				continue;
			cert->curve = (enum crypto_curve)i;
			memcpy(cert->point, point.data, point.len);
			cert->key = ossl_key(cert->curve, point);
			return cert->key != NULL
				       ? CELLA_OK
				       : ossl_failure(err, CELLA_MALFORMED,
						      "certificate: its key is not a "
						      "point on its curve");
		}
	return ossl_failure(err, CELLA_UNSUPPORTED,
			    "certificate: its key is on neither P-256 nor P-384");
}

/* What was signed, and by which algorithm: an unknown one leaves the signature empty. */
static enum cella_status read_signature(struct ec_cert *cert, struct cella_error *err)
{
	struct in in, outer, tbs, algorithm, bits;
	struct cella_bytes name;

	in_init(&in, cert->der, "certificate");
	outer = der_element(&in, DER_SEQUENCE, "outer sequence");
	tbs = der_element(&outer, DER_SEQUENCE, "signed part");
	cert->tbs = bytes_of(outer.data, outer.pos);
	algorithm = der_element(&outer, DER_SEQUENCE, "signatureAlgorithm");
	bits = der_element(&outer, DER_BIT_STRING, "signature");
	der_adopt(&outer, &tbs);
	der_adopt(&outer, &algorithm);
	name = in_bytes(&algorithm, in_left(&algorithm), "signatureAlgorithm");
	if (in_u8(&bits, "signature") != 0)
		in_fail(&bits, "signature", "is not of whole bytes");
	der_adopt(&outer, &bits);
	der_adopt(&in, &outer);
	TRY(in_status(&in, err));
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
		if (bytes_equal(name,
				bytes_of(algorithms[i].der, sizeof algorithms[i].der))) {
			cert->hash = algorithms[i].hash;
			cert->signature_der =
				in_bytes(&bits, in_left(&bits), "signature");
		}
	return CELLA_OK;
}

static enum cella_status read_names(struct ec_cert *cert, struct cella_error *err)
{
	X509 *const x = cert->handle;

	cert->subject = ossl_name(X509_get_subject_name(x));
	cert->issuer = ossl_name(X509_get_issuer_name(x));
	ossl_common_name(X509_get_subject_name(x), cert->subject_cn);
	ossl_common_name(X509_get_issuer_name(x), cert->issuer_cn);
	return ossl_validity(x, &cert->not_before, &cert->not_after, err);
}

static enum cella_status read_extensions(struct ec_cert *cert, struct cella_error *err)
{
	X509 *const x = cert->handle;

	TRY(ossl_constraints(x, &cert->is_ca, &cert->path_len, err));
	TRY(ossl_key_usage(x, &cert->has_key_usage, &cert->key_usage, err));
	cert->has_unknown_critical = ossl_has_unknown_critical(x);
	return CELLA_OK;
}

static enum cella_status parse(struct ec_cert *cert, struct cella_bytes der,
			       struct cella_error *err)
{
	X509 *x = NULL;

	cert->memory = malloc(der.len);
	if (cert->memory == NULL)
		return error_nomem(err);
	memcpy(cert->memory, der.data, der.len);
	cert->der = bytes_of(cert->memory, der.len);
	TRY(ossl_x509_parse(cert->der, &x, err));
	cert->handle = x;
	TRY(crypto_sha256(der, cert->sha256, err));
	TRY(read_signature(cert, err));
	TRY(read_names(cert, err));
	TRY(read_key(cert, err));
	return read_extensions(cert, err);
}

enum cella_status ec_cert_parse(struct cella_bytes der, struct ec_cert **out,
				struct cella_error *err)
{
	struct ec_cert *cert;
	enum cella_status status;

	if (der.len == 0 || der.len > EC_CERT_MAX_LEN)
		return error_set(err, der.len == 0 ? CELLA_MALFORMED : CELLA_LIMIT,
				 "certificate: %zu bytes, at most %d", der.len,
				 EC_CERT_MAX_LEN);
	TRY(ossl_begin(err));
	cert = calloc(1, sizeof *cert);
	if (cert == NULL)
		return error_nomem(err);
	status = parse(cert, der, err);
	if (status != CELLA_OK) {
		ec_cert_free(cert);
		return status;
	}
	*out = cert;
	return CELLA_OK;
}

void ec_cert_free(struct ec_cert *cert)
{
	if (cert == NULL)
		return;
	X509_free(cert->handle);
	EC_KEY_free(cert->key);
	free(cert->memory);
	free(cert);
}

/* --- signatures ---------------------------------------------------------------------- */

enum cella_status ec_cert_signed_by(const struct ec_cert *cert,
				    const struct ec_cert *issuer, bool *good,
				    struct cella_error *err)
{
	const size_t len = ec_point_len(issuer->curve);
	uint8_t raw[CRYPTO_POINT_MAX];
	struct in in;

	*good = false;
	in_init(&in, cert->signature_der, "signature");
	if (cert->signature_der.len == 0 || !signed_der_value(&in, raw, len / 2))
		return CELLA_OK;
	return ossl_verify_hash(issuer->key, cert->hash, cert->tbs, bytes_of(raw, len),
				good, err);
}

enum cella_status ec_cert_check(const struct ec_cert *cert, struct cella_bytes message,
				struct cella_bytes signature, bool *good,
				struct cella_error *err)
{
	if (signature.len != ec_point_len(cert->curve)) {
		*good = false;
		return CELLA_OK;
	}
	return ossl_verify(cert->key, cert->curve, message, signature, good, err);
}
