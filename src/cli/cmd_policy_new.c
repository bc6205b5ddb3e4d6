/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella policy new: a policy that a workload meets, from what is known of it.
 */
#include "cli/commands.h"

#include "cli/log_input.h"
#include "cli/policy_input.h"
#include "fetch/files.h"

#include <string.h>

struct new_args {
	struct common_args common;
	struct texts only;
	struct texts without;
	const char *description;
	bool platform;
	const char *event_log;
	const char *quote;
	const char *output;
};

#define ARG(member) offsetof(struct new_args, member)
static const struct option_def options[] = {
	{ "only", 0, "KEY", OPTION_TEXTS, ARG(only), "write this key and no other" },
	{ "without", 0, "KEY", OPTION_TEXTS, ARG(without), "leave this key out" },
	{ "description", 0, "TEXT", OPTION_TEXT, ARG(description),
	  "describe the workload in these words" },
	{ "platform", 0, NULL, OPTION_FLAG, ARG(platform),
	  "demand an up-to-date platform, too, without grace" },
	{ "eventlog", 0, "LOG", OPTION_TEXT, ARG(event_log),
	  "name the events in the TD's event log, too, register by register; evidence of "
	  "enclaves has its log with it" },
	{ "quote", 0, "FILE", OPTION_TEXT, ARG(quote), "the same as FILE" },
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write to this file instead of standard output" },
	COMMON_OPTIONS,
};

static enum cella_status write_new(const struct new_args *args, struct cella_error *err)
{
	struct subject subject CLEANUP(subject_done) = { 0 };
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;
	struct out line CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;
	const char *warning = NULL;
	struct cella_policy_draft draft = {
		.size = sizeof draft,
		.description = args->description,
		.only = args->only.items,
		.num_only = args->only.num_items,
		.without = args->without.items,
		.num_without = args->without.num_items,
		.with_platform = args->platform,
	};

	TRY(subject_read(args->quote != NULL ? args->quote
					     : args->common.operands.items[0],
			 &subject, err));
	draft.facts = subject_facts(&subject);
	if (args->event_log != NULL)
		TRY(event_log_read(args->event_log, &log, err));
	draft.event_log = log != NULL ? log : subject_event_log(&subject);
	TRY(cella_policy_write(&draft, &text, &warning, err));
	if (warning != NULL)
		note(&args->common, "warning: %s", warning);
	out_format(&line, "%s\n", text);
	TRY(out_status(&line, err));
	return file_write(args->output != NULL ? args->output : "-", out_view(&line),
			  0644, err);
}

static int run(const void *args)
{
	const struct new_args *const a = args;
	struct cella_error err = { 0 };

	if (a->only.num_items > 0 && a->without.num_items > 0)
		return usage(&cmd_policy_new, "--only excludes --without");
	if ((a->quote != NULL) == (a->common.operands.num_items > 0))
		return usage(&cmd_policy_new,
			     a->quote != NULL ? "--quote is FILE: give one of them"
					      : "FILE is missing");
	return write_new(a, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_policy_new = {
	.name = "policy new",
	.operands = "FILE",
	.min_operands = 0,
	.max_operands = 1,
	.summary = "Write a policy for the workload that a file describes",
	.description =
		"FILE is a quote, a TD report, an SGX report, or a signed SGX enclave. The policy\n"
		"names everything that identifies the workload, but not its report data. Values\n"
		"are written as Intel's tools write them: the last byte first.\n\n"
		"  cella policy new quote.dat --platform -o policy.json\n"
		"  cella policy new --quote quote.dat --eventlog CCEL -o policy.json",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct new_args),
	.run = run,
};
