/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building enclave images. The same inputs make the same bytes, whoever builds them, wherever
 * and whenever.
 *
 *   kernel, command line
 *   ramdisk 1: /init (cella's), /cella/modules/, /cella/guest.json, the measured policy
 *   ramdisk 2: the application's files below /rootfs
 *   metadata: names and digests, for people; it steers nothing
 */
#ifndef VM_IMAGE_BUILD_H
#define VM_IMAGE_BUILD_H

#include "base/json.h"
#include "evidence/eif.h"
#include "vm/image_source.h"
#include "vm/kernel_source.h"

#define IMAGE_POLICY_PATH "cella/guest.json"
#define IMAGE_MODULES_PATH "cella/modules"
#define IMAGE_APPLICATION_ROOT "rootfs"

/* No console, no reboot but by triple fault, which ends the machine; no i8042 to wait for. */
#define IMAGE_CMDLINE \
	"quiet loglevel=0 panic=-1 reboot=t random.trust_cpu=on i8042.noaux " \
	"i8042.nokbd initcall_blacklist=init_ima"

enum { IMAGE_INIT_MAX = 64 << 20 };

/* What the guest's host may read of the guest: guest.json's "log". */
enum image_log { IMAGE_LOG_OFF, IMAGE_LOG_CODED, IMAGE_LOG_FULL };

struct image_options {
	const char *init;    /* file of cella-init */
	const char *cmdline; /* the whole of it; IMAGE_CMDLINE */
	enum image_log log;
	bool attest;                /* the guest answers requests for evidence */
	const char *const *modules; /* more than the guest itself needs */
	size_t num_modules;
	const char *name; /* for people, and so are the next two */
	const char *version;
	const json_t *custom; /* an object; NULL: nothing more */
};

/* What was built: owns its parts. */
struct image {
	struct out ramdisks[2];
	struct out metadata;
	struct module_order modules; /* those that it holds: the kernel's */
	struct eif parts;            /* views of the above and of the kernel */
};

void image_done(struct image *image);

/* image_build() builds the parts; the kernel's image must outlive them. */
enum cella_status image_build(const struct image_options *options, struct kernel *kernel,
			      const struct application *application, struct image *out,
			      struct cella_error *err) MUST_CHECK;

/* With how much memory an Enclave VM starts an image, in MiB, and what makes it up. */
struct image_memory {
	uint64_t mib;
	uint64_t kernel;   /* bytes: until it is up */
	uint64_t ramdisks; /* bytes: as they are handed over */
	uint64_t unpacked; /* bytes: the files of the running guest */
};

/* image_memory() computes it from the real sizes of an image. */
enum cella_status image_memory(const struct eif *image, struct image_memory *out,
			       struct cella_error *err) MUST_CHECK;

#endif
