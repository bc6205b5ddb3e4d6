/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cella-vtpm has around it: a supervisor, and a QEMU, as far as that speaks of a TPM.
 * Nothing here is checked: callers look at what comes.
 */
#ifndef STANDIN_VTPM_PEER_H
#define STANDIN_VTPM_PEER_H

#include <sys/types.h>

#include "base/bytes.h"

enum { PEER_MESSAGE_MAX = 8192 };

struct vtpm_peer {
	pid_t pid;
	int control; /* our end; -1 once closed */
	int supervisor;
	int data; /* -1 before peer_set_data() */
	bool has_state;
	bool keeps; /* the supervisor keeps states, and says so */
	size_t num_kept;
};

/* peer_start() starts PROGRAM with a launch log; false where that fails. */
bool peer_start(const char *program, struct cella_bytes log, struct vtpm_peer *out);

/* peer_start_kept() gives it memory for its state, too. */
bool peer_start_kept(const char *program, struct cella_bytes log, int state,
		     struct vtpm_peer *out);

/* peer_send() sends a control request, with descriptors. */
bool peer_send(const struct vtpm_peer *peer, struct cella_bytes request, const int *fds,
	       size_t num_fds);

/* peer_receive() reads up to len bytes of answer; fewer where the other end is closed. */
size_t peer_receive(int fd, uint8_t *out, size_t len);

/* peer_control() sends a command with a number as its payload, or none. */
bool peer_control(const struct vtpm_peer *peer, uint32_t command,
		  const uint32_t *payload);

/* peer_result() reads a result, 0xffffffff where none comes. */
uint32_t peer_result(const struct vtpm_peer *peer);

/* peer_set_data() hands over a data channel and keeps the other end; the result. */
uint32_t peer_set_data(struct vtpm_peer *peer);

/* Certifies the key: public_area to DER; an empty answer closes the channel. */
typedef void peer_certify_fn(void *context, struct cella_bytes public_area,
			     struct out *certificate);

/* peer_init() is CMD_INIT with a supervisor that answers; the result. */
uint32_t peer_init(struct vtpm_peer *peer, peer_certify_fn *certify, void *context);

/* peer_tpm() runs a TPM command; the length of the answer, 0 where none comes. */
size_t peer_tpm(struct vtpm_peer *peer, struct cella_bytes command,
		uint8_t answer[PEER_MESSAGE_MAX]);

/* peer_end() closes everything and waits; the exit status, 128 and more for a signal. */
int peer_end(struct vtpm_peer *peer);

#endif
