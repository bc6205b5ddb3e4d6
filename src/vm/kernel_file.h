/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux kernels as they are booted on x86 (bzImage; the kernel's Documentation/arch/x86/
 * boot.rst), and their modules (.ko: ELF with a section .modinfo).
 */
#ifndef VM_KERNEL_FILE_H
#define VM_KERNEL_FILE_H

#include "base/bytes.h"

enum { KERNEL_RELEASE_MAX = 64, MODULE_MAX_LEN = 64 << 20 };

/* What a kernel says of itself. */
struct kernel_facts {
	char release[KERNEL_RELEASE_MAX + 1]; /* "6.1.0-56-cloud-amd64" */
	uint32_t init_size; /* bytes of memory that it takes before it is up */
};

/* kernel_read() reads a bzImage. CELLA_UNSUPPORTED when it is something else. */
enum cella_status kernel_read(struct cella_bytes image, struct kernel_facts *out,
			      struct cella_error *err) MUST_CHECK;

/* What a module says of itself: views into it. */
struct module_facts {
	struct cella_bytes depends; /* "virtio_ring,virtio", or empty */
	struct cella_bytes release; /* of the kernel that it is for */
};

/* module_read() reads a module; what names it in errors. */
enum cella_status module_read(struct cella_bytes module, const char *what,
			      struct module_facts *out,
			      struct cella_error *err) MUST_CHECK;

#endif
