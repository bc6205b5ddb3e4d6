/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: fixed-size texts, written once at the place of failure, prefixed on the way up.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const status_names[] = {
	[CELLA_OK] = "ok",
	[CELLA_MALFORMED] = "malformed",
	[CELLA_UNSUPPORTED] = "unsupported",
	[CELLA_MISSING] = "missing",
	[CELLA_LIMIT] = "limit",
	[CELLA_IO] = "io",
	[CELLA_NOMEM] = "nomem",
	[CELLA_USAGE] = "usage",
	[CELLA_INTERNAL] = "internal",
};
_Static_assert(ARRAY_LEN(status_names) == CELLA_INTERNAL + 1, "a name per status");

const char *cella_status_name(enum cella_status status)
{
	if ((size_t)status >= ARRAY_LEN(status_names))
		return "unknown";
	return status_names[status];
}

const char *cella_version(void)
{
	return CELLA_VERSION;
}

void cella_free(void *memory)
{
	free(memory);
}

/* Foreign strings may reach a text: control characters would let them forge output. */
static void blunt(char *text)
{
	for (; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			*text = '?';
	}
}

static void fill(struct cella_error *err, enum cella_status status, const char *format,
		 va_list args)
{
	memset(err, 0, sizeof *err);
	err->status = status;
	if (vsnprintf(err->text, sizeof err->text, format, args) < 0)
		err->text[0] = '\0';
	blunt(err->text);
}

enum cella_status error_set(struct cella_error *err, enum cella_status status,
			    const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return status;
	va_start(args, format);
	fill(err, status, format, args);
	va_end(args);
	return status;
}

enum cella_status error_at(struct cella_error *err, enum cella_status status,
			   size_t offset, const char *format, ...)
{
	va_list args;

	if (err == NULL)
		return status;
	va_start(args, format);
	fill(err, status, format, args);
	va_end(args);
	err->offset = offset;
	return status;
}

enum cella_status error_errno(struct cella_error *err, int sys_errno, const char *format,
			      ...)
{
	va_list args;
	char reason[80] = "";
	size_t used;

	if (err == NULL)
		return CELLA_IO;
	va_start(args, format);
	fill(err, CELLA_IO, format, args);
	va_end(args);
	err->sys_errno = sys_errno;
	used = strlen(err->text);
	/* The GNU form returns the text; it may or may not use the buffer. */
	snprintf(err->text + used, sizeof err->text - used, ": %s",
		 strerror_r(sys_errno, reason, sizeof reason));
	return CELLA_IO;
}

enum cella_status error_nomem(struct cella_error *err)
{
	return error_set(err, CELLA_NOMEM, "out of memory");
}

void error_prefix(struct cella_error *err, const char *format, ...)
{
	struct cella_error old;
	va_list args;
	size_t used;

	if (err == NULL)
		return;
	old = *err;
	va_start(args, format);
	fill(err, old.status, format, args);
	va_end(args);
	err->sys_errno = old.sys_errno;
	err->offset = old.offset;
	used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, ": %s", old.text);
}
