/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave init-host: the key with which a host vouches for its enclaves.
 */
#include "cli/commands.h"

#include "vm/host_key.h"

#include <stdio.h>

struct init_host_args {
	struct common_args common;
};

static const struct option_def options[] = { COMMON_OPTIONS };

static int run(const void *arguments)
{
	const struct init_host_args *const args = arguments;
	const char *const folder = args->common.operands.items[0];
	const struct moment now = { 0 };
	struct cella_error err = { 0 };

	if (host_key_make(folder, time_or_now(&now), &err) != CELLA_OK)
		return fail(&err);
	note(&args->common, "the host's key: %s/" HOST_KEY_FILE ", which stays here",
	     folder);
	printf("%s/" HOST_ROOT_FILE "\n", folder);
	return EXIT_YES;
}

const struct command cmd_enclave_init_host = {
	.name = "enclave init-host",
	.operands = "DIR",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Make the key with which this host vouches for its enclaves",
	.description =
		"Writes host-key.pem, which only its owner may read, and host-ca.pem, the root\n"
		"certificate that verifiers pin: cella verify --trust-root host-ca.pem. A host's\n"
		"key protects from other tenants and users, not from the host's root.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct init_host_args),
	.run = run,
};
