/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole of a verification. The input is evidence, collateral, policy and root; a
 * shared verifier says the same as a verification on its own, cold and warm.
 */
#include "fuzz.h"

#include "collateral/bundle.h"
#include "evidence/evidence.h"

static char *judge(struct cella_verifier *verifier, struct cella_evidence *evidence,
		   struct cella_collateral *collateral,
		   const struct cella_verify_options *options)
{
	struct cella_verdict *verdict = NULL;
	const char *root;
	char *json = NULL, *text = NULL;

	if ((verifier != NULL
		     ? cella_verifier_verify(verifier, evidence, options, &verdict, NULL)
		     : cella_verify(evidence, collateral, options, &verdict, NULL)) !=
	    CELLA_OK)
		return NULL;
	root = cella_verdict_root(verdict);
	if (cella_verdict_result(verdict) == CELLA_ACCEPTED)
		MUST((collateral != NULL || evidence->evm != NULL) && root != NULL &&
		     (options->root_choice == CELLA_ROOT_GIVEN ||
		      (strcmp(root, "intel") == 0 && evidence->evm == NULL)));
	MUST(cella_verdict_json(verdict, &json, NULL) == CELLA_OK);
	MUST(cella_verdict_text(verdict, CELLA_TEXT_CHECKS, &text, NULL) == CELLA_OK);
	cella_free(text);
	if (cella_verdict_explain(verdict, NULL, &text, NULL) == CELLA_OK)
		cella_free(text);
	cella_verdict_free(verdict);
	return json;
}

static void judge_thrice(struct cella_evidence *evidence,
			 struct cella_collateral *collateral,
			 const struct cella_verify_options *options)
{
	char *const alone = judge(NULL, evidence, collateral, options);
	struct cella_verifier *verifier = NULL;

	MUST(cella_verifier_new(4, &verifier, NULL) == CELLA_OK);
	cella_verifier_set_collateral(verifier, collateral);
	for (int i = 0; i < 2; i++) {
		char *const shared = judge(verifier, evidence, collateral, options);

		MUST((alone == NULL) == (shared == NULL));
		MUST(alone == NULL || strcmp(alone, shared) == 0);
		cella_free(shared);
	}
	cella_verifier_free(verifier);
	if (alone != NULL)
		fuzz_json(alone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_bytes rest = bytes_of(data, size);
	const struct cella_bytes quote = fuzz_part(&rest);
	const struct cella_bytes documents = fuzz_part(&rest);
	const struct cella_bytes policy_text = fuzz_part(&rest);
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
	struct cella_collateral *collateral CLEANUP(collateral_cleanup) = NULL;
	struct cella_policy *policy;
	struct cella_verify_options options = {
		.size = sizeof options,
		.time_choice = CELLA_TIME_AT,
		.time = FUZZ_TIME,
		.root_choice = rest.len > 0 ? CELLA_ROOT_GIVEN : CELLA_ROOT_INTEL,
		.root = rest,
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
	};

	if (cella_evidence_parse(quote.data, quote.len, &evidence, NULL) != CELLA_OK ||
	    (documents.len > 0 && cella_collateral_parse(documents.data, documents.len,
							 &collateral, NULL) != CELLA_OK))
		return 0;
	policy = policy_text.len > 0 ? fuzz_policy(policy_text, NULL) : NULL;
	if (policy != NULL) {
		options.policy_expect = CELLA_EXPECT_EXACT;
		options.policies = &policy;
		options.num_policies = 1;
	}
	judge_thrice(evidence, collateral, &options);
	cella_policy_unref(policy);
	return 0;
}
