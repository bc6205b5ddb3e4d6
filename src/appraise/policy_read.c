/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a policy's text to its conditions. Whatever could be taken in two ways is an error
 * that names the element and the key; keys that nobody knows become conditions that never
 * hold.
 */
#include "appraise/policy.h"

#include "appraise/policy_events.h"
#include "appraise/policy_texts.h"
#include "base/encode.h"

#include <stdio.h>
#include <string.h>

enum { WHERE_LEN = 128 };

/* An element that is being read. */
struct reader {
	struct arena *arena;
	struct policy_element *element;
	const char *where; /* "policy_array[0] (guest TD 1.5)" */
	struct cella_error *err;
};

static enum cella_status wrong_value(const struct reader *r, const char *name,
				     const char *expected, const json_t *value)
{
	return error_set(r->err, CELLA_MALFORMED, "policy: %s: %s: expected %s, found %s",
			 r->where, name, expected, json_type_name(value));
}

/* --- values: one, or an array of which one is needed ---------------------------------- */

static size_t num_items(const json_t *value)
{
	return json_is_array(value) ? json_array_size(value) : 1;
}

static const json_t *item_at(const json_t *value, size_t index)
{
	return json_is_array(value) ? json_array_get(value, index) : value;
}

static enum cella_status
check_count(const struct reader *r, const struct policy_condition *c, const json_t *value)
{
	if (num_items(value) <= POLICY_MAX_VALUES)
		return CELLA_OK;
	return error_set(r->err, CELLA_LIMIT, "policy: %s: %s: %zu values, at most %d",
			 r->where, c->key->name, num_items(value), POLICY_MAX_VALUES);
}

/* Digits in Intel's order, unless the class is ours, to bytes in wire order. */
static enum cella_status read_hex(const struct reader *r, const char *name, size_t len,
				  const json_t *value, const uint8_t **out)
{
	uint8_t *const bytes = arena_alloc(r->arena, 2, len);
	char what[WHERE_LEN + 2 * POLICY_NAME_SHOWN];

	TRY(arena_status(r->arena, r->err));
	if (!json_is_string(value))
		return wrong_value(r, name, "hexadecimal text", value);
	snprintf(what, sizeof what, "policy: %s: %s", r->where, name);
	TRY(hex_read(bytes_of(json_string_value(value), json_string_length(value)),
		     bytes + len, len, what, r->err));
	bytes_reverse(bytes_of(bytes + len, len), bytes);
	*out = r->element->class->is_ours ? bytes + len : bytes;
	return CELLA_OK;
}

static enum cella_status read_mask(const struct reader *r, struct policy_condition *c)
{
	char name[2 * POLICY_NAME_SHOWN];
	const json_t *mask;

	if (!c->key->has_mask)
		return CELLA_OK;
	snprintf(name, sizeof name, "%s_mask", c->key->name);
	mask = json_object_get(r->element->reference, name);
	return mask == NULL ? CELLA_OK : read_hex(r, name, c->key->len, mask, &c->mask);
}

static enum cella_status read_bytes(const struct reader *r, const json_t *value,
				    struct policy_condition *c)
{
	const size_t num = num_items(value);
	const uint8_t **list;

	TRY(check_count(r, c, value));
	list = arena_alloc(r->arena, num, sizeof *list);
	TRY(arena_status(r->arena, r->err));
	for (size_t i = 0; i < num; i++)
		TRY(read_hex(r, c->key->name, c->key->len, item_at(value, i), &list[i]));
	c->bytes = list;
	c->num_values = num;
	return read_mask(r, c);
}

static enum cella_status read_u32(const struct reader *r, const struct policy_key *key,
				  uint32_t *out)
{
	const struct json_field field = { key->name, JSON_FIELD_U32, 0, 0, false };
	char where[WHERE_LEN + sizeof "policy: "];

	snprintf(where, sizeof where, "policy: %s", r->where);
	return json_read(r->element->reference, &field, 1, out, where, r->err);
}

static enum cella_status read_numbers(const struct reader *r, const json_t *value,
				      struct policy_condition *c)
{
	const size_t num = num_items(value);
	uint64_t *list;

	TRY(check_count(r, c, value));
	list = arena_alloc(r->arena, num, sizeof *list);
	TRY(arena_status(r->arena, r->err));
	for (size_t i = 0; i < num; i++) {
		const json_t *const item = item_at(value, i);

		if (!json_is_integer(item) || json_integer_value(item) < 0)
			return wrong_value(r, c->key->name, "a positive integer", item);
		list[i] = (uint64_t)json_integer_value(item);
	}
	c->numbers = list;
	c->num_values = num;
	return CELLA_OK;
}

static enum cella_status read_minimum(const struct reader *r, const json_t *value,
				      struct policy_condition *c)
{
	uint32_t minimum = 0;

	(void)value;
	TRY(read_u32(r, c->key, &minimum));
	c->minimum = minimum;
	return CELLA_OK;
}

static enum cella_status read_texts(const struct reader *r, const json_t *value,
				    struct policy_condition *c)
{
	const size_t num = num_items(value);
	const char **list;

	TRY(check_count(r, c, value));
	list = arena_alloc(r->arena, num, sizeof *list);
	TRY(arena_status(r->arena, r->err));
	for (size_t i = 0; i < num; i++) {
		if (!json_is_string(item_at(value, i)))
			return wrong_value(r, c->key->name, "text", item_at(value, i));
		list[i] = json_string_value(item_at(value, i));
	}
	c->texts = list;
	c->num_values = num;
	return CELLA_OK;
}

/* 32 bits of seconds are 136 years: sums with dates cannot overflow. */
static enum cella_status read_period(const struct reader *r, const json_t *value,
				     struct policy_condition *c)
{
	uint32_t seconds = 0;

	(void)value;
	TRY(read_u32(r, c->key, &seconds));
	c->seconds = seconds;
	return CELLA_OK;
}

static enum cella_status read_date(const struct reader *r, const json_t *value,
				   struct policy_condition *c)
{
	const struct json_field field = { c->key->name, JSON_FIELD_TIME, 0, 0, false };
	char where[WHERE_LEN + sizeof "policy: "];

	(void)value;
	snprintf(where, sizeof where, "policy: %s", r->where);
	return json_read(r->element->reference, &field, 1, &c->seconds, where, r->err);
}

static enum cella_status read_flag(const struct reader *r, const json_t *value,
				   struct policy_condition *c)
{
	if (!json_is_boolean(value))
		return wrong_value(r, c->key->name, "a boolean", value);
	c->allow = json_is_true(value);
	return CELLA_OK;
}

static enum cella_status read_events(const struct reader *r, const json_t *value,
				     struct policy_condition *c)
{
	return policy_events_read(r->arena, value, r->where, c, r->err);
}

static enum cella_status read_set(const struct reader *r, const json_t *value,
				  struct policy_condition *c)
{
	return policy_texts_read(r->arena, value, r->where, c, r->err);
}

static enum cella_status (*const value_readers[CONDITION_KIND_COUNT])(
	const struct reader *, const json_t *, struct policy_condition *) = {
	[CONDITION_BYTES] = read_bytes,        [CONDITION_NUMBER] = read_numbers,
	[CONDITION_NUMBER_MIN] = read_minimum, [CONDITION_STATUSES] = read_texts,
	[CONDITION_GRACE] = read_period,       [CONDITION_PLATFORM_GRACE] = read_period,
	[CONDITION_MIN_DATE] = read_date,      [CONDITION_MIN_EVAL] = read_minimum,
	[CONDITION_ADVISORIES] = read_texts,   [CONDITION_FLAG] = read_flag,
	[CONDITION_EVENTS] = read_events,      [CONDITION_TEXTS] = read_set,
	[CONDITION_NAME] = read_texts,
};

/* --- references ---------------------------------------------------------------------- */

static struct policy_condition *new_condition(struct policy_element *e)
{
	return &e->conditions[e->num_conditions++];
}

static enum cella_status read_known(const struct reader *r)
{
	for (size_t i = 0; i < num_policy_keys; i++) {
		const struct policy_key *const key = &policy_keys[i];
		const json_t *const value =
			json_object_get(r->element->reference, key->name);
		struct policy_condition *c;

		if (value == NULL || policy_key_find(r->element->class, key->name) != key)
			continue;
		c = new_condition(r->element);
		*c = (struct policy_condition){ .key = key,
						.name = key->name,
						.kind = key->kind };
		TRY(value_readers[key->kind](r, value, c));
	}
	return CELLA_OK;
}

/* Keys that are not known, or not to this class, and masks without their values. */
static enum cella_status read_unknown(const struct reader *r)
{
	const struct policy_class *const class = r->element->class;
	const char *name;
	json_t *value;

	json_object_foreach(json_mutable(r->element->reference), name, value)
	{
		const struct policy_key *const masked = policy_key_of_mask(class, name);

		if (policy_name_is_comment(name) || policy_key_find(class, name) != NULL)
			continue;
		if (masked == NULL)
			*new_condition(r->element) = (struct policy_condition){
				.name = policy_printable(r->arena, name,
							 POLICY_NAME_SHOWN)
			};
		else if (json_object_get(r->element->reference, masked->name) == NULL)
			return error_set(r->err, CELLA_MALFORMED,
					 "policy: %s: %s: has no %s beside it", r->where,
					 name, masked->name);
	}
	return CELLA_OK;
}

static bool lists_status(const struct policy_condition *statuses, const char *name)
{
	for (size_t i = 0; statuses != NULL && i < statuses->num_values; i++)
		if (text_equal_any_case(statuses->texts[i], name))
			return true;
	return false;
}

static enum cella_status excluded(const struct reader *r, const char *key,
				  const char *reason)
{
	return error_set(r->err, CELLA_MALFORMED, "policy: %s: %s: %s", r->where, key,
			 reason);
}

/* Intel's engine takes these combinations for invalid. */
static enum cella_status check_exclusions(const struct reader *r)
{
	const struct policy_element *const e = r->element;
	const struct policy_condition *const grace = element_find(e, CONDITION_GRACE);
	const struct policy_condition *const statuses =
		element_find(e, CONDITION_STATUSES);
	const bool has_eval = element_find(e, CONDITION_MIN_EVAL) != NULL;

	if (grace != NULL && has_eval)
		return excluded(r, "collateral_grace_period", "excludes min_eval_num");
	if (element_find(e, CONDITION_PLATFORM_GRACE) == NULL)
		return CELLA_OK;
	if (has_eval)
		return excluded(r, "platform_grace_period", "excludes min_eval_num");
	if (grace != NULL && grace->seconds != 0)
		return excluded(r, "platform_grace_period",
				"needs collateral_grace_period to be 0");
	if (!lists_status(statuses, "UpToDate") || !lists_status(statuses, "OutOfDate"))
		return excluded(r, "platform_grace_period",
				"needs UpToDate and OutOfDate in accepted_tcb_status");
	return CELLA_OK;
}

static enum cella_status read_reference(const struct reader *r)
{
	size_t num_keys = 0;
	const char *name;
	json_t *value;

	json_object_foreach(json_mutable(r->element->reference), name, value)
		num_keys += !policy_name_is_comment(name);
	if (num_keys > POLICY_MAX_KEYS)
		return error_set(r->err, CELLA_LIMIT,
				 "policy: %s: reference: %zu keys, at most %d", r->where,
				 num_keys, POLICY_MAX_KEYS);
	r->element->conditions =
		arena_alloc(r->arena, num_keys, sizeof *r->element->conditions);
	TRY(arena_status(r->arena, r->err));
	TRY(read_known(r));
	TRY(read_unknown(r));
	return check_exclusions(r);
}

/* --- elements ------------------------------------------------------------------------ */

static enum cella_status read_environment(struct policy_element *e, const char *where,
					  struct cella_error *err)
{
	struct raw {
		const char *class_id;
		const char *description;
	} raw = { .description = "" };
	static const struct json_field fields[] = {
		{ "class_id", JSON_FIELD_TEXT, offsetof(struct raw, class_id), 0, false },
		{ "description", JSON_FIELD_TEXT, offsetof(struct raw, description), 0,
		  true },
	};
	char path[WHERE_LEN + sizeof ".environment"];

	snprintf(path, sizeof path, "%s.environment", where);
	TRY(json_read(e->environment, fields, ARRAY_LEN(fields), &raw, path, err));
	e->description = raw.description;
	e->class = policy_class_find(raw.class_id);
	if (e->class == NULL)
		return error_set(err, CELLA_UNSUPPORTED,
				 "%s: class_id: \"%.40s\" is none of the seven classes",
				 path, raw.class_id);
	return CELLA_OK;
}

static enum cella_status read_element(struct cella_policy *policy, const json_t *json,
				      size_t index, struct policy_element *e,
				      struct cella_error *err)
{
	static const struct json_field fields[] = {
		{ "environment", JSON_FIELD_OBJECT,
		  offsetof(struct policy_element, environment), 0, false },
		{ "reference", JSON_FIELD_OBJECT,
		  offsetof(struct policy_element, reference), 0, false },
	};
	char where[WHERE_LEN];
	struct reader reader = { &policy->arena, e, where, err };

	snprintf(where, sizeof where, "policy: policy_array[%zu]", index);
	TRY(json_read(json, fields, ARRAY_LEN(fields), e, where, err));
	TRY(read_environment(e, where, err));
	e->where = arena_text(
		&policy->arena, "policy %s: policy_array[%zu] (\"%s\")",
		policy->short_digest, index,
		policy_printable(&policy->arena, e->description, POLICY_TEXT_SHOWN));
	snprintf(where, sizeof where, "policy_array[%zu] (%s)", index, e->class->name);
	return read_reference(&reader);
}

/* The length of the UTF-8 sequence (RFC 3629) that starts here; 0 when there is none. */
static size_t utf8_sequence(const uint8_t *text, size_t left)
{
	const size_t len = text[0] < 0x80             ? 1
			   : (text[0] & 0xe0) == 0xc0 ? 2
			   : (text[0] & 0xf0) == 0xe0 ? 3
			   : (text[0] & 0xf8) == 0xf0 ? 4
						      : 0;
	static const uint32_t smallest[] = { 0, 1, 0x80, 0x800, 0x10000 };
	uint32_t point = text[0] & (0xffU >> (len + (len > 1)));

	if (len == 0 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3fU);
	}
	if (point < smallest[len] || point > 0x10ffff ||
	    (point >= 0xd800 && point < 0xe000))
		return 0;
	return len;
}

/* Also within comments, which no parser looks at: what is signed must be text. */
static enum cella_status check_utf8(const struct cella_policy *policy,
				    struct cella_error *err)
{
	const uint8_t *const text = (const uint8_t *)policy->text;
	size_t i = 0;

	while (i < policy->text_len) {
		const size_t len = utf8_sequence(text + i, policy->text_len - i);

		if (len == 0)
			return error_at(err, CELLA_MALFORMED, i,
					"policy: is not UTF-8 text (offset %zu)", i);
		i += len;
	}
	return CELLA_OK;
}

/* The length of the comment that starts here; 0 when there is none, SIZE_MAX when it does
 * not end. */
static size_t comment_len(const uint8_t *text, size_t left)
{
	const uint8_t *end;

	if (left < 2 || text[0] != '/' || (text[1] != '/' && text[1] != '*'))
		return 0;
	if (text[1] == '/') {
		end = memchr(text, '\n', left);
		return end != NULL ? (size_t)(end - text) : left;
	}
	end = memmem(text + 2, left - 2, "*/", 2);
	return end != NULL ? (size_t)(end - text) + 2 : SIZE_MAX;
}

/* Replaces comments by blanks of the same length, so that lines and columns stay. */
static enum cella_status blank_comments(struct cella_policy *policy, uint8_t *text,
					size_t len, struct cella_error *err)
{
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		const size_t comment = in_string ? 0 : comment_len(text + i, len - i);

		if (comment == SIZE_MAX)
			return error_at(err, CELLA_MALFORMED, i,
					"policy: a comment does not end (offset %zu)", i);
		for (size_t k = i; k < i + comment; k++)
			if (text[k] != '\n')
				text[k] = ' ';
		policy->has_comments = policy->has_comments || comment > 0;
		if (in_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_string = !in_string;
	}
	return CELLA_OK;
}

static enum cella_status parse_text(struct cella_policy *policy, struct cella_error *err)
{
	struct out copy CLEANUP(out_done) = { 0 };

	TRY(check_utf8(policy, err));
	out_bytes(&copy, policy->text, policy->text_len);
	TRY(out_status(&copy, err));
	TRY(blank_comments(policy, copy.data, copy.len, err));
	return json_parse(out_view(&copy), "policy", &policy->json, err);
}

enum cella_status policy_read_elements(struct cella_policy *policy,
				       struct cella_error *err)
{
	static const struct json_field fields[] = {
		{ "policy_array", JSON_FIELD_ARRAY, 0, 0, false },
	};
	const json_t *list = NULL;
	size_t num;

	TRY(parse_text(policy, err));
	TRY(json_read(policy->json, fields, ARRAY_LEN(fields), &list, "policy", err));
	num = json_array_size(list);
	if (num == 0)
		return error_set(err, CELLA_MALFORMED, "policy: policy_array: is empty");
	if (num > POLICY_MAX_ELEMENTS)
		return error_set(err, CELLA_LIMIT,
				 "policy: policy_array: %zu elements, at most %d", num,
				 POLICY_MAX_ELEMENTS);
	policy->elements = arena_alloc(&policy->arena, num, sizeof *policy->elements);
	TRY(arena_status(&policy->arena, err));
	for (size_t i = 0; i < num; i++)
		TRY(read_element(policy, json_array_get(list, i), i, &policy->elements[i],
				 err));
	policy->num_elements = num;
	return CELLA_OK;
}
