/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's parts: states, QMP, sealed files, run folders, processes.
 */
#include "support.h"

#include "fetch/files.h"
#include "guest/io.h"
#include "vm/child.h"
#include "vm/control.h"
#include "vm/failure_record.h"
#include "vm/notify.h"
#include "vm/qmp.h"
#include "vm/run_dir.h"
#include "vm/sealed.h"
#include "vm/state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- states -------------------------------------------------------------------------- */

#define NEVER EVM_NUM_STATES

static const enum evm_state nexts[EVM_NUM_STATES][EVM_NUM_EVENTS] = {
	/* clang-format off */
	/*                 start          started       heartbeat     stop          ended        broken      fall back */
	[EVM_STOPPED] =   { EVM_PREPARING, NEVER,        NEVER,        EVM_STOPPED,  NEVER,       NEVER,      NEVER },
	[EVM_PREPARING] = { NEVER,         EVM_BOOTING,  NEVER,        EVM_STOPPING, NEVER,       EVM_FAILED, NEVER },
	[EVM_BOOTING] =   { NEVER,         NEVER,        EVM_RUNNING,  EVM_STOPPING, NEVER,       EVM_FAILED, EVM_PREPARING },
	[EVM_RUNNING] =   { NEVER,         NEVER,        NEVER,        EVM_STOPPING, NEVER,       EVM_FAILED, NEVER },
	[EVM_STOPPING] =  { NEVER,         EVM_STOPPING, EVM_STOPPING, EVM_STOPPING, EVM_STOPPED, EVM_FAILED, NEVER },
	[EVM_FAILED] =    { NEVER,         NEVER,        NEVER,        EVM_FAILED,   NEVER,       EVM_FAILED, NEVER },
	/* clang-format on */
};

static void states_step_by_the_table(void **state)
{
	(void)state;
	for (int i = 0; i < EVM_NUM_STATES; i++)
		for (int j = 0; j < EVM_NUM_EVENTS; j++) {
			enum evm_state now = (enum evm_state)i;
			struct cella_error err = { 0 };
			const bool is_legal = nexts[i][j] != NEVER;

			CASE(evm_state_name(now));
			CHECK_STATUS(is_legal ? CELLA_OK : CELLA_INTERNAL,
				     evm_state_next(&now, (enum evm_event)j, &err));
			CHECK_INT(is_legal ? (int)nexts[i][j] : i, now);
		}
}

/* --- QMP ----------------------------------------------------------------------------- */

static const struct {
	const char *line;
	enum cella_status status;
	enum qmp_event event;
} qmp_lines[] = {
	{ "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}", CELLA_OK,
	  QMP_EVENT_GREETING },
	{ "{\"return\": {}}\r", CELLA_OK, QMP_EVENT_NONE },
	{ "{\"return\": {\"status\": \"running\", \"running\": true}}", CELLA_OK,
	  QMP_EVENT_RUNNING },
	{ "{\"return\": {\"status\": \"internal-error\"}}", CELLA_OK, QMP_EVENT_STOPPED },
	{ "{\"event\": \"GUEST_PANICKED\", \"data\": {}}", CELLA_OK, QMP_EVENT_PANICKED },
	{ "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true}}", CELLA_OK,
	  QMP_EVENT_SHUTDOWN },
	{ "{\"event\": \"SUSPEND\"}", CELLA_OK, QMP_EVENT_SUSPENDED },
	{ "{\"event\": \"NIC_RX_FILTER_CHANGED\"}", CELLA_OK, QMP_EVENT_NONE },
	{ "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}", CELLA_IO, 0 },
	{ "{\"event\": 1}", CELLA_MALFORMED, 0 },
	{ "[]", CELLA_MALFORMED, 0 },
	{ "QEMU 7.2 monitor", CELLA_MALFORMED, 0 },
};

static void qmp_lines_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(qmp_lines); i++) {
		struct cella_error err = { 0 };
		enum qmp_event event = QMP_EVENT_NONE;

		CASE(qmp_lines[i].line);
		CHECK_STATUS(qmp_lines[i].status,
			     qmp_read(bytes_from_text(qmp_lines[i].line), &event, &err));
		CHECK_INT(qmp_lines[i].event, event);
	}
}

/* Nothing that could read the guest's memory is ever said. */
static void qmp_says_little(void **state)
{
	(void)state;
	CHECK_INT(3, QMP_NUM_COMMANDS);
	CHECK_TEXT("{\"execute\":\"qmp_capabilities\"}\r\n",
		   qmp_command(QMP_CAPABILITIES));
	CHECK_TEXT("{\"execute\":\"query-status\"}\r\n", qmp_command(QMP_QUERY_STATUS));
	CHECK_TEXT("{\"execute\":\"quit\"}\r\n", qmp_command(QMP_QUIT));
}

/* --- sealed files -------------------------------------------------------------------- */

static void sealed_files_stay_as_they_are(void **state)
{
	const struct cella_bytes parts[] = { bytes_from("one"), bytes_from("two") };
	struct cella_error err = { 0 };
	struct cella_bytes view = { 0 };
	int fd = -1;

	(void)state;
	CHECK_OK(sealed_make("test", parts, 2, &fd, &err));
	CHECK_OK(sealed_map(fd, &view, &err));
	CHECK_BYTES("onetwo", 6, view);
	CHECK_INT(-1, write(fd, "x", 1));
	CHECK_INT(EPERM, errno);
	CHECK_INT(-1, ftruncate(fd, 1));
	CHECK_INT(-1, ftruncate(fd, 100));
	CHECK_INT(-1, fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	sealed_unmap(&view);
	close(fd);
}

static void copies_do_not_follow_their_files(void **state)
{
	char path[] = "/tmp/cella-sealed-XXXXXX";
	const int file = mkstemp(path);
	struct cella_error err = { 0 };
	struct cella_bytes view = { 0 };
	int fd = -1;

	(void)state;
	CHECK_INT(5, write(file, "image", 5));
	CHECK_OK(sealed_copy(file, path, 5, &fd, &err));
	CHECK_INT(5, pwrite(file, "other", 5, 0));
	CHECK_OK(sealed_map(fd, &view, &err));
	CHECK_BYTES("image", 5, view);
	sealed_unmap(&view);
	close(fd);
	CHECK_STATUS(CELLA_LIMIT, sealed_copy(file, path, 4, &fd, &err));
	close(file);
	unlink(path);
}

/* --- run folders --------------------------------------------------------------------- */

struct base {
	char path[RUN_PATH_MAX];
};

static struct base make_base(void)
{
	struct base base = { "/tmp/cella-run-XXXXXX" };

	CHECK_TRUE(mkdtemp(base.path) != NULL);
	return base;
}

static void names_are_checked(void **state)
{
	static const char *const good[] = { "a", "web-1", "A_b",
					    "12345678901234567890123456789012" };
	static const char *const bad[] = {
		"",    "-a",  "a/b",      "..",
		"a b", "a.b", "\xc3\xa4", "123456789012345678901234567890123"
	};
	struct cella_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		CHECK_OK(run_name_check(good[i], &err));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CASE(bad[i]);
		CHECK_STATUS(CELLA_USAGE, run_name_check(bad[i], &err));
	}
}

static void a_base_of_others_is_refused(void **state)
{
	struct base base = make_base();
	struct cella_error err = { 0 };
	char path[RUN_PATH_MAX];
	char link[RUN_PATH_MAX];

	(void)state;
	CHECK_OK(run_base(base.path, path, &err));
	CHECK_INT(0, chmod(base.path, 0750));
	CHECK_STATUS(CELLA_IO, run_base(base.path, path, &err));
	CHECK_TEXT_HAS(err.text, "0700");
	CHECK_INT(0, chmod(base.path, 0700));
	CHECK_OK(run_path("/tmp", "cella-run-link", link, &err));
	unlink(link);
	CHECK_INT(0, symlink(base.path, link));
	CHECK_STATUS(CELLA_IO, run_base(link, path, &err));
	unlink(link);
	CHECK_STATUS(CELLA_LIMIT,
		     run_base("/tmp/12345678901234567890123456789012345678901234567890"
			      "1234567890123",
			      path, &err));
	CHECK_INT(0, rmdir(base.path));
}

static enum cella_status count_one(void *context, const char *name,
				   struct cella_error *err)
{
	(void)err;
	CHECK_TEXT("lives", name);
	++*(int *)context;
	return CELLA_OK;
}

static enum cella_status ignore_one(void *context, const char *name,
				    struct cella_error *err)
{
	(void)context;
	(void)name;
	(void)err;
	return CELLA_OK;
}

/* The loss of a supervisor is told by a record. */
static void check_lost(const struct base *base, const char *name)
{
	static struct failure failure;
	struct cella_error err = { 0 };
	char evidence[FAILURE_EVIDENCE_MAX];
	char path[RUN_PATH_MAX];

	CHECK_OK(failure_path(base->path, name, path, &err));
	CHECK_OK(failure_read(path, &failure, &err));
	CHECK_TEXT("supervisor-lost", failure_classify(&failure, evidence)->code);
	failure_forget(base->path, name);
}

static void leftovers_are_told_from_life(void **state)
{
	struct base base = make_base();
	struct cella_error err = { 0 };
	struct run_dir lives = RUN_DIR_NONE;
	struct run_dir left = RUN_DIR_NONE;
	struct run_dir again = RUN_DIR_NONE;
	char path[RUN_PATH_MAX];
	int num = 0;

	(void)state;
	CHECK_OK(run_dir_make(base.path, "lives", &lives, &err));
	CHECK_STATUS(CELLA_USAGE, run_dir_make(base.path, "lives", &again, &err));
	CHECK_OK(run_dir_make(base.path, "left", &left, &err));
	CHECK_OK(run_path(left.path, "v", path, &err));
	close(open(path, O_CREAT | O_WRONLY, 0600));
	io_close(&left.lock); /* as its holder's death does */
	CHECK_OK(run_list(base.path, count_one, &num, &err));
	CHECK_INT(1, num);
	CHECK_INT(-1, access(left.path, F_OK));
	check_lost(&base, "left");
	run_dir_remove(&lives);
	CHECK_INT(0, rmdir(base.path));
}

static void what_is_left_over_is_used_again(void **state)
{
	struct base base = make_base();
	struct cella_error err = { 0 };
	struct run_dir dir = RUN_DIR_NONE;
	char path[RUN_PATH_MAX];

	(void)state;
	CHECK_OK(run_dir_make(base.path, "e", &dir, &err));
	CHECK_OK(run_path(dir.path, "v", path, &err));
	close(open(path, O_CREAT | O_WRONLY, 0600));
	io_close(&dir.lock);
	CHECK_OK(run_dir_make(base.path, "e", &dir, &err));
	CHECK_INT(-1, access(path, F_OK));
	check_lost(&base, "e");
	run_dir_remove(&dir);
	CHECK_INT(0, rmdir(base.path));
}

/* What happens between the opening of a lock and its taking; once. */
static void (*before_flock)(void);

int flock(int fd, int operation)
{
	void (*const once)(void) = before_flock;

	before_flock = NULL;
	if (once != NULL)
		once();
	return (int)syscall(SYS_flock, fd, operation);
}

static struct base raced;
static struct run_dir taken_over;

static void take_over(void)
{
	struct cella_error err = { 0 };

	CHECK_OK(run_dir_make(raced.path, "lives", &taken_over, &err));
}

/* Who looks for leftovers has opened the lock that a new supervisor then replaces. */
static void leftovers_that_come_to_life_stay(void **state)
{
	struct run_dir left = RUN_DIR_NONE;
	struct cella_error err = { 0 };
	char path[RUN_PATH_MAX];
	int num = 0;

	(void)state;
	raced = make_base();
	CHECK_OK(run_dir_make(raced.path, "lives", &left, &err));
	io_close(&left.lock);
	before_flock = take_over;
	CHECK_OK(run_list(raced.path, count_one, &num, &err));
	CHECK_INT(1, num);
	CHECK_OK(run_path(taken_over.path, "lock", path, &err));
	CHECK_INT(0, access(path, F_OK));
	run_dir_remove(&taken_over);
	failure_forget(raced.path, "lives"); /* the first one was lost */
	CHECK_INT(0, rmdir(raced.path));
}

/* Who lists takes nobody's folder away in the moment in which it is made. */
static void looking_is_in_nobodys_way(void **state)
{
	struct base base = make_base();
	const pid_t looker = fork();

	(void)state;
	if (looker == 0)
		for (prctl(PR_SET_PDEATHSIG, SIGKILL);;)
			if (run_list(base.path, ignore_one, NULL, NULL) != CELLA_OK)
				_exit(1);
	for (int i = 0; i < 500; i++) {
		struct run_dir dir = RUN_DIR_NONE;
		struct cella_error err = { 0 };
		char path[RUN_PATH_MAX];

		CHECK_OK(run_dir_make(base.path, "e", &dir, &err));
		CHECK_OK(run_path(dir.path, "lock", path, &err));
		CHECK_INT(0, access(path, F_OK));
		run_dir_remove(&dir);
		CHECK_OK(failure_path(base.path, "e", path, &err));
		CHECK_INT(-1, access(path, F_OK));
	}
	kill(looker, SIGKILL);
	CHECK_INT(looker, waitpid(looker, NULL, 0));
	rmdir(base.path);
}

/* Names of other things than enclaves are not counted among them. */
static void records_are_not_listed(void **state)
{
	struct base base = make_base();
	struct cella_error err = { 0 };
	char path[RUN_PATH_MAX];

	(void)state;
	for (int i = 0; i < 2 * RUN_MAX_LISTED; i++) {
		char name[RUN_NAME_MAX];

		snprintf(name, sizeof name, "%d.last.json", i);
		CHECK_OK(run_path(base.path, name, path, &err));
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	CHECK_OK(run_list(base.path, count_one, NULL, &err));
	for (int i = 0; i < 2 * RUN_MAX_LISTED; i++) {
		char name[RUN_NAME_MAX];

		snprintf(name, sizeof name, "%d", i);
		failure_forget(base.path, name);
	}
	CHECK_INT(0, rmdir(base.path));
}

static void nobody_is_asked_where_nobody_is(void **state)
{
	struct base base = make_base();
	const struct deadline deadline = deadline_in(60);
	struct cella_error err = { 0 };
	struct out answer CLEANUP(out_done) = { 0 };
	int fd = -1;

	(void)state;
	CHECK_STATUS(CELLA_MISSING,
		     control_ask(base.path, "e", "status", &deadline, &answer, &err));
	CHECK_STATUS(CELLA_MISSING,
		     control_connect(base.path, "e", 7, &deadline, &fd, &err));
	CHECK_STATUS(CELLA_USAGE,
		     control_ask(base.path, "../e", "status", &deadline, &answer, &err));
	CHECK_INT(0, rmdir(base.path));
}

/* --- processes ----------------------------------------------------------------------- */

static struct child start(const char *script, bool is_confined)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	const struct child_spec spec = { .name = "shell",
					 .argv = &argv,
					 .is_confined = is_confined };
	struct child child = CHILD_NONE;
	struct cella_error err = { 0 };

	argv_add(&argv, "/bin/sh");
	argv_add(&argv, "-c");
	argv_add(&argv, "%s", script);
	CHECK_OK(child_start(&spec, &child, &err));
	return child;
}

static void read_words(struct child *child, struct out *out)
{
	const struct deadline deadline = deadline_in(60);
	struct cella_error err = { 0 };

	CHECK_OK(io_read_all(child->errors, 1 << 16, out, &deadline, "child", &err));
	out_u8(out, 0);
}

static void ends_are_told(void **state)
{
	static const struct {
		const char *script;
		const char *text;
	} cases[] = {
		{ "exit 0", "shell: exited with status 0" },
		{ "exit 3", "shell: exited with status 3" },
		{ "kill -9 $$", "shell: killed by signal 9" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct child child CLEANUP(child_done) = start(cases[i].script, false);
		struct pollfd ready = { .fd = child.pidfd, .events = POLLIN };
		char text[CHILD_TEXT_MAX];

		CHECK_INT(1, poll(&ready, 1, 60000));
		child_reap(&child);
		child_end_text(&child, text);
		CHECK_TEXT(cases[i].text, text);
	}
}

/* What a child has: no other's descriptor, no way to more rights, no environment. */
static void a_child_has_only_what_it_is_given(void **state)
{
	struct out words CLEANUP(out_done) = { 0 };
	const int secret = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 77);
	struct child child CLEANUP(child_done) =
		start("exec >&2; ls /proc/$$/fd | tr '\\n' ' '; "
		      "grep NoNewPrivs /proc/self/status | tr -d '\\t\\n'; env | sort | "
		      "grep -v -e ^PWD -e ^_ -e ^OLDPWD -e ^SHLVL | tr '\\n' ' '",
		      false);

	(void)state;
	read_words(&child, &words);
	CHECK_INT(77, secret);
	CHECK_TRUE(strstr((const char *)words.data, "77 ") == NULL);
	CHECK_TEXT_HAS((const char *)words.data, "NoNewPrivs:1");
	CHECK_TEXT_HAS((const char *)words.data,
		       "LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin ");
	close(secret);
}

static void a_confined_child_has_no_network(void **state)
{
	struct out words CLEANUP(out_done) = { 0 };
	struct child child CLEANUP(child_done) =
		start("exec >&2; readlink /proc/self/ns/net", true);
	char own[64] = { 0 };

	(void)state;
	read_words(&child, &words);
	CHECK_TRUE(readlink("/proc/self/ns/net", own, sizeof own - 1) > 0);
	CHECK_TEXT_HAS((const char *)words.data, "net:[");
	if (strncmp((const char *)words.data, own, strlen(own)) == 0)
		print_message("# this machine gives no namespaces\n");
}

/* Programs are started where their child, as another user, could not reach them. */
static void a_program_may_be_where_others_do_not_get(void **state)
{
	char path[] = "/tmp/cella-vm-XXXXXX/sh";
	char *const slash = strrchr(path, '/');
	struct argv argv CLEANUP(argv_done) = { 0 };
	struct out words CLEANUP(out_done) = { 0 };
	struct out shell CLEANUP(out_done) = { 0 };
	struct child child CLEANUP(child_done) = CHILD_NONE;
	struct cella_error err = { 0 };
	const struct child_spec spec = { .name = "shell",
					 .argv = &argv,
					 .is_confined = true };

	(void)state;
	*slash = '\0';
	assert_non_null(mkdtemp(path)); /* of mode 0700 */
	*slash = '/';
	CHECK_OK(file_read("/bin/sh", 64 << 20, &shell, &err));
	CHECK_OK(file_write(path, out_view(&shell), 0755, &err));
	argv_add(&argv, "%s", path);
	argv_add(&argv, "-c");
	argv_add(&argv, "printf runs >&2");
	CHECK_OK(child_start(&spec, &child, &err));
	read_words(&child, &words);
	CHECK_TEXT("runs", (const char *)words.data);
	CHECK_INT(0, unlink(path));
	*slash = '\0';
	CHECK_INT(0, rmdir(path));
}

/* Its program, what that is installed with, its own descriptors: no other file. */
static void a_child_may_have_a_root_of_its_own(void **state)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	struct out words CLEANUP(out_done) = { 0 };
	struct child child CLEANUP(child_done) = CHILD_NONE;
	struct cella_error err = { 0 };
	struct child_root root;
	const struct child_spec spec = {
		.name = "shell", .argv = &argv, .is_confined = true, .root = &root
	};
	const char *text;

	(void)state;
	CHECK_OK(child_root_plan("sh", NULL, &root, &err));
	argv_add(&argv, "sh");
	argv_add(&argv, "-c");
	argv_add(&argv, "exec >&2; echo root: /* /.host* end; echo etc: /etc/* end; "
			"echo bin: /usr/bin/* end; echo proc: /proc/* end; "
			"echo fds: /proc/self/fd/* end; (: >/new) || echo read-only");
	CHECK_OK(child_start(&spec, &child, &err));
	read_words(&child, &words);
	if (child.lacks[0] != '\0') {
		CHECK_TEXT_HAS(child.lacks, "shell has not ");
		print_message("# this machine gives none: %s\n", child.lacks);
		return;
	}
	text = (const char *)words.data;
	CHECK_TRUE(strstr(text, "/home") == NULL && strstr(text, "/tmp") == NULL &&
		   strstr(text, "/dev") == NULL);
	CHECK_TEXT_HAS(text, "/.host* end\n");
	CHECK_TRUE(strstr(text, "passwd") == NULL);
	CHECK_TEXT_HAS(text, "bin: /usr/bin/");
	CHECK_TRUE(strstr(text, "/usr/bin/env") == NULL);
	CHECK_TEXT_HAS(text, "proc: /proc/self end\n");
	CHECK_TEXT_HAS(text, "fds: /proc/self/fd/0 ");
	CHECK_TEXT_HAS(text, "\nread-only\n");
}

static void a_root_needs_its_program(void **state)
{
	struct child_root root = { .program = "as it was" };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_MISSING,
		     child_root_plan("/nowhere/nothing", NULL, &root, &err));
	CHECK_STATUS(CELLA_MISSING,
		     child_root_plan("no-such-program", NULL, &root, &err));
	CHECK_TEXT_HAS(err.text, "there is no program no-such-program");
	CHECK_TEXT("as it was", root.program);
}

static void there_may_be_no_such_program(void **state)
{
	struct argv argv CLEANUP(argv_done) = { 0 };
	const struct child_spec spec = { .name = "nothing", .argv = &argv };
	struct child child = CHILD_NONE;
	struct cella_error err = { 0 };

	(void)state;
	argv_add(&argv, "/nowhere/nothing");
	CHECK_STATUS(CELLA_MISSING, child_start(&spec, &child, &err));
	CHECK_TEXT_HAS(err.text, "there is no program /nowhere/nothing");
	CHECK_INT(0, child.pid);
}

/* However the supervisor ends: its child does, too. */
static void a_child_does_not_outlive_its_supervisor(void **state)
{
	int ends[2];
	pid_t supervisor;
	pid_t orphan = 0;
	char byte;

	(void)state;
	CHECK_INT(0, pipe2(ends, O_CLOEXEC));
	supervisor = fork();
	if (supervisor == 0) {
		const struct child child = start("echo >&2; exec sleep 1000", false);
		struct pollfd ready = { .fd = child.errors, .events = POLLIN };

		poll(&ready, 1, 60000);
		if (write(ends[1], &child.pid, sizeof child.pid) != sizeof child.pid)
			_exit(1);
		pause();
	}
	close(ends[1]);
	CHECK_INT(sizeof orphan, read(ends[0], &orphan, sizeof orphan));
	kill(supervisor, SIGKILL);
	CHECK_INT(supervisor, waitpid(supervisor, NULL, 0));
	/* The child has the other end of nothing here: wait until it is a zombie, or gone. */
	for (;;) {
		char path[64];
		char state_of = 'R';
		FILE *file;

		snprintf(path, sizeof path, "/proc/%d/stat", orphan);
		file = fopen(path, "re");
		if (file == NULL)
			break;
		if (fscanf(file, "%*d %*s %c", &state_of) != 1 || state_of == 'Z') {
			fclose(file);
			break;
		}
		fclose(file);
		poll(NULL, 0, 10);
	}
	CHECK_INT(0, read(ends[0], &byte, 1));
	close(ends[0]);
}

/* --- service managers ---------------------------------------------------------------- */

static void a_manager_is_told(void **state)
{
	struct base base = make_base();
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct cella_error err = { 0 };
	char text[32] = { 0 };

	(void)state;
	CHECK_OK(run_path(base.path, "notify", at.sun_path, &err));
	CHECK_INT(0, bind(fd, (const struct sockaddr *)&at, sizeof at));
	CHECK_OK(notify_send(at.sun_path, "READY=1", &err));
	CHECK_INT(7, recv(fd, text, sizeof text, 0));
	CHECK_TEXT("READY=1", text);
	CHECK_OK(notify_send(NULL, "READY=1", &err));
	CHECK_STATUS(CELLA_USAGE, notify_send("notify", "READY=1", &err));
	CHECK_STATUS(CELLA_USAGE, notify_send("@", "READY=1", &err));
	unlink(at.sun_path);
	CHECK_STATUS(CELLA_IO, notify_send(at.sun_path, "READY=1", &err));
	close(fd);
	CHECK_INT(0, rmdir(base.path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_step_by_the_table),
		cmocka_unit_test(qmp_lines_are_read),
		cmocka_unit_test(qmp_says_little),
		cmocka_unit_test(sealed_files_stay_as_they_are),
		cmocka_unit_test(copies_do_not_follow_their_files),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(a_base_of_others_is_refused),
		cmocka_unit_test(leftovers_are_told_from_life),
		cmocka_unit_test(what_is_left_over_is_used_again),
		cmocka_unit_test(leftovers_that_come_to_life_stay),
		cmocka_unit_test(looking_is_in_nobodys_way),
		cmocka_unit_test(records_are_not_listed),
		cmocka_unit_test(nobody_is_asked_where_nobody_is),
		cmocka_unit_test(ends_are_told),
		cmocka_unit_test(a_child_has_only_what_it_is_given),
		cmocka_unit_test(a_confined_child_has_no_network),
		cmocka_unit_test(a_program_may_be_where_others_do_not_get),
		cmocka_unit_test(a_child_may_have_a_root_of_its_own),
		cmocka_unit_test(a_root_needs_its_program),
		cmocka_unit_test(there_may_be_no_such_program),
		cmocka_unit_test(a_child_does_not_outlive_its_supervisor),
		cmocka_unit_test(a_manager_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
