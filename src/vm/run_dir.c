/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders of running Enclave VMs. The lock tells life from leftovers: the kernel drops it
 * with its holder, whatever ended that.
 */
#include "vm/run_dir.h"

#include "guest/io.h"
#include "vm/failure_record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who looks for leftovers holds a lock for a moment. */
enum { LOCK_ATTEMPTS = 20, LOCK_PAUSE_MS = 20 };

static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

enum cella_status run_name_check(const char *name, struct cella_error *err)
{
	const size_t len = strlen(name);

	if (len == 0 || len > RUN_NAME_MAX || name[0] == '-' ||
	    strspn(name, allowed) != len)
		return error_set(err, CELLA_USAGE,
				 "\"%.40s\" is no name of an enclave: expected 1 to %d "
				 "letters, digits, '-', '_'",
				 name, RUN_NAME_MAX);
	return CELLA_OK;
}

enum cella_status run_path(const char *dir, const char *name, char path[RUN_PATH_MAX],
			   struct cella_error *err)
{
	if (snprintf(path, RUN_PATH_MAX, "%s/%s", dir, name) >= RUN_PATH_MAX)
		return error_set(err, CELLA_LIMIT, "%.60s.../%s: too long a path", dir,
				 name);
	return CELLA_OK;
}

/* --- the folder of all --------------------------------------------------------------- */

static int default_base(char path[RUN_PATH_MAX])
{
	const char *const session = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		return snprintf(path, RUN_PATH_MAX, "/run/cella");
	if (session != NULL && session[0] == '/')
		return snprintf(path, RUN_PATH_MAX, "%s/cella", session);
	return snprintf(path, RUN_PATH_MAX, "/tmp/cella-%u", geteuid());
}

/* Others must not have put anything there, nor be able to. */
static enum cella_status check_private(const char *path, struct cella_error *err)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return error_errno(err, errno, "%s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return error_set(err, CELLA_IO,
				 "%s: expected a folder that only its owner, you, may "
				 "enter (mode 0700)",
				 path);
	return CELLA_OK;
}

enum cella_status run_base(const char *given, char path[RUN_PATH_MAX],
			   struct cella_error *err)
{
	const int len = given != NULL ? snprintf(path, RUN_PATH_MAX, "%s", given)
				      : default_base(path);

	if (len > RUN_BASE_MAX)
		return error_set(err, CELLA_LIMIT,
				 "%.40s...: the path of a run folder has at most %d "
				 "bytes",
				 path, RUN_BASE_MAX);
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return error_errno(err, errno, "%s", path);
	return check_private(path, err);
}

/* --- one folder ---------------------------------------------------------------------- */

/* CELLA_USAGE when somebody else holds it; CELLA_MISSING when it was removed meanwhile. */
static enum cella_status lock(const char *dir, int flags, int *out,
			      struct cella_error *err)
{
	char path[RUN_PATH_MAX];
	int fd CLEANUP_CLOSE = -1;
	struct stat st;

	TRY(run_path(dir, "lock", path, err));
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return error_set(err, CELLA_USAGE,
				 "%s: is running: stop it, or choose another name", dir);
	if (fstat(fd, &st) != 0 || st.st_nlink == 0)
		return error_set(err, CELLA_MISSING, "%s: was removed", path);
	*out = io_take(&fd);
	return CELLA_OK;
}

/* A supervisor has put its number there: without, nobody has come so far. */
static bool was_held(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size > 0;
}

static void mark(int fd)
{
	if (dprintf(fd, "%d\n", getpid()) < 0)
		return; /* its loss will not be told */
}

static enum cella_status take_folder(struct run_dir *dir, struct cella_error *err)
{
	const bool is_new = mkdir(dir->path, 0700) == 0;
	enum cella_status status;

	if (!is_new && errno != EEXIST)
		return error_errno(err, errno, "%s", dir->path);
	TRY(check_private(dir->path, err));
	status = lock(dir->path, O_CREAT, &dir->lock, err);
	if (status != CELLA_OK && is_new)
		rmdir(dir->path); /* with somebody's lock in it, it stays */
	return status;
}

/*
 * Who looks for leftovers may take the lock, or remove the folder, in the moment in which it
 * is there without its lock being held. He is done soon, a supervisor is not.
 */
static enum cella_status take_folder_soon(struct run_dir *dir, struct cella_error *err)
{
	struct cella_error failure = { 0 };

	for (int i = 0; i < LOCK_ATTEMPTS; i++) {
		const enum cella_status status = take_folder(dir, &failure);

		if (status == CELLA_OK)
			return CELLA_OK;
		if (status != CELLA_USAGE && status != CELLA_MISSING &&
		    failure.sys_errno != ENOENT)
			break;
		poll(NULL, 0, LOCK_PAUSE_MS);
	}
	if (err != NULL)
		*err = failure;
	return failure.status;
}

/* All but the lock, which somebody may wait for. */
static void clear(const char *path)
{
	DIR *const folder = opendir(path);
	const struct dirent *entry;

	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL)
		if (strcmp(entry->d_name, "lock") != 0)
			unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
}

/* Takes it, and removes what somebody before may have left there. */
static enum cella_status make_dir(const char *path, struct run_dir *out,
				  struct cella_error *err)
{
	struct run_dir dir = RUN_DIR_NONE;

	memcpy(dir.path, path, strlen(path) + 1);
	TRY(take_folder_soon(&dir, err));
	clear(dir.path);
	*out = dir;
	return CELLA_OK;
}

enum cella_status run_dir_make(const char *base, const char *name, struct run_dir *out,
			       struct cella_error *err)
{
	char path[RUN_PATH_MAX];

	TRY(run_name_check(name, err));
	TRY(run_path(base, name, path, err));
	TRY(make_dir(path, out, err));
	if (was_held(out->lock))
		failure_leave_lost(base, name);
	else
		mark(out->lock);
	return CELLA_OK;
}

static void unlink_lock(const char *dir)
{
	char path[RUN_PATH_MAX];

	if (run_path(dir, "lock", path, NULL) == CELLA_OK)
		unlink(path);
}

void run_dir_remove(struct run_dir *dir)
{
	if (dir->lock < 0)
		return;
	clear(dir->path);
	unlink_lock(dir->path);
	rmdir(dir->path);
	io_close(&dir->lock);
}

/* --- all of them --------------------------------------------------------------------- */

static enum cella_status look_at(const char *base, const char *name, run_found_fn *found,
				 void *context, struct cella_error *err)
{
	struct run_dir dir = RUN_DIR_NONE;
	enum cella_status status;

	if (name[0] == '.' || run_path(base, name, dir.path, NULL) != CELLA_OK)
		return CELLA_OK;
	status = lock(dir.path, 0, &dir.lock, NULL);
	if (status == CELLA_USAGE)
		return found(context, name, err);
	if (status == CELLA_OK) {
		if (was_held(dir.lock))
			failure_leave_lost(base, name);
		run_dir_remove(&dir);
	}
	return CELLA_OK;
}

/* What a service has said last is kept where nobody holds the lock. */
static enum cella_status look_at_service(const char *base, const char *name,
					 run_found_fn *found, void *context,
					 struct cella_error *err)
{
	struct run_dir dir = RUN_DIR_NONE;
	enum cella_status status;

	if (name[0] != '.' || run_name_check(name + 1, NULL) != CELLA_OK ||
	    run_path(base, name, dir.path, NULL) != CELLA_OK)
		return CELLA_OK;
	status = lock(dir.path, 0, &dir.lock, NULL);
	if (status == CELLA_USAGE)
		return found(context, name + 1, err);
	if (status == CELLA_OK)
		run_dir_remove(&dir);
	return CELLA_OK;
}

typedef enum cella_status look_fn(const char *base, const char *name, run_found_fn *found,
				  void *context, struct cella_error *err);

static void close_folder(DIR **folder)
{
	if (*folder != NULL)
		closedir(*folder);
}

static enum cella_status list(const char *base, look_fn *look, run_found_fn *found,
			      void *context, struct cella_error *err)
{
	DIR *folder CLEANUP(close_folder) = opendir(base);
	const struct dirent *entry;
	unsigned num = 0;

	if (folder == NULL)
		return error_errno(err, errno, "%s", base);
	while ((entry = readdir(folder)) != NULL) {
		/* Records of failures lie there, too. */
		if (run_name_check(entry->d_name + (entry->d_name[0] == '.'), NULL) !=
		    CELLA_OK)
			continue;
		if (++num > RUN_MAX_ENTRIES)
			return error_set(err, CELLA_LIMIT, "%s: more than %d entries",
					 base, RUN_MAX_ENTRIES);
		TRY(look(base, entry->d_name, found, context, err));
	}
	return CELLA_OK;
}

enum cella_status run_list(const char *base, run_found_fn *found, void *context,
			   struct cella_error *err)
{
	return list(base, look_at, found, context, err);
}

/* --- services ------------------------------------------------------------------------ */

enum cella_status run_service_path(const char *base, const char *name,
				   char path[RUN_PATH_MAX], struct cella_error *err)
{
	char file[RUN_NAME_MAX + 2];

	TRY(run_name_check(name, err));
	snprintf(file, sizeof file, ".%s", name);
	return run_path(base, file, path, err);
}

enum cella_status run_service_make(const char *base, const char *name,
				   struct run_dir *out, struct cella_error *err)
{
	char path[RUN_PATH_MAX];

	TRY(run_service_path(base, name, path, err));
	return make_dir(path, out, err);
}

void run_service_keep(struct run_dir *dir, struct cella_bytes last)
{
	char path[RUN_PATH_MAX];
	int fd CLEANUP_CLOSE = -1;

	if (dir->lock < 0 ||
	    run_path(dir->path, RUN_SERVICE_LAST, path, NULL) != CELLA_OK)
		return;
	clear(dir->path);
	unlink_lock(dir->path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* What cannot be kept was said. */
	if (fd < 0 || write(fd, last.data, last.len) != (ssize_t)last.len)
		run_dir_remove(dir);
	io_close(&dir->lock);
}

enum cella_status run_service_list(const char *base, run_found_fn *found, void *context,
				   struct cella_error *err)
{
	return list(base, look_at_service, found, context, err);
}
