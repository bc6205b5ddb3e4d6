/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parsed evidence behind the public handle.
 */
#ifndef EVIDENCE_EVIDENCE_H
#define EVIDENCE_EVIDENCE_H

#include <stdatomic.h>

#include "evidence/evm.h"
#include "evidence/facts.h"
#include "evidence/quote.h"

struct cella_evidence {
	atomic_uint refs;
	enum cella_evidence_kind kind;
	uint8_t *data; /* owned; every view below points into it */
	size_t len;
	struct quote quote; /* when kind is a quote */
	struct evm *evm;    /* owned; of an Enclave VM's, else NULL */
	struct cella_facts facts;
};

/* evidence_is_quote() is true for quotes of SGX and TDX. */
bool evidence_is_quote(const struct cella_evidence *evidence);

static inline void evidence_cleanup(struct cella_evidence **evidence)
{
	cella_evidence_unref(*evidence);
}

#endif
