/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control group of this process: what limits it, and whether it may be divided. A group
 * belongs to who made it. It may be divided by others only where that has been said: by its
 * owner being this user, by the mark that service managers leave (Delegate=yes), or by being
 * the root of a container.
 */
#include "vm/topology_files.h"

#include "base/encode.h"
#include "base/number.h"

#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Where version 2 is, alone or beside version 1. */
static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

static void out_cleanup(struct out *out)
{
	out_done(out);
}

static const char *find_mount(const struct system *sys)
{
	for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
		char path[SYSTEM_PATH_MAX];

		if (path_join(path, "%s/cgroup.controllers", mounts[i]) &&
		    system_has(sys, path))
			return mounts[i];
	}
	return NULL;
}

static bool has_file(const struct system *sys, const char *folder, const char *name)
{
	char path[SYSTEM_PATH_MAX];

	return path_join(path, "%s/%s", folder, name) && system_has(sys, path);
}

/* --- whose it is --------------------------------------------------------------------- */

/* Marks of systemd: for the system's units, and for those of users. */
static bool is_marked(const char *path)
{
	static const char *const marks[] = { "trusted.delegate", "user.delegate" };
	char value = '\0';

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (getxattr(path, marks[i], &value, 1) == 1 && value == '1')
			return true;
	return false;
}

/* In a tree of files, which belongs to who made it, what may be written is one's own. */
static bool may_write(const struct system *sys, const char *folder)
{
	static const char *const names[] = { "cgroup.procs", "cgroup.subtree_control" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[SYSTEM_PATH_MAX];
		struct stat st;

		if (!path_join(path, "%s/%s", folder, names[i]) ||
		    system_stat(sys, path, &st) != 0 || (st.st_mode & S_IWUSR) == 0 ||
		    (sys->is_own && st.st_uid != geteuid()))
			return false;
	}
	return true;
}

static const char *why_not_ours(const struct system *sys, const char *folder, bool is_top)
{
	struct stat st;

	if (!has_file(sys, folder, "cgroup.events"))
		return "it is the root of all control groups, which is the system's";
	if (system_stat(sys, folder, &st) != 0 || (st.st_mode & S_IWUSR) == 0 ||
	    !may_write(sys, folder))
		return "it belongs to another user";
	if (sys->is_own && geteuid() == 0 && !is_top && !is_marked(folder))
		return "the service manager has not handed it over (systemd: Delegate=yes)";
	return NULL;
}

static enum cella_status read_controllers(const struct system *sys, const char *folder,
					  struct topology_cgroup *out,
					  struct cella_error *err)
{
	struct out text CLEANUP(out_cleanup) = { 0 };
	char path[SYSTEM_PATH_MAX];
	char words[TOPOLOGY_PATH_MAX];

	if (!path_join(path, "%s/cgroup.controllers", folder))
		return error_set(err, CELLA_LIMIT, "%s: too long a path", folder);
	TRY(topology_file(sys, path, &text, err));
	if (text.len >= sizeof words - 2)
		return error_set(err, CELLA_LIMIT, "%s: too long a line", path);
	snprintf(words, sizeof words, " %.*s ", (int)text.len, (const char *)text.data);
	for (int i = 0; i < NUM_CONTROLLERS; i++) {
		char word[16];

		snprintf(word, sizeof word, " %s ",
			 topology_controller_name((enum topology_controller)i));
		out->has[i] = strstr(words, word) != NULL;
	}
	return CELLA_OK;
}

/* --- what limits it ------------------------------------------------------------------ */

/* A group may have no such file: its parent keeps the controller to itself. */
static enum cella_status read_limit(const struct system *sys, const char *folder,
				    const char *name, uint64_t *out,
				    struct cella_error *err)
{
	struct out text CLEANUP(out_cleanup) = { 0 };
	char path[SYSTEM_PATH_MAX];
	enum cella_status status;

	*out = TOPOLOGY_UNLIMITED;
	if (!path_join(path, "%s/%s", folder, name))
		return error_set(err, CELLA_LIMIT, "%s: too long a path", folder);
	status = topology_file(sys, path, &text, err);
	if (topology_is_unknown(status))
		return CELLA_OK;
	TRY(status);
	return topology_limit(out_view(&text), path, out, err);
}

static enum cella_status read_memory(const struct system *sys, const char *folder,
				     struct topology_cgroup *out, struct cella_error *err)
{
	uint64_t max = 0;
	uint64_t current = 0;
	uint64_t left;

	TRY(read_limit(sys, folder, "memory.max", &max, err));
	if (max == TOPOLOGY_UNLIMITED)
		return CELLA_OK;
	TRY(read_limit(sys, folder, "memory.current", &current, err));
	left = current < max ? (max - current) / 1024 : 0;
	if (left < out->memory_left_kib)
		out->memory_left_kib = left;
	return CELLA_OK;
}

/* "max 100000", "150000 100000": the tightest of all levels counts. */
static enum cella_status read_quota(const struct system *sys, const char *folder,
				    struct topology_cgroup *out, struct cella_error *err)
{
	char path[SYSTEM_PATH_MAX];
	char text[64];
	char *blank;
	uint64_t quota = 0;
	uint64_t period = 0;

	if (!path_join(path, "%s/cpu.max", folder))
		return error_set(err, CELLA_LIMIT, "%s: too long a path", folder);
	if (system_text(sys, path, text, sizeof text) != 0)
		return CELLA_OK;
	blank = strchr(text, ' ');
	if (blank == NULL)
		return error_set(err, CELLA_MALFORMED,
				 "%s: expected a quota and a period", path);
	*blank = '\0';
	TRY(number_read(blank + 1, UINT32_MAX, &period, path, err));
	TRY(topology_limit(bytes_of(text, strlen(text)), path, &quota, err));
	if (period == 0)
		return error_set(err, CELLA_MALFORMED, "%s: a period of 0", path);
	if (quota > UINT32_MAX ||
	    (out->period_us != 0 && quota * out->period_us >= out->quota_us * period))
		return CELLA_OK;
	out->quota_us = quota;
	out->period_us = period;
	return CELLA_OK;
}

/* Every level limits what is below it. */
static enum cella_status read_limits(const struct system *sys, const char *mount,
				     struct topology_cgroup *out, struct cella_error *err)
{
	char folder[TOPOLOGY_PATH_MAX];

	snprintf(folder, sizeof folder, "%s", out->path);
	for (int depth = 0; depth < TOPOLOGY_MAX_DEPTH; depth++) {
		char *slash;

		TRY(read_memory(sys, folder, out, err));
		TRY(read_quota(sys, folder, out, err));
		slash = strrchr(folder, '/');
		if (strlen(folder) <= strlen(mount) || slash == NULL)
			return CELLA_OK;
		*slash = '\0';
	}
	return error_set(err, CELLA_LIMIT, "%s: more than %d levels", out->path,
			 TOPOLOGY_MAX_DEPTH);
}

/* --- all of it ----------------------------------------------------------------------- */

static enum cella_status narrow(const struct system *sys, const char *folder,
				struct topology *out, struct cella_error *err)
{
	char path[SYSTEM_PATH_MAX];
	struct cpus effective = { { 0 } };
	enum cella_status status;

	if (!path_join(path, "%s/cpuset.cpus.effective", folder))
		return error_set(err, CELLA_LIMIT, "%s: too long a path", folder);
	status = topology_file_cpus(sys, path, &effective, err);
	if (topology_is_unknown(status))
		return CELLA_OK;
	TRY(status);
	out->allowed = cpus_both(&out->allowed, &effective);
	return CELLA_OK;
}

static enum cella_status read_group(const struct system *sys, const char *mount,
				    const char *path, struct topology *out,
				    struct cella_error *err)
{
	struct topology_cgroup *const cgroup = &out->cgroup;
	const bool is_top = strcmp(path, "/") == 0;
	const char *why;

	if ((size_t)snprintf(cgroup->path, sizeof cgroup->path, "%s%s", mount,
			     is_top ? "" : path) >= sizeof cgroup->path)
		return error_set(err, CELLA_LIMIT, "%s: too long a path", path);
	TRY(read_controllers(sys, cgroup->path, cgroup, err));
	TRY(read_limits(sys, mount, cgroup, err));
	TRY(narrow(sys, cgroup->path, out, err));
	why = why_not_ours(sys, cgroup->path, is_top);
	cgroup->is_ours = why == NULL;
	snprintf(cgroup->why_not, sizeof cgroup->why_not, "%s", why != NULL ? why : "");
	return CELLA_OK;
}

static void have_none(struct topology_cgroup *out)
{
	*out = (struct topology_cgroup){ .memory_left_kib = TOPOLOGY_UNLIMITED };
	snprintf(out->why_not, sizeof out->why_not,
		 "there is no control group of version 2");
}

enum cella_status topology_read_cgroup(const struct system *sys, struct topology *out,
				       struct cella_error *err)
{
	static const char name[] = "/proc/self/cgroup";
	struct out text CLEANUP(out_cleanup) = { 0 };
	const char *const mount = find_mount(sys);
	char path[TOPOLOGY_PATH_MAX];
	enum cella_status status = topology_file(sys, name, &text, err);

	have_none(&out->cgroup);
	if (topology_is_unknown(status) || mount == NULL)
		return CELLA_OK;
	TRY(status);
	status = topology_cgroup_path(out_view(&text), name, path, err);
	if (status == CELLA_OK)
		status = read_group(sys, mount, path, out, err);
	if (status != CELLA_MISSING)
		return status;
	/* It lies outside of what can be seen from here. */
	have_none(&out->cgroup);
	return CELLA_OK;
}
