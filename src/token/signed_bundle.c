/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed bundles of collateral.
 */
#include "token/signed_bundle.h"

#include "base/encode.h"
#include "jose/jwk.h"
#include "jose/jws.h"

static const char type[] = "cella-collateral+jwt";

bool signed_bundle_is_one(struct cella_bytes text)
{
	text = text_trim(text);
	return text.len > 3 && memcmp(text.data, "eyJ", 3) == 0;
}

static enum cella_status make_header(const struct cella_signer *signer, json_t **out,
				     struct cella_error *err)
{
	json_t *header CLEANUP_JSON = json_object();
	char thumbprint[JWK_THUMBPRINT_LEN + 1];
	enum crypto_curve curve = CRYPTO_P256;
	size_t point_len;

	if (header == NULL)
		return error_nomem(err);
	TRY(signer_curve(signer, &curve, err));
	point_len = curve == CRYPTO_P256 ? P256_POINT_LEN : P384_POINT_LEN;
	TRY(jwk_thumbprint(curve, bytes_of(signer->public_key, point_len), thumbprint,
			   err));
	TRY(json_put(header, "alg", json_string(jwk_alg(curve)), err));
	TRY(json_put(header, "typ", json_string(type), err));
	TRY(json_put(header, "kid", json_string(thumbprint), err));
	*out = take(&header);
	return CELLA_OK;
}

enum cella_status signed_bundle_write(const char *bundle, int64_t time,
				      const struct cella_signer *signer, char **text,
				      struct cella_error *err)
{
	json_t *header CLEANUP_JSON = NULL;
	struct out payload CLEANUP(out_done) = { 0 };

	TRY(make_header(signer, &header, err));
	out_format(&payload, "{\"iat\":%lld,\"collateral\":%s}", (long long)time, bundle);
	TRY(out_status(&payload, err));
	return jws_sign(header, out_view(&payload), signer, text, err);
}

/* The key that has signed, whatever the header calls it; NULL: none of them. */
static enum cella_status find_signer(const struct jws *jws, const struct cella_keys *keys,
				     const char **signer, struct cella_error *err)
{
	*signer = NULL;
	for (size_t i = 0; i < keys->num_items && *signer == NULL; i++) {
		bool good = false;

		TRY(jws_check(jws, keys->items[i].key, &good, err));
		if (good)
			*signer = keys->items[i].thumbprint;
	}
	return CELLA_OK;
}

static enum cella_status read_payload(struct cella_bytes payload,
				      struct signed_bundle *out, struct cella_error *err)
{
	json_t *json CLEANUP_JSON = NULL;
	struct cella_bytes span = { 0 };
	const json_t *time;

	TRY(json_parse(payload, "signed bundle", &json, err));
	time = json_object_get(json, "iat");
	if (!json_is_integer(time) || json_integer_value(time) < 0)
		return error_set(err, CELLA_MALFORMED,
				 "signed bundle: iat: expected a time, found %s",
				 json_type_name(time));
	TRY(json_member_span(payload, "collateral", "signed bundle", &span, err));
	if (span.len == 0)
		return error_set(err, CELLA_MALFORMED,
				 "signed bundle: collateral: is missing");
	out->time = json_integer_value(time);
	out_bytes(&out->collateral, span.data, span.len);
	return out_status(&out->collateral, err);
}

enum cella_status signed_bundle_read(struct cella_bytes text,
				     const struct cella_keys *keys,
				     struct signed_bundle *out, bool *good,
				     struct cella_error *err)
{
	struct signed_bundle bundle CLEANUP(signed_bundle_done) = { 0 };
	struct jws jws CLEANUP(jws_cleanup) = { 0 };

	TRY(jws_parse(text_trim(text), JWS_KEY_REFUSED, "signed bundle", &jws, err));
	if (jws.type == NULL || strcmp(jws.type, type) != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "a token of type \"%.40s\", not a signed bundle",
				 jws.type != NULL ? jws.type : "");
	TRY(find_signer(&jws, keys, &bundle.signer, err));
	*good = bundle.signer != NULL;
	if (!*good)
		return CELLA_OK;
	TRY(read_payload(jws.payload, &bundle, err));
	*out = bundle;
	bundle.collateral = (struct out){ 0 };
	return CELLA_OK;
}
