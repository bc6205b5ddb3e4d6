/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image is made of: an application's files and how it is started, out of a static
 * program, a directory, an OCI image layout, or what `docker save` writes.
 */
#ifndef VM_IMAGE_SOURCE_H
#define VM_IMAGE_SOURCE_H

#include "vm/rootfs.h"

enum { APPLICATION_MAX_TEXTS = 1024 };

/* A list of texts. */
struct text_list {
	const char *items[APPLICATION_MAX_TEXTS];
	size_t num_items;
};

enum source_kind { SOURCE_PROGRAM, SOURCE_DIRECTORY, SOURCE_LAYOUT, SOURCE_ARCHIVE };

/* struct application - the files, and how to start what is in them. */
struct application {
	enum source_kind kind;
	struct rootfs files;
	struct arena arena; /* of the texts */
	struct text_list argv;
	struct text_list env;
	const char *cwd;
	uint32_t uid;
	uint32_t gid;
	size_t num_dropped; /* devices, pipes and sockets, which were left out */
};

void application_done(struct application *application);

/* source_kind_name() is "a static program" and so on. */
const char *source_kind_name(enum source_kind kind);

/*
 * application_load() reads a source. argv may stay empty: a directory does not say what to start.
 * CELLA_UNSUPPORTED says what the source is, or that a program needs a directory with its
 * libraries. application_done() frees *out, also after a failure.
 */
enum cella_status application_load(const char *path, struct application *out,
				   struct cella_error *err) MUST_CHECK;

/*
 * application_complete() sees to it that what is to be started is there: the program, found
 * as execvp() finds it, its loader or interpreter, and the directory, which it makes.
 * CELLA_USAGE when nothing is to be started; CELLA_MISSING names what lacks.
 */
enum cella_status application_complete(struct application *application,
				       struct cella_error *err) MUST_CHECK;

/* text_list_add() copies a text. */
enum cella_status text_list_add(struct text_list *list, struct arena *arena,
				const char *text, struct cella_error *err) MUST_CHECK;

/* env_set() adds "NAME=VALUE", in the place of what has the name already. */
enum cella_status env_set(struct text_list *env, struct arena *arena, const char *text,
			  struct cella_error *err) MUST_CHECK;

/* source_directory() copies a directory's files into a tree. */
enum cella_status source_directory(const char *path, struct rootfs *files,
				   struct cella_error *err) MUST_CHECK;

/*
 * source_layers() reads an OCI image layout, or a docker-save archive's files, which were
 * unpacked into a tree of their own.
 */
enum cella_status source_layers(const struct rootfs *archive, struct application *out,
				struct cella_error *err) MUST_CHECK;

#endif
