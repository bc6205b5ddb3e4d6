/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client at a time, each for a bounded time: whoever tests by a mock waits for nobody
 * else. There is no port of the application, and evidence is refused in words.
 */
#include "vm/mock_guest.h"

#include "base/number.h"
#include "guest/channel.h"
#include "guest/io.h"

#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENT_SECONDS = 10, NUM_FDS = 3, CONNECT_LINE_MAX = 32 };

struct mock {
	int listener;
	int heart;
	int control;
	bool is_stopping;
};

/* --- what it says -------------------------------------------------------------------- */

static enum cella_status say(int fd, const char *text, const struct deadline *deadline,
			     struct cella_error *err)
{
	return io_write(fd, bytes_of(text, strlen(text)), deadline, "mock", err);
}

static enum cella_status answer_control(struct mock *mock, int fd,
					const struct deadline *deadline,
					struct cella_error *err)
{
	struct out line CLEANUP(out_done) = { 0 };
	struct cella_bytes request;

	TRY(io_read_line(fd, GUEST_REQUEST_MAX, &line, deadline, "mock", err));
	request = out_view(&line);
	mock->is_stopping = bytes_equal(request, bytes_of("stop", strlen("stop")));
	return say(fd, mock->is_stopping ? "ok stopping\n" : "ok running\n", deadline,
		   err);
}

static enum cella_status answer_log(struct mock *mock UNUSED, int fd,
				    const struct deadline *deadline,
				    struct cella_error *err)
{
	return say(fd, "a mock: nothing runs\n", deadline, err);
}

static enum cella_status answer_attest(struct mock *mock UNUSED, int fd,
				       const struct deadline *deadline,
				       struct cella_error *err)
{
	struct out line CLEANUP(out_done) = { 0 };

	TRY(io_read_line(fd, GUEST_REQUEST_MAX, &line, deadline, "mock", err));
	return say(fd,
		   "error a mock proves nothing; cella-sim makes simulated evidence\n",
		   deadline, err);
}

static const struct {
	uint64_t port;
	enum cella_status (*answer)(struct mock *mock, int fd,
				    const struct deadline *deadline,
				    struct cella_error *err);
} ports[] = {
	{ GUEST_PORT_CONTROL, answer_control },
	{ GUEST_PORT_LOG, answer_log },
	{ GUEST_PORT_ATTEST, answer_attest },
};

/* --- clients ------------------------------------------------------------------------- */

/* "CONNECT <port>", answered by "OK <number>"; nobody listens on other ports. */
static enum cella_status serve(struct mock *mock, int fd, struct cella_error *err)
{
	static const char word[] = "CONNECT ";
	const struct deadline deadline = deadline_in(CLIENT_SECONDS);
	struct out line CLEANUP(out_done) = { 0 };
	uint64_t port = 0;

	TRY(io_read_line(fd, CONNECT_LINE_MAX, &line, &deadline, "mock", err));
	out_u8(&line, '\0');
	TRY(out_status(&line, err));
	if (strncmp((const char *)line.data, word, strlen(word)) != 0)
		return error_set(err, CELLA_MALFORMED, "mock: expected CONNECT");
	TRY(number_read((const char *)line.data + strlen(word), UINT32_MAX, &port, "port",
			err));
	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		if (ports[i].port == port) {
			TRY(say(fd, "OK 1\n", &deadline, err));
			return ports[i].answer(mock, fd, &deadline, err);
		}
	return CELLA_OK;
}

static enum cella_status end(const struct mock *mock, struct cella_error *err)
{
	const struct deadline deadline = deadline_in(CLIENT_SECONDS);
	const struct guest_end stopped = { .reason = GUEST_END_STOPPED };
	struct out line CLEANUP(out_done) = { 0 };
	uint8_t rest[1];
	size_t len = 0;

	guest_end_write(&stopped, &line);
	TRY(out_status(&line, err));
	TRY(io_write(mock->heart, out_view(&line), &deadline, "mock", err));
	/* The supervisor closes it, having heard. */
	return io_read_some(mock->heart, rest, sizeof rest, &len, &deadline, "mock", err);
}

static enum cella_status live(struct mock *mock, struct cella_error *err)
{
	const struct deadline deadline = deadline_in(CLIENT_SECONDS);
	const uint8_t heartbeat = GUEST_HEARTBEAT;
	uint8_t answer[1];
	size_t len = 0;

	TRY(io_write(mock->heart, bytes_of(&heartbeat, 1), &deadline, "mock", err));
	TRY(io_read_some(mock->heart, answer, sizeof answer, &len, &deadline, "mock",
			 err));
	while (!mock->is_stopping) {
		struct pollfd ready[] = { { .fd = mock->listener, .events = POLLIN },
					  { .fd = mock->control, .events = POLLIN } };
		int fd CLEANUP_CLOSE = -1;

		if (poll(ready, ARRAY_LEN(ready), -1) < 0 || ready[1].revents != 0)
			return CELLA_OK;
		fd = accept4(mock->listener, NULL, NULL, SOCK_CLOEXEC);
		/* What a client does wrong is its own affair. */
		if (fd >= 0 && serve(mock, fd, NULL) != CELLA_OK)
			continue;
	}
	return end(mock, err);
}

enum cella_status mock_guest(char *const *argv, struct cella_error *err)
{
	struct mock mock = { 0 };
	int *const fds[NUM_FDS] = { &mock.listener, &mock.heart, &mock.control };

	for (size_t i = 0; i < NUM_FDS; i++) {
		uint64_t fd = 0;

		if (argv[i] == NULL)
			return error_set(err, CELLA_USAGE,
					 MOCK_GUEST ": needs three descriptors");
		TRY(number_read(argv[i], INT_MAX, &fd, MOCK_GUEST, err));
		*fds[i] = (int)fd;
	}
	return live(&mock, err);
}
