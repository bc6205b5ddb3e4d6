/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a machine has to give: processors by core, package and node, memory, huge pages, and
 * what of it this process may use. Read below a root, so that any machine's tree of files
 * can stand for the machine.
 */
#ifndef VM_TOPOLOGY_H
#define VM_TOPOLOGY_H

#include "vm/cpus.h"

enum {
	TOPOLOGY_MAX_NODES = 64,
	TOPOLOGY_PATH_MAX = 256,
	TOPOLOGY_MAX_DEPTH = 32, /* of a control group */
	TOPOLOGY_TEXT_MAX = 160,
};

#define TOPOLOGY_UNLIMITED UINT64_MAX

/* What memory is made of. */
enum page_size { PAGES_ORDINARY, PAGES_2M, PAGES_1G, NUM_PAGE_SIZES };

/* page_size_name() is "no", "2M" or "1G"; page_size_mib() is 0, 2 or 1024. */
const char *page_size_name(enum page_size size);
unsigned page_size_mib(enum page_size size);

/* A core: the threads that share it. What it has no file for is -1. */
struct topology_core {
	struct cpus threads;
	int id; /* as the kernel numbers it, within its package */
	int package;
	int node; /* an index into nodes */
};

/* Huge pages are counted in pages of their size. */
struct topology_pages {
	uint64_t total;
	uint64_t free;
};

struct topology_node {
	unsigned id;
	struct cpus cpus;
	uint64_t total_kib;
	uint64_t free_kib; /* with what the cache of files would give back */
	struct topology_pages pages[NUM_PAGE_SIZES];
};

enum topology_controller {
	CONTROLLER_CPUSET,
	CONTROLLER_CPU,
	CONTROLLER_MEMORY,
	CONTROLLER_PIDS,
	NUM_CONTROLLERS,
};

const char *topology_controller_name(enum topology_controller controller);

/* The control group (version 2) of this process, and what limits it. */
struct topology_cgroup {
	char path[TOPOLOGY_PATH_MAX]; /* below the root; "": there is none */
	bool has[NUM_CONTROLLERS];
	bool is_ours; /* may be divided: it was handed to this process */
	char why_not[TOPOLOGY_TEXT_MAX]; /* ours */
	uint64_t memory_left_kib;        /* until the nearest memory.max */
	uint64_t quota_us;               /* of processor time, in each period */
	uint64_t period_us;
};

/* struct topology - large: to be allocated. */
struct topology {
	struct cpus online;
	struct cpus allowed; /* those of them that this process may use */
	struct topology_core cores[CPUS_MAX];
	size_t num_cores;
	bool has_cores; /* which threads share a core is known */
	struct topology_node nodes[TOPOLOGY_MAX_NODES];
	size_t num_nodes;
	uint64_t total_kib;
	uint64_t available_kib;
	uint64_t reserved[NUM_PAGE_SIZES]; /* promised, of the free pages of all nodes */
	uint64_t lock_limit;               /* bytes that may be locked */
	bool can_raise_limits;
	struct topology_cgroup cgroup;
};

/*
 * topology_read() looks at the tree below root; NULL: this machine's. What a machine may
 * lack is unknown then, or has no limit; CELLA_MISSING without processors or memory,
 * CELLA_MALFORMED, CELLA_LIMIT and CELLA_IO name the file.
 */
enum cella_status topology_read(const char *root, struct topology *out,
				struct cella_error *err) MUST_CHECK;

/* topology_core_of() is the core of a processor; NULL: it is not known. */
const struct topology_core *topology_core_of(const struct topology *topology,
					     unsigned cpu);

/* The grammars of the files' texts. Errors begin with what. */

/* topology_field() reads "NAME:  VALUE kB"; CELLA_MISSING when no line has the name. */
enum cella_status topology_field(struct cella_bytes text, const char *name,
				 const char *what, uint64_t *out,
				 struct cella_error *err) MUST_CHECK;

/* topology_limit() reads a number, or "max" as TOPOLOGY_UNLIMITED. */
enum cella_status topology_limit(struct cella_bytes text, const char *what, uint64_t *out,
				 struct cella_error *err) MUST_CHECK;

/* topology_cgroup_path() finds the line "0::/PATH"; CELLA_MISSING when there is none. */
enum cella_status topology_cgroup_path(struct cella_bytes text, const char *what,
				       char path[TOPOLOGY_PATH_MAX],
				       struct cella_error *err) MUST_CHECK;

/* topology_lock_limit() finds "Max locked memory" in the text of /proc/self/limits. */
enum cella_status topology_lock_limit(struct cella_bytes text, const char *what,
				      uint64_t *out, struct cella_error *err) MUST_CHECK;

#endif
