/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging again what a token says, from the quote and the collateral inside the token, as
 * of the token's time.
 */
#include "token/result_token.h"

#include <cella/policy.h>

#include "appraise/intel_result.h"
#include "base/encode.h"
#include "collateral/bundle.h"
#include "evidence/event_log.h"
#include "evidence/vtpm.h"
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
	if (!json_is_array(list))
		return error_set(err, CELLA_MALFORMED,
				 "token: judged_with: accept: expected an array");
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
	const json_t *const strict = json_object_get(with, "strict");

	*out = *given;
	out->time_choice = CELLA_TIME_AT;
	out->time = claims->issued_at;
	TRY(read_accept(json_object_get(with, "accept"), &out->accept, err));
	if (!json_is_integer(grace))
		return error_set(err, CELLA_MALFORMED,
				 "token: judged_with: grace_s: expected a number");
	out->grace_s = json_integer_value(grace);
	if (!json_is_boolean(strict))
		return error_set(err, CELLA_MALFORMED,
				 "token: judged_with: strict: expected a boolean");
	out->flags = json_is_true(strict) ? CELLA_VERIFY_STRICT : 0;
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

/* Evidence beside the quote; either hash is NULL when there is none. */
static enum cella_status check_further(const char *what, const char *told,
				       const char *given, struct cella_error *err)
{
	if (told == NULL && given == NULL)
		return CELLA_OK;
	if (given == NULL)
		return error_set(
			err, CELLA_MISSING,
			"token: it was judged with %s (SHA-256 %.16s...), without "
			"which it cannot be judged again",
			what, told);
	if (told == NULL)
		return error_set(err, CELLA_USAGE, "token: it was judged without %s",
				 what);
	if (strcmp(told, given) != 0)
		return error_set(err, CELLA_USAGE,
				 "token: it was judged with %s, but another one (SHA-256 "
				 "%.16s..., not %.16s...)",
				 what, told, given);
	return CELLA_OK;
}

static enum cella_status check_event_log(const struct token_claims *claims,
					 const struct cella_event_log *log,
					 struct cella_error *err)
{
	uint8_t hash[SHA256_LEN];
	char text[2 * SHA256_LEN + 1];

	if (log != NULL) {
		TRY(crypto_sha256(bytes_of(log->data, log->len), hash, err));
		hex_format(bytes_of(hash, sizeof hash), text);
	}
	return check_further("an event log", claims->event_log_sha256,
			     log != NULL ? text : NULL, err);
}

static enum cella_status check_vtpm(const struct token_claims *claims,
				    const struct cella_vtpm *vtpm,
				    struct cella_error *err)
{
	char report[2 * SHA256_LEN + 1];
	char quote[2 * SHA256_LEN + 1];

	if (vtpm != NULL) {
		hex_format(bytes_of(vtpm->hcl_report_sha256, SHA256_LEN), report);
		hex_format(bytes_of(vtpm->tpm_quote_sha256, SHA256_LEN), quote);
	}
	TRY(check_further("an HCL report", claims->hcl_report_sha256,
			  vtpm != NULL ? report : NULL, err));
	return check_further("a vTPM's quote", claims->tpm_quote_sha256,
			     vtpm != NULL ? quote : NULL, err);
}

/* --- comparing ----------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* What is compared, and whether all that the token answers was asked again. */
struct comparison {
	const struct token_claims *claims;
	const struct cella_verdict *again;
	const struct cella_verify_options *how;
	bool is_complete;
};

/* A question that is not asked again cannot contradict the token. */
static const char *other_answer(struct comparison *c)
{
	static const char *const names[CELLA_QUESTION_COUNT] = {
		[CELLA_QUESTION_GENUINE] = "answers.genuine",
		[CELLA_QUESTION_CURRENT] = "answers.current",
		[CELLA_QUESTION_MINE] = "answers.mine",
		[CELLA_QUESTION_FRESH] = "answers.fresh",
	};

	c->is_complete = true;
	for (int q = 0; q < CELLA_QUESTION_COUNT; q++) {
		const enum cella_answer again =
			cella_verdict_answer(c->again, (enum cella_question)q);
		enum cella_answer told = CELLA_ANSWER_NO;

		if (!token_answer(c->claims, (enum cella_question)q, &told))
			return names[q];
		if (again == told)
			continue;
		if (again != CELLA_ANSWER_NOT_ASKED)
			return names[q];
		c->is_complete = false;
	}
	return NULL;
}

/* What follows from evidence, collateral and time alone. */
static const char *other_fact(const struct comparison *c)
{
	const struct token_claims *const told = c->claims;

	if (!same_text(told->root, cella_verdict_root(c->again)))
		return "cella_root";
	if (!same_text(told->status,
		       cella_tcb_status_name(cella_verdict_status(c->again))))
		return "status";
	if (!same_text(told->verdict, token_drawn_verdict(told)))
		return "verdict";
	if (c->how->policy_expect == CELLA_EXPECT_EXACT &&
	    token_other_policy(told->policies, c->how->policies, c->how->num_policies) !=
		    NULL)
		return "policies";
	return NULL;
}

static enum cella_status compare_collateral(const struct comparison *c, bool *same,
					    struct cella_error *err)
{
	json_t *made CLEANUP_JSON = json_object();

	if (made == NULL)
		return error_nomem(err);
	TRY(token_put_collateral(made, c->again, err));
	*same = json_equal(json_object_get(made, "collateral_sha256"),
			   c->claims->collateral_sha256) != 0;
	return CELLA_OK;
}

/* The report of a class among those that a result tells of. */
static const json_t *find_report(const json_t *result, const char *class_id)
{
	const json_t *const list = json_object_get(result, "appraised_reports");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *const report =
			json_object_get(json_array_get(list, i), "report");
		const char *const id = json_string_value(json_object_get(
			json_object_get(report, "environment"), "class_id"));

		if (id != NULL && strcmp(id, class_id) == 0)
			return report;
	}
	return NULL;
}

/* What is measured does not depend on who asks; the rest of a result does. */
static bool same_reports(const json_t *told, const json_t *made)
{
	const json_t *const list = json_object_get(made, "appraised_reports");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *const report =
			json_object_get(json_array_get(list, i), "report");
		const char *const id = json_string_value(json_object_get(
			json_object_get(report, "environment"), "class_id"));

		if (id == NULL || !json_equal(report, find_report(told, id)))
			return false;
	}
	return true;
}

/* Whatever is made must have been told. The documents were compared by their hashes: they
 * may come in other forms of text. */
static bool same_members(const json_t *told, json_t *made)
{
	for (void *at = json_object_iter(made); at != NULL;
	     at = json_object_iter_next(made, at)) {
		const char *const name = json_object_iter_key(at);

		if (strcmp(name, "certification_data") != 0 &&
		    !json_equal(json_object_iter_value(at), json_object_get(told, name)))
			return false;
	}
	return true;
}

static enum cella_status compare_result(const struct comparison *c, bool *same,
					struct cella_error *err)
{
	const json_t *const told = token_result(c->claims->appraisal_result);
	const json_int_t nonce = json_integer_value(json_object_get(told, "nonce"));
	json_t *made CLEANUP_JSON = NULL;

	*same = false;
	if (nonce < 0 || (uint64_t)nonce > CELLA_RESULT_NONCE_MAX)
		return CELLA_OK;
	TRY(intel_result_json(c->again, (uint64_t)nonce, &made, err));
	*same = c->is_complete ? same_members(told, (json_t *)token_result(made))
			       : same_reports(told, token_result(made));
	return CELLA_OK;
}

static enum cella_status compare(struct comparison *c, const char **difference,
				 struct cella_error *err)
{
	bool same = false;

	*difference = other_answer(c);
	if (*difference == NULL)
		*difference = other_fact(c);
	if (*difference != NULL)
		return CELLA_OK;
	TRY(compare_collateral(c, &same, err));
	if (!same) {
		*difference = "collateral_sha256";
		return CELLA_OK;
	}
	TRY(compare_result(c, &same, err));
	*difference = same ? NULL : "appraisal_result";
	return CELLA_OK;
}

static enum cella_status judge_again(const struct token_claims *claims,
				     struct cella_evidence *evidence,
				     const struct cella_verify_options *options,
				     struct cella_verify_options *how,
				     struct cella_verdict **out, struct cella_error *err)
{
	struct cella_collateral *collateral CLEANUP(collateral_cleanup) = NULL;

	TRY(check_evidence(claims, evidence, err));
	TRY(check_event_log(claims, options->event_log, err));
	TRY(check_vtpm(claims, options->vtpm, err));
	TRY(read_collateral(claims, &collateral, err));
	TRY(merge_options(claims, options, how, err));
	return cella_verify(evidence, collateral, how, out, err);
}

static void verdict_cleanup(struct cella_verdict **verdict)
{
	cella_verdict_free(*verdict);
}

enum cella_status cella_token_replay(const void *text, size_t len,
				     struct cella_evidence *evidence,
				     const struct cella_verify_options *options,
				     const char **difference, struct cella_verdict **out,
				     struct cella_error *err)
{
	struct jws jws CLEANUP(jws_cleanup) = { 0 };
	json_t *payload CLEANUP_JSON = NULL;
	struct cella_verdict *verdict CLEANUP(verdict_cleanup) = NULL;
	struct cella_verify_options how;
	struct token_claims claims;
	struct comparison comparison = { .claims = &claims, .how = &how };

	if (options == NULL || options->size != sizeof *options)
		return error_set(err, CELLA_USAGE,
				 "options: size is not that of the struct");
	if (evidence == NULL)
		return error_set(err, CELLA_USAGE, "replay: there is no quote");
	TRY(jws_parse(text_trim(bytes_of(text, len)), JWS_KEY_REFUSED, "token", &jws,
		      err));
	TRY(json_parse(jws.payload, "token", &payload, err));
	TRY(token_claims_read(payload, &claims, err));
	TRY(judge_again(&claims, evidence, options, &how, &verdict, err));
	comparison.again = verdict;
	TRY(compare(&comparison, difference, err));
	*out = take(&verdict);
	return CELLA_OK;
}
