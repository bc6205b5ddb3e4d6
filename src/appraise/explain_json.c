/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Explanations as JSON (member "explain" of doc/verdict.schema.json).
 */
#include "appraise/explain.h"

#include "base/json.h"

static json_t *text_or_null(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

static enum cella_status put_standing(json_t *object, size_t level,
				      const struct tcb_standing *at,
				      struct cella_error *err)
{
	json_t *ids;

	TRY(json_put(object, "level", json_integer((json_int_t)level), err));
	if (at == NULL)
		return CELLA_OK;
	TRY(json_put(object, "status", json_string(cella_tcb_status_name(at->status)),
		     err));
	TRY(json_put(object, "date", json_time(at->date), err));
	ids = json_array();
	TRY(json_put(object, "advisory_ids", ids, err));
	for (size_t i = 0; i < at->num_advisories; i++)
		TRY(json_add(ids, json_string(at->advisories[i]), err));
	return CELLA_OK;
}

static enum cella_status put_shortfalls(json_t *object, const struct standing *s,
					struct cella_error *err)
{
	json_t *const list = json_array();

	TRY(json_put(object, "lacks", list, err));
	for (size_t i = 0; i < s->num_shortfalls; i++) {
		const struct shortfall *const f = &s->shortfalls[i];
		json_t *const item = json_object();

		TRY(json_add(list, item, err));
		TRY(json_put(item, "component", json_string(f->component), err));
		TRY(json_put(item, "has", json_integer(f->has), err));
		TRY(json_put(item, "needs", json_integer(f->needs), err));
		TRY(json_put(item, "category", text_or_null(f->category), err));
		TRY(json_put(item, "type", text_or_null(f->type), err));
		TRY(json_put(item, "raised_by", json_string(update_advice(f)), err));
	}
	return CELLA_OK;
}

static enum cella_status put_ladder(json_t *list, const struct standing *s,
				    struct cella_error *err)
{
	json_t *item;
	json_t *target;

	if (s->name[0] == '\0')
		return CELLA_OK;
	item = json_object();
	TRY(json_add(list, item, err));
	TRY(json_put(item, "what", json_string(s->what), err));
	TRY(json_put(item, "name", json_string(s->name), err));
	TRY(json_put(item, "num_levels", json_integer((json_int_t)s->num_levels), err));
	TRY(put_standing(item, s->level, s->at, err));
	if (s->target == 0)
		return CELLA_OK;
	target = json_object();
	TRY(json_put(item, "target", target, err));
	TRY(put_standing(target, s->target, s->target_at, err));
	return put_shortfalls(item, s, err);
}

static enum cella_status put_ladders(json_t *object, const char *name,
				     const struct standing ladders[LADDER_COUNT],
				     struct cella_error *err)
{
	json_t *const list = json_array();

	TRY(json_put(object, name, list, err));
	for (size_t i = 0; i < LADDER_COUNT; i++)
		TRY(put_ladder(list, &ladders[i], err));
	return CELLA_OK;
}

static enum cella_status put_expiries(json_t *object, const struct cella_verdict *v,
				      struct cella_error *err)
{
	json_t *const list = json_array();

	TRY(json_put(object, "expires", list, err));
	for (size_t i = 0; i < DATES_COUNT; i++) {
		json_t *item;

		if (!v->dates[i].known)
			continue;
		item = json_object();
		TRY(json_add(list, item, err));
		TRY(json_put(item, "what", json_string(v->dates[i].expires.what), err));
		TRY(json_put(item, "when", json_time(v->dates[i].expires.to), err));
	}
	return CELLA_OK;
}

enum cella_status explain_json(const struct cella_verdict *v, json_t **out,
			       struct cella_error *err)
{
	json_t *object CLEANUP_JSON = json_object();
	struct explanation x;

	if (object == NULL)
		return error_nomem(err);
	TRY(json_put(object, "status", text_or_null(cella_tcb_status_name(v->status)),
		     err));
	TRY(json_put(object, "meaning", json_string(tcb_status_meaning(v->status)), err));
	if (v->has_tcb) {
		explain(v, &x);
		TRY(put_ladders(object, "launch", x.ladders, err));
		if (v->has_current)
			TRY(put_ladders(object, "current", x.current, err));
	}
	TRY(put_expiries(object, v, err));
	*out = take(&object);
	return CELLA_OK;
}
