/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a tmpfs becomes the root, with the host's below it for a moment, at a
 * name of its own; what is needed is bound from there, read-only; then the host's is gone and
 * the tmpfs is read-only, too. It runs between fork() and execve(), on a mount namespace
 * that nobody else is in.
 *
 * Of /proc, the process's own folder is bound: QEMU opens its kernel as /proc/self/fd/N, and
 * sees no other process.
 */
#include "vm/child_root.h"

#include "base/attr.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A directory that every host has; what is in it is not hidden for longer than a moment. */
#define MOUNT_POINT "/tmp"
#define HOST "/.host"

/* Of the whole system: loaders, libraries, and stores in which all of them are. */
static const char *const system_paths[] = {
	"/lib",       "/lib64",     "/usr/lib", "/usr/lib64", "/etc/ld.so.cache",
	"/nix/store", "/gnu/store",
};

/* Below the prefix that the program is installed in: its modules, and ROMs. */
static const char *const program_paths[] = {
	"lib", "lib64", "libexec", "share/qemu", "share/qemu-kvm", "share/seabios",
};

/* --- finding the program ------------------------------------------------------------- */

static bool resolve(const char *folder, int folder_len, const char *name,
		    char out[CHILD_ROOT_PATH_MAX])
{
	char path[CHILD_ROOT_PATH_MAX];
	char *real;
	bool is_good;

	if (snprintf(path, sizeof path, "%.*s%s%s", folder_len, folder,
		     folder_len > 0 ? "/" : "", name) >= (int)sizeof path)
		return false;
	real = realpath(path, NULL);
	is_good = real != NULL && access(real, X_OK) == 0 &&
		  strlen(real) < CHILD_ROOT_PATH_MAX;
	if (is_good)
		memcpy(out, real, strlen(real) + 1);
	free(real);
	return is_good;
}

enum cella_status child_root_plan(const char *program, const char *device,
				  struct child_root *out, struct cella_error *err)
{
	const char *folder = CHILD_PATH;
	struct child_root root = { .device = device };
	bool is_found = false;

	if (strchr(program, '/') != NULL)
		is_found = resolve("", 0, program, root.program);
	while (strchr(program, '/') == NULL && !is_found && *folder != '\0') {
		const int len = (int)strcspn(folder, ":");

		is_found = resolve(folder, len, program, root.program);
		folder += len + (folder[len] == ':');
	}
	if (!is_found)
		return error_set(err, CELLA_MISSING, "there is no program %s", program);
	*out = root;
	return CELLA_OK;
}

/* --- in the child -------------------------------------------------------------------- */

/* The folders above a path; those that are there stay as they are. */
static bool make_parents(const char *path)
{
	char folder[PATH_MAX];

	for (const char *end = strchr(path + 1, '/'); end != NULL;
	     end = strchr(end + 1, '/')) {
		snprintf(folder, sizeof folder, "%.*s", (int)(end - path), path);
		if (mkdir(folder, 0755) != 0 && errno != EEXIST)
			return false;
	}
	return true;
}

/* Flags that a mount has already may not be dropped, where others have set them. */
static unsigned long flags_of(const char *path)
{
	struct statvfs fs = { 0 };
	unsigned long flags = 0;

	if (statvfs(path, &fs) != 0)
		return 0;
	flags |= (fs.f_flag & ST_NOSUID) != 0 ? MS_NOSUID : 0;
	flags |= (fs.f_flag & ST_NODEV) != 0 ? MS_NODEV : 0;
	flags |= (fs.f_flag & ST_NOEXEC) != 0 ? MS_NOEXEC : 0;
	flags |= (fs.f_flag & ST_NOATIME) != 0 ? MS_NOATIME : 0;
	flags |= (fs.f_flag & ST_NODIRATIME) != 0 ? MS_NODIRATIME : 0;
	flags |= (fs.f_flag & ST_RELATIME) != 0 ? MS_RELATIME : 0;
	return flags;
}

static bool make_place(const char *path, const struct stat *like)
{
	int fd;

	if (!make_parents(path))
		return false;
	if (S_ISDIR(like->st_mode))
		return mkdir(path, 0755) == 0 || errno == EEXIST;
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0444);
	return fd >= 0 && close(fd) == 0;
}

static bool copy_link(const char *from, const char *path)
{
	char target[PATH_MAX];
	const ssize_t len = readlink(from, target, sizeof target - 1);

	if (len < 0)
		return false;
	target[len] = '\0';
	return make_parents(path) && (symlink(target, path) == 0 || errno == EEXIST);
}

/* What the host does not have is not needed; more restricts the mount further. */
static bool bind_path(const char *path, unsigned long more)
{
	char from[PATH_MAX];
	struct stat host;
	struct stat here;

	if (snprintf(from, sizeof from, HOST "%s", path) >= (int)sizeof from)
		return false;
	if (lstat(from, &host) != 0)
		return errno == ENOENT || errno == ENOTDIR;
	if (S_ISLNK(host.st_mode))
		return copy_link(from, path);
	/* It may be below what is bound already. */
	if (stat(path, &here) == 0 && here.st_dev == host.st_dev &&
	    here.st_ino == host.st_ino)
		return true;
	return make_place(path, &host) &&
	       mount(from, path, NULL, MS_BIND | MS_REC, NULL) == 0 &&
	       mount(NULL, path, NULL,
		     MS_REMOUNT | MS_BIND | MS_NOSUID | more | flags_of(path), NULL) == 0;
}

static bool bind_system(void)
{
	for (size_t i = 0; i < ARRAY_LEN(system_paths); i++)
		if (!bind_path(system_paths[i], MS_RDONLY | MS_NODEV))
			return false;
	return true;
}

/* "<prefix>/bin/<program>" */
static bool bind_program(const char *program)
{
	const char *const name = strrchr(program, '/');
	size_t len = (size_t)(name - program);
	char path[PATH_MAX];

	while (len > 0 && program[len - 1] != '/')
		len--;
	for (size_t i = 0; i < ARRAY_LEN(program_paths); i++) {
		snprintf(path, sizeof path, "%.*s%s", (int)len, program,
			 program_paths[i]);
		if (len > 1 && !bind_path(path, MS_RDONLY | MS_NODEV))
			return false;
	}
	return bind_path(program, MS_RDONLY | MS_NODEV);
}

/* The folder of this very process; execve() does not make it another one. */
static bool bind_self(void)
{
	return make_parents("/proc/self/") &&
	       mount(HOST "/proc/self", "/proc/self", NULL, MS_BIND, NULL) == 0;
}

static bool fill(const struct child_root *root)
{
	return bind_system() && bind_program(root->program) && bind_self() &&
	       (root->device == NULL || bind_path(root->device, MS_NOEXEC));
}

static bool leave_host(void)
{
	return umount2(HOST, MNT_DETACH) == 0 && rmdir(HOST) == 0 &&
	       mount(NULL, "/", NULL,
		     MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) == 0;
}

static bool pivot(void)
{
	/* Whose it becomes is another user, whatever the caller's mask. */
	umask(022);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("root", MOUNT_POINT, "tmpfs", MS_NOSUID | MS_NODEV,
		  "size=1m,nr_inodes=512,mode=755") != 0)
		return false;
	return mkdir(MOUNT_POINT HOST, 0700) == 0 &&
	       syscall(SYS_pivot_root, MOUNT_POINT, MOUNT_POINT HOST) == 0 &&
	       chdir("/") == 0;
}

bool child_root_enter(const struct child_root *root)
{
	if (!pivot()) {
		const int cause = errno;

		umount2(MOUNT_POINT, MNT_DETACH);
		errno = cause;
		return false;
	}
	if (!fill(root)) {
		const int cause = errno;

		/* Back to where it came from: the host's files, without rights to them. */
		if (chroot(HOST) != 0 || chdir("/") != 0)
			_exit(EXIT_FAILURE);
		errno = cause;
		return false;
	}
	return leave_host();
}
