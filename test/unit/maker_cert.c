/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The maker's certificates and revocation lists, by OpenSSL.
 */
#include "maker.h"

#include "support.h"

#include "base/civil.h"
#include "base/der.h"
#include "base/encode.h"

#include <openssl/x509v3.h>

/* 1.2.840.113741.1.13.1 and its arcs */
static const uint8_t sgx_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 };

/* --- the SGX extension --------------------------------------------------------------- */

static void element(struct out *out, uint8_t tag, struct cella_bytes contents)
{
	out_u8(out, tag);
	if (contents.len >= 0x100) {
		out_u8(out, 0x82);
		out_u8(out, (uint8_t)(contents.len >> 8));
	} else if (contents.len >= 0x80) {
		out_u8(out, 0x81);
	}
	out_u8(out, (uint8_t)contents.len);
	out_bytes(out, contents.data, contents.len);
}

/* SEQUENCE { OID <sgx>.arcs, value } */
static void item(struct out *out, const uint8_t *arcs, size_t num_arcs,
		 const struct out *value)
{
	struct out oid = { 0 };
	struct out pair = { 0 };

	out_bytes(&oid, sgx_oid, sizeof sgx_oid);
	out_bytes(&oid, arcs, num_arcs);
	element(&pair, DER_OID, out_view(&oid));
	out_bytes(&pair, value->data, value->len);
	element(out, DER_SEQUENCE, out_view(&pair));
	out_done(&oid);
	out_done(&pair);
}

static void simple_item(struct out *out, const uint8_t *arcs, size_t num_arcs,
			uint8_t tag, const void *contents, size_t len)
{
	struct out value = { 0 };

	element(&value, tag, bytes_of(contents, len));
	item(out, arcs, num_arcs, &value);
	out_done(&value);
}

static void number_item(struct out *out, uint8_t arc, unsigned number)
{
	const uint8_t arcs[] = { 2, arc };
	const uint8_t bytes[] = { 0, (uint8_t)(number >> 8), (uint8_t)number };
	size_t skip = 0;

	while (skip < 2 && bytes[skip] == 0 && bytes[skip + 1] < 0x80)
		skip++;
	simple_item(out, arcs, 2, DER_INTEGER, bytes + skip, sizeof bytes - skip);
}

static void octets_item(struct out *out, uint8_t arc, const void *bytes, size_t len)
{
	simple_item(out, &arc, 1, DER_OCTET_STRING, bytes, len);
}

static void tcb_item(struct out *out, const struct pck_ext *ext)
{
	static const uint8_t arc = 2;
	static const uint8_t cpu_svn[] = { 2, 18 };
	struct out tcb = { 0 };
	struct out value = { 0 };

	for (uint8_t i = 0; i < TCB_COMPONENTS; i++)
		number_item(&tcb, (uint8_t)(i + 1), ext->components[i]);
	number_item(&tcb, 17, ext->pce_svn);
	simple_item(&tcb, cpu_svn, 2, DER_OCTET_STRING, ext->cpu_svn, 16);
	element(&value, DER_SEQUENCE, out_view(&tcb));
	item(out, &arc, 1, &value);
	out_done(&tcb);
	out_done(&value);
}

static void configuration_item(struct out *out, const struct pck_ext *ext)
{
	static const uint8_t arc = 7;
	const bool flags[] = { ext->dynamic_platform, ext->cached_keys,
			       ext->smt_enabled };
	struct out list = { 0 };
	struct out value = { 0 };

	for (uint8_t i = 0; i < ARRAY_LEN(flags); i++) {
		const uint8_t arcs[] = { 7, (uint8_t)(i + 1) };
		const uint8_t flag = flags[i] ? 0xff : 0;

		simple_item(&list, arcs, 2, DER_BOOLEAN, &flag, 1);
	}
	element(&value, DER_SEQUENCE, out_view(&list));
	item(out, &arc, 1, &value);
	out_done(&list);
	out_done(&value);
}

void maker_pck_ext(const struct pck_ext *ext, struct out *der)
{
	static const uint8_t type_arc = 5;
	const uint8_t type = (uint8_t)ext->sgx_type;
	struct out items = { 0 };

	octets_item(&items, 1, ext->ppid, PPID_LEN);
	tcb_item(&items, ext);
	octets_item(&items, 3, ext->pce_id, PCE_ID_LEN);
	octets_item(&items, 4, ext->fmspc, FMSPC_LEN);
	simple_item(&items, &type_arc, 1, DER_ENUMERATED, &type, 1);
	if (ext->is_platform) {
		octets_item(&items, 6, ext->platform_instance_id, 16);
		configuration_item(&items, ext);
	}
	element(der, DER_SEQUENCE, out_view(&items));
	out_done(&items);
}

/* --- certificates -------------------------------------------------------------------- */

static X509_NAME *name_of(const char *cn)
{
	X509_NAME *const name = X509_NAME_new();

	CHECK_INT(1, X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
						(const unsigned char *)cn, -1, -1, 0));
	CHECK_INT(1,
		  X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
					     (const unsigned char *)"Test", -1, -1, 0));
	return name;
}

static ASN1_TIME *time_of(const char *text)
{
	ASN1_TIME *const time = ASN1_TIME_set(NULL, (time_t)time_at(text));

	assert_non_null(time);
	return time;
}

/* An extension of a numeric OID with the contents NULL in DER. */
static X509_EXTENSION *odd_extension(const char *oid, bool critical)
{
	static const uint8_t contents[] = { 0x05, 0x00 };
	ASN1_OBJECT *const object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *const octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	ASN1_OCTET_STRING_set(octets, contents, sizeof contents);
	extension = X509_EXTENSION_create_by_OBJ(NULL, object, critical, octets);
	assert_non_null(extension);
	ASN1_OBJECT_free(object);
	ASN1_OCTET_STRING_free(octets);
	return extension;
}

static void add_text_extension(X509 *x, int nid, const char *text)
{
	X509_EXTENSION *extension;

	if (text == NULL)
		return;
	extension = X509V3_EXT_conf_nid(NULL, NULL, nid, text);
	assert_non_null(extension);
	CHECK_INT(1, X509_add_ext(x, extension, -1));
	X509_EXTENSION_free(extension);
}

static void add_sgx_extension(const struct maker *m, X509 *x)
{
	ASN1_OBJECT *const object = OBJ_txt2obj("1.2.840.113741.1.13.1", 1);
	ASN1_OCTET_STRING *const octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;
	struct out der = { 0 };

	if (m->ext_der.len > 0)
		out_bytes(&der, m->ext_der.data, m->ext_der.len);
	else
		maker_pck_ext(&m->ext, &der);
	ASN1_OCTET_STRING_set(octets, der.data, (int)der.len);
	extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, octets);
	CHECK_INT(1, X509_add_ext(x, extension, -1));
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(object);
	out_done(&der);
}

static void set_names_and_times(const struct make_cert *cert, X509 *x)
{
	X509_NAME *const subject = name_of(cert->cn);
	X509_NAME *const issuer = name_of(cert->issuer_cn);
	ASN1_TIME *const from = time_of(cert->from);
	ASN1_TIME *const to = time_of(cert->to);

	ASN1_INTEGER_set(X509_get_serialNumber(x), cert->negative_serial
							   ? -(long)cert->serial
							   : (long)cert->serial);
	if (cert->long_serial != NULL) {
		BIGNUM *const serial = BN_bin2bn(cert->long_serial, 21, NULL);

		assert_non_null(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x)));
		BN_free(serial);
	}
	CHECK_INT(1, X509_set_subject_name(x, subject));
	CHECK_INT(1, X509_set_issuer_name(x, issuer));
	CHECK_INT(1, X509_set1_notBefore(x, from));
	CHECK_INT(1, X509_set1_notAfter(x, to));
	X509_NAME_free(subject);
	X509_NAME_free(issuer);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
}

static void set_key(const struct maker *m, const struct make_cert *cert, X509 *x)
{
	EVP_PKEY *const key = private_key_handle(m->keys[cert->key]);
	EVP_PKEY *copy;
	EC_KEY *ec;

	if (!cert->compressed) {
		CHECK_INT(1, X509_set_pubkey(x, key));
		return;
	}
	ec = EC_KEY_dup(
		EVP_PKEY_get0_EC_KEY(key)); /* OpenSSL 1.1.1 hands out the key itself */
	copy = EVP_PKEY_new();
	EC_KEY_set_conv_form(ec, POINT_CONVERSION_COMPRESSED);
	CHECK_INT(1, EVP_PKEY_set1_EC_KEY(copy, ec));
	CHECK_INT(1, X509_set_pubkey(x, copy));
	EC_KEY_free(ec);
	EVP_PKEY_free(copy);
}

void maker_cert(const struct maker *m, const struct make_cert *cert, struct out *der)
{
	X509 *const x = X509_new();
	unsigned char *encoded = NULL;
	int len;

	X509_set_version(x, cert->version - 1);
	set_names_and_times(cert, x);
	set_key(m, cert, x);
	add_text_extension(x, NID_basic_constraints, cert->constraints);
	add_text_extension(x, NID_key_usage, cert->key_usage);
	for (int i = 0; i < cert->has_ext + cert->ext_twice; i++)
		add_sgx_extension(m, x);
	if (cert->more_oid != NULL) {
		X509_EXTENSION *const more =
			odd_extension(cert->more_oid, cert->more_is_critical);

		CHECK_INT(1, X509_add_ext(x, more, -1));
		X509_EXTENSION_free(more);
	}
	CHECK_TRUE(X509_sign(x, private_key_handle(m->keys[cert->issuer]),
			     cert->sha384 ? EVP_sha384() : EVP_sha256()) > 0);
	len = i2d_X509(x, &encoded);
	CHECK_TRUE(len > 0);
	out_bytes(der, encoded, (size_t)len);
	OPENSSL_free(encoded);
	X509_free(x);
}

/* --- revocation lists ---------------------------------------------------------------- */

static void revoke(const struct make_crl *crl, X509_CRL *x)
{
	for (size_t i = 0; i < ARRAY_LEN(crl->revoked) && crl->revoked[i] != 0; i++) {
		X509_REVOKED *const entry = X509_REVOKED_new();
		ASN1_INTEGER *const serial = ASN1_INTEGER_new();
		ASN1_TIME *const date = time_of(crl->from);

		ASN1_INTEGER_set(serial, i == 0 && crl->negative_serial
						 ? -(long)crl->revoked[i]
						 : (long)crl->revoked[i]);
		X509_REVOKED_set_serialNumber(entry, serial);
		X509_REVOKED_set_revocationDate(entry, date);
		if (i == 0 && crl->entry_critical) {
			X509_EXTENSION *const odd = odd_extension("1.2.3.4", true);

			X509_REVOKED_add_ext(entry, odd, -1);
			X509_EXTENSION_free(odd);
		}
		CHECK_INT(1, X509_CRL_add0_revoked(x, entry));
		ASN1_INTEGER_free(serial);
		ASN1_TIME_free(date);
	}
}

static void add_crl_extensions(const struct maker *m, const struct make_crl *crl,
			       X509_CRL *x)
{
	ASN1_INTEGER *const number = ASN1_INTEGER_new();
	AUTHORITY_KEYID *const authority = AUTHORITY_KEYID_new();

	ASN1_INTEGER_set(number, crl->negative_number ? -9 : 9);
	if (crl->huge_number) {
		BIGNUM *const huge =
			BN_bin2bn((const uint8_t *)"\1\0\0\0\0\0\0\0\0", 9, NULL);

		assert_non_null(BN_to_ASN1_INTEGER(huge, number));
		BN_free(huge);
	}
	authority->keyid = ASN1_OCTET_STRING_new();
	ASN1_OCTET_STRING_set(authority->keyid,
			      private_key_point(m->keys[crl->issuer]).data, 20);
	if (!crl->no_number)
		CHECK_INT(1, X509_CRL_add1_ext_i2d(x, NID_crl_number, number, 0, 0));
	if (!crl->no_authority_key)
		CHECK_INT(1, X509_CRL_add1_ext_i2d(x, NID_authority_key_identifier,
						   authority, 0, 0));
	if (crl->critical) {
		X509_EXTENSION *const odd = odd_extension("1.2.3.4", true);

		X509_CRL_add_ext(x, odd, -1);
		X509_EXTENSION_free(odd);
	}
	ASN1_INTEGER_free(number);
	AUTHORITY_KEYID_free(authority);
}

void maker_crl(const struct maker *m, const struct make_crl *crl, struct out *der)
{
	X509_CRL *const x = X509_CRL_new();
	X509_NAME *const issuer = name_of(crl->issuer_cn);
	ASN1_TIME *const from = time_of(crl->from);
	ASN1_TIME *const to = time_of(crl->to);
	unsigned char *encoded = NULL;
	int len;

	X509_CRL_set_version(x, crl->version_1 ? 0 : 1);
	CHECK_INT(1, X509_CRL_set_issuer_name(x, issuer));
	CHECK_INT(1, X509_CRL_set1_lastUpdate(x, from));
	if (!crl->no_next_update)
		CHECK_INT(1, X509_CRL_set1_nextUpdate(x, to));
	revoke(crl, x);
	add_crl_extensions(m, crl, x);
	X509_CRL_sort(x);
	CHECK_TRUE(X509_CRL_sign(x, private_key_handle(m->keys[crl->issuer]),
				 EVP_sha256()) > 0);
	len = i2d_X509_CRL(x, &encoded);
	CHECK_TRUE(len > 0);
	out_bytes(der, encoded, (size_t)len);
	OPENSSL_free(encoded);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	X509_NAME_free(issuer);
	X509_CRL_free(x);
}

void maker_pem(struct out *pem, const char *label, const struct out *der)
{
	pem_write(pem, label, out_view(der));
}

static void write_chain(const struct maker *m, const enum maker_cert *certs, size_t num,
			struct out *pem)
{
	for (size_t i = 0; i < num; i++)
		pem_write(pem, "CERTIFICATE", out_view(&m->der[certs[i]]));
}

void maker_issue(struct maker *m)
{
	static const enum maker_cert pck[] = { MAKER_PCK, MAKER_CA, MAKER_ROOT };
	static const enum maker_cert signing[] = { MAKER_SIGNER, MAKER_ROOT };

	for (size_t i = 0; i < MAKER_NUM_CERTS; i++)
		maker_cert(m, &m->certs[i], &m->der[i]);
	for (size_t i = 0; i < MAKER_NUM_CRLS; i++)
		maker_crl(m, &m->crls[i], &m->crl_der[i]);
	write_chain(m, pck, ARRAY_LEN(pck), &m->pck_chain);
	write_chain(m, pck + 1, ARRAY_LEN(pck) - 1, &m->ca_chain);
	write_chain(m, signing, ARRAY_LEN(signing), &m->signing_chain);
}
