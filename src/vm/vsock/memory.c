/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's memory. A table is judged as a whole before anything is mapped; addresses are
 * translated as ranges, never by their first byte alone.
 */
#include "vm/vsock/memory.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>

#include <sys/mman.h>
#include <sys/stat.h>

/* start + len - 1 is an address; len is not 0. */
static bool is_range(uint64_t start, uint64_t len)
{
	return len > 0 && len - 1 <= UINT64_MAX - start;
}

static bool overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a <= b + (b_len - 1) && b <= a + (a_len - 1);
}

static enum cella_status check_region(const struct memory_region *r, size_t index,
				      struct cella_error *err)
{
	if (r->size == 0)
		return error_set(err, CELLA_MALFORMED, "memory region %zu: is empty",
				 index);
	if (!is_range(r->guest_addr, r->size) || !is_range(r->user_addr, r->size))
		return error_set(err, CELLA_MALFORMED,
				 "memory region %zu: guest address %#llx or user address "
				 "%#llx plus size %#llx is beyond all addresses",
				 index, (unsigned long long)r->guest_addr,
				 (unsigned long long)r->user_addr,
				 (unsigned long long)r->size);
	if (r->size > MEMORY_MAX_LEN || r->mmap_offset > MEMORY_MAX_LEN)
		return error_set(err, CELLA_LIMIT,
				 "memory region %zu: size %#llx, offset %#llx: at most "
				 "%#llx",
				 index, (unsigned long long)r->size,
				 (unsigned long long)r->mmap_offset,
				 (unsigned long long)MEMORY_MAX_LEN);
	return CELLA_OK;
}

enum cella_status memory_check(const struct memory_region *regions, size_t num,
			       struct cella_error *err)
{
	uint64_t sum = 0;

	if (num == 0 || num > MEMORY_MAX_REGIONS)
		return error_set(err, CELLA_LIMIT,
				 "memory table: %zu regions, not 1 to %d", num,
				 MEMORY_MAX_REGIONS);
	for (size_t i = 0; i < num; i++) {
		TRY(check_region(&regions[i], i, err));
		sum += regions[i].size; /* at most 8 times the limit */
		for (size_t j = 0; j < i; j++) {
			const struct memory_region *const a = &regions[i];
			const struct memory_region *const b = &regions[j];

			if (overlap(a->guest_addr, a->size, b->guest_addr, b->size) ||
			    overlap(a->user_addr, a->size, b->user_addr, b->size))
				return error_set(err, CELLA_MALFORMED,
						 "memory regions %zu and %zu overlap", j,
						 i);
		}
	}
	if (sum > MEMORY_MAX_LEN)
		return error_set(
			err, CELLA_LIMIT, "memory table: %#llx bytes, at most %#llx",
			(unsigned long long)sum, (unsigned long long)MEMORY_MAX_LEN);
	return CELLA_OK;
}

static enum cella_status check_file(const struct memory_region *r, int fd, size_t index,
				    struct cella_error *err)
{
	const uint64_t needed = r->mmap_offset + r->size;
	struct stat is;
	const int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & F_SEAL_SHRINK) == 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "memory region %zu: its file is not sealed against "
				 "shrinking; a memory-backend-memfd of QEMU is, unless "
				 "seal=off",
				 index);
	if (fstat(fd, &is) != 0)
		return error_errno(err, errno, "memory region %zu: its file", index);
	if (is.st_size < 0 || (uint64_t)is.st_size < needed)
		return error_set(
			err, CELLA_MALFORMED,
			"memory region %zu: needs %#llx bytes of its file, which "
			"has %#llx",
			index, (unsigned long long)needed,
			(unsigned long long)is.st_size);
	return CELLA_OK;
}

/*
 * From the file's start, whatever the offset: that is a page's start for pages of any size.
 */
static enum cella_status map_region(const struct memory_region *r, int fd, size_t index,
				    struct memory_mapping *out, struct cella_error *err)
{
	const size_t len = (size_t)(r->mmap_offset + r->size);
	void *const map = mmap(NULL, len, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_NORESERVE, fd, 0);

	if (map == MAP_FAILED)
		return error_errno(err, errno, "memory region %zu: mapping %zu bytes",
				   index, len);
	/* What the guest said is in no core file, and in no child. */
	madvise(map, len, MADV_DONTDUMP);
	madvise(map, len, MADV_DONTFORK);
	*out = (struct memory_mapping){ .region = *r,
					.data = (uint8_t *)map + r->mmap_offset,
					.map = map,
					.map_len = len };
	return CELLA_OK;
}

enum cella_status memory_map(const struct memory_region *regions, const int *fds,
			     size_t num, struct memory *out, struct cella_error *err)
{
	struct memory made CLEANUP(memory_unmap) = { 0 };

	TRY(memory_check(regions, num, err));
	for (size_t i = 0; i < num; i++) {
		TRY(check_file(&regions[i], fds[i], i, err));
		TRY(map_region(&regions[i], fds[i], i, &made.mappings[i], err));
		made.num++;
	}
	*out = made;
	made.num = 0;
	return CELLA_OK;
}

void memory_unmap(struct memory *memory)
{
	for (size_t i = 0; i < memory->num; i++)
		munmap(memory->mappings[i].map, memory->mappings[i].map_len);
	memory->num = 0;
}

void *memory_at_user(const struct memory *memory, uint64_t user_addr, uint64_t len)
{
	for (size_t i = 0; i < memory->num; i++) {
		const struct memory_mapping *const m = &memory->mappings[i];
		const uint64_t offset = user_addr - m->region.user_addr;

		if (user_addr >= m->region.user_addr && offset < m->region.size &&
		    len <= m->region.size - offset)
			return m->data + offset;
	}
	return NULL;
}

uint8_t *memory_at_guest(const struct memory *memory, uint64_t guest_addr, uint64_t *len)
{
	if (!is_range(guest_addr, *len))
		return NULL;
	for (size_t i = 0; i < memory->num; i++) {
		const struct memory_mapping *const m = &memory->mappings[i];
		const uint64_t offset = guest_addr - m->region.guest_addr;

		if (guest_addr < m->region.guest_addr || offset >= m->region.size)
			continue;
		if (*len > m->region.size - offset)
			*len = m->region.size - offset;
		return m->data + offset;
	}
	return NULL;
}
