/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs and commands say of themselves.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/cli.h"

/* help_print_command() is `program command --help`. */
void help_print_command(const struct program *program, const struct command *command);

/* help_print_program() is `program --help`. */
void help_print_program(const struct program *program);

/* help_is_of_group() is true for "policy sign" and the group "policy". */
bool help_is_of_group(const struct command *command, const char *name);

/* help_list_commands() lists the commands of a group, or all if that is NULL. */
void help_list_commands(FILE *stream, const struct program *program, const char *group);

#endif
