/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vhost-user protocol, seen from the back-end: messages, and which of them are admitted
 * when. A message is a header of three 32-bit numbers in this machine's order, a payload,
 * and descriptors that travel beside it.
 *
 * Each request has a row of rules. They are checked here, before anything acts: the state,
 * the payload's size, how many descriptors there are, ring numbers. A front-end that breaks
 * them is not talked to any more.
 */
#ifndef VM_VSOCK_VHOST_USER_H
#define VM_VSOCK_VHOST_USER_H

#include "vm/vsock/memory.h"
#include "vm/vsock/ring.h"

enum {
	VHOST_HEADER_LEN = 12,
	VHOST_MAX_PAYLOAD = 8 + MEMORY_MAX_REGIONS * 32,
	VHOST_MAX_FDS = MEMORY_MAX_REGIONS,
	VHOST_MAX_RINGS = 3,
	VHOST_CONFIG_LEN = 8,
};

enum vhost_request {
	VHOST_GET_FEATURES = 1,
	VHOST_SET_FEATURES = 2,
	VHOST_SET_OWNER = 3,
	VHOST_RESET_OWNER = 4,
	VHOST_SET_MEM_TABLE = 5,
	VHOST_SET_VRING_NUM = 8,
	VHOST_SET_VRING_ADDR = 9,
	VHOST_SET_VRING_BASE = 10,
	VHOST_GET_VRING_BASE = 11,
	VHOST_SET_VRING_KICK = 12,
	VHOST_SET_VRING_CALL = 13,
	VHOST_SET_VRING_ERR = 14,
	VHOST_GET_PROTOCOL_FEATURES = 15,
	VHOST_SET_PROTOCOL_FEATURES = 16,
	VHOST_GET_QUEUE_NUM = 17,
	VHOST_SET_VRING_ENABLE = 18,
	VHOST_SET_BACKEND_REQ_FD = 21,
	VHOST_GET_CONFIG = 24,
};

/*
 * Features of the device, and of the protocol. ACCESS_PLATFORM changes nothing here: what the
 * driver then lets the device reach, a confidential guest its bounce buffers, is in the memory
 * that the front-end tells all the same. Front-ends demand it for such guests, and with it a
 * channel for requests of the back-end (BACKEND_REQ), which this one never has.
 */
#define VHOST_F_PROTOCOL_FEATURES (UINT64_C(1) << 30)
#define VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)
#define VIRTIO_F_ACCESS_PLATFORM (UINT64_C(1) << 33)
#define VHOST_FEATURES \
	(VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VHOST_F_PROTOCOL_FEATURES)
#define VHOST_PROTOCOL_MQ (UINT64_C(1) << 0)
#define VHOST_PROTOCOL_REPLY_ACK (UINT64_C(1) << 3)
#define VHOST_PROTOCOL_BACKEND_REQ (UINT64_C(1) << 5)
#define VHOST_PROTOCOL_CONFIG (UINT64_C(1) << 9)
#define VHOST_PROTOCOL_FEATURES \
	(VHOST_PROTOCOL_MQ | VHOST_PROTOCOL_REPLY_ACK | VHOST_PROTOCOL_BACKEND_REQ | \
	 VHOST_PROTOCOL_CONFIG)

/* struct vhost_message - one that has come. The descriptors are its. */
struct vhost_message {
	uint32_t request;
	uint32_t flags;
	uint32_t payload_len;
	uint8_t payload[VHOST_MAX_PAYLOAD];
	int fds[VHOST_MAX_FDS];
	size_t num_fds;
};

struct vhost_ring {
	struct ring ring;
	struct ring_address address;
	uint16_t num;
	uint16_t base;
	bool has_address;
	bool is_started;
	bool is_enabled;
	int kick;
	int call;
	int err;
};

struct vhost_answer {
	bool is_due;
	uint32_t len;
	uint8_t payload[VHOST_MAX_PAYLOAD];
};

/* struct vhost - what the front-end has set up. */
struct vhost {
	uint8_t config[VHOST_CONFIG_LEN];
	uint64_t features;
	uint64_t protocol_features;
	bool has_owner;
	bool has_features;
	int requests; /* kept open, or the front-end takes offence */
	struct memory memory;
	struct vhost_ring rings[VHOST_MAX_RINGS];
	unsigned changes; /* counts whatever moves, starts or stops a ring */
};

/* vhost_init() makes one whose configuration space holds those bytes. */
void vhost_init(struct vhost *vhost, const uint8_t config[VHOST_CONFIG_LEN]);
void vhost_done(struct vhost *vhost);

/* vhost_is_running() is true when a ring is started, enabled and has memory. */
bool vhost_is_running(const struct vhost *vhost, size_t ring);

/* vhost_request_name() is "SET_OWNER" for 3, NULL for what is not admitted at all. */
const char *vhost_request_name(uint32_t request);

/*
 * vhost_read_header() judges a header: a version 1 message of the front-end whose request
 * is known and whose payload has a size that this request can have.
 */
enum cella_status vhost_read_header(const uint8_t bytes[VHOST_HEADER_LEN],
				    struct vhost_message *out,
				    struct cella_error *err) MUST_CHECK;

/*
 * vhost_handle() judges a message as a whole and does what it says. Descriptors that it
 * keeps are taken out of the message (-1). The answer, if one is due, is for
 * vhost_write_answer().
 */
enum cella_status vhost_handle(struct vhost *vhost, struct vhost_message *message,
			       struct vhost_answer *answer,
			       struct cella_error *err) MUST_CHECK;

/* vhost_write_answer() writes an answer to a request, and returns its length. */
size_t vhost_write_answer(uint32_t request, const struct vhost_answer *answer,
			  uint8_t out[VHOST_HEADER_LEN + VHOST_MAX_PAYLOAD]);

/* vhost_message_done() closes the descriptors that nobody has taken. */
void vhost_message_done(struct vhost_message *message);

#endif
