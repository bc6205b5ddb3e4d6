/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How connections end, in one direction or both, from either side.
 */
#include "vsock_world.h"

#include <errno.h>
#include <unistd.h>

#include <sys/socket.h>

static void host_ends_one_direction(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

static void guest_ends_one_direction(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

static void guest_takes_no_more(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

static void guest_ends_both_directions(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

/* The guest gives up waiting after some seconds; a slow host still gets all. */
static void rst_does_not_cut_off_what_was_sent(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

static void host_closes_after_its_last_word(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

/* The guest goes on writing to a host that has left: its bytes are counted, and lost. */
static void host_left_while_the_guest_writes(void **state UNUSED)
{
	struct world *const w = world_make(64);
	const int host = connect_from_guest(w);

	close(host);
	say_data(w, "abc", 3);
	EXPECT(w, PACKET_SHUTDOWN);
	CHECK_INT(PACKET_SHUT_BOTH, w->got.flags);
	say_data(w, "def", 3);
	EXPECT_NOTHING(w);
	CHECK_INT(6, only_conn(w)->forwarded);
	world_unmake(w);
}

static void guest_that_does_not_confirm_an_end(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_ends_one_direction),
		cmocka_unit_test(guest_ends_one_direction),
		cmocka_unit_test(guest_takes_no_more),
		cmocka_unit_test(guest_ends_both_directions),
		cmocka_unit_test(rst_does_not_cut_off_what_was_sent),
		cmocka_unit_test(host_closes_after_its_last_word),
		cmocka_unit_test(host_left_while_the_guest_writes),
		cmocka_unit_test(guest_that_does_not_confirm_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
