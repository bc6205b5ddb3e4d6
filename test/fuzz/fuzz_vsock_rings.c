/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that writes what it likes into its memory and sends what packets it likes, while
 * programs of the host come, talk, listen and go: commands of some bytes each.
 */
#include "fuzz.h"

#include "../unit/vsock_driver.h"
#include "vm/vsock/device.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	MAX_CONNECTIONS = 16,
	NUM_PROGRAMS = 16,
	QUEUE_AREA = 32768 + 4096,
	HOST_PORT = 7
};

static struct world {
	struct driver driver;
	struct memory memory;
	struct ring rings[DRIVER_NUM_QUEUES];
	struct device device;
	int epoll;
	int listener;
	int programs[NUM_PROGRAMS];
	char folder[64];
} w;

static void remove_folder(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/v_%d", w.folder, HOST_PORT);
	unlink(path);
	rmdir(w.folder);
}

/* Once in a process: memory, and a port of the host. */
static void make_once(void)
{
	struct memory_region regions[2];
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fds[2];

	if (w.memory.num > 0)
		return;
	driver_init(&w.driver);
	driver_regions(&w.driver, regions);
	fds[0] = fds[1] = w.driver.memfd;
	MUST(memory_map(regions, fds, 2, &w.memory, NULL) == CELLA_OK);
	snprintf(w.folder, sizeof w.folder, "/tmp/cella-fuzz-XXXXXX");
	MUST(mkdtemp(w.folder) != NULL);
	atexit(remove_folder);
	w.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(at.sun_path, sizeof at.sun_path, "%s/v_%d", w.folder, HOST_PORT);
	MUST(bind(w.listener, (const struct sockaddr *)&at, sizeof at) == 0);
	MUST(listen(w.listener, MAX_CONNECTIONS) == 0);
}

static void begin(void)
{
	struct device_config config = { .cid = DRIVER_CID,
					.max_connections = MAX_CONNECTIONS };

	make_once();
	driver_reset(&w.driver);
	for (unsigned q = 0; q < DRIVER_NUM_QUEUES; q++) {
		const struct driver_queue *const queue = &w.driver.queues[q];
		const struct ring_address at = { driver_user(&w.driver, queue->desc),
						 driver_user(&w.driver, queue->avail),
						 driver_user(&w.driver, queue->used) };

		MUST(ring_locate(&w.rings[q], &w.memory, DRIVER_NUM, &at, NULL) ==
		     CELLA_OK);
		ring_start(&w.rings[q], 0);
	}
	snprintf(config.base, sizeof config.base, "%s/v", w.folder);
	MUST(ports_read("any", &config.from_guest, "", NULL) == CELLA_OK);
	MUST(ports_read("any", &config.to_guest, "", NULL) == CELLA_OK);
	w.epoll = epoll_create1(EPOLL_CLOEXEC);
	MUST(device_init(&w.device, &config, w.epoll, NULL) == CELLA_OK);
	w.device.next_host_port = HOST_PORT_FIRST; /* the same in each run */
	device_start(&w.device, &w.memory, &w.rings[DRIVER_RX], &w.rings[DRIVER_TX]);
	memset(w.programs, 0xff, sizeof w.programs);
}

static void end(void)
{
	device_done(&w.device);
	close(w.epoll);
	for (size_t i = 0; i < NUM_PROGRAMS; i++)
		if (w.programs[i] >= 0)
			close(w.programs[i]);
	for (int fd = 0; fd >= 0;) {
		fd = accept(w.listener, NULL, NULL);
		if (fd >= 0)
			close(fd);
	}
}

/* --- what has to hold ---------------------------------------------------------------- */

static void check_conn(const struct conn *conn)
{
	MUST(conn->held_len <= conn->window);
	MUST(conn->received - conn->forwarded <= conn->window);
	/* What is held has not been forwarded, unless nobody is there to take it. */
	MUST(conn->host_gone || conn->received - conn->forwarded >= conn->held_len);
	MUST(conn->fd >= 0 && conn->generation != 0);
	MUST(conn->is_known || conn->state == CONN_GREETING ||
	     conn->state == CONN_CLOSED);
}

static void check(void)
{
	int num = 0, from_guest = 0;
	size_t promised = 0;

	for (int i = 0; i < MAX_CONNECTIONS; i++) {
		const struct conn *const conn = &w.device.table.conns[i];

		if (conn->state == CONN_FREE)
			continue;
		check_conn(conn);
		num++;
		from_guest += conn->from_guest;
		promised += conn->window;
	}
	MUST(num == w.device.table.num && from_guest == w.device.table.num_from_guest);
	MUST(promised == w.device.table.promised);
	MUST(w.device.num_refusals <= DEVICE_MAX_REFUSALS);
}

/* Everything comes to rest: the device does not go round in circles. */
static void pump(void)
{
	bool more = true;

	for (unsigned rounds = 0; more; rounds++) {
		struct epoll_event events[16];
		const int num = epoll_wait(w.epoll, events, ARRAY_LEN(events), 0);

		MUST(rounds < 10000);
		for (int i = 0; i < num; i++)
			device_event(&w.device, events[i].data.u64, events[i].events);
		more = device_from_guest(&w.device);
		(void)ring_publish(&w.rings[DRIVER_TX]);
		more |= device_to_guest(&w.device);
		(void)ring_publish(&w.rings[DRIVER_RX]);
		more |= num > 0;
		check();
	}
}

/* --- commands ------------------------------------------------------------------------ */

static uint16_t get16(struct cella_bytes b, size_t at)
{
	return at + 1 < b.len ? (uint16_t)(b.data[at] | (unsigned)b.data[at + 1] << 8)
			      : 0;
}

static uint8_t get8(struct cella_bytes b, size_t at)
{
	return at < b.len ? b.data[at] : 0;
}

/* Bytes anywhere in the queues. */
static void scribble(struct cella_bytes b)
{
	struct driver_queue *const queue = &w.driver.queues[get8(b, 0) % 2];
	const size_t at = get16(b, 1) % QUEUE_AREA;

	if (b.len > 3)
		memcpy(queue->desc + at, b.data + 3, b.len - 3);
}

/* A packet whose fields are near what they may be. */
static void packet(struct cella_bytes b)
{
	static const uint32_t ports[] = { HOST_PORT, 8, HOST_PORT_FIRST,
					  HOST_PORT_FIRST + 1 };
	struct driver_queue *const queue = &w.driver.queues[DRIVER_TX];
	const struct packet p = {
		.src_cid = DRIVER_CID,
		.dst_cid = 2 + get8(b, 0) % 3,
		.src_port = get8(b, 1) % 4,
		.dst_port = ports[get8(b, 2) % ARRAY_LEN(ports)],
		.len = get16(b, 3),
		.type = get8(b, 5) == 0xff ? 2 : 1,
		.op = get8(b, 6) % 10,
		.flags = get8(b, 7),
		.buf_alloc = get16(b, 8),
		.fwd_cnt = get16(b, 10),
	};
	const uint16_t head = get8(b, 12) % DRIVER_NUM;
	uint8_t *const at = w.driver.memory + (size_t)(100 << 10) + head * (size_t)1024;

	packet_write(&p, at);
	driver_set_desc(queue, head, driver_guest(&w.driver, at),
			PACKET_HEADER_LEN + (get8(b, 13) > 200 ? 0 : p.len), 0, 0);
	driver_offer(queue, head);
}

static void post(struct cella_bytes b)
{
	struct driver_queue *const queue = &w.driver.queues[DRIVER_RX];
	const uint16_t head = get8(b, 0) % DRIVER_NUM;

	driver_set_desc(queue, head, DRIVER_LOW_GUEST + (64 << 10) + get16(b, 1),
			PACKET_HEADER_LEN + 1U + get16(b, 3), DRIVER_DESC_WRITE, 0);
	driver_offer(queue, head);
}

static int *program(struct cella_bytes b)
{
	return &w.programs[get8(b, 0) % NUM_PROGRAMS];
}

static void come(struct cella_bytes b)
{
	int *const place = program(b);
	int fds[2];

	if (*place >= 0 || !device_takes_programs(&w.device))
		return;
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) ==
	     0);
	*place = fds[0];
	device_adopt(&w.device, fds[1]);
	dprintf(*place, "CONNECT %u\n", get8(b, 1) % 4U);
}

static void take_called(struct cella_bytes b)
{
	int *const place = program(b);

	if (*place < 0)
		*place = accept4(w.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static void say(struct cella_bytes b)
{
	static const uint8_t zeros[65536];

	if (*program(b) >= 0)
		(void)!send(*program(b), zeros, get16(b, 1), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void hear(struct cella_bytes b)
{
	static uint8_t bytes[65536];

	if (*program(b) >= 0)
		(void)!recv(*program(b), bytes, get16(b, 1), MSG_DONTWAIT);
}

static void half_close(struct cella_bytes b)
{
	if (*program(b) >= 0)
		shutdown(*program(b), get8(b, 1) % 3);
}

static void go(struct cella_bytes b)
{
	if (*program(b) >= 0)
		close(*program(b));
	*program(b) = -1;
}

static void time_passes(struct cella_bytes b)
{
	for (int i = 0; i < MAX_CONNECTIONS; i++) {
		struct conn *const conn = &w.device.table.conns[i];

		if (conn->deadline_ms != 0 && (get16(b, 0) >> i & 1) != 0)
			conn_set_deadline(&w.device.table, conn, 1);
	}
	device_tick(&w.device);
}

static void (*const commands[])(struct cella_bytes b) = {
	scribble, packet, packet, packet,     post,        post,        come,
	say,      hear,   go,     half_close, take_called, time_passes,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { COMMAND_LEN = 16 };

	begin();
	for (size_t at = 0; at + 1 < size; at += COMMAND_LEN) {
		const size_t left = size - at - 1;

		commands[data[at] % ARRAY_LEN(commands)](bytes_of(
			data + at + 1, left < COMMAND_LEN - 1 ? left : COMMAND_LEN - 1));
		pump();
	}
	end();
	return 0;
}
