/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device with both of its sides in this process: a driver that says what it likes, and
 * programs of the host. Cases are named after what the guest, the host or a peer of cella's
 * once did wrong.
 */
#include "support.h"

#include "vm/vsock/device.h"
#include "vsock_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/socket.h>

enum { HOST_PORT = 700, GUEST_PORT = 5001, PEER_ALLOC = 256 << 10, MANY = 300 };

struct world {
	struct driver driver;
	struct memory memory;
	struct ring rings[DRIVER_NUM_QUEUES];
	struct device device;
	int epoll;
	char folder[64];
	int listener;
	/* The last packet that came, and what all that came carried. */
	struct packet got;
	uint8_t payload[DRIVER_MAX_PAYLOAD];
};

static void locate(struct world *w, unsigned q)
{
	const struct driver_queue *const queue = &w->driver.queues[q];
	const struct ring_address at = { driver_user(&w->driver, queue->desc),
					 driver_user(&w->driver, queue->avail),
					 driver_user(&w->driver, queue->used) };
	struct cella_error err = { 0 };

	CHECK_OK(ring_locate(&w->rings[q], &w->memory, DRIVER_NUM, &at, &err));
	ring_start(&w->rings[q], 0);
}

static int listen_at(struct world *w, uint32_t port, int backlog)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s/v_%u", w->folder, port);
	CHECK_INT(0, bind(fd, (const struct sockaddr *)&at, sizeof at));
	CHECK_INT(0, listen(fd, backlog));
	return fd;
}

static struct world *make(int max_connections)
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

static void unmake(struct world *w)
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

/* Lets the device do all that there is to do. */
static void pump(struct world *w)
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

/* Time that has passed since the last look at the clock. */
static void tick(struct world *w)
{
	w->device.last_tick_ms = 0;
	device_tick(&w->device);
}

/* --- what the guest says ------------------------------------------------------------- */

static struct packet packet(uint16_t op)
{
	return (struct packet){ .src_cid = DRIVER_CID,
				.dst_cid = CID_HOST,
				.src_port = GUEST_PORT,
				.dst_port = HOST_PORT,
				.type = PACKET_STREAM,
				.op = op,
				.buf_alloc = PEER_ALLOC };
}

static void send_packet(struct world *w, const struct packet *p, const void *payload)
{
	CHECK_TRUE(driver_send(&w->driver, p, payload));
	pump(w);
}

static void say(struct world *w, uint16_t op)
{
	const struct packet p = packet(op);

	send_packet(w, &p, NULL);
}

static void say_data(struct world *w, const void *data, uint32_t len)
{
	struct packet p = packet(PACKET_RW);

	p.len = len;
	send_packet(w, &p, data);
}

/* The next packet, whose buffer is given back. */
static bool hear(struct world *w)
{
	if (!driver_receive(&w->driver, &w->got, w->payload))
		return false;
	driver_post(&w->driver, 1);
	return true;
}

static void expect_op(struct world *w, int line, uint16_t op)
{
	if (!hear(w))
		fail_msg("%s: line %d: %s expected, nothing came", check_case, line,
			 packet_op_name(op));
	if (w->got.op != op)
		fail_msg("%s: line %d: %s expected, %s came", check_case, line,
			 packet_op_name(op), packet_op_name(w->got.op));
	CHECK_INT(DRIVER_CID, w->got.dst_cid);
}

#define EXPECT(w, op) expect_op(w, __LINE__, op)
#define EXPECT_NOTHING(w) CHECK_TRUE(!hear(w))

static struct conn *only_conn(struct world *w)
{
	CHECK_INT(1, w->device.table.num);
	for (int i = 0; i < w->device.table.max; i++)
		if (w->device.table.conns[i].state != CONN_FREE)
			return &w->device.table.conns[i];
	return NULL;
}

/* --- what the host does -------------------------------------------------------------- */

/* A connection that the guest has made; the host's end. */
static int connect_from_guest(struct world *w)
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

static int adopt(struct world *w, const char *greeting)
{
	int fds[2];

	CHECK_INT(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
				fds));
	device_adopt(&w->device, fds[1]);
	CHECK_INT(strlen(greeting), send(fds[0], greeting, strlen(greeting), 0));
	pump(w);
	return fds[0];
}

/* Everything that the host can read now; -1: the end, too. */
static ssize_t host_reads(int fd, uint8_t *out, size_t max)
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

static bool host_sees_end(int fd)
{
	uint8_t byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

/* It is over, with an end or, where more had been said than was read, with a reset. */
static bool host_sees_close(int fd)
{
	uint8_t byte;
	const ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);

	return got == 0 || (got < 0 && errno == ECONNRESET);
}

static void host_says(struct world *w, int fd, const char *text)
{
	CHECK_INT(strlen(text), send(fd, text, strlen(text), MSG_DONTWAIT));
	pump(w);
}

static void expect_host(int fd, const char *text)
{
	uint8_t bytes[256];
	const ssize_t len = host_reads(fd, bytes, sizeof bytes);

	CHECK_BYTES(text, strlen(text), bytes_of(bytes, (size_t)len));
}

/* --- connections of the guest -------------------------------------------------------- */

static void guest_talks_with_host(void **state UNUSED)
{
	struct world *const w = make(64);
	const int host = connect_from_guest(w);

	say_data(w, "hello", 5);
	expect_host(host, "hello");
	host_says(w, host, "welcome");
	EXPECT(w, PACKET_RW);
	CHECK_BYTES("welcome", 7, bytes_of(w->payload, w->got.len));
	CHECK_INT(5, w->got.fwd_cnt);
	close(host);
	unmake(w);
}

static void host_is_two_and_three(void **state UNUSED)
{
	static const struct {
		uint64_t cid;
		uint16_t op;
	} rows[] = { { 2, PACKET_RESPONSE },     { 3, PACKET_RESPONSE },
		     { 0, PACKET_RST },          { 1, PACKET_RST },
		     { 4, PACKET_RST },          { DRIVER_CID, PACKET_RST },
		     { UINT64_MAX, PACKET_RST }, { UINT64_C(0x100000002), PACKET_RST } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world *const w = make(64);
		struct packet p = packet(PACKET_REQUEST);

		p.dst_cid = rows[i].cid;
		send_packet(w, &p, NULL);
		EXPECT(w, rows[i].op);
		CHECK_TRUE(w->got.src_cid == rows[i].cid);
		unmake(w);
	}
}

/* The same ports with CID 2 and with CID 3 are two connections. */
static void same_ports_of_two_cids(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_REQUEST);
	const int two = connect_from_guest(w);
	int three;

	p.dst_cid = CID_PARENT;
	send_packet(w, &p, NULL);
	EXPECT(w, PACKET_RESPONSE);
	three = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	p.op = PACKET_RW;
	p.len = 1;
	send_packet(w, &p, "3");
	say_data(w, "2", 1);
	expect_host(two, "2");
	expect_host(three, "3");
	close(two);
	close(three);
	unmake(w);
}

static void who_is_not_connected_gets_rst(void **state UNUSED)
{
	static const struct {
		const char *name;
		uint16_t op;
		uint32_t port;
		uint16_t type;
		uint32_t len;
		bool is_refused;
	} rows[] = {
		{ "nobody_listens", PACKET_REQUEST, 701, 1, 0, true },
		{ "port_not_admitted", PACKET_REQUEST, 599, 1, 0, true },
		{ "seqpacket", PACKET_REQUEST, HOST_PORT, 2, 0, true },
		{ "type_0", PACKET_REQUEST, HOST_PORT, 0, 0, true },
		{ "request_with_payload", PACKET_REQUEST, HOST_PORT, 1, 4, true },
		{ "response", PACKET_RESPONSE, HOST_PORT, 1, 0, true },
		{ "data", PACKET_RW, HOST_PORT, 1, 4, true },
		{ "shutdown", PACKET_SHUTDOWN, HOST_PORT, 1, 0, true },
		{ "credit_update", PACKET_CREDIT_UPDATE, HOST_PORT, 1, 0, true },
		{ "credit_request", PACKET_CREDIT_REQUEST, HOST_PORT, 1, 0, true },
		{ "op_0", PACKET_INVALID, HOST_PORT, 1, 0, true },
		{ "unknown_op", 8, HOST_PORT, 1, 0, true },
		{ "unknown_op_far_away", UINT16_MAX, HOST_PORT, 1, 0, true },
		{ "rst_is_not_answered", PACKET_RST, HOST_PORT, 1, 0, false },
		{ "rst_of_seqpacket", PACKET_RST, HOST_PORT, 2, 0, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world *const w = make(64);
		struct packet p = packet(rows[i].op);

		CASE(rows[i].name);
		p.dst_port = rows[i].port;
		p.type = rows[i].type;
		p.len = rows[i].len;
		send_packet(w, &p, "abcd");
		if (rows[i].is_refused) {
			EXPECT(w, PACKET_RST);
			CHECK_INT(rows[i].port, w->got.src_port);
			CHECK_INT(GUEST_PORT, w->got.dst_port);
			CHECK_INT(rows[i].type, w->got.type);
		}
		EXPECT_NOTHING(w);
		CHECK_INT(0, w->device.table.num);
		unmake(w);
	}
}

/* An answer would go to whom it pretends to be. */
static void other_source_cid(void **state UNUSED)
{
	static const uint64_t cids[] = { 0, 2, 43, UINT64_C(0x10000002a), UINT64_MAX };

	for (size_t i = 0; i < ARRAY_LEN(cids); i++) {
		struct world *const w = make(64);
		struct packet p = packet(PACKET_REQUEST);

		p.src_cid = cids[i];
		send_packet(w, &p, NULL);
		EXPECT_NOTHING(w);
		CHECK_INT(1, w->device.counts.dropped);
		unmake(w);
	}
}

static void packet_without_header(void **state UNUSED)
{
	struct world *const w = make(64);
	struct driver_queue *const q = &w->driver.queues[DRIVER_TX];

	driver_set_desc(q, 0, DRIVER_LOW_GUEST, PACKET_HEADER_LEN - 1, 0, 0);
	driver_offer(q, 0);
	pump(w);
	EXPECT_NOTHING(w);
	CHECK_INT(1, w->device.counts.dropped);
	CHECK_TRUE(w->rings[DRIVER_TX].broken == NULL);
	unmake(w);
}

/* --- lies about a connection --------------------------------------------------------- */

static void lies_reset_that_connection(void **state UNUSED)
{
	static const struct {
		const char *name;
		uint16_t op;
		uint16_t type;
		uint32_t len;
		uint32_t fwd_cnt;
		bool has_payload;
	} rows[] = {
		{ "second_request", PACKET_REQUEST, 1, 0, 0, false },
		{ "response_out_of_turn", PACKET_RESPONSE, 1, 0, 0, false },
		{ "passed_on_what_it_never_got", PACKET_CREDIT_UPDATE, 1, 0, 1, false },
		{ "passed_on_less_than_nothing", PACKET_CREDIT_UPDATE, 1, 0, UINT32_MAX,
		  false },
		{ "longer_than_its_chain", PACKET_RW, 1, 5, 0, false },
		{ "length_of_4_GiB", PACKET_RW, 1, UINT32_MAX, 0, false },
		{ "payload_where_none_belongs", PACKET_CREDIT_UPDATE, 1, 4, 0, true },
		{ "other_type", PACKET_RW, 2, 4, 0, true },
		{ "unknown_op", 9, 1, 0, 0, false },
		{ "op_0", PACKET_INVALID, 1, 0, 0, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world *const w = make(64);
		struct packet p = packet(rows[i].op);
		const int host = connect_from_guest(w);

		CASE(rows[i].name);
		p.type = rows[i].type;
		p.len = rows[i].len;
		p.fwd_cnt = rows[i].fwd_cnt;
		send_packet(w, &p, rows[i].has_payload ? "abcd" : NULL);
		EXPECT(w, PACKET_RST);
		EXPECT_NOTHING(w);
		CHECK_TRUE(host_sees_end(host));
		CHECK_INT(0, w->device.table.num);
		CHECK_INT(1, w->device.counts.lies);
		close(host);
		/* The next one is served. */
		close(connect_from_guest(w));
		unmake(w);
	}
}

static void sends_beyond_its_window(void **state UNUSED)
{
	struct world *const w = make(64);
	const int host = connect_from_guest(w);
	static uint8_t data[DRIVER_MAX_PAYLOAD];
	uint64_t sent = 0;

	/* The host reads nothing; its socket takes some, the window the rest. */
	while (w->device.table.num > 0 && only_conn(w)->held_len < WINDOW_MAX - 100) {
		const uint32_t room = conn_window_free(only_conn(w)) - 100;

		say_data(w, data, room < sizeof data ? room : sizeof data);
		while (hear(w))
			CHECK_INT(PACKET_CREDIT_UPDATE, w->got.op);
		sent += room < sizeof data ? room : sizeof data;
	}
	say_data(w, data, 100);
	EXPECT_NOTHING(w);
	say_data(w, data, 1);
	EXPECT(w, PACKET_RST);
	/* What it had been allowed to send is still brought to the host. */
	sent += 100;
	for (;;) {
		const ssize_t got = host_reads(host, data, sizeof data);

		pump(w);
		if (got == 0)
			break;
		sent -= (uint64_t)got;
	}
	CHECK_INT(0, sent);
	CHECK_TRUE(host_sees_end(host));
	CHECK_INT(0, w->device.table.num);
	close(host);
	unmake(w);
}

static void data_after_shutdown(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_SHUTDOWN);
	const int host = connect_from_guest(w);

	p.flags = PACKET_SHUT_SEND;
	send_packet(w, &p, NULL);
	CHECK_TRUE(host_sees_end(host));
	say_data(w, "a", 1);
	EXPECT(w, PACKET_RST);
	close(host);
	unmake(w);
}

/* --- credit -------------------------------------------------------------------------- */

static uint8_t pattern(uint64_t at)
{
	return (uint8_t)((at * UINT64_C(0x9e3779b97f4a7c15)) >> 56);
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/*
 * A guest that keeps to what it was told, and a host that reads little at a time: nothing is
 * lost, repeated or stuck, also where the counters wrap. Others stopped after 245760 bytes,
 * or lost what a socket had not taken.
 */
static void slow_host(uint32_t counters_start)
{
	enum { TOTAL = 3 << 20 };
	struct world *const w = make(64);
	const int host = connect_from_guest(w);
	struct conn *const conn = only_conn(w);
	uint32_t told = counters_start, sent = counters_start;
	uint64_t put = 0, got = 0;
	static uint8_t data[DRIVER_MAX_PAYLOAD];

	conn->received = conn->forwarded = conn->told_forwarded = counters_start;
	while (got < TOTAL) {
		const uint32_t room = WINDOW_MAX - (sent - told);
		const uint32_t len =
			min_u32(min_u32(room, (uint32_t)(TOTAL - put)), sizeof data);
		ssize_t here;

		for (uint32_t i = 0; i < len; i++)
			data[i] = pattern(put + i);
		if (len > 0)
			say_data(w, data, len);
		put += len;
		sent += len;
		here = host_reads(host, data, 10007);
		CHECK_TRUE(here > 0);
		for (ssize_t i = 0; i < here; i++)
			CHECK_INT(pattern(got + (uint64_t)i), data[i]);
		got += (uint64_t)here;
		pump(w);
		while (hear(w)) {
			CHECK_INT(PACKET_CREDIT_UPDATE, w->got.op);
			told = w->got.fwd_cnt;
		}
	}
	CHECK_TRUE(got == TOTAL);
	close(host);
	unmake(w);
}

static void slow_host_loses_nothing(void **state UNUSED)
{
	slow_host(0);
}

static void slow_host_while_counters_wrap(void **state UNUSED)
{
	slow_host(UINT32_MAX - (1 << 20));
}

/*
 * A guest whose program reads little at a time: it never gets more than it has room for,
 * nothing is lost, and nothing waits for ever, also where the counters wrap.
 */
static void slow_guest(uint32_t counters_start, uint32_t alloc)
{
	enum { TOTAL = 1 << 20 };
	struct world *const w = make(64);
	struct packet p = packet(PACKET_CREDIT_UPDATE);
	const int host = connect_from_guest(w);
	struct conn *const conn = only_conn(w);
	uint64_t put = 0, got = 0;
	uint32_t unread = 0;
	static uint8_t data[DRIVER_MAX_PAYLOAD];

	conn->sent = conn->peer_forwarded = counters_start;
	conn->peer_alloc = alloc;
	p.buf_alloc = alloc;
	p.fwd_cnt = counters_start;
	while (got < TOTAL) {
		for (size_t i = 0; i < sizeof data; i++)
			data[i] = pattern(put + i);
		if (put < TOTAL) {
			const ssize_t here = send(
				host, data, min_u32(sizeof data, (uint32_t)(TOTAL - put)),
				MSG_DONTWAIT);

			put += here > 0 ? (uint64_t)here : 0;
		}
		pump(w);
		while (hear(w)) {
			for (uint32_t i = 0; i < w->got.len; i++)
				CHECK_INT(pattern(got + i), w->payload[i]);
			got += w->got.len;
			unread += w->got.len;
			CHECK_TRUE(unread <= alloc);
			pump(w);
		}
		/* Its program reads a part, and it says so. */
		p.fwd_cnt += unread - unread / 3;
		unread /= 3;
		send_packet(w, &p, NULL);
	}
	close(host);
	unmake(w);
}

static void slow_guest_gets_what_it_has_room_for(void **state UNUSED)
{
	slow_guest(0, PEER_ALLOC);
}

static void slow_guest_while_counters_wrap(void **state UNUSED)
{
	slow_guest(UINT32_MAX - 5000, PEER_ALLOC);
}

static void guest_with_the_smallest_buffer(void **state UNUSED)
{
	slow_guest(UINT32_MAX - 5000, 128);
}

/* It shrinks its buffer below what is under way: no credit, not a huge one. */
static void buffer_shrinks(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_CREDIT_UPDATE);
	const int host = connect_from_guest(w);

	host_says(w, host, "0123456789");
	EXPECT(w, PACKET_RW);
	p.buf_alloc = 4;
	send_packet(w, &p, NULL);
	host_says(w, host, "abc");
	EXPECT(w, PACKET_CREDIT_REQUEST);
	EXPECT_NOTHING(w);
	p.fwd_cnt = 10;
	send_packet(w, &p, NULL);
	EXPECT(w, PACKET_RW);
	CHECK_BYTES("abc", 3, bytes_of(w->payload, w->got.len));
	close(host);
	unmake(w);
}

/* It is asked for credit once. Who answers that there is none is not asked for ever. */
static void asks_for_credit_once(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_CREDIT_UPDATE);
	const int host = connect_from_guest(w);

	p.buf_alloc = 0;
	send_packet(w, &p, NULL);
	host_says(w, host, "abc");
	EXPECT(w, PACKET_CREDIT_REQUEST);
	for (int i = 0; i < 10; i++) {
		send_packet(w, &p, NULL);
		EXPECT_NOTHING(w);
	}
	host_says(w, host, "def");
	EXPECT_NOTHING(w);
	p.buf_alloc = PEER_ALLOC;
	send_packet(w, &p, NULL);
	EXPECT(w, PACKET_RW);
	CHECK_BYTES("abcdef", 6, bytes_of(w->payload, w->got.len));
	close(host);
	unmake(w);
}

static void answers_when_asked_for_credit(void **state UNUSED)
{
	struct world *const w = make(64);
	const int host = connect_from_guest(w);

	say_data(w, "abc", 3);
	EXPECT_NOTHING(w);
	say(w, PACKET_CREDIT_REQUEST);
	EXPECT(w, PACKET_CREDIT_UPDATE);
	CHECK_INT(3, w->got.fwd_cnt);
	CHECK_INT(WINDOW_MAX, w->got.buf_alloc);
	close(host);
	unmake(w);
}

/* Many small packets overrun a guest's window by what they cost besides: it is waited. */
static void no_crumbs_while_there_is_little_credit(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_CREDIT_UPDATE);
	const int host = connect_from_guest(w);
	static uint8_t data[PEER_ALLOC];

	CHECK_TRUE(send(host, data, PEER_ALLOC / 2, 0) == PEER_ALLOC / 2);
	for (pump(w); hear(w); pump(w))
		p.fwd_cnt += w->got.len;
	p.fwd_cnt = 0;
	p.buf_alloc = PEER_ALLOC / 2 + 1023;
	send_packet(w, &p, NULL);
	CHECK_TRUE(send(host, data, 5000, 0) == 5000);
	pump(w);
	EXPECT(w, PACKET_CREDIT_REQUEST);
	EXPECT_NOTHING(w);
	p.buf_alloc++;
	send_packet(w, &p, NULL);
	EXPECT(w, PACKET_RW);
	CHECK_INT(1024, w->got.len);
	close(host);
	unmake(w);
}

/*
 * A program writes byte by byte, and the guest does not read: newer kernels reset a
 * connection under what so many packets cost. They are held back, asked about, and put
 * together.
 */
static void crumbs_that_nobody_reads(void **state UNUSED)
{
	enum { LIMIT = PEER_ALLOC / 1024 };
	struct world *const w = make(64);
	struct packet p = packet(PACKET_CREDIT_UPDATE);
	const int host = connect_from_guest(w);
	static uint8_t data[2000];

	for (int i = 0; i < LIMIT; i++) {
		host_says(w, host, "a");
		EXPECT(w, PACKET_RW);
	}
	host_says(w, host, "b");
	EXPECT(w, PACKET_CREDIT_REQUEST);
	for (int i = 0; i < 100; i++)
		host_says(w, host, "c");
	EXPECT_NOTHING(w);
	/* It has read nothing; it is not asked at once again, but after a while. */
	send_packet(w, &p, NULL);
	EXPECT_NOTHING(w);
	CHECK_INT(DEVICE_HELD_TICK_MS, device_wait_ms(&w->device));
	tick(w);
	pump(w);
	EXPECT(w, PACKET_CREDIT_REQUEST);
	EXPECT_NOTHING(w);
	/* What is no crumb goes at once. */
	CHECK_TRUE(send(host, data, 923, 0) == 923);
	pump(w);
	EXPECT(w, PACKET_RW);
	CHECK_INT(1024, w->got.len);
	host_says(w, host, "d");
	EXPECT(w, PACKET_CREDIT_REQUEST);
	/* It has read all. */
	p.fwd_cnt = LIMIT + 1024;
	send_packet(w, &p, NULL);
	EXPECT(w, PACKET_RW);
	CHECK_BYTES("d", 1, bytes_of(w->payload, w->got.len));
	CHECK_INT(-1, device_wait_ms(&w->device));
	close(host);
	unmake(w);
}

/* Questions and answers of a byte each go on without anyone being asked too often. */
static void small_talk(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_RW);
	const int host = connect_from_guest(w);

	p.len = 1;
	for (int i = 0; i < 2000; i++) {
		host_says(w, host, "q");
		EXPECT(w, PACKET_RW);
		p.fwd_cnt++;
		send_packet(w, &p, "a");
		expect_host(host, "a");
	}
	EXPECT_NOTHING(w);
	close(host);
	unmake(w);
}

/* --- ends ---------------------------------------------------------------------------- */

static void host_ends_one_direction(void **state UNUSED)
{
	struct world *const w = make(64);
	const int host = connect_from_guest(w);

	CHECK_INT(3, send(host, "abc", 3, 0));
	shutdown(host, SHUT_WR);
	pump(w);
	EXPECT(w, PACKET_RW);
	EXPECT(w, PACKET_SHUTDOWN);
	CHECK_INT(PACKET_SHUT_SEND, w->got.flags);
	say_data(w, "still here", 10);
	expect_host(host, "still here");
	EXPECT_NOTHING(w);
	CHECK_INT(0, only_conn(w)->deadline_ms);
	close(host);
	unmake(w);
}

static void guest_ends_one_direction(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_SHUTDOWN);
	const int host = connect_from_guest(w);

	say_data(w, "abc", 3);
	p.flags = PACKET_SHUT_SEND;
	send_packet(w, &p, NULL);
	expect_host(host, "abc");
	CHECK_TRUE(host_sees_end(host));
	host_says(w, host, "still here");
	EXPECT(w, PACKET_RW);
	CHECK_INT(10, w->got.len);
	EXPECT_NOTHING(w);
	close(host);
	unmake(w);
}

static void guest_takes_no_more(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_SHUTDOWN);
	const int host = connect_from_guest(w);

	p.flags = PACKET_SHUT_RECEIVE;
	send_packet(w, &p, NULL);
	CHECK_INT(-1, send(host, "abc", 3, MSG_NOSIGNAL));
	CHECK_INT(EPIPE, errno);
	EXPECT_NOTHING(w);
	say_data(w, "def", 3);
	expect_host(host, "def");
	close(host);
	unmake(w);
}

static void guest_ends_both_directions(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_SHUTDOWN);
	const int host = connect_from_guest(w);

	say_data(w, "abc", 3);
	p.flags = PACKET_SHUT_BOTH;
	send_packet(w, &p, NULL);
	EXPECT(w, PACKET_RST);
	EXPECT_NOTHING(w);
	CHECK_INT(0, w->device.table.num);
	expect_host(host, "abc");
	CHECK_TRUE(host_sees_end(host));
	close(host);
	unmake(w);
}

/* The guest gives up waiting after some seconds; a slow host still gets all. */
static void rst_does_not_cut_off_what_was_sent(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_SHUTDOWN);
	const int host = connect_from_guest(w);
	static uint8_t data[DRIVER_MAX_PAYLOAD];
	uint64_t sent = 0;

	while (only_conn(w)->held_len < sizeof data) {
		say_data(w, data, sizeof data);
		sent += sizeof data;
		while (hear(w))
			;
	}
	p.flags = PACKET_SHUT_BOTH;
	send_packet(w, &p, NULL);
	EXPECT_NOTHING(w); /* not before the host has it */
	say(w, PACKET_RST);
	EXPECT_NOTHING(w);
	CHECK_INT(CONN_CLOSED, only_conn(w)->state);
	/* The ports are free for another. */
	say(w, PACKET_REQUEST);
	EXPECT(w, PACKET_RESPONSE);
	for (ssize_t got = 1; got > 0; pump(w)) {
		got = host_reads(host, data, sizeof data);
		sent -= (uint64_t)got;
	}
	CHECK_INT(0, sent);
	CHECK_TRUE(host_sees_end(host));
	CHECK_INT(1, w->device.table.num);
	close(host);
	unmake(w);
}

static void host_closes_after_its_last_word(void **state UNUSED)
{
	struct world *const w = make(64);
	const int host = connect_from_guest(w);

	CHECK_INT(3, send(host, "bye", 3, 0));
	close(host);
	pump(w);
	EXPECT(w, PACKET_RW);
	CHECK_BYTES("bye", 3, bytes_of(w->payload, w->got.len));
	EXPECT(w, PACKET_SHUTDOWN);
	CHECK_INT(PACKET_SHUT_BOTH, w->got.flags);
	EXPECT_NOTHING(w);
	say(w, PACKET_RST);
	CHECK_INT(0, w->device.table.num);
	EXPECT_NOTHING(w);
	unmake(w);
}

/* The guest goes on writing to a host that has left: its bytes are counted, and lost. */
static void host_left_while_the_guest_writes(void **state UNUSED)
{
	struct world *const w = make(64);
	const int host = connect_from_guest(w);

	close(host);
	say_data(w, "abc", 3);
	EXPECT(w, PACKET_SHUTDOWN);
	CHECK_INT(PACKET_SHUT_BOTH, w->got.flags);
	say_data(w, "def", 3);
	EXPECT_NOTHING(w);
	CHECK_INT(6, only_conn(w)->forwarded);
	unmake(w);
}

static void guest_that_does_not_confirm_an_end(void **state UNUSED)
{
	struct world *const w = make(64);
	const int host = connect_from_guest(w);

	close(host);
	pump(w);
	EXPECT(w, PACKET_SHUTDOWN);
	CHECK_TRUE(only_conn(w)->deadline_ms > w->device.now_ms);
	CHECK_TRUE(only_conn(w)->deadline_ms <= w->device.now_ms + DEVICE_CLOSE_MS);
	conn_set_deadline(&w->device.table, only_conn(w), 1);
	tick(w);
	pump(w);
	EXPECT(w, PACKET_RST);
	CHECK_INT(0, w->device.table.num);
	CHECK_INT(-1, device_wait_ms(&w->device));
	unmake(w);
}

/* --- programs of the host ------------------------------------------------------------ */

static void program_reaches_the_guest(void **state UNUSED)
{
	struct world *const w = make(64);
	const int program = adopt(w, "CONNECT 5001\nhello");
	struct packet p = packet(PACKET_RESPONSE);
	char line[32];

	EXPECT(w, PACKET_REQUEST);
	CHECK_INT(CID_HOST, w->got.src_cid);
	CHECK_INT(5001, w->got.dst_port);
	CHECK_TRUE(w->got.src_port >= HOST_PORT_FIRST &&
		   w->got.src_port <= HOST_PORT_LAST);
	EXPECT_NOTHING(w);
	p.dst_port = w->got.src_port;
	send_packet(w, &p, NULL);
	snprintf(line, sizeof line, "OK %u\n", p.dst_port);
	expect_host(program, line);
	EXPECT(w, PACKET_RW);
	CHECK_BYTES("hello", 5, bytes_of(w->payload, w->got.len));
	close(program);
	unmake(w);
}

static void greeting_in_pieces(void **state UNUSED)
{
	struct world *const w = make(64);
	const int program = adopt(w, "CONN");

	EXPECT_NOTHING(w);
	host_says(w, program, "ECT 50");
	host_says(w, program, "02");
	EXPECT_NOTHING(w);
	host_says(w, program, "\n");
	EXPECT(w, PACKET_REQUEST);
	CHECK_INT(5002, w->got.dst_port);
	close(program);
	unmake(w);
}

static void greetings_that_are_refused(void **state UNUSED)
{
	static const char *const greetings[] = {
		"CONNECT 4999\n",
		"CONNECT 5003\n",
		"CONNECT \n",
		"CONNECT\n",
		"CONNECT 5001 \n",
		"CONNECT 5001\r\n",
		"CONNECT -1\n",
		"CONNECT 4294967295\n",
		"CONNECT 4294972297\n",
		"connect 5001\n",
		"GET / HTTP/1.1\n",
		"\n",
		"CONNECT 00000000000000000000005001\n",
		"no line at all, and longer than any",
	};

	for (size_t i = 0; i < ARRAY_LEN(greetings); i++) {
		struct world *const w = make(64);
		const int program = adopt(w, greetings[i]);

		CASE(greetings[i]);
		EXPECT_NOTHING(w);
		CHECK_TRUE(host_sees_close(program));
		CHECK_INT(0, w->device.table.num);
		CHECK_INT(1, w->device.counts.rejected);
		close(program);
		unmake(w);
	}
}

static void program_that_leaves_early(void **state UNUSED)
{
	struct world *const w = make(64);

	close(adopt(w, "CONN"));
	pump(w);
	CHECK_INT(0, w->device.table.num);
	close(adopt(w, "CONNECT 5001\n"));
	EXPECT(w, PACKET_REQUEST);
	pump(w);
	CHECK_INT(0, w->device.table.num);
	/* The guest answers all the same: it hears that nobody is there. */
	struct packet p = packet(PACKET_RESPONSE);
	p.dst_port = w->got.src_port;
	send_packet(w, &p, NULL);
	EXPECT(w, PACKET_RST);
	unmake(w);
}

static void guest_refuses(void **state UNUSED)
{
	struct world *const w = make(64);
	const int program = adopt(w, "CONNECT 5001\n");
	struct packet p = packet(PACKET_RST);

	EXPECT(w, PACKET_REQUEST);
	p.dst_port = w->got.src_port;
	send_packet(w, &p, NULL);
	CHECK_TRUE(host_sees_end(program));
	EXPECT_NOTHING(w);
	close(program);
	unmake(w);
}

static void deadlines(void **state UNUSED)
{
	struct world *const w = make(64);
	const int silent = adopt(w, "CONN");

	CHECK_INT(DEVICE_TICK_MS, device_wait_ms(&w->device));
	conn_set_deadline(&w->device.table, only_conn(w), 1);
	tick(w);
	CHECK_TRUE(host_sees_close(silent));
	const int waiting = adopt(w, "CONNECT 5001\n");
	EXPECT(w, PACKET_REQUEST);
	conn_set_deadline(&w->device.table, only_conn(w), 1);
	tick(w);
	pump(w);
	EXPECT(w, PACKET_RST);
	CHECK_TRUE(host_sees_end(waiting));
	CHECK_INT(0, w->device.table.num);
	close(silent);
	close(waiting);
	unmake(w);
}

static void nobody_is_there_without_a_driver(void **state UNUSED)
{
	struct world *const w = make(64);
	int program;

	device_stop(&w->device);
	program = adopt(w, "CONNECT 5001\n");
	CHECK_TRUE(host_sees_end(program));
	close(program);
	unmake(w);
}

/* Those who say nothing do not keep others from being heard: they wait in the queue. */
static void silent_programs_are_limited(void **state UNUSED)
{
	struct world *const w = make(256);
	int programs[DEVICE_MAX_GREETING];

	for (int i = 0; i < DEVICE_MAX_GREETING; i++) {
		CHECK_TRUE(device_takes_programs(&w->device));
		programs[i] = adopt(w, "C");
	}
	CHECK_TRUE(!device_takes_programs(&w->device));
	close(programs[0]);
	pump(w);
	CHECK_TRUE(device_takes_programs(&w->device));
	for (int i = 1; i < DEVICE_MAX_GREETING; i++)
		close(programs[i]);
	unmake(w);
}

/* Ports of the host are not those of the process before, nor twice the same at once. */
static void ports_of_the_host(void **state UNUSED)
{
	struct world *w = make(64);
	const uint32_t first = w->device.next_host_port;
	int programs[3];
	uint32_t ports[3];

	w->device.next_host_port = HOST_PORT_LAST;
	for (size_t i = 0; i < 3; i++) {
		programs[i] = adopt(w, "CONNECT 5001\n");
		EXPECT(w, PACKET_REQUEST);
		ports[i] = w->got.src_port;
		if (i == 1)
			w->device.next_host_port = HOST_PORT_LAST;
	}
	CHECK_INT(HOST_PORT_LAST, ports[0]);
	CHECK_INT(HOST_PORT_FIRST, ports[1]);
	CHECK_INT(HOST_PORT_FIRST + 1, ports[2]);
	for (size_t i = 0; i < 3; i++)
		close(programs[i]);
	unmake(w);
	w = make(64);
	CHECK_TRUE(w->device.next_host_port != first);
	unmake(w);
}

/* --- floods -------------------------------------------------------------------------- */

/* More connections than there are slots: the rest is refused, and the host still gets in. */
static void flood_of_requests(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_REQUEST);
	int opened = 0, refused = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		p.src_port = i;
		send_packet(w, &p, NULL);
		CHECK_TRUE(hear(w));
		opened += w->got.op == PACKET_RESPONSE;
		refused += w->got.op == PACKET_RST;
	}
	CHECK_INT(56, opened);
	CHECK_INT(MANY - 56, refused);
	unmake(w);
}

static void host_gets_in_all_the_same(void **state UNUSED)
{
	struct world *const w = make(16);
	struct packet p = packet(PACKET_REQUEST);
	int program;

	for (uint32_t i = 0; i < MANY / 4; i++) {
		p.src_port = i;
		send_packet(w, &p, NULL);
		CHECK_TRUE(hear(w));
	}
	CHECK_INT(14, w->device.table.num);
	program = adopt(w, "CONNECT 5001\n");
	EXPECT(w, PACKET_REQUEST);
	close(program);
	unmake(w);
}

/* The guest gives no buffers and asks for one refusal after the other. */
static void storm_of_refusals(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_RW);
	unsigned answers = 0;

	driver_reset(&w->driver);
	locate(w, DRIVER_RX);
	locate(w, DRIVER_TX);
	for (uint32_t i = 0; i < 5000; i++) {
		p.src_port = i;
		send_packet(w, &p, NULL);
	}
	CHECK_INT(DEVICE_MAX_REFUSALS, w->device.num_refusals);
	CHECK_INT(5000 - DEVICE_MAX_REFUSALS, w->device.counts.dropped);
	for (driver_post(&w->driver, DRIVER_NUM), pump(w); hear(w); pump(w)) {
		CHECK_INT(PACKET_RST, w->got.op);
		CHECK_INT(answers, w->got.dst_port);
		answers++;
	}
	CHECK_INT(DEVICE_MAX_REFUSALS, answers);
	close(connect_from_guest(w));
	unmake(w);
}

/* Data for one connection does not keep another from getting its own. */
static void each_in_turn(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_REQUEST);
	const int one = connect_from_guest(w);
	int two;
	static uint8_t data[100000];
	unsigned of_one = 0, of_two = 0;

	p.src_port = GUEST_PORT + 1;
	send_packet(w, &p, NULL);
	EXPECT(w, PACKET_RESPONSE);
	two = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	driver_reset(&w->driver);
	locate(w, DRIVER_RX);
	locate(w, DRIVER_TX);
	CHECK_TRUE(send(one, data, sizeof data, 0) > 0);
	CHECK_TRUE(send(two, data, sizeof data, 0) > 0);
	for (int i = 0; i < 10; i++) {
		driver_post(&w->driver, 1);
		pump(w);
		CHECK_TRUE(driver_receive(&w->driver, &w->got, w->payload));
		CHECK_INT(PACKET_RW, w->got.op);
		of_one += w->got.dst_port == GUEST_PORT;
		of_two += w->got.dst_port == GUEST_PORT + 1;
	}
	CHECK_INT(5, of_one);
	CHECK_INT(5, of_two);
	close(one);
	close(two);
	unmake(w);
}

/* The listener's queue is full: the connection waits, and comes about. */
static void busy_listener(void **state UNUSED)
{
	struct world *const w = make(64);
	struct packet p = packet(PACKET_REQUEST);
	const int listener = listen_at(w, 701, 0);
	char path[128];
	int first;

	for (uint32_t i = 0; i < 2; i++) {
		p.src_port = i;
		p.dst_port = 701;
		send_packet(w, &p, NULL);
	}
	EXPECT(w, PACKET_RESPONSE);
	EXPECT_NOTHING(w);
	CHECK_INT(1, w->device.table.num_dialling);
	CHECK_INT(DEVICE_DIAL_TICK_MS, device_wait_ms(&w->device));
	tick(w);
	pump(w);
	EXPECT_NOTHING(w);
	first = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	CHECK_TRUE(first >= 0);
	tick(w);
	pump(w);
	EXPECT(w, PACKET_RESPONSE);
	CHECK_INT(1, w->got.dst_port);
	CHECK_INT(0, w->device.table.num_deadlines);
	close(first);
	close(listener);
	snprintf(path, sizeof path, "%s/v_701", w->folder);
	unlink(path);
	unmake(w);
}

/* --- buffers and the driver ---------------------------------------------------------- */

/* Header and payload in one buffer, as newer drivers post them. */
static void one_buffer_for_all(void **state UNUSED)
{
	struct world *const w = make(64);
	int host;

	driver_reset(&w->driver);
	w->driver.one_buffer = true;
	locate(w, DRIVER_RX);
	locate(w, DRIVER_TX);
	driver_post(&w->driver, DRIVER_NUM);
	host = connect_from_guest(w);
	host_says(w, host, "welcome");
	EXPECT(w, PACKET_RW);
	CHECK_BYTES("welcome", 7, bytes_of(w->payload, w->got.len));
	close(host);
	unmake(w);
}

/* However small the parts are: even the header comes in bytes. */
static void buffer_in_bytes(void **state UNUSED)
{
	struct world *const w = make(64);
	struct driver_queue *const q = &w->driver.queues[DRIVER_RX];
	const int host = connect_from_guest(w);
	const uint64_t at = DRIVER_LOW_GUEST + (48 << 10);
	struct packet got;

	driver_reset(&w->driver);
	locate(w, DRIVER_RX);
	locate(w, DRIVER_TX);
	for (uint16_t i = 0; i < 50; i++)
		driver_set_desc(q, i, at + i, 1,
				DRIVER_DESC_WRITE | (i < 49 ? DRIVER_DESC_NEXT : 0),
				(uint16_t)(i + 1));
	driver_offer(q, 0);
	host_says(w, host, "welcome");
	packet_read(w->driver.memory + (48 << 10), &got);
	CHECK_INT(PACKET_RW, got.op);
	CHECK_INT(6, got.len);
	CHECK_BYTES("welcom", 6, bytes_of(w->driver.memory + (48 << 10) + 44, 6));
	close(host);
	unmake(w);
}

static void buffer_without_room(void **state UNUSED)
{
	struct world *const w = make(64);
	struct driver_queue *const q = &w->driver.queues[DRIVER_RX];

	driver_reset(&w->driver);
	locate(w, DRIVER_RX);
	locate(w, DRIVER_TX);
	driver_set_desc(q, 0, DRIVER_LOW_GUEST, PACKET_HEADER_LEN, DRIVER_DESC_WRITE, 0);
	driver_offer(q, 0);
	say(w, PACKET_RW);
	CHECK_TRUE(w->rings[DRIVER_RX].broken != NULL);
	CHECK_TEXT_HAS(w->rings[DRIVER_RX].broken, "no room for a packet");
	unmake(w);
}

/* The driver goes and comes back: its connections are gone, the host's bytes are not. */
static void driver_comes_back(void **state UNUSED)
{
	struct world *const w = make(64);
	const int host = connect_from_guest(w);

	say_data(w, "abc", 3);
	device_stop(&w->device);
	expect_host(host, "abc");
	CHECK_TRUE(host_sees_end(host));
	CHECK_INT(0, w->device.table.num);
	CHECK_TRUE(!device_from_guest(&w->device) && !device_to_guest(&w->device));
	driver_reset(&w->driver);
	locate(w, DRIVER_RX);
	locate(w, DRIVER_TX);
	driver_post(&w->driver, DRIVER_NUM);
	device_start(&w->device, &w->memory, &w->rings[DRIVER_RX], &w->rings[DRIVER_TX]);
	close(connect_from_guest(w));
	close(host);
	unmake(w);
}

/* What epoll tells of a connection that has ended since is about nobody. */
static void stale_events(void **state UNUSED)
{
	struct world *const w = make(64);
	const int host = connect_from_guest(w);
	const uint64_t tag = (uint64_t)only_conn(w)->generation << 32 |
			     (uint32_t)conn_number(&w->device.table, only_conn(w));

	say(w, PACKET_RST);
	close(connect_from_guest(w));
	device_event(&w->device, tag, EPOLLHUP | EPOLLIN);
	CHECK_TRUE(!only_conn(w)->host_gone);
	device_event(&w->device, tag | UINT32_MAX, EPOLLIN);
	close(host);
	unmake(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guest_talks_with_host),
		cmocka_unit_test(host_is_two_and_three),
		cmocka_unit_test(same_ports_of_two_cids),
		cmocka_unit_test(who_is_not_connected_gets_rst),
		cmocka_unit_test(other_source_cid),
		cmocka_unit_test(packet_without_header),
		cmocka_unit_test(lies_reset_that_connection),
		cmocka_unit_test(sends_beyond_its_window),
		cmocka_unit_test(data_after_shutdown),
		cmocka_unit_test(slow_host_loses_nothing),
		cmocka_unit_test(slow_host_while_counters_wrap),
		cmocka_unit_test(slow_guest_gets_what_it_has_room_for),
		cmocka_unit_test(slow_guest_while_counters_wrap),
		cmocka_unit_test(guest_with_the_smallest_buffer),
		cmocka_unit_test(buffer_shrinks),
		cmocka_unit_test(asks_for_credit_once),
		cmocka_unit_test(answers_when_asked_for_credit),
		cmocka_unit_test(no_crumbs_while_there_is_little_credit),
		cmocka_unit_test(crumbs_that_nobody_reads),
		cmocka_unit_test(small_talk),
		cmocka_unit_test(host_ends_one_direction),
		cmocka_unit_test(guest_ends_one_direction),
		cmocka_unit_test(guest_takes_no_more),
		cmocka_unit_test(guest_ends_both_directions),
		cmocka_unit_test(rst_does_not_cut_off_what_was_sent),
		cmocka_unit_test(host_closes_after_its_last_word),
		cmocka_unit_test(host_left_while_the_guest_writes),
		cmocka_unit_test(guest_that_does_not_confirm_an_end),
		cmocka_unit_test(program_reaches_the_guest),
		cmocka_unit_test(greeting_in_pieces),
		cmocka_unit_test(greetings_that_are_refused),
		cmocka_unit_test(program_that_leaves_early),
		cmocka_unit_test(guest_refuses),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(nobody_is_there_without_a_driver),
		cmocka_unit_test(silent_programs_are_limited),
		cmocka_unit_test(ports_of_the_host),
		cmocka_unit_test(flood_of_requests),
		cmocka_unit_test(host_gets_in_all_the_same),
		cmocka_unit_test(storm_of_refusals),
		cmocka_unit_test(each_in_turn),
		cmocka_unit_test(busy_listener),
		cmocka_unit_test(one_buffer_for_all),
		cmocka_unit_test(buffer_in_bytes),
		cmocka_unit_test(buffer_without_room),
		cmocka_unit_test(driver_comes_back),
		cmocka_unit_test(stale_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
