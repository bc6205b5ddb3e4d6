/* SPDX-License-Identifier: Apache-2.0 */
/* TCB information: what is signed, or a whole document. */
#include "fuzz.h"

#include "collateral/tcb_info.h"

/* Levels fall: whoever looks for the first that fits finds the best. */
static void check_levels(const struct isv_level *levels, size_t num_levels)
{
	for (size_t i = 1; i < num_levels; i++)
		MUST(levels[i - 1].isv_svn > levels[i].isv_svn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_bytes text = bytes_of(data, size);
	struct cella_error err = { 0 };
	struct cella_bytes span = { 0 };
	struct tcb_info info = { 0 };

	if (json_member_span(text, "tcbInfo", "", &span, NULL) == CELLA_OK &&
	    span.len > 0)
		text = span;
	if (fuzz_failed(tcb_info_parse(text, &info, &err), &err, size))
		return 0;
	MUST(info.num_levels > 0 && info.num_levels <= TCB_MAX_LEVELS);
	for (size_t i = 0; i < info.num_levels; i++)
		MUST(cella_tcb_status_name(info.levels[i].standing.status) != NULL);
	for (size_t i = 0; i < info.num_modules; i++)
		check_levels(info.modules[i].levels, info.modules[i].num_levels);
	for (int major = 0; major < 256; major++)
		(void)tcb_info_module(&info, (uint8_t)major);
	tcb_info_done(&info);
	return 0;
}
