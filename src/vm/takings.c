/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock on the folder of all makes reading what others took and writing what oneself takes
 * one act; it is held for no longer.
 */
#include "vm/takings.h"

#include "base/number.h"
#include "doctor/lines.h"
#include "fetch/files.h"
#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { LOCK_TRIES = 100, LOCK_PAUSE_MS = 50, FILE_MAX_LEN = CPUS_TEXT_MAX + 64 };

static const char name_of_file[] = "taken";

enum cella_status takings_lock(const char *base, int *out, struct cella_error *err)
{
	int fd CLEANUP_CLOSE = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, errno, "%s", base);
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			*out = io_take(&fd);
			return CELLA_OK;
		}
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(err, errno, "%s", base);
		poll(NULL, 0, LOCK_PAUSE_MS);
	}
	return error_set(err, CELLA_LIMIT,
			 "%s: another enclave is being planned since %d s", base,
			 LOCK_TRIES * LOCK_PAUSE_MS / 1000);
}

/* --- one ----------------------------------------------------------------------------- */

static enum cella_status read_line(struct cella_bytes *rest, const char *name,
				   const char *what, struct cella_bytes *out,
				   struct cella_error *err)
{
	const size_t len = strlen(name);
	struct cella_bytes line;

	if (!lines_next(rest, &line) || !line_starts_with(line, name))
		return error_set(err, CELLA_MALFORMED, "%s: expected a line \"%s\"", what,
				 name);
	*out = bytes_slice(line, len, line.len - len);
	return CELLA_OK;
}

enum cella_status taking_parse(struct cella_bytes text, const char *what,
			       struct resource_taking *out, struct cella_error *err)
{
	struct resource_taking taking = { .memory_mib = 0 };
	struct cella_bytes value;
	char number[16];

	TRY(read_line(&text, "cpus ", what, &value, err));
	TRY(cpus_read(value, what, &taking.cpus, err));
	TRY(read_line(&text, "memory ", what, &value, err));
	if (value.len >= sizeof number || text.len > 0)
		return error_set(err, CELLA_MALFORMED, "%s: expected two lines", what);
	text_copy(value, number, sizeof number);
	TRY(number_read(number, UINT32_MAX, &taking.memory_mib, what, err));
	*out = taking;
	return CELLA_OK;
}

enum cella_status takings_write(const struct run_dir *dir,
				const struct resource_plan *plan, struct cella_error *err)
{
	char path[RUN_PATH_MAX];
	struct out text CLEANUP(out_done) = { 0 };

	out_text(&text, "cpus ");
	cpus_write(&plan->taken, &text);
	out_format(&text, "\nmemory %llu\n", (unsigned long long)plan->normal_mib);
	TRY(out_status(&text, err));
	TRY(run_path(dir->path, name_of_file, path, err));
	return file_write(path, out_view(&text), 0600, err);
}

/* --- all of them --------------------------------------------------------------------- */

struct reading {
	const char *base;
	const char *but;
	struct takings *out;
};

/* One that has no file yet, or no more, has taken nothing that is not counted otherwise. */
static enum cella_status read_one(void *context, const char *name,
				  struct cella_error *err)
{
	const struct reading *const reading = context;
	struct takings *const out = reading->out;
	struct out text CLEANUP(out_done) = { 0 };
	struct resource_taking taking = { .memory_mib = 0 };
	char folder[RUN_PATH_MAX];
	char path[RUN_PATH_MAX];
	enum cella_status status;

	if (strcmp(name, reading->but) == 0)
		return CELLA_OK;
	TRY(run_path(reading->base, name, folder, err));
	TRY(run_path(folder, name_of_file, path, err));
	if (out->num_items == RESOURCES_MAX_TAKINGS)
		return error_set(err, CELLA_LIMIT, "%s: more than %d enclaves run",
				 reading->base, RESOURCES_MAX_TAKINGS);
	status = file_read(path, FILE_MAX_LEN, &text, err);
	if (status != CELLA_OK)
		return access(path, F_OK) != 0 ? CELLA_OK : status;
	TRY(taking_parse(out_view(&text), path, &taking, err));
	snprintf(taking.name, sizeof taking.name, "%s", name);
	out->items[out->num_items++] = taking;
	return CELLA_OK;
}

enum cella_status takings_read(const char *base, const char *but, struct takings *out,
			       struct cella_error *err)
{
	struct reading reading = { base, but, out };

	out->num_items = 0;
	return run_list(base, read_one, &reading, err);
}
