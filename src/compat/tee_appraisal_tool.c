/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `tee_appraisal_tool`: the vendor's name and options for `cella policy new|sign|verify`,
 * for those who type them. Exit statuses are that tool's, too: 0, or 255 for any failure.
 *
 * It reads files and nothing else: where a report is wanted, no other takes its place.
 */
#include <cella/policy.h>

#include "base/encode.h"
#include "cli/policy_input.h"
#include "fetch/files.h"
#include "jose/jws.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_FAILED = 255 };

static const char tool[] = "tee_appraisal_tool";

struct tool_args {
	const char *in;
	const char *key;
	const char *out;
	bool verbose;
};

/* The options that a value follows. */
static const struct {
	const char *name;
	size_t offset;
} value_options[] = {
	{ "-in", offsetof(struct tool_args, in) },
	{ "-key", offsetof(struct tool_args, key) },
	{ "-out", offsetof(struct tool_args, out) },
};

struct tool_command {
	const char *name;
	const char *options; /* as usage shows them */
	const char *summary;
	bool needs[ARRAY_LEN(value_options)];
	enum cella_status (*run)(const struct tool_args *args, struct cella_error *err);
};

static void warn(const char *format, ...) PRINTF(1, 2);

static void warn(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", tool);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* Where standard output takes the result, it takes nothing else. */
static bool has_stdout(const struct tool_args *args)
{
	return strcmp(args->out, "-") != 0;
}

/* --- gen_payload --------------------------------------------------------------------- */

static enum cella_status gen_payload(const struct tool_args *args,
				     struct cella_error *err)
{
	struct subject subject CLEANUP(subject_done) = { 0 };
	struct out line CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;
	const char *warning = NULL;
	struct cella_policy_draft draft = { .size = sizeof draft };

	TRY(subject_read(args->in, &subject, err));
	draft.facts = subject_facts(&subject);
	TRY(cella_policy_write(&draft, &text, &warning, err));
	if (warning != NULL)
		warn("warning: %s", warning);
	out_format(&line, "%s\n", text);
	TRY(out_status(&line, err));
	TRY(file_write(args->out, out_view(&line), 0644, err));
	if (args->verbose && has_stdout(args))
		printf("The generated payload:\n%s\n", text);
	return CELLA_OK;
}

/* --- sign_policy --------------------------------------------------------------------- */

/* The key as the token's header names it, and the text that was signed. */
static enum cella_status show_token(struct cella_bytes jwt, struct cella_error *err)
{
	struct jws jws CLEANUP(jws_cleanup) = { 0 };
	const char *jwk;

	TRY(jws_parse(jwt, JWS_KEY_ALLOWED, "policy", &jws, err));
	jwk = json_string_value(json_object_get(jws.header, "jwk"));
	printf("The public jwk is:\n%s\nThe payload is:\n%.*s\n", jwk != NULL ? jwk : "",
	       (int)jws.payload.len, (const char *)jws.payload.data);
	return CELLA_OK;
}

static enum cella_status sign_policy(const struct tool_args *args,
				     struct cella_error *err)
{
	struct private_key *key CLEANUP(private_key_cleanup) = NULL;
	struct out text CLEANUP(out_done) = { 0 };
	char *jwt CLEANUP_FREE = NULL;
	struct cella_signer signer;

	TRY(file_read(args->in, CELLA_POLICY_MAX, &text, err));
	TRY(private_key_read(args->key, &key, err));
	private_key_signer(key, &signer);
	if (cella_policy_sign(text.data, text.len, &signer, &jwt, err) != CELLA_OK) {
		error_prefix(err, "%s", args->in);
		return err->status;
	}
	TRY(file_write(args->out, bytes_of(jwt, strlen(jwt)), 0644, err));
	if (!has_stdout(args))
		return CELLA_OK;
	if (args->verbose)
		TRY(show_token(bytes_of(jwt, strlen(jwt)), err));
	printf("The signed token:\n%s\n", jwt);
	return CELLA_OK;
}

/* --- verify_policy ------------------------------------------------------------------- */

static void policy_cleanup(struct cella_policy **policy)
{
	cella_policy_unref(*policy);
}

static enum cella_status check_standing(const struct cella_policy *policy,
					const char *path, struct cella_error *err)
{
	switch (cella_policy_standing(policy)) {
	case CELLA_POLICY_SELF_SIGNED:
		return CELLA_OK;
	case CELLA_POLICY_UNSIGNED:
		return error_set(err, CELLA_MISSING, "%s: the policy is not signed",
				 path);
	case CELLA_POLICY_BAD_SIGNATURE:
	case CELLA_POLICY_FOREIGN_OWNER:
	case CELLA_POLICY_OWNER_PINNED:
		break;
	}
	return error_set(err, CELLA_MALFORMED,
			 "%s: the signature does not hold: the policy was altered", path);
}

static enum cella_status verify_policy(const struct tool_args *args,
				       struct cella_error *err)
{
	const struct cella_policy_options options = { .size = sizeof options,
						      .source = CELLA_POLICY_LOCAL };
	struct cella_policy *policy CLEANUP(policy_cleanup) = NULL;
	struct out bytes CLEANUP(out_done) = { 0 };

	TRY(file_read(args->in, CELLA_POLICY_MAX, &bytes, err));
	if (cella_policy_parse(bytes.data, bytes.len, &options, &policy, err) !=
	    CELLA_OK) {
		error_prefix(err, "%s", args->in);
		return err->status;
	}
	TRY(check_standing(policy, args->in, err));
	if (args->verbose)
		TRY(show_token(text_trim(out_view(&bytes)), err));
	puts("The policy format is correct and could be used for Appraisal.");
	warn("signed by key %s: is that its owner's? 'cella policy verify "
	     "--policy-owner' tells",
	     cella_policy_owner(policy));
	return CELLA_OK;
}

/* --- the command line ---------------------------------------------------------------- */

static const struct tool_command commands[] = {
	{ "gen_payload",
	  "-in FILE -out FILE [-v]",
	  "write the policy that a signed enclave or a TD report meets",
	  { true, false, true },
	  gen_payload },
	{ "sign_policy",
	  "-in FILE -key FILE -out FILE [-v]",
	  "sign a policy with a private key on P-384 (PEM)",
	  { true, true, true },
	  sign_policy },
	{ "verify_policy",
	  "-in FILE [-v]",
	  "check a signed policy's form and signature",
	  { true, false, false },
	  verify_policy },
};

static int usage_error(const char *problem, const char *word)
{
	fprintf(stderr, "%s: %s%s; see '%s -help'\n", tool, problem, word, tool);
	return EXIT_FAILED;
}

static int help(void)
{
	printf("Usage: %s COMMAND OPTION...\n\nCommands:\n", tool);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		printf("  %-14s %s\n  %14s %s\n", commands[i].name, commands[i].options,
		       "", commands[i].summary);
	printf("\nOptions:\n"
	       "  -in FILE       what is read\n"
	       "  -out FILE      what is written\n"
	       "  -key FILE      the private key of the policy's owner\n"
	       "  -v             print what is written or checked\n"
	       "  -help          show this help\n"
	       "  -version       show the version\n\n"
	       "This is cella under another name: 'cella policy new', 'sign' and 'verify' do\n"
	       "the same and more. Exit status: 0 done, 255 not.\n");
	return EXIT_YES;
}

static const struct tool_command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Where the value of an option goes; NULL when no value follows it. */
static const char **value_of(struct tool_args *args, const char *option)
{
	for (size_t i = 0; i < ARRAY_LEN(value_options); i++)
		if (strcmp(value_options[i].name, option) == 0)
			return (const char **)(void *)((char *)args +
						       value_options[i].offset);
	return NULL;
}

static int read_options(int argc, char **argv, struct tool_args *args)
{
	for (int i = 0; i < argc; i++) {
		const char **const value = value_of(args, argv[i]);

		if (strcmp(argv[i], "-v") == 0) {
			args->verbose = true;
			continue;
		}
		if (value == NULL)
			return usage_error("there is no option ", argv[i]);
		if (*value != NULL)
			return usage_error("given twice: ", argv[i]);
		if (i + 1 == argc)
			return usage_error("a file is missing after ", argv[i]);
		*value = argv[++i];
	}
	return EXIT_YES;
}

static int check_needs(const struct tool_command *command, struct tool_args *args)
{
	for (size_t i = 0; i < ARRAY_LEN(value_options); i++)
		if (command->needs[i] && *value_of(args, value_options[i].name) == NULL)
			return usage_error("missing: ", value_options[i].name);
	return EXIT_YES;
}

static int run(const struct tool_command *command, int argc, char **argv)
{
	struct tool_args args = { 0 };
	struct cella_error err = { 0 };
	int code = read_options(argc, argv, &args);

	if (code == EXIT_YES)
		code = check_needs(command, &args);
	if (code != EXIT_YES)
		return code;
	if (command->run(&args, &err) != CELLA_OK) {
		warn("%s", err.text);
		return EXIT_FAILED;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		warn("cannot write to standard output");
		return EXIT_FAILED;
	}
	return EXIT_YES;
}

int main(int argc, char **argv)
{
	const struct tool_command *command;

	if (argc < 2)
		return usage_error("a command is missing", "");
	if (strcmp(argv[1], "-help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "--help") == 0)
		return help();
	if (strcmp(argv[1], "-version") == 0 || strcmp(argv[1], "--version") == 0) {
		printf("%s (cella) %s\n", tool, cella_version());
		return EXIT_YES;
	}
	command = find_command(argv[1]);
	if (command == NULL)
		return usage_error("there is no command ", argv[1]);
	return run(command, argc - 2, argv + 2);
}
