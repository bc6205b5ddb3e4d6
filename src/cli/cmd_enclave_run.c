/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave run: starts a supervisor (cellad), and waits until the enclave is ready.
 */
#include "cli/commands.h"

#include "base/json.h"
#include "cli/enclave_run_args.h"
#include "cli/enclave_start.h"
#include "collect/program.h"
#include "guest/io.h"
#include "vm/argv.h"
#include "vm/backend.h"
#include "vm/evm.h"
#include "vm/failure_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BOOT_SECONDS = 120, SPARE_SECONDS = 30 };

static const struct option_def options[] = { RUN_OPTIONS };

/* --- what is asked for --------------------------------------------------------------- */

/* The supervisor judges it, too, but what is mistyped is told before, by its own name. */
static enum cella_status check_usage(const struct run_args *args, struct cella_error *err)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct launch_config config = { .debug = args->debug };
	struct resource_request request = { .vcpus = 0 };
	unsigned cid = 0;

	if (args->backend != NULL && !backend_is_name(args->backend))
		return error_set(err, CELLA_USAGE,
				 "--backend: \"%.40s\": expected " BACKEND_NAMES,
				 args->backend);
	TRY(resource_number_read(&args->vcpus, "--cpus", 1, EVM_MAX_VCPUS, &config.vcpus,
				 err));
	TRY(resource_number_read(&args->memory, "--memory", EVM_MIN_MEMORY_MIB,
				 EVM_MAX_MEMORY_MIB, &config.memory_mib, err));
	TRY(resource_number_read(&args->cid, "--cid", EVM_MIN_CID, INT32_MAX, &cid, err));
	TRY(resource_args_read(&args->resources, &request, err));
	return enclave_ways_read(&args->ways, &arena, &config, err);
}

/* --- the supervisor's command line --------------------------------------------------- */

static int64_t number_or(const struct moment *given, int64_t otherwise)
{
	return given->is_set ? given->value : otherwise;
}

static void add(struct argv *argv, const char *option, const char *value)
{
	if (value == NULL)
		return;
	argv_add(argv, "%s", option);
	argv_add(argv, "%s", value);
}

static void add_texts(struct argv *argv, const char *option, const struct texts *values)
{
	for (size_t i = 0; i < values->num_items; i++)
		add(argv, option, values->items[i]);
}

static void add_number(struct argv *argv, const char *option, const struct moment *value)
{
	if (!value->is_set)
		return;
	argv_add(argv, "%s", option);
	argv_add(argv, "%lld", (long long)value->value);
}

static enum cella_status make_argv(const struct run_args *args, const char *name,
				   int image, struct argv *out, struct cella_error *err)
{
	char program[PROGRAM_PATH_MAX];
	struct out host CLEANUP(out_done) = { 0 };

	program_find("cellad", program);
	TRY(enclave_host_folder(args->host, &host, err));
	argv_add(out, "%s", program);
	add(out, "--name", name);
	argv_add(out, "--image");
	argv_add(out, "fd:%d", image);
	argv_add(out, "--host");
	argv_add(out, "%.*s", (int)host.len, (const char *)host.data);
	add(out, "--run-dir", args->run_dir);
	add(out, "--backend", args->backend);
	add(out, "--firmware", args->firmware);
	add(out, "--qemu", args->qemu);
	add(out, "--tpm-state", args->tpm_state);
	add(out, "--to-guest", args->ways.to_guest);
	add(out, "--from-guest", args->ways.from_guest);
	add_texts(out, "--forward", &args->ways.forward);
	add_texts(out, "--egress", &args->ways.egress);
	add_number(out, "--vcpus", &args->vcpus);
	add_number(out, "--memory", &args->memory);
	add_number(out, "--cid", &args->cid);
	resource_args_add(&args->resources, out);
	add_number(out, "--boot-timeout", &args->timeout);
	if (args->debug)
		argv_add(out, "--debug");
	return argv_status(out, err);
}

/* --- starting one -------------------------------------------------------------------- */

static enum cella_status tell(const struct run_args *args, const json_t *status,
			      struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;

	if (!args->common.json) {
		puts(enclave_status_text(status, "name"));
		return CELLA_OK;
	}
	TRY(json_write(status, true, &text, err));
	puts(text);
	return CELLA_OK;
}

static enum cella_status run_enclave(const struct run_args *args, const char *name,
				     json_t **status, struct cella_error *err)
{
	const char *const path = args->common.operands.items[0];
	struct argv argv CLEANUP(argv_done) = { 0 };
	int image CLEANUP_CLOSE = -1;

	image = open(path,
		     O_RDONLY | O_NONBLOCK); /* a pipe's other end is not waited for */
	if (image < 0)
		return error_errno(err, errno, "%s", path);
	TRY(make_argv(args, name, image, &argv, err));
	if (args->foreground)
		return enclave_execute(&argv, err);
	argv_add(&argv, "--ready");
	argv_add(&argv, "%d", STDERR_FILENO);
	TRY(argv_status(&argv, err));
	TRY(enclave_start(&args->common, &argv, ENCLAVE_TELLS_STATES,
			  number_or(&args->timeout, BOOT_SECONDS) + SPARE_SECONDS, status,
			  err));
	return tell(args, *status, err);
}

/* One that has failed has left a record; but not one that never had its name's folder. */
static bool has_left_record(const struct run_args *args, const char *name, time_t since)
{
	char base[RUN_PATH_MAX];
	char path[RUN_PATH_MAX];
	struct stat st;

	return run_base(args->run_dir, base, NULL) == CELLA_OK &&
	       failure_path(base, name, path, NULL) == CELLA_OK && stat(path, &st) == 0 &&
	       st.st_mtime >= since;
}

static void tell_of_record(const struct run_args *args, const char *name)
{
	note(&args->common, "'cella enclave explain %s%s%s' says more", name,
	     args->run_dir != NULL ? " --run-dir " : "",
	     args->run_dir != NULL ? args->run_dir : "");
}

static int run(const void *arguments)
{
	const struct run_args *const args = arguments;
	json_t *status CLEANUP_JSON = NULL;
	struct cella_error err = { 0 };
	const time_t since = time(NULL);
	char name[RUN_NAME_MAX + 1];
	int code;

	if (check_usage(args, &err) != CELLA_OK)
		return usage(&cmd_enclave_run, "%s", err.text);
	if (enclave_name(args->name, args->common.operands.items[0], name, &err) !=
	    CELLA_OK)
		return fail(&err);
	if (run_enclave(args, name, &status, &err) == CELLA_OK)
		return EXIT_YES;
	code = fail(&err);
	if (has_left_record(args, name, since))
		tell_of_record(args, name);
	return code;
}

const struct command cmd_enclave_run = {
	.name = "enclave run",
	.operands = "IMAGE",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Start an enclave from an image",
	.description =
		"Measures the image, boots it in a virtual machine of its own, and returns when\n"
		"it is ready. The machine has no disk, no network and no console; programs reach\n"
		"its vsock ports through the socket v in its folder, and find that with --json.\n\n"
		"  cella enclave init-host /var/lib/cella\n"
		"  cella enclave run server.eif --memory 256",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct run_args),
	.run = run,
};
