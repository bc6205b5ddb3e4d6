/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-vsock with a real driver: boots the distribution's cloud kernel under QEMU without
 * hardware virtualisation, with test/guest/vsock_init.c as its whole user space, and talks
 * with it. Prints TAP.
 *
 *     vsock_boot CELLA_VSOCK INIT [bounced]
 *
 * CELLA_KERNEL is the folder that the kernel's package was unpacked in. Where that or QEMU is
 * missing all is skipped, and said why.
 */
#include "base/bytes.h"
#include "fetch/files.h"
#include "vsock_pattern.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

enum {
	WAIT_MS = 120000, /* a machine that has much else to do boots slowly */
	BULK = 64 << 20,
	BUFFER_LEN = 64 << 10,
	FILE_MAX = 64 << 20,
	MANY = 200,
	AT_ONCE = 100,
	CALLED_PORT = 77,
	GATE_PORT = 78,
	PATH_LEN = 512,
	SMALL_LEN = 1024,
	PAUSE_US = 200,
};

static char folder[64];
static char kernel[PATH_LEN];
static char modules[PATH_LEN];
static pid_t backend, machine;
static int num_results;

/* --- results ------------------------------------------------------------------------- */

static void end_processes(void)
{
	if (machine > 0)
		kill(machine, SIGKILL);
	if (backend > 0)
		kill(backend, SIGKILL);
}

static void result(bool holds, const char *format, ...) PRINTF(2, 3);
static void result(bool holds, const char *format, ...)
{
	va_list args;

	printf("%s %d - ", holds ? "ok" : "not ok", ++num_results);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static void tell_file(const char *name)
{
	struct out text CLEANUP(out_done) = { 0 };
	char path[PATH_LEN];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	if (file_read(path, FILE_MAX, &text, NULL) != CELLA_OK)
		return;
	printf("# %s:\n# ", name);
	for (size_t i = 0; i < text.len; i++)
		printf(text.data[i] == '\n' ? "\n# " : "%c", text.data[i]);
	putchar('\n');
}

static void remove_folder(void)
{
	static const char *const names[] = { "ramdisk", "serial", "said", "v",
					     "v_9000",  "v_77",   "v_78", "vu" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[PATH_LEN];

		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

/* What cannot go on says all that is known. */
_Noreturn static void give_up(const char *what)
{
	printf("not ok %d - %s: %s\n", ++num_results, what, strerror(errno));
	end_processes();
	tell_file("serial");
	tell_file("said");
	remove_folder();
	printf("1..%d\n", num_results);
	exit(1);
}

_Noreturn static void skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

/* --- what is booted ------------------------------------------------------------------ */

static const char *const module_names[] = {
	"drivers/virtio/virtio_ring",
	"drivers/virtio/virtio",
	"drivers/virtio/virtio_pci_modern_dev",
	"drivers/virtio/virtio_pci_legacy_dev",
	"drivers/virtio/virtio_pci",
	"net/vmw_vsock/vsock",
	"net/vmw_vsock/vmw_vsock_virtio_transport_common",
	"net/vmw_vsock/vmw_vsock_virtio_transport",
};

static bool find(const char *root, const char *pattern, char out[PATH_LEN])
{
	char whole[PATH_LEN];
	glob_t found = { 0 };
	const bool is_there = snprintf(whole, sizeof whole, "%s/%s", root, pattern) <
				      PATH_LEN &&
			      glob(whole, 0, NULL, &found) == 0;

	if (is_there)
		snprintf(out, PATH_LEN, "%s", found.gl_pathv[0]);
	globfree(&found);
	return is_there;
}

static void find_kernel(void)
{
	const char *const root = getenv("CELLA_KERNEL");

	if (system("command -v qemu-system-x86_64 >/dev/null") != 0)
		skip_all("there is no qemu-system-x86_64");
	if (root == NULL)
		skip_all("CELLA_KERNEL is not set");
	if (!find(root, "boot/vmlinuz-*", kernel) ||
	    !find(root, "lib/modules/*/kernel", modules))
		skip_all("CELLA_KERNEL has no kernel with modules");
}

/* One file of an archive in the form of "newc" of cpio. */
static void add(struct out *out, const char *name, unsigned mode, struct cella_bytes data,
		unsigned minor)
{
	static unsigned inode;
	const size_t name_len = strlen(name) + 1;

	out_format(out, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
		   ++inode, mode, 0, 0, 1, 0, data.len, 0, 0, minor > 0 ? 5 : 0, minor,
		   name_len, 0);
	out_bytes(out, name, name_len);
	out_zeros(out, -out->len & 3);
	out_bytes(out, data.data, data.len);
	out_zeros(out, -out->len & 3);
}

static void add_file(struct out *out, const char *name, unsigned mode, const char *path)
{
	struct out bytes CLEANUP(out_done) = { 0 };

	if (file_read(path, FILE_MAX, &bytes, NULL) != CELLA_OK)
		give_up(path);
	add(out, name, S_IFREG | mode, out_view(&bytes), 0);
}

/* Newer kernels have theirs compressed. */
static void add_compressed(struct out *out, const char *name, const char *path)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	char command[PATH_LEN * 2 + 16];
	uint8_t buffer[BUFFER_LEN];
	size_t got;
	FILE *xz;

	snprintf(command, sizeof command, "xz -dc '%s'", path);
	xz = popen(command, "re");
	while (xz != NULL && (got = fread(buffer, 1, sizeof buffer, xz)) > 0)
		out_bytes(&bytes, buffer, got);
	if (xz == NULL || pclose(xz) != 0)
		give_up(command);
	add(out, name, S_IFREG | 0644, out_view(&bytes), 0);
}

static bool is_built_in(const char *module)
{
	struct out list CLEANUP(out_done) = { 0 };
	char path[PATH_LEN * 2], line[PATH_LEN];
	int len;

	snprintf(path, sizeof path, "%s/../modules.builtin", modules);
	if (file_read(path, FILE_MAX, &list, NULL) != CELLA_OK)
		give_up(path);
	len = snprintf(line, sizeof line, "kernel/%s.ko\n", module);
	return memmem(list.data, list.len, line, (size_t)len) != NULL;
}

/* Plain, compressed, or part of the kernel. */
static void add_module(struct out *out, size_t number)
{
	const char *const module = module_names[number];
	char name[32], path[PATH_LEN * 2];

	snprintf(name, sizeof name, "modules/%02zu.ko", number);
	snprintf(path, sizeof path, "%s/%s.ko.xz", modules, module);
	if (access(path, F_OK) == 0) {
		add_compressed(out, name, path);
		return;
	}
	path[strlen(path) - strlen(".xz")] = '\0';
	if (access(path, F_OK) == 0 || !is_built_in(module))
		add_file(out, name, 0644, path);
}

static void write_ramdisk(const char *init)
{
	struct out out CLEANUP(out_done) = { 0 };
	const struct cella_bytes nothing = { 0 };
	char path[PATH_LEN * 2];
	FILE *file;

	add(&out, "dev", S_IFDIR | 0755, nothing, 0);
	add(&out, "dev/console", S_IFCHR | 0600, nothing, 1);
	add(&out, "modules", S_IFDIR | 0755, nothing, 0);
	for (size_t i = 0; i < ARRAY_LEN(module_names); i++)
		add_module(&out, i);
	add_file(&out, "init", 0755, init);
	add(&out, "TRAILER!!!", 0, nothing, 0);
	snprintf(path, sizeof path, "%s/ramdisk", folder);
	file = fopen(path, "we");
	if (file == NULL || out_status(&out, NULL) != CELLA_OK ||
	    fwrite(out.data, 1, out.len, file) != out.len || fclose(file) != 0)
		give_up(path);
}

/* --- sockets ------------------------------------------------------------------------- */

static struct sockaddr_un place(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", folder, name) >=
	    (int)sizeof at.sun_path)
		give_up(name);
	return at;
}

static int listen_at(const char *name)
{
	const struct sockaddr_un at = place(name);
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(fd, 1024) != 0)
		give_up(name);
	return fd;
}

static void close_later(int fd)
{
	fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static int accept_one(int listener)
{
	struct pollfd ready = { .fd = listener, .events = POLLIN };
	int fd;

	if (poll(&ready, 1, WAIT_MS) != 1)
		give_up("nobody connects");
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		give_up("accept");
	return fd;
}

static void read_all(int fd, void *out, size_t len)
{
	size_t have = 0;

	while (have < len) {
		const ssize_t got = read(fd, (uint8_t *)out + have, len - have);

		if (got <= 0)
			give_up("reading");
		have += (size_t)got;
	}
}

static void write_all(int fd, const void *data, size_t len)
{
	while (len > 0) {
		const ssize_t put = send(fd, data, len, MSG_NOSIGNAL);

		if (put <= 0)
			give_up("writing");
		data = (const uint8_t *)data + put;
		len -= (size_t)put;
	}
}

/* A connection to the guest; -1 when it is refused. */
static int dial(unsigned port)
{
	const struct sockaddr_un at = place("v");
	const struct timeval patience = { .tv_sec = WAIT_MS / 1000 };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char line[32];
	size_t len = 0;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
		give_up("the base socket");
	snprintf(line, sizeof line, "CONNECT %u\n", port);
	write_all(fd, line, strlen(line));
	do {
		if (len == sizeof line || read(fd, line + len, 1) != 1) {
			close(fd);
			return -1;
		}
	} while (line[len++] != '\n');
	return fd;
}

/* --- processes ----------------------------------------------------------------------- */

static pid_t start(const char *const *argv, int said)
{
	const pid_t pid = fork();

	if (pid < 0)
		give_up("fork");
	if (pid > 0)
		return pid;
	dup2(said, STDERR_FILENO);
	dup2(said, STDOUT_FILENO);
	execvp(argv[0], (char *const *)(void *)argv);
	_exit(127);
}

static void start_backend(const char *program, int front, int base, int said)
{
	char fronts[16], bases[16];
	const char *const argv[] = { program, "--cid",      "42",  "--vhost-user",
				     fronts,  "--base",     bases, "--from-guest",
				     "any",   "--to-guest", "any", NULL };

	snprintf(fronts, sizeof fronts, "%d", front);
	snprintf(bases, sizeof bases, "%d", base);
	backend = start(argv, said);
}

#define CMDLINE "quiet panic=-1 reboot=t console=ttyS0"
#define DEVICE "vhost-user-vsock-pci,chardev=c0"

/* As the guest of a trust domain must be: its devices reach nothing but bounce buffers. */
static bool is_bounced;

static void start_machine(int said)
{
	char ramdisk[128], serial[128], chardev[128];
	const char *const argv[] = { "qemu-system-x86_64",
				     "-M",
				     "q35,accel=tcg,memory-backend=mem0",
				     "-object",
				     "memory-backend-memfd,id=mem0,size=256M,share=on",
				     "-m",
				     "256",
				     "-smp",
				     "1",
				     "-kernel",
				     kernel,
				     "-initrd",
				     ramdisk,
				     "-append",
				     is_bounced ? CMDLINE " swiotlb=force" : CMDLINE,
				     "-nodefaults",
				     "-no-user-config",
				     "-display",
				     "none",
				     "-serial",
				     serial,
				     "-no-reboot",
				     "-chardev",
				     chardev,
				     "-device",
				     is_bounced ? DEVICE ",iommu_platform=on" : DEVICE,
				     NULL };

	snprintf(ramdisk, sizeof ramdisk, "%s/ramdisk", folder);
	snprintf(serial, sizeof serial, "file:%s/serial", folder);
	snprintf(chardev, sizeof chardev, "socket,id=c0,path=%s/vu", folder);
	machine = start(argv, said);
}

static int wait_for(pid_t *pid)
{
	int status = 0;

	if (waitpid(*pid, &status, 0) != *pid)
		give_up("waitpid");
	*pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- what is tried ------------------------------------------------------------------- */

static void heartbeat(int listener)
{
	const int fd = accept_one(listener);
	uint8_t beat = 0;

	read_all(fd, &beat, 1);
	write_all(fd, &beat, 1);
	result(beat == 0xb7, "heartbeat");
	close(fd);
}

static bool echoes(int fd, const char *word)
{
	char back[16] = { 0 };

	write_all(fd, word, strlen(word));
	read_all(fd, back, strlen(word));
	return strcmp(back, word) == 0;
}

static void echo(void)
{
	const int fd = dial(5001);

	result(fd >= 0 && echoes(fd, "hello") && echoes(fd, "again"), "echo");
	close(fd);
}

static void nobody_listens(void)
{
	const int fd = dial(6000);

	result(fd < 0, "a port of the guest that nobody listens at");
}

static void send_pattern(int fd, uint64_t len)
{
	static uint8_t buffer[BUFFER_LEN];
	struct pattern pattern = { 0 };

	while (pattern.len < len) {
		pattern_fill(&pattern, buffer, sizeof buffer);
		write_all(fd, buffer, sizeof buffer);
	}
}

static struct pattern read_pattern(int fd, size_t at_once)
{
	static uint8_t buffer[BUFFER_LEN];
	struct pattern pattern = { 0 };
	ssize_t got;

	while ((got = read(fd, buffer, at_once)) > 0)
		pattern_check(&pattern, buffer, (size_t)got);
	return pattern;
}

static void to_guest(void)
{
	const int fd = dial(5002);
	struct pattern sum = { 0 };

	send_pattern(fd, BULK);
	shutdown(fd, SHUT_WR);
	read_all(fd, &sum, sizeof sum);
	result(sum.len == BULK && sum.wrong == 0,
	       "64 MiB to the guest, which answers after the end");
	close(fd);
}

static void from_guest(const char *what, size_t at_once)
{
	const int fd = dial(5003);
	const uint64_t len = BULK;
	struct pattern sum;

	write_all(fd, &len, sizeof len);
	sum = read_pattern(fd, at_once);
	result(sum.len == BULK && sum.wrong == 0, "64 MiB from the guest%s", what);
	close(fd);
}

/* For a while: whoever writes has gone as far as it gets. */
static bool others_are_served(void)
{
	unsigned num = 0;

	for (unsigned i = 0; i < MANY; i++) {
		const int fd = dial(5001);

		num += fd >= 0 && echoes(fd, "meanwhile");
		close(fd);
	}
	return num == MANY;
}

/* So many bytes in pieces of one size. */
static void send_pieces(int fd, uint64_t len, size_t piece)
{
	static uint8_t buffer[BUFFER_LEN];
	struct pattern pattern = { 0 };

	while (pattern.len < len) {
		pattern_fill(&pattern, buffer, piece);
		write_all(fd, buffer, piece);
		/* Each is to be on its way before the next comes. */
		if (piece < SMALL_LEN)
			usleep(PAUSE_US);
	}
	shutdown(fd, SHUT_WR);
}

/*
 * The guest's program does not read until it is told to, by way of another connection. Some
 * kernels count what unread packets cost besides their bytes: small ones are tried, too.
 */
static void to_slow_guest(int gate_listener, const char *what, uint64_t len, size_t piece)
{
	const int fd = dial(5005);
	const uint64_t port = GATE_PORT;
	struct pattern sum = { 0 };
	pid_t writer;
	int gate;

	write_all(fd, &port, sizeof port);
	gate = accept_one(gate_listener);
	writer = fork();
	if (writer == 0) {
		send_pieces(fd, len, piece);
		_exit(0);
	}
	result(others_are_served(), "others are served while the guest does not read");
	write_all(gate, "g", 1);
	read_all(fd, &sum, sizeof sum);
	result(sum.len == len && sum.wrong == 0, "%s to a guest that reads late", what);
	waitpid(writer, NULL, 0);
	close(gate);
	close(fd);
}

struct dialled {
	uint64_t failure;
	struct pattern got;
};

static void guest_connects(int listener, uint64_t cid)
{
	const int fd = dial(5004);
	const uint64_t asked[3] = { cid, CALLED_PORT, 1000000 };
	struct dialled answer = { 0 };
	uint8_t reply[1000];
	struct pattern sum, pattern = { 0 };
	int called;

	write_all(fd, asked, sizeof asked);
	called = accept_one(listener);
	sum = read_pattern(called, 10007);
	pattern_fill(&pattern, reply, sizeof reply);
	write_all(called, reply, sizeof reply);
	close(called);
	read_all(fd, &answer, sizeof answer);
	result(sum.len == asked[2] && sum.wrong == 0 && answer.failure == 0 &&
		       answer.got.len == sizeof reply && answer.got.wrong == 0,
	       "the guest connects to CID %u, ends its direction, gets an answer",
	       (unsigned)cid);
	close(fd);
}

static void guest_is_refused(const char *what, uint64_t cid, uint64_t port)
{
	const int fd = dial(5004);
	const uint64_t asked[3] = { cid, port, 1 };
	struct dialled answer = { 0 };

	write_all(fd, asked, sizeof asked);
	read_all(fd, &answer, sizeof answer);
	result(answer.failure == ECONNRESET, "%s: the guest is refused", what);
	close(fd);
}

static void one_after_the_other(void)
{
	unsigned num = 0;

	for (unsigned i = 0; i < MANY; i++) {
		const int fd = dial(5001);

		num += fd >= 0 && echoes(fd, "hello");
		close(fd);
	}
	result(num == MANY, "%d connections, one after the other", MANY);
}

static void at_once(void)
{
	int fds[AT_ONCE];
	unsigned num = 0;

	for (unsigned i = 0; i < AT_ONCE; i++)
		fds[i] = dial(5001);
	for (unsigned i = 0; i < AT_ONCE; i++) {
		num += fds[i] >= 0 && echoes(fds[i], "hello");
		close(fds[i]);
	}
	result(num == AT_ONCE, "%d connections at once", AT_ONCE);
}

/* The guest ends its machine; QEMU goes, and with it the back-end. */
static void machine_ends(void)
{
	const int fd = dial(5000);

	result(wait_for(&machine) == 0, "the machine ends");
	result(wait_for(&backend) == 0, "and cella-vsock with it");
	close(fd);
}

int main(int argc, char **argv)
{
	int front, base, beat, called, gate, said;
	char path[128];

	is_bounced = argc == 4 && strcmp(argv[3], "bounced") == 0;
	if (argc != 3 && !is_bounced)
		return 2;
	find_kernel();
	signal(SIGPIPE, SIG_IGN);
	snprintf(folder, sizeof folder, "/tmp/cella-vsock-XXXXXX");
	if (mkdtemp(folder) == NULL)
		give_up(folder);
	write_ramdisk(argv[2]);
	snprintf(path, sizeof path, "%s/said", folder);
	said = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	front = listen_at("vu");
	base = listen_at("v");
	start_backend(argv[1], front, base, said);
	close(front);
	close(base);
	beat = listen_at("v_9000");
	called = listen_at("v_77");
	gate = listen_at("v_78");
	close_later(beat);
	close_later(called);
	close_later(gate);
	start_machine(said);
	heartbeat(beat);
	echo();
	nobody_listens();
	to_guest();
	from_guest("", BUFFER_LEN);
	from_guest(", to a host that reads little at a time", 1000);
	to_slow_guest(gate, "64 MiB", BULK, BUFFER_LEN);
	to_slow_guest(gate, "2000 times 200 bytes", 400000, 200);
	guest_connects(called, 2);
	guest_connects(called, 3);
	guest_is_refused("nobody listens at the host", 2, 79);
	guest_is_refused("another guest's CID", 43, CALLED_PORT);
	one_after_the_other();
	at_once();
	machine_ends();
	tell_file("said");
	remove_folder();
	printf("1..%d\n", num_results);
	return 0;
}
