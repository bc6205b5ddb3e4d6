/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TPM itself: libtpms, with its state in memory; others may keep it. There is one TPM in
 * a process, because libtpms has one.
 */
#ifndef VM_VTPM_ENGINE_H
#define VM_VTPM_ENGINE_H

#include "base/bytes.h"

enum {
	VTPM_COMMAND_MAX = 4096, /* commands and responses */
	VTPM_HEADER_LEN = 10,
	VTPM_LOCALITY_MAX = 3, /* 4 is the hardware's own */
	VTPM_LOCALITY_HCRTM = 4,
};

/* engine_make() manufactures a TPM that has banks of SHA-256 and SHA-384 and no other. */
enum cella_status engine_make(struct cella_error *err) MUST_CHECK;

/*
 * engine_restore() takes a TPM's state instead, as engine_state() gave it. CELLA_MALFORMED when
 * libtpms does not take it for one.
 */
enum cella_status engine_restore(struct cella_bytes state,
				 struct cella_error *err) MUST_CHECK;

/*
 * engine_state() views what is to survive power-off; until the next command. *changed says
 * whether that is another than the last time.
 */
struct cella_bytes engine_state(bool *changed);

/* engine_power_on() is _TPM_Init; engine_power_off() forgets all that was not persistent. */
enum cella_status engine_power_on(struct cella_error *err) MUST_CHECK;
void engine_power_off(void);

/* engine_hash() is the H-CRTM sequence over data, before TPM2_Startup. */
enum cella_status engine_hash(struct cella_bytes data,
			      struct cella_error *err) MUST_CHECK;

/* engine_set_locality() is where the next commands come from. */
void engine_set_locality(uint8_t locality);

/*
 * engine_process() runs any command, of whatever bytes, and replaces response by the
 * answer. A TPM that cannot answer at all is CELLA_INTERNAL.
 */
enum cella_status engine_process(struct cella_bytes command, struct out *response,
				 struct cella_error *err) MUST_CHECK;

/* engine_try() is engine_run(), but tells the response code in *code, whatever it is. */
enum cella_status engine_try(struct out *command, uint32_t *code, struct out *response,
			     struct in *in, struct cella_error *err) MUST_CHECK;

/*
 * engine_run() completes a command that tpm_begin() began, runs it, and leaves *in behind the
 * response code, viewing response. Any code but 0 is CELLA_INTERNAL; what says what was
 * done.
 */
enum cella_status engine_run(struct out *command, const char *what, struct out *response,
			     struct in *in, struct cella_error *err) MUST_CHECK;

/* The bit that says that an H-CRTM or a dynamic launch took place. */
enum cella_status engine_established(bool *out, struct cella_error *err) MUST_CHECK;
enum cella_status engine_reset_established(uint8_t locality,
					   struct cella_error *err) MUST_CHECK;

/* engine_buffer_size() is the largest command and response in bytes. */
uint32_t engine_buffer_size(void);

#endif
