/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509 certificate revocation lists (RFC 5280 section 5). Serial numbers are copied out
 * and sorted, so that look-ups need neither OpenSSL nor its locks.
 */
#include "crypto/ossl.h"

#include <string.h>

#include <openssl/x509v3.h>

static int compare_serials(const void *left, const void *right)
{
	const struct crypto_serial *const a = left;
	const struct crypto_serial *const b = right;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->bytes, b->bytes, a->len);
}

/* Entries with a critical extension (an indirect list's, for one) are not understood. */
static bool entry_is_plain(const X509_REVOKED *entry)
{
	for (int i = 0; i < X509_REVOKED_get_ext_count(entry); i++)
		if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(entry, i)))
			return false;
	return true;
}

static enum cella_status read_entries(struct crypto_crl *crl, struct cella_error *err)
{
	STACK_OF(X509_REVOKED) *const entries = X509_CRL_get_REVOKED(crl->handle);
	const int count = entries == NULL ? 0 : sk_X509_REVOKED_num(entries);

	if (count <= 0)
		return CELLA_OK;
	crl->revoked = calloc((size_t)count, sizeof *crl->revoked);
	if (crl->revoked == NULL)
		return error_nomem(err);
	for (int i = 0; i < count; i++) {
		const X509_REVOKED *const entry = sk_X509_REVOKED_value(entries, i);
		struct crypto_serial *const serial = &crl->revoked[i];
		size_t len = 0;

		TRY(ossl_serial(X509_REVOKED_get0_serialNumber(entry), serial->bytes,
				&len, "revocation list", err));
		serial->len = (uint8_t)len;
		if (!entry_is_plain(entry))
			crl->has_unknown_critical = true;
	}
	crl->num_revoked = (size_t)count;
	qsort(crl->revoked, crl->num_revoked, sizeof *crl->revoked, compare_serials);
	return CELLA_OK;
}

static enum cella_status read_number(struct crypto_crl *crl, struct cella_error *err)
{
	int critical = 0;
	ASN1_INTEGER *const number =
		X509_CRL_get_ext_d2i(crl->handle, NID_crl_number, &critical, NULL);

	if (number == NULL)
		return critical == -1 ? CELLA_OK
				      : ossl_failure(err, CELLA_MALFORMED,
						     "revocation list: cRLNumber");
	crl->has_number = ASN1_INTEGER_get_uint64(&crl->number, number) == 1;
	ASN1_INTEGER_free(number);
	if (!crl->has_number)
		return ossl_failure(err, CELLA_LIMIT,
				    "revocation list: cRLNumber is not in 0..2^64-1");
	return CELLA_OK;
}

static enum cella_status read_extensions(struct crypto_crl *crl, struct cella_error *err)
{
	X509_CRL *const x = crl->handle;

	TRY(read_number(crl, err));
	crl->has_authority_key =
		X509_CRL_get_ext_by_NID(x, NID_authority_key_identifier, -1) >= 0;
	for (int i = 0; i < X509_CRL_get_ext_count(x); i++)
		if (X509_EXTENSION_get_critical(X509_CRL_get_ext(x, i)))
			crl->has_unknown_critical = true;
	return CELLA_OK;
}

static enum cella_status read_header(struct crypto_crl *crl, struct cella_error *err)
{
	X509_CRL *const x = crl->handle;
	const unsigned char *name = NULL;
	size_t name_len = 0;

	if (X509_CRL_get_version(x) != 1)
		return error_set(err, CELLA_MALFORMED,
				 "revocation list: not of version 2");
	if (X509_NAME_get0_der(X509_CRL_get_issuer(x), &name, &name_len) != 1)
		return ossl_failure(err, CELLA_MALFORMED, "revocation list: issuer");
	crl->issuer = bytes_of(name, name_len);
	ossl_common_name(X509_CRL_get_issuer(x), crl->issuer_cn);
	TRY(ossl_time(X509_CRL_get0_lastUpdate(x), &crl->this_update,
		      "revocation list: thisUpdate", err));
	return ossl_time(X509_CRL_get0_nextUpdate(x), &crl->next_update,
			 "revocation list: nextUpdate", err);
}

static X509_CRL *read_once(struct cella_bytes der, const unsigned char **end)
{
	X509_CRL *x = ossl_crl_new();

	*end = der.data;
	/* d2i frees x when it fails. */
	return x != NULL && d2i_X509_CRL(&x, end, (long)der.len) != NULL ? x : NULL;
}

static enum cella_status parse(struct crypto_crl *crl, struct cella_bytes der,
			       struct cella_error *err)
{
	const unsigned char *pos = der.data;
	X509_CRL *x = read_once(der, &pos);

	/* OpenSSL does not note every lack of memory; bad bytes are as bad again. */
	if (x == NULL)
		x = read_once(der, &pos);
	if (x == NULL)
		return ossl_failure(err, CELLA_MALFORMED,
				    "revocation list: not an X.509 list in DER");
	crl->handle = x;
	if (pos != der.data + der.len)
		return error_set(err, CELLA_MALFORMED,
				 "revocation list: %zu bytes follow its end",
				 (size_t)(der.data + der.len - pos));
	crl->memory = malloc(der.len);
	if (crl->memory == NULL)
		return error_nomem(err);
	memcpy(crl->memory, der.data, der.len);
	crl->der = bytes_of(crl->memory, der.len);
	TRY(signed_der_read(crl->der, "revocation list", &crl->signed_part, err));
	TRY(read_header(crl, err));
	TRY(read_extensions(crl, err));
	return read_entries(crl, err);
}

enum cella_status crypto_crl_parse(struct cella_bytes der, struct crypto_crl **out,
				   struct cella_error *err)
{
	struct crypto_crl *crl;
	enum cella_status status;

	if (der.len > INT32_MAX)
		return error_set(err, CELLA_LIMIT, "revocation list: %zu bytes", der.len);
	TRY(ossl_begin(err));
	crl = calloc(1, sizeof *crl);
	if (crl == NULL)
		return error_nomem(err);
	status = parse(crl, der, err);
	if (status != CELLA_OK) {
		crypto_crl_free(crl);
		return status;
	}
	*out = crl;
	return CELLA_OK;
}

void crypto_crl_free(struct crypto_crl *crl)
{
	if (crl == NULL)
		return;
	X509_CRL_free(crl->handle);
	free(crl->revoked);
	free(crl->memory);
	free(crl);
}

enum cella_status crypto_crl_verify(const struct crypto_crl *crl,
				    const struct crypto_cert *issuer, bool *good,
				    struct cella_error *err)
{
	return signed_der_verify(&crl->signed_part, issuer->key, good, err);
}

bool crypto_crl_lists(const struct crypto_crl *crl, const struct crypto_cert *cert)
{
	struct crypto_serial wanted = { .len = (uint8_t)cert->serial_len };

	if (crl->num_revoked == 0)
		return false;
	memcpy(wanted.bytes, cert->serial, cert->serial_len);
	return bsearch(&wanted, crl->revoked, crl->num_revoked, sizeof wanted,
		       compare_serials) != NULL;
}
