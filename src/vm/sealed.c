/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memfd_create() and its seals.
 */
#include "vm/sealed.h"

#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 64 << 10 };

static enum cella_status make(const char *name, int *out, struct cella_error *err)
{
	*out = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return *out >= 0 ? CELLA_OK : error_errno(err, errno, "%s in memory", name);
}

static enum cella_status seal(int fd, const char *name, struct cella_error *err)
{
	if (fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0 ||
	    lseek(fd, 0, SEEK_SET) != 0)
		return error_errno(err, errno, "%s: sealing", name);
	return CELLA_OK;
}

static enum cella_status put(int fd, const char *name, struct cella_bytes bytes,
			     struct cella_error *err)
{
	while (bytes.len > 0) {
		const ssize_t done = write(fd, bytes.data, bytes.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return error_errno(err, errno, "%s: copying into memory", name);
		bytes = bytes_slice(bytes, (size_t)done, bytes.len - (size_t)done);
	}
	return CELLA_OK;
}

/* By position: a descriptor that others share keeps its place. */
static enum cella_status put_file(int from, int fd, const char *name, size_t max,
				  struct cella_error *err)
{
	uint8_t chunk[CHUNK];
	size_t len = 0;

	for (;;) {
		const ssize_t got = pread(from, chunk, sizeof chunk, (off_t)len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, errno, "%s", name);
		if (got == 0)
			return CELLA_OK;
		len += (size_t)got;
		if (len > max)
			return error_set(err, CELLA_LIMIT, "%s: more than %zu bytes",
					 name, max);
		TRY(put(fd, name, bytes_of(chunk, (size_t)got), err));
	}
}

enum cella_status sealed_copy(int from, const char *name, size_t max, int *out,
			      struct cella_error *err)
{
	int fd CLEANUP_CLOSE = -1;

	TRY(make("image", &fd, err));
	TRY(put_file(from, fd, name, max, err));
	TRY(seal(fd, name, err));
	*out = io_take(&fd);
	return CELLA_OK;
}

enum cella_status sealed_make(const char *name, const struct cella_bytes *parts,
			      size_t num_parts, int *out, struct cella_error *err)
{
	int fd CLEANUP_CLOSE = -1;

	TRY(make(name, &fd, err));
	for (size_t i = 0; i < num_parts; i++)
		TRY(put(fd, name, parts[i], err));
	TRY(seal(fd, name, err));
	*out = io_take(&fd);
	return CELLA_OK;
}

enum cella_status sealed_map(int fd, struct cella_bytes *out, struct cella_error *err)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st) != 0)
		return error_errno(err, errno, "a file in memory");
	if (st.st_size == 0) {
		*out = bytes_of(NULL, 0);
		return CELLA_OK;
	}
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return error_errno(err, errno, "a file in memory");
	*out = bytes_of(data, (size_t)st.st_size);
	return CELLA_OK;
}

void sealed_unmap(struct cella_bytes *view)
{
	if (view->len > 0)
		munmap((void *)(uintptr_t)view->data, view->len);
	*view = bytes_of(NULL, 0);
}
