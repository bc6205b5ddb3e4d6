/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry of configfs-tsm: a folder whose files make a quote (Linux,
 * Documentation/ABI/testing/configfs-tsm-report). One that we make is ours alone while it
 * lives, and gone when we are; one that somebody else has made is locked meanwhile.
 */
#ifndef COLLECT_TSM_ENTRY_H
#define COLLECT_TSM_ENTRY_H

#include "collect/collect.h"

struct tsm_entry {
	char path[COLLECT_PATH_MAX];     /* "" when there is none */
	const struct deadline *deadline; /* of all that is done with it */
	bool is_shared;                  /* somebody else's */
	int lock;                        /* of one that is shared */
};

/* tsm_entry_make() makes an entry below a folder, of a name that nobody else uses. */
enum cella_status tsm_entry_make(const char *folder, const struct deadline *deadline,
				 struct tsm_entry *out,
				 struct cella_error *err) MUST_CHECK;

/*
 * tsm_entry_share() takes an entry that somebody else has made, and locks it for us: others
 * who do so wait.
 */
enum cella_status tsm_entry_share(const char *path, const struct deadline *deadline,
				  struct tsm_entry *out,
				  struct cella_error *err) MUST_CHECK;

/* tsm_entry_remove() removes or unlocks it; nothing for an entry that is neither's. */
void tsm_entry_remove(struct tsm_entry *entry);

/*
 * tsm_entry_read() appends an attribute to out, at most max_len bytes. On failure
 * err->sys_errno is that of the call that failed.
 */
enum cella_status tsm_entry_read(const struct tsm_entry *entry, const char *attribute,
				 size_t max_len, struct out *out,
				 struct cella_error *err) MUST_CHECK;

/* tsm_entry_write() writes an attribute with one call and closes it. */
enum cella_status tsm_entry_write(const struct tsm_entry *entry, const char *attribute,
				  struct cella_bytes bytes,
				  struct cella_error *err) MUST_CHECK;

#endif
