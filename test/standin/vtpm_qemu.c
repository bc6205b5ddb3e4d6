/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standin-vtpm-qemu STEP VTPM QEMU: the supervisor between a cella-vtpm and a real QEMU, up
 * to a step, whose name says what then happens. Prints QEMU's exit status and the TPM's,
 * and whether a vCPU ever ran: the firmware talks to its debug port first of all.
 */
#include "launch_maker.h"
#include "standin.h"
#include "vtpm_peer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 4096, TIMEOUT_S = 120 };

/* What the supervisor does, and then has QEMU do by QMP. */
static const struct step {
	const char *name;
	bool kill_before; /* before QEMU starts */
	bool kill_in_launch;
	bool certify;
	const char *command; /* NULL: no guest is expected */
} steps[] = {
	{ "quit", false, false, true, "quit" },
	{ "reset", false, false, true, "system_reset" },
	{ "uncertified", false, false, false, NULL },
	{ "killed-before", true, false, false, NULL },
	{ "killed-in-launch", false, true, false, NULL },
};

static const struct step *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (strcmp(steps[i].name, name) == 0)
			return &steps[i];
	standin_die(name);
}

/* QEMU with its QMP on standard input and output. */
static pid_t start_qemu(const char *qemu, int control, int debug, int in, int out)
{
	char chardev[64];
	char firmware[64];
	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	snprintf(chardev, sizeof chardev, "socket,id=c,fd=%d", control);
	snprintf(firmware, sizeof firmware, "socket,id=d,fd=%d", debug);
	fcntl(control, F_SETFD, 0);
	fcntl(debug, F_SETFD, 0);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	alarm(TIMEOUT_S);
	execlp(qemu, qemu, "-machine", "q35", "-accel", "tcg", "-m", "64", "-nodefaults",
	       "-display", "none", "-qmp", "stdio", "-chardev", chardev, "-tpmdev",
	       "emulator,id=t,chardev=c", "-device", "tpm-crb,tpmdev=t", "-chardev",
	       firmware, "-device", "isa-debugcon,iobase=0x402,chardev=d", (char *)NULL);
	_exit(127);
}

/* Reads up to a line's end; false at the end of everything. */
static bool read_line(int fd, char line[LINE_MAX_LEN])
{
	size_t len = 0;

	while (len + 1 < LINE_MAX_LEN && read(fd, line + len, 1) == 1)
		if (line[len++] == '\n')
			break;
	line[len] = '\0';
	return len > 0;
}

static void say(int fd, const char *command)
{
	char text[128];
	const int len = snprintf(text, sizeof text, "{\"execute\":\"%s\"}\n", command);

	if (write(fd, text, (size_t)len) != len)
		fputs("QEMU does not listen\n", stderr);
}

static void certify(struct vtpm_peer *peer, const struct step *step)
{
	static const char certificate[] = "a certificate";
	uint8_t key[PEER_MESSAGE_MAX];

	if (step->kill_before || recv(peer->supervisor, key, sizeof key, 0) <= 0)
		return;
	if (step->kill_in_launch)
		kill(peer->pid, SIGKILL);
	else if (step->certify)
		send(peer->supervisor, certificate, sizeof certificate, MSG_NOSIGNAL);
	else
		shutdown(peer->supervisor, SHUT_RDWR);
}

static int status_of(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Waits for a guest to run, or for QEMU's end; then has QEMU do what it is to do. */
static bool converse(const struct step *step, int debug, int in, int out)
{
	char line[LINE_MAX_LEN];
	char byte;
	const bool ran = recv(debug, &byte, 1, 0) == 1;

	if (step->command != NULL) {
		say(out, "qmp_capabilities");
		say(out, step->command);
	}
	while (read_line(in, line))
		;
	return ran;
}

int main(int argc, char **argv)
{
	struct out log CLEANUP(out_done) = made_launch_log(false);
	const struct step *step;
	struct vtpm_peer peer;
	bool ran;
	int debug[2];
	int to[2];
	int from[2];
	pid_t qemu;
	int code;

	if (argc != 4 || pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, debug) != 0)
		standin_die("arguments: STEP VTPM QEMU");
	signal(SIGPIPE, SIG_IGN);
	step = find(argv[1]);
	if (!peer_start(argv[2], out_view(&log), &peer))
		standin_die(argv[2]);
	if (step->kill_before)
		kill(peer.pid, SIGKILL);
	qemu = start_qemu(argv[3], peer.control, debug[1], to[0], from[1]);
	close(debug[1]);
	close(to[0]);
	close(from[1]);
	close(peer.control);
	peer.control = -1;
	certify(&peer, step);
	ran = converse(step, debug[0], from[0], to[1]);
	close(to[1]);
	code = status_of(qemu);
	printf("qemu %d vtpm %d %s\n", code, peer_end(&peer), ran ? "ran" : "never ran");
	return 0;
}
