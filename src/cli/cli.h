/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line's frame: commands and their options are tables, from which parsing,
 * usage, --help, completion and the manual's option lists are made.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/bytes.h"

/* Exit codes; scripts must be able to tell "no" from "could not decide". */
enum {
	EXIT_YES = 0,
	EXIT_NO = 1, /* evidence or policy says no */
	EXIT_USAGE = 2,
	EXIT_UNDECIDED = 3, /* malformed, unreadable or missing input */
};

enum option_kind {
	OPTION_FLAG,     /* bool */
	OPTION_TEXT,     /* const char * */
	OPTION_TEXTS,    /* struct texts: may be given again */
	OPTION_HEX,      /* struct texts: takes every following argument that is hex */
	OPTION_TIME,     /* struct moment */
	OPTION_DURATION, /* struct moment: seconds */
	OPTION_NUMBER,   /* struct moment */
};

enum { TEXTS_MAX = 64 };

struct texts {
	const char *items[TEXTS_MAX];
	size_t num_items;
};

struct moment {
	bool is_set;
	int64_t value;
};

/* One option: `--name ARGUMENT`, `--name=ARGUMENT`, `-s ARGUMENT`. */
struct option_def {
	const char *name;
	char short_name;      /* 0: none */
	const char *argument; /* "FILE"; NULL for a flag */
	enum option_kind kind;
	size_t offset; /* in the command's struct of arguments */
	const char *help;
};

/* What every command can be told. Commands embed it as their first member. */
struct common_args {
	bool json;
	bool quiet;
	bool help;
	struct texts operands;
	bool has_end; /* "--" was given */
	size_t end;   /* so many operands stand before it */
};

/* The rows for struct common_args, to be put at the end of a command's table. */
#define COMMON_OPTIONS \
	{ "json", \
	  0, \
	  NULL, \
	  OPTION_FLAG, \
	  offsetof(struct common_args, json), \
	  "write JSON instead of text" }, \
		{ "quiet", \
		  'q', \
		  NULL, \
		  OPTION_FLAG, \
		  offsetof(struct common_args, quiet), \
		  "say nothing but errors on standard error" }, \
	{ \
		"help", 'h', NULL, OPTION_FLAG, offsetof(struct common_args, help), \
			"show this help" \
	}

struct command {
	const char *name;     /* "verify", or "policy sign" */
	const char *operands; /* "QUOTE", as usage shows them */
	size_t min_operands;
	size_t max_operands;
	const char *summary;     /* one line */
	const char *description; /* what --help says beyond the options; examples */
	const struct option_def *options;
	size_t num_options;
	size_t args_size; /* of the struct that run() gets */
	int (*run)(const void *args);
	/* Instead of options and run(): gets what stands after the name, as it is. */
	int (*forward)(int argc, char **argv);
};

/* A program: its name in messages, and its commands. */
struct program {
	const char *name;
	const char *summary; /* what it is for, one sentence */
	const struct command *const *commands;
	size_t num_commands;
	const char
		*exit_status; /* what they mean, where they are not EXIT_YES and so on */
};

/* cli_main() finds the command, parses its options, runs it, and returns the exit code. */
int cli_main(const struct program *which, int argc, char **argv);

/* --- for commands -------------------------------------------------------------------- */

/* fail() prints "<program>: <text>" once and returns the exit code of the status. */
int fail(const struct cella_error *err);

/* usage() prints one sentence and where help is, and returns EXIT_USAGE. */
int usage(const struct command *command, const char *format, ...) PRINTF(2, 3);

/* note() says something on standard error unless the user wants quiet. */
void note(const struct common_args *common, const char *format, ...) PRINTF(2, 3);

/* use_colour() is true when standard output is a terminal that wants it. */
bool use_colour(void);

/* time_or_now() is the time that was given, or the clock's. */
int64_t time_or_now(const struct moment *moment);

#endif
