/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a subscription key.
 */
#include "cli/pcs_key.h"

#include "base/encode.h"
#include "cli/secret_file.h"

#include <string.h>

enum { KEY_FILE_MAX = 4096 };

/* It goes into a header: what else could stand there is no key. */
static bool is_key(struct cella_bytes text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	for (size_t i = 0; i < text.len; i++)
		if (memchr(allowed, text.data[i], sizeof allowed - 1) == NULL)
			return false;
	return text.len > 0 && text.len <= REQUEST_KEY_MAX;
}

enum cella_status pcs_key_read(const char *path, char out[REQUEST_KEY_MAX + 1],
			       struct cella_error *err)
{
	struct out bytes CLEANUP(secret_done) = { 0 };
	struct cella_bytes text;

	TRY(secret_read(path, "a subscription key", KEY_FILE_MAX, &bytes, err));
	text = text_trim(out_view(&bytes));
	if (!is_key(text))
		return error_set(
			err, CELLA_MALFORMED,
			"%s: expected a subscription key alone: up to %d letters, "
			"digits, '-' and '_'",
			path, REQUEST_KEY_MAX);
	memcpy(out, text.data, text.len);
	out[text.len] = '\0';
	return CELLA_OK;
}
