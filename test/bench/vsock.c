/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cella-vsock costs: `bench-vsock CELLA_VSOCK [--json] [--quick]`. A synthetic driver
 * talks with an application of the host through cella-vsock, and, for the limit to measure
 * against, with a process that does nothing but copy between the same rings and memory of
 * its own. Both wait and notify in the same way.
 */
#include "vm/vsock/packet.h"
#include "vm/vsock/ring.h"
#include "vsock_front.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum {
	PORT = 700,
	PEER_ALLOC = 256 << 10,
	TELL_AFTER = 64 << 10, /* a guest tells of what it has read as Linux does */
	BULK = 256 << 20,
	BULK_QUICK = 64 << 20,
	ROUND_TRIPS = 20000,
	ROUND_TRIPS_QUICK = 4000,
	ROUNDS = 9,
	SMALL = 1,
};

static struct front front;
static struct packet got;
static uint8_t payload[DRIVER_MAX_PAYLOAD];
static uint8_t data[DRIVER_MAX_PAYLOAD];

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(3);
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* --- the driver ---------------------------------------------------------------------- */

static struct packet packet(uint16_t op, uint32_t len)
{
	return (struct packet){ .src_cid = DRIVER_CID,
				.dst_cid = 2,
				.src_port = 1,
				.dst_port = PORT,
				.type = PACKET_STREAM,
				.op = op,
				.len = len,
				.buf_alloc = PEER_ALLOC };
}

static void wait_call(unsigned queue)
{
	struct pollfd call = { .fd = front.call[queue], .events = POLLIN };
	uint64_t times;

	must(poll(&call, 1, 60000) == 1, "an interrupt");
	must(read(call.fd, &times, sizeof times) == sizeof times, "an interrupt");
}

static void say(const struct packet *p)
{
	while (!driver_send(&front.driver, p, p->len > 0 ? data : NULL))
		wait_call(DRIVER_TX);
	front_kick(&front, DRIVER_TX);
}

static bool hear_now(void)
{
	if (!driver_receive(&front.driver, &got, payload))
		return false;
	driver_post(&front.driver, 1);
	return true;
}

static void hear(void)
{
	while (!hear_now()) {
		front_kick(&front, DRIVER_RX);
		wait_call(DRIVER_RX);
	}
}

/* --- an application of the host, and what only copies -------------------------------- */

/* What runs in a process beside the driver; it returns when it is done. */
struct job {
	void (*application)(int fd, uint64_t len);
	void (*copier)(struct ring *ring, const struct memory *memory, uint64_t len);
	unsigned queue; /* of the copier */
};

static void read_all(int fd, uint64_t len)
{
	static uint8_t buffer[1 << 20];

	while (len > 0) {
		const ssize_t here = recv(fd, buffer, sizeof buffer, 0);

		must(here > 0, "recv");
		len -= (uint64_t)here;
	}
}

static void write_all(int fd, uint64_t len)
{
	static uint8_t buffer[1 << 20];

	while (len > 0) {
		const ssize_t here =
			send(fd, buffer, len < sizeof buffer ? len : sizeof buffer, 0);

		must(here > 0, "send");
		len -= (uint64_t)here;
	}
}

static void echo_all(int fd, uint64_t len)
{
	uint8_t byte;

	for (; len > 0; len--) {
		must(recv(fd, &byte, 1, 0) == 1, "recv");
		must(send(fd, &byte, 1, 0) == 1, "send");
	}
}

static struct chain chain;

/* The next chain of a ring, once there is one. */
static void await(struct ring *ring, const struct memory *memory, unsigned queue)
{
	while (ring_available(ring) == 0) {
		struct pollfd kick = { .fd = front.kick[queue], .events = POLLIN };
		const uint64_t one = 1;
		uint64_t times;

		if (ring_publish(ring))
			must(write(front.call[queue], &one, sizeof one) > 0, "call");
		ring_quiet(ring, false);
		if (ring_available(ring) > 0)
			break;
		must(poll(&kick, 1, 60000) == 1, "a kick");
		must(read(kick.fd, &times, sizeof times) > 0, "a kick");
		ring_quiet(ring, true);
	}
	must(ring_peek(ring, memory, 0,
		       queue == DRIVER_TX ? CHAIN_READABLE : CHAIN_WRITABLE, &chain),
	     "a chain");
}

static void publish(struct ring *ring, unsigned queue)
{
	const uint64_t one = 1;

	if (ring_publish(ring))
		must(write(front.call[queue], &one, sizeof one) > 0, "call");
}

static void copy_up(struct ring *ring, const struct memory *memory, uint64_t len)
{
	static uint8_t buffer[1 << 20];

	while (len > 0) {
		await(ring, memory, DRIVER_TX);
		parts_read(chain.parts, buffer, chain.len);
		len -= chain.len - PACKET_HEADER_LEN;
		ring_finish(ring, chain.head, 0);
	}
	publish(ring, DRIVER_TX);
}

/* From as much memory as the application sends from. */
static void copy_down(struct ring *ring, const struct memory *memory, uint64_t len)
{
	static uint8_t buffer[1 << 20];
	uint8_t header[PACKET_HEADER_LEN];
	const struct packet p = packet(PACKET_RW, DRIVER_RX_PAYLOAD);

	packet_write(&p, header);
	while (len > 0) {
		struct iovec parts[2];
		size_t num = 0;

		await(ring, memory, DRIVER_RX);
		parts_write(chain.parts, header, sizeof header);
		must(chain_slice(&chain, sizeof header, DRIVER_RX_PAYLOAD, parts, &num,
				 2),
		     "a buffer");
		parts_write(parts, buffer + len % sizeof buffer, DRIVER_RX_PAYLOAD);
		len -= DRIVER_RX_PAYLOAD;
		ring_finish(ring, chain.head, sizeof header + DRIVER_RX_PAYLOAD);
	}
	publish(ring, DRIVER_RX);
}

/* --- what is measured ---------------------------------------------------------------- */

static void send_bulk(uint64_t len, bool has_credit)
{
	uint32_t told = 0, window = got.buf_alloc;
	uint64_t put = 0;

	while (put < len) {
		struct packet p = packet(PACKET_RW, sizeof data);

		while (has_credit && window - ((uint32_t)put - told) < sizeof data) {
			hear();
			told = got.fwd_cnt;
		}
		say(&p);
		put += sizeof data;
	}
}

static void receive_bulk(uint64_t len, bool has_credit)
{
	struct packet p = packet(PACKET_CREDIT_UPDATE, 0);
	uint32_t told = 0;
	uint64_t came = 0;

	while (came < len) {
		hear();
		came += got.len;
		p.fwd_cnt = (uint32_t)came;
		if (has_credit && (p.fwd_cnt - told >= PEER_ALLOC - TELL_AFTER ||
				   got.op == PACKET_CREDIT_REQUEST)) {
			told = p.fwd_cnt;
			say(&p);
		}
	}
}

static void round_trips(uint64_t num, bool has_credit)
{
	struct packet p = packet(PACKET_RW, SMALL);

	(void)has_credit;
	for (; num > 0; num--) {
		say(&p);
		do
			hear();
		while (got.op != PACKET_RW);
		p.fwd_cnt++;
	}
}

static const struct row {
	const char *id;
	const char *title;
	void (*drive)(uint64_t len, bool has_credit);
	void (*application)(int fd, uint64_t len);
	void (*copier)(struct ring *ring, const struct memory *memory, uint64_t len);
	unsigned queue;
	double target; /* at least so many times the copier's rate */
} rows[] = {
	{ "up", "bulk from the guest", send_bulk, read_all, copy_up, DRIVER_TX, 0.7 },
	{ "down", "bulk to the guest", receive_bulk, write_all, copy_down, DRIVER_RX,
	  0.7 },
	{ "round_trip", "a byte there and back", round_trips, echo_all, NULL, 0, 0 },
};

static void finish_child(pid_t child)
{
	int status = 0;

	must(waitpid(child, &status, 0) == child && status == 0, "the other side");
}

/* Seconds that the row takes by way of cella-vsock. */
static double through_vsock(const char *program, const struct row *row, uint64_t len)
{
	static const char *const any[] = { "--from-guest", "any", NULL };
	const struct packet request = packet(PACKET_REQUEST, 0);
	double start, took;
	int listener;
	pid_t child;

	front_start(&front, program, any);
	front_drive(&front);
	listener = front_listen(&front, PORT);
	child = fork();
	if (child == 0) {
		struct pollfd ready = { .fd = listener, .events = POLLIN };

		must(poll(&ready, 1, 60000) == 1, "a connection");
		row->application(accept(listener, NULL, NULL), len);
		_exit(0);
	}
	start = now_s();
	say(&request);
	hear();
	row->drive(len, true);
	finish_child(child);
	took = now_s() - start;
	close(listener);
	must(front_finish(&front) == 0, front.text);
	return took;
}

/* The copier has the same memory under its own addresses. */
static void locate(struct ring *ring, struct memory *memory, unsigned queue)
{
	const struct driver_queue *const q = &front.driver.queues[queue];
	const struct ring_address at = { driver_user(&front.driver, q->desc),
					 driver_user(&front.driver, q->avail),
					 driver_user(&front.driver, q->used) };
	const int fds[2] = { front.driver.memfd, front.driver.memfd };
	struct memory_region regions[2];

	driver_regions(&front.driver, regions);
	must(memory_map(regions, fds, 2, memory, NULL) == CELLA_OK, "memory");
	must(ring_locate(ring, memory, DRIVER_NUM, &at, NULL) == CELLA_OK, "ring");
	ring_start(ring, 0);
}

static double through_copier(const struct row *row, uint64_t len)
{
	double start, took;
	pid_t child;

	memset(&front, 0, sizeof front);
	driver_init(&front.driver);
	for (unsigned q = 0; q < DRIVER_NUM_QUEUES; q++) {
		front.kick[q] = eventfd(0, EFD_CLOEXEC);
		front.call[q] = eventfd(0, EFD_CLOEXEC);
	}
	driver_post(&front.driver, DRIVER_NUM);
	child = fork();
	if (child == 0) {
		struct memory memory = { 0 };
		struct ring ring = { 0 };

		locate(&ring, &memory, row->queue);
		row->copier(&ring, &memory, len);
		_exit(0);
	}
	start = now_s();
	row->drive(len, false);
	finish_child(child);
	took = now_s() - start;
	for (unsigned q = 0; q < DRIVER_NUM_QUEUES; q++) {
		close(front.kick[q]);
		close(front.call[q]);
	}
	driver_done(&front.driver);
	return took;
}

/* What a UNIX socket between two processes makes, which no way through one can surpass. */
static double through_socket(uint64_t len)
{
	double start, took;
	int fds[2];
	pid_t child;

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0, "socketpair");
	child = fork();
	if (child == 0) {
		read_all(fds[1], len);
		_exit(0);
	}
	start = now_s();
	write_all(fds[0], len);
	finish_child(child);
	took = now_s() - start;
	close(fds[0]);
	close(fds[1]);
	return took;
}

static int compare(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double values[ROUNDS])
{
	qsort(values, ROUNDS, sizeof *values, compare);
	return values[ROUNDS / 2];
}

/* Pairs, one after the other so that both of a pair meet the same machine; their medians. */
static void measure(const char *program, const struct row *row, uint64_t len, bool json,
		    bool is_first)
{
	double vsock[ROUNDS], copier[ROUNDS], ratios[ROUNDS];
	double rate, limit, ratio;

	for (int i = 0; i < ROUNDS; i++) {
		vsock[i] = through_vsock(program, row, len);
		copier[i] = row->copier != NULL ? through_copier(row, len) : 0;
		ratios[i] = copier[i] / vsock[i];
	}
	rate = (double)len / median(vsock) / (1 << 20);
	limit = (double)len / median(copier) / (1 << 20);
	ratio = median(ratios);
	if (row->copier == NULL && json)
		printf("%s  {\"id\": \"%s\", \"us\": %.1f}", is_first ? "" : ",\n",
		       row->id, median(vsock) / (double)len * 1e6);
	else if (row->copier == NULL)
		printf("  %-24s %9.1f us\n", row->title,
		       median(vsock) / (double)len * 1e6);
	else if (json)
		printf("%s  {\"id\": \"%s\", \"mib_per_s\": %.0f, \"copier_mib_per_s\": "
		       "%.0f, \"times_limit\": %.2f, \"target\": %.1f}",
		       is_first ? "" : ",\n", row->id, rate, limit, ratio, row->target);
	else
		printf("  %-24s %9.0f MiB/s %9.0f copied   %5.2f x   target %.1f: %s\n",
		       row->title, rate, limit, ratio, row->target,
		       ratio >= row->target ? "met" : "MISSED");
	fflush(stdout);
}

static void tell_socket(uint64_t len, bool json)
{
	double took[ROUNDS], rate;

	for (int i = 0; i < ROUNDS; i++)
		took[i] = through_socket(len);
	rate = (double)len / median(took) / (1 << 20);
	if (json)
		printf(",\n  {\"id\": \"socket\", \"mib_per_s\": %.0f}", rate);
	else
		printf("  %-24s %9.0f MiB/s\n", "a UNIX socket alone", rate);
}

int main(int argc, char **argv)
{
	bool json = false, quick = false;

	for (int i = 2; i < argc; i++) {
		json |= strcmp(argv[i], "--json") == 0;
		quick |= strcmp(argv[i], "--quick") == 0;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: bench-vsock CELLA_VSOCK [--json] [--quick]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	puts(json ? "[" : "the sockets of an Enclave VM, with a synthetic driver:");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t len = quick ? BULK_QUICK : BULK;

		if (rows[i].copier == NULL)
			len = quick ? ROUND_TRIPS_QUICK : ROUND_TRIPS;
		measure(argv[1], &rows[i], len, json, i == 0);
	}
	tell_socket(quick ? BULK_QUICK : BULK, json);
	if (json)
		puts("\n]");
	return 0;
}
