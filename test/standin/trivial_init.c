/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What start times of enclaves are compared with: a guest that does nothing. As process 1 it
 * resets the machine at once; "trivial_init cpio" writes the ramdisk of which it is all.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE_PROGRAM = 0100755, CHUNK = 4096 };

static void pad(size_t len)
{
	for (; len % 4 != 0; len++)
		putchar('\0');
}

/* The form "newc": a header of numbers in hexadecimal, the name, the contents. */
static size_t put_header(const char *name, unsigned mode, unsigned long long len)
{
	const size_t name_len = strlen(name) + 1;

	printf("070701%08X%08X%08X%08X%08X%08X%08llX%08X%08X%08X%08X%08X%08X", 1, mode, 0,
	       0, 1, 0, len, 0, 0, 0, 0, (unsigned)name_len, 0);
	fwrite(name, 1, name_len, stdout);
	pad(110 + name_len);
	return name_len;
}

static int write_ramdisk(void)
{
	FILE *const self = fopen("/proc/self/exe", "re");
	char chunk[CHUNK];
	struct stat file;
	size_t got;

	if (self == NULL || fstat(fileno(self), &file) != 0)
		return 1;
	put_header("init", MODE_PROGRAM, (unsigned long long)file.st_size);
	while ((got = fread(chunk, 1, sizeof chunk, self)) > 0)
		fwrite(chunk, 1, got, stdout);
	fclose(self);
	pad((size_t)file.st_size);
	put_header("TRAILER!!!", 0, 0);
	return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (getpid() == 1)
		return reboot(RB_AUTOBOOT);
	return argc == 2 && strcmp(argv[1], "cpio") == 0 ? write_ramdisk() : 2;
}
