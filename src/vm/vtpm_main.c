/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella-vtpm: the TPM of one Enclave VM.
 *
 *   cella-vtpm --control FD --launch FD --supervisor FD [--state FD]
 *
 * control     a UNIX stream socket, connected to QEMU or listening for it
 * launch      the launch's event log (src/evidence/launch.h), read to its end
 * supervisor  a UNIX SOCK_SEQPACKET socket: the TPM2B_PUBLIC of the attestation key goes
 *             out, once, a certificate in DER comes back; closing it ends the TPM
 * state       memory that the supervisor shares: the TPM's state of an earlier life, if there
 *             was one, and each new one, of which the byte 'S' tells; it is kept when that
 *             comes back. Without it the state ends with this process
 *
 * It ends with 0 when QEMU shut it down or went away, with 1 when a peer broke its protocol,
 * the launch failed, or was asked for twice, with 2 when it was called wrongly.
 */
#include "vm/vtpm_engine.h"
#include "vm/vtpm_sandbox.h"
#include "vm/vtpm_serve.h"

#include "base/number.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct arguments {
	int control;
	int launch;
	int supervisor;
	int state; /* -1: none is kept */
};

static const struct {
	const char *name;
	size_t offset;
} options[] = {
	{ "--control", offsetof(struct arguments, control) },
	{ "--launch", offsetof(struct arguments, launch) },
	{ "--supervisor", offsetof(struct arguments, supervisor) },
	{ "--state", offsetof(struct arguments, state) },
};

static bool read_argument(const char *name, const char *value, struct arguments *out)
{
	uint64_t fd;

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (strcmp(options[i].name, name) != 0)
			continue;
		if (number_read(value, INT_MAX, &fd, name, NULL) != CELLA_OK)
			return false;
		*(int *)((char *)out + options[i].offset) = (int)fd;
		return true;
	}
	return false;
}

static bool read_arguments(int argc, char **argv, struct arguments *out)
{
	*out = (struct arguments){ -1, -1, -1, -1 };
	for (int i = 1; i < argc; i += 2)
		if (i + 1 == argc || !read_argument(argv[i], argv[i + 1], out))
			return false;
	return out->control >= 0 && out->launch >= 0 && out->supervisor >= 0;
}

static enum cella_status read_all(int fd, struct out *out, struct cella_error *err)
{
	uint8_t chunk[4096];
	ssize_t got;

	while ((got = read(fd, chunk, sizeof chunk)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, errno, "launch: reading its log");
		out_bytes(out, chunk, (size_t)got);
		if (out->len > VTPM_LAUNCH_MAX)
			return error_set(err, CELLA_LIMIT,
					 "launch: a log of more than %d bytes",
					 VTPM_LAUNCH_MAX);
	}
	return out_status(out, err);
}

static enum cella_status map_state(int fd, struct vtpm_state_memory *out,
				   struct cella_error *err)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st) != 0 || st.st_size <= 0)
		return error_errno(err, errno, "state: its memory");
	data = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return error_errno(err, errno, "state: its memory");
	close(fd);
	*out = (struct vtpm_state_memory){ data, (size_t)st.st_size };
	return CELLA_OK;
}

/* A TPM that has lived before, or a new one. */
static enum cella_status make_tpm(int fd, struct vtpm *vtpm, struct cella_error *err)
{
	struct cella_bytes state = bytes_of(NULL, 0);

	if (fd >= 0) {
		TRY(map_state(fd, &vtpm->state, err));
		TRY(vtpm_state_get(&vtpm->state, &state, err));
	}
	vtpm->is_restored = state.len > 0;
	return vtpm->is_restored ? engine_restore(state, err) : engine_make(err);
}

static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t len = sizeof listening;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 &&
	       listening != 0;
}

/* Waits for QEMU; the one connection is all that is taken. */
static enum cella_status accept_control(struct arguments *a, struct cella_error *err)
{
	struct pollfd peers[] = { { .fd = a->control, .events = POLLIN },
				  { .fd = a->supervisor, .events = 0 } };
	int fd;

	if (!is_listening(a->control))
		return CELLA_OK;
	while (peers[0].revents == 0) {
		if (poll(peers, ARRAY_LEN(peers), -1) < 0 && errno != EINTR)
			return error_errno(err, errno, "control: waiting for QEMU");
		if (peers[1].revents != 0)
			return error_set(err, CELLA_IO, "vtpm: the supervisor went away");
	}
	fd = accept4(a->control, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "control: accepting QEMU");
	close(a->control);
	a->control = fd;
	return CELLA_OK;
}

static enum cella_status run(struct arguments *a, struct cella_error *err)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct out log CLEANUP(out_done) = { 0 };
	struct vtpm vtpm = { .supervisor = a->supervisor };

	TRY(read_all(a->launch, &log, err));
	close(a->launch);
	TRY(vtpm_launch_read(out_view(&log), &arena, &vtpm.plan, err));
	TRY(make_tpm(a->state, &vtpm, err));
	TRY(accept_control(a, err));
	vtpm.control = a->control;
	vtpm.log = out_view(&log);
	TRY(vtpm_sandbox(err));
	return vtpm_serve(&vtpm, err);
}

int main(int argc, char **argv)
{
	struct cella_error err = { 0 };
	struct arguments a;

	if (!read_arguments(argc, argv, &a)) {
		fputs("cella-vtpm: is started by cellad: --control FD --launch FD "
		      "--supervisor FD [--state FD]\n",
		      stderr);
		return EXIT_USAGE;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (run(&a, &err) == CELLA_OK)
		vtpm_exit(EXIT_SUCCESS);
	fprintf(stderr, "cella-vtpm: %s\n", err.text);
	vtpm_exit(EXIT_FAILED);
	return EXIT_FAILED;
}
