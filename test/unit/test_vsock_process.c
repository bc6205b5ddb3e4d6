/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program cella-vsock, from outside: QEMU's place is taken by a synthetic front-end and
 * driver, that of applications by sockets.
 */
#include "support.h"

#include "vm/vsock/vhost_user.h"
#include "vsock_front.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
	HOST_PORT = 700,
	GUEST_PORT = 5001,
	WAIT_MS = 60000, /* for what comes at once, unless something is wrong */
	BULK = 64 << 20,
	PEER_ALLOC = 256 << 10,
	NUM_CONNECTIONS = 3000,
};

static const char *const any[] = { "--from-guest", "any", "--to-guest", "any", NULL };

static struct front front;
static struct packet got;
static uint8_t payload[DRIVER_MAX_PAYLOAD];
static uint8_t data[DRIVER_MAX_PAYLOAD];

static void start(const char *const *options)
{
	front_start(&front, NULL, options);
	front_drive(&front);
}

static void finish(int status, const char *code)
{
	CHECK_INT(status, front_finish(&front));
	CHECK_TEXT_HAS(front.text, code);
	/* One line. */
	CHECK_TRUE(strchr(front.text, '\n') == front.text + strlen(front.text) - 1);
}

static struct packet packet(uint16_t op, uint32_t len)
{
	return (struct packet){ .src_cid = DRIVER_CID,
				.dst_cid = 2,
				.src_port = GUEST_PORT,
				.dst_port = HOST_PORT,
				.type = PACKET_STREAM,
				.op = op,
				.len = len,
				.buf_alloc = PEER_ALLOC };
}

static void say(const struct packet *p, const void *bytes)
{
	while (!driver_send(&front.driver, p, bytes)) {
		struct pollfd call = { .fd = front.call[DRIVER_TX], .events = POLLIN };
		uint64_t times;

		CHECK_TRUE(poll(&call, 1, WAIT_MS) == 1);
		CHECK_TRUE(read(call.fd, &times, sizeof times) > 0);
	}
	front_kick(&front, DRIVER_TX);
}

static void say_op(uint16_t op)
{
	const struct packet p = packet(op, 0);

	say(&p, NULL);
}

static bool hear_now(void)
{
	if (!driver_receive(&front.driver, &got, payload))
		return false;
	driver_post(&front.driver, 1);
	front_kick(&front, DRIVER_RX);
	return true;
}

static void hear(uint16_t op)
{
	while (!hear_now()) {
		struct pollfd call = { .fd = front.call[DRIVER_RX], .events = POLLIN };
		uint64_t times;

		if (poll(&call, 1, WAIT_MS) != 1)
			fail_msg("nothing came; %s expected", packet_op_name(op));
		CHECK_TRUE(read(call.fd, &times, sizeof times) > 0);
	}
	if (got.op != op)
		fail_msg("%s came, %s expected", packet_op_name(got.op),
			 packet_op_name(op));
}

static int accept_from_guest(int listener)
{
	struct pollfd ready = { .fd = listener, .events = POLLIN };

	say_op(PACKET_REQUEST);
	hear(PACKET_RESPONSE);
	CHECK_INT(1, poll(&ready, 1, WAIT_MS));
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* --- its life ------------------------------------------------------------------------ */

static void ends_with_its_front_end(void **state UNUSED)
{
	start(any);
	finish(0,
	       "cella-vsock: front-end-left: the front-end closed its connection; driver "
	       "seen, 0 connections");
}

static void ends_before_it_was_told_anything(void **state UNUSED)
{
	front_start(&front, NULL, any);
	finish(0, "driver never seen");
}

static void ends_when_it_is_told_to(void **state UNUSED)
{
	start(any);
	kill(front.pid, SIGTERM);
	CHECK_INT(0, front_wait(&front));
	CHECK_TEXT_HAS(front.text, "cella-vsock: stopped: ");
}

/* The guest's memory goes away under it: said, not a mere signal. */
static void loses_the_memory(void **state UNUSED)
{
	start(any);
	kill(front.pid, SIGBUS);
	CHECK_INT(6, front_wait(&front));
	CHECK_TEXT("cella-vsock: memory-lost: the guest's memory went away\n",
		   front.text);
}

static void guest_breaks_a_queue(void **state UNUSED)
{
	start(any);
	driver_set_avail_index(&front.driver.queues[DRIVER_TX], 5000);
	front_kick(&front, DRIVER_TX);
	CHECK_INT(5, front_wait(&front));
	CHECK_TEXT_HAS(front.text,
		       "cella-vsock: guest-queue: queue 1: its index is further ahead");
}

static void front_end_breaks_the_protocol(void **state UNUSED)
{
	front_start(&front, NULL, any);
	front_say(&front, 99, NULL, 0, NULL, 0);
	CHECK_INT(4, front_wait(&front));
	CHECK_TEXT_HAS(front.text, "cella-vsock: front-end-protocol: request 99 is not");
}

static void front_end_leaves_within_a_message(void **state UNUSED)
{
	front_start(&front, NULL, any);
	CHECK_INT(5, send(front.fd, "\1\0\0\0\1", 5, 0));
	finish(4, "it left within a message, after 5 bytes of it");
}

static void messages_in_pieces_and_together(void **state UNUSED)
{
	static const uint32_t requests[6] = { VHOST_GET_FEATURES,  1, 0,
					      VHOST_GET_QUEUE_NUM, 1, 0 };
	const uint8_t *const bytes = (const uint8_t *)requests;
	uint64_t answer = 0;

	front_start(&front, NULL, any);
	for (size_t i = 0; i < 11; i++)
		CHECK_INT(1, send(front.fd, bytes + i, 1, 0));
	CHECK_INT(13, send(front.fd, bytes + 11, 13, 0));
	front_hear(&front, &answer, sizeof answer);
	CHECK_TRUE(answer == VHOST_FEATURES);
	front_hear(&front, &answer, sizeof answer);
	CHECK_INT(3, answer);
	finish(0, "front-end-left");
}

static void more_descriptors_than_any_message_has(void **state UNUSED)
{
	int fds[16];

	front_start(&front, NULL, any);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = front.driver.memfd;
	front_say(&front, VHOST_SET_OWNER, NULL, 0, fds, ARRAY_LEN(fds));
	CHECK_INT(4, front_wait(&front));
	CHECK_TEXT_HAS(front.text, "descriptors with one message");
}

static void only_one_front_end(void **state UNUSED)
{
	struct sockaddr_un {
		sa_family_t family;
		char path[108];
	} at = { .family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	start(any);
	snprintf(at.path, sizeof at.path, "%s/vu", front.folder);
	CHECK_INT(-1, connect(fd, (const struct sockaddr *)(const void *)&at, sizeof at));
	CHECK_INT(ECONNREFUSED, errno);
	close(fd);
	finish(0, "front-end-left");
}

static void usage_mistakes(void **state UNUSED)
{
	static const struct {
		const char *options[3];
		const char *says;
	} rows[] = {
		{ { "--to-guest", "x" }, "--to-guest: \"x\" is not a number" },
		{ { "--to-guest" }, "--to-guest needs a value" },
		{ { "--other", "1" }, "there is no option --other" },
		{ { "--cid", "2" }, "a guest has 3 or more" },
		{ { "--cid", "4294967295" }, "--cid: at most" },
		{ { "--max-connections", "0" }, "--max-connections: 0" },
		{ { "--max-connections", "65537" }, "at most 65536" },
		{ { "--base", "1" }, "is no UNIX socket with a path" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CASE(rows[i].says);
		front_start(&front, NULL, rows[i].options);
		CHECK_INT(2, front_wait(&front));
		CHECK_TEXT_HAS(front.text, rows[i].says);
	}
}

/* --- the sandbox --------------------------------------------------------------------- */

/* A line of /proc/PID/status. */
static void status_line(const char *name, char out[128])
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)front.pid);
	file = fopen(path, "re");
	CHECK_TRUE(file != NULL);
	do
		CHECK_TRUE(fgets(out, 128, file) != NULL);
	while (strncmp(out, name, strlen(name)) != 0);
	fclose(file);
}

static void is_in_its_sandbox(void **state UNUSED)
{
	char line[128];

	start(any);
	status_line("NoNewPrivs:", line);
	CHECK_TEXT("NoNewPrivs:\t1\n", line);
	status_line("Seccomp:", line);
	CHECK_TEXT("Seccomp:\t2\n", line);
	/* Only root can look into a process that is not dumpable. */
	if (geteuid() == 0) {
		char path[64], root[256] = { 0 };

		snprintf(path, sizeof path, "/proc/%d/root", (int)front.pid);
		CHECK_TRUE(readlink(path, root, sizeof root - 1) > 0);
		CHECK_TEXT(front.folder, root);
	}
	finish(0, "front-end-left");
}

/* Descriptors of messages and connections do not stay behind. */
static size_t num_fds(void)
{
	char path[64];
	DIR *folder;
	size_t num = 0;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)front.pid);
	folder = opendir(path);
	CHECK_TRUE(folder != NULL);
	while (readdir(folder) != NULL)
		num++;
	closedir(folder);
	return num;
}

static void nothing_is_left_behind(void **state UNUSED)
{
	size_t before;
	int listener;

	/* Only root can look into a process that is not dumpable. */
	start(any);
	listener = front_listen(&front, HOST_PORT);
	for (int i = 0; i < 20; i++) {
		uint64_t answer;
		const int fd = accept_from_guest(listener);

		if (i == 0)
			before = num_fds();
		for (uint64_t ring = 0; ring < 2; ring++)
			front_say(&front, VHOST_SET_VRING_CALL, &ring, sizeof ring,
				  &front.call[ring], 1);
		front_say(&front, VHOST_GET_QUEUE_NUM, NULL, 0, NULL, 0);
		front_hear(&front, &answer, sizeof answer);
		say_op(PACKET_RST);
		close(fd);
	}
	close(accept_from_guest(listener));
	CHECK_INT(before, num_fds());
	close(listener);
	finish(0, "21 connections");
}

/* --- traffic ------------------------------------------------------------------------- */

static uint8_t pattern(uint64_t at)
{
	return (uint8_t)((at * UINT64_C(0x9e3779b97f4a7c15)) >> 56);
}

static void wait_for(int fd, short events)
{
	struct pollfd ready[2] = { { .fd = fd, .events = events },
				   { .fd = front.call[DRIVER_RX], .events = POLLIN } };
	uint64_t times;

	CHECK_TRUE(poll(ready, 2, WAIT_MS) > 0);
	if ((ready[1].revents & POLLIN) != 0)
		CHECK_TRUE(read(ready[1].fd, &times, sizeof times) > 0);
}

/* 64 MiB to a host that reads little and late. */
static void bulk_to_a_slow_host(void **state UNUSED)
{
	uint32_t told = 0, window;
	uint64_t put = 0, came = 0;
	int listener, host;

	start(any);
	listener = front_listen(&front, HOST_PORT);
	host = accept_from_guest(listener);
	window = got.buf_alloc;
	while (came < BULK) {
		const uint32_t room = window - ((uint32_t)put - told);
		const uint64_t left = BULK - put;
		struct packet p = packet(PACKET_RW, sizeof data);
		ssize_t here;

		p.len = room < p.len ? room : p.len;
		p.len = left < p.len ? (uint32_t)left : p.len;
		for (uint32_t i = 0; i < p.len; i++)
			data[i] = pattern(put + i);
		if (p.len > 0)
			say(&p, data);
		put += p.len;
		if (p.len == 0 || put == BULK) {
			wait_for(host, POLLIN);
			here = recv(host, data, 30011, 0);
			for (ssize_t i = 0; i < here; i++)
				if (data[i] != pattern(came + (uint64_t)i))
					fail_msg("other bytes at %llu",
						 (unsigned long long)came);
			came += here > 0 ? (uint64_t)here : 0;
		}
		while (hear_now()) {
			CHECK_INT(PACKET_CREDIT_UPDATE, got.op);
			told = got.fwd_cnt;
		}
	}
	CHECK_TRUE(came == BULK);
	close(host);
	close(listener);
	finish(0, "0 lies");
}

/* 64 MiB to a guest whose program reads late. */
static void bulk_to_a_slow_guest(void **state UNUSED)
{
	uint64_t put = 0, came = 0;
	uint32_t unread = 0;
	int listener, host;
	struct packet p = packet(PACKET_CREDIT_UPDATE, 0);

	start(any);
	listener = front_listen(&front, HOST_PORT);
	host = accept_from_guest(listener);
	while (came < BULK) {
		if (put < BULK) {
			ssize_t here;

			for (size_t i = 0; i < sizeof data; i++)
				data[i] = pattern(put + i);
			here = send(host, data,
				    BULK - put < sizeof data ? BULK - put : sizeof data,
				    MSG_DONTWAIT);
			put += here > 0 ? (uint64_t)here : 0;
		}
		while (hear_now()) {
			if (got.op == PACKET_CREDIT_REQUEST)
				continue;
			CHECK_INT(PACKET_RW, got.op);
			for (uint32_t i = 0; i < got.len; i++)
				if (payload[i] != pattern(came + i))
					fail_msg("other bytes at %llu",
						 (unsigned long long)came);
			came += got.len;
			unread += got.len;
			CHECK_TRUE(unread <= PEER_ALLOC);
		}
		/* It reads when its buffer is nearly full, or all has come. */
		if (unread > PEER_ALLOC / 8 * 7 || put == BULK) {
			p.fwd_cnt += unread;
			unread = 0;
			say(&p, NULL);
		}
	}
	CHECK_TRUE(came == BULK);
	close(host);
	close(listener);
	finish(0, "0 lies");
}

static void connection_after_connection(void **state UNUSED)
{
	struct packet p = packet(PACKET_REQUEST, 0);
	int listener;

	start(any);
	listener = front_listen(&front, HOST_PORT);
	for (uint32_t i = 0; i < NUM_CONNECTIONS; i++) {
		uint8_t byte = 0;
		int fd;

		p.src_port = i;
		p.op = PACKET_REQUEST;
		p.len = 0;
		say(&p, NULL);
		hear(PACKET_RESPONSE);
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		CHECK_TRUE(fd >= 0);
		p.op = PACKET_RW;
		p.len = 1;
		say(&p, "a");
		CHECK_INT(1, recv(fd, &byte, 1, 0));
		CHECK_INT(1, send(fd, "b", 1, 0));
		hear(PACKET_RW);
		CHECK_INT('b', payload[0]);
		close(fd);
		hear(PACKET_SHUTDOWN);
		p.op = PACKET_RST;
		p.len = 0;
		say(&p, NULL);
	}
	close(listener);
	finish(0, "3000 connections");
}

static void many_at_once(void **state UNUSED)
{
	static int fds[NUM_CONNECTIONS];
	struct packet p = packet(PACKET_REQUEST, 0);
	int listener;

	start(any);
	listener = front_listen(&front, HOST_PORT);
	for (uint32_t i = 0; i < NUM_CONNECTIONS; i++) {
		p.src_port = i;
		say(&p, NULL);
		hear(PACKET_RESPONSE);
		fds[i] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		CHECK_TRUE(fds[i] >= 0);
	}
	for (uint32_t i = 0; i < NUM_CONNECTIONS; i++)
		CHECK_INT(1, send(fds[i], "x", 1, 0));
	for (uint32_t i = 0; i < NUM_CONNECTIONS; i++)
		hear(PACKET_RW);
	for (uint32_t i = 0; i < NUM_CONNECTIONS; i++)
		close(fds[i]);
	close(listener);
	finish(0, "3000 connections");
}

static void program_connects(void **state UNUSED)
{
	struct packet p = packet(PACKET_RESPONSE, 0);
	char line[32] = { 0 };
	int program;

	start(any);
	program = front_dial(&front);
	CHECK_INT(13, send(program, "CONNECT 5001\n", 13, 0));
	hear(PACKET_REQUEST);
	p.dst_port = got.src_port;
	say(&p, NULL);
	CHECK_TRUE(recv(program, line, sizeof line - 1, 0) > 3);
	CHECK_TEXT_HAS(line, "OK ");
	CHECK_INT(5, send(program, "hello", 5, 0));
	hear(PACKET_RW);
	CHECK_BYTES("hello", 5, bytes_of(payload, got.len));
	close(program);
	finish(0, "1 connections");
}

/* The guest's driver goes and comes back, as when its module is loaded anew. */
static void rings_stop_and_start(void **state UNUSED)
{
	uint8_t byte;
	int listener, host;

	start(any);
	listener = front_listen(&front, HOST_PORT);
	host = accept_from_guest(listener);
	front_stop_rings(&front);
	CHECK_INT(0, fcntl(host, F_SETFL, 0));
	CHECK_INT(0, recv(host, &byte, 1, 0));
	close(host);
	driver_reset(&front.driver);
	front_drive_again(&front);
	close(accept_from_guest(listener));
	close(listener);
	finish(0, "2 connections");
}

static void nothing_is_admitted_by_default(void **state UNUSED)
{
	static const char *const none[] = { NULL };
	uint8_t byte;
	int listener, program;

	start(none);
	listener = front_listen(&front, HOST_PORT);
	say_op(PACKET_REQUEST);
	hear(PACKET_RST);
	program = front_dial(&front);
	CHECK_INT(13, send(program, "CONNECT 5001\n", 13, 0));
	CHECK_INT(0, recv(program, &byte, 1, 0));
	close(program);
	close(listener);
	finish(0, "2 rejected");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_with_its_front_end),
		cmocka_unit_test(ends_before_it_was_told_anything),
		cmocka_unit_test(ends_when_it_is_told_to),
		cmocka_unit_test(loses_the_memory),
		cmocka_unit_test(guest_breaks_a_queue),
		cmocka_unit_test(front_end_breaks_the_protocol),
		cmocka_unit_test(front_end_leaves_within_a_message),
		cmocka_unit_test(messages_in_pieces_and_together),
		cmocka_unit_test(more_descriptors_than_any_message_has),
		cmocka_unit_test(only_one_front_end),
		cmocka_unit_test(usage_mistakes),
		cmocka_unit_test(is_in_its_sandbox),
		ROOT_TEST(nothing_is_left_behind),
		cmocka_unit_test(bulk_to_a_slow_host),
		cmocka_unit_test(bulk_to_a_slow_guest),
		cmocka_unit_test(connection_after_connection),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(program_connects),
		cmocka_unit_test(rings_stop_and_start),
		cmocka_unit_test(nothing_is_admitted_by_default),
	};
	struct rlimit files;

	/* As many connections at once as are tried below, from this side too. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
