/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sgx_default_qcnl.conf: where the vendor's quote provider library fetches collateral, in
 * both of its forms: JSON with comments, and lines KEY=VALUE.
 */
#ifndef FETCH_QCNL_H
#define FETCH_QCNL_H

#include "base/bytes.h"
#include "fetch/url.h"

enum { QCNL_FILE_MAX = 64 << 10 };

/* struct qcnl - what cella uses of it; texts are empty where the file says nothing. */
struct qcnl {
	char pccs_url[URL_MAX + 1];
	char collateral_service[URL_MAX + 1]; /* goes before pccs_url for collateral */
	char update[16];                      /* "early" or "standard" */
	char crl_form[16];                    /* "3.0": hexadecimal; DER otherwise */
	bool insecure;                        /* use_secure_cert is false */
	bool cache_only;
	bool has_retries;
	uint64_t retries;
	bool has_hours;
	uint64_t hours; /* for which collateral is kept, unless its server says */
};

/*
 * qcnl_parse() reads a file's text. Keys that cella has no use for are ignored, as the
 * vendor's library does with those it does not know. CELLA_MALFORMED for broken JSON and
 * for values that are none; what names the file in errors.
 */
enum cella_status qcnl_parse(struct cella_bytes text, const char *what, struct qcnl *out,
			     struct cella_error *err) MUST_CHECK;

/* qcnl_url() is where collateral comes from; NULL when the file does not say. */
const char *qcnl_url(const struct qcnl *qcnl);

#endif
