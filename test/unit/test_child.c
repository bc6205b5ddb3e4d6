/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child that the process around it does not notice.
 */
#include "fetch/child.h"

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

enum { ANSWER_MAX = 4096, WAIT_S = 60 };

static volatile sig_atomic_t num_signals;

static void on_child(int number UNUSED)
{
	num_signals++;
}

static struct child start(const char *script)
{
	char *const argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)script, NULL };
	struct child child = { 0 };
	struct cella_error err = { 0 };

	CHECK_OK(child_launch(argv, true, &child, &err));
	return child;
}

/* All that the program says until it ends, or a newline. */
static const char *answer_of(const struct child *child)
{
	static char answer[ANSWER_MAX];
	const struct timeval limit = { .tv_sec = WAIT_S };
	size_t used = 0;
	ssize_t got;

	setsockopt(child->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	do {
		got = recv(child->fd, answer + used, sizeof answer - 1 - used, 0);
		used += got > 0 ? (size_t)got : 0;
	} while (got > 0 && memchr(answer, '\n', used) == NULL);
	answer[used] = '\0';
	return answer;
}

static void test_talks(void **state UNUSED)
{
	struct child child = start("read word; echo \"heard $word\"");

	CHECK_INT(5, send(child.fd, "this\n", 5, MSG_NOSIGNAL));
	CHECK_TEXT("heard this\n", answer_of(&child));
	child_stop(&child);
	CHECK_INT(0, child.pid);
	child_stop(&child);
}

static void test_ends_by_itself(void **state UNUSED)
{
	struct child child = start("exit 3");

	CHECK_TEXT("", answer_of(&child));
	child_stop(&child);
}

static void test_no_program(void **state UNUSED)
{
	char *const argv[] = { (char *)"/nowhere/program", NULL };
	struct child child = { 0 };
	struct cella_error err = { 0 };

	CHECK_STATUS(CELLA_MISSING, child_launch(argv, true, &child, &err));
	CHECK_INT(0, child.pid);
}

/* Whoever handles SIGCHLD, or waits for any child, hears nothing of it. */
static void test_nobody_is_told(void **state UNUSED)
{
	const struct sigaction action = { .sa_handler = on_child };
	struct sigaction old;
	struct child child;

	sigaction(SIGCHLD, &action, &old);
	num_signals = 0;
	child = start("echo ready; exec sleep 1000");
	CHECK_TEXT("ready\n", answer_of(&child));
	errno = 0;
	CHECK_INT(-1, waitpid(-1, NULL, WNOHANG));
	CHECK_INT(ECHILD, errno);
	child_stop(&child);
	CHECK_INT(-1, waitpid(-1, NULL, WNOHANG));
	CHECK_INT(0, num_signals);
	sigaction(SIGCHLD, &old, NULL);
}

static void test_where_children_are_ignored(void **state UNUSED)
{
	struct child child;

	signal(SIGCHLD, SIG_IGN);
	child = start("echo ready; exec sleep 1000");
	CHECK_TEXT("ready\n", answer_of(&child));
	child_stop(&child);
	signal(SIGCHLD, SIG_DFL);
}

/* The program is gone once child_stop() has returned. */
static void test_stops_the_program(void **state UNUSED)
{
	struct child child = start("echo $$; exec sleep 1000");
	const pid_t pid = (pid_t)strtol(answer_of(&child), NULL, 10);

	CHECK_TRUE(pid > 1);
	CHECK_INT(0, kill(pid, 0));
	child_stop(&child);
	CHECK_INT(-1, kill(pid, 0));
	CHECK_INT(ESRCH, errno);
}

static void test_inherits_nothing(void **state UNUSED)
{
	const int leak = open("/dev/null", O_RDONLY);
	struct child child;
	sigset_t mask;

	CHECK_TRUE(leak >= 0);
	/* Nor what is blocked. */
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	child = start("ls -m /proc/$$/fd");
	CHECK_TEXT("0, 1, 2\n", answer_of(&child));
	child_stop(&child);
	child = start("exec grep SigBlk /proc/self/status");
	CHECK_TEXT("SigBlk:\t0000000000000000\n", answer_of(&child));
	child_stop(&child);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
	close(leak);
}

/* A user may have closed the standard descriptors. */
static void test_without_standard_input(void **state UNUSED)
{
	const int kept = dup(STDIN_FILENO);
	struct child child;

	close(STDIN_FILENO);
	child = start("read word; echo \"$word\"");
	CHECK_TRUE(child.fd > STDERR_FILENO);
	CHECK_INT(5, send(child.fd, "this\n", 5, MSG_NOSIGNAL));
	CHECK_TEXT("this\n", answer_of(&child));
	child_stop(&child);
	dup2(kept, STDIN_FILENO);
	close(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talks),
		cmocka_unit_test(test_ends_by_itself),
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_nobody_is_told),
		cmocka_unit_test(test_where_children_are_ignored),
		cmocka_unit_test(test_stops_the_program),
		cmocka_unit_test(test_inherits_nothing),
		cmocka_unit_test(test_without_standard_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
