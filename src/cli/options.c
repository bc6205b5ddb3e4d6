/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Option tables: parsing, usage, completion.
 */
#include "cli/cli.h"

#include "base/civil.h"
#include "base/number.h"
#include "cli/help.h"
#include "cli/nearest.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPTION_NAME_MAX = 64 };

/* Set once, first thing in cli_main(): messages begin with its name. */
static const struct program *program;

int fail(const struct cella_error *err)
{
	fprintf(stderr, "%s: %s\n", program->name, err->text);
	return err->status == CELLA_USAGE ? EXIT_USAGE : EXIT_UNDECIDED;
}

int usage(const struct command *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s %s: ", program->name, command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; see '%s %s --help'\n", program->name, command->name);
	return EXIT_USAGE;
}

void note(const struct common_args *common, const char *format, ...)
{
	va_list args;

	if (common->quiet)
		return;
	va_start(args, format);
	fprintf(stderr, "%s: ", program->name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

bool use_colour(void)
{
	const char *const term = getenv("TERM");

	return isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

int64_t time_or_now(const struct moment *moment)
{
	return moment->is_set ? moment->value : (int64_t)time(NULL);
}

/* "2025-06-25T00:00:00Z", "2025-06-25", or "@" and seconds since 1970. */
static enum cella_status read_time(const char *text, int64_t *out,
				   struct cella_error *err)
{
	char whole[CIVIL_TEXT_LEN];
	uint64_t seconds;

	if (text[0] == '@') {
		TRY(number_read(text + 1, INT32_MAX * UINT64_C(100), &seconds, "--time",
				err));
		*out = (int64_t)seconds;
		return CELLA_OK;
	}
	if (strlen(text) == strlen("2025-06-25")) {
		snprintf(whole, sizeof whole, "%sT00:00:00Z", text);
		return civil_read(bytes_of(whole, strlen(whole)), out, "--time", err);
	}
	return civil_read(bytes_of(text, strlen(text)), out, "--time", err);
}

static bool is_hex(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++)
		if (!isxdigit((unsigned char)*text) && !isspace((unsigned char)*text))
			return false;
	return true;
}

static bool add_text(struct texts *texts, const char *text)
{
	if (texts->num_items == TEXTS_MAX)
		return false;
	texts->items[texts->num_items++] = text;
	return true;
}

/* A command line that is being read. */
struct parser {
	const struct command *command;
	char **argv;
	int argc;
	int pos;
	uint8_t *args;
};

static int store_moment(struct parser *p, const struct option_def *option,
			const char *value)
{
	struct moment *const moment = (struct moment *)(void *)(p->args + option->offset);
	char name[OPTION_NAME_MAX];
	struct cella_error err = { 0 };
	enum cella_status status = CELLA_OK;
	uint64_t number = 0;

	snprintf(name, sizeof name, "--%s %s", option->name, option->argument);
	if (option->kind == OPTION_TIME) {
		status = read_time(value, &moment->value, &err);
	} else if (option->kind == OPTION_DURATION) {
		status = duration_read(value, &moment->value, name, &err);
	} else {
		status = number_read(value, INT32_MAX, &number, name, &err);
		moment->value = (int64_t)number;
	}
	if (status != CELLA_OK)
		return usage(p->command, "%s", err.text);
	moment->is_set = true;
	return EXIT_YES;
}

static int store_value(struct parser *p, const struct option_def *option,
		       const char *value)
{
	uint8_t *const place = p->args + option->offset;

	switch (option->kind) {
	case OPTION_FLAG:
		*(bool *)place = true;
		return EXIT_YES;
	case OPTION_TEXT:
		if (*(const char **)(void *)place != NULL)
			return usage(p->command, "--%s is given twice", option->name);
		*(const char **)(void *)place = value;
		return EXIT_YES;
	case OPTION_TEXTS:
	case OPTION_HEX:
		if (!add_text((struct texts *)(void *)place, value))
			return usage(p->command, "--%s is given too often", option->name);
		return EXIT_YES;
	case OPTION_TIME:
	case OPTION_DURATION:
	case OPTION_NUMBER:
		return store_moment(p, option, value);
	}
	return EXIT_USAGE;
}

/*
 * In scripts, most of all a variable that is not set. No option means something by it, and
 * what was meant to be asked for must not be left out without a word.
 */
static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* The value stands after '=', or is the next argument; hex options take all that follow. */
static int read_value(struct parser *p, const struct option_def *option,
		      const char *attached)
{
	const char *value = attached;
	int code;

	if (option->kind == OPTION_FLAG && attached != NULL)
		return usage(p->command, "--%s takes no value", option->name);
	if (option->kind != OPTION_FLAG && value == NULL) {
		if (p->pos + 1 >= p->argc)
			return usage(p->command, "--%s needs %s", option->name,
				     option->argument);
		value = p->argv[++p->pos];
	}
	if (option->kind != OPTION_FLAG && is_blank(value))
		return usage(p->command, "--%s is empty: is a variable not set?",
			     option->name);
	code = store_value(p, option, value);
	while (code == EXIT_YES && option->kind == OPTION_HEX && attached == NULL &&
	       p->pos + 1 < p->argc && is_hex(p->argv[p->pos + 1]))
		code = store_value(p, option, p->argv[++p->pos]);
	return code;
}

static const struct option_def *find_long(const struct command *command, const char *name,
					  size_t len)
{
	for (size_t i = 0; i < command->num_options; i++)
		if (strlen(command->options[i].name) == len &&
		    memcmp(command->options[i].name, name, len) == 0)
			return &command->options[i];
	return NULL;
}

static const struct option_def *find_short(const struct command *command, char name)
{
	for (size_t i = 0; i < command->num_options; i++)
		if (command->options[i].short_name == name && name != '\0')
			return &command->options[i];
	return NULL;
}

/* name is without hyphens and what stands behind '='. */
static int no_option(const struct command *command, struct cella_bytes name)
{
	char word[OPTION_NAME_MAX];
	char hint[NEAREST_TEXT_LEN];
	struct nearest nearest;

	snprintf(word, sizeof word, "%.*s", (int)name.len, (const char *)name.data);
	nearest_begin(&nearest, word);
	for (size_t i = 0; i < command->num_options; i++) {
		const char *const known = command->options[i].name;

		nearest_offer(&nearest, bytes_of(known, strlen(known)),
			      bytes_of(known, strlen(known)));
	}
	return usage(command, "there is no option --%.*s%s", (int)name.len,
		     (const char *)name.data, nearest_text(&nearest, "--", hint));
}

static int read_option(struct parser *p, const char *arg)
{
	const struct option_def *option;
	const char *equals;
	size_t len;

	if (arg[1] != '-') {
		option = find_short(p->command, arg[1]);
		if (option == NULL)
			return usage(p->command, "there is no option -%c", arg[1]);
		return read_value(p, option, arg[2] != '\0' ? arg + 2 : NULL);
	}
	equals = strchr(arg, '=');
	len = equals != NULL ? (size_t)(equals - arg) - 2 : strlen(arg + 2);
	option = find_long(p->command, arg + 2, len);
	if (option == NULL)
		return no_option(p->command, bytes_of(arg + 2, len));
	return read_value(p, option, equals != NULL ? equals + 1 : NULL);
}

static int read_arguments(struct parser *p)
{
	struct common_args *const common = (struct common_args *)(void *)p->args;
	bool only_operands = false;

	for (p->pos = 0; p->pos < p->argc; p->pos++) {
		const char *const arg = p->argv[p->pos];
		int code = EXIT_YES;

		if (!only_operands && strcmp(arg, "--") == 0) {
			only_operands = common->has_end = true;
			common->end = common->operands.num_items;
		} else if (!only_operands && arg[0] == '-' && arg[1] != '\0') {
			code = read_option(p, arg);
		} else if (!only_operands && is_blank(arg)) {
			code = usage(p->command,
				     "an argument is empty: is a variable not set?");
		} else if (!add_text(&common->operands, arg)) {
			code = usage(p->command, "too many arguments");
		}
		if (code != EXIT_YES)
			return code;
	}
	return EXIT_YES;
}

static int too_few(const struct command *command, size_t num)
{
	if (num == 0)
		return usage(command, "%s is missing", command->operands);
	return usage(command, "expected %s, found %zu argument%s", command->operands, num,
		     num == 1 ? "" : "s");
}

static int run(const struct command *command, int argc, char **argv)
{
	uint8_t *args CLEANUP_FREE = calloc(1, command->args_size);
	struct parser p = { command, argv, argc, 0, args };
	const struct common_args *const common = (const struct common_args *)(void *)args;
	int code;

	if (args == NULL) {
		fprintf(stderr, "%s: out of memory\n", program->name);
		return EXIT_UNDECIDED;
	}
	code = read_arguments(&p);
	if (code != EXIT_YES)
		return code;
	if (common->help) {
		help_print_command(program, command);
		return EXIT_YES;
	}
	if (common->operands.num_items < command->min_operands)
		return too_few(command, common->operands.num_items);
	if (common->operands.num_items > command->max_operands)
		return usage(command, "\"%s\" is one argument too many",
			     common->operands.items[command->max_operands]);
	code = command->run(args);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "%s: cannot write to standard output\n", program->name);
		return EXIT_UNDECIDED;
	}
	return code;
}

/* Matches "policy sign" against argv[0] "policy" and argv[1] "sign". */
static int match(const struct command *command, int argc, char **argv)
{
	const char *const space = strchr(command->name, ' ');
	const size_t len = space != NULL ? (size_t)(space - command->name)
					 : strlen(command->name);

	if (strlen(argv[0]) != len || memcmp(argv[0], command->name, len) != 0)
		return 0;
	if (space == NULL)
		return 1;
	return argc > 1 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

/* One line per command and option, for completion scripts and the manual. */
static int dump_tables(void)
{
	for (size_t i = 0; i < program->num_commands; i++) {
		const struct command *const c = program->commands[i];

		printf("command\t%s\t%s\t%s\n", c->name, c->operands, c->summary);
		for (size_t k = 0; k < c->num_options; k++)
			printf("option\t%s\t--%s\t%c\t%s\t%s\n", c->name,
			       c->options[k].name,
			       c->options[k].short_name != '\0' ? c->options[k].short_name
								: '-',
			       c->options[k].argument != NULL ? c->options[k].argument
							      : "",
			       c->options[k].help);
	}
	return EXIT_YES;
}

static void offer_first_words(struct nearest *nearest)
{
	for (size_t i = 0; i < program->num_commands; i++) {
		const char *const name = program->commands[i]->name;
		const struct cella_bytes first = bytes_of(name, strcspn(name, " "));

		nearest_offer(nearest, first, first);
	}
	nearest_offer(nearest, bytes_of("version", strlen("version")),
		      bytes_of("--version", strlen("--version")));
}

/* Of a group's commands; of all, if it is NULL. */
static void offer_second_words(struct nearest *nearest, const char *group)
{
	for (size_t i = 0; i < program->num_commands; i++) {
		const char *const name = program->commands[i]->name;
		const char *const space = strchr(name, ' ');

		if (space != NULL &&
		    (group == NULL || help_is_of_group(program->commands[i], group)))
			nearest_offer(nearest, bytes_of(space + 1, strlen(space + 1)),
				      bytes_of(name, strlen(name)));
	}
}

static const char *before_command(char buffer[OPTION_NAME_MAX])
{
	snprintf(buffer, OPTION_NAME_MAX, "%s ", program->name);
	return buffer;
}

static int no_command(const char *word)
{
	char hint[NEAREST_TEXT_LEN];
	char before[OPTION_NAME_MAX];
	struct nearest nearest;

	if (word[0] == '-') {
		fprintf(stderr,
			"%s: there is no option %s before a command; see '%s --help'\n",
			program->name, word, program->name);
		return EXIT_USAGE;
	}
	nearest_begin(&nearest, word);
	offer_first_words(&nearest);
	if (nearest.num_shown == 0)
		offer_second_words(&nearest, NULL);
	fprintf(stderr, "%s: there is no command \"%s\"%s; see '%s --help'\n",
		program->name, word, nearest_text(&nearest, before_command(before), hint),
		program->name);
	return EXIT_USAGE;
}

/* A name that begins commands of two words, with none or another second word. */
static int run_group(int argc, char **argv)
{
	char hint[NEAREST_TEXT_LEN];
	char before[OPTION_NAME_MAX];
	struct nearest nearest;
	const bool wants_help = argc > 1 && (strcmp(argv[1], "--help") == 0 ||
					     strcmp(argv[1], "-h") == 0);

	if (argc > 1 && !wants_help) {
		nearest_begin(&nearest, argv[1]);
		offer_second_words(&nearest, argv[0]);
		fprintf(stderr,
			"%s %s: there is no command \"%s\"%s; see '%s %s --help'\n",
			program->name, argv[0], argv[1],
			nearest_text(&nearest, before_command(before), hint),
			program->name, argv[0]);
		return EXIT_USAGE;
	}
	fprintf(wants_help ? stdout : stderr,
		"Usage: %s %s COMMAND [OPTION]...\n\nCommands:\n", program->name,
		argv[0]);
	help_list_commands(wants_help ? stdout : stderr, program, argv[0]);
	return wants_help ? EXIT_YES : EXIT_USAGE;
}

static int find_and_run(int argc, char **argv)
{
	bool in_group = false;

	for (size_t i = 0; i < program->num_commands; i++) {
		const struct command *const c = program->commands[i];
		const int words = match(c, argc, argv);

		if (words > 0 && c->forward != NULL)
			return c->forward(argc - words, argv + words);
		if (words > 0)
			return run(c, argc - words, argv + words);
		in_group = in_group || help_is_of_group(c, argv[0]);
	}
	if (in_group)
		return run_group(argc, argv);
	return no_command(argv[0]);
}

/* "help policy sign" is "policy sign --help". */
static int help_of(char *first, char *second)
{
	char flag[] = "--help";
	char *words[] = { first, second != NULL ? second : flag, flag, NULL };

	return find_and_run(second != NULL ? 3 : 2, words);
}

int cli_main(const struct program *which, int argc, char **argv)
{
	program = which;
	if (argc < 2) {
		fprintf(stderr, "%s: a command is missing; see '%s --help'\n",
			program->name, program->name);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "help") == 0 && argc > 2)
		return help_of(argv[2], argc > 3 ? argv[3] : NULL);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		help_print_program(program);
		return EXIT_YES;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", program->name, cella_version());
		return EXIT_YES;
	}
	if (strcmp(argv[1], "--dump-tables") == 0)
		return dump_tables();
	return find_and_run(argc - 1, argv + 1);
}
