/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the doctor has seen, before anybody judges it. All of it is plain memory without
 * pointers: it is gathered by a process with a deadline, into memory that is shared. What
 * was not reached is zero, and zero is "not known".
 */
#ifndef DOCTOR_FACTS_H
#define DOCTOR_FACTS_H

#include "doctor/connect.h"
#include "doctor/kernel_log.h"
#include "doctor/kvm_probe.h"
#include "doctor/system.h"
#include "fetch/url.h"

enum known { NOT_KNOWN, KNOWN_NO, KNOWN_YES };

enum {
	FACT_TEXT_MAX = 128,
	FACT_NAME_MAX = 32,
	FACT_ERROR_MAX = 232,
	FRESH_MAX = 4,
	/* Of a processor, the first few pages tell it all; of logs, the last of them. */
	CPUINFO_MAX = 64 << 10,
	CMDLINE_MAX = 4096,
	KERNEL_LOG_MAX = 16 << 20,
	GATHER_DEADLINE_MS = 5000,
	KVM_DEADLINE_MS = 5000,
	FETCH_DEADLINE_MS = 10000,
};

/* Each part begins with whether it has been gathered. */
struct cpu_facts {
	bool known;
	int cpuinfo_errno;
	bool flag;                  /* tdx_guest in /proc/cpuinfo, which lscpu shows */
	bool host_flag;             /* tdx_host_platform */
	enum known cpuid;           /* leaf 0x21 says IntelTDX */
	char vendor[FACT_TEXT_MAX]; /* of the machine, from its firmware */
	bool has_tpm;
};

struct kernel_facts {
	bool known;
	char release[FACT_TEXT_MAX];
	char os_id[FACT_TEXT_MAX];   /* "alinux" */
	char os_name[FACT_TEXT_MAX]; /* "Alibaba Cloud Linux 3" */
	int cmdline_errno;
	char cmdline[CMDLINE_MAX];
	bool has_efi;
	bool reboot_required;
};

struct tdx_facts {
	bool known;
	bool has_driver; /* module or built in */
	int device_errno;
	bool is_device;
	char device[SYSTEM_PATH_MAX]; /* the first of the names in use */
	unsigned mode, uid, gid;
	int try_errno; /* opening it */
	int mounts_errno;
	bool has_configfs; /* mounted */
	int tsm_errno;
	int provider_errno; /* ENOENT: there is no entry that would tell */
	char provider[FACT_TEXT_MAX];
	int ccel_errno, log_errno; /* the table, and reading the log */
	bool has_measurements;
	bool has_rtmrs; /* registers behind configfs */
};

/* /etc/tdx-attest.conf: where libtdx_attest looks for the quoting service. */
struct qgs_facts {
	bool known;
	int conf_errno;
	bool is_malformed;
	bool has_port;
	uint32_t port;
};

struct pccs_facts {
	bool known;
	char path[SYSTEM_PATH_MAX]; /* of the file that says where it is */
	int conf_errno;
	bool is_malformed;
	char why[FACT_ERROR_MAX]; /* it is malformed */
	char url[URL_MAX + 1];
	bool is_named;      /* by the user */
	bool is_insecure;   /* its TLS certificate is not to be checked */
	bool is_cache_only; /* it is not to be asked */
};

/* What the PCCS has, as whoever fetches from it saw. */
struct fresh_facts {
	enum known fetched;       /* NOT_KNOWN: nobody asked */
	enum cella_status status; /* CELLA_UNSUPPORTED: for lack of what fetches */
	char why[FACT_ERROR_MAX]; /* it could not be fetched */
	size_t num_documents;
	struct fresh_document {
		char what[FACT_NAME_MAX];
		int64_t from, to; /* its own dates */
	} documents[FRESH_MAX];
};

struct clock_facts {
	bool known;
	bool is_told; /* the clock's own time, or --time */
	int64_t now;
	enum known synced; /* as the kernel has it */
	bool has_rtc;
	int64_t rtc; /* the hardware clock, read at the same time */
	char source[FACT_TEXT_MAX];
};

struct memory_facts {
	bool known;
	uint64_t total_kib;               /* 0: not known */
	bool has_huge;                    /* somebody told of huge pages */
	uint64_t huge_kib, huge_free_kib; /* in those of any size */
	bool has_slots;                   /* debugfs tells the size of the SWIOTLB */
	int slots_errno;
	uint64_t slots, used;
};

struct log_facts {
	bool known;
	bool is_named;   /* by the user */
	bool is_of_boot; /* it was saved then, and does not grow */
	int log_errno;
	char source[SYSTEM_PATH_MAX];
	struct kernel_log log;
};

struct network_facts {
	bool known;
	int list_errno;
	size_t num_interfaces; /* with a device behind them */
	uint64_t num_queues;   /* receiving and sending ones */
	enum known ssh;        /* something listens on TCP port 22 */
};

struct pci_facts {
	bool known;
	bool has_class, has_bus; /* there is something to look in */
	size_t num_rdma;
	char rdma[FACT_TEXT_MAX];
	size_t num_accelerators;
	char accelerator[FACT_TEXT_MAX]; /* its address */
};

struct grub_facts {
	bool known;
	int grub_errno;
	char swiotlb[FACT_TEXT_MAX]; /* what /etc/default/grub sets, "" */
};

struct enclave_facts {
	bool known;
	int kvm_errno, kvm_try_errno;
	char kvm_module[FACT_TEXT_MAX]; /* "kvm_intel" */
	bool has_vsock_device, has_vhost_vsock;
	enum known has_vsock_protocol;
};

struct facts {
	bool is_own;   /* this machine, not a tree of files */
	bool is_root;  /* who looks is root */
	bool has_died; /* the process that gathered came to a bad end */
	char looking_at[SYSTEM_PATH_MAX];
	struct cpu_facts cpu;
	struct kernel_facts kernel;
	struct tdx_facts tdx;
	struct qgs_facts qgs;
	struct pccs_facts pccs;
	struct clock_facts clock;
	struct memory_facts memory;
	struct log_facts log;
	struct network_facts network;
	struct pci_facts pci;
	struct grub_facts grub;
	struct enclave_facts enclave;

	/* Acts with deadlines of their own, made after the rest is known. */
	struct contact qgs_contact;
	struct contact pccs_contact;
	struct fresh_facts fresh;
	enum known kvm_probed;
	struct kvm_probe kvm;
};

/* What the user asked for; everything may be left out. */
struct doctor_request {
	const char *sysroot;
	const char *kernel_log;
	const char *qgs;       /* an address */
	const char *pccs;      /* an URL, instead of the one that is configured */
	const char *pccs_conf; /* a whole path, instead of /etc/sgx_default_qcnl.conf */
	bool deep;
	bool has_time;
	int64_t time;
	resolve_fn *resolve; /* NULL: names are not looked up */
	/*
	 * Fetches collateral from a PCCS, to see its dates; NULL: nobody here can. It is run
	 * in a process of its own, within FETCH_DEADLINE_MS, and only when the PCCS takes
	 * connections.
	 */
	void (*fetch)(const void *context, const struct pccs_facts *pccs,
		      struct fresh_facts *out);
	const void *context; /* of fetch() */
};

/* facts_new() allocates; facts_free() frees. */
struct facts *facts_new(void);
void facts_free(struct facts *facts);

/*
 * facts_gather() looks at everything that the request names, within deadlines. CELLA_IO when
 * a tree or a file that the user named cannot be opened, CELLA_USAGE for a bad address.
 */
enum cella_status facts_gather(const struct doctor_request *request, struct facts *facts,
			       struct cella_error *err) MUST_CHECK;

/* facts_is_td() is whether the CPU says that this is a TDX guest. */
enum known facts_is_td(const struct facts *facts);

/* The parts, each by itself. */
void gather_cpu(const struct system *sys, struct facts *facts);
void gather_kernel(const struct system *sys, struct facts *facts);
void gather_tdx(const struct system *sys, struct facts *facts);
void gather_qgs(const struct system *sys, struct facts *facts);
void gather_pccs(const struct system *sys, struct facts *facts);
void gather_memory(const struct system *sys, struct facts *facts);
void gather_network(const struct system *sys, struct facts *facts);
void gather_pci(const struct system *sys, struct facts *facts);
void gather_grub(const struct system *sys, struct facts *facts);
void gather_enclave(const struct system *sys, struct facts *facts);

#endif
