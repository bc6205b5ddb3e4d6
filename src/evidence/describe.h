/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions of binary structures for `cella inspect`: a row for each field, with its
 * offset, as text or JSON.
 */
#ifndef EVIDENCE_DESCRIBE_H
#define EVIDENCE_DESCRIBE_H

#include "base/json.h"
#include "evidence/field.h"

/* struct describer - a writer of rows; done with out_done(&text). */
struct describer {
	struct out text;
	json_t *fields;       /* the array to append to; NULL: text */
	const uint8_t *start; /* offset 0 */
	struct cella_error *err;
};

/* describe_layout() writes a row for each field of a structure, prefix and a dot before. */
enum cella_status describe_layout(struct describer *w, const char *prefix,
				  const struct layout *layout,
				  struct cella_bytes bytes) MUST_CHECK;

/* describe_bytes() writes bytes; long ones by their length and hash. */
enum cella_status describe_bytes(struct describer *w, const char *name,
				 struct cella_bytes bytes) MUST_CHECK;

/*
 * describe_number() writes a number that has been read: one that stands just before a
 * variable part, its length or its type.
 */
enum cella_status describe_number(struct describer *w, const char *name,
				  const uint8_t *place, size_t size,
				  uint64_t number) MUST_CHECK;

/*
 * describe_hashes_match() compares a TD report's two hashes with its own parts: all that
 * can be checked away from its CPU.
 */
enum cella_status describe_hashes_match(struct cella_bytes report, bool *out,
					struct cella_error *err) MUST_CHECK;

#endif
