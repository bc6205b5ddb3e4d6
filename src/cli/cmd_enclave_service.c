/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave start, restart and status: the service of an enclave, where no service
 * manager does that. cmd_enclave_list.c has stop.
 */
#include "cli/commands.h"

#include "base/json.h"
#include "cli/enclave_args.h"
#include "cli/enclave_start.h"
#include "collect/program.h"
#include "fetch/files.h"
#include "vm/control.h"
#include "vm/enclave_conf.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { START_SECONDS = 180, LAST_MAX = 64 << 10, PCR_IMAGE = 11, EXIT_NOT_RUNNING = 3 };

struct service_args {
	struct common_args common;
	const char *conf;
	const char *run_dir;
	struct moment timeout;
};

#define ARG(member) offsetof(struct service_args, member)
static const struct option_def start_options[] = {
	{ "conf", 0, "FILE", OPTION_TEXT, ARG(conf),
	  "read this instead of /etc/enclave.conf, or /etc/cella/enclaves/NAME.conf" },
	{ "timeout", 0, "DURATION", OPTION_DURATION, ARG(timeout),
	  "return, while it goes on starting, after this time; 3m" },
	RUN_DIR_OPTION(ARG(run_dir)),
	COMMON_OPTIONS,
};

static const struct option_def status_options[] = {
	RUN_DIR_OPTION(ARG(run_dir)),
	COMMON_OPTIONS,
};

static const char *name_of(const struct service_args *args)
{
	const struct texts *const names = &args->common.operands;

	return names->num_items > 0 ? names->items[0] : ENCLAVE_CONF_NAME;
}

static enum cella_status print_json(const json_t *json, struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;

	TRY(json_write(json, true, &text, err));
	puts(text);
	return CELLA_OK;
}

/* --- start --------------------------------------------------------------------------- */

static void add(struct argv *argv, const char *option, const char *value)
{
	if (value == NULL)
		return;
	argv_add(argv, "%s", option);
	argv_add(argv, "%s", value);
}

static enum cella_status make_argv(const struct service_args *args, struct argv *out,
				   struct cella_error *err)
{
	char program[PROGRAM_PATH_MAX];

	program_find("cellad", program);
	argv_add(out, "%s", program);
	argv_add(out, "--service");
	add(out, "--name", name_of(args));
	add(out, "--conf", args->conf);
	add(out, "--run-dir", args->run_dir);
	argv_add(out, "--ready");
	argv_add(out, "%d", STDERR_FILENO);
	return argv_status(out, err);
}

/* It would be started twice, and not again after the next boot. */
static void mention_systemd(const struct service_args *args)
{
	if (geteuid() == 0 && args->conf == NULL &&
	    access("/run/systemd/system", F_OK) == 0)
		note(&args->common,
		     "this host has systemd, which starts enclaves after a boot, too: "
		     "systemctl start cella-enclave");
}

static enum cella_status tell(const struct service_args *args, const json_t *status,
			      struct cella_error *err)
{
	if (args->common.json)
		return print_json(status, err);
	printf("%s: %s\n", enclave_status_text(status, "name"),
	       enclave_status_text(status, "state"));
	return CELLA_OK;
}

static enum cella_status start_new(const struct service_args *args, json_t **status,
				   struct cella_error *err)
{
	const int64_t seconds = args->timeout.is_set ? args->timeout.value
						     : START_SECONDS;
	struct argv argv CLEANUP(argv_done) = { 0 };

	mention_systemd(args);
	TRY(make_argv(args, &argv, err));
	return enclave_start(&args->common, &argv, ENCLAVE_TELLS_WORDS, seconds, status,
			     err);
}

/* What runs already by another file is not what was asked for. */
static enum cella_status check_conf(const struct service_args *args, const char *base,
				    struct cella_error *err)
{
	json_t *status CLEANUP_JSON = NULL;
	const char *conf;

	if (args->conf == NULL ||
	    enclave_ask_service(base, name_of(args), "status", &status, NULL) != CELLA_OK)
		return CELLA_OK;
	conf = enclave_status_text(status, "conf");
	if (strcmp(conf, args->conf) == 0)
		return CELLA_OK;
	return error_set(err, CELLA_USAGE,
			 "%s: has a service by %.100s already: stop that first, or give "
			 "this one another name",
			 name_of(args), conf);
}

/* One that runs is asked; where there is none, one is started. */
static enum cella_status start_or_ask(const struct service_args *args,
				      const char *request, struct cella_error *err)
{
	json_t *status CLEANUP_JSON = NULL;
	char base[RUN_PATH_MAX];
	enum cella_status result;

	TRY(run_name_check(name_of(args), err));
	TRY(run_base(args->run_dir, base, err));
	TRY(check_conf(args, base, err));
	result = enclave_ask_service(base, name_of(args), request, &status, err);
	if (result == CELLA_MISSING)
		result = start_new(args, &status, err);
	TRY(result);
	return tell(args, status, err);
}

static int run_start(const void *args)
{
	struct cella_error err = { 0 };

	return start_or_ask(args, "status", &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

static int run_restart(const void *args)
{
	struct cella_error err = { 0 };

	return start_or_ask(args, "restart", &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_enclave_start = {
	.name = "enclave start",
	.operands = "[NAME]",
	.min_operands = 0,
	.max_operands = 1,
	.summary = "Start the service that keeps an enclave running",
	.description =
		"As systemctl start cella-enclave, where there is no systemd: starts the enclave\n"
		"that enclave.conf(5) describes, in the background, and again if it fails.\n"
		"Returns once it runs, or while its image is not there yet: then it starts when\n"
		"the image has arrived. NAME is \"default\" unless told.",
	.options = start_options,
	.num_options = ARRAY_LEN(start_options),
	.args_size = sizeof(struct service_args),
	.run = run_start,
};

const struct command cmd_enclave_restart = {
	.name = "enclave restart",
	.operands = "[NAME]",
	.min_operands = 0,
	.max_operands = 1,
	.summary = "Stop an enclave and start it anew, as its file says now",
	.description =
		"Has the service of the enclave read its file again; a file with a mistake leaves\n"
		"the enclave as it is. Where no service runs, one is started.",
	.options = start_options,
	.num_options = ARRAY_LEN(start_options),
	.args_size = sizeof(struct service_args),
	.run = run_restart,
};

/* --- status -------------------------------------------------------------------------- */

/* What one that failed has left. */
static enum cella_status read_last(const char *base, const char *name, json_t **out,
				   struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	char folder[RUN_PATH_MAX];
	char path[RUN_PATH_MAX];

	TRY(run_service_path(base, name, folder, err));
	TRY(run_path(folder, RUN_SERVICE_LAST, path, err));
	if (access(path, F_OK) != 0)
		return error_set(err, CELLA_MISSING, "%s: has no last word", name);
	TRY(file_read(path, LAST_MAX, &text, err));
	return enclave_status_parse(out_view(&text), out, err);
}

static enum cella_status ask_enclave(const char *base, const char *name, json_t **out,
				     struct cella_error *err)
{
	const struct deadline deadline = deadline_in(ENCLAVE_WAIT_SECONDS);
	struct out answer CLEANUP(out_done) = { 0 };

	TRY(control_ask(base, name, "status", &deadline, &answer, err));
	return enclave_status_parse(out_view(&answer), out, err);
}

static enum cella_status none(const char *name, json_t **out, struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();

	TRY(json_put(root, "name", json_string(name), err));
	TRY(json_put(root, "state", json_string("stopped"), err));
	*out = take(&root);
	return CELLA_OK;
}

/* The service knows most; then the enclave itself; then what a service said last. */
static enum cella_status find_out(const char *base, const char *name, json_t **out,
				  struct cella_error *err)
{
	enum cella_status status = enclave_ask_service(base, name, "status", out, err);

	if (status == CELLA_MISSING)
		status = ask_enclave(base, name, out, err);
	if (status == CELLA_MISSING)
		status = read_last(base, name, out, err);
	return status == CELLA_MISSING ? none(name, out, err) : status;
}

static void print_text(const json_t *status, const char *label, const char *member)
{
	const char *const text = enclave_status_text(status, member);

	if (text[0] != '\0')
		printf("%11s: %s\n", label, text);
}

static long long number_in(const json_t *status, const char *member)
{
	return json_integer_value(json_object_get(status, member));
}

static void print_head(const json_t *status)
{
	const char *const since = enclave_status_text(status, "since");

	printf("%s: %s%s%s\n", enclave_status_text(status, "name"),
	       enclave_status_text(status, "state"), since[0] != '\0' ? " since " : "",
	       since);
}

static void print_machine(const json_t *status)
{
	const json_t *const pcrs = json_object_get(status, "predicted_pcrs");
	const char *const pcr = json_string_value(json_array_get(pcrs, PCR_IMAGE));

	if (pcr != NULL)
		printf("%11s: %s\n", "PCR11", pcr);
	if (number_in(status, "vcpus") > 0)
		printf("%11s: %lld processors, %lld MiB, %s%s\n", "machine",
		       number_in(status, "vcpus"), number_in(status, "memory_mib"),
		       enclave_status_text(status, "backend"),
		       json_is_true(json_object_get(status, "debug")) ? ", DEBUG" : "");
}

static void print_service(const json_t *status)
{
	if (!json_is_true(json_object_get(status, "service")))
		return;
	printf("%11s: %lld starts, %lld failures in a row, restart = %s\n", "so far",
	       number_in(status, "starts"), number_in(status, "failures"),
	       enclave_status_text(status, "restart"));
}

static void print_events(const json_t *status)
{
	const json_t *const events = json_object_get(status, "events");

	if (json_array_size(events) > 0)
		putchar('\n');
	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *const event = json_array_get(events, i);

		printf("%s %s\n", enclave_status_text(event, "time"),
		       enclave_status_text(event, "text"));
	}
}

static void print_status(const json_t *status)
{
	print_head(status);
	print_text(status, "waits for", "waits_for");
	print_text(status, "image", "image");
	print_machine(status);
	print_text(status, "folder", "folder");
	print_text(status, "conf", "conf");
	if (number_in(status, "pid") > 0)
		printf("%11s: %lld\n", "process", number_in(status, "pid"));
	print_service(status);
	print_text(status, "last cause", "cause");
	print_events(status);
}

static int run_status(const void *arguments)
{
	const struct service_args *const args = arguments;
	json_t *status CLEANUP_JSON = NULL;
	struct cella_error err = { 0 };
	char base[RUN_PATH_MAX];

	if (run_name_check(name_of(args), &err) != CELLA_OK ||
	    run_base(args->run_dir, base, &err) != CELLA_OK ||
	    find_out(base, name_of(args), &status, &err) != CELLA_OK)
		return fail(&err);
	if (args->common.json && print_json(status, &err) != CELLA_OK)
		return fail(&err);
	if (!args->common.json && !args->common.quiet)
		print_status(status);
	return strcmp(enclave_status_text(status, "state"), "running") == 0
		       ? EXIT_YES
		       : EXIT_NOT_RUNNING;
}

const struct command cmd_enclave_status = {
	.name = "enclave status",
	.operands = "[NAME]",
	.min_operands = 0,
	.max_operands = 1,
	.summary = "Show how an enclave and its service are",
	.description =
		"Its state and since when, what it waits for, image, measurement, machine, why it\n"
		"failed last, and what its service has done. Exits with 0 when the enclave runs,\n"
		"with 3 when it does not. NAME is \"default\" unless told.",
	.options = status_options,
	.num_options = ARRAY_LEN(status_options),
	.args_size = sizeof(struct service_args),
	.run = run_status,
};
