/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How `doctor` reaches the network: each program that has the command has its own way.
 */
#ifndef CLI_DOCTOR_WAYS_H
#define CLI_DOCTOR_WAYS_H

#include "doctor/facts.h"

/* doctor_ways_set() fills in what this program can do: nothing, or names and collateral. */
void doctor_ways_set(struct doctor_request *request);

#endif
