/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doctor (src/doctor) on trees of files: each row starts from a healthy trust domain,
 * changes what the row names, and looks at one finding.
 */
#include "doctor_tree.h"

#include <stdio.h>

struct row {
	const char *check;
	enum doctor_state state;
	const char *found;  /* a part of it */
	const char *remedy; /* a part of it; NULL: there is none */
	struct file edits[MAX_EDITS];
};

/* clang-format off */
static const struct row rows[] = {
	{ "cpu.tdx_guest", DOCTOR_OK, "tdx_guest", NULL, { { 0 } } },
	{ "cpu.tdx_guest", DOCTOR_FAIL, "no flag", "cella sim", { NOT_TD } },
	{ "cpu.tdx_guest", DOCTOR_FAIL, "host for TDs", "cella sim",
	  { { CPUINFO, "flags\t\t: tdx_host_platform\n" } } },
	{ "cpu.tdx_guest", DOCTOR_UNKNOWN, "No such file", NULL, { { CPUINFO, NULL } } },
	{ "cpu.tdx_guest", DOCTOR_UNKNOWN, "Microsoft", "vTPM",
	  { NOT_TD, { "sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n" },
	    { "dev/tpmrm0", "" } } },

	{ "kernel.version", DOCTOR_OK, "6.16.3-cloud", NULL, { { 0 } } },
	{ "kernel.version", DOCTOR_NOT_APPLICABLE, "not a trust domain", NULL,
	  { NOT_TD } },
	{ "kernel.version", DOCTOR_UNKNOWN, "trust domain?", NULL,
	  { { CPUINFO, NULL } } },
	{ "kernel.version", DOCTOR_OK, "5.10.134-16.al8.x86_64", NULL,
	  { { "proc/sys/kernel/osrelease", "5.10.134-16.al8.x86_64\n" } } },
	{ "kernel.version", DOCTOR_OK, "5.10.134-16.1.al8.x86_64", NULL,
	  { { "proc/sys/kernel/osrelease", "5.10.134-16.1.al8.x86_64\n" } } },
	{ "kernel.version", DOCTOR_WARN, "older than 5.10.134-16", "Update",
	  { { "proc/sys/kernel/osrelease", "5.10.134-15.al8.x86_64\n" } } },
	{ "kernel.version", DOCTOR_NOTE, "older than 6.7", "newer",
	  { { "proc/sys/kernel/osrelease", "6.6.99\n" } } },
	{ "kernel.version", DOCTOR_UNKNOWN, "\"\"", NULL,
	  { { "proc/sys/kernel/osrelease", NULL } } },

	{ "tdx.driver", DOCTOR_OK, "tdx_guest", NULL, { { 0 } } },
	{ "tdx.driver", DOCTOR_WARN, "no driver", "modprobe tdx_guest",
	  { { "sys/module/tdx_guest", NULL }, { "sys/class/misc/tdx_guest", NULL },
	    { "dev/tdx_guest", NULL } } },
	{ "tdx.driver", DOCTOR_NOTE, "but /dev/tdx_guest", NULL,
	  { { "sys/module/tdx_guest", NULL }, { "sys/class/misc/tdx_guest", NULL } } },
	{ "tdx.device", DOCTOR_OK, "/dev/tdx_guest, mode 0600", NULL, { { 0 } } },
	{ "tdx.device", DOCTOR_WARN, "No such file", "modprobe",
	  { { "dev/tdx_guest", NULL } } },
	{ "tdx.device", DOCTOR_NOTE, "/dev/tdx-attest", NULL,
	  { { "dev/tdx_guest", NULL }, { "dev/tdx-attest", "" } } },

	{ "configfs.mounted", DOCTOR_OK, "mounted on", NULL, { { 0 } } },
	{ "configfs.mounted", DOCTOR_WARN, "not mounted", "mount -t configfs",
	  { { "proc/self/mounts", "proc /proc proc rw 0 0\n" } } },
	{ "configfs.mounted", DOCTOR_UNKNOWN, "No such file", NULL,
	  { { "proc/self/mounts", NULL } } },
	{ "configfs.tsm", DOCTOR_OK, "provider tdx_guest", NULL, { { 0 } } },
	{ "configfs.tsm", DOCTOR_NOTE, "no /sys/kernel/config/tsm/report", "modprobe",
	  { { CONFIG_TSM, NULL } } },
	{ "configfs.tsm", DOCTOR_WARN, "provider \"sev_guest\"", "Unload",
	  { { PROVIDER, "sev_guest\n" } } },
	{ "configfs.tsm", DOCTOR_NOTE, "No such file", NULL,
	  { { PROVIDER, NULL }, { CONFIG_TSM "/report/com.intel.dcap", "/" } } },

	{ "qgs.configured", DOCTOR_OK, "port 4050", NULL, { { 0 } } },
	{ "qgs.configured", DOCTOR_NOTE, "no /etc/tdx-attest.conf", NULL,
	  { { "etc/tdx-attest.conf", NULL } } },
	{ "qgs.configured", DOCTOR_NOTE, "names no port", NULL,
	  { { "etc/tdx-attest.conf", "#port=4050\n" } } },
	{ "qgs.configured", DOCTOR_FAIL, "not a number", "port=4050",
	  { { "etc/tdx-attest.conf", "port = four\n" } } },
	{ "qgs.configured", DOCTOR_FAIL, "not a number", "port=4050",
	  { { "etc/tdx-attest.conf", "port = 4294967296\n" } } },
	{ "qgs.reachable", DOCTOR_NOT_APPLICABLE, "a tree of files", NULL, { { 0 } } },
	{ "qgs.reachable", DOCTOR_NOT_APPLICABLE, "--qgs", NULL,
	  { { "etc/tdx-attest.conf", NULL } } },

	{ "quote.path", DOCTOR_OK, "configfs-tsm", NULL, { { 0 } } },
	{ "quote.path", DOCTOR_UNKNOWN, "only /dev/tdx_guest", "cella quote",
	  { { CONFIG_TSM, NULL } } },
	{ "quote.path", DOCTOR_UNKNOWN, "only /dev/tdx_guest", "cella quote",
	  { { PROVIDER, "sev_guest\n" } } },
	{ "quote.path", DOCTOR_FAIL, "none", "Load the driver",
	  { { CONFIG_TSM, NULL }, { "dev/tdx_guest", NULL } } },

	{ "ccel.log", DOCTOR_OK, "readable", NULL, { { 0 } } },
	{ "ccel.log", DOCTOR_NOTE, "no table CCEL", NULL,
	  { { "sys/firmware/acpi/tables/CCEL", NULL } } },
	{ "ccel.log", DOCTOR_NOTE, "No such file", NULL,
	  { { "sys/firmware/acpi/tables/data/CCEL", NULL } } },

	{ "rtmr.files", DOCTOR_OK, "measurements", NULL, { { 0 } } },
	{ "rtmr.files", DOCTOR_NOTE, "none", NULL,
	  { { "sys/class/misc/tdx_guest/measurements", NULL } } },
	{ "rtmr.files", DOCTOR_OK, "/sys/kernel/config/tsm/rtmrs", NULL,
	  { { "sys/class/misc/tdx_guest/measurements", NULL },
	    { "sys/kernel/config/tsm/rtmrs", "/" } } },

	{ "clock.sane", DOCTOR_OK, "2026-09-21T", NULL, { { 0 } } },
	{ "clock.sane", DOCTOR_WARN, "hardware clock says 2026-09-01T", "hwclock",
	  { { "sys/class/rtc/rtc0/since_epoch", "1788220800\n" } } },
	{ "clock.sane", DOCTOR_OK, "2026-09-21T", NULL,
	  { { "sys/class/rtc/rtc0/since_epoch", "nonsense\n" } } },
	{ "clock.synchronised", DOCTOR_NOT_APPLICABLE, "no clock", NULL, { { 0 } } },
	{ "clock.source", DOCTOR_OK, "tsc", NULL, { { 0 } } },
	{ "clock.source", DOCTOR_WARN, "kvm-clock", "clocksource=tsc",
	  { { "sys/devices/system/clocksource/clocksource0/current_clocksource", "kvm-clock\n" } } },

	{ "pccs.configured", DOCTOR_NOTE, "no /etc/sgx_default_qcnl.conf", NULL,
	  { { 0 } } },
	{ "pccs.configured", DOCTOR_NOTE, "names no PCCS_URL", NULL,
	  { { QCNL, "USE_SECURE_CERT=TRUE\n" } } },
	{ "pccs.configured", DOCTOR_OK, "https://127.0.0.1:1/sgx/certification/v4/", NULL,
	  { { QCNL, "PCCS_URL=https://127.0.0.1:1/sgx/certification/v4/\n" } } },
	{ "pccs.configured", DOCTOR_OK, "https://[::1]:1/sgx/certification/v4/", NULL,
	  { { QCNL, "{ // ours\n \"pccs_url\": \"https://[::1]:1/sgx/certification/v4/\" }" } } },
	{ "pccs.configured", DOCTOR_FAIL, "${region_id}", "region",
	  { { QCNL, "PCCS_URL=https://sgx-dcap-server.${region_id}.aliyuncs.com/sgx/" "certification/v4/\n" } } },
	{ "pccs.configured", DOCTOR_FAIL, "[Region-ID]", "region",
	  { { QCNL, "PCCS_URL=https://server.[Region-ID].example/sgx/certification/v4/\n" } } },
	{ "pccs.configured", DOCTOR_FAIL, "ftp://x/", "https://",
	  { { QCNL, "PCCS_URL=ftp://x/\n" } } },
	{ "pccs.configured", DOCTOR_WARN, "https://127.0.0.1:1/",
	  "/sgx/certification/v4/",
	  { { QCNL, "PCCS_URL=https://127.0.0.1:1/\n" } } },
	{ "pccs.configured", DOCTOR_FAIL, "JSON", "KEY=VALUE",
	  { { QCNL, "{ nonsense" } } },
	{ "pccs.reachable", DOCTOR_NOT_APPLICABLE, "no address", NULL, { { 0 } } },
	{ "pccs.reachable", DOCTOR_FAIL, "Connection refused", "firewalls",
	  { { QCNL, "PCCS_URL=https://127.0.0.1:1/sgx/certification/v4/\n" } } },
	{ "pccs.reachable", DOCTOR_UNKNOWN, "not touched outside of a TD", NULL,
	  { { QCNL, "PCCS_URL=http://169.254.169.254/sgx/certification/v4/\n" } } },
	{ "pccs.reachable", DOCTOR_UNKNOWN, "not touched outside of a TD", NULL,
	  { { QCNL, "PCCS_URL=http://[::ffff:100.100.100.200]/sgx/certification/v4/\n" } } },
	{ "pccs.fresh", DOCTOR_NOT_APPLICABLE, "cella collateral show", NULL, { { 0 } } },

	{ "swiotlb.size", DOCTOR_OK, "1024 MiB by debugfs, 3 % of 32000 MiB", NULL,
	  { { 0 } } },
	{ "swiotlb.size", DOCTOR_NOTE, "1024 MiB by the default", NULL,
	  { { SLABS, NULL } } },
	{ "swiotlb.size", DOCTOR_OK, "2048 MiB by swiotlb=", NULL,
	  { { SLABS, NULL }, { "proc/cmdline", "ro swiotlb=1048576,4 quiet\n" } } },
	{ "swiotlb.size", DOCTOR_WARN, "64 MiB by the kernel log",
	  "swiotlb=524288` (1024 MiB x 512)",
	  { { SLABS, NULL },
	    { "var/log/kern.log", "software IO TLB: mapped [mem 0x1-0x2] (64MB)\n" } } },
	{ "swiotlb.size", DOCTOR_WARN, "102 MiB by debugfs, 3 % of 3276 MiB", "swiotlb=100352",
	  { { "proc/meminfo", "MemTotal: 3355443 kB\n" }, { SLABS, "52428\n" } } },
	{ "swiotlb.size", DOCTOR_WARN, "2048 MiB by debugfs, 62 %", "swiotlb=524288",
	  { { "proc/meminfo", "MemTotal: 3355443 kB\n" }, { SLABS, "1048576\n" } } },
	{ "swiotlb.size", DOCTOR_FAIL, "noforce", "Snapshot",
	  { { "proc/cmdline", "swiotlb=noforce\n" } } },
	{ "swiotlb.size", DOCTOR_FAIL, "could not allocate", "Snapshot",
	  { { "var/log/kern.log", "software IO TLB: Cannot allocate buffer\n" } } },
	{ "swiotlb.size", DOCTOR_UNKNOWN, "neither", NULL,
	  { { SLABS, NULL }, { "proc/meminfo", NULL } } },
	{ "swiotlb.full", DOCTOR_OK, "never full, says /var/log/kern.log", NULL, { { 0 } } },
	{ "swiotlb.full", DOCTOR_NOTE, "never full", NULL,
	  { { "var/log/kern.log", "x\n" } } },
	{ "swiotlb.full", DOCTOR_UNKNOWN, "not full at boot", NULL,
	  { { "var/log/kern.log", NULL }, { "var/log/dmesg", "Linux version 6\n" } } },
	{ "swiotlb.full", DOCTOR_FAIL, "1 x in /var/log/dmesg", "swiotlb=",
	  { { "var/log/kern.log", NULL }, { "var/log/dmesg", FULL("32768") } } },
	{ "swiotlb.full", DOCTOR_OK, "never full", NULL,
	  { { "var/log/kern.log", FULL("32768") "Linux version 6\n" } } },
	{ "swiotlb.full", DOCTOR_UNKNOWN, "No such file", NULL,
	  { { "var/log/kern.log", NULL } } },
	{ "swiotlb.full", DOCTOR_NOT_APPLICABLE, "not a trust domain", NULL, { NOT_TD } },
	{ "swiotlb.full", DOCTOR_FAIL, "full\", 2 x in /var/log/kern.log",
	  "swiotlb=1048576` (2048 MiB x 512) to GRUB_CMDLINE_LINUX in /etc/default/grub, then " "run: `grub2-mkconfig -o /boot/efi/EFI/alinux/grub.cfg",
	  { { "var/log/kern.log", FULL("524288") FULL("524288") } } },
	{ "swiotlb.full", DOCTOR_FAIL, "1 x in", "swiotlb=524288` (1024 MiB x 512)",
	  { { "var/log/kern.log", FULL("32768") }, { SLABS, NULL } } },
	{ "swiotlb.full", DOCTOR_FAIL, "1 x in", "update-grub",
	  { { "var/log/kern.log", FULL("32768") }, { "etc/os-release", "ID=debian\n" } } },
	{ "swiotlb.full", DOCTOR_FAIL, "1 x in",
	  "grubby --update-kernel=ALL --args=swiotlb=1048576",
	  { { "var/log/kern.log", FULL("32768") }, { "etc/os-release", "ID=\"rhel\"\n" } } },
	{ "swiotlb.full", DOCTOR_FAIL, "1 x in", "grub-mkconfig",
	  { { "var/log/kern.log", FULL("32768") }, { "etc/os-release", NULL } } },
	{ "swiotlb.full", DOCTOR_FAIL, "1 x in", "larger instance type",
	  { { "var/log/kern.log", FULL("524288") },
	    { "proc/meminfo", "MemTotal: 2097152 kB\n" } } },
	{ "swiotlb.queues", DOCTOR_OK, "interfaces: 1, queues: 2, about 8 of 1024 MiB",
	  NULL,
	  { { 0 } } },
	{ "swiotlb.queues", DOCTOR_WARN, "queues: 6, about 24 of 32 MiB", "swiotlb=",
	  { NO_QUEUE(1), NO_QUEUE(2), NO_QUEUE(3), NO_QUEUE(4), { SLABS, "16384\n" } } },
	{ "swiotlb.setting", DOCTOR_OK, "none, the default", NULL, { { 0 } } },
	{ "swiotlb.setting", DOCTOR_WARN,
	  "524288 in /etc/default/grub, running with none",
	  "grub2-mkconfig -o /boot/efi/EFI/alinux/grub.cfg",
	  { { "etc/default/grub", "GRUB_CMDLINE_LINUX=\"quiet swiotlb=524288\"\n" } } },
	{ "swiotlb.setting", DOCTOR_OK, "524288", NULL,
	  { { "etc/default/grub", "GRUB_CMDLINE_LINUX='swiotlb=524288'\n" },
	    { "proc/cmdline", "swiotlb=1 swiotlb=524288\n" } } },
	{ "swiotlb.setting", DOCTOR_NOTE, "running with 524288", NULL,
	  { { "proc/cmdline", "swiotlb=524288\n" } } },
	{ "swiotlb.setting", DOCTOR_OK, "none", NULL, { { "etc/default/grub", NULL } } },
	{ "swiotlb.setting", DOCTOR_UNKNOWN, "No such file", NULL,
	  { { "proc/cmdline", NULL } } },

	{ "swiotlb.queues", DOCTOR_UNKNOWN, "/sys/class/net: No such file", NULL,
	  { { "sys/class/net", NULL } } },

	{ "boot.uefi", DOCTOR_OK, "UEFI", NULL, { { 0 } } },
	{ "boot.uefi", DOCTOR_NOTE, "no /sys/firmware/efi", NULL,
	  { { "sys/firmware/efi", NULL } } },

	{ "limit.reboot", DOCTOR_NOTE, "no reboot is waited for", NULL, { { 0 } } },
	{ "limit.reboot", DOCTOR_WARN, "waits for a reboot", "Stop and start",
	  { { "run/reboot-required", "" } } },
	{ "limit.console", DOCTOR_OK, "SSH listens", NULL, { { 0 } } },
	{ "limit.console", DOCTOR_OK, "SSH listens", NULL,
	  { { "proc/net/tcp", "x\n" },
	    { "proc/net/tcp6", " 0: 00000000000000000000000000000000:0016 " "00000000000000000000000000000000:0000 0A 0:0\n" } } },
	{ "limit.console", DOCTOR_WARN, "nothing listens", "sshd",
	  { { "proc/net/tcp", "  0: 00000000:0016 01000000:0000 01 0:0\n" "  1: 00000000:1600 00000000:0000 0A 0:0\n" } } },
	{ "limit.console", DOCTOR_UNKNOWN, "cannot be read", "sshd",
	  { { "proc/net/tcp", NULL } } },
	{ "limit.rdma", DOCTOR_OK, "none", NULL, { { 0 } } },
	{ "limit.rdma", DOCTOR_WARN, "RDMA devices: 1, the first is erdma_0", "Unbind",
	  { { "sys/class/infiniband/erdma_0", "/" } } },
	{ "limit.rdma", DOCTOR_UNKNOWN, "no /sys/class", NULL, { { "sys/class", NULL } } },
	{ "limit.accelerators", DOCTOR_UNKNOWN, "no /sys/bus/pci", NULL,
	  { { "sys/bus", NULL }, { "sys/class", NULL } } },
	{ "limit.accelerators", DOCTOR_OK, "none", NULL, { { 0 } } },
	{ "limit.accelerators", DOCTOR_WARN, "0000:00:02.0", "instance type",
	  { { "sys/bus/pci/devices/0000:00:02.0/class", "0x030200\n" } } },
	{ "limit.accelerators", DOCTOR_WARN, "accelerators: 1, ", "instance type",
	  { { "sys/bus/pci/devices/0000:00:02.0/class", "0x120000\n" } } },

	{ "kvm.device", DOCTOR_OK, "module kvm_intel", NULL, { { 0 } } },
	{ "kvm.device", DOCTOR_NOTE, "module kvm_pvm", NULL,
	  { { "sys/module/kvm_intel", NULL }, { "sys/module/kvm_pvm", "/" } } },
	{ "kvm.device", DOCTOR_NOTE, "No such file", NULL, { { "dev/kvm", NULL } } },
	{ "kvm.functional", DOCTOR_NOT_APPLICABLE, "runs nothing", NULL, { { 0 } } },
	{ "kvm.functional", DOCTOR_NOT_APPLICABLE, "no /dev/kvm", NULL,
	  { { "dev/kvm", NULL } } },

	{ "vsock.support", DOCTOR_OK, "/dev/vsock", NULL, { { 0 } } },
	{ "vsock.support", DOCTOR_OK, "/dev/vhost-vsock", NULL,
	  { { "dev/vhost-vsock", "" } } },
	{ "vsock.support", DOCTOR_NOTE, "none", NULL,
	  { { "dev/vsock", NULL }, { "proc/net/protocols", "TCP 1\n" } } },

	{ "memory.hugepages", DOCTOR_OK, "6 of 16 MiB are free", NULL, { { 0 } } },
	{ "memory.hugepages", DOCTOR_OK, "1026 of 2050 MiB are free", NULL,
	  { { "sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "2\n" },
	    { "sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "1\n" },
	    { "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "1\n" },
	    { "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "1\n" } } },
	{ "memory.hugepages", DOCTOR_UNKNOWN, "cannot be read", NULL,
	  { { "proc/meminfo", NULL }, { "sys/kernel/mm", NULL } } },
	{ "memory.hugepages", DOCTOR_NOTE, "none reserved", NULL,
	  { { "proc/meminfo", "MemTotal: 32768000 kB\nHugePages_Total: 0\n" } } },
};
/* clang-format on */
/* --- tests --------------------------------------------------------------------------- */

static void findings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct doctor_request request = tree_request();
		struct facts *facts;
		struct finding finding;
		char name[128];

		snprintf(name, sizeof name, "row %zu, %s", i, rows[i].check);
		CASE(name);
		tree_make(rows[i].edits);
		facts = tree_look(&request);
		finding = tree_find(facts, rows[i].check);
		check_finding(&finding, rows[i].state, rows[i].found, rows[i].remedy);
		check_json(facts);
		facts_free(facts);
	}
}

/* Every check has a row in which it is fine or a note, and most one in which it is not. */
static void rows_cover_the_checks(void **state)
{
	size_t num = 0;
	const struct doctor_check *const checks = doctor_checks(&num);

	(void)state;
	for (size_t i = 0; i < num; i++) {
		size_t times = 0;

		CASE(checks[i].id);
		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			times += strcmp(rows[k].check, checks[i].id) == 0 ? 1 : 0;
		CHECK_TRUE(times >= 1);
		for (size_t k = 0; k < i; k++)
			CHECK_TRUE(strcmp(checks[k].id, checks[i].id) != 0);
	}
	CHECK_TRUE(num <= DIAGNOSIS_MAX_CHECKS);
}

static void healthy_domain_is_fine(void **state)
{
	struct doctor_request request;
	struct diagnosis *const diagnosis = calloc(1, sizeof *diagnosis);
	struct cella_error err = { 0 };
	struct facts *facts;

	(void)state;
	CASE("healthy");
	tree_make(tree_no_edits);
	request = tree_request();
	facts = tree_look(&request);
	CHECK_OK(diagnose(facts, NULL, diagnosis, &err));
	for (size_t i = 0; i < diagnosis->num; i++) {
		CASE(diagnosis->checks[i]->id);
		CHECK_TRUE(diagnosis->findings[i].state > DOCTOR_WARN);
	}
	CHECK_INT(DOCTOR_FINE, diagnosis_result(diagnosis));
	facts_free(facts);
	free(diagnosis);
}

/* What nobody has looked at is unknown, and never fine. */
static void nothing_is_known_of_nothing(void **state)
{
	struct diagnosis *const diagnosis = calloc(1, sizeof *diagnosis);
	struct facts *const facts = facts_new();
	struct cella_error err = { 0 };

	(void)state;
	snprintf(facts->looking_at, sizeof facts->looking_at, "/proc/cpuinfo");
	CHECK_INT(DOCTOR_UNDECIDED, diagnosis_result(diagnosis));
	CHECK_OK(diagnose(facts, NULL, diagnosis, &err));
	for (size_t i = 0; i < diagnosis->num; i++) {
		CASE(diagnosis->checks[i]->id);
		CHECK_INT(DOCTOR_UNKNOWN, diagnosis->findings[i].state);
		CHECK_TEXT_HAS(diagnosis->findings[i].remedy, "/proc/cpuinfo");
	}
	CHECK_INT(DOCTOR_UNDECIDED, diagnosis_result(diagnosis));
	check_json(facts);
	CHECK_STATUS(CELLA_USAGE, diagnose(facts, "everything", diagnosis, &err));
	CHECK_OK(diagnose(facts, "enclave", diagnosis, &err));
	CHECK_INT(4, diagnosis->num);
	facts_free(facts);
	free(diagnosis);
}

static void results_go_by_the_worst(void **state)
{
	static const struct {
		enum doctor_state states[3];
		enum doctor_result result;
	} cases[] = {
		{ { DOCTOR_OK, DOCTOR_OK, DOCTOR_OK }, DOCTOR_FINE },
		{ { DOCTOR_WARN, DOCTOR_NOTE, DOCTOR_NOT_APPLICABLE }, DOCTOR_FINE },
		{ { DOCTOR_OK, DOCTOR_UNKNOWN, DOCTOR_OK }, DOCTOR_UNDECIDED },
		{ { DOCTOR_UNKNOWN, DOCTOR_OK, DOCTOR_FAIL }, DOCTOR_FAILS },
		{ { DOCTOR_FAIL, DOCTOR_UNKNOWN, DOCTOR_OK }, DOCTOR_FAILS },
	};
	struct diagnosis *const diagnosis = calloc(1, sizeof *diagnosis);

	(void)state;
	diagnosis->num = 3;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t k = 0; k < 3; k++)
			diagnosis->findings[k].state = cases[i].states[k];
		CHECK_INT(cases[i].result, diagnosis_result(diagnosis));
	}
	free(diagnosis);
}

static void clocks(void **state)
{
	static const struct {
		const char *time;
		enum doctor_state state;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", DOCTOR_FAIL },
		{ "2024-12-31T23:59:59Z", DOCTOR_FAIL },
		{ "2025-01-01T00:00:00Z", DOCTOR_OK },
		{ "2049-12-31T23:59:59Z", DOCTOR_OK },
		{ "2050-01-01T00:00:00Z", DOCTOR_FAIL },
	};
	static const struct file no_rtc[MAX_EDITS] = { { "sys/class/rtc", NULL } };
	struct doctor_request request;

	(void)state;
	tree_make(no_rtc);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct finding finding;

		CASE(cases[i].time);
		request = tree_request();
		request.time = time_at(cases[i].time);
		finding = tree_look_for(&request, "clock.sane");
		check_finding(&finding, cases[i].state, cases[i].time,
			      cases[i].state == DOCTOR_FAIL ? "NTP" : NULL);
	}
	request.has_time = false;
	CHECK_INT(DOCTOR_NOT_APPLICABLE, tree_look_for(&request, "clock.sane").state);
}

/* A log that the user names is judged wherever this runs. */
static void named_logs(void **state)
{
	static const struct file edits[MAX_EDITS] = { NOT_TD,
						      { SLABS, NULL },
						      { "log", FULL("1024") } };
	struct doctor_request request;
	struct cella_error err = { 0 };
	struct finding finding;
	struct facts *facts;
	char path[64];

	(void)state;
	tree_make(edits);
	request = tree_request();
	snprintf(path, sizeof path, "%s/tree/log", tree_folder);
	request.kernel_log = path;
	finding = tree_look_for(&request, "swiotlb.full");
	check_finding(&finding, DOCTOR_FAIL, "1 x in /tmp/", "swiotlb=524288");

	facts = facts_new();
	request.kernel_log = "/nowhere/log";
	CHECK_STATUS(CELLA_IO, facts_gather(&request, facts, &err));
	CHECK_TEXT_HAS(err.text, "/nowhere/log");
	request.kernel_log = tree_folder;
	CHECK_STATUS(CELLA_IO, facts_gather(&request, facts, &err));
	request.kernel_log = NULL;
	request.sysroot = "/nowhere";
	CHECK_STATUS(CELLA_IO, facts_gather(&request, facts, &err));
	request = tree_request();
	request.qgs = "vsock:2";
	CHECK_STATUS(CELLA_USAGE, facts_gather(&request, facts, &err));
	facts_free(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings),
		cmocka_unit_test(rows_cover_the_checks),
		cmocka_unit_test(healthy_domain_is_fine),
		cmocka_unit_test(nothing_is_known_of_nothing),
		cmocka_unit_test(results_go_by_the_worst),
		cmocka_unit_test(clocks),
		cmocka_unit_test(named_logs),
	};

	return cmocka_run_group_tests(tests, tree_set_up, tree_tear_down);
}
