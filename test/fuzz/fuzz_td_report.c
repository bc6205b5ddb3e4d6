/* SPDX-License-Identifier: Apache-2.0 */
/* TD reports: 1024 bytes, nothing else. */
#include "fuzz.h"

#include "evidence/td_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cella_bytes report = bytes_of(data, size);
	struct cella_error err = { 0 };
	struct td_report_hashes hashes;

	if (fuzz_failed(td_report_check(report, &err), &err, size))
		return 0;
	MUST(size == TD_REPORT_LEN);
	td_report_hashes(report, &hashes);
	MUST(fuzz_inside(hashes.tee_tcb_info, data, size));
	MUST(fuzz_inside(hashes.tee_info, data, size));
	MUST(hashes.tee_tcb_info_hash.len == 48 && hashes.tee_info_hash.len == 48);
	return 0;
}
