/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `cella`: the table of commands.
 */
#include "cli/cli.h"

#include "cli/commands.h"

const struct command *const commands[] = {
	&cmd_inspect,     &cmd_policy_explain, &cmd_policy_lint, &cmd_policy_new,
	&cmd_policy_sign, &cmd_policy_verify,  &cmd_verify,
};
const size_t num_commands = ARRAY_LEN(commands);

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
