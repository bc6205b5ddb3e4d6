/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between fork() and execve(), in this order:
 *
 *   0 it enters its control group, if it has one
 *   1 standard input and output are /dev/null, standard error is a pipe to the supervisor
 *   2 a session of its own: keys pressed at a terminal are not for it
 *   3 no core files, which would hold the guest's memory
 *   4 a confined one gets its own namespaces of network, IPC, names and mounts, and a root
 *     of its own if it is to have one; without rights in a user namespace of its own, or,
 *     where the supervisor is root, as a user of its own;
 *     one that is not confined loses root's rights at least
 *   5 it can gain no rights by executing anything
 *   6 it is killed when the supervisor ends; after 4, for a change of user undoes that
 *
 * All descriptors close at execve() but those that it was given. What of 4 the host refuses
 * is told, and the rest is done.
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
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/securebits.h>

enum { NOBODY = 65534, STRANGERS = 0x70000000 };

enum step {
	STEP_GROUP,
	STEP_STREAMS,
	STEP_LIMITS,
	STEP_CONFINE,
	STEP_ROOT,
	STEP_RIGHTS,
	STEP_BOND,
	STEP_FDS,
	STEP_EXEC,
};

static const char *const steps[] = {
	[STEP_GROUP] = "its control group",
	[STEP_STREAMS] = "its standard streams",
	[STEP_LIMITS] = "its limits",
	[STEP_CONFINE] = "namespaces of its own",
	[STEP_ROOT] = "a root of its own",
	[STEP_RIGHTS] = "giving up rights",
	[STEP_BOND] = "binding it to its supervisor",
	[STEP_FDS] = "its descriptors",
	[STEP_EXEC] = "executing it",
};

/* Added to a step that it goes on without. */
enum { IS_LACK = 1 << 8 };

/* What a child knows of how it is to be. */
struct making {
	const struct child_spec *spec;
	pid_t supervisor;
	int tell;
	bool has_root;
};

/* --- in the child -------------------------------------------------------------------- */

/* First of all: what it takes from here on is counted there. */
static bool enter(const char *group)
{
	int fd CLEANUP_CLOSE = -1;

	if (group == NULL || group[0] == '\0')
		return true;
	fd = open(group, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, "0", 1) == 1;
}

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

static void tell_lack(int fd, enum step step)
{
	const struct io_failure lack = { .sys_errno = errno,
					 .step = (int)step | IS_LACK };

	if (write(fd, &lack, sizeof lack) != sizeof lack)
		_exit(EXIT_FAILURE);
}

/* The group that a device is for: a stranger could not open it otherwise. */
static bool keep_group_of(const char *device)
{
	struct stat found;

	if (device == NULL || stat(device, &found) != 0 || found.st_gid == 0 ||
	    (found.st_mode & S_IWOTH) != 0)
		return setgroups(0, NULL) == 0;
	return setgroups(1, &found.st_gid) == 0;
}

/*
 * A user whom no other process is: who shares a user with others can be traced by them. Where
 * not all numbers are to be had, in containers, it is nobody.
 */
static bool become_stranger(const struct child_spec *spec)
{
	return keep_group_of(spec->root != NULL ? spec->root->device : NULL) &&
	       (become((uid_t)(STRANGERS + getpid())) || become(NOBODY));
}

/* One that keeps root's name, to reach root's files, executes without root's rights. */
static bool become_powerless(void)
{
	return geteuid() != 0 ||
	       prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED) == 0;
}

static bool put_file(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	const bool done = fd >= 0 &&
			  write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/*
 * In a user namespace only users who are mapped can mount. These files are the process's own
 * once it may be looked into; the supervisor's secrets are forgotten before that.
 */
static bool map_user(const struct child_spec *spec, uid_t user, gid_t group)
{
	char line[64];

	if (spec->forget != NULL)
		spec->forget(spec->context);
	if (prctl(PR_SET_DUMPABLE, 1) != 0 || !put_file("/proc/self/setgroups", "deny"))
		return false;
	snprintf(line, sizeof line, "%u %u 1", user, user);
	if (!put_file("/proc/self/uid_map", line))
		return false;
	snprintf(line, sizeof line, "%u %u 1", group, group);
	return put_file("/proc/self/gid_map", line);
}

/* A host that gives no namespaces to ordinary users leaves QEMU its seccomp filter. */
static bool unshare_all(struct making *making)
{
	const int apart = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;
	const bool is_root = geteuid() == 0;

	if (unshare(is_root ? apart : apart | CLONE_NEWUSER) == 0)
		return true;
	if (errno == EPERM || errno == ENOSPC || errno == EINVAL)
		tell_lack(making->tell, STEP_CONFINE);
	return false;
}

static void change_root(struct making *making, uid_t user, gid_t group)
{
	const struct child_spec *const spec = making->spec;

	if (spec->root == NULL)
		return;
	making->has_root = (user == 0 || map_user(spec, user, group)) &&
			   child_root_enter(spec->root);
	if (!making->has_root)
		tell_lack(making->tell, STEP_ROOT);
}

static bool confine(struct making *making)
{
	const uid_t user = geteuid();
	const gid_t group = getegid();

	if (unshare_all(making))
		change_root(making, user, group);
	else if (errno != EPERM && errno != ENOSPC && errno != EINVAL)
		return false;
	return user != 0 || become_stranger(making->spec);
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

static enum step prepare(struct making *making, int errors)
{
	static char path[] = "PATH=" CHILD_PATH;
	static char language[] = "LC_ALL=C";
	char *const environment[] = { path, language, NULL };
	const struct child_spec *const spec = making->spec;

	/* Opened as who starts it: another user may not get through the folders above it. */
	const int program = strchr(spec->argv->items[0], '/') != NULL
				    ? open(spec->argv->items[0], O_PATH | O_CLOEXEC)
				    : -1;

	if (!enter(spec->group))
		return STEP_GROUP;
	setsid();
	if (!redirect(errors))
		return STEP_STREAMS;
	if (!limit())
		return STEP_LIMITS;
	if (spec->is_confined && !confine(making))
		return STEP_CONFINE;
	if (!spec->is_confined && !become_powerless())
		return STEP_RIGHTS;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return STEP_RIGHTS;
	if (!bind_to(making->supervisor))
		return STEP_BOND;
	if (!keep(spec))
		return STEP_FDS;
	execvpe(making->has_root ? spec->root->program : spec->argv->items[0],
		spec->argv->items, environment);
	/* By its name above all: others should see what it is. */
	if (errno == EACCES && program >= 0 && !making->has_root)
		fexecve(program, spec->argv->items, environment);
	return STEP_EXEC;
}

/* --- in the supervisor --------------------------------------------------------------- */

static enum cella_status failure_error(const struct io_failure *failure,
				       const struct child_spec *spec,
				       struct cella_error *err)
{
	if (failure->step == STEP_EXEC && failure->sys_errno == ENOENT)
		return error_set(err, CELLA_MISSING, "%s: there is no program %s",
				 spec->name, spec->argv->items[0]);
	return error_errno(err, failure->sys_errno, "%s: %s", spec->name,
			   steps[failure->step]);
}

/* The pipe's end, after whatever is lacking, is execve's success. */
static enum cella_status hear(int pipe, const struct child_spec *spec,
			      struct child *child, struct cella_error *err)
{
	struct io_failure failure = { 0 };
	bool failed = true;

	for (;;) {
		TRY(io_hear_failure(pipe, spec->name, &failed, &failure, err));
		if (!failed)
			return CELLA_OK;
		if ((failure.step & IS_LACK) == 0)
			return failure_error(&failure, spec, err);
		snprintf(child->lacks, sizeof child->lacks, "%s has not %s: %s",
			 spec->name, steps[failure.step & ~IS_LACK],
			 strerror(failure.sys_errno));
	}
}

enum cella_status child_start(const struct child_spec *spec, struct child *out,
			      struct cella_error *err)
{
	struct child child CLEANUP(child_done) = CHILD_NONE;
	struct making making = { .spec = spec, .supervisor = getpid() };
	int hear_end CLEANUP_CLOSE = -1;
	int tell_end CLEANUP_CLOSE = -1;
	int errors CLEANUP_CLOSE = -1;

	child.name = spec->name;
	TRY(io_pipe(&hear_end, &tell_end, err));
	TRY(io_pipe(&child.errors, &errors, err));
	fcntl(child.errors, F_SETFL, O_NONBLOCK);
	making.tell = tell_end;
	child.pid = fork();
	if (child.pid < 0) {
		child.pid = 0;
		return error_errno(err, errno, "%s", spec->name);
	}
	if (child.pid == 0)
		io_tell_failure(tell_end, prepare(&making, errors));
	io_close(&tell_end);
	child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
	if (child.pidfd < 0)
		return error_errno(err, errno, "%s: pidfd", spec->name);
	fcntl(child.pidfd, F_SETFD, FD_CLOEXEC);
	TRY(hear(hear_end, spec, &child, err));
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
