/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool set_address(const char *path, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof out->sun_path) {
		say("%s: the path is too long for a socket", path);
		return false;
	}
	memcpy(out->sun_path, path, strlen(path));
	return true;
}

static bool set_timeouts(int fd)
{
	const struct timeval silence = { .tv_sec = SILENCE_MAX_S };

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence) == 0 &&
	       setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof silence) == 0;
}

static int give_up(int fd, const char *what)
{
	fails(what, NULL);
	if (fd >= 0)
		close(fd);
	return -1;
}

int wire_listen(const char *path)
{
	struct sockaddr_un address;
	mode_t before;
	int fd;
	int failure;

	if (!set_address(path, &address))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return give_up(fd, "socket");
	before = umask(0177);
	failure = bind(fd, (const struct sockaddr *)&address, sizeof address);
	umask(before);
	if (failure == 0 && listen(fd, 1) == 0) {
		printf("waiting at %s\n", path);
		fflush(stdout);
		return fd;
	}
	failure = errno;
	give_up(fd, path);
	if (failure == EADDRINUSE)
		say("if nobody listens there any more, remove it");
	return -1;
}

int wire_accept(int listener)
{
	int fd;

	do
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0 || !set_timeouts(fd))
		return give_up(fd, "accept");
	return fd;
}

int wire_connect(const char *path)
{
	struct sockaddr_un address;
	int fd;

	if (!set_address(path, &address))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || !set_timeouts(fd) ||
	    connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		return give_up(fd, path);
	return fd;
}

bool wire_send(int fd, const void *data, size_t len)
{
	const uint8_t prefix[] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16),
				   (uint8_t)(len >> 8), (uint8_t)len };

	return write_all(fd, "connection", prefix, sizeof prefix) &&
	       write_all(fd, "connection", data, len);
}

static bool receive(int fd, uint8_t *out, size_t len)
{
	while (len > 0) {
		const ssize_t got = recv(fd, out, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fails("connection", NULL);
		if (got == 0) {
			say("the other side has hung up");
			return false;
		}
		out += got;
		len -= (size_t)got;
	}
	return true;
}

bool wire_receive(int fd, size_t max_len, struct buffer *out)
{
	uint8_t prefix[4];
	struct buffer message;

	if (!receive(fd, prefix, sizeof prefix))
		return false;
	message.len = (size_t)prefix[0] << 24 | (size_t)prefix[1] << 16 |
		      (size_t)prefix[2] << 8 | prefix[3];
	if (message.len > max_len) {
		say("a message of %zu bytes, at most %zu", message.len, max_len);
		return false;
	}
	message.data =
		malloc(message.len + 1); /* the empty message has an address, too */
	if (message.data == NULL)
		return fails("message", NULL);
	if (!receive(fd, message.data, message.len)) {
		buffer_free(&message);
		return false;
	}
	*out = message;
	return true;
}
