/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "vm/vsock/ring.h"
#include "vsock_driver.h"

struct world {
	struct driver driver;
	struct memory memory;
	struct ring ring; /* of the transmit queue, which lies in the upper half */
	struct driver_queue *queue;
};

static struct chain chain;

static void make(struct world *w, enum chain_access access)
{
	struct memory_region regions[2];
	struct cella_error err = { 0 };
	struct ring_address at;
	int fds[2];

	memset(w, 0, sizeof *w);
	driver_init(&w->driver);
	driver_regions(&w->driver, regions);
	fds[0] = fds[1] = w->driver.memfd;
	CHECK_OK(memory_map(regions, fds, 2, &w->memory, &err));
	w->queue = &w->driver.queues[access == CHAIN_READABLE ? DRIVER_TX : DRIVER_RX];
	at = (struct ring_address){ .desc = driver_user(&w->driver, w->queue->desc),
				    .avail = driver_user(&w->driver, w->queue->avail),
				    .used = driver_user(&w->driver, w->queue->used) };
	CHECK_OK(ring_locate(&w->ring, &w->memory, DRIVER_NUM, &at, &err));
	ring_start(&w->ring, 0);
}

static void unmake(struct world *w)
{
	memory_unmap(&w->memory);
	driver_done(&w->driver);
}

/* --- where it is --------------------------------------------------------------------- */

static void places(void **state UNUSED)
{
	static const struct {
		const char *name;
		uint16_t num;
		uint64_t desc, avail, used;
		enum cella_status status;
		const char *says;
	} rows[] = {
		{ "as it should be", 128, 0, 0x4000, 0x8000, CELLA_OK, "" },
		{ "no entries", 0, 0, 0x4000, 0x8000, CELLA_MALFORMED, "ring size: 0" },
		{ "no power of two", 96, 0, 0x4000, 0x8000, CELLA_MALFORMED, "96" },
		{ "too long", 2048, 0, 0x4000, 0x8000, CELLA_MALFORMED, "2048" },
		{ "descriptors not aligned", 128, 8, 0x4000, 0x8000, CELLA_MALFORMED,
		  "descriptor table" },
		{ "available ring not aligned", 128, 0, 0x4001, 0x8000, CELLA_MALFORMED,
		  "available ring" },
		{ "used ring not aligned", 128, 0, 0x4000, 0x8002, CELLA_MALFORMED,
		  "used ring" },
		{ "descriptors outside", 128, UINT64_C(0) - 0x1000, 0x4000, 0x8000,
		  CELLA_MALFORMED, "descriptor table" },
		{ "available ring at the end of all addresses", 128, 0,
		  UINT64_MAX - DRIVER_LOW_USER - 1, 0x8000, CELLA_MALFORMED,
		  "available ring" },
	};
	struct world w;

	make(&w, CHAIN_READABLE);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct ring_address at = { DRIVER_LOW_USER + rows[i].desc,
						 DRIVER_LOW_USER + rows[i].avail,
						 DRIVER_LOW_USER + rows[i].used };
		struct cella_error err = { 0 };
		struct ring ring = { 0 };

		CASE(rows[i].name);
		CHECK_STATUS(rows[i].status,
			     ring_locate(&ring, &w.memory, rows[i].num, &at, &err));
		CHECK_TEXT_HAS(err.text, rows[i].says);
		CHECK_TRUE((ring.desc != NULL) == (rows[i].status == CELLA_OK));
	}
	unmake(&w);
}

/* Its last byte counts, too. */
static void used_ring_at_the_border(void **state UNUSED)
{
	struct world w;
	struct cella_error err = { 0 };
	struct ring ring = { 0 };
	struct ring_address at = { DRIVER_LOW_USER, DRIVER_LOW_USER + 0x4000, 0 };

	make(&w, CHAIN_READABLE);
	at.used = DRIVER_LOW_USER + w.driver.len / 2 - (4 + 128 * 8);
	CHECK_STATUS(CELLA_MALFORMED, ring_locate(&ring, &w.memory, 128, &at, &err));
	at.used -= 4;
	CHECK_OK(ring_locate(&ring, &w.memory, 128, &at, &err));
	unmake(&w);
}

/* --- hostile chains ------------------------------------------------------------------ */

enum { N = DRIVER_DESC_NEXT, W = DRIVER_DESC_WRITE, I = DRIVER_DESC_INDIRECT };

static const struct hostile {
	const char *name;
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags;
		uint16_t next;
	} desc[3];
	uint16_t head;
	enum chain_access access;
	const char *says; /* NULL: it is as it should be */
} hostile[] = {
	{ "good",
	  { { DRIVER_LOW_GUEST, 44, N, 1 }, { DRIVER_HIGH_GUEST, 10, 0, 0 } },
	  0,
	  CHAIN_READABLE,
	  NULL },
	{ "an empty buffer", { { DRIVER_LOW_GUEST, 0, 0, 0 } }, 0, CHAIN_READABLE, NULL },
	{ "head_beyond_ring",
	  { { 0 } },
	  DRIVER_NUM,
	  CHAIN_READABLE,
	  "larger than the ring" },
	{ "head_far_beyond",
	  { { 0 } },
	  UINT16_MAX,
	  CHAIN_READABLE,
	  "larger than the ring" },
	{ "next_beyond_ring",
	  { { DRIVER_LOW_GUEST, 4, N, DRIVER_NUM } },
	  0,
	  CHAIN_READABLE,
	  "larger than the ring" },
	{ "loop_of_one", { { DRIVER_LOW_GUEST, 4, N, 0 } }, 0, CHAIN_READABLE, "no end" },
	{ "loop_of_two",
	  { { DRIVER_LOW_GUEST, 4, N, 1 }, { DRIVER_LOW_GUEST, 4, N, 0 } },
	  0,
	  CHAIN_READABLE,
	  "no end" },
	{ "loop_of_empty_buffers",
	  { { DRIVER_LOW_GUEST, 0, N, 0 } },
	  0,
	  CHAIN_READABLE,
	  "no end" },
	{ "indirect", { { DRIVER_LOW_GUEST, 16, I, 0 } }, 0, CHAIN_READABLE, "indirect" },
	{ "writable_where_readable",
	  { { DRIVER_LOW_GUEST, 16, W, 0 } },
	  0,
	  CHAIN_READABLE,
	  "is one to write to" },
	{ "readable_where_writable",
	  { { DRIVER_LOW_GUEST, 44, W | N, 1 }, { DRIVER_LOW_GUEST, 16, 0, 0 } },
	  0,
	  CHAIN_WRITABLE,
	  "is one to read from" },
	{ "buffer_outside", { { 0, 16, 0, 0 } }, 0, CHAIN_READABLE, "outside" },
	{ "buffer_ends_outside",
	  { { DRIVER_LOW_GUEST + 4, 64 << 20, 0, 0 } },
	  0,
	  CHAIN_READABLE,
	  "outside" },
	{ "buffer_wraps",
	  { { UINT64_MAX - 3, 16, 0, 0 } },
	  0,
	  CHAIN_READABLE,
	  "outside" },
	{ "buffer_of_4_GiB",
	  { { DRIVER_LOW_GUEST, UINT32_MAX, 0, 0 } },
	  0,
	  CHAIN_READABLE,
	  "outside" },
};

static void hostile_chains(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		const struct hostile *const h = &hostile[i];
		struct world w;

		CASE(h->name);
		make(&w, h->access);
		for (uint16_t d = 0; d < ARRAY_LEN(h->desc); d++)
			driver_set_desc(w.queue, d, h->desc[d].addr, h->desc[d].len,
					h->desc[d].flags, h->desc[d].next);
		driver_offer(w.queue, h->head);
		CHECK_INT(1, ring_available(&w.ring));
		CHECK_INT(h->says == NULL,
			  ring_peek(&w.ring, &w.memory, 0, h->access, &chain));
		if (h->says != NULL) {
			CHECK_TRUE(w.ring.broken != NULL);
			CHECK_TEXT_HAS(w.ring.broken, h->says);
			/* For good. */
			CHECK_INT(0, ring_available(&w.ring));
		}
		unmake(&w);
	}
}

static void index_too_far_ahead(void **state UNUSED)
{
	struct world w;

	make(&w, CHAIN_READABLE);
	driver_set_avail_index(w.queue, DRIVER_NUM);
	CHECK_INT(DRIVER_NUM, ring_available(&w.ring));
	driver_set_avail_index(w.queue, DRIVER_NUM + 1);
	CHECK_INT(0, ring_available(&w.ring));
	CHECK_TEXT_HAS(w.ring.broken, "further ahead");
	unmake(&w);
}

/* It goes back: that is far ahead. */
static void index_goes_back(void **state UNUSED)
{
	struct world w;

	make(&w, CHAIN_READABLE);
	ring_start(&w.ring, 5);
	driver_set_avail_index(w.queue, 4);
	CHECK_INT(0, ring_available(&w.ring));
	CHECK_TRUE(w.ring.broken != NULL);
	unmake(&w);
}

/* Regions that lie side by side for the guest, but not here. */
static void buffer_across_regions(void **state UNUSED)
{
	struct world w;
	struct memory_region regions[2];
	struct cella_error err = { 0 };
	struct iovec parts[4];
	size_t num = 0;
	int fds[2];

	make(&w, CHAIN_READABLE);
	driver_regions(&w.driver, regions);
	regions[1].guest_addr = regions[0].guest_addr + regions[0].size;
	fds[0] = fds[1] = w.driver.memfd;
	memory_unmap(&w.memory);
	CHECK_OK(memory_map(regions, fds, 2, &w.memory, &err));
	CHECK_OK(ring_locate(
		&w.ring, &w.memory, DRIVER_NUM,
		&(struct ring_address){ driver_user(&w.driver, w.queue->desc),
					driver_user(&w.driver, w.queue->avail),
					driver_user(&w.driver, w.queue->used) },
		&err));
	driver_set_desc(w.queue, 0, regions[1].guest_addr - 10, 30, 0, 0);
	driver_offer(w.queue, 0);
	CHECK_TRUE(ring_peek(&w.ring, &w.memory, 0, CHAIN_READABLE, &chain));
	CHECK_INT(2, chain.num_parts);
	CHECK_INT(30, chain.len);
	CHECK_INT(10, chain.parts[0].iov_len);
	CHECK_INT(20, chain.parts[1].iov_len);
	CHECK_TRUE(chain.parts[1].iov_base == w.memory.mappings[1].data);
	CHECK_TRUE(chain_slice(&chain, 5, 10, parts, &num, 4));
	CHECK_INT(2, num);
	CHECK_INT(5, parts[0].iov_len);
	CHECK_INT(5, parts[1].iov_len);
	num = 4;
	CHECK_TRUE(!chain_slice(&chain, 0, 1, parts, &num, 4));
	unmake(&w);
}

/* --- what is given back -------------------------------------------------------------- */

static void gives_back_around_the_end_of_indexes(void **state UNUSED)
{
	struct world w;
	const uint16_t start = UINT16_MAX - 1;

	make(&w, CHAIN_READABLE);
	w.queue->next_avail = start;
	w.queue->last_used = start;
	memcpy(w.queue->used + 2, &start, 2);
	ring_start(&w.ring, start);
	for (uint16_t i = 0; i < 5; i++) {
		uint16_t index;
		uint32_t entry[2];

		driver_set_desc(w.queue, i, DRIVER_LOW_GUEST, 44, 0, 0);
		driver_offer(w.queue, i);
		CHECK_INT(1, ring_available(&w.ring));
		CHECK_TRUE(ring_peek(&w.ring, &w.memory, 0, CHAIN_READABLE, &chain));
		ring_finish(&w.ring, chain.head, 1000U + i);
		CHECK_INT(0, ring_available(&w.ring));
		CHECK_TRUE(ring_publish(&w.ring));
		CHECK_TRUE(!ring_publish(&w.ring));
		memcpy(&index, w.queue->used + 2, 2);
		CHECK_INT((uint16_t)(start + i + 1), index);
		memcpy(entry, w.queue->used + 4 + (uint16_t)(start + i) % DRIVER_NUM * 8,
		       8);
		CHECK_INT(i, entry[0]);
		CHECK_INT(1000 + i, entry[1]);
	}
	unmake(&w);
}

static void looks_ahead(void **state UNUSED)
{
	struct world w;

	make(&w, CHAIN_READABLE);
	for (uint16_t i = 0; i < 3; i++) {
		driver_set_desc(w.queue, i, DRIVER_LOW_GUEST, 100U + i, 0, 0);
		driver_offer(w.queue, i);
	}
	CHECK_TRUE(ring_peek(&w.ring, &w.memory, 2, CHAIN_READABLE, &chain));
	CHECK_INT(102, chain.len);
	CHECK_INT(3, ring_available(&w.ring));
	unmake(&w);
}

static void interrupts_only_who_wants_it(void **state UNUSED)
{
	const uint16_t no_interrupt = 1;
	struct world w;

	make(&w, CHAIN_READABLE);
	driver_set_desc(w.queue, 0, DRIVER_LOW_GUEST, 44, 0, 0);
	memcpy(w.queue->avail, &no_interrupt, 2);
	driver_offer(w.queue, 0);
	CHECK_TRUE(ring_peek(&w.ring, &w.memory, 0, CHAIN_READABLE, &chain));
	ring_finish(&w.ring, chain.head, 0);
	CHECK_TRUE(!ring_publish(&w.ring));
	CHECK_TRUE(driver_wants_kick(&w.driver, DRIVER_TX));
	ring_quiet(&w.ring, true);
	CHECK_TRUE(!driver_wants_kick(&w.driver, DRIVER_TX));
	ring_quiet(&w.ring, false);
	CHECK_TRUE(driver_wants_kick(&w.driver, DRIVER_TX));
	unmake(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(used_ring_at_the_border),
		cmocka_unit_test(hostile_chains),
		cmocka_unit_test(index_too_far_ahead),
		cmocka_unit_test(index_goes_back),
		cmocka_unit_test(buffer_across_regions),
		cmocka_unit_test(gives_back_around_the_end_of_indexes),
		cmocka_unit_test(looks_ahead),
		cmocka_unit_test(interrupts_only_who_wants_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
