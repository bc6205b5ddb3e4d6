/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What files tell of the processor, the kernel, its memory, and what enclaves need.
 */
#include "doctor/facts.h"

#include "base/number.h"
#include "doctor/lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SMALL_FILE_MAX = 64 << 10 };

#define HUGEPAGES "/sys/kernel/mm/hugepages"

static void out_cleanup(struct out *out)
{
	out_done(out);
}

/* --- processor ----------------------------------------------------------------------- */

/* All processors are alike: the first line of flags is enough. */
static void read_flags(struct cella_bytes cpuinfo, struct cpu_facts *cpu)
{
	struct cella_bytes line;

	while (lines_next(&cpuinfo, &line)) {
		if (!line_starts_with(line, "flags"))
			continue;
		cpu->flag = line_has_word(line, "tdx_guest");
		cpu->host_flag = line_has_word(line, "tdx_host_platform");
		return;
	}
}

void gather_cpu(const struct system *sys, struct facts *facts)
{
	struct out text CLEANUP(out_cleanup) = { 0 };
	struct cpu_facts *const cpu = &facts->cpu;

	cpu->cpuinfo_errno = system_read(sys, "/proc/cpuinfo", CPUINFO_MAX, &text);
	if (cpu->cpuinfo_errno == 0)
		read_flags(out_view(&text), cpu);
	if (sys->is_own)
		cpu->cpuid = cpu_says_tdx() ? KNOWN_YES : KNOWN_NO;
	(void)system_text(sys, "/sys/class/dmi/id/sys_vendor", cpu->vendor,
			  sizeof cpu->vendor);
	cpu->has_tpm = system_has(sys, "/dev/tpmrm0") || system_has(sys, "/dev/tpm0");
	cpu->known = true;
}

/* --- kernel and distribution --------------------------------------------------------- */

static void copy_value(struct cella_bytes text, const char *key, char *out)
{
	struct cella_bytes value;

	if (lines_find(text, key, &value))
		text_copy(value, out, FACT_TEXT_MAX);
}

static void read_os(const struct system *sys, struct kernel_facts *kernel)
{
	struct out text CLEANUP(out_cleanup) = { 0 };

	if (system_read(sys, "/etc/os-release", SMALL_FILE_MAX, &text) != 0 &&
	    system_read(sys, "/usr/lib/os-release", SMALL_FILE_MAX, &text) != 0)
		return;
	copy_value(out_view(&text), "ID", kernel->os_id);
	copy_value(out_view(&text), "PRETTY_NAME", kernel->os_name);
}

void gather_kernel(const struct system *sys, struct facts *facts)
{
	struct kernel_facts *const kernel = &facts->kernel;

	(void)system_text(sys, "/proc/sys/kernel/osrelease", kernel->release,
			  sizeof kernel->release);
	kernel->cmdline_errno = system_text(sys, "/proc/cmdline", kernel->cmdline,
					    sizeof kernel->cmdline);
	read_os(sys, kernel);
	kernel->has_efi = system_has(sys, "/sys/firmware/efi");
	kernel->reboot_required = system_has(sys, "/run/reboot-required") ||
				  system_has(sys, "/var/run/reboot-required");
	kernel->known = true;
}

/* The line for kernels that are started normally, and the one for all of them. */
void gather_grub(const struct system *sys, struct facts *facts)
{
	static const char *const keys[] = { "GRUB_CMDLINE_LINUX_DEFAULT",
					    "GRUB_CMDLINE_LINUX" };
	struct out text CLEANUP(out_cleanup) = { 0 };
	struct grub_facts *const grub = &facts->grub;

	grub->grub_errno = system_read(sys, "/etc/default/grub", SMALL_FILE_MAX, &text);
	for (size_t i = 0; i < ARRAY_LEN(keys) && grub->grub_errno == 0; i++) {
		char cmdline[CMDLINE_MAX];
		struct cella_bytes value;

		if (!lines_find(out_view(&text), keys[i], &value))
			continue;
		text_copy(value, cmdline, sizeof cmdline);
		value = cmdline_find(cmdline, "swiotlb");
		if (value.len > 0)
			text_copy(value, grub->swiotlb, sizeof grub->swiotlb);
	}
	grub->known = true;
}

/* --- memory -------------------------------------------------------------------------- */

/* The number behind a word: "MemTotal:       24684084 kB" */
static uint64_t meminfo_value(struct cella_bytes text, const char *key)
{
	struct cella_bytes line;

	while (lines_next(&text, &line)) {
		char digits[24];
		uint64_t value = 0;
		size_t at = strlen(key);
		size_t len = 0;

		if (!line_starts_with(line, key))
			continue;
		while (at < line.len && line.data[at] == ' ')
			at++;
		while (at + len < line.len && line.data[at + len] >= '0' &&
		       line.data[at + len] <= '9')
			len++;
		text_copy(bytes_slice(line, at, len), digits, sizeof digits);
		return number_read(digits, INT64_MAX, &value, key, NULL) == CELLA_OK
			       ? value
			       : 0;
	}
	return 0;
}

/* Those of the default size, which is what old kernels and small trees tell. */
static void read_default_pages(struct cella_bytes meminfo, struct memory_facts *memory)
{
	const uint64_t kib = meminfo_value(meminfo, "Hugepagesize:");

	memory->has_huge = true;
	memory->huge_kib = meminfo_value(meminfo, "HugePages_Total:") * kib;
	memory->huge_free_kib = meminfo_value(meminfo, "HugePages_Free:") * kib;
}

struct pools {
	const struct system *sys;
	uint64_t kib, free_kib;
};

/* "hugepages-2048kB" */
static void visit_pool(const char *name, void *data)
{
	struct pools *const pools = data;
	char path[SYSTEM_PATH_MAX];
	const uint64_t kib = meminfo_value(bytes_of(name, strlen(name)), "hugepages-");
	uint64_t num = 0;
	uint64_t num_free = 0;

	if (path_join(path, HUGEPAGES "/%s/nr_hugepages", name))
		(void)system_number(pools->sys, path, &num);
	if (path_join(path, HUGEPAGES "/%s/free_hugepages", name))
		(void)system_number(pools->sys, path, &num_free);
	pools->kib += num * kib;
	pools->free_kib += num_free * kib;
}

static void read_page_pools(const struct system *sys, struct memory_facts *memory)
{
	struct pools pools = { .sys = sys };

	if (system_list(sys, HUGEPAGES, visit_pool, &pools) != 0)
		return;
	memory->has_huge = true;
	memory->huge_kib = pools.kib;
	memory->huge_free_kib = pools.free_kib;
}

void gather_memory(const struct system *sys, struct facts *facts)
{
	struct out text CLEANUP(out_cleanup) = { 0 };
	struct memory_facts *const memory = &facts->memory;

	if (system_read(sys, "/proc/meminfo", SMALL_FILE_MAX, &text) == 0) {
		memory->total_kib = meminfo_value(out_view(&text), "MemTotal:");
		read_default_pages(out_view(&text), memory);
	}
	read_page_pools(sys, memory);
	memory->slots_errno = system_number(
		sys, "/sys/kernel/debug/swiotlb/io_tlb_nslabs", &memory->slots);
	memory->has_slots = memory->slots_errno == 0;
	(void)system_number(sys, "/sys/kernel/debug/swiotlb/io_tlb_used", &memory->used);
	memory->known = true;
}

/* --- what enclaves need -------------------------------------------------------------- */

static void read_protocols(const struct system *sys, struct enclave_facts *enclave)
{
	struct out text CLEANUP(out_cleanup) = { 0 };
	struct cella_bytes rest;
	struct cella_bytes line;

	if (system_read(sys, "/proc/net/protocols", SMALL_FILE_MAX, &text) != 0)
		return;
	enclave->has_vsock_protocol = KNOWN_NO;
	rest = out_view(&text);
	while (lines_next(&rest, &line))
		if (line_starts_with(line, "AF_VSOCK "))
			enclave->has_vsock_protocol = KNOWN_YES;
}

void gather_enclave(const struct system *sys, struct facts *facts)
{
	static const char *const modules[] = { "kvm_intel", "kvm_amd", "kvm_pvm" };
	struct enclave_facts *const enclave = &facts->enclave;
	struct stat st;

	enclave->kvm_errno = system_stat(sys, "/dev/kvm", &st);
	if (enclave->kvm_errno == 0)
		enclave->kvm_try_errno = system_try(sys, "/dev/kvm");
	for (size_t i = 0; i < ARRAY_LEN(modules); i++) {
		char path[SYSTEM_PATH_MAX];

		if (path_join(path, "/sys/module/%s", modules[i]) &&
		    system_has(sys, path) && enclave->kvm_module[0] == '\0')
			snprintf(enclave->kvm_module, sizeof enclave->kvm_module, "%s",
				 modules[i]);
	}
	enclave->has_vsock_device = system_has(sys, "/dev/vsock");
	enclave->has_vhost_vsock = system_has(sys, "/dev/vhost-vsock");
	read_protocols(sys, enclave);
	enclave->known = true;
}
