/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's measured policy, read strictly.
 */
#include "guest/policy.h"

#include "base/json.h"

#include <stdlib.h>

static const char what[] = "guest policy";
static const char application_what[] = "guest policy: application";

struct document {
	const char *log;
	const json_t *modules;
	const json_t *application;
};

struct application {
	const json_t *argv;
	const json_t *env;
	const char *cwd;
	const char *root;
	uint32_t uid;
	uint32_t gid;
};

#define DOCUMENT(member) offsetof(struct document, member)
#define APPLICATION(member) offsetof(struct application, member)

static const struct json_field document_fields[] = {
	{ "log", JSON_FIELD_TEXT, DOCUMENT(log), 0, true },
	{ "modules", JSON_FIELD_ARRAY, DOCUMENT(modules), 0, true },
	{ "application", JSON_FIELD_OBJECT, DOCUMENT(application), 0, false },
};

static const struct json_field application_fields[] = {
	{ "argv", JSON_FIELD_ARRAY, APPLICATION(argv), 0, false },
	{ "env", JSON_FIELD_ARRAY, APPLICATION(env), 0, true },
	{ "cwd", JSON_FIELD_TEXT, APPLICATION(cwd), 0, true },
	{ "root", JSON_FIELD_TEXT, APPLICATION(root), 0, true },
	{ "uid", JSON_FIELD_U32, APPLICATION(uid), 0, true },
	{ "gid", JSON_FIELD_U32, APPLICATION(gid), 0, true },
};

/* The members that are no row of a table of fields. */
static const char *const document_others[] = { "attest" };

static const char *const log_names[] = {
	[GUEST_LOG_OFF] = "off",
	[GUEST_LOG_CODED] = "coded",
	[GUEST_LOG_FULL] = "full",
};

static bool is_known(const char *name, const struct json_field *fields, size_t num_fields,
		     const char *const *others, size_t num_others)
{
	for (size_t i = 0; i < num_fields; i++)
		if (strcmp(fields[i].name, name) == 0)
			return true;
	for (size_t i = 0; i < num_others; i++)
		if (strcmp(others[i], name) == 0)
			return true;
	return false;
}

/* What a newer builder demanded must not go unheard. */
static enum cella_status check_names(const json_t *object, const char *where,
				     const struct json_field *fields, size_t num_fields,
				     const char *const *others, size_t num_others,
				     struct cella_error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_mutable(object), name, value) if (
		!is_known(name, fields, num_fields, others,
			  num_others)) return error_set(err, CELLA_UNSUPPORTED,
							"%s: unknown member \"%.40s\"",
							where, name);
	return CELLA_OK;
}

static enum cella_status read_log(const char *name, enum guest_log *out,
				  struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(log_names) && name != NULL; i++)
		if (strcmp(log_names[i], name) == 0) {
			*out = (enum guest_log)i;
			return CELLA_OK;
		}
	if (name == NULL)
		return CELLA_OK;
	return error_set(err, CELLA_MALFORMED,
			 "%s: log: expected off, coded or full, found \"%.40s\"", what,
			 name);
}

static enum cella_status read_attest(const json_t *document, bool *out,
				     struct cella_error *err)
{
	const json_t *const value = json_object_get(document, "attest");

	if (value == NULL)
		return CELLA_OK;
	if (!json_is_boolean(value))
		return error_set(err, CELLA_MALFORMED,
				 "%s: attest: expected true or false, found %s", what,
				 json_type_name(value));
	*out = json_is_true(value);
	return CELLA_OK;
}

/* No array, or an empty one, gives a list of none. */
static enum cella_status read_texts(const json_t *array, size_t max, const char *where,
				    struct guest_texts *out, struct cella_error *err)
{
	const size_t len = json_array_size(array);

	if (len > max)
		return error_set(err, CELLA_LIMIT, "%s: %zu elements, at most %zu", where,
				 len, max);
	out->items = calloc(len + 1, sizeof *out->items);
	if (out->items == NULL)
		return error_nomem(err);
	if (array != NULL)
		TRY(json_check_texts(array, where, err));
	for (size_t i = 0; i < len; i++)
		out->items[i] = json_string_value(json_array_get(array, i));
	out->num_items = len;
	return CELLA_OK;
}

static enum cella_status check_path(const char *path, const char *name,
				    struct cella_error *err)
{
	if (path[0] == '/')
		return CELLA_OK;
	return error_set(err, CELLA_MALFORMED,
			 "%s: %s: expected an absolute path, found \"%.40s\"",
			 application_what, name, path);
}

static enum cella_status check_application(const struct application *app,
					   const struct guest_policy *policy,
					   struct cella_error *err)
{
	if (policy->argv.num_items == 0)
		return error_set(err, CELLA_MALFORMED, "%s: argv: is empty",
				 application_what);
	if (policy->argv.items[0][0] == '\0')
		return error_set(err, CELLA_MALFORMED, "%s: argv[0]: is empty",
				 application_what);
	TRY(check_path(app->cwd, "cwd", err));
	TRY(check_path(app->root, "root", err));
	for (size_t i = 0; i < policy->env.num_items; i++)
		if (strchr(policy->env.items[i], '=') == NULL)
			return error_set(err, CELLA_MALFORMED,
					 "%s: env[%zu]: expected NAME=VALUE",
					 application_what, i);
	if (app->uid > GUEST_MAX_ID || app->gid > GUEST_MAX_ID)
		return error_set(err, CELLA_LIMIT, "%s: uid or gid: above %d",
				 application_what, GUEST_MAX_ID);
	return CELLA_OK;
}

static enum cella_status read_application(const json_t *object, struct guest_policy *out,
					  struct cella_error *err)
{
	struct application app = { .cwd = "/", .root = "/" };

	TRY(check_names(object, application_what, application_fields,
			ARRAY_LEN(application_fields), NULL, 0, err));
	TRY(json_read(object, application_fields, ARRAY_LEN(application_fields), &app,
		      application_what, err));
	TRY(read_texts(app.argv, GUEST_MAX_TEXTS, "guest policy: application.argv",
		       &out->argv, err));
	TRY(read_texts(app.env, GUEST_MAX_TEXTS, "guest policy: application.env",
		       &out->env, err));
	out->cwd = app.cwd;
	out->root = app.root;
	out->uid = app.uid;
	out->gid = app.gid;
	return check_application(&app, out, err);
}

static enum cella_status check_modules(const struct guest_texts *modules,
				       struct cella_error *err)
{
	for (size_t i = 0; i < modules->num_items; i++)
		if (modules->items[i][0] != '/')
			return error_set(err, CELLA_MALFORMED,
					 "%s: modules[%zu]: expected an absolute path, "
					 "found \"%.40s\"",
					 what, i, modules->items[i]);
	return CELLA_OK;
}

static enum cella_status read_document(struct guest_policy *out, struct cella_error *err)
{
	struct document document = { 0 };

	if (!json_is_object(out->document))
		return error_set(err, CELLA_MALFORMED, "%s: expected an object", what);
	TRY(check_names(out->document, what, document_fields, ARRAY_LEN(document_fields),
			document_others, ARRAY_LEN(document_others), err));
	TRY(json_read(out->document, document_fields, ARRAY_LEN(document_fields),
		      &document, what, err));
	TRY(read_log(document.log, &out->log, err));
	TRY(read_attest(out->document, &out->attest, err));
	TRY(read_texts(document.modules, GUEST_MAX_MODULES, "guest policy: modules",
		       &out->modules, err));
	TRY(check_modules(&out->modules, err));
	return read_application(document.application, out, err);
}

enum cella_status guest_policy_parse(struct cella_bytes text, struct guest_policy *out,
				     struct cella_error *err)
{
	struct guest_policy policy CLEANUP(guest_policy_done) = { 0 };

	if (text.len > GUEST_POLICY_MAX_LEN)
		return error_set(err, CELLA_LIMIT, "%s: %zu bytes, at most %d", what,
				 text.len, GUEST_POLICY_MAX_LEN);
	TRY(json_parse(text, what, &policy.document, err));
	TRY(read_document(&policy, err));
	*out = policy;
	policy = (struct guest_policy){ 0 };
	return CELLA_OK;
}

void guest_policy_done(struct guest_policy *policy)
{
	free(policy->modules.items);
	free(policy->argv.items);
	free(policy->env.items);
	json_decref(policy->document);
	*policy = (struct guest_policy){ 0 };
}
