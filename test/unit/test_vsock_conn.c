/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "vm/vsock/conn.h"

#include <fcntl.h>
#include <unistd.h>

static struct conn_table make(int max)
{
	struct conn_table table = { 0 };
	struct cella_error err = { 0 };

	CHECK_OK(conn_table_init(&table, max, 12345, &err));
	return table;
}

static void slots_and_generations(void **state UNUSED)
{
	struct conn_table table CLEANUP(conn_table_done) = make(16);
	struct conn *first = conn_new(&table, CONN_GREETING, -1, false);
	const uint32_t generation = first->generation;
	const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	CHECK_TRUE(generation != 0);
	CHECK_INT(1, table.num);
	CHECK_INT(1, table.num_greeting);
	conn_set_state(&table, first, CONN_OPEN);
	CHECK_INT(0, table.num_greeting);
	first->fd = fd;
	conn_free(&table, first);
	CHECK_INT(-1, fcntl(fd, F_GETFD));
	CHECK_INT(0, table.num);
	CHECK_INT(0, table.promised);
	CHECK_TRUE(conn_new(&table, CONN_OPEN, -1, true) == first);
	CHECK_TRUE(first->generation != generation);
	conn_free(&table, first);
	first->generation = UINT32_MAX;
	CHECK_TRUE(conn_new(&table, CONN_OPEN, -1, true) == first);
	CHECK_INT(1, first->generation);
}

/* The guest takes all that it can get; the host still reaches it. */
static void some_slots_are_the_hosts(void **state UNUSED)
{
	struct conn_table table CLEANUP(conn_table_done) = make(16);
	int num = 0;

	while (conn_new(&table, CONN_OPEN, -1, true) != NULL)
		num++;
	CHECK_INT(14, num);
	CHECK_TRUE(conn_new(&table, CONN_GREETING, -1, false) != NULL);
	CHECK_TRUE(conn_new(&table, CONN_GREETING, -1, false) != NULL);
	CHECK_TRUE(conn_new(&table, CONN_GREETING, -1, false) == NULL);
}

static void windows_keep_to_their_budget(void **state UNUSED)
{
	struct conn_table table CLEANUP(conn_table_done) = make(CONN_DEFAULT);
	uint32_t least = WINDOW_MAX;

	for (int i = 0; i < CONN_DEFAULT; i++) {
		const struct conn *const conn = conn_new(&table, CONN_OPEN, -1, false);

		CHECK_TRUE(conn->window <= least && conn->window >= WINDOW_MIN);
		CHECK_TRUE((conn->window & (conn->window - 1)) == 0);
		if (i == 0)
			CHECK_INT(WINDOW_MAX, conn->window);
		least = conn->window;
	}
	CHECK_INT(WINDOW_MIN, least);
	CHECK_TRUE(table.promised <= WINDOW_BUDGET + (size_t)CONN_DEFAULT * WINDOW_MIN);
}

static void index_of_many(void **state UNUSED)
{
	enum { MANY = 3000 };
	struct conn_table table CLEANUP(conn_table_done) = make(CONN_DEFAULT);
	struct conn *conns[MANY];

	for (uint32_t i = 0; i < MANY; i++) {
		conns[i] = conn_new(&table, CONN_OPEN, -1, false);
		conns[i]->host_cid = 2 + i % 2;
		conns[i]->host_port = i % 7;
		conns[i]->guest_port = i;
		CHECK_TRUE(conn_find(&table, 2 + i % 2, i % 7, i) == NULL);
		conn_know(&table, conns[i]);
	}
	for (uint32_t i = 0; i < MANY; i += 3)
		conn_free(&table, conns[i]);
	for (uint32_t i = 0; i < MANY; i++) {
		CHECK_TRUE(conn_find(&table, 2 + i % 2, i % 7, i) ==
			   (i % 3 == 0 ? NULL : conns[i]));
		CHECK_TRUE(conn_find(&table, 3 - i % 2, i % 7, i) == NULL);
		CHECK_TRUE(conn_find(&table, 2 + i % 2, i % 7 + 7, i) == NULL);
	}
}

static void queue_in_turn(void **state UNUSED)
{
	struct conn_table table CLEANUP(conn_table_done) = make(8);
	struct conn *conns[3];

	for (size_t i = 0; i < ARRAY_LEN(conns); i++) {
		conns[i] = conn_new(&table, CONN_OPEN, -1, false);
		conn_enqueue(&table, conns[i]);
		conn_enqueue(&table, conns[i]);
	}
	CHECK_INT(conn_number(&table, conns[0]), table.queue.first);
	conn_dequeue(&table, conns[1]);
	conn_dequeue(&table, conns[1]);
	conn_dequeue(&table, conns[0]);
	CHECK_INT(conn_number(&table, conns[2]), table.queue.first);
	CHECK_INT(conn_number(&table, conns[2]), table.queue.last);
	conn_free(&table, conns[2]);
	CHECK_INT(CONN_NONE, table.queue.first);
	CHECK_INT(CONN_NONE, table.queue.last);
}

/* --- credit -------------------------------------------------------------------------- */

static void what_the_peer_tells(void **state UNUSED)
{
	static const struct {
		const char *name;
		uint32_t sent, alloc, forwarded; /* as they were */
		uint32_t new_alloc, new_forwarded;
		bool is_true;
		uint32_t free;
	} rows[] = {
		{ "nothing under way", 0, 0, 0, 4096, 0, true, 4096 },
		{ "some is", 100, 4096, 0, 4096, 0, true, 3996 },
		{ "all has been taken", 100, 4096, 0, 4096, 100, true, 4096 },
		{ "more than was sent", 100, 4096, 0, 4096, 101, false, 3996 },
		{ "less than before", 100, 4096, 50, 4096, 49, false, 4046 },
		{ "a smaller buffer than what is under way", 100, 4096, 0, 10, 0, true,
		  0 },
		{ "the counters wrap", 10, 4096, UINT32_MAX - 9, 4096, 5, true, 4091 },
		{ "wrapped, and too much", 10, 4096, UINT32_MAX - 9, 4096, 11, false,
		  4076 },
		{ "wrapped, and back", 10, 4096, UINT32_MAX - 9, 4096, UINT32_MAX - 10,
		  false, 4076 },
		{ "the largest buffer", 10, UINT32_MAX, 5, UINT32_MAX, 5, true,
		  UINT32_MAX - 5 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conn conn = { .sent = rows[i].sent,
				     .peer_alloc = rows[i].alloc,
				     .peer_forwarded = rows[i].forwarded };

		CASE(rows[i].name);
		CHECK_INT(rows[i].is_true, conn_peer_told(&conn, rows[i].new_alloc,
							  rows[i].new_forwarded));
		CHECK_INT(rows[i].free, conn_peer_free(&conn));
	}
}

/* A threshold of the whole window would have both sides wait for each other. */
static void tells_before_the_window_is_used_up(void **state UNUSED)
{
	struct conn conn = { .window = 4096,
			     .received = 100,
			     .forwarded = UINT32_MAX - 9,
			     .told_forwarded = UINT32_MAX - 9 };

	CHECK_INT(4096 - 110, conn_window_free(&conn));
	CHECK_TRUE(!conn_forwarded(&conn, 100));
	CHECK_INT(4096 - 10, conn_window_free(&conn));
	conn.received += 4086;
	CHECK_INT(0, conn_window_free(&conn));
	CHECK_TRUE(!conn_forwarded(&conn, 923));
	CHECK_TRUE(conn_forwarded(&conn, 1));
}

/* --- bytes held ---------------------------------------------------------------------- */

/* Whatever is put in comes out, in order, however it is cut. */
static void holds_bytes_around_its_end(void **state UNUSED)
{
	struct conn_table table CLEANUP(conn_table_done) = make(8);
	struct conn *const conn = conn_new(&table, CONN_OPEN, -1, false);
	uint8_t in = 0, out = 0;
	uint8_t bytes[1500];

	conn->window = 4096;
	for (size_t round = 0; round < 200; round++) {
		const size_t put = (round * 811) % 1400 + 1;
		struct iovec from[2], parts[2];
		size_t num;

		for (size_t i = 0; i < put; i++)
			bytes[i] = in++;
		from[0] = (struct iovec){ bytes, put / 3 };
		from[1] = (struct iovec){ bytes + put / 3, put - put / 3 };
		conn_hold(&table, conn, from, 2);
		while (conn->held_len > 1500) {
			num = conn_held(&table, conn, parts);
			CHECK_TRUE(num == 1 || num == 2);
			CHECK_TRUE(num == 1 ||
				   parts[0].iov_len + parts[1].iov_len == conn->held_len);
			for (size_t i = 0; i < parts[0].iov_len; i++)
				CHECK_INT(out++, ((uint8_t *)parts[0].iov_base)[i]);
			conn_release(conn, parts[0].iov_len);
		}
	}
}

static void a_window_can_be_held_as_a_whole(void **state UNUSED)
{
	struct conn_table table CLEANUP(conn_table_done) = make(8);
	struct conn *const conn = conn_new(&table, CONN_OPEN, -1, false);
	uint8_t *bytes CLEANUP_FREE = calloc(1, WINDOW_MAX);
	struct iovec parts[2] = { { bytes, WINDOW_MAX } };

	conn_hold(&table, conn, parts, 1);
	CHECK_INT(WINDOW_MAX, conn->held_len);
	CHECK_INT(1, conn_held(&table, conn, parts));
	CHECK_INT(WINDOW_MAX, parts[0].iov_len);
	conn_release(conn, WINDOW_MAX);
	CHECK_INT(0, conn_held(&table, conn, parts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_and_generations),
		cmocka_unit_test(some_slots_are_the_hosts),
		cmocka_unit_test(windows_keep_to_their_budget),
		cmocka_unit_test(index_of_many),
		cmocka_unit_test(queue_in_turn),
		cmocka_unit_test(what_the_peer_tells),
		cmocka_unit_test(tells_before_the_window_is_used_up),
		cmocka_unit_test(holds_bytes_around_its_end),
		cmocka_unit_test(a_window_can_be_held_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
