/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of the host that reach for the guest, and what there is too much of.
 */
#include "vsock_world.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/socket.h>

enum { MANY = 300 };

/* --- programs of the host ------------------------------------------------------------ */

static void program_reaches_the_guest(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

static void greeting_in_pieces(void **state UNUSED)
{
	struct world *const w = world_make(64);
	const int program = adopt(w, "CONN");

	EXPECT_NOTHING(w);
	host_says(w, program, "ECT 50");
	host_says(w, program, "02");
	EXPECT_NOTHING(w);
	host_says(w, program, "\n");
	EXPECT(w, PACKET_REQUEST);
	CHECK_INT(5002, w->got.dst_port);
	close(program);
	world_unmake(w);
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
		struct world *const w = world_make(64);
		const int program = adopt(w, greetings[i]);

		CASE(greetings[i]);
		EXPECT_NOTHING(w);
		CHECK_TRUE(host_sees_close(program));
		CHECK_INT(0, w->device.table.num);
		CHECK_INT(1, w->device.counts.rejected);
		close(program);
		world_unmake(w);
	}
}

static void program_that_leaves_early(void **state UNUSED)
{
	struct world *const w = world_make(64);

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
	world_unmake(w);
}

static void guest_refuses(void **state UNUSED)
{
	struct world *const w = world_make(64);
	const int program = adopt(w, "CONNECT 5001\n");
	struct packet p = packet(PACKET_RST);

	EXPECT(w, PACKET_REQUEST);
	p.dst_port = w->got.src_port;
	send_packet(w, &p, NULL);
	CHECK_TRUE(host_sees_end(program));
	EXPECT_NOTHING(w);
	close(program);
	world_unmake(w);
}

static void deadlines(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

static void nobody_is_there_without_a_driver(void **state UNUSED)
{
	struct world *const w = world_make(64);
	int program;

	device_stop(&w->device);
	program = adopt(w, "CONNECT 5001\n");
	CHECK_TRUE(host_sees_end(program));
	close(program);
	world_unmake(w);
}

/* Those who say nothing do not keep others from being heard: they wait in the queue. */
static void silent_programs_are_limited(void **state UNUSED)
{
	struct world *const w = world_make(256);
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
	world_unmake(w);
}

/* Ports of the host are not those of the process before, nor twice the same at once. */
static void ports_of_the_host(void **state UNUSED)
{
	struct world *w = world_make(64);
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
	world_unmake(w);
	w = world_make(64);
	CHECK_TRUE(w->device.next_host_port != first);
	world_unmake(w);
}

/* --- floods -------------------------------------------------------------------------- */

/* More connections than there are slots: the rest is refused, and the host still gets in. */
static void flood_of_requests(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

static void host_gets_in_all_the_same(void **state UNUSED)
{
	struct world *const w = world_make(16);
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
	world_unmake(w);
}

/* The guest gives no buffers and asks for one refusal after the other. */
static void storm_of_refusals(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

/* Data for one connection does not keep another from getting its own. */
static void each_in_turn(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

/* The listener's queue is full: the connection waits, and comes about. */
static void busy_listener(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
