/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a directory: every entry is opened below its parent, no link is followed, and
 * what changes under our hands is an error rather than a digest of something that never was.
 */
#include "collect/tree.h"

#include "base/arena.h"
#include "base/close.h"
#include "base/encode.h"
#include "crypto/hasher.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- files --------------------------------------------------------------------------- */

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static enum cella_status hash_all(int fd, const char *what, struct sha384_hasher *hasher,
				  struct cella_error *err)
{
	uint8_t buffer[16384];
	off_t offset = 0;

	for (;;) {
		const ssize_t got = pread(fd, buffer, sizeof buffer, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, errno, "%s", what);
		if (got == 0)
			return CELLA_OK;
		sha384_add(hasher, bytes_of(buffer, (size_t)got));
		offset += got;
	}
}

enum cella_status file_digest(int fd, const char *what, uint8_t out[SHA384_LEN],
			      struct cella_error *err)
{
	struct sha384_hasher *hasher CLEANUP(sha384_cleanup) = NULL;
	struct stat before, after;

	if (fstat(fd, &before) != 0)
		return error_errno(err, errno, "%s", what);
	if (!S_ISREG(before.st_mode))
		return error_set(err, CELLA_UNSUPPORTED,
				 "%s: neither a file nor a directory", what);
	TRY(sha384_new(&hasher, err));
	TRY(hash_all(fd, what, hasher, err));
	if (fstat(fd, &after) != 0)
		return error_errno(err, errno, "%s", what);
	if (!is_unchanged(&before, &after))
		return error_set(err, CELLA_IO, "%s: changed while it was measured",
				 what);
	sha384_finish(hasher, out);
	return CELLA_OK;
}

/* --- directories --------------------------------------------------------------------- */

struct entry {
	const char *path; /* "./etc/nginx.conf" */
	char type;        /* 'd', 'f', 'l' */
	unsigned mode;
	uint8_t digest[SHA384_LEN]; /* of a file's contents or a link's target */
};

/* A directory that is being read. */
struct level {
	DIR *folder;
	const char *path;
};

/* A walk in progress: the directories from the root to where it stands. */
struct walk {
	struct arena arena;
	struct entry *entries; /* grows */
	size_t num_entries;
	size_t capacity;
	struct level levels[TREE_MAX_DEPTH + 1];
	size_t depth; /* levels in use */
	struct cella_error *err;
};

static void leave_folder(struct walk *w)
{
	closedir(w->levels[--w->depth].folder);
}

static void walk_done(struct walk *w)
{
	while (w->depth > 0)
		leave_folder(w);
	arena_done(&w->arena);
	free(w->entries);
}

static enum cella_status add_entry(struct walk *w, const char *path,
				   const struct stat *st, char type, struct entry **out)
{
	if (w->num_entries == TREE_MAX_ENTRIES)
		return error_set(w->err, CELLA_LIMIT, "%s: more than %d entries", path,
				 TREE_MAX_ENTRIES);
	if (w->num_entries == w->capacity) {
		const size_t more = w->capacity == 0 ? 64 : 2 * w->capacity;
		struct entry *const entries =
			realloc(w->entries, more * sizeof *w->entries);

		if (entries == NULL)
			return error_nomem(w->err);
		w->entries = entries;
		w->capacity = more;
	}
	*out = &w->entries[w->num_entries++];
	**out = (struct entry){ .path = path, .type = type, .mode = st->st_mode & 07777 };
	return CELLA_OK;
}

static enum cella_status add_file(struct walk *w, int parent, const char *name,
				  const char *path)
{
	const int fd CLEANUP_CLOSE = openat(
		parent, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	struct entry *entry = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return error_errno(w->err, errno, "%s", path);
	TRY(add_entry(w, path, &st, 'f', &entry));
	return file_digest(fd, path, entry->digest, w->err);
}

static enum cella_status add_link(struct walk *w, int parent, const char *name,
				  const char *path, const struct stat *st)
{
	char target[TREE_PATH_MAX];
	const ssize_t len = readlinkat(parent, name, target, sizeof target);
	struct cella_bytes view;
	struct entry *entry = NULL;

	if (len < 0)
		return error_errno(w->err, errno, "%s", path);
	if ((size_t)len == sizeof target)
		return error_set(w->err, CELLA_LIMIT, "%s: its target is too long", path);
	TRY(add_entry(w, path, st, 'l', &entry));
	view = bytes_of(target, (size_t)len);
	return crypto_digest(CRYPTO_SHA384, &view, 1, entry->digest, w->err);
}

static enum cella_status enter_folder(struct walk *w, int parent, const char *name,
				      const char *path)
{
	struct entry *entry = NULL;
	struct stat st;
	DIR *folder;
	int fd;

	if (w->depth == ARRAY_LEN(w->levels))
		return error_set(w->err, CELLA_LIMIT, "%s: deeper than %d directories",
				 path, TREE_MAX_DEPTH);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_errno(w->err, errno, "%s", path);
	folder = fdopendir(fd);
	if (folder == NULL) {
		close(fd);
		return error_nomem(w->err);
	}
	w->levels[w->depth++] = (struct level){ folder, path };
	if (fstat(fd, &st) != 0)
		return error_errno(w->err, errno, "%s", path);
	return add_entry(w, path, &st, 'd', &entry);
}

static enum cella_status add_child(struct walk *w, const struct level *level,
				   const char *name)
{
	const char *const path = arena_text(&w->arena, "%s/%s", level->path, name);
	const int parent = dirfd(level->folder);
	struct stat st;

	TRY(arena_status(&w->arena, w->err));
	if (strlen(path) >= TREE_PATH_MAX)
		return error_set(w->err, CELLA_LIMIT, "%.80s...: path is too long", path);
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return error_errno(w->err, errno, "%s", path);
	if (S_ISREG(st.st_mode))
		return add_file(w, parent, name, path);
	if (S_ISLNK(st.st_mode))
		return add_link(w, parent, name, path, &st);
	if (S_ISDIR(st.st_mode))
		return enter_folder(w, parent, name, path);
	return error_set(w->err, CELLA_UNSUPPORTED,
			 "%s: a device, pipe or socket has no contents to measure", path);
}

/* The next entry of the directory where the walk stands, or back to the one above. */
static enum cella_status walk_on(struct walk *w)
{
	const struct level *const level = &w->levels[w->depth - 1];
	const struct dirent *child;

	errno = 0;
	child = readdir(level->folder);
	if (child == NULL && errno != 0)
		return error_errno(w->err, errno, "%s", level->path);
	if (child == NULL)
		leave_folder(w);
	else if (strcmp(child->d_name, ".") != 0 && strcmp(child->d_name, "..") != 0)
		return add_child(w, level, child->d_name);
	return CELLA_OK;
}

static enum cella_status walk_all(struct walk *w, int root)
{
	TRY(enter_folder(w, root, ".", "."));
	while (w->depth > 0)
		TRY(walk_on(w));
	return CELLA_OK;
}

/* --- the manifest -------------------------------------------------------------------- */

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

void path_escape(struct out *out, const char *path)
{
	for (; *path != '\0'; path++) {
		const uint8_t c = (uint8_t)*path;

		if (c <= ' ' || c == '\\' || c == 0x7f)
			out_format(out, "\\%03o", c);
		else
			out_u8(out, c);
	}
}

static void write_entry(const struct entry *e, struct out *out)
{
	out_format(out, "%c %o ", e->type, e->mode);
	if (e->type == 'd')
		out_text(out, "-");
	else
		hex_write(out, bytes_of(e->digest, SHA384_LEN));
	out_u8(out, ' ');
	path_escape(out, e->path);
	out_u8(out, '\n');
}

enum cella_status tree_manifest(const char *path, struct out *out,
				struct cella_error *err)
{
	struct walk walk CLEANUP(walk_done) = { .err = err };
	const int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum cella_status status;

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	status = walk_all(&walk, fd);
	if (status != CELLA_OK) {
		error_prefix(err, "%s", path);
		return status;
	}
	qsort(walk.entries, walk.num_entries, sizeof *walk.entries, compare_entries);
	for (size_t i = 0; i < walk.num_entries; i++) {
		write_entry(&walk.entries[i], out);
		if (out->len > TREE_MANIFEST_MAX)
			return error_set(err, CELLA_LIMIT, "%s: its manifest is too long",
					 path);
	}
	return out_status(out, err);
}
