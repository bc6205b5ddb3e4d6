/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading kernels.
 */
#include "vm/kernel_source.h"

#include "collect/program.h"
#include "evidence/eif.h"
#include "fetch/files.h"
#include "vm/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LISTING_MAX = 1 << 20, PACKAGE_NAME_MAX = 200 };

void kernel_done(struct kernel *kernel)
{
	out_done(&kernel->image);
	module_set_done(&kernel->modules);
}

static const char *base_name(const char *path)
{
	const char *const slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static void set_origin(struct kernel *kernel, const char *path)
{
	snprintf(kernel->origin, sizeof kernel->origin, "%s", base_name(path));
}

enum cella_status kernel_from_files(struct rootfs *store, const char *image,
				    const char *modules, struct kernel *out,
				    struct cella_error *err)
{
	out->modules.store = store;
	set_origin(out, image);
	TRY(file_read(image, EIF_KERNEL_MAX, &out->image, err));
	if (kernel_read(out_view(&out->image), &out->facts, err) != CELLA_OK) {
		error_prefix(err, "%s", image);
		return err->status;
	}
	return modules == NULL ? CELLA_OK
			       : module_set_add_directory(&out->modules, modules, err);
}

/* --- packages ------------------------------------------------------------------------ */

/* A package that is being read. */
struct package {
	struct rootfs *store;
	struct kernel *kernel;
	struct contents data; /* the inner archive */
	bool has_data;
	struct contents image;
	bool has_image;
};

/* ar: debian-binary, control.tar.xz, data.tar.xz */
static enum cella_status see_member(void *context, const struct unpack_entry *entry,
				    struct cella_error *err)
{
	struct package *const package = context;

	(void)err;
	if (strncmp(entry->path, "data.tar", 8) == 0 && entry->kind == UNPACK_FILE) {
		package->data = entry->contents;
		package->has_data = true;
	}
	return CELLA_OK;
}

static enum cella_status see_file(void *context, const struct unpack_entry *entry,
				  struct cella_error *err)
{
	struct package *const package = context;
	const struct node file = { .name = "modules.builtin",
				   .type = NODE_FILE,
				   .contents = entry->contents };

	if (entry->kind != UNPACK_FILE)
		return CELLA_OK;
	if (strstr(entry->path, "boot/vmlinuz-") != NULL) {
		package->image = entry->contents;
		package->has_image = true;
	} else if (strcmp(base_name(entry->path), file.name) == 0) {
		return rootfs_read_all(package->store, &file, MODULE_MAX_LEN,
				       &package->kernel->modules.built_in, err);
	} else if (is_module_path(entry->path)) {
		return module_set_add_stored(&package->kernel->modules, entry->path,
					     &entry->contents, err);
	}
	return CELLA_OK;
}

static enum cella_status read_package(struct package *package, int fd, const char *name,
				      struct cella_error *err)
{
	struct node image = { .name = "vmlinuz", .type = NODE_FILE };
	struct contents whole = { 0 };
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_errno(err, errno, "%s", name);
	whole.len = (uint64_t)st.st_size;
	TRY(unpack(package->store, UNPACK_AR, fd, &whole, name, see_member, package,
		   err));
	if (!package->has_data)
		return error_set(err, CELLA_MALFORMED, "%s: is no Debian package", name);
	TRY(unpack(package->store, UNPACK_TAR, package->store->store, &package->data,
		   name, see_file, package, err));
	if (!package->has_image)
		return error_set(err, CELLA_MISSING, "%s: has no kernel in /boot", name);
	image.contents = package->image;
	TRY(rootfs_read_all(package->store, &image, EIF_KERNEL_MAX,
			    &package->kernel->image, err));
	return kernel_read(out_view(&package->kernel->image), &package->kernel->facts,
			   err);
}

enum cella_status kernel_from_package(struct rootfs *store, const char *path,
				      struct kernel *out, struct cella_error *err)
{
	struct package package = { .store = store, .kernel = out };
	enum cella_status status;
	int fd;

	out->modules.store = store;
	set_origin(out, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	status = read_package(&package, fd, path, err);
	close(fd);
	return status;
}

/* --- fetching ------------------------------------------------------------------------ */

/* The folder and the folders above it. */
static enum cella_status make_folders(const char *path, struct cella_error *err)
{
	char part[PROGRAM_PATH_MAX];

	if (strlen(path) >= sizeof part)
		return error_set(err, CELLA_LIMIT, "%.100s...: path is too long", path);
	for (size_t i = 1; path[i - 1] != '\0'; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return error_errno(err, errno, "%s", part);
	}
	return CELLA_OK;
}

/* Programs do not change their arguments; the interface only does not say so. */
static enum cella_status run(const char *const *argv, struct out *text,
			     struct cella_error *err)
{
	text->len = 0;
	TRY(program_run((char *const *)(uintptr_t)argv, LISTING_MAX, text, err));
	out_u8(text, 0);
	return out_status(text, err);
}

/* A part of a text, up to one of these ends, of the characters that packages have. */
static bool read_part(const char *text, const char *ends, char out[PACKAGE_NAME_MAX])
{
	const size_t len = strcspn(text, ends);

	if (len == 0 || len >= PACKAGE_NAME_MAX ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-~") < len)
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

/*
 * What apt would install now: "Depends: linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)".
 * False where there is no apt, or it knows of none.
 */
static bool ask_apt(char name[PACKAGE_NAME_MAX], char version[PACKAGE_NAME_MAX])
{
	static const char depends[] = "\nDepends: ";
	static const char exactly[] = " (= ";
	const char *const show[] = { "apt-cache", "show", "--no-all-versions",
				     KERNEL_PACKAGE, NULL };
	struct out text CLEANUP(out_done) = { 0 };
	const char *at;

	if (run(show, &text, NULL) != CELLA_OK)
		return false;
	at = strstr((const char *)text.data, depends);
	if (at == NULL || !read_part(at + strlen(depends), " ,\n", name))
		return false;
	at += strlen(depends) + strlen(name);
	return strncmp(at, exactly, strlen(exactly)) == 0 &&
	       read_part(at + strlen(exactly), ")\n", version);
}

/* The newest package of a folder, by the order of versions. */
static bool find_newest(const char *folder, struct out *path)
{
	struct dirent **names = NULL;
	const int num = scandir(folder, &names, NULL, versionsort);
	bool found = false;

	for (int i = num - 1; i >= 0; i--) {
		const char *const name = names[i]->d_name;

		if (!found && strncmp(name, "linux-image-", 12) == 0 &&
		    strlen(name) > 4 && strcmp(name + strlen(name) - 4, ".deb") == 0) {
			path->len = 0;
			out_format(path, "%s/%s", folder, name);
			found = true;
		}
		free(names[i]);
	}
	free(names);
	return found && !path->failed;
}

static bool exists(struct out *path, const char *folder, const char *name,
		   const char *version)
{
	path->len = 0;
	out_format(path, "%s/%s_%s_amd64.deb", folder, name, version);
	out_u8(path, 0);
	if (path->failed)
		return false;
	path->len--;
	return access((const char *)path->data, R_OK) == 0;
}

/* apt writes into the folder where it is run. */
static enum cella_status download(const char *folder, const char *name,
				  struct cella_error *err)
{
	static const char script[] =
		"cd \"$1\" && exec apt-get -q -o APT::Sandbox::User=root "
		"download \"$2\" >&2";
	const char *const argv[] = { "sh", "-c", script, "sh", folder, name, NULL };
	struct out nothing CLEANUP(out_done) = { 0 };

	return run(argv, &nothing, err);
}

enum cella_status kernel_package_fetch(const char *folder, struct out *path,
				       struct out *told, struct cella_error *err)
{
	char name[PACKAGE_NAME_MAX] = "";
	char version[PACKAGE_NAME_MAX] = "";
	const bool known = ask_apt(name, version);

	TRY(make_folders(folder, err));
	if (known && exists(path, folder, name, version))
		return CELLA_OK;
	if (known && download(folder, name, NULL) == CELLA_OK &&
	    exists(path, folder, name, version)) {
		out_format(told, "fetched %s %s", name, version);
		return out_status(told, err);
	}
	if (find_newest(folder, path)) {
		out_format(told,
			   "the distribution's kernel cannot be fetched; %.*s was kept",
			   (int)path->len, (const char *)path->data);
		return out_status(told, err);
	}
	return error_set(err, CELLA_MISSING,
			 "there is no kernel: %s. Give --kernel-deb FILE, a package "
			 "linux-image-*-cloud-amd64, or --kernel and --modules",
			 known ? "apt-get cannot fetch it, perhaps for want of a network"
			       : "apt does not know " KERNEL_PACKAGE);
}

/* --- keeping ------------------------------------------------------------------------- */

/* What is kept of a package stands in a folder of its name with this behind. */
#define KEPT ".kept"

static const char kept_kernel[] = "vmlinuz";

static enum cella_status keep_file(const char *folder, const char *name,
				   struct cella_bytes bytes, struct cella_error *err)
{
	char path[PROGRAM_PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
		return error_set(err, CELLA_LIMIT, "%.100s...: path is too long", folder);
	return file_write(path, bytes, 0644, err);
}

static enum cella_status keep_all(const char *folder, const struct kernel *kernel,
				  const struct module_order *modules,
				  struct cella_error *err)
{
	TRY(keep_file(folder, kept_kernel, out_view(&kernel->image), err));
	TRY(keep_file(folder, "modules.builtin", out_view(&kernel->modules.built_in),
		      err));
	for (size_t i = 0; i < modules->num_modules; i++) {
		struct out bytes CLEANUP(out_done) = { 0 };
		char name[MODULE_NAME_MAX + 8];

		TRY(module_load(&kernel->modules, modules->modules[i], &bytes, err));
		snprintf(name, sizeof name, "%s.ko", modules->modules[i]->name);
		TRY(keep_file(folder, name, out_view(&bytes), err));
	}
	return CELLA_OK;
}

/* A folder of files alone, which nobody uses yet. */
static void drop_folder(const char *folder)
{
	struct dirent **names = NULL;
	const int num = scandir(folder, &names, NULL, NULL);

	for (int i = 0; i < num; i++) {
		char path[PROGRAM_PATH_MAX];

		if ((size_t)snprintf(path, sizeof path, "%s/%s", folder,
				     names[i]->d_name) < sizeof path)
			unlink(path);
		free(names[i]);
	}
	free(names);
	rmdir(folder);
}

/* Made under another name: what is there is whole. */
enum cella_status kernel_keep(const char *package, const struct kernel *kernel,
			      const struct module_order *modules, struct cella_error *err)
{
	char folder[PROGRAM_PATH_MAX];
	char making[PROGRAM_PATH_MAX];
	enum cella_status status;

	if ((size_t)snprintf(making, sizeof making, "%s.XXXXXX", package) >=
		    sizeof making ||
	    (size_t)snprintf(folder, sizeof folder, "%s" KEPT, package) >= sizeof folder)
		return error_set(err, CELLA_LIMIT, "%.100s...: path is too long",
				 package);
	if (mkdtemp(making) == NULL)
		return error_errno(err, errno, "%s", making);
	status = keep_all(making, kernel, modules, err);
	if (status == CELLA_OK && rename(making, folder) != 0)
		status = error_errno(err, errno, "%s", folder);
	if (status != CELLA_OK)
		drop_folder(making);
	return status;
}

enum cella_status kernel_from_kept(struct rootfs *store, const char *package,
				   struct kernel *out, struct cella_error *err)
{
	char folder[PROGRAM_PATH_MAX];
	char image[PROGRAM_PATH_MAX];

	if ((size_t)snprintf(folder, sizeof folder, "%s" KEPT, package) >=
		    sizeof folder ||
	    (size_t)snprintf(image, sizeof image, "%s/%s", folder, kept_kernel) >=
		    sizeof image)
		return error_set(err, CELLA_LIMIT, "%.100s...: path is too long",
				 package);
	if (access(image, R_OK) != 0)
		return error_set(err, CELLA_MISSING, "%s: is not there", folder);
	TRY(kernel_from_files(store, image, folder, out, err));
	set_origin(out, package);
	return CELLA_OK;
}
