/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella quote: a quote of this machine, or of a simulated one.
 */
#include "cli/commands.h"

#include "cli/binding.h"
#include "collect/collect.h"
#include "crypto/private_key.h"
#include "fetch/files.h"

#include <unistd.h>

struct quote_args {
	struct common_args common;
	struct binding_args binding;
	const char *output;
	const char *provider;
	const char *sim;
};

#define ARG(member) offsetof(struct quote_args, member)
static const struct option_def options[] = {
	{ "report-data", 'd', "HEX", OPTION_HEX, ARG(binding.report_data),
	  "carry this report data, padded with zeros at the end" },
	{ "data", 0, "FILE", OPTION_TEXT, ARG(binding.data),
	  "bind this file (its SHA-512)" },
	{ "nonce", 'n', "HEX", OPTION_HEX, ARG(binding.nonce),
	  "bind this nonce of 8 to 64 bytes" },
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write to this file instead of standard output" },
	{ "provider", 0, "NAME", OPTION_TEXT, ARG(provider),
	  "where the quote comes from: sim, a simulated platform" },
	{ "sim", 0, "DIR", OPTION_TEXT, ARG(sim),
	  "the simulated platform that 'cella sim init' made" },
	COMMON_OPTIONS,
};

static enum cella_status make_request(const struct quote_args *args,
				      struct collect_request *request,
				      struct cella_error *err)
{
	bool is_bound = false;

	request->sim_dir = args->sim;
	TRY(binding_read(&args->binding, &is_bound, request->report_data, err));
	if (is_bound)
		return CELLA_OK;
	note(&args->common, "the quote binds nothing (--report-data, --data or --nonce): "
			    "its report data is random");
	return random_bytes(request->report_data, sizeof request->report_data, err);
}

static enum cella_status quote(const struct quote_args *args, struct cella_error *err)
{
	struct collect_request request = { 0 };
	const struct provider *provider = NULL;
	struct out bytes CLEANUP(out_done) = { 0 };

	if (args->output == NULL && isatty(STDOUT_FILENO))
		return error_set(
			err, CELLA_USAGE,
			"a quote is no text for a terminal: name a file with -o");
	TRY(provider_find(args->provider, &provider, err));
	TRY(make_request(args, &request, err));
	TRY(provider->quote(&request, &bytes, err));
	return file_write(args->output != NULL ? args->output : "-", out_view(&bytes),
			  0644, err);
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	return quote(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_quote = {
	.name = "quote",
	.operands = "",
	.min_operands = 0,
	.max_operands = 0,
	.summary = "Make a quote",
	.description =
		"The quote's report data is what --report-data gives, or binds --data and\n"
		"--nonce as 'cella verify' expects it with the same options.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct quote_args),
	.run = run,
};
