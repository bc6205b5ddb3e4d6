/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's side of a virtio socket device.
 */
#include "vsock_driver.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

enum {
	RINGS_LEN = 64 << 10, /* more than a queue's three parts */
	SLOT_LEN = DRIVER_MAX_PAYLOAD + 4096,
	QUEUE_LEN = RINGS_LEN + DRIVER_NUM / 2 * SLOT_LEN,
	PAYLOAD_AT = 256, /* in a slot; the header stands before it */
};

/* A test that cannot be set up says why it ends. */
static void must(bool holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	abort();
}

/* One queue lies in each half. */
static uint8_t *half(const struct driver *driver, unsigned queue)
{
	return driver->memory + queue * (driver->len / 2);
}

static uint8_t *slot(const struct driver *driver, unsigned queue, uint16_t number)
{
	return half(driver, queue) + RINGS_LEN + (size_t)number * SLOT_LEN;
}

void driver_init(struct driver *driver)
{
	memset(driver, 0, sizeof *driver);
	driver->len = (size_t)QUEUE_LEN * 2;
	driver->memfd = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	must(driver->memfd >= 0, "memfd_create");
	must(ftruncate(driver->memfd, (off_t)driver->len) == 0, "ftruncate");
	must(fcntl(driver->memfd, F_ADD_SEALS,
		   F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0,
	     "F_ADD_SEALS");
	driver->memory = mmap(NULL, driver->len, PROT_READ | PROT_WRITE, MAP_SHARED,
			      driver->memfd, 0);
	must(driver->memory != MAP_FAILED, "mmap");
	driver_reset(driver);
}

void driver_done(struct driver *driver)
{
	munmap(driver->memory, driver->len);
	close(driver->memfd);
}

void driver_reset(struct driver *driver)
{
	for (unsigned q = 0; q < DRIVER_NUM_QUEUES; q++) {
		struct driver_queue *const queue = &driver->queues[q];
		uint8_t *const at = half(driver, q);

		memset(at, 0, RINGS_LEN);
		*queue = (struct driver_queue){ .desc = at,
						.avail = at + 16384,
						.used = at + 32768 };
		for (uint16_t i = 0; i < DRIVER_NUM / 2; i++)
			queue->free[queue->num_free++] = i;
	}
}

void driver_regions(const struct driver *driver, struct memory_region out[2])
{
	const uint64_t len = driver->len / 2;

	out[0] = (struct memory_region){ DRIVER_LOW_GUEST, len, DRIVER_LOW_USER, 0 };
	out[1] = (struct memory_region){ DRIVER_HIGH_GUEST, len, DRIVER_HIGH_USER, len };
}

static uint64_t address(const struct driver *driver, const uint8_t *at, uint64_t low,
			uint64_t high)
{
	const uint64_t offset = (uint64_t)(at - driver->memory);
	const uint64_t len = driver->len / 2;

	return offset < len ? low + offset : high + (offset - len);
}

uint64_t driver_user(const struct driver *driver, const uint8_t *at)
{
	return address(driver, at, DRIVER_LOW_USER, DRIVER_HIGH_USER);
}

uint64_t driver_guest(const struct driver *driver, const uint8_t *at)
{
	return address(driver, at, DRIVER_LOW_GUEST, DRIVER_HIGH_GUEST);
}

/* --- queues -------------------------------------------------------------------------- */

void driver_set_desc(struct driver_queue *queue, uint16_t index, uint64_t addr,
		     uint32_t len, uint16_t flags, uint16_t next)
{
	uint8_t *const at = queue->desc + (size_t)index * DRIVER_DESC_LEN;

	memcpy(at, &addr, 8);
	memcpy(at + 8, &len, 4);
	memcpy(at + 12, &flags, 2);
	memcpy(at + 14, &next, 2);
}

void driver_set_avail_index(struct driver_queue *queue, uint16_t index)
{
	__atomic_store_n((uint16_t *)(void *)(queue->avail + 2), index, __ATOMIC_RELEASE);
}

void driver_offer(struct driver_queue *queue, uint16_t head)
{
	const size_t at = queue->next_avail % DRIVER_NUM;

	memcpy(queue->avail + 4 + at * 2, &head, 2);
	driver_set_avail_index(queue, ++queue->next_avail);
}

/* A slot that the device has done with; what it wrote into it. */
static bool take_used(struct driver_queue *queue, uint16_t *number, uint32_t *len)
{
	const uint16_t index =
		__atomic_load_n((uint16_t *)(void *)(queue->used + 2), __ATOMIC_ACQUIRE);
	const uint8_t *const entry = queue->used + 4 + queue->last_used % DRIVER_NUM * 8;
	uint32_t head;

	if (index == queue->last_used)
		return false;
	memcpy(&head, entry, 4);
	memcpy(len, entry + 4, 4);
	*number = (uint16_t)(head / 2);
	queue->last_used++;
	return true;
}

bool driver_wants_kick(const struct driver *driver, unsigned queue)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n((uint16_t *)(void *)driver->queues[queue].used,
			       __ATOMIC_RELAXED) == 0;
}

/* --- packets ------------------------------------------------------------------------- */

/* Each slot has the descriptors 2n and 2n + 1. */
static void offer_slot(struct driver *driver, unsigned q, uint16_t number,
		       uint32_t payload_len, uint16_t write)
{
	struct driver_queue *const queue = &driver->queues[q];
	const uint16_t head = (uint16_t)(number * 2);
	uint8_t *const payload = slot(driver, q, number) + PAYLOAD_AT;
	const uint64_t header = driver_guest(driver, payload - PACKET_HEADER_LEN);

	if (payload_len == 0 || (write != 0 && driver->one_buffer)) {
		driver_set_desc(queue, head, header, PACKET_HEADER_LEN + payload_len,
				write, 0);
	} else {
		driver_set_desc(queue, head, header, PACKET_HEADER_LEN,
				write | DRIVER_DESC_NEXT, (uint16_t)(head + 1));
		driver_set_desc(queue, (uint16_t)(head + 1),
				driver_guest(driver, payload), payload_len, write, 0);
	}
	driver_offer(queue, head);
}

void driver_post(struct driver *driver, unsigned num)
{
	struct driver_queue *const queue = &driver->queues[DRIVER_RX];

	for (; num > 0 && queue->num_free > 0; num--)
		offer_slot(driver, DRIVER_RX, queue->free[--queue->num_free],
			   DRIVER_RX_PAYLOAD, DRIVER_DESC_WRITE);
}

bool driver_send(struct driver *driver, const struct packet *packet, const void *payload)
{
	struct driver_queue *const queue = &driver->queues[DRIVER_TX];
	uint16_t number;
	uint32_t len;
	uint8_t *at;

	while (take_used(queue, &number, &len))
		queue->free[queue->num_free++] = number;
	if (queue->num_free == 0)
		return false;
	number = queue->free[--queue->num_free];
	at = slot(driver, DRIVER_TX, number) + PAYLOAD_AT;
	packet_write(packet, at - PACKET_HEADER_LEN);
	len = payload != NULL ? packet->len : 0;
	if (len > 0)
		memcpy(at, payload, len);
	offer_slot(driver, DRIVER_TX, number, len, 0);
	return true;
}

bool driver_receive(struct driver *driver, struct packet *out, uint8_t *payload)
{
	struct driver_queue *const queue = &driver->queues[DRIVER_RX];
	uint16_t number;
	uint32_t len;
	const uint8_t *at;

	if (!take_used(queue, &number, &len))
		return false;
	at = slot(driver, DRIVER_RX, number) + PAYLOAD_AT;
	packet_read(at - PACKET_HEADER_LEN, out);
	must(len == PACKET_HEADER_LEN + out->len && out->len <= DRIVER_RX_PAYLOAD,
	     "a packet's length and what was written");
	memcpy(payload, at, out->len);
	queue->free[queue->num_free++] = number;
	return true;
}
