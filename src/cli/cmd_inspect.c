/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella inspect: what a file says, field by field.
 */
#include "cli/commands.h"

#include "evidence/evidence.h"
#include "fetch/files.h"

#include <stdio.h>

struct inspect_args {
	struct common_args common;
};

static const struct option_def options[] = { COMMON_OPTIONS };

static enum cella_status inspect(const struct inspect_args *args, struct cella_error *err)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
	char *text CLEANUP_FREE = NULL;

	TRY(file_read(args->common.operands.items[0], CELLA_EVIDENCE_MAX, &bytes, err));
	TRY(cella_evidence_parse(bytes.data, bytes.len, &evidence, err));
	TRY(cella_evidence_describe(evidence, args->common.json, &text, err));
	fputs(text, stdout);
	if (args->common.json)
		fputc('\n', stdout);
	return CELLA_OK;
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	return inspect(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_inspect = {
	.name = "inspect",
	.operands = "FILE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Show what a file says, field by field",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct inspect_args),
	.run = run,
};
