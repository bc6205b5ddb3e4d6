/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done for one connection.
 */
#include "vm/forward/serve.h"

#include "base/close.h"
#include "base/error.h"
#include "vm/forward/confine.h"
#include "vm/forward/relay.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

enum { LINE_LEN = 32, CONNECT_MS = 10000 };

static enum cella_status send_all(int fd, struct cella_bytes bytes, const char *what,
				  struct cella_error *err)
{
	while (bytes.len > 0) {
		const ssize_t put = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return error_errno(err, errno, "%s", what);
		bytes = bytes_slice(bytes, (size_t)put, bytes.len - (size_t)put);
	}
	return CELLA_OK;
}

/* From here on nothing but bytes flow. */
static enum cella_status pass_on(int left, int right, struct cella_error *err)
{
	alarm(0);
	TRY(confine_relay(err));
	relay(left, right);
	return CELLA_OK;
}

/* --- from outside to a port of the guest --------------------------------------------- */

/* Byte by byte: what follows the line is for the other side. */
static enum cella_status read_ok(int fd, uint32_t port, struct cella_error *err)
{
	char line[LINE_LEN] = { 0 };

	for (size_t len = 0; len < sizeof line; len++) {
		if (recv(fd, line + len, 1, 0) != 1)
			return error_set(err, CELLA_IO,
					 "port %u: the guest does not take it", port);
		if (line[len] == '\n' && strncmp(line, "OK ", 3) == 0)
			return CELLA_OK;
		if (line[len] == '\n')
			break;
	}
	return error_set(err, CELLA_MALFORMED,
			 "the base socket says something else than OK");
}

enum cella_status serve_publish(int client, const char *base, uint32_t port,
				struct cella_error *err)
{
	const int fd CLEANUP_CLOSE = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char line[LINE_LEN];
	int len;

	if (strlen(base) >= sizeof at.sun_path)
		return error_set(err, CELLA_USAGE, "%s: too long a path", base);
	memcpy(at.sun_path, base, strlen(base) + 1);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) != 0)
		return error_errno(err, errno, "%s", base);
	len = snprintf(line, sizeof line, "CONNECT %u\n", port);
	TRY(send_all(fd, bytes_of(line, (size_t)len), base, err));
	TRY(read_ok(fd, port, err));
	return pass_on(client, fd, err);
}

/* --- from the guest to the outside --------------------------------------------------- */

static enum cella_status refused(const struct targets *allowed,
				 const struct target *target,
				 const struct ifaddrs *interfaces,
				 const union address *address, struct cella_error *err)
{
	const char *objection = address_objection(address);
	char text[ADDRESS_TEXT_LEN];

	/* To what listens here, who comes this way is no stranger from outside. */
	if (objection == NULL && address_is_among(address, interfaces))
		objection = "this machine's own";
	if (objection == NULL || targets_have_address(allowed, address))
		return CELLA_OK;
	return error_set(err, CELLA_USAGE, "%.80s:%u: is at %s, an address that is %s",
			 target->name, target->port, address_write(address, text),
			 objection);
}

enum cella_status egress_check(const struct targets *allowed, const struct target *target,
			       const struct addrinfo *found,
			       const struct ifaddrs *interfaces, union address *out,
			       struct cella_error *err)
{
	enum cella_status status = error_set(err, CELLA_IO, "%.80s:%u: has no address",
					     target->name, target->port);

	for (; found != NULL; found = found->ai_next) {
		union address address = { 0 };

		if (found->ai_addrlen > sizeof address)
			continue;
		memcpy(&address, found->ai_addr, found->ai_addrlen);
		status = refused(allowed, target, interfaces, &address, err);
		if (status != CELLA_OK)
			continue;
		*out = address;
		return CELLA_OK;
	}
	return status;
}

/* One that is listed is looked up; one that is not makes no question to anybody. */
static enum cella_status find_address(const struct targets *allowed,
				      const struct target *target, union address *out,
				      struct cella_error *err)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
					.ai_socktype = SOCK_STREAM,
					.ai_flags = AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	struct ifaddrs *interfaces = NULL;
	enum cella_status status;
	char port[8];
	int failure;

	if (!targets_have(allowed, target))
		return error_set(err, CELLA_USAGE, "%.80s:%u: is not listed",
				 target->name, target->port);
	if (target->is_address) {
		*out = target->address;
		return CELLA_OK;
	}
	snprintf(port, sizeof port, "%u", target->port);
	failure = getaddrinfo(target->name, port, &hints, &found);
	if (failure != 0)
		return error_set(err, CELLA_IO, "%.80s:%u: %s", target->name,
				 target->port, gai_strerror(failure));
	if (getifaddrs(&interfaces) == 0)
		status = egress_check(allowed, target, found, interfaces, out, err);
	else
		status = error_errno(err, errno, "this machine's addresses");
	freeifaddrs(interfaces);
	freeaddrinfo(found);
	return status;
}

static enum cella_status connect_out(const union address *address, int *out,
				     struct cella_error *err)
{
	char text[ADDRESS_TEXT_LEN];
	struct pollfd ready = { .events = POLLOUT };
	int failure = 0;
	socklen_t len = sizeof failure;

	ready.fd = socket(address->any.sa_family,
			  SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ready.fd < 0)
		return error_errno(err, errno, "%s", address_write(address, text));
	if (connect(ready.fd, &address->any, address_len(address)) != 0)
		failure = errno;
	if (failure == EINPROGRESS) {
		if (poll(&ready, 1, CONNECT_MS) != 1)
			failure = ETIMEDOUT;
		else if (getsockopt(ready.fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0)
			failure = errno;
	}
	if (failure != 0) {
		close(ready.fd);
		return error_errno(err, failure, "%s", address_write(address, text));
	}
	*out = ready.fd;
	return CELLA_OK;
}

/* What the guest is told, by the kind of failure. */
static const char *answer_for(enum cella_status status)
{
	switch (status) {
	case CELLA_OK:
		return "200 Connection established";
	case CELLA_USAGE:
		return "403 Forbidden";
	case CELLA_MALFORMED:
	case CELLA_UNSUPPORTED:
	case CELLA_LIMIT:
		return "400 Bad Request";
	case CELLA_MISSING:
	case CELLA_IO:
	case CELLA_NOMEM:
	case CELLA_INTERNAL:
		break;
	}
	return "502 Bad Gateway";
}

/* The guest is told what was refused, but not where names of the host's network lead. */
static enum cella_status answer(int client, enum cella_status status,
				struct cella_error *err)
{
	char text[128];
	const int len = snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%s\r\n",
				 answer_for(status),
				 status == CELLA_OK ? "" : "Content-Length: 0\r\n");

	return send_all(client, bytes_of(text, (size_t)len), "answering", err);
}

/* *len bytes of text have come, *head of them are the request. */
static enum cella_status read_request(int client, char text[REQUEST_MAX], size_t *len,
				      size_t *head, struct target *target,
				      struct cella_error *err)
{
	*len = 0;
	do {
		const ssize_t got = recv(client, text + *len, REQUEST_MAX - *len, 0);

		if (got <= 0)
			return error_set(err, CELLA_MALFORMED,
					 "request: ends after %zu bytes", *len);
		*len += (size_t)got;
		TRY(request_read(bytes_of(text, *len), target, head, err));
	} while (*head == 0);
	return CELLA_OK;
}

enum cella_status serve_egress(int client, const struct targets *allowed,
			       struct cella_error *err)
{
	char text[REQUEST_MAX];
	size_t len = 0, head = 0;
	struct target target = { 0 };
	union address address = { 0 };
	int fd CLEANUP_CLOSE = -1;
	enum cella_status status = read_request(client, text, &len, &head, &target, err);

	if (status == CELLA_OK)
		status = find_address(allowed, &target, &address, err);
	if (status == CELLA_OK)
		status = connect_out(&address, &fd, err);
	if (status != CELLA_OK) {
		(void)!answer(client, status, NULL);
		return status;
	}
	TRY(answer(client, CELLA_OK, err));
	TRY(send_all(fd, bytes_of(text + head, len - head), "what came with the request",
		     err));
	return pass_on(client, fd, err);
}
