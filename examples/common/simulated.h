/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated platform, for machines without TDX. A sample uses it only when told to: by
 * the folder `simulated-platform` beside the program (`make simulated-platform`), which
 * `cella sim init` makes. It then says so each time.
 *
 * Nothing in here belongs into a product.
 */
#ifndef SIMULATED_H
#define SIMULATED_H

#include "sample.h"

/*
 * simulated_platform() writes the folder's path and says on standard error that what
 * follows is simulated; false, without a word, when there is no such folder.
 */
bool simulated_platform(char path[PATH_MAX]);

/* Each asks the command cella for something of the platform in that folder. */
bool simulated_report(const char *platform, const uint8_t report_data[64],
		      struct buffer *out);
bool simulated_quote(const char *platform, const uint8_t report_data[64],
		     struct buffer *out);
bool simulated_collateral(const char *platform, struct buffer *out);
bool simulated_root(const char *platform, struct buffer *out);

#endif
