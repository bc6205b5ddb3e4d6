/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file tree in the making: what a ramdisk will hold. Names live in memory, contents in an
 * unlinked temporary file. Only what a measured tree should tell is kept: names, contents,
 * targets of links, and whether a file may be executed; no owners, times, devices, or
 * second names of one file.
 *
 * Paths come from foreign archives. They lead nowhere but into the tree: "." and empty parts
 * are passed over, ".." is refused, and a link in the middle is followed as the application
 * would follow it, with the tree's root as its root.
 */
#ifndef VM_ROOTFS_H
#define VM_ROOTFS_H

#include "base/arena.h"
#include "crypto/crypto.h"

enum {
	ROOTFS_MAX_NODES = 1 << 20,
	ROOTFS_MAX_DEPTH = 128,
	ROOTFS_MAX_LINKS = 40, /* followed for one path, as Linux does */
	ROOTFS_PATH_MAX = 4096,
	ROOTFS_NAME_MAX = 255,
};

/* What all files of a tree may add up to, replaced ones too. */
#define ROOTFS_MAX_LEN ((uint64_t)1 << 31)

enum node_type { NODE_DIRECTORY, NODE_FILE, NODE_LINK };

/* Where a file's contents lie in the tree's temporary file. */
struct contents {
	uint64_t offset;
	uint64_t len;
};

struct node {
	const char *name;
	enum node_type type;
	bool executable;          /* a file */
	const char *target;       /* a link */
	struct contents contents; /* a file */
	unsigned layer;           /* which made it last */
	struct node *parent;      /* NULL: the root, or removed */
	struct node **children;   /* sorted by name */
	size_t num_children;
	size_t capacity;
};

struct rootfs {
	struct arena arena;
	struct node root;
	int store; /* the temporary file */
	uint64_t store_len;
	size_t num_nodes;
	unsigned layer; /* the one that is being laid on; 0 at first */
};

/* rootfs_init() makes an empty tree; rootfs_done() frees it in any state but cleared. */
enum cella_status rootfs_init(struct rootfs *tree, struct cella_error *err) MUST_CHECK;
void rootfs_done(struct rootfs *tree);

/*
 * rootfs_store() appends contents; a file's are one piece, from the end before its first
 * call (tree->store_len) on. CELLA_LIMIT beyond ROOTFS_MAX_LEN.
 */
enum cella_status rootfs_store(struct rootfs *tree, struct cella_bytes bytes,
			       struct cella_error *err) MUST_CHECK;

/* rootfs_store_fd() appends what is left to read of a file, whose name is for errors. */
enum cella_status rootfs_store_fd(struct rootfs *tree, int fd, const char *what,
				  struct contents *out,
				  struct cella_error *err) MUST_CHECK;

/* rootfs_read() reads a part of a file's contents. */
enum cella_status rootfs_read(const struct rootfs *tree, const struct contents *contents,
			      uint64_t at, void *out, size_t len,
			      struct cella_error *err) MUST_CHECK;

/* rootfs_read_all() appends all of it; CELLA_LIMIT when it is more than max_len bytes. */
enum cella_status rootfs_read_all(const struct rootfs *tree, const struct node *file,
				  size_t max_len, struct out *out,
				  struct cella_error *err) MUST_CHECK;

/*
 * rootfs_sha256() hashes a file's contents without holding them: a layer may be as large as
 * all of an image.
 */
enum cella_status rootfs_sha256(const struct rootfs *tree, const struct node *file,
				uint8_t out[SHA256_LEN],
				struct cella_error *err) MUST_CHECK;

/*
 * Each puts something at a path, in the place of what was there, and makes directories
 * above it. A directory over a directory keeps its children. CELLA_MALFORMED when the path
 * leads out of the tree or through a file.
 */
enum cella_status rootfs_add_directory(struct rootfs *tree, const char *path,
				       struct cella_error *err) MUST_CHECK;
enum cella_status rootfs_add_file(struct rootfs *tree, const char *path, bool executable,
				  const struct contents *contents,
				  struct cella_error *err) MUST_CHECK;
enum cella_status rootfs_add_link(struct rootfs *tree, const char *path,
				  const char *target, struct cella_error *err) MUST_CHECK;

/* rootfs_add_bytes() is rootfs_store() and rootfs_add_file(). */
enum cella_status rootfs_add_bytes(struct rootfs *tree, const char *path, bool executable,
				   struct cella_bytes bytes,
				   struct cella_error *err) MUST_CHECK;

/*
 * rootfs_find() finds what is at a path, following links in the middle and, if follow, the
 * last one too; *out is NULL when there is nothing.
 */
enum cella_status rootfs_find(const struct rootfs *tree, const char *path, bool follow,
			      struct node **out, struct cella_error *err) MUST_CHECK;

/* rootfs_remove() takes out a node that earlier layers made, with all that is below. */
void rootfs_remove(struct rootfs *tree, struct node *node);

/* rootfs_clear() takes out all children that earlier layers made. */
void rootfs_clear(struct rootfs *tree, struct node *directory);

/*
 * node_next() is the next node of those below top, which comes first: a directory before
 * what is in it, names in the order of bytes. NULL behind the last.
 */
struct node *node_next(const struct node *top, const struct node *node);

/* node_path() writes "etc/passwd"; the root's is "". NULL when it is too long. */
const char *node_path(const struct node *node, char out[ROOTFS_PATH_MAX]);

#endif
