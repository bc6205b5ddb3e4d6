/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella measure: an application's digest into RTMR3, or an enclave's PCR14, with an event that says what it was.
 */
#include "cli/commands.h"

#include "base/close.h"
#include "base/encode.h"
#include "base/json.h"
#include "collect/measure.h"
#include "collect/tree.h"
#include "fetch/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char default_log[] = "/run/cella/eventlog";
static const char simulated_log[] = "/eventlog";
static const char domain[] = "cella";

struct measure_args {
	struct common_args common;
	const char *name;
	const char *log;
	const char *provider;
	const char *sim;
	const char *sysroot;
	const char *manifest;
	bool each;
	bool dry_run;
};

#define ARG(member) offsetof(struct measure_args, member)
static const struct option_def options[] = {
	{ "each", 0, NULL, OPTION_FLAG, ARG(each),
	  "measure every file of a directory by an event of its own" },
	{ "name", 0, "TEXT", OPTION_TEXT, ARG(name),
	  "let the event name this instead of the path" },
	{ "dry-run", 0, NULL, OPTION_FLAG, ARG(dry_run),
	  "say what would be measured, and extend nothing" },
	{ "manifest", 0, "FILE", OPTION_TEXT, ARG(manifest),
	  "write the list whose digest a directory's is" },
	{ "log", 0, "FILE", OPTION_TEXT, ARG(log),
	  "append to this event log instead of /run/cella/eventlog" },
	{ "provider", 0, "NAME", OPTION_TEXT, ARG(provider),
	  "whose register: this TD's, or sim, a simulated platform's" },
	{ "sim", 0, "DIR", OPTION_TEXT, ARG(sim),
	  "the simulated platform that 'cella sim init' made" },
	{ "sysroot", 0, "DIR", OPTION_TEXT, ARG(sysroot),
	  "find the kernel's files below this directory" },
	COMMON_OPTIONS,
};

/* Measurements in progress: what was digested, and where it goes. */
struct session {
	const struct measure_args *args;
	struct measuring measuring; /* not of a dry run */
	bool is_measuring;
	uint8_t predicted[SHA384_LEN];     /* of a dry run: RTMR3, from zeros */
	uint8_t predicted_pcr[SHA256_LEN]; /* and PCR14 */
	json_t *done;                      /* an array */
	struct cella_error *err;
};

static void session_done(struct session *s)
{
	if (s->is_measuring)
		measuring_done(&s->measuring);
	json_decref(s->done);
}

/* --- one event ----------------------------------------------------------------------- */

/* Standard output is the program's, where one is run. */
static void say(const struct measure_args *args, const uint8_t digest[SHA384_LEN],
		const char *what)
{
	char hex[2 * SHA384_LEN + 1];

	hex_format(bytes_of(digest, SHA384_LEN), hex);
	if (args->common.has_end && !args->dry_run)
		note(&args->common, "%s  %s", hex, what);
	else
		printf("%s  %s\n", hex, what);
}

static enum cella_status tell(const struct session *s, const char *kind,
			      const uint8_t digest[SHA384_LEN], const char *content)
{
	/* What was measured, as the event says it. */
	const char *const what = content + strlen("sha384: ") + 2 * SHA384_LEN;
	json_t *const item = json_object();

	TRY(json_add(s->done, item, s->err));
	TRY(json_put(item, "kind", json_string(kind), s->err));
	TRY(json_put(item, "what", json_string(what), s->err));
	TRY(json_put(item, "digest", json_hex(bytes_of(digest, SHA384_LEN)), s->err));
	if (!s->args->common.json)
		say(s->args, digest, what);
	return CELLA_OK;
}

static enum cella_status predict(struct session *s, const struct aael *event)
{
	struct out data CLEANUP(out_done) = { 0 };
	uint8_t digest[SHA384_LEN];

	TRY(aael_write(event, &data, digest, s->err));
	TRY(register_extend(CELLA_HASH_SHA384, s->predicted, SHA384_LEN, digest, s->err));
	TRY(crypto_sha256(out_view(&data), digest, s->err));
	return register_extend(CELLA_HASH_SHA256, s->predicted_pcr, SHA256_LEN, digest,
			       s->err);
}

/* The content: "sha384:<digest> <path>", and what follows the path, already escaped. */
static enum cella_status add(struct session *s, const char *kind, const char *path,
			     const uint8_t digest[SHA384_LEN], const char *more)
{
	struct out content CLEANUP(out_done) = { 0 };
	struct aael event = { domain, kind, NULL };
	char *text CLEANUP_FREE = NULL;

	out_text(&content, "sha384:");
	hex_write(&content, bytes_of(digest, SHA384_LEN));
	out_u8(&content, ' ');
	path_escape(&content, s->args->name != NULL ? s->args->name : path);
	out_text(&content, more);
	TRY(out_take_text(&content, &text, s->err));
	event.content = text;
	TRY(s->args->dry_run ? predict(s, &event)
			     : measuring_add(&s->measuring, &event, s->err));
	return tell(s, kind, digest, text);
}

/* --- files and directories ----------------------------------------------------------- */

static enum cella_status add_open_file(struct session *s, int fd, const char *path,
				       const char *kind, const char *more)
{
	uint8_t digest[SHA384_LEN];

	TRY(file_digest(fd, path, digest, s->err));
	return add(s, kind, path, digest, more);
}

static enum cella_status add_file(struct session *s, const char *path)
{
	const int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return error_errno(s->err, errno, "%s", path);
	return add_open_file(s, fd, path, "measure-file", "");
}

static enum cella_status add_folder(struct session *s, const char *path)
{
	struct out manifest CLEANUP(out_done) = { 0 };
	struct cella_bytes view;
	uint8_t digest[SHA384_LEN];

	TRY(tree_manifest(path, &manifest, s->err));
	view = out_view(&manifest);
	if (s->args->manifest != NULL)
		TRY(file_write(s->args->manifest, view, 0644, s->err));
	TRY(crypto_digest(CRYPTO_SHA384, &view, 1, digest, s->err));
	return add(s, "measure-directory", path, digest, "");
}

/* "f 644 <digest> ./etc/nginx.conf": the escaped path of a file; NULL for other entries. */
static const char *file_of_line(char *line, uint8_t digest[SHA384_LEN])
{
	char *const type = strsep(&line, " ");
	char *const mode = strsep(&line, " ");
	char *const hex = strsep(&line, " ");

	if (mode == NULL || hex == NULL || line == NULL || strcmp(type, "f") != 0 ||
	    hex_read(bytes_of(hex, strlen(hex)), digest, SHA384_LEN, "manifest", NULL) !=
		    CELLA_OK)
		return NULL;
	return line + strlen("./");
}

static enum cella_status add_each(struct session *s, const char *path)
{
	struct out manifest CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;
	char *rest;

	TRY(tree_manifest(path, &manifest, s->err));
	TRY(out_take_text(&manifest, &text, s->err));
	rest = text;
	while (rest != NULL) {
		char *const line = strsep(&rest, "\n");
		uint8_t digest[SHA384_LEN];
		const char *const file = file_of_line(line, digest);
		struct out more CLEANUP(out_done) = { 0 };

		if (file == NULL)
			continue;
		/* The path below the directory is escaped already. */
		out_format(&more, "/%s", file);
		out_u8(&more, 0);
		TRY(out_status(&more, s->err));
		TRY(add(s, "measure-file", path, digest, (const char *)more.data));
	}
	return CELLA_OK;
}

/* Paths in events are whole ones, without links: the same file has one name. */
static enum cella_status add_path(struct session *s, const char *given)
{
	char path[PATH_MAX];
	struct stat st;

	if (realpath(given, path) == NULL || stat(path, &st) != 0)
		return error_errno(s->err, errno, "%s", given);
	if (!S_ISDIR(st.st_mode))
		return add_file(s, path);
	return s->args->each ? add_each(s, path) : add_folder(s, path);
}

/* --- programs ------------------------------------------------------------------------ */

/* As the shell finds a command; what names it in errors. */
static enum cella_status find_program(const char *name, char path[PATH_MAX],
				      struct cella_error *err)
{
	const char *search = getenv("PATH");
	char candidate[PATH_MAX];

	if (strchr(name, '/') != NULL)
		return realpath(name, path) != NULL ? CELLA_OK
						    : error_errno(err, errno, "%s", name);
	while (search != NULL && *search != '\0') {
		const size_t len = strcspn(search, ":");
		struct stat st;

		if (len > 0 &&
		    snprintf(candidate, sizeof candidate, "%.*s/%s", (int)len, search,
			     name) < PATH_MAX &&
		    access(candidate, X_OK) == 0 && stat(candidate, &st) == 0 &&
		    S_ISREG(st.st_mode) && realpath(candidate, path) != NULL)
			return CELLA_OK;
		search += len + (search[len] == ':');
	}
	return error_set(err, CELLA_MISSING, "%s: there is no such program in PATH",
			 name);
}

static bool is_script(int fd)
{
	char start[2] = { 0 };

	return pread(fd, start, 2, 0) == 2 && memcmp(start, "#!", 2) == 0;
}

static const char *const *command_of(const struct measure_args *args)
{
	return args->common.operands.items + args->common.end;
}

static enum cella_status add_program(struct session *s, int fd, const char *path)
{
	const struct texts *const operands = &s->args->common.operands;
	struct out more CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;

	for (size_t i = s->args->common.end + 1; i < operands->num_items; i++) {
		out_u8(&more, ' ');
		path_escape(&more, operands->items[i]);
	}
	TRY(out_take_text(&more, &text, s->err));
	return add_open_file(s, fd, path, "measure-program", text);
}

/* Runs the very file that was measured: it stays open from its digest to its start. */
static enum cella_status run_program(const struct measure_args *args, int fd,
				     const char *path, struct cella_error *err)
{
	const struct texts *const operands = &args->common.operands;
	char *argv[TEXTS_MAX + 1] = { NULL };

	for (size_t i = args->common.end; i < operands->num_items; i++)
		argv[i - args->common.end] = (char *)operands->items[i];
	/* A script's interpreter opens it by the descriptor. */
	if (is_script(fd) && fcntl(fd, F_SETFD, 0) != 0)
		return error_errno(err, errno, "%s", path);
	fflush(stdout);
	fexecve(fd, argv, environ);
	return error_errno(err, errno, "%s", path);
}

/* --- sessions ------------------------------------------------------------------------ */

static enum cella_status log_path(const struct measure_args *args, char path[PATH_MAX],
				  struct cella_error *err)
{
	const char *const folder = args->sim != NULL       ? args->sim
				   : args->sysroot != NULL ? args->sysroot
							   : "";
	const char *const name = args->sim != NULL ? simulated_log : default_log;

	if (args->log != NULL
		    ? snprintf(path, PATH_MAX, "%s", args->log) >= PATH_MAX
		    : snprintf(path, PATH_MAX, "%s%s", folder, name) >= PATH_MAX)
		return error_set(err, CELLA_LIMIT, "the event log's path is too long");
	return CELLA_OK;
}

static enum cella_status start(struct session *s, char path[PATH_MAX])
{
	const struct rtmr_place place = {
		.sysroot = s->args->sysroot != NULL ? s->args->sysroot : "",
		.sim_dir = s->args->sim,
	};

	s->done = json_array();
	if (s->done == NULL)
		return error_nomem(s->err);
	if (s->args->dry_run)
		return CELLA_OK;
	TRY(log_path(s->args, path, s->err));
	TRY(measuring_start(&place, path, &s->measuring, s->err));
	s->is_measuring = true;
	if (s->measuring.is_enclave && s->args->log != NULL)
		return error_set(s->err, CELLA_USAGE,
				 "--log: this is an enclave, whose init keeps the log");
	if (s->measuring.lacks_firmware_log)
		note(&s->args->common,
		     "the firmware's log (%s) cannot be read: %s tells of applications "
		     "alone",
		     "/sys/firmware/acpi/tables/data/CCEL", path);
	if (s->measuring.is_out_of_step)
		note(&s->args->common,
		     "warning: %s does not lead to RTMR3 as it is: somebody else "
		     "extends it, too, and no policy on events will hold",
		     path);
	return CELLA_OK;
}

static enum cella_status print_json(const struct session *s)
{
	json_t *root CLEANUP_JSON = json_object();
	char *text CLEANUP_FREE = NULL;

	TRY(json_put(root, "measured", json_incref(s->done), s->err));
	TRY(json_put(root, "register",
		     json_string(s->args->dry_run ? "rtmr3"
						  : measuring_register(&s->measuring)),
		     s->err));
	if (s->args->dry_run) {
		TRY(json_put(root, "predicted",
			     json_hex(bytes_of(s->predicted, SHA384_LEN)), s->err));
		TRY(json_put(root, "predicted_pcr14",
			     json_hex(bytes_of(s->predicted_pcr, SHA256_LEN)), s->err));
	} else {
		if (!s->measuring.is_enclave)
			TRY(json_put(root, "log", json_string(s->measuring.path),
				     s->err));
		TRY(json_put(root, "extended_through", json_string(s->measuring.how),
			     s->err));
	}
	TRY(json_write(root, true, &text, s->err));
	puts(text);
	return CELLA_OK;
}

static enum cella_status report(const struct session *s)
{
	if (s->args->common.json)
		return print_json(s);
	if (!s->args->dry_run && s->measuring.is_enclave)
		note(&s->args->common, "PCR14 is extended; evidence tells by what");
	else if (!s->args->dry_run)
		note(&s->args->common,
		     "RTMR3 is extended; send %s along with quotes: 'cella verify "
		     "--eventlog'",
		     s->measuring.path);
	return CELLA_OK;
}

static enum cella_status measure_all(const struct measure_args *args, int fd,
				     const char *program, struct cella_error *err)
{
	const struct common_args *const common = &args->common;
	const size_t num_paths = common->has_end ? common->end
						 : common->operands.num_items;
	struct session s CLEANUP(session_done) = { .args = args, .err = err };
	char path[PATH_MAX];

	TRY(start(&s, path));
	for (size_t i = 0; i < num_paths; i++)
		TRY(add_path(&s, common->operands.items[i]));
	if (fd >= 0)
		TRY(add_program(&s, fd, program));
	return report(&s);
}

static enum cella_status measure(const struct measure_args *args, struct cella_error *err)
{
	char program[PATH_MAX];
	int fd CLEANUP_CLOSE = -1;

	if (!args->common.has_end)
		return measure_all(args, -1, NULL, err);
	TRY(find_program(*command_of(args), program, err));
	fd = open(program, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "%s", program);
	TRY(measure_all(args, fd, program, err));
	return args->dry_run ? CELLA_OK : run_program(args, fd, program, err);
}

static int check_usage(const struct measure_args *a)
{
	const bool is_sim = a->provider != NULL && strcmp(a->provider, "sim") == 0;

	if (a->provider != NULL && !is_sim)
		return usage(&cmd_measure, "--provider: there is no provider \"%.40s\"",
			     a->provider);
	if (is_sim != (a->sim != NULL))
		return usage(&cmd_measure, "a simulated platform needs both of "
					   "--provider sim and --sim DIR");
	if (is_sim && a->sysroot != NULL)
		return usage(&cmd_measure, "--sysroot excludes --provider sim");
	if (a->common.has_end && a->common.end == a->common.operands.num_items)
		return usage(&cmd_measure, "a command is missing after --");
	if (a->name != NULL && a->common.operands.num_items > 1 &&
	    !(a->common.has_end && a->common.end == 0))
		return usage(&cmd_measure, "--name names one FILE, DIR or CMD");
	if (a->common.json && a->common.has_end && !a->dry_run)
		return usage(&cmd_measure,
			     "--json: standard output is the program's; use --dry-run");
	if (a->manifest != NULL && (a->each || a->common.operands.num_items > 1))
		return usage(&cmd_measure, "--manifest is of one DIR as a whole");
	return EXIT_YES;
}

static int run(const void *args)
{
	struct cella_error err = { 0 };
	const int code = check_usage(args);

	if (code != EXIT_YES)
		return code;
	return measure(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_measure = {
	.name = "measure",
	.operands = "FILE|DIR... or -- CMD...",
	.min_operands = 1,
	.max_operands = TEXTS_MAX,
	.summary = "Measure an application into RTMR3, or an enclave's PCR14",
	.description =
		"Extends RTMR3 by an event that has the digest of a file, a directory or a\n"
		"program, and appends the event to a log. A program is run afterwards. Quotes\n"
		"carry RTMR3; with the log, 'cella policy new' and 'cella verify' name what was\n"
		"measured. RTMR3 cannot be reset but by a new launch. In an Enclave VM the\n"
		"register is PCR14, and evidence has the log with it.\n\n"
		"  cella measure /usr/sbin/nginx /etc/nginx\n"
		"  cella measure -- /usr/sbin/nginx -g 'daemon off;'",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct measure_args),
	.run = run,
};
