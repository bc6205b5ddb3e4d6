/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. A child whose end is told by SIGCHLD would be told to whoever handles
 * that signal, and waited for by whoever waits for any child: in a library neither is ours.
 * execve() makes every child one of that kind. So there is a keeper between: a child that is
 * told by no signal, is found only by who waits for such children by number (__WCLONE), and
 * executes nothing. The program is the keeper's child, and ends with it:
 *
 *	we ── clone(no signal) ── keeper ── clone(SIGCHLD), execve() ── program
 *
 * The keeper is a copy of a process that may have threads, so it calls nothing but the
 * kernel. All signals are blocked in it, and it has no descriptors, so that nobody's pipe
 * stays open for it. SIGTERM, which it waits for, ends the program and then the keeper; so
 * does our own end.
 */
#include "fetch/child.h"

#include "base/close.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { EXIT_NOT_STARTED = 127 };

static pid_t clone_self(int signal)
{
	/* The order of the other arguments differs; all of them are zero. */
	return (pid_t)syscall(SYS_clone, signal, 0, 0, 0, 0);
}

/* In the program's process. socket is none of the three that it becomes. */
static void run(char *const argv[], bool is_quiet, int socket) __attribute__((noreturn));
static void run(char *const argv[], bool is_quiet, int socket)
{
	sigset_t none;
	int nowhere;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(socket, STDIN_FILENO);
	dup2(socket, STDOUT_FILENO);
	if (is_quiet) {
		nowhere = open("/dev/null", O_WRONLY);
		if (nowhere >= 0 && nowhere != STDERR_FILENO)
			dup2(nowhere, STDERR_FILENO);
	}
	close_from(STDERR_FILENO + 1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(argv[0], argv, environ);
	_exit(EXIT_NOT_STARTED);
}

static void keep(char *const argv[], bool is_quiet, int socket, pid_t parent)
	__attribute__((noreturn));
static void keep(char *const argv[], bool is_quiet, int socket, pid_t parent)
{
	sigset_t end;
	pid_t program;
	int status = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_NOT_STARTED);
	/* A terminal's signals are meant for those who know of the program. */
	setsid();
	program = clone_self(SIGCHLD);
	if (program == 0)
		run(argv, is_quiet, socket);
	close_from(0);
	if (program < 0)
		_exit(EXIT_NOT_STARTED);
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	while (sigwaitinfo(&end, NULL) != SIGTERM)
		continue;
	kill(program, SIGKILL);
	while (waitpid(program, &status, 0) < 0 && errno == EINTR)
		continue;
	_exit(WIFSIGNALED(status) ? CHILD_SIGNALLED + WTERMSIG(status)
				  : WEXITSTATUS(status));
}

/* No handler of the user's may run in the keeper. */
static pid_t start_keeper(char *const argv[], bool is_quiet, int socket)
{
	const pid_t self = getpid();
	sigset_t all;
	sigset_t old;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = clone_self(0);
	if (pid == 0)
		keep(argv, is_quiet, socket, self);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return pid;
}

/* A pair of sockets, of which none is a standard descriptor that the user has closed. */
static enum cella_status make_pair(int out[2], struct cella_error *err)
{
	int ends[2] = { -1, -1 };

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return error_errno(err, errno, "a pair of sockets");
	for (size_t i = 0; i < 2; i++) {
		out[i] = fcntl(ends[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(ends[i]);
	}
	if (out[0] >= 0 && out[1] >= 0)
		return CELLA_OK;
	error_errno(err, errno, "a pair of sockets");
	for (size_t i = 0; i < 2; i++)
		if (out[i] >= 0)
			close(out[i]);
	return CELLA_IO;
}

enum cella_status child_launch(char *const argv[], bool is_quiet, struct child *out,
			       struct cella_error *err)
{
	int ends[2] = { -1, -1 };
	pid_t pid;

	if (access(argv[0], X_OK) != 0)
		return error_set(err, CELLA_MISSING, "%s: there is no such program",
				 argv[0]);
	TRY(make_pair(ends, err));
	pid = start_keeper(argv, is_quiet, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		*out = (struct child){ .pid = pid, .fd = ends[0] };
		return CELLA_OK;
	}
	error_errno(err, errno, "%s", argv[0]);
	close(ends[0]);
	return CELLA_IO;
}

int child_stop(struct child *child)
{
	int status = 0;

	if (child->pid <= 0)
		return 0;
	close(child->fd);
	kill(child->pid, SIGTERM);
	while (waitpid(child->pid, &status, __WCLONE) < 0 && errno == EINTR)
		continue;
	*child = (struct child){ .pid = 0, .fd = -1 };
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : CHILD_SIGNALLED + WTERMSIG(status);
}
