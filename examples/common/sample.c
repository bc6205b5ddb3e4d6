/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ NULL, 0 };
}

void say(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

bool fails(const char *what, const struct cella_error *err)
{
	if (err != NULL)
		say("%s: %s", what, err->text);
	else
		say("%s: %s", what, strerror(errno));
	return false;
}

/* --- input and output ---------------------------------------------------------------- */

/* Makes room for more bytes, at most for one more than allowed, so as to notice it. */
static bool grow(struct buffer *buffer, size_t *capacity, size_t max_len)
{
	uint8_t *grown;

	if (buffer->len < *capacity)
		return true;
	*capacity = *capacity == 0 ? 4096 : 2 * *capacity;
	if (*capacity > max_len + 1)
		*capacity = max_len + 1;
	grown = realloc(buffer->data, *capacity);
	if (grown == NULL)
		return false;
	buffer->data = grown;
	return true;
}

/* Reads the next bytes; 0 at the end, -1 with errno. */
static ssize_t read_more(int fd, size_t max_len, struct buffer *buffer, size_t *capacity)
{
	ssize_t got;

	if (!grow(buffer, capacity, max_len))
		return -1;
	do
		got = read(fd, buffer->data + buffer->len, *capacity - buffer->len);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		buffer->len += (size_t)got;
	if (buffer->len > max_len) {
		errno = EFBIG;
		return -1;
	}
	return got;
}

bool read_to_end(int fd, size_t max_len, struct buffer *out)
{
	struct buffer buffer = { NULL, 0 };
	size_t capacity = 0;
	ssize_t got;
	int failure;

	do
		got = read_more(fd, max_len, &buffer, &capacity);
	while (got > 0);
	if (got == 0) {
		*out = buffer;
		return true;
	}
	failure = errno;
	free(buffer.data);
	errno = failure;
	return false;
}

bool read_fd(int fd, const char *name, size_t max_len, struct buffer *out)
{
	return read_to_end(fd, max_len, out) || fails(name, NULL);
}

bool read_file(const char *path, size_t max_len, struct buffer *out)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool done;

	if (fd < 0)
		return fails(path, NULL);
	done = read_fd(fd, path, max_len, out);
	close(fd);
	return done;
}

bool write_all(int fd, const char *name, const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len > 0) {
		const ssize_t put = write(fd, at, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fails(name, NULL);
		at += put;
		len -= (size_t)put;
	}
	return true;
}

bool write_file(const char *path, const void *data, size_t len)
{
	char beside[PATH_MAX];
	bool done;
	int fd;

	if ((size_t)snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= sizeof beside) {
		say("%s: the path is too long", path);
		return false;
	}
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return fails(path, NULL);
	done = write_all(fd, path, data, len);
	if (done && (fchmod(fd, 0644) != 0 || fsync(fd) != 0))
		done = fails(path, NULL);
	close(fd);
	if (done && rename(beside, path) != 0)
		done = fails(path, NULL);
	if (!done)
		unlink(beside);
	return done;
}

bool own_path(const char *name, char path[PATH_MAX])
{
	char self[PATH_MAX];
	const ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *slash;

	if (len < 0)
		return fails("/proc/self/exe", NULL);
	self[len] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL || snprintf(path, PATH_MAX, "%.*s/%s", (int)(slash - self),
				      self, name) >= PATH_MAX) {
		say("%s: the path is too long", name);
		return false;
	}
	return true;
}

/* --- hexadecimal --------------------------------------------------------------------- */

static int digit_of(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *const found = c == '\0' ? NULL : strchr(digits, c);

	return found == NULL ? -1 : (int)((found - digits) % 16);
}

bool read_hex(char *const *args, size_t num_args, uint8_t *out, size_t max_len,
	      size_t *len, size_t *num_used)
{
	size_t num_digits = 0;
	size_t used = 0;

	for (; used < num_args && args[used][0] != '-'; used++) {
		for (const char *c = args[used]; *c != '\0'; c++) {
			const int digit = digit_of(*c);

			if (strchr(" \t\r\n", *c) != NULL)
				continue;
			if (digit < 0 || num_digits == 2 * max_len) {
				say("expected at most %zu bytes as hexadecimal digits",
				    max_len);
				return false;
			}
			if (num_digits % 2 == 0)
				out[num_digits / 2] = (uint8_t)(digit << 4);
			else
				out[num_digits / 2] |= (uint8_t)digit;
			num_digits++;
		}
	}
	if (num_digits == 0 || num_digits % 2 != 0) {
		say("expected an even number of hexadecimal digits, found %zu",
		    num_digits);
		return false;
	}
	*len = num_digits / 2;
	*num_used = used;
	return true;
}

void print_hex(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", data[i]);
}

bool random_fill(void *out, size_t len)
{
	/* Up to 256 bytes come whole, or not at all. */
	if (len > 256 || getrandom(out, len, 0) != (ssize_t)len)
		return fails("random bytes", NULL);
	return true;
}
