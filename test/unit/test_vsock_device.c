/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that the guest makes, its lies about them, its buffers. Cases are named after
 * what the guest, the host or a peer of cella's once did wrong.
 */
#include "vsock_world.h"

#include <errno.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/socket.h>

/* --- connections of the guest -------------------------------------------------------- */

static void guest_talks_with_host(void **state UNUSED)
{
	struct world *const w = world_make(64);
	const int host = connect_from_guest(w);

	say_data(w, "hello", 5);
	expect_host(host, "hello");
	host_says(w, host, "welcome");
	EXPECT(w, PACKET_RW);
	CHECK_BYTES("welcome", 7, bytes_of(w->payload, w->got.len));
	CHECK_INT(5, w->got.fwd_cnt);
	close(host);
	world_unmake(w);
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
		struct world *const w = world_make(64);
		struct packet p = packet(PACKET_REQUEST);

		p.dst_cid = rows[i].cid;
		send_packet(w, &p, NULL);
		EXPECT(w, rows[i].op);
		CHECK_TRUE(w->got.src_cid == rows[i].cid);
		world_unmake(w);
	}
}

/* The same ports with CID 2 and with CID 3 are two connections. */
static void same_ports_of_two_cids(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
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
		struct world *const w = world_make(64);
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
		world_unmake(w);
	}
}

/* An answer would go to whom it pretends to be. */
static void other_source_cid(void **state UNUSED)
{
	static const uint64_t cids[] = { 0, 2, 43, UINT64_C(0x10000002a), UINT64_MAX };

	for (size_t i = 0; i < ARRAY_LEN(cids); i++) {
		struct world *const w = world_make(64);
		struct packet p = packet(PACKET_REQUEST);

		p.src_cid = cids[i];
		send_packet(w, &p, NULL);
		EXPECT_NOTHING(w);
		CHECK_INT(1, w->device.counts.dropped);
		world_unmake(w);
	}
}

static void packet_without_header(void **state UNUSED)
{
	struct world *const w = world_make(64);
	struct driver_queue *const q = &w->driver.queues[DRIVER_TX];

	driver_set_desc(q, 0, DRIVER_LOW_GUEST, PACKET_HEADER_LEN - 1, 0, 0);
	driver_offer(q, 0);
	pump(w);
	EXPECT_NOTHING(w);
	CHECK_INT(1, w->device.counts.dropped);
	CHECK_TRUE(w->rings[DRIVER_TX].broken == NULL);
	world_unmake(w);
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
		struct world *const w = world_make(64);
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
		world_unmake(w);
	}
}

static void sends_beyond_its_window(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

static void data_after_shutdown(void **state UNUSED)
{
	struct world *const w = world_make(64);
	struct packet p = packet(PACKET_SHUTDOWN);
	const int host = connect_from_guest(w);

	p.flags = PACKET_SHUT_SEND;
	send_packet(w, &p, NULL);
	CHECK_TRUE(host_sees_end(host));
	say_data(w, "a", 1);
	EXPECT(w, PACKET_RST);
	close(host);
	world_unmake(w);
}

/* --- buffers and the driver ---------------------------------------------------------- */

/* Header and payload in one buffer, as newer drivers post them. */
static void one_buffer_for_all(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

/* However small the parts are: even the header comes in bytes. */
static void buffer_in_bytes(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

static void buffer_without_room(void **state UNUSED)
{
	struct world *const w = world_make(64);
	struct driver_queue *const q = &w->driver.queues[DRIVER_RX];

	driver_reset(&w->driver);
	locate(w, DRIVER_RX);
	locate(w, DRIVER_TX);
	driver_set_desc(q, 0, DRIVER_LOW_GUEST, PACKET_HEADER_LEN, DRIVER_DESC_WRITE, 0);
	driver_offer(q, 0);
	say(w, PACKET_RW);
	CHECK_TRUE(w->rings[DRIVER_RX].broken != NULL);
	CHECK_TEXT_HAS(w->rings[DRIVER_RX].broken, "no room for a packet");
	world_unmake(w);
}

/* The driver goes and comes back: its connections are gone, the host's bytes are not. */
static void driver_comes_back(void **state UNUSED)
{
	struct world *const w = world_make(64);
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
	world_unmake(w);
}

/* What epoll tells of a connection that has ended since is about nobody. */
static void stale_events(void **state UNUSED)
{
	struct world *const w = world_make(64);
	const int host = connect_from_guest(w);
	const uint64_t tag = (uint64_t)only_conn(w)->generation << 32 |
			     (uint32_t)conn_number(&w->device.table, only_conn(w));

	say(w, PACKET_RST);
	close(connect_from_guest(w));
	device_event(&w->device, tag, EPOLLHUP | EPOLLIN);
	CHECK_TRUE(!only_conn(w)->host_gone);
	device_event(&w->device, tag | UINT32_MAX, EPOLLIN);
	close(host);
	world_unmake(w);
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
		cmocka_unit_test(one_buffer_for_all),
		cmocka_unit_test(buffer_in_bytes),
		cmocka_unit_test(buffer_without_room),
		cmocka_unit_test(driver_comes_back),
		cmocka_unit_test(stale_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
