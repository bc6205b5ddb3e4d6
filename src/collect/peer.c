/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of three kinds, never waiting beyond the deadline.
 */
#include "collect/peer.h"

#include "collect/advice.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVE_MAX = 16384 };

static const struct advice connect_advice[] = {
	{ ENOENT, "nobody has made that socket: is the service running?" },
	{ ECONNREFUSED, "nobody listens there: is the service running?" },
	{ ECONNRESET, "nobody listens there: is the service running?" },
	{ ENODEV, "there is no vsock here: modprobe vmw_vsock_virtio_transport" },
	{ EAFNOSUPPORT, "there is no vsock here: modprobe vmw_vsock_virtio_transport" },
	{ EAGAIN, "too many wait for the service already" },
	{ EACCES, "run it as root" },
	{ 0, NULL },
};

/* What became of a connection that did not come about at once. */
static enum cella_status finish(const struct peer *peer, struct cella_error *err)
{
	int failure = 0;
	socklen_t len = sizeof failure;

	TRY(deadline_poll(&peer->deadline, peer->fd, POLLOUT, peer->name, err));
	if (getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0)
		failure = errno;
	return failure == 0 ? CELLA_OK
			    : advise(err, connect_advice, failure, "%s", peer->name);
}

/* A service on a UNIX socket whose queue is full is asked again. */
static int connect_patiently(const struct peer *peer, const struct place *place)
{
	for (unsigned attempt = 0;; attempt++) {
		if (connect(peer->fd, &place->at.any, place->len) == 0)
			return 0;
		if (errno != EAGAIN || !deadline_back_off(&peer->deadline, attempt))
			return errno;
	}
}

enum cella_status peer_connect_to(const struct place *place, const char *name,
				  const struct deadline *deadline, struct peer *out,
				  struct cella_error *err)
{
	struct peer peer CLEANUP(
		peer_close) = { .fd = -1, .name = name, .deadline = *deadline };
	int failure;

	peer.fd = socket(place->at.any.sa_family,
			 SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (peer.fd < 0)
		return advise(err, connect_advice, errno, "%s", name);
	failure = connect_patiently(&peer, place);
	if (failure == EINPROGRESS)
		TRY(finish(&peer, err));
	else if (failure != 0)
		return advise(err, connect_advice, failure, "%s", name);
	*out = peer;
	peer.fd = -1;
	return CELLA_OK;
}

enum cella_status peer_connect(const char *text, const struct deadline *deadline,
			       struct peer *out, struct cella_error *err)
{
	struct address address = { 0 };
	struct place place = { 0 };
	char what[64];

	snprintf(what, sizeof what, "\"%.60s\"", text);
	TRY(address_read(text, &address, what, err));
	if (!address_place(&address, &place))
		return error_set(err, CELLA_USAGE,
				 "%s: expected an IP address, which a name is not", what);
	return peer_connect_to(&place, text, deadline, out, err);
}

void peer_close(struct peer *peer)
{
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
}

enum cella_status peer_send(const struct peer *peer, struct cella_bytes bytes,
			    struct cella_error *err)
{
	while (bytes.len > 0) {
		ssize_t put;

		TRY(deadline_poll(&peer->deadline, peer->fd, POLLOUT, peer->name, err));
		put = send(peer->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
		if (put < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (put < 0)
			return error_errno(err, errno, "%s: sending", peer->name);
		bytes = bytes_slice(bytes, (size_t)put, bytes.len - (size_t)put);
	}
	return CELLA_OK;
}

enum cella_status peer_receive(const struct peer *peer, void *buffer, size_t max_len,
			       size_t *out_len, struct cella_error *err)
{
	for (;;) {
		ssize_t got;

		TRY(deadline_poll(&peer->deadline, peer->fd, POLLIN, peer->name, err));
		got = recv(peer->fd, buffer, max_len, 0);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got < 0)
			return error_errno(err, errno, "%s: receiving", peer->name);
		*out_len = (size_t)got;
		return CELLA_OK;
	}
}

enum cella_status peer_receive_all(const struct peer *peer, size_t len, const char *what,
				   struct out *out, struct cella_error *err)
{
	uint8_t buffer[RECEIVE_MAX];
	size_t left = len;

	while (left > 0) {
		size_t got = 0;

		TRY(peer_receive(peer, buffer,
				 left < sizeof buffer ? left : sizeof buffer, &got, err));
		if (got == 0)
			return error_set(err, CELLA_IO,
					 "%s: closed the connection after %zu of %zu "
					 "bytes of %s",
					 peer->name, len - left, len, what);
		out_bytes(out, buffer, got);
		left -= got;
	}
	return out_status(out, err);
}
