/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of event logs.
 */
#ifndef CLI_LOG_INPUT_H
#define CLI_LOG_INPUT_H

#include "evidence/event_log.h"

/* event_log_read() reads an event log; "-" is standard input. */
enum cella_status event_log_read(const char *path, struct cella_event_log **out,
				 struct cella_error *err) MUST_CHECK;

#endif
