/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collateral from files: what the vendor's service says about platforms, signed. Without it
 * nothing can be accepted.
 */
#ifndef COLLATERAL_H
#define COLLATERAL_H

#include "sample.h"

#include <cella/collateral.h>

/*
 * collateral_read() reads a file, or every file of a folder. path may be NULL: the
 * simulated platform's then, where there is one (platform is not ""), or else the folder
 * `collateral` beside the program.
 */
bool collateral_read(const char *path, const char *platform,
		     struct cella_collateral **out);

#endif
