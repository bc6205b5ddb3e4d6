/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `cella`: the table of commands.
 */
#include "cli/cli.h"

#include "cli/commands.h"

/* One a line. clang-format off */
static const struct command *const commands[] = {
	&cmd_doctor,
	&cmd_inspect,
	&cmd_verify,
	&cmd_policy_new,
	&cmd_policy_sign,
	&cmd_policy_verify,
	&cmd_policy_lint,
	&cmd_policy_explain,
	&cmd_token_verify,
	&cmd_token_show,
	&cmd_token_replay,
	&cmd_collateral_fetch,
	&cmd_collateral_forecast,
	&cmd_collateral_show,
	&cmd_collateral_bundle,
	&cmd_collateral_import,
	&cmd_eventlog_replay,
	&cmd_eventlog_explain,
	&cmd_enclave_init_host,
	&cmd_enclave_build,
	&cmd_enclave_sign,
	&cmd_enclave_describe,
	&cmd_enclave_diff,
	&cmd_enclave_plan,
	&cmd_enclave_run,
	&cmd_enclave_list,
	&cmd_enclave_connect,
	&cmd_enclave_attest,
	&cmd_enclave_logs,
	&cmd_enclave_console,
	&cmd_enclave_explain,
	&cmd_enclave_start,
	&cmd_enclave_status,
	&cmd_enclave_restart,
	&cmd_enclave_stop,
	&cmd_measure,
	&cmd_quote,
	&cmd_report,
	&cmd_sim,
};
/* clang-format on */

static const struct program program = {
	.name = "cella",
	.summary = "Proves what runs inside a trust domain or an enclave.",
	.commands = commands,
	.num_commands = ARRAY_LEN(commands),
};

int main(int argc, char **argv)
{
	return cli_main(&program, argc, argv);
}
