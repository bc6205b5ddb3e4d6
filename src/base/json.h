/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259) with nothing left to taste: no duplicate names, no NUL, bounded depth
 * and size; members are read through field tables; signed members are found in the
 * received bytes. The values are jansson's; json_parse.c says why the reader is not.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <string.h>

#include "base/bytes.h"

enum { JSON_MAX_DEPTH = 32, JSON_MAX_LEN = 4 << 20 };

static inline void json_cleanup(json_t **json)
{
	json_decref(*json);
}

#define CLEANUP_JSON CLEANUP(json_cleanup)

/*
 * json_parse() parses a whole document, an object or an array. what names it in errors.
 * The caller owns *out.
 */
enum cella_status json_parse(struct cella_bytes text, const char *what, json_t **out,
			     struct cella_error *err) MUST_CHECK;

/*
 * json_member_span() finds the value of a member of the top-level object in the received
 * bytes, without interpreting it: the bytes that a signature covers. *span is empty when
 * there is no such member. Two members of the name are CELLA_MALFORMED, and so is a
 * top-level name with an escape, which another parser could read as the same.
 */
enum cella_status json_member_span(struct cella_bytes text, const char *name,
				   const char *what, struct cella_bytes *span,
				   struct cella_error *err) MUST_CHECK;

enum json_kind {
	JSON_FIELD_TEXT,   /* const char *: borrowed from the document */
	JSON_FIELD_HEX,    /* uint8_t[size]: exactly 2 * size digits */
	JSON_FIELD_U8,     /* uint8_t */
	JSON_FIELD_U16,    /* uint16_t */
	JSON_FIELD_U32,    /* uint32_t */
	JSON_FIELD_TIME,   /* int64_t: seconds */
	JSON_FIELD_OBJECT, /* const json_t *: borrowed */
	JSON_FIELD_ARRAY,  /* const json_t *: borrowed */
};

/* One row per member: where it goes, what it must be. Members not listed are ignored. */
struct json_field {
	const char *name;
	enum json_kind kind;
	size_t offset;
	size_t size; /* JSON_FIELD_HEX: bytes */
	bool optional;
};

/*
 * json_read() reads the members of an object into a struct. where is the path of the
 * object in errors ("tcb info: tcbLevels[3]"). Optional members that are absent leave
 * their place untouched.
 */
enum cella_status json_read(const json_t *object, const struct json_field *fields,
			    size_t num_fields, void *out, const char *where,
			    struct cella_error *err) MUST_CHECK;

/* json_mutable() lets jansson iterate, whose iterators do not take const documents. */
static inline json_t *json_mutable(const json_t *json)
{
	json_t *same;

	memcpy(&same, &json, sizeof(void *));
	return same;
}

/* json_type_name() names a value's type in errors: "an array". */
const char *json_type_name(const json_t *value);

/* json_check_texts() checks that every element of an array is text. */
enum cella_status json_check_texts(const json_t *array, const char *where,
				   struct cella_error *err) MUST_CHECK;

/*
 * Building: each returns CELLA_NOMEM on failure and steals value in any case, so that
 * one status can be carried through a list of calls.
 */
enum cella_status json_put(json_t *object, const char *name, json_t *value,
			   struct cella_error *err) MUST_CHECK;
enum cella_status json_add(json_t *array, json_t *value,
			   struct cella_error *err) MUST_CHECK;

/* json_hex() and json_hex_reversed_upper() make a text of bytes; NULL when out of memory. */
json_t *json_hex(struct cella_bytes bytes);
json_t *json_hex_reversed_upper(struct cella_bytes bytes);

/* json_time() makes the text of a time. */
json_t *json_time(int64_t seconds);

/* json_write() prints a document, compact or indented, as a string the caller frees. */
enum cella_status json_write(const json_t *json, bool indented, char **text,
			     struct cella_error *err) MUST_CHECK;

#endif
