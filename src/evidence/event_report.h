/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for registers and for where a log and a register part.
 */
#ifndef EVIDENCE_EVENT_REPORT_H
#define EVIDENCE_EVENT_REPORT_H

#include "base/arena.h"
#include "evidence/event_log.h"

/* register_name() is "RTMR0" or "PCR7". */
const char *register_name(const struct cella_event_log *log, unsigned reg,
			  struct arena *arena);

/* hash_name() is "sha384", or the number of a hash that has no name. */
const char *hash_name(const struct cella_event_log *log, size_t hash,
		      struct arena *arena);

/* event_brief() is "event 85 (offset 11447): application, coco.com …", in the arena. */
enum cella_status event_brief(const struct cella_event_log *log,
			      const struct event *event, struct arena *arena,
			      const char **out, struct cella_error *err) MUST_CHECK;

/* divergence_text() says where a replay that differs leaves its register. */
enum cella_status divergence_text(const struct cella_event_log *log,
				  const struct register_replay *replay,
				  struct arena *arena, const char **out,
				  struct cella_error *err) MUST_CHECK;

#endif
