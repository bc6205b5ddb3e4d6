/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an image to its digests.
 */
#include "evidence/eif_launch.h"

_Static_assert((int)EIF_MAX_RAMDISKS <= (int)LAUNCH_MAX_RAMDISKS,
	       "every image can be measured");
_Static_assert((int)EIF_CMDLINE_MAX <= (int)LAUNCH_CMDLINE_MAX,
	       "every command line can be, too");

enum cella_status eif_launch(const struct eif *image,
			     const struct eif_signature *signature,
			     struct launch_image *out, struct cella_error *err)
{
	struct cella_bytes views[EIF_MAX_RAMDISKS + 2];
	const size_t num_views = eif_measured(image, views);
	struct launch_image made = { .cmdline = image->cmdline,
				     .num_ramdisks = image->num_ramdisks,
				     .is_signed = signature != NULL };

	TRY(launch_digest_of(&image->kernel, 1, &made.kernel, err));
	for (size_t i = 0; i < image->num_ramdisks; i++)
		TRY(launch_digest_of(&image->ramdisks[i], 1, &made.ramdisks[i], err));
	TRY(launch_digest_of(views, num_views, &made.whole, err));
	if (signature != NULL)
		TRY(launch_digest_of(&signature->chain.certs[0]->der, 1, &made.signer,
				     err));
	*out = made;
	return CELLA_OK;
}
