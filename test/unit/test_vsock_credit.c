/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credit: what the guest has room for, and what this side has.
 */
#include "vsock_world.h"

#include <errno.h>
#include <unistd.h>

#include <sys/socket.h>

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
	struct world *const w = world_make(64);
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
	world_unmake(w);
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
	struct world *const w = world_make(64);
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
	world_unmake(w);
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
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

/* It is asked for credit once. Who answers that there is none is not asked for ever. */
static void asks_for_credit_once(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

static void answers_when_asked_for_credit(void **state UNUSED)
{
	struct world *const w = world_make(64);
	const int host = connect_from_guest(w);

	say_data(w, "abc", 3);
	EXPECT_NOTHING(w);
	say(w, PACKET_CREDIT_REQUEST);
	EXPECT(w, PACKET_CREDIT_UPDATE);
	CHECK_INT(3, w->got.fwd_cnt);
	CHECK_INT(WINDOW_MAX, w->got.buf_alloc);
	close(host);
	world_unmake(w);
}

/* Many small packets overrun a guest's window by what they cost besides: it is waited. */
static void no_crumbs_while_there_is_little_credit(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

/*
 * A program writes byte by byte, and the guest does not read: newer kernels reset a
 * connection under what so many packets cost. They are held back, asked about, and put
 * together.
 */
static void crumbs_that_nobody_reads(void **state UNUSED)
{
	enum { LIMIT = PEER_ALLOC / 1024 };
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

/* Questions and answers of a byte each go on without anyone being asked too often. */
static void small_talk(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
