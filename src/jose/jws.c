/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Signatures, compact.
 */
#include "jose/jws.h"

#include "base/encode.h"

#include <string.h>

/* Header members that would let a token choose its own key or its own rules. */
static const char *const refused_members[] = { "jku",      "x5u",  "x5c", "x5t",
					       "x5t#S256", "crit", "b64", "zip" };

static enum cella_status check_header(const json_t *header,
				      enum jws_header_key header_key, const char *what,
				      struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(refused_members); i++)
		if (json_object_get(header, refused_members[i]) != NULL)
			return error_set(err, CELLA_MALFORMED,
					 "%s: header: \"%s\" is not allowed", what,
					 refused_members[i]);
	if (header_key == JWS_KEY_REFUSED && json_object_get(header, "jwk") != NULL)
		return error_set(err, CELLA_MALFORMED,
				 "%s: header: \"jwk\" is not allowed: keys are pinned",
				 what);
	return CELLA_OK;
}

static enum cella_status read_header(struct jws *jws, enum jws_header_key header_key,
				     const char *what, struct cella_error *err)
{
	struct raw {
		const char *alg;
		const char *typ;
	} raw = { 0 };
	static const struct json_field fields[] = {
		{ "alg", JSON_FIELD_TEXT, offsetof(struct raw, alg), 0, false },
		{ "typ", JSON_FIELD_TEXT, offsetof(struct raw, typ), 0, true },
	};

	TRY(json_read(jws->header, fields, ARRAY_LEN(fields), &raw, what, err));
	TRY(check_header(jws->header, header_key, what, err));
	jws->type = raw.typ;
	for (int curve = CRYPTO_P256; curve <= CRYPTO_P384; curve++) {
		if (strcmp(jwk_alg((enum crypto_curve)curve), raw.alg) == 0) {
			jws->curve = (enum crypto_curve)curve;
			return CELLA_OK;
		}
	}
	return error_set(err, CELLA_UNSUPPORTED,
			 "%s: alg: expected ES256 or ES384, found \"%.20s\"", what,
			 raw.alg);
}

/* Splits at the dots: exactly three parts. */
static enum cella_status split(struct cella_bytes text, struct cella_bytes parts[3],
			       const char *what, struct cella_error *err)
{
	for (size_t i = 0; i < 3; i++) {
		const uint8_t *const dot = text.len > 0 ? memchr(text.data, '.', text.len)
							: NULL;
		const size_t len = dot != NULL ? (size_t)(dot - text.data) : text.len;

		if ((dot != NULL) != (i < 2))
			return error_set(err, CELLA_MALFORMED,
					 "%s: a signed token has three parts", what);
		parts[i] = bytes_of(text.data, len);
		if (dot != NULL)
			text = bytes_of(dot + 1, text.len - len - 1);
	}
	return CELLA_OK;
}

static enum cella_status parse(struct cella_bytes text, enum jws_header_key header_key,
			       const char *what, struct jws *jws, struct cella_error *err)
{
	struct cella_bytes parts[3];
	struct out header CLEANUP(out_done) = { 0 };
	struct out payload CLEANUP(out_done) = { 0 };
	struct out signature CLEANUP(out_done) = { 0 };

	if (text.len > JWS_MAX_LEN)
		return error_set(err, CELLA_LIMIT, "%s: %zu bytes, at most %d", what,
				 text.len, JWS_MAX_LEN);
	TRY(split(text, parts, what, err));
	TRY(base64url_append(parts[0], &header, what, err));
	TRY(base64url_append(parts[1], &payload, what, err));
	TRY(base64url_append(parts[2], &signature, what, err));
	TRY(json_parse(out_view(&header), what, &jws->header, err));
	TRY(read_header(jws, header_key, what, err));
	jws->signature_len = jws->curve == CRYPTO_P256 ? P256_SIGNATURE_LEN
						       : P384_SIGNATURE_LEN;
	if (signature.len != jws->signature_len)
		return error_set(err, CELLA_MALFORMED,
				 "%s: a signature of %zu bytes, not %zu", what,
				 signature.len, jws->signature_len);
	memcpy(jws->signature, signature.data, signature.len);
	jws->signing_input = bytes_of(text.data, parts[0].len + 1 + parts[1].len);
	jws->signature_text = parts[2];
	jws->payload = out_view(&payload);
	jws->memory = take(&payload.data);
	return CELLA_OK;
}

enum cella_status jws_parse(struct cella_bytes text, enum jws_header_key header_key,
			    const char *what, struct jws *out, struct cella_error *err)
{
	struct jws jws = { 0 };
	const enum cella_status status = parse(text, header_key, what, &jws, err);

	if (status != CELLA_OK) {
		jws_done(&jws);
		return status;
	}
	*out = jws;
	return CELLA_OK;
}

void jws_done(struct jws *jws)
{
	json_decref(jws->header);
	free(jws->memory);
	*jws = (struct jws){ 0 };
}

enum cella_status jws_check(const struct jws *jws, const struct crypto_key *key,
			    bool *good, struct cella_error *err)
{
	*good = false;
	if (crypto_key_curve(key) != jws->curve)
		return CELLA_OK;
	return crypto_verify(key, jws->signing_input,
			     bytes_of(jws->signature, jws->signature_len), good, err);
}

static enum cella_status write_signing_input(const json_t *header,
					     struct cella_bytes payload, struct out *out,
					     struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;

	TRY(json_write(header, false, &text, err));
	base64url_write(out, bytes_of(text, strlen(text)));
	out_text(out, ".");
	base64url_write(out, payload);
	return out_status(out, err);
}

/* A signer that answers nonsense must not pass it on under our name. */
static enum cella_status check_signer(const struct cella_signer *signer,
				      enum crypto_curve curve, struct cella_bytes input,
				      const uint8_t *signature, size_t len,
				      struct cella_error *err)
{
	struct jwk jwk CLEANUP(jwk_cleanup) = { 0 };
	bool good = false;

	TRY(jwk_init(&jwk, curve, bytes_of(signer->public_key, len), err));
	TRY(crypto_verify(jwk.key, input, bytes_of(signature, len), &good, err));
	if (!good)
		return error_set(err, CELLA_INTERNAL,
				 "signer: its signature does not verify with its key");
	return CELLA_OK;
}

/* The header must name the signer's algorithm: nobody could check the token otherwise. */
static enum cella_status check_alg(const json_t *header, enum crypto_curve curve,
				   struct cella_error *err)
{
	const char *const alg = json_string_value(json_object_get(header, "alg"));

	if (alg == NULL || strcmp(alg, jwk_alg(curve)) != 0)
		return error_set(err, CELLA_USAGE,
				 "token: header: alg is not the signer's %s",
				 jwk_alg(curve));
	return CELLA_OK;
}

enum cella_status jws_sign(const json_t *header, struct cella_bytes payload,
			   const struct cella_signer *signer, char **text,
			   struct cella_error *err)
{
	struct out out CLEANUP(out_done) = { 0 };
	struct cella_error failure = { 0 };
	uint8_t signature[CELLA_POINT_MAX] = { 0 };
	enum crypto_curve curve = CRYPTO_P256;
	enum cella_status status;
	size_t len;

	TRY(signer_curve(signer, &curve, err));
	TRY(check_alg(header, curve, err));
	len = curve == CRYPTO_P256 ? P256_SIGNATURE_LEN : P384_SIGNATURE_LEN;
	TRY(write_signing_input(header, payload, &out, err));
	status = signer->sign(signer->context, out.data, out.len, signature, &failure);
	if (status != CELLA_OK)
		return error_set(err, status, "signer: %s",
				 failure.text[0] != '\0' ? failure.text
							 : cella_status_name(status));
	TRY(check_signer(signer, curve, out_view(&out), signature, len, err));
	out_text(&out, ".");
	base64url_write(&out, bytes_of(signature, len));
	return out_take_text(&out, text, err);
}
