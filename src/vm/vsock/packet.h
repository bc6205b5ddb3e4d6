/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a packet between a virtio socket device and its driver: virtio 1.2, section
 * 5.10.6. It is little-endian, 44 bytes long, and followed by the payload.
 */
#ifndef VM_VSOCK_PACKET_H
#define VM_VSOCK_PACKET_H

#include "base/bytes.h"

enum { PACKET_HEADER_LEN = 44 };

enum packet_type { PACKET_STREAM = 1 };

enum packet_op {
	PACKET_INVALID = 0,
	PACKET_REQUEST = 1,
	PACKET_RESPONSE = 2,
	PACKET_RST = 3,
	PACKET_SHUTDOWN = 4,
	PACKET_RW = 5,
	PACKET_CREDIT_UPDATE = 6,
	PACKET_CREDIT_REQUEST = 7,
	PACKET_NUM_OPS,
};

/* Flags of PACKET_SHUTDOWN, as the sender sees itself. */
enum {
	PACKET_SHUT_RECEIVE = 1, /* it will receive no more */
	PACKET_SHUT_SEND = 2,    /* it will send no more */
	PACKET_SHUT_BOTH = 3,
};

struct packet {
	uint64_t src_cid;
	uint64_t dst_cid;
	uint32_t src_port;
	uint32_t dst_port;
	uint32_t len;
	uint16_t type;
	uint16_t op;
	uint32_t flags;
	uint32_t buf_alloc;
	uint32_t fwd_cnt;
};

/* packet_read() takes a header apart. Any bytes are a header; nothing is judged here. */
void packet_read(const uint8_t bytes[PACKET_HEADER_LEN], struct packet *out);

/* packet_write() is its reverse. */
void packet_write(const struct packet *packet, uint8_t out[PACKET_HEADER_LEN]);

/* packet_op_name() is "REQUEST" for PACKET_REQUEST, "unknown" for what is none. */
const char *packet_op_name(uint16_t op);

#endif
