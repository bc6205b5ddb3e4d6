/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image that a host's service starts when it has no other.
 */
#ifndef CLI_ENCLAVE_DEFAULT_H
#define CLI_ENCLAVE_DEFAULT_H

#include "base/bytes.h"

/*
 * enclave_default_output() appends the path that a file for a service names as its image,
 * and makes the folders that lead there. conf is NULL for /etc/enclave.conf, which need not
 * be there.
 */
enum cella_status enclave_default_output(const char *conf, struct out *path,
					 struct cella_error *err) MUST_CHECK;

/* enclave_make_folders() makes every folder of a path that is not there, but its last part. */
enum cella_status enclave_make_folders(const char *path,
				       struct cella_error *err) MUST_CHECK;

#endif
