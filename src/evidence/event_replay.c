/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay: registers from digests, and what can be said when a register says otherwise.
 *
 * A register is one hash over everything that was measured. From a register that differs
 * nothing can be read; but the likeliest differences can be tried: the log goes on after
 * the register was read, one event was left out, one digest was written wrongly.
 */
#include "evidence/event_log.h"

#include <assert.h>
#include <string.h>

enum {
	PCR_DYNAMIC_FIRST = 17, /* these start with ones, until a launch resets them */
	PCR_DYNAMIC_LAST = 22,
	TRIED_EVENTS_MAX = 256, /* the tries are quadratic */
};

unsigned event_log_num_registers(const struct cella_event_log *log)
{
	return log->kind == CELLA_EVENT_LOG_CC ? NUM_RTMRS : NUM_PCRS;
}

int event_register(const struct cella_event_log *log, const struct event *event)
{
	if (event->type == EV_NO_ACTION)
		return -1;
	if (log->kind == CELLA_EVENT_LOG_CC)
		return event->index == CC_INDEX_MRTD || event->index > CC_INDEX_RTMR3
			       ? -1
			       : (int)event->index - 1;
	return event->index < NUM_PCRS ? (int)event->index : -1;
}

struct cella_bytes event_digest(const struct cella_event_log *log,
				const struct event *event, size_t hash)
{
	return bytes_of(event->digests[hash], log->hashes[hash].len);
}

const struct event *event_log_next(const struct cella_event_log *log, unsigned reg,
				   size_t *pos)
{
	while (*pos < log->num_events) {
		const struct event *const event = &log->events[(*pos)++];

		if (event_register(log, event) == (int)reg)
			return event;
	}
	return NULL;
}

void register_start(const struct cella_event_log *log, unsigned reg, uint8_t *value,
		    size_t len)
{
	const bool is_dynamic = log->kind == CELLA_EVENT_LOG_TPM &&
				reg >= PCR_DYNAMIC_FIRST && reg <= PCR_DYNAMIC_LAST;

	memset(value, is_dynamic ? 0xff : 0, len);
	if (log->kind == CELLA_EVENT_LOG_TPM && reg == 0)
		value[len - 1] = log->startup_locality;
}

bool event_hash_function(uint16_t id, enum crypto_hash *out)
{
	static const struct {
		uint16_t id;
		enum crypto_hash hash;
	} rows[] = {
		{ CELLA_HASH_SHA256, CRYPTO_SHA256 },
		{ CELLA_HASH_SHA384, CRYPTO_SHA384 },
		{ CELLA_HASH_SHA512, CRYPTO_SHA512 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].id == id) {
			*out = rows[i].hash;
			return true;
		}
	}
	return false;
}

enum cella_status register_extend(uint16_t hash, uint8_t *value, size_t len,
				  const uint8_t *digest, struct cella_error *err)
{
	const struct cella_bytes parts[] = { bytes_of(value, len),
					     bytes_of(digest, len) };
	enum crypto_hash function;
	uint8_t next[EVENT_DIGEST_MAX];

	if (!event_hash_function(hash, &function))
		return error_set(err, CELLA_UNSUPPORTED,
				 "event log: hash 0x%04x cannot be replayed", hash);
	assert(len == crypto_hash_len(function));
	TRY(crypto_digest(function, parts, ARRAY_LEN(parts), next, err));
	memcpy(value, next, len);
	return CELLA_OK;
}

/* A replay with one event left out, or with another digest in its place. */
struct replay_change {
	const struct event *event; /* NULL: none */
	const uint8_t *digest;     /* NULL: the event is left out */
};

/* A register of a log that is being replayed. */
struct replayer {
	const struct cella_event_log *log;
	size_t hash;
	unsigned reg;
	struct cella_bytes actual;
};

static enum cella_status replay_changed(const struct replayer *r,
					const struct replay_change *change,
					uint8_t *value, struct cella_error *err)
{
	const struct event_hash *const hash = &r->log->hashes[r->hash];
	const struct event *event;
	size_t pos = 0;

	register_start(r->log, r->reg, value, hash->len);
	while ((event = event_log_next(r->log, r->reg, &pos)) != NULL) {
		const uint8_t *digest = event->digests[r->hash];

		if (event == change->event)
			digest = change->digest;
		if (digest != NULL)
			TRY(register_extend(hash->id, value, hash->len, digest, err));
	}
	return CELLA_OK;
}

static bool is_actual(const struct replayer *r, const uint8_t *value)
{
	return memcmp(r->actual.data, value, r->actual.len) == 0;
}

/* Replays all events, and finds the first after which the register has its actual value. */
static enum cella_status replay_all(const struct replayer *r, struct register_replay *out,
				    struct cella_error *err)
{
	const struct event_hash *const hash = &r->log->hashes[r->hash];
	const struct event *event;
	bool stood;
	size_t pos = 0;

	out->len = hash->len;
	register_start(r->log, r->reg, out->value, hash->len);
	stood = r->actual.len > 0 && is_actual(r, out->value);
	while ((event = event_log_next(r->log, r->reg, &pos)) != NULL) {
		if (stood && out->event == NULL) {
			out->divergence = DIVERGENCE_STOPS;
			out->event = event;
		}
		out->num_events++;
		TRY(register_extend(hash->id, out->value, hash->len,
				    event->digests[r->hash], err));
		stood = r->actual.len > 0 && is_actual(r, out->value);
	}
	if (stood) {
		out->divergence = DIVERGENCE_UNKNOWN;
		out->event = NULL;
	}
	return CELLA_OK;
}

static enum cella_status try_change(const struct replayer *r, const struct event *event,
				    const uint8_t *digest,
				    enum register_divergence divergence,
				    struct register_replay *out, struct cella_error *err)
{
	const struct replay_change change = { event, digest };
	uint8_t value[EVENT_DIGEST_MAX];

	TRY(replay_changed(r, &change, value, err));
	if (!is_actual(r, value))
		return CELLA_OK;
	out->divergence = divergence;
	out->event = event;
	return CELLA_OK;
}

static enum cella_status try_changes(const struct replayer *r,
				     struct register_replay *out, struct cella_error *err)
{
	enum crypto_hash function;
	const struct event *event;
	size_t pos = 0;

	if (out->num_events > TRIED_EVENTS_MAX ||
	    !event_hash_function(r->log->hashes[r->hash].id, &function))
		return CELLA_OK;
	while (out->event == NULL &&
	       (event = event_log_next(r->log, r->reg, &pos)) != NULL) {
		uint8_t digest[EVENT_DIGEST_MAX];

		TRY(try_change(r, event, NULL, DIVERGENCE_MISSING, out, err));
		TRY(crypto_digest(function, &event->data, 1, digest, err));
		if (out->event == NULL)
			TRY(try_change(r, event, digest, DIVERGENCE_DIGEST, out, err));
	}
	return CELLA_OK;
}

static enum register_finding find(const struct replayer *r,
				  const struct register_replay *replay)
{
	if (is_actual(r, replay->value))
		return REGISTER_MATCHES;
	return replay->num_events == 0 ? REGISTER_UNTOLD : REGISTER_DIFFERS;
}

enum cella_status register_replay(const struct cella_event_log *log, size_t hash,
				  unsigned reg, struct cella_bytes actual,
				  struct register_replay *out, struct cella_error *err)
{
	const struct replayer r = { log, hash, reg, actual };
	struct register_replay result = { .finding = REGISTER_NOT_COMPARED };

	assert(hash < log->num_hashes && reg < event_log_num_registers(log));
	assert(actual.len == 0 || actual.len == log->hashes[hash].len);
	TRY(replay_all(&r, &result, err));
	if (actual.data != NULL && actual.len > 0) {
		result.finding = find(&r, &result);
		if (result.finding == REGISTER_DIFFERS && result.event == NULL)
			TRY(try_changes(&r, &result, err));
	}
	*out = result;
	return CELLA_OK;
}

enum cella_fact rtmr_fact(unsigned reg)
{
	static const enum cella_fact facts[NUM_RTMRS] = {
		CELLA_FACT_RTMR0, CELLA_FACT_RTMR1, CELLA_FACT_RTMR2, CELLA_FACT_RTMR3
	};

	assert(reg < NUM_RTMRS);
	return facts[reg];
}

enum cella_status cella_event_log_replay(const struct cella_event_log *log,
					 enum cella_hash hash, unsigned register_number,
					 uint8_t out[CELLA_REGISTER_MAX], size_t *out_len,
					 struct cella_error *err)
{
	struct register_replay replay;
	int place;

	if (register_number >= event_log_num_registers(log))
		return error_set(err, CELLA_USAGE, "event log: there is no register %u",
				 register_number);
	place = event_log_hash(log, (uint16_t)hash);
	if (place < 0)
		return error_set(err, CELLA_MISSING,
				 "event log: has no digests of hash 0x%04x",
				 (unsigned)hash);
	TRY(register_replay(log, (size_t)place, register_number, bytes_of(NULL, 0),
			    &replay, err));
	memcpy(out, replay.value, replay.len);
	*out_len = replay.len;
	return CELLA_OK;
}
