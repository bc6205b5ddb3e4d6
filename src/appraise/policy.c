/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies as documents: plain or signed, their standing, their lifetime.
 *
 * A signed policy names its own key, so its signature proves nothing but that the text is
 * whole; who the owner is, is decided by comparing that key with the pinned ones.
 */
#include "appraise/policy.h"

#include "appraise/policy_events.h"
#include "base/encode.h"
#include "jose/jws.h"

#include <string.h>

static const char *const standing_names[] = {
	[CELLA_POLICY_BAD_SIGNATURE] = "bad_signature",
	[CELLA_POLICY_FOREIGN_OWNER] = "foreign_owner",
	[CELLA_POLICY_UNSIGNED] = "unsigned",
	[CELLA_POLICY_SELF_SIGNED] = "self_signed",
	[CELLA_POLICY_OWNER_PINNED] = "owner_pinned",
};
_Static_assert(ARRAY_LEN(standing_names) == CELLA_POLICY_OWNER_PINNED + 1,
	       "a name per standing");

const char *cella_policy_standing_name(enum cella_policy_standing standing)
{
	return standing_names[standing];
}

const char *policy_printable(struct arena *arena, const char *text, size_t max_len)
{
	const size_t len = strlen(text);
	size_t shown = len < max_len ? len : max_len;
	char *copy;

	/* Not in the middle of a UTF-8 sequence. */
	while (shown < len && shown > 0 && ((uint8_t)text[shown] & 0xc0) == 0x80)
		shown--;
	copy = arena_alloc(arena, shown + sizeof "...", 1);
	if (copy == NULL)
		return "";
	memcpy(copy, text, shown);
	for (size_t i = 0; i < shown; i++) {
		const uint8_t c = (uint8_t)copy[i];

		/* C0 and DEL, and C1 as UTF-8 writes it. */
		if (c < 0x20 || c == 0x7f)
			copy[i] = '?';
		if (c == 0xc2 && ((uint8_t)copy[i + 1] & 0xe0) == 0x80)
			copy[i] = copy[i + 1] = '?';
	}
	if (shown < len)
		memcpy(copy + shown, "...", 3);
	return copy;
}

/* --- signed documents ---------------------------------------------------------------- */

static enum cella_status keep_text(struct cella_policy *policy, struct cella_bytes text,
				   struct cella_error *err)
{
	policy->text = malloc(text.len + 1);
	if (policy->text == NULL)
		return error_nomem(err);
	if (text.len > 0)
		memcpy(policy->text, text.data, text.len);
	policy->text[text.len] = '\0';
	policy->text_len = text.len;
	return CELLA_OK;
}

/* The header's key is a text of JSON, as Intel's tools write it. */
static enum cella_status read_signer(struct cella_policy *policy, const struct jws *jws,
				     struct jwk *jwk, struct cella_error *err)
{
	static const struct json_field fields[] = {
		{ "jwk", JSON_FIELD_TEXT, 0, 0, false },
	};
	const char *text = NULL;

	if (jws->curve != CRYPTO_P384)
		return error_set(err, CELLA_UNSUPPORTED,
				 "policy: header: alg: expected ES384, found %s",
				 jwk_alg(jws->curve));
	TRY(json_read(jws->header, fields, ARRAY_LEN(fields), &text, "policy: header",
		      err));
	TRY(json_parse(bytes_of(text, strlen(text)), "policy: header: jwk",
		       &policy->signing_key, err));
	return jwk_read(policy->signing_key, "policy: header: jwk", jwk, err);
}

static enum cella_policy_standing standing_of(bool good, const struct jwk *signer,
					      const struct cella_keys *owners)
{
	if (!good)
		return CELLA_POLICY_BAD_SIGNATURE;
	if (owners == NULL)
		return CELLA_POLICY_SELF_SIGNED;
	return keys_find(owners, signer->thumbprint) != NULL ? CELLA_POLICY_OWNER_PINNED
							     : CELLA_POLICY_FOREIGN_OWNER;
}

static enum cella_status read_payload(struct cella_policy *policy, const struct jws *jws,
				      struct cella_error *err)
{
	static const struct json_field fields[] = {
		{ "policy_payload", JSON_FIELD_TEXT, 0, 0, false },
	};
	json_t *payload CLEANUP_JSON = NULL;
	const char *text = NULL;

	TRY(json_parse(jws->payload, "policy: payload", &payload, err));
	TRY(json_read(payload, fields, ARRAY_LEN(fields), &text, "policy: payload", err));
	return keep_text(policy, bytes_of(text, strlen(text)), err);
}

static enum cella_status read_signed(struct cella_policy *policy, struct cella_bytes data,
				     const struct cella_keys *owners,
				     struct cella_error *err)
{
	struct jws jws CLEANUP(jws_cleanup) = { 0 };
	struct jwk signer CLEANUP(jwk_cleanup) = { 0 };
	bool good = false;

	TRY(jws_parse(data, JWS_KEY_ALLOWED, "policy", &jws, err));
	TRY(read_signer(policy, &jws, &signer, err));
	TRY(jws_check(&jws, signer.key, &good, err));
	policy->standing = standing_of(good, &signer, owners);
	memcpy(policy->owner, signer.thumbprint, sizeof policy->owner);
	policy->signature = arena_copy(&policy->arena, jws.signature_text.data,
				       jws.signature_text.len);
	return read_payload(policy, &jws, err);
}

/* --- documents ----------------------------------------------------------------------- */

/* JSON starts with a brace or a comment; a token with neither. */
static bool is_json(struct cella_bytes data)
{
	return data.len > 0 && (data.data[0] == '{' || data.data[0] == '/');
}

static enum cella_status read_document(struct cella_policy *policy,
				       struct cella_bytes data,
				       const struct cella_policy_options *options,
				       struct cella_error *err)
{
	const struct cella_bytes trimmed = text_trim(data);

	TRY(crypto_sha256(data, policy->digest, err));
	policy->short_digest = arena_hex(&policy->arena, bytes_of(policy->digest, 4));
	policy->source = options->source;
	if (options->owners != NULL)
		policy->num_pins = cella_keys_count(options->owners);
	if (trimmed.len == 0)
		return error_set(err, CELLA_MALFORMED, "policy: the document is empty");
	if (is_json(trimmed)) {
		policy->standing = CELLA_POLICY_UNSIGNED;
		TRY(keep_text(policy, data, err));
	} else {
		TRY(read_signed(policy, trimmed, options->owners, err));
	}
	TRY(policy_read_elements(policy, err));
	return arena_status(&policy->arena, err);
}

static enum cella_status check_options(const struct cella_policy_options *options,
				       struct cella_error *err)
{
	if (options == NULL || options->size != sizeof *options)
		return error_set(err, CELLA_USAGE,
				 "policy options: size is not that of the struct");
	if (options->source != CELLA_POLICY_LOCAL &&
	    options->source != CELLA_POLICY_REMOTE)
		return error_set(err, CELLA_USAGE,
				 "policy options: nothing is said about its source");
	if (options->owners != NULL && cella_keys_count(options->owners) == 0)
		return error_set(err, CELLA_USAGE,
				 "policy options: the set of owners is empty");
	return CELLA_OK;
}

enum cella_status cella_policy_parse(const void *data, size_t len,
				     const struct cella_policy_options *options,
				     struct cella_policy **out, struct cella_error *err)
{
	struct cella_policy *policy CLEANUP(policy_cleanup) = NULL;

	if (out == NULL || (data == NULL && len > 0))
		return error_set(err, CELLA_USAGE, "cella_policy_parse: null argument");
	TRY(check_options(options, err));
	if (len > CELLA_POLICY_MAX)
		return error_set(err, CELLA_LIMIT, "policy: %zu bytes, at most %zu", len,
				 CELLA_POLICY_MAX);
	policy = calloc(1, sizeof *policy);
	if (policy == NULL)
		return error_nomem(err);
	atomic_init(&policy->refs, 1);
	TRY(read_document(policy, bytes_of(data, len), options, err));
	*out = take(&policy);
	return CELLA_OK;
}

struct cella_policy *cella_policy_ref(struct cella_policy *policy)
{
	atomic_fetch_add_explicit(&policy->refs, 1, memory_order_relaxed);
	return policy;
}

void cella_policy_unref(struct cella_policy *policy)
{
	if (policy == NULL ||
	    atomic_fetch_sub_explicit(&policy->refs, 1, memory_order_acq_rel) != 1)
		return;
	json_decref(policy->json);
	json_decref(policy->signing_key);
	arena_done(&policy->arena);
	free(policy->text);
	free(policy);
}

enum cella_policy_source cella_policy_source(const struct cella_policy *policy)
{
	return policy->source;
}

enum cella_policy_standing cella_policy_standing(const struct cella_policy *policy)
{
	return policy->standing;
}

struct cella_bytes cella_policy_digest(const struct cella_policy *policy)
{
	return bytes_of(policy->digest, sizeof policy->digest);
}

struct cella_bytes cella_policy_text(const struct cella_policy *policy)
{
	return bytes_of(policy->text, policy->text_len);
}

const char *cella_policy_owner(const struct cella_policy *policy)
{
	return policy->owner[0] != '\0' ? policy->owner : NULL;
}

size_t cella_policy_num_elements(const struct cella_policy *policy)
{
	return policy->num_elements;
}

const char *cella_policy_class_id(const struct cella_policy *policy, size_t index)
{
	return index < policy->num_elements ? policy->elements[index].class->uuid : NULL;
}

const char *cella_policy_description(const struct cella_policy *policy, size_t index)
{
	return index < policy->num_elements ? policy->elements[index].description : NULL;
}

const struct policy_condition *element_find(const struct policy_element *element,
					    enum condition_kind kind)
{
	for (size_t i = 0; i < element->num_conditions; i++)
		if (element->conditions[i].kind == kind)
			return &element->conditions[i];
	return NULL;
}

/* Attributes, which have masks, and numbers say how a workload runs, not which it is. */
bool element_names_a_measurement(const struct policy_element *element)
{
	for (size_t i = 0; i < element->num_conditions; i++) {
		const struct policy_key *const key = element->conditions[i].key;

		if (key != NULL && key->kind == CONDITION_BYTES && !key->has_mask)
			return true;
		if (key != NULL && key->kind == CONDITION_EVENTS &&
		    policy_events_name_any(&element->conditions[i]))
			return true;
	}
	return false;
}

/* --- signing ------------------------------------------------------------------------- */

/* A document that cella would not read back is not signed. */
static enum cella_status check_text(const void *text, size_t len, struct cella_error *err)
{
	const struct cella_policy_options options = { .size = sizeof options,
						      .source = CELLA_POLICY_LOCAL };
	struct cella_policy *policy CLEANUP(policy_cleanup) = NULL;

	TRY(cella_policy_parse(text, len, &options, &policy, err));
	if (policy->owner[0] != '\0')
		return error_set(err, CELLA_MALFORMED, "policy: it is signed already");
	return CELLA_OK;
}

static enum cella_status make_header(const struct cella_signer *signer, json_t **out,
				     struct cella_error *err)
{
	json_t *header CLEANUP_JSON = NULL;
	json_t *jwk CLEANUP_JSON = NULL;
	char *key CLEANUP_FREE = NULL;

	jwk = jwk_json(CRYPTO_P384, bytes_of(signer->public_key, P384_POINT_LEN));
	if (jwk == NULL)
		return error_nomem(err);
	TRY(json_write(jwk, false, &key, err));
	header = json_pack("{s:s, s:s, s:s}", "typ", "JWT", "alg", "ES384", "jwk", key);
	if (header == NULL)
		return error_nomem(err);
	*out = take(&header);
	return CELLA_OK;
}

enum cella_status cella_policy_sign(const void *text, size_t len,
				    const struct cella_signer *signer, char **jwt,
				    struct cella_error *err)
{
	json_t *header CLEANUP_JSON = NULL;
	json_t *payload CLEANUP_JSON = NULL;
	char *payload_text CLEANUP_FREE = NULL;
	enum crypto_curve curve = CRYPTO_P256;

	TRY(signer_curve(signer, &curve, err));
	if (curve != CRYPTO_P384)
		return error_set(err, CELLA_USAGE,
				 "policy: is signed with ES384, by a key on P-384");
	TRY(check_text(text, len, err));
	TRY(make_header(signer, &header, err));
	payload = json_object();
	if (payload == NULL)
		return error_nomem(err);
	TRY(json_put(payload, "policy_payload", json_stringn(text, len), err));
	TRY(json_write(payload, false, &payload_text, err));
	return jws_sign(header, bytes_of(payload_text, strlen(payload_text)), signer, jwt,
			err);
}
