/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave list, stop, logs and console: enclaves that run.
 */
#include "cli/commands.h"

#include "base/json.h"
#include "cli/enclave_args.h"
#include "guest/channel.h"
#include "guest/io.h"
#include "vm/control.h"
#include "vm/enclave_conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 4096, FOREVER_SECONDS = 10 * 365 * 24 * 3600 };

static enum cella_status print_json(const json_t *json, struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;

	TRY(json_write(json, true, &text, err));
	puts(text);
	return CELLA_OK;
}

static enum cella_status ask(const char *base, const char *name, const char *request,
			     json_t **out, struct cella_error *err)
{
	const struct deadline deadline = deadline_in(ENCLAVE_WAIT_SECONDS);
	struct out answer CLEANUP(out_done) = { 0 };

	TRY(control_ask(base, name, request, &deadline, &answer, err));
	return enclave_status_parse(out_view(&answer), out, err);
}

/* An enclave of a service ends with that, or it would be started again. */
static enum cella_status ask_to_stop(const char *base, const char *name, json_t **out,
				     struct cella_error *err)
{
	const enum cella_status status =
		enclave_ask_service(base, name, "stop", out, err);

	return status == CELLA_MISSING ? ask(base, name, "stop", out, err) : status;
}

/* --- list ---------------------------------------------------------------------------- */

struct list_args {
	struct common_args common;
	const char *run_dir;
};

static const struct option_def list_options[] = {
	RUN_DIR_OPTION(offsetof(struct list_args, run_dir)),
	COMMON_OPTIONS,
};

struct listing {
	const char *base;
	json_t *items;
	struct cella_error failure; /* the first */
};

/* One that ends just now is none any more. */
static enum cella_status list_one(void *context, const char *name,
				  struct cella_error *err)
{
	const struct listing *const listing = context;
	json_t *status = NULL;

	if (ask(listing->base, name, "status", &status, NULL) != CELLA_OK)
		return CELLA_OK;
	return json_add(listing->items, status, err);
}

static bool is_listed(const json_t *items, const char *name)
{
	for (size_t i = 0; i < json_array_size(items); i++)
		if (strcmp(enclave_status_text(json_array_get(items, i), "name"), name) ==
		    0)
			return true;
	return false;
}

/* A service is listed while its enclave is not. */
static enum cella_status list_service(void *context, const char *name,
				      struct cella_error *err)
{
	const struct listing *const listing = context;
	json_t *status = NULL;

	if (is_listed(listing->items, name) ||
	    enclave_ask_service(listing->base, name, "status", &status, NULL) != CELLA_OK)
		return CELLA_OK;
	return json_add(listing->items, status, err);
}

static void print_service(const json_t *item)
{
	const char *const waits_for = enclave_status_text(item, "waits_for");

	printf("%-20s %-10s %6lld %s\n", enclave_status_text(item, "name"),
	       enclave_status_text(item, "state"),
	       json_integer_value(json_object_get(item, "pid")),
	       waits_for[0] != '\0' ? waits_for : enclave_status_text(item, "cause"));
}

static void print_one(const json_t *item)
{
	if (json_is_true(json_object_get(item, "service"))) {
		print_service(item);
		return;
	}
	printf("%-20s %-10s %6lld %3lld %6lld MiB  %-4s  %s%s\n",
	       enclave_status_text(item, "name"), enclave_status_text(item, "state"),
	       json_integer_value(json_object_get(item, "pid")),
	       json_integer_value(json_object_get(item, "vcpus")),
	       json_integer_value(json_object_get(item, "memory_mib")),
	       enclave_status_text(item, "backend"), enclave_status_text(item, "folder"),
	       json_is_true(json_object_get(item, "debug")) ? "  DEBUG" : "");
}

static enum cella_status list(const struct list_args *args, struct cella_error *err)
{
	char base[RUN_PATH_MAX];
	json_t *items CLEANUP_JSON = json_array();
	struct listing listing = { .base = base, .items = items };

	if (items == NULL)
		return error_nomem(err);
	TRY(run_base(args->run_dir, base, err));
	TRY(run_list(base, list_one, &listing, err));
	TRY(run_service_list(base, list_service, &listing, err));
	if (args->common.json)
		return print_json(items, err);
	if (json_array_size(items) == 0)
		note(&args->common, "none runs below %s", base);
	for (size_t i = 0; i < json_array_size(items); i++)
		print_one(json_array_get(items, i));
	return CELLA_OK;
}

static int run_list_command(const void *args)
{
	struct cella_error err = { 0 };

	return list(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_enclave_list = {
	.name = "enclave list",
	.operands = "",
	.min_operands = 0,
	.max_operands = 0,
	.summary = "List the enclaves that run",
	.description =
		"Shows name, state, supervisor, processors, memory, back-end and folder of each,\n"
		"and what services wait for whose enclave does not run; with --json also why that\n"
		"back-end was taken. What a supervisor that was killed has left behind is\n"
		"removed.",
	.options = list_options,
	.num_options = ARRAY_LEN(list_options),
	.args_size = sizeof(struct list_args),
	.run = run_list_command,
};

/* --- stop ---------------------------------------------------------------------------- */

struct stop_args {
	struct common_args common;
	const char *run_dir;
	bool all;
};

static const struct option_def stop_options[] = {
	{ "all", 'a', NULL, OPTION_FLAG, offsetof(struct stop_args, all),
	  "stop all that run" },
	RUN_DIR_OPTION(offsetof(struct stop_args, run_dir)),
	COMMON_OPTIONS,
};

static enum cella_status stop_and_tell(const struct listing *listing, const char *name,
				       struct cella_error *err)
{
	json_t *status = NULL;

	TRY(ask_to_stop(listing->base, name, &status, err));
	TRY(json_add(listing->items, status, err));
	if (strcmp(enclave_status_text(status, "state"), "stopped") != 0)
		return error_set(err, CELLA_IO, "%s: %s: %s", name,
				 enclave_status_text(status, "state"),
				 enclave_status_text(status, "cause"));
	return CELLA_OK;
}

/* One that does not stop as it should leaves the others to be stopped. */
static enum cella_status stop_one(void *context, const char *name,
				  struct cella_error *err UNUSED)
{
	struct listing *const listing = context;
	struct cella_error failure = { 0 };

	if (stop_and_tell(listing, name, &failure) != CELLA_OK &&
	    listing->failure.status == CELLA_OK)
		listing->failure = failure;
	return CELLA_OK;
}

static enum cella_status stop(const struct stop_args *args, struct cella_error *err)
{
	const struct texts *const names = &args->common.operands;
	char base[RUN_PATH_MAX];
	json_t *items CLEANUP_JSON = json_array();
	struct listing listing = { .base = base, .items = items };

	if (items == NULL)
		return error_nomem(err);
	TRY(run_base(args->run_dir, base, err));
	if (args->all) {
		TRY(run_service_list(base, stop_one, &listing, err));
		TRY(run_list(base, stop_one, &listing, err));
	}
	if (!args->all && names->num_items == 0)
		TRY(stop_one(&listing, ENCLAVE_CONF_NAME, err));
	for (size_t i = 0; i < names->num_items; i++)
		TRY(stop_one(&listing, names->items[i], err));
	if (args->common.json)
		TRY(print_json(items, err));
	*err = listing.failure;
	return listing.failure.status;
}

static int run_stop(const void *arguments)
{
	const struct stop_args *const args = arguments;
	struct cella_error err = { 0 };

	if (args->all && args->common.operands.num_items > 0)
		return usage(&cmd_enclave_stop, "name enclaves, or --all");
	return stop(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_enclave_stop = {
	.name = "enclave stop",
	.operands = "[NAME...]",
	.min_operands = 0,
	.max_operands = TEXTS_MAX,
	.summary = "Stop enclaves",
	.description =
		"Asks the guest to end, and returns when nothing is left of it: one that does\n"
		"not end by itself is ended. A service that keeps the enclave running is stopped\n"
		"with it. Without a name, the one that is called \"default\".",
	.options = stop_options,
	.num_options = ARRAY_LEN(stop_options),
	.args_size = sizeof(struct stop_args),
	.run = run_stop,
};

/* --- logs ---------------------------------------------------------------------------- */

struct logs_args {
	struct common_args common;
	const char *run_dir;
	bool follow;
};

static const struct option_def logs_options[] = {
	{ "follow", 'f', NULL, OPTION_FLAG, offsetof(struct logs_args, follow),
	  "wait for more, until the enclave ends" },
	RUN_DIR_OPTION(offsetof(struct logs_args, run_dir)),
	COMMON_OPTIONS,
};

static enum cella_status copy_out(int fd, const struct deadline *deadline,
				  struct cella_error *err)
{
	for (;;) {
		uint8_t chunk[CHUNK];
		size_t len = 0;

		TRY(io_read_some(fd, chunk, sizeof chunk, &len, deadline, "the log",
				 err));
		if (len == 0)
			return CELLA_OK;
		if (fwrite(chunk, 1, len, stdout) != len || fflush(stdout) != 0)
			return error_errno(err, errno, "standard output");
	}
}

/* Who has nothing more to say gets what there is, and no more. */
static enum cella_status logs(const struct logs_args *args, struct cella_error *err)
{
	const char *const name = args->common.operands.items[0];
	const struct deadline connecting = deadline_in(ENCLAVE_WAIT_SECONDS);
	const struct deadline reading =
		deadline_in(args->follow ? FOREVER_SECONDS : ENCLAVE_WAIT_SECONDS);
	char base[RUN_PATH_MAX];
	int fd CLEANUP_CLOSE = -1;

	TRY(run_base(args->run_dir, base, err));
	TRY(control_connect(base, name, GUEST_PORT_LOG, &connecting, &fd, err));
	if (!args->follow && shutdown(fd, SHUT_WR) != 0)
		return error_errno(err, errno, "%s", name);
	return copy_out(fd, &reading, err);
}

static int run_logs(const void *args)
{
	struct cella_error err = { 0 };

	return logs(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_enclave_logs = {
	.name = "enclave logs",
	.operands = "NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Show what an enclave lets out of its log",
	.description =
		"The image says, measured, what that is: nothing, codes of a fixed list, or\n"
		"everything that the application writes (cella enclave build --log).",
	.options = logs_options,
	.num_options = ARRAY_LEN(logs_options),
	.args_size = sizeof(struct logs_args),
	.run = run_logs,
};

/* --- console ------------------------------------------------------------------------- */

struct console_args {
	struct common_args common;
	const char *run_dir;
	bool follow;
};

static const struct option_def console_options[] = {
	{ "follow", 'f', NULL, OPTION_FLAG, offsetof(struct console_args, follow),
	  "wait for more, until the enclave ends" },
	RUN_DIR_OPTION(offsetof(struct console_args, run_dir)),
	COMMON_OPTIONS,
};

static enum cella_status print_piece(void *context UNUSED, struct cella_bytes piece,
				     struct cella_error *err)
{
	if (fwrite(piece.data, 1, piece.len, stdout) != piece.len || fflush(stdout) != 0)
		return error_errno(err, errno, "standard output");
	return CELLA_OK;
}

/* Otherwise nothing would be shown, and nobody would say why. */
static enum cella_status check_console(const char *base, const char *name,
				       struct cella_error *err)
{
	json_t *status CLEANUP_JSON = NULL;

	TRY(ask(base, name, "status", &status, err));
	if (json_is_true(json_object_get(status, "debug")))
		return CELLA_OK;
	return error_set(err, CELLA_MISSING,
			 "%s: has no console: it was started without --debug", name);
}

static enum cella_status console(const struct console_args *args, struct cella_error *err)
{
	const struct deadline deadline =
		deadline_in(args->follow ? FOREVER_SECONDS : ENCLAVE_WAIT_SECONDS);
	const char *const name = args->common.operands.items[0];
	char base[RUN_PATH_MAX];
	struct out answer CLEANUP(out_done) = { 0 };

	TRY(run_base(args->run_dir, base, err));
	TRY(check_console(base, name, err));
	if (args->follow)
		return control_follow(base, name, &deadline, print_piece, NULL, err);
	TRY(control_ask(base, name, "console", &deadline, &answer, err));
	return print_piece(NULL, out_view(&answer), err);
}

static int run_console(const void *args)
{
	struct cella_error err = { 0 };

	return console(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_enclave_console = {
	.name = "enclave console",
	.operands = "NAME",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Show the console of an enclave that runs for debugging",
	.description =
		"The last 64 KiB that the kernel of an enclave of 'cella enclave run\n"
		"--debug' has written. Others have no console.",
	.options = console_options,
	.num_options = ARRAY_LEN(console_options),
	.args_size = sizeof(struct console_args),
	.run = run_console,
};
