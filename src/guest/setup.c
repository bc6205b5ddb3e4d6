/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts, modules, and no more modules.
 */
#include "guest/setup.h"

#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *type;
	const char *place;
	unsigned long flags;
	const char *options;
} mounts[] = {
	{ "proc", "/proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL },
	{ "sysfs", "/sys", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL },
	{ "devtmpfs", "/dev", MS_NOSUID, "mode=0755" },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777" },
	{ "tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755" },
	{ "tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777" },
};

enum cella_status setup_mounts(const char *root, struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
		char place[PATH_MAX];

		if (snprintf(place, sizeof place, "%s%s", root[1] == '\0' ? "" : root,
			     mounts[i].place) >= (int)sizeof place)
			return error_set(err, CELLA_LIMIT, "%.40s...: too long a path",
					 root);
		if (mkdir(place, 0755) != 0 && errno != EEXIST)
			return error_errno(err, errno, "%s", place);
		/* The kernel may have mounted /dev. */
		if (mount(mounts[i].type, place, mounts[i].type, mounts[i].flags,
			  mounts[i].options) != 0 &&
		    errno != EBUSY)
			return error_errno(err, errno, "mounting %s", place);
	}
	return CELLA_OK;
}

enum cella_status setup_modules(const struct guest_texts *modules,
				struct cella_error *err)
{
	for (size_t i = 0; i < modules->num_items; i++) {
		const char *const path = modules->items[i];
		const int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return error_errno(err, errno, "%s", path);
		if (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)
			return error_errno(err, errno, "loading %s", path);
	}
	return CELLA_OK;
}

enum cella_status setup_lockdown(struct cella_error *err)
{
	static const char path[] = "/proc/sys/kernel/modules_disabled";
	const int fd CLEANUP_CLOSE = open(path, O_WRONLY | O_CLOEXEC);

	/* A kernel without modules has no such file. */
	if (fd < 0 && errno == ENOENT)
		return CELLA_OK;
	if (fd < 0 || write(fd, "1\n", 2) != 2)
		return error_errno(err, errno, "%s", path);
	return CELLA_OK;
}
