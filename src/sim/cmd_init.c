/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-sim init: a new platform.
 */
#include "sim/commands.h"

#include "base/encode.h"
#include "fetch/files.h"
#include "sim/collateral.h"

#include <stdio.h>
#include <string.h>

struct init_args {
	struct common_args common;
	const char *name;
	const char *fmspc;
	const char *pce_id;
	const char *ca;
	const char *components;
	const char *tee_tcb_svn;
	struct moment pce_svn;
	struct moment qe_svn;
	struct moment time;
};

#define ARG(member) offsetof(struct init_args, member)
static const struct option_def options[] = {
	{ "name", 0, "NAME", OPTION_TEXT, ARG(name),
	  "a name, which becomes part of the certificates' organisation" },
	{ "fmspc", 0, "HEX", OPTION_TEXT, ARG(fmspc),
	  "the family of platforms, 6 bytes (ce11a0000000)" },
	{ "pce-id", 0, "HEX", OPTION_TEXT, ARG(pce_id), "the PCE's id, 2 bytes (0000)" },
	{ "ca", 0, "platform|processor", OPTION_TEXT, ARG(ca),
	  "the authority that certifies it (platform)" },
	{ "components", 0, "HEX", OPTION_TEXT, ARG(components),
	  "the SVNs of the registered TCB, 16 bytes" },
	{ "pce-svn", 0, "NUMBER", OPTION_NUMBER, ARG(pce_svn), "the PCE's SVN (13)" },
	{ "tee-tcb-svn", 0, "HEX", OPTION_TEXT, ARG(tee_tcb_svn),
	  "the TDX module's SVNs, 16 bytes: minor, major, loader, …" },
	{ "qe-svn", 0, "NUMBER", OPTION_NUMBER, ARG(qe_svn),
	  "the SVN of both quoting enclaves" },
	{ "time", 't', "TIME", OPTION_TIME, ARG(time),
	  "be made at this time instead of now" },
	COMMON_OPTIONS,
};

static enum cella_status read_hex(const char *text, uint8_t *out, size_t len,
				  const char *name, struct cella_error *err)
{
	enum cella_status status;

	if (text == NULL)
		return CELLA_OK;
	status = hex_read(bytes_of(text, strlen(text)), out, len, name, err);
	if (status != CELLA_MALFORMED)
		return status;
	err->status = CELLA_USAGE;
	return CELLA_USAGE;
}

static enum cella_status read_u16(const struct moment *number, uint16_t *out,
				  const char *name, struct cella_error *err)
{
	if (!number->is_set)
		return CELLA_OK;
	if (number->value > UINT16_MAX - 1)
		return error_set(err, CELLA_USAGE, "%s: at most %d", name,
				 UINT16_MAX - 1);
	*out = (uint16_t)number->value;
	return CELLA_OK;
}

static enum cella_status configure(const struct init_args *args,
				   struct sim_config *config, struct cella_error *err)
{
	sim_config_init(config, time_or_now(&args->time));
	if (args->name != NULL)
		config->name = args->name;
	if (args->ca != NULL)
		config->ca = args->ca;
	TRY(read_hex(args->fmspc, config->fmspc, FMSPC_LEN, "--fmspc", err));
	TRY(read_hex(args->pce_id, config->pce_id, PCE_ID_LEN, "--pce-id", err));
	TRY(read_hex(args->components, config->components, TCB_COMPONENTS, "--components",
		     err));
	TRY(read_u16(&args->pce_svn, &config->pce_svn, "--pce-svn", err));
	TRY(read_u16(&args->qe_svn, &config->qe_isv_svn, "--qe-svn", err));
	return read_u16(&args->qe_svn, &config->td_qe_isv_svn, "--qe-svn", err);
}

static enum cella_status set_tee_tcb_svn(const char *text, struct sim_platform *platform,
					 struct cella_error *err)
{
	static const char *const fields[] = { "tee_tcb_svn", "tee_tcb_svn2" };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		size_t len = 0;
		uint8_t *const field = sim_field(&td_body_15ex_layout, platform->td_body,
						 fields[i], &len);

		TRY(read_hex(text, field, len, "--tee-tcb-svn", err));
	}
	return CELLA_OK;
}

/* The authorities' first revocation lists, for whoever uses the platform's PKI directly. */
static enum cella_status save_lists(const struct sim_platform *platform, const char *dir,
				    struct cella_error *err)
{
	static const char *const names[SIM_NUM_CRLS] = {
		[SIM_ROOT_CRL] = "root.crl",
		[SIM_PCK_CRL] = "pck.crl",
	};
	struct sim_collateral made CLEANUP(sim_collateral_done) = { 0 };
	struct sim_collateral_spec spec;

	sim_collateral_spec_init(&spec, SIM_TDX, platform->config.created);
	TRY(sim_collateral_make(platform, &spec, &made, err));
	for (size_t i = 0; i < SIM_NUM_CRLS; i++) {
		struct out pem CLEANUP(out_done) = { 0 };
		char path[4096];

		pem_write(&pem, "X509 CRL", out_view(&made.crls[i].der));
		TRY(out_status(&pem, err));
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		TRY(file_write(path, out_view(&pem), 0644, err));
	}
	return CELLA_OK;
}

static enum cella_status init(const struct init_args *args, struct cella_error *err)
{
	const char *const dir = args->common.operands.items[0];
	struct sim_platform *platform CLEANUP(sim_platform_cleanup) = NULL;
	struct sim_config config;

	TRY(configure(args, &config, err));
	TRY(sim_platform_new(&config, NULL, &platform, err));
	TRY(set_tee_tcb_svn(args->tee_tcb_svn, platform, err));
	TRY(sim_platform_save(platform, dir, err));
	TRY(save_lists(platform, dir, err));
	note(&args->common,
	     "made a simulated platform in %s; trust it with --trust-root %s/root.pem",
	     dir, dir);
	return CELLA_OK;
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	return init(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command sim_cmd_init = {
	.name = "init",
	.operands = "DIR",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Make a simulated platform",
	.description =
		"Makes a root CA, a PCK CA, a TCB signing certificate, a PCK certificate and a\n"
		"quoting enclave's key, each with a key of its own, and writes them to DIR with\n"
		"the authorities' first revocation lists.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct init_args),
	.run = run,
};
