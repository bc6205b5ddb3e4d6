/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave describe: what an image holds, who signed it, what it will measure.
 */
#include "cli/commands.h"

#include "cli/enclave_input.h"
#include "cli/ways_args.h"
#include "fetch/files.h"

#include <string.h>

enum { FIRMWARE_MAX = 64 << 20 };

struct describe_args {
	struct common_args common;
	struct texts signers;
	struct moment time;
	struct moment cpus;
	struct moment memory;
	const char *backend;
	const char *firmware;
	bool debug;
	struct ways_args ways;
};

#define ARG(member) offsetof(struct describe_args, member)
static const struct option_def options[] = {
	{ "signer", 0, "FILE", OPTION_TEXTS, ARG(signers),
	  "a certificate that is trusted: a signer's, or its authority's" },
	{ "time", 't', "TIME", OPTION_TIME, ARG(time),
	  "judge certificates as of this time instead of now" },
	{ "cpus", 0, "NUMBER", OPTION_NUMBER, ARG(cpus),
	  "predict PCR13 for so many vCPUs" },
	{ "memory", 'm', "MIB", OPTION_NUMBER, ARG(memory),
	  "predict PCR13 for so much memory" },
	{ "debug", 0, NULL, OPTION_FLAG, ARG(debug),
	  "predict for a launch that is for debugging" },
	{ "backend", 0, "NAME", OPTION_TEXT, ARG(backend),
	  "predict for tcg or kvm, which are the same, or for tdx" },
	{ "firmware", 0, "FILE", OPTION_TEXT, ARG(firmware),
	  "the firmware of a trust domain, which --backend tdx needs" },
	WAYS_OPTIONS(ARG(ways)),
	COMMON_OPTIONS,
};

static enum cella_status describe(const struct describe_args *args, bool *good,
				  struct cella_error *err)
{
	struct launch_config config = { .vcpus = (unsigned)args->cpus.value,
					.memory_mib = (unsigned)args->memory.value,
					.debug = args->debug };
	struct eif_certs trusted CLEANUP(eif_certs_done) = { .num_certs = 0 };
	struct image_facts facts CLEANUP(image_facts_done) = { .image = NULL };
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct out file CLEANUP(out_done) = { 0 };
	struct out firmware CLEANUP(out_done) = { 0 };
	struct eif image = { 0 };
	struct image_question question = { .time = time_or_now(&args->time),
					   .trusted = &trusted };

	TRY(enclave_ways_read(&args->ways, &arena, &config, err));
	if (args->cpus.is_set)
		question.config = &config;
	TRY(enclave_read_certs(&args->signers, &trusted, err));
	TRY(enclave_read(args->common.operands.items[0], &file, &image, err));
	if (args->firmware != NULL)
		TRY(file_read(args->firmware, FIRMWARE_MAX, &firmware, err));
	question.firmware = out_view(&firmware);
	TRY(image_facts_read(&image, &question, &facts, err));
	*good = (facts.is_signed || args->signers.num_items == 0) &&
		(!facts.is_signed || eif_judgement_is_good(&facts.judgement));
	return enclave_tell(&facts, args->common.json, ENCLAVE_ALL, err);
}

static bool has_ways(const struct ways_args *ways)
{
	return ways->to_guest != NULL || ways->from_guest != NULL ||
	       ways->forward.num_items > 0 || ways->egress.num_items > 0;
}

/* What is wrong with it, or NULL. */
static const char *backend_mistake(const struct describe_args *args)
{
	const char *const name = args->backend != NULL ? args->backend : "tcg";
	const bool is_tdx = strcmp(name, "tdx") == 0;

	if (!is_tdx && strcmp(name, "tcg") != 0 && strcmp(name, "kvm") != 0)
		return "--backend: expected tcg, kvm or tdx";
	if (is_tdx && args->firmware == NULL)
		return "--backend tdx needs --firmware, which the domain is measured by";
	if (!is_tdx && args->firmware != NULL)
		return "--firmware belongs to --backend tdx";
	return NULL;
}

/* PCR13 has all of it in one text. */
static const char *config_mistake(const struct describe_args *args)
{
	if (args->cpus.is_set && !args->memory.is_set)
		return "--cpus needs --memory: PCR13 has both";
	if (!args->cpus.is_set && args->memory.is_set)
		return "--memory needs --cpus: PCR13 has both";
	if (!args->cpus.is_set && args->debug)
		return "--debug needs --cpus and --memory: PCR13 has all of them";
	if (!args->cpus.is_set && has_ways(&args->ways))
		return "the ways in and out need --cpus and --memory: PCR13 has all of them";
	return NULL;
}

static int run(const void *args)
{
	const struct describe_args *const a = args;
	const char *mistake = backend_mistake(a);
	struct cella_error err = { 0 };
	bool good = false;

	if (mistake == NULL)
		mistake = config_mistake(a);
	if (mistake != NULL)
		return usage(&cmd_enclave_describe, "%s", mistake);
	if (describe(a, &good, &err) != CELLA_OK)
		return fail(&err);
	return good ? EXIT_YES : EXIT_NO;
}

const struct command cmd_enclave_describe = {
	.name = "enclave describe",
	.operands = "IMAGE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Show what an enclave image holds, who signed it, what it measures",
	.description =
		"Predicts the PCRs that the virtual TPM has before the first instruction, and\n"
		"those of Nitro Enclaves for the same file. Exit status 1: its signature does not\n"
		"hold, or --signer is given and it is not signed by one of those.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct describe_args),
	.run = run,
};
