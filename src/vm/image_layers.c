/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container images: an OCI image layout (index.json, blobs by digest; image-spec 1.0), or
 * what `docker save` writes (manifest.json). Layers are laid on each other, whiteouts taken
 * away. Whatever names a digest is checked against it.
 */
#include "vm/image_source.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/number.h"
#include "crypto/crypto.h"
#include "vm/unpack.h"

#include <stdio.h>
#include <string.h>

enum {
	DOCUMENT_MAX = 4 << 20,
	LAYERS_MAX = 256,
	INDEX_MAX_DEPTH = 2,                  /* an index of platforms within the index */
	DIGEST_TEXT_LEN = 7 + 2 * SHA256_LEN, /* "sha256:" */
	ACCOUNTS_MAX = 1 << 20,
	ID_MAX = 0x7fffffff,
};

/* An image that is being put together. */
struct stack {
	const struct rootfs *archive;
	struct application *out;
	const char *layers[LAYERS_MAX]; /* paths in the archive */
	size_t num_layers;
};

/* --- documents of the archive -------------------------------------------------------- */

static enum cella_status find_file(const struct rootfs *archive, const char *path,
				   const struct node **out, struct cella_error *err)
{
	struct node *node = NULL;

	TRY(rootfs_find(archive, path, true, &node, err));
	if (node == NULL || node->type != NODE_FILE)
		return error_set(err, CELLA_MISSING, "%.150s: is not in the image", path);
	*out = node;
	return CELLA_OK;
}

static enum cella_status read_document(const struct rootfs *archive, const char *path,
				       json_t **out, struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	const struct node *file = NULL;

	TRY(find_file(archive, path, &file, err));
	TRY(rootfs_read_all(archive, file, DOCUMENT_MAX, &text, err));
	return json_parse(out_view(&text), path, out, err);
}

static enum cella_status digest_of(const struct rootfs *archive, const struct node *file,
				   char text[DIGEST_TEXT_LEN + 1],
				   struct cella_error *err)
{
	uint8_t digest[SHA256_LEN];

	TRY(rootfs_sha256(archive, file, digest, err));
	memcpy(text, "sha256:", 7);
	hex_format(bytes_of(digest, sizeof digest), text + 7);
	return CELLA_OK;
}

/* "sha256:<hex>" -> "blobs/sha256/<hex>", whose contents it is the digest of. */
static enum cella_status find_blob(struct stack *s, const char *digest, const char **path,
				   struct cella_error *err)
{
	char found[DIGEST_TEXT_LEN + 1];
	const struct node *file = NULL;

	if (strlen(digest) != DIGEST_TEXT_LEN || memcmp(digest, "sha256:", 7) != 0 ||
	    strspn(digest + 7, "0123456789abcdef") != 2 * SHA256_LEN)
		return error_set(err, CELLA_UNSUPPORTED,
				 "\"%.100s\" is no SHA-256 digest", digest);
	*path = arena_text(&s->out->arena, "blobs/sha256/%s", digest + 7);
	TRY(arena_status(&s->out->arena, err));
	TRY(find_file(s->archive, *path, &file, err));
	TRY(digest_of(s->archive, file, found, err));
	if (strcmp(found, digest) != 0)
		return error_set(err, CELLA_MALFORMED,
				 "%s: was changed, its digest is %s", *path, found);
	return CELLA_OK;
}

/* --- the application's start --------------------------------------------------------- */

static enum cella_status add_texts(const json_t *config, const char *name,
				   struct text_list *list, struct arena *arena,
				   struct cella_error *err)
{
	const json_t *const array = json_object_get(config, name);

	if (array == NULL || json_is_null(array))
		return CELLA_OK;
	if (!json_is_array(array))
		return error_set(err, CELLA_MALFORMED, "image: %s: is %s, not an array",
				 name, json_type_name(array));
	TRY(json_check_texts(array, name, err));
	for (size_t i = 0; i < json_array_size(array); i++)
		TRY(text_list_add(list, arena,
				  json_string_value(json_array_get(array, i)), err));
	return CELLA_OK;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *const text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static enum cella_status read_config(struct stack *s, const json_t *document,
				     const char **user, struct cella_error *err)
{
	const json_t *const config = json_object_get(document, "config");
	const char *const architecture = text_of(document, "architecture");
	const char *const cwd = text_of(config, "WorkingDir");
	struct application *const out = s->out;

	if (strcmp(architecture, "amd64") != 0 ||
	    strcmp(text_of(document, "os"), "linux") != 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "image: is for %.20s on %.20s, not for linux on amd64",
				 text_of(document, "os"), architecture);
	TRY(add_texts(config, "Entrypoint", &out->argv, &out->arena, err));
	TRY(add_texts(config, "Cmd", &out->argv, &out->arena, err));
	TRY(add_texts(config, "Env", &out->env, &out->arena, err));
	if (cwd[0] != '\0' && cwd[0] != '/')
		return error_set(err, CELLA_MALFORMED,
				 "image: WorkingDir: \"%.100s\" is not absolute", cwd);
	if (cwd[0] != '\0')
		out->cwd = arena_copy(&out->arena, cwd, strlen(cwd));
	*user = arena_copy(&out->arena, text_of(config, "User"),
			   strlen(text_of(config, "User")));
	return arena_status(&out->arena, err);
}

/* The number'th field of a line, counted from 0; bytes without data where it has none. */
static struct cella_bytes field_of(const char *line, size_t number)
{
	for (; number > 0; number--) {
		line += strcspn(line, ":\n");
		if (*line != ':')
			return bytes_of(NULL, 0);
		line++;
	}
	return bytes_of(line, strcspn(line, ":\n"));
}

/* Accounts: "name:x:uid:gid:…" or "name:x:gid:…"; of the first whose field is the text. */
static bool find_id(const struct out *accounts, size_t field, const char *text,
		    size_t id_field, uint32_t *id)
{
	const char *line = (const char *)accounts->data;

	for (; line != NULL && *line != '\0';
	     line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL) {
		const struct cella_bytes number = field_of(line, id_field);
		char copy[24];
		uint64_t value;

		if (number.data == NULL ||
		    !bytes_equal(field_of(line, field), bytes_of(text, strlen(text))))
			continue;
		snprintf(copy, sizeof copy, "%.*s", (int)number.len,
			 (const char *)number.data);
		if (number_read(copy, ID_MAX, &value, "user", NULL) != CELLA_OK)
			return false;
		*id = (uint32_t)value;
		return true;
	}
	return false;
}

/* A text that ends in a zero; an empty one when there is no such file. */
static enum cella_status read_accounts(const struct rootfs *files, const char *path,
				       struct out *accounts, struct cella_error *err)
{
	struct node *file = NULL;

	TRY(rootfs_find(files, path, true, &file, err));
	if (file != NULL && file->type == NODE_FILE)
		TRY(rootfs_read_all(files, file, ACCOUNTS_MAX, accounts, err));
	out_u8(accounts, 0);
	return out_status(accounts, err);
}

static enum cella_status resolve(const struct rootfs *files, const char *path,
				 const char *name, uint32_t *id, struct cella_error *err)
{
	struct out accounts CLEANUP(out_done) = { 0 };
	uint64_t value;

	if (number_read(name, ID_MAX, &value, "user", NULL) == CELLA_OK) {
		*id = (uint32_t)value;
		return CELLA_OK;
	}
	TRY(read_accounts(files, path, &accounts, err));
	if (!find_id(&accounts, 0, name, 2, id))
		return error_set(err, CELLA_MALFORMED,
				 "image: User: \"%.60s\" is not in its %s", name, path);
	return CELLA_OK;
}

/* A user's own group, when the image knows the user. */
static enum cella_status set_own_group(struct application *out, const char *user,
				       struct cella_error *err)
{
	struct out accounts CLEANUP(out_done) = { 0 };
	const bool is_number = strspn(user, "0123456789") == strlen(user);

	TRY(read_accounts(&out->files, "etc/passwd", &accounts, err));
	if (!find_id(&accounts, is_number ? 2 : 0, user, 3, &out->gid) && !is_number)
		return error_set(err, CELLA_MALFORMED,
				 "image: User: \"%.60s\" has no group", user);
	return CELLA_OK;
}

/* "", "user", "uid", "user:group", and so on. */
static enum cella_status set_user(struct application *out, const char *user,
				  struct cella_error *err)
{
	const char *const colon = strchr(user, ':');
	const char *const name =
		colon != NULL ? arena_copy(&out->arena, user, (size_t)(colon - user))
			      : user;

	TRY(arena_status(&out->arena, err));
	if (name[0] != '\0')
		TRY(resolve(&out->files, "etc/passwd", name, &out->uid, err));
	if (colon != NULL)
		return resolve(&out->files, "etc/group", colon + 1, &out->gid, err);
	return name[0] != '\0' ? set_own_group(out, name, err) : CELLA_OK;
}

/* --- layers -------------------------------------------------------------------------- */

/*
 * ".wh.name" takes away what earlier layers have of that name; ".wh..wh..opq" all that they
 * have in this directory. Other names with this beginning are of no meaning here.
 */
static enum cella_status take_away(struct rootfs *files, const char *path,
				   const char *name, struct cella_error *err)
{
	char hidden[ROOTFS_PATH_MAX];
	struct node *node = NULL;
	const int folder_len = (int)(name - path);

	if (strcmp(name, ".wh..wh..opq") == 0) {
		snprintf(hidden, sizeof hidden, "%.*s", folder_len, path);
		TRY(rootfs_find(files, hidden, true, &node, err));
		if (node != NULL && node->type == NODE_DIRECTORY)
			rootfs_clear(files, node);
		return CELLA_OK;
	}
	if (strncmp(name, ".wh..wh.", 8) == 0)
		return CELLA_OK;
	snprintf(hidden, sizeof hidden, "%.*s%s", folder_len, path, name + 4);
	if (name[4] == '\0' || strcmp(name + 4, ".") == 0 || strcmp(name + 4, "..") == 0)
		return error_set(err, CELLA_MALFORMED, "%.200s: a whiteout of no file",
				 path);
	TRY(rootfs_find(files, hidden, false, &node, err));
	if (node == NULL)
		return CELLA_OK;
	if (node->layer != files->layer)
		rootfs_remove(files, node);
	else if (node->type == NODE_DIRECTORY)
		rootfs_clear(files, node);
	return CELLA_OK;
}

/* Another name of a file becomes a file of its own, with the same contents. */
static enum cella_status add_same(struct rootfs *files, const struct unpack_entry *entry,
				  struct cella_error *err)
{
	struct node *node = NULL;
	struct contents contents;

	TRY(rootfs_find(files, entry->target, false, &node, err));
	if (node == NULL || node->type == NODE_DIRECTORY)
		return error_set(err, CELLA_MALFORMED,
				 "%.100s: is another name of %.100s, which is no file",
				 entry->path, entry->target);
	if (node->type == NODE_LINK)
		return rootfs_add_link(files, entry->path, node->target, err);
	contents = node->contents;
	return rootfs_add_file(files, entry->path, node->executable, &contents, err);
}

static enum cella_status add_entry(void *context, const struct unpack_entry *entry,
				   struct cella_error *err)
{
	struct application *const out = context;
	const char *const slash = strrchr(entry->path, '/');
	const char *const name = slash != NULL ? slash + 1 : entry->path;

	if (strncmp(name, ".wh.", 4) == 0)
		return take_away(&out->files, entry->path, name, err);
	switch (entry->kind) {
	case UNPACK_FILE:
		return rootfs_add_file(&out->files, entry->path, entry->executable,
				       &entry->contents, err);
	case UNPACK_DIRECTORY:
		return rootfs_add_directory(&out->files, entry->path, err);
	case UNPACK_LINK:
		return rootfs_add_link(&out->files, entry->path, entry->target, err);
	case UNPACK_SAME:
		return add_same(&out->files, entry, err);
	case UNPACK_OTHER:
		out->num_dropped++;
		return CELLA_OK;
	case UNPACK_END:
	case UNPACK_FAILED:
		break;
	}
	return error_set(err, CELLA_MALFORMED, "%.100s: an entry of no kind",
			 entry->path);
}

static enum cella_status lay_on(struct stack *s, struct cella_error *err)
{
	for (size_t i = 0; i < s->num_layers; i++) {
		const struct node *file = NULL;

		TRY(find_file(s->archive, s->layers[i], &file, err));
		s->out->files.layer = (unsigned)i + 1;
		TRY(unpack(&s->out->files, UNPACK_TAR, s->archive->store, &file->contents,
			   s->layers[i], add_entry, s->out, err));
	}
	return CELLA_OK;
}

static enum cella_status add_layer(struct stack *s, const char *path,
				   struct cella_error *err)
{
	if (s->num_layers == LAYERS_MAX)
		return error_set(err, CELLA_LIMIT, "image: more than %d layers",
				 LAYERS_MAX);
	s->layers[s->num_layers++] = path;
	return CELLA_OK;
}

/* --- OCI ----------------------------------------------------------------------------- */

static enum cella_status read_manifest(struct stack *s, const json_t *manifest,
				       const char **config, struct cella_error *err)
{
	const json_t *const layers = json_object_get(manifest, "layers");

	if (!json_is_array(layers))
		return error_set(err, CELLA_MALFORMED,
				 "image: its manifest has no layers");
	TRY(find_blob(s, text_of(json_object_get(manifest, "config"), "digest"), config,
		      err));
	for (size_t i = 0; i < json_array_size(layers); i++) {
		const json_t *const layer = json_array_get(layers, i);
		const char *path = NULL;

		TRY(find_blob(s, text_of(layer, "digest"), &path, err));
		TRY(add_layer(s, path, err));
	}
	return CELLA_OK;
}

/* What is not for this platform, and statements about images, are not images. */
static bool is_for_us(const json_t *entry)
{
	const json_t *const platform = json_object_get(entry, "platform");

	return platform == NULL ||
	       (strcmp(text_of(platform, "os"), "linux") == 0 &&
		strcmp(text_of(platform, "architecture"), "amd64") == 0);
}

/* The one image of an index that is for us: its digest. */
static enum cella_status choose(const json_t *index, const char **digest,
				struct cella_error *err)
{
	const json_t *const manifests = json_object_get(index, "manifests");
	const json_t *chosen = NULL;

	for (size_t i = 0; i < json_array_size(manifests); i++) {
		const json_t *const entry = json_array_get(manifests, i);

		if (!is_for_us(entry))
			continue;
		if (chosen != NULL)
			return error_set(
				err, CELLA_UNSUPPORTED,
				"image: holds several images for linux on amd64; "
				"give one of them");
		chosen = entry;
	}
	if (chosen == NULL)
		return error_set(err, CELLA_MISSING,
				 "image: holds no image for linux on amd64");
	*digest = text_of(chosen, "digest");
	return CELLA_OK;
}

/* An index may lead to another one, of platforms, and that to the manifest. */
static enum cella_status read_index(struct stack *s, const char **config,
				    struct cella_error *err)
{
	json_t *document CLEANUP_JSON = NULL;

	TRY(read_document(s->archive, "index.json", &document, err));
	for (unsigned depth = 0; depth < INDEX_MAX_DEPTH; depth++) {
		const char *digest = NULL;
		const char *path = NULL;

		TRY(choose(document, &digest, err));
		TRY(find_blob(s, digest, &path, err));
		json_decref(take(&document));
		TRY(read_document(s->archive, path, &document, err));
		if (json_object_get(document, "manifests") == NULL)
			return read_manifest(s, document, config, err);
	}
	return error_set(err, CELLA_LIMIT, "image: an index within an index within one");
}

/* --- docker save --------------------------------------------------------------------- */

static enum cella_status read_saved(struct stack *s, const json_t *list,
				    const char **config, struct cella_error *err)
{
	const json_t *const manifest = json_array_get(list, 0);
	const json_t *const layers = json_object_get(manifest, "Layers");
	struct arena *const arena = &s->out->arena;

	if (json_array_size(list) != 1)
		return error_set(err, CELLA_UNSUPPORTED,
				 "image: holds %zu images, not one",
				 json_array_size(list));
	if (!json_is_array(layers))
		return error_set(err, CELLA_MALFORMED,
				 "image: manifest.json has no Layers");
	TRY(json_check_texts(layers, "Layers", err));
	*config = arena_copy(arena, text_of(manifest, "Config"),
			     strlen(text_of(manifest, "Config")));
	for (size_t i = 0; i < json_array_size(layers); i++) {
		const json_t *const layer = json_array_get(layers, i);

		TRY(add_layer(s,
			      arena_copy(arena, json_string_value(layer),
					 json_string_length(layer)),
			      err));
	}
	return arena_status(arena, err);
}

static bool has_file(const struct rootfs *archive, const char *path)
{
	const struct node *file = NULL;

	return find_file(archive, path, &file, NULL) == CELLA_OK;
}

static enum cella_status read_any(struct stack *s, const char **config,
				  struct cella_error *err)
{
	json_t *document CLEANUP_JSON = NULL;

	if (has_file(s->archive, "index.json"))
		return read_index(s, config, err);
	if (!has_file(s->archive, "manifest.json"))
		return error_set(
			err, CELLA_UNSUPPORTED,
			"is neither an OCI image layout nor a saved image: it has "
			"neither index.json nor manifest.json");
	TRY(read_document(s->archive, "manifest.json", &document, err));
	return read_saved(s, document, config, err);
}

enum cella_status source_layers(const struct rootfs *archive, struct application *out,
				struct cella_error *err)
{
	struct stack stack = { .archive = archive, .out = out };
	json_t *document CLEANUP_JSON = NULL;
	const char *config = NULL;
	const char *user = NULL;

	TRY(read_any(&stack, &config, err));
	TRY(read_document(archive, config, &document, err));
	TRY(read_config(&stack, document, &user, err));
	TRY(lay_on(&stack, err));
	return set_user(out, user, err);
}
