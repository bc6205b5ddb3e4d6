/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella verify: a quote, judged.
 */
#include "cli/commands.h"

#include "cli/binding.h"
#include "cli/collateral_input.h"
#include "cli/issue_token.h"
#include "cli/log_input.h"
#include "cli/policy_input.h"
#include "cli/policy_url.h"
#include "cli/trust.h"
#include "cli/vtpm_input.h"
#include "collateral/bundle.h"
#include "evidence/evidence.h"
#include "fetch/files.h"

#include <stdio.h>
#include <string.h>

enum { ROOT_FILE_MAX = 64 << 10 };

struct verify_args {
	struct common_args common;
	struct source_args source;
	struct texts collateral;
	const char *event_log;
	struct vtpm_args vtpm;
	struct binding_args binding;
	struct texts policies;
	struct texts policy_owners;
	const char *result_out;
	struct texts accept;
	struct moment grace;
	struct moment time;
	const char *trust_root;
	struct token_out_args token;
	bool strict;
	bool checks;
	bool explain;
};

#define ARG(member) offsetof(struct verify_args, member)
static const struct option_def options[] = {
	{ "collateral", 'c', "FILE|DIR|URL", OPTION_TEXTS, ARG(collateral),
	  "signed documents about the platform, or the service that has them" },
	{ "eventlog", 0, "LOG", OPTION_TEXT, ARG(event_log),
	  "the TD's event log: it must lead to the quote's registers" },
	{ "hcl-report", 0, "FILE", OPTION_TEXT, ARG(vtpm.hcl_report),
	  "the TD's HCL report (Azure): its vTPM judges with the quote" },
	{ "tpm-quote", 0, "FILE", OPTION_TEXT, ARG(vtpm.tpm_quote),
	  "the quote and the PCRs of that vTPM, as JSON; --nonce is its nonce" },
	{ "policy", 'p', "FILE|URL", OPTION_TEXTS, ARG(policies),
	  "demand what this policy demands, or a service's policies for the platform" },
	{ "policy-owner", 0, "KEYFILE", OPTION_TEXTS, ARG(policy_owners),
	  "pin a public key: policies must be signed by a pinned owner" },
	{ "report-data", 'd', "HEX", OPTION_HEX, ARG(binding.report_data),
	  "expect this report data, padded with zeros at the end" },
	{ "data", 0, "FILE", OPTION_TEXT, ARG(binding.data),
	  "expect report data that binds this file (its SHA-512)" },
	{ "nonce", 'n', "HEX", OPTION_HEX, ARG(binding.nonce),
	  "expect report data that binds this nonce of 8 to 64 bytes" },
	{ "accept", 0, "STATUS", OPTION_TEXTS, ARG(accept),
	  "accept this TCB status beside UpToDate" },
	{ "grace", 0, "DURATION", OPTION_DURATION, ARG(grace),
	  "accept collateral for so long after its expiry (30d, 12h)" },
	{ "time", 't', "TIME", OPTION_TIME, ARG(time),
	  "judge as of this time instead of now" },
	{ "trust-root", 0, "FILE", OPTION_TEXT, ARG(trust_root),
	  "trust this root certificate instead of Intel's" },
	{ "strict", 0, NULL, OPTION_FLAG, ARG(strict),
	  "refuse what is otherwise only reported" },
	{ "result-out", 0, "FILE", OPTION_TEXT, ARG(result_out),
	  "write the result in the shape of Intel's ('-': the verdict goes to standard error)" },
	{ "token-out", 0, "FILE", OPTION_TEXT, ARG(token.output),
	  "write the verdict as a signed token ('-' as above)" },
	{ "token-key", 0, "KEYFILE", OPTION_TEXT, ARG(token.key),
	  "sign the token with this private key (P-256 or P-384)" },
	{ "token-audience", 0, "TEXT", OPTION_TEXT, ARG(token.audience),
	  "say who is to believe the token" },
	{ "token-issuer", 0, "TEXT", OPTION_TEXT, ARG(token.issuer),
	  "say who issues the token instead of 'cella'" },
	{ "token-lifetime", 0, "DURATION", OPTION_DURATION, ARG(token.lifetime),
	  "let the token expire after so long instead of 5m" },
	{ "token-cnf", 0, NULL, OPTION_FLAG, ARG(token.confirm_key),
	  "confirm in the token the public key that --data names" },
	{ "checks", 0, NULL, OPTION_FLAG, ARG(checks), "show every check" },
	{ "explain", 0, NULL, OPTION_FLAG, ARG(explain),
	  "say why the TCB stands where it stands; with a second --collateral, what that "
	  "would change" },
	EDITION_OPTIONS(ARG(source)),
	SOURCE_OPTIONS(ARG(source)),
	COMMON_OPTIONS,
};

/* Everything that a verification reads from files. */
struct inputs {
	struct cella_evidence *evidence;
	struct cella_collateral *collateral;
	struct cella_collateral *other; /* to compare with */
	struct cella_event_log *event_log;
	struct cella_vtpm *vtpm;
	struct out nonce; /* of the vTPM */
	struct policy_inputs policies;
	struct out root;
};

static void inputs_done(struct inputs *inputs)
{
	cella_evidence_unref(inputs->evidence);
	cella_collateral_unref(inputs->collateral);
	cella_collateral_unref(inputs->other);
	cella_event_log_unref(inputs->event_log);
	cella_vtpm_unref(inputs->vtpm);
	out_done(&inputs->nonce);
	policies_done(&inputs->policies);
	out_done(&inputs->root);
}

static enum cella_status expected_report_data(const struct verify_args *args,
					      struct cella_verify_options *out,
					      struct cella_error *err)
{
	bool is_given = false;

	TRY(binding_read(&args->binding, &is_given, out->report_data, err));
	out->report_data_expect = is_given ? CELLA_EXPECT_EXACT : CELLA_EXPECT_ANY;
	return CELLA_OK;
}

static enum cella_status make_options(const struct verify_args *args,
				      struct inputs *inputs,
				      struct cella_verify_options *out,
				      struct cella_error *err)
{
	*out = (struct cella_verify_options){
		.size = sizeof *out,
		.time_choice = CELLA_TIME_AT,
		.time = time_or_now(&args->time),
		.root_choice = CELLA_ROOT_INTEL,
		.policy_expect = inputs->policies.num_policies > 0 ? CELLA_EXPECT_EXACT
								   : CELLA_EXPECT_ANY,
		.policies = inputs->policies.policies,
		.num_policies = inputs->policies.num_policies,
		.event_log = inputs->event_log,
		.grace_s = args->grace.value,
		.flags = args->strict ? CELLA_VERIFY_STRICT : 0,
	};
	TRY(inputs->vtpm != NULL
		    ? vtpm_expect(inputs->vtpm, &args->binding, &inputs->nonce, out, err)
		    : expected_report_data(args, out, err));
	TRY(accepted_read(&args->accept, &out->accept, err));
	if (args->trust_root == NULL)
		return CELLA_OK;
	TRY(file_read(args->trust_root, ROOT_FILE_MAX, &inputs->root, err));
	out->root_choice = CELLA_ROOT_GIVEN;
	out->root = out_view(&inputs->root);
	return CELLA_OK;
}

/* Policies are files or URLs; each is read, or all of it fails. */
static enum cella_status load_policies(const struct verify_args *args,
				       const struct collateral_input *input,
				       struct policy_inputs *out, struct cella_error *err)
{
	struct texts files = { .num_items = 0 };

	for (size_t i = 0; i < args->policies.num_items; i++)
		if (!url_is_one(args->policies.items[i]))
			files.items[files.num_items++] = args->policies.items[i];
	TRY(policies_read(&files, &args->policy_owners, out, err));
	for (size_t i = 0; i < args->policies.num_items; i++)
		if (url_is_one(args->policies.items[i]))
			TRY(policies_fetch(input, args->policies.items[i], out, err));
	return CELLA_OK;
}

static enum cella_status load(const struct verify_args *args, struct inputs *inputs,
			      struct cella_error *err)
{
	struct collateral_input input = { &args->common, &args->source, args->trust_root,
					  NULL };

	TRY(evidence_read(args->common.operands.items[0], &inputs->evidence, err));
	input.evidence = inputs->evidence;
	TRY(load_policies(args, &input, &inputs->policies, err));
	TRY(vtpm_read(&args->vtpm, &inputs->vtpm, err));
	if (args->event_log != NULL)
		TRY(event_log_read(args->event_log, &inputs->event_log, err));
	return CELLA_OK;
}

/* The last, since servers may be asked: not before all that was said has been read. */
static enum cella_status load_collateral(const struct verify_args *args,
					 struct inputs *inputs, struct cella_error *err)
{
	const struct collateral_input input = { &args->common, &args->source,
						args->trust_root, inputs->evidence };

	if (args->collateral.num_items > 0)
		TRY(collateral_read(&input, args->collateral.items[0],
				    &inputs->collateral, err));
	else
		collateral_find(&input, &inputs->collateral);
	if (args->collateral.num_items > 1)
		TRY(collateral_read(&input, args->collateral.items[1], &inputs->other,
				    err));
	return CELLA_OK;
}

static void tell_unasked(const struct common_args *common,
			 const struct cella_verdict *verdict)
{
	static const struct {
		enum cella_question question;
		const char *text;
	} rows[] = {
		{ CELLA_QUESTION_MINE, "not asked: whose workload this is (no policy)" },
		{ CELLA_QUESTION_FRESH,
		  "not asked: whether it is fresh (--nonce, --report-data or --data)" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (cella_verdict_answer(verdict, rows[i].question) ==
		    CELLA_ANSWER_NOT_ASKED)
			note(common, "%s", rows[i].text);
}

static enum cella_status print(const struct verify_args *args,
			       const struct cella_verdict *verdict, FILE *stream,
			       struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;
	const uint32_t flags =
		(stream == stdout && use_colour() ? CELLA_TEXT_COLOUR : 0) |
		(args->checks ? CELLA_TEXT_CHECKS : 0);

	if (args->common.json)
		TRY(cella_verdict_json(verdict, &text, err));
	else
		TRY(cella_verdict_text(verdict, flags, &text, err));
	fprintf(stream, "%s%s", text, args->common.json ? "\n" : "");
	return CELLA_OK;
}

static void verdict_cleanup(struct cella_verdict **verdict)
{
	cella_verdict_free(*verdict);
}

static enum cella_status print_explanation(const struct inputs *inputs,
					   const struct cella_verify_options *how,
					   const struct cella_verdict *verdict,
					   FILE *stream, struct cella_error *err)
{
	struct cella_verdict *other CLEANUP(verdict_cleanup) = NULL;
	char *text CLEANUP_FREE = NULL;

	if (inputs->other != NULL)
		TRY(cella_verify(inputs->evidence, inputs->other, how, &other, err));
	TRY(cella_verdict_explain(verdict, other, &text, err));
	fprintf(stream, "\n%s", text);
	return CELLA_OK;
}

static bool has_url(const struct texts *texts)
{
	for (size_t i = 0; i < texts->num_items; i++)
		if (url_is_one(texts->items[i]))
			return true;
	return false;
}

static bool is_stdout(const char *path)
{
	return path != NULL && strcmp(path, "-") == 0;
}

/* A result or a token that goes to standard output has it for itself. */
static enum cella_status tell(const struct verify_args *args, const struct inputs *inputs,
			      const struct cella_verify_options *how,
			      const struct cella_verdict *verdict,
			      struct cella_error *err)
{
	const bool is_taken = is_stdout(args->result_out) ||
			      is_stdout(args->token.output);
	FILE *const stream = is_taken ? stderr : stdout;

	if (is_taken && args->common.quiet)
		return CELLA_OK;
	TRY(print(args, verdict, stream, err));
	if (!args->explain || args->common.json)
		return CELLA_OK;
	return print_explanation(inputs, how, verdict, stream, err);
}

static enum cella_status check_usage(const struct verify_args *args,
				     struct cella_error *err)
{
	if (source_is_used(&args->source) && args->collateral.num_items > 0 &&
	    !has_url(&args->collateral) && !has_url(&args->policies))
		return error_set(err, CELLA_USAGE,
				 "options for fetching, but --collateral is a file");
	if (args->collateral.num_items > 2 ||
	    (args->collateral.num_items == 2 && (!args->explain || args->common.json)))
		return error_set(
			err, CELLA_USAGE,
			"--collateral: a second set is only compared with, by "
			"--explain as text; a directory holds several documents");
	if (args->policy_owners.num_items > 0 && args->policies.num_items == 0)
		return error_set(err, CELLA_USAGE, "--policy-owner needs --policy");
	if (is_stdout(args->result_out) && is_stdout(args->token.output))
		return error_set(err, CELLA_USAGE,
				 "standard output is for --result-out or for "
				 "--token-out, not for both");
	return token_args_check(&args->token, &args->binding, err);
}

static enum cella_status judge(const struct verify_args *args,
			       const struct inputs *inputs,
			       const struct cella_verify_options *how,
			       struct cella_verdict **out, struct cella_error *err)
{
	const enum cella_status status =
		cella_verify(inputs->evidence, inputs->collateral, how, out, err);

	if (status != CELLA_OK && args->trust_root != NULL &&
	    strncmp(err->text, "trust root", strlen("trust root")) == 0)
		error_prefix(err, "%s", args->trust_root);
	return status;
}

static enum cella_status verify(const struct verify_args *args, enum cella_result *result,
				struct cella_error *err)
{
	struct inputs inputs CLEANUP(inputs_done) = { 0 };
	struct cella_verdict *verdict CLEANUP(verdict_cleanup) = NULL;
	struct cella_verify_options how;

	TRY(check_usage(args, err));
	TRY(load(args, &inputs, err));
	TRY(make_options(args, &inputs, &how, err));
	TRY(load_collateral(args, &inputs, err));
	TRY(judge(args, &inputs, &how, &verdict, err));
	*result = cella_verdict_result(verdict);
	if (args->token.output != NULL)
		TRY(token_issue(&args->token, &args->binding, verdict, err));
	if (args->result_out != NULL)
		TRY(result_write(args->result_out, verdict, err));
	TRY(tell(args, &inputs, &how, verdict, err));
	tell_unasked(&args->common, verdict);
	return CELLA_OK;
}

static int run(const void *args)
{
	static const int codes[] = {
		[CELLA_REJECTED] = EXIT_NO,
		[CELLA_ACCEPTED] = EXIT_YES,
		[CELLA_UNDECIDED] = EXIT_UNDECIDED,
	};
	struct cella_error err = { 0 };
	enum cella_result result = CELLA_REJECTED;

	return verify(args, &result, &err) == CELLA_OK ? codes[result] : fail(&err);
}

const struct command cmd_verify = {
	.name = "verify",
	.operands = "QUOTE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Judge a quote: genuine, current, mine, fresh",
	.description =
		"Answers four questions. 'genuine' and 'current' are always asked; 'mine' needs a\n"
		"policy, 'fresh' an expectation of the report data. Without collateral no answer\n"
		"is yes.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct verify_args),
	.run = run,
};
