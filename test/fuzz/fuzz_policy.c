/* SPDX-License-Identifier: Apache-2.0 */
/* Policies as text: what lint and explain say of any, and reading their text again. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_policy *const policy = fuzz_policy(bytes_of(data, size), NULL);
	struct cella_policy *again;

	if (policy == NULL)
		return 0;
	MUST(cella_policy_num_elements(policy) > 0);
	again = fuzz_policy(cella_policy_text(policy), NULL);
	MUST(again != NULL);
	MUST(cella_policy_num_elements(again) == cella_policy_num_elements(policy));
	fuzz_describe_policy(policy);
	cella_policy_unref(again);
	cella_policy_unref(policy);
	return 0;
}
