/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-hello: the application of the default image, of `cella enclave build --default`. It
 * has no secret and needs none: it shows that an enclave runs, is reached and stops, while
 * the guest's own ports show what it is measured to.
 *
 * Port 7 of the guest returns what it is sent (as RFC 862 has it).
 */
#include "guest/io.h"
#include "guest/vsock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 7, MAX_PEERS = 16, CHUNK = 16 << 10 };

/* What came from one who connected, and has not gone back yet. */
struct peer {
	int fd; /* -1: none */
	uint8_t bytes[CHUNK];
	size_t len;
	size_t sent;
	bool has_ended; /* nothing more will come */
};

static struct peer peers[MAX_PEERS];

static void finish(int number)
{
	(void)number;
	_exit(0);
}

static bool is_passing(int code)
{
	return code == EAGAIN || code == EINTR;
}

static void hang_up(struct peer *peer)
{
	io_close(&peer->fd);
	*peer = (struct peer){ .fd = -1 };
}

static void hear(struct peer *peer)
{
	const ssize_t got = recv(peer->fd, peer->bytes, sizeof peer->bytes, MSG_DONTWAIT);

	if (got < 0 && is_passing(errno))
		return;
	if (got < 0) {
		hang_up(peer);
		return;
	}
	peer->has_ended = got == 0;
	peer->len = (size_t)got;
	peer->sent = 0;
}

static void answer(struct peer *peer)
{
	const ssize_t done = send(peer->fd, peer->bytes + peer->sent,
				  peer->len - peer->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (done < 0 && !is_passing(errno))
		hang_up(peer);
	else if (done > 0)
		peer->sent += (size_t)done;
}

static bool has_answers(const struct peer *peer)
{
	return peer->sent < peer->len;
}

static void serve(struct peer *peer)
{
	if (has_answers(peer))
		answer(peer);
	else
		hear(peer);
	if (peer->fd >= 0 && peer->has_ended && !has_answers(peer))
		hang_up(peer);
}

static void welcome(int listener)
{
	int fd CLEANUP_CLOSE = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	for (int i = 0; i < MAX_PEERS && fd >= 0; i++)
		if (peers[i].fd < 0)
			peers[i].fd = io_take(&fd);
}

/* Who comes while all places are taken waits in the kernel. */
static bool is_full(void)
{
	for (int i = 0; i < MAX_PEERS; i++)
		if (peers[i].fd < 0)
			return false;
	return true;
}

static void turn(int listener)
{
	struct pollfd slots[MAX_PEERS + 1] = { 0 };

	for (int i = 0; i < MAX_PEERS; i++) {
		slots[i].fd = peers[i].fd;
		slots[i].events = has_answers(&peers[i]) ? POLLOUT : POLLIN;
	}
	slots[MAX_PEERS].fd = is_full() ? -1 : listener;
	slots[MAX_PEERS].events = POLLIN;
	if (poll(slots, MAX_PEERS + 1, -1) <= 0)
		return;
	for (int i = 0; i < MAX_PEERS; i++)
		if (slots[i].revents != 0)
			serve(&peers[i]);
	if (slots[MAX_PEERS].revents != 0)
		welcome(listener);
}

int main(void)
{
	struct cella_error err = { 0 };
	int listener = -1;

	for (int i = 0; i < MAX_PEERS; i++)
		peers[i].fd = -1;
	signal(SIGTERM, finish);
	if (vsock_listen(PORT, &listener, &err) != CELLA_OK) {
		fprintf(stderr, "cella-hello: %s\n", err.text);
		return 1;
	}
	for (;;)
		turn(listener);
}
