/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a quote's verdict will be: the same evidence judged by the vendor's standard
 * evaluation, by the early one, and by each that it serves.
 */
#ifndef FETCH_FORECAST_H
#define FETCH_FORECAST_H

#include <cella/verify.h>

#include "fetch/fetcher.h"

enum { FORECAST_MAX = TCB_MAX_NUMBERS + 2 };

/* One evaluation. */
struct forecast_row {
	struct pcs_edition edition;
	bool is_standard;
	bool is_early;
	uint32_t number; /* 0: not served */
	bool has_event;
	int64_t event_date;            /* of the recovery that it came with */
	struct cella_verdict *verdict; /* NULL: not served */
};

/* struct forecast - rows of rising numbers; those that are not served come first. */
struct forecast {
	struct forecast_row rows[FORECAST_MAX];
	size_t num_rows;
	bool has_list; /* the service says which evaluations there are */
};

void forecast_done(struct forecast *forecast);

/*
 * forecast_make() asks for each evaluation and judges. options are those of cella_verify().
 * A service that has no list of evaluations gives the standard and the early one.
 */
enum cella_status forecast_make(struct fetcher *fetcher, struct cella_evidence *evidence,
				const struct cella_verify_options *options,
				struct forecast *out, struct cella_error *err) MUST_CHECK;

/* forecast_result() is the worst of the verdicts: rejected, undecided, accepted. */
enum cella_result forecast_result(const struct forecast *forecast);

#endif
