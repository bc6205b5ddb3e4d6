/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands about enclaves that run: run-enclave, describe-enclaves, terminate-enclave,
 * console.
 */
#include "compat/enclave_cli.h"

#include "fetch/files.h"
#include "vm/control.h"
#include "vm/image_facts.h"
#include "vm/run_dir.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

enum {
	NAME_TRIES = 100,
	FOREVER_SECONDS = 10 * 365 * 24 * 3600,
};

/* --- names --------------------------------------------------------------------------- */

static bool is_taken(const json_t *list, const char *name)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *const one =
			json_object_get(json_array_get(list, i), "name");

		if (json_is_string(one) && strcmp(json_string_value(one), name) == 0)
			return true;
	}
	return false;
}

/* Of a file's name, what an enclave's may hold: "hello.v1.eif" is called "hello_v1". */
static int stem_of(const char *path, char name[RUN_NAME_MAX + 1])
{
	const char *const slash = strrchr(path, '/');
	const char *const file = slash != NULL ? slash + 1 : path;
	const char *const dot = strrchr(file, '.');
	const size_t whole = dot != NULL && dot != file ? (size_t)(dot - file)
							: strlen(file);
	const size_t len = whole < RUN_NAME_MAX - 4 ? whole : RUN_NAME_MAX - 4;

	for (size_t i = 0; i < len; i++) {
		const char byte[2] = { file[i], '\0' };

		const bool is_good = byte[0] != '-' &&
				     run_name_check(byte, NULL) == CELLA_OK;

		name[i] = '_';
		if (is_good)
			name[i] = byte[0];
	}
	name[len] = '\0';
	return (int)len;
}

/* The wished name, or one of the image's file that no other has. */
static int choose_name(const struct cli_args *args, const struct wish *wish,
		       char name[RUN_NAME_MAX + 1])
{
	struct cella_error err = { 0 };
	json_t *list CLEANUP_JSON = NULL;
	int len;

	if (wish->name != NULL) {
		if (run_name_check(wish->name, &err) != CELLA_OK)
			return cli_refuse(CODE_NAME, &err);
		snprintf(name, RUN_NAME_MAX + 1, "%s", wish->name);
	}
	if (cli_list(args, &list, &err) != CELLA_OK)
		return cli_refuse(CODE_SPAWN, &err);
	if (wish->name != NULL)
		return is_taken(list, name)
			       ? cli_refuse_text(CODE_NAME, "%s: is running", name)
			       : CODE_DONE;
	len = stem_of(wish->eif_path, name);
	for (unsigned i = 1; is_taken(list, name) && i < NAME_TRIES; i++)
		snprintf(name + len, 4, "_%u", i);
	return CODE_DONE;
}

/* --- run-enclave --------------------------------------------------------------------- */

static void add_number(struct argv *argv, const char *option, json_int_t value)
{
	if (value == 0)
		return;
	argv_add(argv, "%s", option);
	argv_add(argv, "%" JSON_INTEGER_FORMAT, value);
}

/* What is started inherits it: the vCPUs run there, and so does what serves them. */
static int pin(const struct wish *wish)
{
	const size_t size = CPU_ALLOC_SIZE(CLI_CPU_LIMIT);
	cpu_set_t *set;
	int failed;

	if (wish->num_cpu_ids == 0)
		return CODE_DONE;
	set = CPU_ALLOC(CLI_CPU_LIMIT);
	if (set == NULL)
		return cli_refuse_text(CODE_NO_SUCH_CPU, "--cpu-ids: out of memory");
	CPU_ZERO_S(size, set);
	for (size_t i = 0; i < wish->num_cpu_ids; i++)
		CPU_SET_S(wish->cpu_ids[i], size, set);
	failed = (size_t)CPU_COUNT_S(size, set) != wish->num_cpu_ids;
	if (!failed && sched_setaffinity(0, size, set) == 0 &&
	    sched_getaffinity(0, size, set) >= 0)
		failed = (size_t)CPU_COUNT_S(size, set) != wish->num_cpu_ids;
	else
		failed = 1;
	CPU_FREE(set);
	return failed ? cli_refuse_text(
				CODE_NO_SUCH_CPU,
				"--cpu-ids: a CPU is named twice, is not online, or "
				"not this process's to use")
		      : CODE_DONE;
}

static void run_argv(const struct cli_args *args, const struct wish *wish,
		     const char *name, struct argv *argv)
{
	cli_cella(argv, "run");
	cli_add(argv, "--host", args->host);
	cli_add(argv, "--run-dir", args->run_dir);
	argv_add(argv, "--name");
	argv_add(argv, "%s", name);
	add_number(argv, "--cpus",
		   wish->num_cpu_ids > 0 ? (json_int_t)wish->num_cpu_ids
					 : wish->cpu_count);
	add_number(argv, "--memory", wish->memory_mib);
	add_number(argv, "--cid", wish->cid);
	if (wish->debug)
		argv_add(argv, "--debug");
	argv_add(argv, "--");
	argv_add(argv, "%s", wish->eif_path);
}

/* Which of the known kinds of failure it was; cella has told the cause. */
static enum cli_code code_of_failure(const struct wish *wish)
{
	const struct image_question question = { .time = (int64_t)time(NULL) };
	struct image_facts facts CLEANUP(image_facts_done) = { .image = NULL };
	struct out file CLEANUP(out_done) = { 0 };
	struct eif image = { 0 };

	if (file_read(wish->eif_path, EIF_MAX, &file, NULL) != CELLA_OK)
		return CODE_READ;
	if (eif_parse(out_view(&file), &image, NULL) != CELLA_OK ||
	    image_facts_read(&image, &question, &facts, NULL) != CELLA_OK)
		return CODE_IMAGE;
	if (facts.is_signed && !eif_judgement_is_good(&facts.judgement))
		return CODE_SIGNATURE;
	if (facts.has_memory && wish->memory_mib != 0 &&
	    (uint64_t)wish->memory_mib < facts.memory.mib)
		return CODE_TOO_LITTLE_MEMORY;
	return CODE_BOOT;
}

static int start(const struct cli_args *args, const struct wish *wish, const char *name)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	json_t *enclave CLEANUP_JSON = NULL;
	json_t *told CLEANUP_JSON = NULL;
	struct cella_error err = { 0 };
	bool failed = false;

	run_argv(args, wish, name, &argv);
	if (cli_ask(&argv, &enclave, &failed, &err) != CELLA_OK || failed)
		return err.status == CELLA_MISSING
			       ? cli_refuse(CODE_SPAWN, &err)
			       : cli_refuse(code_of_failure(wish), &err);
	if (shape_run(enclave, &told, &err) != CELLA_OK ||
	    shape_print(told, &err) != CELLA_OK || fflush(stdout) != 0)
		return cli_refuse(CODE_JSON, &err);
	return CODE_DONE;
}

int cli_run_enclave(const void *arguments)
{
	const struct cli_args *const args = arguments;
	json_t *document CLEANUP_JSON = NULL;
	struct wish wish = { 0 };
	char name[RUN_NAME_MAX + 1];
	int code = wish_read(args, &document, &wish);

	if (code == CODE_DONE)
		code = choose_name(args, &wish, name);
	if (code == CODE_DONE)
		code = pin(&wish);
	if (code == CODE_DONE)
		code = start(args, &wish, name);
	if (code == CODE_DONE && wish.attach)
		code = cli_attach(args, name, 0);
	return code;
}

/* --- describe-enclaves --------------------------------------------------------------- */

int cli_describe_enclaves(const void *arguments)
{
	const struct cli_args *const args = arguments;
	json_t *told CLEANUP_JSON = json_array();
	json_t *list CLEANUP_JSON = NULL;
	struct cella_error err = { 0 };

	if (cli_list(args, &list, &err) != CELLA_OK)
		return cli_refuse(CODE_SPAWN, &err);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *one = NULL;

		if (shape_enclave(json_array_get(list, i), args->metadata, &one, &err) !=
			    CELLA_OK ||
		    json_add(told, one, &err) != CELLA_OK)
			return cli_refuse(CODE_JSON, &err);
	}
	return shape_print(told, &err) == CELLA_OK ? CODE_DONE
						   : cli_refuse(CODE_JSON, &err);
}

/* --- one of them --------------------------------------------------------------------- */

static bool is_it(const struct cli_args *args, const json_t *enclave)
{
	const char *const name = json_string_value(json_object_get(enclave, "name"));
	char id[SHAPE_ID_LEN];

	shape_id(enclave, id);
	return args->enclave_id != NULL
		       ? strcmp(args->enclave_id, id) == 0
		       : name != NULL && strcmp(args->enclave_name, name) == 0;
}

/* The caller owns *out. */
static int find(const struct cli_args *args, json_t **out)
{
	json_t *list CLEANUP_JSON = NULL;
	struct cella_error err = { 0 };

	if ((args->enclave_id == NULL) == (args->enclave_name == NULL))
		return cli_refuse_text(
			args->enclave_id == NULL ? CODE_MISSING_ARGUMENT
						 : CODE_CONFLICTING_ARGUMENT,
			"one of --enclave-id and --enclave-name is needed");
	if (cli_list(args, &list, &err) != CELLA_OK)
		return cli_refuse(CODE_SPAWN, &err);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (is_it(args, json_array_get(list, i))) {
			*out = json_incref(json_array_get(list, i));
			return CODE_DONE;
		}
	return cli_refuse_text(CODE_NO_SUCH_ENCLAVE, "%s: there is no such enclave",
			       args->enclave_id != NULL ? args->enclave_id
							: args->enclave_name);
}

/* --- terminate-enclave --------------------------------------------------------------- */

static int stop(const struct cli_args *args, const json_t *enclave, json_t **out)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	json_t *told CLEANUP_JSON = json_object();
	json_t *stopped CLEANUP_JSON = NULL;
	struct cella_error err = { 0 };
	char id[SHAPE_ID_LEN];
	bool failed = false;

	shape_id(enclave, id);
	cli_cella(&argv, "stop");
	cli_add(&argv, "--run-dir", args->run_dir);
	argv_add(&argv, "%s", json_string_value(json_object_get(enclave, "name")));
	if (cli_ask(&argv, &stopped, &failed, &err) != CELLA_OK || failed)
		return cli_refuse(CODE_NOT_EXECUTED, &err);
	if (json_put(told, "EnclaveName", json_incref(json_object_get(enclave, "name")),
		     &err) != CELLA_OK ||
	    json_put(told, "EnclaveID", json_string(id), &err) != CELLA_OK ||
	    json_put(told, "Terminated", json_true(), &err) != CELLA_OK)
		return cli_refuse(CODE_JSON, &err);
	*out = take(&told);
	return CODE_DONE;
}

/* One that does not stop leaves the others to be stopped. */
static int stop_all(const struct cli_args *args)
{
	json_t *all CLEANUP_JSON = json_array();
	json_t *list CLEANUP_JSON = NULL;
	struct cella_error err = { 0 };
	int code = CODE_DONE;

	if (cli_list(args, &list, &err) != CELLA_OK)
		return cli_refuse(CODE_SPAWN, &err);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *one = NULL;
		const int its_code = stop(args, json_array_get(list, i), &one);

		if (its_code == CODE_DONE && json_add(all, one, &err) != CELLA_OK)
			return cli_refuse(CODE_JSON, &err);
		if (code == CODE_DONE)
			code = its_code;
	}
	return shape_print(all, &err) == CELLA_OK ? code : cli_refuse(CODE_JSON, &err);
}

int cli_terminate_enclave(const void *arguments)
{
	const struct cli_args *const args = arguments;
	json_t *enclave CLEANUP_JSON = NULL;
	json_t *told CLEANUP_JSON = NULL;
	struct cella_error err = { 0 };
	int code;

	if (args->all && (args->enclave_id != NULL || args->enclave_name != NULL))
		return cli_refuse_text(CODE_CONFLICTING_ARGUMENT,
				       "--all excludes --enclave-id and --enclave-name");
	if (args->all)
		return stop_all(args);
	code = find(args, &enclave);
	if (code == CODE_DONE)
		code = stop(args, enclave, &told);
	if (code == CODE_DONE && shape_print(told, &err) != CELLA_OK)
		return cli_refuse(CODE_JSON, &err);
	return code;
}

/* --- console ------------------------------------------------------------------------- */

/* When silence has lasted long enough. */
struct patience {
	struct deadline deadline;
	int64_t seconds;
};

static enum cella_status print_piece(void *context, struct cella_bytes piece,
				     struct cella_error *err)
{
	struct patience *const patience = context;

	if (fwrite(piece.data, 1, piece.len, stdout) != piece.len || fflush(stdout) != 0)
		return error_errno(err, errno, "standard output");
	patience->deadline = deadline_in(patience->seconds);
	return CELLA_OK;
}

int cli_attach(const struct cli_args *args, const char *name, int64_t timeout)
{
	struct patience patience = {
		.seconds = timeout > 0 ? timeout : FOREVER_SECONDS,
	};
	struct cella_error err = { 0 };
	char base[RUN_PATH_MAX];

	patience.deadline = deadline_in(patience.seconds);
	if (run_base(args->run_dir, base, &err) == CELLA_OK &&
	    control_follow(base, name, &patience.deadline, print_piece, &patience,
			   &err) == CELLA_OK)
		return CODE_DONE;
	if (timeout > 0 && deadline_left_ms(&patience.deadline) == 0)
		return CODE_DONE;
	return cli_refuse(CODE_CONSOLE_READ, &err);
}

int cli_console(const void *arguments)
{
	const struct cli_args *const args = arguments;
	json_t *enclave CLEANUP_JSON = NULL;
	const char *name;
	const int code = find(args, &enclave);

	if (code != CODE_DONE)
		return code;
	name = json_string_value(json_object_get(enclave, "name"));
	if (!json_is_true(json_object_get(enclave, "debug")))
		return cli_refuse_text(CODE_CONSOLE,
				       "%s: it does not run in debug mode: it has no "
				       "console",
				       name);
	return cli_attach(args, name, args->disconnect_timeout.value);
}
