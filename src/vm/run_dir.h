/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an Enclave VM can be reached while it runs: a folder of its own, of which nobody else
 * may see anything, below one for all of a user's.
 *
 *   control   the supervisor (vm/control.h)
 *   v         the guest's vsock ports: "CONNECT <port>\n", "OK <n>\n"
 *   v_<port>  the host's, for the guest
 *   taken     what it has taken of the machine (vm/takings.h)
 *   lock      held while there is a supervisor: without it, the rest is left over
 *
 * A service, which starts one again and again, has another folder, of the same name with a
 * dot before it:
 *
 *   control   the service (vm/keeper.h)
 *   last      what became of one that failed; remains
 *   lock      as above
 */
#ifndef VM_RUN_DIR_H
#define VM_RUN_DIR_H

#include "base/bytes.h"

enum {
	RUN_NAME_MAX = 32,
	RUN_BASE_MAX = 64, /* with the rest, a socket's address holds 108 bytes */
	RUN_PATH_MAX = 108,
	RUN_MAX_LISTED = 64,
	RUN_MAX_ENTRIES = 4 * RUN_MAX_LISTED, /* of a folder of all */
};

struct run_dir {
	char path[RUN_PATH_MAX];
	int lock; /* -1: not held */
};

#define RUN_DIR_NONE ((struct run_dir){ .lock = -1 })

/* run_name_check() checks a name: letters, digits, '-' and '_', beginning with no '-'. */
enum cella_status run_name_check(const char *name, struct cella_error *err) MUST_CHECK;

/*
 * run_base() is the folder for all: the given one, or /run/cella for root, or that of the
 * user's session. It is made where it is not there; CELLA_IO unless it is the user's alone.
 */
enum cella_status run_base(const char *given, char path[RUN_PATH_MAX],
			   struct cella_error *err) MUST_CHECK;

/*
 * run_dir_make() makes the folder of a name, out of what a supervisor that was killed may
 * have left. CELLA_USAGE when one of that name runs.
 */
enum cella_status run_dir_make(const char *base, const char *name, struct run_dir *out,
			       struct cella_error *err) MUST_CHECK;

/* run_dir_remove() removes it with everything in it. */
void run_dir_remove(struct run_dir *dir);

/* run_path() joins a folder and a file of it. CELLA_LIMIT. */
enum cella_status run_path(const char *dir, const char *name, char path[RUN_PATH_MAX],
			   struct cella_error *err) MUST_CHECK;

/*
 * run_list() calls back with the name of each that runs, and removes what is left of others.
 */
typedef enum cella_status run_found_fn(void *context, const char *name,
				       struct cella_error *err);
enum cella_status run_list(const char *base, run_found_fn *found, void *context,
			   struct cella_error *err) MUST_CHECK;

/* --- services ------------------------------------------------------------------------ */

#define RUN_SERVICE_LAST "last"

/* run_service_path() is the folder of a keeper. */
enum cella_status run_service_path(const char *base, const char *name,
				   char path[RUN_PATH_MAX],
				   struct cella_error *err) MUST_CHECK;

/* run_service_make() makes it. CELLA_USAGE when one of that name runs. */
enum cella_status run_service_make(const char *base, const char *name,
				   struct run_dir *out,
				   struct cella_error *err) MUST_CHECK;

/* run_service_keep() removes everything in it but puts a last word there. */
void run_service_keep(struct run_dir *dir, struct cella_bytes last);

/* run_service_list() does for services what run_list() does; last words remain. */
enum cella_status run_service_list(const char *base, run_found_fn *found, void *context,
				   struct cella_error *err) MUST_CHECK;

#endif
