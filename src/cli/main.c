/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `cella`: the table of commands.
 */
#include "cli/cli.h"

#include "cli/commands.h"

const struct command *const commands[] = {
	&cmd_inspect,           &cmd_verify, &cmd_collateral_show, &cmd_collateral_bundle,
	&cmd_collateral_import,
};
const size_t num_commands = ARRAY_LEN(commands);

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
