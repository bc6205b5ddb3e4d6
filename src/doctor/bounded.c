/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the child holds the writing end of a pipe and nobody else does, so
 * that the pipe hangs up when the child is gone, however it went. One byte before that says
 * that it has finished. A child that does not go away after that is left to init.
 */
#include "doctor/bounded.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REAP_MS = 1000 };

void *bounded_new(size_t size)
{
	void *const shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return shared != MAP_FAILED ? shared : NULL;
}

void bounded_free(void *shared, size_t size)
{
	if (shared != NULL)
		munmap(shared, size);
}

int64_t bounded_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* poll() goes on after a signal with what is left of the time. */
bool bounded_readable(int fd, int64_t until_ms)
{
	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		const int64_t left = until_ms - bounded_now_ms();
		const int ready = poll(&pfd, 1, left > 0 ? (int)left : 0);

		if (ready >= 0 || errno != EINTR)
			return ready > 0;
	}
}

static enum bounded_end await(int fd, int deadline_ms)
{
	uint8_t byte;

	if (!bounded_readable(fd, bounded_now_ms() + deadline_ms))
		return BOUNDED_LATE;
	return read(fd, &byte, 1) == 1 ? BOUNDED_DONE : BOUNDED_DIED;
}

/* Bounded, too: a process that hangs in the kernel does not even die of SIGKILL. */
static void reap(pid_t pid)
{
	const int fd = (int)syscall(__NR_pidfd_open, pid, 0);

	if (fd >= 0) {
		(void)bounded_readable(fd, bounded_now_ms() + REAP_MS);
		close(fd);
	}
	waitpid(pid, NULL, WNOHANG);
}

static void run_child(void (*work)(void *shared), void *shared, int fd)
{
	static const struct rlimit none = { 0, 0 };
	const uint8_t byte = 1;

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	work(shared);
	_exit(write(fd, &byte, 1) == 1 ? 0 : 1);
}

enum bounded_end bounded_run(void (*work)(void *shared), void *shared, int deadline_ms)
{
	enum bounded_end end = BOUNDED_DIED;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return BOUNDED_DIED;
	pid = fork();
	if (pid == 0)
		run_child(work, shared, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		end = await(ends[0], deadline_ms);
		kill(pid, SIGKILL);
		reap(pid);
	}
	close(ends[0]);
	return end;
}
