/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-sim enclave: the evidence of an Enclave VM that was never launched.
 */
#include "sim/commands.h"

#include "cli/binding.h"
#include "cli/ways_args.h"
#include "fetch/files.h"
#include "sim/evm.h"

#include <string.h>

enum { FILE_MAX = 64 << 20, DEFAULT_VCPUS = 1, DEFAULT_MEMORY_MIB = 128 };

struct enclave_args {
	struct common_args common;
	const char *kernel;
	const char *cmdline;
	struct texts ramdisks;
	const char *signer;
	const char *name;
	struct moment vcpus;
	struct moment memory;
	struct ways_args ways;
	struct texts measured;
	struct binding_args binding;
	struct moment time;
	const char *output;
	bool debug;
};

#define ARG(member) offsetof(struct enclave_args, member)
static const struct option_def options[] = {
	{ "kernel", 'k', "FILE", OPTION_TEXT, ARG(kernel), "launch this kernel" },
	{ "cmdline", 0, "TEXT", OPTION_TEXT, ARG(cmdline), "with this command line" },
	{ "ramdisk", 'r', "FILE", OPTION_TEXTS, ARG(ramdisks),
	  "and these initial ramdisks" },
	{ "signer", 0, "FILE", OPTION_TEXT, ARG(signer),
	  "of an image signed by this certificate, in DER" },
	{ "name", 0, "TEXT", OPTION_TEXT, ARG(name),
	  "as the enclave of this name instead of 'simulated'" },
	{ "cpus", 0, "NUMBER", OPTION_NUMBER, ARG(vcpus), "with so many vCPUs" },
	{ "memory", 'm', "MIB", OPTION_NUMBER, ARG(memory), "and so much memory" },
	WAYS_OPTIONS(ARG(ways)),
	{ "debug", 0, NULL, OPTION_FLAG, ARG(debug), "for debugging" },
	{ "measure", 0, "TEXT", OPTION_TEXTS, ARG(measured),
	  "have the guest measure this text into PCR14" },
	{ "report-data", 'd', "HEX", OPTION_HEX, ARG(binding.report_data),
	  "quote this report data, padded with zeros at the end" },
	{ "data", 0, "FILE", OPTION_TEXT, ARG(binding.data),
	  "quote report data that binds this file (its SHA-512)" },
	{ "nonce", 'n', "HEX", OPTION_HEX, ARG(binding.nonce),
	  "quote report data that binds this nonce of 8 to 64 bytes" },
	{ "time", 't', "TIME", OPTION_TIME, ARG(time),
	  "certify the key as of this time instead of now" },
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write here instead of to standard output" },
	COMMON_OPTIONS,
};

/* What is launched, with the bytes that it is made of. */
struct launch {
	struct out parts[2 + LAUNCH_MAX_RAMDISKS]; /* kernel, command line, ramdisks */
	size_t num_parts;
	struct out signer;
	struct launch_image image;
	struct launch_config config;
	struct arena arena; /* of the configuration's texts */
};

static void launch_done(struct launch *launch)
{
	for (size_t i = 0; i < ARRAY_LEN(launch->parts); i++)
		out_done(&launch->parts[i]);
	out_done(&launch->signer);
	arena_done(&launch->arena);
}

static enum cella_status read_parts(const struct enclave_args *args, struct launch *out,
				    struct cella_error *err)
{
	if (args->kernel == NULL)
		return error_set(err, CELLA_USAGE, "--kernel is missing");
	if (args->ramdisks.num_items > LAUNCH_MAX_RAMDISKS)
		return error_set(err, CELLA_USAGE, "--ramdisk: at most %d",
				 LAUNCH_MAX_RAMDISKS);
	TRY(file_read(args->kernel, FILE_MAX, &out->parts[0], err));
	out_text(&out->parts[1], args->cmdline != NULL ? args->cmdline : "");
	TRY(out_status(&out->parts[1], err));
	out->num_parts = 2;
	for (size_t i = 0; i < args->ramdisks.num_items; i++)
		TRY(file_read(args->ramdisks.items[i], FILE_MAX,
			      &out->parts[out->num_parts++], err));
	return CELLA_OK;
}

static enum cella_status digest_parts(struct launch *l, struct cella_error *err)
{
	struct cella_bytes views[ARRAY_LEN(l->parts)] = { { NULL, 0 } };

	for (size_t i = 0; i < l->num_parts; i++)
		views[i] = out_view(&l->parts[i]);
	l->image.cmdline = views[1];
	l->image.num_ramdisks = l->num_parts - 2;
	TRY(launch_digest_of(&views[0], 1, &l->image.kernel, err));
	for (size_t i = 0; i < l->image.num_ramdisks; i++)
		TRY(launch_digest_of(&views[2 + i], 1, &l->image.ramdisks[i], err));
	return launch_digest_of(views, l->num_parts, &l->image.whole, err);
}

static enum cella_status read_signer(const struct enclave_args *args, struct launch *l,
				     struct cella_error *err)
{
	struct cella_bytes der;

	if (args->signer == NULL)
		return CELLA_OK;
	TRY(file_read(args->signer, FILE_MAX, &l->signer, err));
	der = out_view(&l->signer);
	l->image.is_signed = true;
	return launch_digest_of(&der, 1, &l->image.signer, err);
}

static enum cella_status describe(const struct enclave_args *args, struct launch *l,
				  struct sim_evm_spec *spec, struct cella_error *err)
{
	static const struct moment now = { 0 };
	bool is_given = false;

	TRY(read_parts(args, l, err));
	TRY(digest_parts(l, err));
	TRY(read_signer(args, l, err));
	l->config = (struct launch_config){
		.vcpus = args->vcpus.is_set ? (unsigned)args->vcpus.value : DEFAULT_VCPUS,
		.memory_mib = args->memory.is_set ? (unsigned)args->memory.value
						  : DEFAULT_MEMORY_MIB,
		.debug = args->debug,
	};
	TRY(enclave_ways_read(&args->ways, &l->arena, &l->config, err));
	spec->image = &l->image;
	spec->config = &l->config;
	spec->enclave_id = args->name != NULL ? args->name : "simulated";
	spec->time = time_or_now(args->time.is_set ? &args->time : &now);
	if (args->measured.num_items > SIM_EVM_MAX_MEASURED)
		return error_set(err, CELLA_USAGE, "--measure: at most %d",
				 SIM_EVM_MAX_MEASURED);
	for (size_t i = 0; i < args->measured.num_items; i++)
		spec->measured[spec->num_measured++] = bytes_of(
			args->measured.items[i], strlen(args->measured.items[i]));
	return binding_read(&args->binding, &is_given, spec->report_data, err);
}

static enum cella_status make(const struct enclave_args *args, struct cella_error *err)
{
	struct host_key *host CLEANUP(host_key_cleanup) = NULL;
	struct launch launch CLEANUP(launch_done) = { .num_parts = 0 };
	struct out text CLEANUP(out_done) = { 0 };
	struct sim_evm_spec spec = { .host = NULL };

	TRY(describe(args, &launch, &spec, err));
	TRY(host_key_load(args->common.operands.items[0], &host, err));
	spec.host = host;
	TRY(sim_evm_make(&spec, &text, err));
	return file_write(args->output != NULL ? args->output : "-", out_view(&text),
			  0644, err);
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	return make(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command sim_cmd_enclave = {
	.name = "enclave",
	.operands = "HOSTDIR",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Make the evidence of an Enclave VM without launching one",
	.description =
		"HOSTDIR is what 'cella enclave init-host' made: the evidence verifies under\n"
		"its host-ca.pem. Keep simulated hosts apart from real ones.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct enclave_args),
	.run = run,
};
