/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program, it kills it (SIGKILL) before its KILLER_AT-th call that changes
 * what is on disk: made, written, flushed, renamed, removed, dated. KILLER_IN names the one
 * program that this is about, KILLER_REPORT a file to which the number of such calls is
 * written at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/syscall.h>

#define EXPORT __attribute__((visibility("default")))

static unsigned long count;

static int is_meant(void)
{
	const char *const name = getenv("KILLER_IN");

	return name == NULL || strcmp(name, program_invocation_short_name) == 0;
}

static void step(void)
{
	const char *const at = getenv("KILLER_AT");

	if (!is_meant())
		return;
	count++;
	if (at != NULL && count == strtoul(at, NULL, 10))
		kill(getpid(), SIGKILL);
}

__attribute__((destructor)) static void report(void)
{
	const char *const path = getenv("KILLER_REPORT");
	FILE *const file = path != NULL && is_meant() ? fopen(path, "we") : NULL;

	if (file == NULL)
		return;
	fprintf(file, "%lu\n", count);
	fclose(file);
}

/* --- what changes files -------------------------------------------------------------- */

static int open_at(int dir, const char *path, int flags, mode_t mode)
{
	if ((flags & (O_ACCMODE | O_CREAT)) != 0)
		step();
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	return open_at(dir, path, flags, mode);
}

EXPORT int __openat_2(int dir, const char *path, int flags);

EXPORT int __openat_2(int dir, const char *path, int flags)
{
	return open_at(dir, path, flags, 0);
}

EXPORT ssize_t write(int fd, const void *data, size_t len)
{
	step();
	return syscall(SYS_write, fd, data, len);
}

EXPORT int fsync(int fd)
{
	step();
	return (int)syscall(SYS_fsync, fd);
}

EXPORT int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	step();
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

EXPORT int unlinkat(int dir, const char *path, int flags)
{
	step();
	return (int)syscall(SYS_unlinkat, dir, path, flags);
}

EXPORT int mkdirat(int dir, const char *path, mode_t mode)
{
	step();
	return (int)syscall(SYS_mkdirat, dir, path, mode);
}

EXPORT int mkdir(const char *path, mode_t mode)
{
	step();
	return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

EXPORT int futimens(int fd, const struct timespec times[2])
{
	step();
	return (int)syscall(SYS_utimensat, fd, NULL, times, 0);
}
