/* SPDX-License-Identifier: Apache-2.0 */
/* The HCL report of a vTPM and the quote of its key, in one input. */
#include "fuzz.h"

#include <cella/vtpm.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_bytes rest = bytes_of(data, size);
	const struct cella_bytes report = fuzz_part(&rest);
	struct cella_vtpm *vtpm = NULL;
	struct cella_error err = { 0 };

	if (fuzz_failed(cella_vtpm_parse(report.data, report.len, rest.data, rest.len,
					 &vtpm, &err),
			&err, size))
		return 0;
	cella_vtpm_unref(vtpm);
	return 0;
}
