/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella enclave connect: a vsock port of an enclave, as standard input and output.
 */
#include "cli/commands.h"

#include "base/number.h"
#include "cli/enclave_args.h"
#include "guest/io.h"
#include "vm/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 16 << 10, FOREVER_SECONDS = 10 * 365 * 24 * 3600 };

struct connect_args {
	struct common_args common;
	const char *run_dir;
};

static const struct option_def options[] = {
	RUN_DIR_OPTION(offsetof(struct connect_args, run_dir)),
	COMMON_OPTIONS,
};

static enum cella_status copy(int from, int to, const char *what, bool *ended,
			      struct cella_error *err)
{
	const struct deadline forever = deadline_in(FOREVER_SECONDS);
	uint8_t chunk[CHUNK];
	size_t len = 0;

	TRY(io_read_some(from, chunk, sizeof chunk, &len, &forever, what, err));
	*ended = len == 0;
	return io_write(to, bytes_of(chunk, len), &forever, what, err);
}

/* The end of standard input is told to the enclave; its end is this command's. */
static enum cella_status relay(int fd, struct cella_error *err)
{
	struct pollfd ready[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	bool ended = false;

	while (!ended) {
		bool said_all = false;

		if (poll(ready, ARRAY_LEN(ready), -1) < 0 && errno != EINTR)
			return error_errno(err, errno, "waiting");
		if (ready[0].revents != 0)
			TRY(copy(STDIN_FILENO, fd, "standard input", &said_all, err));
		if (said_all) {
			ready[0].fd = -1;
			shutdown(fd, SHUT_WR);
		}
		if (ready[1].revents != 0)
			TRY(copy(fd, STDOUT_FILENO, "the enclave", &ended, err));
	}
	return CELLA_OK;
}

static enum cella_status connect_port(const struct connect_args *args,
				      struct cella_error *err)
{
	const char *const *const operands = args->common.operands.items;
	const struct deadline deadline = deadline_in(ENCLAVE_WAIT_SECONDS);
	char base[RUN_PATH_MAX];
	uint64_t port = 0;
	int fd CLEANUP_CLOSE = -1;

	TRY(number_read(operands[1], UINT32_MAX - 1, &port, "PORT", err));
	TRY(run_base(args->run_dir, base, err));
	TRY(control_connect(base, operands[0], (unsigned)port, &deadline, &fd, err));
	return relay(fd, err);
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	return connect_port(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_enclave_connect = {
	.name = "enclave connect",
	.operands = "NAME PORT",
	.min_operands = 2,
	.max_operands = 2,
	.summary = "Talk to a vsock port of an enclave",
	.description =
		"Joins standard input and output to a vsock port that the enclave's application\n"
		"listens on. Programs do the same through the UNIX socket v in the enclave's\n"
		"folder: \"CONNECT PORT\", answered by \"OK N\", a line each.\n\n"
		"  echo hello | cella enclave connect server 7",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct connect_args),
	.run = run,
};
