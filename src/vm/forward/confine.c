/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes of cella-forward may do. Resolving names takes files and sockets of
 * many kinds; the process that passes on bytes afterwards has none of that.
 */
#include "vm/forward/confine.h"

#include "base/error.h"

#include <errno.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <seccomp.h>

static const int relay_calls[] = {
	SCMP_SYS(close),           SCMP_SYS(exit),
	SCMP_SYS(exit_group),      SCMP_SYS(poll),
	SCMP_SYS(ppoll),           SCMP_SYS(recvfrom),
	SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sendto),          SCMP_SYS(shutdown),
	SCMP_SYS(write),
};

enum cella_status confine_all(struct cella_error *err)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return error_errno(err, errno, "limits");
	return CELLA_OK;
}

enum cella_status confine_relay(struct cella_error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int result = 0;

	if (filter == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < ARRAY_LEN(relay_calls) && result == 0; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, relay_calls[i], 0);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result == 0 ? CELLA_OK : error_errno(err, -result, "seccomp");
}

void confine_exit(int status)
{
	syscall(SYS_exit_group, status);
}
