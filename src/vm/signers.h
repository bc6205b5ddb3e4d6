/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose images a host starts: certificates of signers, or of who certifies them.
 */
#ifndef VM_SIGNERS_H
#define VM_SIGNERS_H

#include "evidence/eif_signature.h"
#include "vm/owned.h"

enum { SIGNERS_MAX_LEN = 64 << 10, SIGNERS_MAX_FILES = 64 };

/*
 * signers_read() reads a file of certificates (PEM), or every file of a folder that is not
 * hidden, each as owned_read() wants them. CELLA_LIMIT for more than EIF_MAX_CERTS. The
 * caller frees *out with eif_certs_done().
 */
enum cella_status signers_read(const char *path, enum owned_by who, struct eif_certs *out,
			       struct cella_error *err) MUST_CHECK;

#endif
