/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talking to a running Enclave VM from outside: its supervisor, and its vsock ports.
 */
#ifndef VM_CONTROL_H
#define VM_CONTROL_H

#include "collect/deadline.h"

enum { CONTROL_REQUEST_MAX = 64, CONTROL_ANSWER_MAX = 32 << 10 };

/*
 * control_ask() sends a request ("status", "stop", "console") to the supervisor of a name
 * below base and appends its answers. "stop" is answered when nothing is left of it, by its
 * last state: earlier answers are dropped. CELLA_MISSING when there is none of that name.
 */
enum cella_status control_ask(const char *base, const char *name, const char *request,
			      const struct deadline *deadline, struct out *answer,
			      struct cella_error *err) MUST_CHECK;

/*
 * control_follow() asks for the guest's console, as it was kept and as it is written, and
 * calls back with each piece, until the end of the Enclave VM or of callback's patience.
 */
typedef enum cella_status control_piece_fn(void *context, struct cella_bytes piece,
					   struct cella_error *err);
enum cella_status control_follow(const char *base, const char *name,
				 const struct deadline *deadline, control_piece_fn *piece,
				 void *context, struct cella_error *err) MUST_CHECK;

/*
 * control_connect() connects to a vsock port of the guest. CELLA_MISSING when there is none
 * of that name; CELLA_IO when nobody in it listens on the port.
 */
enum cella_status control_connect(const char *base, const char *name, unsigned port,
				  const struct deadline *deadline, int *out,
				  struct cella_error *err) MUST_CHECK;

/* control_ask_service() asks a service of that name (vm/keeper.h) the same way. */
enum cella_status control_ask_service(const char *base, const char *name,
				      const char *request,
				      const struct deadline *deadline, struct out *answer,
				      struct cella_error *err) MUST_CHECK;

/*
 * control_is_heard() is the other side's: true when the peer of a socket is this process's
 * own user, or root.
 */
bool control_is_heard(int fd);

#endif
