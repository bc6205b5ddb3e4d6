/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-sim quote: a quote of the simulated platform.
 */
#include "sim/commands.h"

#include "cli/binding.h"
#include "fetch/files.h"
#include "sim/body_args.h"
#include "sim/quote.h"

#include <string.h>

static const struct {
	const char *name;
	uint16_t version;
	enum quote_body body;
} kinds[] = {
	{ "tdx-v4", 4, QUOTE_BODY_TD_10 },
	{ "tdx-v5", 5, QUOTE_BODY_TD_15 },
	{ "tdx-v5-td10", 5, QUOTE_BODY_TD_10 },
	{ "tdx-v5-td15ex", 5, QUOTE_BODY_TD_15EX },
	{ "sgx-v3", 3, QUOTE_BODY_SGX },
	{ "sgx-v4", 4, QUOTE_BODY_SGX },
	{ "sgx-v5", 5, QUOTE_BODY_SGX },
};

struct quote_args {
	struct common_args common;
	struct binding_args binding;
	const char *output;
	const char *kind;
	const char *report;
	bool debug;
	bool relaunch;
	struct moment cert_data;
	struct texts auth_data;
	struct moment qe_svn;
	struct sim_td_args td;
	struct sim_enclave_args enclave;
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
	{ "kind", 'k', "KIND", OPTION_TEXT, ARG(kind),
	  "tdx-v4 (default), tdx-v5, tdx-v5-td10, tdx-v5-td15ex, sgx-v3, sgx-v4, sgx-v5" },
	{ "report", 0, "FILE", OPTION_TEXT, ARG(report),
	  "quote this TDREPORT, which chooses the kind" },
	{ "debug", 0, NULL, OPTION_FLAG, ARG(debug), "of a debuggable TD or enclave" },
	{ "relaunch", 0, NULL, OPTION_FLAG, ARG(relaunch),
	  "of a TD launched on the TDX module before the present one" },
	{ "cert-data", 0, "TYPE", OPTION_NUMBER, ARG(cert_data),
	  "certification data of this type: 1 to 4, or 5, a chain (default)" },
	{ "auth-data", 0, "HEX", OPTION_HEX, ARG(auth_data),
	  "the quoting enclave's authentication data" },
	{ "qe-svn", 0, "NUMBER", OPTION_NUMBER, ARG(qe_svn),
	  "the quoting enclave's SVN" },
	SIM_TD_FIELDS(SIM_TD_OPTION) SIM_ENCLAVE_FIELDS(SIM_ENCLAVE_OPTION)
		COMMON_OPTIONS,
};

static enum cella_status start_kind(const struct quote_args *args,
				    const struct sim_platform *platform,
				    struct sim_quote *quote, struct cella_error *err)
{
	const char *const name = args->kind != NULL ? args->kind : kinds[0].name;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return sim_quote_init(platform, kinds[i].version, kinds[i].body,
					      quote, err);
	return error_set(err, CELLA_USAGE, "--kind: there is no kind \"%.40s\"", name);
}

static enum cella_status start(const struct quote_args *args,
			       const struct sim_platform *platform,
			       struct sim_quote *quote, struct cella_error *err)
{
	struct out report CLEANUP(out_done) = { 0 };

	if (args->report == NULL)
		return start_kind(args, platform, quote, err);
	if (args->kind != NULL)
		return error_set(err, CELLA_USAGE, "--report chooses the kind itself");
	TRY(file_read(args->report, TD_REPORT_LEN, &report, err));
	return sim_quote_init_report(platform, out_view(&report), quote, err);
}

static bool is_td(const struct sim_quote *quote)
{
	return quote->body_layout != &sgx_report_layout;
}

static void set_debug(struct sim_quote *quote)
{
	size_t len = 0;
	uint8_t *const attributes = sim_quote_body_field(
		quote, is_td(quote) ? "td_attributes" : "attributes", &len);

	attributes[0] |= is_td(quote) ? TD_ATTR_DEBUG : SGX_ATTR_DEBUG;
}

static enum cella_status set_relaunch(struct sim_quote *quote, struct cella_error *err)
{
	size_t len = 0;
	uint8_t *svn;

	if (quote->body_layout != &td_body_15_layout &&
	    quote->body_layout != &td_body_15ex_layout)
		return error_set(err, CELLA_USAGE,
				 "--relaunch needs --kind tdx-v5 or tdx-v5-td15ex");
	svn = sim_quote_body_field(quote, "tee_tcb_svn", &len);
	if (svn[0] == 0)
		return error_set(err, CELLA_USAGE,
				 "--relaunch: no module came before the present one");
	svn[0]--;
	return CELLA_OK;
}

static enum cella_status set_qe(const struct quote_args *args,
				const struct sim_platform *platform,
				struct sim_quote *quote, struct cella_error *err)
{
	struct out auth CLEANUP(out_done) = { 0 };
	size_t len = 0;

	if (args->qe_svn.is_set) {
		uint8_t *const svn =
			sim_field(&sgx_report_layout, quote->qe_report, "isv_svn", &len);

		svn[0] = (uint8_t)args->qe_svn.value;
		svn[1] = (uint8_t)(args->qe_svn.value >> 8);
	}
	if (args->auth_data.num_items > 0) {
		TRY(hex_args_read(&args->auth_data, "--auth-data", &auth, err));
		if (auth.len > SIM_AUTH_DATA_MAX)
			return error_set(err, CELLA_USAGE,
					 "--auth-data: at most %d bytes",
					 SIM_AUTH_DATA_MAX);
		memcpy(quote->auth_data, auth.data, auth.len);
		quote->auth_data_len = auth.len;
	}
	if (!args->cert_data.is_set)
		return CELLA_OK;
	return sim_quote_set_cert_data(quote, platform,
				       (enum cert_data_type)args->cert_data.value, err);
}

static enum cella_status set_body(const struct quote_args *args, struct sim_quote *quote,
				  struct cella_error *err)
{
	bool is_bound = false;
	uint8_t report_data[CELLA_REPORT_DATA_LEN];
	size_t len = 0;

	TRY(sim_td_args_apply(&args->td, quote->body_layout, quote->body, err));
	TRY(sim_enclave_args_apply(&args->enclave, quote->body_layout, quote->body, err));
	if (args->debug)
		set_debug(quote);
	if (args->relaunch)
		TRY(set_relaunch(quote, err));
	TRY(binding_read(&args->binding, &is_bound, report_data, err));
	if (is_bound)
		memcpy(sim_quote_body_field(quote, "report_data", &len), report_data,
		       sizeof report_data);
	return CELLA_OK;
}

static enum cella_status quote(const struct quote_args *args, struct cella_error *err)
{
	struct sim_platform *platform CLEANUP(sim_platform_cleanup) = NULL;
	struct sim_quote made CLEANUP(sim_quote_done) = { 0 };
	struct out bytes CLEANUP(out_done) = { 0 };

	TRY(sim_platform_load(args->common.operands.items[0], &platform, err));
	TRY(start(args, platform, &made, err));
	TRY(set_body(args, &made, err));
	TRY(set_qe(args, platform, &made, err));
	TRY(sim_quote_finish(&made, &bytes, err));
	return file_write(args->output != NULL ? args->output : "-", out_view(&bytes),
			  0644, err);
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	return quote(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command sim_cmd_quote = {
	.name = "quote",
	.operands = "DIR",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Make a quote of the platform in DIR",
	.description =
		"The quote verifies to DIR/root.pem, with collateral from 'cella-sim collateral'.\n"
		"Byte strings are in wire order, the order in which 'cella inspect' shows them.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct quote_args),
	.run = run,
};
