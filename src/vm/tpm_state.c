/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a TPM's state.
 */
#include "vm/tpm_state.h"

#include "base/encode.h"
#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEADER_MAX = 256,
	FILE_MAX = HEADER_MAX + SEAL_EXTRA_LEN + TPM_STATE_MAX,
	NAME_LEN = 64,
};

struct tpm_state {
	int folder;
	int lock;
	char name[NAME_LEN]; /* of the file, in the folder */
	char path[PATH_MAX];
	char header[HEADER_MAX];
	uint8_t key[SEAL_KEY_LEN];
};

void tpm_state_free(struct tpm_state *state)
{
	if (state == NULL)
		return;
	explicit_bzero(state->key, sizeof state->key);
	io_close(&state->folder);
	io_close(&state->lock);
	free(state);
}

static void state_cleanup(struct tpm_state **state)
{
	tpm_state_free(*state);
}

const char *tpm_state_path(const struct tpm_state *state)
{
	return state->path;
}

/* --- its place ----------------------------------------------------------------------- */

static enum cella_status open_folder(const char *folder, struct tpm_state *state,
				     struct cella_error *err)
{
	struct stat st;

	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return error_errno(err, errno, "%s", folder);
	state->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state->folder < 0 || fstat(state->folder, &st) != 0)
		return error_errno(err, errno, "%s", folder);
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(
			err, CELLA_IO,
			"%s: others than its owner, you, may write to it: states "
			"of TPMs need a folder of mode 0700",
			folder);
	return CELLA_OK;
}

/* Two supervisors of one name, in run folders of their own, would take turns at it. */
static enum cella_status take_lock(struct tpm_state *state, struct cella_error *err)
{
	char name[NAME_LEN + sizeof ".lock"];

	snprintf(name, sizeof name, "%s.lock", state->name);
	state->lock = openat(state->folder, name,
			     O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (state->lock < 0)
		return error_errno(err, errno, "%s.lock", state->path);
	if (flock(state->lock, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK
			       ? error_set(err, CELLA_USAGE,
					   "%s: an enclave that runs has it", state->path)
			       : error_errno(err, errno, "%s.lock", state->path);
	return CELLA_OK;
}

static void write_header(const struct tpm_state_owner *owner, char header[HEADER_MAX])
{
	char digits[2 * SHA256_LEN + 1];

	snprintf(header, HEADER_MAX, "cella tpm state 1\nname %s\n%s %s\ndebug %s\n\n",
		 owner->name, owner->is_signed ? "signer" : "image",
		 hex_format(bytes_of(owner->sha256, SHA256_LEN), digits),
		 owner->debug ? "yes" : "no");
}

static enum cella_status name_file(struct tpm_state *state, const char *folder,
				   const char *owner, struct cella_error *err)
{
	if (snprintf(state->name, NAME_LEN, "%s.tpm", owner) < NAME_LEN &&
	    snprintf(state->path, PATH_MAX, "%s/%s", folder, state->name) < PATH_MAX)
		return CELLA_OK;
	return error_set(err, CELLA_LIMIT, "%.60s: too long a path", folder);
}

enum cella_status tpm_state_open(const char *folder, const uint8_t secret[SEAL_KEY_LEN],
				 const struct tpm_state_owner *owner,
				 struct tpm_state **out, struct cella_error *err)
{
	struct tpm_state *state CLEANUP(state_cleanup) = calloc(1, sizeof *state);

	if (state == NULL)
		return error_nomem(err);
	state->folder = -1;
	state->lock = -1;
	write_header(owner, state->header);
	TRY(name_file(state, folder, owner->name, err));
	TRY(seal_key(secret, bytes_of(state->header, strlen(state->header)), state->key,
		     err));
	TRY(open_folder(folder, state, err));
	TRY(take_lock(state, err));
	*out = take(&state);
	return CELLA_OK;
}

/* --- reading ------------------------------------------------------------------------- */

static enum cella_status read_file(const struct tpm_state *state, struct out *out,
				   bool *exists, struct cella_error *err)
{
	const int fd CLEANUP_CLOSE =
		openat(state->folder, state->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint8_t chunk[16384];
	ssize_t got;

	*exists = fd >= 0;
	if (fd < 0)
		return errno == ENOENT ? CELLA_OK
				       : error_errno(err, errno, "%s", state->path);
	while ((got = read(fd, chunk, sizeof chunk)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, errno, "%s", state->path);
		out_bytes(out, chunk, (size_t)got);
		if (out->len > FILE_MAX)
			return error_set(err, CELLA_LIMIT, "%s: more than %d bytes",
					 state->path, FILE_MAX);
	}
	return out_status(out, err);
}

/* The line, without its end, that two headers differ in. */
static enum cella_status another(const struct tpm_state *state, struct cella_bytes found,
				 struct cella_error *err)
{
	const char *expected = state->header;
	size_t at = 0;

	while (at < found.len && *expected != '\0') {
		const size_t len = strcspn(expected, "\n");
		const uint8_t *const end = memchr(found.data + at, '\n', found.len - at);
		const size_t found_len = end != NULL ? (size_t)(end - found.data) - at
						     : found.len - at;

		if (found_len != len || memcmp(found.data + at, expected, len) != 0)
			return error_set(
				err, CELLA_USAGE,
				"%s: is of another enclave: it says \"%.*s\", this "
				"one is \"%.*s\"",
				state->path, (int)found_len,
				(const char *)found.data + at, (int)len, expected);
		at += len + 1;
		expected += len + 1;
	}
	return error_set(err, CELLA_MALFORMED, "%s: is cut off", state->path);
}

/* Where the text ends that says whose it is; 0: it is no state at all. */
static size_t header_len(struct cella_bytes file)
{
	static const char start[] = "cella tpm state 1\n";
	const size_t max = file.len < HEADER_MAX ? file.len : HEADER_MAX;
	const uint8_t *end;

	if (max < sizeof start || memcmp(file.data, start, sizeof start - 1) != 0)
		return 0;
	end = memmem(file.data, max, "\n\n", 2);
	if (end == NULL)
		return 0;
	for (const uint8_t *c = file.data; c < end; c++)
		if ((*c < ' ' && *c != '\n') || *c > '~')
			return 0;
	return (size_t)(end - file.data) + 2;
}

static enum cella_status open_file(const struct tpm_state *state, struct cella_bytes file,
				   struct out *out, struct cella_error *err)
{
	const struct cella_bytes expected =
		bytes_of(state->header, strlen(state->header));
	const size_t len = header_len(file);
	const struct cella_bytes header = bytes_slice(file, 0, len);
	bool good = false;

	if (len == 0)
		return error_set(err, CELLA_MALFORMED, "%s: is no state of a TPM",
				 state->path);
	if (!bytes_equal(header, expected))
		return another(state, header, err);
	TRY(seal_open(state->key, header, bytes_slice(file, len, file.len - len), out,
		      &good, err));
	if (good)
		return CELLA_OK;
	return error_set(
		err, CELLA_MALFORMED,
		"%s: was made with the key of another host, or was changed; no TPM "
		"takes its place unless you remove it",
		state->path);
}

enum cella_status tpm_state_read(const struct tpm_state *state, struct out *out,
				 struct cella_error *err)
{
	struct out file CLEANUP(out_done) = { 0 };
	bool exists = false;

	TRY(read_file(state, &file, &exists, err));
	return exists ? open_file(state, out_view(&file), out, err) : CELLA_OK;
}

/* --- writing ------------------------------------------------------------------------- */

static bool write_and_flush(int fd, struct cella_bytes bytes)
{
	while (bytes.len > 0) {
		const ssize_t done = write(fd, bytes.data, bytes.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes = bytes_slice(bytes, (size_t)done, bytes.len - (size_t)done);
	}
	return fsync(fd) == 0;
}

/* Beside its place, always under the same name: what a kill leaves, the next one takes. */
static enum cella_status replace(const struct tpm_state *state, struct cella_bytes file,
				 struct cella_error *err)
{
	char beside[NAME_LEN + sizeof ".new"];
	int fd CLEANUP_CLOSE = -1;

	snprintf(beside, sizeof beside, "%s.new", state->name);
	fd = openat(state->folder, beside,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || !write_and_flush(fd, file) ||
	    renameat(state->folder, beside, state->folder, state->name) != 0 ||
	    fsync(state->folder) != 0)
		return error_errno(err, errno, "%s", state->path);
	return CELLA_OK;
}

enum cella_status tpm_state_write(const struct tpm_state *state, struct cella_bytes bytes,
				  struct cella_error *err)
{
	struct out file CLEANUP(out_done) = { 0 };
	const struct cella_bytes header = bytes_of(state->header, strlen(state->header));

	if (bytes.len > TPM_STATE_MAX)
		return error_set(err, CELLA_LIMIT, "%s: a state of %zu bytes, at most %d",
				 state->path, bytes.len, TPM_STATE_MAX);
	out_bytes(&file, header.data, header.len);
	TRY(seal(state->key, header, bytes, &file, err));
	return replace(state, out_view(&file), err);
}
