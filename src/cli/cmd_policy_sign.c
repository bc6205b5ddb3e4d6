/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella policy sign: the signed form of a policy.
 */
#include "cli/commands.h"

#include "cli/policy_input.h"
#include "fetch/files.h"

#include <stdio.h>
#include <string.h>

struct sign_args {
	struct common_args common;
	const char *key;
	bool new_key;
	const char *public_out;
	const char *output;
};

#define ARG(member) offsetof(struct sign_args, member)
static const struct option_def options[] = {
	{ "key", 'k', "FILE", OPTION_TEXT, ARG(key),
	  "sign with this private key on P-384 (PEM)" },
	{ "new-key", 0, NULL, OPTION_FLAG, ARG(new_key),
	  "make the key first; the file must not exist yet" },
	{ "public-out", 0, "FILE", OPTION_TEXT, ARG(public_out),
	  "write the public key, for --policy-owner (PEM)" },
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write to this file instead of standard output" },
	COMMON_OPTIONS,
};

static enum cella_status write_public(const char *path, const struct private_key *key,
				      struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };

	TRY(private_key_public_pem(key, &pem, err));
	return file_write(path, out_view(&pem), 0644, err);
}

static enum cella_status sign(const struct sign_args *args, struct cella_error *err)
{
	const char *const path = args->common.operands.items[0];
	struct private_key *key CLEANUP(private_key_cleanup) = NULL;
	struct out text CLEANUP(out_done) = { 0 };
	char *jwt CLEANUP_FREE = NULL;
	struct cella_signer signer;

	TRY(file_read(path, CELLA_POLICY_MAX, &text, err));
	TRY(args->new_key ? private_key_create(args->key, CRYPTO_P384, &key, err)
			  : private_key_read(args->key, &key, err));
	private_key_signer(key, &signer);
	if (cella_policy_sign(text.data, text.len, &signer, &jwt, err) != CELLA_OK) {
		error_prefix(err, "%s", path);
		return err->status;
	}
	if (args->public_out != NULL)
		TRY(write_public(args->public_out, key, err));
	if (args->output != NULL)
		return file_write(args->output, bytes_of(jwt, strlen(jwt)), 0644, err);
	puts(jwt);
	return CELLA_OK;
}

static int run(const void *args)
{
	const struct sign_args *const a = args;
	struct cella_error err = { 0 };

	if (a->key == NULL)
		return usage(&cmd_policy_sign, "--key is missing");
	return sign(a, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_policy_sign = {
	.name = "policy sign",
	.operands = "POLICY",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Sign a policy (JWT, ES384)",
	.description =
		"The policy's text is signed as it stands. A key file that others than its owner\n"
		"may use is refused.\n\n"
		"  cella policy sign policy.json --key owner.pem --new-key \\\n"
		"      --public-out owner.pub -o policy.jwt",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct sign_args),
	.run = run,
};
