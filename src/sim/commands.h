/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of cella-sim, one file each.
 */
#ifndef SIM_COMMANDS_H
#define SIM_COMMANDS_H

#include "cli/cli.h"

extern const struct command sim_cmd_collateral;
extern const struct command sim_cmd_corpus;
extern const struct command sim_cmd_enclave;
extern const struct command sim_cmd_extend;
extern const struct command sim_cmd_init;
extern const struct command sim_cmd_quote;
extern const struct command sim_cmd_report;

#endif
