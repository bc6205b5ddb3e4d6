/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's sockets. A program that wants to reach the guest connects to the base socket,
 * says "CONNECT <port>\n" and reads "OK <port>\n"; on refusal its connection is closed. What
 * wants to be reached by the guest at port P listens at "<base>_P".
 */
#include "vm/vsock/device.h"

#include "base/number.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/socket.h>

static bool watch(struct device *device, const struct conn *conn)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.u64 = (uint64_t)conn->generation << 32 |
			    (uint32_t)conn_number(&device->table, conn),
	};

	return epoll_ctl(device->epoll, EPOLL_CTL_ADD, conn->fd, &event) == 0;
}

/* --- towards the guest: CONNECT ------------------------------------------------------ */

bool device_takes_programs(const struct device *device)
{
	return device->table.num_greeting < DEVICE_MAX_GREETING;
}

void device_adopt(struct device *device, int fd)
{
	struct conn *const conn = conn_new(&device->table, CONN_GREETING, fd, false);

	if (conn == NULL) {
		device->counts.rejected++;
		close(fd);
		return;
	}
	conn_set_deadline(&device->table, conn, device->now_ms + DEVICE_GREETING_MS);
	if (!watch(device, conn))
		conn_free(&device->table, conn);
}

/* A port of this side that is not connected with that port of the guest. */
static uint32_t choose_port(struct device *device, uint32_t guest_port)
{
	uint32_t port;

	do {
		port = device->next_host_port++;
		if (device->next_host_port > HOST_PORT_LAST)
			device->next_host_port = HOST_PORT_FIRST;
	} while (conn_find(&device->table, CID_HOST, port, guest_port) != NULL);
	return port;
}

/* "CONNECT <port>": the line without its end. */
static bool read_greeting(char *line, uint32_t *port)
{
	static const char word[] = "CONNECT ";
	uint64_t number = 0;

	if (strncmp(line, word, sizeof word - 1) != 0 ||
	    number_read(line + sizeof word - 1, UINT32_MAX - 1, &number, "port", NULL) !=
		    CELLA_OK)
		return false;
	*port = (uint32_t)number;
	return true;
}

static void ask_guest(struct device *device, struct conn *conn, char *line)
{
	uint32_t port = 0;

	if (!read_greeting(line, &port) || device->rx == NULL ||
	    !ports_admit(&device->config.to_guest, port)) {
		device->counts.rejected++;
		conn_free(&device->table, conn);
		return;
	}
	conn->host_cid = CID_HOST;
	conn->guest_port = port;
	conn->host_port = choose_port(device, port);
	conn_know(&device->table, conn);
	conn_set_state(&device->table, conn, CONN_REQUESTED);
	conn_set_deadline(&device->table, conn, device->now_ms + DEVICE_REQUEST_MS);
	device_tell(device, conn, TELL_REQUEST);
}

/*
 * Looks at what came, and takes no more than the line: what follows it is for the guest.
 */
static void greet(struct device *device, struct conn *conn)
{
	char line[CONN_GREETING_LEN + 1];
	const ssize_t got =
		recv(conn->fd, line, CONN_GREETING_LEN, MSG_PEEK | MSG_DONTWAIT);
	const char *end;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	end = got > 0 ? memchr(line, '\n', (size_t)got) : NULL;
	if (end == NULL) {
		/* The rest may come, unless there is no room for it or nobody to say it. */
		if (got <= 0 || got == CONN_GREETING_LEN || conn->host_gone) {
			device->counts.rejected++;
			conn_free(&device->table, conn);
		}
		return;
	}
	if (recv(conn->fd, line, (size_t)(end - line) + 1, MSG_DONTWAIT) !=
	    end - line + 1) {
		conn_free(&device->table, conn);
		return;
	}
	line[end - line] = '\0';
	ask_guest(device, conn, line);
}

void device_accepted(struct device *device, struct conn *conn)
{
	char answer[CONN_GREETING_LEN];
	const int len = snprintf(answer, sizeof answer, "OK %u\n", conn->host_port);

	conn_set_state(&device->table, conn, CONN_OPEN);
	conn_set_deadline(&device->table, conn, 0);
	device->counts.opened++;
	/* Nothing was written to that socket yet: it takes a line. */
	if (send(conn->fd, answer, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) != len)
		device_tell(device, conn, TELL_RST);
}

/* --- towards the host: REQUEST ------------------------------------------------------- */

static int connect_to(const struct device *device, int fd, uint32_t port)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int len = snprintf(at.sun_path, sizeof at.sun_path, "%s_%u",
				 device->config.base, port);

	if (len < 0 || (size_t)len >= sizeof at.sun_path)
		return ENAMETOOLONG;
	return connect(fd, (const struct sockaddr *)&at, sizeof at) == 0 ? 0 : errno;
}

static void opened(struct device *device, struct conn *conn)
{
	conn_set_deadline(&device->table, conn, 0);
	if (!watch(device, conn)) {
		device_tell(device, conn, TELL_RST);
		return;
	}
	device->counts.opened++;
	conn_set_state(&device->table, conn, CONN_OPEN);
	conn->is_writable = true;
	device_tell(device, conn, TELL_RESPONSE);
}

void device_dial(struct device *device, struct conn *conn)
{
	const int failure = connect_to(device, conn->fd, conn->host_port);

	if (failure == 0) {
		opened(device, conn);
		return;
	}
	/* Its queue is full: whoever listens will take someone. */
	if (failure == EAGAIN)
		return;
	device->counts.rejected++;
	device_tell(device, conn, TELL_RST);
}

void device_open_for_guest(struct device *device, const struct packet *request)
{
	struct conn *conn;
	int fd = -1;

	if (ports_admit(&device->config.from_guest, request->dst_port))
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	conn = fd >= 0 ? conn_new(&device->table, CONN_DIALLING, fd, true) : NULL;
	if (conn == NULL) {
		if (fd >= 0)
			close(fd);
		device->counts.rejected++;
		device_refuse(device, request);
		return;
	}
	conn->host_cid = request->dst_cid;
	conn->host_port = request->dst_port;
	conn->guest_port = request->src_port;
	conn->peer_alloc = request->buf_alloc;
	conn->peer_forwarded = conn->sent = request->fwd_cnt;
	conn_know(&device->table, conn);
	conn_set_deadline(&device->table, conn, device->now_ms + DEVICE_DIAL_MS);
	device_dial(device, conn);
}

/* --- data ---------------------------------------------------------------------------- */

/* How much the host took; what it will never take is over and done with, too. */
static size_t push(struct conn *conn, struct iovec *parts, size_t num, size_t len)
{
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = num };
	ssize_t put;

	if (conn->host_gone)
		return len;
	if (!conn->is_writable || len == 0)
		return 0;
	do
		put = sendmsg(conn->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	if (put >= 0)
		return (size_t)put;
	conn->is_writable = false;
	if (errno == EAGAIN)
		return 0;
	conn->host_gone = true;
	return len;
}

static void count_forwarded(struct device *device, struct conn *conn, size_t len)
{
	if (conn_forwarded(conn, (uint32_t)len) && conn->state == CONN_OPEN)
		device_tell(device, conn, TELL_CREDIT);
	if (conn->state == CONN_CLOSED && len > 0)
		conn_set_deadline(&device->table, conn,
				  device->now_ms + DEVICE_LINGER_MS);
}

/* The host takes no more: the guest should know, and send no more. */
static void tell_gone(struct device *device, struct conn *conn)
{
	if (conn->host_gone && conn->state == CONN_OPEN &&
	    (conn->host_told & PACKET_SHUT_RECEIVE) == 0)
		device_tell(device, conn, TELL_SHUTDOWN);
}

/* Parts of an array without their first bytes. */
static struct iovec *skip(struct iovec *parts, size_t *num, size_t len)
{
	while (*num > 0 && len >= parts->iov_len) {
		len -= parts->iov_len;
		parts++;
		(*num)--;
	}
	if (*num > 0) {
		parts->iov_base = (uint8_t *)parts->iov_base + len;
		parts->iov_len -= len;
	}
	return parts;
}

void device_forward(struct device *device, struct conn *conn, struct iovec *parts,
		    size_t num, size_t len)
{
	size_t put = 0;

	if (conn->held_len == 0)
		put = push(conn, parts, num, len);
	if (put < len) {
		parts = skip(parts, &num, put);
		conn_hold(&device->table, conn, parts, num);
	}
	count_forwarded(device, conn, put);
	/* An edge was used up by what was taken in part: ask until the socket says no. */
	if (conn->held_len > 0 && conn->is_writable)
		device_flush(device, conn);
	tell_gone(device, conn);
}

static void push_held(struct device *device, struct conn *conn)
{
	struct iovec parts[2];

	for (;;) {
		const size_t num = conn_held(&device->table, conn, parts);
		const size_t put = push(conn, parts, num, conn->held_len);

		if (put == 0)
			return;
		conn_release(conn, put);
		count_forwarded(device, conn, put);
	}
}

/* The guest has ended a direction, or both. */
static void end_directions(struct device *device, struct conn *conn)
{
	if ((conn->guest_shut & PACKET_SHUT_RECEIVE) != 0 && !conn->host_ended) {
		conn->host_ended = true;
		shutdown(conn->fd, SHUT_RD);
	}
	if ((conn->guest_shut & PACKET_SHUT_SEND) != 0 && conn->held_len == 0 &&
	    !conn->host_shut) {
		conn->host_shut = true;
		shutdown(conn->fd, SHUT_WR);
	}
	if (conn->guest_shut == PACKET_SHUT_BOTH && conn->held_len == 0)
		device_tell(device, conn, TELL_RST);
}

void device_flush(struct device *device, struct conn *conn)
{
	push_held(device, conn);
	if (conn->state == CONN_CLOSED) {
		if (conn->held_len == 0)
			conn_free(&device->table, conn);
		return;
	}
	end_directions(device, conn);
	tell_gone(device, conn);
}

void device_end(struct device *device, struct conn *conn)
{
	conn_forget(&device->table, conn);
	conn_dequeue(&device->table, conn);
	conn->tell = 0;
	if (conn->held_len == 0 || conn->host_gone) {
		conn_free(&device->table, conn);
		return;
	}
	conn_set_state(&device->table, conn, CONN_CLOSED);
	conn_set_deadline(&device->table, conn, device->now_ms + DEVICE_LINGER_MS);
}

/* --- events -------------------------------------------------------------------------- */

static void hung_up(struct device *device, struct conn *conn)
{
	conn->host_gone = true;
	if (conn->state == CONN_REQUESTED)
		/* Should the guest still answer, nobody will know what about. */
		conn_free(&device->table, conn);
	else if (conn->state == CONN_OPEN)
		tell_gone(device, conn);
}

void device_event(struct device *device, uint64_t tag, uint32_t events)
{
	const uint32_t number = (uint32_t)tag;
	struct conn *conn;

	if (number >= (uint32_t)device->table.max)
		return;
	conn = &device->table.conns[number];
	/* It was about a connection that has been freed within this round. */
	if (conn->generation != tag >> 32 || conn->state == CONN_FREE)
		return;
	if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
		conn->is_readable = true;
	if ((events & EPOLLOUT) != 0)
		conn->is_writable = true;
	if ((events & (EPOLLHUP | EPOLLERR)) != 0)
		hung_up(device, conn);
	if (conn->state == CONN_GREETING)
		greet(device, conn);
	if (conn->state == CONN_OPEN || conn->state == CONN_CLOSED)
		device_flush(device, conn);
	device_offer(device, conn);
}
