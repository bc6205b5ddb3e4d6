/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on sets of texts: reading, judging, telling.
 */
#include "appraise/policy_texts.h"

#include "base/encode.h"
#include "verify/dcap.h"

#include <string.h>

enum { TEXTS_SHOWN = 8 };

static const char nothing[] = "none";

/* --- reading ------------------------------------------------------------------------- */

static enum cella_status read_items(struct arena *arena, const json_t *array,
				    const char *where, struct policy_condition *out,
				    struct cella_error *err)
{
	const size_t num = json_array_size(array);
	const char **list;

	if (num > POLICY_MAX_VALUES)
		return error_set(err, CELLA_LIMIT,
				 "policy: %s: %s: %zu values, at most %d", where,
				 out->name, num, POLICY_MAX_VALUES);
	list = arena_alloc(arena, num, sizeof *list);
	TRY(arena_status(arena, err));
	for (size_t i = 0; i < num; i++) {
		const json_t *const item = json_array_get(array, i);

		if (!json_is_string(item))
			return error_set(err, CELLA_MALFORMED,
					 "policy: %s: %s[%zu]: expected text, found %s",
					 where, out->name, i, json_type_name(item));
		list[i] = json_string_value(item);
	}
	out->texts = list;
	out->num_values = num;
	return CELLA_OK;
}

/* One text alone would read as "this among others": it is not taken. */
enum cella_status policy_texts_read(struct arena *arena, const json_t *value,
				    const char *where, struct policy_condition *out,
				    struct cella_error *err)
{
	if (json_is_string(value) && strcmp(json_string_value(value), nothing) == 0)
		return CELLA_OK;
	if (!json_is_array(value))
		return error_set(err, CELLA_MALFORMED,
				 "policy: %s: %s: expected an array of all of them, or "
				 "\"none\", found %s",
				 where, out->name, json_type_name(value));
	return read_items(arena, value, where, out, err);
}

/* --- judging ------------------------------------------------------------------------- */

struct texts {
	const char *const *items;
	size_t num_items;
};

static struct texts wanted(const struct policy_condition *c)
{
	return (struct texts){ c->texts, c->num_values };
}

/* The first of one set that is not in the other; NULL: there is none. */
static const char *first_missing(struct texts of, struct texts in)
{
	for (size_t i = 0; i < of.num_items; i++) {
		size_t at = 0;

		while (at < in.num_items &&
		       !text_equal_any_case(of.items[i], in.items[at]))
			at++;
		if (at == in.num_items)
			return of.items[i];
	}
	return NULL;
}

static bool find(const struct cella_verdict *v, const struct policy_condition *c,
		 struct texts *out)
{
	return cella_facts_get_texts(&v->facts, c->key->fact, &out->items,
				     &out->num_items);
}

enum cella_outcome policy_texts_judge(const struct cella_verdict *v,
				      const struct policy_condition *c)
{
	struct texts actual = { 0 };

	if (!find(v, c, &actual))
		return CELLA_CHECK_FAIL;
	return outcome_if(first_missing(wanted(c), actual) == NULL &&
			  first_missing(actual, wanted(c)) == NULL);
}

/* --- words --------------------------------------------------------------------------- */

static const char *list_text(struct arena *arena, struct texts texts)
{
	const char *text = nothing;

	for (size_t i = 0; i < texts.num_items && i < TEXTS_SHOWN; i++) {
		const char *const item =
			policy_printable(arena, texts.items[i], POLICY_TEXT_SHOWN);

		text = i == 0 ? item : arena_text(arena, "%s, %s", text, item);
	}
	if (texts.num_items > TEXTS_SHOWN)
		text = arena_text(arena, "%s, %zu more", text,
				  texts.num_items - TEXTS_SHOWN);
	return text;
}

const char *policy_texts_expected(struct arena *arena, const struct policy_condition *c)
{
	return c->num_values == 0
		       ? nothing
		       : arena_text(arena, "exactly %s", list_text(arena, wanted(c)));
}

const char *policy_texts_actual(struct arena *arena, const struct cella_verdict *v,
				const struct policy_condition *c)
{
	struct texts actual = { 0 };
	const char *added, *lacking, *text;

	if (!find(v, c, &actual))
		return "the evidence does not tell";
	added = first_missing(actual, wanted(c));
	lacking = first_missing(wanted(c), actual);
	text = list_text(arena, actual);
	if (added != NULL)
		return arena_text(arena, "%s: the policy has no %s", text,
				  policy_printable(arena, added, POLICY_TEXT_SHOWN));
	if (lacking != NULL)
		return arena_text(arena, "%s: without %s", text,
				  policy_printable(arena, lacking, POLICY_TEXT_SHOWN));
	return text;
}
