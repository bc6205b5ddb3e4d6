/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking result tokens. The signer's key is pinned by whoever checks; nothing in the
 * token can choose it. Claims are looked at only once the signature is good.
 */
#include "token/result_token.h"

#include "base/civil.h"
#include "base/encode.h"
#include "jose/jws.h"

#include <string.h>

enum { TOKEN_MAX_CHECKS = 16 };

struct cella_token {
	struct arena arena;
	char *payload_text;
	json_t *payload;
	struct token_claims claims;
	struct cella_check checks[TOKEN_MAX_CHECKS];
	size_t num_checks;
	enum cella_result result;
};

/* The checks in their order; those of the answers follow the questions' order. */
enum token_check {
	TOKEN_SIGNATURE,
	TOKEN_KIND,
	TOKEN_ISSUER,
	TOKEN_AUDIENCE,
	TOKEN_TIME,
	TOKEN_NONCE,
	TOKEN_ROOT,
	TOKEN_STRENGTH,
	TOKEN_POLICY_OWNER,
	TOKEN_POLICIES,
	TOKEN_VERDICT,
	TOKEN_GENUINE,
	TOKEN_CURRENT,
	TOKEN_MINE,
	TOKEN_FRESH,
	TOKEN_CHECK_COUNT
};
_Static_assert((int)TOKEN_CHECK_COUNT <= (int)TOKEN_MAX_CHECKS, "room for every check");

static const struct {
	const char *id;
	enum cella_question question;
	const char *title;
	const char *remedy;
} defs[TOKEN_CHECK_COUNT] = {
	[TOKEN_SIGNATURE] = { "token.signature", CELLA_QUESTION_GENUINE,
			      "the token is signed by a pinned key",
			      "pin the key of the service that signs the tokens" },
	[TOKEN_KIND] = { "token.type", CELLA_QUESTION_GENUINE, "the token is a result",
			 "give a result token, not a policy or another token" },
	[TOKEN_ISSUER] = { "token.issuer", CELLA_QUESTION_GENUINE,
			   "the token is issued by whom it should be",
			   "ask the expected service for a token" },
	[TOKEN_AUDIENCE] = { "token.audience", CELLA_QUESTION_FRESH,
			     "the token is meant for this audience",
			     "ask for a token for this audience" },
	[TOKEN_TIME] = { "token.time", CELLA_QUESTION_CURRENT, "the token is valid now",
			 "ask for a new token; check the clock" },
	[TOKEN_NONCE] = { "token.nonce", CELLA_QUESTION_FRESH,
			  "the token tells the expected nonce",
			  "have a quote made with this nonce" },
	[TOKEN_ROOT] = { "token.root", CELLA_QUESTION_GENUINE,
			 "the hardware's root is accepted here",
			 "a private root must be named: --root NAME" },
	[TOKEN_STRENGTH] = { "token.strength", CELLA_QUESTION_GENUINE,
			     "what vouches is as strong as demanded",
			     "run the workload where a stronger root vouches for it" },
	[TOKEN_POLICY_OWNER] = { "token.policy_owner", CELLA_QUESTION_MINE,
				 "every policy belongs to a pinned owner",
				 "pin the owner's key, or have its policy judged" },
	[TOKEN_POLICIES] = { "token.policies", CELLA_QUESTION_MINE,
			     "the expected policies judged, and no others",
			     "have the quote judged by the expected policies" },
	[TOKEN_VERDICT] = { "token.verdict", CELLA_QUESTION_GENUINE,
			    "whoever judged the quote accepted it",
			    "see the answers; ask the service why" },
	[TOKEN_GENUINE] = { "token.genuine", CELLA_QUESTION_GENUINE,
			    "the quote was found genuine", "see the token's checks" },
	[TOKEN_CURRENT] = { "token.current", CELLA_QUESTION_CURRENT,
			    "the platform was found current", "see the token's checks" },
	[TOKEN_MINE] = { "token.mine", CELLA_QUESTION_MINE,
			 "the workload was found to meet a policy",
			 "have the quote judged with a policy" },
	[TOKEN_FRESH] = { "token.fresh", CELLA_QUESTION_FRESH,
			  "the quote was found fresh",
			  "have the quote judged with a nonce" },
};

static void add_check(struct cella_token *t, enum token_check id,
		      enum cella_outcome outcome, const char *expected,
		      const char *actual)
{
	t->checks[t->num_checks++] = (struct cella_check){
		.id = defs[id].id,
		.question = defs[id].question,
		.outcome = outcome,
		.title = defs[id].title,
		.expected = expected,
		.actual = actual,
		.where = "token",
		.remedy = outcome == CELLA_CHECK_FAIL ? defs[id].remedy : NULL,
	};
}

static enum cella_outcome outcome_if(bool good)
{
	return good ? CELLA_CHECK_PASS : CELLA_CHECK_FAIL;
}

/* The weakest first; what is not known is none of them. */
static const char *const strengths[] = { "host", "tdx" };

static size_t rank_of(const char *strength)
{
	for (size_t i = 0; i < ARRAY_LEN(strengths); i++)
		if (strcmp(strengths[i], strength) == 0)
			return i + 1;
	return 0;
}

/* What a verification may leave out. */
static const uint32_t may_be_unasked = CELLA_ALLOW(CELLA_QUESTION_MINE) |
				       CELLA_ALLOW(CELLA_QUESTION_FRESH);

static enum cella_status check_expectations(const struct cella_token_expectations *e,
					    struct cella_error *err)
{
	if (e == NULL || e->size != sizeof *e)
		return error_set(err, CELLA_USAGE,
				 "token expectations: size is not that of the struct");
	if (e->keys == NULL || e->keys->num_items == 0)
		return error_set(err, CELLA_USAGE,
				 "token expectations: no key is pinned");
	if (e->audience == NULL || *e->audience == '\0')
		return error_set(err, CELLA_USAGE,
				 "token expectations: no audience is demanded");
	if (e->time_choice != CELLA_TIME_AT || e->time < 0 || e->time > TOKEN_TIME_MAX)
		return error_set(err, CELLA_USAGE,
				 "token expectations: no time is given");
	if ((e->allow_unasked & ~may_be_unasked) != 0)
		return error_set(err, CELLA_USAGE,
				 "token expectations: a question that is always asked");
	if (e->strength != NULL && rank_of(e->strength) == 0)
		return error_set(err, CELLA_USAGE,
				 "token expectations: strength: expected host or tdx, "
				 "found \"%.20s\"",
				 e->strength);
	for (size_t i = 0; i < e->num_policies; i++)
		if (e->policies == NULL || e->policies[i] == NULL)
			return error_set(err, CELLA_USAGE,
					 "token expectations: policy %zu is null", i);
	if (e->nonce_expect != CELLA_EXPECT_ANY &&
	    (e->nonce_expect != CELLA_EXPECT_EXACT || e->nonce.len == 0))
		return error_set(err, CELLA_USAGE,
				 "token expectations: nothing is said about the nonce");
	if (e->leeway_s < 0 || e->leeway_s > CELLA_TOKEN_LEEWAY_MAX_S)
		return error_set(err, CELLA_USAGE,
				 "token expectations: a leeway of 0 to %d seconds",
				 CELLA_TOKEN_LEEWAY_MAX_S);
	return CELLA_OK;
}

/* A key named by the header must be pinned; a token without a name may be any one's. */
static enum cella_status find_signer(const struct jws *jws, const struct cella_keys *keys,
				     const char **signer, struct cella_error *err)
{
	const char *const kid = json_string_value(json_object_get(jws->header, "kid"));

	for (size_t i = 0; i < keys->num_items; i++) {
		bool good = false;

		if (kid != NULL && strcmp(kid, keys->items[i].thumbprint) != 0)
			continue;
		TRY(jws_check(jws, keys->items[i].key, &good, err));
		if (good) {
			*signer = keys->items[i].thumbprint;
			return CELLA_OK;
		}
	}
	return CELLA_OK;
}

static void check_kind(struct cella_token *t, const struct jws *jws)
{
	const bool good = jws->type != NULL && strcmp(jws->type, TOKEN_TYPE) == 0;

	add_check(t, TOKEN_KIND, outcome_if(good), TOKEN_TYPE,
		  jws->type != NULL ? arena_copy(&t->arena, jws->type, strlen(jws->type))
				    : NULL);
}

static void check_time(struct cella_token *t, const struct cella_token_expectations *e)
{
	const struct token_claims *const c = &t->claims;
	char from[CIVIL_TEXT_LEN];
	char to[CIVIL_TEXT_LEN];
	char now[CIVIL_TEXT_LEN];
	const bool good = c->not_before <= e->time + e->leeway_s &&
			  c->issued_at <= e->time + e->leeway_s &&
			  e->time - e->leeway_s < c->expires &&
			  c->expires - c->issued_at <= CELLA_TOKEN_LIFETIME_MAX_S;

	add_check(t, TOKEN_TIME, outcome_if(good),
		  arena_text(&t->arena, "valid at %s", civil_format(e->time, now)),
		  arena_text(&t->arena, "valid from %s to %s",
			     civil_format(c->not_before, from),
			     civil_format(c->expires, to)));
}

static void check_nonce(struct cella_token *t, const struct cella_token_expectations *e)
{
	const char *const actual = t->claims.nonce;
	const char *expected;

	if (e->nonce_expect != CELLA_EXPECT_EXACT)
		return;
	expected = arena_hex(&t->arena, e->nonce);
	add_check(t, TOKEN_NONCE,
		  outcome_if(actual != NULL && strlen(actual) == strlen(expected) &&
			     bytes_equal_secret(actual, expected, strlen(expected))),
		  expected, actual);
}

static void check_root(struct cella_token *t, const struct cella_token_expectations *e)
{
	const char *const root = t->claims.root;
	bool good = root != NULL && strcmp(root, "intel") == 0;

	for (size_t i = 0; root != NULL && i < e->num_roots; i++)
		good = good || strcmp(root, e->roots[i]) == 0;
	add_check(t, TOKEN_ROOT, outcome_if(good),
		  e->num_roots == 0 ? "intel" : "intel, or a root that is named", root);
}

/*
 * As the root says; what the token claims can only lower it. A private root is a host's where
 * the token says so, and a simulated platform's otherwise.
 */
static size_t token_rank(const struct token_claims *c)
{
	const size_t claimed = c->strength != NULL ? rank_of(c->strength) : 0;
	size_t by_root;

	if (c->root == NULL)
		return 0;
	if (strcmp(c->root, "intel") == 0)
		return c->strength != NULL ? claimed : rank_of("tdx");
	by_root = rank_of("host");
	return claimed < by_root ? claimed : by_root;
}

static void check_strength(struct cella_token *t,
			   const struct cella_token_expectations *e)
{
	const size_t rank = token_rank(&t->claims);

	if (e->strength == NULL)
		return;
	add_check(t, TOKEN_STRENGTH, outcome_if(rank >= rank_of(e->strength)),
		  arena_text(&t->arena, "at least %s", e->strength),
		  rank > 0 ? strengths[rank - 1] : NULL);
}

static void check_policy_owners(struct cella_token *t,
				const struct cella_token_expectations *e)
{
	const size_t num = json_array_size(t->claims.policies);
	const char *stranger = num == 0 ? "the token tells of no policy" : NULL;

	if (e->policy_owners == NULL)
		return;
	for (size_t i = 0; i < num && stranger == NULL; i++) {
		const char *const owner = json_string_value(
			json_object_get(json_array_get(t->claims.policies, i), "owner"));

		if (owner == NULL)
			stranger = "a policy without an owner";
		else if (keys_find(e->policy_owners, owner) == NULL)
			stranger = owner;
	}
	add_check(t, TOKEN_POLICY_OWNER, outcome_if(stranger == NULL), NULL, stranger);
}

static void check_policies(struct cella_token *t,
			   const struct cella_token_expectations *e)
{
	const char *wrong = NULL;

	if (e->num_policies == 0)
		return;
	wrong = token_other_policy(t->claims.policies, e->policies, e->num_policies);
	add_check(t, TOKEN_POLICIES, outcome_if(wrong == NULL),
		  arena_text(&t->arena, "%zu policies", e->num_policies),
		  wrong == NULL ? NULL : arena_copy(&t->arena, wrong, strlen(wrong)));
}

/* "no: td.debug tcb.status" */
static const char *answer_text(struct cella_token *t, int question,
			       enum cella_answer answer)
{
	const json_t *const reasons =
		json_object_get(t->claims.reasons, cella_question_name(question));
	const char *text = cella_answer_name(answer);

	for (size_t i = 0; i < json_array_size(reasons); i++) {
		const char *const id = json_string_value(json_array_get(reasons, i));

		if (id != NULL)
			text = arena_text(&t->arena, "%s%s %s", text, i == 0 ? ":" : "",
					  id);
	}
	return text;
}

static void check_answers(struct cella_token *t, const struct cella_token_expectations *e)
{
	for (int q = 0; q < CELLA_QUESTION_COUNT; q++) {
		const bool is_optional = (e->allow_unasked & CELLA_ALLOW(q)) != 0;
		enum cella_answer answer = CELLA_ANSWER_NO;
		const bool is_known =
			token_answer(&t->claims, (enum cella_question)q, &answer);

		add_check(t, (enum token_check)(TOKEN_GENUINE + q),
			  outcome_if(is_known &&
				     (answer == CELLA_ANSWER_YES ||
				      (answer == CELLA_ANSWER_NOT_ASKED && is_optional))),
			  is_optional ? "yes, or not asked" : "yes",
			  is_known ? answer_text(t, q, answer) : "no such answer");
	}
}

static void check_claims(struct cella_token *t, const struct cella_token_expectations *e)
{
	const struct token_claims *const c = &t->claims;

	if (e->issuer != NULL)
		add_check(t, TOKEN_ISSUER, outcome_if(strcmp(c->issuer, e->issuer) == 0),
			  arena_copy(&t->arena, e->issuer, strlen(e->issuer)), c->issuer);
	add_check(t, TOKEN_AUDIENCE, outcome_if(strcmp(c->audience, e->audience) == 0),
		  arena_copy(&t->arena, e->audience, strlen(e->audience)), c->audience);
	check_time(t, e);
	check_nonce(t, e);
	check_root(t, e);
	check_strength(t, e);
	check_policy_owners(t, e);
	check_policies(t, e);
	add_check(t, TOKEN_VERDICT,
		  outcome_if(strcmp(c->verdict, cella_result_name(CELLA_ACCEPTED)) == 0),
		  cella_result_name(CELLA_ACCEPTED), c->verdict);
	check_answers(t, e);
}

static bool is_authentic(const struct cella_token *t)
{
	return t->checks[TOKEN_SIGNATURE].outcome == CELLA_CHECK_PASS &&
	       t->checks[TOKEN_KIND].outcome == CELLA_CHECK_PASS;
}

static enum cella_result draw_result(const struct cella_token *t)
{
	/* Claims were read, and the checks of the four answers made, only then. */
	bool good = is_authentic(t);

	for (size_t i = 0; i < t->num_checks; i++)
		good = good && t->checks[i].outcome == CELLA_CHECK_PASS;
	return good ? CELLA_ACCEPTED : CELLA_REJECTED;
}

static enum cella_status check_token(struct cella_token *t, const struct jws *jws,
				     const struct cella_token_expectations *e,
				     struct cella_error *err)
{
	const char *signer = NULL;

	TRY(json_parse(jws->payload, "token", &t->payload, err));
	t->payload_text = strndup((const char *)jws->payload.data, jws->payload.len);
	if (t->payload_text == NULL)
		return error_nomem(err);
	TRY(find_signer(jws, e->keys, &signer, err));
	add_check(t, TOKEN_SIGNATURE, outcome_if(signer != NULL), NULL,
		  signer != NULL ? signer : "no pinned key signed it");
	check_kind(t, jws);
	if (is_authentic(t)) {
		TRY(token_claims_read(t->payload, &t->claims, err));
		check_claims(t, e);
	}
	TRY(arena_status(&t->arena, err));
	t->result = draw_result(t);
	return CELLA_OK;
}

enum cella_status cella_token_verify(const void *text, size_t len,
				     const struct cella_token_expectations *expectations,
				     struct cella_token **out, struct cella_error *err)
{
	struct jws jws CLEANUP(jws_cleanup) = { 0 };
	struct cella_token *token;
	enum cella_status status;

	TRY(check_expectations(expectations, err));
	TRY(jws_parse(text_trim(bytes_of(text, len)), JWS_KEY_REFUSED, "token", &jws,
		      err));
	token = calloc(1, sizeof *token);
	if (token == NULL)
		return error_nomem(err);
	status = check_token(token, &jws, expectations, err);
	if (status != CELLA_OK) {
		cella_token_free(token);
		return status;
	}
	*out = token;
	return CELLA_OK;
}

void cella_token_free(struct cella_token *token)
{
	if (token == NULL)
		return;
	arena_done(&token->arena);
	json_decref(token->payload);
	free(token->payload_text);
	free(token);
}

enum cella_result cella_token_result(const struct cella_token *token)
{
	return token->result;
}

size_t cella_token_num_checks(const struct cella_token *token)
{
	return token->num_checks;
}

const struct cella_check *cella_token_check(const struct cella_token *token, size_t index)
{
	return index < token->num_checks ? &token->checks[index] : NULL;
}

const char *cella_token_payload(const struct cella_token *token)
{
	return token->payload_text;
}

/* The claim; 0 when it is none of the three numbers. */
static int told_result(const struct cella_token *token)
{
	const json_t *const result = json_object_get(
		token_result(token->claims.appraisal_result), "overall_appraisal_result");
	const json_int_t number = json_integer_value(result);

	return number == 1 || number == -1 ? (int)number : 0;
}

int cella_token_overall_result(const struct cella_token *token)
{
	return token->result == CELLA_ACCEPTED ? told_result(token) : 0;
}

enum cella_status cella_token_appraisal_result(const struct cella_token *token,
					       char **text, struct cella_error *err)
{
	if (!is_authentic(token))
		return error_set(
			err, CELLA_USAGE,
			"token: appraisal_result: nobody who is pinned signed it");
	if (token->result != CELLA_ACCEPTED && told_result(token) == 1)
		return error_set(err, CELLA_USAGE,
				 "token: appraisal_result: says yes, but the token was "
				 "refused");
	return json_write(token->claims.appraisal_result, false, text, err);
}
