/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of enclave images: reading and writing them. eif_judge.c judges.
 */
#include "evidence/eif_signature.h"

#include "base/cbor.h"
#include "base/encode.h"
#include "evidence/eif.h"

#include <string.h>

enum {
	COSE_TAG = 18,
	COSE_PARTS = 4,
	COSE_ALG = 1,
	HEADER_MAX = 16,
	PAYLOAD_MAX = 256,
	NAME_MAX_LEN = 32,
};

static const char name_certificate[] = "signing_certificate";
static const char name_signature[] = "signature";
static const char name_index[] = "register_index";
static const char name_value[] = "register_value";

/* IANA's COSE algorithms. */
static const int64_t algorithms[] = { [CRYPTO_P256] = -7, [CRYPTO_P384] = -35 };

/* --- certificates -------------------------------------------------------------------- */

void eif_certs_done(struct eif_certs *certs)
{
	for (size_t i = 0; i < certs->num_certs; i++)
		ec_cert_free(certs->certs[i]);
	certs->num_certs = 0;
}

static enum cella_status parse_certs(struct cella_bytes pem, struct eif_certs *out,
				     struct cella_error *err)
{
	struct out der CLEANUP(out_done) = { 0 };
	bool found = true;

	for (;;) {
		der.len = 0;
		TRY(pem_next(&pem, "CERTIFICATE", &der, &found, err));
		if (!found)
			break;
		if (out->num_certs == EIF_MAX_CERTS)
			return error_set(err, CELLA_LIMIT, "more than %d certificates",
					 EIF_MAX_CERTS);
		TRY(ec_cert_parse(out_view(&der), &out->certs[out->num_certs], err));
		out->num_certs++;
	}
	if (out->num_certs == 0)
		return error_set(err, CELLA_MALFORMED, "there is no certificate");
	return CELLA_OK;
}

enum cella_status eif_certs_parse(struct cella_bytes pem, const char *what,
				  struct eif_certs *out, struct cella_error *err)
{
	struct eif_certs certs = { .num_certs = 0 };
	const enum cella_status status = parse_certs(pem, &certs, err);

	if (status != CELLA_OK) {
		eif_certs_done(&certs);
		error_prefix(err, "%s", what);
		return status;
	}
	*out = certs;
	return CELLA_OK;
}

/* --- reading ------------------------------------------------------------------------- */

static bool is_name(struct cella_bytes text, const char *name)
{
	return bytes_equal(text, bytes_of(name, strlen(name)));
}

/* {1: algorithm} and nothing else */
static enum cella_status read_protected(struct eif_signature *s, struct cella_error *err)
{
	int64_t algorithm;
	struct in in;

	in_init(&in, s->protected_header, "eif: signature: protected header");
	if (cbor_head(&in, CBOR_MAP, 1, "map") != 1 ||
	    cbor_number(&in, COSE_ALG, "label") != COSE_ALG)
		in_fail(&in, "map", "holds other things than an algorithm");
	algorithm = cbor_number(&in, INT32_MAX, "alg");
	in_end(&in, "end");
	TRY(in_status(&in, err));
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
		if (algorithms[i] == algorithm) {
			s->curve = (enum crypto_curve)i;
			return CELLA_OK;
		}
	return error_set(
		err, CELLA_UNSUPPORTED,
		"eif: signature: algorithm %lld; only ES256 (-7) and ES384 (-35) "
		"are known",
		(long long)algorithm);
}

/* {"register_index": 0, "register_value": [48 octets]}, in any order */
static enum cella_status read_payload(struct eif_signature *s, struct cella_error *err)
{
	struct out value CLEANUP(out_done) = { 0 };
	bool has_index = false;
	struct in in;

	in_init(&in, s->payload, "eif: signature: payload");
	if (cbor_head(&in, CBOR_MAP, 2, "map") != 2)
		in_fail(&in, "map", "has not two members");
	for (int i = 0; i < 2 && in.failed == NULL; i++) {
		const struct cella_bytes name =
			cbor_string(&in, CBOR_TEXT, NAME_MAX_LEN, "name");

		if (is_name(name, name_index) && !has_index) {
			has_index = true;
			if (cbor_number(&in, INT32_MAX, name_index) != 0)
				in_fail(&in, name_index, "is not 0");
		} else if (is_name(name, name_value) && value.len == 0) {
			cbor_octets(&in, SHA384_LEN, &value, name_value);
		} else {
			in_fail(&in, "name", "is not known, or there twice");
		}
	}
	in_end(&in, "end");
	TRY(in_status(&in, err));
	TRY(out_status(&value, err));
	if (!has_index || value.len != SHA384_LEN)
		return error_set(err, CELLA_MALFORMED,
				 "eif: signature: payload: is not of one PCR of %d bytes",
				 SHA384_LEN);
	memcpy(s->pcr0, value.data, SHA384_LEN);
	return CELLA_OK;
}

/* [protected: bytes, unprotected: {}, payload: bytes, signature: bytes], tagged or not */
static enum cella_status read_cose(struct eif_signature *s, struct cella_error *err)
{
	struct in in;

	in_init(&in, out_view(&s->cose), "eif: signature: COSE_Sign1");
	if (cbor_next(&in) == CBOR_TAG &&
	    cbor_head(&in, CBOR_TAG, 255, "tag") != COSE_TAG)
		in_fail(&in, "tag", "is not that of COSE_Sign1");
	if (cbor_head(&in, CBOR_ARRAY, COSE_PARTS, "array") != COSE_PARTS)
		in_fail(&in, "array", "has not four elements");
	s->protected_header = cbor_string(&in, CBOR_BYTES, HEADER_MAX, "protected");
	cbor_head(&in, CBOR_MAP, 0, "unprotected");
	s->payload = cbor_string(&in, CBOR_BYTES, PAYLOAD_MAX, "payload");
	s->signature = cbor_string(&in, CBOR_BYTES, CRYPTO_POINT_MAX, "signature");
	in_end(&in, "end");
	TRY(in_status(&in, err));
	TRY(read_protected(s, err));
	return read_payload(s, err);
}

static enum cella_status read_section(struct cella_bytes section, struct out *pem,
				      struct out *cose, struct cella_error *err)
{
	uint64_t num;
	struct in in;

	in_init(&in, section, "eif: signature");
	num = cbor_head(&in, CBOR_ARRAY, UINT16_MAX, "array");
	TRY(in_status(&in, err));
	if (num != 1)
		return error_set(err, CELLA_UNSUPPORTED,
				 "eif: signature: there are %llu, not one",
				 (unsigned long long)num);
	if (cbor_head(&in, CBOR_MAP, 2, "map") != 2)
		in_fail(&in, "map", "has not two members");
	for (int i = 0; i < 2 && in.failed == NULL; i++) {
		const struct cella_bytes name =
			cbor_string(&in, CBOR_TEXT, NAME_MAX_LEN, "name");

		if (is_name(name, name_certificate) && pem->len == 0)
			cbor_octets(&in, EIF_CERTIFICATES_MAX, pem, name_certificate);
		else if (is_name(name, name_signature) && cose->len == 0)
			cbor_octets(&in, EIF_COSE_MAX, cose, name_signature);
		else
			in_fail(&in, "name", "is not known, or there twice");
	}
	in_end(&in, "end");
	TRY(in_status(&in, err));
	TRY(out_status(pem, err));
	return out_status(cose, err);
}

static enum cella_status parse(struct cella_bytes section, struct eif_signature *s,
			       struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };

	TRY(read_section(section, &pem, &s->cose, err));
	TRY(eif_certs_parse(out_view(&pem), "eif: signature: signing_certificate",
			    &s->chain, err));
	return read_cose(s, err);
}

enum cella_status eif_signature_parse(struct cella_bytes section,
				      struct eif_signature *out, struct cella_error *err)
{
	struct eif_signature signature = { .curve = CRYPTO_P256 };
	const enum cella_status status = parse(section, &signature, err);

	if (status != CELLA_OK) {
		eif_signature_done(&signature);
		return status;
	}
	*out = signature;
	return CELLA_OK;
}

void eif_signature_done(struct eif_signature *signature)
{
	eif_certs_done(&signature->chain);
	out_done(&signature->cose);
}

/* --- writing ------------------------------------------------------------------------- */

static void put_payload(const uint8_t pcr0[SHA384_LEN], struct out *out)
{
	cbor_put_head(out, CBOR_MAP, 2);
	cbor_put_text(out, name_index);
	cbor_put_number(out, 0);
	cbor_put_text(out, name_value);
	cbor_put_octets(out, bytes_of(pcr0, SHA384_LEN));
}

static void put_protected(enum crypto_curve curve, struct out *out)
{
	cbor_put_head(out, CBOR_MAP, 1);
	cbor_put_number(out, COSE_ALG);
	cbor_put_number(out, algorithms[curve]);
}

void eif_signed_bytes(struct cella_bytes protected_header, struct cella_bytes payload,
		      struct out *out)
{
	cbor_put_head(out, CBOR_ARRAY, COSE_PARTS);
	cbor_put_text(out, "Signature1");
	cbor_put_bytes(out, protected_header);
	cbor_put_bytes(out, bytes_of(NULL, 0));
	cbor_put_bytes(out, payload);
}

static enum cella_status put_cose(const struct cella_signer *signer,
				  enum crypto_curve curve, const uint8_t pcr0[SHA384_LEN],
				  struct out *out, struct cella_error *err)
{
	struct out header CLEANUP(out_done) = { 0 };
	struct out payload CLEANUP(out_done) = { 0 };
	struct out message CLEANUP(out_done) = { 0 };
	uint8_t signature[CELLA_POINT_MAX];

	put_protected(curve, &header);
	put_payload(pcr0, &payload);
	TRY(out_status(&header, err));
	TRY(out_status(&payload, err));
	eif_signed_bytes(out_view(&header), out_view(&payload), &message);
	TRY(out_status(&message, err));
	TRY(signer->sign(signer->context, message.data, message.len, signature, err));
	cbor_put_head(out, CBOR_ARRAY, COSE_PARTS);
	cbor_put_bytes(out, out_view(&header));
	cbor_put_head(out, CBOR_MAP, 0);
	cbor_put_bytes(out, out_view(&payload));
	cbor_put_bytes(out, bytes_of(signature, ec_point_len(curve)));
	return out_status(out, err);
}

static enum cella_status check_signer(const struct cella_signer *signer,
				      const struct ec_cert *cert, struct cella_error *err)
{
	const enum crypto_curve curve = signer->alg == CELLA_ALG_ES256 ? CRYPTO_P256
								       : CRYPTO_P384;

	if (curve != cert->curve ||
	    !bytes_equal(bytes_of(cert->point, ec_point_len(curve)),
			 bytes_of(signer->public_key, ec_point_len(curve))))
		return error_set(err, CELLA_USAGE,
				 "the certificate is not for the key that signs");
	return CELLA_OK;
}

static enum cella_status write_section(const struct cella_signer *signer,
				       struct cella_bytes pem,
				       const uint8_t pcr0[SHA384_LEN],
				       const struct ec_cert *cert, struct out *out,
				       struct cella_error *err)
{
	struct out cose CLEANUP(out_done) = { 0 };

	TRY(check_signer(signer, cert, err));
	TRY(put_cose(signer, cert->curve, pcr0, &cose, err));
	cbor_put_head(out, CBOR_ARRAY, 1);
	cbor_put_head(out, CBOR_MAP, 2);
	cbor_put_text(out, name_certificate);
	cbor_put_octets(out, pem);
	cbor_put_text(out, name_signature);
	cbor_put_octets(out, out_view(&cose));
	TRY(out_status(out, err));
	if (out->len > EIF_SIGNATURE_MAX)
		return error_set(
			err, CELLA_LIMIT,
			"the certificates are too large for an image's signature");
	return CELLA_OK;
}

enum cella_status eif_signature_write(const struct cella_signer *signer,
				      struct cella_bytes pem,
				      const uint8_t pcr0[SHA384_LEN], struct out *out,
				      struct cella_error *err)
{
	struct eif_certs certs CLEANUP(eif_certs_done) = { .num_certs = 0 };
	struct out section CLEANUP(out_done) = { 0 };

	if (pem.len > EIF_CERTIFICATES_MAX)
		return error_set(err, CELLA_LIMIT, "certificates: %zu bytes, at most %d",
				 pem.len, EIF_CERTIFICATES_MAX);
	TRY(eif_certs_parse(pem, "signing certificate", &certs, err));
	TRY(write_section(signer, pem, pcr0, certs.certs[0], &section, err));
	out_bytes(out, section.data, section.len);
	return out_status(out, err);
}
