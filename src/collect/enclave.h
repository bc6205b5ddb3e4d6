/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of an Enclave VM: its init extends PCR14 and keeps the log (guest/measure.h).
 */
#ifndef COLLECT_ENCLAVE_H
#define COLLECT_ENCLAVE_H

#include "evidence/aael.h"

/* enclave_is_here() is true inside of an Enclave VM that gives evidence. */
bool enclave_is_here(const char *sysroot);

/*
 * enclave_measure() has an event extended and logged. CELLA_LIMIT for a text that is too long
 * for a TPM; CELLA_IO when the init refuses it, and says why.
 */
enum cella_status enclave_measure(const char *sysroot, const struct aael *event,
				  struct cella_error *err) MUST_CHECK;

#endif
