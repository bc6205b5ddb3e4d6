/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser of the guest's commands is a large foreign library, so the process that runs
 * it can do next to nothing. What it needs of the kernel, by who needs it:
 *
 *   the loop       poll, recvmsg, recvfrom, sendto, close
 *   memory         brk, mmap, munmap, mremap, madvise, and mprotect, none executable
 *   libtpms        clock_gettime, gettimeofday, getrandom, futex, and what else its library of
 *                  cryptography may ask of a thread: getpid, gettid, sched_yield,
 *                  rt_sigprocmask
 *   words, the end write (stderr), fstat, exit, exit_group, rt_sigreturn, restart_syscall
 *
 * Any other call ends the process: the EVM ends with it.
 */
#include "vm/vtpm_sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int allowed[] = {
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(close),
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid), /* OpenSSL looks whether it was forked */
	SCMP_SYS(gettid),
	SCMP_SYS(futex),
	SCMP_SYS(sched_yield),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(write),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
};

/* Memory, but none that could be run. */
static const int memory_calls[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };

static int fill(scmp_filter_ctx filter)
{
	int failed = 0;

	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (failed == 0)
			failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < ARRAY_LEN(memory_calls); i++)
		if (failed == 0)
			failed = seccomp_rule_add(
				filter, SCMP_ACT_ALLOW, memory_calls[i], 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return failed;
}

enum cella_status vtpm_sandbox(struct cella_error *err)
{
	const struct rlimit none = { 0, 0 };
	scmp_filter_ctx filter;
	int failed;

	if (prctl(PR_SET_DUMPABLE, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return error_errno(err, errno, "vtpm: its sandbox");
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (filter == NULL)
		return error_set(err, CELLA_NOMEM, "vtpm: its sandbox");
	failed = fill(filter);
	if (failed == 0)
		failed = seccomp_load(filter);
	seccomp_release(filter);
	if (failed != 0)
		return error_errno(err, -failed, "vtpm: its system call filter");
	return CELLA_OK;
}

void vtpm_exit(int status)
{
	syscall(SYS_exit_group, status);
}
