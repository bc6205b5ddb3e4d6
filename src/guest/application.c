/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application's process. Between fork and execve it is alone with the policy; what fails
 * there it tells its parent through a pipe that execve closes.
 */
#include "guest/application.h"

#include "guest/io.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum step { STEP_OUTPUT, STEP_ROOT, STEP_USER, STEP_FOLDER, STEP_EXEC };

static const char *const steps[] = {
	[STEP_OUTPUT] = "its standard output",
	[STEP_ROOT] = "its root",
	[STEP_USER] = "its user",
	[STEP_FOLDER] = "its working directory",
	[STEP_EXEC] = "executing it",
};

static bool take_user(const struct guest_policy *policy)
{
	const gid_t gid = policy->gid;

	return setgroups(1, &gid) == 0 && setresgid(gid, gid, gid) == 0 &&
	       setresuid(policy->uid, policy->uid, policy->uid) == 0;
}

static bool redirect(int output)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int out = output >= 0 ? output : null;

	return null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
	       dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0;
}

/* The signals that the init waits for are blocked, and would stay so. */
static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static enum step become(const struct guest_policy *policy, int output)
{
	setsid();
	reset_signals();
	if (!redirect(output))
		return STEP_OUTPUT;
	if (chroot(policy->root) != 0 || chdir("/") != 0)
		return STEP_ROOT;
	if (!take_user(policy))
		return STEP_USER;
	if (chdir(policy->cwd) != 0)
		return STEP_FOLDER;
	environ = (char **)policy->env
			  .items; /* where a bare name is searched by its PATH */
	execvp(policy->argv.items[0], (char *const *)policy->argv.items);
	return STEP_EXEC;
}

static enum cella_status hear(int pipe, const struct guest_policy *policy,
			      struct cella_error *err)
{
	struct io_failure failure = { 0 };
	bool failed = true;

	TRY(io_hear_failure(pipe, policy->argv.items[0], &failed, &failure, err));
	return failed ? error_errno(err, failure.sys_errno, "%s: %s",
				    policy->argv.items[0], steps[failure.step])
		      : CELLA_OK;
}

enum cella_status application_start(const struct guest_policy *policy, pid_t *pid,
				    int *output, struct cella_error *err)
{
	int hear_end CLEANUP_CLOSE = -1;
	int tell_end CLEANUP_CLOSE = -1;
	int log_end CLEANUP_CLOSE = -1;
	int write_end CLEANUP_CLOSE = -1;
	pid_t child;

	TRY(io_pipe(&hear_end, &tell_end, err));
	if (policy->log == GUEST_LOG_FULL)
		TRY(io_pipe(&log_end, &write_end, err));
	child = fork();
	if (child < 0)
		return error_errno(err, errno, "fork");
	if (child == 0)
		io_tell_failure(tell_end, become(policy, write_end));
	io_close(&tell_end);
	TRY(hear(hear_end, policy, err));
	*pid = child;
	*output = io_take(&log_end);
	return CELLA_OK;
}
