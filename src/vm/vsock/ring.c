/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A split virtqueue: virtio 1.2, section 2.7.
 */
#include "vm/vsock/ring.h"

#include "base/error.h"

#include <assert.h>
#include <string.h>

#include <endian.h>

/* The format's sizes and flags. */
enum {
	DESC_LEN = 16,
	DESC_ALIGN = 16,
	AVAIL_ALIGN = 2,
	USED_ALIGN = 4,
	AVAIL_RING_AT = 4, /* behind flags and index */
	USED_RING_AT = 4,
	USED_ENTRY_LEN = 8,
	EVENT_LEN = 2,

	DESC_NEXT = 1,
	DESC_WRITE = 2,
	DESC_INDIRECT = 4,
	AVAIL_NO_INTERRUPT = 1,
	USED_NO_NOTIFY = 1,
};

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

/* --- single accesses to memory that somebody else writes ----------------------------- */

static uint16_t load16(const uint8_t *at, int order)
{
	return le16toh(__atomic_load_n((const uint16_t *)(const void *)at, order));
}

static void store16(uint8_t *at, uint16_t value, int order)
{
	__atomic_store_n((uint16_t *)(void *)at, htole16(value), order);
}

static uint64_t load64(const uint8_t *at)
{
	return le64toh(
		__atomic_load_n((const uint64_t *)(const void *)at, __ATOMIC_RELAXED));
}

static void store32(uint8_t *at, uint32_t value)
{
	__atomic_store_n((uint32_t *)(void *)at, htole32(value), __ATOMIC_RELAXED);
}

static struct desc load_desc(const struct ring *ring, uint16_t index)
{
	const uint8_t *const at = ring->desc + (size_t)index * DESC_LEN;
	const uint64_t rest = load64(at + 8);

	return (struct desc){
		.addr = load64(at),
		.len = (uint32_t)rest,
		.flags = (uint16_t)(rest >> 32),
		.next = (uint16_t)(rest >> 48),
	};
}

/* --- where it is --------------------------------------------------------------------- */

static enum cella_status locate(const struct memory *memory, uint64_t addr, uint64_t len,
				size_t align, const char *what, uint8_t **out,
				struct cella_error *err)
{
	uint8_t *const at = memory_at_user(memory, addr, len);

	if (at == NULL)
		return error_set(err, CELLA_MALFORMED,
				 "%s: %llu bytes at %#llx do not lie in one region", what,
				 (unsigned long long)len, (unsigned long long)addr);
	if ((uintptr_t)at % align != 0)
		return error_set(err, CELLA_MALFORMED, "%s: %#llx is not aligned to %zu",
				 what, (unsigned long long)addr, align);
	*out = at;
	return CELLA_OK;
}

enum cella_status ring_locate(struct ring *ring, const struct memory *memory,
			      uint16_t num, const struct ring_address *at,
			      struct cella_error *err)
{
	struct ring found = *ring;

	if (num == 0 || num > RING_MAX_NUM || (num & (num - 1)) != 0)
		return error_set(err, CELLA_MALFORMED,
				 "ring size: %u is no power of two up to %d", num,
				 RING_MAX_NUM);
	TRY(locate(memory, at->desc, (uint64_t)num * DESC_LEN, DESC_ALIGN,
		   "descriptor table", &found.desc, err));
	TRY(locate(memory, at->avail, AVAIL_RING_AT + num * 2U + EVENT_LEN, AVAIL_ALIGN,
		   "available ring", &found.avail, err));
	TRY(locate(memory, at->used,
		   USED_RING_AT + (uint64_t)num * USED_ENTRY_LEN + EVENT_LEN, USED_ALIGN,
		   "used ring", &found.used, err));
	found.num = num;
	*ring = found;
	return CELLA_OK;
}

void ring_start(struct ring *ring, uint16_t next_avail)
{
	ring->next_avail = next_avail;
	/* A device that takes chains in order has given back as many as it has taken. */
	ring->next_used = load16(ring->used + 2, __ATOMIC_ACQUIRE);
	ring->published = ring->next_used;
	ring->broken = NULL;
}

/* --- what the driver offers ---------------------------------------------------------- */

uint16_t ring_available(struct ring *ring)
{
	uint16_t waiting;

	if (ring->broken != NULL)
		return 0;
	waiting =
		(uint16_t)(load16(ring->avail + 2, __ATOMIC_ACQUIRE) - ring->next_avail);
	if (waiting > ring->num) {
		ring->broken = "its index is further ahead than the ring is long";
		return 0;
	}
	return waiting;
}

/* A buffer may lie across the border of two regions. */
static const char *append(const struct memory *memory, const struct desc *desc,
			  struct chain *chain)
{
	uint64_t addr = desc->addr;
	uint64_t left = desc->len;

	while (left > 0) {
		uint64_t here = left;
		uint8_t *const data = memory_at_guest(memory, addr, &here);

		if (data == NULL)
			return "a buffer lies outside of the guest's memory";
		if (chain->num_parts == RING_MAX_PARTS)
			return "a chain is in too many parts";
		chain->parts[chain->num_parts++] =
			(struct iovec){ .iov_base = data, .iov_len = (size_t)here };
		addr += here;
		left -= here;
	}
	chain->len += desc->len;
	return chain->len <= UINT32_MAX ? NULL : "a chain is longer than 4 GiB";
}

static const char *check_desc(const struct desc *desc, enum chain_access access)
{
	const bool is_writable = (desc->flags & DESC_WRITE) != 0;

	if ((desc->flags & DESC_INDIRECT) != 0)
		return "a descriptor is indirect, which was not offered";
	if (is_writable != (access == CHAIN_WRITABLE))
		return is_writable ? "a buffer to read from is one to write to"
				   : "a buffer to write to is one to read from";
	return NULL;
}

static const char *walk(const struct ring *ring, const struct memory *memory,
			uint16_t head, enum chain_access access, struct chain *out)
{
	uint16_t index = head;

	out->head = head;
	out->num_parts = 0;
	out->len = 0;
	for (unsigned steps = 0; steps < ring->num; steps++) {
		struct desc desc;
		const char *wrong;

		if (index >= ring->num)
			return "a descriptor's number is larger than the ring";
		desc = load_desc(ring, index);
		wrong = check_desc(&desc, access);
		if (wrong == NULL)
			wrong = append(memory, &desc, out);
		if (wrong != NULL || (desc.flags & DESC_NEXT) == 0)
			return wrong;
		index = desc.next;
	}
	return "a chain has no end";
}

bool ring_peek(struct ring *ring, const struct memory *memory, uint16_t ahead,
	       enum chain_access access, struct chain *out)
{
	const uint16_t at = (uint16_t)(ring->next_avail + ahead) &
			    (uint16_t)(ring->num - 1);
	const uint8_t *const entry = ring->avail + AVAIL_RING_AT + (size_t)at * 2;

	if (ring->broken == NULL)
		ring->broken =
			walk(ring, memory, load16(entry, __ATOMIC_RELAXED), access, out);
	return ring->broken == NULL;
}

/* --- what the device gives back ------------------------------------------------------ */

void ring_finish(struct ring *ring, uint16_t head, uint32_t len)
{
	const uint16_t at = ring->next_used & (uint16_t)(ring->num - 1);
	uint8_t *const entry = ring->used + USED_RING_AT + (size_t)at * USED_ENTRY_LEN;

	store32(entry, head);
	store32(entry + 4, len);
	ring->next_used++;
	ring->next_avail++;
}

bool ring_publish(struct ring *ring)
{
	if (ring->published == ring->next_used)
		return false;
	store16(ring->used + 2, ring->next_used, __ATOMIC_RELEASE);
	ring->published = ring->next_used;
	/* The index before the flag: the driver does it the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return (load16(ring->avail, __ATOMIC_RELAXED) & AVAIL_NO_INTERRUPT) == 0;
}

void ring_quiet(struct ring *ring, bool quiet)
{
	store16(ring->used, quiet ? USED_NO_NOTIFY : 0, __ATOMIC_RELAXED);
	if (!quiet)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* --- chains -------------------------------------------------------------------------- */

void parts_read(const struct iovec *parts, void *out, size_t len)
{
	uint8_t *to = out;

	for (; len > 0; parts++) {
		const size_t here = parts->iov_len < len ? parts->iov_len : len;

		memcpy(to, parts->iov_base, here);
		to += here;
		len -= here;
	}
}

void parts_write(const struct iovec *parts, const void *data, size_t len)
{
	const uint8_t *from = data;

	for (; len > 0; parts++) {
		const size_t here = parts->iov_len < len ? parts->iov_len : len;

		memcpy(parts->iov_base, from, here);
		from += here;
		len -= here;
	}
}

bool chain_slice(const struct chain *chain, size_t offset, size_t len,
		 struct iovec *parts, size_t *num, size_t max)
{
	assert(offset <= chain->len && len <= chain->len - offset);
	for (const struct iovec *part = chain->parts; len > 0; part++) {
		size_t here = part->iov_len;

		if (offset >= here) {
			offset -= here;
			continue;
		}
		here -= offset;
		if (here > len)
			here = len;
		if (*num == max)
			return false;
		parts[(*num)++] =
			(struct iovec){ .iov_base = (uint8_t *)part->iov_base + offset,
					.iov_len = here };
		offset = 0;
		len -= here;
	}
	return true;
}
