/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of connections, credit, and bytes that are held.
 */
#include "vm/vsock/conn.h"

#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

enum { HOST_SHARE = 8 /* one in so many connections is the host's */ };

/* --- the table ----------------------------------------------------------------------- */

static uint32_t index_len_for(int max)
{
	uint32_t len = 2;

	while (len < (uint32_t)max * 2)
		len *= 2;
	return len;
}

enum cella_status conn_table_init(struct conn_table *table, int max, uint32_t secret,
				  struct cella_error *err)
{
	struct conn_table made CLEANUP(conn_table_done) = { .max = max,
							    .secret = secret };
	const uint32_t index_len = index_len_for(max);
	void *buffers;

	assert(max > 0 && max <= CONN_MAX);
	made.conns = calloc((size_t)max, sizeof *made.conns);
	made.index = calloc(index_len, sizeof *made.index);
	if (made.conns == NULL || made.index == NULL)
		return error_nomem(err);
	/* Room for the largest windows; what is promised limits what is ever touched. */
	made.buffers_len = (size_t)max * WINDOW_MAX;
	buffers = mmap(NULL, made.buffers_len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (buffers == MAP_FAILED)
		return error_errno(err, errno, "buffers for %d connections", max);
	made.buffers = buffers;
	madvise(buffers, made.buffers_len, MADV_DONTDUMP);
	madvise(buffers, made.buffers_len, MADV_NOHUGEPAGE);
	made.index_mask = index_len - 1;
	memset(made.index, 0xff, index_len * sizeof *made.index);
	for (int i = 0; i < max; i++)
		made.conns[i] = (struct conn){ .fd = -1, .next = i + 1 };
	made.conns[max - 1].next = CONN_NONE;
	made.queue = (struct conn_queue){ CONN_NONE, CONN_NONE };
	*table = made;
	made = (struct conn_table){ 0 };
	return CELLA_OK;
}

void conn_table_done(struct conn_table *table)
{
	for (int i = 0; table->conns != NULL && i < table->max; i++)
		if (table->conns[i].fd >= 0)
			close(table->conns[i].fd);
	if (table->buffers != NULL)
		munmap(table->buffers, table->buffers_len);
	free(table->conns);
	free(table->index);
	*table = (struct conn_table){ 0 };
}

int conn_number(const struct conn_table *table, const struct conn *conn)
{
	return (int)(conn - table->conns);
}

/* Powers of two, ever smaller ones the more is promised already. */
static uint32_t choose_window(const struct conn_table *table)
{
	const size_t left =
		table->promised < WINDOW_BUDGET ? WINDOW_BUDGET - table->promised : 0;
	uint32_t window = WINDOW_MAX;

	while (window > WINDOW_MIN && window > left / WINDOW_SHARE)
		window /= 2;
	return window;
}

static bool is_admitted(const struct conn_table *table, bool from_guest)
{
	const int reserved = (table->max + HOST_SHARE - 1) / HOST_SHARE;

	return table->first_free != CONN_NONE &&
	       (!from_guest || table->num_from_guest < table->max - reserved);
}

struct conn *conn_new(struct conn_table *table, enum conn_state state, int fd,
		      bool from_guest)
{
	struct conn *conn;
	uint32_t generation;

	if (!is_admitted(table, from_guest))
		return NULL;
	conn = &table->conns[table->first_free];
	table->first_free = conn->next;
	generation = conn->generation + 1 != 0 ? conn->generation + 1 : 1;
	*conn = (struct conn){ .fd = fd,
			       .generation = generation,
			       .from_guest = from_guest,
			       .window = choose_window(table),
			       .previous = CONN_NONE,
			       .next = CONN_NONE };
	table->num++;
	table->num_from_guest += from_guest;
	table->promised += conn->window;
	conn_set_state(table, conn, state);
	return conn;
}

void conn_free(struct conn_table *table, struct conn *conn)
{
	conn_forget(table, conn);
	conn_dequeue(table, conn);
	conn_set_deadline(table, conn, 0);
	conn_set_held(table, conn, false);
	conn_set_state(table, conn, CONN_FREE);
	if (conn->fd >= 0)
		close(conn->fd);
	conn->fd = -1;
	if (conn->held_ever)
		madvise(table->buffers + (size_t)conn_number(table, conn) * WINDOW_MAX,
			WINDOW_MAX, MADV_DONTNEED);
	table->promised -= conn->window;
	table->num--;
	table->num_from_guest -= conn->from_guest;
	conn->next = table->first_free;
	table->first_free = conn_number(table, conn);
}

static void count_state(struct conn_table *table, enum conn_state state, int by)
{
	if (state == CONN_GREETING)
		table->num_greeting += by;
	if (state == CONN_DIALLING)
		table->num_dialling += by;
}

void conn_set_state(struct conn_table *table, struct conn *conn, enum conn_state state)
{
	count_state(table, conn->state, -1);
	conn->state = state;
	count_state(table, conn->state, 1);
}

void conn_set_deadline(struct conn_table *table, struct conn *conn, int64_t deadline_ms)
{
	table->num_deadlines += (deadline_ms != 0) - (conn->deadline_ms != 0);
	conn->deadline_ms = deadline_ms;
}

void conn_set_held(struct conn_table *table, struct conn *conn, bool is_held)
{
	table->num_held += is_held - conn->is_held;
	conn->is_held = is_held;
}

/* --- the index ----------------------------------------------------------------------- */

/* A guest chooses ports, but does not know the secret. */
static uint32_t hash(const struct conn_table *table, uint64_t host_cid,
		     uint32_t host_port, uint32_t guest_port)
{
	uint64_t mixed = (uint64_t)host_port << 32 | guest_port;

	mixed ^= (uint64_t)table->secret * UINT64_C(0x9e3779b97f4a7c15) + host_cid;
	mixed ^= mixed >> 32;
	mixed *= UINT64_C(0xd6e8feb86659fd93) + (uint64_t)table->secret * 2;
	mixed ^= mixed >> 32;
	mixed *= UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(mixed >> 32) & table->index_mask;
}

static int *bucket_of(const struct conn_table *table, const struct conn *conn)
{
	return &table->index[hash(table, conn->host_cid, conn->host_port,
				  conn->guest_port)];
}

void conn_know(struct conn_table *table, struct conn *conn)
{
	int *const bucket = bucket_of(table, conn);

	assert(!conn->is_known);
	conn->next_known = *bucket;
	*bucket = conn_number(table, conn);
	conn->is_known = true;
}

void conn_forget(struct conn_table *table, struct conn *conn)
{
	int *place;

	if (!conn->is_known)
		return;
	place = bucket_of(table, conn);
	while (*place != conn_number(table, conn))
		place = &table->conns[*place].next_known;
	*place = conn->next_known;
	conn->is_known = false;
}

struct conn *conn_find(const struct conn_table *table, uint64_t host_cid,
		       uint32_t host_port, uint32_t guest_port)
{
	int at = table->index[hash(table, host_cid, host_port, guest_port)];

	while (at != CONN_NONE) {
		struct conn *const conn = &table->conns[at];

		if (conn->host_port == host_port && conn->guest_port == guest_port &&
		    conn->host_cid == host_cid)
			return conn;
		at = conn->next_known;
	}
	return NULL;
}

/* --- the queue ----------------------------------------------------------------------- */

void conn_enqueue(struct conn_table *table, struct conn *conn)
{
	struct conn_queue *const queue = &table->queue;
	const int number = conn_number(table, conn);

	if (conn->is_queued)
		return;
	conn->is_queued = true;
	conn->previous = queue->last;
	conn->next = CONN_NONE;
	if (queue->last != CONN_NONE)
		table->conns[queue->last].next = number;
	else
		queue->first = number;
	queue->last = number;
}

void conn_dequeue(struct conn_table *table, struct conn *conn)
{
	struct conn_queue *const queue = &table->queue;

	if (!conn->is_queued)
		return;
	conn->is_queued = false;
	if (conn->previous != CONN_NONE)
		table->conns[conn->previous].next = conn->next;
	else
		queue->first = conn->next;
	if (conn->next != CONN_NONE)
		table->conns[conn->next].previous = conn->previous;
	else
		queue->last = conn->previous;
}

/* --- credit -------------------------------------------------------------------------- */

uint32_t conn_peer_free(const struct conn *conn)
{
	const uint32_t under_way = conn->sent - conn->peer_forwarded;

	return under_way < conn->peer_alloc ? conn->peer_alloc - under_way : 0;
}

bool conn_peer_told(struct conn *conn, uint32_t buf_alloc, uint32_t fwd_cnt)
{
	const uint32_t under_way = conn->sent - conn->peer_forwarded;

	/* It moves from what it was to what was sent, nowhere else. */
	if (fwd_cnt - conn->peer_forwarded > under_way)
		return false;
	conn->peer_forwarded = fwd_cnt;
	conn->peer_alloc = buf_alloc;
	/* Each of them has a byte at least. */
	if (conn->crumbs > conn->sent - fwd_cnt)
		conn->crumbs = conn->sent - fwd_cnt;
	return true;
}

uint32_t conn_window_free(const struct conn *conn)
{
	return conn->window - (conn->received - conn->forwarded);
}

/*
 * The guest is told once a quarter of the window is free again, not all of it: one that
 * waits for room would otherwise wait for ever.
 */
bool conn_forwarded(struct conn *conn, uint32_t len)
{
	conn->forwarded += len;
	return conn->forwarded - conn->told_forwarded >= conn->window / 4;
}

/* --- bytes held ---------------------------------------------------------------------- */

static uint8_t *buffer_of(const struct conn_table *table, const struct conn *conn)
{
	return table->buffers + (size_t)conn_number(table, conn) * WINDOW_MAX;
}

static void hold_bytes(uint8_t *buffer, struct conn *conn, const uint8_t *data,
		       size_t len)
{
	const uint32_t at = (conn->held_at + conn->held_len) & (conn->window - 1);
	const size_t straight = conn->window - at < len ? conn->window - at : len;

	assert(len <= conn->window - conn->held_len);
	memcpy(buffer + at, data, straight);
	memcpy(buffer, data + straight, len - straight);
	conn->held_len += (uint32_t)len;
}

void conn_hold(struct conn_table *table, struct conn *conn, const struct iovec *parts,
	       size_t num)
{
	conn->held_ever = true;
	for (size_t i = 0; i < num; i++)
		hold_bytes(buffer_of(table, conn), conn, parts[i].iov_base,
			   parts[i].iov_len);
}

size_t conn_held(const struct conn_table *table, const struct conn *conn,
		 struct iovec parts[2])
{
	uint8_t *const buffer = buffer_of(table, conn);
	const uint32_t to_end = conn->window - conn->held_at;

	if (conn->held_len == 0)
		return 0;
	parts[0].iov_base = buffer + conn->held_at;
	parts[0].iov_len = to_end < conn->held_len ? to_end : conn->held_len;
	if (parts[0].iov_len == conn->held_len)
		return 1;
	parts[1].iov_base = buffer;
	parts[1].iov_len = conn->held_len - parts[0].iov_len;
	return 2;
}

void conn_release(struct conn *conn, size_t len)
{
	assert(len <= conn->held_len);
	conn->held_len -= (uint32_t)len;
	conn->held_at = conn->held_len == 0
				? 0
				: (uint32_t)(conn->held_at + len) & (conn->window - 1);
}
