/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents of a set, all alike: for listing, checking, and writing them.
 */
#ifndef COLLATERAL_DOCUMENT_H
#define COLLATERAL_DOCUMENT_H

#include "collateral/bundle.h"

enum document_kind {
	DOCUMENT_TCB_INFO,
	DOCUMENT_QE_IDENTITY,
	DOCUMENT_ROOT_CRL,
	DOCUMENT_PCK_CRL,
	DOCUMENT_PCK_CHAIN,
	DOCUMENT_NUMBERS,
};

/* struct document - a view of one document. */
struct document {
	enum document_kind kind;
	const char *type; /* "tcb_info", as bundles name it */
	char name[72];    /* "TDX b0c06f000000 0000"; distinct within its kind */
	bool has_number;
	uint64_t number; /* evaluation number, or number of the revocation list */
	int64_t from;
	int64_t to;
	size_t num_entries;            /* levels, or revoked certificates */
	struct cella_bytes text;       /* as received */
	const struct chain_doc *chain; /* who signed it; NULL: unknown */
	bool signature_good;
};

/* document_at() fills in the index-th document; false beyond the last. */
bool document_at(const struct cella_collateral *collateral, size_t index,
		 struct document *out);

/* document_fault() says why a document cannot be relied on under a root; NULL: it can. */
const char *document_fault(const struct document *document, const uint8_t root[64]);

#endif
