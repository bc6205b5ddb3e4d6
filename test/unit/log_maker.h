/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event logs for tests, event by event.
 */
#ifndef TEST_LOG_MAKER_H
#define TEST_LOG_MAKER_H

#include "evidence/event_log.h"
#include "support.h"

/* log_start() writes the first event, with a table of these hashes. */
void log_start(struct out *log, const uint16_t *hashes, size_t num_hashes);

/* log_start_cc() does so for a TD: SHA-384 alone. */
void log_start_cc(struct out *log);

/* log_add() adds an event whose digests, by the table's hashes, are those of `hashed`. */
void log_add(struct out *log, const uint16_t *hashes, size_t num_hashes, uint32_t index,
	     uint32_t type, struct cella_bytes hashed, struct cella_bytes data);

/* log_add_cc() adds an event of a TD's log whose digest is that of its data. */
void log_add_cc(struct out *log, uint32_t index, uint32_t type, struct cella_bytes data);

/* log_parse() parses a log that must be good. */
struct cella_event_log *log_parse(const struct out *log);

/* log_use() replays and describes a log: whatever parses can be. */
void log_use(struct cella_event_log *log);

/*
 * log_check_prefixes_and_bytes() checks of every prefix of a good log, and of every change
 * of a byte, that it parses, and then can be used, or is refused with its place.
 */
void log_check_prefixes_and_bytes(struct cella_bytes good);

#endif
