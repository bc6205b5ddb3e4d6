/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a packet: virtio 1.2, section 5.10.6.
 */
#include "vm/vsock/packet.h"

#include <string.h>

#include <endian.h>

/* Where the fields stand. */
enum {
	AT_SRC_CID = 0,
	AT_DST_CID = 8,
	AT_SRC_PORT = 16,
	AT_DST_PORT = 20,
	AT_LEN = 24,
	AT_TYPE = 28,
	AT_OP = 30,
	AT_FLAGS = 32,
	AT_BUF_ALLOC = 36,
	AT_FWD_CNT = 40,
};

static const char *const op_names[] = {
	[PACKET_INVALID] = "INVALID",
	[PACKET_REQUEST] = "REQUEST",
	[PACKET_RESPONSE] = "RESPONSE",
	[PACKET_RST] = "RST",
	[PACKET_SHUTDOWN] = "SHUTDOWN",
	[PACKET_RW] = "RW",
	[PACKET_CREDIT_UPDATE] = "CREDIT_UPDATE",
	[PACKET_CREDIT_REQUEST] = "CREDIT_REQUEST",
};
_Static_assert(ARRAY_LEN(op_names) == PACKET_NUM_OPS, "each operation has a name");

/* The length is fixed, so that there is nothing to check: no cursor is needed. */
static uint16_t get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof value);
	return le16toh(value);
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof value);
	return le32toh(value);
}

static uint64_t get64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof value);
	return le64toh(value);
}

static void put16(uint8_t *at, uint16_t value)
{
	value = htole16(value);
	memcpy(at, &value, sizeof value);
}

static void put32(uint8_t *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof value);
}

static void put64(uint8_t *at, uint64_t value)
{
	value = htole64(value);
	memcpy(at, &value, sizeof value);
}

void packet_read(const uint8_t bytes[PACKET_HEADER_LEN], struct packet *out)
{
	*out = (struct packet){
		.src_cid = get64(bytes + AT_SRC_CID),
		.dst_cid = get64(bytes + AT_DST_CID),
		.src_port = get32(bytes + AT_SRC_PORT),
		.dst_port = get32(bytes + AT_DST_PORT),
		.len = get32(bytes + AT_LEN),
		.type = get16(bytes + AT_TYPE),
		.op = get16(bytes + AT_OP),
		.flags = get32(bytes + AT_FLAGS),
		.buf_alloc = get32(bytes + AT_BUF_ALLOC),
		.fwd_cnt = get32(bytes + AT_FWD_CNT),
	};
}

void packet_write(const struct packet *packet, uint8_t out[PACKET_HEADER_LEN])
{
	put64(out + AT_SRC_CID, packet->src_cid);
	put64(out + AT_DST_CID, packet->dst_cid);
	put32(out + AT_SRC_PORT, packet->src_port);
	put32(out + AT_DST_PORT, packet->dst_port);
	put32(out + AT_LEN, packet->len);
	put16(out + AT_TYPE, packet->type);
	put16(out + AT_OP, packet->op);
	put32(out + AT_FLAGS, packet->flags);
	put32(out + AT_BUF_ALLOC, packet->buf_alloc);
	put32(out + AT_FWD_CNT, packet->fwd_cnt);
}

const char *packet_op_name(uint16_t op)
{
	return op < ARRAY_LEN(op_names) ? op_names[op] : "unknown";
}
