/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: three readers, one meaning. cella's says what jansson's says; and the bytes of a
 * member that a signature covers are the value under its name.
 */
#include "fuzz.h"

static void check_spans(struct cella_bytes text, json_t *object)
{
	for (void *at = json_object_iter(object); at != NULL;
	     at = json_object_iter_next(object, at)) {
		struct cella_bytes span = { 0 };
		json_t *value;

		if (json_member_span(text, json_object_iter_key(at), "", &span, NULL) !=
		    CELLA_OK)
			return; /* stricter than the parser: no escapes in names */
		MUST(fuzz_inside(span, text.data, text.len) && span.len > 0);
		value = json_loadb((const char *)span.data, span.len, JSON_DECODE_ANY,
				   NULL);
		MUST(value != NULL && json_equal(value, json_object_iter_value(at)));
		json_decref(value);
	}
}

/*
 * jansson knows no limit for numbers, a higher one for nesting, and steps over zero bytes
 * as if there were none.
 */
static void check_jansson(struct cella_bytes text, const json_t *json,
			  const struct cella_error *err)
{
	if (text.len == 0)
		return;
	json_t *const other = json_loadb((const char *)text.data, text.len,
					 JSON_REJECT_DUPLICATES, NULL);

	if (err->status != CELLA_LIMIT && memchr(text.data, 0, text.len) == NULL)
		MUST((json == NULL) == (other == NULL));
	if (json != NULL)
		MUST(json_equal(json, other));
	json_decref(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cella_bytes text = bytes_of(data, size);
	json_t *json CLEANUP_JSON = NULL;
	json_t *again CLEANUP_JSON = NULL;
	struct cella_error err = { 0 };
	char *written = NULL;

	const bool failed =
		fuzz_failed(json_parse(text, "text", &json, &err), &err, size);

	check_jansson(text, json, &err);
	if (failed)
		return 0;
	check_spans(text, json);
	MUST(json_write(json, true, &written, NULL) == CELLA_OK);
	MUST(json_parse(bytes_of(written, strlen(written)), "", &again, NULL) ==
	     CELLA_OK);
	MUST(json_equal(json, again));
	cella_free(written);
	return 0;
}
