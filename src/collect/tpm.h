/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of TPM 2.0 (TCG, TPM 2.0 Library, parts 2 and 3), sent to the kernel's resource
 * manager: as many as evidence takes, each in the file of its kind.
 */
#ifndef COLLECT_TPM_H
#define COLLECT_TPM_H

#include "collect/deadline.h"

enum {
	TPM_TAG_NO_SESSIONS = 0x8001,
	TPM_TAG_SESSIONS = 0x8002,
	TPM_ALG_SHA256 = 0x0b,
	TPM_RESPONSE_MAX = 4096,
};

struct tpm {
	int fd; /* -1 when there is none */
	struct deadline deadline;
};

#define TPM_NONE ((struct tpm){ .fd = -1 })

/* tpm_open() opens a device. */
enum cella_status tpm_open(const char *path, const struct deadline *deadline,
			   struct tpm *out, struct cella_error *err) MUST_CHECK;
void tpm_close(struct tpm *tpm);

/* tpm_begin() begins a command; handles, authorisation and parameters follow. */
void tpm_begin(struct out *command, uint16_t tag, uint32_t code);

/* tpm_put_empty_auth() appends the authorisation area of an empty password. */
void tpm_put_empty_auth(struct out *command);

/*
 * tpm_run() completes a command, runs it, again while the TPM asks for that, and leaves *in
 * behind the response code, viewing response. what says in errors what was done. CELLA_MISSING
 * when a handle names nothing; CELLA_IO for other codes.
 */
enum cella_status tpm_run(const struct tpm *tpm, struct out *command, const char *what,
			  uint8_t response[TPM_RESPONSE_MAX], struct in *in,
			  struct cella_error *err) MUST_CHECK;

#endif
