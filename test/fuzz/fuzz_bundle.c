/* SPDX-License-Identifier: Apache-2.0 */
/* One document of collateral in any form, a bundle usually. */
#include "fuzz.h"

#include "collateral/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_collateral *collateral CLEANUP(collateral_cleanup) = NULL;
	struct cella_error err = { 0 };

	if (!fuzz_failed(cella_collateral_parse(data, size, &collateral, &err), &err,
			 size))
		fuzz_collateral(collateral);
	return 0;
}
