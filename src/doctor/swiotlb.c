/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sizes of the SWIOTLB, and where distributions set it.
 */
#include "doctor/swiotlb.h"

#include <string.h>

enum { RING_ENTRIES = 1024, BUFFER_KIB = 4 };

static uint64_t power_of_two_below(uint64_t value)
{
	uint64_t power = 1;

	while (power <= value / 2)
		power *= 2;
	return value > 0 ? power : 0;
}

static uint64_t power_of_two_above(uint64_t value)
{
	const uint64_t below = power_of_two_below(value);

	return below == value ? below : below * 2;
}

uint64_t swiotlb_default_mib(uint64_t memory_mib)
{
	const uint64_t share = memory_mib * SWIOTLB_DEFAULT_PERCENT / 100;

	if (share < SWIOTLB_DEFAULT_MIN_MIB)
		return SWIOTLB_DEFAULT_MIN_MIB;
	return share < SWIOTLB_DEFAULT_MAX_MIB ? share : SWIOTLB_DEFAULT_MAX_MIB;
}

uint64_t swiotlb_recommended_mib(uint64_t current_mib, uint64_t memory_mib)
{
	const uint64_t most = power_of_two_below(memory_mib * SWIOTLB_MAX_PERCENT / 100);
	uint64_t size = power_of_two_above(current_mib * 2);

	if (size < SWIOTLB_DEFAULT_MAX_MIB)
		size = SWIOTLB_DEFAULT_MAX_MIB;
	if (memory_mib != 0 && size > most)
		size = most;
	return size > current_mib ? size : 0;
}

uint64_t swiotlb_network_mib(uint64_t num_queues)
{
	return num_queues * RING_ENTRIES * BUFFER_KIB / 1024;
}

struct boot_loader {
	const char *os_id;
	const char *update;
	bool has_grubby; /* its entries are changed one by one, by that tool */
};

static const struct boot_loader *boot_loader_of(const char *os_id)
{
#define MKCONFIG "grub2-mkconfig -o "
#define WITH_ENTRIES MKCONFIG "/boot/grub2/grub.cfg --update-bls-cmdline"
	static const struct boot_loader rows[] = {
		{ "alinux", MKCONFIG "/boot/efi/EFI/alinux/grub.cfg", false },
		{ "anolis", MKCONFIG "/boot/efi/EFI/anolis/grub.cfg", false },
		{ "centos", MKCONFIG "/boot/efi/EFI/centos/grub.cfg", false },
		{ "debian", "update-grub", false },
		{ "ubuntu", "update-grub", false },
		{ "rhel", WITH_ENTRIES, true },
		{ "rocky", WITH_ENTRIES, true },
		{ "almalinux", WITH_ENTRIES, true },
		{ "fedora", WITH_ENTRIES, true },
		{ "sles", MKCONFIG "/boot/grub2/grub.cfg", false },
		{ "opensuse-leap", MKCONFIG "/boot/grub2/grub.cfg", false },
		{ "opensuse-tumbleweed", MKCONFIG "/boot/grub2/grub.cfg", false },
	};
	static const struct boot_loader other = { "", "grub-mkconfig -o GRUB.CFG",
						  false };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].os_id, os_id) == 0)
			return &rows[i];
	return &other;
}

const char *grub_update_command(const char *os_id)
{
	return boot_loader_of(os_id)->update;
}

void swiotlb_remedy(const char *os_id, uint64_t mib, struct out *out)
{
	const struct boot_loader *const loader = boot_loader_of(os_id);
	const unsigned long long size = mib;
	const unsigned long long slots = mib * SWIOTLB_SLOTS_PER_MIB;

	out_text(out, "Snapshot the disk first: a wrong value can keep the instance from "
		      "starting. ");
	if (loader->has_grubby)
		out_format(out,
			   "Run: `grubby --update-kernel=ALL --args=swiotlb=%llu` (%llu "
			   "MiB x %d).",
			   slots, size, SWIOTLB_SLOTS_PER_MIB);
	else
		out_format(out,
			   "Add `swiotlb=%llu` (%llu MiB x %d) to GRUB_CMDLINE_LINUX in "
			   "/etc/default/grub, then run: `%s`.",
			   slots, size, SWIOTLB_SLOTS_PER_MIB, loader->update);
	out_text(out, " Then stop and start the instance from outside.");
}
