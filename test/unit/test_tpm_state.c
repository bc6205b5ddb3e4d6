/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What TPMs keep, as files (src/vm/tpm_state.c): whose it is, that nobody else gets it, and
 * that it is whole whenever somebody is killed.
 */
#include "support.h"

#include "fetch/files.h"
#include "vm/tpm_state.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint8_t secret[SEAL_KEY_LEN] = { 7 };
static const uint8_t image[SHA256_LEN] = { 0xaa };
static const uint8_t other_image[SHA256_LEN] = { 0xbb };
static char folder[32];

static struct tpm_state_owner owner(void)
{
	return (struct tpm_state_owner){ .name = "app", .sha256 = image };
}

static void state_cleanup(struct tpm_state **state)
{
	tpm_state_free(*state);
}

static enum cella_status write_as(const struct tpm_state_owner *whose,
				  struct cella_bytes bytes, struct cella_error *err)
{
	struct tpm_state *state CLEANUP(state_cleanup) = NULL;

	TRY(tpm_state_open(folder, secret, whose, &state, err));
	return tpm_state_write(state, bytes, err);
}

static enum cella_status read_as(const uint8_t *key, const struct tpm_state_owner *whose,
				 struct out *out, struct cella_error *err)
{
	struct tpm_state *state CLEANUP(state_cleanup) = NULL;

	TRY(tpm_state_open(folder, key, whose, &state, err));
	return tpm_state_read(state, out, err);
}

static const char *path_of(const char *name)
{
	static char path[64];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/cella-tpm-XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "app.tpm", "app.tpm.new", "app.tpm.lock",
					     "two.tpm", "two.tpm.lock" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlink(path_of(names[i]));
	return rmdir(folder);
}

static void what_is_kept_comes_back(void **state)
{
	const struct tpm_state_owner mine = owner();
	struct out found CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct stat st;

	(void)state;
	CHECK_OK(read_as(secret, &mine, &found, &err));
	CHECK_INT(0, found.len);
	CHECK_OK(write_as(&mine, bytes_from("first"), &err));
	CHECK_OK(write_as(&mine, bytes_from("second"), &err));
	CHECK_OK(read_as(secret, &mine, &found, &err));
	CHECK_BYTES("second", 6, out_view(&found));
	CHECK_INT(0, stat(path_of("app.tpm"), &st));
	CHECK_INT(0600, st.st_mode & 07777);
	CHECK_TRUE(access(path_of("app.tpm.new"), F_OK) != 0);
}

static void only_its_owner_gets_it(void **state)
{
	static const struct {
		const char *name;
		struct tpm_state_owner owner;
		const char *text;
	} rows[] = {
		{ "image",
		  { "app", false, other_image, false },
		  "this one is \"image bb" },
		{ "signer", { "app", true, image, false }, "this one is \"signer aa" },
		{ "debug", { "app", false, image, true }, "this one is \"debug yes\"" },
	};
	static const uint8_t foreign[SEAL_KEY_LEN] = { 8 };
	const struct tpm_state_owner mine = owner();
	struct out found CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(write_as(&mine, bytes_from("mine"), &err));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CASE(rows[i].name);
		CHECK_STATUS(CELLA_USAGE, read_as(secret, &rows[i].owner, &found, &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
	}
	CHECK_STATUS(CELLA_MALFORMED, read_as(foreign, &mine, &found, &err));
	CHECK_TEXT_HAS(err.text, "another host");
	CHECK_INT(0, found.len);
}

/* Not even by somebody who writes another name over the one in the file. */
static void another_name_does_not_help(void **state)
{
	const struct tpm_state_owner mine = owner();
	const struct tpm_state_owner two = { .name = "two", .sha256 = image };
	struct out file CLEANUP(out_done) = { 0 };
	struct out found CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	uint8_t *name;

	(void)state;
	CHECK_OK(write_as(&mine, bytes_from("mine"), &err));
	CHECK_OK(file_read(path_of("app.tpm"), 65536, &file, &err));
	CHECK_OK(file_write(path_of("two.tpm"), out_view(&file), 0600, &err));
	CHECK_STATUS(CELLA_USAGE, read_as(secret, &two, &found, &err));
	CHECK_TEXT_HAS(err.text, "it says \"name app\", this one is \"name two\"");
	name = memmem(file.data, file.len, "name app", 8);
	memcpy(name, "name two", 8);
	CHECK_OK(file_write(path_of("two.tpm"), out_view(&file), 0600, &err));
	CHECK_STATUS(CELLA_MALFORMED, read_as(secret, &two, &found, &err));
}

static void nothing_that_was_changed_is_taken(void **state)
{
	const struct tpm_state_owner mine = owner();
	struct out file CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(write_as(&mine, bytes_from("mine"), &err));
	CHECK_OK(file_read(path_of("app.tpm"), 65536, &file, &err));
	for (size_t i = 0; i < 2 * file.len; i++) {
		struct out found CLEANUP(out_done) = { 0 };
		struct cella_bytes now = out_view(&file);

		if (i % 2 == 0)
			file.data[i / 2] ^= 1;
		else
			now.len = i / 2;
		CHECK_OK(file_write(path_of("app.tpm"), now, 0600, &err));
		CHECK_TRUE(read_as(secret, &mine, &found, &err) != CELLA_OK);
		CHECK_INT(0, found.len);
		if (i % 2 == 0)
			file.data[i / 2] ^= 1;
	}
}

static void two_do_not_have_it_at_once(void **state)
{
	const struct tpm_state_owner mine = owner();
	struct tpm_state *one CLEANUP(state_cleanup) = NULL;
	struct tpm_state *two CLEANUP(state_cleanup) = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_OK(tpm_state_open(folder, secret, &mine, &one, &err));
	CHECK_STATUS(CELLA_USAGE, tpm_state_open(folder, secret, &mine, &two, &err));
	CHECK_TEXT_HAS(err.text, "an enclave that runs has it");
}

static void folders_of_others_are_refused(void **state)
{
	const struct tpm_state_owner mine = owner();
	struct tpm_state *one CLEANUP(state_cleanup) = NULL;
	struct cella_error err = { 0 };

	(void)state;
	CHECK_INT(0, chmod(folder, 0770));
	CHECK_STATUS(CELLA_IO, tpm_state_open(folder, secret, &mine, &one, &err));
	CHECK_INT(0, chmod(folder, 0700));
	CHECK_STATUS(CELLA_IO,
		     tpm_state_open("/nowhere/at/all", secret, &mine, &one, &err));
}

/* --- kills --------------------------------------------------------------------------- */

enum { KILLS = 60, STATE_LEN = 40000 };

/* States of one letter each, one after the other; each that is written is told. */
static _Noreturn void write_on(int tell)
{
	static uint8_t bytes[STATE_LEN];
	const struct tpm_state_owner mine = owner();
	struct tpm_state *state = NULL;
	uint8_t letter = 'a';

	if (tpm_state_open(folder, secret, &mine, &state, NULL) != CELLA_OK)
		_exit(1);
	for (;; letter = letter == 'z' ? 'a' : (uint8_t)(letter + 1)) {
		memset(bytes, letter, sizeof bytes);
		if (tpm_state_write(state, bytes_of(bytes, sizeof bytes), NULL) !=
			    CELLA_OK ||
		    write(tell, &letter, 1) != 1)
			_exit(1);
	}
}

/* The last that was told, or its successor, which it was killed before it could tell. */
static void check_whole(uint8_t told)
{
	const struct tpm_state_owner mine = owner();
	struct out found CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	CHECK_OK(read_as(secret, &mine, &found, &err));
	CHECK_INT(STATE_LEN, found.len);
	for (size_t i = 1; i < found.len; i++)
		CHECK_INT(found.data[0], found.data[i]);
	CHECK_TRUE(found.data[0] == told ||
		   found.data[0] == (told == 'z' ? 'a' : told + 1));
}

static void a_kill_leaves_the_old_or_the_new_one(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KILLS; i++) {
		int ends[2];
		uint8_t told = 0;
		uint8_t next;
		pid_t pid;

		CHECK_INT(0, pipe(ends));
		pid = fork();
		if (pid == 0) {
			close(ends[0]);
			write_on(ends[1]);
		}
		close(ends[1]);
		for (unsigned k = 0; k <= i % 3; k++)
			CHECK_INT(1, read(ends[0], &told, 1));
		usleep(i * 37 % 1000); /* anywhere in the next one */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		while (read(ends[0], &next, 1) == 1)
			told = next;
		close(ends[0]);
		check_whole(told);
	}
}

int main(void)
{
#define IN_A_FOLDER(test) \
	cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	static const struct CMUnitTest tests[] = {
		IN_A_FOLDER(what_is_kept_comes_back),
		IN_A_FOLDER(only_its_owner_gets_it),
		IN_A_FOLDER(another_name_does_not_help),
		IN_A_FOLDER(nothing_that_was_changed_is_taken),
		IN_A_FOLDER(two_do_not_have_it_at_once),
		IN_A_FOLDER(folders_of_others_are_refused),
		IN_A_FOLDER(a_kill_leaves_the_old_or_the_new_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
