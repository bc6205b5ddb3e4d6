/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of files: finding places for paths that nobody vouches for.
 */
#include "vm/rootfs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- contents ------------------------------------------------------------------------ */

static enum cella_status open_store(int *out, struct cella_error *err)
{
	const char *const dir = P_tmpdir;
	char path[] = P_tmpdir "/cella-image.XXXXXX";
	const int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "a temporary file in %s", dir);
	unlink(path);
	*out = fd;
	return CELLA_OK;
}

enum cella_status rootfs_init(struct rootfs *tree, struct cella_error *err)
{
	*tree = (struct rootfs){ .store = -1 };
	tree->root.name = "";
	return open_store(&tree->store, err);
}

/* From the leaves up: the last child of the last child and so on goes first. */
static void free_children(struct node *top)
{
	while (top->num_children > 0) {
		struct node *leaf = top;
		struct node *parent;

		while (leaf->num_children > 0)
			leaf = leaf->children[leaf->num_children - 1];
		parent = leaf->parent;
		parent->num_children--;
		free(leaf->children);
		leaf->children = NULL;
		leaf->parent = NULL;
	}
	free(top->children);
	top->children = NULL;
	top->capacity = 0;
}

void rootfs_done(struct rootfs *tree)
{
	free_children(&tree->root);
	arena_done(&tree->arena);
	if (tree->store >= 0)
		close(tree->store);
	tree->store = -1;
}

enum cella_status rootfs_store(struct rootfs *tree, struct cella_bytes bytes,
			       struct cella_error *err)
{
	if (bytes.len > ROOTFS_MAX_LEN - tree->store_len)
		return error_set(err, CELLA_LIMIT,
				 "the image's files are more than %llu MiB",
				 (unsigned long long)ROOTFS_MAX_LEN >> 20);
	while (bytes.len > 0) {
		const ssize_t put = pwrite(tree->store, bytes.data, bytes.len,
					   (off_t)tree->store_len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return error_errno(err, errno, "a temporary file");
		tree->store_len += (uint64_t)put;
		bytes = bytes_slice(bytes, (size_t)put, bytes.len - (size_t)put);
	}
	return CELLA_OK;
}

enum cella_status rootfs_store_fd(struct rootfs *tree, int fd, const char *what,
				  struct contents *out, struct cella_error *err)
{
	const uint64_t start = tree->store_len;
	uint8_t buffer[65536];

	for (;;) {
		const ssize_t got = read(fd, buffer, sizeof buffer);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, errno, "%s", what);
		if (got == 0)
			break;
		TRY(rootfs_store(tree, bytes_of(buffer, (size_t)got), err));
	}
	*out = (struct contents){ start, tree->store_len - start };
	return CELLA_OK;
}

enum cella_status rootfs_read(const struct rootfs *tree, const struct contents *contents,
			      uint64_t at, void *out, size_t len, struct cella_error *err)
{
	uint8_t *to = out;

	if (at > contents->len || len > contents->len - at)
		return error_set(err, CELLA_INTERNAL, "a read behind a file's end");
	while (len > 0) {
		const ssize_t got =
			pread(tree->store, to, len, (off_t)(contents->offset + at));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_errno(err, got < 0 ? errno : EIO,
					   "a temporary file");
		to += got;
		at += (uint64_t)got;
		len -= (size_t)got;
	}
	return CELLA_OK;
}

enum cella_status rootfs_read_all(const struct rootfs *tree, const struct node *file,
				  size_t max_len, struct out *out,
				  struct cella_error *err)
{
	uint8_t buffer[65536];

	if (file->contents.len > max_len)
		return error_set(err, CELLA_LIMIT, "%s: %llu bytes, at most %zu",
				 file->name, (unsigned long long)file->contents.len,
				 max_len);
	for (uint64_t at = 0; at < file->contents.len;) {
		const uint64_t left = file->contents.len - at;
		const size_t part = left < sizeof buffer ? (size_t)left : sizeof buffer;

		TRY(rootfs_read(tree, &file->contents, at, buffer, part, err));
		out_bytes(out, buffer, part);
		at += part;
	}
	return out_status(out, err);
}

enum cella_status rootfs_sha256(const struct rootfs *tree, const struct node *file,
				uint8_t out[SHA256_LEN], struct cella_error *err)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t start = file->contents.offset / page * page;
	const size_t before = (size_t)(file->contents.offset - start);
	const size_t len = (size_t)file->contents.len;
	enum cella_status status;
	void *map;

	if (len == 0)
		return crypto_sha256(bytes_of(NULL, 0), out, err);
	map = mmap(NULL, before + len, PROT_READ, MAP_PRIVATE, tree->store, (off_t)start);
	if (map == MAP_FAILED)
		return error_errno(err, errno, "a temporary file");
	status = crypto_sha256(bytes_of((const uint8_t *)map + before, len), out, err);
	munmap(map, before + len);
	return status;
}

/* --- children ------------------------------------------------------------------------ */

/* Where a name is, or would be. */
static size_t child_index(const struct node *parent, const char *name, bool *found)
{
	size_t low = 0;
	size_t high = parent->num_children;

	*found = false;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = strcmp(parent->children[middle]->name, name);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct node *child_find(const struct node *parent, const char *name)
{
	bool found;
	const size_t i = child_index(parent, name, &found);

	return found ? parent->children[i] : NULL;
}

static bool child_insert(struct node *parent, struct node *child)
{
	bool found;
	const size_t at = child_index(parent, child->name, &found);

	if (parent->num_children == parent->capacity) {
		const size_t more = parent->capacity == 0 ? 4 : 2 * parent->capacity;
		struct node **const children =
			realloc(parent->children, more * sizeof *children);

		if (children == NULL)
			return false;
		parent->children = children;
		parent->capacity = more;
	}
	memmove(parent->children + at + 1, parent->children + at,
		(parent->num_children - at) * sizeof *parent->children);
	parent->children[at] = child;
	parent->num_children++;
	child->parent = parent;
	return true;
}

void rootfs_remove(struct rootfs *tree, struct node *node)
{
	struct node *const parent = node->parent;
	bool found;
	size_t at;

	(void)tree;
	if (parent == NULL)
		return;
	at = child_index(parent, node->name, &found);
	if (found && parent->children[at] == node) {
		parent->num_children--;
		memmove(parent->children + at, parent->children + at + 1,
			(parent->num_children - at) * sizeof *parent->children);
	}
	free_children(node);
	node->parent = NULL;
}

/* The node behind a node and all that is below it, within top. */
static struct node *node_behind(const struct node *top, const struct node *node)
{
	while (node != top && node->parent != NULL) {
		struct node *const parent = node->parent;
		bool found;
		const size_t i = child_index(parent, node->name, &found) + 1;

		if (i < parent->num_children)
			return parent->children[i];
		node = parent;
	}
	return NULL;
}

struct node *node_next(const struct node *top, const struct node *node)
{
	return node->num_children > 0 ? node->children[0] : node_behind(top, node);
}

void rootfs_clear(struct rootfs *tree, struct node *directory)
{
	struct node *node = node_next(directory, directory);

	while (node != NULL) {
		struct node *const old = node->layer != tree->layer ? node : NULL;

		node = old != NULL ? node_behind(directory, node)
				   : node_next(directory, node);
		if (old != NULL)
			rootfs_remove(tree, old);
	}
}

static enum cella_status make_child(struct rootfs *tree, struct node *parent,
				    const char *name, struct node **out,
				    struct cella_error *err)
{
	struct node *const child = arena_alloc(&tree->arena, 1, sizeof *child);

	if (tree->num_nodes == ROOTFS_MAX_NODES)
		return error_set(err, CELLA_LIMIT, "the image has more than %d files",
				 ROOTFS_MAX_NODES);
	if (child == NULL)
		return error_nomem(err);
	child->name = arena_copy(&tree->arena, name, strlen(name));
	TRY(arena_status(&tree->arena, err));
	if (!child_insert(parent, child))
		return error_nomem(err);
	tree->num_nodes++;
	*out = child;
	return CELLA_OK;
}

/* --- paths --------------------------------------------------------------------------- */

/* A path that is being followed; links put their targets before what is left of it. */
struct way {
	struct rootfs *tree;
	const char *whole; /* for errors */
	char left[2 * ROOTFS_PATH_MAX];
	size_t at; /* in left */
	size_t num_links;
	struct node *node; /* reached so far */
	size_t depth;
	bool make;          /* directories that are missing */
	bool may_climb;     /* within a link's target */
	size_t climb_until; /* of left: what stands before it came from links */
};

static enum cella_status way_start(struct way *way, struct rootfs *tree, const char *path,
				   bool make, struct cella_error *err)
{
	const size_t len = strlen(path);

	if (len >= ROOTFS_PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%.80s...: the path is too long",
				 path);
	*way = (struct way){
		.tree = tree, .whole = path, .node = &tree->root, .make = make
	};
	memcpy(way->left, path, len + 1);
	return CELLA_OK;
}

/* The next part of the path; false at its end. *last: nothing follows. */
static enum cella_status way_part(struct way *way, char name[ROOTFS_NAME_MAX + 1],
				  bool *last, struct cella_error *err)
{
	const char *start = way->left + way->at;
	size_t len;

	start += strspn(start, "/");
	len = strcspn(start, "/");
	if (len > ROOTFS_NAME_MAX)
		return error_set(err, CELLA_LIMIT, "%.200s: a name of more than %d bytes",
				 way->whole, ROOTFS_NAME_MAX);
	memcpy(name, start, len);
	name[len] = '\0';
	way->at = (size_t)(start - way->left) + len;
	*last = way->left[way->at + strspn(way->left + way->at, "/")] == '\0';
	return CELLA_OK;
}

static enum cella_status way_climb(struct way *way, struct cella_error *err)
{
	if (way->at > way->climb_until)
		return error_set(err, CELLA_MALFORMED,
				 "%.200s: \"..\" in a path of the image", way->whole);
	if (way->node->parent != NULL) {
		way->node = way->node->parent;
		way->depth--;
	}
	return CELLA_OK;
}

/* Puts a link's target before what is left of the path. */
static enum cella_status way_follow(struct way *way, const struct node *link,
				    struct cella_error *err)
{
	const size_t target_len = strlen(link->target);
	const size_t left_len = strlen(way->left + way->at);
	/* What was left of earlier targets may climb still. */
	const size_t may = way->climb_until > way->at ? way->climb_until - way->at : 0;

	if (++way->num_links > ROOTFS_MAX_LINKS)
		return error_set(err, CELLA_MALFORMED,
				 "%.200s: more than %d links to follow", way->whole,
				 ROOTFS_MAX_LINKS);
	if (target_len + left_len + 1 > sizeof way->left)
		return error_set(err, CELLA_LIMIT, "%.80s...: the path is too long",
				 way->whole);
	memmove(way->left + target_len, way->left + way->at, left_len + 1);
	memcpy(way->left, link->target, target_len);
	way->at = 0;
	way->climb_until = target_len + may;
	if (link->target[0] == '/') {
		way->node = &way->tree->root;
		way->depth = 0;
	}
	return CELLA_OK;
}

static enum cella_status way_enter(struct way *way, struct node *next,
				   struct cella_error *err)
{
	if (next->type == NODE_LINK)
		return way_follow(way, next, err);
	if (next->type == NODE_FILE)
		return error_set(err, CELLA_MALFORMED,
				 "%.150s: leads through the file %.60s", way->whole,
				 next->name);
	if (++way->depth >= ROOTFS_MAX_DEPTH)
		return error_set(err, CELLA_LIMIT, "%.200s: deeper than %d directories",
				 way->whole, ROOTFS_MAX_DEPTH);
	/* What a layer puts something into is the layer's own, too. */
	if (way->make)
		next->layer = way->tree->layer;
	way->node = next;
	return CELLA_OK;
}

static enum cella_status way_missing(struct way *way, const char *name, struct node **out,
				     struct cella_error *err)
{
	if (!way->make)
		return CELLA_OK;
	TRY(make_child(way->tree, way->node, name, out, err));
	(*out)->layer = way->tree->layer;
	return CELLA_OK;
}

/*
 * Walks to the directory of the last part, which is copied to name; "" when the path is
 * the root's. way->node is NULL when something on the way is missing, and not made.
 */
static enum cella_status way_walk(struct way *way, char name[ROOTFS_NAME_MAX + 1],
				  struct cella_error *err)
{
	bool last = false;

	for (;;) {
		struct node *next;

		TRY(way_part(way, name, &last, err));
		if (name[0] == '\0')
			return CELLA_OK;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
			if (name[1] == '.')
				TRY(way_climb(way, err));
			name[0] = '\0';
			if (last)
				return CELLA_OK;
			continue;
		}
		if (last)
			return CELLA_OK;
		next = child_find(way->node, name);
		if (next == NULL)
			TRY(way_missing(way, name, &next, err));
		if (next == NULL) {
			way->node = NULL;
			return CELLA_OK;
		}
		TRY(way_enter(way, next, err));
	}
}

enum cella_status rootfs_find(const struct rootfs *tree, const char *path, bool follow,
			      struct node **out, struct cella_error *err)
{
	struct rootfs *const same = (struct rootfs *)(uintptr_t)tree;
	char name[ROOTFS_NAME_MAX + 1];
	struct node *node;
	struct way way;

	TRY(way_start(&way, same, path, false, err));
	for (;;) {
		TRY(way_walk(&way, name, err));
		node = way.node == NULL || name[0] == '\0' ? way.node
							   : child_find(way.node, name);
		if (!follow || node == NULL || node->type != NODE_LINK)
			break;
		TRY(way_follow(&way, node, err));
	}
	*out = node;
	return CELLA_OK;
}

/* --- adding -------------------------------------------------------------------------- */

/* The node at a path, made anew unless a directory is put over a directory. */
static enum cella_status place(struct rootfs *tree, const char *path, enum node_type type,
			       struct node **out, struct cella_error *err)
{
	char name[ROOTFS_NAME_MAX + 1];
	struct node *node;
	struct way way;

	TRY(way_start(&way, tree, path, true, err));
	TRY(way_walk(&way, name, err));
	assert(way.node != NULL); /* what was missing was made */
	if (name[0] == '\0' && type != NODE_DIRECTORY)
		return error_set(err, CELLA_MALFORMED,
				 "%.200s: no name for a file or link", path);
	node = name[0] == '\0' ? way.node : child_find(way.node, name);
	if (node != NULL && (type != NODE_DIRECTORY || node->type != NODE_DIRECTORY)) {
		rootfs_remove(tree, node);
		node = NULL;
	}
	if (node == NULL)
		TRY(make_child(tree, way.node, name, &node, err));
	node->type = type;
	node->layer = tree->layer;
	*out = node;
	return CELLA_OK;
}

enum cella_status rootfs_add_directory(struct rootfs *tree, const char *path,
				       struct cella_error *err)
{
	struct node *node = NULL;

	return place(tree, path, NODE_DIRECTORY, &node, err);
}

enum cella_status rootfs_add_file(struct rootfs *tree, const char *path, bool executable,
				  const struct contents *contents,
				  struct cella_error *err)
{
	struct node *node = NULL;

	TRY(place(tree, path, NODE_FILE, &node, err));
	node->executable = executable;
	node->contents = *contents;
	return CELLA_OK;
}

enum cella_status rootfs_add_link(struct rootfs *tree, const char *path,
				  const char *target, struct cella_error *err)
{
	const size_t len = strlen(target);
	struct node *node = NULL;

	if (len == 0 || len >= ROOTFS_PATH_MAX)
		return error_set(err, CELLA_MALFORMED,
				 "%.200s: a link whose target has %zu bytes", path, len);
	TRY(place(tree, path, NODE_LINK, &node, err));
	node->target = arena_copy(&tree->arena, target, len);
	return arena_status(&tree->arena, err);
}

enum cella_status rootfs_add_bytes(struct rootfs *tree, const char *path, bool executable,
				   struct cella_bytes bytes, struct cella_error *err)
{
	const struct contents contents = { tree->store_len, bytes.len };

	TRY(rootfs_store(tree, bytes, err));
	return rootfs_add_file(tree, path, executable, &contents, err);
}

const char *node_path(const struct node *node, char out[ROOTFS_PATH_MAX])
{
	size_t at = ROOTFS_PATH_MAX - 1;

	out[at] = '\0';
	for (; node->parent != NULL; node = node->parent) {
		const size_t len = strlen(node->name);
		const size_t slash = out[at] != '\0' ? 1 : 0;

		if (len + slash > at)
			return NULL;
		if (slash != 0)
			out[--at] = '/';
		at -= len;
		memcpy(out + at, node->name, len);
	}
	return out + at;
}
