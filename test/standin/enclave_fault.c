/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application of an enclave that misbehaves, static:
 *
 *   enclave_fault          listens on vsock port 7; a line says what it does to its machine
 *   enclave_fault          as the first process of a machine: does nothing at all
 *
 *   reboot | halt | off | panic | reset   ends it, as root may
 *   sleep | sleep-port                    suspends it to memory, by the kernel, or by the
 *                                         ports of ACPI
 *   stubborn                              does not mind being asked to end
 *   flood                                 fills its log, and connects to its supervisor again
 *                                         and again
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

enum {
	PORT = 7,
	HEARTBEAT_PORT = 9000,
	RESET_PORT = 0xcf9,              /* of the chip set: 2 and 4 are a reset */
	PM1_CONTROL = 0x604,             /* of q35's ACPI */
	PM1_SUSPEND = 1 << 10 | 1 << 13, /* S3, go */
	FLOOD_LINES = 20000,
	FLOOD_CONNECTIONS = 500,
};

static struct sockaddr_vm address_of(unsigned cid, unsigned port)
{
	return (struct sockaddr_vm){ .svm_family = AF_VSOCK,
				     .svm_cid = cid,
				     .svm_port = port };
}

static void put_file(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static void do_reboot(void)
{
	reboot(RB_AUTOBOOT);
}

static void do_halt(void)
{
	reboot(RB_HALT_SYSTEM);
}

static void do_off(void)
{
	reboot(RB_POWER_OFF);
}

static void do_panic(void)
{
	put_file("/proc/sysrq-trigger", "c");
}

static void do_reset(void)
{
	if (iopl(3) == 0) {
		outb(2, RESET_PORT);
		outb(6, RESET_PORT);
	}
}

static void do_sleep(void)
{
	put_file("/sys/power/state", "mem");
}

static void do_sleep_port(void)
{
	if (iopl(3) == 0)
		outw(PM1_SUSPEND, PM1_CONTROL);
}

static void be_stubborn(void)
{
	signal(SIGTERM, SIG_IGN);
}

static void do_flood(void)
{
	const struct sockaddr_vm host = address_of(VMADDR_CID_HOST, HEARTBEAT_PORT);
	char line[200];

	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\n';
	for (int i = 0; i < FLOOD_LINES; i++)
		if (write(STDOUT_FILENO, line, sizeof line) < 0)
			break;
	for (int i = 0; i < FLOOD_CONNECTIONS; i++) {
		const int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

		if (connect(fd, (const struct sockaddr *)&host, sizeof host) == 0 &&
		    write(fd, "end exited 0\n", 13) < 0)
			perror("flood");
		close(fd);
	}
}

static const struct {
	const char *name;
	void (*act)(void);
} acts[] = {
	{ "reboot", do_reboot },
	{ "halt", do_halt },
	{ "off", do_off },
	{ "panic", do_panic },
	{ "reset", do_reset },
	{ "sleep", do_sleep },
	{ "sleep-port", do_sleep_port },
	{ "stubborn", be_stubborn },
	{ "flood", do_flood },
};

static void obey(const char *line)
{
	for (unsigned i = 0; i < sizeof acts / sizeof acts[0]; i++)
		if (strcmp(acts[i].name, line) == 0)
			acts[i].act();
}

static int serve(void)
{
	const struct sockaddr_vm own = address_of(VMADDR_CID_ANY, PORT);
	const int listener = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (bind(listener, (const struct sockaddr *)&own, sizeof own) != 0 ||
	    listen(listener, 8) != 0)
		return 4;
	for (;;) {
		const int peer = accept(listener, NULL, NULL);
		char line[32] = "";
		const ssize_t got = read(peer, line, sizeof line - 1);

		line[got > 0 ? strcspn(line, "\n") : 0] = '\0';
		obey(line);
		if (write(peer, "done\n", 5) < 0)
			perror("peer");
		close(peer);
	}
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	for (; getpid() == 1;)
		pause();
	return serve();
}
