/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tsm/rtmrs: an entry is tied to a register once, and a register to one entry.
 */
#include "rtmrs.h"

#include "base/number.h"
#include "collect/rtmr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ENTRIES_MAX = 8, NAME_MAX_LEN = 60, NUM_REGISTERS = 4, LIVE_REGISTER = 3 };

static const char root[] = "/tsm/rtmrs";

static const struct {
	const char *name;
	mode_t mode;
} files[] = { { "index", 0644 }, { "digest", 0600 }, { "tcg_map", 0444 } };

static struct entry {
	char name[NAME_MAX_LEN + 1]; /* "": not there */
	int index;                   /* -1: of no register yet */
} entries[ENTRIES_MAX];

bool rtmrs_owns(struct standin *standin, const char *path)
{
	return path != NULL && strncmp(path, root, strlen(root)) == 0 &&
	       standin_fault(standin, "rtmrs") != NULL;
}

/* "/tsm/rtmrs/NAME[/FILE]": the entry, and the file's name or "". */
static struct entry *find(const char *path, const char **file)
{
	const char *const name = path + strlen(root) + 1;
	const size_t len = strcspn(name, "/");

	*file = name[len] == '/' ? name + len + 1 : "";
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		if (len > 0 && strlen(entries[i].name) == len &&
		    memcmp(entries[i].name, name, len) == 0)
			return &entries[i];
	return NULL;
}

int rtmrs_stat(const char *path, struct stat *out)
{
	const char *file = "";

	*out = (struct stat){ .st_mode = S_IFDIR | 0755, .st_nlink = 2 };
	if (strcmp(path, root) == 0)
		return 0;
	if (find(path, &file) == NULL)
		return -ENOENT;
	if (*file == '\0')
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (strcmp(files[i].name, file) == 0) {
			*out = (struct stat){ .st_mode = S_IFREG | files[i].mode,
					      .st_nlink = 1 };
			return 0;
		}
	}
	return -ENOENT;
}

int rtmrs_mkdir(const char *path)
{
	const char *const name = path + strlen(root) + 1;
	const char *file = "";

	if (find(path, &file) != NULL)
		return -EEXIST;
	if (strchr(name, '/') != NULL || strlen(name) > NAME_MAX_LEN)
		return -EPERM;
	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		if (entries[i].name[0] == '\0') {
			snprintf(entries[i].name, sizeof entries[i].name, "%s", name);
			entries[i].index = -1;
			return 0;
		}
	}
	return -ENOSPC;
}

int rtmrs_rmdir(const char *path)
{
	const char *file = "";
	struct entry *const entry = find(path, &file);

	if (entry == NULL || *file != '\0')
		return -EPERM;
	entry->name[0] = '\0';
	return 0;
}

const char *rtmrs_name(const char *path, size_t number)
{
	if (strcmp(path, root) != 0)
		return number < ARRAY_LEN(files) ? files[number].name : NULL;
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		if (entries[i].name[0] != '\0' && number-- == 0)
			return entries[i].name;
	return NULL;
}

static int read_digest(const struct standin *standin, const struct entry *entry,
		       struct out *out)
{
	const struct rtmr_place place = { .sysroot = "", .sim_dir = standin->platform };
	uint8_t value[SHA384_LEN] = { 0 };
	struct cella_error err = { 0 };
	bool known = false;

	if (entry->index < 0)
		return -ENXIO;
	if (entry->index == LIVE_REGISTER &&
	    rtmr3_read(&place, &known, value, &err) != CELLA_OK)
		return -EIO;
	out_bytes(out, value, sizeof value);
	return 0;
}

int rtmrs_read(const struct standin *standin, const char *path, struct out *out)
{
	const char *file = "";
	const struct entry *const entry = find(path, &file);

	if (entry == NULL)
		return -ENODEV;
	if (strcmp(file, "digest") == 0)
		return read_digest(standin, entry, out);
	if (entry->index < 0)
		return -ENXIO;
	if (strcmp(file, "index") == 0)
		out_format(out, "%d\n", entry->index);
	else
		out_text(out, "\n");
	return 0;
}

static bool is_taken(uint64_t index)
{
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		if (entries[i].name[0] != '\0' && entries[i].index == (int)index)
			return true;
	return false;
}

int rtmrs_write(const char *path, struct cella_bytes bytes)
{
	const char *file = "";
	struct entry *const entry = find(path, &file);
	char text[16] = "";
	uint64_t index = 0;

	if (entry == NULL || strcmp(file, "index") != 0 || bytes.len >= sizeof text)
		return -EACCES;
	if (entry->index >= 0)
		return -EBUSY;
	memcpy(text, bytes.data, bytes.len);
	text[strcspn(text, "\n")] = '\0';
	if (number_read(text, NUM_REGISTERS - 1, &index, "index", NULL) != CELLA_OK ||
	    is_taken(index))
		return -EINVAL;
	entry->index = (int)index;
	return 0;
}

void rtmrs_close(struct standin *standin, const char *path, struct cella_bytes bytes)
{
	const struct rtmr_place place = { .sysroot = "", .sim_dir = standin->platform };
	static const uint8_t others[SHA384_LEN] = { 0x55 };
	const char *file = "";
	const struct entry *const entry = find(path, &file);
	const char *how = NULL;
	struct cella_error err = { 0 };

	if (entry == NULL || strcmp(file, "digest") != 0 || bytes.len != SHA384_LEN ||
	    entry->index != LIVE_REGISTER || standin_strikes(standin, "digest-lost"))
		return;
	if (rtmr3_extend(&place, bytes.data, &how, &err) != CELLA_OK ||
	    (standin_strikes(standin, "digest-races") &&
	     rtmr3_extend(&place, others, &how, &err) != CELLA_OK))
		fprintf(stderr, "standin-tsm: %s\n", err.text);
}
