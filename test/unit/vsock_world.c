/* SPDX-License-Identifier: Apache-2.0 */
#include "vsock_world.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/socket.h>

void locate(struct world *w, unsigned queue)
{
	const struct driver_queue *const q = &w->driver.queues[queue];
	const struct ring_address at = { driver_user(&w->driver, q->desc),
					 driver_user(&w->driver, q->avail),
					 driver_user(&w->driver, q->used) };
	struct cella_error err = { 0 };

	CHECK_OK(ring_locate(&w->rings[queue], &w->memory, DRIVER_NUM, &at, &err));
	ring_start(&w->rings[queue], 0);
}

int listen_at(struct world *w, uint32_t port, int backlog)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s/v_%u", w->folder, port);
	CHECK_INT(0, bind(fd, (const struct sockaddr *)&at, sizeof at));
	CHECK_INT(0, listen(fd, backlog));
	return fd;
}

struct world *world_make(int max_connections)
{
	struct world *const w = calloc(1, sizeof *w);
	struct device_config config = { .cid = DRIVER_CID,
					.max_connections = max_connections };
	struct memory_region regions[2];
	struct cella_error err = { 0 };
	int fds[2];

	driver_init(&w->driver);
	driver_regions(&w->driver, regions);
	fds[0] = fds[1] = w->driver.memfd;
	CHECK_OK(memory_map(regions, fds, 2, &w->memory, &err));
	locate(w, DRIVER_RX);
	locate(w, DRIVER_TX);
	snprintf(w->folder, sizeof w->folder, "/tmp/cella-vsock-XXXXXX");
	CHECK_TRUE(mkdtemp(w->folder) != NULL);
	snprintf(config.base, sizeof config.base, "%s/v", w->folder);
	CHECK_OK(ports_read("600-800", &config.from_guest, "", &err));
	CHECK_OK(ports_read("5000-5002", &config.to_guest, "", &err));
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	CHECK_OK(device_init(&w->device, &config, w->epoll, &err));
	device_start(&w->device, &w->memory, &w->rings[DRIVER_RX], &w->rings[DRIVER_TX]);
	w->listener = listen_at(w, HOST_PORT, 128);
	driver_post(&w->driver, DRIVER_NUM);
	return w;
}

void world_unmake(struct world *w)
{
	char path[128];

	device_done(&w->device);
	memory_unmap(&w->memory);
	driver_done(&w->driver);
	close(w->epoll);
	close(w->listener);
	snprintf(path, sizeof path, "%s/v_%d", w->folder, HOST_PORT);
	unlink(path);
	CHECK_INT(0, rmdir(w->folder));
	free(w);
}

void pump(struct world *w)
{
	for (bool more = true; more;) {
		struct epoll_event events[64];
		const int num = epoll_wait(w->epoll, events, ARRAY_LEN(events), 0);

		for (int i = 0; i < num; i++)
			device_event(&w->device, events[i].data.u64, events[i].events);
		more = device_from_guest(&w->device);
		(void)ring_publish(&w->rings[DRIVER_TX]);
		more |= device_to_guest(&w->device);
		(void)ring_publish(&w->rings[DRIVER_RX]);
		more |= num > 0;
	}
}

void tick(struct world *w)
{
	w->device.last_tick_ms = 0;
	device_tick(&w->device);
}

/* --- what the guest says ------------------------------------------------------------- */

struct packet packet(uint16_t op)
{
	return (struct packet){ .src_cid = DRIVER_CID,
				.dst_cid = CID_HOST,
				.src_port = GUEST_PORT,
				.dst_port = HOST_PORT,
				.type = PACKET_STREAM,
				.op = op,
				.buf_alloc = PEER_ALLOC };
}

void send_packet(struct world *w, const struct packet *p, const void *payload)
{
	CHECK_TRUE(driver_send(&w->driver, p, payload));
	pump(w);
}

void say(struct world *w, uint16_t op)
{
	const struct packet p = packet(op);

	send_packet(w, &p, NULL);
}

void say_data(struct world *w, const void *data, uint32_t len)
{
	struct packet p = packet(PACKET_RW);

	p.len = len;
	send_packet(w, &p, data);
}

bool hear(struct world *w)
{
	if (!driver_receive(&w->driver, &w->got, w->payload))
		return false;
	driver_post(&w->driver, 1);
	return true;
}

void expect_op(struct world *w, int line, uint16_t op)
{
	if (!hear(w))
		fail_msg("%s: line %d: %s expected, nothing came", check_case, line,
			 packet_op_name(op));
	if (w->got.op != op)
		fail_msg("%s: line %d: %s expected, %s came", check_case, line,
			 packet_op_name(op), packet_op_name(w->got.op));
	CHECK_INT(DRIVER_CID, w->got.dst_cid);
}

struct conn *only_conn(struct world *w)
{
	CHECK_INT(1, w->device.table.num);
	for (int i = 0; i < w->device.table.max; i++)
		if (w->device.table.conns[i].state != CONN_FREE)
			return &w->device.table.conns[i];
	return NULL;
}

/* --- what the host does -------------------------------------------------------------- */

int connect_from_guest(struct world *w)
{
	int fd;

	say(w, PACKET_REQUEST);
	EXPECT(w, PACKET_RESPONSE);
	CHECK_INT(HOST_PORT, w->got.src_port);
	CHECK_INT(GUEST_PORT, w->got.dst_port);
	CHECK_INT(WINDOW_MAX, w->got.buf_alloc);
	fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	CHECK_TRUE(fd >= 0);
	return fd;
}

int adopt(struct world *w, const char *greeting)
{
	int fds[2];

	CHECK_INT(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
				fds));
	device_adopt(&w->device, fds[1]);
	CHECK_INT(strlen(greeting), send(fds[0], greeting, strlen(greeting), 0));
	pump(w);
	return fds[0];
}

ssize_t host_reads(int fd, uint8_t *out, size_t max)
{
	size_t len = 0;

	while (len < max) {
		const ssize_t got = recv(fd, out + len, max - len, MSG_DONTWAIT);

		if (got <= 0)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

bool host_sees_end(int fd)
{
	uint8_t byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

bool host_sees_close(int fd)
{
	uint8_t byte;
	const ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);

	return got == 0 || (got < 0 && errno == ECONNRESET);
}

void host_says(struct world *w, int fd, const char *text)
{
	CHECK_INT(strlen(text), send(fd, text, strlen(text), MSG_DONTWAIT));
	pump(w);
}

void expect_host(int fd, const char *text)
{
	uint8_t bytes[256];
	const ssize_t len = host_reads(fd, bytes, sizeof bytes);

	CHECK_BYTES(text, strlen(text), bytes_of(bytes, (size_t)len));
}
