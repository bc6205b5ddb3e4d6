/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vTPM at work: QEMU's control channel, the guest's commands on the data channel that
 * comes over it, and the supervisor, whose going away ends everything.
 */
#ifndef VM_VTPM_SERVE_H
#define VM_VTPM_SERVE_H

#include "vm/vtpm_launch.h"

/* Where the TPM's state is handed on: a length of 8 bytes, little endian, and the state. */
struct vtpm_state_memory {
	uint8_t *data; /* NULL: nobody keeps it */
	size_t len;    /* of the memory */
};

struct vtpm {
	int control;    /* connected */
	int supervisor; /* SOCK_SEQPACKET */
	struct cella_bytes log;
	struct launch_plan plan;
	struct vtpm_state_memory state;
	bool is_restored;
};

/*
 * vtpm_state_get() views the state that somebody left; empty, when there is none.
 * CELLA_MALFORMED for a length that cannot be.
 */
enum cella_status vtpm_state_get(const struct vtpm_state_memory *memory,
				 struct cella_bytes *out,
				 struct cella_error *err) MUST_CHECK;

/*
 * vtpm_serve() returns CELLA_OK when QEMU shut the TPM down or went away, an error when a
 * peer broke its protocol, the launch failed or was asked for twice.
 */
enum cella_status vtpm_serve(const struct vtpm *vtpm, struct cella_error *err) MUST_CHECK;

#endif
