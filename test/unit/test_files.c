/* SPDX-License-Identifier: Apache-2.0 */
#include "maker.h"
#include "support.h"

#include "collateral/bundle.h"
#include "fetch/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/cella-test-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, struct cella_bytes bytes)
{
	struct cella_error err = { 0 };

	CHECK_OK(file_write(path_of(name), bytes, 0600, &err));
}

static void files_are_read_whole(void **state)
{
	static const size_t lens[] = { 0, 1, 16383, 16384, 16385, 100000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct cella_error err = { 0 };
		struct out text = { 0 };
		struct out back = { 0 };

		out_text(&back, "before");
		for (size_t k = 0; k < lens[i]; k++)
			out_u8(&text, (uint8_t)(k * 7 + k / 256));
		write_file("file", out_view(&text));
		CHECK_OK(file_read(path_of("file"), lens[i], &back, &err));
		CHECK_BYTES(text.data, text.len,
			    bytes_slice(out_view(&back), 6, back.len - 6));
		if (lens[i] > 0)
			CHECK_STATUS(CELLA_LIMIT, file_read(path_of("file"), lens[i] - 1,
							    &back, &err));
		out_done(&text);
		out_done(&back);
	}
}

static void unreadable_files(void **state)
{
	struct cella_error err = { 0 };
	struct out out = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_IO, file_read(path_of("absent"), 1, &out, &err));
	CHECK_INT(ENOENT, err.sys_errno);
	CHECK_TEXT_HAS(err.text, "/absent: No such file or directory");
	CHECK_STATUS(CELLA_IO, file_read(folder, 1, &out, &err));
	CHECK_INT(EISDIR, err.sys_errno);
	out_done(&out);
}

static void files_are_replaced_whole(void **state)
{
	struct cella_error err = { 0 };
	struct stat before, after;
	int fd;
	char old[4] = "";

	(void)state;
	write_file("file", bytes_from("old"));
	fd = open(path_of("file"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(0, fstat(fd, &before));
	CHECK_OK(file_write(path_of("file"), bytes_from("newer"), 0640, &err));
	/* Who had it open reads the old one to its end. */
	assert_int_equal(3, read(fd, old, sizeof old));
	assert_int_equal(0, stat(path_of("file"), &after));
	assert_true(before.st_ino != after.st_ino);
	CHECK_INT(0640, after.st_mode & 07777);
	CHECK_INT(5, after.st_size);
	close(fd);
	CHECK_STATUS(CELLA_IO,
		     file_write(path_of("absent/file"), bytes_from("x"), 0600, &err));
	CHECK_INT(ENOENT, err.sys_errno);
	CHECK_STATUS(CELLA_IO, file_write(folder, bytes_from("x"), 0600, &err));
	CHECK_OK(file_write("/dev/null", bytes_from("x"), 0600, &err));
	CHECK_STATUS(CELLA_IO, file_write("/dev/full", bytes_from("x"), 0600, &err));
	CHECK_INT(ENOSPC, err.sys_errno);
}

/* A symbolic link at the place of the file is replaced, not followed. */
static void link_in_the_way(void **state)
{
	struct cella_error err = { 0 };
	struct out out = { 0 };
	char target[256];
	struct stat st;

	(void)state;
	write_file("target", bytes_from("precious"));
	snprintf(target, sizeof target, "%s", path_of("target"));
	assert_int_equal(0, symlink(target, path_of("link")));
	write_file("link", bytes_from("new"));
	CHECK_OK(file_read(target, 100, &out, &err));
	CHECK_BYTES("precious", 8, out_view(&out));
	assert_int_equal(0, lstat(path_of("link"), &st));
	assert_true(S_ISREG(st.st_mode));
	out_done(&out);
}

static void collateral_of_a_folder(void **state)
{
	struct cella_collateral *collateral = NULL;
	struct cella_error err = { 0 };
	struct out bundle = { 0 };
	struct maker m;
	char dir[256];

	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_build(&m);
	snprintf(dir, sizeof dir, "%s", path_of("set"));
	assert_int_equal(0, mkdir(dir, 0700));
	CHECK_STATUS(CELLA_MISSING, collateral_load(dir, &collateral, &err));
	CHECK_TEXT_HAS(err.text, "/set: has no files");
	write_file("set/.hidden", bytes_from("nonsense"));
	assert_int_equal(0, mkdir(path_of("set/folder"), 0700));
	CHECK_STATUS(CELLA_MISSING, collateral_load(dir, &collateral, &err));

	maker_bundle(&m, &bundle);
	write_file("set/bundle.json", out_view(&bundle));
	CHECK_OK(collateral_load(dir, &collateral, &err));
	CHECK_INT(1, collateral->num_tcb_infos);
	cella_collateral_unref(collateral);
	collateral = NULL;

	write_file("set/root.crl", out_view(&m.crl_der[MAKER_ROOT_CRL]));
	CHECK_OK(collateral_load(dir, &collateral, &err));
	CHECK_INT(1, collateral->num_root_crls);
	cella_collateral_unref(collateral);
	collateral = NULL;

	write_file("set/zzz", bytes_from("nonsense"));
	CHECK_STATUS(CELLA_MALFORMED, collateral_load(dir, &collateral, &err));
	CHECK_TEXT_HAS(err.text, "/set/zzz: ");
	assert_null(collateral);
	CHECK_STATUS(CELLA_IO, collateral_load(path_of("absent"), &collateral, &err));
	out_done(&bundle);
	maker_done(&m);
}

/* A file that cannot be read is an error, not a file less. */
static void dangling_link_in_a_folder(void **state)
{
	struct cella_collateral *collateral = NULL;
	struct cella_error err = { 0 };
	struct out bundle = { 0 };
	struct maker m;
	char dir[256];

	(void)state;
	maker_init(&m, MAKER_TDX);
	maker_build(&m);
	snprintf(dir, sizeof dir, "%s", path_of("links"));
	assert_int_equal(0, mkdir(dir, 0700));
	maker_bundle(&m, &bundle);
	write_file("links/bundle.json", out_view(&bundle));
	assert_int_equal(0, symlink("absent", path_of("links/pck.crl")));
	CHECK_STATUS(CELLA_IO, collateral_load(dir, &collateral, &err));
	CHECK_TEXT_HAS(err.text, "/links/pck.crl: No such file");
	out_done(&bundle);
	maker_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read_whole),
		cmocka_unit_test(unreadable_files),
		cmocka_unit_test(files_are_replaced_whole),
		cmocka_unit_test(link_in_the_way),
		cmocka_unit_test(collateral_of_a_folder),
		cmocka_unit_test(dangling_link_in_a_folder),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
