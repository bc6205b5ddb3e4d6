/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeping: theory of operation.
 *
 * A content that was replaced, or whose writer died before its record was there, is named
 * by no record. One process a day collects the names out of all records and unlinks the
 * contents that are not among them. It holds the file "sweep" locked alone meanwhile;
 * writers share that lock from before they write a content until its record is there, so
 * none is between the two. Contents younger than an hour stay all the same, for writers
 * that had to do without the lock. Doubt ends a sweep: a folder that cannot be read to its
 * end, or a record that cannot be read.
 *
 * Readers hold no lock. One that has read a record whose content goes meanwhile reads the
 * record again.
 */
#include "fetch/cache_sweep.h"

#include "base/close.h"
#include "fetch/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/file.h>
#include <sys/stat.h>

enum {
	LEFTOVER_S = 3600,
	EVERY_S = 86400,
	ENTER_MS = 2000,
	POLL_MS = 15,
	NAME_LEN = 100,
	RECORD_MAX = 8192,
	HASH_LEN = 64,
	SCAN_MAX = 100000,
};

static const char lock_name[] = "sweep";

void cache_leave(const int *fd)
{
	close_fd(fd);
}

static int open_lock(int dir)
{
	return openat(dir, lock_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

int cache_enter(int dir)
{
	const int64_t deadline_ms = clock_ms() + ENTER_MS;
	int fd = open_lock(dir);

	while (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) ||
		    clock_ms() >= deadline_ms) {
			close(fd);
			fd = -1;
		} else {
			clock_wait_ms(POLL_MS);
		}
	}
	return fd;
}

/* Calls fn for each file of a folder; false when it has not seen all, or fn was false. */
static bool for_each(int dir, const char *folder,
		     bool (*fn)(int dir, const char *name, void *), void *context)
{
	const int fd = openat(dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *const stream = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry = NULL;
	bool all = true;

	if (stream == NULL) {
		cache_leave(&fd);
		return false;
	}
	for (size_t i = 0; all; i++) {
		char name[NAME_LEN];
		int len;

		errno = 0;
		entry = readdir(stream);
		if (entry == NULL || i >= SCAN_MAX)
			break;
		if (entry->d_name[0] == '.')
			continue;
		len = snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
		/* A name that is too long is none of ours. */
		all = (size_t)len >= sizeof name || fn(dir, name, context);
	}
	all = all && entry == NULL && errno == 0;
	closedir(stream);
	return all;
}

/* --- names in records ---------------------------------------------------------------- */

/* Reads a record's beginning; false when it cannot be read. */
static bool read_record(int dir, const char *name, char text[RECORD_MAX + 1], size_t *len)
{
	const int fd CLEANUP_CLOSE = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	*len = 0;
	if (fd < 0)
		return errno == ENOENT || errno == ELOOP;
	while (*len < RECORD_MAX) {
		const ssize_t got = read(fd, text + *len, RECORD_MAX - *len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		*len += (size_t)got;
	}
	return true;
}

/* A broken record counts as well: it may be repaired by the next to ask. */
static bool note_name(int dir, const char *name, void *context)
{
	static const char line[] = "\nobject ";
	struct out *const names = context;
	char text[RECORD_MAX + 1];
	const char *at;
	size_t len = 0;

	if (!read_record(dir, name, text, &len))
		return false;
	at = memmem(text, len, line, sizeof line - 1);
	if (at != NULL && (size_t)(text + len - at) >= sizeof line - 1 + HASH_LEN)
		out_bytes(names, at + sizeof line - 1, HASH_LEN);
	return !names->failed;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, HASH_LEN);
}

/* --- removing ------------------------------------------------------------------------ */

struct sweep {
	struct out names; /* of HASH_LEN each, sorted */
	int64_t now;
};

static bool is_old(int dir, const char *name, int64_t now)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_mtime + LEFTOVER_S < now;
}

static bool drop_unnamed(int dir, const char *name, void *context)
{
	const struct sweep *const sweep = context;
	const char *const hash = strchr(name, '/') + 1;

	if (strlen(hash) == HASH_LEN &&
	    (sweep->names.len == 0 ||
	     bsearch(hash, sweep->names.data, sweep->names.len / HASH_LEN, HASH_LEN,
		     compare) == NULL) &&
	    is_old(dir, name, sweep->now))
		(void)unlinkat(dir, name, 0);
	return true;
}

static bool drop_leftover(int dir, const char *name, void *context)
{
	const int64_t *const now = context;

	if (is_old(dir, name, *now))
		(void)unlinkat(dir, name, 0);
	return true;
}

void cache_drop_leftovers(int dir, int64_t now)
{
	(void)for_each(dir, "tmp", drop_leftover, &now);
}

static void sweep_alone(int dir, int64_t now)
{
	struct sweep sweep = { .now = now };

	if (for_each(dir, "records", note_name, &sweep.names)) {
		if (sweep.names.len > 0)
			qsort(sweep.names.data, sweep.names.len / HASH_LEN, HASH_LEN,
			      compare);
		(void)for_each(dir, "objects", drop_unnamed, &sweep);
	}
	out_done(&sweep.names);
}

/* The lock's own time says when the last sweep was; one from the future is no time. */
static bool is_due(int fd, int64_t now)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (st.st_mtime + EVERY_S <= now || st.st_mtime > now + LEFTOVER_S);
}

void cache_sweep(int dir, int64_t now)
{
	const int fd CLEANUP_CLOSE = open_lock(dir);

	if (fd < 0 || !is_due(fd, now) || flock(fd, LOCK_EX | LOCK_NB) != 0)
		return;
	/* Another may have swept before it let go. */
	if (!is_due(fd, now) || futimens(fd, NULL) != 0)
		return;
	sweep_alone(dir, now);
}
