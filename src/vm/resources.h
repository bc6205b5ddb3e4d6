/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an Enclave VM takes of its machine: rules that know a request, the machine, and what
 * other Enclave VMs have taken already, and nothing else. They make a plan, or say why there
 * is none. Nothing here looks at a machine or changes one.
 */
#ifndef VM_RESOURCES_H
#define VM_RESOURCES_H

#include "vm/run_dir.h"
#include "vm/topology.h"

enum {
	RESOURCES_MAX_VCPUS = 64,
	RESOURCES_MAX_TAKINGS = RUN_MAX_LISTED,
	RESOURCES_MAX_NOTES = 8,
	RESOURCES_TEXT_MAX = 224,
	/* Of memory: for the machine, unless told otherwise; for QEMU and its helpers; */
	RESOURCES_KEEP_MIB = 512,
	RESOURCES_PROCESS_MIB = 256,
	/* for translated code, of which QEMU keeps no more. */
	RESOURCES_CODE_MIB = 1024,
	RESOURCES_MIN_CPUS = 4, /* of a machine whose cores are taken */
};

/* How processors are had. */
enum resource_cores {
	CORES_SHARED, /* with everything else of the machine */
	CORES_WHOLE,  /* cores of its own */
	CORES_LISTED, /* these, which must be cores of its own, too */
};

struct resource_request {
	enum resource_cores cores;
	struct cpus list; /* CORES_LISTED */
	unsigned vcpus;
	unsigned memory_mib;
	unsigned least_mib; /* that the image starts with; 0: not known */
	unsigned image_mib; /* its files, which stay in memory beside the guest's */
	unsigned code_mib;  /* to which translated code may come, of emulation */
	unsigned keep_mib;
	enum page_size pages;
	bool lock; /* the guest's memory, lest it be swapped out */
	bool pin;  /* each vCPU to a processor; always where cores are its own */
};

/*
 * resource_cores_read() reads "shared", "whole" or a list of processors; page_size_read()
 * "no", "2M" or "1G". CELLA_USAGE names the option.
 */
enum cella_status resource_cores_read(const char *text, struct resource_request *out,
				      struct cella_error *err) MUST_CHECK;
enum cella_status page_size_read(const char *text, enum page_size *out,
				 struct cella_error *err) MUST_CHECK;

const char *resource_cores_name(enum resource_cores cores);

/* What a running Enclave VM has taken. */
struct resource_taking {
	char name[RUN_NAME_MAX + 1];
	struct cpus cpus;    /* that are its own */
	uint64_t memory_mib; /* of ordinary pages */
};

enum resource_rule {
	RULE_CPUS_LEFT,
	RULE_CORES_KNOWN,
	RULE_CORES_MACHINE,
	RULE_CORES_KEPT,
	RULE_CORES_WHOLE,
	RULE_CORES_ALLOWED,
	RULE_CORES_OTHERS,
	RULE_CORES_ENOUGH,
	RULE_MEMORY_IMAGE,
	RULE_MEMORY_KEPT,
	RULE_MEMORY_AVAILABLE,
	RULE_MEMORY_GROUP,
	RULE_PAGES_MULTIPLE,
	RULE_PAGES_FREE,
	RULE_LOCK_LIMIT,
	RULE_BACKEND, /* the caller's to apply, by resources_refuse() */
	NUM_RULES,
};

/* resource_rule_id() is its name in JSON; resource_rule_text() is what it demands. */
const char *resource_rule_id(enum resource_rule rule);
const char *resource_rule_text(enum resource_rule rule);

struct resource_refusal {
	enum resource_rule rule;
	char need[RESOURCES_TEXT_MAX];
	char have[RESOURCES_TEXT_MAX];
	char remedy[RESOURCES_TEXT_MAX];
};

/* struct resource_plan - complete, unless there is a refusal. */
struct resource_plan {
	struct cpus kept;   /* for the machine, where cores are taken */
	struct cpus taken;  /* its own */
	struct cpus others; /* other Enclave VMs' own */
	struct cpus guest;  /* where the guest's processors run */
	struct cpus rest;   /* where everything else of it runs */
	unsigned vcpu_cpus[RESOURCES_MAX_VCPUS]; /* of each vCPU, if they are pinned */
	unsigned num_vcpus;
	bool is_pinned;
	int node;            /* an index: memory is that node's; -1: anywhere */
	uint64_t guest_mib;  /* the guest's */
	uint64_t beside_mib; /* image and processes */
	uint64_t normal_mib; /* of both, what is in ordinary pages */
	uint64_t most_mib;   /* of ordinary pages, to which it is limited */
	uint64_t num_pages;  /* huge ones */
	uint64_t spare_mib;  /* that could be had in ordinary pages, in all */
	struct resource_refusal refusals[NUM_RULES];
	size_t num_refusals;
	char notes[RESOURCES_MAX_NOTES][RESOURCES_TEXT_MAX];
	size_t num_notes;
};

/* resources_plan() applies every rule. */
void resources_plan(const struct topology *machine,
		    const struct resource_request *request,
		    const struct resource_taking *takings, size_t num_takings,
		    struct resource_plan *out);

/* resources_refuse() adds a refusal of a rule that is not about the machine. */
void resources_refuse(struct resource_plan *plan, enum resource_rule rule,
		      const char *need, const char *have, const char *remedy);

/*
 * resources_status() is CELLA_OK for a plan without refusals; otherwise the error tells the
 * first, and how many there are. CELLA_MISSING.
 */
enum cella_status resources_status(const struct resource_plan *plan,
				   struct cella_error *err) MUST_CHECK;

#endif
