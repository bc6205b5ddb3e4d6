/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening to cella-unpack.
 */
#include "vm/unpack.h"

#include "collect/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What comes out of the pipe. */
struct stream {
	int fd;
	uint8_t buffer[65536];
	size_t at;
	size_t len;
	struct rootfs *store;
	char path[UNPACK_TEXT_MAX];
	char target[UNPACK_TEXT_MAX];
};

static enum cella_status fill(struct stream *s, struct cella_error *err)
{
	ssize_t got;

	do {
		got = read(s->fd, s->buffer, sizeof s->buffer);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_errno(err, errno, "cella-unpack's output");
	if (got == 0)
		return error_set(err, CELLA_IO, "cella-unpack ended too soon");
	s->at = 0;
	s->len = (size_t)got;
	return CELLA_OK;
}

static enum cella_status read_some(struct stream *s, uint64_t wanted,
				   struct cella_bytes *out, struct cella_error *err)
{
	size_t len;

	if (s->at == s->len)
		TRY(fill(s, err));
	len = s->len - s->at;
	if (len > wanted)
		len = (size_t)wanted;
	*out = bytes_of(s->buffer + s->at, len);
	s->at += len;
	return CELLA_OK;
}

static enum cella_status read_exactly(struct stream *s, void *out, size_t len,
				      struct cella_error *err)
{
	uint8_t *to = out;

	while (len > 0) {
		struct cella_bytes part;

		TRY(read_some(s, len, &part, err));
		memcpy(to, part.data, part.len);
		to += part.len;
		len -= part.len;
	}
	return CELLA_OK;
}

static enum cella_status read_text(struct stream *s, size_t len, char *out,
				   struct cella_error *err)
{
	if (len >= UNPACK_TEXT_MAX)
		return error_set(err, CELLA_LIMIT, "a path of %zu bytes, at most %d", len,
				 UNPACK_TEXT_MAX - 1);
	TRY(read_exactly(s, out, len, err));
	out[len] = '\0';
	if (strlen(out) != len)
		return error_set(err, CELLA_MALFORMED, "a NUL in a path");
	return CELLA_OK;
}

static enum cella_status read_contents(struct stream *s, uint64_t len,
				       struct contents *out, struct cella_error *err)
{
	*out = (struct contents){ s->store->store_len, len };
	if (len > ROOTFS_MAX_LEN)
		return error_set(err, CELLA_LIMIT, "%.150s: %llu bytes are too many",
				 s->path, (unsigned long long)len);
	while (len > 0) {
		struct cella_bytes part;

		TRY(read_some(s, len, &part, err));
		TRY(rootfs_store(s->store, part, err));
		len -= part.len;
	}
	return CELLA_OK;
}

static enum cella_status read_entry(struct stream *s, struct unpack_entry *out,
				    struct cella_error *err)
{
	uint8_t header[UNPACK_HEADER_LEN];
	size_t path_len, target_len;
	uint64_t size;
	struct in in;

	TRY(read_exactly(s, header, sizeof header, err));
	in_init(&in, bytes_of(header, sizeof header), "cella-unpack's record");
	out->kind = in_u8(&in, "kind");
	out->executable = in_u8(&in, "executable") != 0;
	path_len = in_u32le(&in, "path");
	target_len = in_u32le(&in, "target");
	size = in_u64le(&in, "size");
	TRY(read_text(s, path_len, s->path, err));
	TRY(read_text(s, target_len, s->target, err));
	out->path = s->path;
	out->target = s->target;
	return read_contents(s, out->kind == UNPACK_FILE ? size : 0, &out->contents, err);
}

static enum cella_status read_all(struct stream *s, unpack_visit visit, void *context,
				  struct cella_error *err)
{
	struct unpack_entry entry;

	for (size_t num = 0; num < ROOTFS_MAX_NODES; num++) {
		TRY(read_entry(s, &entry, err));
		if (entry.kind == UNPACK_END)
			return CELLA_OK;
		if (entry.kind == UNPACK_FAILED)
			return error_set(err, CELLA_MALFORMED, "%.200s", entry.path);
		TRY(visit(context, &entry, err));
	}
	return error_set(err, CELLA_LIMIT, "more than %d entries", ROOTFS_MAX_NODES);
}

static enum cella_status start(const char *form, int fd, const struct contents *part,
			       int output, pid_t *pid, struct cella_error *err)
{
	char path[PROGRAM_PATH_MAX];
	char name[8], offset[24], len[24];
	char *const argv[] = { path, name, offset, len, NULL };

	program_find("cella-unpack", path);
	snprintf(name, sizeof name, "%s", form);
	snprintf(offset, sizeof offset, "%llu", (unsigned long long)part->offset);
	snprintf(len, sizeof len, "%llu", (unsigned long long)part->len);
	return program_start(argv, fd, output, pid, err);
}

/* Listens until the end, and sees to it that the process ends, too. */
static enum cella_status listen_to(struct stream *s, pid_t pid, unpack_visit visit,
				   void *context, struct cella_error *err)
{
	const enum cella_status status = read_all(s, visit, context, err);
	enum cella_status end;

	close(s->fd); /* one that still writes must not wait for us */
	end = program_await(pid, "cella-unpack", status == CELLA_OK ? err : NULL);
	return status != CELLA_OK ? status : end;
}

static enum cella_status converse(struct stream *s, const char *form, int fd,
				  const struct contents *part, unpack_visit visit,
				  void *context, struct cella_error *err)
{
	enum cella_status status;
	int ends[2];
	pid_t pid = -1;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, errno, "a pipe");
	status = start(form, fd, part, ends[1], &pid, err);
	close(ends[1]);
	if (status != CELLA_OK) {
		close(ends[0]);
		return status;
	}
	s->fd = ends[0];
	return listen_to(s, pid, visit, context, err);
}

enum cella_status unpack(struct rootfs *store, const char *form, int fd,
			 const struct contents *part, const char *what,
			 unpack_visit visit, void *context, struct cella_error *err)
{
	struct stream *s CLEANUP_FREE = calloc(1, sizeof *s);
	enum cella_status status;

	if (s == NULL)
		return error_nomem(err);
	s->store = store;
	status = converse(s, form, fd, part, visit, context, err);
	if (status != CELLA_OK)
		error_prefix(err, "%s", what);
	return status;
}
