/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody may have meant by a word that is none of those that were possible.
 */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include "base/bytes.h"

enum { NEAREST_MAX = 3, NEAREST_TEXT_LEN = 200 };

/* Those that are equally near, as they are to be shown. They are borrowed. */
struct nearest {
	const char *word;
	struct cella_bytes shown[NEAREST_MAX];
	size_t num_shown;
	size_t distance;
};

/* nearest_begin() asks for what is like the word. */
void nearest_begin(struct nearest *nearest, const char *word);

/* nearest_offer() offers a name, to be shown as something longer that it is part of. */
void nearest_offer(struct nearest *nearest, struct cella_bytes name,
		   struct cella_bytes shown);

/*
 * nearest_text() is " (did you mean 'BEFOREone' or 'BEFOREanother'?)" in the buffer, or the
 * empty text where nothing is near.
 */
const char *nearest_text(const struct nearest *nearest, const char *before,
			 char buffer[NEAREST_TEXT_LEN]);

#endif
