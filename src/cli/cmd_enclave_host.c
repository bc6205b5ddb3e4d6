/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave init-host: the key with which a host vouches for its enclaves.
 */
#include "cli/commands.h"

#include "cli/enclave_args.h"
#include "cli/enclave_default.h"
#include "vm/host_key.h"

#include <stdio.h>

struct init_host_args {
	struct common_args common;
};

static const struct option_def options[] = { COMMON_OPTIONS };

/* What nobody has named need not be there. */
static enum cella_status find_folder(const char *given, struct out *path,
				     struct cella_error *err)
{
	TRY(enclave_host_folder(given, path, err));
	out_bytes(path, "", 1);
	TRY(out_status(path, err));
	return given != NULL ? CELLA_OK
			     : enclave_make_folders((const char *)path->data, err);
}

static int run(const void *arguments)
{
	const struct init_host_args *const args = arguments;
	const struct texts *const operands = &args->common.operands;
	const struct moment now = { 0 };
	struct out path CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	const char *folder;

	if (find_folder(operands->num_items > 0 ? operands->items[0] : NULL, &path,
			&err) != CELLA_OK)
		return fail(&err);
	folder = (const char *)path.data;
	if (host_key_make(folder, time_or_now(&now), &err) != CELLA_OK)
		return fail(&err);
	note(&args->common, "the host's key: %s/" HOST_KEY_FILE ", which stays here",
	     folder);
	printf("%s/" HOST_ROOT_FILE "\n", folder);
	return EXIT_YES;
}

const struct command cmd_enclave_init_host = {
	.name = "enclave init-host",
	.operands = "[DIR]",
	.min_operands = 0,
	.max_operands = 1,
	.summary = "Make the key with which this host vouches for its enclaves",
	.description =
		"Writes host-key.pem, which only its owner may read, and host-ca.pem, the root\n"
		"certificate that verifiers pin: cella verify --trust-root host-ca.pem. A host's\n"
		"key protects from other tenants and users, not from the host's root. Without\n"
		"DIR: where 'cella enclave run' looks for it without --host.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct init_host_args),
	.run = run,
};
