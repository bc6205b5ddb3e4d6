/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `cella verify` writes beside the verdict: a signed token, an Intel-shaped result.
 */
#ifndef CLI_ISSUE_TOKEN_H
#define CLI_ISSUE_TOKEN_H

#include <cella/verify.h>

#include "cli/binding.h"

/* Part of a command's arguments. */
struct token_out_args {
	const char *output;
	const char *key;
	const char *audience;
	const char *issuer;
	struct moment lifetime;
	bool confirm_key;
};

/* token_args_check() finds out before anything is judged whether they fit together. */
enum cella_status token_args_check(const struct token_out_args *args,
				   const struct binding_args *binding,
				   struct cella_error *err) MUST_CHECK;

/* token_issue() signs the verdict and writes the token. */
enum cella_status token_issue(const struct token_out_args *args,
			      const struct binding_args *binding,
			      const struct cella_verdict *verdict,
			      struct cella_error *err) MUST_CHECK;

/* result_write() writes the verdict in the shape of Intel's results. */
enum cella_status result_write(const char *path, const struct cella_verdict *verdict,
			       struct cella_error *err) MUST_CHECK;

#endif
