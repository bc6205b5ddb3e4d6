/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an enclave image contributes to the plan of a measured launch.
 */
#ifndef EVIDENCE_EIF_LAUNCH_H
#define EVIDENCE_EIF_LAUNCH_H

#include "evidence/eif.h"
#include "evidence/eif_signature.h"
#include "evidence/launch.h"

/* What a launch for debugging adds to a command line that names no console. */
#define EIF_DEBUG_CMDLINE "console=ttyS0 loglevel=7"

/* eif_has_word() looks for a word of the command line; one that ends with '=' begins it. */
bool eif_has_word(const struct eif *image, const char *word);

/* eif_cmdline() appends what the kernel is given, and what PCR8 measures. */
void eif_cmdline(const struct eif *image, bool debug, struct out *out);

/*
 * eif_launch() hashes an image's sections. signature is the image's, parsed, or NULL when
 * it is not signed. The command line is borrowed from the image.
 */
enum cella_status eif_launch(const struct eif *image,
			     const struct eif_signature *signature,
			     struct launch_image *out,
			     struct cella_error *err) MUST_CHECK;

#endif
