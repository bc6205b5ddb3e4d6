/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that has /dev/tdx_guest, and a TPM where one is given. The kernel tells us of each
 * file that the command opens and of the driver's ioctls before it does anything itself
 * (seccomp_unotify(2)); those of the device we answer, with reports of the simulated platform.
 *
 *	standin-guest --platform DIR [--tpm SOCKET [--ak FILE]] [--fault NAME[=NUMBER]]...
 *		-- COMMAND...
 *
 * SOCKET is swtpm's; a paravisor stands before it and makes a new HCL report when user data
 * is written.
 *
 * Any path that ends in /dev/tdx_guest is the device. Faults: busy=N (EBUSY of a report),
 * errno=NUMBER (of a report), swapped (another's report data), garbage, quotes (the older
 * ioctl for quotes exists), quotes-rw (under its other number), extends (that for registers does), bare (its answer is no message
 * of QGS but a quote), in-flight, unavailable, refused, long (its answer's length is wrong); of the paravisor: late=N (it takes as many
 * commands), stale (it makes no new report), tpm-hang, tpm-dies, tpm-garbage (answers of the
 * TPM), tpm-busy=N, tpm-code=NUMBER (its response code).
 */
#include "hcl_write.h"
#include "standin.h"

#include "collect/qgs_message.h"
#include "collect/tpm_nv.h"
#include "evidence/td_report.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	GET_REPORT0 = (int)0xc4405401,
	GET_QUOTE = (int)0x80105404,
	GET_QUOTE_RW = (int)0xc0105404,
	EXTEND_RTMR = (int)0x40315403,
	PATH_LEN_MAX = 4096,
	PACKET_MAX = 4096,
	BUFFER_LEN = 16384,
	BUFFER_HEADER_LEN = 24,
	WAIT_MS = 50,
};

static struct standin standin;

/* --- the command, under a filter ----------------------------------------------------- */

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, yes, no) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(value), yes, no)
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)

static const struct sock_filter filter[] = {
	LOAD(nr),
	IF_EQUAL(SYS_openat, 7, 0),
	IF_EQUAL(SYS_ioctl, 0, 5),
	LOAD(args[1]), /* its lower half */
	IF_EQUAL(GET_REPORT0, 4, 0),
	IF_EQUAL(EXTEND_RTMR, 3, 0),
	IF_EQUAL(GET_QUOTE, 2, 0),
	IF_EQUAL(GET_QUOTE_RW, 1, 0),
	RETURN(SECCOMP_RET_ALLOW),
	RETURN(SECCOMP_RET_USER_NOTIF),
};

static int send_fd(int socket, int fd)
{
	char byte = 0;
	struct iovec part = { &byte, 1 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { { 0 } };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof control.bytes };
	struct cmsghdr *const header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	return sendmsg(socket, &message, 0) == 1 ? 0 : -1;
}

static int receive_fd(int socket)
{
	char byte;
	struct iovec part = { &byte, 1 };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof control.bytes };
	int fd = -1;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 &&
	    CMSG_FIRSTHDR(&message) != NULL)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	return fd;
}

static void run_filtered(int socket) __attribute__((noreturn));
static void run_filtered(int socket)
{
	const struct sock_fprog program = { ARRAY_LEN(filter), (void *)filter };
	int listener = -1;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
					SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (listener < 0 || send_fd(socket, listener) != 0)
		_exit(STANDIN_SKIP);
	close(listener);
	close(socket);
	execvp(standin.command[0], standin.command);
	_exit(STANDIN_WRONG);
}

/* --- the device ---------------------------------------------------------------------- */

/* The memory of who asked. 0, or an errno. */
static int copy(pid_t pid, uint64_t address, void *bytes, size_t len, bool is_write)
{
	char path[64];
	ssize_t done;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/mem", pid);
	fd = open(path, (is_write ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return errno;
	done = is_write ? pwrite(fd, bytes, len, (off_t)address)
			: pread(fd, bytes, len, (off_t)address);
	close(fd);
	return done == (ssize_t)len ? 0 : EFAULT;
}

static int make_report(pid_t pid, uint64_t address)
{
	uint8_t data[REPORT_DATA_LEN];
	struct out report CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	if (standin_strikes(&standin, "busy"))
		return EBUSY;
	if (standin_number(&standin, "errno") > 0)
		return (int)standin_number(&standin, "errno");
	if (copy(pid, address, data, sizeof data, false) != 0)
		return EFAULT;
	if (standin_fault(&standin, "swapped") != NULL)
		data[0] = (uint8_t)~data[0];
	if (standin_report(&standin, data, &report, &err) != CELLA_OK ||
	    report.len != TD_REPORT_LEN)
		return EIO;
	if (standin_fault(&standin, "garbage") != NULL)
		memset(report.data, 0x5a, report.len);
	return copy(pid, address + REPORT_DATA_LEN, report.data, report.len, true);
}

static uint64_t quote_status(void)
{
	if (standin_fault(&standin, "in-flight") != NULL)
		return UINT64_MAX;
	if (standin_fault(&standin, "unavailable") != NULL)
		return UINT64_C(0x8000000000000001);
	return standin_fault(&standin, "refused") != NULL ? UINT64_C(1) << 63 : 0;
}

static void out_answer(struct out *out, struct cella_bytes quote)
{
	const uint32_t len = (uint32_t)(QGS_HEADER_LEN + 8 + quote.len);

	if (standin_fault(&standin, "bare") == NULL) {
		out_u32be(out, len);
		out_u32le(out, 0x10001);
		out_u32le(out, QGS_TYPE_RESPONSE);
		out_u32le(out, len);
		out_u32le(out, 0);
		out_u32le(out, 0);
		out_u32le(out, (uint32_t)quote.len);
	}
	out_bytes(out, quote.data, quote.len);
}

/* The request is a message of QGS: 24 bytes before the report, and its length's four. */
static int make_quote(pid_t pid, uint64_t address)
{
	uint64_t place[2];
	uint8_t buffer[BUFFER_LEN];
	const struct cella_bytes report =
		bytes_of(buffer + BUFFER_HEADER_LEN + QGS_FRAME_LEN + QGS_HEADER_LEN + 8,
			 TD_REPORT_LEN);
	struct out quote CLEANUP(out_done) = { 0 };
	struct out answer CLEANUP(out_done) = { 0 };
	struct out whole CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	if (copy(pid, address, place, sizeof place, false) != 0 ||
	    place[1] != BUFFER_LEN ||
	    copy(pid, place[0], buffer, sizeof buffer, false) != 0)
		return EFAULT;
	if (standin_quote(&standin, report, &quote, &err) != CELLA_OK)
		return EIO;
	out_answer(&answer, out_view(&quote));
	out_u64le(&whole, 1);
	out_u64le(&whole, quote_status());
	out_u32le(&whole, 0);
	out_u32le(&whole, standin_fault(&standin, "long") != NULL ? 1U << 30
								  : (uint32_t)answer.len);
	out_bytes(&whole, answer.data, answer.len);
	return copy(pid, place[0], whole.data, whole.len, true);
}

/* As the driver: the firmware's registers are not for the guest. */
static int extend(pid_t pid, uint64_t address)
{
	uint8_t request[SHA384_LEN + 1];
	struct cella_error err = { 0 };

	if (copy(pid, address, request, sizeof request, false) != 0)
		return EFAULT;
	if (request[SHA384_LEN] < 2 || request[SHA384_LEN] > 3)
		return EINVAL;
	return standin_extend(&standin, request[SHA384_LEN], request, &err) == CELLA_OK
		       ? 0
		       : EIO;
}

static int answer_ioctl(const struct seccomp_notif *asked)
{
	const pid_t pid = (pid_t)asked->pid;
	const uint64_t address = asked->data.args[2];
	const bool has_quotes = standin_fault(&standin, "quotes") != NULL;
	const bool has_quotes_rw = standin_fault(&standin, "quotes-rw") != NULL;

	switch ((int)asked->data.args[1]) {
	case GET_REPORT0:
		return make_report(pid, address);
	case GET_QUOTE:
		return has_quotes ? make_quote(pid, address) : ENOTTY;
	case GET_QUOTE_RW:
		return has_quotes_rw ? make_quote(pid, address) : ENOTTY;
	case EXTEND_RTMR:
		return standin_fault(&standin, "extends") != NULL ? extend(pid, address)
								  : ENOTTY;
	}
	return ENOTTY;
}

/* --- opening ------------------------------------------------------------------------- */

static int connect_tpm(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", standin.place);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Receives a command or an answer: its length is in bytes 2 to 5. 0 at the end. */
static size_t receive_packet(int fd, uint8_t packet[PACKET_MAX])
{
	size_t len;

	if (recv(fd, packet, 6, MSG_WAITALL) != 6)
		return 0;
	len = (size_t)packet[4] << 8 | packet[5];
	if (len < 10 || len > PACKET_MAX ||
	    recv(fd, packet + 6, len - 6, MSG_WAITALL) != (ssize_t)(len - 6))
		return 0;
	return len;
}

/* An answer of nothing but a code. */
static void send_code(int client, uint32_t code)
{
	struct out out CLEANUP(out_done) = { 0 };

	out_u16be(&out, 0x8001);
	out_u32be(&out, 10);
	out_u32be(&out, code);
	standin_send(client, out_view(&out), false);
}

/* Whether a fault has answered in the TPM's place. */
static bool answer_wrongly(int client)
{
	if (standin_fault(&standin, "tpm-hang") != NULL)
		pause();
	if (standin_fault(&standin, "tpm-dies") != NULL)
		_exit(0);
	if (standin_fault(&standin, "tpm-garbage") != NULL)
		standin_send(client, bytes_of("\0\0\0\0\0\x0bgarbage", 13), false);
	else if (standin_strikes(&standin, "tpm-busy"))
		send_code(client, 0x922);
	else if (standin_number(&standin, "tpm-code") >= 0)
		send_code(client, (uint32_t)standin_number(&standin, "tpm-code"));
	else
		return false;
	return true;
}

/* TPM2_NV_Write of the index for user data: the data stands behind an empty password. */
static const uint8_t *user_data_in(const uint8_t *command, size_t len)
{
	static const uint8_t head[] = { 0x80, 2, 0, 0, 0, 0, 0, 0, 1, 0x37 };

	if (len < 33 + REPORT_DATA_LEN || memcmp(command + 6, head + 6, 4) != 0 ||
	    memcmp(command + 14, "\x01\x40\x00\x02", 4) != 0)
		return NULL;
	return command + 33;
}

static void make_hcl(int server, const uint8_t user_data[REPORT_DATA_LEN])
{
	struct tpm tpm = { .fd = server, .deadline = deadline_in(5) };
	struct tpm_nv nv = { 0 };
	struct out hcl CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	if (hcl_write(&standin, user_data, &hcl, &err) != CELLA_OK ||
	    tpm_nv_find(&tpm, 0x01400001, &nv, &err) != CELLA_OK ||
	    tpm_nv_write(&tpm, &nv, out_view(&hcl), &err) != CELLA_OK)
		fprintf(stderr, "standin-guest: %s\n", err.text);
}

static void relay(int client, int server)
{
	uint8_t packet[PACKET_MAX];
	uint8_t user_data[REPORT_DATA_LEN];
	long wait = -1; /* for so many commands */
	size_t len;

	while ((len = receive_packet(client, packet)) > 0) {
		const uint8_t *const data = user_data_in(packet, len);

		if (answer_wrongly(client))
			continue;
		if (data != NULL && standin_fault(&standin, "stale") == NULL) {
			memcpy(user_data, data, sizeof user_data);
			wait = standin_number(&standin, "late") + 1;
		}
		if (wait == 0)
			make_hcl(server, user_data);
		wait -= wait >= 0;
		standin_send(server, bytes_of(packet, len), false);
		len = receive_packet(server, packet);
		standin_send(client, bytes_of(packet, len), false);
	}
	_exit(0);
}

/* The command's end of a relay, which lives as long as that. */
static int open_tpm(void)
{
	const int server = connect_tpm();
	int ends[2];
	pid_t pid;

	if (server < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	pid = fork();
	if (pid < 0)
		standin_die("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close(ends[0]);
		relay(ends[1], server);
	}
	close(server);
	close(ends[1]);
	return ends[0];
}

static bool ends_in(const char *path, const char *end)
{
	const size_t len = strlen(path);

	return len >= strlen(end) && strcmp(path + len - strlen(end), end) == 0;
}

/* A descriptor for the command in place of the file, or -1: let the kernel open it. */
static int stand_in_for(const struct seccomp_notif *asked)
{
	char path[PATH_LEN_MAX] = "";

	/* Up to a page's end, beyond which there may be nothing. */
	const uint64_t start = asked->data.args[1];
	const size_t len = PATH_LEN_MAX - start % PATH_LEN_MAX;

	if (copy((pid_t)asked->pid, start, path, len, false) != 0)
		return -1;
	if (len < sizeof path && memchr(path, '\0', len) == NULL)
		copy((pid_t)asked->pid, start + len, path + len, sizeof path - len,
		     false);
	path[sizeof path - 1] = '\0';
	if (ends_in(path, "/dev/tdx_guest"))
		return memfd_create("tdx_guest", MFD_CLOEXEC);
	if (standin.place != NULL && ends_in(path, "/dev/tpmrm0"))
		return open_tpm();
	return -1;
}

static void answer_open(int listener, const struct seccomp_notif *asked,
			struct seccomp_notif_resp *answer)
{
	const int fd = stand_in_for(asked);
	struct seccomp_notif_addfd add = { .id = asked->id,
					   .srcfd = (unsigned)fd,
					   .newfd_flags = O_CLOEXEC };

	if (fd < 0) {
		answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		return;
	}
	answer->val = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	if (answer->val < 0)
		answer->error = -EIO;
	close(fd);
}

static void answer_one(int listener)
{
	struct seccomp_notif asked = { 0 };
	struct seccomp_notif_resp answer = { 0 };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0)
		return;
	answer.id = asked.id;
	if (asked.data.nr == SYS_openat)
		answer_open(listener, &asked, &answer);
	else
		answer.error = -answer_ioctl(&asked);
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

static int serve(int listener, pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd ready = { .fd = listener, .events = POLLIN };

		if (poll(&ready, 1, WAIT_MS) > 0 && (ready.revents & POLLIN) != 0)
			answer_one(listener);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int ends[2];
	int listener;
	pid_t pid;

	standin_parse(argc, argv, "--tpm", "--ak", &standin);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		standin_die("socketpair");
	pid = fork();
	if (pid < 0)
		standin_die("fork");
	if (pid == 0)
		run_filtered(ends[1]);
	close(ends[1]);
	listener = receive_fd(ends[0]);
	if (listener < 0) {
		fputs("standin-guest: this kernel does not tell of system calls\n",
		      stderr);
		return standin_await(pid);
	}
	return serve(listener, pid);
}
