/* SPDX-License-Identifier: Apache-2.0 */
#include "vtpm_peer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_FDS = 8, CONTROL_INIT = 2, CONTROL_SET_DATA_FD = 0x10 };

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* In the child: these descriptors, and nothing else, survive. */
static _Noreturn void become(const char *program, int control, int launch, int supervisor,
			     int state)
{
	char numbers[4][12];

	snprintf(numbers[0], sizeof numbers[0], "%d", control);
	snprintf(numbers[1], sizeof numbers[1], "%d", launch);
	snprintf(numbers[2], sizeof numbers[2], "%d", supervisor);
	fcntl(control, F_SETFD, 0);
	fcntl(launch, F_SETFD, 0);
	fcntl(supervisor, F_SETFD, 0);
	snprintf(numbers[3], sizeof numbers[3], "%d", state);
	if (state >= 0)
		fcntl(state, F_SETFD, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl(program, program, "--control", numbers[0], "--launch", numbers[1],
	      "--supervisor", numbers[2], state >= 0 ? "--state" : (char *)NULL,
	      numbers[3], (char *)NULL);
	_exit(127);
}

/* A log is longer than a pipe holds, perhaps: a file without a name. */
static int log_file(struct cella_bytes log)
{
	const int fd = memfd_create("launch", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (write(fd, log.data, log.len) != (ssize_t)log.len ||
	    lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

bool peer_start(const char *program, struct cella_bytes log, struct vtpm_peer *out)
{
	return peer_start_kept(program, log, -1, out);
}

bool peer_start_kept(const char *program, struct cella_bytes log, int state,
		     struct vtpm_peer *out)
{
	int launch = log_file(log);
	int control[2] = { -1, -1 };
	int supervisor[2] = { -1, -1 };

	if (launch < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, supervisor) != 0)
		return false;
	*out = (struct vtpm_peer){ .control = control[0],
				   .supervisor = supervisor[0],
				   .data = -1,
				   .has_state = state >= 0,
				   .keeps = state >= 0 };
	out->pid = fork();
	if (out->pid == 0)
		become(program, control[1], launch, supervisor[1], state);
	close_one(&launch);
	close_one(&control[1]);
	close_one(&supervisor[1]);
	return out->pid > 0;
}

bool peer_send(const struct vtpm_peer *peer, struct cella_bytes request, const int *fds,
	       size_t num_fds)
{
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(MAX_FDS * sizeof(int))];
	} ancillary = { 0 };
	uint8_t copy[PEER_MESSAGE_MAX];
	struct iovec place = { copy, request.len };
	struct msghdr message = { .msg_iov = &place, .msg_iovlen = 1 };

	if (request.len > sizeof copy || num_fds > MAX_FDS)
		return false;
	memcpy(copy, request.data, request.len);
	if (num_fds > 0) {
		message.msg_control = ancillary.room;
		message.msg_controllen = CMSG_SPACE(num_fds * sizeof(int));
		ancillary.align.cmsg_level = SOL_SOCKET;
		ancillary.align.cmsg_type = SCM_RIGHTS;
		ancillary.align.cmsg_len = CMSG_LEN(num_fds * sizeof(int));
		memcpy(CMSG_DATA(&ancillary.align), fds, num_fds * sizeof(int));
	}
	return sendmsg(peer->control, &message, MSG_NOSIGNAL) == (ssize_t)request.len;
}

size_t peer_receive(int fd, uint8_t *out, size_t len)
{
	size_t done = 0;

	while (done < len) {
		const ssize_t got = recv(fd, out + done, len - done, 0);

		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

static void put_u32(uint8_t *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get_u32(const uint8_t *in)
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 |
	       in[3];
}

bool peer_control(const struct vtpm_peer *peer, uint32_t command, const uint32_t *payload)
{
	uint8_t request[8];

	put_u32(request, command);
	if (payload != NULL)
		put_u32(request + 4, *payload);
	return peer_send(peer, bytes_of(request, payload != NULL ? 8 : 4), NULL, 0);
}

uint32_t peer_result(const struct vtpm_peer *peer)
{
	uint8_t result[4];

	if (peer_receive(peer->control, result, sizeof result) < sizeof result)
		return UINT32_MAX;
	return get_u32(result);
}

uint32_t peer_set_data(struct vtpm_peer *peer)
{
	uint8_t request[4];
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return UINT32_MAX;
	put_u32(request, CONTROL_SET_DATA_FD);
	peer_send(peer, bytes_of(request, sizeof request), &ends[1], 1);
	close(ends[1]);
	close_one(&peer->data);
	peer->data = ends[0];
	return peer_result(peer);
}

/* What there is to be kept before an answer comes. */
static void keep_states(struct vtpm_peer *peer, int awaited)
{
	struct pollfd ready[] = { { .fd = awaited, .events = POLLIN },
				  { .fd = peer->supervisor, .events = POLLIN } };
	char word;

	while (peer->has_state && peer->supervisor >= 0 && poll(ready, 2, -1) > 0 &&
	       ready[0].revents == 0) {
		if (recv(peer->supervisor, &word, 1, 0) != 1)
			return;
		peer->num_kept++;
		if (!peer->keeps)
			close_one(&peer->supervisor);
		else if (send(peer->supervisor, &word, 1, MSG_NOSIGNAL) != 1)
			return;
	}
}

uint32_t peer_init(struct vtpm_peer *peer, peer_certify_fn *certify, void *context)
{
	static const uint32_t no_flags = 0;
	struct out certificate CLEANUP(out_done) = { 0 };
	uint8_t key[PEER_MESSAGE_MAX];
	ssize_t len;

	if (!peer_control(peer, CONTROL_INIT, &no_flags))
		return UINT32_MAX;
	len = recv(peer->supervisor, key, sizeof key, 0);
	if (len > 0)
		certify(context, bytes_of(key, (size_t)len), &certificate);
	if (certificate.len == 0)
		close_one(&peer->supervisor);
	else
		send(peer->supervisor, certificate.data, certificate.len, MSG_NOSIGNAL);
	keep_states(peer, peer->control);
	return peer_result(peer);
}

size_t peer_tpm(struct vtpm_peer *peer, struct cella_bytes command,
		uint8_t answer[PEER_MESSAGE_MAX])
{
	enum { PREFIX_LEN = 6 };
	uint32_t size;

	if (send(peer->data, command.data, command.len, MSG_NOSIGNAL) !=
	    (ssize_t)command.len)
		return 0;
	keep_states(peer, peer->data);
	if (peer_receive(peer->data, answer, PREFIX_LEN) < PREFIX_LEN)
		return 0;
	size = get_u32(answer + 2);
	if (size < PREFIX_LEN || size > PEER_MESSAGE_MAX)
		return 0;
	return PREFIX_LEN +
	       peer_receive(peer->data, answer + PREFIX_LEN, size - PREFIX_LEN);
}

int peer_end(struct vtpm_peer *peer)
{
	int status = 0;

	close_one(&peer->control);
	close_one(&peer->data);
	if (waitpid(peer->pid, &status, 0) != peer->pid)
		return -1;
	close_one(&peer->supervisor);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
