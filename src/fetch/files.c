/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing whole files.
 */
#include "fetch/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_LEN_MAX = 4096, DIRECTORY_MAX_FILES = 4096 };

static void close_fd(const int *fd)
{
	if (*fd > STDERR_FILENO)
		close(*fd);
}

#define CLEANUP_CLOSE CLEANUP(close_fd)

enum cella_status file_read(const char *path, size_t max_len, struct out *out,
			    struct cella_error *err)
{
	int fd CLEANUP_CLOSE = strcmp(path, "-") == 0 ? STDIN_FILENO
						      : open(path, O_RDONLY | O_CLOEXEC);
	const size_t start = out->len;
	uint8_t buffer[16384];

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	for (;;) {
		const ssize_t got = read(fd, buffer, sizeof buffer);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, errno, "%s", path);
		if (got == 0)
			return out_status(out, err);
		if ((size_t)got > max_len - (out->len - start))
			return error_set(err, CELLA_LIMIT, "%s: longer than %zu bytes",
					 path, max_len);
		out_bytes(out, buffer, (size_t)got);
		TRY(out_status(out, err));
	}
}

static enum cella_status write_all(int fd, struct cella_bytes bytes, const char *path,
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
	return CELLA_OK;
}

static enum cella_status write_and_flush(int fd, struct cella_bytes bytes,
					 const char *path, struct cella_error *err)
{
	TRY(write_all(fd, bytes, path, err));
	return fsync(fd) == 0 ? CELLA_OK : error_errno(err, errno, "%s", path);
}

/* Devices and pipes cannot be replaced; they are written to as they are. */
static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

enum cella_status file_write(const char *path, struct cella_bytes bytes, unsigned mode,
			     struct cella_error *err)
{
	char beside[PATH_LEN_MAX];
	enum cella_status status;
	int fd CLEANUP_CLOSE = -1;

	if (strcmp(path, "-") == 0 && bytes.len > 0 && isatty(STDOUT_FILENO) &&
	    memchr(bytes.data, '\0', bytes.len) != NULL)
		return error_set(err, CELLA_USAGE,
				 "standard output is a terminal, and this is binary: "
				 "--output FILE, or a pipe");
	if (strcmp(path, "-") == 0)
		return write_all(STDOUT_FILENO, bytes, "standard output", err);
	if (is_special(path)) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
		return fd < 0 ? error_errno(err, errno, "%s", path)
			      : write_all(fd, bytes, path, err);
	}
	if ((size_t)snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= sizeof beside)
		return error_set(err, CELLA_LIMIT, "%s: path is too long", path);
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	status = fchmod(fd, mode) == 0 ? write_and_flush(fd, bytes, path, err)
				       : error_errno(err, errno, "%s", path);
	if (status == CELLA_OK && rename(beside, path) != 0)
		status = error_errno(err, errno, "%s", path);
	if (status != CELLA_OK)
		unlink(beside);
	return status;
}

static enum cella_status add_file(struct cella_collateral_builder *builder,
				  const char *path, struct cella_error *err)
{
	struct out bytes CLEANUP(out_done) = { 0 };

	TRY(file_read(path, CELLA_COLLATERAL_PART_MAX, &bytes, err));
	return cella_collateral_builder_add(builder, path, bytes.data, bytes.len, err);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void free_names(struct dirent **names, int num)
{
	for (int i = 0; i < num; i++)
		free(names[i]);
	free(names);
}

/* Folders and devices are passed over; a file that cannot be reached is an error. */
static enum cella_status add_entry(struct cella_collateral_builder *builder,
				   const char *folder, const char *name,
				   size_t *num_added, struct cella_error *err)
{
	char file[PATH_LEN_MAX];
	struct stat st;

	if ((size_t)snprintf(file, sizeof file, "%s/%s", folder, name) >= sizeof file)
		return error_set(err, CELLA_LIMIT, "%s/%s: path is too long", folder,
				 name);
	if (stat(file, &st) != 0)
		return error_errno(err, errno, "%s", file);
	if (!S_ISREG(st.st_mode))
		return CELLA_OK;
	(*num_added)++;
	return add_file(builder, file, err);
}

static enum cella_status add_directory(struct cella_collateral_builder *builder,
				       const char *path, struct cella_error *err)
{
	struct dirent **names = NULL;
	const int num = scandir(path, &names, is_visible, alphasort);
	enum cella_status status = CELLA_OK;
	size_t num_added = 0;

	if (num < 0)
		return error_errno(err, errno, "%s", path);
	if (num > DIRECTORY_MAX_FILES) {
		free_names(names, num);
		return error_set(err, CELLA_LIMIT, "%s: %d files, at most %d", path, num,
				 DIRECTORY_MAX_FILES);
	}
	for (int i = 0; i < num && status == CELLA_OK; i++)
		status = add_entry(builder, path, names[i]->d_name, &num_added, err);
	free_names(names, num);
	if (status == CELLA_OK && num_added == 0)
		return error_set(err, CELLA_MISSING, "%s: has no files", path);
	return status;
}

enum cella_status collateral_add_path(struct cella_collateral_builder *builder,
				      const char *path, struct cella_error *err)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return add_file(builder, path, err);
	if (stat(path, &st) != 0)
		return error_errno(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return add_directory(builder, path, err);
	return add_file(builder, path, err);
}

static void builder_cleanup(struct cella_collateral_builder **builder)
{
	cella_collateral_builder_free(*builder);
}

enum cella_status collateral_load(const char *path, struct cella_collateral **out,
				  struct cella_error *err)
{
	struct cella_collateral_builder *builder CLEANUP(builder_cleanup) = NULL;

	TRY(cella_collateral_builder_new(&builder, err));
	TRY(collateral_add_path(builder, path, err));
	return cella_collateral_builder_finish(builder, out, err);
}
