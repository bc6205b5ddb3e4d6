/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that decide what this host does: they are read only if nobody but root, or the user
 * who named them, can have written them.
 */
#ifndef VM_OWNED_H
#define VM_OWNED_H

#include "base/bytes.h"

/* Who may own a file. */
enum owned_by {
	OWNED_BY_ROOT,
	OWNED_BY_CALLER, /* root, or the user of this process: for a path that he named */
};

/*
 * owned_open() opens a file, or a folder, to read it. What it checks it checks of what is
 * open, so that nothing can take its place. CELLA_MISSING when there is none; CELLA_IO for
 * a symbolic link, for what is neither file nor folder, for another owner's, and for what
 * its group or others may write; the text says what to do.
 */
enum cella_status owned_open(const char *path, enum owned_by who, int *out,
			     struct cella_error *err) MUST_CHECK;

/* owned_read() opens a file so and appends its bytes to out. CELLA_LIMIT. */
enum cella_status owned_read(const char *path, enum owned_by who, size_t max_len,
			     struct out *out, struct cella_error *err) MUST_CHECK;

#endif
