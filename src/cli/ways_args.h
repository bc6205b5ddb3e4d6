/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways into an enclave and out of it, as options: of whoever runs, predicts or makes up a
 * launch.
 */
#ifndef CLI_WAYS_ARGS_H
#define CLI_WAYS_ARGS_H

#include "cli/cli.h"
#include "vm/network.h"

/* The ways in and out, as they are given. */
struct ways_args {
	const char *to_guest;
	const char *from_guest;
	struct texts forward;
	struct texts egress;
};

#define WAYS_MEMBER(offset, member) ((offset) + offsetof(struct ways_args, member))

/* The rows for them, given where they go. */
#define WAYS_OPTIONS(offset) \
	{ "to-guest", \
	  0, \
	  "PORTS", \
	  OPTION_TEXT, \
	  WAYS_MEMBER(offset, to_guest), \
	  "the enclave's vsock ports that this host may reach; any" }, \
		{ "from-guest", \
		  0, \
		  "PORTS", \
		  OPTION_TEXT, \
		  WAYS_MEMBER(offset, from_guest), \
		  "this host's vsock ports that the enclave may reach; none" }, \
		{ "forward", \
		  0, \
		  "[ADDR:]PORT:PORT", \
		  OPTION_TEXTS, \
		  WAYS_MEMBER(offset, forward), \
		  "a port of this host for a vsock port of the enclave" }, \
	{ \
		"egress", 0, "NAME:PORT", OPTION_TEXTS, WAYS_MEMBER(offset, egress), \
			"let the enclave connect to this place, and to no other that is not named" \
	}

/* enclave_ways_read() reads them: what is measured of a launch with these. */
enum cella_status enclave_ways_read(const struct ways_args *args, struct arena *arena,
				    struct launch_config *out,
				    struct cella_error *err) MUST_CHECK;

#endif
