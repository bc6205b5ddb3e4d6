/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Keys and sets of pinned keys.
 */
#include "jose/jwk.h"

#include "base/encode.h"

#include <string.h>

static const struct {
	const char *crv;
	const char *alg;
	size_t coordinate_len;
} curves[] = {
	[CRYPTO_P256] = { "P-256", "ES256", P256_POINT_LEN / 2 },
	[CRYPTO_P384] = { "P-384", "ES384", P384_POINT_LEN / 2 },
};

const char *jwk_alg(enum crypto_curve curve)
{
	return curves[curve].alg;
}

/* One coordinate as base64url text. */
static enum cella_status coordinate_text(struct cella_bytes coordinate, char **text,
					 struct cella_error *err)
{
	struct out out CLEANUP(out_done) = { 0 };

	base64url_write(&out, coordinate);
	return out_take_text(&out, text, err);
}

/* RFC 7638 section 3.2: the required members in lexicographic order, no white space. */
enum cella_status jwk_thumbprint(enum crypto_curve curve, struct cella_bytes point,
				 char out[JWK_THUMBPRINT_LEN + 1],
				 struct cella_error *err)
{
	const size_t len = curves[curve].coordinate_len;
	char *x CLEANUP_FREE = NULL;
	char *y CLEANUP_FREE = NULL;
	struct out canonical CLEANUP(out_done) = { 0 };
	struct out text CLEANUP(out_done) = { 0 };
	uint8_t hash[SHA256_LEN];

	TRY(coordinate_text(bytes_slice(point, 0, len), &x, err));
	TRY(coordinate_text(bytes_slice(point, len, len), &y, err));
	out_format(&canonical,
		   "{\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
		   curves[curve].crv, x, y);
	TRY(out_status(&canonical, err));
	TRY(crypto_sha256(out_view(&canonical), hash, err));
	base64url_write(&text, bytes_of(hash, sizeof hash));
	TRY(out_status(&text, err));
	memcpy(out, text.data, JWK_THUMBPRINT_LEN);
	out[JWK_THUMBPRINT_LEN] = '\0';
	return CELLA_OK;
}

enum cella_status jwk_init(struct jwk *jwk, enum crypto_curve curve,
			   struct cella_bytes point, struct cella_error *err)
{
	struct jwk made = { 0 };

	TRY(jwk_thumbprint(curve, point, made.thumbprint, err));
	TRY(crypto_key_new(curve, point, &made.key, err));
	if (made.key == NULL)
		return error_set(err, CELLA_MALFORMED, "key: not a point on %s",
				 curves[curve].crv);
	*jwk = made;
	return CELLA_OK;
}

void jwk_done(struct jwk *jwk)
{
	crypto_key_free(jwk->key);
	*jwk = (struct jwk){ 0 };
}

/* The members of a JWK that matter, as they stand in the document. */
struct raw_jwk {
	const char *kty, *crv, *x, *y, *alg, *use;
};

#define RAW(member) offsetof(struct raw_jwk, member)
static const struct json_field kind_fields[] = {
	{ "kty", JSON_FIELD_TEXT, RAW(kty), 0, false },
	{ "alg", JSON_FIELD_TEXT, RAW(alg), 0, true },
	{ "use", JSON_FIELD_TEXT, RAW(use), 0, true },
};
static const struct json_field ec_fields[] = {
	{ "crv", JSON_FIELD_TEXT, RAW(crv), 0, false },
	{ "x", JSON_FIELD_TEXT, RAW(x), 0, false },
	{ "y", JSON_FIELD_TEXT, RAW(y), 0, false },
};

static enum cella_status find_curve(const char *crv, const char *where,
				    enum crypto_curve *out, struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
		if (strcmp(curves[i].crv, crv) == 0) {
			*out = (enum crypto_curve)i;
			return CELLA_OK;
		}
	}
	return error_set(err, CELLA_UNSUPPORTED,
			 "%s: crv: expected P-256 or P-384, found \"%.20s\"", where, crv);
}

static enum cella_status read_coordinate(const char *text, const char *where, size_t len,
					 struct out *point, struct cella_error *err)
{
	const size_t before = point->len;

	TRY(base64url_append(bytes_of(text, strlen(text)), point, where, err));
	if (point->len - before != len)
		return error_set(err, CELLA_MALFORMED,
				 "%s: a coordinate of %zu bytes, not %zu", where,
				 point->len - before, len);
	return CELLA_OK;
}

enum cella_status jwk_read(const json_t *json, const char *where, struct jwk *out,
			   struct cella_error *err)
{
	struct raw_jwk raw = { 0 };
	struct out point CLEANUP(out_done) = { 0 };
	enum crypto_curve curve = CRYPTO_P256;

	TRY(json_read(json, kind_fields, ARRAY_LEN(kind_fields), &raw, where, err));
	if (strcmp(raw.kty, "EC") != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "%s: kty: expected EC, found \"%.20s\"", where, raw.kty);
	if (raw.use != NULL && strcmp(raw.use, "sig") != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "%s: use: expected sig, found \"%.20s\"", where,
				 raw.use);
	if (json_object_get(json, "d") != NULL)
		return error_set(err, CELLA_MALFORMED,
				 "%s: holds a private key; give its public part", where);
	TRY(json_read(json, ec_fields, ARRAY_LEN(ec_fields), &raw, where, err));
	TRY(find_curve(raw.crv, where, &curve, err));
	if (raw.alg != NULL && strcmp(raw.alg, curves[curve].alg) != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "%s: alg: expected %s, found \"%.20s\"", where,
				 curves[curve].alg, raw.alg);
	TRY(read_coordinate(raw.x, where, curves[curve].coordinate_len, &point, err));
	TRY(read_coordinate(raw.y, where, curves[curve].coordinate_len, &point, err));
	return jwk_init(out, curve, out_view(&point), err);
}

json_t *jwk_json(enum crypto_curve curve, struct cella_bytes point)
{
	const size_t len = curves[curve].coordinate_len;
	char *x CLEANUP_FREE = NULL;
	char *y CLEANUP_FREE = NULL;

	if (coordinate_text(bytes_slice(point, 0, len), &x, NULL) != CELLA_OK ||
	    coordinate_text(bytes_slice(point, len, len), &y, NULL) != CELLA_OK)
		return NULL;
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "alg", curves[curve].alg, "kty",
			 "EC", "x", x, "y", y, "crv", curves[curve].crv);
}

enum cella_status signer_curve(const struct cella_signer *signer, enum crypto_curve *out,
			       struct cella_error *err)
{
	if (signer == NULL || signer->size != sizeof *signer || signer->sign == NULL)
		return error_set(err, CELLA_USAGE, "signer: not filled in");
	switch (signer->alg) {
	case CELLA_ALG_ES256:
		*out = CRYPTO_P256;
		return CELLA_OK;
	case CELLA_ALG_ES384:
		*out = CRYPTO_P384;
		return CELLA_OK;
	case CELLA_ALG_NONE:
		break;
	}
	return error_set(err, CELLA_USAGE, "signer: no algorithm is chosen");
}

enum cella_status cella_jwk_write(const struct cella_signer *signer, char **text,
				  struct cella_error *err)
{
	json_t *json CLEANUP_JSON = NULL;
	char thumbprint[JWK_THUMBPRINT_LEN + 1];
	enum crypto_curve curve = CRYPTO_P256;
	struct cella_bytes point;

	TRY(signer_curve(signer, &curve, err));
	point = bytes_of(signer->public_key, 2 * curves[curve].coordinate_len);
	TRY(jwk_thumbprint(curve, point, thumbprint, err));
	json = jwk_json(curve, point);
	if (json == NULL)
		return error_nomem(err);
	TRY(json_put(json, "use", json_string("sig"), err));
	TRY(json_put(json, "kid", json_string(thumbprint), err));
	return json_write(json, true, text, err);
}

enum cella_status cella_keys_new(struct cella_keys **out, struct cella_error *err)
{
	struct cella_keys *const keys = calloc(1, sizeof *keys);

	if (keys == NULL)
		return error_nomem(err);
	*out = keys;
	return CELLA_OK;
}

void cella_keys_free(struct cella_keys *keys)
{
	if (keys == NULL)
		return;
	for (size_t i = 0; i < keys->num_items; i++)
		jwk_done(&keys->items[i]);
	free(keys->items);
	free(keys);
}

size_t cella_keys_count(const struct cella_keys *keys)
{
	return keys->num_items;
}

const char *cella_keys_thumbprint(const struct cella_keys *keys, size_t index)
{
	return index < keys->num_items ? keys->items[index].thumbprint : NULL;
}

const struct jwk *keys_find(const struct cella_keys *keys, const char *thumbprint)
{
	for (size_t i = 0; i < keys->num_items; i++)
		if (strcmp(keys->items[i].thumbprint, thumbprint) == 0)
			return &keys->items[i];
	return NULL;
}

/* Takes the key over; one that is in the set already is dropped. */
static enum cella_status add_key(struct cella_keys *keys, struct jwk *jwk,
				 struct cella_error *err)
{
	struct jwk *grown;

	if (keys_find(keys, jwk->thumbprint) != NULL) {
		jwk_done(jwk);
		return CELLA_OK;
	}
	if (keys->num_items == KEYS_MAX)
		return error_set(err, CELLA_LIMIT, "keys: more than %d", KEYS_MAX);
	grown = reallocarray(keys->items, keys->num_items + 1, sizeof *grown);
	if (grown == NULL)
		return error_nomem(err);
	keys->items = grown;
	keys->items[keys->num_items++] = *jwk;
	*jwk = (struct jwk){ 0 };
	return CELLA_OK;
}

static enum cella_status add_set(struct cella_keys *keys, const json_t *list,
				 struct cella_error *err)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct jwk jwk CLEANUP(jwk_cleanup) = { 0 };
		struct cella_error fault = { 0 };
		const enum cella_status status =
			jwk_read(json_array_get(list, i), "jwk set", &jwk, &fault);

		if (status == CELLA_UNSUPPORTED)
			continue;
		if (status != CELLA_OK)
			return error_at(err, status, fault.offset, "%s", fault.text);
		TRY(add_key(keys, &jwk, err));
	}
	return CELLA_OK;
}

static enum cella_status add_json(struct cella_keys *keys, struct cella_bytes text,
				  struct cella_error *err)
{
	json_t *json CLEANUP_JSON = NULL;
	struct jwk jwk CLEANUP(jwk_cleanup) = { 0 };

	TRY(json_parse(text, "jwk", &json, err));
	if (json_is_array(json_object_get(json, "keys")))
		return add_set(keys, json_object_get(json, "keys"), err);
	TRY(jwk_read(json, "jwk", &jwk, err));
	return add_key(keys, &jwk, err);
}

/* SubjectPublicKeyInfo (RFC 5480) of an uncompressed point, up to its coordinates. */
static const uint8_t spki_p256[] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
	0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
	0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04
};
static const uint8_t spki_p384[] = { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
				     0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
				     0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04 };

static enum cella_status add_spki(struct cella_keys *keys, struct cella_bytes der,
				  struct cella_error *err)
{
	static const struct {
		enum crypto_curve curve;
		struct cella_bytes prefix;
		size_t point_len;
	} forms[] = {
		{ CRYPTO_P256, { spki_p256, sizeof spki_p256 }, P256_POINT_LEN },
		{ CRYPTO_P384, { spki_p384, sizeof spki_p384 }, P384_POINT_LEN },
	};
	struct jwk jwk CLEANUP(jwk_cleanup) = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		const size_t len = forms[i].prefix.len;

		if (der.len != len + forms[i].point_len ||
		    memcmp(der.data, forms[i].prefix.data, len) != 0)
			continue;
		TRY(jwk_init(&jwk, forms[i].curve,
			     bytes_slice(der, len, forms[i].point_len), err));
		return add_key(keys, &jwk, err);
	}
	return error_set(err, CELLA_UNSUPPORTED,
			 "public key: not an uncompressed point on P-256 or P-384");
}

static enum cella_status add_cert(struct cella_keys *keys, struct cella_bytes der,
				  struct cella_error *err)
{
	struct crypto_cert *cert CLEANUP(crypto_cert_cleanup) = NULL;
	struct jwk jwk CLEANUP(jwk_cleanup) = { 0 };

	TRY(crypto_cert_parse(der, &cert, err));
	TRY(jwk_init(&jwk, CRYPTO_P256, bytes_of(cert->point, sizeof cert->point), err));
	return add_key(keys, &jwk, err);
}

static enum cella_status add_pem(struct cella_keys *keys, struct cella_bytes text,
				 struct cella_error *err)
{
	static const struct {
		const char *label;
		const char *begin;
		enum cella_status (*add)(struct cella_keys *, struct cella_bytes,
					 struct cella_error *);
	} kinds[] = {
		{ "PUBLIC KEY", "-----BEGIN PUBLIC KEY-----", add_spki },
		{ "CERTIFICATE", "-----BEGIN CERTIFICATE-----", add_cert },
	};

	for (text = text_trim(text); text.len > 0; text = text_trim(text)) {
		struct out der CLEANUP(out_done) = { 0 };
		bool found = false;
		size_t i = 0;

		while (i < ARRAY_LEN(kinds) &&
		       (text.len < strlen(kinds[i].begin) ||
			memcmp(text.data, kinds[i].begin, strlen(kinds[i].begin)) != 0))
			i++;
		if (i == ARRAY_LEN(kinds))
			return error_set(err, CELLA_MALFORMED,
					 "keys: expected PEM blocks PUBLIC KEY or "
					 "CERTIFICATE");
		TRY(pem_next(&text, kinds[i].label, &der, &found, err));
		TRY(kinds[i].add(keys, out_view(&der), err));
	}
	return CELLA_OK;
}

enum cella_status cella_keys_add(struct cella_keys *keys, const void *data, size_t len,
				 struct cella_error *err)
{
	const struct cella_bytes text = text_trim(bytes_of(data, len));
	const size_t num_before = keys->num_items;
	enum cella_status status;

	if (text.len == 0)
		return error_set(err, CELLA_MALFORMED, "keys: the document is empty");
	status = text.data[0] == '{' ? add_json(keys, text, err)
				     : add_pem(keys, text, err);
	while (status != CELLA_OK && keys->num_items > num_before)
		jwk_done(&keys->items[--keys->num_items]);
	return status;
}
