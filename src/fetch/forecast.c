/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verdicts under each of the vendor's evaluations.
 */
#include "fetch/forecast.h"

#include "collateral/bundle.h"

#include <string.h>

void forecast_done(struct forecast *forecast)
{
	for (size_t i = 0; i < forecast->num_rows; i++)
		cella_verdict_free(forecast->rows[i].verdict);
}

static void builder_cleanup(struct cella_collateral_builder **builder)
{
	cella_collateral_builder_free(*builder);
}

static enum cella_status get_collateral(struct fetcher *fetcher,
					const struct cella_evidence *evidence,
					struct pcs_edition edition,
					struct cella_collateral **out,
					struct cella_error *err)
{
	struct cella_collateral_builder *builder CLEANUP(builder_cleanup) = NULL;
	struct platform platform;

	TRY(cella_collateral_builder_new(&builder, err));
	TRY(fetcher_platform(fetcher, evidence, &platform, builder, err));
	TRY(fetcher_add(fetcher, &platform, edition, builder, err));
	return cella_collateral_builder_finish(builder, out, err);
}

/* An evaluation that is not served leaves the row without a verdict. */
static enum cella_status judge(struct fetcher *fetcher, struct cella_evidence *evidence,
			       const struct cella_verify_options *options,
			       struct forecast_row *row, struct cella_error *err)
{
	struct cella_collateral *collateral CLEANUP(collateral_cleanup) = NULL;
	struct cella_error fetch_err = { 0 };
	const enum cella_status status =
		get_collateral(fetcher, evidence, row->edition, &collateral, &fetch_err);
	uint64_t number = 0;

	if (status == CELLA_MISSING)
		return CELLA_OK;
	if (status != CELLA_OK) {
		if (err != NULL)
			*err = fetch_err;
		return status;
	}
	TRY(cella_verify(evidence, collateral, options, &row->verdict, err));
	if (cella_facts_get_number(cella_verdict_facts(row->verdict),
				   CELLA_FACT_TCB_EVAL_NUM, &number))
		row->number = (uint32_t)number;
	return CELLA_OK;
}

static struct forecast_row *find_number(struct forecast *f, uint32_t number)
{
	for (size_t i = 0; i < f->num_rows; i++)
		if (f->rows[i].number == number && number != 0)
			return &f->rows[i];
	return NULL;
}

/* The standard and the early evaluation may be the same one. */
static enum cella_status add_named(struct fetcher *fetcher,
				   struct cella_evidence *evidence,
				   const struct cella_verify_options *options, bool early,
				   struct forecast *f, struct cella_error *err)
{
	struct forecast_row row = {
		.edition = { .early = early },
		.is_standard = !early,
		.is_early = early,
	};
	struct forecast_row *same;

	TRY(judge(fetcher, evidence, options, &row, err));
	same = find_number(f, row.number);
	if (same == NULL) {
		f->rows[f->num_rows++] = row;
		return CELLA_OK;
	}
	same->is_early = true;
	cella_verdict_free(row.verdict);
	return CELLA_OK;
}

static enum cella_status add_numbered(struct fetcher *fetcher,
				      struct cella_evidence *evidence,
				      const struct cella_verify_options *options,
				      const struct tcb_number *number, struct forecast *f,
				      struct cella_error *err)
{
	struct forecast_row *row = find_number(f, number->number);

	if (row == NULL) {
		row = &f->rows[f->num_rows];
		*row = (struct forecast_row){ .edition = { .number = number->number } };
		TRY(judge(fetcher, evidence, options, row, err));
		row->number = number->number;
		f->num_rows++;
	}
	row->has_event = true;
	row->event_date = number->event_date;
	return CELLA_OK;
}

/* The list is optional: not every PCCS has it. */
static enum cella_status get_numbers(struct fetcher *fetcher,
				     const struct cella_evidence *evidence,
				     struct tcb_numbers *out, bool *found,
				     struct cella_error *err)
{
	const bool is_tdx = cella_evidence_kind(evidence) == CELLA_EVIDENCE_TDX_QUOTE;
	const struct pcs_question q = {
		.kind = PCS_NUMBERS,
		.platform = { .tee = is_tdx ? TCB_TEE_TDX : TCB_TEE_SGX },
	};
	struct out response CLEANUP(out_done) = { 0 };
	struct cella_error fetch_err = { 0 };
	const enum cella_status status = fetcher_get(fetcher, &q, &response, &fetch_err);

	*found = false;
	if (status == CELLA_MISSING)
		return CELLA_OK;
	if (status != CELLA_OK) {
		if (err != NULL)
			*err = fetch_err;
		return status;
	}
	TRY(pcs_numbers(out_view(&response), q.platform.tee, out, err));
	*found = true;
	return CELLA_OK;
}

static int compare(const void *a, const void *b)
{
	const struct forecast_row *const left = a;
	const struct forecast_row *const right = b;

	return (left->number > right->number) - (left->number < right->number);
}

static enum cella_status add_all(struct fetcher *fetcher, struct cella_evidence *evidence,
				 const struct cella_verify_options *options,
				 struct forecast *f, struct cella_error *err)
{
	struct tcb_numbers numbers = { 0 };

	TRY(add_named(fetcher, evidence, options, false, f, err));
	TRY(add_named(fetcher, evidence, options, true, f, err));
	TRY(get_numbers(fetcher, evidence, &numbers, &f->has_list, err));
	for (size_t i = 0; i < numbers.num_items; i++)
		TRY(add_numbered(fetcher, evidence, options, &numbers.items[i], f, err));
	qsort(f->rows, f->num_rows, sizeof f->rows[0], compare);
	return CELLA_OK;
}

enum cella_status forecast_make(struct fetcher *fetcher, struct cella_evidence *evidence,
				const struct cella_verify_options *options,
				struct forecast *out, struct cella_error *err)
{
	struct forecast forecast = { 0 };
	const enum cella_status status =
		add_all(fetcher, evidence, options, &forecast, err);

	if (status != CELLA_OK)
		forecast_done(&forecast);
	else
		*out = forecast;
	return status;
}

enum cella_result forecast_result(const struct forecast *forecast)
{
	enum cella_result worst = CELLA_ACCEPTED;
	size_t num_judged = 0;

	for (size_t i = 0; i < forecast->num_rows; i++) {
		const struct cella_verdict *const verdict = forecast->rows[i].verdict;
		const enum cella_result result =
			verdict != NULL ? cella_verdict_result(verdict) : CELLA_ACCEPTED;

		num_judged += verdict != NULL;
		if (result == CELLA_REJECTED)
			return CELLA_REJECTED;
		if (result == CELLA_UNDECIDED)
			worst = CELLA_UNDECIDED;
	}
	return num_judged > 0 ? worst : CELLA_UNDECIDED;
}
