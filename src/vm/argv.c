/* SPDX-License-Identifier: Apache-2.0 */
#include "vm/argv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void argv_add(struct argv *argv, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int len;

	if (argv->failed || argv->num_items == ARGV_MAX) {
		argv->failed = true;
		return;
	}
	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		argv->failed = true;
	else
		argv->items[argv->num_items++] = text;
}

enum cella_status argv_status(const struct argv *argv, struct cella_error *err)
{
	if (!argv->failed)
		return CELLA_OK;
	if (argv->num_items == ARGV_MAX)
		return error_set(err, CELLA_LIMIT, "a command of more than %d arguments",
				 ARGV_MAX);
	return error_nomem(err);
}

void argv_done(struct argv *argv)
{
	for (size_t i = 0; i < argv->num_items; i++)
		free(argv->items[i]);
	*argv = (struct argv){ 0 };
}
