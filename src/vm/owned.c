/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owner and mode of an open file.
 */
#include "vm/owned.h"

#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 16 << 10 };

static enum cella_status check_owner(const char *path, enum owned_by who, uid_t owner,
				     struct cella_error *err)
{
	if (owner == 0 || (who == OWNED_BY_CALLER && owner == geteuid()))
		return CELLA_OK;
	return error_set(err, CELLA_IO,
			 "%.90s: belongs to user %u, who could have written anything; "
			 "read it, then: chown root:root %.50s",
			 path, owner, path);
}

static enum cella_status check(const char *path, enum owned_by who, int fd,
			       struct cella_error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_errno(err, errno, "%.90s", path);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return error_set(err, CELLA_IO, "%.90s: is no file", path);
	TRY(check_owner(path, who, st.st_uid, err));
	/* A list of access rights shows in the group's bits, too. */
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(err, CELLA_IO,
				 "%.90s: mode %04o: others than its owner may write it; "
				 "read it, then: chmod go-w %.50s",
				 path, (unsigned)(st.st_mode & 07777), path);
	return CELLA_OK;
}

enum cella_status owned_open(const char *path, enum owned_by who, int *out,
			     struct cella_error *err)
{
	/* What blocks when it is opened, a pipe, is opened and refused. */
	int fd CLEANUP_CLOSE =
		open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ENOENT)
		return error_set(err, CELLA_MISSING, "%.90s: is not there", path);
	if (fd < 0 && errno == ELOOP)
		return error_set(err, CELLA_IO,
				 "%.90s: is a symbolic link; name the file itself", path);
	if (fd < 0)
		return error_errno(err, errno, "%.90s", path);
	TRY(check(path, who, fd, err));
	*out = io_take(&fd);
	return CELLA_OK;
}

enum cella_status owned_read(const char *path, enum owned_by who, size_t max_len,
			     struct out *out, struct cella_error *err)
{
	int fd CLEANUP_CLOSE = -1;
	const size_t before = out->len;

	TRY(owned_open(path, who, &fd, err));
	for (;;) {
		uint8_t chunk[CHUNK];
		const ssize_t got = read(fd, chunk, sizeof chunk);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, errno, "%.90s", path);
		if (got == 0)
			return out_status(out, err);
		out_bytes(out, chunk, (size_t)got);
		if (out->len - before > max_len)
			return error_set(err, CELLA_LIMIT, "%.90s: more than %zu bytes",
					 path, max_len);
	}
}
