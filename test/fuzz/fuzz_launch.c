/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a launch: what is read of it, written again, is where it begins. */
#include "fuzz.h"

#include "evidence/launch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct out again CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct launch_told told;
	struct launch_plan plan;
	struct launch_pcrs pcrs;

	if (fuzz_failed(cella_event_log_parse(data, size, &log, &err), &err, size) ||
	    fuzz_failed(launch_log_read(log, &arena, &told, &err), &err, size))
		return 0;
	MUST(launch_plan_make(told.machine, &told.image, &told.config, &arena, &plan,
			      NULL) == CELLA_OK);
	MUST(launch_log_write(&plan, &again, NULL) == CELLA_OK);
	MUST(again.len <= size && memcmp(again.data, data, again.len) == 0);
	MUST(launch_predict(&plan, &pcrs, NULL) == CELLA_OK);
	for (size_t i = told.num_events; i < log->num_events; i++)
		MUST(launch_pcr_is_guests(log->events[i].index));
	return 0;
}
