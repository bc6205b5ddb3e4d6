/* SPDX-License-Identifier: Apache-2.0 */
/* Signed enclaves, as ELF files or as a SIGSTRUCT alone. */
#include "fuzz.h"

#include <cella/sigstruct.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_sigstruct *sigstruct = NULL;
	struct cella_error err = { 0 };
	struct cella_bytes measured = { 0 };

	if (fuzz_failed(cella_sigstruct_parse(data, size, &sigstruct, &err), &err, size))
		return 0;
	MUST(cella_facts_get(cella_sigstruct_facts(sigstruct), CELLA_FACT_MRENCLAVE,
			     &measured));
	MUST(measured.len == 32);
	fuzz_policy_of(cella_sigstruct_facts(sigstruct));
	cella_sigstruct_free(sigstruct);
	return 0;
}
