/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence of any kind: its facts, its description, a policy that asks for it. */
#include "fuzz.h"

#include "collateral/describe.h"
#include "evidence/evidence.h"

static void describe(const struct cella_evidence *evidence)
{
	char *text = NULL;

	MUST(cella_evidence_describe(evidence, false, &text, NULL) == CELLA_OK);
	cella_free(text);
	MUST(cella_evidence_describe(evidence, true, &text, NULL) == CELLA_OK);
	fuzz_json(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
	struct cella_error err = { 0 };
	struct cella_bytes bytes;

	if (fuzz_failed(cella_evidence_parse(data, size, &evidence, &err), &err, size))
		return 0;
	MUST(cella_evidence_kind(evidence) != CELLA_EVIDENCE_UNKNOWN);
	MUST(bytes_equal(cella_evidence_bytes(evidence), bytes_of(data, size)));
	bytes = cella_evidence_pck_chain(evidence);
	MUST(fuzz_inside(bytes, evidence->data, evidence->len));
	describe(evidence);
	fuzz_policy_of(cella_evidence_facts(evidence));
	return 0;
}
