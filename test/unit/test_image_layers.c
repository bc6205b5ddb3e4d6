/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container images, made here byte by byte and read through cella-unpack: layers that
 * replace and take away, archives that mean harm, documents that do not fit.
 */
#include "support.h"

#include "base/encode.h"
#include "crypto/crypto.h"
#include "vm/image_source.h"

#include <stdio.h>

enum { TAR_BLOCK = 512 };

/* --- archives ------------------------------------------------------------------------ */

static void put_octal(uint8_t *at, size_t width, unsigned long long value)
{
	char text[24];

	snprintf(text, sizeof text, "%0*llo", (int)width - 1, value);
	memcpy(at, text, width);
}

/* A ustar header; size may lie about what follows. */
static void tar_header(struct out *tar, char type, const char *path, const char *target,
		       unsigned mode, unsigned long long size)
{
	uint8_t block[TAR_BLOCK] = { 0 };
	unsigned sum = 0;

	memcpy(block, path, strlen(path));
	put_octal(block + 100, 8, mode);
	put_octal(block + 108, 8, 1000);
	put_octal(block + 116, 8, 1000);
	put_octal(block + 124, 12, size);
	put_octal(block + 136, 12, 1234567890);
	memset(block + 148, ' ', 8);
	block[156] = (uint8_t)type;
	memcpy(block + 157, target, strlen(target));
	memcpy(block + 257,
	       "ustar\0"
	       "00",
	       8);
	for (size_t i = 0; i < sizeof block; i++)
		sum += block[i];
	put_octal(block + 148, 7, sum);
	out_bytes(tar, block, sizeof block);
}

static void tar_file(struct out *tar, const char *path, unsigned mode, const char *text)
{
	const size_t len = strlen(text);

	tar_header(tar, '0', path, "", mode, len);
	out_bytes(tar, text, len);
	out_zeros(tar, (TAR_BLOCK - len % TAR_BLOCK) % TAR_BLOCK);
}

static void tar_end(struct out *tar)
{
	out_zeros(tar, (size_t)2 * TAR_BLOCK);
}

/* --- saved images -------------------------------------------------------------------- */

static const char config_text[] =
	"{\"architecture\": \"amd64\", \"os\": \"linux\", \"config\": {"
	"\"Entrypoint\": [\"/bin/server\"], \"Cmd\": [\"--port\", \"1\"],"
	"\"Env\": [\"PATH=/bin\"], \"WorkingDir\": \"/srv\", \"User\": \"web:staff\"}}";

static void add_bytes(struct rootfs *archive, const char *path, struct cella_bytes bytes)
{
	struct cella_error err = { 0 };

	CHECK_OK(rootfs_add_bytes(archive, path, false, bytes, &err));
}

/* What docker save writes, of these layers. */
static void save(struct rootfs *archive, const char *config, const struct out *layers,
		 size_t num_layers)
{
	struct out manifest CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	char name[32];

	CHECK_OK(rootfs_init(archive, &err));
	out_text(&manifest, "[{\"Config\": \"config.json\", \"Layers\": [");
	for (size_t i = 0; i < num_layers; i++) {
		snprintf(name, sizeof name, "%zu/layer.tar", i);
		out_format(&manifest, "%s\"%s\"", i > 0 ? "," : "", name);
		add_bytes(archive, name, out_view(&layers[i]));
	}
	out_text(&manifest, "]}]");
	add_bytes(archive, "manifest.json", out_view(&manifest));
	add_bytes(archive, "config.json", bytes_from_text(config));
}

static enum cella_status load(const struct rootfs *archive, struct application *out,
			      struct cella_error *err)
{
	*out = (struct application){ .files = { .store = -1 }, .cwd = "/" };
	TRY(rootfs_init(&out->files, err));
	return source_layers(archive, out, err);
}

static void check_text(const struct application *app, const char *path,
		       const char *expected)
{
	struct cella_error err = { 0 };
	struct node *node = NULL;
	struct out text CLEANUP(out_done) = { 0 };

	CASE(path);
	CHECK_OK(rootfs_find(&app->files, path, true, &node, &err));
	if (expected == NULL) {
		CHECK_TRUE(node == NULL);
		return;
	}
	CHECK_TRUE(node != NULL && node->type == NODE_FILE);
	CHECK_OK(rootfs_read_all(&app->files, node, 4096, &text, &err));
	CHECK_BYTES(expected, strlen(expected), out_view(&text));
}

static void put_accounts(struct out *tar)
{
	tar_file(tar, "etc/passwd", 0644, "root:x:0:0::/:\nweb:x:33:44::/:\n");
	tar_file(tar, "etc/group", 0644, "root:x:0:\nstaff:x:50:\n");
}

static void layers_on_each_other(void **state)
{
	struct out layers[3] = { { 0 } };
	struct rootfs archive CLEANUP(rootfs_done) = { .store = -1 };
	struct application app CLEANUP(application_done) = { .files = { .store = -1 } };
	struct cella_error err = { 0 };
	struct node *node = NULL;

	(void)state;
	put_accounts(&layers[0]);
	tar_file(&layers[0], "bin/server", 04755, "first");
	tar_file(&layers[0], "old/kept", 0600, "kept");
	tar_file(&layers[0], "old/gone", 0644, "gone");
	tar_file(&layers[0], "opaque/a", 0644, "a");
	tar_file(&layers[0], "was-file", 0644, "file");
	tar_header(&layers[0], '2', "lib", "usr/lib", 0777, 0);
	tar_header(&layers[0], '5', "usr/lib/", "", 0755, 0);
	tar_header(&layers[0], '3', "dev/null", "", 0666, 0);
	tar_header(&layers[0], '6', "run/pipe", "", 0666, 0);
	tar_end(&layers[0]);
	tar_file(&layers[1], "bin/server", 0755, "second");
	tar_file(&layers[1], "old/.wh.gone", 0, "");
	tar_file(&layers[1], "opaque/b", 0644, "b");
	tar_file(&layers[1], "opaque/.wh..wh..opq", 0, "");
	tar_header(&layers[1], '5', "was-file", "", 0755, 0);
	tar_file(&layers[1], "was-file/inside", 0644, "x");
	tar_file(&layers[1], ".wh..wh.plnk", 0, "");
	tar_end(&layers[1]);
	tar_file(&layers[2], "lib/libc.so", 0644, "libc");
	tar_header(&layers[2], '1', "bin/again", "bin/server", 0755, 0);
	tar_file(&layers[2], "bin/.wh.missing", 0, "");
	tar_end(&layers[2]);
	save(&archive, config_text, layers, 3);
	CHECK_OK(load(&archive, &app, &err));
	check_text(&app, "bin/server", "second");
	check_text(&app, "bin/again", "second");
	check_text(&app, "old/kept", "kept");
	check_text(&app, "old/gone", NULL);
	check_text(&app, "opaque/a", NULL);
	check_text(&app, "opaque/b", "b");
	check_text(&app, "was-file/inside", "x");
	check_text(&app, "usr/lib/libc.so", "libc");
	check_text(&app, "dev/null", NULL);
	CHECK_INT(2, app.num_dropped);
	CHECK_OK(rootfs_find(&app.files, "bin/server", false, &node, &err));
	CHECK_TRUE(node->executable);
	for (size_t i = 0; i < 3; i++)
		out_done(&layers[i]);
}

static void how_it_is_started(void **state)
{
	struct out layer CLEANUP(out_done) = { 0 };
	struct rootfs archive CLEANUP(rootfs_done) = { .store = -1 };
	struct application app CLEANUP(application_done) = { .files = { .store = -1 } };
	struct cella_error err = { 0 };

	(void)state;
	put_accounts(&layer);
	tar_end(&layer);
	save(&archive, config_text, &layer, 1);
	CHECK_OK(load(&archive, &app, &err));
	CHECK_INT(3, app.argv.num_items);
	CHECK_TEXT("/bin/server", app.argv.items[0]);
	CHECK_TEXT("1", app.argv.items[2]);
	CHECK_TEXT("PATH=/bin", app.env.items[0]);
	CHECK_TEXT("/srv", app.cwd);
	CHECK_INT(33, app.uid);
	CHECK_INT(50, app.gid);
}

static void users(void **state)
{
	const struct {
		const char *user;
		enum cella_status status;
		uint32_t uid;
		uint32_t gid;
	} rows[] = {
		{ "", CELLA_OK, 0, 0 },
		{ "web", CELLA_OK, 33, 44 },
		{ "33", CELLA_OK, 33, 44 },
		{ "1000", CELLA_OK, 1000, 0 },
		{ "1000:50", CELLA_OK, 1000, 50 },
		{ "web:7", CELLA_OK, 33, 7 },
		{ ":7", CELLA_OK, 0, 7 },
		{ "nobody", CELLA_MALFORMED, 0, 0 },
		{ "web:nobody", CELLA_MALFORMED, 0, 0 },
		{ "4294967296", CELLA_MALFORMED, 0, 0 },
		{ "-1", CELLA_MALFORMED, 0, 0 },
	};
	struct out layer CLEANUP(out_done) = { 0 };

	(void)state;
	put_accounts(&layer);
	tar_end(&layer);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rootfs archive CLEANUP(rootfs_done) = { .store = -1 };
		struct application app CLEANUP(
			application_done) = { .files = { .store = -1 } };
		struct cella_error err = { 0 };
		char config[160];

		CASE(rows[i].user);
		snprintf(config, sizeof config,
			 "{\"architecture\": \"amd64\", \"os\": \"linux\","
			 "\"config\": {\"User\": \"%s\"}}",
			 rows[i].user);
		save(&archive, config, &layer, 1);
		CHECK_STATUS(rows[i].status, load(&archive, &app, &err));
		if (rows[i].status == CELLA_OK) {
			CHECK_INT(rows[i].uid, app.uid);
			CHECK_INT(rows[i].gid, app.gid);
		}
	}
}

/* --- archives that mean harm --------------------------------------------------------- */

static void put_climbing(struct out *tar)
{
	tar_file(tar, "../outside", 0644, "x");
}

static void put_climbing_below(struct out *tar)
{
	tar_file(tar, "a/../../outside", 0644, "x");
}

static void put_climbing_name(struct out *tar)
{
	tar_header(tar, '1', "name", "../../etc/passwd", 0644, 0);
}

static void put_name_of_nothing(struct out *tar)
{
	tar_header(tar, '1', "name", "nothing", 0644, 0);
}

static void put_bomb(struct out *tar)
{
	tar_header(tar, '0', "bomb", "", 0644, 077777777777ULL);
}

static void put_whiteout_of_all(struct out *tar)
{
	tar_file(tar, ".wh...", 0, "");
}

static void put_whiteout_of_nothing(struct out *tar)
{
	tar_file(tar, "a/.wh.", 0, "");
}

static void put_cut(struct out *tar)
{
	tar_header(tar, '0', "cut", "", 0644, 4096);
}

static void put_damage(struct out *tar)
{
	tar_file(tar, "file", 0644, "text");
	tar->data[0] ^= 1;
}

static void put_loop(struct out *tar)
{
	tar_header(tar, '2', "loop", "loop", 0777, 0);
	tar_file(tar, "loop/file", 0644, "x");
}

static void put_through_file(struct out *tar)
{
	tar_file(tar, "file", 0644, "text");
	tar_file(tar, "file/below", 0644, "text");
}

static void hostile_layers(void **state)
{
	const struct {
		const char *name;
		void (*put)(struct out *tar);
		const char *text;
	} rows[] = {
		{ "climbs out", put_climbing, "\"..\" in a path" },
		{ "climbs out below", put_climbing_below, "\"..\" in a path" },
		{ "another name of what is outside", put_climbing_name,
		  "\"..\" in a path" },
		{ "another name of nothing", put_name_of_nothing, "which is no file" },
		{ "a bomb", put_bomb, "too large" },
		{ "takes the parent away", put_whiteout_of_all, "whiteout of no file" },
		{ "takes nothing away", put_whiteout_of_nothing, "whiteout of no file" },
		{ "cut", put_cut, "0/layer.tar" },
		{ "damaged", put_damage, "0/layer.tar" },
		{ "a link to itself", put_loop, "more than 40 links" },
		{ "through a file", put_through_file, "leads through the file" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rootfs archive CLEANUP(rootfs_done) = { .store = -1 };
		struct application app CLEANUP(
			application_done) = { .files = { .store = -1 } };
		struct out layer CLEANUP(out_done) = { 0 };
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		rows[i].put(&layer);
		if (strcmp(rows[i].name, "cut") != 0)
			tar_end(&layer);
		save(&archive, config_text, &layer, 1);
		CHECK_TRUE(load(&archive, &app, &err) != CELLA_OK);
		CHECK_TEXT_HAS(err.text, rows[i].text);
	}
}

/* --- documents ----------------------------------------------------------------------- */

static void documents_that_do_not_fit(void **state)
{
	const struct {
		const char *name;
		const char *path;
		const char *text;
		enum cella_status status;
		const char *says;
	} rows[] = {
		{ "two images", "manifest.json", "[{}, {}]", CELLA_UNSUPPORTED,
		  "2 images" },
		{ "no layers", "manifest.json", "[{\"Config\": \"config.json\"}]",
		  CELLA_MALFORMED, "no Layers" },
		{ "a layer that is missing", "manifest.json",
		  "[{\"Config\": \"config.json\", \"Layers\": [\"x.tar\"]}]",
		  CELLA_MISSING, "x.tar: is not in the image" },
		{ "a configuration outside", "manifest.json",
		  "[{\"Config\": \"../etc/passwd\", \"Layers\": []}]", CELLA_MALFORMED,
		  "\"..\"" },
		{ "another processor", "config.json",
		  "{\"architecture\": \"arm64\", \"os\": \"linux\"}", CELLA_UNSUPPORTED,
		  "for linux on arm64" },
		{ "a command that is no list", "config.json",
		  "{\"architecture\": \"amd64\", \"os\": \"linux\", \"config\": {\"Cmd\": 1}}",
		  CELLA_MALFORMED, "Cmd: is" },
		{ "a relative directory", "config.json",
		  "{\"architecture\": \"amd64\", \"os\": \"linux\","
		  "\"config\": {\"WorkingDir\": \"x\"}}",
		  CELLA_MALFORMED, "WorkingDir" },
		{ "no JSON", "config.json", "{", CELLA_MALFORMED, "config.json" },
	};
	struct out layer CLEANUP(out_done) = { 0 };

	(void)state;
	put_accounts(&layer);
	tar_end(&layer);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rootfs archive CLEANUP(rootfs_done) = { .store = -1 };
		struct application app CLEANUP(
			application_done) = { .files = { .store = -1 } };
		struct cella_error err = { 0 };

		CASE(rows[i].name);
		save(&archive, config_text, &layer, 1);
		add_bytes(&archive, rows[i].path, bytes_from_text(rows[i].text));
		CHECK_STATUS(rows[i].status, load(&archive, &app, &err));
		CHECK_TEXT_HAS(err.text, rows[i].says);
	}
}

/* --- OCI layouts --------------------------------------------------------------------- */

/* Puts a blob in its place and tells its digest. */
static void put_blob(struct rootfs *archive, struct cella_bytes bytes, char digest[72])
{
	struct cella_error err = { 0 };
	uint8_t hash[SHA256_LEN];
	char path[96];

	CHECK_OK(crypto_sha256(bytes, hash, &err));
	memcpy(digest, "sha256:", 7);
	hex_format(bytes_of(hash, sizeof hash), digest + 7);
	snprintf(path, sizeof path, "blobs/sha256/%s", digest + 7);
	add_bytes(archive, path, bytes);
}

/* A layout of one layer; an "@" in the index becomes the manifest's digest. */
static void lay_out(struct rootfs *archive, const char *index_text, char layer_digest[72])
{
	struct out layer CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };
	char config_digest[72], manifest_digest[72], text[512];

	CHECK_OK(rootfs_init(archive, &err));
	put_accounts(&layer);
	tar_file(&layer, "bin/server", 0755, "server");
	tar_end(&layer);
	put_blob(archive, out_view(&layer), layer_digest);
	put_blob(archive, bytes_from_text(config_text), config_digest);
	snprintf(text, sizeof text,
		 "{\"config\": {\"digest\": \"%s\"}, \"layers\": [{\"digest\": \"%s\"}]}",
		 config_digest, layer_digest);
	put_blob(archive, bytes_from_text(text), manifest_digest);
	out_done(&layer);
	for (const char *c = index_text; *c != '\0'; c++)
		if (*c == '@')
			out_text(&layer, manifest_digest);
		else
			out_u8(&layer, (uint8_t)*c);
	add_bytes(archive, "index.json", out_view(&layer));
}

static void layouts(void **state)
{
	const struct {
		const char *name;
		const char *index;
		enum cella_status status;
		const char *says;
	} rows[] = {
		{ "one", "{\"manifests\": [{\"digest\": \"@\"}]}", CELLA_OK, "" },
		{ "one of several platforms",
		  "{\"manifests\": [{\"digest\": \"sha256:no\", \"platform\": {\"os\": "
		  "\"linux\", \"architecture\": \"arm64\"}}, {\"digest\": \"@\", \"platform\": "
		  "{\"os\": \"linux\", \"architecture\": \"amd64\"}}]}",
		  CELLA_OK, "" },
		{ "two", "{\"manifests\": [{\"digest\": \"@\"}, {\"digest\": \"@\"}]}",
		  CELLA_UNSUPPORTED, "several images" },
		{ "none", "{\"manifests\": []}", CELLA_MISSING, "no image" },
		{ "no digest", "{\"manifests\": [{}]}", CELLA_UNSUPPORTED, "no SHA-256" },
		{ "a path for a digest",
		  "{\"manifests\": [{\"digest\": \"sha256:../../../../../../../../../../../../"
		  "../../../../../etc/passwd123\"}]}",
		  CELLA_UNSUPPORTED, "no SHA-256" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rootfs archive CLEANUP(rootfs_done) = { .store = -1 };
		struct application app CLEANUP(
			application_done) = { .files = { .store = -1 } };
		struct cella_error err = { 0 };
		char layer[72];

		CASE(rows[i].name);
		lay_out(&archive, rows[i].index, layer);
		CHECK_STATUS(rows[i].status, load(&archive, &app, &err));
		CHECK_TEXT_HAS(err.text, rows[i].says);
		if (rows[i].status == CELLA_OK)
			check_text(&app, "bin/server", "server");
	}
}

static void blob_changed(void **state)
{
	struct rootfs archive CLEANUP(rootfs_done) = { .store = -1 };
	struct application app CLEANUP(application_done) = { .files = { .store = -1 } };
	struct cella_error err = { 0 };
	char layer[72], path[96];

	(void)state;
	lay_out(&archive, "{\"manifests\": [{\"digest\": \"@\"}]}", layer);
	snprintf(path, sizeof path, "blobs/sha256/%s", layer + 7);
	add_bytes(&archive, path, bytes_from("another layer"));
	CHECK_STATUS(CELLA_MALFORMED, load(&archive, &app, &err));
	CHECK_TEXT_HAS(err.text, "was changed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_on_each_other),
		cmocka_unit_test(how_it_is_started),
		cmocka_unit_test(users),
		cmocka_unit_test(hostile_layers),
		cmocka_unit_test(documents_that_do_not_fit),
		cmocka_unit_test(layouts),
		cmocka_unit_test(blob_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
