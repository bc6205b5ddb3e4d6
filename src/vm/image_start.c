/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether what an image starts is in it: what would fail in the guest, where little can be
 * said, is found when the image is built.
 */
#include "vm/image_source.h"

#include <stdio.h>
#include <string.h>

enum {
	ELF_HEADER_LEN = 64,
	PROGRAM_HEADER_LEN = 56,
	PROGRAM_HEADERS_MAX = 256,
	INTERPRETER = 3, /* PT_INTERP */
	START_LEN = 512, /* of a file, which tells what it is */
};

/* The environment's PATH, or what execvp() takes without one. */
static const char *search_path(const struct application *app)
{
	for (size_t i = 0; i < app->env.num_items; i++)
		if (strncmp(app->env.items[i], "PATH=", 5) == 0)
			return app->env.items[i] + 5;
	return "/bin:/usr/bin";
}

/* What is at a path that may be relative to a directory of the tree. */
static enum cella_status find(const struct application *app, const char *folder,
			      const char *path, struct node **out,
			      struct cella_error *err)
{
	char whole[2 * ROOTFS_PATH_MAX];

	snprintf(whole, sizeof whole, "%s/%s", path[0] == '/' ? "" : folder, path);
	*out = NULL;
	if (strlen(whole) >= ROOTFS_PATH_MAX)
		return CELLA_OK;
	return rootfs_find(&app->files, whole, true, out, err);
}

static bool is_program(const struct node *node)
{
	return node != NULL && node->type == NODE_FILE && node->executable;
}

/* As execvp() looks for it. */
static enum cella_status find_program(const struct application *app, struct node **out,
				      struct cella_error *err)
{
	const char *const name = app->argv.items[0];
	const char *path = search_path(app);
	char folder[ROOTFS_PATH_MAX];

	if (strchr(name, '/') != NULL)
		return find(app, app->cwd, name, out, err);
	for (;;) {
		const size_t len = strcspn(path, ":");

		snprintf(folder, sizeof folder, "%.*s", (int)len, path);
		TRY(find(app, len > 0 ? folder : app->cwd, name, out, err));
		if (is_program(*out) || path[len] == '\0')
			return CELLA_OK;
		path += len + 1;
	}
}

/* --- interpreters -------------------------------------------------------------------- */

/* A text in a file, up to its NUL or its blank; "" when it is none. */
static void cut_text(char text[ROOTFS_PATH_MAX], size_t len)
{
	text[len] = '\0';
	text[strcspn(text, " \t\n")] = '\0';
}

/* PT_INTERP: the loader of a program with shared libraries. */
static enum cella_status read_loader(const struct rootfs *files,
				     const struct contents *program,
				     char out[ROOTFS_PATH_MAX], struct cella_error *err)
{
	uint8_t header[ELF_HEADER_LEN];
	uint8_t entry[PROGRAM_HEADER_LEN];
	uint64_t at, size;
	uint16_t num;
	struct in in;

	TRY(rootfs_read(files, program, 0, header, sizeof header, err));
	in_init(&in, bytes_of(header, sizeof header), "elf");
	in_skip(&in, 32, "e_entry");
	at = in_u64le(&in, "e_phoff");
	in_skip(&in, 16, "e_phentsize");
	num = in_u16le(&in, "e_phnum");
	TRY(in_status(&in, err));
	for (size_t i = 0; i < num && i < PROGRAM_HEADERS_MAX; i++) {
		if (at > program->len || program->len - at < (i + 1) * sizeof entry)
			return CELLA_OK;
		TRY(rootfs_read(files, program, at + i * sizeof entry, entry,
				sizeof entry, err));
		in_init(&in, bytes_of(entry, sizeof entry), "program header");
		if (in_u32le(&in, "p_type") != INTERPRETER)
			continue;
		in_skip(&in, 4, "p_flags");
		at = in_u64le(&in, "p_offset");
		in_skip(&in, 16, "p_paddr");
		size = in_u64le(&in, "p_filesz");
		if (size >= ROOTFS_PATH_MAX || at > program->len ||
		    size > program->len - at)
			return CELLA_OK;
		TRY(rootfs_read(files, program, at, out, (size_t)size, err));
		cut_text(out, (size_t)size);
		return CELLA_OK;
	}
	return CELLA_OK;
}

/* "" when a program needs none, or is of a form that only the kernel knows. */
static enum cella_status read_interpreter(const struct rootfs *files,
					  const struct node *program,
					  char out[ROOTFS_PATH_MAX],
					  struct cella_error *err)
{
	char start[START_LEN] = "";
	const size_t len = program->contents.len < sizeof start - 1
				   ? (size_t)program->contents.len
				   : sizeof start - 1;
	size_t blanks;

	out[0] = '\0';
	TRY(rootfs_read(files, &program->contents, 0, start, len, err));
	if (len >= ELF_HEADER_LEN && memcmp(start, "\177ELF", 4) == 0)
		return read_loader(files, &program->contents, out, err);
	if (memcmp(start, "#!", 2) != 0)
		return CELLA_OK;
	blanks = strspn(start + 2, " \t");
	snprintf(out, ROOTFS_PATH_MAX, "%s", start + 2 + blanks);
	cut_text(out, strlen(out));
	return CELLA_OK;
}

static enum cella_status check_interpreter(const struct application *app,
					   const struct node *program,
					   struct cella_error *err)
{
	char interpreter[ROOTFS_PATH_MAX];
	struct node *node = NULL;

	TRY(read_interpreter(&app->files, program, interpreter, err));
	if (interpreter[0] == '\0')
		return CELLA_OK;
	TRY(find(app, app->cwd, interpreter, &node, err));
	if (is_program(node))
		return CELLA_OK;
	return error_set(err, CELLA_MISSING,
			 "%.80s needs %.80s, which is not among the application's files",
			 app->argv.items[0], interpreter);
}

/* --- the whole ----------------------------------------------------------------------- */

/* A container's directory need not be in its layers. */
static enum cella_status make_cwd(struct application *app, struct cella_error *err)
{
	struct node *node = NULL;

	TRY(rootfs_find(&app->files, app->cwd, true, &node, err));
	if (node == NULL)
		return rootfs_add_directory(&app->files, app->cwd, err);
	return node->type == NODE_DIRECTORY
		       ? CELLA_OK
		       : error_set(err, CELLA_MALFORMED,
				   "%.150s: is no directory to start in", app->cwd);
}

enum cella_status application_complete(struct application *app, struct cella_error *err)
{
	struct node *program = NULL;

	if (app->argv.num_items == 0)
		return error_set(err, CELLA_USAGE,
				 "nothing says what to start: give a command after --");
	TRY(make_cwd(app, err));
	TRY(find_program(app, &program, err));
	if (program == NULL || program->type != NODE_FILE)
		return error_set(err, CELLA_MISSING,
				 "%.150s: is not among the application's files",
				 app->argv.items[0]);
	if (!program->executable)
		return error_set(err, CELLA_MALFORMED,
				 "%.150s: may not be executed: it has no such mode",
				 app->argv.items[0]);
	return check_interpreter(app, program, err);
}
