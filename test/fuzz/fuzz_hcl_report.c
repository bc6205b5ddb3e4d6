/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a paravisor; and its runtime data, as if they had been bound. */
#include "fuzz.h"

#include "evidence/hcl_report.h"

static void read_user_data(const struct hcl_report *report)
{
	uint8_t user_data[REPORT_DATA_LEN];
	struct cella_error err = { 0 };

	(void)fuzz_failed(hcl_report_user_data(report, user_data, &err), &err,
			  report->runtime_data.len);
}

static void describe(const struct hcl_report *report, size_t size)
{
	struct cella_error err = { 0 };
	char *text = NULL;

	if (!fuzz_failed(hcl_report_describe(report->whole, true, &text, &err), &err,
			 size))
		MUST(text != NULL);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hcl_report unbound = { .runtime_data = bytes_of(data, size) };
	struct hcl_report report = { 0 };
	struct cella_error err = { 0 };

	read_user_data(&unbound);
	if (fuzz_failed(hcl_report_parse(bytes_of(data, size), &report, &err), &err,
			size))
		return 0;
	MUST(report.whole.data == data && report.whole.len <= size);
	MUST(fuzz_inside(report.td_report, data, size));
	MUST(fuzz_inside(report.runtime_data, data, size));
	MUST(fuzz_inside(hcl_report_data(&report), data, size));
	read_user_data(&report);
	(void)fuzz_failed(hcl_report_check(&report, &err), &err, size);
	describe(&report, size);
	return 0;
}
