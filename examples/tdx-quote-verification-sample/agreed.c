/* SPDX-License-Identifier: Apache-2.0 */
#include "agreed.h"

static const char *const files[NUM_POLICIES] = {
	"Policies/tenant_td_policy.jwt",
	"Policies/platform_policy.jwt",
};

static bool read_policy(const char *name, const struct cella_keys *owner,
			struct cella_policy **out)
{
	const struct cella_policy_options options = { .size = sizeof options,
						      .source = CELLA_POLICY_LOCAL,
						      .owners = owner };
	char path[PATH_MAX];
	BUFFER bytes = { NULL, 0 };
	struct cella_error err;

	if (!own_path(name, path) || !read_file(path, CELLA_POLICY_MAX, &bytes))
		return false;
	if (cella_policy_parse(bytes.data, bytes.len, &options, out, &err) != CELLA_OK)
		return fails(name, &err);
	return true;
}

bool policies_read(struct policies *out)
{
	if (!pin(POLICY_PUBLIC_KEY, &out->owner))
		return false;
	for (size_t i = 0; i < NUM_POLICIES; i++)
		if (!read_policy(files[i], out->owner, &out->items[i]))
			return false;
	return true;
}

void policies_free(struct policies *policies)
{
	for (size_t i = 0; i < NUM_POLICIES; i++)
		cella_policy_unref(policies->items[i]);
	cella_keys_free(policies->owner);
}

bool pin(const char *name, struct cella_keys **out)
{
	char path[PATH_MAX];

	if (own_path(name, path) && pin_key(path, out))
		return true;
	say("'make all' makes keys and policies");
	return false;
}
