/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measuring applications (src/collect/measure.c, rtmr.c, tree.c; src/evidence/aael.c), with
 * files in place of the kernel's.
 */
#include "log_maker.h"

#include "base/encode.h"
#include "collect/measure.h"
#include "collect/tree.h"
#include "fetch/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEASUREMENTS "/sys/devices/virtual/misc/tdx_guest/measurements"
#define REGISTER MEASUREMENTS "/rtmr3:sha384"
#define CCEL "/sys/firmware/acpi/tables/data"

/* --- a sysroot ----------------------------------------------------------------------- */

struct root {
	char dir[64];
	char log[128];
	struct rtmr_place place;
};

static void run_shell(const char *format, const char *dir)
{
	char *command = NULL;

	assert_true(asprintf(&command, format, dir, dir, dir, dir) > 0);
	assert_int_equal(0, system(command));
	free(command);
}

static void root_new(struct root *r)
{
	*r = (struct root){ .dir = "/tmp/cella-measure.XXXXXX" };
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->log, sizeof r->log, "%s/cella/eventlog", r->dir);
	r->place.sysroot = r->dir;
	run_shell("mkdir -p %s" MEASUREMENTS " %s" CCEL, r->dir);
}

static void root_done(struct root *r)
{
	run_shell("rm -rf %s", r->dir);
}

static char *root_path(const struct root *r, const char *path)
{
	char *whole = NULL;

	assert_true(asprintf(&whole, "%s%s", r->dir, path) > 0);
	return whole;
}

static void put_file(const struct root *r, const char *name, struct cella_bytes bytes)
{
	char *const path = root_path(r, name);
	struct cella_error err = { 0 };

	CHECK_OK(file_write(path, bytes, 0644, &err));
	free(path);
}

static struct out get_file(const char *path)
{
	struct out bytes = { 0 };
	struct cella_error err = { 0 };

	CHECK_OK(file_read(path, CELLA_EVENT_LOG_MAX, &bytes, &err));
	return bytes;
}

static struct out get_register(const struct root *r)
{
	char *const path = root_path(r, REGISTER);
	struct out bytes = get_file(path);

	free(path);
	return bytes;
}

static void put_zero_register(const struct root *r)
{
	static const uint8_t zeros[SHA384_LEN];

	put_file(r, REGISTER, bytes_of(zeros, sizeof zeros));
}

static const struct aael nginx = { "cella", "measure-file", "sha384:00 /usr/sbin/nginx" };

/* --- events -------------------------------------------------------------------------- */

static void events_have_the_agents_form(void **state)
{
	static const char expected[] = "LEAA\x2c\0\0\0cella measure-file sha384:00 "
				       "/usr/sbin/nginx";
	const struct cella_bytes view = bytes_of(expected, 8 + 0x2c);
	struct out out = { 0 };
	struct cella_error err = { 0 };
	uint8_t digest[SHA384_LEN];
	uint8_t whole[SHA384_LEN];

	(void)state;
	CHECK_OK(aael_write(&nginx, &out, digest, &err));
	CHECK_BYTES(expected, sizeof expected - 1, out_view(&out));
	CHECK_OK(crypto_digest(CRYPTO_SHA384, &view, 1, whole, &err));
	CHECK_BYTES(whole, SHA384_LEN, bytes_of(digest, sizeof digest));
	out_done(&out);
}

static void events_are_one_line(void **state)
{
	static const struct {
		struct aael event;
		enum cella_status status;
	} rows[] = {
		{ { "", "b", "c" }, CELLA_USAGE },
		{ { "a b", "b", "c" }, CELLA_USAGE },
		{ { "a", "b\n", "c" }, CELLA_USAGE },
		{ { "a", "b", "c\nd" }, CELLA_USAGE },
		{ { "a", "b", "c\033" }, CELLA_USAGE },
		{ { "a", "b", "" }, CELLA_OK },
		{ { "a", "b", "{\"c\": 1}" }, CELLA_OK },
	};
	char *const huge = calloc(AAEL_TEXT_MAX + 1, 1);
	const struct aael long_one = { "a", "b", huge };
	struct cella_error err = { 0 };
	uint8_t digest[SHA384_LEN];
	struct out out = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CASE(rows[i].event.content);
		CHECK_STATUS(rows[i].status,
			     aael_write(&rows[i].event, &out, digest, &err));
	}
	assert_non_null(huge);
	memset(huge, 'x', AAEL_TEXT_MAX);
	CHECK_STATUS(CELLA_LIMIT, aael_write(&long_one, &out, digest, &err));
	out_done(&out);
	free(huge);
}

/* --- the log and the register -------------------------------------------------------- */

static void an_event_goes_into_log_and_register(void **state)
{
	struct measuring m;
	struct cella_event_log *log;
	struct cella_error err = { 0 };
	struct out bytes, value;
	struct root r;

	(void)state;
	root_new(&r);
	put_zero_register(&r);
	CHECK_OK(measuring_start(&r.place, r.log, &m, &err));
	CHECK_TRUE(!m.is_out_of_step);
	CHECK_TRUE(m.lacks_firmware_log);
	CHECK_OK(measuring_add(&m, &nginx, &err));
	CHECK_TEXT("tsm-mr", m.how);
	measuring_done(&m);
	bytes = get_file(r.log);
	log = log_parse(&bytes);
	CHECK_INT(CELLA_EVENT_LOG_CC, cella_event_log_kind(log));
	CHECK_INT(1, log->num_events);
	CHECK_INT(CC_INDEX_RTMR3, log->events[0].index);
	CHECK_INT(EV_EVENT_TAG, log->events[0].type);
	value = get_register(&r);
	CHECK_BYTES(log->events[0].digests[0], SHA384_LEN, out_view(&value));
	cella_event_log_unref(log);
	out_done(&value);
	out_done(&bytes);
	root_done(&r);
}

/* What the kernel is given is exactly one digest, in one piece. */
static void a_pipe_gets_the_digest_alone(void **state)
{
	struct cella_error err = { 0 };
	struct measuring m;
	uint8_t buffer[SHA384_LEN + 1];
	char *path;
	struct root r;
	int fd;

	(void)state;
	root_new(&r);
	path = root_path(&r, REGISTER);
	assert_int_equal(0, mkfifo(path, 0600));
	fd = open(path, O_RDWR | O_NONBLOCK);
	assert_true(fd >= 0);
	CHECK_OK(measuring_start(&r.place, r.log, &m, &err));
	CHECK_OK(measuring_add(&m, &nginx, &err));
	CHECK_INT(SHA384_LEN, read(fd, buffer, sizeof buffer));
	measuring_done(&m);
	close(fd);
	free(path);
	root_done(&r);
}

static void without_a_register_nothing_is_begun(void **state)
{
	struct cella_error err = { 0 };
	struct measuring m;
	struct root r;

	(void)state;
	root_new(&r);
	CHECK_STATUS(CELLA_MISSING, measuring_start(&r.place, r.log, &m, &err));
	CHECK_TEXT_HAS(err.text, "rtmr3:sha384");
	CHECK_INT(-1, access(r.log, F_OK));
	root_done(&r);
}

/* A driver that knows the register but not the request: here a plain file. */
static void a_device_that_cannot_extend_is_told(void **state)
{
	struct cella_error err = { 0 };
	struct measuring m;
	struct out before, after;
	struct root r;

	(void)state;
	root_new(&r);
	run_shell("mkdir -p %s/dev", r.dir);
	put_file(&r, "/dev/tdx_guest", bytes_from(""));
	CHECK_OK(measuring_start(&r.place, r.log, &m, &err));
	before = get_file(r.log);
	CHECK_STATUS(CELLA_MISSING, measuring_add(&m, &nginx, &err));
	CHECK_TEXT_HAS(err.text, "cannot extend RTMR3");
	after = get_file(r.log);
	CHECK_BYTES(before.data, before.len, out_view(&after));
	measuring_done(&m);
	out_done(&before);
	out_done(&after);
	root_done(&r);
}

/* The event is taken back, and the next one stands in its place. */
static void an_event_that_was_not_measured_is_taken_back(void **state)
{
	struct cella_error err = { 0 };
	struct measuring m;
	struct out bytes;
	struct cella_event_log *log;
	char *path;
	struct root r;

	(void)state;
	root_new(&r);
	put_zero_register(&r);
	path = root_path(&r, REGISTER);
	CHECK_OK(measuring_start(&r.place, r.log, &m, &err));
	assert_int_equal(0, unlink(path));
	assert_int_equal(0, mkdir(path, 0700));
	CHECK_STATUS(CELLA_IO, measuring_add(&m, &nginx, &err));
	bytes = get_file(r.log);
	log = log_parse(&bytes);
	CHECK_INT(0, log->num_events);
	cella_event_log_unref(log);
	out_done(&bytes);
	assert_int_equal(0, rmdir(path));
	put_zero_register(&r);
	CHECK_OK(measuring_add(&m, &nginx, &err));
	measuring_done(&m);
	bytes = get_file(r.log);
	log = log_parse(&bytes);
	CHECK_INT(1, log->num_events);
	cella_event_log_unref(log);
	out_done(&bytes);
	free(path);
	root_done(&r);
}

static void the_firmware_s_log_comes_first(void **state)
{
	struct cella_error err = { 0 };
	struct cella_event_log *log;
	struct out firmware = { 0 };
	struct out bytes;
	struct measuring m;
	struct root r;

	(void)state;
	root_new(&r);
	put_zero_register(&r);
	log_start_cc(&firmware);
	log_add_cc(&firmware, 1, EV_SEPARATOR, bytes_from("\0\0\0\0"));
	out_bytes(&firmware, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10);
	put_file(&r, CCEL "/CCEL", out_view(&firmware));
	CHECK_OK(measuring_start(&r.place, r.log, &m, &err));
	CHECK_TRUE(!m.lacks_firmware_log);
	CHECK_OK(measuring_add(&m, &nginx, &err));
	measuring_done(&m);
	bytes = get_file(r.log);
	log = log_parse(&bytes);
	CHECK_INT(2, log->num_events);
	CHECK_INT(1, log->events[0].index);
	CHECK_INT(CC_INDEX_RTMR3, log->events[1].index);
	CHECK_BYTES(firmware.data, firmware.len - 10,
		    bytes_slice(out_view(&bytes), 0, firmware.len - 10));
	cella_event_log_unref(log);
	out_done(&bytes);
	out_done(&firmware);
	root_done(&r);
}

static void a_foreign_extension_is_noticed(void **state)
{
	struct cella_error err = { 0 };
	struct measuring m;
	struct root r;

	(void)state;
	root_new(&r);
	put_file(&r, REGISTER,
		 bytes_from("012345678901234567890123456789012345678901234567"));
	CHECK_OK(measuring_start(&r.place, r.log, &m, &err));
	CHECK_TRUE(m.is_out_of_step);
	measuring_done(&m);
	root_done(&r);
}

static void other_files_are_not_written_to(void **state)
{
	static const struct {
		const char *contents;
		size_t len;
		enum cella_status status;
	} rows[] = {
		{ "#!/bin/sh\n", 10, CELLA_UNSUPPORTED },
		{ "x", 1, CELLA_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct measuring m;
		struct out bytes;
		struct root r;

		CASE(rows[i].contents);
		root_new(&r);
		put_zero_register(&r);
		run_shell("mkdir %s/cella", r.dir);
		put_file(&r, "/cella/eventlog", bytes_of(rows[i].contents, rows[i].len));
		CHECK_STATUS(rows[i].status, measuring_start(&r.place, r.log, &m, &err));
		bytes = get_file(r.log);
		CHECK_BYTES(rows[i].contents, rows[i].len, out_view(&bytes));
		out_done(&bytes);
		root_done(&r);
	}
}

static void measure_many(const struct root *r, int num)
{
	for (int i = 0; i < num; i++) {
		struct measuring m;

		if (measuring_start(&r->place, r->log, &m, NULL) != CELLA_OK ||
		    measuring_add(&m, &nginx, NULL) != CELLA_OK)
			_exit(1);
		measuring_done(&m);
	}
	_exit(0);
}

static void processes_take_turns(void **state)
{
	enum { PROCESSES = 6, EACH = 10 };
	struct out bytes;
	struct cella_event_log *log;
	struct root r;

	(void)state;
	root_new(&r);
	put_zero_register(&r);
	for (int i = 0; i < PROCESSES; i++) {
		const pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			measure_many(&r, EACH);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status = 1;

		assert_true(wait(&status) > 0);
		CHECK_INT(0, status);
	}
	bytes = get_file(r.log);
	log = log_parse(&bytes);
	CHECK_INT(PROCESSES * EACH, log->num_events);
	cella_event_log_unref(log);
	out_done(&bytes);
	root_done(&r);
}

/* --- directories --------------------------------------------------------------------- */

static const char make_tree[] =
	"cd %s && mkdir -p tree/b tree/empty && printf abc >tree/a.txt &&"
	" printf 1 >tree/b/c && printf 2 >tree/b.d && ln -s b/c tree/link &&"
	" printf x >\"tree/with blank\" && chmod 755 tree tree/b tree/empty &&"
	" chmod 644 tree/a.txt tree/b/c tree/b.d \"tree/with blank\" && chmod 4711 tree/b.d";

static char *manifest_of(const struct root *r)
{
	char *const path = root_path(r, "/tree");
	struct cella_error err = { 0 };
	struct out out = { 0 };
	char *text = NULL;

	CHECK_OK(tree_manifest(path, &out, &err));
	CHECK_OK(out_take_text(&out, &text, &err));
	free(path);
	return text;
}

static const char *sha384_text(const char *text, char hex[2 * SHA384_LEN + 1])
{
	const struct cella_bytes view = bytes_from_text(text);
	struct cella_error err = { 0 };
	uint8_t digest[SHA384_LEN];

	CHECK_OK(crypto_digest(CRYPTO_SHA384, &view, 1, digest, &err));
	return hex_format(bytes_of(digest, sizeof digest), hex);
}

static void manifests_are_sorted_lines(void **state)
{
	char hex[5][2 * SHA384_LEN + 1];
	char *expected = NULL;
	char *manifest;
	struct root r;

	(void)state;
	root_new(&r);
	run_shell(make_tree, r.dir);
	manifest = manifest_of(&r);
	assert_true(asprintf(&expected,
			     "d 755 - .\n"
			     "f 644 %s ./a.txt\n"
			     "d 755 - ./b\n"
			     "f 4711 %s ./b.d\n"
			     "f 644 %s ./b/c\n"
			     "d 755 - ./empty\n"
			     "l 777 %s ./link\n"
			     "f 644 %s ./with\\040blank\n",
			     sha384_text("abc", hex[0]), sha384_text("2", hex[1]),
			     sha384_text("1", hex[2]), sha384_text("b/c", hex[3]),
			     sha384_text("x", hex[4])) > 0);
	CHECK_TEXT(expected, manifest);
	free(expected);
	cella_free(manifest);
	root_done(&r);
}

static void every_change_shows(void **state)
{
	static const char *const changes[] = {
		"printf b >>%s/tree/b/c",
		"chmod 600 %s/tree/a.txt",
		"chmod 700 %s/tree/empty",
		"rmdir %s/tree/empty",
		"printf '' >%s/tree/new",
		"ln -sf a.txt %s/tree/link",
		"cd %s/tree && rm link && cp b/c link",
		"mv %s/tree/a.txt %s/tree/a.tx",
		"mkdir %s/tree/other",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		char *before, *after;
		struct root r;

		CASE(changes[i]);
		root_new(&r);
		run_shell(make_tree, r.dir);
		before = manifest_of(&r);
		run_shell(changes[i], r.dir);
		after = manifest_of(&r);
		CHECK_TRUE(strcmp(before, after) != 0);
		cella_free(before);
		cella_free(after);
		root_done(&r);
	}
}

/* Neither times nor the order in which entries were made count. */
static void what_does_not_count_does_not_show(void **state)
{
	char *before, *after;
	struct root r;

	(void)state;
	root_new(&r);
	run_shell(make_tree, r.dir);
	before = manifest_of(&r);
	run_shell("cd %s/tree && touch -d 2001-01-01 . a.txt b/c &&"
		  " mv a.txt .. && mv ../a.txt .",
		  r.dir);
	after = manifest_of(&r);
	CHECK_TEXT(before, after);
	cella_free(before);
	cella_free(after);
	root_done(&r);
}

static void what_has_no_contents_is_refused(void **state)
{
	struct cella_error err = { 0 };
	struct out out = { 0 };
	char *path;
	struct root r;

	(void)state;
	root_new(&r);
	run_shell(make_tree, r.dir);
	run_shell("mkfifo %s/tree/b/pipe", r.dir);
	path = root_path(&r, "/tree");
	CHECK_STATUS(CELLA_UNSUPPORTED, tree_manifest(path, &out, &err));
	CHECK_TEXT_HAS(err.text, "./b/pipe: a device, pipe or socket");
	CHECK_STATUS(CELLA_IO, tree_manifest("/does/not/exist", &out, &err));
	out_done(&out);
	free(path);
	root_done(&r);
}

static void depth_is_bounded(void **state)
{
	struct cella_error err = { 0 };
	struct out out = { 0 };
	char *path;
	struct root r;

	(void)state;
	root_new(&r);
	run_shell("mkdir %s/tree && cd %s/tree && for i in 1 2 3 4 5 6 7 8; do"
		  " mkdir -p a/a/a/a/a/a/a/a && cd a/a/a/a/a/a/a/a; done",
		  r.dir);
	path = root_path(&r, "/tree");
	CHECK_OK(tree_manifest(path, &out, &err));
	run_shell("d=%s/tree; for i in 1 2 3 4 5 6 7 8; do d=$d/a/a/a/a/a/a/a/a; done;"
		  " mkdir $d/b",
		  r.dir);
	CHECK_STATUS(CELLA_LIMIT, tree_manifest(path, &out, &err));
	CHECK_TEXT_HAS(err.text, "deeper than 64 directories");
	out_done(&out);
	free(path);
	root_done(&r);
}

static void paths_are_escaped(void **state)
{
	struct out out = { 0 };

	(void)state;
	path_escape(&out, "a b\\c\nd\x7f\x01\xc3\xbc");
	CHECK_BYTES("a\\040b\\134c\\012d\\177\\001\xc3\xbc", 26, out_view(&out));
	out_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_have_the_agents_form),
		cmocka_unit_test(events_are_one_line),
		cmocka_unit_test(an_event_goes_into_log_and_register),
		cmocka_unit_test(a_pipe_gets_the_digest_alone),
		cmocka_unit_test(without_a_register_nothing_is_begun),
		cmocka_unit_test(a_device_that_cannot_extend_is_told),
		cmocka_unit_test(an_event_that_was_not_measured_is_taken_back),
		cmocka_unit_test(the_firmware_s_log_comes_first),
		cmocka_unit_test(a_foreign_extension_is_noticed),
		cmocka_unit_test(other_files_are_not_written_to),
		cmocka_unit_test(processes_take_turns),
		cmocka_unit_test(manifests_are_sorted_lines),
		cmocka_unit_test(every_change_shows),
		cmocka_unit_test(what_does_not_count_does_not_show),
		cmocka_unit_test(what_has_no_contents_is_refused),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(paths_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
