/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification as a whole, in rows: everything good but for one thing, and the checks that
 * must fail for it, and no other. Which checks have failed is remembered, so that none is
 * without a row.
 */
#ifndef TEST_DCAP_ROWS_H
#define TEST_DCAP_ROWS_H

#include "maker.h"
#include "support.h"

/* What a row changes: before things are signed, afterwards, in what is asked for. */
struct row {
	const char *name;
	void (*say)(struct maker *m);
	void (*forge)(struct maker *m);
	void (*ask)(const struct maker *m, struct cella_verify_options *options);
	const char *failing; /* exactly these checks, in their order; "": none */
	enum maker_tee tee;
	enum quote_body type; /* of version 5; 0: the usual version */
};

/* failing_checks() gives the ids of the checks that failed, joined with blanks, as text. */
struct out failing_checks(const struct cella_verdict *verdict);

/* check_rows() builds, verifies and judges each row. */
void check_rows(const struct row *rows, size_t num);

/* What several files change. */
void change_body(struct maker *m);
void change_qe_signature(struct maker *m);
void set_attribute(struct maker *m, unsigned bit);

/* dcap_forged.c */
void forged_quotes(void **state);
void forged_chains(void **state);
void other_identities(void **state);
void forged_documents(void **state);

/* dcap_revoked.c */
void revocation(void **state);
void every_date_in_both_directions(void **state);

/* dcap_defaults.c */
void every_status(void **state);
void defaults(void **state);
void reports_are_warnings(void **state);

/* dcap_missing.c */
void chain_from_the_collateral(void **state);
void leaf_completed_by_the_collateral(void **state);
void leaf_with_the_lists_of_both_authorities(void **state);
void missing_documents(void **state);
void no_collateral(void **state);

/* dcap_supplied.c */
void certificate_supplied_by_somebody_else(void **state);

#endif
