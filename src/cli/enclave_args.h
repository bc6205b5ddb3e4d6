/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands about running enclaves have in common.
 */
#ifndef CLI_ENCLAVE_ARGS_H
#define CLI_ENCLAVE_ARGS_H

#include <jansson.h>

#include "cli/cli.h"
#include "vm/network.h"
#include "vm/run_dir.h"

enum {
	ENCLAVE_WAIT_SECONDS = 60,
	ENCLAVE_SERVICE_SECONDS = 15 * 60, /* a service stops, or starts anew */
};

/* The row for the folder of those that run, given where it goes. */
#define RUN_DIR_OPTION(offset) \
	{ \
		"run-dir", 0, "DIR", OPTION_TEXT, offset, \
			"find running enclaves below this directory instead of /run/cella" \
	}

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

/* enclave_status_parse() reads what a supervisor says of its enclave. */
enum cella_status enclave_status_parse(struct cella_bytes text, json_t **out,
				       struct cella_error *err) MUST_CHECK;

/* enclave_status_text() is a member of it that is text, or "". */
const char *enclave_status_text(const json_t *status, const char *member);

/*
 * enclave_ask_service() asks the service of an enclave. CELLA_MISSING when there is none;
 * what it refuses is CELLA_USAGE.
 */
enum cella_status enclave_ask_service(const char *base, const char *name,
				      const char *request, json_t **out,
				      struct cella_error *err) MUST_CHECK;

/*
 * enclave_name() is the name of an enclave: the given one, or, where that is NULL, that of
 * the image's file: "images/echo.eif" is called "echo". CELLA_USAGE when it cannot be one.
 */
enum cella_status enclave_name(const char *given, const char *image,
			       char name[RUN_NAME_MAX + 1],
			       struct cella_error *err) MUST_CHECK;

/* enclave_host_folder() is where the host's key is unless told; root's, or the user's own. */
enum cella_status enclave_host_folder(const char *given, struct out *path,
				      struct cella_error *err) MUST_CHECK;

#endif
