/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine with processors, memory, a TPM, vsock and a source of entropy, and nothing else:
 * no disk, no network, no display, no console, no way to begin again. Memory is shared, for
 * the back-end of vsock maps it. HPET and PM timer stay: under TCG they are what the kernel
 * measures its clock by.
 */
#include "vm/qemu.h"

static const char *const accelerators[] = {
	[ACCELERATOR_TCG] = "tcg",
	[ACCELERATOR_KVM] = "kvm",
};
_Static_assert(ARRAY_LEN(accelerators) == ACCELERATOR_NUM, "a name an accelerator");

const char *accelerator_name(enum accelerator accelerator)
{
	return accelerators[accelerator];
}

static void add_machine(const struct qemu_plan *plan, struct argv *out)
{
	argv_add(out, "-machine");
	argv_add(out,
		 QEMU_MACHINE ",accel=%s,memory-backend=memory,usb=off,vmport=off,"
			      "smbus=off,sata=off,i8042=off,dump-guest-core=off,"
			      "mem-merge=off",
		 accelerators[plan->accelerator]);
	argv_add(out, "-cpu");
	argv_add(out, plan->accelerator == ACCELERATOR_KVM ? "host" : "max");
	argv_add(out, "-smp");
	argv_add(out, "%u", plan->vcpus);
	argv_add(out, "-m");
	argv_add(out, "%uM", plan->memory_mib);
	argv_add(out, "-object");
	argv_add(out, "memory-backend-memfd,id=memory,size=%uM,share=on",
		 plan->memory_mib);
}

/* Whatever QEMU would add of its own accord stays away. */
static void add_nothing_else(struct argv *out)
{
	argv_add(out, "-nodefaults");
	argv_add(out, "-no-user-config");
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

static void add_devices(const struct qemu_plan *plan, struct argv *out)
{
	add_socket(out, "vsock", plan->vsock);
	argv_add(out, "-device");
	argv_add(out, "vhost-user-vsock-pci,chardev=vsock");
	add_socket(out, "tpm", plan->tpm);
	argv_add(out, "-tpmdev");
	argv_add(out, "emulator,id=tpm,chardev=tpm");
	argv_add(out, "-device");
	argv_add(out, "tpm-crb,tpmdev=tpm");
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

enum cella_status qemu_argv(const struct qemu_plan *plan, struct argv *out,
			    struct cella_error *err)
{
	struct argv argv CLEANUP(argv_done) = { 0 };

	argv_add(&argv, "%s", plan->program);
	add_machine(plan, &argv);
	add_nothing_else(&argv);
	add_guest(plan, &argv);
	add_devices(plan, &argv);
	add_serial(plan, &argv);
	TRY(argv_status(&argv, err));
	*out = argv;
	argv = (struct argv){ 0 };
	return CELLA_OK;
}
