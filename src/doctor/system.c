/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one tree of files.
 */
#include "doctor/system.h"

#include "base/close.h"
#include "base/encode.h"
#include "base/number.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void out_cleanup(struct out *out)
{
	out_done(out);
}

enum cella_status system_open(struct system *sys, const char *root,
			      struct cella_error *err)
{
	struct stat named, own;
	const char *const path = root != NULL ? root : "/";
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	*sys = (struct system){ .fd = fd };
	sys->is_own = fstat(fd, &named) == 0 && stat("/", &own) == 0 &&
		      named.st_dev == own.st_dev && named.st_ino == own.st_ino;
	return CELLA_OK;
}

void system_close(struct system *sys)
{
	if (sys->fd >= 0)
		close(sys->fd);
	sys->fd = -1;
}

bool path_join(char path[SYSTEM_PATH_MAX], const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(path, SYSTEM_PATH_MAX, format, args);
	va_end(args);
	return len >= 0 && len < SYSTEM_PATH_MAX;
}

void text_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/* Older kernels, and sandboxes that do not know the call, follow links as they stand. */
static int open_below(const struct system *sys, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)flags, .resolve = RESOLVE_IN_ROOT };
	int fd = -1;

	if (!sys->is_own)
		fd = (int)syscall(__NR_openat2, sys->fd, path, &how, sizeof how);
	if (sys->is_own || (fd < 0 && (errno == ENOSYS || errno == EPERM)))
		fd = openat(sys->fd, path, flags);
	return fd;
}

/*
 * Nothing is waited for: not for the other end of a pipe, not for a device. With O_PATH
 * there is nothing to wait for, and openat2() is particular about flags.
 */
static int open_path(const struct system *sys, const char *path, int flags)
{
	while (*path == '/')
		path++;
	if (sys->looking_at != NULL)
		snprintf(sys->looking_at, SYSTEM_PATH_MAX, "/%s", path);
	if ((flags & O_PATH) == 0)
		flags |= O_NONBLOCK | O_NOCTTY;
	return open_below(sys, *path != '\0' ? path : ".", flags | O_CLOEXEC);
}

static int read_up_to(int fd, size_t max_len, struct out *out)
{
	uint8_t buffer[16384];

	while (max_len > 0) {
		const size_t want = max_len < sizeof buffer ? max_len : sizeof buffer;
		const ssize_t got = read(fd, buffer, want);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			break;
		out_bytes(out, buffer, (size_t)got);
		max_len -= (size_t)got;
	}
	return out->failed ? ENOMEM : 0;
}

int system_read(const struct system *sys, const char *path, size_t max_len,
		struct out *out)
{
	const int fd CLEANUP_CLOSE = open_path(sys, path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EINVAL;
	return read_up_to(fd, max_len, out);
}

int system_text(const struct system *sys, const char *path, char *text, size_t size)
{
	struct out bytes CLEANUP(out_cleanup) = { 0 };
	const int failure = system_read(sys, path, size - 1, &bytes);
	const struct cella_bytes trimmed = text_trim(out_view(&bytes));

	*text = '\0';
	if (failure != 0)
		return failure;
	if (trimmed.len > 0)
		memcpy(text, trimmed.data, trimmed.len);
	text[trimmed.len] = '\0';
	text_printable(text);
	return 0;
}

int system_number(const struct system *sys, const char *path, uint64_t *value)
{
	char text[32];
	const int failure = system_text(sys, path, text, sizeof text);

	if (failure != 0)
		return failure;
	return number_read(text, INT64_MAX, value, path, NULL) == CELLA_OK ? 0 : EINVAL;
}

int system_stat(const struct system *sys, const char *path, struct stat *st)
{
	const int fd CLEANUP_CLOSE = open_path(sys, path, O_PATH);

	return fd >= 0 && fstat(fd, st) == 0 ? 0 : errno;
}

bool system_has(const struct system *sys, const char *path)
{
	struct stat st;

	return system_stat(sys, path, &st) == 0;
}

int system_try(const struct system *sys, const char *path)
{
	const int fd CLEANUP_CLOSE = open_path(sys, path, O_RDWR);

	return fd >= 0 ? 0 : errno;
}

int system_list(const struct system *sys, const char *path,
		void (*visit)(const char *name, void *data), void *data)
{
	const int fd = open_path(sys, path, O_RDONLY | O_DIRECTORY);
	DIR *const dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	size_t num = 0;

	if (dir == NULL)
		return errno;
	while (num < SYSTEM_LIST_MAX && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		visit(entry->d_name, data);
		num++;
	}
	closedir(dir);
	return 0;
}
