/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `cella-sim`: the table of commands.
 */
#include "sim/commands.h"

static const struct command *const commands[] = {
	&sim_cmd_collateral, &sim_cmd_corpus, &sim_cmd_enclave, &sim_cmd_extend,
	&sim_cmd_init,       &sim_cmd_quote,  &sim_cmd_report,
};

static const struct program program = {
	.name = "cella-sim",
	.summary = "Simulates a TDX and SGX platform that verifies to its own root only.",
	.commands = commands,
	.num_commands = ARRAY_LEN(commands),
};

int main(int argc, char **argv)
{
	return cli_main(&program, argc, argv);
}
