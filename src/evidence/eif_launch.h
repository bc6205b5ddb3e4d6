/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an enclave image contributes to the plan of a measured launch.
 */
#ifndef EVIDENCE_EIF_LAUNCH_H
#define EVIDENCE_EIF_LAUNCH_H

#include "evidence/eif.h"
#include "evidence/eif_signature.h"
#include "evidence/launch.h"

/*
 * eif_launch() hashes an image's sections. signature is the image's, parsed, or NULL when
 * it is not signed. The command line is borrowed from the image.
 */
enum cella_status eif_launch(const struct eif *image,
			     const struct eif_signature *signature,
			     struct launch_image *out,
			     struct cella_error *err) MUST_CHECK;

#endif
