/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding modules and what they depend on.
 */
#include "vm/module_set.h"

#include "fetch/files.h"
#include "vm/kernel_file.h"
#include "vm/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDERS_MAX = 4096, DEPENDENCIES_MAX_DEPTH = 32 };

static const char *const suffixes[] = { ".ko", ".ko.xz", ".ko.zst" };

void module_set_done(struct module_set *set)
{
	arena_done(&set->arena);
	free(set->modules);
	out_done(&set->built_in);
	set->modules = NULL;
	set->num_modules = set->capacity = 0;
}

/* --- collecting ---------------------------------------------------------------------- */

static const char *suffix_of(const char *path)
{
	const size_t len = strlen(path);

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		const size_t suffix_len = strlen(suffixes[i]);

		if (len > suffix_len && strcmp(path + len - suffix_len, suffixes[i]) == 0)
			return suffixes[i];
	}
	return NULL;
}

bool is_module_path(const char *path)
{
	return suffix_of(path) != NULL;
}

/* The kernel takes '-' and '_' for the same. */
static const char *copy_name(struct arena *arena, const char *path, const char *suffix)
{
	const char *const slash = strrchr(path, '/');
	const char *const start = slash != NULL ? slash + 1 : path;
	const size_t len = strlen(start) - strlen(suffix);
	char name[MODULE_NAME_MAX + 1] = "";

	if (len > MODULE_NAME_MAX)
		return arena_copy(arena, start, len);
	for (size_t i = 0; i < len; i++)
		name[i] = (char)(start[i] == '-' ? '_' : start[i]);
	return arena_copy(arena, name, len);
}

static enum cella_status add(struct module_set *set, const char *path,
			     struct module **out, struct cella_error *err)
{
	const char *const suffix = suffix_of(path);

	if (set->num_modules == MODULES_MAX)
		return error_set(err, CELLA_LIMIT, "more than %d modules", MODULES_MAX);
	if (set->num_modules == set->capacity) {
		const size_t more = set->capacity == 0 ? 64 : 2 * set->capacity;
		struct module *const modules =
			realloc(set->modules, more * sizeof *modules);

		if (modules == NULL)
			return error_nomem(err);
		set->modules = modules;
		set->capacity = more;
	}
	*out = &set->modules[set->num_modules++];
	**out = (struct module){ .name = copy_name(&set->arena, path, suffix),
				 .suffix = suffix };
	return arena_status(&set->arena, err);
}

enum cella_status module_set_add_stored(struct module_set *set, const char *path,
					const struct contents *contents,
					struct cella_error *err)
{
	struct module *module = NULL;

	TRY(add(set, path, &module, err));
	module->contents = *contents;
	return CELLA_OK;
}

/* Directories that are to be read: the one where it begins, and what is found below. */
struct folders {
	const char *paths[FOLDERS_MAX];
	size_t num_paths;
};

static enum cella_status add_folder(struct folders *folders, const char *path,
				    struct cella_error *err)
{
	if (folders->num_paths == FOLDERS_MAX)
		return error_set(err, CELLA_LIMIT, "%s: more than %d directories", path,
				 FOLDERS_MAX);
	folders->paths[folders->num_paths++] = path;
	return CELLA_OK;
}

static enum cella_status add_entry(struct module_set *set, struct folders *folders,
				   const char *folder, const char *name,
				   struct cella_error *err)
{
	const char *const path = arena_text(&set->arena, "%s/%s", folder, name);
	struct module *module = NULL;
	struct stat st;

	TRY(arena_status(&set->arena, err));
	if (lstat(path, &st) != 0)
		return error_errno(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return add_folder(folders, path, err);
	if (S_ISREG(st.st_mode) && strcmp(name, "modules.builtin") == 0)
		return file_read(path, MODULE_MAX_LEN, &set->built_in, err);
	if (!S_ISREG(st.st_mode) || !is_module_path(name))
		return CELLA_OK;
	TRY(add(set, path, &module, err));
	module->path = path;
	return CELLA_OK;
}

static enum cella_status read_folder(struct module_set *set, struct folders *folders,
				     const char *path, struct cella_error *err)
{
	enum cella_status status = CELLA_OK;
	const struct dirent *entry;
	DIR *const folder = opendir(path);

	if (folder == NULL)
		return error_errno(err, errno, "%s", path);
	while (status == CELLA_OK && (entry = readdir(folder)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			status = add_entry(set, folders, path, entry->d_name, err);
	closedir(folder);
	return status;
}

enum cella_status module_set_add_directory(struct module_set *set, const char *path,
					   struct cella_error *err)
{
	struct folders *folders CLEANUP_FREE = calloc(1, sizeof *folders);

	if (folders == NULL)
		return error_nomem(err);
	TRY(add_folder(folders, path, err));
	for (size_t i = 0; i < folders->num_paths; i++)
		TRY(read_folder(set, folders, folders->paths[i], err));
	return CELLA_OK;
}

/* --- loading ------------------------------------------------------------------------- */

static enum cella_status keep_contents(void *context, const struct unpack_entry *entry,
				       struct cella_error *err)
{
	struct node *const file = context;

	if (entry->kind != UNPACK_FILE)
		return error_set(err, CELLA_MALFORMED, "is no compressed file");
	file->contents = entry->contents;
	return CELLA_OK;
}

static enum cella_status decompress(const struct module_set *set, int fd,
				    const struct contents *part, const char *name,
				    struct out *out, struct cella_error *err)
{
	struct node file = { .name = name, .type = NODE_FILE };

	TRY(unpack(set->store, UNPACK_RAW, fd, part, name, keep_contents, &file, err));
	return rootfs_read_all(set->store, &file, MODULE_MAX_LEN, out, err);
}

static enum cella_status load_compressed(const struct module_set *set,
					 const struct module *module, struct out *out,
					 struct cella_error *err)
{
	enum cella_status status;
	struct contents part = module->contents;
	struct stat st;
	int fd;

	if (module->path == NULL)
		return decompress(set, set->store->store, &part, module->name, out, err);
	fd = open(module->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "%s", module->path);
	if (fstat(fd, &st) == 0)
		part = (struct contents){ 0, (uint64_t)st.st_size };
	status = decompress(set, fd, &part, module->name, out, err);
	close(fd);
	return status;
}

enum cella_status module_load(const struct module_set *set, const struct module *module,
			      struct out *out, struct cella_error *err)
{
	const struct node file = { .name = module->name,
				   .type = NODE_FILE,
				   .contents = module->contents };

	if (strcmp(module->suffix, ".ko") != 0)
		return load_compressed(set, module, out, err);
	if (module->path != NULL)
		return file_read(module->path, MODULE_MAX_LEN, out, err);
	return rootfs_read_all(set->store, &file, MODULE_MAX_LEN, out, err);
}

/* --- ordering ------------------------------------------------------------------------ */

/* Of two of a name the one whose path comes first: folders are read in no order. */
static struct module *find(const struct module_set *set, const char *name)
{
	struct module *found = NULL;

	for (size_t i = 0; i < set->num_modules; i++) {
		struct module *const module = &set->modules[i];

		if (strcmp(module->name, name) == 0 &&
		    (found == NULL || found->path == NULL ||
		     (module->path != NULL && strcmp(module->path, found->path) < 0)))
			found = module;
	}
	return found;
}

/* A line "kernel/drivers/char/hw_random/rng-core.ko" for each. */
static bool is_built_in(const struct module_set *set, const char *name)
{
	const size_t len = strlen(name);
	struct cella_bytes text = out_view(&set->built_in);

	while (text.len > 0) {
		const uint8_t *const end = memchr(text.data, '\n', text.len);
		const size_t line = end != NULL ? (size_t)(end - text.data) : text.len;
		const size_t tail = len + strlen("/.ko");
		bool same = line >= tail && text.data[line - tail] == '/' &&
			    memcmp(text.data + line - 3, ".ko", 3) == 0;

		for (size_t i = 0; i < len && same; i++) {
			const char c = (char)text.data[line - tail + 1 + i];

			same = (c == '-' ? '_' : c) == name[i];
		}
		if (same)
			return true;
		text = bytes_slice(text, end != NULL ? line + 1 : line,
				   text.len - line - (end != NULL));
	}
	return false;
}

/* A module whose dependencies are being listed, and which of them are left. */
struct pending {
	struct module *module;
	struct cella_bytes depends; /* in the set's arena */
};

/* What is to be listed: each depends on the one above it. */
struct chain {
	struct pending links[DEPENDENCIES_MAX_DEPTH];
	size_t num_links;
	struct module_set *set;
	const char *release;
};

static enum cella_status open_module(const struct chain *chain, struct module *module,
				     struct cella_bytes *depends, struct cella_error *err)
{
	struct arena *const arena = &chain->set->arena;
	struct out bytes CLEANUP(out_done) = { 0 };
	struct module_facts facts = { 0 };

	TRY(module_load(chain->set, module, &bytes, err));
	TRY(module_read(out_view(&bytes), module->name, &facts, err));
	if (!bytes_equal(facts.release, bytes_of(chain->release, strlen(chain->release))))
		return error_set(err, CELLA_MALFORMED,
				 "module %s is for the kernel %.*s, not %s", module->name,
				 (int)facts.release.len, (const char *)facts.release.data,
				 chain->release);
	*depends = bytes_of(arena_copy(arena, facts.depends.data, facts.depends.len),
			    facts.depends.len);
	return arena_status(arena, err);
}

/* Begins a module, unless it is listed or built in. */
static enum cella_status push(struct chain *chain, const char *name,
			      struct cella_error *err)
{
	struct module *const module = find(chain->set, name);
	struct pending *link;

	TRY(arena_status(&chain->set->arena, err)); /* the name lives there */
	if (module == NULL && is_built_in(chain->set, name))
		return CELLA_OK;
	if (module == NULL)
		return error_set(err, CELLA_MISSING,
				 "there is no module %s for the kernel, nor is it built "
				 "into it",
				 name);
	if (module->is_listed)
		return CELLA_OK;
	if (chain->num_links == DEPENDENCIES_MAX_DEPTH)
		return error_set(err, CELLA_LIMIT, "module %s: too many dependencies",
				 name);
	link = &chain->links[chain->num_links];
	link->module = module;
	TRY(open_module(chain, module, &link->depends, err));
	chain->num_links++;
	return CELLA_OK;
}

/* "virtio_ring,virtio" -> "virtio_ring"; NULL when nothing is left. */
static const char *next_name(struct module_set *set, struct cella_bytes *depends)
{
	const uint8_t *const comma =
		depends->len > 0 ? memchr(depends->data, ',', depends->len) : NULL;
	const size_t len = comma != NULL ? (size_t)(comma - depends->data) : depends->len;
	const char *name;

	if (depends->len == 0)
		return NULL;
	name = copy_name(&set->arena, arena_copy(&set->arena, depends->data, len), "");
	*depends = bytes_slice(*depends, len + (comma != NULL),
			       depends->len - len - (comma != NULL));
	return name;
}

static enum cella_status order_all(struct chain *chain, struct module_order *order,
				   struct cella_error *err)
{
	while (chain->num_links > 0) {
		struct pending *const top = &chain->links[chain->num_links - 1];
		const char *const name = next_name(chain->set, &top->depends);

		if (name != NULL) {
			TRY(push(chain, name, err));
			continue;
		}
		if (order->num_modules == MODULES_MAX_LOADED)
			return error_set(err, CELLA_LIMIT, "more than %d modules",
					 MODULES_MAX_LOADED);
		top->module->is_listed = true;
		order->modules[order->num_modules++] = top->module;
		chain->num_links--;
	}
	return CELLA_OK;
}

enum cella_status module_set_order(struct module_set *set, const char *name,
				   const char *release, struct module_order *order,
				   struct cella_error *err)
{
	const char *const same = copy_name(&set->arena, name, "");

	struct chain chain = { .num_links = 0, .set = set, .release = release };

	TRY(arena_status(&set->arena, err));
	TRY(push(&chain, same, err));
	return order_all(&chain, order, err);
}
