/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed SGX enclaves: what the signature structure in an enclave's file promises of the
 * enclave that will run. It is read here, not believed: evidence alone tells what runs.
 */
#ifndef CELLA_SIGSTRUCT_H
#define CELLA_SIGSTRUCT_H

#include <cella/error.h>
#include <cella/evidence.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The largest enclave file that is read, in bytes. */
#define CELLA_ENCLAVE_MAX ((size_t)1 << 30)

/* struct cella_sigstruct - a parsed SIGSTRUCT; immutable. */
struct cella_sigstruct;

/*
 * cella_sigstruct_parse() finds the SIGSTRUCT in a signed enclave (ELF with the section
 * .note.sgxmeta) or takes 1808 bytes for one, and copies what it needs. CELLA_MISSING when
 * the file is not an enclave or not signed; CELLA_MALFORMED names the field that is wrong.
 * The caller frees *out with cella_sigstruct_free().
 */
CELLA_EXPORT CELLA_MUST_CHECK enum cella_status
cella_sigstruct_parse(const void *data, size_t len, struct cella_sigstruct **out,
		      struct cella_error *err);

CELLA_EXPORT void cella_sigstruct_free(struct cella_sigstruct *sigstruct);

/* cella_sigstruct_facts() lives as long as the SIGSTRUCT. */
CELLA_EXPORT const struct cella_facts *
cella_sigstruct_facts(const struct cella_sigstruct *sigstruct);

#ifdef __cplusplus
}
#endif
#endif
