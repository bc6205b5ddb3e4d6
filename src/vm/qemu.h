/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's command line: data, of one function, with nothing of the host in it but descriptors.
 */
#ifndef VM_QEMU_H
#define VM_QEMU_H

#include "vm/argv.h"

#include <stdint.h>

/* What runs the guest's instructions. */
enum accelerator { ACCELERATOR_TCG, ACCELERATOR_KVM, ACCELERATOR_TDX, ACCELERATOR_NUM };

/* The machine type, as PCR0 knows it. */
#define QEMU_MACHINE "q35"

/* How the guest's memory is had; all zeros: in ordinary pages, from anywhere. */
struct qemu_memory {
	unsigned page_mib; /* of huge pages */
	bool has_node;
	unsigned node; /* that it is to come from */
	bool lock;
};

/* All descriptors are inherited; sockets are connected. */
struct qemu_plan {
	const char *program;
	const char *firmware;        /* a trust domain's; NULL otherwise */
	const uint8_t *image_sha384; /* what a trust domain is told; NULL: not known */
	unsigned vcpus;
	unsigned memory_mib;
	struct qemu_memory memory;
	int kernel;
	int ramdisk;
	const char *cmdline;
	int vsock;  /* to a back-end of vhost-user */
	int tpm;    /* to the control channel of a TPM; a trust domain has none */
	int qmp;    /* from who controls QEMU */
	int serial; /* -1: the guest has no console */
	int heart;  /* of the mock alone, which says by it that it lives */
};

/* qemu_argv() makes it. CELLA_NOMEM. */
enum cella_status qemu_argv(const struct qemu_plan *plan, enum accelerator accelerator,
			    struct argv *out, struct cella_error *err) MUST_CHECK;

#endif
