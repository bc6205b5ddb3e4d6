/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella collateral forecast: recorded quotes, judged by the evaluations that are standard
 * now and by those that will be.
 */
#include "cli/commands.h"

#include "base/civil.h"
#include "base/json.h"
#include "cli/policy_input.h"
#include "cli/source.h"
#include "cli/trust.h"
#include "evidence/evidence.h"
#include "fetch/files.h"
#include "fetch/forecast.h"

#include <stdio.h>
#include <string.h>

enum { ROOT_FILE_MAX = 64 << 10 };

struct forecast_args {
	struct common_args common;
	struct source_args source;
	const char *url;
	const char *trust_root;
	struct texts accept;
	struct moment time;
};

#define ARG(member) offsetof(struct forecast_args, member)
static const struct option_def options[] = {
	{ "url", 'u', "URL", OPTION_TEXT, ARG(url),
	  "ask this service instead of the configured one" },
	{ "accept", 0, "STATUS", OPTION_TEXTS, ARG(accept),
	  "accept this TCB status beside UpToDate" },
	{ "trust-root", 0, "FILE", OPTION_TEXT, ARG(trust_root),
	  "trust this root certificate instead of Intel's" },
	{ "time", 't', "TIME", OPTION_TIME, ARG(time),
	  "judge as of this time instead of now" },
	SOURCE_OPTIONS(ARG(source)),
	COMMON_OPTIONS,
};

/* What all quotes have in common. */
struct forecasting {
	struct source source;
	struct fetcher *fetcher;
	struct out root;
	struct cella_verify_options how;
	json_t *list; /* of JSON output; NULL: text */
	enum cella_result result;
};

static void forecasting_done(struct forecasting *all)
{
	fetcher_free(all->fetcher);
	source_done(&all->source);
	out_done(&all->root);
	json_decref(all->list);
}

static enum cella_status prepare(const struct forecast_args *args,
				 struct forecasting *all, struct cella_error *err)
{
	uint8_t root[64];

	all->how = (struct cella_verify_options){
		.size = sizeof all->how,
		.time_choice = CELLA_TIME_AT,
		.time = time_or_now(&args->time),
		.root_choice = args->trust_root == NULL ? CELLA_ROOT_INTEL
							: CELLA_ROOT_GIVEN,
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
	};
	TRY(accepted_read(&args->accept, &all->how.accept, err));
	if (args->trust_root != NULL)
		TRY(file_read(args->trust_root, ROOT_FILE_MAX, &all->root, err));
	all->how.root = out_view(&all->root);
	TRY(trusted_key(args->trust_root, root, err));
	TRY(source_find(&args->source, &args->common, args->url, root,
			args->trust_root == NULL, &all->source, err));
	if (all->source.has_nowhere)
		return error_set(err, CELLA_USAGE,
				 "from where? Give --url, or set PCCS_URL in "
				 "/etc/sgx_default_qcnl.conf");
	all->list = args->common.json ? json_array() : NULL;
	return fetcher_new(&all->source.options, &all->fetcher, err);
}

/* --- output -------------------------------------------------------------------------- */

static const char *name_of(const struct forecast_row *row)
{
	if (row->is_standard)
		return row->is_early ? "standard, early" : "standard";
	return row->is_early ? "early" : "";
}

static const char *status_of(const struct forecast_row *row)
{
	const char *const name =
		row->verdict != NULL
			? cella_tcb_status_name(cella_verdict_status(row->verdict))
			: NULL;

	return name != NULL ? name : "-";
}

static const char *result_of(const struct forecast_row *row)
{
	return row->verdict != NULL
		       ? cella_result_name(cella_verdict_result(row->verdict))
		       : "not served";
}

static const char *date_of(bool has_date, int64_t date, char text[CIVIL_TEXT_LEN])
{
	if (!has_date)
		return "-";
	civil_format(date, text);
	text[strlen("2025-06-25")] = '\0';
	return text;
}

static void print_row(const struct forecast_row *row)
{
	char number[16] = "?";
	char event[CIVIL_TEXT_LEN];
	char level[CIVIL_TEXT_LEN];
	int64_t level_date = 0;
	const bool has_level = row->verdict != NULL &&
			       cella_facts_get_time(cella_verdict_facts(row->verdict),
						    CELLA_FACT_TCB_DATE, &level_date);

	if (row->number != 0)
		snprintf(number, sizeof number, "%u", row->number);
	printf("  %-10s  %-15s  %-14s  %-10s  %-10s  %s\n", number, name_of(row),
	       date_of(row->has_event, row->event_date, event), result_of(row),
	       date_of(has_level, level_date, level), status_of(row));
}

/* The first evaluation that refuses after one that does not: what is to be done by then. */
static void print_change(const struct forecast *f)
{
	for (size_t i = 1; i < f->num_rows; i++) {
		const struct forecast_row *const row = &f->rows[i];
		const struct forecast_row *const before = &f->rows[i - 1];

		if (row->verdict == NULL || before->verdict == NULL ||
		    cella_verdict_result(before->verdict) != CELLA_ACCEPTED ||
		    cella_verdict_result(row->verdict) != CELLA_REJECTED)
			continue;
		printf("  evaluation %u refuses what %u accepts: 'cella verify --explain "
		       "--tcb-evaluation %u' says why\n",
		       row->number, before->number, row->number);
		return;
	}
}

static void print_text(const char *path, const struct forecast *f)
{
	printf("%s\n  %-10s  %-15s  %-14s  %-10s  %-10s  %s\n", path, "evaluation", "is",
	       "recovery event", "verdict", "TCB date", "TCB status");
	for (size_t i = 0; i < f->num_rows; i++)
		print_row(&f->rows[i]);
	print_change(f);
}

static enum cella_status row_json(const struct forecast_row *row, json_t *list,
				  struct cella_error *err)
{
	json_t *const item = json_object();
	const struct cella_facts *facts;
	int64_t date = 0;

	TRY(json_add(list, item, err));
	TRY(json_put(item, "number",
		     row->number != 0 ? json_integer(row->number) : json_null(), err));
	TRY(json_put(item, "standard", json_boolean(row->is_standard), err));
	TRY(json_put(item, "early", json_boolean(row->is_early), err));
	TRY(json_put(item, "recovery_event",
		     row->has_event ? json_time(row->event_date) : json_null(), err));
	TRY(json_put(item, "served", json_boolean(row->verdict != NULL), err));
	if (row->verdict == NULL)
		return CELLA_OK;
	facts = cella_verdict_facts(row->verdict);
	TRY(json_put(item, "verdict", json_string(result_of(row)), err));
	TRY(json_put(item, "tcb_status", json_string(status_of(row)), err));
	if (cella_facts_get_time(facts, CELLA_FACT_TCB_DATE, &date))
		TRY(json_put(item, "tcb_date", json_time(date), err));
	return CELLA_OK;
}

static enum cella_status add_json(const char *path, const struct forecast *f,
				  json_t *list, struct cella_error *err)
{
	json_t *const item = json_object();
	json_t *rows;

	TRY(json_add(list, item, err));
	TRY(json_put(item, "quote", json_string(path), err));
	TRY(json_put(item, "result", json_string(cella_result_name(forecast_result(f))),
		     err));
	rows = json_array();
	TRY(json_put(item, "evaluations", rows, err));
	for (size_t i = 0; i < f->num_rows; i++)
		TRY(row_json(&f->rows[i], rows, err));
	return CELLA_OK;
}

/* --- the command --------------------------------------------------------------------- */

static enum cella_status forecast_one(const char *path, struct forecasting *all,
				      struct cella_error *err)
{
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;
	struct forecast forecast CLEANUP(forecast_done) = { 0 };
	struct platform platform;
	enum cella_result result;

	TRY(evidence_read(path, &evidence, err));
	if (cella_evidence_pck_chain(evidence).len > 0 &&
	    platform_of(evidence, all->source.options.root, &platform, err) != CELLA_OK) {
		error_prefix(err, "%s", path);
		return err->status;
	}
	TRY(forecast_make(all->fetcher, evidence, &all->how, &forecast, err));
	source_clear(&all->source);
	result = forecast_result(&forecast);
	if (result == CELLA_REJECTED || all->result == CELLA_ACCEPTED)
		all->result = result;
	if (!forecast.has_list)
		note(all->source.common, "%s: the service has no list of evaluations",
		     path);
	if (all->list != NULL)
		return add_json(path, &forecast, all->list, err);
	print_text(path, &forecast);
	return CELLA_OK;
}

static enum cella_status print_json(json_t *list, struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	char *text CLEANUP_FREE = NULL;

	if (root == NULL)
		return error_nomem(err);
	TRY(json_put(root, "quotes", json_incref(list), err));
	TRY(json_write(root, true, &text, err));
	printf("%s\n", text);
	return CELLA_OK;
}

static enum cella_status forecast(const struct forecast_args *args,
				  enum cella_result *result, struct cella_error *err)
{
	const struct texts *const quotes = &args->common.operands;
	struct forecasting all CLEANUP(forecasting_done) = { .result = CELLA_ACCEPTED };

	TRY(prepare(args, &all, err));
	for (size_t i = 0; i < quotes->num_items; i++)
		TRY(forecast_one(quotes->items[i], &all, err));
	*result = all.result;
	return all.list != NULL ? print_json(all.list, err) : CELLA_OK;
}

static int run(const void *args)
{
	static const int codes[] = {
		[CELLA_REJECTED] = EXIT_NO,
		[CELLA_ACCEPTED] = EXIT_YES,
		[CELLA_UNDECIDED] = EXIT_UNDECIDED,
	};
	struct cella_error err = { 0 };
	enum cella_result result = CELLA_REJECTED;

	return forecast(args, &result, &err) == CELLA_OK ? codes[result] : fail(&err);
}

const struct command cmd_collateral_forecast = {
	.name = "collateral forecast",
	.operands = "QUOTE...",
	.min_operands = 1,
	.max_operands = TEXTS_MAX,
	.summary = "Judge recorded quotes by every evaluation that the vendor serves",
	.description =
		"The vendor's evaluations have rising numbers. A new one is first served to those\n"
		"who ask for the early one, and becomes the standard one later: whoever would be\n"
		"refused then has until then. Exit status 1: some evaluation refuses some quote.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct forecast_args),
	.run = run,
};
