/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in memory that nobody can change any more: what is measured is what runs, whatever
 * becomes of the file that it came from.
 */
#ifndef VM_SEALED_H
#define VM_SEALED_H

#include "base/bytes.h"

/* sealed_copy() makes one of all of a file, from its beginning. CELLA_LIMIT beyond max. */
enum cella_status sealed_copy(int from, const char *name, size_t max, int *out,
			      struct cella_error *err) MUST_CHECK;

/* sealed_make() makes one of some views, one after the other. */
enum cella_status sealed_make(const char *name, const struct cella_bytes *parts,
			      size_t num_parts, int *out,
			      struct cella_error *err) MUST_CHECK;

/* sealed_map() views one; sealed_unmap() ends the view. */
enum cella_status sealed_map(int fd, struct cella_bytes *out,
			     struct cella_error *err) MUST_CHECK;
void sealed_unmap(struct cella_bytes *view);

#endif
