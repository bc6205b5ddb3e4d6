/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways into an Enclave VM and out of it, as people write them, in the one form that is
 * measured, predicted and carried out.
 */
#ifndef VM_NETWORK_H
#define VM_NETWORK_H

#include "evidence/launch.h"

/* What somebody wants; lists as "5000,7001-7003", "any", "none". Everything is borrowed. */
struct network_args {
	const char *to_guest;   /* NULL: any */
	const char *from_guest; /* NULL: none */
	struct launch_texts
		forward; /* "[ADDRESS:]PORT:GUEST-PORT", 127.0.0.1 unless told */
	struct launch_texts egress; /* "NAME:PORT", "ADDRESS:PORT" */
};

/*
 * network_read() fills in the ways of a launch's configuration, and nothing else of it. What
 * they need is added: the ports of init and heartbeat, those that are forwarded to, and that of
 * the proxy where there is egress. Texts live in the arena. CELLA_USAGE says what is wrong
 * with them.
 */
enum cella_status network_read(const struct network_args *args, struct arena *arena,
			       struct launch_config *out,
			       struct cella_error *err) MUST_CHECK;

/*
 * network_published() makes of a forwarding, as it is measured, what cella-forward wants to
 * be told: "127.0.0.1:8080=5000". The text lives in the arena.
 */
const char *network_published(const char *forward, struct arena *arena);

#endif
