/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's side of a virtio socket device, for tests: a guest's memory in a memory file,
 * its queues, and packets. It follows the format unless a test writes something else.
 */
#ifndef TEST_VSOCK_DRIVER_H
#define TEST_VSOCK_DRIVER_H

#include "vm/vsock/memory.h"
#include "vm/vsock/packet.h"

enum {
	DRIVER_NUM = 128, /* entries of a queue, as QEMU has them */
	DRIVER_MAX_PAYLOAD = 64 << 10,
	DRIVER_RX_PAYLOAD = 4096,
	DRIVER_CID = 42,
	DRIVER_RX = 0,
	DRIVER_TX = 1,
	DRIVER_NUM_QUEUES = 2,
	/* Sizes of the format. */
	DRIVER_DESC_LEN = 16,
	DRIVER_DESC_NEXT = 1,
	DRIVER_DESC_WRITE = 2,
	DRIVER_DESC_INDIRECT = 4,
};

/* Where the two halves of the memory file are, in addresses of the guest and the front-end. */
#define DRIVER_LOW_GUEST UINT64_C(0x100000)
#define DRIVER_HIGH_GUEST UINT64_C(0x100000000)
#define DRIVER_LOW_USER UINT64_C(0x7f0000000000)
#define DRIVER_HIGH_USER UINT64_C(0x7e0000000000)

struct driver_queue {
	uint8_t *desc;
	uint8_t *avail;
	uint8_t *used;
	uint16_t next_avail;
	uint16_t last_used;
	uint16_t free[DRIVER_NUM]; /* slots: each has a buffer and two descriptors */
	uint16_t num_free;
};

struct driver {
	int memfd;
	uint8_t *memory;
	size_t len;
	struct driver_queue queues[DRIVER_NUM_QUEUES];
	bool one_buffer; /* header and payload of receive buffers in one: newer Linux */
};

/* driver_init() makes memory, sealed as QEMU seals it, and queues without buffers. */
void driver_init(struct driver *driver);
void driver_done(struct driver *driver);

/* driver_regions() tells the two halves as a front-end does. */
void driver_regions(const struct driver *driver, struct memory_region out[2]);

/* driver_user() and driver_guest() are the addresses of a place in the memory. */
uint64_t driver_user(const struct driver *driver, const uint8_t *at);
uint64_t driver_guest(const struct driver *driver, const uint8_t *at);

/* driver_reset() empties both queues. */
void driver_reset(struct driver *driver);

/* driver_post() gives the device so many receive buffers, as far as there are. */
void driver_post(struct driver *driver, unsigned num);

/* driver_send() puts a packet into the transmit queue; false when it is full. */
bool driver_send(struct driver *driver, const struct packet *packet, const void *payload);

/*
 * driver_receive() takes the next packet that the device has put; false when there is none.
 * The buffer is not given back: driver_post() does. payload takes DRIVER_MAX_PAYLOAD.
 */
bool driver_receive(struct driver *driver, struct packet *out, uint8_t *payload);

/* driver_set_desc() and driver_offer() write what a test likes. */
void driver_set_desc(struct driver_queue *queue, uint16_t index, uint64_t addr,
		     uint32_t len, uint16_t flags, uint16_t next);
void driver_offer(struct driver_queue *queue, uint16_t head);
void driver_set_avail_index(struct driver_queue *queue, uint16_t index);

/* driver_wants_kick() is true unless the device has asked not to be notified. */
bool driver_wants_kick(const struct driver *driver, unsigned queue);

#endif
