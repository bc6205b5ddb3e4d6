/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of a vTPM from files, and what is expected of it.
 */
#ifndef CLI_VTPM_INPUT_H
#define CLI_VTPM_INPUT_H

#include <cella/verify.h>
#include <cella/vtpm.h>

#include "cli/binding.h"

/* Files; NULL: not given. */
struct vtpm_args {
	const char *hcl_report;
	const char *tpm_quote;
};

/* vtpm_read() reads both files; *out is untouched when neither is given. */
enum cella_status vtpm_read(const struct vtpm_args *args, struct cella_vtpm **out,
			    struct cella_error *err) MUST_CHECK;

/*
 * vtpm_expect() puts the vTPM and its nonce, which is kept in *nonce, into options. With a
 * vTPM the report data is its key's; freshness is in the nonce of its quote.
 */
enum cella_status vtpm_expect(struct cella_vtpm *vtpm, const struct binding_args *binding,
			      struct out *nonce, struct cella_verify_options *options,
			      struct cella_error *err) MUST_CHECK;

#endif
