/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a failure, as a file: NAME.last.json, beside the folders of those that run.
 * It stays until the next one of that name fails, or ends as it should.
 */
#ifndef VM_FAILURE_RECORD_H
#define VM_FAILURE_RECORD_H

#include "vm/failure.h"

/* failure_json() makes a record's JSON, with its class for those who only look. */
enum cella_status failure_json(const struct failure *failure, json_t **out,
			       struct cella_error *err) MUST_CHECK;

/* failure_parse() reads a record. CELLA_MALFORMED; CELLA_UNSUPPORTED for a later version. */
enum cella_status failure_parse(struct cella_bytes text, struct failure *out,
				struct cella_error *err) MUST_CHECK;

/* failure_read() reads the record in a file. CELLA_MISSING when there is none. */
enum cella_status failure_read(const char *path, struct failure *out,
			       struct cella_error *err) MUST_CHECK;

/* failure_path() is where the record of a name is. */
enum cella_status failure_path(const char *base, const char *name,
			       char path[RUN_PATH_MAX],
			       struct cella_error *err) MUST_CHECK;

/*
 * failure_leave() writes a record as a whole, for its owner alone, and removes the oldest
 * where there are too many. Whoever calls it holds the lock of the name's folder.
 */
enum cella_status failure_leave(const char *base, const struct failure *failure,
				struct cella_error *err) MUST_CHECK;

/* failure_leave_lost() leaves one of a supervisor that ended without a word. */
void failure_leave_lost(const char *base, const char *name);

/* failure_forget() removes a name's record. */
void failure_forget(const char *base, const char *name);

/* failure_list() calls back with every record that can be read, in the order of names. */
typedef enum cella_status failure_found_fn(void *context, const struct failure *failure,
					   struct cella_error *err);
enum cella_status failure_list(const char *base, failure_found_fn *found, void *context,
			       struct cella_error *err) MUST_CHECK;

#endif
