/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's memory, as the front-end of vhost-user shares it: some files, parts of which
 * are regions of the guest's physical memory and of the front-end's address space.
 *
 * Each file must be sealed against shrinking. Otherwise whoever holds it could cut it off
 * while it is mapped, and the next access would kill this process.
 */
#ifndef VM_VSOCK_MEMORY_H
#define VM_VSOCK_MEMORY_H

#include "base/bytes.h"

#include <sys/uio.h>

enum { MEMORY_MAX_REGIONS = 8 };

/* All regions together. */
#define MEMORY_MAX_LEN (UINT64_C(1) << 42)

/* struct memory_region - one row of a memory table, in the words of vhost-user. */
struct memory_region {
	uint64_t guest_addr;
	uint64_t size;
	uint64_t user_addr;
	uint64_t mmap_offset; /* in the file */
};

struct memory_mapping {
	struct memory_region region;
	uint8_t *data; /* the region's first byte */
	void *map;
	size_t map_len;
};

struct memory {
	struct memory_mapping mappings[MEMORY_MAX_REGIONS];
	size_t num;
};

/*
 * memory_check() judges a table alone: sizes, sums, overlaps. CELLA_MALFORMED names the
 * region and what is wrong; CELLA_LIMIT: more than cella maps.
 */
enum cella_status memory_check(const struct memory_region *regions, size_t num,
			       struct cella_error *err) MUST_CHECK;

/*
 * memory_map() checks and maps a table; fds[i] is the file of regions[i] and stays the
 * caller's. out is written on success alone.
 */
enum cella_status memory_map(const struct memory_region *regions, const int *fds,
			     size_t num, struct memory *out,
			     struct cella_error *err) MUST_CHECK;

/* memory_unmap() gives it back and leaves an empty one. */
void memory_unmap(struct memory *memory);

/*
 * memory_at_user() is where len bytes at an address of the front-end are here, which must
 * lie within one region; NULL when they do not.
 */
void *memory_at_user(const struct memory *memory, uint64_t user_addr, uint64_t len);

/*
 * memory_at_guest() is where bytes at an address of the guest are here. *len is what is
 * wanted, and becomes what of it lies in the same region; NULL when the first byte is in
 * none. An end beyond the address space is in none.
 */
uint8_t *memory_at_guest(const struct memory *memory, uint64_t guest_addr, uint64_t *len);

#endif
