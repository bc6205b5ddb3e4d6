/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of files: where paths lead that nobody vouches for, and the ramdisks that trees make.
 */
#include "support.h"

#include "vm/cpio.h"
#include "vm/rootfs.h"

static struct rootfs tree_new(void)
{
	struct cella_error err = { 0 };
	struct rootfs tree = { .store = -1 };

	CHECK_OK(rootfs_init(&tree, &err));
	return tree;
}

static void add_file(struct rootfs *tree, const char *path, const char *text)
{
	struct cella_error err = { 0 };

	CHECK_OK(rootfs_add_bytes(tree, path, false, bytes_from_text(text), &err));
}

static void add_link(struct rootfs *tree, const char *path, const char *target)
{
	struct cella_error err = { 0 };

	CHECK_OK(rootfs_add_link(tree, path, target, &err));
}

/* The contents of the file at a path; NULL: there is none. The caller frees. */
static char *text_at(const struct rootfs *tree, const char *path)
{
	struct cella_error err = { 0 };
	struct node *node = NULL;
	struct out text = { 0 };
	char *out = NULL;

	CHECK_OK(rootfs_find(tree, path, true, &node, &err));
	if (node == NULL || node->type != NODE_FILE)
		return NULL;
	CHECK_OK(rootfs_read_all(tree, node, 4096, &text, &err));
	CHECK_OK(out_take_text(&text, &out, &err));
	return out;
}

static void check_text(const struct rootfs *tree, const char *path, const char *expected)
{
	char *text CLEANUP_FREE = text_at(tree, path);

	CASE(path);
	CHECK_TEXT(expected, text);
}

/* --- paths --------------------------------------------------------------------------- */

static void paths_are_made_plain(void **state)
{
	struct rootfs tree CLEANUP(rootfs_done) = tree_new();

	(void)state;
	add_file(&tree, "/etc//./passwd", "root");
	add_file(&tree, "./usr/bin/sh", "sh");
	check_text(&tree, "etc/passwd", "root");
	check_text(&tree, "/etc/passwd", "root");
	check_text(&tree, "usr/bin/sh", "sh");
	check_text(&tree, "usr/bin/bash", NULL);
	check_text(&tree, "nowhere/at/all", NULL);
}

static void paths_that_lead_out(void **state)
{
	static const char *const paths[] = { "../x", "a/../../x", "a/..", "..", "/../x" };
	struct rootfs tree CLEANUP(rootfs_done) = tree_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct cella_error err = { 0 };

		CASE(paths[i]);
		CHECK_STATUS(CELLA_MALFORMED, rootfs_add_bytes(&tree, paths[i], false,
							       bytes_from("x"), &err));
		CHECK_TEXT_HAS(err.text, "\"..\"");
	}
}

/* As the application would see it: the tree's root is the root. */
static void links_stay_inside(void **state)
{
	struct rootfs tree CLEANUP(rootfs_done) = tree_new();

	(void)state;
	add_link(&tree, "lib", "usr/lib");
	add_link(&tree, "absolute", "/usr/lib");
	add_link(&tree, "usr/share/up", "../../../../etc");
	add_link(&tree, "etc/alternatives/vi", "/absolute/vi.real");
	add_file(&tree, "usr/lib/libc.so", "libc");
	add_file(&tree, "lib/libm.so", "libm");
	add_file(&tree, "absolute/vi.real", "vi");
	add_file(&tree, "usr/share/up/shadow", "inside");
	check_text(&tree, "lib/libc.so", "libc");
	check_text(&tree, "usr/lib/libm.so", "libm");
	check_text(&tree, "etc/alternatives/vi", "vi");
	check_text(&tree, "etc/shadow", "inside");
}

static void links_that_never_end(void **state)
{
	struct rootfs tree CLEANUP(rootfs_done) = tree_new();
	struct cella_error err = { 0 };
	struct node *node = NULL;

	(void)state;
	add_link(&tree, "a", "b");
	add_link(&tree, "b", "a");
	add_link(&tree, "grow", "grow/grow");
	CHECK_STATUS(CELLA_MALFORMED, rootfs_find(&tree, "a/x", true, &node, &err));
	CHECK_TEXT_HAS(err.text, "more than 40 links");
	CHECK_STATUS(CELLA_MALFORMED, rootfs_find(&tree, "a", true, &node, &err));
	CHECK_STATUS(CELLA_MALFORMED, rootfs_find(&tree, "grow/x", true, &node, &err));
	CHECK_STATUS(CELLA_MALFORMED,
		     rootfs_add_bytes(&tree, "b/c", false, bytes_from("x"), &err));
}

static void what_is_refused(void **state)
{
	struct rootfs tree CLEANUP(rootfs_done) = tree_new();
	struct cella_error err = { 0 };
	static char deep[3 * ROOTFS_MAX_DEPTH];
	static char name[ROOTFS_NAME_MAX + 2];
	static char path[ROOTFS_PATH_MAX + 1];

	(void)state;
	memset(name, 'n', ROOTFS_NAME_MAX + 1);
	memset(path, '/', ROOTFS_PATH_MAX);
	for (size_t i = 0; i < ROOTFS_MAX_DEPTH + 1; i++)
		memcpy(deep + 2 * i, "d/", 2);
	add_file(&tree, "file", "text");
	CHECK_STATUS(CELLA_MALFORMED, rootfs_add_directory(&tree, "file/below", &err));
	CHECK_TEXT_HAS(err.text, "leads through the file file");
	CHECK_STATUS(CELLA_LIMIT, rootfs_add_directory(&tree, deep, &err));
	CHECK_STATUS(CELLA_LIMIT, rootfs_add_directory(&tree, name, &err));
	CHECK_STATUS(CELLA_LIMIT, rootfs_add_directory(&tree, path, &err));
	CHECK_STATUS(CELLA_MALFORMED,
		     rootfs_add_bytes(&tree, "/", false, bytes_from("x"), &err));
	CHECK_STATUS(CELLA_MALFORMED, rootfs_add_link(&tree, "empty", "", &err));
	CHECK_STATUS(
		CELLA_LIMIT,
		rootfs_store(&tree, bytes_of(deep, (size_t)ROOTFS_MAX_LEN + 1), &err));
}

static void one_in_the_place_of_another(void **state)
{
	struct rootfs tree CLEANUP(rootfs_done) = tree_new();
	struct cella_error err = { 0 };

	(void)state;
	add_file(&tree, "a/b", "old");
	add_file(&tree, "a/b", "new");
	check_text(&tree, "a/b", "new");
	CHECK_OK(rootfs_add_directory(&tree, "a", &err));
	check_text(&tree, "a/b", "new");
	add_link(&tree, "a", "c");
	check_text(&tree, "a/b", NULL);
	CHECK_OK(rootfs_add_directory(&tree, "a", &err));
	add_file(&tree, "a/b", "again");
	check_text(&tree, "c/b", NULL);
	check_text(&tree, "a/b", "again");
}

static void hashes(void **state)
{
	struct rootfs tree CLEANUP(rootfs_done) = tree_new();
	const char *const texts[] = { "", "first", "second, not at a page's start" };
	struct cella_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		uint8_t expected[SHA256_LEN], found[SHA256_LEN];
		struct node *node = NULL;

		CASE(texts[i]);
		add_file(&tree, "file", texts[i]);
		CHECK_OK(rootfs_find(&tree, "file", false, &node, &err));
		CHECK_OK(rootfs_sha256(&tree, node, found, &err));
		CHECK_OK(crypto_sha256(bytes_from_text(texts[i]), expected, &err));
		CHECK_BYTES(expected, SHA256_LEN, bytes_of(found, sizeof found));
	}
}

/* Links make paths that no single path may be: the kernel could not unpack them. */
static void paths_too_long_for_a_ramdisk(void **state)
{
	struct rootfs tree CLEANUP(rootfs_done) = tree_new();
	struct out archive CLEANUP(out_done) = { 0 };
	char path[8 * (ROOTFS_NAME_MAX + 1)];
	struct cella_error err = { 0 };

	(void)state;
	memset(path, 'n', sizeof path);
	for (size_t i = 1; i <= 8; i++)
		path[i * (ROOTFS_NAME_MAX + 1) - 1] = i < 8 ? '/' : '\0';
	CHECK_OK(rootfs_add_directory(&tree, path, &err));
	add_link(&tree, "down", path);
	memcpy(path, "down/", 5);
	CHECK_OK(rootfs_add_directory(&tree, path, &err));
	CHECK_OK(cpio_write(&tree, "", &archive, &err));
	add_link(&tree, "deep", path);
	memcpy(path, "deep/", 5);
	CHECK_OK(rootfs_add_directory(&tree, path, &err));
	CHECK_STATUS(CELLA_LIMIT, cpio_write(&tree, "", &archive, &err));
	CHECK_TEXT_HAS(err.text, "longer than 4095 bytes");
}

/* --- ramdisks ------------------------------------------------------------------------ */

static struct out ramdisk(const struct rootfs *tree, const char *prefix)
{
	struct cella_error err = { 0 };
	struct out out = { 0 };

	CHECK_OK(cpio_write(tree, prefix, &out, &err));
	return out;
}

static void same_whatever_the_order(void **state)
{
	struct rootfs one CLEANUP(rootfs_done) = tree_new();
	struct rootfs two CLEANUP(rootfs_done) = tree_new();
	struct cella_error err = { 0 };
	struct out first CLEANUP(out_done) = { 0 };
	struct out second CLEANUP(out_done) = { 0 };

	(void)state;
	add_file(&one, "b/x", "1");
	add_file(&one, "a-b", "2");
	add_file(&one, "a/y", "3");
	add_link(&one, "z", "b/x");
	add_link(&two, "z", "b/x");
	add_file(&two, "a-b", "other");
	CHECK_OK(rootfs_add_directory(&two, "a", &err));
	add_file(&two, "a/y", "3");
	add_file(&two, "b/x", "1");
	add_file(&two, "a-b", "2");
	first = ramdisk(&one, "");
	second = ramdisk(&two, "");
	CHECK_BYTES(first.data, first.len, out_view(&second));
	CHECK_INT(0, first.len % 512);
}

static void entries_in_order(void **state)
{
	static const struct {
		const char *path;
		uint32_t mode;
		const char *data;
	} expected[] = {
		{ "rootfs", 0040755, "" },
		{ "rootfs/a", 0040755, "" },
		{ "rootfs/a/run", 0100755, "program" },
		{ "rootfs/a-b", 0100644, "" },
		{ "rootfs/link", 0120777, "/a/run" },
	};
	struct rootfs tree CLEANUP(rootfs_done) = tree_new();
	struct out archive CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	struct cpio_size size = { 0 };
	struct cpio_reader reader;
	struct cpio_entry entry;
	bool found = true;

	(void)state;
	add_link(&tree, "link", "/a/run");
	add_file(&tree, "a-b", "");
	CHECK_OK(rootfs_add_bytes(&tree, "a/run", true, bytes_from("program"), &err));
	archive = ramdisk(&tree, "rootfs");
	cpio_begin(&reader, out_view(&archive));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		CASE(expected[i].path);
		CHECK_OK(cpio_next(&reader, &entry, &found, &err));
		CHECK_TRUE(found);
		CHECK_BYTES(expected[i].path, strlen(expected[i].path), entry.path);
		CHECK_INT(expected[i].mode, entry.mode);
		CHECK_BYTES(expected[i].data, strlen(expected[i].data), entry.data);
	}
	CHECK_OK(cpio_next(&reader, &entry, &found, &err));
	CHECK_TRUE(!found);
	CHECK_OK(cpio_measure(out_view(&archive), &size, &err));
	CHECK_INT(5, size.num_entries);
	CHECK_INT(5 * 1024 + 2 * 4096, size.unpacked);
}

static enum cella_status read_all(struct cella_bytes archive, struct cella_error *err)
{
	struct cpio_size size = { 0 };

	return cpio_measure(archive, &size, err);
}

static void hostile_ramdisks(void **state)
{
	enum { SIZE_AT = 6 + 6 * 8, NAME_SIZE_AT = 6 + 11 * 8, DATA_AT = 110 + 2 };
	const struct {
		const char *name;
		size_t at;
		const char *bytes;
		const char *text;
	} rows[] = {
		{ "other magic", 0, "070702", "c_magic" },
		{ "no number", SIZE_AT, "0000000g", "c_filesize: is no hexadecimal" },
		{ "beyond the end", SIZE_AT, "ffffffff", "contents: needs 4294967295" },
		{ "no name", NAME_SIZE_AT, "00000000", "c_namesize: is 0" },
		{ "a long name", NAME_SIZE_AT, "00001001", "c_namesize: is 0 or too" },
		{ "a name without an end", 111, "x", "name: does not end" },
		{ "NUL in the name", 110, "", "name: does not end" },
	};
	struct rootfs tree CLEANUP(rootfs_done) = tree_new();
	struct out good CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	(void)state;
	add_file(&tree, "f", "data");
	good = ramdisk(&tree, "");
	CHECK_OK(read_all(out_view(&good), &err));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct out bad CLEANUP(out_done) = { 0 };

		CASE(rows[i].name);
		out_bytes(&bad, good.data, good.len);
		memcpy(bad.data + rows[i].at, rows[i].bytes,
		       rows[i].bytes[0] == '\0' ? 1 : strlen(rows[i].bytes));
		CHECK_STATUS(CELLA_MALFORMED, read_all(out_view(&bad), &err));
		CHECK_TEXT_HAS(err.text, rows[i].text);
	}
	good.data[good.len - 1] = 1;
	CHECK_STATUS(CELLA_UNSUPPORTED, read_all(out_view(&good), &err));
	CHECK_TEXT_HAS(err.text, "something follows");
}

static void every_prefix_is_refused(void **state)
{
	struct rootfs tree CLEANUP(rootfs_done) = tree_new();
	struct out good CLEANUP(out_done) = { 0 };
	size_t end;

	(void)state;
	add_file(&tree, "f", "data");
	good = ramdisk(&tree, "");
	/* Zeros behind the trailer are not needed, the trailer's own padding apart. */
	end = 110 + 2 + 4 + 110 + 11;
	end += 3;
	end = end / 4 * 4;
	for (size_t len = 0; len < end; len++) {
		struct cella_error err = { 0 };

		CHECK_STATUS(CELLA_MALFORMED, read_all(bytes_of(good.data, len), &err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_made_plain),
		cmocka_unit_test(paths_that_lead_out),
		cmocka_unit_test(links_stay_inside),
		cmocka_unit_test(links_that_never_end),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(one_in_the_place_of_another),
		cmocka_unit_test(hashes),
		cmocka_unit_test(paths_too_long_for_a_ramdisk),
		cmocka_unit_test(same_whatever_the_order),
		cmocka_unit_test(entries_in_order),
		cmocka_unit_test(hostile_ramdisks),
		cmocka_unit_test(every_prefix_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
