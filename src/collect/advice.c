/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors with a remedy.
 */
#include "collect/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *find(const struct advice *table, int sys_errno)
{
	for (; table->sys_errno != 0; table++)
		if (table->sys_errno == sys_errno)
			return table->text;
	return NULL;
}

enum cella_status advise(struct cella_error *err, const struct advice *table,
			 int sys_errno, const char *format, ...)
{
	const char *const text = find(table, sys_errno);
	char where[sizeof err->text];
	va_list args;
	size_t used;

	va_start(args, format);
	vsnprintf(where, sizeof where, format, args);
	va_end(args);
	error_errno(err, sys_errno, "%s", where);
	if (err == NULL || text == NULL)
		return CELLA_IO;
	used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, ": %s", text);
	return CELLA_IO;
}
