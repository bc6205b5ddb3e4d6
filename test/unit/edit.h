/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Editing JSON by path, for documents that are wrong in one place.
 */
#ifndef TEST_EDIT_H
#define TEST_EDIT_H

#include <jansson.h>

/*
 * edit_set() puts a value at a path like "tcbLevels.0.tcb.pcesvn" and takes it over; NULL
 * takes the member or element away. An index equal to the array's length appends.
 */
void edit_set(json_t *root, const char *path, json_t *value);

/* edit_get() borrows the value at a path; a failure of the test when there is none. */
json_t *edit_get(json_t *root, const char *path);

/* edit_parse() parses a text that must be good; edit_dump() writes compactly, to be freed. */
json_t *edit_parse(const char *text, size_t len);
char *edit_dump(const json_t *root);

/* edit_text() sets the value at a path, given as JSON, NULL for none, and dumps. */
char *edit_text(const char *text, size_t len, const char *path, const char *value);

#endif
