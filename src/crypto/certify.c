/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 (RFC 5280) by OpenSSL.
 */
#include "crypto/certify.h"

#include "crypto/ossl.h"

#include <openssl/x509v3.h>

enum { SERIAL_LEN = 16, VERSION_3 = 2 };

static const struct extension {
	int nid;
	const char *value;
} root_extensions[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign" },
	{ NID_subject_key_identifier, "hash" },
	{ 0, NULL },
};

static const struct extension key_extensions[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0, NULL },
};

static void free_cert(X509 **cert)
{
	X509_free(*cert);
}

static bool set_serial(X509 *cert)
{
	uint8_t serial[SERIAL_LEN];
	BIGNUM *number;
	bool done;

	if (random_bytes(serial, sizeof serial, NULL) != CELLA_OK)
		return false;
	serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and always as long */
	number = BN_bin2bn(serial, sizeof serial, NULL);
	done = number != NULL &&
	       BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
	BN_free(number);
	return done;
}

static bool set_name(X509 *cert, const char *name)
{
	X509_NAME *const subject = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
					  (const unsigned char *)name, -1, -1, 0) == 1;
}

static bool set_dates(X509 *cert, const struct certify_spec *spec)
{
	return ASN1_TIME_set(X509_getm_notBefore(cert), spec->not_before) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), spec->not_after) != NULL;
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct extension *extensions)
{
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	for (const struct extension *e = extensions; e->value != NULL; e++) {
		X509_EXTENSION *const made =
			X509V3_EXT_conf_nid(NULL, &ctx, e->nid, e->value);
		const bool done = made != NULL && X509_add_ext(cert, made, -1) == 1;

		X509_EXTENSION_free(made);
		if (!done)
			return false;
	}
	return true;
}

/* Signs what is complete but for its issuer's part. */
static enum cella_status issue(X509 *cert, X509 *issuer, const struct private_key *key,
			       const struct extension *extensions, struct out *out,
			       struct cella_error *err)
{
	unsigned char *der = NULL;
	int len = -1;

	if (X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
	    add_extensions(cert, issuer, extensions) &&
	    X509_sign(cert, private_key_handle(key), EVP_sha256()) > 0)
		len = i2d_X509(cert, &der);
	if (len < 0)
		return ossl_failure(err, CELLA_INTERNAL, "certificate: cannot be issued");
	out_bytes(out, der, (size_t)len);
	OPENSSL_free(der);
	return out_status(out, err);
}

static enum cella_status begin(const struct certify_spec *spec, EVP_PKEY *key, X509 **out,
			       struct cella_error *err)
{
	*out = X509_new();
	if (*out == NULL)
		return error_nomem(err);
	if (X509_set_version(*out, VERSION_3) != 1 || !set_serial(*out) ||
	    !set_name(*out, spec->name) || !set_dates(*out, spec) ||
	    X509_set_pubkey(*out, key) != 1)
		return ossl_failure(err, CELLA_INTERNAL, "certificate: cannot be made");
	return CELLA_OK;
}

enum cella_status certify_root(const struct private_key *key,
			       const struct certify_spec *spec, struct out *out,
			       struct cella_error *err)
{
	X509 *cert CLEANUP(free_cert) = NULL;

	TRY(ossl_begin(err));
	TRY(begin(spec, private_key_handle(key), &cert, err));
	return issue(cert, cert, key, root_extensions, out, err);
}

static void free_pkey(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static enum cella_status public_key(struct cella_bytes point, EVP_PKEY **out,
				    struct cella_error *err)
{
	EC_KEY *const ec = point.len == P256_POINT_LEN ? ossl_key(CRYPTO_P256, point)
						       : NULL;
	EVP_PKEY *key;
	bool done;

	if (ec == NULL)
		return ossl_failure(err, CELLA_MALFORMED,
				    "attestation key: is not a point of P-256");
	key = EVP_PKEY_new();
	done = key != NULL && EVP_PKEY_set1_EC_KEY(key, ec) == 1;
	EC_KEY_free(ec);
	*out = key;
	return done ? CELLA_OK : error_nomem(err);
}

enum cella_status certify_key(const struct private_key *root_key, struct cella_bytes root,
			      struct cella_bytes point, const struct certify_spec *spec,
			      struct out *out, struct cella_error *err)
{
	const unsigned char *der = root.data;
	X509 *issuer CLEANUP(free_cert) = NULL;
	X509 *cert CLEANUP(free_cert) = NULL;
	EVP_PKEY *key CLEANUP(free_pkey) = NULL;

	TRY(ossl_begin(err));
	issuer = d2i_X509(NULL, &der, (long)root.len);
	if (issuer == NULL)
		return ossl_failure(err, CELLA_MALFORMED, "host's certificate: is none");
	TRY(public_key(point, &key, err));
	TRY(begin(spec, key, &cert, err));
	return issue(cert, issuer, root_key, key_extensions, out, err);
}
