/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building images: two ramdisks, and what describes them.
 */
#include "vm/image_build.h"

#include "base/encode.h"
#include "base/json.h"
#include "fetch/files.h"
#include "guest/policy.h"
#include "vm/cpio.h"

#include <stdio.h>
#include <string.h>

/* What cella's init needs, on any machine type: it drives these devices. */
static const char *const needed_modules[] = {
	"virtio_pci", "vmw_vsock_virtio_transport", "virtio_rng", "tpm_crb", "tpm_tis",
};

/* What the builder lets through, the guest reads. */
_Static_assert((int)APPLICATION_MAX_TEXTS <= (int)GUEST_MAX_TEXTS, "lists of texts");
_Static_assert((int)MODULES_MAX_LOADED <= (int)GUEST_MAX_MODULES, "modules");

static const char *const log_names[] = {
	[IMAGE_LOG_OFF] = "off",
	[IMAGE_LOG_CODED] = "coded",
	[IMAGE_LOG_FULL] = "full",
};

void image_done(struct image *image)
{
	for (size_t i = 0; i < ARRAY_LEN(image->ramdisks); i++)
		out_done(&image->ramdisks[i]);
	out_done(&image->metadata);
}

/* --- the guest's policy -------------------------------------------------------------- */

static json_t *texts_json(const struct text_list *list)
{
	json_t *const array = json_array();

	for (size_t i = 0; i < list->num_items; i++)
		if (json_array_append_new(array, json_string(list->items[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static enum cella_status put_application(json_t *policy, const struct application *app,
					 struct cella_error *err)
{
	json_t *const object = json_object();

	TRY(json_put(policy, "application", object, err));
	TRY(json_put(object, "argv", texts_json(&app->argv), err));
	TRY(json_put(object, "env", texts_json(&app->env), err));
	TRY(json_put(object, "cwd", json_string(app->cwd), err));
	TRY(json_put(object, "root", json_string("/" IMAGE_APPLICATION_ROOT), err));
	TRY(json_put(object, "uid", json_integer(app->uid), err));
	return json_put(object, "gid", json_integer(app->gid), err);
}

static enum cella_status put_modules(json_t *policy, const struct module_order *order,
				     struct cella_error *err)
{
	json_t *const array = json_array();

	TRY(json_put(policy, "modules", array, err));
	for (size_t i = 0; i < order->num_modules; i++)
		TRY(json_add(array,
			     json_sprintf("/%s/%s.ko", IMAGE_MODULES_PATH,
					  order->modules[i]->name),
			     err));
	return CELLA_OK;
}

static enum cella_status write_policy(const struct image_options *options,
				      const struct module_order *order,
				      const struct application *app, struct out *out,
				      struct cella_error *err)
{
	json_t *policy CLEANUP_JSON = json_object();
	char *text CLEANUP_FREE = NULL;

	TRY(json_put(policy, "log", json_string(log_names[options->log]), err));
	TRY(json_put(policy, "attest", json_boolean(options->attest), err));
	TRY(put_modules(policy, order, err));
	TRY(put_application(policy, app, err));
	TRY(json_write(policy, true, &text, err));
	out_format(out, "%s\n", text);
	TRY(out_status(out, err));
	if (out->len > GUEST_POLICY_MAX_LEN)
		return error_set(err, CELLA_LIMIT,
				 "arguments and environment are too long: guest.json has "
				 "%zu bytes, at most %d",
				 out->len, GUEST_POLICY_MAX_LEN);
	return CELLA_OK;
}

/* --- the first ramdisk --------------------------------------------------------------- */

static enum cella_status add_modules(struct rootfs *tree, const struct module_set *set,
				     const struct module_order *order,
				     struct cella_error *err)
{
	TRY(rootfs_add_directory(tree, IMAGE_MODULES_PATH, err));
	for (size_t i = 0; i < order->num_modules; i++) {
		struct out bytes CLEANUP(out_done) = { 0 };
		char path[sizeof IMAGE_MODULES_PATH + MODULE_NAME_MAX + 8];

		snprintf(path, sizeof path, "%s/%s.ko", IMAGE_MODULES_PATH,
			 order->modules[i]->name);
		TRY(module_load(set, order->modules[i], &bytes, err));
		TRY(rootfs_add_bytes(tree, path, false, out_view(&bytes), err));
	}
	return CELLA_OK;
}

static enum cella_status order_modules(const struct image_options *options,
				       struct kernel *kernel, struct module_order *out,
				       struct cella_error *err)
{
	/* A kernel without modules has everything built in, or nothing can help it. */
	for (size_t i = 0;
	     i < ARRAY_LEN(needed_modules) && kernel->modules.num_modules > 0; i++)
		TRY(module_set_order(&kernel->modules, needed_modules[i],
				     kernel->facts.release, out, err));
	for (size_t i = 0; i < options->num_modules; i++)
		TRY(module_set_order(&kernel->modules, options->modules[i],
				     kernel->facts.release, out, err));
	return CELLA_OK;
}

/* Where init mounts what the kernel has to show. */
static enum cella_status add_mount_points(struct rootfs *tree, struct cella_error *err)
{
	static const char *const folders[] = { "dev", "proc", "sys", "run", "tmp" };

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		TRY(rootfs_add_directory(tree, folders[i], err));
	return CELLA_OK;
}

static enum cella_status add_init(struct rootfs *tree, const char *path,
				  struct cella_error *err)
{
	struct out bytes CLEANUP(out_done) = { 0 };

	TRY(file_read(path, IMAGE_INIT_MAX, &bytes, err));
	return rootfs_add_bytes(tree, "init", true, out_view(&bytes), err);
}

static enum cella_status build_first(const struct image_options *options,
				     struct kernel *kernel,
				     const struct application *application,
				     struct image *image, struct cella_error *err)
{
	struct rootfs tree CLEANUP(rootfs_done) = { .store = -1 };
	struct module_order *const order = &image->modules;
	struct out policy CLEANUP(out_done) = { 0 };

	TRY(order_modules(options, kernel, order, err));
	TRY(write_policy(options, order, application, &policy, err));
	TRY(rootfs_init(&tree, err));
	TRY(add_mount_points(&tree, err));
	TRY(add_init(&tree, options->init, err));
	TRY(rootfs_add_bytes(&tree, IMAGE_POLICY_PATH, false, out_view(&policy), err));
	TRY(add_modules(&tree, &kernel->modules, order, err));
	return cpio_write(&tree, "", &image->ramdisks[0], err);
}

/* --- metadata ------------------------------------------------------------------------ */

static enum cella_status put_digest(json_t *object, const char *name,
				    struct cella_bytes bytes, struct cella_error *err)
{
	uint8_t digest[SHA256_LEN];

	TRY(crypto_sha256(bytes, digest, err));
	return json_put(object, name, json_hex(bytes_of(digest, sizeof digest)), err);
}

static enum cella_status put_custom(json_t *metadata, const struct image_options *options,
				    const struct kernel *kernel,
				    const struct image *image, struct cella_error *err)
{
	json_t *const custom = options->custom != NULL ? json_deep_copy(options->custom)
						       : json_object();
	json_t *const own = json_object();

	TRY(json_put(metadata, "CustomMetadata", custom, err));
	TRY(json_put(custom, "cella", own, err));
	TRY(put_digest(own, "kernel_sha256", out_view(&kernel->image), err));
	TRY(put_digest(own, "ramdisk1_sha256", out_view(&image->ramdisks[0]), err));
	return put_digest(own, "ramdisk2_sha256", out_view(&image->ramdisks[1]), err);
}

/*
 * The members that other readers of the format insist on, sorted; a time would make two
 * builds different.
 */
static enum cella_status write_metadata(const struct image_options *options,
					const struct kernel *kernel, struct image *image,
					struct cella_error *err)
{
	json_t *metadata CLEANUP_JSON = json_object();
	json_t *const build = json_object();
	char *text CLEANUP_FREE = NULL;

	TRY(json_put(metadata, "BuildMetadata", build, err));
	TRY(json_put(build, "BuildTime", json_string(""), err));
	TRY(json_put(build, "BuildTool", json_string("cella"), err));
	TRY(json_put(build, "BuildToolVersion", json_string(cella_version()), err));
	TRY(json_put(build, "KernelVersion", json_string(kernel->facts.release), err));
	TRY(json_put(build, "OperatingSystem", json_string("Linux"), err));
	TRY(put_custom(metadata, options, kernel, image, err));
	TRY(json_put(metadata, "DockerInfo", json_object(), err));
	TRY(json_put(metadata, "ImageName", json_string(options->name), err));
	TRY(json_put(metadata, "ImageVersion", json_string(options->version), err));
	TRY(json_write(metadata, false, &text, err));
	out_text(&image->metadata, text);
	return out_status(&image->metadata, err);
}

/* --- together ------------------------------------------------------------------------ */

static enum cella_status build(const struct image_options *options, struct kernel *kernel,
			       const struct application *application, struct image *image,
			       struct cella_error *err)
{
	TRY(build_first(options, kernel, application, image, err));
	TRY(cpio_write(&application->files, IMAGE_APPLICATION_ROOT, &image->ramdisks[1],
		       err));
	TRY(write_metadata(options, kernel, image, err));
	image->parts = (struct eif){
		.kernel = out_view(&kernel->image),
		.cmdline = bytes_of(options->cmdline, strlen(options->cmdline)),
		.ramdisks = { out_view(&image->ramdisks[0]),
			      out_view(&image->ramdisks[1]) },
		.num_ramdisks = ARRAY_LEN(image->ramdisks),
		.metadata = out_view(&image->metadata),
	};
	return CELLA_OK;
}

enum cella_status image_build(const struct image_options *options, struct kernel *kernel,
			      const struct application *application, struct image *out,
			      struct cella_error *err)
{
	struct image image = { 0 };
	struct image_memory memory = { 0 };
	enum cella_status status;

	status = build(options, kernel, application, &image, err);
	if (status == CELLA_OK)
		status = image_memory(&image.parts, &memory, err);
	if (status != CELLA_OK) {
		image_done(&image);
		return status;
	}
	image.parts.default_memory = memory.mib << 20;
	image.parts.default_cpus = 1;
	*out = image;
	return CELLA_OK;
}

/*
 * A guest holds its ramdisks twice for a moment: as they were handed over, and unpacked,
 * into a file system that takes half of the memory at most. What the kernel itself takes
 * was measured: Debian's for clouds starts in 80 MiB with a small ramdisk, not in 64.
 */
enum cella_status image_memory(const struct eif *image, struct image_memory *out,
			       struct cella_error *err)
{
	enum { BASE = 96 << 20, INIT_SIZE_COUNTED = 48 << 20, MIB = 1 << 20 };
	struct image_memory memory = { 0 };
	struct kernel_facts facts = { 0 };
	uint64_t together, half;

	TRY(kernel_read(image->kernel, &facts, err));
	memory.kernel = facts.init_size;
	for (size_t i = 0; i < image->num_ramdisks; i++) {
		struct cpio_size size = { 0 };

		TRY(cpio_measure(image->ramdisks[i], &size, err));
		memory.ramdisks += image->ramdisks[i].len;
		memory.unpacked += size.unpacked;
	}
	/* BASE has room for a kernel of 48 MiB while it unpacks itself. */
	together = BASE + memory.ramdisks + memory.unpacked;
	if (memory.kernel > INIT_SIZE_COUNTED)
		together += memory.kernel - INIT_SIZE_COUNTED;
	half = BASE + 2 * memory.unpacked;
	memory.mib = ((together > half ? together : half) + MIB - 1) / MIB;
	*out = memory;
	return CELLA_OK;
}
