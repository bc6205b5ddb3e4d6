/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parsed event log behind the public handle, its replay, and its comparison with
 * registers.
 */
#ifndef EVIDENCE_EVENT_LOG_H
#define EVIDENCE_EVENT_LOG_H

#include <stdatomic.h>

#include <cella/event_log.h>

#include "base/bytes.h"
#include "crypto/crypto.h"

enum {
	EVENT_LOG_MAX_HASHES = 5,
	EVENT_DIGEST_MAX = 64,
	NUM_RTMRS = 4,
	NUM_PCRS = 24,
	CC_INDEX_MRTD = 0, /* RTMR0 to RTMR3 follow */
	CC_INDEX_RTMR3 = NUM_RTMRS,
	AAEL_TAG = 0x4141454c, /* an application's event, tagged as such */
};

/* Types of events that more than their name is known of. */
enum event_type {
	EV_POST_CODE = 0x1,
	EV_NO_ACTION = 0x3,
	EV_SEPARATOR = 0x4,
	EV_ACTION = 0x5,
	EV_EVENT_TAG = 0x6,
	EV_S_CRTM_CONTENTS = 0x7,
	EV_S_CRTM_VERSION = 0x8,
	EV_PLATFORM_CONFIG_FLAGS = 0xa,
	EV_IPL = 0xd,
	EV_RUNTIME = 0x08000001,
};
#define EV_EFI_VARIABLE_DRIVER_CONFIG UINT32_C(0x80000001)
#define EV_EFI_VARIABLE_BOOT UINT32_C(0x80000002)
#define EV_EFI_BOOT_SERVICES_APPLICATION UINT32_C(0x80000003)
#define EV_EFI_BOOT_SERVICES_DRIVER UINT32_C(0x80000004)
#define EV_EFI_RUNTIME_SERVICES_DRIVER UINT32_C(0x80000005)
#define EV_EFI_GPT_EVENT UINT32_C(0x80000006)
#define EV_EFI_ACTION UINT32_C(0x80000007)
#define EV_EFI_PLATFORM_FIRMWARE_BLOB UINT32_C(0x80000008)
#define EV_EFI_HANDOFF_TABLES UINT32_C(0x80000009)
#define EV_EFI_PLATFORM_FIRMWARE_BLOB2 UINT32_C(0x8000000a)
#define EV_EFI_HANDOFF_TABLES2 UINT32_C(0x8000000b)
#define EV_EFI_VARIABLE_BOOT2 UINT32_C(0x8000000c)
#define EV_EFI_HCRTM_EVENT UINT32_C(0x80000010)
#define EV_EFI_VARIABLE_AUTHORITY UINT32_C(0x800000e0)

/* A hash of the log's table. */
struct event_hash {
	uint16_t id;
	uint16_t len;
};

struct event {
	size_t number; /* from 0, the header not counted */
	size_t offset;
	uint32_t index; /* as in the log: of a CC log 0 is MRTD, 1 is RTMR0 */
	uint32_t type;
	const uint8_t
		*digests[EVENT_LOG_MAX_HASHES]; /* in the order of the log's table */
	struct cella_bytes data;
};

struct cella_event_log {
	atomic_uint refs;
	enum cella_event_log_kind kind;
	uint8_t *data; /* owned; every view points into it */
	size_t len;
	struct event_hash hashes[EVENT_LOG_MAX_HASHES];
	size_t num_hashes;
	struct event *events;
	size_t num_events;
	size_t end;               /* offset behind the last event */
	bool ends_in_fill;        /* what follows is all zeros or all ones */
	uint8_t startup_locality; /* of a TPM: PCR0 starts with it */
};

static inline void event_log_cleanup(struct cella_event_log **log)
{
	cella_event_log_unref(*log);
}

/* event_log_is_one() is true for bytes that start as a crypto-agile log does. */
bool event_log_is_one(struct cella_bytes bytes);

/* event_hash_name() is "sha384" and so on; "0x….." is told by the caller if it is NULL. */
const char *event_hash_name(uint16_t id);

/* event_hash_function() is false for a hash that cella does not compute (SHA-1, SM3). */
bool event_hash_function(uint16_t id, enum crypto_hash *out);

/* event_log_hash() is a hash's place in the log's table; -1 when it is not there. */
int event_log_hash(const struct cella_event_log *log, uint16_t id);

/* event_log_num_registers() is 4 or 24, by the log's kind. */
unsigned event_log_num_registers(const struct cella_event_log *log);

/* event_register() is the register that an event extends; -1 when it extends none. */
int event_register(const struct cella_event_log *log, const struct event *event);

/* event_digest() is an event's digest by a hash's place in the table. */
struct cella_bytes event_digest(const struct cella_event_log *log,
				const struct event *event, size_t hash);

/* event_log_next() is the next event from *pos on that extends a register; NULL at the end. */
const struct event *event_log_next(const struct cella_event_log *log, unsigned reg,
				   size_t *pos);

/* register_start() writes a register's value before the first event. */
void register_start(const struct cella_event_log *log, unsigned reg, uint8_t *value,
		    size_t len);

/* register_extend() replaces a register by hash(register || digest). */
enum cella_status register_extend(uint16_t hash, uint8_t *value, size_t len,
				  const uint8_t *digest,
				  struct cella_error *err) MUST_CHECK;

/* What the log says of a register, and what the register says of the log. */
enum register_finding {
	REGISTER_DIFFERS = 0, /* the replay does not arrive at the register */
	REGISTER_MATCHES,
	REGISTER_UNTOLD,       /* the log has no events of a register that is not zero */
	REGISTER_NOT_COMPARED, /* nothing to compare with */
};

/* Where the replay leaves the register, as far as that can be found out. */
enum register_divergence {
	DIVERGENCE_UNKNOWN = 0,
	DIVERGENCE_STOPS, /* the register has the events before `event`, and none from it on */
	DIVERGENCE_MISSING, /* the register has every event but `event` */
	DIVERGENCE_DIGEST, /* the register has the digest of `event`'s data, the log another */
};

struct register_replay {
	uint8_t value[EVENT_DIGEST_MAX];
	size_t len;
	size_t num_events;
	enum register_finding finding;
	enum register_divergence divergence;
	const struct event *event; /* of the divergence; NULL when it is unknown */
};

/*
 * register_replay() replays one register, of the hash at a place of the table, and compares
 * it with actual, unless that is empty.
 */
enum cella_status register_replay(const struct cella_event_log *log, size_t hash,
				  unsigned reg, struct cella_bytes actual,
				  struct register_replay *out,
				  struct cella_error *err) MUST_CHECK;

/* rtmr_fact() is the fact that tells RTMR0 to RTMR3. */
enum cella_fact rtmr_fact(unsigned reg);

#endif
