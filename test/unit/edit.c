/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Editing JSON by path.
 */
#include "edit.h"

#include "support.h"

#include <stdlib.h>

static json_t *step(json_t *value, const char *key)
{
	if (json_is_array(value))
		return json_array_get(value, strtoul(key, NULL, 10));
	return json_object_get(value, key);
}

/* Cuts path at its last dot; returns the value before it. */
static json_t *parent_of(json_t *root, char *path, const char **last)
{
	json_t *value = root;
	char *key = path;
	char *dot;

	while ((dot = strchr(key, '.')) != NULL) {
		*dot = '\0';
		value = step(value, key);
		if (value == NULL)
			fail_msg("no such place: %s", key);
		key = dot + 1;
	}
	*last = key;
	return value;
}

static int set_element(json_t *array, size_t index, json_t *value)
{
	if (value == NULL)
		return json_array_remove(array, index);
	return index == json_array_size(array) ? json_array_append_new(array, value)
					       : json_array_set_new(array, index, value);
}

void edit_set(json_t *root, const char *path, json_t *value)
{
	char *const copy = strdup(path);
	const char *last;
	json_t *const parent = parent_of(root, copy, &last);

	if (json_is_array(parent))
		CHECK_INT(0, set_element(parent, strtoul(last, NULL, 10), value));
	else if (value != NULL)
		CHECK_INT(0, json_object_set_new(parent, last, value));
	else
		CHECK_INT(0, json_object_del(parent, last));
	free(copy);
}

json_t *edit_get(json_t *root, const char *path)
{
	char *const copy = strdup(path);
	const char *last;
	json_t *const parent = parent_of(root, copy, &last);
	json_t *const value = step(parent, last);

	if (value == NULL)
		fail_msg("no such place: %s", path);
	free(copy);
	return value;
}

json_t *edit_parse(const char *text, size_t len)
{
	json_error_t failure;
	json_t *const root = json_loadb(text, len, JSON_DECODE_ANY, &failure);

	if (root == NULL)
		fail_msg("%s: %s", failure.text, text);
	return root;
}

char *edit_dump(const json_t *root)
{
	char *const text = json_dumps(root, JSON_COMPACT);

	assert_non_null(text);
	return text;
}

char *edit_text(const char *text, size_t len, const char *path, const char *value)
{
	json_t *const root = edit_parse(text, len);
	char *edited;

	edit_set(root, path, value != NULL ? edit_parse(value, strlen(value)) : NULL);
	edited = edit_dump(root);
	json_decref(root);
	return edited;
}
