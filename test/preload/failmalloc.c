/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allocator that runs out of memory when it is told to: to be preloaded, or linked
 * before libc. It reaches whatever allocates, libcrypto and jansson too.
 *
 * Allocations are counted from 1. FAILMALLOC_AT names the first that fails and
 * FAILMALLOC_NUM how many fail from there on (1 unless told); programs that link it call
 * the functions below instead. FAILMALLOC_REPORT names a file to which the number of
 * allocations is written at the end; "-" is standard error. FAILMALLOC_IN is the name of
 * the one program that all this is about, if not of all.
 *
 * Not for programs that a sanitizer instruments: those bring an allocator of their own.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* the name of the program */
#endif
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t num, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

void failmalloc_arm(size_t at, size_t num);
size_t failmalloc_count(void);
size_t failmalloc_live(void);

static atomic_size_t count;
static atomic_size_t live;
static size_t fail_at; /* 0: never */
static size_t fail_num = 1;

void failmalloc_arm(size_t at, size_t num)
{
	fail_at = at;
	fail_num = num;
	atomic_store(&count, 0);
}

size_t failmalloc_count(void)
{
	return atomic_load(&count);
}

size_t failmalloc_live(void)
{
	return atomic_load(&live);
}

static size_t number_from(const char *name, size_t otherwise)
{
	const char *const text = getenv(name);

	return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

static int is_meant(void)
{
	const char *const name = getenv("FAILMALLOC_IN");

	return name == NULL || strcmp(name, program_invocation_short_name) == 0;
}

__attribute__((constructor)) static void begin(void)
{
	if (is_meant())
		failmalloc_arm(number_from("FAILMALLOC_AT", 0),
			       number_from("FAILMALLOC_NUM", 1));
}

/* The last word of a program that ends by itself. */
__attribute__((destructor)) static void report(void)
{
	const char *const path = getenv("FAILMALLOC_REPORT");
	char text[32];
	int fd;

	if (path == NULL || !is_meant())
		return;
	snprintf(text, sizeof text, "%zu\n", failmalloc_count());
	fd = strcmp(path, "-") == 0 ? STDERR_FILENO
				    : open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(125);
	if (fd != STDERR_FILENO)
		close(fd);
}

static int may_fail(void)
{
	const size_t number = atomic_fetch_add(&count, 1) + 1;

	if (fail_at == 0 || number < fail_at || number - fail_at >= fail_num)
		return 0;
	errno = ENOMEM;
	return 1;
}

static void *given(void *memory)
{
	if (memory != NULL)
		atomic_fetch_add(&live, 1);
	return memory;
}

void *malloc(size_t size)
{
	return may_fail() ? NULL : given(__libc_malloc(size));
}

void *calloc(size_t num, size_t size)
{
	return may_fail() ? NULL : given(__libc_calloc(num, size));
}

void *realloc(void *memory, size_t size)
{
	if (memory == NULL)
		return malloc(size);
	if (size == 0) {
		free(memory);
		return NULL;
	}
	return may_fail() ? NULL : __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size)
{
	return may_fail() ? NULL : given(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *const memory = memalign(alignment, size);

	if (memory == NULL)
		return ENOMEM;
	*out = memory;
	return 0;
}

void free(void *memory)
{
	if (memory == NULL)
		return;
	atomic_fetch_sub(&live, 1);
	__libc_free(memory);
}
