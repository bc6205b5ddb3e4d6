/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella eventlog: what was measured into the registers of a TD or a TPM.
 */
#include "cli/commands.h"

#include "cli/log_input.h"
#include "cli/policy_input.h"
#include "collect/rtmr.h"
#include "evidence/evidence.h"
#include "evidence/facts.h"
#include "fetch/files.h"

#include <stdio.h>

enum { CCEL_TABLE_MAX = 4096 };

/* --- replay -------------------------------------------------------------------------- */

struct replay_args {
	struct common_args common;
	const char *quote;
	const char *report;
	const char *reference;
	const char *table;
	const char *sysroot;
	bool live;
};

#define ARG(member) offsetof(struct replay_args, member)
static const struct option_def replay_options[] = {
	{ "quote", 0, "FILE", OPTION_TEXT, ARG(quote),
	  "compare with the registers in this quote" },
	{ "report", 0, "FILE", OPTION_TEXT, ARG(report),
	  "compare with the registers in this TD report" },
	{ "live", 0, NULL, OPTION_FLAG, ARG(live),
	  "compare with the registers of this TD as they are now" },
	{ "sysroot", 0, "DIR", OPTION_TEXT, ARG(sysroot),
	  "find the kernel's files below this directory" },
	{ "reference", 'r', "LOG", OPTION_TEXT, ARG(reference),
	  "name the first event of each register that differs from this log's" },
	{ "ccel", 0, "TABLE", OPTION_TEXT, ARG(table),
	  "check this ACPI table CCEL, which announces the log" },
	COMMON_OPTIONS,
};
#undef ARG

static void evidence_done(struct cella_evidence **evidence)
{
	cella_evidence_unref(*evidence);
}

static enum cella_status check_table(const struct cella_event_log *log, const char *path,
				     struct cella_error *err)
{
	struct out table CLEANUP(out_done) = { 0 };

	TRY(file_read(path, CCEL_TABLE_MAX, &table, err));
	if (cella_event_log_check_table(log, table.data, table.len, err) != CELLA_OK) {
		error_prefix(err, "%s", path);
		return err->status;
	}
	return CELLA_OK;
}

/* The registers that the kernel shows, as facts. */
struct live {
	struct cella_facts *facts;
	uint8_t values[NUM_RTMRS][SHA384_LEN];
};

static void live_done(struct live *live)
{
	free(live->facts);
}

static enum cella_status read_live(const char *sysroot, struct live *out,
				   struct cella_error *err)
{
	bool known = true;

	out->facts = calloc(1, sizeof *out->facts);
	if (out->facts == NULL)
		return error_nomem(err);
	for (unsigned reg = 0; reg < NUM_RTMRS && known; reg++) {
		TRY(rtmr_read(sysroot != NULL ? sysroot : "", reg, &known,
			      out->values[reg], err));
		facts_set_bytes(out->facts, rtmr_fact(reg),
				bytes_of(out->values[reg], SHA384_LEN));
	}
	return known ? CELLA_OK
		     : error_set(
			       err, CELLA_MISSING,
			       "the kernel shows no registers that can be read: this is "
			       "no TD, or its kernel is older than Linux 6.16");
}

static enum cella_status replay(const struct replay_args *args, bool *match,
				struct cella_error *err)
{
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;
	struct cella_event_log *reference CLEANUP(event_log_cleanup) = NULL;
	struct cella_evidence *evidence CLEANUP(evidence_done) = NULL;
	struct live live CLEANUP(live_done) = { NULL };
	const struct cella_facts *facts = NULL;
	char *text CLEANUP_FREE = NULL;
	const char *const path = args->quote != NULL ? args->quote : args->report;

	TRY(event_log_read(args->common.operands.items[0], &log, err));
	if (args->table != NULL)
		TRY(check_table(log, args->table, err));
	if (path != NULL) {
		TRY(evidence_read(path, &evidence, err));
		facts = cella_evidence_facts(evidence);
	}
	if (args->live) {
		TRY(read_live(args->sysroot, &live, err));
		facts = live.facts;
	}
	if (args->reference != NULL)
		TRY(event_log_read(args->reference, &reference, err));
	TRY(cella_event_log_compare(log, facts, reference, args->common.json, &text,
				    match, err));
	printf("%s%s", text, args->common.json ? "\n" : "");
	return CELLA_OK;
}

static int run_replay(const void *args)
{
	const struct replay_args *const a = args;
	struct cella_error err = { 0 };
	bool match = false;

	if ((a->quote != NULL) + (a->report != NULL) + a->live > 1)
		return usage(&cmd_eventlog_replay,
			     "--quote, --report and --live exclude each other");
	if (replay(a, &match, &err) != CELLA_OK)
		return fail(&err);
	return match ? EXIT_YES : EXIT_NO;
}

const struct command cmd_eventlog_replay = {
	.name = "eventlog replay",
	.operands = "LOG",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Compute the registers that an event log leads to",
	.description =
		"LOG is in the TCG's crypto-agile form: of a TD, as\n"
		"/sys/firmware/acpi/tables/data/CCEL is, or of a TPM. With a quote or a report,\n"
		"says whether the log leads to its registers, and where it parts if not. Whether\n"
		"the quote is genuine is 'cella verify's question.\n\n"
		"  cella eventlog replay CCEL --quote quote.dat",
	.options = replay_options,
	.num_options = ARRAY_LEN(replay_options),
	.args_size = sizeof(struct replay_args),
	.run = run_replay,
};

/* --- explain ------------------------------------------------------------------------- */

struct explain_args {
	struct common_args common;
};

static const struct option_def explain_options[] = { COMMON_OPTIONS };

static enum cella_status explain(const struct explain_args *args, struct cella_error *err)
{
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;
	char *text CLEANUP_FREE = NULL;

	TRY(event_log_read(args->common.operands.items[0], &log, err));
	TRY(cella_event_log_describe(log, args->common.json, &text, err));
	printf("%s%s", text, args->common.json ? "\n" : "");
	return CELLA_OK;
}

static int run_explain(const void *args)
{
	struct cella_error err = { 0 };

	return explain(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_eventlog_explain = {
	.name = "eventlog explain",
	.operands = "LOG",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "Say in words what an event log's events measured",
	.description =
		"Says what each register covers: firmware, variables, boot loader, kernel,\n"
		"command line, initrd, applications. A text that its event's digest does not\n"
		"cover is a claim, and marked.",
	.options = explain_options,
	.num_options = ARRAY_LEN(explain_options),
	.args_size = sizeof(struct explain_args),
	.run = run_explain,
};
