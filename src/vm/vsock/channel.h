/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket to the front-end: whole messages from a stream, with their descriptors.
 */
#ifndef VM_VSOCK_CHANNEL_H
#define VM_VSOCK_CHANNEL_H

#include "vm/vsock/vhost_user.h"

struct channel {
	int fd;
	uint8_t header[VHOST_HEADER_LEN];
	size_t have; /* bytes of the message, its header included */
	struct vhost_message message;
};

enum channel_state { CHANNEL_WAITS, CHANNEL_HAS_MESSAGE, CHANNEL_ENDED };

/* channel_init() begins on a connected socket, which becomes the channel's. */
void channel_init(struct channel *channel, int fd);
void channel_done(struct channel *channel);

/*
 * channel_read() reads on. CHANNEL_HAS_MESSAGE: channel->message is whole; channel_next()
 * drops it. CHANNEL_ENDED: the front-end has left, between two messages.
 */
enum cella_status channel_read(struct channel *channel, enum channel_state *state,
			       struct cella_error *err) MUST_CHECK;
void channel_next(struct channel *channel);

/* channel_answer() answers the message; a front-end that does not read has failed. */
enum cella_status channel_answer(struct channel *channel,
				 const struct vhost_answer *answer,
				 struct cella_error *err) MUST_CHECK;

#endif
