/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's end of vsock.
 */
#ifndef GUEST_VSOCK_H
#define GUEST_VSOCK_H

#include "guest/io.h"

/* vsock_listen() opens a non-blocking listening socket, for whoever reaches this guest. */
enum cella_status vsock_listen(uint32_t port, int *out,
			       struct cella_error *err) MUST_CHECK;

/* vsock_connect() connects; while the device is not there yet, again until the deadline. */
enum cella_status vsock_connect(uint32_t cid, uint32_t port,
				const struct deadline *deadline, int *out,
				struct cella_error *err) MUST_CHECK;

#endif
