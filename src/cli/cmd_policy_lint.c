/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella policy lint: what is wrong with a policy that is well formed.
 */
#include "cli/commands.h"

#include "cli/policy_input.h"

#include <stdio.h>

struct lint_args {
	struct common_args common;
	const char *evidence;
	bool strict;
};

#define ARG(member) offsetof(struct lint_args, member)
static const struct option_def options[] = {
	{ "evidence", 'e', "FILE", OPTION_TEXT, ARG(evidence),
	  "compare with this quote, report or signed enclave" },
	{ "strict", 0, NULL, OPTION_FLAG, ARG(strict),
	  "let warnings count as errors in the exit status" },
	COMMON_OPTIONS,
};

static enum cella_status lint(const struct lint_args *args, int *exit_code,
			      struct cella_error *err)
{
	static const struct texts nobody = { 0 };
	struct policy_inputs inputs CLEANUP(policies_done) = { 0 };
	struct subject subject CLEANUP(subject_done) = { 0 };
	struct cella_policy_findings found = { 0 };
	char *text CLEANUP_FREE = NULL;

	TRY(policies_read(&args->common.operands, &nobody, &inputs, err));
	if (args->evidence != NULL)
		TRY(subject_read(args->evidence, &subject, err));
	TRY(cella_policy_lint(inputs.policies[0],
			      args->evidence != NULL ? subject_facts(&subject) : NULL,
			      args->common.json, &text, &found, err));
	printf("%s%s", text, args->common.json ? "\n" : "");
	*exit_code = found.num_errors > 0 || (args->strict && found.num_warnings > 0)
			     ? EXIT_NO
			     : EXIT_YES;
	return CELLA_OK;
}

static int run(const void *args)
{
	struct cella_error err = { 0 };
	int exit_code = EXIT_NO;

	return lint(args, &exit_code, &err) == CELLA_OK ? exit_code : fail(&err);
}

const struct command cmd_policy_lint = {
	.name = "policy lint",
	.operands = "POLICY",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Name what a policy says wrongly, in vain, or in the wrong byte order",
	.description = "Exit status: 0 no errors, 1 errors, 3 not a policy.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct lint_args),
	.run = run,
};
