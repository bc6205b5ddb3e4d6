/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine with processors, memory, a TPM, vsock and a source of entropy, and nothing else:
 * no disk, no network, no display, no console, no way to begin again. Memory is shared, for
 * the back-end of vsock maps it. HPET and PM timer stay: under TCG they are what the kernel
 * measures its clock by.
 */
#include "vm/qemu.h"

#include "base/encode.h"
#include "crypto/crypto.h"

#include <stdio.h>

/* How each differs from the others; what they share is added by the functions below. */
static const struct {
	const char *accelerator;
	const char *machine; /* added to its properties */
	const char *cpu;
	bool has_tpm;
} kinds[] = {
	[ACCELERATOR_TCG] = { "tcg", "", "max", true },
	[ACCELERATOR_KVM] = { "kvm", "", "host", true },
	/* A TPM of the host's would be no witness: the domain's own registers are. */
	[ACCELERATOR_TDX] = { "kvm",
			      ",kernel-irqchip=split,confidential-guest-support=domain",
			      "host", false },
};
_Static_assert(ARRAY_LEN(kinds) == ACCELERATOR_NUM, "a row an accelerator");

/* Huge pages are had at once, or QEMU does not start: later, there might be none. */
static void add_memory(const struct qemu_plan *plan, struct argv *out)
{
	const struct qemu_memory *const memory = &plan->memory;
	char pages[64] = "";
	char node[64] = "";

	if (memory->page_mib != 0)
		snprintf(pages, sizeof pages, ",hugetlb=on,hugetlbsize=%uM,prealloc=on",
			 memory->page_mib);
	if (memory->has_node)
		snprintf(node, sizeof node, ",host-nodes=%u,policy=%s", memory->node,
			 memory->page_mib != 0 ? "bind" : "preferred");
	argv_add(out, "-object");
	argv_add(out, "memory-backend-memfd,id=memory,size=%uM,share=on%s%s",
		 plan->memory_mib, pages, node);
	if (memory->lock) {
		argv_add(out, "-overcommit");
		argv_add(out, "mem-lock=on");
	}
}

static void add_machine(const struct qemu_plan *plan, enum accelerator accelerator,
			struct argv *out)
{
	argv_add(out, "-machine");
	argv_add(out,
		 QEMU_MACHINE ",accel=%s,memory-backend=memory,usb=off,vmport=off,"
			      "smbus=off,sata=off,i8042=off,dump-guest-core=off,"
			      "mem-merge=off%s",
		 kinds[accelerator].accelerator, kinds[accelerator].machine);
	argv_add(out, "-cpu");
	argv_add(out, "%s", kinds[accelerator].cpu);
	argv_add(out, "-smp");
	argv_add(out, "%u", plan->vcpus);
	argv_add(out, "-m");
	argv_add(out, "%uM", plan->memory_mib);
	add_memory(plan, out);
}

/*
 * What the domain is told of itself (MRCONFIGID) is the digest of the image, as PCR11 has it
 * elsewhere; it is the launcher's word, and no identity.
 */
static void add_domain(const struct qemu_plan *plan, struct argv *out)
{
	struct out told CLEANUP(out_done) = { 0 };

	argv_add(out, "-object");
	if (plan->image_sha384 != NULL)
		base64_write(&told, bytes_of(plan->image_sha384, SHA384_LEN));
	if (told.failed)
		out->failed = true;
	argv_add(out, "tdx-guest,id=domain,sept-ve-disable=on%s%.*s",
		 told.len > 0 ? ",mrconfigid=" : "", (int)told.len,
		 told.len > 0 ? (const char *)told.data : "");
	argv_add(out, "-bios");
	argv_add(out, "%s", plan->firmware);
}

/* Whatever QEMU would add of its own accord stays away. */
static void add_nothing_else(struct argv *out)
{
	argv_add(out, "-nodefaults");
	argv_add(out, "-no-user-config");
	/* Who pins vCPUs finds their threads by name. */
	argv_add(out, "-name");
	argv_add(out, "debug-threads=on");
	argv_add(out, "-display");
	argv_add(out, "none");
	argv_add(out, "-no-reboot");
	argv_add(out, "-sandbox");
	argv_add(out, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
		      "resourcecontrol=deny");
}

static void add_guest(const struct qemu_plan *plan, struct argv *out)
{
	argv_add(out, "-kernel");
	argv_add(out, "/proc/self/fd/%d", plan->kernel);
	argv_add(out, "-initrd");
	argv_add(out, "/proc/self/fd/%d", plan->ramdisk);
	argv_add(out, "-append");
	argv_add(out, "%s", plan->cmdline);
}

static void add_socket(struct argv *out, const char *id, int fd)
{
	argv_add(out, "-chardev");
	argv_add(out, "socket,id=%s,fd=%d", id, fd);
}

static void add_tpm(const struct qemu_plan *plan, struct argv *out)
{
	add_socket(out, "tpm", plan->tpm);
	argv_add(out, "-tpmdev");
	argv_add(out, "emulator,id=tpm,chardev=tpm");
	argv_add(out, "-device");
	argv_add(out, "tpm-crb,tpmdev=tpm");
}

static void add_devices(const struct qemu_plan *plan, bool has_tpm, struct argv *out)
{
	add_socket(out, "vsock", plan->vsock);
	argv_add(out, "-device");
	argv_add(out, "vhost-user-vsock-pci,chardev=vsock");
	if (has_tpm)
		add_tpm(plan, out);
	argv_add(out, "-object");
	argv_add(out, "rng-builtin,id=entropy");
	argv_add(out, "-device");
	argv_add(out, "virtio-rng-pci,rng=entropy");
	add_socket(out, "qmp", plan->qmp);
	argv_add(out, "-mon");
	argv_add(out, "chardev=qmp,mode=control");
}

static void add_serial(const struct qemu_plan *plan, struct argv *out)
{
	if (plan->serial >= 0)
		add_socket(out, "serial", plan->serial);
	argv_add(out, "-serial");
	argv_add(out, plan->serial >= 0 ? "chardev:serial" : "none");
}

enum cella_status qemu_argv(const struct qemu_plan *plan, enum accelerator accelerator,
			    struct argv *out, struct cella_error *err)
{
	struct argv argv CLEANUP(argv_done) = { 0 };

	argv_add(&argv, "%s", plan->program);
	add_machine(plan, accelerator, &argv);
	if (plan->firmware != NULL)
		add_domain(plan, &argv);
	add_nothing_else(&argv);
	add_guest(plan, &argv);
	add_devices(plan, kinds[accelerator].has_tpm, &argv);
	add_serial(plan, &argv);
	TRY(argv_status(&argv, err));
	*out = argv;
	argv = (struct argv){ 0 };
	return CELLA_OK;
}
