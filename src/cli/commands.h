/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands, one file each.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct command cmd_collateral_bundle;
extern const struct command cmd_collateral_fetch;
extern const struct command cmd_collateral_forecast;
extern const struct command cmd_collateral_import;
extern const struct command cmd_collateral_show;
extern const struct command cmd_enclave_attest;
extern const struct command cmd_enclave_build;
extern const struct command cmd_enclave_connect;
extern const struct command cmd_enclave_console;
extern const struct command cmd_enclave_describe;
extern const struct command cmd_enclave_diff;
extern const struct command cmd_enclave_explain;
extern const struct command cmd_enclave_init_host;
extern const struct command cmd_enclave_list;
extern const struct command cmd_enclave_logs;
extern const struct command cmd_enclave_plan;
extern const struct command cmd_enclave_restart;
extern const struct command cmd_enclave_run;
extern const struct command cmd_enclave_sign;
extern const struct command cmd_enclave_start;
extern const struct command cmd_enclave_status;
extern const struct command cmd_enclave_stop;
extern const struct command cmd_eventlog_explain;
extern const struct command cmd_eventlog_replay;
extern const struct command cmd_doctor;
extern const struct command cmd_inspect;
extern const struct command cmd_measure;
extern const struct command cmd_policy_explain;
extern const struct command cmd_policy_lint;
extern const struct command cmd_policy_new;
extern const struct command cmd_policy_sign;
extern const struct command cmd_policy_verify;
extern const struct command cmd_quote;
extern const struct command cmd_report;
extern const struct command cmd_sim;
extern const struct command cmd_token_replay;
extern const struct command cmd_token_show;
extern const struct command cmd_token_verify;
extern const struct command cmd_verify;

#endif
