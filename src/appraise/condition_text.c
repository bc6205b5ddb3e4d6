/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions in words: what was expected, what was found; byte strings as policies write
 * them.
 */
#include "appraise/condition.h"

#include "appraise/policy_events.h"
#include "appraise/policy_texts.h"
#include "base/civil.h"

const char *intel_hex(struct arena *arena, struct cella_bytes bytes)
{
	static const char digits[] = "0123456789ABCDEF";
	char *const text = arena_alloc(arena, 2 * bytes.len + 1, 1);

	if (text == NULL)
		return "";
	for (size_t i = 0; i < bytes.len; i++) {
		const uint8_t byte = bytes.data[bytes.len - 1 - i];

		text[2 * i] = digits[byte >> 4];
		text[2 * i + 1] = digits[byte & 15];
	}
	return text;
}

/* As policies of the key's classes write it. */
static const char *key_hex(struct arena *arena, const struct policy_key *key,
			   struct cella_bytes bytes)
{
	return (key->classes & CLASS_BIT(CLASS_EVM)) != 0 ? arena_hex(arena, bytes)
							  : intel_hex(arena, bytes);
}

enum { VALUES_SHOWN = 4 };

static const char *value_text(struct arena *arena, const struct policy_condition *c,
			      size_t index)
{
	switch (c->kind) {
	case CONDITION_BYTES:
		return key_hex(arena, c->key, bytes_of(c->bytes[index], c->key->len));
	case CONDITION_NUMBER:
		return arena_text(arena, "%llu", (unsigned long long)c->numbers[index]);
	case CONDITION_STATUSES:
	case CONDITION_ADVISORIES:
		return policy_printable(arena, c->texts[index], POLICY_NAME_SHOWN);
	case CONDITION_NAME:
		return policy_printable(arena, c->texts[index], POLICY_TEXT_SHOWN);
	case CONDITION_UNKNOWN:
	case CONDITION_NUMBER_MIN:
	case CONDITION_GRACE:
	case CONDITION_PLATFORM_GRACE:
	case CONDITION_MIN_DATE:
	case CONDITION_MIN_EVAL:
	case CONDITION_FLAG:
	case CONDITION_EVENTS:
	case CONDITION_TEXTS:
	case CONDITION_KIND_COUNT:
		break;
	}
	return "";
}

static const char *values_text(struct arena *arena, const struct policy_condition *c,
			       const char *between)
{
	const char *text = c->num_values > 0 ? value_text(arena, c, 0)
					     : "none (the list is empty)";

	for (size_t i = 1; i < c->num_values && i < VALUES_SHOWN; i++)
		text = arena_text(arena, "%s%s%s", text, between,
				  value_text(arena, c, i));
	if (c->num_values > VALUES_SHOWN)
		text = arena_text(arena, "%s%s%zu more", text, between,
				  c->num_values - VALUES_SHOWN);
	if (c->mask == NULL)
		return text;
	return arena_text(arena, "%s under mask %s", text,
			  intel_hex(arena, bytes_of(c->mask, c->key->len)));
}

static const char *period_text(struct arena *arena, int64_t seconds)
{
	char span[32];

	return seconds == 0 ? "no time"
			    : arena_text(arena, "%s", span_format(seconds, span));
}

static const char *time_text(struct arena *arena, int64_t time)
{
	char text[CIVIL_TEXT_LEN];

	return arena_text(arena, "%s", civil_format(time, text));
}

const char *condition_expected(struct arena *arena, const struct policy_condition *c)
{
	switch (c->kind) {
	case CONDITION_UNKNOWN:
		return "a key that is known";
	case CONDITION_BYTES:
	case CONDITION_NUMBER:
	case CONDITION_NAME:
		return values_text(arena, c, " or ");
	case CONDITION_STATUSES:
		return values_text(arena, c, ", ");
	case CONDITION_ADVISORIES:
		return arena_text(arena, "none of %s", values_text(arena, c, ", "));
	case CONDITION_NUMBER_MIN:
	case CONDITION_MIN_EVAL:
		return arena_text(arena, "at least %llu", (unsigned long long)c->minimum);
	case CONDITION_GRACE:
		return c->seconds == 0 ? "not expired"
				       : arena_text(arena, "expired for at most %s",
						    period_text(arena, c->seconds));
	case CONDITION_PLATFORM_GRACE:
		return arena_text(arena, "up to date, or a level that is at most %s old",
				  period_text(arena, c->seconds));
	case CONDITION_MIN_DATE:
		return arena_text(arena, "%s or later", time_text(arena, c->seconds));
	case CONDITION_FLAG:
		return c->allow ? "yes or no" : "no";
	case CONDITION_EVENTS:
		return policy_events_expected(arena, c);
	case CONDITION_TEXTS:
		return policy_texts_expected(arena, c);
	case CONDITION_KIND_COUNT:
		break;
	}
	return NULL;
}

static const char *bytes_actual(struct arena *arena, const struct cella_verdict *v,
				const struct policy_condition *c)
{
	uint8_t actual[POLICY_MAX_BYTES];

	if (!condition_bytes(&v->facts, c->key, actual))
		return "the evidence has no such field";
	return key_hex(arena, c->key, bytes_of(actual, c->key->len));
}

static const char *number_actual(struct arena *arena, const struct cella_verdict *v,
				 enum policy_slot slot, const struct policy_condition *c)
{
	uint64_t actual = 0;

	if (!cella_facts_get_number(&v->facts, policy_key_fact(c->key, slot), &actual))
		return NULL;
	return arena_text(arena, "%llu", (unsigned long long)actual);
}

static const char *status_actual(struct arena *arena, const struct cella_verdict *v,
				 enum policy_slot slot)
{
	const char *parts[3];
	const size_t num = tcb_status_parts(slot_status(v, slot), parts);
	const char *text = num > 0 ? parts[0] : NULL;

	for (size_t i = 1; i < num; i++)
		text = arena_text(arena, "%s, %s", text, parts[i]);
	return text;
}

/* What of the slot expires first, or is not valid yet. */
static const char *dates_actual(struct arena *arena, const struct cella_verdict *v,
				enum policy_slot slot)
{
	const struct dated *first = NULL;

	for (int group = 0; group < DATES_COUNT; group++) {
		const struct dated *const dated = &v->dates[group];

		if (!dated->known || !slot_has_dates(v, slot, (enum date_group)group))
			continue;
		if (dated->begins.from > v->time)
			return arena_text(arena, "%s is not valid before %s",
					  dated->begins.what,
					  time_text(arena, dated->begins.from));
		if (first == NULL || dated->expires.to < first->expires.to)
			first = dated;
	}
	if (first == NULL)
		return NULL;
	return arena_text(arena, "%s %s on %s", first->expires.what,
			  first->expires.to < v->time ? "expired" : "expires",
			  time_text(arena, first->expires.to));
}

static const char *level_actual(struct arena *arena, const struct cella_verdict *v,
				enum policy_slot slot, const struct policy_condition *c)
{
	int64_t date = 0;

	if (!v->has_tcb)
		return NULL;
	if (!condition_level_date(v, slot, c, &date))
		return "no TCB level matches";
	return arena_text(arena, "%s, a level of %s",
			  cella_tcb_status_name(slot_status(v, slot)),
			  time_text(arena, date));
}

static const char *flag_actual(const struct cella_verdict *v,
			       const struct policy_condition *c)
{
	bool is_set = false;

	if (!cella_facts_get_bool(&v->facts, c->key->fact, &is_set))
		return "the certificate does not say";
	return is_set ? "yes" : "no";
}

static const char *name_actual(const struct cella_verdict *v,
			       const struct policy_condition *c)
{
	const char *actual = NULL;

	return cella_facts_get_text(&v->facts, c->key->fact, &actual)
		       ? actual
		       : "no pinned root vouches for it";
}

const char *condition_actual(struct arena *arena, const struct cella_verdict *v,
			     enum policy_slot slot, const struct policy_condition *c)
{
	switch (c->kind) {
	case CONDITION_UNKNOWN:
		return arena_text(arena, "\"%s\"", c->name);
	case CONDITION_BYTES:
		return bytes_actual(arena, v, c);
	case CONDITION_NUMBER:
	case CONDITION_NUMBER_MIN:
	case CONDITION_MIN_EVAL:
		return number_actual(arena, v, slot, c);
	case CONDITION_STATUSES:
		return status_actual(arena, v, slot);
	case CONDITION_GRACE:
		return dates_actual(arena, v, slot);
	case CONDITION_PLATFORM_GRACE:
	case CONDITION_MIN_DATE:
		return level_actual(arena, v, slot, c);
	case CONDITION_ADVISORIES:
		return condition_rejected(v, c);
	case CONDITION_FLAG:
		return flag_actual(v, c);
	case CONDITION_EVENTS:
		return policy_events_actual(arena, v, c);
	case CONDITION_TEXTS:
		return policy_texts_actual(arena, v, c);
	case CONDITION_NAME:
		return name_actual(v, c);
	case CONDITION_KIND_COUNT:
		break;
	}
	return NULL;
}
