/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `cella-guest`: the commands for the inside of a trust domain, as one static program that
 * needs nothing of the system it runs on but its kernel.
 */
#include "cli/cli.h"

#include "cli/commands.h"

/* One a line. clang-format off */
static const struct command *const commands[] = {
	&cmd_doctor,  &cmd_eventlog_replay, &cmd_eventlog_explain,
	&cmd_measure, &cmd_quote,           &cmd_report,
};
/* clang-format on */

static const struct program program = {
	.name = "cella-guest",
	.summary = "Proves what runs inside a trust domain, from within.",
	.commands = commands,
	.num_commands = ARRAY_LEN(commands),
};

int main(int argc, char **argv)
{
	return cli_main(&program, argc, argv);
}
