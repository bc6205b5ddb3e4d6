/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What running Enclave VMs have taken: a file `taken` in the folder of each, which is there
 * from before its first process starts until after its last one has ended.
 */
#ifndef VM_TAKINGS_H
#define VM_TAKINGS_H

#include "vm/resources.h"

/* struct takings - those of a base folder's Enclave VMs. */
struct takings {
	struct resource_taking items[RESOURCES_MAX_TAKINGS];
	size_t num_items;
};

/*
 * takings_lock() waits, for a while, until nobody else plans with the same base folder, and
 * returns a descriptor whose closing lets others do so. CELLA_LIMIT when that takes too long.
 */
enum cella_status takings_lock(const char *base, int *out,
			       struct cella_error *err) MUST_CHECK;

/* takings_read() reads those of all that run below base but one. */
enum cella_status takings_read(const char *base, const char *but, struct takings *out,
			       struct cella_error *err) MUST_CHECK;

/* takings_write() puts down what the one with this folder takes. */
enum cella_status takings_write(const struct run_dir *dir,
				const struct resource_plan *plan,
				struct cella_error *err) MUST_CHECK;

/* taking_parse() reads a file's text: "cpus LIST\nmemory MIB\n". */
enum cella_status taking_parse(struct cella_bytes text, const char *what,
			       struct resource_taking *out,
			       struct cella_error *err) MUST_CHECK;

#endif
