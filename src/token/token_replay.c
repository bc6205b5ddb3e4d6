/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging again what a token says, from the quote and the collateral inside the token, as
 * of the token's time.
 */
#include "token/result_token.h"

#include "base/encode.h"
#include "collateral/bundle.h"
#include "jose/jws.h"

#include <string.h>

/* The seven documents of Intel's results; each is the base64 of what was received. */
static const char *const certification_members[] = {
	"pck_crl_issuer_chain",
	"root_ca_crl",
	"pck_crl",
	"tcb_info_issuer_chain",
	"tcb_info",
	"qe_identity_issuer_chain",
	"qe_identity",
	"pck_certificate_chain",
};

static void builder_cleanup(struct cella_collateral_builder **builder)
{
	cella_collateral_builder_free(*builder);
}

/* Chains come first, so that whoever signs the documents is there for them. */
static enum cella_status add_members(struct cella_collateral_builder *builder,
				     const json_t *members, bool chains,
				     struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(certification_members); i++) {
		const char *const name = certification_members[i];
		const json_t *const value = json_object_get(members, name);
		struct out bytes CLEANUP(out_done) = { 0 };

		if (value == NULL || (strstr(name, "_chain") != NULL) != chains)
			continue;
		if (!json_is_string(value))
			return error_set(err, CELLA_MALFORMED,
					 "token: certification_data: %s: expected text",
					 name);
		TRY(base64_append(
			bytes_of(json_string_value(value), json_string_length(value)),
			&bytes, name, err));
		TRY(cella_collateral_builder_add(builder, name, bytes.data, bytes.len,
						 err));
	}
	return CELLA_OK;
}

static enum cella_status read_collateral(const struct token_claims *claims,
					 struct cella_collateral **out,
					 struct cella_error *err)
{
	struct cella_collateral_builder *builder CLEANUP(builder_cleanup) = NULL;
	const json_t *const members = json_object_get(
		json_array_get(json_object_get(token_result(claims->appraisal_result),
					       "certification_data"),
			       0),
		"certification_data");

	if (json_object_size(members) == 0)
		return CELLA_OK; /* it was judged without any */
	TRY(cella_collateral_builder_new(&builder, err));
	TRY(add_members(builder, members, true, err));
	TRY(add_members(builder, members, false, err));
	return cella_collateral_builder_finish(builder, out, err);
}

static enum cella_status read_accept(const json_t *list, uint32_t *out,
				     struct cella_error *err)
{
	*out = 0;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *const name = json_string_value(json_array_get(list, i));
		const enum cella_tcb_status status =
			name != NULL ? cella_tcb_status_find(name) : CELLA_TCB_NONE;

		if (status == CELLA_TCB_NONE)
			return error_set(err, CELLA_MALFORMED,
					 "token: judged_with: accept[%zu]: no TCB status",
					 i);
		*out |= CELLA_ACCEPT(status);
	}
	return CELLA_OK;
}

/* The caller's expectations, judged the way the token says it was judged. */
static enum cella_status merge_options(const struct token_claims *claims,
				       const struct cella_verify_options *given,
				       struct cella_verify_options *out,
				       struct cella_error *err)
{
	const json_t *const with = claims->judged_with;
	const json_t *const grace = json_object_get(with, "grace_s");

	*out = *given;
	out->time_choice = CELLA_TIME_AT;
	out->time = claims->issued_at;
	TRY(read_accept(json_object_get(with, "accept"), &out->accept, err));
	if (!json_is_integer(grace))
		return error_set(err, CELLA_MALFORMED,
				 "token: judged_with: grace_s: expected a number");
	out->grace_s = json_integer_value(grace);
	out->flags = json_is_true(json_object_get(with, "strict")) ? CELLA_VERIFY_STRICT
								   : 0;
	return CELLA_OK;
}

static enum cella_status check_evidence(const struct token_claims *claims,
					const struct cella_evidence *evidence,
					struct cella_error *err)
{
	uint8_t hash[SHA256_LEN];
	char text[2 * SHA256_LEN + 1];

	TRY(crypto_sha256(cella_evidence_bytes(evidence), hash, err));
	if (strcmp(hex_format(bytes_of(hash, sizeof hash), text),
		   claims->evidence_sha256) != 0)
		return error_set(
			err, CELLA_USAGE,
			"token: it is about another quote (SHA-256 %.16s..., not "
			"%.16s...)",
			claims->evidence_sha256, text);
	return CELLA_OK;
}

/* A question that is not asked again cannot contradict the token. */
static bool agrees(const struct token_claims *claims, const struct cella_verdict *verdict)
{
	for (int q = 0; q < CELLA_QUESTION_COUNT; q++) {
		const enum cella_answer again =
			cella_verdict_answer(verdict, (enum cella_question)q);
		enum cella_answer told = CELLA_ANSWER_NO;

		if (!token_answer(claims, (enum cella_question)q, &told))
			return false;
		if (again != told && again != CELLA_ANSWER_NOT_ASKED)
			return false;
	}
	return true;
}

enum cella_status cella_token_replay(const void *text, size_t len,
				     struct cella_evidence *evidence,
				     const struct cella_verify_options *options,
				     bool *same, struct cella_verdict **out,
				     struct cella_error *err)
{
	struct jws jws CLEANUP(jws_cleanup) = { 0 };
	json_t *payload CLEANUP_JSON = NULL;
	struct cella_collateral *collateral CLEANUP(collateral_cleanup) = NULL;
	struct cella_verify_options how;
	struct token_claims claims;

	if (options == NULL || options->size != sizeof *options)
		return error_set(err, CELLA_USAGE,
				 "options: size is not that of the struct");
	TRY(jws_parse(text_trim(bytes_of(text, len)), JWS_KEY_REFUSED, "token", &jws,
		      err));
	TRY(json_parse(jws.payload, "token", &payload, err));
	TRY(token_claims_read(payload, &claims, err));
	TRY(check_evidence(&claims, evidence, err));
	TRY(read_collateral(&claims, &collateral, err));
	TRY(merge_options(&claims, options, &how, err));
	TRY(cella_verify(evidence, collateral, &how, out, err));
	*same = agrees(&claims, *out);
	return CELLA_OK;
}
