/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that must stay as they are: files below the folder that CELLA_GOLDEN names.
 * UPDATE_GOLDEN=1 rewrites them; the change is to be reviewed like code.
 */
#ifndef TEST_GOLDEN_H
#define TEST_GOLDEN_H

/* golden_check() compares a text with a file, or writes the file. */
void golden_check(const char *name, const char *text);

/* source_text() reads a file below the folder test; the caller frees it. */
char *source_text(const char *name);

#endif
