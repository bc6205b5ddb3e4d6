/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help, in the columns of a terminal.
 */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

/* Where what an option or a command does stands, and how wide the help is. */
enum { HELP_COLUMN = 33, LIST_COLUMN = 23, HELP_WIDTH = 80 };

enum { USAGE_MAX = 256 };

/* Prints words in a column of the help, so that no line is longer than a terminal's. */
static void print_column(FILE *stream, size_t column, const char *words)
{
	size_t used = column;

	while (*words != '\0') {
		const size_t len = strcspn(words, " ");

		if (used > column && used + 1 + len > HELP_WIDTH) {
			fprintf(stream, "\n%*s", (int)column, "");
			used = column;
		} else if (used > column) {
			fputc(' ', stream);
			used++;
		}
		fprintf(stream, "%.*s", (int)len, words);
		used += len;
		words += len + strspn(words + len, " ");
	}
	fputc('\n', stream);
}

static void print_options(const struct command *command)
{
	for (size_t i = 0; i < command->num_options; i++) {
		const struct option_def *const o = &command->options[i];
		char left[64];
		char shorthand[8] = "    ";

		if (o->short_name != '\0')
			snprintf(shorthand, sizeof shorthand, "-%c, ", o->short_name);
		snprintf(left, sizeof left, "%s--%s%s%s", shorthand, o->name,
			 o->argument != NULL ? " " : "",
			 o->argument != NULL ? o->argument : "");
		printf("  %-*s ", HELP_COLUMN - 3, left);
		print_column(stdout, HELP_COLUMN, o->help);
	}
}

void help_print_command(const struct program *program, const struct command *command)
{
	char line[USAGE_MAX];

	snprintf(line, sizeof line, "%s %s [OPTION]... %s", program->name, command->name,
		 command->operands);
	printf("Usage: ");
	print_column(stdout, strlen("Usage: "), line);
	printf("\n%s.\n", command->summary);
	if (command->description != NULL)
		printf("\n%s\n", command->description);
	printf("\nOptions:\n");
	print_options(command);
}

bool help_is_of_group(const struct command *command, const char *name)
{
	const size_t len = strlen(name);

	return strncmp(command->name, name, len) == 0 && command->name[len] == ' ';
}

static void list_one(FILE *stream, const struct command *command)
{
	fprintf(stream, "  %-*s ", LIST_COLUMN - 3, command->name);
	print_column(stream, LIST_COLUMN, command->summary);
}

void help_list_commands(FILE *stream, const struct program *program, const char *group)
{
	for (size_t i = 0; i < program->num_commands; i++) {
		const struct command *const c = program->commands[i];

		if (group == NULL || help_is_of_group(c, group))
			list_one(stream, c);
	}
}

void help_print_program(const struct program *program)
{
	printf("Usage: %s COMMAND [OPTION]... [ARGUMENT]...\n\n%s\n\nCommands:\n",
	       program->name, program->summary);
	help_list_commands(stdout, program, NULL);
	printf("\n'%s COMMAND --help' tells more. Exit status:\n%s.\n", program->name,
	       program->exit_status != NULL ? program->exit_status
					    : "0 yes or done, 1 evidence or policy says "
					      "no, 2 usage, 3 could not decide");
}
