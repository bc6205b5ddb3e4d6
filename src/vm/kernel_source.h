/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an image's kernel comes from: files that are given, a Debian package, or the package
 * that the distribution has for clouds.
 */
#ifndef VM_KERNEL_SOURCE_H
#define VM_KERNEL_SOURCE_H

#include "vm/kernel_file.h"
#include "vm/module_set.h"

/* The package that depends on the distribution's newest kernel for clouds. */
#define KERNEL_PACKAGE "linux-image-cloud-amd64"

/* struct kernel - a kernel and the modules that can be loaded into it. */
struct kernel {
	struct out image;
	struct kernel_facts facts;
	struct module_set modules;
	char origin[256]; /* for people: a file's or a package's name */
};

void kernel_done(struct kernel *kernel);

/*
 * kernel_from_files() reads a bzImage, and the modules below a directory unless that is
 * NULL. The store holds what is decompressed, and must outlive the kernel.
 */
enum cella_status kernel_from_files(struct rootfs *store, const char *image,
				    const char *modules, struct kernel *out,
				    struct cella_error *err) MUST_CHECK;

/* kernel_from_package() reads a Debian package of a kernel (linux-image-*.deb). */
enum cella_status kernel_from_package(struct rootfs *store, const char *path,
				      struct kernel *out,
				      struct cella_error *err) MUST_CHECK;

/*
 * kernel_package_fetch() has apt fetch the distribution's kernel package into a folder,
 * unless that has it already, and tells its path. Without apt or a network the newest one
 * that is there will do; told says so. CELLA_MISSING explains what to do when there is none.
 */
enum cella_status kernel_package_fetch(const char *folder, struct out *path,
				       struct out *told,
				       struct cella_error *err) MUST_CHECK;

/*
 * kernel_keep() keeps what of a package's kernel an image took beside the package, so that
 * the next image need not unpack it again. kernel_from_kept() reads that; CELLA_MISSING when
 * nothing was kept.
 */
enum cella_status kernel_keep(const char *package, const struct kernel *kernel,
			      const struct module_order *modules,
			      struct cella_error *err) MUST_CHECK;
enum cella_status kernel_from_kept(struct rootfs *store, const char *package,
				   struct kernel *out,
				   struct cella_error *err) MUST_CHECK;

#endif
