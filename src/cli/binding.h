/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What report data binds, as the options of `quote` and `verify` say it.
 */
#ifndef CLI_BINDING_H
#define CLI_BINDING_H

#include <cella/verify.h>

#include "cli/cli.h"

/* Part of a command's arguments: -d HEX…, --data FILE, --nonce HEX. */
struct binding_args {
	struct texts report_data; /* excludes the others */
	const char *data;
	struct texts nonce;
};

/*
 * binding_read() computes the report data by the rule of cella_report_data(). *is_given
 * is false, and report_data untouched, when no option says anything. CELLA_USAGE for options that
 * contradict each other or are not what they should be.
 */
enum cella_status binding_read(const struct binding_args *args, bool *is_given,
			       uint8_t report_data[CELLA_REPORT_DATA_LEN],
			       struct cella_error *err) MUST_CHECK;

/* hex_args_read() appends the bytes of an option's hexadecimal arguments, joined. */
enum cella_status hex_args_read(const struct texts *texts, const char *name,
				struct out *out, struct cella_error *err) MUST_CHECK;

#endif
