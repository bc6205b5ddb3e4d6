/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modules that belong to a kernel, and the order in which some of them are to be loaded.
 */
#ifndef VM_MODULE_SET_H
#define VM_MODULE_SET_H

#include "vm/rootfs.h"

enum { MODULES_MAX = 1 << 16, MODULES_MAX_LOADED = 128, MODULE_NAME_MAX = 64 };

/* A module: in a file, or among the contents of the set's tree. */
struct module {
	const char *name; /* '-' is '_' */
	const char *path; /* NULL: in the tree */
	struct contents contents;
	const char *suffix; /* ".ko", ".ko.xz" or ".ko.zst" */
	bool is_listed;     /* in the order already */
};

struct module_set {
	struct arena arena;
	struct rootfs *store;
	struct module *modules;
	size_t num_modules;
	size_t capacity;
	struct out built_in; /* the text of modules.builtin */
};

void module_set_done(struct module_set *set);

/* module_set_add_stored() adds a module whose contents the tree has, by its path. */
enum cella_status module_set_add_stored(struct module_set *set, const char *path,
					const struct contents *contents,
					struct cella_error *err) MUST_CHECK;

/* module_set_add_directory() adds all modules below a directory. */
enum cella_status module_set_add_directory(struct module_set *set, const char *path,
					   struct cella_error *err) MUST_CHECK;

/* is_module_path() is true for a path that names a module. */
bool is_module_path(const char *path);

/* struct module_order - modules, each behind those it depends on. */
struct module_order {
	const struct module *modules[MODULES_MAX_LOADED];
	size_t num_modules;
};

/*
 * module_set_order() appends a module and what it depends on. One that is built into the kernel
 * is left out. CELLA_MISSING names a module that is nowhere; CELLA_MALFORMED one that is for
 * another kernel.
 */
enum cella_status module_set_order(struct module_set *set, const char *name,
				   const char *release, struct module_order *order,
				   struct cella_error *err) MUST_CHECK;

/* module_load() appends a module's bytes, not compressed. */
enum cella_status module_load(const struct module_set *set, const struct module *module,
			      struct out *out, struct cella_error *err) MUST_CHECK;

#endif
