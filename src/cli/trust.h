/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command line trusts and accepts: Intel's root or the one in a file, and statuses.
 */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include "cli/cli.h"

/* trusted_key() reads the root's key, x || y; path may be NULL. */
enum cella_status trusted_key(const char *path, uint8_t out[64],
			      struct cella_error *err) MUST_CHECK;

/*
 * accepted_read() reads TCB statuses, several of them separated by commas, into the bits of
 * struct cella_verify_options.
 */
enum cella_status accepted_read(const struct texts *texts, uint32_t *out,
				struct cella_error *err) MUST_CHECK;

#endif
