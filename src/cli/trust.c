/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command line trusts and accepts.
 */
#include "cli/trust.h"

#include "appraise/trust_root.h"
#include "fetch/files.h"

#include <stdio.h>
#include <string.h>

enum { ROOT_FILE_MAX = 64 << 10 };

enum cella_status trusted_key(const char *path, uint8_t out[64], struct cella_error *err)
{
	struct trust_root *root CLEANUP(trust_root_cleanup) = NULL;
	struct out bytes CLEANUP(out_done) = { 0 };

	if (path != NULL)
		TRY(file_read(path, ROOT_FILE_MAX, &bytes, err));
	if (trust_root_find(path == NULL ? CELLA_ROOT_INTEL : CELLA_ROOT_GIVEN,
			    out_view(&bytes), NULL, &root, err) != CELLA_OK) {
		error_prefix(err, "%s", path != NULL ? path : "trust root");
		return err->status;
	}
	memcpy(out, root->point, sizeof root->point);
	return CELLA_OK;
}

static enum cella_status accept_one(const char *text, size_t len, uint32_t *out,
				    struct cella_error *err)
{
	char name[64];
	enum cella_tcb_status status;

	snprintf(name, sizeof name, "%.*s", (int)(len < 63 ? len : 63), text);
	status = cella_tcb_status_find(name);
	if (status == CELLA_TCB_NONE || status == CELLA_TCB_REVOKED ||
	    status == CELLA_TCB_NOT_SUPPORTED)
		return error_set(err, CELLA_USAGE,
				 "--accept: \"%s\" is not a status that can be accepted; "
				 "cella-verify(1) has those",
				 name);
	*out |= CELLA_ACCEPT(status);
	return CELLA_OK;
}

/* Nothing before or behind a comma is a status as well, and none that there is. */
enum cella_status accepted_read(const struct texts *texts, uint32_t *out,
				struct cella_error *err)
{
	for (size_t i = 0; i < texts->num_items; i++) {
		const char *rest = texts->items[i];
		size_t len = strcspn(rest, ",");

		TRY(accept_one(rest, len, out, err));
		while (rest[len] == ',') {
			rest += len + 1;
			len = strcspn(rest, ",");
			TRY(accept_one(rest, len, out, err));
		}
	}
	return CELLA_OK;
}
