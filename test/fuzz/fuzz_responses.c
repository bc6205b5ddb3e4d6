/* SPDX-License-Identifier: Apache-2.0 */
/* Several documents that make one set: the service's responses, lists, chains. */
#include "fuzz.h"

#include "collateral/builder.h"
#include "fetch/pcs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_collateral *collateral CLEANUP(collateral_cleanup) = NULL;
	struct cella_collateral_builder *builder = NULL;
	struct cella_bytes rest = bytes_of(data, size);
	int num_added = 0;

	MUST(cella_collateral_builder_new(&builder, NULL) == CELLA_OK);
	for (int i = 0; i < 8 && rest.len > 0; i++) {
		const struct cella_bytes part = fuzz_part(&rest);
		struct cella_error err = { 0 };
		uint8_t cpu_svn[PCS_CPU_SVN_LEN];
		uint16_t pce_svn;
		int64_t age;

		/* What is said of a response in its headers. */
		(void)!pcs_max_age(part, &age);
		fuzz_failed(pcs_tcbm(part, cpu_svn, &pce_svn, &err), &err, part.len);
		err = (struct cella_error){ 0 };
		num_added += !fuzz_failed(cella_collateral_builder_add(builder, "part",
								       part.data,
								       part.len, &err),
					  &err, part.len);
	}
	if (cella_collateral_builder_finish(builder, &collateral, NULL) == CELLA_OK)
		fuzz_collateral(collateral);
	else
		MUST(num_added == 0);
	cella_collateral_builder_free(builder);
	return 0;
}
