/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave plan: what `run` with the same options would take of the machine, and why,
 * or every reason why it would not start. Changes nothing.
 */
#include "cli/commands.h"

#include "base/encode.h"
#include "base/json.h"
#include "cli/enclave_args.h"
#include "cli/enclave_input.h"
#include "cli/resource_args.h"
#include "guest/io.h"
#include "vm/evm.h"
#include "vm/resource_needs.h"
#include "vm/resource_report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plan_args {
	struct common_args common;
	const char *sysroot;
	const char *name;
	const char *host;
	const char *run_dir;
	const char *backend;
	const char *firmware;
	const char *qemu;
	const char *from_guest;
	const char *to_guest;
	struct moment vcpus;
	struct moment memory;
	struct moment timeout;
	struct resource_args resources;
	bool debug;
	bool foreground;
};

#define ARG(member) offsetof(struct plan_args, member)
static const struct option_def options[] = {
	{ "sysroot", 0, "DIR", OPTION_TEXT, ARG(sysroot),
	  "look at this tree of files instead of this machine's" },
	{ "name", 0, "NAME", OPTION_TEXT, ARG(name),
	  "call it this instead of after the image's file" },
	{ "cpus", 0, "NUMBER", OPTION_NUMBER, ARG(vcpus),
	  "give it so many processors; 1, or those of --cores" },
	{ "memory", 'm', "MIB", OPTION_NUMBER, ARG(memory),
	  "give it so much memory; what the image's ramdisks need, 128 at least" },
	RESOURCE_OPTIONS(ARG(resources)),
	{ "debug", 0, NULL, OPTION_FLAG, ARG(debug),
	  "as of run: its measurements say so" },
	{ "backend", 0, "NAME", OPTION_TEXT, ARG(backend),
	  "tcg, kvm, tdx or mock; auto takes kvm where it runs a guest, tcg elsewhere" },
	{ "firmware", 0, "FILE", OPTION_TEXT, ARG(firmware),
	  "the firmware of a trust domain, which it is measured by" },
	{ "qemu", 0, "PROGRAM", OPTION_TEXT, ARG(qemu),
	  "run this instead of qemu-system-x86_64" },
	{ "host", 0, "DIR", OPTION_TEXT, ARG(host), "as of run; changes no plan" },
	{ "to-guest", 0, "PORTS", OPTION_TEXT, ARG(to_guest),
	  "as of run; changes no plan" },
	{ "from-guest", 0, "PORTS", OPTION_TEXT, ARG(from_guest),
	  "as of run; changes no plan" },
	{ "foreground", 0, NULL, OPTION_FLAG, ARG(foreground),
	  "as of run; changes no plan" },
	{ "timeout", 0, "DURATION", OPTION_DURATION, ARG(timeout),
	  "as of run; changes no plan" },
	RUN_DIR_OPTION(ARG(run_dir)),
	COMMON_OPTIONS,
};

/* What a plan is made of, too large for a stack. */
struct planning {
	struct topology machine;
	struct takings takings;
	struct resource_request request;
	struct resource_plan plan;
	struct resource_steps steps;
	struct backend_choice backend;
	struct cella_error no_backend;
	struct argv argv;
	struct out config;
	char pcr13[2 * SHA256_LEN + 1];
};

static void planning_free(struct planning **planning)
{
	if (*planning == NULL)
		return;
	argv_done(&(*planning)->argv);
	out_done(&(*planning)->config);
	free(*planning);
}

/* --- what is asked for --------------------------------------------------------------- */

static enum cella_status read_image(const char *path, struct resource_request *request,
				    struct cella_error *err)
{
	struct out file CLEANUP(out_done) = { 0 };
	struct eif *image CLEANUP_FREE = calloc(1, sizeof *image);

	if (image == NULL)
		return error_nomem(err);
	TRY(enclave_read(path, &file, image, err));
	resource_needs(image, request);
	return CELLA_OK;
}

static enum cella_status read_number(const struct moment *given, const char *name,
				     unsigned least, unsigned most, unsigned *out,
				     struct cella_error *err)
{
	if (!given->is_set)
		return CELLA_OK;
	if (given->value < (int64_t)least || given->value > (int64_t)most)
		return error_set(err, CELLA_USAGE, "%s: expected %u to %u", name, least,
				 most);
	*out = (unsigned)given->value;
	return CELLA_OK;
}

static enum cella_status read_request(const struct plan_args *args,
				      struct resource_request *out,
				      struct cella_error *err)
{
	TRY(resource_args_read(&args->resources, out, err));
	TRY(read_number(&args->vcpus, "--cpus", 1, EVM_MAX_VCPUS, &out->vcpus, err));
	TRY(read_number(&args->memory, "--memory", EVM_MIN_MEMORY_MIB, EVM_MAX_MEMORY_MIB,
			&out->memory_mib, err));
	if (args->common.operands.num_items > 0)
		TRY(read_image(args->common.operands.items[0], out, err));
	else
		resource_needs(NULL, out);
	if (out->vcpus > EVM_MAX_VCPUS)
		return error_set(err, CELLA_USAGE, "--cores: more than %d processors",
				 EVM_MAX_VCPUS);
	return CELLA_OK;
}

/* A tree of files is not this machine: what runs here has taken nothing of it. */
static enum cella_status read_takings(const struct plan_args *args, struct takings *out,
				      struct cella_error *err)
{
	char base[RUN_PATH_MAX];

	if (args->sysroot != NULL && args->run_dir == NULL)
		return CELLA_OK;
	if (args->run_dir != NULL && access(args->run_dir, F_OK) != 0)
		return CELLA_OK;
	TRY(run_base(args->run_dir, base, err));
	return takings_read(base, "", out, err);
}

/* --- what follows -------------------------------------------------------------------- */

/* PCR13 is of the host's decisions alone: an image has no part in it. */
static enum cella_status predict(const struct plan_args *args, struct planning *p,
				 struct cella_error *err)
{
	const struct launch_config config = { .vcpus = p->request.vcpus,
					      .memory_mib = p->request.memory_mib,
					      .debug = args->debug };
	const struct launch_image none = { .num_ramdisks = 0 };
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct launch_plan *const plan = arena_alloc(&arena, 1, sizeof *plan);
	struct launch_pcrs pcrs;

	TRY(arena_status(&arena, err));
	TRY(launch_config_write(&config, &p->config, err));
	out_u8(&p->config, '\0');
	TRY(out_status(&p->config, err));
	TRY(launch_plan_make(QEMU_MACHINE, &none, &config, &arena, plan, err));
	TRY(launch_predict(plan, &pcrs, err));
	hex_format(bytes_of(pcrs.pcr[LAUNCH_PCR_CONFIG].sha256, SHA256_LEN), p->pcr13);
	return CELLA_OK;
}

/* A tree of files runs nothing: nothing is tried for it. */
static enum cella_status choose_backend(const struct plan_args *args, struct planning *p,
					struct cella_error *err)
{
	const char *const usual = args->sysroot != NULL ? "tcg" : "auto";
	const enum cella_status status =
		backend_choose(args->backend != NULL ? args->backend : usual, &p->backend,
			       &p->no_backend);

	if (status != CELLA_USAGE && status != CELLA_NOMEM)
		return CELLA_OK;
	*err = p->no_backend;
	return status;
}

static void apply_rules(const struct plan_args *args, struct planning *p)
{
	p->request.code_mib = p->backend.backend == &backend_tcg ? RESOURCES_CODE_MIB : 0;
	resources_plan(&p->machine, &p->request, p->takings.items, p->takings.num_items,
		       &p->plan);
	if (p->backend.backend == NULL)
		resources_refuse(&p->plan, RULE_BACKEND, args->backend,
				 p->no_backend.text,
				 "--backend auto, which takes what runs here");
}

static enum cella_status make_command(const struct plan_args *args, struct planning *p,
				      struct cella_error *err)
{
	const struct resource_plan *const plan = &p->plan;
	int image CLEANUP_CLOSE = -1;
	struct evm_options wanted = {
		.image = -1,
		.resources = p->request,
		.vcpus = p->request.vcpus,
		.memory_mib = p->request.memory_mib,
		.memory = { .page_mib = page_size_mib(p->request.pages),
			    .has_node = plan->node >= 0,
			    .node = plan->node >= 0 ? p->machine.nodes[plan->node].id : 0,
			    .lock = p->request.lock },
		.debug = args->debug,
		.backend = p->backend,
		.firmware = args->firmware,
		.qemu = args->qemu != NULL ? args->qemu : "qemu-system-x86_64",
		.mock = "cellad",
	};

	if (args->common.operands.num_items > 0) {
		image = open(args->common.operands.items[0], O_RDONLY | O_CLOEXEC);
		if (image < 0)
			return error_errno(err, errno, "%s",
					   args->common.operands.items[0]);
	}
	wanted.image = image;
	return backend_plan(&wanted, &p->argv, err);
}

static enum cella_status name_of(const struct plan_args *args,
				 char name[RUN_NAME_MAX + 1], struct cella_error *err)
{
	if (args->name == NULL && args->common.operands.num_items == 0) {
		snprintf(name, RUN_NAME_MAX + 1, "enclave");
		return CELLA_OK;
	}
	return enclave_name(args->name,
			    args->name != NULL ? "" : args->common.operands.items[0],
			    name, err);
}

/* --- telling it ---------------------------------------------------------------------- */

static enum cella_status tell(const struct plan_args *args,
			      const struct resource_report *report,
			      struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	json_t *json CLEANUP_JSON = NULL;
	char *written CLEANUP_FREE = NULL;

	if (args->common.json) {
		TRY(resource_report_json(report, &json, err));
		TRY(json_write(json, true, &written, err));
		puts(written);
		return CELLA_OK;
	}
	TRY(resource_report_text(report, &text, err));
	printf("%.*s", (int)text.len, (const char *)text.data);
	return CELLA_OK;
}

static enum cella_status plan(const struct plan_args *args, bool *is_possible,
			      struct cella_error *err)
{
	struct planning *p CLEANUP(planning_free) = calloc(1, sizeof *p);
	char name[RUN_NAME_MAX + 1];

	if (p == NULL)
		return error_nomem(err);
	TRY(name_of(args, name, err));
	TRY(read_request(args, &p->request, err));
	TRY(topology_read(args->sysroot, &p->machine, err));
	TRY(read_takings(args, &p->takings, err));
	TRY(choose_backend(args, p, err));
	apply_rules(args, p);
	resource_steps_make(&p->machine, &p->plan, name, &p->steps);
	TRY(predict(args, p, err));
	if (p->backend.backend != NULL)
		TRY(make_command(args, p, err));
	*is_possible = p->plan.num_refusals == 0;
	{
		const struct resource_report report = {
			.name = name,
			.machine = &p->machine,
			.request = &p->request,
			.takings = &p->takings,
			.plan = &p->plan,
			.steps = &p->steps,
			.config = (const char *)p->config.data,
			.pcr13 = p->pcr13,
			.argv = p->backend.backend != NULL ? &p->argv : NULL,
			.backend = p->backend.backend != NULL ? p->backend.backend->name
							      : args->backend,
			.backend_reason = p->backend.reason,
		};

		return tell(args, &report, err);
	}
}

static int run(const void *args)
{
	struct cella_error err = { 0 };
	bool is_possible = false;

	if (plan(args, &is_possible, &err) != CELLA_OK)
		return fail(&err);
	return is_possible ? EXIT_YES : EXIT_NO;
}

const struct command cmd_enclave_plan = {
	.name = "enclave plan",
	.operands = "[IMAGE]",
	.min_operands = 0,
	.max_operands = 1,
	.summary =
		"Say what an enclave would take of the machine, or why it cannot be had",
	.description =
		"Takes the options of run, applies its rules to this machine and to what other\n"
		"enclaves have taken, and tells all that follows. Nothing is started or changed.\n"
		"Exit status: 0 it can be had, 1 it cannot, with every reason, 3 the machine could\n"
		"not be read.\n\n"
		"  cella enclave plan server.eif --cores whole --cpus 2 --memory 512",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct plan_args),
	.run = run,
};
