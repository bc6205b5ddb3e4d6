/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed policies. Tokens as they come never belong to a pinned owner; a text that cella
 * takes as a policy comes back as it was when it is signed.
 */
#include "fuzz.h"

#include <string.h>

static void check_foreign(struct cella_bytes token)
{
	struct cella_policy *const policy = fuzz_policy(token, fuzz_keys());

	if (policy == NULL)
		return;
	MUST(cella_policy_standing(policy) == CELLA_POLICY_BAD_SIGNATURE ||
	     cella_policy_standing(policy) == CELLA_POLICY_FOREIGN_OWNER ||
	     cella_policy_standing(policy) == CELLA_POLICY_UNSIGNED);
	cella_policy_unref(policy);
}

static void check_own(struct cella_bytes text)
{
	struct cella_policy *policy;
	struct cella_signer signer;
	struct cella_error err = { 0 };
	char *jwt = NULL;

	private_key_signer(fuzz_key(CRYPTO_P384), &signer);
	if (fuzz_failed(cella_policy_sign(text.data, text.len, &signer, &jwt, &err), &err,
			text.len))
		return;
	policy = fuzz_policy(bytes_of(jwt, strlen(jwt)), fuzz_keys());
	MUST(policy != NULL);
	MUST(cella_policy_standing(policy) == CELLA_POLICY_OWNER_PINNED);
	MUST(bytes_equal(cella_policy_text(policy), text));
	cella_policy_unref(policy);
	cella_free(jwt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == '{')
		check_own(bytes_of(data, size));
	else
		check_foreign(bytes_of(data, size));
	return 0;
}
