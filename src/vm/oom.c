/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's counts of what it killed for memory.
 */
#include "vm/oom.h"

#include "base/number.h"
#include "fetch/files.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 64 << 10, NUMBER_MAX = sizeof "18446744073709551615" };

/* A file's text, or "" where it cannot be read. The caller frees. */
static char *text_of(const char *root, const char *path, const char *file)
{
	struct out text CLEANUP(out_done) = { 0 };
	char whole[PATH_MAX];
	char *out = NULL;

	if (snprintf(whole, sizeof whole, "%s%s%s", root, path, file) >=
		    (int)sizeof whole ||
	    file_read(whole, FILE_MAX, &text, NULL) != CELLA_OK ||
	    out_take_text(&text, &out, NULL) != CELLA_OK)
		return strdup("");
	return out;
}

/* The number in the line "name number". */
static uint64_t number_of(const char *text, const char *name)
{
	const size_t len = strlen(name);
	char digits[NUMBER_MAX];
	uint64_t number = 0;

	for (; *text != '\0'; text += *text == '\n') {
		const size_t line = strcspn(text, "\n");

		if (line > len && strncmp(text, name, len) == 0 && text[len] == ' ') {
			snprintf(digits, sizeof digits, "%.*s", (int)(line - len - 1),
				 text + len + 1);
			if (number_read(digits, UINT64_MAX, &number, name, NULL) ==
			    CELLA_OK)
				return number;
		}
		text += line;
	}
	return 0;
}

static uint64_t number_in(const char *root, const char *path, const char *file)
{
	char *text CLEANUP_FREE = text_of(root, path, file);

	return text != NULL ? number_of(text, "oom_kill") : 0;
}

/* The line "0::/path" of cgroup2. */
static uint64_t own_count(const char *root)
{
	char *text CLEANUP_FREE = text_of(root, "/proc/self/cgroup", "");
	char path[PATH_MAX];
	char *line = text != NULL ? strstr(text, "0::/") : NULL;

	if (line == NULL || (line != text && line[-1] != '\n'))
		return 0;
	line[strcspn(line, "\n")] = '\0';
	if (snprintf(path, sizeof path, "/sys/fs/cgroup%s", line + 3) >= (int)sizeof path)
		return 0;
	return number_in(root, path, "/memory.events");
}

struct oom_count oom_count(const char *root)
{
	return (struct oom_count){
		.own = own_count(root),
		.host = number_in(root, "/proc/vmstat", ""),
	};
}
