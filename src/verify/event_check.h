/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event log beside a quote: does it lead to the quote's registers?
 */
#ifndef VERIFY_EVENT_CHECK_H
#define VERIFY_EVENT_CHECK_H

#include "verify/verdict.h"

/*
 * event_log_check() replays the verdict's log, if it has one, and adds a check for each
 * register that the log tells of. CELLA_UNSUPPORTED when log and quote have no registers in
 * common.
 */
enum cella_status event_log_check(struct cella_verdict *verdict,
				  struct cella_error *err) MUST_CHECK;

/* event_check_add() adds the check of one register of a log. */
enum cella_status event_check_add(struct cella_verdict *verdict,
				  const struct cella_event_log *log, unsigned reg,
				  const struct register_replay *replay,
				  struct cella_bytes actual,
				  struct cella_error *err) MUST_CHECK;

#endif
