/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of files and of directories (doc/measurements.md has the format).
 */
#ifndef COLLECT_TREE_H
#define COLLECT_TREE_H

#include "crypto/crypto.h"

enum {
	TREE_MAX_ENTRIES = 1 << 20,
	TREE_MAX_DEPTH = 64,
	TREE_PATH_MAX = 4096,
	TREE_MANIFEST_MAX = 256 << 20,
};

/*
 * file_digest() hashes an open regular file. CELLA_IO when it changes while it is read.
 * what names it in errors.
 */
enum cella_status file_digest(int fd, const char *what, uint8_t out[SHA384_LEN],
			      struct cella_error *err) MUST_CHECK;

/*
 * tree_manifest() appends the manifest of a directory: a line for every entry, sorted by
 * path, of its type, mode, the digest of its contents, and its path. CELLA_UNSUPPORTED for
 * what has no contents to measure: devices, pipes, sockets.
 */
enum cella_status tree_manifest(const char *path, struct out *out,
				struct cella_error *err) MUST_CHECK;

/* path_escape() appends a path in which every byte is visible; '\' begins an octal. */
void path_escape(struct out *out, const char *path);

#endif
