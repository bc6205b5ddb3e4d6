/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave plan: what `run` with the same options would take of the machine, and why,
 * or every reason why it would not start. Changes nothing.
 */
#include "cli/commands.h"

#include "base/encode.h"
#include "base/json.h"
#include "cli/enclave_input.h"
#include "cli/enclave_run_args.h"
#include "guest/io.h"
#include "vm/enclave_conf.h"
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
	struct run_args run;
	const char *sysroot;
	const char *conf;
	const char *image; /* NULL: none in particular */
};

static const struct option_def options[] = {
	{ "sysroot", 0, "DIR", OPTION_TEXT, offsetof(struct plan_args, sysroot),
	  "look at this tree of files instead of this machine's" },
	{ "conf", 0, "FILE", OPTION_TEXT, offsetof(struct plan_args, conf),
	  "plan what the service with this file would start, but for what is given here" },
	RUN_OPTIONS,
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

/* --- the file of a service ----------------------------------------------------------- */

static void fill_text(const char **given, const char *value)
{
	if (*given == NULL)
		*given = value;
}

static void fill_number(struct moment *given, uint64_t value)
{
	if (!given->is_set)
		*given = (struct moment){ true, (int64_t)value };
}

/* words keeps what the list is made of. */
static void fill_list(struct texts *given, const char *list, struct argv *words)
{
	const bool is_given = given->num_items > 0;
	const char *word = NULL;

	for (size_t len; !is_given && (len = enclave_conf_word(&list, &word)) > 0;) {
		argv_add(words, "%.*s", (int)len, word);
		if (given->num_items < TEXTS_MAX && !words->failed)
			given->items[given->num_items++] =
				words->items[words->num_items - 1];
	}
}

/* What is given on the command line wins. */
static void fill_from(const struct enclave_conf *conf, struct argv *words,
		      struct plan_args *args)
{
	struct run_args *const run = &args->run;

	fill_text(&args->image, conf->image);
	fill_text(&run->name, ENCLAVE_CONF_NAME);
	fill_text(&run->backend, conf->backend);
	fill_text(&run->qemu, conf->qemu);
	fill_text(&run->run_dir, conf->run_dir);
	fill_text(&run->ways.to_guest, conf->ports_in);
	fill_text(&run->ways.from_guest, conf->ports_out);
	fill_text(&run->resources.hugepages, conf->hugepages);
	fill_text(&run->firmware, conf->firmware);
	fill_list(&run->ways.forward, conf->forward, words);
	fill_list(&run->ways.egress, conf->egress, words);
	fill_text(&run->resources.cores, conf->cpus);
	fill_number(&run->resources.keep, conf->keep_memory);
	run->resources.pin = run->resources.pin || conf->pin;
	if (conf->vcpus != 0)
		fill_number(&run->vcpus, conf->vcpus);
	if (conf->memory_mib != 0)
		fill_number(&run->memory, conf->memory_mib);
	run->resources.mem_lock = run->resources.mem_lock || conf->mem_lock;
	run->debug = run->debug || conf->debug;
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

static enum cella_status read_request(const struct plan_args *args,
				      struct resource_request *out,
				      struct cella_error *err)
{
	TRY(resource_args_read(&args->run.resources, out, err));
	TRY(resource_number_read(&args->run.vcpus, "--cpus", 1, EVM_MAX_VCPUS,
				 &out->vcpus, err));
	TRY(resource_number_read(&args->run.memory, "--memory", EVM_MIN_MEMORY_MIB,
				 EVM_MAX_MEMORY_MIB, &out->memory_mib, err));
	if (args->image != NULL)
		TRY(read_image(args->image, out, err));
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

	if (args->sysroot != NULL && args->run.run_dir == NULL)
		return CELLA_OK;
	if (args->run.run_dir != NULL && access(args->run.run_dir, F_OK) != 0)
		return CELLA_OK;
	TRY(run_base(args->run.run_dir, base, err));
	return takings_read(base, "", out, err);
}

/* --- what follows -------------------------------------------------------------------- */

/* PCR13 is of the host's decisions alone: an image has no part in it. */
static enum cella_status predict(const struct plan_args *args, struct planning *p,
				 struct cella_error *err)
{
	struct launch_config config = { .vcpus = 0 };
	const struct launch_image none = { .num_ramdisks = 0 };
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct launch_plan *const plan = arena_alloc(&arena, 1, sizeof *plan);
	struct launch_pcrs pcrs;

	TRY(arena_status(&arena, err));
	TRY(enclave_ways_read(&args->run.ways, &arena, &config, err));
	config.vcpus = p->request.vcpus;
	config.memory_mib = p->request.memory_mib;
	config.debug = args->run.debug;
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
		backend_choose(args->run.backend != NULL ? args->run.backend : usual,
			       &p->backend, &p->no_backend);

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
		resources_refuse(&p->plan, RULE_BACKEND, args->run.backend,
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
		.debug = args->run.debug,
		.backend = p->backend,
		.firmware = args->run.firmware,
		.qemu = args->run.qemu != NULL ? args->run.qemu : "qemu-system-x86_64",
		.mock = "cellad",
	};

	if (args->image != NULL) {
		image = open(args->image, O_RDONLY | O_CLOEXEC);
		if (image < 0)
			return error_errno(err, errno, "%s", args->image);
	}
	wanted.image = image;
	return backend_plan(&wanted, &p->argv, err);
}

static enum cella_status name_of(const struct plan_args *args,
				 char name[RUN_NAME_MAX + 1], struct cella_error *err)
{
	if (args->run.name == NULL && args->image == NULL) {
		snprintf(name, RUN_NAME_MAX + 1, "enclave");
		return CELLA_OK;
	}
	return enclave_name(args->run.name, args->run.name != NULL ? "" : args->image,
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

	if (args->run.common.json) {
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
							      : args->run.backend,
			.backend_reason = p->backend.reason,
		};

		return tell(args, &report, err);
	}
}

static enum cella_status plan_with_conf(const struct plan_args *given, bool *is_possible,
					struct cella_error *err)
{
	struct enclave_conf conf CLEANUP(enclave_conf_done) = { .text = NULL };
	struct argv words CLEANUP(argv_done) = { 0 };
	struct plan_args args = *given;

	if (given->run.common.operands.num_items > 0)
		args.image = given->run.common.operands.items[0];
	if (given->conf != NULL) {
		TRY(enclave_conf_read(given->conf, OWNED_BY_CALLER, &conf, err));
		fill_from(&conf, &words, &args);
		TRY(argv_status(&words, err));
	}
	return plan(&args, is_possible, err);
}

static int run(const void *args)
{
	struct cella_error err = { 0 };
	bool is_possible = false;

	if (plan_with_conf(args, &is_possible, &err) != CELLA_OK)
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
		"Exit status: 0 it can be had, 1 it cannot, with every reason, 3 the machine\n"
		"could not be read.\n\n"
		"  cella enclave plan server.eif --cores whole --cpus 2 --memory 512",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct plan_args),
	.run = run,
};
