/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One datagram.
 */
#include "vm/notify.h"

#include "guest/io.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum cella_status notify_send(const char *address, const char *text,
			      struct cella_error *err)
{
	const size_t len = address != NULL ? strlen(address) : 0;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd CLEANUP_CLOSE = -1;

	if (address == NULL)
		return CELLA_OK;
	if ((address[0] != '/' && address[0] != '@') || len < 2 ||
	    len >= sizeof to.sun_path)
		return error_set(err, CELLA_USAGE,
				 "NOTIFY_SOCKET: \"%.60s\" is no address", address);
	memcpy(to.sun_path, address, len);
	if (address[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
	    sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&to,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return error_errno(err, errno, "NOTIFY_SOCKET: %s", address);
	return CELLA_OK;
}
