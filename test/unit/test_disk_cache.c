/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "base/encode.h"
#include "crypto/crypto.h"
#include "fetch/cache_sweep.h"
#include "fetch/clock.h"
#include "fetch/disk_cache.h"
#include "fetch/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char key[] = "tdx/tcb?fmspc=B0C06F000000 root=00";
static char folder[64];
static struct disk_cache *cache;

static int set_up(void **state)
{
	struct cella_error err = { 0 };

	(void)state;
	snprintf(folder, sizeof folder, "/tmp/cella-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	return disk_cache_open(folder, true, &cache, &err) == CELLA_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	disk_cache_close(cache);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static struct cache_entry make_entry(const char *response)
{
	struct cache_entry entry = {
		.source = "https://pccs.example/tdx/certification/v4/tcb",
		.fetched = 1750000000,
		.stale = 1750086400,
		.expires = 1752000000,
	};

	out_text(&entry.response, response);
	return entry;
}

static void put(const char *its_key, const char *response)
{
	struct cache_entry entry CLEANUP(cache_entry_done) = make_entry(response);
	struct cella_error err = { 0 };

	CHECK_OK(disk_cache_put(cache, its_key, &entry, &err));
}

/* What the cache has for a key, or NULL. The caller frees it. */
static char *found(const char *its_key)
{
	struct cache_entry entry CLEANUP(cache_entry_done) = { 0 };
	struct cella_error err = { 0 };
	char *text = NULL;
	bool is_found = false;

	CHECK_OK(disk_cache_find(cache, its_key, &entry, &is_found, &err));
	if (!is_found)
		return NULL;
	CHECK_INT(1750000000, entry.fetched);
	CHECK_INT(1750086400, entry.stale);
	CHECK_INT(1752000000, entry.expires);
	CHECK_TEXT("https://pccs.example/tdx/certification/v4/tcb", entry.source);
	CHECK_OK(out_take_text(&entry.response, &text, &err));
	return text;
}

#define CHECK_FOUND(expected, its_key) \
	do { \
		char *const text_ = found(its_key); \
		CHECK_TEXT(expected, text_); \
		free(text_); \
	} while (0)

static size_t count_files(const char *name)
{
	char path[128];
	DIR *dir;
	size_t num = 0;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	dir = opendir(path);
	CHECK_TRUE(dir != NULL);
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		num += entry->d_name[0] != '.';
	closedir(dir);
	return num;
}

static void what_is_put_is_found(void **state)
{
	(void)state;
	CHECK_FOUND(NULL, key);
	put(key, "one");
	CHECK_FOUND("one", key);
	CHECK_FOUND(NULL, "tdx/tcb?fmspc=B0C06F000001 root=00");
	put(key, "two");
	CHECK_FOUND("two", key);
	put("another", "two");
	put(key, "three");
	CHECK_FOUND("two", "another");
	CHECK_FOUND("three", key);
	CHECK_INT(2, count_files("records"));
	CHECK_INT(0, count_files("tmp"));
}

static void texts_stay_on_their_line(void **state)
{
	struct cache_entry entry CLEANUP(cache_entry_done) = make_entry("one");
	struct cella_error err = { 0 };

	(void)state;
	CHECK_STATUS(CELLA_LIMIT, disk_cache_put(cache, "a\nobject b", &entry, &err));
	snprintf(entry.source, sizeof entry.source, "https://a/\nobject b");
	CHECK_STATUS(CELLA_LIMIT, disk_cache_put(cache, key, &entry, &err));
}

/* Changes each byte of the only file in a folder, and cuts it at each place. */
static void damage(const char *name)
{
	char path[512];
	struct out text = { 0 };
	struct cella_error err = { 0 };
	struct dirent **names = NULL;
	const int num = (snprintf(path, sizeof path, "%s/%s", folder, name),
			 scandir(path, &names, NULL, alphasort));

	CHECK_INT(3, num); /* with . and .. */
	snprintf(path, sizeof path, "%s/%s/%s", folder, name, names[2]->d_name);
	CHECK_OK(file_read(path, 1 << 20, &text, &err));
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] ^= 1;
		CHECK_OK(file_write(path, out_view(&text), 0600, &err));
		CHECK_FOUND(NULL, key);
		text.data[i] ^= 1;
		CHECK_OK(file_write(path, bytes_of(text.data, i), 0600, &err));
		CHECK_FOUND(NULL, key);
	}
	out_u8(&text, 'x');
	CHECK_OK(file_write(path, out_view(&text), 0600, &err));
	CHECK_FOUND(NULL, key);
	CHECK_OK(file_write(path, bytes_of(text.data, text.len - 1), 0600, &err));
	for (int i = 0; i < num; i++)
		free(names[i]);
	free(names);
	out_done(&text);
}

static void no_damage_goes_unnoticed(void **state)
{
	(void)state;
	put(key, "HTTP/1.1 200 OK\r\n\r\n{}");
	damage("records");
	CHECK_FOUND("HTTP/1.1 200 OK\r\n\r\n{}", key);
	damage("objects");
	CHECK_FOUND("HTTP/1.1 200 OK\r\n\r\n{}", key);
}

/* A record of another key in this one's place, as somebody may put it there. */
static void records_are_of_their_key(void **state)
{
	char hash[2 * SHA256_LEN + 1];
	char from[256];
	char to[256];
	uint8_t digest[SHA256_LEN];
	struct cella_error err = { 0 };

	(void)state;
	put("another", "one");
	CHECK_OK(crypto_sha256(bytes_from("another"), digest, &err));
	snprintf(from, sizeof from, "%s/records/%s", folder,
		 hex_format(bytes_of(digest, sizeof digest), hash));
	CHECK_OK(crypto_sha256(bytes_from_text(key), digest, &err));
	snprintf(to, sizeof to, "%s/records/%s", folder,
		 hex_format(bytes_of(digest, sizeof digest), hash));
	CHECK_INT(0, rename(from, to));
	CHECK_FOUND(NULL, key);
}

static void leftovers_go(void **state)
{
	static const struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	char path[128];
	struct cella_error err = { 0 };

	(void)state;
	put(key, "none"); /* makes the folders */
	snprintf(path, sizeof path, "%s/tmp/of-somebody-who-died", folder);
	CHECK_OK(file_write(path, bytes_from("half"), 0600, &err));
	put(key, "one");
	CHECK_INT(1, count_files("tmp"));
	CHECK_INT(0, utimensat(AT_FDCWD, path, old, 0));
	put(key, "two");
	CHECK_INT(0, count_files("tmp"));
}

/* Makes a file, or all files of a folder, so many seconds old. Some may go meanwhile. */
static void make_older(const char *name, int64_t age_s)
{
	const struct timespec then[2] = { { time(NULL) - age_s, 0 },
					  { time(NULL) - age_s, 0 } };
	char path[512];
	struct dirent **names = NULL;
	int num;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	num = scandir(path, &names, NULL, NULL);
	if (num < 0)
		(void)utimensat(AT_FDCWD, path, then, 0);
	for (int i = 0; i < num; i++) {
		snprintf(path, sizeof path, "%s/%s/%s", folder, name, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			(void)utimensat(AT_FDCWD, path, then, 0);
		free(names[i]);
	}
	free(names);
}

enum { HOUR_S = 3600, DAY_S = 86400 };

static void unnamed_contents_are_swept_once_a_day(void **state)
{
	(void)state;
	put(key, "one");
	put(key, "two"); /* "one" has no name any more */
	put("another", "two");
	CHECK_INT(2, count_files("objects"));
	make_older("objects", 2 * HOUR_S);
	put("third", "three");
	CHECK_INT(3, count_files("objects")); /* the last sweep was today */
	make_older("sweep", DAY_S);
	put("third", "three");
	CHECK_INT(2, count_files("objects"));
	CHECK_FOUND("two", key);
	CHECK_FOUND("two", "another");
	CHECK_FOUND("three", "third");
}

static void young_contents_stay(void **state)
{
	(void)state;
	put(key, "one");
	put(key, "two");
	make_older("sweep", DAY_S);
	make_older("objects", HOUR_S / 2);
	put("another", "three");
	CHECK_INT(3, count_files("objects"));
}

static void a_sweep_of_the_future_was_none(void **state)
{
	(void)state;
	put(key, "one");
	put(key, "two");
	make_older("objects", 2 * HOUR_S);
	make_older("sweep", -30 * DAY_S);
	put(key, "two");
	CHECK_INT(1, count_files("objects"));
}

static void nobody_sweeps_while_somebody_writes(void **state)
{
	const int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int writer;

	(void)state;
	put(key, "one");
	put(key, "two");
	make_older("objects", 2 * HOUR_S);
	make_older("sweep", DAY_S);
	writer = cache_enter(dir);
	CHECK_TRUE(writer >= 0);
	cache_sweep(dir, time(NULL));
	CHECK_INT(2, count_files("objects"));
	cache_leave(&writer);
	cache_sweep(dir, time(NULL));
	CHECK_INT(1, count_files("objects"));
	close(dir);
}

/* Whoever sweeps with a doubt might remove what is named. */
static void a_record_that_cannot_be_read_ends_a_sweep(void **state)
{
	char path[128];

	(void)state;
	put(key, "one");
	put(key, "two");
	make_older("objects", 2 * HOUR_S);
	make_older("sweep", DAY_S);
	snprintf(path, sizeof path, "%s/records/folder", folder);
	CHECK_INT(0, mkdir(path, 0700));
	put("another", "two");
	CHECK_INT(2, count_files("objects"));
}

/* A name that is not one of ours is not ours to remove. */
static void other_files_stay(void **state)
{
	char path[128];
	struct cella_error err = { 0 };

	(void)state;
	put(key, "one");
	snprintf(path, sizeof path, "%s/objects/README", folder);
	CHECK_OK(file_write(path, bytes_from("mine"), 0600, &err));
	make_older("objects", 2 * HOUR_S);
	make_older("sweep", DAY_S);
	put(key, "one");
	CHECK_INT(2, count_files("objects"));
}

enum { WRITERS = 4, ROUNDS = 150 };

/* Writes two contents in turn under names of its own, and always sweeps. */
static void write_and_sweep(size_t number)
{
	char own[16];

	snprintf(own, sizeof own, "key %zu", number);
	for (size_t i = 0; i < ROUNDS; i++) {
		make_older("sweep", DAY_S);
		make_older("objects", 2 * HOUR_S);
		put(own, i % 2 == 0 ? "even" : "odd");
		CHECK_FOUND(i % 2 == 0 ? "even" : "odd", own);
	}
}

/* All write the same contents: each is unnamed, named and replaced all the time. */
static void what_is_named_is_there_whoever_sweeps(void **state)
{
	pid_t writers[WRITERS];

	(void)state;
	for (size_t i = 0; i < WRITERS; i++) {
		writers[i] = fork();
		if (writers[i] == 0) {
			write_and_sweep(i);
			_exit(0);
		}
		CHECK_TRUE(writers[i] > 0);
	}
	for (size_t i = 0; i < WRITERS; i++) {
		int status = -1;

		CHECK_INT(writers[i], waitpid(writers[i], &status, 0));
		CHECK_INT(0, status);
	}
}

static void locks_exclude_and_expire(void **state)
{
	const int64_t start = clock_ms();
	int first = -1;
	int second = -1;
	int other = -1;

	(void)state;
	CHECK_TRUE(!disk_cache_lock(cache, key, start + 1000, &first));
	CHECK_TRUE(first >= 0);
	CHECK_TRUE(!disk_cache_lock(cache, "another", start + 1000, &other));
	CHECK_TRUE(other >= 0);
	CHECK_TRUE(disk_cache_lock(cache, key, start + 100, &second));
	CHECK_INT(-1, second);
	CHECK_TRUE(clock_ms() - start >= 100);
	disk_cache_unlock(&first);
	CHECK_TRUE(!disk_cache_lock(cache, key, clock_ms(), &second));
	CHECK_TRUE(second >= 0);
	disk_cache_unlock(&second);
	disk_cache_unlock(&other);
}

static void what_others_can_write_is_not_used(void **state)
{
	struct cella_error err = { 0 };
	struct disk_cache *other = NULL;

	(void)state;
	CHECK_INT(0, chmod(folder, 0770));
	CHECK_STATUS(CELLA_IO, disk_cache_open(folder, true, &other, &err));
	CHECK_TEXT_HAS(err.text, "others may write to it (mode 0770)");
	CHECK_INT(0, chmod(folder, 0755));
	CHECK_OK(disk_cache_open(folder, true, &other, &err));
	disk_cache_close(other);
}

static void an_absent_cache_is_made_when_asked(void **state)
{
	struct cella_error err = { 0 };
	struct disk_cache *other = NULL;
	char path[128];

	(void)state;
	snprintf(path, sizeof path, "%s/a/b/c", folder);
	CHECK_STATUS(CELLA_IO, disk_cache_open(path, false, &other, &err));
	CHECK_OK(disk_cache_open(path, true, &other, &err));
	disk_cache_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_put_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(texts_stay_on_their_line, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(no_damage_goes_unnoticed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(records_are_of_their_key, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(leftovers_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unnamed_contents_are_swept_once_a_day,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(young_contents_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_sweep_of_the_future_was_none, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(nobody_sweeps_while_somebody_writes,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_record_that_cannot_be_read_ends_a_sweep,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_files_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_named_is_there_whoever_sweeps,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(locks_exclude_and_expire, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_others_can_write_is_not_used, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_absent_cache_is_made_when_asked,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
