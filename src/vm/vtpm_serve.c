/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop over three descriptors. The control channel and the data channel are streams:
 * each is read until one request is whole, which is then answered before anything else is
 * read. QEMU waits for each answer, so answers fit into the sockets' buffers.
 */
#include "vm/vtpm_serve.h"

#include "vm/vtpm_control.h"
#include "vm/vtpm_engine.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CERTIFY_TIMEOUT_MS = 60000,
	RC_INITIALIZE = 0x100, /* TPM2_Startup is needed */
	RC_FAILURE = 0x101,
	TAG_NO_SESSIONS = 0x8001,
	PREFIX_LEN = 6, /* tag and size */
};

struct server {
	const struct vtpm *vtpm;
	struct control control;
	uint8_t request[CONTROL_REQUEST_MAX];
	size_t request_len;
	int request_fd; /* that came with it, or -1 */
	int data;       /* -1 until QEMU gives it */
	uint8_t command[VTPM_COMMAND_MAX];
	size_t command_len;
	struct out reply;
};

static void server_done(struct server *s)
{
	if (s->data >= 0)
		close(s->data);
	if (s->request_fd >= 0)
		close(s->request_fd);
	out_done(&s->reply);
}

static enum cella_status send_all(int fd, struct cella_bytes bytes, const char *to,
				  struct cella_error *err)
{
	size_t done = 0;

	while (done < bytes.len) {
		const ssize_t sent =
			send(fd, bytes.data + done, bytes.len - done, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return error_errno(err, errno, "vtpm: answering %s", to);
		done += (size_t)sent;
	}
	return CELLA_OK;
}

/* --- the supervisor's certificate ---------------------------------------------------- */

static enum cella_status wait_for(int fd, struct cella_error *err)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	int ready;

	do
		ready = poll(&poller, 1, CERTIFY_TIMEOUT_MS);
	while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return error_errno(err, errno, "vtpm: waiting for the supervisor");
	if (ready == 0)
		return error_set(err, CELLA_IO,
				 "vtpm: the supervisor gives no certificate within %d s",
				 CERTIFY_TIMEOUT_MS / 1000);
	return CELLA_OK;
}

static enum cella_status certify(void *context, struct cella_bytes public_area,
				 struct out *certificate, struct cella_error *err)
{
	const struct server *const s = context;
	uint8_t answer[VTPM_CERTIFICATE_MAX + 1]; /* one more than is taken */
	ssize_t got;

	TRY(send_all(s->vtpm->supervisor, public_area, "the supervisor", err));
	TRY(wait_for(s->vtpm->supervisor, err));
	got = recv(s->vtpm->supervisor, answer, sizeof answer, 0);
	if (got < 0)
		return error_errno(err, errno, "vtpm: the supervisor's certificate");
	if (got == 0)
		return error_set(err, CELLA_IO,
				 "vtpm: the supervisor does not certify the key");
	out_bytes(certificate, answer, (size_t)got);
	return out_status(certificate, err);
}

/* --- the state ----------------------------------------------------------------------- */

enum { STATE_LEN_LEN = 8 };
static const uint8_t state_word = 'S';

enum cella_status vtpm_state_get(const struct vtpm_state_memory *memory,
				 struct cella_bytes *out, struct cella_error *err)
{
	struct in in;
	uint64_t len;

	in_init(&in, bytes_of(memory->data, memory->len), "state");
	len = in_u64le(&in, "length");
	TRY(in_status(&in, err));
	if (len > in_left(&in))
		return error_set(err, CELLA_MALFORMED,
				 "state: length: %llu, in a memory of %zu bytes",
				 (unsigned long long)len, memory->len);
	*out = in_bytes(&in, (size_t)len, "state");
	return in_status(&in, err);
}

static enum cella_status put_state(const struct vtpm_state_memory *memory,
				   struct cella_bytes state, struct cella_error *err)
{
	if (state.len > memory->len - STATE_LEN_LEN)
		return error_set(err, CELLA_LIMIT,
				 "vtpm: a state of %zu bytes, at most %zu", state.len,
				 memory->len - STATE_LEN_LEN);
	memcpy(memory->data + STATE_LEN_LEN, state.data, state.len);
	for (size_t i = 0; i < STATE_LEN_LEN; i++)
		memory->data[i] = (uint8_t)(state.len >> (8 * i));
	return CELLA_OK;
}

/* What was changed is kept before anybody hears of it: no answer is taken back by a crash. */
static enum cella_status keep_state(const struct server *s, struct cella_error *err)
{
	bool has_changed = false;
	const struct cella_bytes state = engine_state(&has_changed);
	uint8_t answer = 0;

	if (s->vtpm->state.data == NULL || !has_changed)
		return CELLA_OK;
	TRY(put_state(&s->vtpm->state, state, err));
	TRY(send_all(s->vtpm->supervisor, bytes_of(&state_word, 1), "the supervisor",
		     err));
	TRY(wait_for(s->vtpm->supervisor, err));
	if (recv(s->vtpm->supervisor, &answer, 1, 0) != 1 || answer != state_word)
		return error_set(err, CELLA_IO,
				 "vtpm: the supervisor does not keep the state");
	return CELLA_OK;
}

/* --- what the control protocol causes ------------------------------------------------ */

static enum cella_status on_launch(void *context, struct cella_error *err)
{
	struct server *const s = context;
	const struct vtpm_launch launch = { .log = s->vtpm->log,
					    .plan = s->vtpm->plan,
					    .is_restored = s->vtpm->is_restored,
					    .certify = certify,
					    .context = s };

	TRY(vtpm_launch_run(&launch, err));
	return keep_state(s, err);
}

static void on_stop(void *context UNUSED)
{
	engine_power_off();
}

static void on_set_locality(void *context UNUSED, uint8_t locality)
{
	engine_set_locality(locality);
}

static enum cella_status on_established(void *context UNUSED, bool *out,
					struct cella_error *err)
{
	return engine_established(out, err);
}

static enum cella_status on_reset_established(void *context UNUSED, uint8_t locality,
					      struct cella_error *err)
{
	return engine_reset_established(locality, err);
}

static uint32_t on_buffer_size(void *context UNUSED)
{
	return engine_buffer_size();
}

static void on_set_data(void *context, int fd)
{
	struct server *const s = context;

	s->data = fd;
}

static const struct control_actions actions = {
	.launch = on_launch,
	.stop = on_stop,
	.set_locality = on_set_locality,
	.established = on_established,
	.reset_established = on_reset_established,
	.buffer_size = on_buffer_size,
	.set_data = on_set_data,
};

/* --- the control channel ------------------------------------------------------------- */

/* Takes the one descriptor that may come; more of them are closed, and refused. */
static enum cella_status take_descriptors(struct server *s, struct msghdr *message,
					  struct cella_error *err)
{
	bool too_many = (message->msg_flags & MSG_CTRUNC) != 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL;
	     c = CMSG_NXTHDR(message, c)) {
		size_t num_fds;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		num_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < num_fds; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			if (s->request_fd < 0) {
				s->request_fd = fd;
			} else {
				close(fd);
				too_many = true;
			}
		}
	}
	if (too_many)
		return error_set(
			err, CELLA_MALFORMED,
			"control: more than one descriptor comes with a request");
	return CELLA_OK;
}

/* Reads at most up to the end of the request. *out_got is 0 when the peer went away. */
static enum cella_status receive(struct server *s, size_t wanted, size_t *out_got,
				 struct cella_error *err)
{
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} ancillary;
	struct iovec place = { s->request + s->request_len, wanted - s->request_len };
	struct msghdr message = {
		.msg_iov = &place,
		.msg_iovlen = 1,
		.msg_control = ancillary.room,
		.msg_controllen = sizeof ancillary.room,
	};
	const ssize_t got = recvmsg(s->vtpm->control, &message, MSG_CMSG_CLOEXEC);

	if (got < 0 && (errno == ECONNRESET || errno == EPIPE)) {
		*out_got = 0;
		return CELLA_OK;
	}
	if (got < 0)
		return error_errno(err, errno, "control: reading");
	*out_got = (size_t)got;
	s->request_len += (size_t)got;
	return take_descriptors(s, &message, err);
}

static enum cella_status answer_request(struct server *s, struct cella_error *err)
{
	const int fd = s->request_fd;
	struct cella_error ignored;
	enum cella_status status;

	s->request_fd = -1;
	status = control_handle(&s->control, bytes_of(s->request, s->request_len), fd,
				&s->reply, err);
	s->request_len = 0;
	if (status == CELLA_OK)
		return send_all(s->vtpm->control, out_view(&s->reply), "QEMU", err);
	/* QEMU is told why it ends, if it still listens. */
	(void)send_all(s->vtpm->control, out_view(&s->reply), "QEMU", &ignored);
	return status;
}

static enum cella_status serve_control(struct server *s, bool *over,
				       struct cella_error *err)
{
	size_t wanted = CONTROL_COMMAND_LEN;
	bool has_fd = false;
	size_t got = 0;

	if (s->request_len >= CONTROL_COMMAND_LEN)
		TRY(control_request_len(bytes_of(s->request, s->request_len), &wanted,
					&has_fd, err));
	TRY(receive(s, wanted, &got, err));
	if (got == 0) {
		*over = true;
		if (s->request_len > 0)
			return error_set(err, CELLA_MALFORMED,
					 "control: QEMU went away within a request");
		return CELLA_OK;
	}
	if (s->request_len < CONTROL_COMMAND_LEN)
		return CELLA_OK;
	TRY(control_request_len(bytes_of(s->request, s->request_len), &wanted, &has_fd,
				err));
	if (s->request_len < wanted)
		return CELLA_OK;
	TRY(answer_request(s, err));
	*over = s->control.is_over;
	return CELLA_OK;
}

/* --- the data channel ---------------------------------------------------------------- */

static void put_failure(struct out *reply, uint32_t code)
{
	reply->len = 0;
	out_u16be(reply, TAG_NO_SESSIONS);
	out_u32be(reply, VTPM_HEADER_LEN);
	out_u32be(reply, code);
}

static enum cella_status process(struct server *s, struct cella_bytes command,
				 struct cella_error *err)
{
	TRY(engine_process(command, &s->reply, err));
	return keep_state(s, err);
}

static enum cella_status answer_command(struct server *s, struct cella_error *err)
{
	const struct cella_bytes command = bytes_of(s->command, s->command_len);

	s->command_len = 0;
	/* QEMU asks before CMD_INIT, to see what kind of TPM this is. */
	if (s->control.phase == VTPM_OFF)
		put_failure(&s->reply, RC_INITIALIZE);
	else if (s->control.phase == VTPM_STOPPED)
		put_failure(&s->reply, RC_FAILURE);
	else
		TRY(process(s, command, err));
	return send_all(s->data, out_view(&s->reply), "the guest", err);
}

/* How much of the command there is to read. */
static enum cella_status command_size(const struct server *s, size_t *out,
				      struct cella_error *err)
{
	uint32_t size;
	struct in in;

	if (s->command_len < PREFIX_LEN) {
		*out = PREFIX_LEN;
		return CELLA_OK;
	}
	in_init(&in, bytes_of(s->command, s->command_len), "tpm command");
	in_skip(&in, 2, "tag");
	size = in_u32be(&in, "size");
	TRY(in_status(&in, err));
	if (size < VTPM_HEADER_LEN || size > VTPM_COMMAND_MAX)
		return error_at(err, CELLA_MALFORMED, 2,
				"tpm command: size: %u, not %d to %d", size,
				VTPM_HEADER_LEN, VTPM_COMMAND_MAX);
	*out = size;
	return CELLA_OK;
}

static enum cella_status serve_data(struct server *s, bool *over, struct cella_error *err)
{
	size_t wanted = 0;
	ssize_t got;

	TRY(command_size(s, &wanted, err));
	got = recv(s->data, s->command + s->command_len, wanted - s->command_len, 0);
	if (got < 0 && errno != ECONNRESET)
		return error_errno(err, errno, "vtpm: reading a command");
	if (got <= 0) {
		*over = true;
		return CELLA_OK;
	}
	s->command_len += (size_t)got;
	TRY(command_size(s, &wanted, err));
	return s->command_len < wanted ? CELLA_OK : answer_command(s, err);
}

/* --- the loop ------------------------------------------------------------------------ */

static enum cella_status serve_supervisor(struct server *s UNUSED, bool *over UNUSED,
					  struct cella_error *err)
{
	return error_set(err, CELLA_IO, "vtpm: the supervisor went away, or speaks");
}

enum { CONTROL, DATA, SUPERVISOR, NUM_PEERS };

static enum cella_status serve_once(struct server *s, bool *over, struct cella_error *err)
{
	static enum cella_status (*const handlers[NUM_PEERS])(
		struct server * s, bool *over, struct cella_error *err) = {
		serve_control,
		serve_data,
		serve_supervisor,
	};
	struct pollfd peers[NUM_PEERS] = {
		[CONTROL] = { .fd = s->vtpm->control, .events = POLLIN },
		[DATA] = { .fd = s->data, .events = POLLIN },
		[SUPERVISOR] = { .fd = s->vtpm->supervisor, .events = POLLIN },
	};

	if (poll(peers, NUM_PEERS, -1) < 0)
		return errno == EINTR ? CELLA_OK
				      : error_errno(err, errno, "vtpm: waiting");
	for (size_t i = 0; i < NUM_PEERS && !*over; i++)
		if (peers[i].revents != 0)
			TRY(handlers[i](s, over, err));
	return CELLA_OK;
}

enum cella_status vtpm_serve(const struct vtpm *vtpm, struct cella_error *err)
{
	struct server s CLEANUP(
		server_done) = { .vtpm = vtpm, .request_fd = -1, .data = -1 };
	bool over = false;

	control_begin(&s.control, &actions, &s);
	while (!over)
		TRY(serve_once(&s, &over, err));
	return CELLA_OK;
}
