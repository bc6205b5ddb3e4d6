/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application of enclaves under test, static:
 *
 *   enclave_app serve        listens: port 7 returns what comes, port 8 gives evidence with
 *                            report data of the application's own, port 9 what it sees;
 *                            port 10 asks the host's proxy for the place that it is told;
 *                            port 11 asks the init for what it is told, port 12 has
 *                            /cella-guest measure /etc/app.conf; port 13 has the TPM remember
 *                            what it is told, or, if that is nothing, tells what it remembers
 *   enclave_app exit STATUS  ends
 *   enclave_app stubborn     does not mind being asked to end
 *   enclave_app suspend      has the machine suspended to memory, and woken
 * And outside of enclaves:
 *   enclave_app outside      serves at a port of this machine, which it prints
 *   enclave_app tcp PORT     connects standard input and output with a port of this machine
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

enum { NUM_PORTS = 7, FIRST_PORT = 7, PROXY_PORT = 9443, CHUNK = 4096 };

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

static int ask_init(int peer)
{
	const struct sockaddr_un address = { AF_UNIX, "/run/cella-attest" };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	put(peer, strerror(errno), strlen(strerror(errno)));
	return -1;
}

static void give_evidence(int peer)
{
	const int fd = ask_init(peer);

	if (fd < 0)
		return;
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

/* What the peer writes, "name:port", is asked for; what comes back is returned. */
static void fetch(int peer)
{
	const struct sockaddr_vm proxy = {
		.svm_family = AF_VSOCK,
		.svm_cid = VMADDR_CID_HOST,
		.svm_port = PROXY_PORT,
	};
	const int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	char place[256] = "";
	char head[300];
	size_t len = 0;
	ssize_t got;

	while (len < sizeof place - 1 &&
	       (got = read(peer, place + len, sizeof place - 1 - len)) > 0)
		len += (size_t)got;
	place[strcspn(place, "\n")] = '\0';
	if (connect(fd, (const struct sockaddr *)&proxy, sizeof proxy) != 0) {
		const char *const why = strerror(errno);

		put(peer, "no proxy: ", strlen("no proxy: "));
		put(peer, why, strlen(why));
		return;
	}
	put(fd, head,
	    (size_t)snprintf(head, sizeof head, "CONNECT %s HTTP/1.1\r\n\r\nhello\n",
			     place));
	shutdown(fd, SHUT_WR);
	copy(fd, peer);
}

static void pass_on(int peer)
{
	const int fd = ask_init(peer);

	if (fd < 0)
		return;
	copy(peer, fd);
	copy(fd, peer);
}

static void measure(int peer)
{
	if (dup2(peer, STDOUT_FILENO) < 0 || dup2(peer, STDERR_FILENO) < 0)
		return;
	execl("/cella-guest", "cella-guest", "measure", "--json", "--name", "conf",
	      "/etc/app.conf", (char *)NULL);
	put(peer, strerror(errno), strlen(strerror(errno)));
}

/* --- the TPM: an index of the owner's, of 16 bytes ----------------------------------------- */

enum { NV_INDEX = 0x01500001, NV_LEN = 16 };

static size_t put_number(unsigned char *out, unsigned long value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (unsigned char)(value >> (8 * (len - 1 - i)));
	return len;
}

/* Header, handles, an empty password: what follows is the command's own. */
static size_t begin_command(unsigned char *out, unsigned long code, unsigned long first,
			    unsigned long second)
{
	size_t len = put_number(out, 0x8002, 2) + 4;

	len += put_number(out + len, code, 4);
	len += put_number(out + len, first, 4);
	if (second != 0)
		len += put_number(out + len, second, 4);
	len += put_number(out + len, 9, 4);
	len += put_number(out + len, 0x40000009, 4);
	return len + put_number(out + len, 0, 5);
}

/* The response code; the answer is in the buffer. */
static unsigned long run_command(unsigned char *buffer, size_t len)
{
	const int fd = open("/dev/tpmrm0", O_RDWR);
	unsigned long code = 0;

	put_number(buffer + 2, len, 4);
	if (fd < 0 || write(fd, buffer, len) != (ssize_t)len ||
	    read(fd, buffer, CHUNK) < 10)
		return ~0UL;
	close(fd);
	for (int i = 6; i < 10; i++)
		code = code << 8 | buffer[i];
	return code;
}

static unsigned long remember(const char *text)
{
	unsigned char command[CHUNK];
	size_t len = begin_command(command, 0x12a, 0x40000001, 0);

	len += put_number(command + len, 0, 2); /* its password */
	len += put_number(command + len, 14, 2);
	len += put_number(command + len, NV_INDEX, 4);
	len += put_number(command + len, 0x0b, 2);
	len += put_number(command + len, 0x00040004, 4); /* by its password */
	len += put_number(command + len, 0, 2);
	len += put_number(command + len, NV_LEN, 2);
	run_command(command, len); /* which may be there already */
	len = begin_command(command, 0x137, NV_INDEX, NV_INDEX);
	len += put_number(command + len, NV_LEN, 2);
	memset(command + len, 0, NV_LEN);
	memcpy(command + len, text, strlen(text));
	len += NV_LEN;
	len += put_number(command + len, 0, 2);
	return run_command(command, len);
}

static void use_tpm(int peer)
{
	unsigned char command[CHUNK];
	char text[NV_LEN + 1] = "";
	char line[64];
	const ssize_t got = read(peer, text, NV_LEN);
	unsigned long code;
	size_t len;

	text[strcspn(text, "\n")] = '\0';
	if (got > 1) {
		code = remember(text);
	} else {
		len = begin_command(command, 0x14e, NV_INDEX, NV_INDEX);
		len += put_number(command + len, NV_LEN, 2);
		len += put_number(command + len, 0, 2);
		code = run_command(command, len);
		memcpy(text, command + 16, NV_LEN);
	}
	if (code == 0)
		put(peer, line,
		    (size_t)snprintf(line, sizeof line, "remembers %s\n", text));
	else
		put(peer, line,
		    (size_t)snprintf(line, sizeof line, "TPM: 0x%lx\n", code));
}

static void (*const services[NUM_PORTS])(int peer) = {
	echo, give_evidence, look_around, fetch, pass_on, measure, use_tpm,
};

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

/* --- outside of enclaves --------------------------------------------------------------- */

static int open_tcp(uint16_t port, struct sockaddr_in *at)
{
	*at = (struct sockaddr_in){ .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	return socket(AF_INET, SOCK_STREAM, 0);
}

/* Says what it is, and what it heard. */
static int outside(void)
{
	struct sockaddr_in at;
	socklen_t len = sizeof at;
	const int fd = open_tcp(0, &at);

	signal(SIGCHLD, SIG_IGN);
	if (bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(fd, 16) != 0 || getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		return 7;
	printf("%u\n", ntohs(at.sin_port));
	fflush(stdout);
	for (;;) {
		const int peer = accept(fd, NULL, NULL);

		if (peer >= 0 && fork() == 0) {
			put(peer, "outside: ", strlen("outside: "));
			echo(peer);
			_exit(0);
		}
		close(peer);
	}
}

static int tcp(const char *port)
{
	struct sockaddr_in at;
	const int fd = open_tcp((uint16_t)strtoul(port, NULL, 10), &at);

	if (connect(fd, (const struct sockaddr *)&at, sizeof at) != 0)
		return 8;
	copy(STDIN_FILENO, fd);
	shutdown(fd, SHUT_WR);
	copy(fd, STDOUT_FILENO);
	return 0;
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
	if (argc == 2 && strcmp(argv[1], "outside") == 0)
		return outside();
	if (argc == 3 && strcmp(argv[1], "tcp") == 0)
		return tcp(argv[2]);
	if (argc != 2 || strcmp(argv[1], "stubborn") != 0)
		return 6;
	signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}
