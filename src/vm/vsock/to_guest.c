/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets to the guest: refusals first, then each connection that has something in turn.
 *
 * Payload is read from the host's socket straight into the guest's buffers, many of them
 * with one call: the receive buffers of Linux take 4 KiB each.
 */
#include "vm/vsock/device.h"

#include <errno.h>

#include <sys/ioctl.h>
#include <sys/socket.h>

/*
 * A guest accounts each packet with what its own structures take besides the payload: some
 * kernels reset a connection whose window is overrun by many small ones that nobody reads.
 * With less credit than this it is waited for more; and once so many smaller packets are
 * under way as would fill the window at this size, for more data, or for the guest to tell
 * that it has read them. It does not tell of small amounts by itself: it is asked, again and
 * again.
 */
enum { SMALL_LEN = 1024 };

static const char too_small[] = "a receive buffer has no room for a packet";

/* --- one packet ---------------------------------------------------------------------- */

static struct packet header_for(const struct device *device, uint64_t host_cid,
				uint32_t host_port, uint32_t guest_port, uint16_t op)
{
	return (struct packet){ .src_cid = host_cid,
				.dst_cid = device->config.cid,
				.src_port = host_port,
				.dst_port = guest_port,
				.type = PACKET_STREAM,
				.op = op };
}

/* Every packet tells the credit. */
static struct packet header_of(const struct device *device, struct conn *conn,
			       uint16_t op)
{
	struct packet packet =
		header_for(device, conn->host_cid, conn->host_port, conn->guest_port, op);

	packet.buf_alloc = conn->window;
	packet.fwd_cnt = conn->forwarded;
	conn->told_forwarded = conn->forwarded;
	conn->tell &= (uint8_t)~TELL_CREDIT;
	return packet;
}

static bool peek(struct device *device, uint16_t ahead)
{
	if (ring_available(device->rx) <= ahead ||
	    !ring_peek(device->rx, device->memory, ahead, CHAIN_WRITABLE, &device->chain))
		return false;
	if (device->chain.len <= PACKET_HEADER_LEN) {
		device->rx->broken = too_small;
		return false;
	}
	return true;
}

/* A packet without payload, into the next buffer. */
static bool put(struct device *device, const struct packet *packet)
{
	uint8_t header[PACKET_HEADER_LEN];

	if (!peek(device, 0))
		return false;
	packet_write(packet, header);
	parts_write(device->chain.parts, header, sizeof header);
	ring_finish(device->rx, device->chain.head, sizeof header);
	device->counts.packets_to_guest++;
	return true;
}

static bool put_refusal(struct device *device)
{
	const struct refusal *const r = &device->refusals[device->first_refusal];
	struct packet packet =
		header_for(device, r->host_cid, r->host_port, r->guest_port, PACKET_RST);

	packet.type = r->type;
	if (!put(device, &packet))
		return false;
	device->first_refusal = (device->first_refusal + 1) % DEVICE_MAX_REFUSALS;
	device->num_refusals--;
	return true;
}

/* --- data ---------------------------------------------------------------------------- */

/* The buffers of one read. The work space of the chains is used again for each of them. */
struct batch {
	uint16_t num;
	size_t num_parts;
	size_t len;
	struct {
		uint16_t head;
		uint32_t room;
		struct iovec header[PACKET_HEADER_LEN]; /* however it is split */
	} chains[DEVICE_BATCH_CHAINS];
};

/* Adds a buffer with room for so much of max as it has. */
static bool batch_add(struct device *device, struct batch *batch, size_t max)
{
	const size_t here = device->chain.len - PACKET_HEADER_LEN;
	const size_t room = here < max ? here : max;
	const size_t num_before = batch->num_parts;
	size_t num_header = 0;

	if (!chain_slice(&device->chain, PACKET_HEADER_LEN, room, device->parts,
			 &batch->num_parts, RING_MAX_PARTS)) {
		batch->num_parts = num_before;
		return false;
	}
	(void)chain_slice(&device->chain, 0, PACKET_HEADER_LEN,
			  batch->chains[batch->num].header, &num_header,
			  PACKET_HEADER_LEN);
	batch->chains[batch->num].head = device->chain.head;
	batch->chains[batch->num].room = (uint32_t)room;
	batch->num++;
	batch->len += room;
	return true;
}

static void batch_gather(struct device *device, size_t max, struct batch *batch)
{
	batch->num = 0;
	batch->num_parts = 0;
	batch->len = 0;
	while (batch->len < max && batch->num < DEVICE_BATCH_CHAINS) {
		if (!peek(device, batch->num) ||
		    !batch_add(device, batch, max - batch->len))
			break;
	}
}

/* Reads into the buffers. How much came; 0 when nothing did. */
static size_t batch_read(struct device *device, struct conn *conn, struct batch *batch)
{
	struct msghdr message = { .msg_iov = device->parts,
				  .msg_iovlen = batch->num_parts };
	ssize_t got;

	do
		got = recvmsg(conn->fd, &message, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		return (size_t)got;
	conn->is_readable = false;
	/* Whatever else went wrong: there is no more to come. */
	if (got == 0 || errno != EAGAIN) {
		conn->host_ended = true;
		device_tell(device, conn, TELL_SHUTDOWN);
	}
	return 0;
}

static void batch_finish(struct device *device, struct conn *conn,
			 const struct batch *batch, size_t len)
{
	for (uint16_t i = 0; len > 0; i++) {
		struct packet packet = header_of(device, conn, PACKET_RW);
		uint8_t header[PACKET_HEADER_LEN];

		packet.len = batch->chains[i].room < len ? batch->chains[i].room
							 : (uint32_t)len;
		packet_write(&packet, header);
		parts_write(batch->chains[i].header, header, sizeof header);
		ring_finish(device->rx, batch->chains[i].head,
			    PACKET_HEADER_LEN + packet.len);
		len -= packet.len;
		conn->sent += packet.len;
		conn->crumbs += packet.len < SMALL_LEN;
		device->counts.bytes_to_guest += packet.len;
		device->counts.packets_to_guest++;
	}
}

/*
 * What the guest can take now. With little room it takes nothing, unless its whole window
 * is little.
 */
static size_t credit(const struct conn *conn)
{
	const uint32_t free = conn_peer_free(conn);
	const uint32_t enough = conn->peer_alloc / 4 < SMALL_LEN ? conn->peer_alloc / 4
								 : SMALL_LEN;

	return free < enough ? 0 : free;
}

/* There is little to be read, and too much that is little is under way. */
static bool is_crumb(const struct conn *conn)
{
	int waiting = 0;

	return conn->crumbs >= conn->peer_alloc / SMALL_LEN &&
	       conn_peer_free(conn) >= SMALL_LEN &&
	       ioctl(conn->fd, FIONREAD, &waiting) == 0 && waiting > 0 &&
	       waiting < SMALL_LEN;
}

/* False when there is no buffer. */
static bool put_data(struct device *device, struct conn *conn)
{
	struct batch batch;
	const size_t max = credit(conn);
	size_t len;

	conn_set_held(&device->table, conn, is_crumb(conn));
	if (max == 0 || conn->is_held) {
		if (!conn->has_asked)
			conn->tell |= TELL_ASK_CREDIT;
		conn->has_asked = true;
		return true;
	}
	batch_gather(device, max < DEVICE_BATCH_LEN ? max : DEVICE_BATCH_LEN, &batch);
	if (batch.num == 0)
		return false;
	conn->has_asked = false;
	len = batch_read(device, conn, &batch);
	batch_finish(device, conn, &batch, len);
	return true;
}

/* --- connections in turn ------------------------------------------------------------- */

static bool has_data(const struct conn *conn)
{
	return conn->state == CONN_OPEN && conn->is_readable && !conn->host_ended &&
	       (conn->guest_shut & PACKET_SHUT_RECEIVE) == 0;
}

static bool may_send(const struct conn *conn)
{
	return credit(conn) > 0 && !(conn->is_held && is_crumb(conn));
}

/* What it can be told now: that the host has left comes after the host's last word. */
static uint8_t due(const struct conn *conn)
{
	return has_data(conn) ? conn->tell & (uint8_t)~TELL_SHUTDOWN : conn->tell;
}

/* It is asked for credit once, and then waited for. */
void device_offer(struct device *device, struct conn *conn)
{
	if (conn->state == CONN_FREE || conn->state == CONN_CLOSED)
		return;
	if (due(conn) != 0 || (has_data(conn) && (may_send(conn) || !conn->has_asked)))
		conn_enqueue(&device->table, conn);
}

/* What the host has done with its end, as the guest is told. */
static uint8_t host_shut(const struct conn *conn)
{
	return (uint8_t)((conn->host_ended ? PACKET_SHUT_SEND : 0) |
			 (conn->host_gone ? PACKET_SHUT_RECEIVE : 0));
}

static bool put_op(struct device *device, struct conn *conn, uint8_t what, uint16_t op)
{
	struct packet packet = header_of(device, conn, op);

	if (op == PACKET_SHUTDOWN)
		packet.flags = host_shut(conn);
	if (!put(device, &packet)) {
		conn->tell |= what;
		return false;
	}
	conn->tell &= (uint8_t)~what;
	if (op != PACKET_SHUTDOWN)
		return true;
	conn->host_told = (uint8_t)packet.flags;
	if (conn->host_told == PACKET_SHUT_BOTH)
		conn_set_deadline(&device->table, conn, device->now_ms + DEVICE_CLOSE_MS);
	return true;
}

/* In this order: a connection begins, has data, ends. */
static const struct {
	uint8_t what;
	uint16_t op;
} before_data[] = {
	{ TELL_REQUEST, PACKET_REQUEST },
	{ TELL_RESPONSE, PACKET_RESPONSE },
}, after_data[] = {
	{ TELL_SHUTDOWN, PACKET_SHUTDOWN },
	{ TELL_ASK_CREDIT, PACKET_CREDIT_REQUEST },
	{ TELL_CREDIT, PACKET_CREDIT_UPDATE },
};

/* One turn of a connection. False when there is no buffer for what it has. */
static bool take_turn(struct device *device, struct conn *conn)
{
	if ((conn->tell & TELL_RST) != 0) {
		const struct packet packet = header_of(device, conn, PACKET_RST);

		if (!put(device, &packet))
			return false;
		device_end(device, conn);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(before_data); i++)
		if ((conn->tell & before_data[i].what) != 0 &&
		    !put_op(device, conn, before_data[i].what, before_data[i].op))
			return false;
	if (has_data(conn) && !put_data(device, conn))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(after_data); i++)
		if ((due(conn) & after_data[i].what) != 0 &&
		    !put_op(device, conn, after_data[i].what, after_data[i].op))
			return false;
	return true;
}

/* The first in the queue; it stands at its end afterwards if it has more. */
static bool serve_first(struct device *device)
{
	struct conn *const conn = &device->table.conns[device->table.queue.first];
	const uint32_t generation = conn->generation;

	if (!take_turn(device, conn))
		return false;
	if (conn->generation != generation || conn->state == CONN_FREE)
		return true;
	conn_dequeue(&device->table, conn);
	device_offer(device, conn);
	return true;
}

bool device_to_guest(struct device *device)
{
	unsigned turns = 0;

	if (device->rx == NULL)
		return false;
	for (; turns < DEVICE_RX_ROUND && device->num_refusals > 0; turns++)
		if (!put_refusal(device))
			return false;
	for (; turns < DEVICE_RX_ROUND && device->table.queue.first != CONN_NONE; turns++)
		if (!serve_first(device))
			return false;
	return turns == DEVICE_RX_ROUND;
}
