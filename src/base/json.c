/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of JSON documents: their bytes, their values, and building them. The scanner
 * here understands only strings and nesting: enough to find a member's bytes.
 */
#include "base/json.h"

#include "base/civil.h"
#include "base/encode.h"

#include <stdio.h>
#include <string.h>

/* Steps over a string whose opening quote stands at *pos; false when it does not end. */
static bool skip_string(struct cella_bytes text, size_t *pos)
{
	for (size_t i = *pos + 1; i < text.len; i++) {
		if (text.data[i] == '\\') {
			i++;
		} else if (text.data[i] == '"') {
			*pos = i + 1;
			return true;
		}
	}
	return false;
}

static void skip_space(struct cella_bytes text, size_t *pos)
{
	while (*pos < text.len && memchr(" \t\r\n", text.data[*pos], 4) != NULL)
		(*pos)++;
}

static bool skip_char(struct cella_bytes text, size_t *pos, char c)
{
	skip_space(text, pos);
	if (*pos >= text.len || text.data[*pos] != (uint8_t)c)
		return false;
	(*pos)++;
	return true;
}

/* Steps over one value by nesting alone. */
static bool skip_value(struct cella_bytes text, size_t *pos)
{
	const size_t start = *pos;
	size_t depth = 0;

	while (*pos < text.len) {
		const uint8_t c = text.data[*pos];

		if (c == '"') {
			if (!skip_string(text, pos))
				return false;
			if (depth == 0)
				return true;
			continue;
		}
		if (depth == 0 &&
		    (c == ',' || c == '}' || c == ']' || memchr(" \t\r\n", c, 4) != NULL))
			return *pos > start;
		if (c == '{' || c == '[')
			depth++;
		if (c == '}' || c == ']')
			depth--;
		(*pos)++;
		if (depth == 0 && (c == '}' || c == ']'))
			return true;
	}
	return false;
}

static enum cella_status broken_object(struct cella_error *err, const char *what,
				       size_t pos)
{
	return error_at(err, CELLA_MALFORMED, pos,
			"%s: not a JSON object of members (offset %zu)", what, pos);
}

/* Reads `"name" :` and leaves *pos at the value. */
static enum cella_status member_name(struct cella_bytes text, size_t *pos,
				     const char *what, struct cella_bytes *name,
				     struct cella_error *err)
{
	size_t start;

	skip_space(text, pos);
	start = *pos;
	if (start >= text.len || text.data[start] != '"' || !skip_string(text, pos))
		return broken_object(err, what, start);
	*name = bytes_of(text.data + start + 1, *pos - start - 2);
	if (memchr(name->data, '\\', name->len) != NULL)
		return error_at(err, CELLA_MALFORMED, start,
				"%s: a member's name has an escape (offset %zu)", what,
				start);
	if (!skip_char(text, pos, ':'))
		return broken_object(err, what, *pos);
	skip_space(text, pos);
	return CELLA_OK;
}

enum cella_status json_member_span(struct cella_bytes text, const char *name,
				   const char *what, struct cella_bytes *span,
				   struct cella_error *err)
{
	const struct cella_bytes wanted = bytes_of(name, strlen(name));
	struct cella_bytes found = { 0 };
	size_t pos = 0;

	if (!skip_char(text, &pos, '{'))
		return broken_object(err, what, pos);
	if (skip_char(text, &pos, '}'))
		goto end;
	do {
		struct cella_bytes member = { 0 };
		size_t start;

		TRY(member_name(text, &pos, what, &member, err));
		start = pos;
		if (!skip_value(text, &pos))
			return broken_object(err, what, start);
		if (!bytes_equal(member, wanted))
			continue;
		if (found.data != NULL)
			return error_at(err, CELLA_MALFORMED, start,
					"%s: member \"%s\" occurs twice (offset %zu)",
					what, name, start);
		found = bytes_of(text.data + start, pos - start);
	} while (skip_char(text, &pos, ','));
	if (!skip_char(text, &pos, '}'))
		return broken_object(err, what, pos);
end:
	skip_space(text, &pos);
	if (pos != text.len)
		return error_at(err, CELLA_MALFORMED, pos,
				"%s: something follows the JSON object (offset %zu)",
				what, pos);
	*span = found;
	return CELLA_OK;
}

const char *json_type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "text";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a real number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		return "null";
	}
	return "nothing";
}

static enum cella_status wrong_type(struct cella_error *err, const char *where,
				    const char *name, const char *expected,
				    const json_t *value)
{
	return error_set(err, CELLA_MALFORMED, "%s: %s: expected %s, found %s", where,
			 name, expected, json_type_name(value));
}

static enum cella_status read_number(const json_t *value, uint64_t max, uint64_t *out,
				     const char *name, const char *where,
				     struct cella_error *err)
{
	json_int_t number;

	if (!json_is_integer(value))
		return wrong_type(err, where, name, "an integer", value);
	number = json_integer_value(value);
	if (number < 0 || (uint64_t)number > max)
		return error_set(err, CELLA_MALFORMED, "%s: %s: %lld is not in 0..%llu",
				 where, name, (long long)number, (unsigned long long)max);
	*out = (uint64_t)number;
	return CELLA_OK;
}

static struct cella_bytes text_of(const json_t *value)
{
	return bytes_of(json_string_value(value), json_string_length(value));
}

static enum cella_status read_text(const json_t *value, const struct json_field *field,
				   void *place, const char *where,
				   struct cella_error *err)
{
	char what[160];

	if (!json_is_string(value))
		return wrong_type(err, where, field->name, "text", value);
	snprintf(what, sizeof what, "%s: %s", where, field->name);
	if (field->kind == JSON_FIELD_HEX)
		return hex_read(text_of(value), place, field->size, what, err);
	if (field->kind == JSON_FIELD_TIME)
		return civil_read(text_of(value), place, what, err);
	*(const char **)place = json_string_value(value);
	return CELLA_OK;
}

static enum cella_status read_field(const json_t *value, const struct json_field *field,
				    void *place, const char *where,
				    struct cella_error *err)
{
	uint64_t number = 0;

	switch (field->kind) {
	case JSON_FIELD_TEXT:
	case JSON_FIELD_HEX:
	case JSON_FIELD_TIME:
		return read_text(value, field, place, where, err);
	case JSON_FIELD_U8:
		TRY(read_number(value, UINT8_MAX, &number, field->name, where, err));
		*(uint8_t *)place = (uint8_t)number;
		return CELLA_OK;
	case JSON_FIELD_U16:
		TRY(read_number(value, UINT16_MAX, &number, field->name, where, err));
		*(uint16_t *)place = (uint16_t)number;
		return CELLA_OK;
	case JSON_FIELD_U32:
		TRY(read_number(value, UINT32_MAX, &number, field->name, where, err));
		*(uint32_t *)place = (uint32_t)number;
		return CELLA_OK;
	case JSON_FIELD_OBJECT:
		if (!json_is_object(value))
			return wrong_type(err, where, field->name, "an object", value);
		*(const json_t **)place = value;
		return CELLA_OK;
	case JSON_FIELD_ARRAY:
		if (!json_is_array(value))
			return wrong_type(err, where, field->name, "an array", value);
		*(const json_t **)place = value;
		return CELLA_OK;
	}
	return error_set(err, CELLA_INTERNAL, "json: no such kind of field");
}

enum cella_status json_read(const json_t *object, const struct json_field *fields,
			    size_t num_fields, void *out, const char *where,
			    struct cella_error *err)
{
	if (!json_is_object(object))
		return error_set(err, CELLA_MALFORMED, "%s: expected an object, found %s",
				 where, json_type_name(object));
	for (size_t i = 0; i < num_fields; i++) {
		const json_t *const value = json_object_get(object, fields[i].name);

		if (value == NULL && fields[i].optional)
			continue;
		if (value == NULL)
			return error_set(err, CELLA_MALFORMED, "%s: %s: is missing",
					 where, fields[i].name);
		TRY(read_field(value, &fields[i], (uint8_t *)out + fields[i].offset,
			       where, err));
	}
	return CELLA_OK;
}

enum cella_status json_check_texts(const json_t *array, const char *where,
				   struct cella_error *err)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!json_is_string(json_array_get(array, i)))
			return error_set(err, CELLA_MALFORMED,
					 "%s[%zu]: expected text, found %s", where, i,
					 json_type_name(json_array_get(array, i)));
	return CELLA_OK;
}

enum cella_status json_put(json_t *object, const char *name, json_t *value,
			   struct cella_error *err)
{
	return json_object_set_new(object, name, value) == 0 ? CELLA_OK
							     : error_nomem(err);
}

enum cella_status json_add(json_t *array, json_t *value, struct cella_error *err)
{
	return json_array_append_new(array, value) == 0 ? CELLA_OK : error_nomem(err);
}

static json_t *json_from_out(const struct out *out)
{
	return out->failed ? NULL : json_stringn((const char *)out->data, out->len);
}

json_t *json_hex(struct cella_bytes bytes)
{
	struct out out CLEANUP(out_done) = { 0 };

	hex_write(&out, bytes);
	return bytes.len == 0 ? json_string("") : json_from_out(&out);
}

json_t *json_hex_reversed_upper(struct cella_bytes bytes)
{
	struct out out CLEANUP(out_done) = { 0 };

	for (size_t i = bytes.len; i > 0; i--)
		hex_write_upper(&out, bytes_of(bytes.data + i - 1, 1));
	return bytes.len == 0 ? json_string("") : json_from_out(&out);
}

json_t *json_time(int64_t seconds)
{
	char text[CIVIL_TEXT_LEN];

	return json_string(civil_format(seconds, text));
}

static int append(const char *text, size_t len, void *out)
{
	out_bytes(out, text, len);
	return ((struct out *)out)->failed ? -1 : 0;
}

/* Not json_dumps(), which leaves a member's name out when there is no memory for it. */
enum cella_status json_write(const json_t *json, bool indented, char **text,
			     struct cella_error *err)
{
	struct out out CLEANUP(out_done) = { 0 };

	if (json_dump_callback(json, append, &out,
			       indented ? JSON_INDENT(2) : JSON_COMPACT) != 0)
		return error_nomem(err);
	return out_take_text(&out, text, err);
}
