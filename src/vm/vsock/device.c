/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device as a whole: its life, its time, what both directions share.
 */
#include "vm/vsock/device.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <sys/random.h>

static int64_t now_ms(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum cella_status device_init(struct device *device, const struct device_config *config,
			      int epoll, struct cella_error *err)
{
	uint32_t random[2];

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return error_errno(err, errno, "random numbers");
	memset(device, 0, sizeof *device);
	device->config = *config;
	device->epoll = epoll;
	/*
	 * Not always the same one: sockets of a guest that outlive this process would take
	 * new connections for old ones.
	 */
	device->next_host_port = HOST_PORT_FIRST + random[0] % HOST_PORT_FIRST;
	device->now_ms = now_ms();
	return conn_table_init(&device->table, config->max_connections, random[1], err);
}

void device_done(struct device *device)
{
	conn_table_done(&device->table);
}

void device_start(struct device *device, const struct memory *memory, struct ring *rx,
		  struct ring *tx)
{
	device->memory = memory;
	device->rx = rx;
	device->tx = tx;
}

/* Whoever comes back has no connections: what the host still has to get, it gets. */
void device_stop(struct device *device)
{
	device->rx = NULL;
	device->tx = NULL;
	device->num_refusals = 0;
	for (int i = 0; i < device->table.max; i++) {
		struct conn *const conn = &device->table.conns[i];

		if (conn->state != CONN_FREE && conn->state != CONN_GREETING)
			device_end(device, conn);
	}
}

void device_tell(struct device *device, struct conn *conn, uint8_t what)
{
	conn->tell |= what;
	conn_enqueue(&device->table, conn);
}

void device_refuse(struct device *device, const struct packet *packet)
{
	const size_t last = (device->first_refusal + device->num_refusals) %
			    DEVICE_MAX_REFUSALS;

	if (device->num_refusals == DEVICE_MAX_REFUSALS) {
		device->counts.dropped++;
		return;
	}
	device->counts.refused++;
	device->refusals[last] = (struct refusal){ .host_cid = packet->dst_cid,
						   .host_port = packet->dst_port,
						   .guest_port = packet->src_port,
						   .type = packet->type };
	device->num_refusals++;
}

bool device_has_packets(const struct device *device)
{
	return device->num_refusals > 0 || device->table.queue.first != CONN_NONE;
}

/* --- time ---------------------------------------------------------------------------- */

static void time_is_up(struct device *device, struct conn *conn)
{
	switch (conn->state) {
	case CONN_FREE:
		break;
	case CONN_GREETING:
	case CONN_CLOSED:
		conn_free(&device->table, conn);
		break;
	case CONN_REQUESTED:
	case CONN_OPEN:
	case CONN_DIALLING:
		conn_set_deadline(&device->table, conn, 0);
		device_tell(device, conn, TELL_RST);
		break;
	}
}

static void tick(struct device *device, struct conn *conn)
{
	if (conn->deadline_ms != 0 && conn->deadline_ms <= device->now_ms) {
		time_is_up(device, conn);
	} else if (conn->state == CONN_DIALLING && conn->tell == 0) {
		device_dial(device, conn);
	} else if (conn->is_held) {
		/* It is asked anew what it has read, if there still is anything for it. */
		conn_set_held(&device->table, conn, false);
		conn->has_asked = false;
		device_offer(device, conn);
	}
}

void device_tick(struct device *device)
{
	const int64_t now = now_ms();
	const bool is_due = now - device->last_tick_ms >= DEVICE_DIAL_TICK_MS;

	device->now_ms = now;
	if (!is_due || device_wait_ms(device) < 0)
		return;
	device->last_tick_ms = now;
	for (int i = 0; i < device->table.max; i++)
		tick(device, &device->table.conns[i]);
}

int device_wait_ms(const struct device *device)
{
	if (device->table.num_dialling > 0)
		return DEVICE_DIAL_TICK_MS;
	if (device->table.num_held > 0)
		return DEVICE_HELD_TICK_MS;
	return device->table.num_deadlines > 0 ? DEVICE_TICK_MS : -1;
}
