/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that nobody but their owner is to know.
 */
#ifndef CLI_SECRET_FILE_H
#define CLI_SECRET_FILE_H

#include "base/bytes.h"

/*
 * secret_read() reads all of a file that is called what in errors ("a private key").
 * CELLA_IO for one that others than its owner may read or write; of pipes and the like,
 * which have no readers but us, modes say nothing.
 */
enum cella_status secret_read(const char *path, const char *what, size_t max_len,
			      struct out *out, struct cella_error *err) MUST_CHECK;

/* secret_done() wipes what was read. */
void secret_done(struct out *out);

#endif
