/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of system calls: reading and writing what is open, memory, and the end. Opening
 * fails without ending the process, since libraries look for character sets.
 */
#include "vm/unpack_sandbox.h"

#include "base/attr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include <seccomp.h>

static const struct {
	int number;
	uint32_t action;
} rules[] = {
	{ SCMP_SYS(read), SCMP_ACT_ALLOW },
	{ SCMP_SYS(pread64), SCMP_ACT_ALLOW },
	{ SCMP_SYS(write), SCMP_ACT_ALLOW },
	{ SCMP_SYS(writev), SCMP_ACT_ALLOW },
	{ SCMP_SYS(lseek), SCMP_ACT_ALLOW },
	{ SCMP_SYS(fstat), SCMP_ACT_ALLOW },
	{ SCMP_SYS(newfstatat), SCMP_ACT_ALLOW },
	{ SCMP_SYS(close), SCMP_ACT_ALLOW },
	{ SCMP_SYS(brk), SCMP_ACT_ALLOW },
	{ SCMP_SYS(mmap), SCMP_ACT_ALLOW },
	{ SCMP_SYS(munmap), SCMP_ACT_ALLOW },
	{ SCMP_SYS(mremap), SCMP_ACT_ALLOW },
	{ SCMP_SYS(mprotect), SCMP_ACT_ALLOW },
	{ SCMP_SYS(madvise), SCMP_ACT_ALLOW },
	{ SCMP_SYS(futex), SCMP_ACT_ALLOW },
	{ SCMP_SYS(getrandom), SCMP_ACT_ALLOW },
	{ SCMP_SYS(clock_gettime), SCMP_ACT_ALLOW },
	{ SCMP_SYS(sched_yield), SCMP_ACT_ALLOW },
	{ SCMP_SYS(rt_sigreturn), SCMP_ACT_ALLOW },
	{ SCMP_SYS(rt_sigprocmask), SCMP_ACT_ALLOW },
	{ SCMP_SYS(sigaltstack), SCMP_ACT_ALLOW },
	{ SCMP_SYS(exit), SCMP_ACT_ALLOW },
	{ SCMP_SYS(exit_group), SCMP_ACT_ALLOW },
	{ SCMP_SYS(openat), SCMP_ACT_ERRNO(ENOENT) },
	{ SCMP_SYS(readlink), SCMP_ACT_ERRNO(ENOENT) },
	{ SCMP_SYS(ioctl), SCMP_ACT_ERRNO(ENOTTY) },
};

bool sandbox_enter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int failure = filter == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < ARRAY_LEN(rules) && failure == 0; i++)
		failure = seccomp_rule_add(filter, rules[i].action, rules[i].number, 0);
	if (failure == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		failure = -errno;
	if (failure == 0)
		failure = seccomp_load(filter);
	if (filter != NULL)
		seccomp_release(filter);
	if (failure != 0)
		fprintf(stderr, "cella-unpack: no sandbox: %s\n", strerror(-failure));
	return failure == 0;
}
