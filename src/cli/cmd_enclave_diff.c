/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave diff: what two images measure differently.
 */
#include "cli/commands.h"

#include "cli/enclave_input.h"
#include "vm/image_diff.h"

#include <stdio.h>

struct diff_args {
	struct common_args common;
};

static const struct option_def options[] = { COMMON_OPTIONS };

static enum cella_status tell(const json_t *document, bool as_json,
			      struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	char *printed CLEANUP_FREE = NULL;

	if (as_json) {
		TRY(json_write(document, true, &printed, err));
		puts(printed);
		return CELLA_OK;
	}
	TRY(image_diff_text(document, &text, err));
	fwrite(text.data, 1, text.len, stdout);
	return CELLA_OK;
}

static enum cella_status diff(const struct diff_args *args, bool *same,
			      struct cella_error *err)
{
	const char *const *const paths = args->common.operands.items;
	struct out first CLEANUP(out_done) = { 0 };
	struct out second CLEANUP(out_done) = { 0 };
	json_t *document CLEANUP_JSON = NULL;
	struct eif a = { 0 };
	struct eif b = { 0 };

	TRY(enclave_read(paths[0], &first, &a, err));
	TRY(enclave_read(paths[1], &second, &b, err));
	TRY(image_diff(&a, &b, same, &document, err));
	return tell(document, args->common.json, err);
}

static int run(const void *args)
{
	struct cella_error err = { 0 };
	bool same = false;

	if (diff(args, &same, &err) != CELLA_OK)
		return fail(&err);
	return same ? EXIT_YES : EXIT_NO;
}

const struct command cmd_enclave_diff = {
	.name = "enclave diff",
	.operands = "IMAGE IMAGE",
	.min_operands = 2,
	.max_operands = 2,
	.summary = "Show what two enclave images measure differently, file by file",
	.description = "Exit status 1: they measure differently.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct diff_args),
	.run = run,
};
