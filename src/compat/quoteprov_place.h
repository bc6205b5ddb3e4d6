/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose documents libdcap_quoteprov hands on, and which program fetches them. The library
 * has one file for it; tests have another, for documents of the simulated platform.
 */
#ifndef COMPAT_QUOTEPROV_PLACE_H
#define COMPAT_QUOTEPROV_PLACE_H

#include "base/bytes.h"

/* quoteprov_root() tells the key of the root. */
enum cella_status quoteprov_root(uint8_t out[64], struct cella_error *err) MUST_CHECK;

/* quoteprov_fetch() is the path of cella-fetch. */
const char *quoteprov_fetch(void);

#endif
