/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validating against a JSON Schema.
 */
#include "schema.h"

#include "support.h"

#include "base/attr.h"

#include <regex.h>
#include <stdio.h>

struct run {
	const json_t *root; /* of the schema */
	struct schema_fault *fault;
	size_t where_len;
};

static bool validate(struct run *run, const json_t *schema, const json_t *value);

static bool fault(struct run *run, const char *keyword, const json_t *value)
{
	char *const text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	snprintf(run->fault->text, sizeof run->fault->text, "%s: %.150s", keyword,
		 text != NULL ? text : "?");
	free(text);
	return false;
}

/* Steps down to a member or an element; undone by cutting at the length before. */
static bool validate_at(struct run *run, const char *step, const json_t *schema,
			const json_t *value)
{
	const size_t before = run->where_len;

	run->where_len += (size_t)snprintf(run->fault->where + before,
					   sizeof run->fault->where - before, "/%s",
					   step);
	if (!validate(run, schema, value))
		return false;
	run->where_len = before;
	run->fault->where[before] = '\0';
	return true;
}

static bool is_type(const json_t *value, const char *name)
{
	static const struct {
		const char *name;
		unsigned types;
	} rows[] = {
		{ "object", 1U << JSON_OBJECT },
		{ "array", 1U << JSON_ARRAY },
		{ "string", 1U << JSON_STRING },
		{ "integer", 1U << JSON_INTEGER },
		{ "null", 1U << JSON_NULL },
		{ "boolean", 1U << JSON_TRUE | 1U << JSON_FALSE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return (rows[i].types >> json_typeof(value) & 1) != 0;
	fail_msg("type %s is not known", name);
	return false;
}

static bool check_type(struct run *run, const json_t *names, const json_t *value)
{
	bool any = json_is_string(names) && is_type(value, json_string_value(names));

	for (size_t i = 0; i < json_array_size(names); i++)
		any = any || is_type(value, json_string_value(json_array_get(names, i)));
	return any || fault(run, "type", value);
}

static bool check_enum(struct run *run, const json_t *values, const json_t *value)
{
	for (size_t i = 0; i < json_array_size(values); i++)
		if (json_equal(json_array_get(values, i), value))
			return true;
	return fault(run, "enum", value);
}

static bool check_const(struct run *run, const json_t *expected, const json_t *value)
{
	return json_equal(expected, value) || fault(run, "const", value);
}

static bool check_required(struct run *run, const json_t *names, const json_t *value)
{
	for (size_t i = 0; i < json_array_size(names); i++)
		if (json_is_object(value) &&
		    json_object_get(value, json_string_value(json_array_get(names, i))) ==
			    NULL)
			return fault(run, "required", json_array_get(names, i));
	return true;
}

static bool check_properties(struct run *run, const json_t *schemas, const json_t *value)
{
	const char *name;
	json_t *schema;

	json_object_foreach((json_t *)(uintptr_t)schemas, name, schema)
	{
		const json_t *const member = json_object_get(value, name);

		if (member != NULL && !validate_at(run, name, schema, member))
			return false;
	}
	return true;
}

static bool check_items(struct run *run, const json_t *schema, const json_t *value)
{
	for (size_t i = 0; i < json_array_size(value); i++) {
		char step[24];

		snprintf(step, sizeof step, "%zu", i);
		if (!validate_at(run, step, schema, json_array_get(value, i)))
			return false;
	}
	return true;
}

/* ECMA's expressions and POSIX's extended ones agree in what these schemas use. */
static bool check_pattern(struct run *run, const json_t *pattern, const json_t *value)
{
	regex_t regex;
	bool matches;

	if (!json_is_string(value))
		return true;
	if (regcomp(&regex, json_string_value(pattern), REG_EXTENDED | REG_NOSUB) != 0)
		return fault(run, "pattern of the schema", pattern);
	matches = regexec(&regex, json_string_value(value), 0, NULL, 0) == 0;
	regfree(&regex);
	return matches || fault(run, "pattern", value);
}

static bool check_minimum(struct run *run, const json_t *minimum, const json_t *value)
{
	return !json_is_integer(value) ||
	       json_integer_value(value) >= json_integer_value(minimum) ||
	       fault(run, "minimum", value);
}

static bool check_min_length(struct run *run, const json_t *minimum, const json_t *value)
{
	return !json_is_string(value) ||
	       (json_int_t)json_string_length(value) >= json_integer_value(minimum) ||
	       fault(run, "minLength", value);
}

static bool check_one_of(struct run *run, const json_t *schemas, const json_t *value)
{
	size_t num = 0;

	for (size_t i = 0; i < json_array_size(schemas); i++) {
		struct schema_fault ignored = { 0 };
		struct run inner = { run->root, &ignored, 0 };

		num += validate(&inner, json_array_get(schemas, i), value);
	}
	return num == 1 || fault(run, "oneOf", value);
}

static bool check_ref(struct run *run, const json_t *ref, const json_t *value)
{
	static const char prefix[] = "#/$defs/";
	const char *const name = json_string_value(ref);
	const json_t *schema = NULL;

	if (strncmp(name, prefix, sizeof prefix - 1) == 0)
		schema = json_object_get(json_object_get(run->root, "$defs"),
					 name + sizeof prefix - 1);
	return schema != NULL ? validate(run, schema, value)
			      : fault(run, "$ref of the schema", ref);
}

static bool check_nothing(struct run *run, const json_t *argument, const json_t *value)
{
	(void)run, (void)argument, (void)value;
	return true;
}

/* additionalProperties is checked beside properties, for all of an object's members. */
static bool check_additional(struct run *run, const json_t *schema, const json_t *value)
{
	const json_t *const known = json_object_get(schema, "properties");
	const char *name;
	json_t *member;

	if (!json_is_false(json_object_get(schema, "additionalProperties")))
		return true;
	json_object_foreach((json_t *)(uintptr_t)value, name, member)
	{
		if (json_object_get(known, name) == NULL) {
			snprintf(run->fault->text, sizeof run->fault->text,
				 "additionalProperties: %.100s", name);
			return false;
		}
	}
	return true;
}

static const struct {
	const char *name;
	bool (*check)(struct run *run, const json_t *argument, const json_t *value);
} keywords[] = {
	{ "$schema", check_nothing },
	{ "$id", check_nothing },
	{ "$defs", check_nothing },
	{ "title", check_nothing },
	{ "description", check_nothing },
	{ "additionalProperties", check_nothing },
	{ "type", check_type },
	{ "enum", check_enum },
	{ "const", check_const },
	{ "required", check_required },
	{ "properties", check_properties },
	{ "items", check_items },
	{ "pattern", check_pattern },
	{ "minimum", check_minimum },
	{ "minLength", check_min_length },
	{ "oneOf", check_one_of },
	{ "$ref", check_ref },
};

static bool check_keyword(struct run *run, const char *name, const json_t *argument,
			  const json_t *value)
{
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
		if (strcmp(keywords[i].name, name) == 0)
			return keywords[i].check(run, argument, value);
	fail_msg("the schema's keyword %s is not known", name);
	return false;
}

static bool validate(struct run *run, const json_t *schema, const json_t *value)
{
	const char *name;
	json_t *argument;

	json_object_foreach((json_t *)(uintptr_t)schema, name, argument)
	{
		if (!check_keyword(run, name, argument, value))
			return false;
	}
	return check_additional(run, schema, value);
}

bool schema_accepts(const json_t *schema, const json_t *value, struct schema_fault *found)
{
	struct run run = { schema, found, 0 };

	*found = (struct schema_fault){ 0 };
	return validate(&run, schema, value);
}
