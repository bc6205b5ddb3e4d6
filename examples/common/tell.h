/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals, told on standard error.
 */
#ifndef TELL_H
#define TELL_H

#include "sample.h"

#include <cella/verify.h>

/*
 * tell_check() says what was asked, what was expected and found, and what to do about it;
 * nothing when the check passed.
 */
void tell_check(const struct cella_check *check);

#endif
