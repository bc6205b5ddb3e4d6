/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on events: reading, writing, judging, telling.
 */
#include "appraise/policy_events.h"

#include "base/encode.h"
#include "evidence/event_decode.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { WHERE_LEN = 160, EVENTS_SHOWN = 4, DIGEST_SHOWN = 6 };

static const char any_digest[] = "any";

static bool is_evm(const struct policy_key *key)
{
	return (key->classes & CLASS_BIT(CLASS_EVM)) != 0;
}

unsigned policy_events_register(const struct policy_key *key)
{
	unsigned reg = 0;

	if (is_evm(key))
		return (unsigned)(key->fact - CELLA_FACT_EVM_PCR0);
	while (reg < NUM_RTMRS && rtmr_fact(reg) != key->fact)
		reg++;
	assert(reg < NUM_RTMRS);
	return reg;
}

/* "RTMR3", "PCR14" */
static const char *name_of(struct arena *arena, const struct policy_key *key)
{
	return arena_text(arena, "%s%u", is_evm(key) ? "PCR" : "RTMR",
			  policy_events_register(key));
}

/* The hash of a log that quotes are over: its place in the log's table. */
static size_t hash_place(const struct cella_event_log *log)
{
	const int place = log->kind == CELLA_EVENT_LOG_CC
				  ? 0
				  : event_log_hash(log, CELLA_HASH_SHA256);

	assert(place >= 0);
	return (size_t)place;
}

/* --- reading ------------------------------------------------------------------------- */

static enum cella_status read_digests(struct arena *arena, const json_t *value,
				      size_t len, const char *where,
				      struct policy_event *out, struct cella_error *err)
{
	const size_t num = json_is_array(value) ? json_array_size(value) : 1;
	uint8_t *digests;

	if (num == 0 || num > POLICY_MAX_VALUES)
		return error_set(err, CELLA_MALFORMED,
				 "%s: digest: %zu digests, needs 1 to %d", where, num,
				 POLICY_MAX_VALUES);
	digests = arena_alloc(arena, num, len);
	TRY(arena_status(arena, err));
	for (size_t i = 0; i < num; i++) {
		const json_t *const item = json_is_array(value) ? json_array_get(value, i)
								: value;

		if (!json_is_string(item))
			return error_set(
				err, CELLA_MALFORMED,
				"%s: digest: expected hexadecimal text, found %s", where,
				json_type_name(item));
		TRY(hex_read(bytes_of(json_string_value(item), json_string_length(item)),
			     digests + i * len, len, where, err));
	}
	out->digests = digests;
	out->num_digests = num;
	return CELLA_OK;
}

static enum cella_status check_members(const json_t *object, const char *where,
				       struct cella_error *err)
{
	static const char *const known[] = { "digest", "part", "text" };
	const char *name;
	json_t *value;

	json_object_foreach(json_mutable(object), name, value)
	{
		bool is_known = name[0] == '#';

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			is_known = is_known || strcmp(known[i], name) == 0;
		if (!is_known)
			return error_set(err, CELLA_MALFORMED,
					 "%s: \"%.40s\" is not a member of an event",
					 where, name);
	}
	return CELLA_OK;
}

static enum cella_status read_event(struct arena *arena, const json_t *json, size_t len,
				    const char *where, struct policy_event *out,
				    struct cella_error *err)
{
	struct raw {
		const char *part;
		const char *text;
	} raw = { .part = "event", .text = "" };
	static const struct json_field fields[] = {
		{ "part", JSON_FIELD_TEXT, offsetof(struct raw, part), 0, true },
		{ "text", JSON_FIELD_TEXT, offsetof(struct raw, text), 0, true },
	};
	const json_t *digest;

	TRY(json_read(json, fields, ARRAY_LEN(fields), &raw, where, err));
	TRY(check_members(json, where, err));
	out->text = arena_text(arena, "%s%s%s",
			       policy_printable(arena, raw.part, POLICY_NAME_SHOWN),
			       *raw.text != '\0' ? ", " : "",
			       policy_printable(arena, raw.text, POLICY_EVENT_SHOWN));
	digest = json_object_get(json, "digest");
	if (digest == NULL)
		return error_set(err, CELLA_MALFORMED, "%s: has no digest", where);
	if (json_is_string(digest) && strcmp(json_string_value(digest), any_digest) == 0)
		return CELLA_OK;
	return read_digests(arena, digest, len, where, out, err);
}

bool policy_events_leave_choice(const struct policy_condition *c)
{
	for (size_t i = 0; i < c->num_values; i++)
		if (c->events[i].num_digests != 1)
			return true;
	return false;
}

bool policy_events_name_any(const struct policy_condition *c)
{
	for (size_t i = 0; i < c->num_values; i++)
		if (c->events[i].num_digests > 0)
			return true;
	return c->num_values == 0;
}

/* Where no event leaves a choice, the events are a register. */
static enum cella_status replay_events(struct arena *arena, struct policy_condition *c,
				       struct cella_error *err)
{
	const uint16_t hash = is_evm(c->key) ? CELLA_HASH_SHA256 : CELLA_HASH_SHA384;
	uint8_t *value;

	if (policy_events_leave_choice(c))
		return CELLA_OK;
	value = arena_alloc(arena, 1, c->key->len);
	TRY(arena_status(arena, err));
	for (size_t i = 0; i < c->num_values; i++)
		TRY(register_extend(hash, value, c->key->len, c->events[i].digests, err));
	c->replayed = value;
	return CELLA_OK;
}

enum cella_status policy_events_read(struct arena *arena, const json_t *value,
				     const char *where, struct policy_condition *out,
				     struct cella_error *err)
{
	struct policy_event *events;
	size_t num;

	if (!json_is_array(value))
		return error_set(err, CELLA_MALFORMED,
				 "policy: %s: %s: expected an array, found %s", where,
				 out->name, json_type_name(value));
	num = json_array_size(value);
	if (num > POLICY_MAX_EVENTS)
		return error_set(err, CELLA_LIMIT,
				 "policy: %s: %s: %zu events, at most %d", where,
				 out->name, num, POLICY_MAX_EVENTS);
	events = arena_alloc(arena, num, sizeof *events);
	TRY(arena_status(arena, err));
	for (size_t i = 0; i < num; i++) {
		char place[WHERE_LEN + 2 * POLICY_NAME_SHOWN];

		snprintf(place, sizeof place, "policy: %s: %s[%zu]", where, out->name, i);
		TRY(read_event(arena, json_array_get(value, i), out->key->len, place,
			       &events[i], err));
	}
	out->events = events;
	out->num_values = num;
	return replay_events(arena, out, err);
}

/* --- writing ------------------------------------------------------------------------- */

static enum cella_status put_event(const struct cella_event_log *log,
				   const struct event *event, json_t *array,
				   struct cella_error *err)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct event_meaning meaning;
	json_t *const item = json_object();

	TRY(json_add(array, item, err));
	TRY(event_decode(log, event, &arena, &meaning, err));
	TRY(json_put(item, "digest", json_hex(event_digest(log, event, hash_place(log))),
		     err));
	TRY(json_put(item, "part", json_string(event_part_name(meaning.part)), err));
	return json_put(
		item, "text",
		json_sprintf("%s%s", meaning.is_covered ? "" : "claimed: ", meaning.text),
		err);
}

enum cella_status policy_events_write(const struct cella_event_log *log, unsigned reg,
				      json_t **out, struct cella_error *err)
{
	json_t *array CLEANUP_JSON = json_array();
	const struct event *event;
	size_t pos = 0;

	if (array == NULL)
		return error_nomem(err);
	while ((event = event_log_next(log, reg, &pos)) != NULL)
		TRY(put_event(log, event, array, err));
	if (json_array_size(array) > POLICY_MAX_EVENTS)
		return error_set(err, CELLA_LIMIT,
				 "policy: register %u: %zu events, at most %d", reg,
				 json_array_size(array), POLICY_MAX_EVENTS);
	*out = take(&array);
	return CELLA_OK;
}

/* --- judging ------------------------------------------------------------------------- */

/* The first place where the log's events and the policy's differ. */
struct mismatch {
	bool exists;
	size_t index;
	const struct policy_event *expected; /* NULL: the policy has no more */
	const struct event *actual;          /* NULL: the log has no more */
};

static bool matches(const struct policy_event *expected, struct cella_bytes digest)
{
	for (size_t i = 0; i < expected->num_digests; i++)
		if (bytes_equal(bytes_of(expected->digests + i * digest.len, digest.len),
				digest))
			return true;
	return expected->num_digests == 0;
}

static struct mismatch find_mismatch(const struct cella_event_log *log,
				     const struct policy_condition *c)
{
	const unsigned reg = policy_events_register(c->key);
	struct mismatch m = { 0 };
	size_t pos = 0;

	for (;; m.index++) {
		m.expected = m.index < c->num_values ? &c->events[m.index] : NULL;
		m.actual = event_log_next(log, reg, &pos);
		if (m.expected == NULL || m.actual == NULL)
			break;
		if (!matches(m.expected, event_digest(log, m.actual, hash_place(log))))
			break;
	}
	m.exists = m.expected != NULL || m.actual != NULL;
	return m;
}

/* The log that tells of a key's register; NULL: there is none. */
static const struct cella_event_log *log_of(const struct cella_verdict *v,
					    const struct policy_condition *c)
{
	if (is_evm(c->key))
		return v->evidence->evm != NULL ? v->evidence->evm->log : NULL;
	return v->event_log != NULL && v->event_log->kind == CELLA_EVENT_LOG_CC
		       ? v->event_log
		       : NULL;
}

static enum register_finding finding_of(const struct cella_verdict *v,
					const struct policy_condition *c)
{
	if (log_of(v, c) == NULL)
		return REGISTER_UNTOLD;
	return is_evm(c->key) ? v->log_pcr14.finding
			      : v->log_registers[policy_events_register(c->key)].finding;
}

enum cella_outcome policy_events_judge(const struct cella_verdict *v,
				       const struct policy_condition *c)
{
	struct cella_bytes actual = { 0 };

	if (!cella_facts_get(&v->facts, c->key->fact, &actual) ||
	    actual.len != c->key->len)
		return CELLA_CHECK_FAIL;
	if (c->replayed != NULL)
		return memcmp(c->replayed, actual.data, c->key->len) == 0
			       ? CELLA_CHECK_PASS
			       : CELLA_CHECK_FAIL;
	switch (finding_of(v, c)) {
	case REGISTER_MATCHES:
		return find_mismatch(log_of(v, c), c).exists ? CELLA_CHECK_FAIL
							     : CELLA_CHECK_PASS;
	case REGISTER_UNTOLD:
		return CELLA_CHECK_NOT_EVALUATED;
	case REGISTER_DIFFERS:
	case REGISTER_NOT_COMPARED:
		break;
	}
	return CELLA_CHECK_FAIL;
}

/* --- words --------------------------------------------------------------------------- */

const char *policy_events_expected(struct arena *arena, const struct policy_condition *c)
{
	const char *text = arena_text(arena, "exactly %zu event%s", c->num_values,
				      c->num_values == 1 ? "" : "s");

	for (size_t i = 0; i < c->num_values && i < EVENTS_SHOWN; i++)
		text = arena_text(arena, "%s%s%s", text, i == 0 ? ": " : "; ",
				  c->events[i].text);
	if (c->num_values > EVENTS_SHOWN)
		text = arena_text(arena, "%s; %zu more", text,
				  c->num_values - EVENTS_SHOWN);
	return text;
}

/* What was measured; with its digest where that is of something else than what is said. */
static const char *measured_text(struct arena *arena, const struct cella_event_log *log,
				 const struct event *event)
{
	struct event_meaning meaning = { .text = "" };

	if (event == NULL)
		return "nothing more was measured";
	if (event_decode(log, event, arena, &meaning, NULL) != CELLA_OK)
		arena->failed = true; /* then nothing is drawn from the verdict */
	if (meaning.is_covered)
		return arena_text(arena, "event %zu of the log: %s, %s", event->number,
				  event_part_name(meaning.part), meaning.text);
	return arena_text(arena, "event %zu of the log: %s, claimed: %s, digest %s",
			  event->number, event_part_name(meaning.part), meaning.text,
			  arena_hex(arena, event_digest(log, event, hash_place(log))));
}

static const char *wanted_text(struct arena *arena, const struct policy_event *event)
{
	if (event == NULL)
		return "nothing more";
	if (event->num_digests == 0)
		return arena_text(arena, "%s, any digest", event->text);
	return arena_text(arena, "%s, digest %s...%s", event->text,
			  arena_hex(arena, bytes_of(event->digests, DIGEST_SHOWN)),
			  event->num_digests > 1 ? " or others" : "");
}

static const char *mismatch_text(struct arena *arena, const struct cella_verdict *v,
				 const struct policy_condition *c)
{
	const struct cella_event_log *const log = log_of(v, c);
	const struct mismatch m = find_mismatch(log, c);

	if (!m.exists)
		return arena_text(arena, "these %zu events, as the log tells", m.index);
	return arena_text(arena, "%s; in its place, %zu of %s, the policy has %s",
			  measured_text(arena, log, m.actual), m.index + 1,
			  name_of(arena, c->key), wanted_text(arena, m.expected));
}

const char *policy_events_actual(struct arena *arena, const struct cella_verdict *v,
				 const struct policy_condition *c)
{
	struct cella_bytes actual = { 0 };

	if (!cella_facts_get(&v->facts, c->key->fact, &actual))
		return "the evidence has no such register";
	if (finding_of(v, c) == REGISTER_MATCHES)
		return mismatch_text(arena, v, c);
	if (finding_of(v, c) == REGISTER_DIFFERS)
		return "an event log that does not lead to the register";
	return arena_text(arena,
			  c->replayed != NULL
				  ? "register %s, to which other events led; the event "
				    "log would tell which (--eventlog LOG)"
				  : "register %s; which events led there only an event "
				    "log tells (--eventlog LOG)",
			  arena_hex(arena, actual));
}
