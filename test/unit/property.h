/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold of every good file, whatever it is: no part of it is enough, and no byte of
 * it may change.
 */
#ifndef TEST_PROPERTY_H
#define TEST_PROPERTY_H

#include <cella/verify.h>

#include "support.h"

/* struct property_case - a good quote, and what it is judged by. */
struct property_case {
	const char *name;
	struct cella_bytes quote;
	struct cella_bytes collateral; /* a bundle; empty: none */
	struct cella_verify_options options;
};

/* property_prefixes() checks that every prefix up to the end is refused with its place. */
void property_prefixes(const struct property_case *c);

/*
 * property_quote_bytes() changes the lowest and the highest bit of each byte up to the
 * declared end: then the quote does not parse, or it is not genuine. One field is not
 * signed and steers: the type of the certification data; with another one the quote
 * carries no chain, and is not found genuine for that. Behind the end a change changes no
 * answer about genuineness.
 */
void property_quote_bytes(const struct property_case *c);

/*
 * property_collateral_bytes() does so with the collateral: then it does not parse, or some
 * check that passed does not pass any more.
 */
void property_collateral_bytes(const struct property_case *c);

/* property_rewritten() checks that a set survives being written and read back. */
void property_rewritten(const struct property_case *c);

#endif
