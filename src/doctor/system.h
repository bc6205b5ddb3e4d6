/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tree of files that is looked at: this machine's, or the one that --sysroot names.
 * Reads are bounded, wait for nobody, and what they bring is fit to be printed. Links within
 * a named tree are followed within it, where the kernel can do that (5.6 and newer).
 *
 * Functions that return int return 0 or an errno: that a file is absent and that it may not
 * be read are different facts, and neither is an error here.
 */
#ifndef DOCTOR_SYSTEM_H
#define DOCTOR_SYSTEM_H

#include "base/bytes.h"

#include <sys/stat.h>

enum { SYSTEM_PATH_MAX = 512, SYSTEM_LIST_MAX = 1024 };

struct system {
	int fd;      /* of the tree's root */
	bool is_own; /* the machine's own tree: devices and addresses mean what they say */
	/* Where the path is noted that is looked at now; may be NULL. */
	char *looking_at;
};

/* system_open() opens a tree; root NULL or "/" is this machine's. */
enum cella_status system_open(struct system *sys, const char *root,
			      struct cella_error *err) MUST_CHECK;
void system_close(struct system *sys);

/* system_read() appends the first bytes of a regular file to out, at most max_len. */
int system_read(const struct system *sys, const char *path, size_t max_len,
		struct out *out);

/*
 * system_text() reads the start of a file as printable text without white space at its end,
 * cut off to fit. text is empty on failure.
 */
int system_text(const struct system *sys, const char *path, char *text, size_t size);

/* system_number() reads a file that holds a decimal number; EINVAL for anything else. */
int system_number(const struct system *sys, const char *path, uint64_t *value);

int system_stat(const struct system *sys, const char *path, struct stat *st);
bool system_has(const struct system *sys, const char *path);

/* system_try() opens a file for reading and writing and closes it again. */
int system_try(const struct system *sys, const char *path);

/* system_list() calls visit for the first SYSTEM_LIST_MAX names, hidden ones excepted. */
int system_list(const struct system *sys, const char *path,
		void (*visit)(const char *name, void *data), void *data);

/*
 * path_join() is false when the path, made like printf's, does not fit. text_printable()
 * replaces what a terminal could take for a command.
 */
bool path_join(char path[SYSTEM_PATH_MAX], const char *format, ...) PRINTF(2, 3);
void text_printable(char *text);

#endif
