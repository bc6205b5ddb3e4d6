/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service: keeps one enclave running, as its file says (vm/enclave_conf.h).
 *
 * Theory of operation: this process has no guest near it. It looks whether there is an image,
 * starts a supervisor (cellad without --service) with it, hears that one's states by a pipe
 * and its words by another, and decides by vm/keeper_rules.h what its end means:
 *
 *   waiting --image--> starting --heartbeat--> running
 *      ^                 |   ^                    |
 *      +--- refused -----+   +--- restarting <----+--> failed
 *
 * SIGTERM and SIGINT, or `stop` at its socket, stop enclave and service; SIGHUP, or `reload`,
 * has it read its file again, which holds from the next start of the enclave on; `restart`
 * does both. One loop hears all of it; it waits for nobody, but a second for a client to ask.
 */
#ifndef VM_KEEPER_H
#define VM_KEEPER_H

#include "base/bytes.h"
#include "vm/owned.h"

/* A supervisor's exit status for an image that cannot be started; cellad.c has the others. */
enum { KEEPER_EXIT_IMAGE = 3 };

/* Texts are borrowed. */
struct keeper_options {
	const char *name;
	const char *conf;
	enum owned_by who;   /* may own the file */
	const char *run_dir; /* in the place of the file's; or NULL */
	const char *notify;  /* a service manager's socket, or NULL */
	int ready; /* told its states, a line of JSON each, until one is settled; or -1 */
};

/*
 * keeper_run() is a service's life. CELLA_OK when it was stopped, or the enclave had done
 * its work; CELLA_MALFORMED or CELLA_UNSUPPORTED for what its file says; otherwise the error is
 * the last failure's cause.
 */
enum cella_status keeper_run(const struct keeper_options *options,
			     struct cella_error *err) MUST_CHECK;

#endif
