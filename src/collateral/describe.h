/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for people to look at.
 */
#ifndef COLLATERAL_DESCRIBE_H
#define COLLATERAL_DESCRIBE_H

#include "base/json.h"
#include "collateral/cert_chain.h"

/*
 * chain_describe() appends what each certificate of a chain says, one JSON object each;
 * a PCK certificate's SGX extension is taken apart. certificates is an array.
 */
enum cella_status chain_describe(const struct cert_chain *chain, json_t *certificates,
				 struct cella_error *err) MUST_CHECK;

/* chain_describe_text() appends the same as text. */
enum cella_status chain_describe_text(const struct cert_chain *chain, struct out *out,
				      struct cella_error *err) MUST_CHECK;

#endif
