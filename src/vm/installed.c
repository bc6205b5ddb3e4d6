/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding what is installed.
 */
#include "vm/installed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *find(const char *name, char path[INSTALLED_PATH_MAX])
{
	char self[INSTALLED_PATH_MAX];
	const ssize_t len = readlink("/proc/self/exe", self, sizeof self);
	const char *const slash = len > 0 ? memrchr(self, '/', (size_t)len) : NULL;

	if (slash != NULL &&
	    snprintf(path, INSTALLED_PATH_MAX, "%.*s/%s", (int)(slash - self), self,
		     name) < INSTALLED_PATH_MAX &&
	    access(path, R_OK) == 0)
		return path;
	snprintf(path, INSTALLED_PATH_MAX, "%s/%s", CELLA_LIBEXECDIR, name);
	return path;
}

const char *installed_init(char path[INSTALLED_PATH_MAX])
{
	return find("cella-init", path);
}

const char *installed_hello(char path[INSTALLED_PATH_MAX])
{
	return find("cella-hello", path);
}
