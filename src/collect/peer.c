/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets of three kinds, never waiting beyond the deadline.
 */
#include "collect/peer.h"

#include "base/number.h"
#include "collect/advice.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

enum { HOST_MAX = 64, PORT_MAX = 65535, RECEIVE_MAX = 16384 };

union any_address {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_vm vm;
};

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

static enum cella_status parse_unix(const char *rest, union any_address *out,
				    socklen_t *len, struct cella_error *err)
{
	if (strlen(rest) >= sizeof out->un.sun_path || *rest == '\0')
		return error_set(err, CELLA_USAGE, "unix:%s: a path of 1 to %zu bytes",
				 rest, sizeof out->un.sun_path - 1);
	out->un.sun_family = AF_UNIX;
	memcpy(out->un.sun_path, rest, strlen(rest) + 1);
	*len = sizeof out->un;
	return CELLA_OK;
}

/* "HOST:PORT", at the last colon; brackets around HOST are taken off. */
static enum cella_status split(const char *rest, uint64_t max_port, char host[HOST_MAX],
			       uint64_t *port, struct cella_error *err)
{
	const char *const colon = strrchr(rest, ':');
	const char *start = rest;
	size_t len;

	if (colon == NULL || (size_t)(colon - rest) >= HOST_MAX)
		return error_set(err, CELLA_USAGE, "\"%.60s\" is no ADDRESS:PORT", rest);
	len = (size_t)(colon - rest);
	if (len >= 2 && rest[0] == '[' && rest[len - 1] == ']') {
		start++;
		len -= 2;
	}
	if (number_read(colon + 1, max_port, port, "port", err) != CELLA_OK) {
		if (err != NULL)
			err->status = CELLA_USAGE;
		error_prefix(err, "\"%.60s\"", rest);
		return CELLA_USAGE;
	}
	memcpy(host, start, len);
	host[len] = '\0';
	return CELLA_OK;
}

static enum cella_status parse_tcp(const char *rest, union any_address *out,
				   socklen_t *len, struct cella_error *err)
{
	char host[HOST_MAX];
	uint64_t port = 0;

	TRY(split(rest, PORT_MAX, host, &port, err));
	if (inet_pton(AF_INET, host, &out->in.sin_addr) == 1) {
		out->in.sin_family = AF_INET;
		out->in.sin_port = htons((uint16_t)port);
		*len = sizeof out->in;
		return CELLA_OK;
	}
	if (inet_pton(AF_INET6, host, &out->in6.sin6_addr) == 1) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htons((uint16_t)port);
		*len = sizeof out->in6;
		return CELLA_OK;
	}
	return error_set(err, CELLA_USAGE, "tcp:%.60s: \"%s\" is no IP address", rest,
			 host);
}

static enum cella_status parse_vsock(const char *rest, union any_address *out,
				     socklen_t *len, struct cella_error *err)
{
	char host[HOST_MAX];
	uint64_t port = 0;
	uint64_t cid = 0;

	TRY(split(rest, UINT32_MAX, host, &port, err));
	if (number_read(host, UINT32_MAX, &cid, "CID", err) != CELLA_OK)
		return error_set(err, CELLA_USAGE, "vsock:%.60s: \"%s\" is no CID", rest,
				 host);
	out->vm.svm_family = AF_VSOCK;
	out->vm.svm_cid = (unsigned)cid;
	out->vm.svm_port = (unsigned)port;
	*len = sizeof out->vm;
	return CELLA_OK;
}

static const struct {
	const char *prefix;
	enum cella_status (*parse)(const char *rest, union any_address *out,
				   socklen_t *len, struct cella_error *err);
} schemes[] = {
	{ "unix:", parse_unix },
	{ "tcp:", parse_tcp },
	{ "vsock:", parse_vsock },
};

static enum cella_status parse(const char *address, union any_address *out,
			       socklen_t *len, struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		const size_t prefix_len = strlen(schemes[i].prefix);

		if (strncmp(address, schemes[i].prefix, prefix_len) == 0)
			return schemes[i].parse(address + prefix_len, out, len, err);
	}
	return error_set(err, CELLA_USAGE,
			 "\"%.60s\": an address is unix:PATH, tcp:ADDRESS:PORT or "
			 "vsock:CID:PORT",
			 address);
}

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
static int connect_patiently(const struct peer *peer, const union any_address *any,
			     socklen_t len)
{
	for (unsigned attempt = 0;; attempt++) {
		if (connect(peer->fd, &any->any, len) == 0)
			return 0;
		if (errno != EAGAIN || !deadline_back_off(&peer->deadline, attempt))
			return errno;
	}
}

enum cella_status peer_connect(const char *address, const struct deadline *deadline,
			       struct peer *out, struct cella_error *err)
{
	struct peer peer CLEANUP(
		peer_close) = { .fd = -1, .name = address, .deadline = *deadline };
	union any_address any = { 0 };
	socklen_t len = 0;
	int failure;

	TRY(parse(address, &any, &len, err));
	peer.fd =
		socket(any.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (peer.fd < 0)
		return advise(err, connect_advice, errno, "%s", address);
	failure = connect_patiently(&peer, &any, len);
	if (failure == EINPROGRESS)
		TRY(finish(&peer, err));
	else if (failure != 0)
		return advise(err, connect_advice, failure, "%s", address);
	*out = peer;
	peer.fd = -1;
	return CELLA_OK;
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
