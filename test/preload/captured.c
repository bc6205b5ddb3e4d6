/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A libcurl that a server has taken over: preloaded into cella-fetch, it does what
 * CAPTURED names instead of a transfer, and tells on standard error what came of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

__attribute__((visibility("default"))) int curl_easy_perform(void *curl);

static const char *path(void)
{
	const char *const value = getenv("CAPTURED_PATH");

	return value != NULL ? value : "/nonexistent";
}

static long run(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static void *run_apart(void *context)
{
	*(long *)context = run();
	return NULL;
}

static long run_in_thread(void)
{
	pthread_t thread;
	long result = 0;

	if (pthread_create(&thread, NULL, run_apart, &result) != 0)
		return -1;
	pthread_join(thread, NULL);
	return result;
}

static long spawn(void)
{
	char name[] = "true";
	char *const argv[] = { name, NULL };

	return posix_spawn(NULL, "/bin/true", NULL, NULL, argv, NULL);
}

static long fork_off(void)
{
	return fork();
}

static long write_file(void)
{
	return open(path(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static long remove_file(void)
{
	return unlink(path());
}

static long read_file(void)
{
	return open(path(), O_RDONLY | O_CLOEXEC);
}

static long write_inherited(void)
{
	return write(7, "captured\n", 9);
}

static long serve(void)
{
	return listen(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 1);
}

static long sniff(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static long trace_parent(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long signal_parent(void)
{
	return kill(getppid(), SIGUSR1);
}

/* A file that can be read tells its owner so, by a signal. */
static long signal_by_file(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0 ||
	    fcntl(fds[0], F_SETOWN, getppid()) != 0 ||
	    fcntl(fds[0], F_SETSIG, SIGKILL) != 0 || fcntl(fds[0], F_SETFL, O_ASYNC) != 0)
		return -1;
	return write(fds[1], "", 1);
}

static long make_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		       ? -1
		       : 0;
}

static long change_code(void)
{
	void *const page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long newest_call(void)
{
	return syscall(425, 1, NULL); /* io_uring_setup */
}

static long resolve(void)
{
	struct addrinfo *found = NULL;
	const int result = getaddrinfo("localhost", "443", NULL, &found);

	if (result != 0)
		return -1;
	freeaddrinfo(found);
	return 0;
}

static const struct {
	const char *name;
	long (*deed)(void);
} deeds[] = {
	{ "run", run },
	{ "run-in-thread", run_in_thread },
	{ "spawn", spawn },
	{ "fork", fork_off },
	{ "write-file", write_file },
	{ "remove-file", remove_file },
	{ "read-file", read_file },
	{ "write-inherited", write_inherited },
	{ "serve", serve },
	{ "sniff", sniff },
	{ "trace-parent", trace_parent },
	{ "signal-parent", signal_parent },
	{ "signal-by-file", signal_by_file },
	{ "make-code", make_code },
	{ "change-code", change_code },
	{ "newest-call", newest_call },
	{ "resolve", resolve },
};

/* Before there is a sandbox: whether this kernel can limit files at all. */
__attribute__((constructor)) static void tell_landlock(void)
{
	if (getenv("CAPTURED") != NULL)
		fprintf(stderr, "captured: landlock: %ld\n", syscall(444, NULL, 0, 1));
}

int curl_easy_perform(void *curl)
{
	const char *const name = getenv("CAPTURED");
	long result;

	(void)curl;
	for (size_t i = 0; name != NULL && i < sizeof deeds / sizeof deeds[0]; i++) {
		if (strcmp(deeds[i].name, name) != 0)
			continue;
		errno = 0;
		result = deeds[i].deed();
		fprintf(stderr, "captured: %s: %s\n", name,
			result >= 0 ? "done" : strerror(errno));
	}
	return 7; /* CURLE_COULDNT_CONNECT */
}
