/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a subscription key.
 */
#include "cli/pcs_key.h"

#include "base/encode.h"
#include "fetch/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_FILE_MAX = 4096 };

static void wipe_done(struct out *out)
{
	if (out->data != NULL)
		explicit_bzero(out->data, out->len);
	out_done(out);
}

/* Of pipes and the like modes say nothing. */
static enum cella_status check_mode(const char *path, struct cella_error *err)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return CELLA_OK;
	if (stat(path, &st) != 0)
		return error_errno(err, errno, "%s", path);
	if (S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
		return error_set(
			err, CELLA_IO,
			"%s: a subscription key that others may use (mode %04o): "
			"'chmod 600' it",
			path, (unsigned)st.st_mode & 07777);
	return CELLA_OK;
}

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
	struct out bytes CLEANUP(wipe_done) = { 0 };
	struct cella_bytes text;

	TRY(check_mode(path, err));
	TRY(file_read(path, KEY_FILE_MAX, &bytes, err));
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
