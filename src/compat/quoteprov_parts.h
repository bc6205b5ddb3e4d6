/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libdcap_quoteprov hands over: documents of a set, each in memory of its own that the
 * caller gives back.
 */
#ifndef COMPAT_QUOTEPROV_PARTS_H
#define COMPAT_QUOTEPROV_PARTS_H

#include "collateral/bundle.h"
#include "compat/quoteprov_session.h"

/*
 * parts_check() finds out whether every document of a set is signed up to the root. The
 * fetcher has found good what it has fetched; what was kept since then is looked at again.
 */
enum cella_status parts_check(const struct session *session,
			      const struct cella_collateral *set,
			      struct cella_error *err) MUST_CHECK;

/* parts_are_hex() is true where lists are to be hexadecimal digits. */
bool parts_are_hex(const struct session *session);

/* The copies end with a NUL that counts; free() frees them. */
enum cella_status part_copy_crl(const struct session *session, const struct crl_doc *doc,
				char **out, uint32_t *out_size,
				struct cella_error *err) MUST_CHECK;
enum cella_status part_copy_chain(const struct chain_doc *doc, char **out,
				  uint32_t *out_size, struct cella_error *err) MUST_CHECK;

/* part_copy_signed() copies a JSON document and the chain of who signed it. */
enum cella_status part_copy_signed(const struct signed_doc *doc, char **out,
				   uint32_t *out_size, char **chain, uint32_t *chain_size,
				   struct cella_error *err) MUST_CHECK;

#endif
