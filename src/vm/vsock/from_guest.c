/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets from the guest. Nothing that they say is believed: CIDs, ports, lengths, credit
 * and the order of operations are compared with what this side knows.
 */
#include "vm/vsock/device.h"

/* A packet with its payload, which is still in the guest's memory. */
struct arrival {
	struct packet packet;
	const struct chain *chain;
};

/* The guest claims what cannot be: that connection is over. */
static void lied(struct device *device, struct conn *conn)
{
	device->counts.lies++;
	device_tell(device, conn, TELL_RST);
}

/* --- operations on a connection ------------------------------------------------------ */

/* A second REQUEST: the guest has forgotten the first one. */
static void on_request(struct device *device, struct conn *conn,
		       const struct arrival *arrival)
{
	(void)arrival;
	lied(device, conn);
}

static void on_response(struct device *device, struct conn *conn,
			const struct arrival *arrival)
{
	(void)arrival;
	if (conn->state != CONN_REQUESTED || (conn->tell & TELL_REQUEST) != 0) {
		lied(device, conn);
		return;
	}
	device_accepted(device, conn);
}

static void on_rst(struct device *device, struct conn *conn,
		   const struct arrival *arrival)
{
	(void)arrival;
	device_end(device, conn);
}

static void on_shutdown(struct device *device, struct conn *conn,
			const struct arrival *arrival)
{
	if (conn->state != CONN_OPEN) {
		lied(device, conn);
		return;
	}
	conn->guest_shut |= (uint8_t)(arrival->packet.flags & PACKET_SHUT_BOTH);
	device_flush(device, conn);
}

static void on_rw(struct device *device, struct conn *conn, const struct arrival *arrival)
{
	const uint32_t len = arrival->packet.len;
	size_t num = 0;

	if (conn->state != CONN_OPEN || (conn->guest_shut & PACKET_SHUT_SEND) != 0 ||
	    len > conn_window_free(conn)) {
		lied(device, conn);
		return;
	}
	/* There is room for all parts that a chain can have. */
	(void)chain_slice(arrival->chain, PACKET_HEADER_LEN, len, device->parts, &num,
			  RING_MAX_PARTS);
	conn->received += len;
	device->counts.bytes_from_guest += len;
	device_forward(device, conn, device->parts, num, len);
}

static void on_credit_update(struct device *device, struct conn *conn,
			     const struct arrival *arrival)
{
	(void)device;
	(void)conn;
	(void)arrival; /* what every packet tells has been noted already */
}

static void on_credit_request(struct device *device, struct conn *conn,
			      const struct arrival *arrival)
{
	(void)arrival;
	device_tell(device, conn, TELL_CREDIT);
}

static const struct {
	void (*handle)(struct device *device, struct conn *conn,
		       const struct arrival *arrival);
	bool has_payload;
} operations[] = {
	[PACKET_INVALID] = { NULL, false },
	[PACKET_REQUEST] = { on_request, false },
	[PACKET_RESPONSE] = { on_response, false },
	[PACKET_RST] = { on_rst, false },
	[PACKET_SHUTDOWN] = { on_shutdown, false },
	[PACKET_RW] = { on_rw, true },
	[PACKET_CREDIT_UPDATE] = { on_credit_update, false },
	[PACKET_CREDIT_REQUEST] = { on_credit_request, false },
};
_Static_assert(ARRAY_LEN(operations) == PACKET_NUM_OPS, "each operation has a row");

/* --- which connection ---------------------------------------------------------------- */

static bool is_host(uint64_t cid)
{
	return cid == CID_HOST || cid == CID_PARENT;
}

/* Nobody knows it. An RST is never answered with another. */
static void unknown(struct device *device, const struct packet *packet)
{
	if (packet->op == PACKET_RST)
		return;
	if (packet->op == PACKET_REQUEST && packet->type == PACKET_STREAM &&
	    is_host(packet->dst_cid) && packet->len == 0)
		device_open_for_guest(device, packet);
	else
		device_refuse(device, packet);
}

static bool is_well_formed(const struct arrival *arrival)
{
	const struct packet *const p = &arrival->packet;

	return p->type == PACKET_STREAM && p->op < ARRAY_LEN(operations) &&
	       operations[p->op].handle != NULL &&
	       (operations[p->op].has_payload || p->len == 0) &&
	       p->len <= arrival->chain->len - PACKET_HEADER_LEN;
}

static void known(struct device *device, struct conn *conn, const struct arrival *arrival)
{
	const struct packet *const p = &arrival->packet;

	/* It is being reset: what was sent before the guest knows is of no interest. */
	if ((conn->tell & TELL_RST) != 0 && p->op != PACKET_RST)
		return;
	if (!is_well_formed(arrival) ||
	    (p->op != PACKET_RST && p->op != PACKET_REQUEST &&
	     !conn_peer_told(conn, p->buf_alloc, p->fwd_cnt))) {
		lied(device, conn);
		return;
	}
	operations[p->op].handle(device, conn, arrival);
	device_offer(device, conn);
}

static void arrived(struct device *device, const struct chain *chain)
{
	uint8_t header[PACKET_HEADER_LEN];
	struct arrival arrival = { .chain = chain };
	struct conn *conn;

	device->counts.packets_from_guest++;
	if (chain->len < PACKET_HEADER_LEN) {
		device->counts.dropped++;
		return;
	}
	parts_read(chain->parts, header, sizeof header);
	packet_read(header, &arrival.packet);
	/* Who pretends to be another gets no answer, which would go to that other. */
	if (arrival.packet.src_cid != device->config.cid) {
		device->counts.dropped++;
		return;
	}
	conn = conn_find(&device->table, arrival.packet.dst_cid, arrival.packet.dst_port,
			 arrival.packet.src_port);
	if (conn != NULL)
		known(device, conn, &arrival);
	else
		unknown(device, &arrival.packet);
}

bool device_from_guest(struct device *device)
{
	uint16_t num = 0;

	if (device->tx == NULL)
		return false;
	while (num < DEVICE_TX_ROUND && ring_available(device->tx) > 0) {
		if (!ring_peek(device->tx, device->memory, 0, CHAIN_READABLE,
			       &device->chain))
			return false;
		arrived(device, &device->chain);
		ring_finish(device->tx, device->chain.head, 0);
		num++;
	}
	return num == DEVICE_TX_ROUND;
}
