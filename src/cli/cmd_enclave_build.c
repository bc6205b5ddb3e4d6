/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave build: an enclave image of a program, a directory or a container image.
 */
#include "cli/commands.h"

#include "base/json.h"
#include "cli/enclave_default.h"
#include "cli/enclave_input.h"
#include "fetch/files.h"
#include "vm/image_build.h"
#include "vm/installed.h"

#include <errno.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct build_args {
	struct common_args common;
	const char *output;
	const char *kernel;
	const char *modules;
	const char *package;
	const char *init;
	const char *cmdline;
	const char *append;
	const char *log;
	const char *name;
	const char *version;
	const char *metadata;
	const char *cwd;
	const char *sign_key;
	const char *sign_cert;
	struct texts env;
	struct texts extra_modules;
	const char *conf;
	bool no_attest;
	bool is_default;
};

#define ARG(member) offsetof(struct build_args, member)
static const struct option_def options[] = {
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write the image there instead of to enclave.eif" },
	{ "kernel", 0, "FILE", OPTION_TEXT, ARG(kernel),
	  "boot this kernel (bzImage) instead of the distribution's for clouds" },
	{ "modules", 0, "DIR", OPTION_TEXT, ARG(modules),
	  "with --kernel: its modules are below this directory" },
	{ "kernel-deb", 0, "FILE", OPTION_TEXT, ARG(package),
	  "take kernel and modules out of this Debian package" },
	{ "module", 0, "NAME", OPTION_TEXTS, ARG(extra_modules),
	  "load this module, too, and what it depends on" },
	{ "init", 0, "FILE", OPTION_TEXT, ARG(init),
	  "start the guest with this program instead of the installed one" },
	{ "cmdline", 0, "TEXT", OPTION_TEXT, ARG(cmdline),
	  "the whole command line of the kernel" },
	{ "append", 0, "TEXT", OPTION_TEXT, ARG(append),
	  "add this to the kernel's command line" },
	{ "env", 'e', "NAME=VALUE", OPTION_TEXTS, ARG(env),
	  "set a variable of the application's environment" },
	{ "cwd", 0, "DIR", OPTION_TEXT, ARG(cwd),
	  "start the application in this directory of the image" },
	{ "log", 0, "off|coded|full", OPTION_TEXT, ARG(log),
	  "what the host may read of the guest; coded unless told" },
	{ "no-attest", 0, NULL, OPTION_FLAG, ARG(no_attest),
	  "the guest answers no requests for evidence" },
	{ "sign-key", 0, "FILE", OPTION_TEXT, ARG(sign_key),
	  "sign the image with this private key on P-384 or P-256 (PEM)" },
	{ "sign-cert", 0, "FILE", OPTION_TEXT, ARG(sign_cert),
	  "with --sign-key: its certificate, and its issuers' behind it (PEM)" },
	{ "name", 0, "TEXT", OPTION_TEXT, ARG(name),
	  "the image's name for people; it is not measured" },
	{ "image-version", 0, "TEXT", OPTION_TEXT, ARG(version),
	  "its version, likewise" },
	{ "metadata", 0, "FILE", OPTION_TEXT, ARG(metadata),
	  "and what else is to be known of it: a JSON object" },
	{ "default", 0, NULL, OPTION_FLAG, ARG(is_default),
	  "build the default image, where this host's service looks for its image" },
	{ "conf", 0, "FILE", OPTION_TEXT, ARG(conf),
	  "with --default: the service's file, instead of /etc/enclave.conf" },
	COMMON_OPTIONS,
};

static enum cella_status read_log(const char *text, enum image_log *out,
				  struct cella_error *err)
{
	static const char *const names[] = { "off", "coded", "full" };

	*out = IMAGE_LOG_CODED;
	if (text == NULL)
		return CELLA_OK;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (enum image_log)i;
			return CELLA_OK;
		}
	return error_set(err, CELLA_USAGE, "--log: \"%.40s\" is none of off, coded, full",
			 text);
}

/* --- the kernel ---------------------------------------------------------------------- */

/* *package becomes the path of a package of which the kernel is to be kept, or stays NULL. */
static enum cella_status fetch_kernel(const struct build_args *args, struct rootfs *store,
				      struct kernel *out, char **package,
				      struct cella_error *err)
{
	struct out folder CLEANUP(out_done) = { 0 };
	struct out path CLEANUP(out_done) = { 0 };
	struct out told CLEANUP(out_done) = { 0 };
	char *folder_text CLEANUP_FREE = NULL;
	char *path_text CLEANUP_FREE = NULL;

	TRY(enclave_cache_folder("kernel", &folder, err));
	TRY(out_take_text(&folder, &folder_text, err));
	TRY(kernel_package_fetch(folder_text, &path, &told, err));
	if (told.len > 0)
		note(&args->common, "%.*s", (int)told.len, (const char *)told.data);
	TRY(out_take_text(&path, &path_text, err));
	/* What was kept lacks the modules that nobody but this image wants. */
	if (args->extra_modules.num_items > 0)
		return kernel_from_package(store, path_text, out, err);
	if (kernel_from_kept(store, path_text, out, NULL) == CELLA_OK)
		return CELLA_OK;
	kernel_done(out);
	*out = (struct kernel){ 0 };
	TRY(kernel_from_package(store, path_text, out, err));
	*package = take(&path_text);
	return CELLA_OK;
}

/* A folder that was mistyped would make an image that does not start. */
static enum cella_status load_kernel_file(const struct build_args *args,
					  struct rootfs *store, struct kernel *out,
					  struct cella_error *err)
{
	TRY(kernel_from_files(store, args->kernel, args->modules, out, err));
	if (args->modules == NULL || out->modules.num_modules > 0 ||
	    out->modules.built_in.len > 0)
		return CELLA_OK;
	return error_set(
		err, CELLA_MISSING,
		"%s: has no modules of a kernel, and no modules.builtin: expected "
		"/lib/modules/RELEASE",
		args->modules);
}

static enum cella_status load_kernel(const struct build_args *args, struct rootfs *store,
				     struct kernel *out, char **package,
				     struct cella_error *err)
{
	if (args->kernel != NULL)
		return load_kernel_file(args, store, out, err);
	if (args->package != NULL)
		return kernel_from_package(store, args->package, out, err);
	return fetch_kernel(args, store, out, package, err);
}

/* --- the application ----------------------------------------------------------------- */

/* What stands behind "--" is the command, in the place of the image's own. */
static enum cella_status set_command(const struct build_args *args,
				     struct application *app, struct cella_error *err)
{
	const struct texts *const operands = &args->common.operands;

	if (args->common.has_end && operands->num_items > args->common.end)
		app->argv.num_items = 0;
	for (size_t i = 1; i < operands->num_items; i++)
		TRY(text_list_add(&app->argv, &app->arena, operands->items[i], err));
	for (size_t i = 0; i < args->env.num_items; i++) {
		if (strchr(args->env.items[i], '=') == NULL)
			return error_set(err, CELLA_USAGE,
					 "--env: \"%.60s\" has no \"=\"",
					 args->env.items[i]);
		TRY(env_set(&app->env, &app->arena, args->env.items[i], err));
	}
	if (args->cwd != NULL && args->cwd[0] != '/')
		return error_set(err, CELLA_USAGE, "--cwd: \"%.60s\" is not absolute",
				 args->cwd);
	if (args->cwd != NULL)
		app->cwd = args->cwd;
	return CELLA_OK;
}

/* --- building ------------------------------------------------------------------------ */

static enum cella_status read_metadata(const char *path, json_t **out,
				       struct cella_error *err)
{
	json_t *root CLEANUP_JSON = NULL;
	struct out text CLEANUP(out_done) = { 0 };

	if (path == NULL)
		return CELLA_OK;
	TRY(file_read(path, EIF_METADATA_MAX, &text, err));
	TRY(json_parse(out_view(&text), path, &root, err));
	if (!json_is_object(root))
		return error_set(err, CELLA_MALFORMED, "%s: expected an object, found %s",
				 path, json_type_name(root));
	if (json_object_get(root, "cella") != NULL)
		return error_set(err, CELLA_USAGE,
				 "%s: the member \"cella\" is cella's own", path);
	*out = take(&root);
	return CELLA_OK;
}

static enum cella_status make(const struct build_args *args, struct kernel *kernel,
			      const struct application *app, struct image *out,
			      struct cella_error *err)
{
	struct out cmdline CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;
	json_t *custom CLEANUP_JSON = NULL;
	char init[INSTALLED_PATH_MAX];
	struct image_options how = { .name = args->name != NULL ? args->name : "",
				     .version = args->version != NULL ? args->version
								      : "",
				     .attest = !args->no_attest,
				     .modules = args->extra_modules.items,
				     .num_modules = args->extra_modules.num_items };

	TRY(read_log(args->log, &how.log, err));
	TRY(read_metadata(args->metadata, &custom, err));
	how.custom = custom;
	how.init = args->init != NULL ? args->init : installed_init(init);
	out_text(&cmdline, args->cmdline != NULL ? args->cmdline : IMAGE_CMDLINE);
	if (args->append != NULL)
		out_format(&cmdline, " %s", args->append);
	TRY(out_take_text(&cmdline, &text, err));
	how.cmdline = text;
	TRY(image_build(&how, kernel, app, out, err));
	/* The command line's view outlives this function in the caller's arena. */
	out->parts.cmdline = bytes_of(
		arena_copy((struct arena *)(uintptr_t)&app->arena, text, strlen(text)),
		strlen(text));
	return arena_status(&app->arena, err);
}

/* An image within its own source would be part of the next one. */
static enum cella_status check_output(const char *source, const char *output,
				      struct cella_error *err)
{
	char *copy CLEANUP_FREE = strdup(output);
	char *from CLEANUP_FREE = realpath(source, NULL);
	char *to CLEANUP_FREE = copy != NULL ? realpath(dirname(copy), NULL) : NULL;
	const size_t len = from != NULL ? strlen(from) : 0;

	if (from != NULL && to != NULL && strcmp(output, "-") != 0 &&
	    strncmp(from, to, len) == 0 && (to[len] == '/' || to[len] == '\0'))
		return error_set(err, CELLA_USAGE,
				 "--output: %.100s lies in %.80s, of which it is made",
				 output, source);
	return CELLA_OK;
}

/* What is being done now: for somebody who waits at a terminal. */
static void PRINTF(2, 3)
	progress(const struct common_args *common, const char *format, ...)
{
	va_list args;

	if (common->quiet || !isatty(STDERR_FILENO))
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs(" ...\n", stderr);
}

/* Where the image goes: the caller's wish, or the host's settings. */
static enum cella_status find_output(const struct build_args *args, char **out,
				     struct cella_error *err)
{
	struct out path CLEANUP(out_done) = { 0 };

	if (args->output == NULL && args->is_default)
		TRY(enclave_default_output(args->conf, &path, err));
	else
		out_text(&path, args->output != NULL ? args->output : "enclave.eif");
	return out_take_text(&path, out, err);
}

/* Whoever knows other tools names an image that a daemon has. */
static enum cella_status load_application(const char *source, struct application *out,
					  struct cella_error *err)
{
	const enum cella_status status = application_load(source, out, err);

	if (status == CELLA_IO && err->sys_errno == ENOENT && strchr(source, ':') != NULL)
		return error_set(err, CELLA_MISSING,
				 "%s: is no file here, and Docker is not asked: 'docker "
				 "save %s -o image.tar', then build of image.tar",
				 source, source);
	return status;
}

static enum cella_status build(const struct build_args *args, const char *source,
			       const char *output, struct cella_error *err)
{
	struct application app CLEANUP(application_done) = { .files = { .store = -1 } };
	struct rootfs store CLEANUP(rootfs_done) = { .store = -1 };
	struct kernel kernel CLEANUP(kernel_done) = { 0 };
	struct image image CLEANUP(image_done) = { 0 };
	struct out section CLEANUP(out_done) = { 0 };
	struct out file CLEANUP(out_done) = { 0 };
	char *package CLEANUP_FREE = NULL;

	TRY(check_output(source, output, err));
	progress(&args->common, "reading %s", source);
	TRY(load_application(source, &app, err));
	TRY(set_command(args, &app, err));
	TRY(application_complete(&app, err));
	if (app.num_dropped > 0)
		note(&args->common, "%zu devices, pipes or sockets were left out",
		     app.num_dropped);
	TRY(rootfs_init(&store, err));
	progress(&args->common, "reading the kernel");
	TRY(load_kernel(args, &store, &kernel, &package, err));
	note(&args->common, "kernel %s from %s", kernel.facts.release, kernel.origin);
	if (kernel.modules.num_modules == 0)
		note(&args->common, "warning: no modules: what the guest needs must be "
				    "built into this kernel, or it does not start");
	progress(&args->common, "building");
	TRY(make(args, &kernel, &app, &image, err));
	/* Kept or not, the image is the same. */
	if (package != NULL)
		(void)!kernel_keep(package, &kernel, &image.modules, NULL);
	if (args->sign_key != NULL)
		TRY(enclave_sign(&image.parts, args->sign_key, args->sign_cert,
				 time_or_now(&(struct moment){ 0 }), &section, err));
	image.parts.signature = out_view(&section);
	TRY(eif_write(&image.parts, &file, err));
	TRY(file_write(output, out_view(&file), 0644, err));
	note(&args->common, "%s: %zu bytes, needs %llu MiB of memory", output, file.len,
	     (unsigned long long)(image.parts.default_memory >> 20));
	return enclave_tell_file(&args->common, output, out_view(&file), err);
}

static enum cella_status find_and_build(const struct build_args *args,
					struct cella_error *err)
{
	char hello[INSTALLED_PATH_MAX];
	char *output CLEANUP_FREE = NULL;

	TRY(find_output(args, &output, err));
	return build(args,
		     args->is_default ? installed_hello(hello)
				      : args->common.operands.items[0],
		     output, err);
}

static int run(const void *args)
{
	const struct build_args *const a = args;
	struct cella_error err = { 0 };

	if (a->is_default == (a->common.operands.num_items > 0))
		return usage(&cmd_enclave_build,
			     "name what to build of, or --default alone");
	if (a->conf != NULL && !a->is_default)
		return usage(&cmd_enclave_build, "--conf belongs to --default");

	if ((a->sign_key == NULL) != (a->sign_cert == NULL))
		return usage(&cmd_enclave_build,
			     "--sign-key and --sign-cert belong together");
	if (a->kernel != NULL && a->package != NULL)
		return usage(&cmd_enclave_build, "--kernel excludes --kernel-deb");
	if (a->modules != NULL && a->kernel == NULL)
		return usage(&cmd_enclave_build, "--modules belongs to --kernel");
	return find_and_build(a, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_enclave_build = {
	.name = "enclave build",
	.operands = "PROGRAM|DIR|LAYOUT|ARCHIVE [-- CMD [ARGUMENT...]]",
	.min_operands = 0, /* with --default */
	.max_operands = TEXTS_MAX,
	.summary = "Build an enclave image",
	.description =
		"Of a static program, a directory with a command, an OCI image layout, or the\n"
		"file that 'docker save' writes; Docker itself is not needed. The same inputs\n"
		"make the same bytes. Without --kernel, the distribution's kernel package is\n"
		"fetched once.\n\n"
		"  cella enclave build ./server -o server.eif -- /server --port 9999\n"
		"  cella enclave build image.tar\n"
		"  cella enclave build --default",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct build_args),
	.run = run,
};
