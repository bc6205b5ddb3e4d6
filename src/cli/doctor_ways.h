/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How `doctor` reaches the network: each program that has the command has its own way.
 */
#ifndef CLI_DOCTOR_WAYS_H
#define CLI_DOCTOR_WAYS_H

#include "doctor/facts.h"

/* What the command line says of the PCCS; each may be NULL. */
struct doctor_net_args {
	const char *pccs;
	const char *tls_ca;
	const char *trust_root;
};

/* struct doctor_ways - what outlives the request that it is put into. */
struct doctor_ways {
	struct doctor_net_args args;
	uint8_t root[64];
};

/*
 * doctor_ways_set() puts into a request what this program can do: nothing, or look names up
 * and fetch collateral. It fails where a file that args name cannot be read.
 */
enum cella_status doctor_ways_set(const struct doctor_net_args *args,
				  struct doctor_ways *ways,
				  struct doctor_request *request,
				  struct cella_error *err) MUST_CHECK;

#endif
