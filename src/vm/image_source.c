/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources by their kinds: programs, directories, archives.
 */
#include "vm/image_source.h"

#include "base/close.h"
#include "vm/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const kind_names[] = {
	[SOURCE_PROGRAM] = "a static program",
	[SOURCE_DIRECTORY] = "a directory",
	[SOURCE_LAYOUT] = "an OCI image layout",
	[SOURCE_ARCHIVE] = "a saved image",
};

const char *source_kind_name(enum source_kind kind)
{
	return kind_names[kind];
}

void application_done(struct application *application)
{
	rootfs_done(&application->files);
	arena_done(&application->arena);
}

enum cella_status text_list_add(struct text_list *list, struct arena *arena,
				const char *text, struct cella_error *err)
{
	if (list->num_items == APPLICATION_MAX_TEXTS)
		return error_set(err, CELLA_LIMIT,
				 "more than %d arguments or variables of the environment",
				 APPLICATION_MAX_TEXTS);
	list->items[list->num_items++] = arena_copy(arena, text, strlen(text));
	return arena_status(arena, err);
}

enum cella_status env_set(struct text_list *env, struct arena *arena, const char *text,
			  struct cella_error *err)
{
	const size_t name_len = strcspn(text, "=") + 1;

	for (size_t i = 0; i < env->num_items; i++) {
		if (strncmp(env->items[i], text, name_len) != 0)
			continue;
		env->items[i] = arena_copy(arena, text, strlen(text));
		return arena_status(arena, err);
	}
	return text_list_add(env, arena, text, err);
}

/* --- directories --------------------------------------------------------------------- */

/* A directory that is being read, and where its path ends. */
struct level {
	DIR *folder;
	size_t path_len;
};

/* A walk through a directory: what is open, from the root on. */
struct walk {
	struct rootfs *files;
	char path[ROOTFS_PATH_MAX]; /* below the root */
	struct level levels[ROOTFS_MAX_DEPTH];
	size_t depth;
	struct cella_error *err;
};

static void walk_done(struct walk *w)
{
	while (w->depth > 0)
		closedir(w->levels[--w->depth].folder);
}

static enum cella_status copy_file(struct walk *w, int parent, const char *name)
{
	const int fd CLEANUP_CLOSE = openat(
		parent, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	struct contents contents = { 0 };
	struct stat before, after;

	if (fd < 0 || fstat(fd, &before) != 0)
		return error_errno(w->err, errno, "%s", w->path);
	if (!S_ISREG(before.st_mode))
		return error_set(w->err, CELLA_IO, "%s: changed while it was read",
				 w->path);
	TRY(rootfs_store_fd(w->files, fd, w->path, &contents, w->err));
	if (fstat(fd, &after) != 0)
		return error_errno(w->err, errno, "%s", w->path);
	if ((uint64_t)after.st_size != contents.len || before.st_size != after.st_size ||
	    before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
	    before.st_mtim.tv_nsec != after.st_mtim.tv_nsec)
		return error_set(w->err, CELLA_IO, "%s: changed while it was read",
				 w->path);
	return rootfs_add_file(w->files, w->path, (before.st_mode & 0111) != 0, &contents,
			       w->err);
}

static enum cella_status copy_link(struct walk *w, int parent, const char *name)
{
	char target[ROOTFS_PATH_MAX];
	const ssize_t len = readlinkat(parent, name, target, sizeof target);

	if (len < 0)
		return error_errno(w->err, errno, "%s", w->path);
	if ((size_t)len == sizeof target)
		return error_set(w->err, CELLA_LIMIT, "%s: its target is too long",
				 w->path);
	target[len] = '\0';
	return rootfs_add_link(w->files, w->path, target, w->err);
}

/* Takes the descriptor over. */
static enum cella_status enter(struct walk *w, int fd)
{
	DIR *const folder = fdopendir(fd);

	if (folder == NULL) {
		close(fd);
		return error_nomem(w->err);
	}
	if (w->depth == ARRAY_LEN(w->levels)) {
		closedir(folder);
		return error_set(w->err, CELLA_LIMIT,
				 "%.150s: deeper than %d directories", w->path,
				 ROOTFS_MAX_DEPTH);
	}
	w->levels[w->depth++] = (struct level){ folder, strlen(w->path) };
	return CELLA_OK;
}

static enum cella_status copy_entry(struct walk *w, int parent, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return error_errno(w->err, errno, "%s", w->path);
	if (S_ISREG(st.st_mode))
		return copy_file(w, parent, name);
	if (S_ISLNK(st.st_mode))
		return copy_link(w, parent, name);
	if (!S_ISDIR(st.st_mode))
		return error_set(w->err, CELLA_UNSUPPORTED,
				 "%s: a device, pipe or socket cannot be in an image",
				 w->path);
	TRY(rootfs_add_directory(w->files, w->path, w->err));
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? error_errno(w->err, errno, "%s", w->path) : enter(w, fd);
}

/* The next entry of the directory where the walk stands, or back to the one above. */
static enum cella_status walk_on(struct walk *w)
{
	const struct level *const level = &w->levels[w->depth - 1];
	const size_t room = sizeof w->path - level->path_len;
	const struct dirent *child;

	w->path[level->path_len] = '\0';
	errno = 0;
	child = readdir(level->folder);
	if (child == NULL && errno != 0)
		return error_errno(w->err, errno, "%s", w->path);
	if (child == NULL) {
		closedir(w->levels[--w->depth].folder);
		return CELLA_OK;
	}
	if (strcmp(child->d_name, ".") == 0 || strcmp(child->d_name, "..") == 0)
		return CELLA_OK;
	if ((size_t)snprintf(w->path + level->path_len, room, "%s%s",
			     level->path_len > 0 ? "/" : "", child->d_name) >= room)
		return error_set(w->err, CELLA_LIMIT, "%.100s...: path too long",
				 w->path);
	return copy_entry(w, dirfd(level->folder), child->d_name);
}

static enum cella_status walk_all(struct walk *w, int fd)
{
	TRY(enter(w, fd));
	while (w->depth > 0)
		TRY(walk_on(w));
	return CELLA_OK;
}

enum cella_status source_directory(const char *path, struct rootfs *files,
				   struct cella_error *err)
{
	struct walk walk CLEANUP(walk_done) = { .files = files, .err = err };
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum cella_status status;

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	status = walk_all(&walk, fd);
	if (status != CELLA_OK)
		error_prefix(err, "%s", path);
	return status;
}

/* --- programs ------------------------------------------------------------------------ */

enum { ELF_HEADER_LEN = 64, PROGRAM_HEADER_LEN = 56, INTERPRETER = 3, X86_64 = 62 };

static bool is_elf(struct cella_bytes start)
{
	return start.len >= 4 && memcmp(start.data, "\177ELF", 4) == 0;
}

/* Whether a program asks for a loader, which the image would lack. */
static bool has_interpreter(const struct rootfs *files, const struct contents *program,
			    uint64_t at, size_t num)
{
	uint8_t header[PROGRAM_HEADER_LEN];
	struct in in;

	for (size_t i = 0; i < num; i++) {
		if (rootfs_read(files, program, at + i * sizeof header, header,
				sizeof header, NULL) != CELLA_OK)
			return false;
		in_init(&in, bytes_of(header, sizeof header), "program header");
		if (in_u32le(&in, "p_type") == INTERPRETER)
			return true;
	}
	return false;
}

static enum cella_status check_program(const struct rootfs *files,
				       const struct contents *program, const char *path,
				       struct cella_error *err)
{
	uint8_t header[ELF_HEADER_LEN];
	uint16_t machine, num;
	uint64_t at;
	struct in in;

	if (program->len < sizeof header)
		return error_set(err, CELLA_MALFORMED, "%s: is no whole ELF file", path);
	TRY(rootfs_read(files, program, 0, header, sizeof header, err));
	in_init(&in, bytes_of(header, sizeof header), "elf");
	in_skip(&in, 18, "e_type");
	machine = in_u16le(&in, "e_machine");
	in_skip(&in, 12, "e_entry");
	at = in_u64le(&in, "e_phoff");
	in_skip(&in, 16, "e_phentsize");
	num = in_u16le(&in, "e_phnum");
	TRY(in_status(&in, err));
	if (header[4] != 2 || machine != X86_64)
		return error_set(err, CELLA_UNSUPPORTED,
				 "%s: is no program for 64-bit x86", path);
	if (has_interpreter(files, program, at, num))
		return error_set(
			err, CELLA_UNSUPPORTED,
			"%s: needs shared libraries; link it statically, or give "
			"a directory with them",
			path);
	return CELLA_OK;
}

static enum cella_status load_program(int fd, const char *path, struct application *out,
				      struct cella_error *err)
{
	const char *const slash = strrchr(path, '/');
	const char *const name =
		arena_text(&out->arena, "/%s", slash != NULL ? slash + 1 : path);
	struct contents contents = { 0 };

	out->kind = SOURCE_PROGRAM;
	TRY(rootfs_store_fd(&out->files, fd, path, &contents, err));
	TRY(check_program(&out->files, &contents, path, err));
	TRY(rootfs_add_file(&out->files, name, true, &contents, err));
	return text_list_add(&out->argv, &out->arena, name, err);
}

/* --- archives ------------------------------------------------------------------------ */

/* The outer archive holds blobs and documents alone: anything else is passed over. */
static enum cella_status keep_file(void *context, const struct unpack_entry *entry,
				   struct cella_error *err)
{
	struct rootfs *const archive = context;

	if (entry->kind == UNPACK_FILE)
		return rootfs_add_file(archive, entry->path, false, &entry->contents,
				       err);
	/* docker save: a layer that two images share. */
	if (entry->kind == UNPACK_LINK)
		return rootfs_add_link(archive, entry->path, entry->target, err);
	return CELLA_OK;
}

static enum cella_status load_layers(const struct rootfs *archive, const char *path,
				     struct application *out, struct cella_error *err)
{
	const enum cella_status status = source_layers(archive, out, err);

	if (status != CELLA_OK)
		error_prefix(err, "%s", path);
	return status;
}

/* libarchive names no forms. */
static enum cella_status unpack_outer(struct rootfs *archive, int fd,
				      const struct contents *whole, const char *path,
				      struct cella_error *err)
{
	const enum cella_status status =
		unpack(archive, UNPACK_TAR, fd, whole, path, keep_file, archive, err);

	if (status != CELLA_OK &&
	    strstr(err->text, "Unrecognized archive format") != NULL)
		return error_set(
			err, status,
			"%s: is neither a program (ELF) nor an archive (tar, also "
			"by gzip, zstd or xz)",
			path);
	return status;
}

static enum cella_status load_archive(int fd, const char *path, struct application *out,
				      struct cella_error *err)
{
	struct rootfs archive CLEANUP(rootfs_done) = { .store = -1 };
	struct contents whole = { 0 };
	struct stat st;

	out->kind = SOURCE_ARCHIVE;
	if (fstat(fd, &st) != 0)
		return error_errno(err, errno, "%s", path);
	whole.len = (uint64_t)st.st_size;
	TRY(rootfs_init(&archive, err));
	TRY(unpack_outer(&archive, fd, &whole, path, err));
	return load_layers(&archive, path, out, err);
}

static enum cella_status load_directory(const char *path, struct application *out,
					struct cella_error *err)
{
	struct rootfs layout CLEANUP(rootfs_done) = { .store = -1 };
	char mark[ROOTFS_PATH_MAX];

	snprintf(mark, sizeof mark, "%s/oci-layout", path);
	if (access(mark, F_OK) != 0) {
		out->kind = SOURCE_DIRECTORY;
		return source_directory(path, &out->files, err);
	}
	out->kind = SOURCE_LAYOUT;
	TRY(rootfs_init(&layout, err));
	TRY(source_directory(path, &layout, err));
	return load_layers(&layout, path, out, err);
}

enum cella_status application_load(const char *path, struct application *out,
				   struct cella_error *err)
{
	uint8_t start[4] = { 0 };
	struct stat st;
	ssize_t got;

	*out = (struct application){ .files = { .store = -1 }, .cwd = "/" };
	TRY(rootfs_init(&out->files, err));
	const int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0)
		return error_errno(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return load_directory(path, out, err);
	if (!S_ISREG(st.st_mode))
		return error_set(err, CELLA_UNSUPPORTED,
				 "%s: is neither a file nor a directory", path);
	got = pread(fd, start, sizeof start, 0);
	if (got < 0)
		return error_errno(err, errno, "%s", path);
	return is_elf(bytes_of(start, (size_t)got)) ? load_program(fd, path, out, err)
						    : load_archive(fd, path, out, err);
}
