/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket device: packets of the guest on one side, UNIX sockets of the host on the
 * other. It runs in one thread; nothing in it blocks, and nothing allocates once it is
 * made.
 *
 * Theory of operation
 *
 * from_guest.c takes packets from the transmit queue as they come. Payload goes straight
 * from the guest's memory into the host's socket; what that does not take is held, within
 * the window that the guest was promised. to_guest.c fills the receive queue: first with
 * refusals of what nobody knows, then each connection in turn gets a packet or one batch of
 * data, read from the host's socket straight into the guest's buffers. host.c does what
 * sockets need: connections made and taken, the line CONNECT, ends.
 *
 * Back-pressure, towards the guest: the window. A guest that sends beyond it lies, and that
 * connection is reset. Towards the host: its socket is not read while the guest has no
 * credit left or no buffers.
 *
 * Ends. Either side can end one direction: SHUTDOWN one way, shutdown() the other way. Once
 * both directions are done the guest's connection is over with RST; what the host has not
 * taken yet is still brought to it (CONN_CLOSED).
 *
 * What a guest can spoil: its own connections. Its packets never make more work than a
 * bounded number of answers; refusals that do not fit into their queue are dropped.
 */
#ifndef VM_VSOCK_DEVICE_H
#define VM_VSOCK_DEVICE_H

#include "base/ports.h"
#include "vm/vsock/conn.h"
#include "vm/vsock/packet.h"
#include "vm/vsock/ring.h"

#include <sys/un.h>

enum {
	CID_HOST = 2,
	CID_PARENT = 3, /* the host, to programs written for another cloud */
	CID_GUEST_MIN = 3,

	QUEUE_RX = 0, /* to the guest */
	QUEUE_TX = 1,
	QUEUE_EVENT = 2,
	NUM_QUEUES = 3,

	DEVICE_MAX_REFUSALS = 1024,
	DEVICE_MAX_GREETING = 128, /* programs that have not said where they want to */
	DEVICE_BATCH_CHAINS = 32,  /* receive buffers filled by one read */
	DEVICE_BATCH_LEN = 128 << 10,
	DEVICE_TX_ROUND = 256, /* packets of the guest before others get their turn */
	DEVICE_RX_ROUND = 256,

	DEVICE_GREETING_MS = 10000,
	DEVICE_REQUEST_MS = 30000,
	DEVICE_DIAL_MS = 10000,
	DEVICE_CLOSE_MS = 8000,   /* as Linux gives its peer */
	DEVICE_LINGER_MS = 60000, /* since the host last took something */
	DEVICE_TICK_MS = 250,
	DEVICE_DIAL_TICK_MS = 10,
	DEVICE_HELD_TICK_MS = 50,
};

/* The first of the ports that this side gives to connections of its own. */
#define HOST_PORT_FIRST (UINT32_C(1) << 30)
#define HOST_PORT_LAST ((UINT32_C(1) << 31) - 1)

struct device_config {
	uint64_t cid;
	int max_connections;
	struct ports from_guest; /* host ports that the guest may connect to */
	struct ports to_guest;   /* guest ports that the host may connect to */
	/* A guest's connection to port P goes to the socket "<this>_P". */
	char base[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

/* struct refusal - an RST for something that no connection is behind. */
struct refusal {
	uint64_t host_cid;
	uint32_t host_port;
	uint32_t guest_port;
	uint16_t type;
};

struct device_counts {
	uint64_t packets_from_guest;
	uint64_t packets_to_guest;
	uint64_t bytes_from_guest;
	uint64_t bytes_to_guest;
	uint64_t dropped;  /* packets that had no answer */
	uint64_t refused;  /* packets that were answered with RST */
	uint64_t lies;     /* connections that were reset for what the guest claimed */
	uint64_t opened;   /* connections */
	uint64_t rejected; /* connections: not admitted, nobody listens, too many */
};

struct device {
	struct device_config config;
	int epoll;
	const struct memory *memory;
	struct ring *rx; /* NULL while the driver is not there */
	struct ring *tx;
	struct conn_table table;
	struct refusal refusals[DEVICE_MAX_REFUSALS];
	size_t first_refusal;
	size_t num_refusals;
	uint32_t next_host_port;
	int64_t now_ms;
	int64_t last_tick_ms;
	struct device_counts counts;
	struct chain chain; /* work space: too large for the stack */
	struct iovec parts[RING_MAX_PARTS];
};

/*
 * device_init() makes a device without a driver. Sockets of connections are watched through
 * the epoll descriptor, which stays the caller's; device_tag() tells which they are.
 */
enum cella_status device_init(struct device *device, const struct device_config *config,
			      int epoll, struct cella_error *err) MUST_CHECK;
void device_done(struct device *device);

/* device_start() gives it the queues of a driver; device_stop() ends all connections. */
void device_start(struct device *device, const struct memory *memory, struct ring *rx,
		  struct ring *tx);
void device_stop(struct device *device);

/* device_adopt() takes the connection of a program of the host; the descriptor is its. */
void device_adopt(struct device *device, int fd);

/* device_takes_programs() is false while too many have not said where they want to. */
bool device_takes_programs(const struct device *device);

/* device_event() tells it what epoll said about a tag whose generation is not 0. */
void device_event(struct device *device, uint64_t tag, uint32_t events);

/* device_from_guest() takes packets. True when there may be more. */
bool device_from_guest(struct device *device);

/* device_to_guest() fills buffers. True when there may be more to do now. */
bool device_to_guest(struct device *device);

/* device_has_packets() is true while the guest has to be told or given something. */
bool device_has_packets(const struct device *device);

/* device_tick() does what time demands; device_wait_ms() is when it wants to, -1: never. */
void device_tick(struct device *device);
int device_wait_ms(const struct device *device);

/* --- between its files --------------------------------------------------------------- */

/* device_tell() puts down that the guest has to be told something. */
void device_tell(struct device *device, struct conn *conn, uint8_t what);

/* device_refuse() answers a packet that no connection is behind, as far as there is room. */
void device_refuse(struct device *device, const struct packet *packet);

/* device_open_for_guest() connects for a REQUEST. */
void device_open_for_guest(struct device *device, const struct packet *request);

/* device_dial() tries once more to connect for a REQUEST. */
void device_dial(struct device *device, struct conn *conn);

/* device_accepted() is told that the guest has taken a connection of the host. */
void device_accepted(struct device *device, struct conn *conn);

/* device_forward() brings payload to the host. The window has room for it. */
void device_forward(struct device *device, struct conn *conn, struct iovec *parts,
		    size_t num, size_t len);

/* device_flush() brings to the host what is held, and then what the guest has ended. */
void device_flush(struct device *device, struct conn *conn);

/* device_end() ends a connection for the guest; what is held is still brought to the host. */
void device_end(struct device *device, struct conn *conn);

/* device_offer() puts a connection into the queue if it has anything for the guest. */
void device_offer(struct device *device, struct conn *conn);

#endif
