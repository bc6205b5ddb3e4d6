/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input from files: whole, bounded, with errors that name the file.
 */
#ifndef FETCH_FILES_H
#define FETCH_FILES_H

#include <cella/collateral.h>

#include "base/bytes.h"

/* file_read() appends a file's bytes to out; "-" is standard input. */
enum cella_status file_read(const char *path, size_t max_len, struct out *out,
			    struct cella_error *err) MUST_CHECK;

/*
 * file_write() replaces a file as a whole: it is written beside its place, flushed and
 * renamed, so that nobody ever reads half of it. "-" is standard output. mode is that of a
 * new file.
 */
enum cella_status file_write(const char *path, struct cella_bytes bytes, unsigned mode,
			     struct cella_error *err) MUST_CHECK;

/*
 * collateral_add_path() adds a file, or every file of a directory that is not hidden, in
 * the order of their names.
 */
enum cella_status collateral_add_path(struct cella_collateral_builder *builder,
				      const char *path,
				      struct cella_error *err) MUST_CHECK;

/* collateral_load() makes a snapshot of the documents at a path. */
enum cella_status collateral_load(const char *path, struct cella_collateral **out,
				  struct cella_error *err) MUST_CHECK;

#endif
