/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the samples share and what is no matter of attestation: bounded input, messages,
 * hexadecimal, files beside the program.
 *
 * Functions that return bool have said on standard error what went wrong when they return
 * false.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cella/error.h>

/* Exit statuses, those of the command cella. */
enum { EXIT_YES = 0, EXIT_NO = 1, EXIT_USAGE = 2, EXIT_UNDECIDED = 3 };

/* struct buffer - bytes on the heap; buffer_free() frees them. */
struct buffer {
	uint8_t *data;
	size_t len;
};

void buffer_free(struct buffer *buffer);

/* BUFFER declares an empty buffer that is freed at the end of its scope. */
#define BUFFER __attribute__((cleanup(buffer_free))) struct buffer

/* say() writes a line on standard error that begins with the program's name. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* fails() is false; it says what and describes err, or errno when err is NULL. */
bool fails(const char *what, const struct cella_error *err);

/* read_to_end() reads at most max_len bytes; false, without a word, with errno. */
bool read_to_end(int fd, size_t max_len, struct buffer *out);

/* read_fd() does so and says what failed; name is for messages. */
bool read_fd(int fd, const char *name, size_t max_len, struct buffer *out);
bool read_file(const char *path, size_t max_len, struct buffer *out);

/* write_file() replaces a file as a whole: nobody ever reads half of it. */
bool write_file(const char *path, const void *data, size_t len);

/* write_all() writes until everything is written. */
bool write_all(int fd, const char *name, const void *data, size_t len);

/*
 * own_path() is the path of a file beside the running program. Keys, policies and the
 * switch to simulation are found there and nowhere else: whoever chooses the current
 * directory must not choose what a program trusts.
 */
bool own_path(const char *name, char path[PATH_MAX]);

/*
 * read_hex() decodes hexadecimal digits that may come in several arguments, with blanks and
 * line ends between them: `-d $(cat data.dat | xxd -p)` breaks long data into lines. It
 * takes arguments up to the first one that begins with '-', and counts them in *num_used.
 */
bool read_hex(char *const *args, size_t num_args, uint8_t *out, size_t max_len,
	      size_t *len, size_t *num_used);

/* print_hex() prints bytes in their order, in lower case, without a line end. */
void print_hex(const uint8_t *data, size_t len);

/* random_fill() fills out with random bytes of the operating system. */
bool random_fill(void *out, size_t len);

#endif
