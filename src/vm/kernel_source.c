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

/* "  Depends: linux-image-6.1.0-56-cloud-amd64" */
static bool read_dependency(struct cella_bytes listing, char name[PACKAGE_NAME_MAX])
{
	static const char before[] = "Depends: linux-image-";
	const char *const at = memmem(listing.data, listing.len, before, strlen(before));
	size_t len;

	if (at == NULL)
		return false;
	len = strcspn(at, "\n") - strlen("Depends: ");
	if (len >= PACKAGE_NAME_MAX)
		return false;
	memcpy(name, at + strlen("Depends: "), len);
	name[len] = '\0';
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789+.-") == len;
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

/* What apt would install now; false where there is no apt, or it knows of none. */
static bool ask_apt(char name[PACKAGE_NAME_MAX], char version[PACKAGE_NAME_MAX])
{
	const char *const depends[] = { "apt-cache", "depends", KERNEL_PACKAGE, NULL };
	const char *const show[] = { "apt-cache", "show", "--no-all-versions", name,
				     NULL };
	struct out text CLEANUP(out_done) = { 0 };
	static const char before[] = "\nVersion: ";
	const char *at;

	if (run(depends, &text, NULL) != CELLA_OK ||
	    !read_dependency(out_view(&text), name) || run(show, &text, NULL) != CELLA_OK)
		return false;
	at = strstr((const char *)text.data, before);
	if (at == NULL)
		return false;
	snprintf(version, PACKAGE_NAME_MAX, "%.*s",
		 (int)strcspn(at + strlen(before), "\n"), at + strlen(before));
	return true;
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
