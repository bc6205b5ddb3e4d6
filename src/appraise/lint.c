/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint: collecting and printing findings; the rules are in lint_rules.c.
 */
#include "appraise/lint.h"

#include <stdio.h>

static const char *const level_names[] = { "error", "warning", "note" };
_Static_assert(ARRAY_LEN(level_names) == LINT_LEVEL_COUNT, "a name per level");

void lint_add(struct linter *l, enum lint_level level, const char *id,
	      const struct policy_element *element, const char *key, const char *text,
	      const char *remedy)
{
	struct lint_finding *finding;

	l->counts[level]++;
	if (l->num_findings == LINT_MAX_FINDINGS)
		return;
	finding = &l->findings[l->num_findings++];
	*finding = (struct lint_finding){ .level = level,
					  .id = id,
					  .where = "policy",
					  .key = key != NULL ? key : "",
					  .text = text,
					  .remedy = remedy };
	if (element != NULL)
		finding->where = arena_text(&l->arena, "policy_array[%zu] (%s)",
					    (size_t)(element - l->policy->elements),
					    element->class->name);
}

static void write_finding(const struct lint_finding *f, struct out *out)
{
	out_format(out, "%s: %s%s%s: %s [%s]\n", level_names[f->level], f->where,
		   *f->key != '\0' ? ": " : "", f->key, f->text, f->id);
	if (f->remedy != NULL)
		out_format(out, "    %s\n", f->remedy);
}

static enum cella_status write_text(const struct linter *l, char **text)
{
	struct out out CLEANUP(out_done) = { 0 };

	for (int level = 0; level < LINT_LEVEL_COUNT; level++)
		for (size_t i = 0; i < l->num_findings; i++)
			if (l->findings[i].level == (enum lint_level)level)
				write_finding(&l->findings[i], &out);
	out_format(&out, "%zu error%s, %zu warning%s, %zu note%s\n",
		   l->counts[LINT_ERROR], l->counts[LINT_ERROR] == 1 ? "" : "s",
		   l->counts[LINT_WARNING], l->counts[LINT_WARNING] == 1 ? "" : "s",
		   l->counts[LINT_NOTE], l->counts[LINT_NOTE] == 1 ? "" : "s");
	return out_take_text(&out, text, l->err);
}

static json_t *text_or_null(const char *text)
{
	return text != NULL && *text != '\0' ? json_string(text) : json_null();
}

static enum cella_status put_finding(json_t *list, const struct lint_finding *f,
				     struct cella_error *err)
{
	json_t *const item = json_object();

	TRY(json_add(list, item, err));
	TRY(json_put(item, "level", json_string(level_names[f->level]), err));
	TRY(json_put(item, "id", json_string(f->id), err));
	TRY(json_put(item, "where", json_string(f->where), err));
	TRY(json_put(item, "key", text_or_null(f->key), err));
	TRY(json_put(item, "text", json_string(f->text), err));
	return json_put(item, "remedy", text_or_null(f->remedy), err);
}

static enum cella_status write_json(const struct linter *l, char **text)
{
	json_t *root CLEANUP_JSON = json_object();
	json_t *list;

	if (root == NULL)
		return error_nomem(l->err);
	TRY(json_put(root, "schema", json_string("cella-policy-lint-1"), l->err));
	TRY(json_put(root, "digest", json_hex(cella_policy_digest(l->policy)), l->err));
	for (int level = 0; level < LINT_LEVEL_COUNT; level++) {
		char name[16];

		snprintf(name, sizeof name, "%ss", level_names[level]);
		TRY(json_put(root, name, json_integer((json_int_t)l->counts[level]),
			     l->err));
	}
	list = json_array();
	TRY(json_put(root, "findings", list, l->err));
	for (size_t i = 0; i < l->num_findings; i++)
		TRY(put_finding(list, &l->findings[i], l->err));
	return json_write(root, true, text, l->err);
}

static enum cella_status lint(struct linter *l, bool as_json, char **text)
{
	TRY(lint_rules(l));
	TRY(arena_status(&l->arena, l->err));
	return as_json ? write_json(l, text) : write_text(l, text);
}

enum cella_status cella_policy_lint(const struct cella_policy *policy,
				    const struct cella_facts *facts, bool as_json,
				    char **text, struct cella_policy_findings *findings,
				    struct cella_error *err)
{
	struct linter *l CLEANUP_FREE = NULL;
	enum cella_status status;

	if (policy == NULL || text == NULL || findings == NULL)
		return error_set(err, CELLA_USAGE, "policy lint: null argument");
	l = calloc(1, sizeof *l);
	if (l == NULL)
		return error_nomem(err);
	l->policy = policy;
	l->facts = facts;
	l->err = err;
	status = lint(l, as_json, text);
	*findings = (struct cella_policy_findings){
		.num_errors = l->counts[LINT_ERROR],
		.num_warnings = l->counts[LINT_WARNING],
		.num_notes = l->counts[LINT_NOTE],
	};
	arena_done(&l->arena);
	return status;
}
