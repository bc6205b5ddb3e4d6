/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket to the front-end.
 */
#include "vm/vsock/channel.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

/* Room for the descriptors of one message; it is aligned as its header demands. */
union control {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(VHOST_MAX_FDS * sizeof(int))];
};

void channel_init(struct channel *channel, int fd)
{
	*channel = (struct channel){ .fd = fd };
}

void channel_done(struct channel *channel)
{
	vhost_message_done(&channel->message);
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
}

void channel_next(struct channel *channel)
{
	vhost_message_done(&channel->message);
	channel->have = 0;
}

/* All descriptors become the message's, even those that are too many, to be closed. */
static bool keep_fds(struct channel *channel, struct msghdr *message)
{
	struct vhost_message *const m = &channel->message;
	bool all = (message->msg_flags & MSG_CTRUNC) == 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL;
	     c = CMSG_NXTHDR(message, c)) {
		const size_t num = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < num; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (m->num_fds < VHOST_MAX_FDS) {
				m->fds[m->num_fds++] = fd;
			} else {
				all = false;
				close(fd);
			}
		}
	}
	return all;
}

/* Never beyond the end of a message: descriptors would be taken for those of another. */
static struct iovec missing(struct channel *channel)
{
	if (channel->have < VHOST_HEADER_LEN)
		return (struct iovec){ .iov_base = channel->header + channel->have,
				       .iov_len = VHOST_HEADER_LEN - channel->have };
	return (struct iovec){
		.iov_base = channel->message.payload + (channel->have - VHOST_HEADER_LEN),
		.iov_len = channel->message.payload_len -
			   (channel->have - VHOST_HEADER_LEN),
	};
}

static enum cella_status ended(const struct channel *channel, enum channel_state *state,
			       struct cella_error *err)
{
	if (channel->have > 0)
		return error_set(err, CELLA_MALFORMED,
				 "it left within a message, after %zu bytes of it",
				 channel->have);
	*state = CHANNEL_ENDED;
	return CELLA_OK;
}

enum cella_status channel_read(struct channel *channel, enum channel_state *state,
			       struct cella_error *err)
{
	*state = CHANNEL_WAITS;
	for (;;) {
		struct iovec part = missing(channel);
		union control control;
		struct msghdr message = { .msg_iov = &part,
					  .msg_iovlen = 1,
					  .msg_control = &control,
					  .msg_controllen = sizeof control };
		ssize_t got;

		if (channel->have >= VHOST_HEADER_LEN && part.iov_len == 0) {
			*state = CHANNEL_HAS_MESSAGE;
			return CELLA_OK;
		}
		got = recvmsg(channel->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return CELLA_OK;
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			return ended(channel, state, err);
		if (got < 0)
			return error_errno(err, errno, "reading");
		if (!keep_fds(channel, &message))
			return error_set(err, CELLA_MALFORMED,
					 "more than %d descriptors with one message",
					 VHOST_MAX_FDS);
		channel->have += (size_t)got;
		if (channel->have == VHOST_HEADER_LEN)
			TRY(vhost_read_header(channel->header, &channel->message, err));
	}
}

enum cella_status channel_answer(struct channel *channel,
				 const struct vhost_answer *answer,
				 struct cella_error *err)
{
	uint8_t bytes[VHOST_HEADER_LEN + VHOST_MAX_PAYLOAD];
	const size_t len = vhost_write_answer(channel->message.request, answer, bytes);
	const ssize_t put = send(channel->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (put == (ssize_t)len)
		return CELLA_OK;
	return error_set(err, CELLA_IO, "it does not read the answer to %s",
			 vhost_request_name(channel->message.request));
}
