/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing result tokens.
 */
#include "token/result_token.h"

#include "appraise/appraise.h"
#include "appraise/intel_result.h"
#include "appraise/verdict_json.h"
#include "base/encode.h"
#include "evidence/event_log.h"
#include "evidence/vtpm.h"
#include "jose/jws.h"
#include "verify/dcap.h"
#include "verify/evm_check.h"

#include <string.h>

/* jansson returns NULL for texts that are not UTF-8 and for want of memory alike. */
static bool is_utf8(const char *text)
{
	json_t *checked CLEANUP_JSON = json_string(text);
	json_t *unchecked CLEANUP_JSON = json_string_nocheck(text);

	return checked != NULL || unchecked == NULL;
}

static enum cella_status check_text(const char *text, const char *name,
				    struct cella_error *err)
{
	if (text == NULL || *text == '\0')
		return error_set(err, CELLA_USAGE, "token: %s is not given", name);
	if (strlen(text) > TOKEN_TEXT_MAX)
		return error_set(err, CELLA_LIMIT, "token: %s: longer than %d characters",
				 name, TOKEN_TEXT_MAX);
	if (!is_utf8(text))
		return error_set(err, CELLA_USAGE, "token: %s: not UTF-8", name);
	return CELLA_OK;
}

static enum cella_status check_options(const struct cella_verdict *v,
				       const struct cella_token_options *o,
				       struct cella_error *err)
{
	if (v == NULL)
		return error_set(err, CELLA_USAGE, "token: there is no verdict");
	if (o == NULL || o->size != sizeof *o)
		return error_set(err, CELLA_USAGE,
				 "token options: size is not that of the struct");
	TRY(check_text(o->issuer, "issuer", err));
	TRY(check_text(o->audience, "audience", err));
	TRY(check_text(o->id, "id", err));
	if (o->lifetime_s < 0 || o->lifetime_s > CELLA_TOKEN_LIFETIME_MAX_S)
		return error_set(err, CELLA_USAGE, "token: a lifetime of 0 to %d seconds",
				 CELLA_TOKEN_LIFETIME_MAX_S);
	if (v->time > TOKEN_TIME_MAX)
		return error_set(err, CELLA_LIMIT,
				 "token: the verdict's time is too far");
	return CELLA_OK;
}

/* A token must not outlive what it rests on. */
static int64_t expiry(const struct cella_verdict *v, const struct cella_token_options *o)
{
	const int64_t lifetime = o->lifetime_s > 0 ? o->lifetime_s
						   : CELLA_TOKEN_LIFETIME_S;
	const int64_t latest = v->time + lifetime;
	int64_t collateral = 0;

	return appraise_expiry(v, &collateral) && collateral < latest ? collateral
								      : latest;
}

static enum cella_status put_hash(json_t *object, const char *name,
				  struct cella_bytes bytes, struct cella_error *err)
{
	uint8_t hash[SHA256_LEN];

	TRY(crypto_sha256(bytes, hash, err));
	return json_put(object, name, json_hex(bytes_of(hash, sizeof hash)), err);
}

static enum cella_status put_times(json_t *payload, const struct cella_verdict *v,
				   const struct cella_token_options *o,
				   struct cella_error *err)
{
	TRY(json_put(payload, "iss", json_string(o->issuer), err));
	TRY(json_put(payload, "aud", json_string(o->audience), err));
	TRY(json_put(payload, "jti", json_string(o->id), err));
	TRY(json_put(payload, "iat", json_integer(v->time), err));
	TRY(json_put(payload, "nbf", json_integer(v->time), err));
	return json_put(payload, "exp", json_integer(expiry(v, o)), err);
}

static enum cella_status put_answers(json_t *payload, const struct cella_verdict *v,
				     struct cella_error *err)
{
	json_t *const answers = json_object();

	TRY(json_put(payload, "answers", answers, err));
	for (int q = 0; q < CELLA_QUESTION_COUNT; q++)
		TRY(json_put(answers, cella_question_name((enum cella_question)q),
			     json_string(cella_answer_name(v->answers[q])), err));
	return CELLA_OK;
}

/* Which checks stand behind an answer that is not yes, by question. */
static enum cella_status put_reasons(json_t *payload, const struct cella_verdict *v,
				     struct cella_error *err)
{
	json_t *const reasons = json_object();

	TRY(json_put(payload, "reasons", reasons, err));
	for (size_t i = 0; i < v->num_checks; i++) {
		const struct cella_check *const check = &v->checks[i];
		const char *const question = cella_question_name(check->question);

		if (check->outcome == CELLA_CHECK_PASS)
			continue;
		if (json_object_get(reasons, question) == NULL)
			TRY(json_put(reasons, question, json_array(), err));
		TRY(json_add(json_object_get(reasons, question), json_string(check->id),
			     err));
	}
	return CELLA_OK;
}

/* The options that a replay needs to judge the same way. */
static enum cella_status put_judged_with(json_t *payload, const struct cella_verdict *v,
					 struct cella_error *err)
{
	json_t *const with = json_object();
	json_t *accept;

	TRY(json_put(payload, "judged_with", with, err));
	accept = json_array();
	TRY(json_put(with, "accept", accept, err));
	for (int i = 1; i < CELLA_TCB_COUNT; i++)
		if (v->accept & CELLA_ACCEPT(i))
			TRY(json_add(accept,
				     json_string(cella_tcb_status_name(
					     (enum cella_tcb_status)i)),
				     err));
	TRY(json_put(with, "grace_s", json_integer(v->grace_s), err));
	return json_put(with, "strict",
			json_boolean((v->flags & CELLA_VERIFY_STRICT) != 0), err);
}

enum cella_status token_put_collateral(json_t *payload, const struct cella_verdict *v,
				       struct cella_error *err)
{
	json_t *const hashes = json_object();

	TRY(json_put(payload, "collateral_sha256", hashes, err));
	if (v->tcb_info != NULL)
		TRY(put_hash(hashes, "tcb_info", v->tcb_info->doc.body, err));
	if (v->identity != NULL)
		TRY(put_hash(hashes, "qe_identity", v->identity->doc.body, err));
	if (v->root_crl != NULL)
		TRY(put_hash(hashes, "root_ca_crl", v->root_crl->crl->der, err));
	if (v->pck_crl != NULL)
		TRY(put_hash(hashes, "pck_crl", v->pck_crl->crl->der, err));
	return CELLA_OK;
}

static void keys_cleanup(struct cella_keys **keys)
{
	cella_keys_free(*keys);
}

/* With a vTPM, the report data is its key's, and the nonce is in its quote. */
static enum cella_status check_vtpm_binding(const struct cella_verdict *v,
					    const struct cella_token_options *o,
					    struct cella_error *err)
{
	if (v->answers[CELLA_QUESTION_FRESH] != CELLA_ANSWER_YES ||
	    o->data_sha512.len > 0 || o->key_document.len > 0 ||
	    !bytes_equal(v->vtpm->nonce, o->nonce))
		return error_set(
			err, CELLA_USAGE,
			"token: the vTPM's quote does not hold the nonce that it "
			"is to tell of, or not that alone");
	return CELLA_OK;
}

/* What the token says of the report data must be true, and somebody must have asked. */
static enum cella_status check_binding(const struct cella_verdict *v,
				       const struct cella_token_options *o,
				       struct cella_error *err)
{
	struct cella_bytes data = o->data_sha512;
	struct cella_bytes actual = { 0 };
	uint8_t hash[SHA512_LEN];
	uint8_t bound[CELLA_REPORT_DATA_LEN];

	if (o->nonce.len == 0 && o->data_sha512.len == 0 && o->key_document.len == 0)
		return CELLA_OK;
	if (v->vtpm != NULL)
		return check_vtpm_binding(v, o, err);
	if (o->key_document.len > 0) {
		TRY(cella_sha512(o->key_document.data, o->key_document.len, hash, err));
		data = bytes_of(hash, sizeof hash);
	}
	TRY(cella_report_data(data, o->nonce, bound, err));
	if (v->answers[CELLA_QUESTION_FRESH] != CELLA_ANSWER_YES ||
	    !cella_facts_get(&v->facts, CELLA_FACT_REPORT_DATA, &actual) ||
	    !bytes_equal(actual, bytes_of(bound, sizeof bound)))
		return error_set(err, CELLA_USAGE,
				 "token: the report data does not bind the nonce and the "
				 "data that it is to tell of");
	return CELLA_OK;
}

static enum cella_status put_confirmation(json_t *payload,
					  const struct cella_token_options *o,
					  struct cella_error *err)
{
	struct cella_keys *keys CLEANUP(keys_cleanup) = NULL;
	json_t *cnf;

	if (o->nonce.len > 0)
		TRY(json_put(payload, "eat_nonce", json_hex(o->nonce), err));
	if (o->key_document.len == 0)
		return CELLA_OK;
	TRY(cella_keys_new(&keys, err));
	TRY(cella_keys_add(keys, o->key_document.data, o->key_document.len, err));
	if (keys->num_items != 1)
		return error_set(err, CELLA_USAGE, "token: %zu keys to confirm, not 1",
				 keys->num_items);
	cnf = json_object();
	TRY(json_put(payload, "cnf", cnf, err));
	return json_put(cnf, "jwk",
			jwk_json(crypto_key_curve(keys->items[0].key),
				 crypto_key_point(keys->items[0].key)),
			err);
}

/* Tokens hold no evidence, but say which it was: a replay must have the same. */
static enum cella_status put_evidence(json_t *payload, const struct cella_verdict *v,
				      struct cella_error *err)
{
	TRY(put_hash(payload, "evidence_sha256", cella_evidence_bytes(v->evidence), err));
	if (v->event_log != NULL)
		TRY(put_hash(payload, "event_log_sha256",
			     bytes_of(v->event_log->data, v->event_log->len), err));
	if (v->vtpm == NULL)
		return CELLA_OK;
	TRY(json_put(payload, "hcl_report_sha256",
		     json_hex(bytes_of(v->vtpm->hcl_report_sha256, SHA256_LEN)), err));
	return json_put(payload, "tpm_quote_sha256",
			json_hex(bytes_of(v->vtpm->tpm_quote_sha256, SHA256_LEN)), err);
}

static enum cella_status put_verdict(json_t *payload, const struct cella_verdict *v,
				     const struct cella_token_options *o,
				     struct cella_error *err)
{
	json_t *result = NULL;
	json_t *policies;

	TRY(json_put(payload, "verdict", json_string(cella_result_name(v->result)), err));
	TRY(put_answers(payload, v, err));
	TRY(put_reasons(payload, v, err));
	if (v->root[0] != '\0')
		TRY(json_put(payload, "cella_root", json_string(v->root), err));
	TRY(json_put(payload, "tee", json_string(verdict_tee(v)), err));
	if (verdict_is_evm(v) && evm_strength(v) != NULL)
		TRY(json_put(payload, "strength", json_string(evm_strength(v)), err));
	if (v->status != CELLA_TCB_NONE)
		TRY(json_put(payload, "status",
			     json_string(cella_tcb_status_name(v->status)), err));
	TRY(put_evidence(payload, v, err));
	TRY(token_put_collateral(payload, v, err));
	TRY(put_judged_with(payload, v, err));
	policies = json_array();
	TRY(json_put(payload, "policies", policies, err));
	TRY(policies_json(v, policies, err));
	TRY(intel_result_json(v, o->result_nonce, &result, err));
	return json_put(payload, "appraisal_result", result, err);
}

static enum cella_status make_header(enum crypto_curve curve, struct cella_bytes point,
				     json_t **out, struct cella_error *err)
{
	char kid[JWK_THUMBPRINT_LEN + 1];
	json_t *header;

	TRY(jwk_thumbprint(curve, point, kid, err));
	header = json_pack("{s:s, s:s, s:s}", "alg", jwk_alg(curve), "typ", TOKEN_TYPE,
			   "kid", kid);
	if (header == NULL)
		return error_nomem(err);
	*out = header;
	return CELLA_OK;
}

enum cella_status cella_token_write(const struct cella_verdict *verdict,
				    const struct cella_token_options *options,
				    char **text, struct cella_error *err)
{
	json_t *payload CLEANUP_JSON = json_object();
	json_t *header CLEANUP_JSON = NULL;
	char *claims CLEANUP_FREE = NULL;
	enum crypto_curve curve = CRYPTO_P256;

	if (payload == NULL)
		return error_nomem(err);
	TRY(check_options(verdict, options, err));
	TRY(signer_curve(options->signer, &curve, err));
	TRY(make_header(curve,
			bytes_of(options->signer->public_key,
				 curve == CRYPTO_P256 ? P256_POINT_LEN : P384_POINT_LEN),
			&header, err));
	TRY(put_times(payload, verdict, options, err));
	TRY(check_binding(verdict, options, err));
	TRY(put_confirmation(payload, options, err));
	TRY(put_verdict(payload, verdict, options, err));
	TRY(json_write(payload, false, &claims, err));
	return jws_sign(header, bytes_of(claims, strlen(claims)), options->signer, text,
			err);
}
