/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-sim collateral: what the vendor's service would say of the simulated platform.
 */
#include "sim/commands.h"

#include "fetch/files.h"
#include "sim/collateral.h"

#include <string.h>

struct collateral_args {
	struct common_args common;
	const char *output;
	const char *directory;
	const char *tee;
	const char *standing;
	const char *module_standing;
	const char *qe_standing;
	struct texts advisories;
	struct moment evaluation_number;
	struct texts revoke;
	struct texts expire;
	bool pck_chain;
	struct moment time;
};

#define ARG(member) offsetof(struct collateral_args, member)
static const struct option_def options[] = {
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write one JSON object to this file instead of standard output" },
	{ "directory", 0, "DIR", OPTION_TEXT, ARG(directory),
	  "write raw responses of the service into this directory instead" },
	{ "tee", 0, "tdx|sgx", OPTION_TEXT, ARG(tee), "which TEE it is about (tdx)" },
	{ "standing", 0, "STATUS", OPTION_TEXT, ARG(standing),
	  "the TCB status that the platform shall have (UpToDate)" },
	{ "module-standing", 0, "STATUS", OPTION_TEXT, ARG(module_standing),
	  "the TDX module's: UpToDate, OutOfDate, Revoked or NotSupported" },
	{ "qe-standing", 0, "STATUS", OPTION_TEXT, ARG(qe_standing),
	  "the quoting enclave's, likewise" },
	{ "advisory", 0, "ID", OPTION_TEXTS, ARG(advisories),
	  "an advisory that applies to the platform" },
	{ "evaluation-number", 0, "NUMBER", OPTION_NUMBER, ARG(evaluation_number),
	  "the TCB evaluation data number (20)" },
	{ "revoke", 0, "pck|ca|signing", OPTION_TEXTS, ARG(revoke),
	  "revoke this certificate" },
	{ "expire", 0, "PART", OPTION_TEXTS, ARG(expire),
	  "let tcb-info, qe-identity, root-crl or pck-crl be expired" },
	{ "pck-chain", 0, NULL, OPTION_FLAG, ARG(pck_chain),
	  "add the PCK certificate's chain, for quotes that carry none" },
	{ "time", 't', "TIME", OPTION_TIME, ARG(time),
	  "be issued a day before this time instead of now" },
	COMMON_OPTIONS,
};

/* A word of a list; CELLA_USAGE when it is none of them. */
static enum cella_status find_word(const char *const *words, size_t num_words,
				   const char *word, const char *option, size_t *out,
				   struct cella_error *err)
{
	for (size_t i = 0; i < num_words; i++) {
		if (words[i] != NULL && strcmp(words[i], word) == 0) {
			*out = i;
			return CELLA_OK;
		}
	}
	return error_set(err, CELLA_USAGE, "%s: \"%.40s\" is not one of its words",
			 option, word);
}

static enum cella_status read_status(const char *name, const char *option,
				     bool is_component, enum cella_tcb_status *out,
				     struct cella_error *err)
{
	enum cella_tcb_status status;

	if (name == NULL)
		return CELLA_OK;
	status = cella_tcb_status_find(name);
	if (status == CELLA_TCB_NONE ||
	    (is_component && status != CELLA_TCB_UP_TO_DATE &&
	     status != CELLA_TCB_OUT_OF_DATE && status != CELLA_TCB_REVOKED &&
	     status != CELLA_TCB_NOT_SUPPORTED))
		return error_set(err, CELLA_USAGE,
				 "%s: \"%.60s\" is not a status that it can have", option,
				 name);
	*out = status;
	return CELLA_OK;
}

static enum cella_status read_standings(const struct collateral_args *args,
					struct sim_collateral_spec *spec,
					struct cella_error *err)
{
	TRY(read_status(args->standing, "--standing", false, &spec->platform, err));
	TRY(read_status(args->module_standing, "--module-standing", true, &spec->module,
			err));
	TRY(read_status(args->qe_standing, "--qe-standing", true, &spec->qe, err));
	if (args->advisories.num_items > SIM_MAX_ADVISORIES)
		return error_set(err, CELLA_USAGE, "--advisory: at most %d",
				 SIM_MAX_ADVISORIES);
	for (size_t i = 0; i < args->advisories.num_items; i++)
		spec->advisories[spec->num_advisories++] = args->advisories.items[i];
	for (size_t i = 0; args->evaluation_number.is_set && i < SIM_NUM_DOCUMENTS; i++)
		spec->evaluation_numbers[i] = (uint32_t)args->evaluation_number.value;
	return CELLA_OK;
}

static enum cella_status read_faults(const struct collateral_args *args,
				     struct sim_collateral_spec *spec,
				     struct cella_error *err)
{
	enum { HOUR = 3600, MONTH = 30 * 86400 };
	static const char *const revocable[SIM_NUM_CERTS] = {
		[SIM_CA] = "ca",
		[SIM_PCK] = "pck",
		[SIM_SIGNER] = "signing",
	};
	static const char *const dated[SIM_NUM_DATED] = {
		[SIM_TCB_INFO] = "tcb-info",
		[SIM_QE_IDENTITY] = "qe-identity",
		[SIM_NUM_DOCUMENTS + SIM_ROOT_CRL] = "root-crl",
		[SIM_NUM_DOCUMENTS + SIM_PCK_CRL] = "pck-crl",
	};
	size_t index = 0;

	for (size_t i = 0; i < args->revoke.num_items; i++) {
		TRY(find_word(revocable, ARRAY_LEN(revocable), args->revoke.items[i],
			      "--revoke", &index, err));
		spec->revoked[index] = true;
	}
	for (size_t i = 0; i < args->expire.num_items; i++) {
		TRY(find_word(dated, ARRAY_LEN(dated), args->expire.items[i], "--expire",
			      &index, err));
		spec->dates[index].to = spec->time - HOUR;
		spec->dates[index].from = spec->time - HOUR - MONTH;
	}
	return CELLA_OK;
}

static enum cella_status make_spec(const struct collateral_args *args,
				   struct sim_collateral_spec *spec,
				   struct cella_error *err)
{
	static const char *const tees[] = { [SIM_SGX] = "sgx", [SIM_TDX] = "tdx" };
	size_t tee = SIM_TDX;

	if (args->tee != NULL)
		TRY(find_word(tees, ARRAY_LEN(tees), args->tee, "--tee", &tee, err));
	sim_collateral_spec_init(spec, (enum sim_tee)tee, time_or_now(&args->time));
	TRY(read_standings(args, spec, err));
	return read_faults(args, spec, err);
}

static enum cella_status collateral(const struct collateral_args *args,
				    struct cella_error *err)
{
	static const enum sim_cert_id pck_chain[] = { SIM_PCK, SIM_CA, SIM_ROOT };
	struct sim_platform *platform CLEANUP(sim_platform_cleanup) = NULL;
	struct sim_collateral made CLEANUP(sim_collateral_done) = { 0 };
	struct sim_collateral_spec spec;
	struct out text CLEANUP(out_done) = { 0 };

	if (args->output != NULL && args->directory != NULL)
		return error_set(err, CELLA_USAGE, "--output excludes --directory");
	TRY(make_spec(args, &spec, err));
	TRY(sim_platform_load(args->common.operands.items[0], &platform, err));
	TRY(sim_collateral_make(platform, &spec, &made, err));
	if (args->pck_chain)
		sim_chain_write(platform, pck_chain, ARRAY_LEN(pck_chain),
				&made.pck_chain);
	if (args->directory != NULL)
		return sim_collateral_save(&made, args->directory, err);
	TRY(sim_collateral_write(&made, &text, err));
	return file_write(args->output != NULL ? args->output : "-", out_view(&text),
			  0644, err);
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	return collateral(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command sim_cmd_collateral = {
	.name = "collateral",
	.operands = "DIR",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Say of the platform in DIR what the vendor's service would say",
	.description =
		"The two statuses that advise to launch again need a matching quote, one made\n"
		"with 'cella-sim quote --kind tdx-v5 --relaunch'.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct collateral_args),
	.run = run,
};
