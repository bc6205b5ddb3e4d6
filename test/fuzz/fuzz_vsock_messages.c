/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a front-end says to cella-vsock: messages one after the other, each with a byte before
 * it that says which descriptors travel with it.
 */
#include "fuzz.h"

#include "vm/vsock/vhost_user.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/mman.h>

enum { FILE_LEN = 1 << 20, MANY_FDS = 12, MEMORY_FD = 0x40 };

/* Sealed or not, and events. */
static void add_fds(struct vhost_message *message, uint8_t what)
{
	const size_t num = (what & 0x0f) % (VHOST_MAX_FDS + 1);

	for (size_t i = 0; i < num; i++) {
		int fd = -1;

		if ((what & MEMORY_FD) != 0) {
			fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
			MUST(ftruncate(fd, FILE_LEN) == 0);
			if ((what & 0x80) == 0)
				fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
		} else {
			fd = eventfd(0, EFD_CLOEXEC);
		}
		MUST(fd >= 0);
		message->fds[message->num_fds++] = fd;
	}
}

/* Whatever runs lies in the memory that there is. */
static void check(struct vhost *vhost)
{
	for (size_t i = 0; i < VHOST_MAX_RINGS; i++) {
		struct vhost_ring *const r = &vhost->rings[i];
		static struct chain chain;

		MUST(!r->is_started || (r->kick >= 0 && r->has_address));
		if (!vhost_is_running(vhost, i))
			continue;
		MUST(vhost->memory.num > 0 && r->ring.num > 0);
		if (ring_available(&r->ring) > 0 &&
		    ring_peek(&r->ring, &vhost->memory, 0, CHAIN_WRITABLE, &chain))
			ring_finish(&r->ring, chain.head, 0);
		(void)ring_publish(&r->ring);
	}
}

/* False when the front-end is not talked to any more. */
static bool take_message(struct vhost *vhost, struct cella_bytes *rest)
{
	struct vhost_message message = { 0 };
	struct vhost_answer answer;
	struct cella_error err = { 0 };
	bool goes_on = false;

	if (rest->len < 1 + VHOST_HEADER_LEN)
		return false;
	add_fds(&message, rest->data[0]);
	if (!fuzz_failed(vhost_read_header(rest->data + 1, &message, &err), &err, 0) &&
	    message.payload_len <= rest->len - 1 - VHOST_HEADER_LEN) {
		MUST(message.payload_len <= VHOST_MAX_PAYLOAD);
		MUST(vhost_request_name(message.request) != NULL);
		memcpy(message.payload, rest->data + 1 + VHOST_HEADER_LEN,
		       message.payload_len);
		*rest = bytes_slice(*rest, 1 + VHOST_HEADER_LEN + message.payload_len,
				    rest->len - 1 - VHOST_HEADER_LEN -
					    message.payload_len);
		goes_on = !fuzz_failed(vhost_handle(vhost, &message, &answer, &err), &err,
				       0);
		MUST(!goes_on || answer.len <= VHOST_MAX_PAYLOAD);
	}
	vhost_message_done(&message);
	return goes_on;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t config[VHOST_CONFIG_LEN] = { 42 };
	struct cella_bytes rest = bytes_of(data, size);
	struct vhost vhost;

	vhost_init(&vhost, config);
	while (take_message(&vhost, &rest))
		check(&vhost);
	vhost_done(&vhost);
	return 0;
}
