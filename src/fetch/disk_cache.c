/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache: theory of operation.
 *
 * A writer makes a file in tmp/, flushes it, and renames it to its place; first the
 * content, then the record that names it. A rename is atomic, so a reader sees the old
 * record or the new one. Contents that no record names any more are swept later
 * (cache_sweep.c); a reader whose record's content is gone reads the record again. What a
 * writer that died left in tmp/ is unlinked by a later one.
 *
 * Locks are files that are never unlinked, one a question, so that all processes lock the
 * same one; the kernel releases the locks of the dead.
 */
#include "fetch/disk_cache.h"

#include "base/civil.h"
#include "base/close.h"
#include "base/encode.h"
#include "base/number.h"
#include "crypto/crypto.h"
#include "crypto/private_key.h"
#include "fetch/cache_sweep.h"
#include "fetch/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/file.h>
#include <sys/stat.h>

enum {
	RECORD_MAX = 8192,
	CONTENT_MAX = 2 << 20,
	HASH_TEXT_LEN = 2 * SHA256_LEN + 1,
	NAME_LEN = 100, /* "objects/<hash>" */
	LOCK_POLL_MS = 15,
	FIND_TRIES = 2, /* a record may be replaced while it is read */
};

static const char record_head[] = "cella-cache 1";

struct disk_cache {
	int dir;
	char path[];
};

/* --- opening ------------------------------------------------------------------------- */

/* Makes a folder and those above it; an existing one is fine. */
static void make_folders(const char *path)
{
	char *copy CLEANUP_FREE = strdup(path);

	for (char *slash = copy; slash != NULL;) {
		slash = strchr(slash + 1, '/');
		if (slash != NULL)
			*slash = '\0';
		(void)mkdir(copy, 0700);
		if (slash != NULL)
			*slash = '/';
	}
}

/* Whoever can write here could bring back documents that are signed, but of yesterday. */
static enum cella_status check_owner(int dir, const char *path, struct cella_error *err)
{
	struct stat st;

	if (fstat(dir, &st) != 0)
		return error_errno(err, errno, "%s", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return error_set(err, CELLA_IO, "%s: belongs to user %u", path,
				 (unsigned)st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(err, CELLA_IO,
				 "%s: others may write to it (mode %04o): "
				 "'chmod go-w' it",
				 path, (unsigned)st.st_mode & 07777);
	return CELLA_OK;
}

static int open_folder(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Whoever only reads makes none; an existing one is fine. */
static void make_inside(const struct disk_cache *cache)
{
	static const char *const folders[] = { "objects", "records", "locks", "tmp" };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		(void)mkdirat(cache->dir, folders[i], 0700);
}

enum cella_status disk_cache_open(const char *path, bool make, struct disk_cache **out,
				  struct cella_error *err)
{
	int dir CLEANUP_CLOSE = open_folder(path);
	struct disk_cache *cache;

	if (dir < 0 && errno == ENOENT && make) {
		make_folders(path);
		dir = open_folder(path);
	}
	if (dir < 0)
		return error_errno(err, errno, "%s", path);
	TRY(check_owner(dir, path, err));
	cache = malloc(sizeof *cache + strlen(path) + 1);
	if (cache == NULL)
		return error_nomem(err);
	memcpy(cache->path, path, strlen(path) + 1);
	cache->dir = dir;
	dir = -1;
	*out = cache;
	return CELLA_OK;
}

void disk_cache_close(struct disk_cache *cache)
{
	if (cache == NULL)
		return;
	close(cache->dir);
	free(cache);
}

/* --- files --------------------------------------------------------------------------- */

static enum cella_status digest_text(struct cella_bytes bytes, char text[HASH_TEXT_LEN],
				     struct cella_error *err)
{
	uint8_t hash[SHA256_LEN];

	TRY(crypto_sha256(bytes, hash, err));
	hex_format(bytes_of(hash, sizeof hash), text);
	return CELLA_OK;
}

static enum cella_status name_of(const char *folder, const char *key, char name[NAME_LEN],
				 struct cella_error *err)
{
	char hash[HASH_TEXT_LEN];

	TRY(digest_text(bytes_of(key, strlen(key)), hash, err));
	snprintf(name, NAME_LEN, "%s/%s", folder, hash);
	return CELLA_OK;
}

/* *found is false when there is no such file, or one that is too long to be ours. */
static enum cella_status read_whole(const struct disk_cache *cache, const char *name,
				    size_t max_len, struct out *out, bool *found,
				    struct cella_error *err)
{
	const int fd CLEANUP_CLOSE =
		openat(cache->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t buffer[16384];

	*found = false;
	if (fd < 0 && (errno == ENOENT || errno == ELOOP))
		return CELLA_OK;
	if (fd < 0)
		return error_errno(err, errno, "%s/%s", cache->path, name);
	for (;;) {
		const ssize_t got = read(fd, buffer, sizeof buffer);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, errno, "%s/%s", cache->path, name);
		if (got == 0)
			break;
		if ((size_t)got > max_len - out->len)
			return CELLA_OK;
		out_bytes(out, buffer, (size_t)got);
	}
	*found = true;
	return out_status(out, err);
}

static enum cella_status write_whole(int fd, struct cella_bytes bytes, const char *path,
				     struct cella_error *err)
{
	while (bytes.len > 0) {
		const ssize_t put = write(fd, bytes.data, bytes.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return error_errno(err, errno, "%s", path);
		bytes = bytes_slice(bytes, (size_t)put, bytes.len - (size_t)put);
	}
	return fsync(fd) == 0 ? CELLA_OK : error_errno(err, errno, "%s", path);
}

/* The new name must be on disk before something refers to it. */
static enum cella_status flush_folder(const struct disk_cache *cache, const char *name,
				      struct cella_error *err)
{
	char folder[NAME_LEN];
	int fd CLEANUP_CLOSE = -1;

	snprintf(folder, sizeof folder, "%.*s", (int)strcspn(name, "/"), name);
	fd = openat(cache->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
		return error_errno(err, errno, "%s/%s", cache->path, folder);
	return CELLA_OK;
}

static enum cella_status replace(const struct disk_cache *cache, const char *name,
				 struct cella_bytes bytes, struct cella_error *err)
{
	uint8_t chance[SHA256_LEN / 2];
	char text[2 * sizeof chance + 1];
	char beside[NAME_LEN];
	enum cella_status status;
	int fd CLEANUP_CLOSE = -1;

	TRY(random_bytes(chance, sizeof chance, err));
	snprintf(beside, sizeof beside, "tmp/%s",
		 hex_format(bytes_of(chance, sizeof chance), text));
	fd = openat(cache->dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, errno, "%s/tmp", cache->path);
	status = write_whole(fd, bytes, cache->path, err);
	if (status == CELLA_OK && renameat(cache->dir, beside, cache->dir, name) != 0)
		status = error_errno(err, errno, "%s/%s", cache->path, name);
	if (status != CELLA_OK) {
		unlinkat(cache->dir, beside, 0);
		return status;
	}
	return flush_folder(cache, name, err);
}

/* --- records ------------------------------------------------------------------------- */

/* A record: lines "<name> <value>", the last of which is the digest of those before it. */
struct record {
	char object[HASH_TEXT_LEN];
	size_t len;
};

static enum cella_status write_record(const char *key, const struct cache_entry *entry,
				      const char *object, struct out *out,
				      struct cella_error *err)
{
	char fetched[CIVIL_TEXT_LEN];
	char stale[CIVIL_TEXT_LEN];
	char expires[CIVIL_TEXT_LEN];
	char digest[HASH_TEXT_LEN];

	out_format(out,
		   "%s\nkey %s\nsource %s\nobject %s\nlength %zu\nfetched %s\n"
		   "stale %s\nexpires %s\n",
		   record_head, key, entry->source, object, entry->response.len,
		   civil_format(entry->fetched, fetched),
		   civil_format(entry->stale, stale),
		   civil_format(entry->expires, expires));
	TRY(out_status(out, err));
	TRY(digest_text(out_view(out), digest, err));
	out_format(out, "sha256 %s\n", digest);
	return out_status(out, err);
}

/* Takes the next line if it has this name; NULL otherwise. */
static const char *next_value(char **rest, const char *name)
{
	const size_t len = strlen(name);
	char *const line = strsep(rest, "\n");

	if (line == NULL || strncmp(line, name, len) != 0 || line[len] != ' ')
		return NULL;
	return line + len + 1;
}

static bool read_time(char **rest, const char *name, int64_t *out)
{
	const char *const value = next_value(rest, name);

	return value != NULL &&
	       civil_read(bytes_of(value, strlen(value)), out, name, NULL) == CELLA_OK;
}

/* The last line is the digest of all before it, which is text. */
static bool has_good_digest(struct cella_bytes text)
{
	static const size_t tail_len = sizeof "sha256 " - 1 + HASH_TEXT_LEN;
	char tail[sizeof "sha256 " + HASH_TEXT_LEN];
	char digest[HASH_TEXT_LEN];

	if (text.len <= tail_len || digest_text(bytes_slice(text, 0, text.len - tail_len),
						digest, NULL) != CELLA_OK)
		return false;
	snprintf(tail, sizeof tail, "sha256 %s\n", digest);
	return memcmp(text.data + text.len - tail_len, tail, tail_len) == 0;
}

static bool parse_record(char *text, const char *key, struct record *record,
			 struct cache_entry *entry)
{
	char *rest = text;
	const char *const head = strsep(&rest, "\n");
	const char *const its_key = next_value(&rest, "key");
	const char *const source = next_value(&rest, "source");
	const char *const object = next_value(&rest, "object");
	const char *const len = next_value(&rest, "length");
	uint64_t number = 0;

	if (strcmp(head, record_head) != 0 || its_key == NULL || source == NULL ||
	    object == NULL || len == NULL || strcmp(its_key, key) != 0 ||
	    strlen(source) > CACHE_SOURCE_MAX ||
	    strlen(object) != sizeof record->object - 1 || strchr(object, '/') != NULL ||
	    number_read(len, CONTENT_MAX, &number, "length", NULL) != CELLA_OK ||
	    !read_time(&rest, "fetched", &entry->fetched) ||
	    !read_time(&rest, "stale", &entry->stale) ||
	    !read_time(&rest, "expires", &entry->expires))
		return false;
	snprintf(record->object, sizeof record->object, "%s", object);
	snprintf(entry->source, sizeof entry->source, "%s", source);
	record->len = (size_t)number;
	return true;
}

static enum cella_status read_record(const struct disk_cache *cache, const char *name,
				     const char *key, struct record *record,
				     struct cache_entry *entry, bool *found,
				     struct cella_error *err)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	char *text CLEANUP_FREE = NULL;

	TRY(read_whole(cache, name, RECORD_MAX, &bytes, found, err));
	if (!*found)
		return CELLA_OK;
	*found = has_good_digest(out_view(&bytes));
	if (!*found)
		return CELLA_OK;
	TRY(out_take_text(&bytes, &text, err));
	*found = parse_record(text, key, record, entry);
	return CELLA_OK;
}

static enum cella_status read_object(const struct disk_cache *cache,
				     const struct record *record, struct out *out,
				     bool *found, struct cella_error *err)
{
	char name[NAME_LEN];
	char digest[HASH_TEXT_LEN];

	snprintf(name, sizeof name, "objects/%s", record->object);
	TRY(read_whole(cache, name, CONTENT_MAX, out, found, err));
	if (!*found)
		return CELLA_OK;
	TRY(digest_text(out_view(out), digest, err));
	*found = out->len == record->len && strcmp(digest, record->object) == 0;
	return CELLA_OK;
}

static enum cella_status find(const struct disk_cache *cache, const char *key,
			      struct cache_entry *out, bool *found,
			      struct cella_error *err)
{
	struct cache_entry entry CLEANUP(cache_entry_done) = { 0 };
	struct record record = { 0 };
	char name[NAME_LEN];
	bool whole = false;

	TRY(name_of("records", key, name, err));
	TRY(read_record(cache, name, key, &record, &entry, &whole, err));
	if (whole)
		TRY(read_object(cache, &record, &entry.response, &whole, err));
	if (!whole)
		return CELLA_OK;
	*out = entry;
	entry.response = (struct out){ 0 };
	*found = true;
	return CELLA_OK;
}

enum cella_status disk_cache_find(const struct disk_cache *cache, const char *key,
				  struct cache_entry *out, bool *found,
				  struct cella_error *err)
{
	*found = false;
	for (int i = 0; i < FIND_TRIES && !*found; i++)
		TRY(find(cache, key, out, found, err));
	return CELLA_OK;
}

/* --- writing ------------------------------------------------------------------------- */

/* Texts go into lines. */
static bool is_one_line(const char *text)
{
	return strpbrk(text, "\r\n") == NULL;
}

static enum cella_status put(const struct disk_cache *cache, const char *key,
			     const struct cache_entry *entry, struct cella_error *err)
{
	const int entered CLEANUP(cache_leave) = cache_enter(cache->dir);
	struct out text CLEANUP(out_done) = { 0 };
	char record[NAME_LEN];
	char object[NAME_LEN];
	char digest[HASH_TEXT_LEN];

	(void)entered;
	TRY(name_of("records", key, record, err));
	TRY(digest_text(out_view(&entry->response), digest, err));
	TRY(write_record(key, entry, digest, &text, err));
	snprintf(object, sizeof object, "objects/%s", digest);
	TRY(replace(cache, object, out_view(&entry->response), err));
	return replace(cache, record, out_view(&text), err);
}

enum cella_status disk_cache_put(const struct disk_cache *cache, const char *key,
				 const struct cache_entry *entry, struct cella_error *err)
{
	const int64_t now = (int64_t)time(NULL);

	if (strlen(key) > CACHE_KEY_MAX || !is_one_line(key) ||
	    !is_one_line(entry->source) || entry->response.len > CONTENT_MAX)
		return error_set(err, CELLA_LIMIT, "%s: cannot keep \"%.80s\"",
				 cache->path, key);
	make_inside(cache);
	/* First, since a full disk may be full of them. */
	cache_drop_leftovers(cache->dir, now);
	cache_sweep(cache->dir, now);
	return put(cache, key, entry, err);
}

static int open_lock(const struct disk_cache *cache, const char *name)
{
	return openat(cache->dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

bool disk_cache_lock(const struct disk_cache *cache, const char *key, int64_t deadline_ms,
		     int *fd)
{
	char name[NAME_LEN];
	bool waited = false;

	*fd = -1;
	if (name_of("locks", key, name, NULL) != CELLA_OK)
		return false;
	*fd = open_lock(cache, name);
	if (*fd < 0 && errno == ENOENT) {
		make_inside(cache);
		*fd = open_lock(cache, name);
	}
	if (*fd < 0)
		return false;
	/* flock() has no deadline of its own, and signals belong to the program. */
	while (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) ||
		    clock_ms() >= deadline_ms) {
			close(*fd);
			*fd = -1;
			return waited;
		}
		waited = true;
		clock_wait_ms(LOCK_POLL_MS);
	}
	return waited;
}

void disk_cache_unlock(const int *fd)
{
	close_fd(fd);
}
