/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's loop with a guest that this test is, and clients that it is, too: QEMU and
 * the others are programs that do nothing (src/vm/evm*.c).
 */
#include "support.h"

#include "guest/io.h"
#include "vm/control.h"
#include "vm/evm.h"
#include "vm/failure_record.h"
#include "vm/sealed.h"

#include "evidence/eif.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 120, NEVER_S = 24 * 3600, MANY = 1 << 20, YEAR_S = 365 * 24 * 3600 };

#define NAME "e"

/* What a "kernel" says so that QEMU is a strict one. */
#define STRICT "!"

/* One supervisor at a time: its folder, what it says, and what its clock does. */
static struct {
	char folder[RUN_PATH_MAX]; /* of programs, which other users may enter */
	char base[RUN_PATH_MAX];
	const char *vsock; /* which of them is cella-vsock */
	pid_t pid;
	int ready;
	int guest;
} it = { .vsock = "helper" };

/* --- a clock that jumps -------------------------------------------------------------- */

static enum { CLOCK_RIGHT, CLOCK_JUMPS, CLOCK_LOST } clock_is;

/* What everybody here has for libc's. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
time_t time(time_t *out)
{
	static unsigned num;
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	if (clock_is == CLOCK_JUMPS)
		now.tv_sec += (num++ % 2 == 0 ? 3 : -3) * (time_t)YEAR_S;
	if (clock_is == CLOCK_LOST)
		now.tv_sec = 10;
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

/* --- the others ---------------------------------------------------------------------- */

static void path_in(const char *folder, const char *name, char path[RUN_PATH_MAX])
{
	struct cella_error err = { 0 };

	CHECK_OK(run_path(folder, name, path, &err));
}

static void leave(int number UNUSED)
{
	_exit(0);
}

/* One that greets late, and is as strict about the order of commands as the real one. */
static int be_strict(int qmp)
{
	FILE *const in = fdopen(qmp, "re");
	bool has_greeted = false;
	bool is_ready = false;
	char line[256];

	while (in != NULL && fgets(line, sizeof line, in) != NULL) {
		if (!has_greeted)
			dprintf(qmp, "{\"QMP\":{}}\r\n");
		has_greeted = true;
		if (strstr(line, "qmp_capabilities") != NULL && !is_ready)
			is_ready = true;
		else if (strstr(line, "\"quit\"") != NULL && is_ready)
			_exit(0); /* of what is allocated nobody asks */
		else
			dprintf(qmp, "{\"error\":{}}\r\n");
	}
	return 9;
}

/*
 * QEMU: writes its "kernel", behind the first byte, to its control channel, and ends when it
 * is told. It sees no other file.
 */
static int be_qemu(char **argv)
{
	static const char prefix[] = "socket,id=qmp,fd=";
	char bytes[4096];
	ssize_t len;
	int qmp = -1;
	int kernel = -1;

	signal(SIGWINCH, leave);
	for (char **arg = argv; *arg != NULL; arg++) {
		if (strncmp(*arg, prefix, sizeof prefix - 1) == 0)
			qmp = (int)strtol(*arg + sizeof prefix - 1, NULL, 10);
		if (strcmp(*arg, "-kernel") == 0)
			kernel = open(arg[1], O_RDONLY);
	}
	if (lseek(kernel, 1, SEEK_SET) != 1)
		return 9;
	if (read(kernel, bytes, 1) == 1 && bytes[0] == STRICT[0])
		return be_strict(qmp);
	if (lseek(kernel, 1, SEEK_SET) != 1)
		return 9;
	while ((len = read(kernel, bytes, sizeof bytes)) > 0)
		if (write(qmp, bytes, (size_t)len) != len)
			return 9;
	for (;;)
		pause();
}

/* cella-vtpm and cella-vsock: chatter, for ever or a while, and wait to be killed. */
static int be_helper(bool for_ever)
{
	char line[256];

	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\n';
	for (int i = 0; for_ever || i < MANY / (int)sizeof line; i += !for_ever)
		if (write(STDERR_FILENO, line, sizeof line) < 0)
			return 9;
	for (;;)
		pause();
}

/* --- one supervisor ------------------------------------------------------------------ */

/* An image that can be measured; nobody boots it. */
static int make_image(const char *qmp)
{
	static char kernel[2 * MANY];
	const struct eif spec = {
		.kernel = bytes_of(kernel,
				   (size_t)snprintf(kernel, sizeof kernel, "#%s", qmp)),
		.cmdline = bytes_from("quiet"),
		.ramdisks = { bytes_from("ramdisk") },
		.num_ramdisks = 1,
		.metadata = bytes_from("{}"),
	};
	struct out file CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct cella_bytes view;
	int fd = -1;

	CHECK_OK(eif_write(&spec, &file, &err));
	view = out_view(&file);
	CHECK_OK(sealed_make("image", &view, 1, &fd, &err));
	return fd;
}

static _Noreturn void supervise(int image, unsigned boot_seconds, int tell)
{
	char qemu[RUN_PATH_MAX], helper[RUN_PATH_MAX], vsock[RUN_PATH_MAX];
	struct host_key *key = NULL;
	struct cella_error err = { 0 };
	struct evm_options options = {
		.name = NAME,
		.base = it.base,
		.image = image,
		.vcpus = 1,
		.cid = EVM_MIN_CID,
		.qemu = qemu,
		.vtpm = helper,
		.vsock = vsock,
		.boot_seconds = boot_seconds,
		.stop_seconds = 1,
		.ready = tell,
	};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	path_in(it.folder, "qemu", qemu);
	path_in(it.folder, "helper", helper);
	path_in(it.folder, it.vsock, vsock);
	CHECK_OK(backend_choose("tcg", &options.backend, &err));
	CHECK_OK(host_key_load(it.folder, &key, &err));
	_exit(evm_run(&options, &key, &err) == CELLA_OK ? 0 : 1);
}

static void start(unsigned boot_seconds, const char *qmp)
{
	const int image = make_image(qmp);
	int ends[2];

	CHECK_INT(0, pipe2(ends, O_CLOEXEC));
	it.pid = fork();
	if (it.pid == 0)
		supervise(image, boot_seconds, ends[1]);
	close(image);
	close(ends[1]);
	it.ready = ends[0];
	it.guest = -1;
}

/* Waits until it says that it is in a state. */
static void await_state(const char *state)
{
	const struct deadline deadline = deadline_in(PATIENCE_S);
	char wanted[64];

	snprintf(wanted, sizeof wanted, "\"state\":\"%s\"", state);
	for (;;) {
		struct out line CLEANUP(out_done) = { 0 };
		struct cella_error err = { 0 };

		CHECK_OK(io_read_line(it.ready, 65536, &line, &deadline, "states", &err));
		out_u8(&line, '\0');
		if (strstr((const char *)line.data, wanted) != NULL)
			return;
		CHECK_TRUE(strstr((const char *)line.data, "\"failed\"") == NULL);
	}
}

static int join(const char *file, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	char folder[RUN_PATH_MAX];

	path_in(it.base, NAME, folder);
	path_in(folder, file, address.sun_path);
	CHECK_INT(0, connect(fd, (const struct sockaddr *)&address, sizeof address));
	return fd;
}

static void say(const char *bytes, size_t len)
{
	while (len > 0) {
		const ssize_t done = send(it.guest, bytes, len, MSG_NOSIGNAL);

		if (done <= 0)
			return; /* the supervisor has had enough */
		bytes += done;
		len -= (size_t)done;
	}
}

static void beat_now(void)
{
	char answer = 0;

	it.guest = join("v_9000", SOCK_STREAM);
	say("\xb7", 1);
	CHECK_INT(1, recv(it.guest, &answer, 1, 0));
	CHECK_INT((char)0xb7, answer);
	await_state("running");
}

static void beat(void)
{
	await_state("booting");
	beat_now();
}

/* Waits for its end, and checks that nothing but the record of a class is left. */
static void ends(int status, const char *class, const char *cause)
{
	static struct failure failure;
	char evidence[FAILURE_EVIDENCE_MAX];
	char path[RUN_PATH_MAX];
	struct cella_error err = { 0 };
	int how = 0;

	CHECK_INT(it.pid, waitpid(it.pid, &how, 0));
	CHECK_TRUE(WIFEXITED(how));
	CHECK_INT(status, WEXITSTATUS(how));
	CHECK_OK(failure_path(it.base, NAME, path, &err));
	if (class == NULL) {
		CHECK_STATUS(CELLA_MISSING, failure_read(path, &failure, &err));
	} else {
		CHECK_OK(failure_read(path, &failure, &err));
		CHECK_TEXT(class, failure_classify(&failure, evidence)->code);
		CHECK_TEXT_HAS(failure.cause, cause);
	}
	failure_forget(it.base, NAME);
	CHECK_INT(0, rmdir(it.base));
	CHECK_INT(0, mkdir(it.base, 0700));
	close(it.ready);
	io_close(&it.guest);
}

static void ask_status(struct out *answer)
{
	const struct deadline deadline = deadline_in(PATIENCE_S);
	struct cella_error err = { 0 };

	CHECK_OK(control_ask(it.base, NAME, "status", &deadline, answer, &err));
	out_u8(answer, '\0');
	CHECK_TRUE(!answer->failed);
}

static void check_status(const char *state)
{
	struct out answer CLEANUP(out_done) = { 0 };
	char wanted[64];

	ask_status(&answer);
	snprintf(wanted, sizeof wanted, "\"state\":\"%s\"", state);
	CHECK_TEXT_HAS((const char *)answer.data, wanted);
}

/*
 * As the guest's reset does with a real one. It may not have begun yet to heed the signal,
 * which is one that harms nobody: so it is sent until it has gone.
 */
static void quit_qemu(void)
{
	static const char member[] = "\"QEMU\":";
	struct out answer CLEANUP(out_done) = { 0 };
	const char *at;
	pid_t qemu;

	ask_status(&answer);
	at = strstr((const char *)answer.data, member);
	assert_non_null(at);
	qemu = (pid_t)strtol(at + sizeof member - 1, NULL, 10);
	for (int num = 0; kill(qemu, SIGWINCH) == 0; num++) {
		CHECK_TRUE(num < PATIENCE_S * 50);
		poll(NULL, 0, 20);
	}
}

/* --- guests -------------------------------------------------------------------------- */

static const struct {
	const char *says;
	const char *class;
	const char *cause;
	bool beats;
	bool quits; /* QEMU does, as the guest resets */
} guests[] = {
	{ "GET / HTTP/1.1\n", "init-foreign", "does not begin", false, false },
	{ "end\n", "init-foreign", "no such reason", false, false },
	{ "end nonsense 0\n", "init-foreign", "no such reason", false, false },
	{ "\x01\x02\n", "init-foreign", "cannot be printed", false, false },
	{ "end module 2 x.ko\n", "init-module", "x.ko", false, true },
	{ "end exited 3\n", "application-exited", "exited 3", true, true },
	{ "end exited -1\n", "guest-lies", "last line", true, false },
	{ "end exited 99999999999\n", "guest-lies", "number", true, false },
	{ "\xb7\n", "guest-lies", "cannot be printed", true, false },
	{ "end exited 0\n", NULL, NULL, true, true },
	{ "end stopped 0 really\n", NULL, NULL, true, true },
};

static void guests_say_what_they_like(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(guests); i++) {
		CASE(guests[i].says);
		start(NEVER_S, "");
		if (guests[i].beats) {
			beat();
		} else {
			await_state("booting");
			it.guest = join("v_9000", SOCK_STREAM);
		}
		/* In halves, as streams may come. */
		say(guests[i].says, 2);
		poll(NULL, 0, 20);
		say(guests[i].says + 2, strlen(guests[i].says) - 2);
		if (guests[i].quits)
			quit_qemu();
		ends(guests[i].class != NULL, guests[i].class, guests[i].cause);
	}
}

/* The same reason as above, from a guest that does not reset then. */
static void a_guest_that_stays_has_failed_too(void **state UNUSED)
{
	start(NEVER_S, "");
	await_state("booting");
	it.guest = join("v_9000", SOCK_STREAM);
	say("end tpm 2 /dev/tpmrm0\n", 22);
	ends(1, "init-tpm", "/dev/tpmrm0");
}

static void a_guest_may_flood(void **state UNUSED)
{
	char *const flood = malloc(MANY);

	for (int byte = 'x'; byte != 0; byte = byte == 'x' ? 0xb7 : 0) {
		memset(flood, byte, MANY);
		start(NEVER_S, "");
		beat();
		say(flood, MANY);
		ends(1, "guest-lies", "too long");
	}
	free(flood);
}

/* Half a word, and gone: it runs, and another connection is not its guest's. */
static void a_guest_may_break_off(void **state UNUSED)
{
	char byte;
	int other;

	start(NEVER_S, "");
	await_state("booting");
	for (int i = 0; i < 100; i++)
		close(join("v_9000", SOCK_STREAM));
	it.guest = join("v_9000", SOCK_STREAM);
	say("\xb7", 1);
	CHECK_INT(1, recv(it.guest, &byte, 1, 0));
	await_state("running");
	say("end ex", 6);
	io_close(&it.guest);
	for (int i = 0; i < 100; i++) {
		other = join("v_9000", SOCK_STREAM);
		send(other, "end exited 0\n", 13, MSG_NOSIGNAL);
		CHECK_TRUE(recv(other, &byte, 1, 0) <= 0);
		close(other);
	}
	check_status("running");
	quit_qemu();
	ends(1, "guest-ended", "without a word");
}

static void a_guest_may_say_nothing(void **state UNUSED)
{
	start(1, "");
	await_state("booting");
	it.guest = join("v_9000", SOCK_STREAM);
	ends(1, "init-hangs", "no heartbeat in time");
}

/* cella-vsock is near the guest: who has taken it over is not listened to for ever. */
static void a_back_end_may_talk_for_ever(void **state UNUSED)
{
	it.vsock = "talker";
	start(1, "");
	it.vsock = "helper";
	await_state("booting");
	ends(1, "not-measured", "no heartbeat in time");
}

/* --- QEMU ---------------------------------------------------------------------------- */

#define GREETING "{\"QMP\":{}}\r\n"

static void qemu_may_say_anything(void **state UNUSED)
{
	static const struct {
		const char *qmp;
		const char *class;
		const char *cause;
	} cases[] = {
		{ GREETING "QEMU 7.2\r\n", "qemu-lost", "QEMU's answer" },
		{ GREETING "{\"error\":{}}\r\n", "qemu-lost", "refuses" },
		{ GREETING "\r\n", "qemu-lost", "QEMU's answer" },
		{ GREETING "{\"event\":\"SUSPEND\"}\r\n", "suspended", "suspended" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CASE(cases[i].qmp);
		start(NEVER_S, cases[i].qmp);
		ends(1, cases[i].class, cases[i].cause);
	}
}

static void qemu_may_say_much(void **state UNUSED)
{
	static const char event[] = "{\"event\":\"RTC_CHANGE\"}\r\n";
	char *const text = calloc(1, MANY + sizeof event);

	strcpy(text, GREETING);
	for (size_t len = strlen(text); len < MANY; len += sizeof event - 1)
		memcpy(text + len, event, sizeof event);
	start(NEVER_S, text);
	beat();
	check_status("running");
	kill(it.pid, SIGTERM);
	ends(0, NULL, NULL);
	memset(text + strlen(GREETING), ' ', MANY - strlen(GREETING));
	memcpy(text + MANY - 2, "\r\n", 3);
	start(NEVER_S, text);
	ends(1, "qemu-lost", "QEMU's answer");
	free(text);
}

/* --- clients ------------------------------------------------------------------------- */

static void clients_may_be_silent_and_many(void **state UNUSED)
{
	enum { NUM = 5 * EVM_MAX_CLIENTS };
	int silent[NUM];
	char byte;

	start(NEVER_S, "");
	await_state("booting");
	for (int i = 0; i < NUM; i++)
		silent[i] = join("control", SOCK_SEQPACKET);
	beat_now();
	check_status("running");
	/* The first has made room; the last may still ask. */
	CHECK_INT(0, recv(silent[0], &byte, 1, 0));
	CHECK_INT(6, send(silent[NUM - 1], "status", 6, MSG_NOSIGNAL));
	CHECK_INT(1, recv(silent[NUM - 1], &byte, 1, 0));
	for (int i = 0; i < NUM; i++)
		close(silent[i]);
	kill(it.pid, SIGTERM);
	ends(0, NULL, NULL);
}

static void clients_may_say_anything(void **state UNUSED)
{
	static const struct {
		size_t len;
		const char *bytes;
	} requests[] = { { 4, "stat" },
			 { 7, "status" },
			 { 1, "" },
			 { 6, "STATUS" },
			 { 7, "status " } };
	char *const huge = calloc(1, 65536);
	char byte;

	start(NEVER_S, "");
	await_state("booting");
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		const int fd = join("control", SOCK_SEQPACKET);

		CASE(requests[i].bytes);
		CHECK_INT(requests[i].len,
			  send(fd, requests[i].bytes, requests[i].len, MSG_NOSIGNAL));
		CHECK_TRUE(recv(fd, &byte, 1, 0) <= 0);
		close(fd);
	}
	for (int i = 0; i < 20; i++) {
		const int fd = join("control", SOCK_SEQPACKET);

		memcpy(huge, "status", 6);
		CHECK_INT(65536, send(fd, huge, 65536, MSG_NOSIGNAL));
		CHECK_TRUE(recv(fd, &byte, 1, 0) <= 0);
		close(fd);
	}
	check_status("booting");
	kill(it.pid, SIGTERM);
	ends(0, NULL, NULL);
	free(huge);
}

/* Those that wait for the end are told, however many; those that left are not waited for. */
static void clients_may_ask_to_stop_and_leave(void **state UNUSED)
{
	int waiting[EVM_MAX_CLIENTS];
	char text[4096];
	ssize_t got;

	start(NEVER_S, "");
	beat();
	for (int i = 0; i < 3 * EVM_MAX_CLIENTS; i++) {
		const int fd = join("control", SOCK_SEQPACKET);

		CHECK_INT(4, send(fd, "stop", 4, MSG_NOSIGNAL));
		CHECK_TRUE(recv(fd, text, sizeof text, 0) > 0);
		close(fd);
	}
	for (int i = 0; i < EVM_MAX_CLIENTS; i++) {
		waiting[i] = join("control", SOCK_SEQPACKET);
		CHECK_INT(4, send(waiting[i], "stop", 4, MSG_NOSIGNAL));
		CHECK_TRUE(recv(waiting[i], text, sizeof text, 0) > 0);
	}
	for (int i = 0; i < EVM_MAX_CLIENTS; i++) {
		got = recv(waiting[i], text, sizeof text - 1, 0);
		CHECK_TRUE(got > 0);
		text[got] = '\0';
		CHECK_TEXT_HAS(text, "\"state\":\"stopped\"");
		close(waiting[i]);
	}
	ends(0, NULL, NULL);
}

/* Even where the folder lets somebody else in. */
static void it_may_be_stopped_before_qemu_has_greeted(void **state UNUSED)
{
	const struct deadline deadline = deadline_in(PATIENCE_S);
	struct out answer CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	start(NEVER_S, STRICT);
	await_state("booting");
	CHECK_OK(control_ask(it.base, NAME, "stop", &deadline, &answer, &err));
	out_u8(&answer, '\0');
	CHECK_TEXT_HAS((const char *)answer.data, "\"state\":\"stopped\"");
	ends(0, NULL, NULL);
}

static void strangers_are_not_heard(void **state UNUSED)
{
	char folder[RUN_PATH_MAX], path[RUN_PATH_MAX];
	pid_t stranger;
	int how = 0;

	start(NEVER_S, "");
	await_state("booting");
	CHECK_INT(0, chmod(it.base, 0711));
	path_in(it.base, NAME, folder);
	CHECK_INT(0, chmod(folder, 0711));
	path_in(folder, "control", path);
	CHECK_INT(0, chmod(path, 0777));
	stranger = fork();
	if (stranger == 0) {
		char byte;
		int fd;

		if (setresuid(65534, 65534, 65534) != 0)
			_exit(9);
		fd = join("control", SOCK_SEQPACKET);
		send(fd, "stop", 4, MSG_NOSIGNAL);
		_exit(recv(fd, &byte, 1, 0) <= 0 ? 0 : 1);
	}
	CHECK_INT(stranger, waitpid(stranger, &how, 0));
	CHECK_INT(0, how);
	check_status("booting");
	kill(it.pid, SIGTERM);
	ends(0, NULL, NULL);
}

/* --- clocks -------------------------------------------------------------------------- */

/* What is due is due by a clock that nobody sets. */
static void clocks_may_jump(void **state UNUSED)
{
	clock_is = CLOCK_JUMPS;
	start(NEVER_S, "");
	beat();
	for (int i = 0; i < 20; i++)
		check_status("running");
	kill(it.pid, SIGTERM);
	ends(0, NULL, NULL);
	start(1, "");
	await_state("booting");
	ends(1, "not-measured", "in time");
	clock_is = CLOCK_RIGHT;
}

static void a_clock_may_be_lost(void **state UNUSED)
{
	clock_is = CLOCK_LOST;
	start(NEVER_S, "");
	ends(1, "host-clock", "clock: 1970-01-01T00:00:10Z");
	clock_is = CLOCK_RIGHT;
}

/* --- set-up -------------------------------------------------------------------------- */

static int set_up(void **state UNUSED)
{
	static const char *const programs[] = { "qemu", "helper", "talker" };
	char path[RUN_PATH_MAX], own[4096] = "";
	struct cella_error err = { 0 };

	snprintf(it.folder, sizeof it.folder, "/tmp/cella-sup-XXXXXX");
	CHECK_TRUE(mkdtemp(it.folder) != NULL);
	CHECK_INT(0, chmod(it.folder, 0755));
	path_in(it.folder, "run", it.base);
	CHECK_INT(0, mkdir(it.base, 0700));
	CHECK_TRUE(readlink("/proc/self/exe", own, sizeof own - 1) > 0);
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		path_in(it.folder, programs[i], path);
		CHECK_INT(0, symlink(own, path));
	}
	/* Valid for as long as a clock here may jump back. */
	CHECK_OK(host_key_make(it.folder, (int64_t)time(NULL) - 4LL * YEAR_S, &err));
	return 0;
}

static int clean_up(void **state UNUSED)
{
	static const char *const files[] = { "qemu", "helper", "talker", HOST_KEY_FILE,
					     HOST_ROOT_FILE };
	char path[RUN_PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		path_in(it.folder, files[i], path);
		unlink(path);
	}
	rmdir(it.base);
	return rmdir(it.folder);
}

int main(int argc UNUSED, char **argv)
{
	const char *const slash = strrchr(argv[0], '/');
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guests_say_what_they_like),
		cmocka_unit_test(a_guest_that_stays_has_failed_too),
		cmocka_unit_test(a_guest_may_flood),
		cmocka_unit_test(a_guest_may_break_off),
		cmocka_unit_test(a_guest_may_say_nothing),
		cmocka_unit_test(a_back_end_may_talk_for_ever),
		cmocka_unit_test(qemu_may_say_anything),
		cmocka_unit_test(qemu_may_say_much),
		cmocka_unit_test(clients_may_be_silent_and_many),
		cmocka_unit_test(clients_may_say_anything),
		cmocka_unit_test(clients_may_ask_to_stop_and_leave),
		cmocka_unit_test(it_may_be_stopped_before_qemu_has_greeted),
		ROOT_TEST(strangers_are_not_heard),
		cmocka_unit_test(clocks_may_jump),
		cmocka_unit_test(a_clock_may_be_lost),
	};

	if (slash != NULL && strcmp(slash, "/helper") == 0)
		return be_helper(false);
	if (slash != NULL && strcmp(slash, "/talker") == 0)
		return be_helper(true);
	/* QEMU is executed by the name that links lead to. */
	if (argv[1] != NULL)
		return be_qemu(argv);
	return cmocka_run_group_tests(tests, set_up, clean_up);
}
