/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox of cella-fetch: theory of operation.
 *
 * Once libcurl and its TLS library are set up, and before the first URL is read, the
 * process gives up, in this order:
 *
 *   1. open files other than its three, which a shell may have left to it;
 *   2. core dumps, being traced, files that grow, many files, new privileges by exec;
 *   3. all capabilities, when it was started by root;
 *   4. files other than those that name resolution, the loader and TLS read (Landlock,
 *      where the kernel has it);
 *   5. system calls other than those that it takes to resolve names, to connect, to read
 *      files and to wait (seccomp).
 *
 * Names are resolved inside, by the C library and whatever modules nsswitch.conf names:
 * answers of name servers are foreign, too. So reading files, loading libraries, threads,
 * and sockets of the families UNIX, INET, INET6 and NETLINK stay allowed; running programs,
 * writing files, being connected to, and memory both writable and executable do not.
 */
#include "fetch/sandbox.h"

#include "base/close.h"

#include <unistd.h>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { FDS_MAX = 64, CPU_MAX_S = 120 };

void sandbox_add(struct sandbox_paths *paths, const char *path)
{
	if (path != NULL && paths->num_items < SANDBOX_PATHS_MAX)
		paths->items[paths->num_items++] = path;
}

/* A transfer's time and size are limited where it is made; these are for what goes wrong. */
static void limit_resources(void)
{
	static const struct {
		int resource;
		rlim_t max;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, FDS_MAX },
		{ RLIMIT_CPU, CPU_MAX_S },
	};

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		const struct rlimit limit = { limits[i].max, limits[i].max };

		(void)setrlimit((unsigned)limits[i].resource, &limit);
	}
}

/* Root without capabilities is another user who owns root's files. */
static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	(void)syscall(SYS_capset, &header, none);
}

enum cella_status sandbox_enter(const struct sandbox_paths *paths,
				struct cella_error *err)
{
	close_from(STDERR_FILENO + 1);
	limit_resources();
	/* It may hold a key; others of its user are not to read its memory. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "this kernel cannot forbid new privileges");
	drop_capabilities();
	sandbox_limit_files(paths);
	return sandbox_limit_calls(err);
}
