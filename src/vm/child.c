/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between fork() and execve(), in this order:
 *
 *   1 standard input and output are /dev/null, standard error is a pipe to the supervisor
 *   2 a session of its own: keys pressed at a terminal are not for it
 *   3 no core files, which would hold the guest's memory
 *   4 a confined one gets its own namespaces of network, IPC, names and mounts; without
 *     rights in a user namespace of its own, or, where the supervisor is root, as a user
 *     of its own;
 *     one that is not confined loses root's rights at least
 *   5 it can gain no rights by executing anything
 *   6 it is killed when the supervisor ends; after 4, for a change of user undoes that
 *
 * All descriptors close at execve() but those that it was given.
 */
#include "vm/child.h"

#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/securebits.h>

enum { EXIT_NOT_STARTED = 127, NOBODY = 65534, STRANGERS = 0x70000000 };

enum step {
	STEP_STREAMS,
	STEP_LIMITS,
	STEP_CONFINE,
	STEP_RIGHTS,
	STEP_BOND,
	STEP_FDS,
	STEP_EXEC,
};

static const char *const steps[] = {
	[STEP_STREAMS] = "its standard streams",
	[STEP_LIMITS] = "its limits",
	[STEP_CONFINE] = "its namespaces",
	[STEP_RIGHTS] = "giving up rights",
	[STEP_BOND] = "binding it to its supervisor",
	[STEP_FDS] = "its descriptors",
	[STEP_EXEC] = "executing it",
};

struct failure {
	int sys_errno;
	enum step step;
};

/* --- in the child -------------------------------------------------------------------- */

static bool redirect(int errors)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	return null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
	       dup2(null, STDOUT_FILENO) >= 0 && dup2(errors, STDERR_FILENO) >= 0;
}

static bool limit(void)
{
	const struct rlimit none = { 0, 0 };
	sigset_t empty;

	sigemptyset(&empty);
	sigprocmask(SIG_SETMASK, &empty, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	return setrlimit(RLIMIT_CORE, &none) == 0;
}

static bool become(uid_t id)
{
	return setresgid(id, id, id) == 0 && setresuid(id, id, id) == 0;
}

/*
 * A user whom no other process is: who shares a user with others can be traced by them. Where
 * not all numbers are to be had, in containers, it is nobody.
 */
static bool become_stranger(void)
{
	return setgroups(0, NULL) == 0 &&
	       (become((uid_t)(STRANGERS + getpid())) || become(NOBODY));
}

/* One that keeps root's name, to reach root's files, executes without root's rights. */
static bool become_powerless(void)
{
	return geteuid() != 0 ||
	       prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED) == 0;
}

/* A host that gives no namespaces to ordinary users leaves QEMU its seccomp filter. */
static bool confine(void)
{
	const int apart = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;

	if (geteuid() == 0)
		return (unshare(apart) == 0 || errno == EPERM) && become_stranger();
	return unshare(CLONE_NEWUSER | apart) == 0 || errno == EPERM || errno == ENOSPC ||
	       errno == EINVAL;
}

static bool bind_to(pid_t supervisor)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == supervisor;
}

static bool keep(const struct child_spec *spec)
{
	for (size_t i = 0; i < spec->num_fds; i++)
		if (fcntl(spec->fds[i], F_SETFD, 0) != 0)
			return false;
	return true;
}

static enum step prepare(const struct child_spec *spec, int errors, pid_t supervisor)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	static char language[] = "LC_ALL=C";
	char *const environment[] = { path, language, NULL };

	setsid();
	if (!redirect(errors))
		return STEP_STREAMS;
	if (!limit())
		return STEP_LIMITS;
	if (spec->is_confined && !confine())
		return STEP_CONFINE;
	if (!spec->is_confined && !become_powerless())
		return STEP_RIGHTS;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return STEP_RIGHTS;
	if (!bind_to(supervisor))
		return STEP_BOND;
	if (!keep(spec))
		return STEP_FDS;
	execvpe(spec->argv->items[0], spec->argv->items, environment);
	return STEP_EXEC;
}

static _Noreturn void run(const struct child_spec *spec, int errors, int tell,
			  pid_t supervisor)
{
	struct failure failure = { .step = prepare(spec, errors, supervisor) };

	failure.sys_errno = errno;
	if (write(tell, &failure, sizeof failure) != sizeof failure)
		_exit(EXIT_NOT_STARTED + 1);
	_exit(EXIT_NOT_STARTED);
}

/* --- in the supervisor --------------------------------------------------------------- */

/* The pipe's end without a word is execve's success. */
static enum cella_status hear(int pipe, const struct child_spec *spec,
			      struct cella_error *err)
{
	struct failure failure = { 0 };
	ssize_t got;

	do
		got = read(pipe, &failure, sizeof failure);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return CELLA_OK;
	if (got != sizeof failure)
		return error_set(err, CELLA_IO, "%s: cannot be started", spec->name);
	if (failure.step == STEP_EXEC && failure.sys_errno == ENOENT)
		return error_set(err, CELLA_MISSING, "%s: there is no program %s",
				 spec->name, spec->argv->items[0]);
	return error_errno(err, failure.sys_errno, "%s: %s", spec->name,
			   steps[failure.step]);
}

static enum cella_status open_pipe(int *read_end, int *write_end, struct cella_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, errno, "pipe");
	*read_end = ends[0];
	*write_end = ends[1];
	return CELLA_OK;
}

enum cella_status child_start(const struct child_spec *spec, struct child *out,
			      struct cella_error *err)
{
	struct child child CLEANUP(child_done) = CHILD_NONE;
	const pid_t supervisor = getpid();
	int hear_end CLEANUP_CLOSE = -1;
	int tell_end CLEANUP_CLOSE = -1;
	int errors CLEANUP_CLOSE = -1;

	child.name = spec->name;
	TRY(open_pipe(&hear_end, &tell_end, err));
	TRY(open_pipe(&child.errors, &errors, err));
	fcntl(child.errors, F_SETFL, O_NONBLOCK);
	child.pid = fork();
	if (child.pid < 0) {
		child.pid = 0;
		return error_errno(err, errno, "%s", spec->name);
	}
	if (child.pid == 0)
		run(spec, errors, tell_end, supervisor);
	io_close(&tell_end);
	child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
	if (child.pidfd < 0)
		return error_errno(err, errno, "%s: pidfd", spec->name);
	fcntl(child.pidfd, F_SETFD, FD_CLOEXEC);
	TRY(hear(hear_end, spec, err));
	*out = child;
	child = CHILD_NONE;
	return CELLA_OK;
}

void child_kill(struct child *child)
{
	if (child->pid == 0 || child->has_ended)
		return;
	child->was_killed = true;
	kill(child->pid, SIGKILL);
}

void child_reap(struct child *child)
{
	if (child->pid == 0 || child->has_ended)
		return;
	while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
		;
	child->has_ended = true;
}

void child_done(struct child *child)
{
	child_kill(child);
	child_reap(child);
	io_close(&child->pidfd);
	io_close(&child->errors);
}

void child_end_text(const struct child *child, char text[CHILD_TEXT_MAX])
{
	if (!child->has_ended)
		snprintf(text, CHILD_TEXT_MAX, "%s: runs", child->name);
	else if (WIFSIGNALED(child->status))
		snprintf(text, CHILD_TEXT_MAX, "%s: killed by signal %d", child->name,
			 WTERMSIG(child->status));
	else
		snprintf(text, CHILD_TEXT_MAX, "%s: exited with status %d", child->name,
			 WEXITSTATUS(child->status));
}
