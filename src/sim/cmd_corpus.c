/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-sim corpus: the forgeries.
 */
#include "sim/commands.h"

#include "sim/corpus.h"

struct corpus_args {
	struct common_args common;
};

static const struct option_def options[] = { COMMON_OPTIONS };

static int run(const void *args)
{
	const struct corpus_args *const corpus = args;
	const char *const dir = corpus->common.operands.items[0];
	struct cella_error err = { 0 };
	size_t num_cases = 0;

	if (sim_corpus_write(dir, &num_cases, &err) != CELLA_OK)
		return fail(&err);
	note(&corpus->common, "wrote %zu cases to %s", num_cases, dir);
	return EXIT_YES;
}

const struct command sim_cmd_corpus = {
	.name = "corpus",
	.operands = "DIR",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Write the corpus of forgeries into DIR",
	.description =
		"Each forgery is a directory with evidence, collateral, root and what a verifier\n"
		"must say of them; DIR/README.md tells more, DIR/index.json lists all. The cases\n"
		"are the same each time, made with new keys.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct corpus_args),
	.run = run,
};
