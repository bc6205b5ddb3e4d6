/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vsock device with both of its sides in this process: a driver that says what it likes,
 * and programs of the host.
 */
#ifndef TEST_VSOCK_WORLD_H
#define TEST_VSOCK_WORLD_H

#include "support.h"
#include "vm/vsock/device.h"
#include "vsock_driver.h"

enum { HOST_PORT = 700, GUEST_PORT = 5001, PEER_ALLOC = 256 << 10 };

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

/* --- the world ----------------------------------------------------------------------- */

struct world *world_make(int max_connections);
void world_unmake(struct world *w);

/* locate() finds the rings where the driver has them, as if it had come anew. */
void locate(struct world *w, unsigned queue);

/* listen_at() is a program of the host that listens where connections to port end. */
int listen_at(struct world *w, uint32_t port, int backlog);

/* pump() lets the device do all that there is to do. */
void pump(struct world *w);

/* tick() makes time pass since the last look at the clock. */
void tick(struct world *w);

/* --- what the guest says ------------------------------------------------------------- */

/* packet() is one of the guest's on its usual connection; the others send such. */
struct packet packet(uint16_t op);
void send_packet(struct world *w, const struct packet *p, const void *payload);
void say(struct world *w, uint16_t op);
void say_data(struct world *w, const void *data, uint32_t len);

/* hear() takes the next packet, and gives its buffer back. False when none came. */
bool hear(struct world *w);
void expect_op(struct world *w, int line, uint16_t op);
struct conn *only_conn(struct world *w);

/* --- what the host does -------------------------------------------------------------- */

/* connect_from_guest() makes a connection of the guest's; the host's end. */
int connect_from_guest(struct world *w);

/* adopt() is a program that has connected, and its greeting; the program's end. */
int adopt(struct world *w, const char *greeting);

/* host_reads() reads all that the host can read now; how much. */
ssize_t host_reads(int fd, uint8_t *out, size_t max);
bool host_sees_end(int fd);

/*
 * host_sees_close(): it is over, with an end or, where more had been said than was read, with
 * a reset.
 */
bool host_sees_close(int fd);
void host_says(struct world *w, int fd, const char *text);
void expect_host(int fd, const char *text);

#define EXPECT(w, op) expect_op(w, __LINE__, op)
#define EXPECT_NOTHING(w) CHECK_TRUE(!hear(w))

#endif
