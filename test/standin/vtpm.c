/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standin-vtpm: runs a command beside a launched cella-vtpm, whose guest the command is:
 *
 *	standin-vtpm [--debug] --vtpm PROGRAM --folder DIR --host DIR -- COMMAND...
 *	standin-vtpm --relay DIR
 *
 * The second form is what `tpm2 -T "cmd:standin-vtpm --relay DIR"` starts: commands from its
 * input to the TPM, answers to its output. DIR gets launch.log, key.pub (TPM2B_PUBLIC),
 * key.der (its certificate by the host's key) and predicted, a line "PCR SHA-256 SHA-384"
 * each.
 */
#include "base/encode.h"
#include "launch_maker.h"
#include "standin.h"
#include "vm/host_key.h"
#include "vtpm_peer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char *folder;
static const char *host_folder;

static void write_file(const char *name, struct cella_bytes bytes)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "we");
	if (file == NULL || fwrite(bytes.data, 1, bytes.len, file) != bytes.len ||
	    fclose(file) != 0)
		standin_die(path);
}

static void write_predicted(bool debug)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	const struct launch_plan plan = made_plan(debug, &arena);
	struct out text CLEANUP(out_done) = { 0 };
	struct launch_pcrs pcrs;

	if (launch_predict(&plan, &pcrs, NULL) != CELLA_OK)
		standin_die("predicting");
	for (unsigned i = 0; i < LAUNCH_NUM_PCRS; i++) {
		out_format(&text, "%u ", i);
		hex_write_upper(&text, bytes_of(pcrs.pcr[i].sha256, SHA256_LEN));
		out_text(&text, " ");
		hex_write_upper(&text, bytes_of(pcrs.pcr[i].sha384, SHA384_LEN));
		out_text(&text, "\n");
	}
	write_file("predicted", out_view(&text));
}

/* --- between the command and the TPM ------------------------------------------------- */

static struct sockaddr_un address_in(const char *dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path, "%s/tpm", dir);
	return address;
}

static int relay(const char *dir)
{
	const struct sockaddr_un address = address_in(dir);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd ends[] = { { .fd = 0, .events = POLLIN },
				 { .fd = fd, .events = POLLIN } };

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		standin_die("connecting to the TPM");
	for (;;) {
		uint8_t bytes[PEER_MESSAGE_MAX];

		if (poll(ends, 2, -1) < 0)
			standin_die("waiting");
		for (int i = 0; i < 2; i++) {
			ssize_t got;

			if (ends[i].revents == 0)
				continue;
			got = read(ends[i].fd, bytes, sizeof bytes);
			if (got <= 0)
				return 0;
			if (write(i == 0 ? fd : 1, bytes, (size_t)got) != got)
				return STANDIN_WRONG;
		}
	}
}

static void answer(struct vtpm_peer *peer, int client)
{
	uint8_t command[PEER_MESSAGE_MAX];
	uint8_t reply[PEER_MESSAGE_MAX];
	size_t len;
	uint32_t size;

	while (peer_receive(client, command, 6) == 6) {
		size = (uint32_t)command[4] << 8 | command[5];
		if (size < 6 || size > sizeof command ||
		    peer_receive(client, command + 6, size - 6) < size - 6)
			return;
		len = peer_tpm(peer, bytes_of(command, size), reply);
		if (len == 0 || send(client, reply, len, MSG_NOSIGNAL) != (ssize_t)len)
			return;
	}
}

/* One guest at a time, until the command has ended. */
static void serve(struct vtpm_peer *peer, int listener, pid_t command)
{
	const int ended = (int)syscall(SYS_pidfd_open, command, 0);
	struct pollfd sources[] = { { .fd = listener, .events = POLLIN },
				    { .fd = ended, .events = POLLIN } };

	if (ended < 0)
		standin_die("watching the command");
	for (;;) {
		int client;

		if (poll(sources, 2, -1) < 0 && errno != EINTR)
			standin_die("waiting");
		if (sources[1].revents != 0)
			break;
		client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		answer(peer, client);
		close(client);
	}
	close(ended);
}

static int listen_in(const char *dir)
{
	const struct sockaddr_un address = address_in(dir);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, 4) != 0)
		standin_die("listening");
	return fd;
}

/* --- the launch ---------------------------------------------------------------------- */

static void certify(void *context, struct cella_bytes public_area, struct out *out)
{
	struct host_key *host CLEANUP(host_key_cleanup) = NULL;
	struct cella_error err = { 0 };

	(void)context;
	write_file("key.pub", public_area);
	if (host_key_load(host_folder, &host, &err) != CELLA_OK ||
	    host_key_certify(host, public_area, "standin", time(NULL), out, &err) !=
		    CELLA_OK) {
		fprintf(stderr, "%s\n", err.text);
		exit(STANDIN_WRONG);
	}
	write_file("key.der", out_view(out));
}

static int run(const char *program, bool debug, char **command)
{
	struct out log CLEANUP(out_done) = made_launch_log(debug);
	struct vtpm_peer peer;
	int listener;
	pid_t pid;
	int status;

	write_file("launch.log", out_view(&log));
	write_predicted(debug);
	if (!peer_start(program, out_view(&log), &peer) || peer_set_data(&peer) != 0 ||
	    peer_init(&peer, certify, NULL) != 0)
		standin_die("launching");
	listener = listen_in(folder);
	pid = standin_start(command);
	serve(&peer, listener, pid);
	status = standin_await(pid);
	if (peer_end(&peer) != 0)
		return STANDIN_WRONG;
	return status;
}

int main(int argc, char **argv)
{
	const char *program = NULL;
	bool debug = false;
	int i = 1;

	if (argc == 3 && strcmp(argv[1], "--relay") == 0)
		return relay(argv[2]);
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--debug") == 0)
			debug = true;
		else if (strcmp(argv[i], "--vtpm") == 0 && i + 1 < argc)
			program = argv[++i];
		else if (strcmp(argv[i], "--folder") == 0 && i + 1 < argc)
			folder = argv[++i];
		else if (strcmp(argv[i], "--host") == 0 && i + 1 < argc)
			host_folder = argv[++i];
		else
			break;
	}
	if (program == NULL || folder == NULL || host_folder == NULL || i + 1 >= argc ||
	    strcmp(argv[i], "--") != 0) {
		fputs("usage: standin-vtpm [--debug] --vtpm PROGRAM --folder DIR "
		      "--host DIR -- COMMAND...\n",
		      stderr);
		return STANDIN_WRONG;
	}
	return run(program, debug, argv + i + 1);
}
