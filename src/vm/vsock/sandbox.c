/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox, in stages, each of which holds without the others:
 *
 *  1. limits: no core file, which would hold the guest's memory; not dumpable, so that no
 *     other process of the user can look inside;
 *  2. no_new_privs: nothing that is executed gains anything (nothing can be executed);
 *  3. the run directory as root, and a network of its own, which is empty: what can be
 *     connected to are the sockets there;
 *  4. Landlock: no file can be opened, made, removed, executed;
 *  5. seccomp: only the calls below, and of sockets only UNIX ones. Whatever else is tried
 *     ends the process.
 *
 * The third and the fourth are not to be had everywhere. What is lacking is told.
 */
#include "vm/vsock/sandbox.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <seccomp.h>

/* --- limits -------------------------------------------------------------------------- */

size_t sandbox_most_fds(void)
{
	struct rlimit files = { 0 };

	return getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_max : 0;
}

enum cella_status sandbox_limits(size_t num_fds, struct cella_error *err)
{
	const struct rlimit none = { 0, 0 };
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return error_errno(err, errno, "the limit of descriptors");
	if (files.rlim_max < num_fds)
		return error_set(err, CELLA_LIMIT,
				 "%zu descriptors are needed, at most %llu are allowed",
				 num_fds, (unsigned long long)files.rlim_max);
	files.rlim_cur = files.rlim_max = num_fds;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
		return error_errno(err, errno, "limits");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return error_errno(err, errno, "PR_SET_DUMPABLE");
	return CELLA_OK;
}

/* --- the run directory alone --------------------------------------------------------- */

/*
 * With the privilege to do so, or in a user namespace, where everybody has it. The
 * credentials that others see stay the same.
 */
static bool shut_in(void)
{
	if (chroot(".") == 0) {
		(void)!unshare(CLONE_NEWNET | CLONE_NEWIPC);
		return true;
	}
	return unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) == 0 &&
	       chroot(".") == 0;
}

/* --- files --------------------------------------------------------------------------- */

/*
 * The calls have these numbers on every architecture; older headers do not have them. All
 * rights of the first version of Landlock are denied, as one word. What later versions add
 * concerns files that are open, of which there are none.
 */
enum {
	CALL_CREATE_RULESET = 444,
	CALL_RESTRICT_SELF = 446,
	LANDLOCK_ALL = (1 << 13) - 1,
};

/* A kernel without Landlock is no error: seccomp holds, too. */
static enum cella_status forbid_files(bool *is_missing, struct cella_error *err)
{
	const uint64_t handled = LANDLOCK_ALL;
	const long fd = syscall(CALL_CREATE_RULESET, &handled, sizeof handled, 0);
	long result;

	*is_missing = fd < 0 && (errno == ENOSYS || errno == EOPNOTSUPP);
	if (fd < 0)
		return *is_missing ? CELLA_OK : error_errno(err, errno, "Landlock");
	result = syscall(CALL_RESTRICT_SELF, (int)fd, 0);
	close((int)fd);
	return result == 0 ? CELLA_OK : error_errno(err, errno, "Landlock");
}

/* --- system calls -------------------------------------------------------------------- */

/* Freely. */
static const int calls[] = {
	SCMP_SYS(accept4),
	SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(close),
	SCMP_SYS(connect),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(fstat),
	SCMP_SYS(getsockopt),
	SCMP_SYS(madvise),
	SCMP_SYS(munmap),
	SCMP_SYS(newfstatat),
	SCMP_SYS(read),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(shutdown),
	SCMP_SYS(write),
	SCMP_SYS(writev),
};

/* With the argument that is given: equal to value under the mask. */
static const struct {
	int call;
	unsigned argument;
	uint64_t mask;
	uint64_t value;
} bounded_calls[] = {
	{ SCMP_SYS(fcntl), 1, UINT64_MAX, F_SETFL },
	{ SCMP_SYS(fcntl), 1, UINT64_MAX, F_GET_SEALS },
	{ SCMP_SYS(ioctl), 1, UINT64_MAX, FIONREAD },
	{ SCMP_SYS(mmap), 2, PROT_EXEC, 0 },
	{ SCMP_SYS(socket), 0, UINT64_MAX, AF_UNIX },
};

static int add_calls(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		const int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);

		if (result != 0)
			return result;
	}
	for (size_t i = 0; i < ARRAY_LEN(bounded_calls); i++) {
		const struct scmp_arg_cmp is = { .arg = bounded_calls[i].argument,
						 .op = SCMP_CMP_MASKED_EQ,
						 .datum_a = bounded_calls[i].mask,
						 .datum_b = bounded_calls[i].value };
		const int result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW,
							  bounded_calls[i].call, 1, &is);

		if (result != 0)
			return result;
	}
	return 0;
}

static enum cella_status forbid_calls(struct cella_error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int result;

	if (filter == NULL)
		return error_nomem(err);
	result = add_calls(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result == 0 ? CELLA_OK : error_errno(err, -result, "seccomp");
}

enum cella_status sandbox_enter(const char **lacks, struct cella_error *err)
{
	static const char *const words[2][2] = {
		{ "", ", no Landlock" },
		{ ", no root of its own", ", no root of its own, no Landlock" },
	};
	const bool is_open = !shut_in();
	bool no_landlock = false;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return error_errno(err, errno, "PR_SET_NO_NEW_PRIVS");
	TRY(forbid_files(&no_landlock, err));
	*lacks = words[is_open][no_landlock];
	return forbid_calls(err);
}

void sandbox_exit(int status)
{
	syscall(SYS_exit_group, status);
}

/* --- memory that goes away ----------------------------------------------------------- */

/* For a signal handler: written before it is installed. */
static const char *lost_line;
static size_t lost_len;
static int lost_status;

static void on_lost(int number UNUSED)
{
	/* If it cannot be said, the status says it. */
	(void)!write(STDERR_FILENO, lost_line, lost_len);
	sandbox_exit(lost_status);
}

void sandbox_catch(const char *line, int status)
{
	const struct sigaction action = { .sa_handler = on_lost };

	lost_line = line;
	lost_len = strlen(line);
	lost_status = status;
	sigaction(SIGBUS, &action, NULL);
}
