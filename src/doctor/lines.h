/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of lines, and of lines KEY=VALUE.
 */
#ifndef DOCTOR_LINES_H
#define DOCTOR_LINES_H

#include "base/bytes.h"

/* lines_next() takes the next line, without its end, off *rest; false when none is left. */
bool lines_next(struct cella_bytes *rest, struct cella_bytes *line);

/* line_starts_with() is true for a line that begins with a text. */
bool line_starts_with(struct cella_bytes line, const char *text);

/*
 * line_value() finds the value of a line `key = value`, blanks and one pair of quotes
 * taken off. A line that is commented out has none.
 */
bool line_value(struct cella_bytes line, const char *key, struct cella_bytes *value);

/* lines_find() finds the value of the last such line of a file. */
bool lines_find(struct cella_bytes text, const char *key, struct cella_bytes *value);

/* line_has_word() is true when a line has this word between blanks. */
bool line_has_word(struct cella_bytes line, const char *word);

/* text_copy() copies a view as a string of printable characters, cut off to fit. */
void text_copy(struct cella_bytes from, char *text, size_t size);

#endif
