/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collateral for a quote: a file, a folder, a service's URL, or what can be found without
 * being told.
 */
#ifndef CLI_COLLATERAL_INPUT_H
#define CLI_COLLATERAL_INPUT_H

#include <cella/collateral.h>
#include <cella/evidence.h>

#include "cli/source.h"

/* struct collateral_input - what a command was told, and about which quote. */
struct collateral_input {
	const struct common_args *common;
	const struct source_args *source;
	const char *trust_root; /* a file; NULL: Intel's */
	const struct cella_evidence *evidence;
};

/* collateral_read() makes a snapshot of what is at a path or behind a URL. */
enum cella_status collateral_read(const struct collateral_input *input, const char *where,
				  struct cella_collateral **out,
				  struct cella_error *err) MUST_CHECK;

/*
 * collateral_find() looks where nobody had to say: in the cache, then, for a quote that
 * ends in Intel's root, at the configured service. *out stays NULL when there is none; why
 * is said on standard error, since a quote can be refused without it.
 */
void collateral_find(const struct collateral_input *input, struct cella_collateral **out);

#endif
