/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What certificates (RFC 5280 section 4.1) and revocation lists (section 5.1) have in
 * common: the part that is signed, the algorithm that is named twice, the signature.
 */
#include "crypto/ossl.h"

#include <string.h>

/* AlgorithmIdentifier of ecdsa-with-SHA256 (RFC 5758 section 3.2): no parameters. */
static const uint8_t ecdsa_sha256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48,
					0xce, 0x3d, 0x04, 0x03, 0x02 };

static bool is_ecdsa_sha256(const struct in *algorithm)
{
	return bytes_equal(bytes_of(algorithm->data, in_left(algorithm)),
			   bytes_of(ecdsa_sha256, sizeof ecdsa_sha256));
}

/* The signed part names the algorithm in its first SEQUENCE. */
static bool names_ecdsa_sha256(struct in tbs)
{
	while (in_left(&tbs) > 0) {
		const enum der_tag tag = (enum der_tag)tbs.data[tbs.pos];
		const struct in element = der_element(&tbs, tag, "tbs");

		if (tbs.failed == NULL && tag == DER_SEQUENCE)
			return is_ecdsa_sha256(&element);
	}
	return false;
}

/* An INTEGER as len big-endian bytes. */
static bool read_number(struct in *in, uint8_t *out, size_t len)
{
	struct in number = der_element(in, DER_INTEGER, "signature");
	size_t left = in_left(&number);

	if (left == 0 || number.data[0] >= 0x80 ||
	    (left > 1 && number.data[0] == 0 && number.data[1] < 0x80))
		return false;
	if (left > len && number.data[0] == 0) {
		in_skip(&number, 1, "signature");
		left--;
	}
	if (left > len)
		return false;
	memset(out, 0, len - left);
	in_copy(&number, out + len - left, left, "signature");
	return true;
}

bool signed_der_value(struct in *in, uint8_t *out, size_t half)
{
	struct in value = der_element(in, DER_SEQUENCE, "signature");

	if (!read_number(&value, out, half) || !read_number(&value, out + half, half))
		return false;
	in_end(&value, "signature");
	in_end(in, "signature");
	return value.failed == NULL && in->failed == NULL;
}

/* In a BIT STRING of whole bytes. */
static bool read_signature(struct in *bits, uint8_t out[P256_SIGNATURE_LEN])
{
	return in_u8(bits, "signature") == 0 &&
	       signed_der_value(bits, out, P256_SIGNATURE_LEN / 2);
}

enum cella_status signed_der_read(struct cella_bytes der, const char *what,
				  struct crypto_signed *out, struct cella_error *err)
{
	struct in in;
	struct in outer;
	struct in tbs;
	struct in algorithm;
	struct in bits;

	in_init(&in, der, what);
	outer = der_element(&in, DER_SEQUENCE, "outer sequence");
	in_end(&in, "end");
	tbs = der_element(&outer, DER_SEQUENCE, "signed part");
	out->tbs = bytes_of(outer.data, outer.pos);
	algorithm = der_element(&outer, DER_SEQUENCE, "signatureAlgorithm");
	bits = der_element(&outer, DER_BIT_STRING, "signature");
	in_end(&outer, "end");
	der_adopt(&in, &outer);
	TRY(in_status(&in, err));
	out->has_signature = is_ecdsa_sha256(&algorithm) && names_ecdsa_sha256(tbs) &&
			     read_signature(&bits, out->signature);
	return CELLA_OK;
}

enum cella_status signed_der_verify(const struct crypto_signed *der, EC_KEY *key,
				    bool *good, struct cella_error *err)
{
	*good = false;
	if (!der->has_signature)
		return CELLA_OK;
	return ossl_verify(key, CRYPTO_P256, der->tbs,
			   bytes_of(der->signature, sizeof der->signature), good, err);
}
