/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of result tokens.
 */
#include "token/result_token.h"

#include <cella/policy.h>

#include "base/encode.h"

#include <string.h>

/* NumericDate (RFC 7519): whole seconds here. */
static enum cella_status read_date(const json_t *payload, const char *name, int64_t *out,
				   struct cella_error *err)
{
	const json_t *const value = json_object_get(payload, name);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return error_set(err, CELLA_MALFORMED,
				 "token: %s: expected seconds since 1970", name);
	*out = json_integer_value(value);
	return CELLA_OK;
}

#define CLAIM(member) offsetof(struct token_claims, member)
static const struct json_field fields[] = {
	{ "iss", JSON_FIELD_TEXT, CLAIM(issuer), 0, false },
	{ "aud", JSON_FIELD_TEXT, CLAIM(audience), 0, false },
	{ "jti", JSON_FIELD_TEXT, CLAIM(id), 0, false },
	{ "eat_nonce", JSON_FIELD_TEXT, CLAIM(nonce), 0, true },
	{ "answers", JSON_FIELD_OBJECT, CLAIM(answers), 0, false },
	{ "reasons", JSON_FIELD_OBJECT, CLAIM(reasons), 0, true },
	{ "verdict", JSON_FIELD_TEXT, CLAIM(verdict), 0, false },
	{ "cella_root", JSON_FIELD_TEXT, CLAIM(root), 0, true },
	{ "strength", JSON_FIELD_TEXT, CLAIM(strength), 0, true },
	{ "status", JSON_FIELD_TEXT, CLAIM(status), 0, true },
	{ "evidence_sha256", JSON_FIELD_TEXT, CLAIM(evidence_sha256), 0, false },
	{ "event_log_sha256", JSON_FIELD_TEXT, CLAIM(event_log_sha256), 0, true },
	{ "hcl_report_sha256", JSON_FIELD_TEXT, CLAIM(hcl_report_sha256), 0, true },
	{ "tpm_quote_sha256", JSON_FIELD_TEXT, CLAIM(tpm_quote_sha256), 0, true },
	{ "collateral_sha256", JSON_FIELD_OBJECT, CLAIM(collateral_sha256), 0, false },
	{ "judged_with", JSON_FIELD_OBJECT, CLAIM(judged_with), 0, false },
	{ "policies", JSON_FIELD_ARRAY, CLAIM(policies), 0, false },
	{ "appraisal_result", JSON_FIELD_ARRAY, CLAIM(appraisal_result), 0, false },
};

enum cella_status token_claims_read(const json_t *payload, struct token_claims *out,
				    struct cella_error *err)
{
	struct token_claims claims = { 0 };

	TRY(json_read(payload, fields, ARRAY_LEN(fields), &claims, "token", err));
	TRY(read_date(payload, "iat", &claims.issued_at, err));
	TRY(read_date(payload, "nbf", &claims.not_before, err));
	TRY(read_date(payload, "exp", &claims.expires, err));
	*out = claims;
	return CELLA_OK;
}

bool token_answer(const struct token_claims *claims, enum cella_question question,
		  enum cella_answer *out)
{
	const char *const text = json_string_value(
		json_object_get(claims->answers, cella_question_name(question)));

	for (int i = CELLA_ANSWER_NO; text != NULL && i <= CELLA_ANSWER_UNKNOWN; i++) {
		if (strcmp(cella_answer_name((enum cella_answer)i), text) == 0) {
			*out = (enum cella_answer)i;
			return true;
		}
	}
	return false;
}

/* The rule by which every verdict is drawn from its answers. */
const char *token_drawn_verdict(const struct token_claims *claims)
{
	enum cella_result result = CELLA_ACCEPTED;

	for (int q = 0; q < CELLA_QUESTION_COUNT; q++) {
		enum cella_answer answer = CELLA_ANSWER_NO;

		if (!token_answer(claims, (enum cella_question)q, &answer) ||
		    answer == CELLA_ANSWER_NO)
			return cella_result_name(CELLA_REJECTED);
		if (answer == CELLA_ANSWER_UNKNOWN)
			result = CELLA_UNDECIDED;
	}
	return cella_result_name(result);
}

static const char *told_digest(const json_t *told, size_t index)
{
	return json_string_value(json_object_get(json_array_get(told, index), "digest"));
}

static bool is_digest(const struct cella_policy *policy, const char *text)
{
	char digest[2 * SHA256_LEN + 1];

	return text != NULL &&
	       strcmp(hex_format(cella_policy_digest(policy), digest), text) == 0;
}

const char *token_other_policy(const json_t *told, struct cella_policy *const *policies,
			       size_t num_policies)
{
	const size_t num_told = json_array_size(told);

	for (size_t i = 0; i < num_policies; i++) {
		size_t at = 0;

		while (at < num_told && !is_digest(policies[i], told_digest(told, at)))
			at++;
		if (at == num_told)
			return "one of them did not judge";
	}
	for (size_t at = 0; at < num_told; at++) {
		size_t i = 0;

		while (i < num_policies && !is_digest(policies[i], told_digest(told, at)))
			i++;
		if (i == num_policies)
			return "another policy judged, too";
	}
	return NULL;
}

const json_t *token_result(const json_t *appraisal_result)
{
	const json_t *const result =
		json_object_get(json_array_get(appraisal_result, 0), "result");

	return json_is_array(result) ? json_array_get(result, 0) : result;
}
