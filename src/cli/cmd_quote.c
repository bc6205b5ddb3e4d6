/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella quote: a quote of this machine, or of a simulated one.
 */
#include "cli/commands.h"

#include "base/encode.h"
#include "base/json.h"
#include "cli/collect_args.h"
#include "crypto/private_key.h"
#include "fetch/files.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct quote_args {
	struct common_args common;
	struct collect_args collect;
	const char *output;
};

#define ARG(member) offsetof(struct quote_args, member)
static const struct option_def options[] = {
	{ "report-data", 'd', "HEX", OPTION_HEX, ARG(collect.binding.report_data),
	  "carry this report data, padded with zeros at the end" },
	{ "data", 0, "FILE", OPTION_TEXT, ARG(collect.binding.data),
	  "bind this file (its SHA-512)" },
	{ "nonce", 'n', "HEX", OPTION_HEX, ARG(collect.binding.nonce),
	  "bind this nonce of 8 to 64 bytes" },
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write to this file instead of quote.dat; - is standard output" },
	COLLECT_OPTIONS(ARG(collect)),
	COMMON_OPTIONS,
};

/* Where the quote goes. */
static const char *target(const struct quote_args *args)
{
	return args->output != NULL ? args->output : "quote.dat";
}

static enum cella_status start_request(const struct quote_args *args,
				       struct collect_request *request,
				       struct cella_error *err)
{
	char hex[2 * REPORT_DATA_LEN + 1];

	TRY(collect_args_read(&args->collect, request, err));
	request->progress = args->common.quiet ? NULL : collect_progress;
	if (!request->is_bound) {
		note(&args->common,
		     "the quote binds nothing (--report-data, --data or --nonce): "
		     "its report data is random");
		TRY(random_bytes(request->report_data, REPORT_DATA_LEN, err));
		memcpy(request->nonce, request->report_data, REPORT_DATA_LEN);
		request->nonce_len = REPORT_DATA_LEN;
		return CELLA_OK;
	}
	if (args->collect.binding.data != NULL)
		note(&args->common, "%s is bound by its SHA-512: report data %s",
		     args->collect.binding.data,
		     hex_format(bytes_of(request->report_data, REPORT_DATA_LEN), hex));
	return CELLA_OK;
}

/* What a verifier needs beside the quote goes beside it. */
static enum cella_status write_extra(const struct quote_args *args,
				     const struct extra *extra, json_t *list,
				     struct cella_error *err)
{
	struct out path CLEANUP(out_done) = { 0 };

	if (extra->suffix == NULL)
		return CELLA_OK;
	if (strcmp(target(args), "-") == 0) {
		note(&args->common, "the %s that belongs to it is not kept: use -o FILE",
		     extra->suffix);
		return CELLA_OK;
	}
	out_format(&path, "%s.%s", target(args), extra->suffix);
	out_u8(&path, 0);
	TRY(out_status(&path, err));
	TRY(file_write((const char *)path.data, out_view(&extra->bytes), 0644, err));
	note(&args->common, "wrote the %s that belongs to it to %s", extra->suffix,
	     (const char *)path.data);
	return json_add(list, json_string((const char *)path.data), err);
}

static void note_binding(const struct quote_args *args, const struct collected *got,
			 const struct collect_request *request)
{
	char hex[2 * REPORT_DATA_LEN + 1];

	if (got->binds_extra)
		note(&args->common, "the platform chose the report data, %s: %s the %s",
		     hex_format(bytes_of(got->report_data, REPORT_DATA_LEN), hex),
		     request->is_bound ? "yours is user-data in" : "it is the hash of",
		     got->extras[0].suffix);
}

/* What was made by whom, and where it is. */
static enum cella_status describe(const struct quote_args *args, const char *provider,
				  const struct collected *got,
				  const struct collect_request *request, json_t *root,
				  struct cella_error *err)
{
	const uint8_t *const data = got->binds_extra ? got->report_data
						     : request->report_data;

	TRY(json_put(root, "provider", json_string(provider), err));
	TRY(json_put(root, "quote", json_string(target(args)), err));
	TRY(json_put(root, "len", json_integer((json_int_t)got->bytes.len), err));
	TRY(json_put(root, "requested_report_data",
		     json_hex(bytes_of(request->report_data, REPORT_DATA_LEN)), err));
	return json_put(root, "report_data", json_hex(bytes_of(data, REPORT_DATA_LEN)),
			err);
}

static enum cella_status write_quote(const struct quote_args *args, const char *provider,
				     const struct collected *got,
				     const struct collect_request *request,
				     struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	json_t *list;
	char *text CLEANUP_FREE = NULL;

	if (root == NULL)
		return error_nomem(err);
	TRY(describe(args, provider, got, request, root, err));
	list = json_array();
	TRY(json_put(root, "extras", list, err));
	TRY(file_write(target(args), out_view(&got->bytes), 0644, err));
	if (strcmp(target(args), "-") != 0)
		note(&args->common, "wrote the quote, made by %s, to %s", provider,
		     target(args));
	note_binding(args, got, request);
	for (size_t i = 0; i < EXTRAS_MAX; i++)
		TRY(write_extra(args, &got->extras[i], list, err));
	if (!args->common.json)
		return CELLA_OK;
	TRY(json_write(root, true, &text, err));
	puts(text);
	return CELLA_OK;
}

static enum cella_status quote(const struct quote_args *args, struct cella_error *err)
{
	struct collect_request request = { 0 };
	struct collected got CLEANUP(collected_done) = { 0 };
	struct attempts attempts;

	if (strcmp(target(args), "-") == 0 && isatty(STDOUT_FILENO))
		return error_set(
			err, CELLA_USAGE,
			"a quote is no text for a terminal: name a file with -o");
	if (strcmp(target(args), "-") == 0 && args->common.json)
		return error_set(
			err, CELLA_USAGE,
			"--json and the quote cannot both go to standard output");
	TRY(start_request(args, &request, err));
	TRY(collect_for_args(&args->collect, COLLECT_QUOTE, &request, &got, &attempts,
			     err));
	return write_quote(args, attempts.chosen, &got, &request, err);
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
