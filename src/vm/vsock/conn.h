/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections between the guest and sockets of the host: a table of a fixed size, with
 * everything that they may ever need of memory, made at the start.
 *
 * Credit. Each side tells the other in every packet how many bytes it is willing to hold
 * (buf_alloc) and how many it has passed on so far (fwd_cnt, modulo 2^32). Nobody has more
 * bytes under way than that. This table promises windows only as far as its budget goes:
 * the more connections there are, the smaller are those that come.
 */
#ifndef VM_VSOCK_CONN_H
#define VM_VSOCK_CONN_H

#include "base/bytes.h"

#include <sys/uio.h>

enum {
	CONN_MAX = 65536,       /* that can be configured */
	CONN_DEFAULT = 4096,    /* connections at once */
	CONN_NONE = -1,         /* no connection */
	CONN_GREETING_LEN = 32, /* the longest CONNECT line, its end included */

	WINDOW_MAX = 512 << 10,
	WINDOW_MIN = 4 << 10,
	WINDOW_SHARE = 8, /* a window takes so much of what is left of the budget */
	WINDOW_BUDGET = 64 << 20,
};

enum conn_state {
	CONN_FREE = 0,
	CONN_GREETING,  /* a program of the host has not said where it wants to */
	CONN_REQUESTED, /* the guest has been asked */
	CONN_DIALLING,  /* the guest asks; the host's listener has a full queue */
	CONN_OPEN,
	CONN_CLOSED, /* the guest knows it no more; the host has not got all yet */
};

/* What the guest has to be told. */
enum {
	TELL_REQUEST = 1,
	TELL_RESPONSE = 2,
	TELL_SHUTDOWN = 4,
	TELL_CREDIT = 8,      /* CREDIT_UPDATE */
	TELL_ASK_CREDIT = 16, /* CREDIT_REQUEST */
	TELL_RST = 32,
};

struct conn {
	enum conn_state state;
	uint32_t generation; /* changes with each use of the slot, and is never 0 */
	int fd;
	bool is_known; /* stands in the index */
	bool from_guest;
	bool is_readable; /* as far as is known; edge-triggered */
	bool is_writable;
	bool has_asked;     /* for credit, since the last packet of the guest */
	bool host_ended;    /* the host will send no more: all has been read */
	bool host_gone;     /* it takes no more, either */
	uint8_t host_told;  /* PACKET_SHUT_… that the guest was told */
	uint8_t guest_shut; /* PACKET_SHUT_… that the guest has told */
	bool host_shut;     /* the host was told that no more comes */
	uint8_t tell;       /* TELL_… */

	uint64_t host_cid;
	uint32_t host_port;
	uint32_t guest_port;

	/* From the guest. */
	uint32_t window; /* our buf_alloc */
	uint32_t received;
	uint32_t forwarded; /* our fwd_cnt */
	uint32_t told_forwarded;
	/* To the guest. */
	uint32_t sent;
	uint32_t peer_alloc;
	uint32_t peer_forwarded;
	uint32_t crumbs; /* small packets among those under way, at most */
	bool is_held;    /* more of them have to wait */

	/* What the host's socket did not take: a ring in the slot's part of the buffers. */
	uint32_t held_at;
	uint32_t held_len;
	bool held_ever;

	int64_t deadline_ms; /* 0: none */

	int next_known; /* in the index */
	int previous;   /* in the queue */
	int next;
	bool is_queued;
};

struct conn_queue {
	int first;
	int last;
};

struct conn_table {
	struct conn *conns;
	int max;
	int num;
	int num_from_guest;
	int num_greeting;
	int num_deadlines;
	int num_dialling;
	int num_held;
	int first_free;
	int *index; /* by ports: first connections of chains */
	uint32_t index_mask;
	uint32_t secret; /* so that a guest cannot choose chains */
	uint8_t *buffers;
	size_t buffers_len;
	size_t promised;         /* sum of all windows */
	struct conn_queue queue; /* those that have something for the guest */
};

/* conn_table_init() makes a table for so many connections. */
enum cella_status conn_table_init(struct conn_table *table, int max, uint32_t secret,
				  struct cella_error *err) MUST_CHECK;
void conn_table_done(struct conn_table *table);

/*
 * conn_new() takes a slot and its window. NULL when there are too many: the guest cannot
 * have them all, so that the host can always reach it.
 */
struct conn *conn_new(struct conn_table *table, enum conn_state state, int fd,
		      bool from_guest);

/* conn_free() gives the slot back; its descriptor is closed. */
void conn_free(struct conn_table *table, struct conn *conn);

/* conn_number() is a connection's place in the table. */
int conn_number(const struct conn_table *table, const struct conn *conn);

/* These keep the table's sums. */
void conn_set_state(struct conn_table *table, struct conn *conn, enum conn_state state);
void conn_set_deadline(struct conn_table *table, struct conn *conn, int64_t deadline_ms);

void conn_set_held(struct conn_table *table, struct conn *conn, bool is_held);

/* conn_know() puts a connection into the index, by its CID and ports; conn_forget() out. */
void conn_know(struct conn_table *table, struct conn *conn);
void conn_forget(struct conn_table *table, struct conn *conn);
struct conn *conn_find(const struct conn_table *table, uint64_t host_cid,
		       uint32_t host_port, uint32_t guest_port);

/* The queue: each connection stands in it once. */
void conn_enqueue(struct conn_table *table, struct conn *conn);
void conn_dequeue(struct conn_table *table, struct conn *conn);

/* --- credit -------------------------------------------------------------------------- */

/* conn_peer_free() is how much the guest is willing to take now. */
uint32_t conn_peer_free(const struct conn *conn);

/*
 * conn_peer_told() takes note of what a packet tells. False for a lie: more passed on than
 * it was sent, or less than it said before.
 */
bool conn_peer_told(struct conn *conn, uint32_t buf_alloc, uint32_t fwd_cnt) MUST_CHECK;

/* conn_window_free() is how much the guest may send now. */
uint32_t conn_window_free(const struct conn *conn);

/* conn_forwarded() counts bytes that the host has taken; true when the guest should know. */
bool conn_forwarded(struct conn *conn, uint32_t len) MUST_CHECK;

/* --- bytes held ---------------------------------------------------------------------- */

/* conn_hold() keeps bytes of parts behind those that are held; they must fit the window. */
void conn_hold(struct conn_table *table, struct conn *conn, const struct iovec *parts,
	       size_t num);

/* conn_held() gives what is held, in one or two parts. */
size_t conn_held(const struct conn_table *table, const struct conn *conn,
		 struct iovec parts[2]);

/* conn_release() drops the first bytes that are held. */
void conn_release(struct conn *conn, size_t len);

#endif
