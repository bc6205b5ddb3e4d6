/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of event logs.
 */
#include "cli/log_input.h"

#include "fetch/files.h"

enum cella_status event_log_read(const char *path, struct cella_event_log **out,
				 struct cella_error *err)
{
	struct out bytes CLEANUP(out_done) = { 0 };

	TRY(file_read(path, CELLA_EVENT_LOG_MAX, &bytes, err));
	if (cella_event_log_parse(bytes.data, bytes.len, out, err) != CELLA_OK) {
		error_prefix(err, "%s", path);
		return err->status;
	}
	return CELLA_OK;
}
