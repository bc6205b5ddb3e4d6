/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave run: starts a supervisor (cellad), and waits until the enclave is ready.
 */
#include "cli/commands.h"

#include "base/json.h"
#include "cli/enclave_args.h"
#include "cli/resource_args.h"
#include "collect/program.h"
#include "guest/io.h"
#include "vm/argv.h"
#include "vm/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 64 << 10, BOOT_SECONDS = 120, SPARE_SECONDS = 30 };

struct run_args {
	struct common_args common;
	const char *name;
	const char *host;
	const char *run_dir;
	const char *qemu;
	const char *backend;
	const char *firmware;
	const char *from_guest;
	const char *to_guest;
	struct moment vcpus;
	struct moment memory;
	struct moment timeout;
	struct resource_args resources;
	bool debug;
	bool foreground;
};

#define ARG(member) offsetof(struct run_args, member)
static const struct option_def options[] = {
	{ "name", 0, "NAME", OPTION_TEXT, ARG(name),
	  "call it this instead of after the image's file" },
	{ "cpus", 0, "NUMBER", OPTION_NUMBER, ARG(vcpus),
	  "give it so many processors; 1, or those of --cores" },
	{ "memory", 'm', "MIB", OPTION_NUMBER, ARG(memory),
	  "give it so much memory; what the image's ramdisks need, 128 at least" },
	RESOURCE_OPTIONS(ARG(resources)),
	{ "host", 0, "DIR", OPTION_TEXT, ARG(host),
	  "vouch for it with the key in this directory" },
	{ "to-guest", 0, "PORTS", OPTION_TEXT, ARG(to_guest),
	  "the enclave's vsock ports that this host may reach; any" },
	{ "from-guest", 0, "PORTS", OPTION_TEXT, ARG(from_guest),
	  "this host's vsock ports that the enclave may reach; none" },
	{ "debug", 0, NULL, OPTION_FLAG, ARG(debug),
	  "keep what its kernel writes to the console; its measurements say so" },
	{ "foreground", 0, NULL, OPTION_FLAG, ARG(foreground),
	  "do not return before its end: for service managers" },
	{ "timeout", 0, "DURATION", OPTION_DURATION, ARG(timeout),
	  "give up when it is not ready after this time; 2m" },
	{ "backend", 0, "NAME", OPTION_TEXT, ARG(backend),
	  "tcg, kvm, tdx or mock; auto takes kvm where it runs a guest, tcg elsewhere" },
	{ "firmware", 0, "FILE", OPTION_TEXT, ARG(firmware),
	  "the firmware of a trust domain, which it is measured by" },
	{ "qemu", 0, "PROGRAM", OPTION_TEXT, ARG(qemu),
	  "run this instead of qemu-system-x86_64" },
	RUN_DIR_OPTION(ARG(run_dir)),
	COMMON_OPTIONS,
};

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
	struct resource_request request = { .vcpus = 0 };

	TRY(resource_args_read(&args->resources, &request, err));
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
	add(out, "--to-guest", args->to_guest);
	add(out, "--from-guest", args->from_guest);
	add_number(out, "--vcpus", &args->vcpus);
	add_number(out, "--memory", &args->memory);
	resource_args_add(&args->resources, out);
	add_number(out, "--boot-timeout", &args->timeout);
	if (args->debug)
		argv_add(out, "--debug");
	return argv_status(out, err);
}

static enum cella_status execute(const struct argv *argv, struct cella_error *err)
{
	execvp(argv->items[0], argv->items);
	return error_errno(err, errno, "%s", argv->items[0]);
}

/* --- starting one and hearing of it -------------------------------------------------- */

static _Noreturn void become_supervisor(const struct argv *argv, int tell)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct cella_error err = { 0 };

	if (setsid() < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 || dup2(tell, STDERR_FILENO) < 0)
		_exit(EXIT_UNDECIDED);
	if (execute(argv, &err) != CELLA_OK)
		dprintf(STDERR_FILENO, "%s\n", err.text);
	_exit(EXIT_UNDECIDED);
}

/* What the supervisor says: states as JSON, and words where it cannot even begin. */
static enum cella_status hear_line(const struct run_args *args, struct cella_bytes line,
				   json_t **status, struct cella_error *err)
{
	json_t *state CLEANUP_JSON = NULL;
	const json_t *warning;
	size_t i;

	if (line.len == 0 || line.data[0] != '{')
		return error_set(err, CELLA_IO, "%.*s", (int)line.len,
				 (const char *)line.data);
	TRY(enclave_status_parse(line, &state, err));
	if (strcmp(enclave_status_text(state, "state"), "failed") == 0)
		return error_set(err, CELLA_IO, "%s: %s",
				 enclave_status_text(state, "name"),
				 enclave_status_text(state, "cause"));
	if (strcmp(enclave_status_text(state, "state"), "stopped") == 0)
		return error_set(err, CELLA_IO, "%s: was stopped before it was ready",
				 enclave_status_text(state, "name"));
	if (strcmp(enclave_status_text(state, "state"), "running") == 0) {
		note(&args->common, "%s: running by %s (%s)",
		     enclave_status_text(state, "name"),
		     enclave_status_text(state, "backend"),
		     enclave_status_text(state, "backend_reason"));
		json_array_foreach(json_object_get(state, "warnings"), i, warning)
			note(&args->common, "warning: %s", json_string_value(warning));
		*status = take(&state);
	} else {
		note(&args->common, "%s: %s", enclave_status_text(state, "name"),
		     enclave_status_text(state, "state"));
	}
	return CELLA_OK;
}

static enum cella_status await(const struct run_args *args, int fd, json_t **status,
			       struct cella_error *err)
{
	const struct deadline deadline =
		deadline_in(number_or(&args->timeout, BOOT_SECONDS) + SPARE_SECONDS);

	while (*status == NULL) {
		struct out line CLEANUP(out_done) = { 0 };

		TRY(io_read_line(fd, LINE_MAX_LEN, &line, &deadline, "cellad", err));
		TRY(hear_line(args, out_view(&line), status, err));
	}
	return CELLA_OK;
}

static enum cella_status start(const struct run_args *args, const struct argv *argv,
			       json_t **status, struct cella_error *err)
{
	int hear CLEANUP_CLOSE = -1;
	int tell CLEANUP_CLOSE = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, errno, "pipe");
	hear = ends[0];
	tell = ends[1];
	pid = fork();
	if (pid < 0)
		return error_errno(err, errno, "fork");
	if (pid == 0)
		become_supervisor(argv, tell);
	io_close(&tell);
	return await(args, hear, status, err);
}

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

static enum cella_status run_enclave(const struct run_args *args, struct cella_error *err)
{
	const char *const path = args->common.operands.items[0];
	char name[RUN_NAME_MAX + 1];
	struct argv argv CLEANUP(argv_done) = { 0 };
	json_t *status CLEANUP_JSON = NULL;
	int image CLEANUP_CLOSE = -1;

	TRY(enclave_name(args->name, path, name, err));
	image = open(path, O_RDONLY);
	if (image < 0)
		return error_errno(err, errno, "%s", path);
	TRY(make_argv(args, name, image, &argv, err));
	if (args->foreground)
		return execute(&argv, err);
	argv_add(&argv, "--ready");
	argv_add(&argv, "%d", STDERR_FILENO);
	TRY(argv_status(&argv, err));
	TRY(start(args, &argv, &status, err));
	return tell(args, status, err);
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	const char *const backend = ((const struct run_args *)args)->backend;

	if (backend != NULL && !backend_is_name(backend))
		return usage(&cmd_enclave_run, "--backend: expected " BACKEND_NAMES);
	return run_enclave(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
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
