/* SPDX-License-Identifier: Apache-2.0 */
/* No address of vsock is connected to here: it could lead outside. */
#include "support.h"

#include "collect/peer.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void addresses_say_what_they_are(void **state UNUSED)
{
	static const struct {
		const char *address;
		const char *says;
	} rows[] = {
		{ "", "an address is unix:PATH" },
		{ "4050", "an address is unix:PATH" },
		{ "udp:127.0.0.1:1", "an address is unix:PATH" },
		{ "unix:", "a path of 1 to 107 bytes" },
		{ "unix:/0123456789012345678901234567890123456789012345678901234567890123456"
		  "789012345678901234567890123456789012345678",
		  "a path of 1 to 107 bytes" },
		{ "tcp:", "is no ADDRESS:PORT" },
		{ "tcp:127.0.0.1", "is no ADDRESS:PORT" },
		{ "tcp:example.org:80", "is no IP address" },
		{ "tcp:127.1:80", "is no IP address" },
		{ "tcp::80", "is no IP address" },
		{ "tcp:127.0.0.1:", "port: expected a number" },
		{ "tcp:127.0.0.1:x", "\"x\" is not a number" },
		{ "tcp:127.0.0.1:65536", "at most 65535" },
		{ "tcp:[::1:80", "is no IP address" },
		{ "tcp:0123456789012345678901234567890123456789012345678901234567890123:1",
		  "is no ADDRESS:PORT" },
		{ "vsock:2", "is no ADDRESS:PORT" },
		{ "vsock::1", "is no CID" },
		{ "vsock:-1:1", "is no CID" },
		{ "vsock:4294967296:1", "is no CID" },
		{ "vsock:2:4294967296", "at most 4294967295" },
	};
	const struct deadline deadline = deadline_in(1);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cella_error err = { 0 };
		struct peer peer = PEER_NONE;

		CASE(rows[i].address);
		CHECK_STATUS(CELLA_USAGE,
			     peer_connect(rows[i].address, &deadline, &peer, &err));
		CHECK_INT(CELLA_USAGE, err.status);
		CHECK_TEXT_HAS(err.text, rows[i].says);
		CHECK_INT(-1, peer.fd);
		CHECK_STATUS(CELLA_USAGE,
			     peer_connect(rows[i].address, &deadline, &peer, NULL));
	}
}

static void receives_as_much_as_it_must(void **state UNUSED)
{
	struct cella_error err = { 0 };
	struct out out CLEANUP(out_done) = { 0 };
	struct peer peer = { .name = "peer", .deadline = deadline_in(60) };
	int ends[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	peer.fd = ends[0];
	assert_int_equal(3, write(ends[1], "abc", 3));
	CHECK_OK(peer_receive_all(&peer, 2, "words", &out, &err));
	CHECK_BYTES("ab", 2, out_view(&out));
	CHECK_OK(peer_receive_all(&peer, 0, "nothing", &out, &err));
	close(ends[1]);
	CHECK_STATUS(CELLA_IO, peer_receive_all(&peer, 2, "words", &out, &err));
	CHECK_TEXT("peer: closed the connection after 1 of 2 bytes of words", err.text);
	CASE("sending to nobody is an error, not a signal");
	CHECK_STATUS(CELLA_IO, peer_send(&peer, bytes_from("x"), &err));
	CHECK_TEXT_HAS(err.text, "peer: sending: Broken pipe");
	peer_close(&peer);
	CHECK_INT(-1, peer.fd);
	peer_close(&peer);
}

static void full_queues_are_waited_for(void **state UNUSED)
{
	char path[] = "/tmp/test-peer.XXXXXX";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct deadline deadline = deadline_in(1);
	struct cella_error err = { 0 };
	struct peer peers[3] = { PEER_NONE, PEER_NONE, PEER_NONE };
	char text[64];
	const int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	close(mkstemp(path));
	unlink(path);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	snprintf(text, sizeof text, "unix:%s", path);
	assert_int_equal(0, bind(listener, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, listen(listener, 1));
	CHECK_OK(peer_connect(text, &deadline, &peers[0], &err));
	CHECK_OK(peer_connect(text, &deadline, &peers[1], &err));
	CASE("the third asks again and again");
	CHECK_STATUS(CELLA_IO, peer_connect(text, &deadline, &peers[2], &err));
	CHECK_TEXT_HAS(err.text, "too many wait for the service already");
	/* Four pauses that half a jitter can make no shorter than 25 + 50 + 100 + 200 ms. */
	CHECK_TRUE(deadline_left_ms(&deadline) <= 1000 - 375);
	for (size_t i = 0; i < ARRAY_LEN(peers); i++)
		peer_close(&peers[i]);
	close(listener);
	unlink(path);
}

/* More than a socket holds, to somebody who does not read. */
static void sending_ends_in_time(void **state UNUSED)
{
	struct cella_error err = { 0 };
	struct out out CLEANUP(out_done) = { 0 };
	struct peer peer = { .name = "peer", .deadline = deadline_in(0) };
	int ends[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	peer.fd = ends[0];
	out_zeros(&out, 8 << 20);
	CHECK_STATUS(CELLA_IO, peer_send(&peer, out_view(&out), &err));
	CHECK_TEXT_HAS(err.text, "peer: no answer within 0 s");
	peer_close(&peer);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_say_what_they_are),
		cmocka_unit_test(receives_as_much_as_it_must),
		cmocka_unit_test(full_queues_are_waited_for),
		cmocka_unit_test(sending_ends_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
