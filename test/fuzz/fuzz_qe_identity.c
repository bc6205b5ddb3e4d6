/* SPDX-License-Identifier: Apache-2.0 */
/* Identities of Intel's enclaves: what is signed, or a whole document. */
#include "fuzz.h"

#include "collateral/qe_identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_bytes text = bytes_of(data, size);
	struct qe_identity identity = { 0 };
	struct cella_error err = { 0 };
	struct cella_bytes span = { 0 };

	if (json_member_span(text, "enclaveIdentity", "", &span, NULL) == CELLA_OK &&
	    span.len > 0)
		text = span;
	if (fuzz_failed(qe_identity_parse(text, &identity, &err), &err, size))
		return 0;
	MUST(identity_name(identity.id) != NULL && identity.num_levels > 0);
	for (size_t i = 1; i < identity.num_levels; i++)
		MUST(identity.levels[i - 1].isv_svn > identity.levels[i].isv_svn);
	qe_identity_done(&identity);
	return 0;
}
