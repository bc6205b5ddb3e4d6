/* SPDX-License-Identifier: Apache-2.0 */
/* Event logs, of TDs and of TPMs: replayed, told in words, compared with themselves. */
#include "fuzz.h"

#include <cella/event_log.h>

static void check_registers(const struct cella_event_log *log)
{
	static const enum cella_hash hashes[] = { CELLA_HASH_SHA256, CELLA_HASH_SHA384,
						  CELLA_HASH_SHA512 };
	uint8_t value[CELLA_REGISTER_MAX];
	size_t len;

	for (unsigned reg = 0; reg < 25; reg++)
		for (size_t i = 0; i < ARRAY_LEN(hashes); i++)
			if (cella_event_log_replay(log, hashes[i], reg, value, &len,
						   NULL) == CELLA_OK)
				MUST(len >= 32 && len <= sizeof value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cella_event_log *log = NULL;
	struct cella_error err = { 0 };

	if (fuzz_failed(cella_event_log_parse(data, size, &log, &err), &err, size))
		return 0;
	MUST(cella_event_log_num_events(log) <= CELLA_EVENT_LOG_EVENTS_MAX);
	check_registers(log);
	for (int as_json = 0; as_json < 2; as_json++) {
		char *told = NULL, *compared = NULL;
		bool match = false;

		MUST(cella_event_log_describe(log, as_json != 0, &told, NULL) ==
		     CELLA_OK);
		MUST(cella_event_log_compare(log, NULL, log, as_json != 0, &compared,
					     &match, NULL) == CELLA_OK);
		MUST(match || cella_event_log_num_events(log) == 0);
		if (as_json) {
			fuzz_json(told);
			fuzz_json(compared);
		} else {
			cella_free(told);
			cella_free(compared);
		}
	}
	cella_event_log_unref(log);
	return 0;
}
