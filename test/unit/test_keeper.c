/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service: its rules, its looks at an image, its folder, and its life with supervisors
 * that are made up. A service starts its own program again: that is this one, which then is
 * such a supervisor, and does as the file's "qemu" says.
 */
#include "support.h"

#include "base/number.h"
#include "evidence/eif.h"
#include "guest/io.h"
#include "vm/image_look.h"
#include "vm/keeper.h"
#include "vm/keeper_rules.h"
#include "vm/run_dir.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 60 * 1000, NOTICE_LEN = 1024 };

static char folder[] = "/tmp/cella-keeper.XXXXXX";

static const char *path_of(const char *name, char path[RUN_PATH_MAX])
{
	snprintf(path, RUN_PATH_MAX, "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, struct cella_bytes bytes)
{
	char path[RUN_PATH_MAX];
	const int fd =
		open(path_of(name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_TRUE(fd >= 0);
	CHECK_INT(bytes.len, write(fd, bytes.data, bytes.len));
	close(fd);
}

/* --- rules --------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum restart_policy policy;
	unsigned max;
	unsigned failures; /* before */
	enum life_end end;
	int64_t ran_ms;
	enum keeper_next next;
	int64_t pause_ms;
	unsigned left; /* failures */
} decisions[] = {
	{ "no: ended", RESTART_NO, 5, 0, LIFE_ENDED, 0, KEEPER_END_WELL, 0, 0 },
	{ "no: failed", RESTART_NO, 5, 0, LIFE_FAILED, 0, KEEPER_END_BADLY, 0, 1 },
	{ "no: refused", RESTART_NO, 5, 0, LIFE_REFUSED, 0, KEEPER_AWAIT_IMAGE, 0, 0 },
	{ "on failure: ended", RESTART_ON_FAILURE, 5, 3, LIFE_ENDED, 9, KEEPER_END_WELL,
	  0, 0 },
	{ "first failure", RESTART_ON_FAILURE, 5, 0, LIFE_FAILED, 0, KEEPER_START_AGAIN,
	  2000, 1 },
	{ "second", RESTART_ON_FAILURE, 5, 1, LIFE_FAILED, 0, KEEPER_START_AGAIN, 4000,
	  2 },
	{ "fifth", RESTART_ON_FAILURE, 5, 4, LIFE_FAILED, 0, KEEPER_START_AGAIN, 32000,
	  5 },
	{ "sixth", RESTART_ON_FAILURE, 5, 5, LIFE_FAILED, 0, KEEPER_END_BADLY, 0, 6 },
	{ "without end", RESTART_ON_FAILURE, 0, 1000000, LIFE_FAILED, 0,
	  KEEPER_START_AGAIN, KEEPER_LONGEST_PAUSE_MS, 1000001 },
	{ "after a long run", RESTART_ON_FAILURE, 5, 5, LIFE_FAILED, KEEPER_STABLE_MS,
	  KEEPER_START_AGAIN, 2000, 1 },
	{ "after one not so long", RESTART_ON_FAILURE, 5, 5, LIFE_FAILED,
	  KEEPER_STABLE_MS - 1, KEEPER_END_BADLY, 0, 6 },
	{ "refused among failures", RESTART_ON_FAILURE, 5, 4, LIFE_REFUSED, 0,
	  KEEPER_AWAIT_IMAGE, 0, 4 },
	{ "always: ended", RESTART_ALWAYS, 5, 4, LIFE_ENDED, 9, KEEPER_START_AGAIN, 2000,
	  0 },
	{ "always: failed", RESTART_ALWAYS, 5, 5, LIFE_FAILED, 0, KEEPER_END_BADLY, 0,
	  6 },
};

static void ends_have_consequences(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(decisions); i++) {
		const struct enclave_conf conf = {
			.restart = decisions[i].policy,
			.restart_max = decisions[i].max,
			.restart_delay = 2,
		};
		unsigned failures = decisions[i].failures;
		struct keeper_decision decision;

		CASE(decisions[i].name);
		decision = keeper_decide(&conf, decisions[i].end, decisions[i].ran_ms,
					 &failures);
		CHECK_INT(decisions[i].next, decision.next);
		CHECK_INT(decisions[i].pause_ms, decision.pause_ms);
		CHECK_INT(decisions[i].left, failures);
	}
}

/* A pause that was asked for is not cut; none is none, however often. */
static void pauses_are_those_asked_for(void **state)
{
	const struct enclave_conf slow = { .restart = RESTART_ON_FAILURE,
					   .restart_delay = 3600 };
	const struct enclave_conf fast = { .restart = RESTART_ON_FAILURE };
	unsigned failures = 3;

	(void)state;
	CHECK_INT(3600 * 1000, keeper_decide(&slow, LIFE_FAILED, 0, &failures).pause_ms);
	CHECK_INT(0, keeper_decide(&fast, LIFE_FAILED, 0, &failures).pause_ms);
}

/* --- looks --------------------------------------------------------------------------- */

/* An image of the smallest kind. */
static struct out make_image(const char *ramdisk)
{
	const struct eif parts = {
		.kernel = bytes_from("kernel"),
		.cmdline = bytes_from("quiet"),
		.ramdisks = { bytes_from_text(ramdisk) },
		.num_ramdisks = 1,
		.metadata = bytes_from("{}"),
	};
	struct out file = { 0 };
	struct cella_error err = { 0 };

	CHECK_OK(eif_write(&parts, &file, &err));
	return file;
}

static void check_look(enum image_presence presence, const char *says)
{
	struct image_look look;
	char path[RUN_PATH_MAX];

	image_look(path_of("image", path), &look);
	CHECK_INT(presence, look.presence);
	CHECK_TEXT_HAS(look.text, says);
}

static void an_image_is_told_by_its_beginning(void **state)
{
	struct out file CLEANUP(out_done) = make_image("ramdisk");
	const struct cella_bytes image = out_view(&file);
	char path[RUN_PATH_MAX];
	char says[128];

	(void)state;
	check_look(IMAGE_ABSENT, "is not there");
	for (size_t len = 0; len < image.len; len++) {
		write_file("image", bytes_of(image.data, len));
		snprintf(says, sizeof says, "%zu of its %zu bytes are missing still",
			 image.len - len, image.len);
		check_look(IMAGE_HALF,
			   len < EIF_HEADER_LEN ? "not even its header" : says);
	}
	write_file("image", image);
	check_look(IMAGE_WHOLE, "is there");
	write_file("image", bytes_from("!eif, and more than that"));
	check_look(IMAGE_OTHER, "is no enclave image");
	CHECK_INT(0, unlink(path_of("image", path)));
	CHECK_INT(0, mkdir(path, 0700));
	check_look(IMAGE_OTHER, "is no file");
	CHECK_INT(0, rmdir(path));
	CHECK_INT(0, symlink("image", path));
	check_look(IMAGE_ABSENT, "cannot be opened");
	CHECK_INT(0, unlink(path));
}

static void another_file_is_another_identity(void **state)
{
	struct image_look one;
	struct image_look other;
	char path[RUN_PATH_MAX];
	char new_path[RUN_PATH_MAX];

	(void)state;
	write_file("image", bytes_from("one"));
	image_look(path_of("image", path), &one);
	image_look(path, &other);
	CHECK_TRUE(image_identity_equal(&one.identity, &other.identity));
	write_file("new", bytes_from("two"));
	CHECK_INT(0, rename(path_of("new", new_path), path));
	image_look(path, &other);
	CHECK_TRUE(!image_identity_equal(&one.identity, &other.identity));
	CHECK_INT(0, unlink(path));
}

static bool wakes(const struct image_watch *watch)
{
	struct pollfd ready = { .fd = watch->fd, .events = POLLIN };

	return poll(&ready, 1, PATIENCE_MS) == 1;
}

static bool is_silent(const struct image_watch *watch)
{
	struct pollfd ready = { .fd = watch->fd, .events = POLLIN };

	return poll(&ready, 1, 0) == 0;
}

/* First where the folder is to be, then in it. */
static void folders_may_come_later(void **state)
{
	struct image_watch watch CLEANUP(image_watch_done) = IMAGE_WATCH_NONE;
	char sub[RUN_PATH_MAX];
	char path[RUN_PATH_MAX];

	(void)state;
	path_of("a", sub);
	path_of("a/image", path);
	image_watch_set(&watch, path);
	if (watch.fd < 0)
		skip(); /* this machine has no watches to give */
	CHECK_TEXT(folder, watch.folder);
	CHECK_INT(0, mkdir(sub, 0700));
	CHECK_TRUE(wakes(&watch));
	image_watch_drain(&watch);
	image_watch_set(&watch, path);
	CHECK_TEXT(sub, watch.folder);
	image_watch_drain(&watch);
	CHECK_TRUE(is_silent(&watch));
	write_file("a/image", bytes_from("bytes"));
	CHECK_TRUE(wakes(&watch));
	CHECK_INT(0, unlink(path));
	CHECK_INT(0, rmdir(sub));
	image_watch_set(&watch, path);
	CHECK_TEXT(folder, watch.folder);
}

/* --- folders ------------------------------------------------------------------------- */

static enum cella_status remember(void *context, const char *name,
				  struct cella_error *err UNUSED)
{
	strncat(context, name, 60);
	strncat(context, ";", 60);
	return CELLA_OK;
}

static void services_are_no_enclaves(void **state)
{
	struct run_dir service = RUN_DIR_NONE;
	struct run_dir enclave = RUN_DIR_NONE;
	struct run_dir again = RUN_DIR_NONE;
	struct cella_error err = { 0 };
	char enclaves[128] = "";
	char services[128] = "";

	(void)state;
	CHECK_OK(run_service_make(folder, "one", &service, &err));
	CHECK_OK(run_dir_make(folder, "two", &enclave, &err));
	CHECK_STATUS(CELLA_USAGE, run_service_make(folder, "one", &again, &err));
	CHECK_OK(run_list(folder, remember, enclaves, &err));
	CHECK_OK(run_service_list(folder, remember, services, &err));
	CHECK_TEXT("two;", enclaves);
	CHECK_TEXT("one;", services);
	run_dir_remove(&enclave);
	run_dir_remove(&service);
}

/* What a service said last stays, until one of its name begins; other leftovers do not. */
static void last_words_remain(void **state)
{
	struct run_dir service = RUN_DIR_NONE;
	struct cella_error err = { 0 };
	char services[128] = "";
	char path[RUN_PATH_MAX];

	(void)state;
	CHECK_OK(run_service_make(folder, "one", &service, &err));
	run_service_keep(&service, bytes_from("last"));
	CHECK_INT(-1, service.lock);
	CHECK_OK(run_service_make(folder, "two", &service, &err));
	close(service.lock); /* as if it had been killed */
	CHECK_OK(run_service_list(folder, remember, services, &err));
	CHECK_TEXT("", services);
	CHECK_INT(0, access(path_of(".one/last", path), F_OK));
	CHECK_INT(-1, access(path_of(".two", path), F_OK));
	CHECK_OK(run_service_make(folder, "one", &service, &err));
	CHECK_INT(-1, access(path_of(".one/last", path), F_OK));
	run_dir_remove(&service);
}

/* --- a life -------------------------------------------------------------------------- */

/* A service of this test: its process, and what it tells its manager. */
struct world {
	pid_t pid;
	int manager;
};

static struct world start(const char *qemu, const char *more)
{
	struct world world = { .manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct out conf CLEANUP(out_done) = { 0 };
	char conf_path[RUN_PATH_MAX];

	out_format(&conf, "image = %s/image\nhost = %s/host\nrun_dir = %s\nqemu = %s\n%s",
		   folder, folder, folder, qemu, more);
	write_file("conf", out_view(&conf));
	path_of("manager", at.sun_path);
	unlink(at.sun_path);
	CHECK_INT(0, bind(world.manager, (const struct sockaddr *)&at, sizeof at));
	world.pid = fork();
	CHECK_TRUE(world.pid >= 0);
	if (world.pid == 0) {
		const struct keeper_options options = {
			.name = "one",
			.conf = path_of("conf", conf_path),
			.who = OWNED_BY_CALLER,
			.notify = at.sun_path,
			.ready = -1,
		};
		struct cella_error err = { 0 };

		/* Nothing among this test's results, and no end later than its own. */
		if (freopen("/dev/null", "we", stderr) == NULL ||
		    freopen("/dev/null", "we", stdout) == NULL ||
		    prctl(PR_SET_PDEATHSIG, SIGTERM) != 0)
			_exit(99);
		_exit((int)keeper_run(&options, &err));
	}
	return world;
}

/* Waits until its manager hears of this, and fails if it never does. */
static void await(const struct world *world, const char *text)
{
	char notice[NOTICE_LEN];
	struct pollfd ready = { .fd = world->manager, .events = POLLIN };

	for (;;) {
		ssize_t got;

		if (poll(&ready, 1, PATIENCE_MS) != 1)
			fail_msg("the manager does not hear: %s", text);
		got = recv(world->manager, notice, sizeof notice - 1, 0);
		CHECK_TRUE(got > 0);
		notice[got] = '\0';
		if (strstr(notice, text) != NULL)
			return;
	}
}

/* How it ended: the status of keeper_run(). */
static enum cella_status end(struct world *world)
{
	int status = 0;
	char path[RUN_PATH_MAX];

	CHECK_INT(world->pid, waitpid(world->pid, &status, 0));
	CHECK_TRUE(WIFEXITED(status));
	close(world->manager);
	unlink(path_of("manager", path));
	return (enum cella_status)WEXITSTATUS(status);
}

static void put_image(const char *ramdisk)
{
	struct out file CLEANUP(out_done) = make_image(ramdisk);
	char from[RUN_PATH_MAX];
	char to[RUN_PATH_MAX];

	write_file("new", out_view(&file));
	CHECK_INT(0, rename(path_of("new", from), path_of("image", to)));
}

static void remove_image(void)
{
	char path[RUN_PATH_MAX];

	CHECK_INT(0, unlink(path_of("image", path)));
}

static void it_waits_and_is_ready(void **state)
{
	struct world world = start("runs", "");
	char path[RUN_PATH_MAX];
	struct stat st;

	(void)state;
	await(&world, "READY=1\nSTATUS=waiting: ");
	CHECK_INT(0, stat(path_of("host", path), &st));
	CHECK_INT(0700, st.st_mode & 07777);
	put_image("one");
	await(&world, "STATUS=starting\nEXTEND_TIMEOUT_USEC=");
	await(&world, "READY=1\nSTATUS=running ");
	kill(world.pid, SIGTERM);
	await(&world, "STOPPING=1");
	await(&world, "STATUS=stopped");
	CHECK_INT(CELLA_OK, end(&world));
	CHECK_INT(-1, access(path_of(".one", path), F_OK));
	remove_image();
}

static void it_starts_again_and_gives_up(void **state)
{
	struct world world;
	char path[RUN_PATH_MAX];

	(void)state;
	put_image("one");
	world = start("fails", "restart_delay = 0\nrestart_max = 2\n");
	for (int i = 0; i < 2; i++) {
		await(&world, "STATUS=starting\n");
		await(&world, "STATUS=starts again soon: a made-up cause");
	}
	await(&world, "STATUS=starting\n");
	await(&world, "STATUS=failed: a made-up cause");
	CHECK_INT(CELLA_IO, end(&world));
	CHECK_INT(0, access(path_of(".one/last", path), F_OK));
	CHECK_INT(0, unlink(path));
	CHECK_INT(0, rmdir(path_of(".one", path)));
	remove_image();
}

static void an_image_that_is_refused_is_not_tried_again(void **state)
{
	struct world world;

	(void)state;
	put_image("one");
	world = start("refuses", "restart = no\n");
	await(&world, "STATUS=starting\n");
	await(&world, "READY=1\nSTATUS=waiting: another than ");
	put_image("another");
	await(&world, "STATUS=starting\n");
	await(&world, "STATUS=waiting: another than ");
	remove_image();
	await(&world, "is not there");
	kill(world.pid, SIGINT);
	CHECK_INT(CELLA_OK, end(&world));
}

static void work_that_is_done_is_done(void **state)
{
	struct world world;

	(void)state;
	put_image("one");
	world = start("ends", "");
	await(&world, "STATUS=running ");
	await(&world, "STATUS=stopped");
	CHECK_INT(CELLA_OK, end(&world));
	world = start("ends", "restart = always\nrestart_delay = 0\n");
	await(&world, "STATUS=running ");
	await(&world, "STATUS=running ");
	kill(world.pid, SIGTERM);
	await(&world, "STATUS=stopped");
	CHECK_INT(CELLA_OK, end(&world));
	remove_image();
}

/* As often as it is: what it still has to be told is not lost. */
static void its_file_is_read_again(void **state)
{
	struct world world = start("runs", "");
	struct out conf CLEANUP(out_done) = { 0 };

	(void)state;
	await(&world, "/image is not there");
	write_file("conf", bytes_from("nonsense"));
	kill(world.pid, SIGHUP);
	out_format(&conf, "image = %s/elsewhere\nhost = %s/host\nrun_dir = %s\n", folder,
		   folder, folder);
	write_file("conf", out_view(&conf));
	kill(world.pid, SIGHUP);
	await(&world, "/elsewhere is not there");
	kill(world.pid, SIGTERM);
	CHECK_INT(CELLA_OK, end(&world));
}

static void it_does_not_begin_with_a_mistake(void **state)
{
	struct world world = start("runs", "vcpus = 0\n");

	(void)state;
	await(&world, "STATUS=failed: ");
	CHECK_INT(CELLA_MALFORMED, end(&world));
}

/* A path of another language is told as it is; where it is cut, without the half. */
static void paths_may_be_long_and_foreign(void **state)
{
	static const char image[] = "/\343\202\250\343\203\263";
	struct world world = start("runs", "");
	struct out conf CLEANUP(out_done) = { 0 };

	(void)state;
	await(&world, "/image is not there");
	out_format(&conf, "host = %s/host\nrun_dir = %s\nimage = %s\n", folder, folder,
		   image);
	write_file("conf", out_view(&conf));
	kill(world.pid, SIGHUP);
	await(&world, "STATUS=waiting: /\343\202\250\343\203\263 is not there");
	conf.len--;
	out_text(&conf, "a"); /* it is cut within a character */
	for (int i = 0; i < 50; i++)
		out_text(&conf, image + 1);
	write_file("conf", out_view(&conf));
	kill(world.pid, SIGHUP);
	await(&world, "STATUS=waiting: /??????");
	kill(world.pid, SIGTERM);
	CHECK_INT(CELLA_OK, end(&world));
}

/* Stopped while a supervisor is only beginning, or has a pause before the next. */
static void it_stops_at_any_time(void **state)
{
	struct world world;

	(void)state;
	put_image("one");
	world = start("hangs", "");
	await(&world, "STATUS=starting\n");
	kill(world.pid, SIGTERM);
	await(&world, "STATUS=stopped");
	CHECK_INT(CELLA_OK, end(&world));
	world = start("fails", "restart_delay = 1h\n");
	await(&world, "STATUS=starts again soon");
	kill(world.pid, SIGTERM);
	CHECK_INT(CELLA_OK, end(&world));
	remove_image();
}

/* --- the supervisor that is made up -------------------------------------------------- */

static const char *argument(char **argv, const char *name)
{
	for (; *argv != NULL; argv++)
		if (strcmp(*argv, name) == 0)
			return argv[1];
	return "";
}

static int refuse(int states)
{
	dprintf(states, "{\"state\":\"preparing\"}\n");
	dprintf(STDERR_FILENO, "cellad: image: is made up\n");
	return KEEPER_EXIT_IMAGE;
}

static int fall(int states)
{
	dprintf(states, "{\"state\":\"preparing\"}\n{\"state\":\"booting\"}\n");
	dprintf(STDERR_FILENO, "cellad: a made-up cause\n");
	return 1;
}

/* A real one, too, takes no more signals once it tells of an enclave. */
static int finish(int states)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	dprintf(states, "{\"state\":\"booting\"}\n{\"state\":\"running\"}\n");
	return 0;
}

static int hang(int states)
{
	dprintf(states, "{\"state\":\"preparing\"}\n");
	return pause();
}

static int go_on(int states)
{
	sigset_t mask;
	int number;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	finish(states);
	return sigwait(&mask, &number);
}

static const struct {
	const char *name;
	int (*act)(int states);
} acts[] = {
	{ "refuses", refuse }, { "fails", fall }, { "ends", finish },
	{ "hangs", hang },     { "runs", go_on },
};

static int supervise(char **argv)
{
	uint64_t states = 0;

	if (getenv("NOTIFY_SOCKET") != NULL ||
	    number_read(argument(argv, "--ready"), 1000, &states, "fd", NULL) != CELLA_OK)
		return 98;
	for (size_t i = 0; i < ARRAY_LEN(acts); i++)
		if (strcmp(acts[i].name, argument(argv, "--qemu")) == 0)
			return acts[i].act((int)states);
	return 97;
}

/* --- all of it ----------------------------------------------------------------------- */

static int make_folder(void **state)
{
	(void)state;
	setenv("NOTIFY_SOCKET", "/nowhere", 1);
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const files[] = { "conf", "host/host-key.pem",
					     "host/host-ca.pem", "host", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char path[RUN_PATH_MAX];

		if (unlink(path_of(files[i], path)) != 0 && rmdir(path) != 0)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_have_consequences),
		cmocka_unit_test(pauses_are_those_asked_for),
		cmocka_unit_test(an_image_is_told_by_its_beginning),
		cmocka_unit_test(another_file_is_another_identity),
		cmocka_unit_test(folders_may_come_later),
		cmocka_unit_test(services_are_no_enclaves),
		cmocka_unit_test(last_words_remain),
		cmocka_unit_test(it_waits_and_is_ready),
		cmocka_unit_test(it_starts_again_and_gives_up),
		cmocka_unit_test(an_image_that_is_refused_is_not_tried_again),
		cmocka_unit_test(work_that_is_done_is_done),
		cmocka_unit_test(its_file_is_read_again),
		cmocka_unit_test(it_does_not_begin_with_a_mistake),
		cmocka_unit_test(paths_may_be_long_and_foreign),
		cmocka_unit_test(it_stops_at_any_time),
	};

	if (argc > 1 && strcmp(argv[0], "cellad") == 0)
		return supervise(argv);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
