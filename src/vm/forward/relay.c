/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes between two sockets.
 */
#include "vm/forward/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include <sys/socket.h>

enum { WAY_LEN = 64 << 10 };

/* One of both ways. */
struct way {
	int from;
	int to;
	bool has_ended; /* nothing more comes */
	bool is_over;   /* and the other side knows */
	size_t at;
	size_t len;
	uint8_t data[WAY_LEN];
};

/* What it waits for: room, or something to pass on. */
static short wants_from(const struct way *way)
{
	return !way->has_ended && way->len == 0 ? POLLIN : 0;
}

static short wants_to(const struct way *way)
{
	return way->len > 0 ? POLLOUT : 0;
}

/* A side that fails sends no more. */
static void receive(struct way *way)
{
	const ssize_t got = recv(way->from, way->data, sizeof way->data, MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	way->has_ended = got <= 0;
	way->at = 0;
	way->len = got > 0 ? (size_t)got : 0;
}

/* A side that takes no more: the other one is not listened to any longer. */
static void give(struct way *way)
{
	const ssize_t put =
		send(way->to, way->data + way->at, way->len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (put >= 0) {
		way->at += (size_t)put;
		way->len -= (size_t)put;
	} else if (errno != EAGAIN && errno != EINTR) {
		way->has_ended = true;
		way->len = 0;
		shutdown(way->from, SHUT_RD);
	}
}

static void move(struct way *way, short from, short to)
{
	if ((from & (POLLIN | POLLHUP | POLLERR)) != 0 && wants_from(way) != 0)
		receive(way);
	if ((to & (POLLOUT | POLLHUP | POLLERR)) != 0 && way->len > 0)
		give(way);
	if (way->has_ended && way->len == 0 && !way->is_over) {
		way->is_over = true;
		shutdown(way->to, SHUT_WR);
	}
}

void relay(int left, int right)
{
	static struct way there, back;

	there = (struct way){ .from = left, .to = right };
	back = (struct way){ .from = right, .to = left };
	while (!there.is_over || !back.is_over) {
		struct pollfd fds[2] = {
			{ left, (short)(wants_from(&there) | wants_to(&back)), 0 },
			{ right, (short)(wants_from(&back) | wants_to(&there)), 0 },
		};

		/* Who waits for nothing of a side is not woken by its end all the time. */
		for (int i = 0; i < 2; i++)
			if (fds[i].events == 0)
				fds[i].fd = -1;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		move(&there, fds[0].revents, fds[1].revents);
		move(&back, fds[1].revents, fds[0].revents);
	}
}
