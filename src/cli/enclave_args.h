/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands about running enclaves have in common.
 */
#ifndef CLI_ENCLAVE_ARGS_H
#define CLI_ENCLAVE_ARGS_H

#include <jansson.h>

#include "cli/cli.h"
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
