/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an enclave's TPM keeps from one start to the next, in a file of the host: encrypted,
 * bound to whose it is, and replaced as a whole (doc/decisions/0012).
 *
 * The file is a text that says whose it is, and behind its empty line what seal() makes with
 * that text as its header:
 *
 *   cella tpm state 1
 *   name server
 *   signer 5f3a...            or "image ..."
 *   debug no
 *
 * Whoever can replace the file can put an older one in its place.
 */
#ifndef VM_TPM_STATE_H
#define VM_TPM_STATE_H

#include "crypto/seal.h"

enum {
	TPM_STATE_MAX = 1 << 20,
	/* What supervisor and TPM share: a length of 8 bytes, little endian, and a state. */
	TPM_STATE_MEMORY_LEN = 8 + TPM_STATE_MAX,
};

/* Whose state it is. */
struct tpm_state_owner {
	const char *name;      /* the enclave's */
	bool is_signed;        /* then by its signer, else by the image */
	const uint8_t *sha256; /* of the signer's certificate, or of the whole image */
	bool debug;
};

struct tpm_state;

/*
 * tpm_state_open() takes the place for an enclave's state in a folder, which is made where it
 * is not there, and holds it: nobody else can open it. CELLA_USAGE when somebody has it;
 * CELLA_IO when others than the owner may write to the folder.
 */
enum cella_status tpm_state_open(const char *folder, const uint8_t secret[SEAL_KEY_LEN],
				 const struct tpm_state_owner *owner,
				 struct tpm_state **out,
				 struct cella_error *err) MUST_CHECK;

/*
 * tpm_state_read() appends the state; nothing, where there is none yet. CELLA_USAGE when it is
 * of another image, signer or enclave, and says which; CELLA_MALFORMED when it was made with
 * another key, or changed.
 */
enum cella_status tpm_state_read(const struct tpm_state *state, struct out *out,
				 struct cella_error *err) MUST_CHECK;

/*
 * tpm_state_write() replaces it: whoever is stopped at any point leaves the old or the new
 * one. It returns once that is on the disk.
 */
enum cella_status tpm_state_write(const struct tpm_state *state, struct cella_bytes bytes,
				  struct cella_error *err) MUST_CHECK;

void tpm_state_free(struct tpm_state *state);

/* tpm_state_path() is the file, for messages. */
const char *tpm_state_path(const struct tpm_state *state);

#endif
