/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-forward: what it admits, and the program between an application, a stand-in for
 * cella-vsock's base socket, and a server on this machine.
 */
#include "support.h"

#include "vm/forward/serve.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum {
	WAIT_S = 60,
	BULK = 8 << 20,
	EGRESS_PORT = 8443,
	GUEST_PORT = 5000,
	TEXT_MAX = 8192
};

/* --- addresses ----------------------------------------------------------------------- */

static void addresses_that_are_not_public(void **state UNUSED)
{
	static const struct {
		const char *text;
		const char *says; /* NULL: public */
	} rows[] = {
		{ "1.1.1.1", NULL },
		{ "8.8.8.8", NULL },
		{ "0.0.0.0", "this host" },
		{ "10.1.2.3", "private" },
		{ "100.63.255.255", NULL },
		{ "100.64.0.0", "metadata" },
		{ "100.100.100.200", "metadata" },
		{ "100.128.0.0", NULL },
		{ "127.0.0.1", "loopback" },
		{ "127.255.255.255", "loopback" },
		{ "168.63.129.15", NULL },
		{ "168.63.129.16", "metadata" },
		{ "168.63.129.17", NULL },
		{ "::ffff:168.63.129.16", "metadata" },
		{ "169.254.169.254", "metadata" },
		{ "172.15.255.255", NULL },
		{ "172.16.0.1", "private" },
		{ "172.31.255.255", "private" },
		{ "172.32.0.0", NULL },
		{ "192.168.1.1", "private" },
		{ "192.0.2.7", "documentation" },
		{ "198.19.0.1", "benchmarks" },
		{ "224.0.0.1", "multicast" },
		{ "255.255.255.255", "broadcast" },
		{ "::", "unspecified" },
		{ "::1", "loopback" },
		{ "::2", "reserved" },
		{ "::7f00:1", "reserved" },
		{ "::ffff:127.0.0.1", "loopback" },
		{ "::ffff:8.8.8.8", NULL },
		{ "::ffff:169.254.169.254", "metadata" },
		{ "64:ff9b::10.0.0.1", "private" },
		{ "64:ff9b::8.8.8.8", NULL },
		{ "64:ff9b:1::8.8.8.8", "reserved" },
		{ "2002:7f00:1::", "loopback" },
		{ "2002:808:808::", NULL },
		{ "2001::1", "protocols" },
		{ "2001:db8::1", "documentation" },
		{ "2606:4700:4700::1111", NULL },
		{ "fc00::1", "private" },
		{ "fd00:ec2::254", "metadata" },
		{ "fe80::1", "link-local" },
		{ "febf::1", "link-local" },
		{ "fec0::1", "site-local" },
		{ "ff02::1", "multicast" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		union address address;
		const char *objection;

		CASE(rows[i].text);
		CHECK_TRUE(address_literal_read(rows[i].text, 80, &address));
		objection = address_objection(&address);
		CHECK_TRUE((objection == NULL) == (rows[i].says == NULL));
		if (objection != NULL)
			CHECK_TEXT_HAS(objection, rows[i].says);
	}
}

static void other_families(void **state UNUSED)
{
	const union address address = { .any.sa_family = AF_UNIX };

	CHECK_TEXT_HAS(address_objection(&address), "no family");
}

static void writes_addresses(void **state UNUSED)
{
	char text[ADDRESS_TEXT_LEN];
	union address address;

	CHECK_TRUE(address_literal_read("192.0.2.1", 8080, &address));
	CHECK_TEXT("192.0.2.1:8080", address_write(&address, text));
	CHECK_TRUE(address_literal_read("[2001:db8::1]", 1, &address));
	CHECK_TEXT("[2001:db8::1]:1", address_write(&address, text));
}

/* --- targets ------------------------------------------------------------------------- */

static void reads_targets(void **state UNUSED)
{
	static const struct {
		const char *text;
		enum cella_status status;
		bool is_address;
	} rows[] = {
		{ "example.com:443", CELLA_OK, false },
		{ "EXAMPLE.com:443", CELLA_OK, false },
		{ "a-b_c.example:1", CELLA_OK, false },
		{ "192.0.2.1:80", CELLA_OK, true },
		{ "[2001:db8::1]:80", CELLA_OK, true },
		{ "example.com", CELLA_MALFORMED, false },
		{ "example.com:", CELLA_MALFORMED, false },
		{ "example.com:0", CELLA_MALFORMED, false },
		{ "example.com:65536", CELLA_MALFORMED, false },
		{ "example.com:http", CELLA_MALFORMED, false },
		{ ":80", CELLA_MALFORMED, false },
		{ "::1:80", CELLA_MALFORMED, false },
		{ "[::1:80", CELLA_MALFORMED, false },
		{ "2001:db8::1:80", CELLA_MALFORMED, false },
		{ "127.1:80", CELLA_MALFORMED, false },
		{ "2130706433:80", CELLA_MALFORMED, false },
		{ "0x7f.0.0.1:80", CELLA_MALFORMED, false },
		{ "0177.0.0.1:80", CELLA_MALFORMED, false },
		{ "a.0x7f:80", CELLA_MALFORMED, false },
		{ "a b:80", CELLA_MALFORMED, false },
		{ "user@host:80", CELLA_MALFORMED, false },
		{ "*.example.com:80", CELLA_MALFORMED, false },
		{ "example.com.:80", CELLA_MALFORMED, false },
		{ "a..b:80", CELLA_MALFORMED, false },
		{ "-a.b:80", CELLA_MALFORMED, false },
		{ "fe80::1%eth0:80", CELLA_MALFORMED, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct target target = { 0 };

		CASE(rows[i].text);
		CHECK_STATUS(rows[i].status, target_read(bytes_from_text(rows[i].text),
							 &target, "--allow", &err));
		CHECK_INT(rows[i].is_address, target.is_address);
		CHECK_TRUE((target.port != 0) == (rows[i].status == CELLA_OK));
	}
}

static void only_what_is_listed_exactly(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool is_listed;
	} rows[] = {
		{ "example.com:443", true },       { "Example.COM:443", true },
		{ "example.com:80", false },       { "www.example.com:443", false },
		{ "example.co:443", false },       { "192.0.2.1:80", true },
		{ "[::ffff:192.0.2.1]:80", true }, { "192.0.2.1:81", false },
		{ "192.0.2.2:80", false },
	};
	struct targets targets = { 0 };
	struct cella_error err = { 0 };

	CHECK_OK(targets_add(&targets, "example.com:443", "--allow", &err));
	CHECK_OK(targets_add(&targets, "192.0.2.1:80", "--allow", &err));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct target target = { 0 };

		CASE(rows[i].text);
		CHECK_OK(target_read(bytes_from_text(rows[i].text), &target, "", &err));
		CHECK_INT(rows[i].is_listed, targets_have(&targets, &target));
	}
}

/* What a name resolves to is judged, each address by itself. */
static void names_that_lead_inside(void **state UNUSED)
{
	static const struct {
		const char *name;
		const char *addresses[3];
		const char *listed; /* by address */
		enum cella_status status;
		const char *result;
	} rows[] = {
		{ "public", { "8.8.8.8" }, NULL, CELLA_OK, "8.8.8.8:80" },
		{ "loopback", { "127.0.0.1" }, NULL, CELLA_USAGE, "is at 127.0.0.1:80" },
		{ "metadata", { "169.254.169.254" }, NULL, CELLA_USAGE, "metadata" },
		{ "mapped", { "::ffff:10.0.0.1" }, NULL, CELLA_USAGE, "private" },
		{ "first inside, then outside",
		  { "10.0.0.1", "8.8.8.8" },
		  NULL,
		  CELLA_OK,
		  "8.8.8.8:80" },
		{ "listed by address",
		  { "10.0.0.1" },
		  "10.0.0.1:80",
		  CELLA_OK,
		  "10.0.0.1:80" },
		{ "listed with another port",
		  { "10.0.0.1" },
		  "10.0.0.1:81",
		  CELLA_USAGE,
		  "private" },
		{ "this machine",
		  { "9.9.9.9" },
		  NULL,
		  CELLA_USAGE,
		  "this machine's own" },
		{ "mapped, too",
		  { "::ffff:9.9.9.9" },
		  NULL,
		  CELLA_USAGE,
		  "this machine's own" },
		{ "of version 6",
		  { "2606:4700::9" },
		  NULL,
		  CELLA_USAGE,
		  "this machine's own" },
		{ "this machine, listed",
		  { "9.9.9.9" },
		  "9.9.9.9:80",
		  CELLA_OK,
		  "9.9.9.9:80" },
		{ "nothing", { NULL }, NULL, CELLA_IO, "has no address" },
	};
	struct sockaddr packet = { .sa_family = AF_PACKET };
	union address own[2];
	struct ifaddrs interfaces[] = {
		{ .ifa_next = &interfaces[1] },
		{ .ifa_next = &interfaces[2], .ifa_addr = &packet },
		{ .ifa_next = &interfaces[3], .ifa_addr = &own[0].any },
		{ .ifa_addr = &own[1].any },
	};
	static const struct target target = { .name = "inside.example", .port = 80 };

	CHECK_TRUE(address_literal_read("9.9.9.9", 0, &own[0]));
	CHECK_TRUE(address_literal_read("2606:4700::9", 0, &own[1]));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct addrinfo found[3] = { 0 };
		union address addresses[3], out = { 0 };
		struct targets targets = { 0 };
		struct cella_error err = { 0 };
		char text[ADDRESS_TEXT_LEN];
		size_t num = 0;

		CASE(rows[i].name);
		for (; num < 3 && rows[i].addresses[num] != NULL; num++) {
			CHECK_TRUE(address_literal_read(rows[i].addresses[num], 80,
							&addresses[num]));
			found[num].ai_addr = &addresses[num].any;
			found[num].ai_addrlen = address_len(&addresses[num]);
			if (num > 0)
				found[num - 1].ai_next = &found[num];
		}
		if (rows[i].listed != NULL)
			CHECK_OK(targets_add(&targets, rows[i].listed, "", &err));
		CHECK_STATUS(rows[i].status,
			     egress_check(&targets, &target, num > 0 ? found : NULL,
					  interfaces, &out, &err));
		CHECK_TEXT_HAS(rows[i].status == CELLA_OK ? address_write(&out, text)
							  : err.text,
			       rows[i].result);
	}
}

static void reads_requests(void **state UNUSED)
{
	static const struct {
		const char *text;
		enum cella_status status;
		size_t len;
	} rows[] = {
		{ "CONNECT a.example:443 HTTP/1.1\r\n\r\n", CELLA_OK, 34 },
		{ "CONNECT a.example:443 HTTP/1.0\r\nHost: b\r\n\r\nmore", CELLA_OK, 43 },
		{ "CONNECT a.example:443 HTTP/1.1\r\n", CELLA_OK, 0 },
		{ "", CELLA_OK, 0 },
		{ "GET / HTTP/1.1\r\n\r\n", CELLA_UNSUPPORTED, 0 },
		{ "\r\n\r\n", CELLA_UNSUPPORTED, 0 },
		{ "CONNECT  HTTP/1.1\r\n\r\n", CELLA_MALFORMED, 0 },
		{ "CONNECT \r\n\r\n", CELLA_MALFORMED, 0 },
		{ "CONNECT a.example:443\r\n\r\n", CELLA_MALFORMED, 0 },
		{ "CONNECT a.example:443 HTTP/2.0\r\n\r\n", CELLA_MALFORMED, 0 },
		{ "CONNECT a.example:443 HTTP/1.1 \r\n\r\n", CELLA_MALFORMED, 0 },
		{ "CONNECT a.example HTTP/1.1\r\n\r\n", CELLA_MALFORMED, 0 },
		{ "CONNECT http://a.example:443 HTTP/1.1\r\n\r\n", CELLA_MALFORMED, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct target target = { 0 };
		size_t len = 99;

		CASE(rows[i].text);
		CHECK_STATUS(rows[i].status, request_read(bytes_from_text(rows[i].text),
							  &target, &len, &err));
		CHECK_INT(rows[i].len, len);
	}
}

static void request_without_end(void **state UNUSED)
{
	static char text[REQUEST_MAX];
	struct cella_error err = { 0 };
	struct target target = { 0 };
	size_t len = 0;

	memset(text, 'a', sizeof text);
	CHECK_OK(request_read(bytes_of(text, REQUEST_MAX - 1), &target, &len, &err));
	CHECK_STATUS(CELLA_LIMIT,
		     request_read(bytes_of(text, REQUEST_MAX), &target, &len, &err));
}

/* --- the program --------------------------------------------------------------------- */

static struct world {
	char folder[64];
	int base; /* what stands for cella-vsock */
	int server;
	uint16_t server_port;
	uint16_t published_port;
	pid_t pid;
	int said;
} w;

static int listen_unix(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", w.folder, name);
	CHECK_INT(0, bind(fd, (const struct sockaddr *)&at, sizeof at));
	CHECK_INT(0, listen(fd, 16));
	return fd;
}

static int listen_tcp(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof at;

	CHECK_INT(0, bind(fd, (const struct sockaddr *)&at, sizeof at));
	CHECK_INT(0, listen(fd, 16));
	CHECK_INT(0, getsockname(fd, (struct sockaddr *)&at, &len));
	*port = ntohs(at.sin_port);
	return fd;
}

static int patient(int fd)
{
	const struct timeval patience = { .tv_sec = WAIT_S };

	CHECK_TRUE(fd >= 0);
	CHECK_INT(0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience));
	return fd;
}

/* Tries until the program listens, or has ended. */
static int dial(const struct sockaddr *at, socklen_t len)
{
	for (;;) {
		const int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, at, len) == 0)
			return patient(fd);
		close(fd);
		CHECK_INT(0, waitpid(w.pid, NULL, WNOHANG));
		poll(NULL, 0, 10);
	}
}

static int dial_published(void)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons(w.published_port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return dial((const struct sockaddr *)&at, sizeof at);
}

static int dial_egress(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(at.sun_path, sizeof at.sun_path, "%s/v_%d", w.folder, EGRESS_PORT);
	return dial((const struct sockaddr *)&at, sizeof at);
}

/* by_address: the server's address is listed, too. */
static void start(bool by_address)
{
	char base[80], publish[64], name[64], address[64], egress[8];
	const char *const argv[] = { getenv("CELLA_FORWARD"),
				     "--base",
				     base,
				     "--publish",
				     publish,
				     "--egress",
				     egress,
				     "--allow",
				     name,
				     by_address ? "--allow" : NULL,
				     address,
				     NULL };
	int said[2];

	CHECK_TRUE(argv[0] != NULL);
	snprintf(w.folder, sizeof w.folder, "/tmp/cella-forward-XXXXXX");
	CHECK_TRUE(mkdtemp(w.folder) != NULL);
	w.base = listen_unix("v");
	w.server = listen_tcp(&w.server_port);
	close(listen_tcp(&w.published_port));
	snprintf(base, sizeof base, "%s/v", w.folder);
	snprintf(publish, sizeof publish, "127.0.0.1:%u=%d", w.published_port,
		 GUEST_PORT);
	snprintf(egress, sizeof egress, "%d", EGRESS_PORT);
	snprintf(name, sizeof name, "localhost:%u", w.server_port);
	snprintf(address, sizeof address, "127.0.0.1:%u", w.server_port);
	CHECK_INT(0, pipe2(said, O_CLOEXEC));
	w.pid = fork();
	if (w.pid == 0) {
		dup2(said[1], STDERR_FILENO);
		execv(argv[0], (char *const *)(void *)argv);
		_exit(127);
	}
	close(said[1]);
	w.said = said[0];
}

/* What it has said must have that in it. */
static void finish(const char *says)
{
	char text[TEXT_MAX] = { 0 }, path[128];
	size_t len = 0;
	int status = 0;

	kill(w.pid, SIGTERM);
	for (ssize_t got = 1; got > 0; len += got > 0 ? (size_t)got : 0)
		got = read(w.said, text + len, sizeof text - 1 - len);
	CHECK_TRUE(waitpid(w.pid, &status, 0) == w.pid);
	CHECK_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK_TEXT_HAS(text, says);
	if (*says == '\0')
		CHECK_TEXT("", text);
	close(w.said);
	close(w.base);
	close(w.server);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, i == 0 ? "%s/v" : "%s/v_8443", w.folder);
		unlink(path);
	}
	CHECK_INT(0, rmdir(w.folder));
}

static void expect(int fd, const char *text)
{
	char got[256] = { 0 };
	const size_t len = strlen(text);

	CHECK_INT(len, recv(fd, got, len, MSG_WAITALL));
	CHECK_TEXT(text, got);
}

/* Whatever else comes: its end comes once the process has said what it has to say. */
static void await_end(int fd)
{
	uint8_t bytes[256];

	while (recv(fd, bytes, sizeof bytes, 0) > 0)
		;
	close(fd);
}

static void say(int fd, const char *text)
{
	CHECK_INT(strlen(text), send(fd, text, strlen(text), MSG_NOSIGNAL));
}

static void ask(int fd, const char *host, unsigned port, const char *more)
{
	char text[256];

	snprintf(text, sizeof text, "CONNECT %s:%u HTTP/1.1\r\nHost: x\r\n\r\n%s", host,
		 port, more);
	say(fd, text);
}

static void publishes_a_port(void **state UNUSED)
{
	uint8_t byte;
	int client, guest;

	start(true);
	client = dial_published();
	say(client, "early");
	guest = patient(accept(w.base, NULL, NULL));
	expect(guest, "CONNECT 5000\n");
	say(guest, "OK 1073741824\nwelcome");
	expect(client, "welcome");
	expect(guest, "early");
	/* One direction ends, the other goes on. */
	shutdown(client, SHUT_WR);
	CHECK_INT(0, recv(guest, &byte, 1, 0));
	say(guest, "last words");
	close(guest);
	expect(client, "last words");
	CHECK_INT(0, recv(client, &byte, 1, 0));
	close(client);
	finish("");
}

static void guest_that_is_not_there(void **state UNUSED)
{
	uint8_t byte;
	int client, guest;

	start(true);
	client = dial_published();
	guest = patient(accept(w.base, NULL, NULL));
	expect(guest, "CONNECT 5000\n");
	close(guest);
	CHECK_TRUE(recv(client, &byte, 1, 0) <= 0);
	close(client);
	finish("cella-forward: failed: port 5000: the guest does not take it");
}

static void reaches_what_is_listed(void **state UNUSED)
{
	int client, server;

	start(true);
	client = dial_egress();
	ask(client, "LOCALHOST", w.server_port, "early");
	expect(client, "HTTP/1.1 200 Connection established\r\n\r\n");
	server = patient(accept(w.server, NULL, NULL));
	expect(server, "early");
	say(server, "answer");
	expect(client, "answer");
	close(server);
	close(client);
	finish("");
}

static void name_of_this_machine(void **state UNUSED)
{
	int client;

	start(false);
	client = dial_egress();
	ask(client, "localhost", w.server_port, "");
	expect(client, "HTTP/1.1 403 Forbidden\r\n");
	await_end(client);
	finish("cella-forward: refused: localhost:");
}

static void what_is_not_listed(void **state UNUSED)
{
	static const char *const hosts[] = { "127.0.0.2", "169.254.169.254", "[::1]",
					     "localhost.example" };

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		int client;

		CASE(hosts[i]);
		start(true);
		client = dial_egress();
		ask(client, hosts[i], w.server_port, "");
		expect(client, "HTTP/1.1 403 Forbidden\r\n");
		await_end(client);
		finish("is not listed");
	}
}

static void nobody_serves(void **state UNUSED)
{
	int client;

	start(true);
	close(w.server);
	client = dial_egress();
	ask(client, "127.0.0.1", w.server_port, "");
	expect(client, "HTTP/1.1 502 Bad Gateway\r\n");
	await_end(client);
	w.server = -1;
	finish("cella-forward: failed: 127.0.0.1:");
}

static void other_requests(void **state UNUSED)
{
	int client;

	start(true);
	client = dial_egress();
	say(client, "GET http://169.254.169.254/ HTTP/1.1\r\n\r\n");
	expect(client, "HTTP/1.1 400 Bad Request\r\n");
	await_end(client);
	finish("request: another than CONNECT");
}

/* More than all buffers hold, to one who reads only when all has been sent that can be. */
static void passes_on_much(void **state UNUSED)
{
	static uint8_t out[BULK], in[BULK];
	size_t put = 0, came = 0;
	int client, server;

	for (size_t i = 0; i < sizeof out; i++)
		out[i] = (uint8_t)(i * 31 + i / 251);
	start(true);
	client = dial_egress();
	ask(client, "localhost", w.server_port, "");
	expect(client, "HTTP/1.1 200 Connection established\r\n\r\n");
	server = patient(accept(w.server, NULL, NULL));
	while (came < BULK) {
		struct pollfd fds[2] = {
			{ client, put < BULK ? POLLOUT : 0, 0 },
			{ server, POLLIN, 0 },
		};
		ssize_t here = 0;

		CHECK_TRUE(poll(fds, 2, WAIT_S * 1000) > 0);
		if ((fds[0].revents & POLLOUT) != 0)
			here = send(client, out + put, BULK - put, MSG_DONTWAIT);
		put += here > 0 ? (size_t)here : 0;
		if (put == BULK)
			shutdown(client, SHUT_WR);
		if (here > 0)
			continue;
		here = recv(server, in + came, BULK - came, MSG_DONTWAIT);
		came += here > 0 ? (size_t)here : 0;
	}
	CHECK_TRUE(memcmp(in, out, BULK) == 0);
	CHECK_INT(0, recv(server, in, 1, 0));
	close(server);
	close(client);
	finish("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_that_are_not_public),
		cmocka_unit_test(other_families),
		cmocka_unit_test(writes_addresses),
		cmocka_unit_test(reads_targets),
		cmocka_unit_test(only_what_is_listed_exactly),
		cmocka_unit_test(names_that_lead_inside),
		cmocka_unit_test(reads_requests),
		cmocka_unit_test(request_without_end),
		cmocka_unit_test(publishes_a_port),
		cmocka_unit_test(guest_that_is_not_there),
		cmocka_unit_test(reaches_what_is_listed),
		cmocka_unit_test(name_of_this_machine),
		cmocka_unit_test(what_is_not_listed),
		cmocka_unit_test(nobody_serves),
		cmocka_unit_test(other_requests),
		cmocka_unit_test(passes_on_much),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
