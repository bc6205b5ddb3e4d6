/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vTPM at work: QEMU's control channel, the guest's commands on the data channel that
 * comes over it, and the supervisor, whose going away ends everything.
 */
#ifndef VM_VTPM_SERVE_H
#define VM_VTPM_SERVE_H

#include "vm/vtpm_launch.h"

struct vtpm {
	int control;    /* connected */
	int supervisor; /* SOCK_SEQPACKET */
	struct cella_bytes log;
	struct launch_plan plan;
};

/*
 * vtpm_serve() returns CELLA_OK when QEMU shut the TPM down or went away, an error when a
 * peer broke its protocol, the launch failed or was asked for twice.
 */
enum cella_status vtpm_serve(const struct vtpm *vtpm, struct cella_error *err) MUST_CHECK;

#endif
