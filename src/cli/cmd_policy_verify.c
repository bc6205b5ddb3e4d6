/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella policy verify: is a policy well formed, whole, and by whom?
 */
#include "cli/commands.h"

#include "base/encode.h"
#include "base/json.h"
#include "cli/policy_input.h"

#include <stdio.h>

struct check_args {
	struct common_args common;
	struct texts owners;
};

#define ARG(member) offsetof(struct check_args, member)
static const struct option_def options[] = {
	{ "policy-owner", 0, "KEYFILE", OPTION_TEXTS, ARG(owners),
	  "pin a public key: the policy must be signed by a pinned owner" },
	COMMON_OPTIONS,
};

/* What each standing means for scripts and for people. */
static const struct {
	int exit_code;
	const char *words;
} standings[] = {
	[CELLA_POLICY_BAD_SIGNATURE] = { EXIT_NO, "BAD SIGNATURE: it was altered" },
	[CELLA_POLICY_FOREIGN_OWNER] = { EXIT_NO, "signed, but not by a pinned owner" },
	[CELLA_POLICY_UNSIGNED] = { EXIT_NO, "not signed" },
	[CELLA_POLICY_SELF_SIGNED] = { EXIT_YES,
				       "signed by the key in it; nobody is pinned "
				       "(--policy-owner)" },
	[CELLA_POLICY_OWNER_PINNED] = { EXIT_YES, "signed by a pinned owner" },
};

static void print_text(const struct cella_policy *policy)
{
	const struct cella_bytes digest = cella_policy_digest(policy);
	char hex[2 * 32 + 1];

	printf("policy    %s\n", hex_format(digest, hex));
	printf("standing  %s\n", standings[cella_policy_standing(policy)].words);
	if (cella_policy_owner(policy) != NULL)
		printf("owner     key %s\n", cella_policy_owner(policy));
	for (size_t i = 0; i < cella_policy_num_elements(policy); i++)
		printf("element   %s\n", cella_policy_class_id(policy, i));
}

static enum cella_status put_elements(json_t *root, const struct cella_policy *policy,
				      struct cella_error *err)
{
	json_t *const list = json_array();

	TRY(json_put(root, "elements", list, err));
	for (size_t i = 0; i < cella_policy_num_elements(policy); i++)
		TRY(json_add(list,
			     json_pack("{s:s, s:s}", "class_id",
				       cella_policy_class_id(policy, i), "description",
				       cella_policy_description(policy, i)),
			     err));
	return CELLA_OK;
}

static enum cella_status print_json(const struct cella_policy *policy,
				    struct cella_error *err)
{
	const char *const owner = cella_policy_owner(policy);
	json_t *root CLEANUP_JSON = json_object();
	char *text CLEANUP_FREE = NULL;

	if (root == NULL)
		return error_nomem(err);
	TRY(json_put(root, "schema", json_string("cella-policy-1"), err));
	TRY(json_put(root, "digest", json_hex(cella_policy_digest(policy)), err));
	TRY(json_put(
		root, "standing",
		json_string(cella_policy_standing_name(cella_policy_standing(policy))),
		err));
	TRY(json_put(root, "owner", owner != NULL ? json_string(owner) : json_null(),
		     err));
	TRY(put_elements(root, policy, err));
	TRY(json_write(root, true, &text, err));
	puts(text);
	return CELLA_OK;
}

static enum cella_status check(const struct check_args *args, int *exit_code,
			       struct cella_error *err)
{
	struct policy_inputs inputs CLEANUP(policies_done) = { 0 };

	TRY(policies_read(&args->common.operands, &args->owners, &inputs, err));
	*exit_code = standings[cella_policy_standing(inputs.policies[0])].exit_code;
	if (args->common.json)
		return print_json(inputs.policies[0], err);
	print_text(inputs.policies[0]);
	return CELLA_OK;
}

static int run(const void *args)
{
	struct cella_error err = { 0 };
	int exit_code = EXIT_NO;

	return check(args, &exit_code, &err) == CELLA_OK ? exit_code : fail(&err);
}

const struct command cmd_policy_verify = {
	.name = "policy verify",
	.operands = "POLICY",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Check a policy's form, signature and owner",
	.description = "Exit status: 0 signed, by a pinned owner if any is pinned; 1 not "
		       "signed,\naltered, or by somebody else; 3 not a policy.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct check_args),
	.run = run,
};
