/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AF_VSOCK.
 */
#include "guest/vsock.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* It wants sa_family_t, which that header does not include. */
#include <linux/vm_sockets.h>

enum { BACKLOG = 16 };

static struct sockaddr_vm address_of(uint32_t cid, uint32_t port)
{
	return (struct sockaddr_vm){
		.svm_family = AF_VSOCK,
		.svm_cid = cid,
		.svm_port = port,
	};
}

static enum cella_status open_socket(int flags, int *out, struct cella_error *err)
{
	*out = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	return *out >= 0 ? CELLA_OK : error_errno(err, errno, "vsock");
}

enum cella_status vsock_listen(uint32_t port, int *out, struct cella_error *err)
{
	const struct sockaddr_vm address = address_of(VMADDR_CID_ANY, port);
	int fd CLEANUP_CLOSE = -1;

	TRY(open_socket(SOCK_NONBLOCK, &fd, err));
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, BACKLOG) != 0)
		return error_errno(err, errno, "vsock port %u", port);
	*out = io_take(&fd);
	return CELLA_OK;
}

enum cella_status vsock_connect(uint32_t cid, uint32_t port,
				const struct deadline *deadline, int *out,
				struct cella_error *err)
{
	const struct sockaddr_vm address = address_of(cid, port);

	for (unsigned attempt = 0;; attempt++) {
		int fd CLEANUP_CLOSE = -1;
		int why;

		TRY(open_socket(0, &fd, err));
		if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
			*out = io_take(&fd);
			return CELLA_OK;
		}
		why = errno;
		if (!deadline_back_off(deadline, attempt))
			return error_errno(err, why, "vsock %u:%u", cid, port);
	}
}
