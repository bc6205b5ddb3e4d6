/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events in words: what was measured, and whether the event's digest covers what is said.
 */
#ifndef EVIDENCE_EVENT_DECODE_H
#define EVIDENCE_EVENT_DECODE_H

#include "base/arena.h"
#include "evidence/event_log.h"

/* What an event is part of. */
enum event_part {
	PART_OTHER = 0,
	PART_FIRMWARE,
	PART_PLATFORM, /* tables that the host hands over: memory, ACPI */
	PART_VARIABLES,
	PART_BOOT_ORDER,
	PART_PARTITIONS,
	PART_BOOT_LOADER,
	PART_BOOT_COMMANDS,
	PART_KERNEL,
	PART_COMMAND_LINE,
	PART_INITRD,
	PART_APPLICATION,
	PART_MARKER, /* a step of booting: separators, actions */
	PART_COUNT
};

/* event_part_name() is "command line" and so on. */
const char *event_part_name(enum event_part part);

/* event_type_name() is "EV_SEPARATOR" and so on; NULL for a type that has no name. */
const char *event_type_name(uint32_t type);

struct event_meaning {
	enum event_part part;
	const char *text; /* printable, in the arena */
	/*
	 * The event extends a register by the digest of the data from which text was
	 * read; otherwise text is a claim.
	 */
	bool is_covered;
};

/* event_decode() says what an event means; it fails for want of memory alone. */
enum cella_status event_decode(const struct cella_event_log *log,
			       const struct event *event, struct arena *arena,
			       struct event_meaning *out,
			       struct cella_error *err) MUST_CHECK;

/* event_register_name() is "RTMR0" or "PCR7", or "MRTD", "none". */
const char *event_register_name(const struct cella_event_log *log,
				const struct event *event, struct arena *arena);

#endif
