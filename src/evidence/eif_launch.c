/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an image to its digests.
 */
#include "evidence/eif_launch.h"

#include <string.h>

_Static_assert((int)EIF_MAX_RAMDISKS <= (int)LAUNCH_MAX_RAMDISKS,
	       "every image can be measured");
_Static_assert((int)EIF_CMDLINE_MAX <= (int)LAUNCH_CMDLINE_MAX,
	       "every command line can be, too");

bool eif_has_word(const struct eif *image, const char *word)
{
	const struct cella_bytes *const line = &image->cmdline;
	const size_t len = strlen(word);

	for (size_t i = 0; i + len <= line->len; i++)
		if ((i == 0 || line->data[i - 1] == ' ') &&
		    memcmp(line->data + i, word, len) == 0 &&
		    (word[len - 1] == '=' || i + len == line->len ||
		     strchr(" =", line->data[i + len]) != NULL))
			return true;
	return false;
}

void eif_cmdline(const struct eif *image, bool debug, struct out *out)
{
	out_bytes(out, image->cmdline.data, image->cmdline.len);
	if (debug && !eif_has_word(image, "console="))
		out_text(out, " " EIF_DEBUG_CMDLINE);
}

/* The kernel, nearly all of most images, is the first of what is measured as a whole. */
static enum cella_status digest_whole(const struct cella_bytes *views, size_t num_views,
				      struct launch_image *out, struct cella_error *err)
{
	TRY(crypto_digest_both(CRYPTO_SHA256, views, num_views, out->kernel.sha256,
			       out->whole.sha256, err));
	return crypto_digest_both(CRYPTO_SHA384, views, num_views, out->kernel.sha384,
				  out->whole.sha384, err);
}

enum cella_status eif_launch(const struct eif *image,
			     const struct eif_signature *signature,
			     struct launch_image *out, struct cella_error *err)
{
	struct cella_bytes views[EIF_MAX_RAMDISKS + 2];
	const size_t num_views = eif_measured(image, views);
	struct launch_image made = { .cmdline = image->cmdline,
				     .num_ramdisks = image->num_ramdisks,
				     .is_signed = signature != NULL };

	TRY(digest_whole(views, num_views, &made, err));
	for (size_t i = 0; i < image->num_ramdisks; i++)
		TRY(launch_digest_of(&image->ramdisks[i], 1, &made.ramdisks[i], err));
	if (signature != NULL)
		TRY(launch_digest_of(&signature->chain.certs[0]->der, 1, &made.signer,
				     err));
	*out = made;
	return CELLA_OK;
}
