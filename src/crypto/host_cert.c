/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 certificates (RFC 5280) written by OpenSSL: version 3, ecdsa-with-SHA256.
 */
#include "crypto/host_cert.h"

#include "crypto/ossl.h"

#include <assert.h>
#include <string.h>

#include <openssl/x509v3.h>

/*
 * tcg-kp-AIKCertificate: the key signs what a TPM says, and nothing else. On the root it
 * keeps hosts apart from vendors of platforms: neither can vouch for the other's evidence.
 */
static const char ak_purpose[] = "2.23.133.8.3";

struct extension {
	int nid;
	const char *value;
};

static const struct extension root_extensions[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_ext_key_usage, ak_purpose },
	{ NID_subject_key_identifier, "hash" },
};

static const struct extension ak_extensions[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_ext_key_usage, ak_purpose },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
};

static void x509_cleanup(X509 **x)
{
	X509_free(*x);
}

static void pkey_cleanup(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static bool set_serial(X509 *x, const uint8_t serial[HOST_CERT_SERIAL_LEN])
{
	BIGNUM *const number = BN_bin2bn(serial, HOST_CERT_SERIAL_LEN, NULL);
	const bool done = number != NULL &&
			  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL;

	BN_free(number);
	return done;
}

static bool set_name(X509 *x, const char *name)
{
	X509_NAME *const subject = X509_NAME_new();
	const bool done =
		subject != NULL &&
		X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
					   (const unsigned char *)name, -1, -1, 0) == 1 &&
		X509_set_subject_name(x, subject) == 1;

	X509_NAME_free(subject);
	return done;
}

static bool set_fields(X509 *x, const struct host_cert_spec *spec, EVP_PKEY *subject_key)
{
	enum { VERSION_3 = 2 };

	return X509_set_version(x, VERSION_3) == 1 && set_serial(x, spec->serial) &&
	       set_name(x, spec->name) &&
	       ASN1_TIME_set(X509_getm_notBefore(x), (time_t)spec->not_before) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)spec->not_after) != NULL &&
	       X509_set_pubkey(x, subject_key) == 1;
}

static bool add_extensions(X509 *x, X509 *issuer, const struct extension *rows,
			   size_t num_rows)
{
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	for (size_t i = 0; i < num_rows; i++) {
		X509_EXTENSION *const extension =
			X509V3_EXT_conf_nid(NULL, &context, rows[i].nid, rows[i].value);
		const bool done = extension != NULL &&
				  X509_add_ext(x, extension, -1) == 1;

		X509_EXTENSION_free(extension);
		if (!done)
			return false;
	}
	return true;
}

static enum cella_status sign(X509 *x, const struct private_key *key, struct out *der,
			      struct cella_error *err)
{
	unsigned char *bytes = NULL;
	int len;

	if (X509_sign(x, private_key_handle(key), EVP_sha256()) <= 0)
		return ossl_failure(err, CELLA_INTERNAL, "certificate: cannot be signed");
	len = i2d_X509(x, &bytes);
	if (len <= 0)
		return ossl_failure(err, CELLA_INTERNAL,
				    "certificate: cannot be written");
	out_bytes(der, bytes, (size_t)len);
	OPENSSL_free(bytes);
	return out_status(der, err);
}

enum cella_status host_cert_root(const struct host_cert_spec *spec,
				 const struct private_key *key, struct out *der,
				 struct cella_error *err)
{
	X509 *x CLEANUP(x509_cleanup) = NULL;

	assert(private_key_curve(key) == CRYPTO_P256);
	TRY(ossl_begin(err));
	x = X509_new();
	if (x == NULL || !set_fields(x, spec, private_key_handle(key)) ||
	    X509_set_issuer_name(x, X509_get_subject_name(x)) != 1 ||
	    !add_extensions(x, x, root_extensions, ARRAY_LEN(root_extensions)))
		return ossl_failure(err, CELLA_INTERNAL, "root certificate");
	return sign(x, key, der, err);
}

static EVP_PKEY *public_key(struct cella_bytes point)
{
	EC_KEY *const ec = ossl_key(CRYPTO_P256, point);
	EVP_PKEY *key = NULL;

	if (ec != NULL) {
		EC_KEY_set_asn1_flag(ec, OPENSSL_EC_NAMED_CURVE);
		key = EVP_PKEY_new();
	}
	if (key != NULL && EVP_PKEY_set1_EC_KEY(key, ec) != 1) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	EC_KEY_free(ec);
	return key;
}

static X509 *read_root(struct cella_bytes der)
{
	const unsigned char *pos = der.data;

	return d2i_X509(NULL, &pos, (long)der.len);
}

enum cella_status host_cert_ak(const struct host_cert_spec *spec,
			       struct cella_bytes point, struct cella_bytes root,
			       const struct private_key *key, struct out *der,
			       struct cella_error *err)
{
	EVP_PKEY *subject_key CLEANUP(pkey_cleanup) = NULL;
	X509 *issuer CLEANUP(x509_cleanup) = NULL;
	X509 *x CLEANUP(x509_cleanup) = NULL;

	assert(point.len == P256_POINT_LEN);
	TRY(ossl_begin(err));
	subject_key = public_key(point);
	if (subject_key == NULL)
		return ossl_failure(err, CELLA_MALFORMED,
				    "attestation key: not a point on P-256");
	issuer = read_root(root);
	if (issuer == NULL ||
	    X509_check_private_key(issuer, private_key_handle(key)) != 1)
		return ossl_failure(err, CELLA_MALFORMED,
				    "root certificate: is not one of the host's key");
	x = X509_new();
	if (x == NULL || !set_fields(x, spec, subject_key) ||
	    X509_set_issuer_name(x, X509_get_subject_name(issuer)) != 1 ||
	    !add_extensions(x, issuer, ak_extensions, ARRAY_LEN(ak_extensions)))
		return ossl_failure(err, CELLA_INTERNAL, "attestation key's certificate");
	return sign(x, key, der, err);
}
