/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella token verify|show|replay: verdicts that somebody signed.
 */
#include "cli/commands.h"

#include <cella/token.h>

#include "cli/binding.h"
#include "cli/log_input.h"
#include "cli/policy_input.h"
#include "cli/vtpm_input.h"
#include "evidence/evidence.h"
#include "fetch/files.h"

#include <stdio.h>
#include <string.h>

enum { TOKEN_FILE_MAX = 4 << 20 };

struct token_args {
	struct common_args common;
	struct texts keys;
	const char *audience;
	const char *issuer;
	struct binding_args binding;
	struct texts allow_unasked;
	struct texts roots;
	const char *strength;
	struct texts policy_owners;
	struct moment time;
	struct moment leeway;
	const char *quote;
	const char *event_log;
	struct vtpm_args vtpm;
	const char *trust_root;
	struct texts policies;
};

#define ARG(member) offsetof(struct token_args, member)

static const char *token_path(const struct token_args *args)
{
	return args->common.operands.items[0];
}

/* --- show ---------------------------------------------------------------------------- */

static enum cella_status show(const struct token_args *args, struct cella_error *err)
{
	struct out token CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;

	TRY(file_read(token_path(args), TOKEN_FILE_MAX, &token, err));
	TRY(cella_token_decode(token.data, token.len, &text, err));
	puts(text);
	note(&args->common,
	     "decoded only: nothing was checked ('cella token verify' does)");
	return CELLA_OK;
}

static int run_show(const void *args)
{
	struct cella_error err = { 0 };

	return show(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

static const struct option_def show_options[] = { COMMON_OPTIONS };

const struct command cmd_token_show = {
	.name = "token show",
	.operands = "TOKEN",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Show what a token says, without believing it",
	.options = show_options,
	.num_options = ARRAY_LEN(show_options),
	.args_size = sizeof(struct token_args),
	.run = run_show,
};

/* --- verify -------------------------------------------------------------------------- */

static enum cella_status read_unasked(const struct texts *texts, uint32_t *out,
				      struct cella_error *err)
{
	for (size_t i = 0; i < texts->num_items; i++) {
		int q = 0;

		while (q < CELLA_QUESTION_COUNT &&
		       strcmp(cella_question_name((enum cella_question)q),
			      texts->items[i]) != 0)
			q++;
		if (q != CELLA_QUESTION_MINE && q != CELLA_QUESTION_FRESH)
			return error_set(err, CELLA_USAGE,
					 "--allow-unasked: mine or fresh, not \"%s\"",
					 texts->items[i]);
		*out |= CELLA_ALLOW(q);
	}
	return CELLA_OK;
}

static void token_cleanup(struct cella_token **token)
{
	cella_token_free(*token);
}

static void print_token(const struct cella_token *token)
{
	static const char *const words[] = { "FAIL", "ok", "?" };

	printf("%s\n\n",
	       cella_token_result(token) == CELLA_ACCEPTED ? "ACCEPTED" : "REJECTED");
	for (size_t i = 0; i < cella_token_num_checks(token); i++) {
		const struct cella_check *const c = cella_token_check(token, i);

		printf("  %-4s %-20s %s", words[c->outcome], c->id, c->title);
		/* An exception that was granted must not read like an answer. */
		if (c->outcome == CELLA_CHECK_PASS && c->actual != NULL &&
		    strcmp(c->actual, cella_answer_name(CELLA_ANSWER_NOT_ASKED)) == 0)
			printf(": not asked, as you allow");
		printf("\n");
		if (c->outcome == CELLA_CHECK_PASS)
			continue;
		if (c->expected != NULL)
			printf("      expected  %s\n", c->expected);
		printf("      found     %s\n", c->actual != NULL ? c->actual : "nothing");
		printf("      remedy    %s\n", c->remedy);
	}
}

static enum cella_status print_checked(const struct token_args *args,
				       const struct cella_token *token,
				       struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;

	if (!args->common.json) {
		print_token(token);
		return CELLA_OK;
	}
	TRY(cella_token_json(token, &text, err));
	puts(text);
	return CELLA_OK;
}

static enum cella_status check(const struct token_args *args, enum cella_result *result,
			       struct cella_error *err)
{
	struct cella_keys *keys CLEANUP(keys_cleanup) = NULL;
	struct cella_keys *owners CLEANUP(keys_cleanup) = NULL;
	struct cella_token *token CLEANUP(token_cleanup) = NULL;
	struct out bytes CLEANUP(out_done) = { 0 };
	struct out nonce CLEANUP(out_done) = { 0 };
	struct cella_token_expectations e = {
		.size = sizeof e,
		.audience = args->audience,
		.issuer = args->issuer,
		.time_choice = CELLA_TIME_AT,
		.time = time_or_now(&args->time),
		.leeway_s = args->leeway.value,
		.roots = args->roots.items,
		.num_roots = args->roots.num_items,
		.strength = args->strength,
	};

	if (args->audience == NULL || args->keys.num_items == 0)
		return error_set(
			err, CELLA_USAGE,
			"--audience and --key are needed: whom the token is for, "
			"and whose signature counts");
	TRY(read_unasked(&args->allow_unasked, &e.allow_unasked, err));
	TRY(keys_read(&args->keys, &keys, err));
	if (args->policy_owners.num_items > 0)
		TRY(keys_read(&args->policy_owners, &owners, err));
	TRY(hex_args_read(&args->binding.nonce, "--nonce", &nonce, err));
	e.keys = keys;
	e.policy_owners = owners;
	e.nonce_expect = nonce.len > 0 ? CELLA_EXPECT_EXACT : CELLA_EXPECT_ANY;
	e.nonce = out_view(&nonce);
	TRY(file_read(token_path(args), TOKEN_FILE_MAX, &bytes, err));
	TRY(cella_token_verify(bytes.data, bytes.len, &e, &token, err));
	*result = cella_token_result(token);
	if (nonce.len == 0)
		note(&args->common, "not asked: the token's nonce (--nonce)");
	return print_checked(args, token, err);
}

static int run_verify(const void *args)
{
	struct cella_error err = { 0 };
	enum cella_result result = CELLA_REJECTED;

	if (check(args, &result, &err) != CELLA_OK)
		return fail(&err);
	return result == CELLA_ACCEPTED ? EXIT_YES : EXIT_NO;
}

static const struct option_def verify_options[] = {
	{ "key", 'k', "FILE", OPTION_TEXTS, ARG(keys),
	  "pin the keys of this file: PEM, JWK or JWK set" },
	{ "audience", 'a', "TEXT", OPTION_TEXT, ARG(audience), "demand this audience" },
	{ "issuer", 0, "TEXT", OPTION_TEXT, ARG(issuer), "demand this issuer" },
	{ "nonce", 'n', "HEX", OPTION_HEX, ARG(binding.nonce), "demand this nonce" },
	{ "allow-unasked", 0, "QUESTION", OPTION_TEXTS, ARG(allow_unasked),
	  "accept that this question (mine, fresh) was not asked" },
	{ "root", 0, "NAME", OPTION_TEXTS, ARG(roots),
	  "accept this root (private:<hash>) beside intel" },
	{ "strength", 0, "host|tdx", OPTION_TEXT, ARG(strength),
	  "demand that what vouches is as strong as this, as its root says" },
	{ "policy-owner", 0, "FILE", OPTION_TEXTS, ARG(policy_owners),
	  "demand that every policy belongs to a key of this file" },
	{ "time", 't', "TIME", OPTION_TIME, ARG(time),
	  "check as of this time instead of now" },
	{ "leeway", 0, "DURATION", OPTION_DURATION, ARG(leeway),
	  "let clocks differ by so much, at most 5m" },
	COMMON_OPTIONS,
};

const struct command cmd_token_verify = {
	.name = "token verify",
	.operands = "TOKEN",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Check a result token with pinned keys",
	.description =
		"Demands four times yes: a question that was not asked counts as a no, unless\n"
		"--allow-unasked names it. Keys come from files only, never from the token.",
	.options = verify_options,
	.num_options = ARRAY_LEN(verify_options),
	.args_size = sizeof(struct token_args),
	.run = run_verify,
};

/* --- replay -------------------------------------------------------------------------- */

/* What is judged again, and by what. */
struct replay_inputs {
	struct cella_evidence *evidence;
	struct cella_event_log *log;
	struct cella_vtpm *vtpm;
	struct policy_inputs policies;
	struct out root;
	struct out nonce; /* of the vTPM */
};

static void replay_inputs_done(struct replay_inputs *inputs)
{
	cella_evidence_unref(inputs->evidence);
	cella_event_log_unref(inputs->log);
	cella_vtpm_unref(inputs->vtpm);
	policies_done(&inputs->policies);
	out_done(&inputs->root);
	out_done(&inputs->nonce);
}

/* What the options demand; time and tolerance are the token's. */
static enum cella_status make_options(const struct token_args *args,
				      struct replay_inputs *inputs,
				      struct cella_verify_options *out,
				      struct cella_error *err)
{
	const struct policy_inputs *const policies = &inputs->policies;
	bool is_bound = false;

	*out = (struct cella_verify_options){
		.size = sizeof *out,
		.root_choice = CELLA_ROOT_INTEL,
		.policy_expect = policies->num_policies > 0 ? CELLA_EXPECT_EXACT
							    : CELLA_EXPECT_ANY,
		.policies = policies->policies,
		.num_policies = policies->num_policies,
		.event_log = inputs->log,
	};
	if (inputs->vtpm != NULL) {
		TRY(vtpm_expect(inputs->vtpm, &args->binding, &inputs->nonce, out, err));
	} else {
		TRY(binding_read(&args->binding, &is_bound, out->report_data, err));
		out->report_data_expect = is_bound ? CELLA_EXPECT_EXACT
						   : CELLA_EXPECT_ANY;
	}
	if (args->trust_root == NULL)
		return CELLA_OK;
	TRY(file_read(args->trust_root, KEY_FILE_MAX, &inputs->root, err));
	out->root_choice = CELLA_ROOT_GIVEN;
	out->root = out_view(&inputs->root);
	return CELLA_OK;
}

static enum cella_status read_inputs(const struct token_args *args,
				     struct replay_inputs *out, struct cella_error *err)
{
	TRY(policies_read(&args->policies, &args->policy_owners, &out->policies, err));
	TRY(vtpm_read(&args->vtpm, &out->vtpm, err));
	if (args->event_log != NULL)
		TRY(event_log_read(args->event_log, &out->log, err));
	return evidence_read(args->quote, &out->evidence, err);
}

static void verdict_cleanup(struct cella_verdict **verdict)
{
	cella_verdict_free(*verdict);
}

static enum cella_status print_replayed(const struct token_args *args,
					const struct cella_verdict *verdict,
					const char *difference, struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;

	if (args->common.json)
		TRY(cella_verdict_json(verdict, &text, err));
	else
		TRY(cella_verdict_text(verdict, use_colour() ? CELLA_TEXT_COLOUR : 0,
				       &text, err));
	printf("%s%s", text, args->common.json ? "\n" : "");
	if (difference == NULL)
		note(&args->common, "the token says the same");
	else
		note(&args->common, "THE TOKEN SAYS SOMETHING ELSE: %s", difference);
	return CELLA_OK;
}

static enum cella_status replay(const struct token_args *args, const char **difference,
				struct cella_error *err)
{
	struct replay_inputs inputs CLEANUP(replay_inputs_done) = { 0 };
	struct cella_verdict *verdict CLEANUP(verdict_cleanup) = NULL;
	struct out token CLEANUP(out_done) = { 0 };
	struct cella_verify_options how;

	if (args->quote == NULL)
		return error_set(err, CELLA_USAGE, "token replay: --quote is needed");
	TRY(read_inputs(args, &inputs, err));
	TRY(make_options(args, &inputs, &how, err));
	TRY(file_read(token_path(args), TOKEN_FILE_MAX, &token, err));
	TRY(cella_token_replay(token.data, token.len, inputs.evidence, &how, difference,
			       &verdict, err));
	return print_replayed(args, verdict, *difference, err);
}

static int run_replay(const void *args)
{
	struct cella_error err = { 0 };
	const char *difference = NULL;

	if (replay(args, &difference, &err) != CELLA_OK)
		return fail(&err);
	return difference == NULL ? EXIT_YES : EXIT_NO;
}

static const struct option_def replay_options[] = {
	{ "quote", 0, "FILE", OPTION_TEXT, ARG(quote),
	  "the quote that the token is about" },
	{ "trust-root", 0, "FILE", OPTION_TEXT, ARG(trust_root),
	  "trust this root certificate instead of Intel's" },
	{ "policy", 'p', "FILE", OPTION_TEXTS, ARG(policies),
	  "judge with this policy again" },
	{ "policy-owner", 0, "FILE", OPTION_TEXTS, ARG(policy_owners),
	  "pin the owners of policies to the keys of this file" },
	{ "eventlog", 0, "LOG", OPTION_TEXT, ARG(event_log),
	  "the event log that it was judged with" },
	{ "hcl-report", 0, "FILE", OPTION_TEXT, ARG(vtpm.hcl_report),
	  "the HCL report that it was judged with" },
	{ "tpm-quote", 0, "FILE", OPTION_TEXT, ARG(vtpm.tpm_quote),
	  "the vTPM's quote that it was judged with; --nonce is its nonce" },
	{ "report-data", 'd', "HEX", OPTION_HEX, ARG(binding.report_data),
	  "expect this report data" },
	{ "data", 0, "FILE", OPTION_TEXT, ARG(binding.data),
	  "expect report data that binds this file" },
	{ "nonce", 'n', "HEX", OPTION_HEX, ARG(binding.nonce),
	  "expect report data that binds this nonce" },
	COMMON_OPTIONS,
};

const struct command cmd_token_replay = {
	.name = "token replay",
	.operands = "TOKEN",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Judge again, offline, what a token says",
	.description =
		"Takes the collateral out of the token and judges the quote with it, as of the\n"
		"token's time. Exit status 0: the token says what comes out again, whatever that\n"
		"is; 1: it says something else. The token's signature is not checked: 'token\n"
		"verify' does.",
	.options = replay_options,
	.num_options = ARRAY_LEN(replay_options),
	.args_size = sizeof(struct token_args),
	.run = run_replay,
};
