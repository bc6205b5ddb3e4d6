/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the place of cella-vtpm: runs the real one, and stops it for good at a step, which is the
 * entry of a system call. Beside this program stand
 *
 *   vtpm    the real one
 *   step    the number of the call to stop at; "gate": the one that answers the first
 *           CMD_INIT, after which the guest may run
 *   report  made by this program: "stopped NUMBER PID"
 *
 * Every step until the gate is one at which nothing may have run.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GATE = -1 };

static char folder[PATH_MAX];

static void path_of(const char *name, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
		_exit(100);
}

static void find_folder(void)
{
	const ssize_t len = readlink("/proc/self/exe", folder, sizeof folder - 1);

	if (len <= 0)
		_exit(101);
	folder[len] = '\0';
	*strrchr(folder, '/') = '\0';
}

static long read_step(void)
{
	char path[PATH_MAX];
	char word[32] = "";
	FILE *file;

	path_of("step", path);
	file = fopen(path, "re");
	if (file == NULL || fgets(word, sizeof word, file) == NULL)
		_exit(102);
	fclose(file);
	return strcmp(word, "gate\n") == 0 ? GATE : strtol(word, NULL, 10);
}

static void report(long number, pid_t pid)
{
	char path[PATH_MAX];
	char whole[PATH_MAX];
	FILE *file;

	path_of("report.new", path);
	path_of("report", whole);
	file = fopen(path, "we");
	if (file == NULL)
		_exit(103);
	fprintf(file, "stopped %ld %d\n", number, pid);
	fclose(file);
	if (rename(path, whole) != 0)
		_exit(103);
}

/*
 * Its memory cannot be read, for it forbids that; but it asks the supervisor for a certificate
 * within the first CMD_INIT and never else, so that what it says to QEMU next is the answer.
 */
static int says_to(const struct user_regs_struct *regs, unsigned fd)
{
	return regs->orig_rax == SYS_sendto && regs->rdi == fd;
}

/* It stays where it is until it is killed; so does this one. */
static void stay(long number, pid_t pid)
{
	report(number, pid);
	for (;;)
		pause();
}

struct fds {
	unsigned control;
	unsigned supervisor;
};

static int trace(pid_t pid, const struct fds *fds, long step)
{
	struct user_regs_struct regs;
	int is_entry = 0;
	int has_init = 0;
	long number = 0;
	int status;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		const int signal = WSTOPSIG(status);
		const int is_call = signal == (SIGTRAP | 0x80);

		is_entry = is_call ? !is_entry : is_entry;
		if (is_call && is_entry) {
			ptrace(PTRACE_GETREGS, pid, NULL, &regs);
			has_init = has_init || says_to(&regs, fds->supervisor);
			if (++number == step ||
			    (has_init && says_to(&regs, fds->control)))
				stay(number, pid);
		}
		ptrace(PTRACE_SYSCALL, pid, NULL,
		       (long)(is_call || signal == SIGTRAP ? 0 : signal));
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 104;
}

int main(int argc, char **argv)
{
	char real[PATH_MAX];
	struct fds fds;
	long step;
	pid_t pid;
	int status;

	find_folder();
	path_of("vtpm", real);
	step = read_step();
	if (argc < 7 || strcmp(argv[1], "--control") != 0 ||
	    strcmp(argv[5], "--supervisor") != 0)
		return 105;
	fds.control = (unsigned)strtoul(argv[2], NULL, 10);
	fds.supervisor = (unsigned)strtoul(argv[6], NULL, 10);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execv(real, argv);
		_exit(106);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 107;
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       (long)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	return trace(pid, &fds, step);
}
