/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trust root of a command line: Intel's, or the one in a file.
 */
#ifndef CLI_TRUST_H
#define CLI_TRUST_H

#include "base/bytes.h"

/* trusted_key() reads the root's key, x || y; path may be NULL. */
enum cella_status trusted_key(const char *path, uint8_t out[64],
			      struct cella_error *err) MUST_CHECK;

#endif
