/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-sim report: a TDREPORT of the simulated platform.
 */
#include "sim/commands.h"

#include "cli/binding.h"
#include "fetch/files.h"
#include "sim/body_args.h"
#include "sim/quote.h"

#include <string.h>

struct report_args {
	struct common_args common;
	struct binding_args binding;
	const char *output;
	struct moment version;
	bool debug;
	struct sim_td_args td;
};

#define ARG(member) offsetof(struct report_args, member)
static const struct option_def options[] = {
	{ "report-data", 'd', "HEX", OPTION_HEX, ARG(binding.report_data),
	  "carry this report data, padded with zeros at the end" },
	{ "data", 0, "FILE", OPTION_TEXT, ARG(binding.data),
	  "bind this file (its SHA-512)" },
	{ "nonce", 'n', "HEX", OPTION_HEX, ARG(binding.nonce),
	  "bind this nonce of 8 to 64 bytes" },
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write to this file instead of standard output" },
	{ "report-version", 0, "0|1|3", OPTION_NUMBER, ARG(version),
	  "0, 1 with a service TD's hash, or 3 with a TD's id (0)" },
	{ "debug", 0, NULL, OPTION_FLAG, ARG(debug), "of a debuggable TD" },
	SIM_TD_FIELDS(SIM_TD_OPTION) COMMON_OPTIONS,
};

static enum cella_status fill_body(const struct report_args *args,
				   uint8_t body[TD_BODY_15EX_LEN],
				   struct cella_error *err)
{
	const struct layout *const layout = &td_body_15ex_layout;
	bool is_bound = false;
	size_t len = 0;

	TRY(sim_td_args_apply(&args->td, layout, body, err));
	if (args->debug)
		sim_field(layout, body, "td_attributes", &len)[0] |= TD_ATTR_DEBUG;
	return binding_read(&args->binding, &is_bound,
			    sim_field(layout, body, "report_data", &len), err);
}

static enum cella_status report(const struct report_args *args, struct cella_error *err)
{
	struct sim_platform *platform CLEANUP(sim_platform_cleanup) = NULL;
	uint8_t body[TD_BODY_15EX_LEN];
	uint8_t bytes[TD_REPORT_LEN];

	TRY(sim_platform_load(args->common.operands.items[0], &platform, err));
	memcpy(body, platform->td_body, sizeof body);
	TRY(fill_body(args, body, err));
	if (args->version.value > UINT8_MAX)
		return error_set(err, CELLA_USAGE, "--report-version: 0, 1 or 3");
	TRY(sim_td_report(platform, body, (uint8_t)args->version.value, bytes, err));
	return file_write(args->output != NULL ? args->output : "-",
			  bytes_of(bytes, sizeof bytes), 0644, err);
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	return report(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command sim_cmd_report = {
	.name = "report",
	.operands = "DIR",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Make a TDREPORT of the platform in DIR",
	.description =
		"The report's two hashes are right; its MAC is one that no CPU would\n"
		"accept. 'cella report --parse' shows it, 'cella-sim quote --report'\n"
		"makes a quote of it.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct report_args),
	.run = run,
};
