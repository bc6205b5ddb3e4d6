/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `cella eventlog replay`: all registers of a log, beside those of evidence or of another
 * log.
 */
#include "evidence/event_report.h"

#include "base/encode.h"
#include "base/json.h"
#include "evidence/event_decode.h"
#include "evidence/facts.h"

#include <string.h>

enum { DIGEST_SHOWN = 6 }; /* bytes of a digest that a line of text shows */

const char *register_name(const struct cella_event_log *log, unsigned reg,
			  struct arena *arena)
{
	return arena_text(arena, "%s%u", log->kind == CELLA_EVENT_LOG_CC ? "RTMR" : "PCR",
			  reg);
}

const char *hash_name(const struct cella_event_log *log, size_t hash, struct arena *arena)
{
	const char *const name = event_hash_name(log->hashes[hash].id);

	return name != NULL ? name : arena_text(arena, "0x%04x", log->hashes[hash].id);
}

enum cella_status event_brief(const struct cella_event_log *log,
			      const struct event *event, struct arena *arena,
			      const char **out, struct cella_error *err)
{
	struct cella_bytes digest = event_digest(log, event, log->num_hashes - 1);
	struct event_meaning meaning;

	if (digest.len > DIGEST_SHOWN)
		digest.len = DIGEST_SHOWN;
	TRY(event_decode(log, event, arena, &meaning, err));
	*out = arena_text(arena, "event %zu (offset %zu, digest %s...): %s, %s%s",
			  event->number, event->offset, arena_hex(arena, digest),
			  event_part_name(meaning.part),
			  meaning.is_covered ? "" : "claimed: ", meaning.text);
	return arena_status(arena, err);
}

enum cella_status divergence_text(const struct cella_event_log *log,
				  const struct register_replay *replay,
				  struct arena *arena, const char **out,
				  struct cella_error *err)
{
	static const char *const formats[] = {
		[DIVERGENCE_UNKNOWN] =
			"no single event explains it: compare with a log that matches",
		[DIVERGENCE_STOPS] = "the register was read before, or never got, ",
		[DIVERGENCE_MISSING] = "the register has every event but ",
		[DIVERGENCE_DIGEST] =
			"the log's digest is not the one that was measured, of ",
	};
	const char *event = "";

	if (replay->event != NULL)
		TRY(event_brief(log, replay->event, arena, &event, err));
	*out = arena_text(arena, "%s%s", formats[replay->divergence], event);
	return arena_status(arena, err);
}

/* --- two logs ------------------------------------------------------------------------ */

/* The first events of a register in which two logs differ; NULL: that log has no more. */
struct difference {
	bool exists;
	const struct event *here;
	const struct event *there;
};

static bool same_digest(const struct cella_event_log *a, const struct event *ea,
			size_t hash_a, const struct cella_event_log *b,
			const struct event *eb, size_t hash_b)
{
	return bytes_equal(event_digest(a, ea, hash_a), event_digest(b, eb, hash_b));
}

static struct difference find_difference(const struct cella_event_log *log, size_t hash,
					 const struct cella_event_log *other,
					 size_t other_hash, unsigned reg)
{
	struct difference d = { 0 };
	size_t pos = 0;
	size_t other_pos = 0;

	do {
		d.here = event_log_next(log, reg, &pos);
		d.there = event_log_next(other, reg, &other_pos);
	} while (d.here != NULL && d.there != NULL &&
		 same_digest(log, d.here, hash, other, d.there, other_hash));
	d.exists = d.here != NULL || d.there != NULL;
	return d;
}

/* --- the comparison ------------------------------------------------------------------ */

static const char *const finding_names[] = {
	[REGISTER_DIFFERS] = "differs",
	[REGISTER_MATCHES] = "matches",
	[REGISTER_UNTOLD] = "untold",
	[REGISTER_NOT_COMPARED] = "not_compared",
};

struct comparison {
	const struct cella_event_log *log;
	const struct cella_facts *facts;         /* NULL: none */
	const struct cella_event_log *reference; /* NULL: none */
	struct arena arena;
	struct out text;
	json_t *registers; /* NULL: text */
	bool any_match;
	bool any_difference;
	struct cella_error *err;
};

/* One register of one hash, compared. */
struct line {
	unsigned reg;
	size_t hash;
	struct cella_bytes actual;
	struct register_replay replay;
	const char *divergence; /* NULL: none to be told */
	struct difference difference;
	const char *here; /* the events of the difference in words */
	const char *there;
};

static enum cella_status brief(struct comparison *c, const struct cella_event_log *log,
			       const struct event *event, const char **out)
{
	if (event == NULL) {
		*out = "no more events";
		return CELLA_OK;
	}
	return event_brief(log, event, &c->arena, out, c->err);
}

static enum cella_status compare_logs(struct comparison *c, struct line *line)
{
	const int hash = event_log_hash(c->reference, c->log->hashes[line->hash].id);

	if (hash < 0)
		return error_set(c->err, CELLA_UNSUPPORTED,
				 "event log: the reference has no digests of %s",
				 hash_name(c->log, line->hash, &c->arena));
	line->difference = find_difference(c->log, line->hash, c->reference, (size_t)hash,
					   line->reg);
	if (!line->difference.exists)
		return CELLA_OK;
	c->any_difference = true;
	TRY(brief(c, c->log, line->difference.here, &line->here));
	return brief(c, c->reference, line->difference.there, &line->there);
}

static enum cella_status compare_register(struct comparison *c, struct line *line)
{
	if (c->facts != NULL)
		(void)cella_facts_get(c->facts, rtmr_fact(line->reg), &line->actual);
	TRY(register_replay(c->log, line->hash, line->reg, line->actual, &line->replay,
			    c->err));
	c->any_match = c->any_match || (line->replay.finding == REGISTER_MATCHES &&
					line->replay.num_events > 0);
	if (line->replay.finding == REGISTER_DIFFERS) {
		c->any_difference = true;
		TRY(divergence_text(c->log, &line->replay, &c->arena, &line->divergence,
				    c->err));
	}
	return c->reference != NULL ? compare_logs(c, line) : CELLA_OK;
}

static const char *finding_text(const struct comparison *c, const struct line *line)
{
	static const char *const texts[] = {
		[REGISTER_DIFFERS] = ", DIFFERS from the evidence",
		[REGISTER_MATCHES] = ", matches the evidence",
		[REGISTER_UNTOLD] = ": the log tells nothing of this register",
		[REGISTER_NOT_COMPARED] = "",
	};

	(void)c;
	return texts[line->replay.finding];
}

static enum cella_status write_text(struct comparison *c, const struct line *line)
{
	out_format(&c->text, "%-6s ", register_name(c->log, line->reg, &c->arena));
	if (c->log->num_hashes > 1)
		out_format(&c->text, "%-6s ", hash_name(c->log, line->hash, &c->arena));
	hex_write(&c->text, bytes_of(line->replay.value, line->replay.len));
	out_format(&c->text, " %zu events%s\n", line->replay.num_events,
		   finding_text(c, line));
	if (line->actual.len > 0 && line->replay.finding != REGISTER_MATCHES) {
		out_format(&c->text, "%7s", "");
		hex_write(&c->text, line->actual);
		out_text(&c->text, " is what the evidence has\n");
	}
	if (line->divergence != NULL)
		out_format(&c->text, "  %s\n", line->divergence);
	if (line->difference.exists)
		out_format(&c->text,
			   "  first difference:\n    this log:  %s\n    reference: %s\n",
			   line->here, line->there);
	return CELLA_OK;
}

static enum cella_status put_divergence(const struct comparison *c,
					const struct line *line, json_t *item)
{
	TRY(json_put(item, "divergence", json_string(line->divergence), c->err));
	if (line->replay.event == NULL)
		return CELLA_OK;
	return json_put(item, "diverging_event",
			json_integer((json_int_t)line->replay.event->number), c->err);
}

static enum cella_status put_difference(const struct comparison *c,
					const struct line *line, json_t *item)
{
	json_t *const object = json_object();

	TRY(json_put(item, "first_difference", object, c->err));
	TRY(json_put(object, "log", json_string(line->here), c->err));
	return json_put(object, "reference", json_string(line->there), c->err);
}

static enum cella_status write_json(struct comparison *c, const struct line *line)
{
	json_t *const item = json_object();

	TRY(json_add(c->registers, item, c->err));
	TRY(json_put(item, "register",
		     json_string(register_name(c->log, line->reg, &c->arena)), c->err));
	TRY(json_put(item, "hash", json_string(hash_name(c->log, line->hash, &c->arena)),
		     c->err));
	TRY(json_put(item, "num_events",
		     json_integer((json_int_t)line->replay.num_events), c->err));
	TRY(json_put(item, "replayed",
		     json_hex(bytes_of(line->replay.value, line->replay.len)), c->err));
	TRY(json_put(item, "finding", json_string(finding_names[line->replay.finding]),
		     c->err));
	if (line->actual.len > 0)
		TRY(json_put(item, "actual", json_hex(line->actual), c->err));
	if (line->divergence != NULL)
		TRY(put_divergence(c, line, item));
	return line->difference.exists ? put_difference(c, line, item) : CELLA_OK;
}

/* TPMs have more registers than logs tell of. */
static bool is_worth_a_line(const struct comparison *c, const struct line *line)
{
	return c->log->kind == CELLA_EVENT_LOG_CC || line->replay.num_events > 0 ||
	       line->difference.exists;
}

static bool can_replay(uint16_t hash)
{
	return hash == CELLA_HASH_SHA256 || hash == CELLA_HASH_SHA384 ||
	       hash == CELLA_HASH_SHA512;
}

static enum cella_status compare_all(struct comparison *c)
{
	for (size_t hash = 0; hash < c->log->num_hashes; hash++) {
		if (!can_replay(c->log->hashes[hash].id))
			continue;
		for (unsigned reg = 0; reg < event_log_num_registers(c->log); reg++) {
			struct line line = { .reg = reg, .hash = hash };

			TRY(compare_register(c, &line));
			if (!is_worth_a_line(c, &line))
				continue;
			TRY(c->registers != NULL ? write_json(c, &line)
						 : write_text(c, &line));
		}
	}
	return arena_status(&c->arena, c->err);
}

static enum cella_status check_inputs(const struct comparison *c)
{
	struct cella_bytes rtmr = { 0 };

	if (c->reference != NULL && c->reference->kind != c->log->kind)
		return error_set(c->err, CELLA_UNSUPPORTED,
				 "event log: the reference is the log of another kind of "
				 "machine");
	if (c->facts == NULL)
		return CELLA_OK;
	if (c->log->kind != CELLA_EVENT_LOG_CC)
		return error_set(c->err, CELLA_UNSUPPORTED,
				 "event log: a TPM's: its registers are not in a TD's "
				 "quote or report");
	if (!cella_facts_get(c->facts, CELLA_FACT_RTMR0, &rtmr))
		return error_set(
			c->err, CELLA_UNSUPPORTED,
			"event log: the evidence is not a TD's: it has no RTMRs");
	return CELLA_OK;
}

static void comparison_done(struct comparison *c)
{
	arena_done(&c->arena);
	out_done(&c->text);
}

static enum cella_status compare_json(struct comparison *c, char **text)
{
	json_t *root CLEANUP_JSON = json_object();

	c->registers = json_array();
	TRY(json_put(root, "registers", c->registers, c->err));
	TRY(compare_all(c));
	if (c->facts != NULL || c->reference != NULL)
		TRY(json_put(root, "match",
			     json_boolean(!c->any_difference &&
					  (c->facts == NULL || c->any_match)),
			     c->err));
	return json_write(root, true, text, c->err);
}

static enum cella_status compare_text(struct comparison *c, char **text)
{
	TRY(compare_all(c));
	if (c->facts != NULL && !c->any_match && !c->any_difference)
		out_text(&c->text, "the log has no events of the evidence's registers\n");
	return out_take_text(&c->text, text, c->err);
}

enum cella_status cella_event_log_compare(const struct cella_event_log *log,
					  const struct cella_facts *facts,
					  const struct cella_event_log *reference,
					  bool as_json, char **text, bool *match,
					  struct cella_error *err)
{
	struct comparison c CLEANUP(comparison_done) = {
		.log = log, .facts = facts, .reference = reference, .err = err
	};

	if (log == NULL || text == NULL || match == NULL)
		return error_set(err, CELLA_USAGE,
				 "cella_event_log_compare: null argument");
	TRY(check_inputs(&c));
	TRY(as_json ? compare_json(&c, text) : compare_text(&c, text));
	*match = !c.any_difference && (facts == NULL || c.any_match);
	return CELLA_OK;
}
