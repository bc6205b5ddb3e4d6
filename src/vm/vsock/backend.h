/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The back-end as a process: one front-end, one guest, one loop.
 */
#ifndef VM_VSOCK_BACKEND_H
#define VM_VSOCK_BACKEND_H

#include "vm/vsock/channel.h"
#include "vm/vsock/device.h"

/* Why it ended. Each has a code for programs, and an exit status. */
enum backend_end {
	END_FRONT_END_LEFT = 0,
	END_STOPPED,
	END_SYSTEM,      /* a call of the operating system failed */
	END_FRONT_END,   /* broke the protocol */
	END_GUEST_QUEUE, /* the guest broke a queue */
	END_MEMORY_LOST, /* the guest's memory went away */
	NUM_ENDS,
};

struct backend {
	struct vhost vhost;
	struct device device;
	struct channel channel;
	int epoll;
	int front_listener; /* until the front-end is there; -1 afterwards */
	int base_listener;
	int signals;
	bool takes_programs;
	bool has_kick[VHOST_MAX_RINGS];
	bool has_driver;
	bool had_driver;
	bool is_lively; /* it did not wait long the last time */
	bool is_done;
	enum backend_end end;
	struct cella_error why;
};

struct backend_fds {
	int front;   /* listening, or connected with the front-end */
	int base;    /* listening */
	int signals; /* signalfd: whatever comes stops it */
};

/* backend_init() makes one. The descriptors are its. */
enum cella_status backend_init(struct backend *backend,
			       const struct device_config *config,
			       const struct backend_fds *fds,
			       struct cella_error *err) MUST_CHECK;
void backend_done(struct backend *backend);

/* backend_run() serves until it ends; backend->why says more. */
enum backend_end backend_run(struct backend *backend);

/* backend_end_code() is "front-end-left"; backend_end_status() the exit status. */
const char *backend_end_code(enum backend_end end);
int backend_end_status(enum backend_end end);

#endif
