/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 certificates (RFC 5280) as far as the provisioning certification service's chains
 * need them. OpenSSL parses; this file copies facts out and judges nothing.
 */
#include "crypto/ossl.h"

#include "base/civil.h"

#include <string.h>

#include <openssl/x509v3.h>

/* 1.2.840.113741.1.13.1 */
static const uint8_t sgx_extension_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8,
					     0x4d, 0x01, 0x0d, 0x01 };

enum cella_status ossl_time(const ASN1_TIME *time, int64_t *out, const char *what,
			    struct cella_error *err)
{
	struct tm tm = { 0 };
	struct civil civil;

	if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
		return error_set(err, CELLA_MALFORMED, "%s: not a time", what);
	civil = (struct civil){ tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
				tm.tm_hour,        tm.tm_min,     tm.tm_sec };
	if (civil_to_seconds(&civil, out, err) == CELLA_OK)
		return CELLA_OK;
	error_prefix(err, "%s", what);
	return CELLA_MALFORMED;
}

void ossl_common_name(const X509_NAME *name, char out[CERT_NAME_MAX + 1])
{
	const int index =
		X509_NAME_get_index_by_NID((X509_NAME *)name, NID_commonName, -1);
	const ASN1_STRING *text;
	int len;

	out[0] = '\0';
	if (index < 0 ||
	    X509_NAME_get_index_by_NID((X509_NAME *)name, NID_commonName, index) >= 0)
		return;
	text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
	len = ASN1_STRING_length(text);
	/* The chains' names are plain ASCII in one of these types; others stay nameless. */
	if ((ASN1_STRING_type(text) != V_ASN1_UTF8STRING &&
	     ASN1_STRING_type(text) != V_ASN1_PRINTABLESTRING) ||
	    len < 0 || len > CERT_NAME_MAX)
		return;
	for (int i = 0; i < len; i++)
		if (ASN1_STRING_get0_data(text)[i] < 0x20 ||
		    ASN1_STRING_get0_data(text)[i] > 0x7e)
			return;
	memcpy(out, ASN1_STRING_get0_data(text), (size_t)len);
	out[len] = '\0';
}

enum cella_status ossl_serial(const ASN1_INTEGER *serial, uint8_t out[CERT_SERIAL_MAX],
			      size_t *out_len, const char *what, struct cella_error *err)
{
	const uint8_t *data = ASN1_STRING_get0_data(serial);
	size_t len = (size_t)ASN1_STRING_length(serial);

	while (len > 0 && data[0] == 0) {
		data++;
		len--;
	}
	if (ASN1_STRING_type(serial) != V_ASN1_INTEGER || len > CERT_SERIAL_MAX)
		return error_set(err, CELLA_MALFORMED,
				 "%s: serial number is negative or longer than %d bytes",
				 what, CERT_SERIAL_MAX);
	memcpy(out, data, len);
	*out_len = len;
	return CELLA_OK;
}

struct cella_bytes ossl_name(const X509_NAME *name)
{
	const unsigned char *der = NULL;
	size_t len = 0;

	if (X509_NAME_get0_der((X509_NAME *)name, &der, &len) != 1)
		return bytes_of(NULL, 0);
	return bytes_of(der, len);
}

enum cella_status ossl_validity(const X509 *x, int64_t *not_before, int64_t *not_after,
				struct cella_error *err)
{
	TRY(ossl_time(X509_get0_notBefore(x), not_before, "certificate: notBefore", err));
	return ossl_time(X509_get0_notAfter(x), not_after, "certificate: notAfter", err);
}

static enum cella_status read_names(struct crypto_cert *cert, struct cella_error *err)
{
	X509 *const x = cert->handle;

	if (X509_get_version(x) != 2)
		return error_set(err, CELLA_MALFORMED, "certificate: not of version 3");
	cert->subject = ossl_name(X509_get_subject_name(x));
	cert->issuer = ossl_name(X509_get_issuer_name(x));
	ossl_common_name(X509_get_subject_name(x), cert->subject_cn);
	ossl_common_name(X509_get_issuer_name(x), cert->issuer_cn);
	TRY(ossl_serial(X509_get0_serialNumber(x), cert->serial, &cert->serial_len,
			"certificate", err));
	return ossl_validity(x, &cert->not_before, &cert->not_after, err);
}

/* RFC 5480: id-ecPublicKey with a named curve, and an uncompressed point. */
bool ossl_ec_point(const X509 *x, int *curve_nid, struct cella_bytes *point)
{
	const X509_PUBKEY *const key = X509_get_X509_PUBKEY(x);
	ASN1_OBJECT *oid = NULL;
	const ASN1_OBJECT *type;
	const void *curve = NULL;
	const unsigned char *data = NULL;
	X509_ALGOR *algorithm = NULL;
	int curve_type = V_ASN1_UNDEF;
	int len = 0;

	if (key == NULL || X509_PUBKEY_get0_param(&oid, &data, &len, &algorithm,
						  (X509_PUBKEY *)key) != 1)
		return false;
	X509_ALGOR_get0(&type, &curve_type, &curve, algorithm);
	if (OBJ_obj2nid(type) != NID_X9_62_id_ecPublicKey ||
	    curve_type != V_ASN1_OBJECT || len < 1 ||
	    data[0] != POINT_CONVERSION_UNCOMPRESSED)
		return false;
	*curve_nid = OBJ_obj2nid(curve);
	*point = bytes_of(data + 1, (size_t)len - 1);
	return true;
}

static enum cella_status read_key(struct crypto_cert *cert, struct cella_error *err)
{
	struct cella_bytes point = { 0 };
	int curve = NID_undef;

	if (!ossl_ec_point(cert->handle, &curve, &point) ||
	    curve != NID_X9_62_prime256v1 || point.len != P256_POINT_LEN)
		return ossl_failure(
			err, CELLA_UNSUPPORTED,
			"certificate: its key is not an uncompressed point on "
			"P-256");
	memcpy(cert->point, point.data, P256_POINT_LEN);
	cert->key = ossl_key(CRYPTO_P256, bytes_of(cert->point, sizeof cert->point));
	if (cert->key == NULL)
		return ossl_failure(err, CELLA_MALFORMED,
				    "certificate: its key is not a point on P-256");
	return CELLA_OK;
}

enum cella_status ossl_constraints(const X509 *x, bool *is_ca, int *path_len,
				   struct cella_error *err)
{
	int critical = 0;
	BASIC_CONSTRAINTS *const basic =
		X509_get_ext_d2i(x, NID_basic_constraints, &critical, NULL);

	*is_ca = false;
	*path_len = -1;
	if (basic == NULL)
		return critical == -1 ? CELLA_OK
				      : ossl_failure(err, CELLA_MALFORMED,
						     "certificate: basicConstraints");
	*is_ca = basic->ca != 0;
	if (basic->pathlen != NULL) {
		const long len = ASN1_INTEGER_get(basic->pathlen);

		*path_len = len >= 0 && len < 100 ? (int)len : 0;
	}
	BASIC_CONSTRAINTS_free(basic);
	return CELLA_OK;
}

enum cella_status ossl_key_usage(const X509 *x, bool *has_usage, unsigned *out,
				 struct cella_error *err)
{
	static const struct {
		int bit;
		unsigned usage;
	} bits[] = { { 0, CERT_USAGE_SIGNATURE },
		     { 5, CERT_USAGE_CERT_SIGN },
		     { 6, CERT_USAGE_CRL_SIGN } };
	int critical = 0;
	ASN1_BIT_STRING *const usage =
		X509_get_ext_d2i(x, NID_key_usage, &critical, NULL);

	*has_usage = false;
	*out = 0;

	if (usage == NULL)
		return critical == -1 ? CELLA_OK
				      : ossl_failure(err, CELLA_MALFORMED,
						     "certificate: keyUsage");
	*has_usage = true;
	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		if (ASN1_BIT_STRING_get_bit(usage, bits[i].bit) == 1)
			*out |= bits[i].usage;
	ASN1_BIT_STRING_free(usage);
	return CELLA_OK;
}

bool ossl_has_unknown_critical(const X509 *x)
{
	for (int i = 0; i < X509_get_ext_count(x); i++) {
		X509_EXTENSION *const ext = X509_get_ext(x, i);
		const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));

		if (X509_EXTENSION_get_critical(ext) && nid != NID_basic_constraints &&
		    nid != NID_key_usage)
			return true;
	}
	return false;
}

/* SEQUENCE { tcg-kp-AIKCertificate }, 2.23.133.8.3 */
static bool is_ak_usage(const ASN1_OCTET_STRING *value)
{
	static const uint8_t usage[] = { 0x30, 0x07, 0x06, 0x05, 0x67,
					 0x81, 0x05, 0x08, 0x03 };

	return bytes_equal(
		bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)),
		bytes_of(usage, sizeof usage));
}

static bool is_sgx_extension(const ASN1_OBJECT *oid)
{
	return bytes_equal(bytes_of(OBJ_get0_data(oid), OBJ_length(oid)),
			   bytes_of(sgx_extension_oid, sizeof sgx_extension_oid));
}

static enum cella_status read_extensions(struct crypto_cert *cert,
					 struct cella_error *err)
{
	X509 *const x = cert->handle;

	TRY(ossl_constraints(x, &cert->is_ca, &cert->path_len, err));
	TRY(ossl_key_usage(x, &cert->has_key_usage, &cert->key_usage, err));
	cert->has_unknown_critical = ossl_has_unknown_critical(x);
	for (int i = 0; i < X509_get_ext_count(x); i++) {
		X509_EXTENSION *const ext = X509_get_ext(x, i);
		const ASN1_OBJECT *const oid = X509_EXTENSION_get_object(ext);
		const ASN1_OCTET_STRING *value;

		if (OBJ_obj2nid(oid) == NID_ext_key_usage)
			cert->has_ak_usage = is_ak_usage(X509_EXTENSION_get_data(ext));
		if (!is_sgx_extension(oid))
			continue;
		if (cert->sgx_extension.data != NULL)
			return error_set(err, CELLA_MALFORMED,
					 "certificate: SGX extension occurs twice");
		value = X509_EXTENSION_get_data(ext);
		cert->sgx_extension = bytes_of(ASN1_STRING_get0_data(value),
					       (size_t)ASN1_STRING_length(value));
	}
	return CELLA_OK;
}

static X509 *read_once(struct cella_bytes der, const unsigned char **end)
{
	X509 *x = ossl_x509_new();

	*end = der.data;
	/* d2i frees x when it fails. */
	return x != NULL && d2i_X509(&x, end, (long)der.len) != NULL ? x : NULL;
}

enum cella_status ossl_x509_parse(struct cella_bytes der, X509 **out,
				  struct cella_error *err)
{
	const unsigned char *pos = der.data;
	X509 *x = read_once(der, &pos);

	/* OpenSSL does not note every lack of memory; bad bytes are as bad again. */
	if (x == NULL)
		x = read_once(der, &pos);
	if (x == NULL)
		return ossl_failure(err, CELLA_MALFORMED,
				    "certificate: not an X.509 certificate in DER");
	if (pos != der.data + der.len) {
		X509_free(x);
		return error_set(err, CELLA_MALFORMED,
				 "certificate: %zu bytes follow its end",
				 (size_t)(der.data + der.len - pos));
	}
	*out = x;
	return CELLA_OK;
}

static enum cella_status parse(struct crypto_cert *cert, struct cella_bytes der,
			       struct cella_error *err)
{
	X509 *x = NULL;

	TRY(ossl_x509_parse(der, &x, err));
	cert->handle = x;
	cert->memory = malloc(der.len);
	if (cert->memory == NULL)
		return error_nomem(err);
	memcpy(cert->memory, der.data, der.len);
	cert->der = bytes_of(cert->memory, der.len);
	TRY(crypto_sha256(der, cert->sha256, err));
	TRY(signed_der_read(cert->der, "certificate", &cert->signed_part, err));
	TRY(read_names(cert, err));
	TRY(read_key(cert, err));
	return read_extensions(cert, err);
}

enum cella_status crypto_cert_parse(struct cella_bytes der, struct crypto_cert **out,
				    struct cella_error *err)
{
	struct crypto_cert *cert;
	enum cella_status status;

	if (der.len > INT32_MAX)
		return error_set(err, CELLA_LIMIT, "certificate: %zu bytes", der.len);
	TRY(ossl_begin(err));
	cert = calloc(1, sizeof *cert);
	if (cert == NULL)
		return error_nomem(err);
	status = parse(cert, der, err);
	if (status != CELLA_OK) {
		crypto_cert_free(cert);
		return status;
	}
	*out = cert;
	return CELLA_OK;
}

void crypto_cert_free(struct crypto_cert *cert)
{
	if (cert == NULL)
		return;
	X509_free(cert->handle);
	EC_KEY_free(cert->key);
	free(cert->memory);
	free(cert);
}

enum cella_status crypto_cert_verify(const struct crypto_cert *cert,
				     const struct crypto_cert *issuer, bool *good,
				     struct cella_error *err)
{
	return signed_der_verify(&cert->signed_part, issuer->key, good, err);
}
