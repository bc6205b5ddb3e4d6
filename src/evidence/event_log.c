/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event logs in the crypto-agile form: TCG PC Client Platform Firmware Profile, sections
 * "Event Logging" and "Specification ID Version Event"; for TDs the UEFI specification's
 * CC event log, which is the same with other indices. The first event has the form of the
 * SHA-1 log and holds the table of hashes; each event after it has one digest per hash.
 */
#include "evidence/event_log.h"

#include <string.h>

enum {
	HEADER_DIGEST_LEN = 20,
	SIGNATURE_LEN = 16,
	HEADER_OFFSET_SIGNATURE = 4 + 4 + HEADER_DIGEST_LEN + 4,
	END_MARK_LEN = 8,
	FIRST_EVENTS = 64, /* memory to begin with */
	ACPI_HEADER_LEN = 36,
	CCEL_TABLE_LEN = 56,
	CC_TYPE_TDX = 2,
};

static const char spec_id_signature[SIGNATURE_LEN] = "Spec ID Event03";
static const char locality_signature[SIGNATURE_LEN] = "StartupLocality";

static const struct {
	uint16_t id;
	uint16_t len;
	const char *name;
} known_hashes[] = {
	{ 0x0004, 20, "sha1" },
	{ CELLA_HASH_SHA256, 32, "sha256" },
	{ CELLA_HASH_SHA384, 48, "sha384" },
	{ CELLA_HASH_SHA512, 64, "sha512" },
	{ 0x0012, 32, "sm3" },
};

static uint16_t known_len(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(known_hashes); i++)
		if (known_hashes[i].id == id)
			return known_hashes[i].len;
	return 0;
}

const char *event_hash_name(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(known_hashes); i++)
		if (known_hashes[i].id == id)
			return known_hashes[i].name;
	return NULL;
}

int event_log_hash(const struct cella_event_log *log, uint16_t id)
{
	for (size_t i = 0; i < log->num_hashes; i++)
		if (log->hashes[i].id == id)
			return (int)i;
	return -1;
}

bool event_log_is_one(struct cella_bytes bytes)
{
	struct in in;
	struct cella_bytes signature;

	in_init(&in, bytes, "event log");
	in_skip(&in, 4, "header.index");
	if (in_u32le(&in, "header.type") != EV_NO_ACTION)
		return false;
	in_skip(&in, HEADER_DIGEST_LEN + 4, "header.digest");
	signature = in_bytes(&in, strlen("Spec ID Event"), "header.signature");
	return in.failed == NULL &&
	       memcmp(signature.data, spec_id_signature, signature.len) == 0;
}

/* --- the header ---------------------------------------------------------------------- */

static void read_hash(struct in *in, struct cella_event_log *log)
{
	const size_t offset = in_offset(in);
	struct event_hash hash = { 0 };

	hash.id = in_u16le(in, "header.algorithms.id");
	hash.len = in_u16le(in, "header.algorithms.size");
	if (in->failed != NULL)
		return;
	if (event_log_hash(log, hash.id) >= 0)
		in_fail_at(in, offset, "header.algorithms.id", "is there twice");
	if (hash.len == 0 || hash.len > EVENT_DIGEST_MAX ||
	    (known_len(hash.id) != 0 && known_len(hash.id) != hash.len))
		in_fail_at(in, offset + 2, "header.algorithms.size",
			   "is not the length of this hash");
	log->hashes[log->num_hashes++] = hash;
}

static void read_spec_id(struct in *in, struct cella_event_log *log)
{
	const struct cella_bytes signature =
		in_bytes(in, SIGNATURE_LEN, "header.signature");
	uint32_t num_hashes;

	if (in->failed == NULL &&
	    memcmp(signature.data, spec_id_signature, SIGNATURE_LEN) != 0)
		in_fail_at(in, HEADER_OFFSET_SIGNATURE, "header.signature",
			   "is not \"Spec ID Event03\"");
	in_skip(in, 4 + 1 + 1 + 1 + 1, "header.version");
	num_hashes = in_u32le(in, "header.num_algorithms");
	if (in->failed == NULL && (num_hashes == 0 || num_hashes > EVENT_LOG_MAX_HASHES))
		in_fail_at(in, in_offset(in) - 4, "header.num_algorithms",
			   "is not between 1 and 5");
	for (uint32_t i = 0; in->failed == NULL && i < num_hashes; i++)
		read_hash(in, log);
	in_skip(in, in_u8(in, "header.vendor_info_size"), "header.vendor_info");
	in_end(in, "header.end");
}

static enum cella_status read_header(struct in *in, struct cella_event_log *log,
				     struct cella_error *err)
{
	struct in data;
	uint32_t size;

	in_skip(in, 4, "header.index");
	if (in_u32le(in, "header.type") != EV_NO_ACTION && in->failed == NULL)
		return error_at(err, CELLA_UNSUPPORTED, 4,
				"event log: header.type: is not EV_NO_ACTION: this is no "
				"log, or one of the form that knows SHA-1 alone");
	in_skip(in, HEADER_DIGEST_LEN, "header.digest");
	size = in_u32le(in, "header.size");
	TRY(in_status(in, err));
	data = in_sub(in, size, "header.data");
	TRY(in_status(in, err));
	read_spec_id(&data, log);
	return in_status(&data, err);
}

/* --- events -------------------------------------------------------------------------- */

static void read_digest(struct in *in, const struct cella_event_log *log,
			struct event *event)
{
	const size_t offset = in_offset(in);
	const int place = event_log_hash(log, in_u16le(in, "digest.algorithm"));

	if (in->failed != NULL)
		return;
	if (place < 0 || event->digests[place] != NULL) {
		in_fail_at(in, offset, "digest.algorithm",
			   "is not in the header's list, or is there twice");
		return;
	}
	event->digests[place] = in_bytes(in, log->hashes[place].len, "digest").data;
}

static enum cella_status read_event(struct in *in, const struct cella_event_log *log,
				    struct event *event, struct cella_error *err)
{
	uint32_t num_digests;
	uint32_t size;

	event->offset = in_offset(in);
	event->index = in_u32le(in, "index");
	event->type = in_u32le(in, "type");
	num_digests = in_u32le(in, "num_digests");
	if (in->failed == NULL && num_digests != log->num_hashes)
		in_fail_at(in, in_offset(in) - 4, "num_digests",
			   "is not the number of the header's hashes");
	for (uint32_t i = 0; in->failed == NULL && i < num_digests; i++)
		read_digest(in, log, event);
	size = in_u32le(in, "size");
	TRY(in_status(in, err));
	event->data = in_bytes(in, size, "data");
	return in_status(in, err);
}

static bool is_fill(struct cella_bytes bytes)
{
	for (size_t i = 1; i < bytes.len; i++)
		if (bytes.data[i] != bytes.data[0])
			return false;
	return bytes.len > 0 && (bytes.data[0] == 0x00 || bytes.data[0] == 0xff);
}

/* Eight bytes of fill end a log, or as many as there are. */
static bool is_end(const struct in *in)
{
	const size_t left = in->len - in->pos;

	return left == 0 ||
	       is_fill(bytes_of(in->data + in->pos,
				left < END_MARK_LEN ? left : (size_t)END_MARK_LEN));
}

static enum cella_status add_event(struct cella_event_log *log, size_t *capacity,
				   struct event **out, struct cella_error *err)
{
	if (log->num_events == CELLA_EVENT_LOG_EVENTS_MAX)
		return error_set(err, CELLA_LIMIT, "event log: more than %zu events",
				 CELLA_EVENT_LOG_EVENTS_MAX);
	if (log->num_events == *capacity) {
		const size_t more = *capacity == 0 ? FIRST_EVENTS : 2 * *capacity;
		struct event *const events =
			realloc(log->events, more * sizeof *log->events);

		if (events == NULL)
			return error_nomem(err);
		log->events = events;
		*capacity = more;
	}
	*out = &log->events[log->num_events];
	**out = (struct event){ .number = log->num_events };
	log->num_events++;
	return CELLA_OK;
}

static enum cella_status read_events(struct in *in, struct cella_event_log *log,
				     struct cella_error *err)
{
	size_t capacity = 0;

	while (!is_end(in)) {
		struct event *event = NULL;
		enum cella_status status;

		TRY(add_event(log, &capacity, &event, err));
		status = read_event(in, log, event, err);
		if (status != CELLA_OK) {
			error_prefix(err, "event %zu", event->number);
			return status;
		}
	}
	log->end = in_offset(in);
	log->ends_in_fill = log->end == log->len ||
			    is_fill(bytes_of(log->data + log->end, log->len - log->end));
	return CELLA_OK;
}

/* A TD's log has SHA-384 alone and five indices; any other is a TPM's. */
static enum cella_event_log_kind kind_of(const struct cella_event_log *log)
{
	if (log->num_hashes != 1 || log->hashes[0].id != CELLA_HASH_SHA384)
		return CELLA_EVENT_LOG_TPM;
	for (size_t i = 0; i < log->num_events; i++)
		if (log->events[i].index > CC_INDEX_RTMR3)
			return CELLA_EVENT_LOG_TPM;
	return CELLA_EVENT_LOG_CC;
}

/* PCR0 starts with the locality that started the TPM; the log tells it first of all. */
static uint8_t locality_of(const struct cella_event_log *log)
{
	for (size_t i = 0; i < log->num_events; i++) {
		const struct event *const e = &log->events[i];

		if (e->index == 0 && e->type == EV_NO_ACTION &&
		    e->data.len == SIGNATURE_LEN + 1 &&
		    memcmp(e->data.data, locality_signature, SIGNATURE_LEN) == 0)
			return e->data.data[SIGNATURE_LEN];
	}
	return 0;
}

static enum cella_status read_log(struct cella_event_log *log, struct cella_error *err)
{
	struct in in;

	in_init(&in, bytes_of(log->data, log->len), "event log");
	TRY(read_header(&in, log, err));
	TRY(read_events(&in, log, err));
	log->kind = kind_of(log);
	if (log->kind == CELLA_EVENT_LOG_TPM)
		log->startup_locality = locality_of(log);
	return CELLA_OK;
}

/* --- life ---------------------------------------------------------------------------- */

enum cella_status cella_event_log_parse(const void *data, size_t len,
					struct cella_event_log **out,
					struct cella_error *err)
{
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;

	if (out == NULL || (data == NULL && len > 0))
		return error_set(err, CELLA_USAGE,
				 "cella_event_log_parse: null argument");
	if (len > CELLA_EVENT_LOG_MAX)
		return error_set(err, CELLA_LIMIT, "event log: %zu bytes, at most %zu",
				 len, CELLA_EVENT_LOG_MAX);
	log = calloc(1, sizeof *log);
	if (log == NULL)
		return error_nomem(err);
	atomic_init(&log->refs, 1);
	log->data = malloc(len > 0 ? len : 1);
	if (log->data == NULL)
		return error_nomem(err);
	if (len > 0)
		memcpy(log->data, data, len);
	log->len = len;
	TRY(read_log(log, err));
	*out = take(&log);
	return CELLA_OK;
}

struct cella_event_log *cella_event_log_ref(struct cella_event_log *log)
{
	atomic_fetch_add_explicit(&log->refs, 1, memory_order_relaxed);
	return log;
}

void cella_event_log_unref(struct cella_event_log *log)
{
	if (log == NULL ||
	    atomic_fetch_sub_explicit(&log->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(log->events);
	free(log->data);
	free(log);
}

enum cella_event_log_kind cella_event_log_kind(const struct cella_event_log *log)
{
	return log->kind;
}

size_t cella_event_log_num_events(const struct cella_event_log *log)
{
	return log->num_events;
}

/* --- the ACPI table ------------------------------------------------------------------ */

static uint8_t sum_of(struct cella_bytes bytes)
{
	unsigned sum = 0;

	for (size_t i = 0; i < bytes.len; i++)
		sum += bytes.data[i];
	return (uint8_t)sum;
}

enum cella_status cella_event_log_check_table(const struct cella_event_log *log,
					      const void *table, size_t table_len,
					      struct cella_error *err)
{
	const struct cella_bytes bytes = bytes_of(table, table_len);
	struct cella_bytes signature;
	uint64_t area_len;
	uint8_t cc_type;
	struct in in;

	in_init(&in, bytes, "ccel table");
	signature = in_bytes(&in, 4, "signature");
	if (in.failed == NULL && memcmp(signature.data, "CCEL", 4) != 0)
		in_fail_at(&in, 0, "signature", "is not \"CCEL\"");
	if (in_u32le(&in, "length") != table_len || table_len != CCEL_TABLE_LEN)
		in_fail_at(&in, 4, "length", "is not 56, the table's");
	in_skip(&in, ACPI_HEADER_LEN - 4 - 4, "oem");
	cc_type = in_u8(&in, "cc_type");
	in_skip(&in, 1 + 2, "cc_subtype");
	area_len = in_u64le(&in, "log_area_minimum_length");
	in_skip(&in, 8, "log_area_start_address");
	in_end(&in, "end");
	if (in.failed == NULL && sum_of(bytes) != 0)
		in_fail_at(&in, 9, "checksum", "does not hold");
	TRY(in_status(&in, err));
	if (cc_type != CC_TYPE_TDX)
		return error_at(err, CELLA_UNSUPPORTED, ACPI_HEADER_LEN,
				"ccel table: cc_type: expected 2, a TD's log, found %u",
				cc_type);
	if (log->end > area_len)
		return error_set(err, CELLA_MALFORMED,
				 "event log: its %zu bytes do not fit into the %llu that "
				 "the ccel table names",
				 log->end, (unsigned long long)area_len);
	return CELLA_OK;
}
