/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries of configfs's tsm/rtmrs.
 */
#include "collect/rtmr_configfs.h"

#include "base/close.h"
#include "base/number.h"
#include "collect/advice.h"
#include "evidence/event_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ENTRY_PATH_MAX = 4096,
	ENTRIES_MAX = 64,
	INDEX_TEXT_MAX = 16,
	ATTEMPTS = 2, /* to make an entry, while others make theirs */
};

static const struct advice entry_advice[] = {
	{ EACCES, "run it as root" },
	{ EPERM, "run it as root" },
	{ ENXIO, "no driver has registered: modprobe tdx_guest" },
	{ ENOTTY, "no driver has registered: modprobe tdx_guest" },
	{ EROFS, "it is mounted read-only" },
	{ 0, NULL },
};

static void close_folder(DIR **folder)
{
	if (*folder != NULL)
		closedir(*folder);
}

/* --- files --------------------------------------------------------------------------- */

/* A pipe in the file's place would wait: only plain files are read. -1: no such text. */
static ssize_t read_file(const char *entry, const char *name, void *buffer, size_t len)
{
	char path[ENTRY_PATH_MAX];
	struct stat st;

	if (snprintf(path, sizeof path, "%s/%s", entry, name) >= ENTRY_PATH_MAX)
		return -1;
	const int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return -1;
	return pread(fd, buffer, len, 0);
}

/* Nothing in it takes long: the host is not asked. */
static enum cella_status write_file(const char *entry, const char *name,
				    struct cella_bytes bytes, struct cella_error *err)
{
	char path[ENTRY_PATH_MAX];
	ssize_t put;

	if (snprintf(path, sizeof path, "%s/%s", entry, name) >= ENTRY_PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%s: path is too long", entry);
	const int fd CLEANUP_CLOSE = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return advise(err, entry_advice, errno, "%s", path);
	put = write(fd, bytes.data, bytes.len);
	if (put < 0)
		return advise(err, entry_advice, errno, "%s", path);
	if ((size_t)put != bytes.len)
		return error_set(err, CELLA_IO, "%s: took %zd of %zu bytes", path, put,
				 bytes.len);
	return CELLA_OK;
}

static bool read_digest(const char *entry, uint8_t out[SHA384_LEN])
{
	return read_file(entry, "digest", out, SHA384_LEN) == SHA384_LEN;
}

/* --- entries ------------------------------------------------------------------------- */

/* An entry that has no register yet tells none. */
static bool is_of_register(const char *entry, unsigned reg)
{
	char text[INDEX_TEXT_MAX + 1] = "";
	uint64_t index = 0;

	if (read_file(entry, "index", text, INDEX_TEXT_MAX) <= 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return number_read(text, UINT32_MAX, &index, "index", NULL) == CELLA_OK &&
	       index == reg;
}

static bool find_entry(const char *folder, unsigned reg, char out[ENTRY_PATH_MAX])
{
	DIR *entries CLEANUP(close_folder) = opendir(folder);

	for (size_t i = 0; entries != NULL && i < ENTRIES_MAX; i++) {
		const struct dirent *const entry = readdir(entries);

		if (entry == NULL)
			return false;
		if (entry->d_name[0] != '.' &&
		    snprintf(out, ENTRY_PATH_MAX, "%s/%s", folder, entry->d_name) <
			    ENTRY_PATH_MAX &&
		    is_of_register(out, reg))
			return true;
	}
	return false;
}

/* Somebody else may make one at the same time: then that one is it. */
static enum cella_status make_entry(const char *folder, unsigned reg,
				    char out[ENTRY_PATH_MAX], struct cella_error *err)
{
	char text[INDEX_TEXT_MAX];
	const int len = snprintf(text, sizeof text, "%u", reg);

	if (snprintf(out, ENTRY_PATH_MAX, "%s/rtmr%u-cella", folder, reg) >=
	    ENTRY_PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%s: path is too long", folder);
	if (mkdir(out, 0700) != 0 && errno != EEXIST)
		return advise(err, entry_advice, errno, "mkdir %s", out);
	return write_file(out, "index", bytes_of(text, (size_t)len), err);
}

static enum cella_status get_entry(const char *folder, unsigned reg,
				   char out[ENTRY_PATH_MAX], struct cella_error *err)
{
	enum cella_status status = CELLA_OK;

	for (size_t i = 0; i < ATTEMPTS; i++) {
		struct cella_error why = { 0 };

		if (find_entry(folder, reg, out))
			return CELLA_OK;
		status = make_entry(folder, reg, out, &why);
		if (status == CELLA_OK)
			return CELLA_OK;
		if (i + 1 == ATTEMPTS && err != NULL)
			*err = why;
	}
	return status;
}

/* --- registers ----------------------------------------------------------------------- */

bool rtmr_configfs_read(const char *folder, unsigned reg, uint8_t out[SHA384_LEN])
{
	char entry[ENTRY_PATH_MAX];

	return find_entry(folder, reg, entry) && read_digest(entry, out);
}

static enum cella_status check_extended(const char *entry,
					const uint8_t before[SHA384_LEN],
					const uint8_t digest[SHA384_LEN],
					struct cella_error *err)
{
	uint8_t expected[SHA384_LEN];
	uint8_t after[SHA384_LEN];

	memcpy(expected, before, sizeof expected);
	TRY(register_extend(CELLA_HASH_SHA384, expected, SHA384_LEN, digest, err));
	if (!read_digest(entry, after))
		return error_set(err, CELLA_IO, "%s/digest: cannot be read any more",
				 entry);
	if (memcmp(after, expected, SHA384_LEN) == 0)
		return CELLA_OK;
	return error_set(err, CELLA_IO, "%s/digest: %s", entry,
			 memcmp(after, before, SHA384_LEN) == 0
				 ? "the kernel did not take the digest"
				 : "somebody else extends this register at the same "
				   "time");
}

enum cella_status rtmr_configfs_extend(const char *folder, unsigned reg,
				       const uint8_t digest[SHA384_LEN],
				       struct cella_error *err)
{
	char entry[ENTRY_PATH_MAX];
	uint8_t before[SHA384_LEN];

	TRY(get_entry(folder, reg, entry, err));
	if (!read_digest(entry, before))
		return error_set(err, CELLA_IO, "%s/digest: has no register's %d bytes",
				 entry, SHA384_LEN);
	TRY(write_file(entry, "digest", bytes_of(digest, SHA384_LEN), err));
	return check_extended(entry, before, digest, err);
}
