/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole of a small machine, for tests of cella-vsock with a real driver: loads the
 * modules of /modules in the order of their names, sends the heartbeat to CID 2 port 9000,
 * and serves at ports of its own, each connection in a process:
 *
 *   5000  anything: the machine ends
 *   5001  echo
 *   5002  counts what comes up to its end; answers with the count and a checksum
 *   5003  gets a number; sends so many bytes of the pattern
 *   5004  gets CID, port and a number: connects there, sends so many bytes of the pattern,
 *         ends its direction, reads to the end; answers with errno, count and checksum
 *   5005  waits for a byte before it reads so many bytes as the number said
 *
 * Numbers have 64 bits and this machine's order.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/vm_sockets.h>

#include "vsock_pattern.h"

enum { HEARTBEAT = 0xb7, HEARTBEAT_PORT = 9000, BUFFER_LEN = 64 << 10, BACKLOG = 128 };

static void stop(const char *what)
{
	fprintf(stderr, "init: %s: %s\n", what, strerror(errno));
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static void load_modules(void)
{
	struct dirent **entries = NULL;
	const int num = scandir("/modules", &entries, NULL, alphasort);

	for (int i = 0; i < num; i++) {
		char path[512];
		int fd;

		if (entries[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/modules/%s", entries[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) != 0)
			stop(path);
		close(fd);
	}
}

static int dial(uint64_t cid, uint64_t port)
{
	struct sockaddr_vm at = { .svm_family = AF_VSOCK,
				  .svm_cid = (unsigned)cid,
				  .svm_port = (unsigned)port };
	const int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
		return fd;
	const int failure = errno;
	close(fd);
	errno = failure;
	return -1;
}

/* A full queue of the device is said with ENOBUFS: it is no failure. */
static int write_all(int fd, const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len > 0) {
		const ssize_t put = write(fd, at, len);

		if (put < 0 && (errno == ENOBUFS || errno == EINTR))
			continue;
		if (put <= 0)
			return -1;
		at += put;
		len -= (size_t)put;
	}
	return 0;
}

static int read_all(int fd, void *out, size_t len)
{
	uint8_t *at = out;

	while (len > 0) {
		const ssize_t got = read(fd, at, len);

		if (got <= 0)
			return -1;
		at += got;
		len -= (size_t)got;
	}
	return 0;
}

static void echo(int fd)
{
	static uint8_t buffer[BUFFER_LEN];
	ssize_t got;

	while ((got = read(fd, buffer, sizeof buffer)) > 0)
		if (write_all(fd, buffer, (size_t)got) != 0)
			return;
}

static void count(int fd, struct pattern *sum)
{
	static uint8_t buffer[BUFFER_LEN];
	ssize_t got;

	while ((got = read(fd, buffer, sizeof buffer)) > 0)
		pattern_check(sum, buffer, (size_t)got);
}

static int send_pattern(int fd, uint64_t len)
{
	static uint8_t buffer[BUFFER_LEN];
	struct pattern pattern = { 0 };

	while (len > 0) {
		const size_t here = len < sizeof buffer ? (size_t)len : sizeof buffer;

		pattern_fill(&pattern, buffer, here);
		if (write_all(fd, buffer, here) != 0)
			return -1;
		len -= here;
	}
	return 0;
}

static void serve_count(int fd)
{
	struct pattern sum = { 0 };

	count(fd, &sum);
	write_all(fd, &sum, sizeof sum);
}

static void serve_source(int fd)
{
	uint64_t len = 0;

	if (read_all(fd, &len, sizeof len) == 0)
		send_pattern(fd, len);
}

static void serve_dial(int fd)
{
	uint64_t asked[3] = { 0 };
	struct {
		uint64_t failure;
		struct pattern got;
	} answer = { 0 };
	int there;

	if (read_all(fd, asked, sizeof asked) != 0)
		return;
	there = dial(asked[0], asked[1]);
	if (there < 0) {
		answer.failure = (uint64_t)errno;
	} else {
		if (send_pattern(there, asked[2]) != 0)
			answer.failure = (uint64_t)errno;
		shutdown(there, SHUT_WR);
		count(there, &answer.got);
		close(there);
	}
	write_all(fd, &answer, sizeof answer);
}

static void serve_slow(int fd)
{
	uint64_t len = 0;
	uint8_t byte;
	struct pattern sum = { 0 };

	if (read_all(fd, &len, sizeof len) != 0)
		return;
	/* The byte comes over another connection: from the port that the number names. */
	const int gate = dial(VMADDR_CID_HOST, len);
	if (gate < 0 || read(gate, &byte, 1) < 0)
		return;
	count(fd, &sum);
	write_all(fd, &sum, sizeof sum);
}

static void serve_end(int fd)
{
	(void)fd;
	reboot(RB_AUTOBOOT);
}

static const struct {
	unsigned port;
	void (*serve)(int fd);
} services[] = {
	{ 5000, serve_end },    { 5001, echo },       { 5002, serve_count },
	{ 5003, serve_source }, { 5004, serve_dial }, { 5005, serve_slow },
};
enum { NUM_SERVICES = sizeof services / sizeof *services };

static void serve(unsigned which)
{
	const struct sockaddr_vm at = { .svm_family = AF_VSOCK,
					.svm_cid = VMADDR_CID_ANY,
					.svm_port = services[which].port };
	const int listener = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listener < 0 ||
	    bind(listener, (const struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(listener, BACKLOG) != 0)
		stop("listen");
	if (fork() != 0) {
		close(listener);
		return;
	}
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		const int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			close(listener);
			services[which].serve(fd);
			_exit(0);
		}
		close(fd);
	}
}

int main(void)
{
	uint8_t beat = HEARTBEAT;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	load_modules();
	for (unsigned i = 0; i < NUM_SERVICES; i++)
		serve(i);
	fd = dial(VMADDR_CID_HOST, HEARTBEAT_PORT);
	if (fd < 0 || write_all(fd, &beat, 1) != 0 || read_all(fd, &beat, 1) != 0 ||
	    beat != HEARTBEAT)
		stop("heartbeat");
	close(fd);
	for (;;)
		if (wait(NULL) < 0)
			pause();
}
