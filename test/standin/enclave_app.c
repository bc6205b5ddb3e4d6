/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application of enclaves under test, static:
 *
 *   enclave_app serve        listens: port 7 returns what comes, port 8 gives evidence with
 *                            report data of the application's own, port 9 what it sees
 *   enclave_app exit STATUS  ends
 *   enclave_app stubborn     does not mind being asked to end
 *   enclave_app suspend      has the machine suspended to memory, and woken
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

enum { NUM_PORTS = 3, FIRST_PORT = 7, CHUNK = 4096 };

static const char request[] =
	"quote "
	"a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"
	"a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5\n";

static void put(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		const ssize_t done = write(fd, bytes, len);

		if (done < 0 && errno != EINTR && errno != ENOBUFS)
			_exit(1);
		if (done > 0) {
			bytes += done;
			len -= (size_t)done;
		}
	}
}

static void copy(int from, int to)
{
	char chunk[CHUNK];
	ssize_t len;

	while ((len = read(from, chunk, sizeof chunk)) > 0)
		put(to, chunk, (size_t)len);
}

static void echo(int peer)
{
	copy(peer, peer);
}

static void give_evidence(int peer)
{
	const struct sockaddr_un address = { AF_UNIX, "/run/cella-attest" };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
		put(peer, strerror(errno), strlen(strerror(errno)));
		return;
	}
	put(fd, request, sizeof request - 1);
	copy(fd, peer);
}

/* What there must not be: "<path>: there" for each that is. */
static void tell(int peer, const char *path)
{
	char line[256];
	const int fd = open(path, O_RDONLY);
	const int len = snprintf(line, sizeof line, "%s: %s\n", path,
				 fd >= 0 ? "there" : strerror(errno));

	put(peer, line, (size_t)len);
	close(fd);
}

static void tell_folder(int peer, const char *path)
{
	DIR *const folder = opendir(path);
	const struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		char line[300];

		if (entry->d_name[0] == '.')
			continue;
		put(peer, line,
		    (size_t)snprintf(line, sizeof line, "%s/%s\n", path, entry->d_name));
	}
}

/* The kernel's idea of its first serial port: 0 is none. */
static void tell_port(int peer)
{
	const int fd = open("/sys/class/tty/ttyS0/type", O_RDONLY);

	put(peer, "serial port of type ", strlen("serial port of type "));
	copy(fd, peer);
	close(fd);
}

static void look_around(int peer)
{
	char line[64];

	put(peer, line,
	    (size_t)snprintf(line, sizeof line, "uid %u gid %u pid %d\n", getuid(),
			     getgid(), getpid()));
	tell_folder(peer, "/sys/class/net");
	tell_folder(peer, "/sys/block");
	tell_folder(peer, "/sys/class/vsock");
	tell_port(peer);
	tell(peer, "/dev/tpmrm0");
	tell(peer, "/proc/sys/kernel/modules_disabled");
	tell(peer, "/cella/guest.json");
}

static void (*const services[NUM_PORTS])(int peer) = { echo, give_evidence, look_around };

static int serve(void)
{
	struct pollfd ready[NUM_PORTS];

	signal(SIGCHLD, SIG_IGN);
	for (unsigned i = 0; i < NUM_PORTS; i++) {
		const struct sockaddr_vm address = {
			.svm_family = AF_VSOCK,
			.svm_cid = VMADDR_CID_ANY,
			.svm_port = FIRST_PORT + i,
		};

		ready[i] = (struct pollfd){ .fd = socket(AF_VSOCK, SOCK_STREAM, 0),
					    .events = POLLIN };
		if (bind(ready[i].fd, (const struct sockaddr *)&address,
			 sizeof address) != 0 ||
		    listen(ready[i].fd, 64) != 0)
			return 4;
	}
	puts("serving");
	fflush(stdout);
	for (;;) {
		poll(ready, NUM_PORTS, -1);
		for (unsigned i = 0; i < NUM_PORTS; i++) {
			int peer;

			if (ready[i].revents == 0)
				continue;
			peer = accept(ready[i].fd, NULL, NULL);
			if (peer >= 0 && fork() == 0) {
				services[i](peer);
				_exit(0);
			}
			close(peer);
		}
	}
}

static void put_file(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		_exit(5);
	close(fd);
}

/* On waking, the machine is reset but for its memory: the TPM would begin anew. */
static int suspend(void)
{
	put_file("/sys/class/rtc/rtc0/wakealarm", "+3");
	put_file("/sys/power/state", "mem");
	pause();
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "serve") == 0)
		return serve();
	if (argc == 3 && strcmp(argv[1], "exit") == 0)
		return (int)strtol(argv[2], NULL, 10);
	if (argc == 2 && strcmp(argv[1], "suspend") == 0)
		return suspend();
	if (argc != 2 || strcmp(argv[1], "stubborn") != 0)
		return 6;
	signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}
