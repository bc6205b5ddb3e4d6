/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella policy explain: a policy in words, and what Intel's engines make of it.
 */
#include "cli/commands.h"

#include "cli/collateral_input.h"
#include "cli/policy_input.h"
#include "collateral/bundle.h"
#include "evidence/evidence.h"
#include "fetch/files.h"

#include <stdio.h>

enum { ROOT_FILE_MAX = 64 << 10 };

struct explain_args {
	struct common_args common;
	struct source_args source;
	struct texts owners;
	const char *evidence;
	const char *collateral;
	struct moment time;
	const char *trust_root;
};

#define ARG(member) offsetof(struct explain_args, member)
static const struct option_def options[] = {
	{ "policy-owner", 0, "KEYFILE", OPTION_TEXTS, ARG(owners),
	  "pin a public key of an owner" },
	{ "evidence", 'e', "QUOTE", OPTION_TEXT, ARG(evidence),
	  "say what the answers to this quote are" },
	{ "collateral", 'c', "FILE|DIR|URL", OPTION_TEXT, ARG(collateral),
	  "signed documents about the quote's platform, or the service that has them" },
	{ "time", 't', "TIME", OPTION_TIME, ARG(time),
	  "judge as of this time instead of now" },
	{ "trust-root", 0, "FILE", OPTION_TEXT, ARG(trust_root),
	  "trust this root certificate instead of Intel's" },
	EDITION_OPTIONS(ARG(source)),
	SOURCE_OPTIONS(ARG(source)),
	COMMON_OPTIONS,
};

static void verdict_cleanup(struct cella_verdict **verdict)
{
	cella_verdict_free(*verdict);
}

static enum cella_status judge(const struct explain_args *args,
			       struct policy_inputs *inputs, struct cella_verdict **out,
			       struct cella_error *err)
{
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
	struct cella_collateral *collateral CLEANUP(collateral_cleanup) = NULL;
	struct collateral_input input = { &args->common, &args->source, args->trust_root,
					  NULL };
	struct out root CLEANUP(out_done) = { 0 };
	struct cella_verify_options verify_options = {
		.size = sizeof verify_options,
		.time_choice = CELLA_TIME_AT,
		.time = time_or_now(&args->time),
		.root_choice = CELLA_ROOT_INTEL,
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_EXACT,
		.policies = inputs->policies,
		.num_policies = inputs->num_policies,
	};

	TRY(evidence_read(args->evidence, &evidence, err));
	input.evidence = evidence;
	if (args->collateral != NULL)
		TRY(collateral_read(&input, args->collateral, &collateral, err));
	else
		collateral_find(&input, &collateral);
	if (args->trust_root != NULL) {
		TRY(file_read(args->trust_root, ROOT_FILE_MAX, &root, err));
		verify_options.root_choice = CELLA_ROOT_GIVEN;
		verify_options.root = out_view(&root);
	}
	return cella_verify(evidence, collateral, &verify_options, out, err);
}

static enum cella_status explain(const struct explain_args *args, struct cella_error *err)
{
	struct policy_inputs inputs CLEANUP(policies_done) = { 0 };
	struct cella_verdict *verdict CLEANUP(verdict_cleanup) = NULL;
	char *text CLEANUP_FREE = NULL;

	TRY(policies_read(&args->common.operands, &args->owners, &inputs, err));
	if (args->evidence != NULL)
		TRY(judge(args, &inputs, &verdict, err));
	TRY(cella_policy_explain(inputs.policies[0], verdict, args->common.json, &text,
				 err));
	printf("%s%s", text, args->common.json ? "\n" : "");
	return CELLA_OK;
}

static int run(const void *args)
{
	const struct explain_args *const a = args;
	struct cella_error err = { 0 };

	if (a->evidence == NULL && (a->collateral != NULL || a->trust_root != NULL))
		return usage(&cmd_policy_explain, "--%s needs --evidence",
			     a->collateral != NULL ? "collateral" : "trust-root");
	if (source_is_used(&a->source) &&
	    (a->evidence == NULL ||
	     (a->collateral != NULL && !url_is_one(a->collateral))))
		return usage(&cmd_policy_explain, "options for fetching, but %s",
			     a->evidence == NULL ? "no --evidence to fetch for"
						 : "--collateral is a file");
	return explain(a, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_policy_explain = {
	.name = "policy explain",
	.operands = "POLICY",
	.min_operands = 1,
	.max_operands = 1,
	.summary =
		"Say in words what a policy demands, and what Intel's engines make of it",
	.description =
		"With a quote, the answers of cella and of three generations of Intel's appraisal\n"
		"engine (DCAP 1.20, 1.22, 2026) stand side by side.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct explain_args),
	.run = run,
};
