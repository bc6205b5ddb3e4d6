/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event logs: what firmware, boot loader and system say they measured, one event after the
 * other (TCG PC Client Platform Firmware Profile, crypto-agile form). The log of a TD (CCEL)
 * tells of the registers RTMR0 to RTMR3, that of a TPM of its PCRs.
 *
 * A log proves nothing by itself: whoever can write the file can write the log. It counts
 * as far as its replay, the chain of its digests, arrives at the registers of evidence that
 * is genuine. And that covers digests only: what an event's data says is shown to be true
 * where its digest is that of the data, and is otherwise a claim.
 */
#ifndef CELLA_EVENT_LOG_H
#define CELLA_EVENT_LOG_H

#include <stdbool.h>

#include <cella/error.h>
#include <cella/evidence.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The largest log that is read, in bytes, and its length at most in events. */
#define CELLA_EVENT_LOG_MAX ((size_t)16 << 20)
#define CELLA_EVENT_LOG_EVENTS_MAX ((size_t)1 << 15)

/* The longest value of a register, in bytes. */
#define CELLA_REGISTER_MAX 64

enum cella_event_log_kind {
	CELLA_EVENT_LOG_UNKNOWN = 0,
	CELLA_EVENT_LOG_CC,  /* of a TD: SHA-384, RTMR0 to RTMR3 */
	CELLA_EVENT_LOG_TPM, /* of a TPM: one or more hashes, PCR0 to PCR23 */
};

/* enum cella_hash - hashes that registers are extended with, by the TCG's numbers. */
enum cella_hash {
	CELLA_HASH_SHA256 = 0x000b,
	CELLA_HASH_SHA384 = 0x000c,
	CELLA_HASH_SHA512 = 0x000d,
};

/* struct cella_event_log - a parsed log: immutable, shareable between threads. */
struct cella_event_log;

/*
 * cella_event_log_parse() parses a log and keeps a copy of it. Fill of zeros or ones after
 * the last event is what ACPI's log areas end with. CELLA_MALFORMED names the event, the
 * field and its offset; CELLA_UNSUPPORTED for the old form that knows SHA-1 alone;
 * CELLA_LIMIT above the limits. The caller releases *out with cella_event_log_unref().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_event_log_parse(const void *data, size_t len, struct cella_event_log **out,
		      struct cella_error *err);

/* cella_event_log_ref() returns the log, once more. */
CELLA_EXPORT struct cella_event_log *cella_event_log_ref(struct cella_event_log *log);
/* cella_event_log_unref() gives one reference back; NULL is fine. */
CELLA_EXPORT void cella_event_log_unref(struct cella_event_log *log);

CELLA_EXPORT enum cella_event_log_kind
cella_event_log_kind(const struct cella_event_log *log);
CELLA_EXPORT size_t cella_event_log_num_events(const struct cella_event_log *log);

/*
 * cella_event_log_check_table() checks the ACPI table CCEL that announces a TD's log: that
 * it is one, of a TD, and that the log fits into the area it names. CELLA_MALFORMED or
 * CELLA_UNSUPPORTED otherwise.
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_event_log_check_table(const struct cella_event_log *log, const void *table,
			    size_t table_len, struct cella_error *err);

/*
 * cella_event_log_replay() computes a register from the log's digests. *out_len is the
 * hash's length. CELLA_USAGE for a register that the log's kind does not have,
 * CELLA_MISSING when the log has no digests of the hash.
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_event_log_replay(const struct cella_event_log *log, enum cella_hash hash,
		       unsigned register_number, uint8_t out[CELLA_REGISTER_MAX],
		       size_t *out_len, struct cella_error *err);

/*
 * cella_event_log_compare() writes the replay of all registers, as text or JSON. With
 * facts, those of a quote or a report, it compares them with the evidence's registers and
 * says of the first that differs what can be known about the first diverging event. With a
 * reference, another log, it names the first event that differs. Either may be NULL.
 * *match is false when something differs, or when the log has events of none of the
 * evidence's registers. CELLA_UNSUPPORTED when evidence and log have no registers in
 * common. The caller frees *text with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_event_log_compare(const struct cella_event_log *log,
			const struct cella_facts *facts,
			const struct cella_event_log *reference, bool as_json,
			char **text, bool *match, struct cella_error *err);

/*
 * cella_event_log_describe() writes what each register covers and every event in words, as
 * text or JSON. Events whose data their digest does not cover are marked as claims. The
 * caller frees *text with cella_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_event_log_describe(const struct cella_event_log *log, bool as_json, char **text,
			 struct cella_error *err);

#ifdef __cplusplus
}
#endif
#endif
