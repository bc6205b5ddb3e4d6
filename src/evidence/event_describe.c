/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `cella eventlog explain`: what each register covers, and every event in words.
 */
#include "evidence/event_decode.h"

#include "base/encode.h"
#include "base/json.h"
#include "evidence/event_report.h"

#include <string.h>

enum { DIGEST_SHOWN = 6 }; /* bytes of a digest that a line of text shows */

static const char *kind_title(const struct cella_event_log *log)
{
	return log->kind == CELLA_EVENT_LOG_CC ? "event log of a TD"
					       : "event log of a TPM";
}

static const char *type_text(const struct event *e, struct arena *arena)
{
	const char *const name = event_type_name(e->type);

	return name != NULL ? name : arena_text(arena, "type 0x%08x", e->type);
}

/* --- what a register covers ---------------------------------------------------------- */

/* The parts that events of a register belong to, a bit each. */
static enum cella_status parts_of(const struct cella_event_log *log, unsigned reg,
				  struct arena *arena, uint32_t *out,
				  struct cella_error *err)
{
	const struct event *event;
	size_t pos = 0;

	*out = 0;
	while ((event = event_log_next(log, reg, &pos)) != NULL) {
		struct event_meaning meaning;

		TRY(event_decode(log, event, arena, &meaning, err));
		*out |= UINT32_C(1) << meaning.part;
	}
	return CELLA_OK;
}

static const char *parts_text(uint32_t parts, struct arena *arena)
{
	const char *text = "";

	for (unsigned part = 0; part < PART_COUNT; part++)
		if ((parts >> part & 1) != 0)
			text = arena_text(arena, "%s%s%s", text,
					  *text != '\0' ? ", " : "",
					  event_part_name((enum event_part)part));
	return text;
}

static enum cella_status put_parts(json_t *array, uint32_t parts, struct cella_error *err)
{
	for (unsigned part = 0; part < PART_COUNT; part++)
		if ((parts >> part & 1) != 0)
			TRY(json_add(array,
				     json_string(event_part_name((enum event_part)part)),
				     err));
	return CELLA_OK;
}

/* --- text ---------------------------------------------------------------------------- */

static enum cella_status registers_text(const struct cella_event_log *log,
					struct arena *arena, struct out *out,
					struct cella_error *err)
{
	for (unsigned reg = 0; reg < event_log_num_registers(log); reg++) {
		uint32_t parts = 0;

		TRY(parts_of(log, reg, arena, &parts, err));
		if (parts != 0 || log->kind == CELLA_EVENT_LOG_CC)
			out_format(out, "  %-6s %s\n", register_name(log, reg, arena),
				   parts != 0 ? parts_text(parts, arena)
					      : "nothing was measured");
	}
	return CELLA_OK;
}

static void put_digest(const struct cella_event_log *log, const struct event *e,
		       struct out *out)
{
	struct cella_bytes digest = event_digest(log, e, log->num_hashes - 1);

	if (digest.len > DIGEST_SHOWN)
		digest.len = DIGEST_SHOWN;
	hex_write(out, digest);
}

static enum cella_status event_line(const struct cella_event_log *log,
				    const struct event *e, struct arena *arena,
				    struct out *out, struct cella_error *err)
{
	struct event_meaning meaning;

	TRY(event_decode(log, e, arena, &meaning, err));
	out_format(out, "%6zu %8zu  %-6s %-15s ", e->number, e->offset,
		   event_register_name(log, e, arena), event_part_name(meaning.part));
	put_digest(log, e, out);
	out_format(out, " %c %s\n", meaning.is_covered ? '=' : '~', meaning.text);
	if (meaning.part == PART_OTHER)
		out_format(out, "%18s%s\n", "", type_text(e, arena));
	return CELLA_OK;
}

static enum cella_status describe_text(const struct cella_event_log *log,
				       struct arena *arena, struct out *out,
				       struct cella_error *err)
{
	out_format(out, "%s, %zu events, %zu of %zu bytes\n", kind_title(log),
		   log->num_events, log->end, log->len);
	if (!log->ends_in_fill)
		out_format(out, "after the end, at offset %zu: bytes that are no fill\n",
			   log->end);
	out_text(out, "registers cover:\n");
	TRY(registers_text(log, arena, out, err));
	out_text(out,
		 "events; '=': what is said was measured; '~': something else was, and "
		 "the text is a claim:\n");
	out_format(out, "%6s %8s  %-6s %-15s %-12s   %s\n", "number", "offset", "reg.",
		   "part", "digest", "what");
	for (size_t i = 0; i < log->num_events; i++)
		TRY(event_line(log, &log->events[i], arena, out, err));
	return arena_status(arena, err);
}

/* --- JSON ---------------------------------------------------------------------------- */

static enum cella_status registers_json(const struct cella_event_log *log,
					struct arena *arena, json_t *array,
					struct cella_error *err)
{
	for (unsigned reg = 0; reg < event_log_num_registers(log); reg++) {
		json_t *const item = json_object();
		json_t *covers;
		uint32_t parts = 0;

		TRY(json_add(array, item, err));
		covers = json_array();
		TRY(json_put(item, "covers", covers, err));
		TRY(json_put(item, "register",
			     json_string(register_name(log, reg, arena)), err));
		TRY(parts_of(log, reg, arena, &parts, err));
		TRY(put_parts(covers, parts, err));
	}
	return CELLA_OK;
}

static enum cella_status put_digests(const struct cella_event_log *log,
				     const struct event *e, json_t *object,
				     struct arena *arena, struct cella_error *err)
{
	for (size_t i = 0; i < log->num_hashes; i++)
		TRY(json_put(object, hash_name(log, i, arena),
			     json_hex(event_digest(log, e, i)), err));
	return CELLA_OK;
}

static enum cella_status event_json(const struct cella_event_log *log,
				    const struct event *e, struct arena *arena,
				    json_t *array, struct cella_error *err)
{
	json_t *const item = json_object();
	struct event_meaning meaning;
	json_t *digests;

	TRY(json_add(array, item, err));
	digests = json_object();
	TRY(json_put(item, "digests", digests, err));
	TRY(event_decode(log, e, arena, &meaning, err));
	TRY(put_digests(log, e, digests, arena, err));
	TRY(json_put(item, "number", json_integer((json_int_t)e->number), err));
	TRY(json_put(item, "offset", json_integer((json_int_t)e->offset), err));
	TRY(json_put(item, "register", json_string(event_register_name(log, e, arena)),
		     err));
	TRY(json_put(item, "index", json_integer(e->index), err));
	TRY(json_put(item, "type", json_integer(e->type), err));
	TRY(json_put(item, "type_name", json_string(type_text(e, arena)), err));
	TRY(json_put(item, "part", json_string(event_part_name(meaning.part)), err));
	TRY(json_put(item, "text", json_string(meaning.text), err));
	return json_put(item, "digest_covers_text", json_boolean(meaning.is_covered),
			err);
}

static enum cella_status describe_json(const struct cella_event_log *log,
				       struct arena *arena, char **text,
				       struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	json_t *const registers = json_array();
	json_t *events;

	TRY(json_put(root, "registers", registers, err));
	events = json_array();
	TRY(json_put(root, "events", events, err));
	TRY(json_put(root, "kind", json_string("event_log"), err));
	TRY(json_put(root, "of",
		     json_string(log->kind == CELLA_EVENT_LOG_CC ? "td" : "tpm"), err));
	TRY(json_put(root, "size", json_integer((json_int_t)log->len), err));
	TRY(json_put(root, "end", json_integer((json_int_t)log->end), err));
	TRY(json_put(root, "ends_in_fill", json_boolean(log->ends_in_fill), err));
	TRY(registers_json(log, arena, registers, err));
	for (size_t i = 0; i < log->num_events; i++)
		TRY(event_json(log, &log->events[i], arena, events, err));
	TRY(arena_status(arena, err));
	return json_write(root, true, text, err);
}

enum cella_status cella_event_log_describe(const struct cella_event_log *log,
					   bool as_json, char **text,
					   struct cella_error *err)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct out out CLEANUP(out_done) = { 0 };

	if (log == NULL || text == NULL)
		return error_set(err, CELLA_USAGE,
				 "cella_event_log_describe: null argument");
	if (as_json)
		return describe_json(log, &arena, text, err);
	TRY(describe_text(log, &arena, &out, err));
	return out_take_text(&out, text, err);
}
