/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's side of the guest that probes KVM (Documentation/virt/kvm/api.rst). Everything
 * is left to the end of the process for cleaning up: it is one of its own.
 */
#include "doctor/kvm_probe.h"

#include "doctor/kvm_guest.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

extern const uint8_t kvm_guest[];
extern const uint32_t kvm_guest_len;
extern const uint32_t kvm_guest_undefined; /* the place of its handler */

enum {
	KVM_VERSION = 12,
	MAX_CPUID = 256,
	MAX_EXITS = 64, /* more than the guest has reasons for */
	PAGE_PRESENT_WRITE_USER = 0x7,
	PAGE_LARGE = 0x80,
	GATE_INTERRUPT = 0x8e,
	TSS_RSP0 = 4,
	CPUID_TDX = 0x21,
	RFLAGS_FIXED = 0x2,
};

/* Where Intel's KVM wants three pages of its own; away from the guest's. */
static const uint64_t tss_address = 0xfffbd000;

struct machine {
	int kvm, vm, vcpu;
	uint8_t *memory;
	struct kvm_run *run;
	size_t run_len;
};

static void put_u64(uint8_t *memory, size_t at, uint64_t value)
{
	memcpy(memory + at, &value, sizeof value);
}

static int fail(struct kvm_probe *probe)
{
	probe->sys_errno = errno;
	return -1;
}

/* --- the guest's memory -------------------------------------------------------------- */

/* The first 2 MiB, at 0 and at GUEST_HIGH, whose table indices are 511 and 510. */
static void put_page_tables(uint8_t *memory)
{
	put_u64(memory, GUEST_PML4, GUEST_PDPT_LOW | PAGE_PRESENT_WRITE_USER);
	put_u64(memory, GUEST_PML4 + 511 * sizeof(uint64_t),
		GUEST_PDPT_HIGH | PAGE_PRESENT_WRITE_USER);
	put_u64(memory, GUEST_PDPT_LOW, GUEST_PD | PAGE_PRESENT_WRITE_USER);
	put_u64(memory, GUEST_PDPT_HIGH + 510 * sizeof(uint64_t),
		GUEST_PD | PAGE_PRESENT_WRITE_USER);
	put_u64(memory, GUEST_PD, PAGE_LARGE | PAGE_PRESENT_WRITE_USER);
}

static void put_gate(uint8_t *memory, unsigned vector, uint64_t handler)
{
	const size_t at = GUEST_IDT + vector * 16U;

	put_u64(memory, at,
		(handler & 0xffff) | (uint64_t)SELECTOR_CODE64 << 16 |
			(uint64_t)GATE_INTERRUPT << 40 | (handler >> 16 & 0xffff) << 48);
	put_u64(memory, at + 8, handler >> 32);
}

static void fill(uint8_t *memory)
{
	memcpy(memory + GUEST_CODE, kvm_guest, kvm_guest_len);
	put_page_tables(memory);
	put_gate(memory, VECTOR_UD, GUEST_HIGH + GUEST_CODE + kvm_guest_undefined);
	put_u64(memory, GUEST_TSS + TSS_RSP0, GUEST_HIGH + GUEST_KERNEL_STACK);
}

/* --- the machine --------------------------------------------------------------------- */

static int open_kvm(struct machine *m, struct kvm_probe *probe)
{
	probe->step = KVM_STEP_OPEN;
	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m->kvm < 0)
		return fail(probe);
	probe->step = KVM_STEP_VERSION;
	if (ioctl(m->kvm, KVM_GET_API_VERSION, 0) != KVM_VERSION) {
		errno = ENOTTY;
		return fail(probe);
	}
	probe->step = KVM_STEP_VM;
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	return m->vm < 0 ? fail(probe) : 0;
}

static int give_memory(struct machine *m, struct kvm_probe *probe)
{
	struct kvm_userspace_memory_region region = { .memory_size = GUEST_MEMORY };

	probe->step = KVM_STEP_MEMORY;
	m->memory = mmap(NULL, GUEST_MEMORY, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->memory == MAP_FAILED)
		return fail(probe);
	fill(m->memory);
	region.userspace_addr = (uintptr_t)m->memory;
	/* Not every KVM wants to know the first; those that do say so later. */
	ioctl(m->vm, KVM_SET_TSS_ADDR, tss_address);
	return ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region) != 0 ? fail(probe) : 0;
}

static int make_vcpu(struct machine *m, struct kvm_probe *probe)
{
	int len;

	probe->step = KVM_STEP_VCPU;
	m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	len = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (m->vcpu < 0 || len < (int)sizeof *m->run)
		return fail(probe);
	m->run_len = (size_t)len;
	m->run = mmap(NULL, m->run_len, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
	return m->run == MAP_FAILED ? fail(probe) : 0;
}

/* The guest's CPU can do what this one can. */
static int set_cpuid(const struct machine *m)
{
	static union {
		struct kvm_cpuid2 list;
		uint8_t bytes[sizeof(struct kvm_cpuid2) +
			      MAX_CPUID * sizeof(struct kvm_cpuid_entry2)];
	} cpuid;

	cpuid.list.nent = MAX_CPUID;
	if (ioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, &cpuid) != 0)
		return -1;
	return ioctl(m->vcpu, KVM_SET_CPUID2, &cpuid);
}

/* Real mode at 0000:GUEST_CODE, as out of firmware. */
static int set_state(struct machine *m, struct kvm_probe *probe)
{
	struct kvm_regs regs = { .rip = GUEST_CODE, .rflags = RFLAGS_FIXED };
	struct kvm_sregs sregs;

	probe->step = KVM_STEP_STATE;
	if (set_cpuid(m) != 0 || ioctl(m->vcpu, KVM_GET_SREGS, &sregs) != 0)
		return fail(probe);
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(m->vcpu, KVM_SET_SREGS, &sregs) != 0 ||
	    ioctl(m->vcpu, KVM_SET_REGS, &regs) != 0)
		return fail(probe);
	return 0;
}

/* A byte at the port; false unless it tells the stage that is next. */
static bool is_told(const struct machine *m, struct kvm_probe *probe)
{
	static const uint8_t bytes[KVM_NUM_STAGES] = "\0RPLHEUS";
	const struct kvm_run *const run = m->run;
	const enum kvm_stage next = probe->stage + 1;

	if (run->io.direction != KVM_EXIT_IO_OUT || run->io.port != GUEST_PORT ||
	    run->io.data_offset >= m->run_len || next >= KVM_STAGE_HALT ||
	    ((const uint8_t *)run)[run->io.data_offset] != bytes[next])
		return false;
	probe->stage = next;
	return true;
}

static void run_guest(struct machine *m, struct kvm_probe *probe)
{
	probe->step = KVM_STEP_RUN;
	for (unsigned i = 0; i < MAX_EXITS; i++) {
		if (ioctl(m->vcpu, KVM_RUN, 0) != 0) {
			if (errno == EINTR)
				continue;
			fail(probe);
			return;
		}
		if (m->run->exit_reason != KVM_EXIT_IO || !is_told(m, probe))
			break;
	}
	probe->exit_reason = m->run->exit_reason;
	if (probe->exit_reason == KVM_EXIT_HLT && probe->stage == KVM_STAGE_SYSCALL)
		probe->stage = KVM_STAGE_HALT;
	probe->step = KVM_STEP_STOPPED;
}

void kvm_probe_work(void *shared)
{
	struct kvm_probe *const probe = shared;
	struct machine m = { 0 };

	if (open_kvm(&m, probe) == 0 && give_memory(&m, probe) == 0 &&
	    make_vcpu(&m, probe) == 0 && set_state(&m, probe) == 0)
		run_guest(&m, probe);
}

bool cpu_says_tdx(void)
{
	static const char expected[12] = "IntelTDX    ";
	unsigned eax = 0;
	unsigned id[3] = { 0 };

	if (__get_cpuid_count(CPUID_TDX, 0, &eax, &id[0], &id[2], &id[1]) == 0)
		return false;
	return memcmp(id, expected, sizeof expected) == 0;
}
