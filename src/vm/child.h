/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of an Enclave VM: each starts with the descriptors that it is given and no
 * others, and none outlives the supervisor, however that ends.
 */
#ifndef VM_CHILD_H
#define VM_CHILD_H

#include <sys/types.h>

#include "vm/argv.h"
#include "vm/child_root.h"

enum { CHILD_MAX_FDS = 12, CHILD_TEXT_MAX = 160 };

struct child_spec {
	const char *name;
	const struct argv *argv;
	int fds[CHILD_MAX_FDS]; /* kept, under their numbers */
	size_t num_fds;
	const char *group; /* the file cgroup.procs that it enters by; NULL or "": none */
	bool is_confined;  /* gets namespaces of its own, and no user's rights */
	const struct child_root *root; /* of one that is confined; NULL: the host's */
	/* Called in the child before others may look into it: for secrets. */
	void (*forget)(void *context);
	void *context;
};

/* struct child - child_kill() and child_reap() end it. */
struct child {
	const char *name;
	pid_t pid;  /* 0: not started */
	int pidfd;  /* readable when it has ended */
	int errors; /* what it writes to standard error */
	bool has_ended;
	bool was_killed;            /* by child_kill() */
	int status;                 /* of waitpid() */
	char lacks[CHILD_TEXT_MAX]; /* what of its confinement this host did not give */
};

#define CHILD_NONE ((struct child){ .pidfd = -1, .errors = -1 })

/*
 * child_start() starts a process. CELLA_MISSING when there is no such program; CELLA_IO when
 * it cannot be started as asked.
 */
enum cella_status child_start(const struct child_spec *spec, struct child *out,
			      struct cella_error *err) MUST_CHECK;

/* child_kill() sends SIGKILL to one that runs. */
void child_kill(struct child *child);

/* child_reap() waits for its end and takes it; at once, after child_kill(). */
void child_reap(struct child *child);

/* child_done() kills, reaps and closes. */
void child_done(struct child *child);

/* child_end_text() says how it ended: "cella-vtpm: killed by signal 9". */
void child_end_text(const struct child *child, char text[CHILD_TEXT_MAX]);

#endif
