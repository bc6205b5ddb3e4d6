/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is different between two images: by measured component, and within ramdisks by file.
 */
#ifndef VM_IMAGE_DIFF_H
#define VM_IMAGE_DIFF_H

#include "base/json.h"
#include "evidence/eif.h"

/*
 * image_diff() compares two images and makes a document that the caller owns; *same is
 * true when both measure the same, their signers included.
 */
enum cella_status image_diff(const struct eif *a, const struct eif *b, bool *same,
			     json_t **out, struct cella_error *err) MUST_CHECK;

/* image_diff_text() appends a document of image_diff() for people. */
enum cella_status image_diff_text(const json_t *diff, struct out *out,
				  struct cella_error *err) MUST_CHECK;

#endif
