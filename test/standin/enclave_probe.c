/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks, with a guest's root's rights, for what an Enclave VM must not have; static.
 *
 *   enclave_probe serve         in the guest: port 7 takes a line and answers
 *                                 look               what devices there are
 *                                 connect CID PORT   "reached", or why not
 *   enclave_probe listen PATH   on the host: a socket that welcomes whoever comes
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

enum {
	PORT = 7,
	LINE_MAX_LEN = 256,
	PATIENCE_MS = 10000,
	NUM_SLOTS = 32,
	CONFIG_ADDRESS = 0xcf8,
	CONFIG_DATA = 0xcfc,
	CONFIG_ENABLE = INT_MIN,
};

/* --- what there is ------------------------------------------------------------------- */

/* Each name in a folder of the kernel's devices: "<what> <name>". */
static void tell_names(FILE *out, const char *what, const char *path)
{
	DIR *const folder = opendir(path);
	const struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.')
			fprintf(out, "%s %s\n", what, entry->d_name);
	if (folder != NULL)
		closedir(folder);
}

static void tell_file(FILE *out, const char *what, const char *path)
{
	FILE *const file = fopen(path, "re");
	char line[LINE_MAX_LEN];

	if (file == NULL) {
		fprintf(out, "%s: %s\n", what, strerror(errno));
		return;
	}
	while (fgets(line, sizeof line, file) != NULL)
		fprintf(out, "%s %s", what, line);
	fclose(file);
}

static unsigned read_config(unsigned slot, unsigned function)
{
	outl((unsigned)CONFIG_ENABLE | slot << 11 | function << 8, CONFIG_ADDRESS);
	return inl(CONFIG_DATA);
}

/* The bus itself, without the kernel: a driver that is missing hides nothing. */
static void tell_bus(FILE *out)
{
	if (iopl(3) != 0) {
		fprintf(out, "bus: %s\n", strerror(errno));
		return;
	}
	for (unsigned slot = 0; slot < NUM_SLOTS; slot++)
		for (unsigned function = 0; function < 8; function++) {
			const unsigned id = read_config(slot, function);

			if ((id & 0xffff) != 0xffff)
				fprintf(out, "bus %04x:%04x\n", id & 0xffff, id >> 16);
		}
}

static void tell_network(FILE *out)
{
	const struct sockaddr_in metadata = { .sin_family = AF_INET,
					      .sin_port = htons(80),
					      .sin_addr = { htonl(0xa9fea9fe) } };
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&metadata, sizeof metadata) != 0)
		fprintf(out, "internet: %s\n", strerror(errno));
	else
		fputs("internet reached\n", out);
	close(fd);
}

static void look(FILE *out)
{
	fprintf(out, "uid %u\n", getuid());
	tell_names(out, "block", "/sys/block");
	tell_names(out, "net", "/sys/class/net");
	tell_names(out, "scsi", "/sys/class/scsi_host");
	tell_names(out, "ata", "/sys/class/ata_port");
	tell_names(out, "nvme", "/sys/class/nvme");
	tell_names(out, "graphics", "/sys/class/graphics");
	tell_names(out, "drm", "/sys/class/drm");
	tell_names(out, "sound", "/sys/class/sound");
	tell_names(out, "usb", "/sys/bus/usb/devices");
	tell_names(out, "serio", "/sys/bus/serio/devices");
	tell_names(out, "virtio", "/sys/bus/virtio/devices");
	tell_names(out, "pci", "/sys/bus/pci/devices");
	tell_file(out, "console", "/proc/consoles");
	tell_file(out, "ttyS0", "/sys/class/tty/ttyS0/type");
	tell_file(out, "modules_disabled", "/proc/sys/kernel/modules_disabled");
	tell_bus(out);
	tell_network(out);
}

/* --- whom it can reach --------------------------------------------------------------- */

static void try_connect(FILE *out, unsigned cid, unsigned port)
{
	const struct sockaddr_vm address = { .svm_family = AF_VSOCK,
					     .svm_cid = cid,
					     .svm_port = port };
	const int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char word[1];

	if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		fprintf(out, "%s\n", strerror(errno));
	else if (poll(&ready, 1, PATIENCE_MS) == 1 && read(fd, word, 1) == 1)
		fputs("reached\n", out);
	else
		fputs("connected to nobody\n", out);
	close(fd);
}

static void connect_as_told(FILE *out, const char *words)
{
	char *rest = NULL;
	const unsigned long cid = strtoul(words, &rest, 10);
	const unsigned long port = strtoul(rest, NULL, 10);

	try_connect(out, (unsigned)cid, (unsigned)port);
}

static void answer(int peer)
{
	FILE *const in = fdopen(peer, "re");
	FILE *const out = fdopen(dup(peer), "we");
	char line[LINE_MAX_LEN];

	if (in == NULL || out == NULL || fgets(line, sizeof line, in) == NULL)
		_exit(1);
	if (strcmp(line, "look\n") == 0)
		look(out);
	else if (strncmp(line, "connect ", strlen("connect ")) == 0)
		connect_as_told(out, line + strlen("connect "));
	fclose(out);
	_exit(0);
}

/* --- sockets ------------------------------------------------------------------------- */

static int serve(void)
{
	const struct sockaddr_vm address = { .svm_family = AF_VSOCK,
					     .svm_cid = VMADDR_CID_ANY,
					     .svm_port = PORT };
	const int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, 16) != 0)
		return 2;
	for (;;) {
		const int peer = accept(fd, NULL, NULL);

		if (peer >= 0)
			if (fork() == 0)
				answer(peer);
		close(peer);
	}
}

static int welcome_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(path) >= sizeof address.sun_path)
		return 2;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, 16) != 0)
		return 2;
	for (;;) {
		const int peer = accept(fd, NULL, NULL);

		if (peer >= 0 && write(peer, "!", 1) == 1)
			close(peer);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "serve") == 0)
		return serve();
	if (argc == 3 && strcmp(argv[1], "listen") == 0)
		return welcome_at(argv[2]);
	return 2;
}
