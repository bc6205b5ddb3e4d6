/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cella report: what a TD report says, line by line.
 */
#include "cli/commands.h"

#include "base/json.h"
#include "cli/collect_args.h"
#include "cli/policy_input.h"
#include "crypto/crypto.h"
#include "evidence/evidence.h"
#include "fetch/files.h"

#include <stdio.h>
#include <string.h>

struct report_args {
	struct common_args common;
	struct collect_args collect;
	const char *parse;
	const char *output;
};

#define ARG(member) offsetof(struct report_args, member)
static const struct option_def options[] = {
	{ "parse", 'p', "FILE", OPTION_TEXT, ARG(parse),
	  "show this TD report, or the TD of this quote" },
	{ "report-data", 'd', "HEX", OPTION_HEX, ARG(collect.binding.report_data),
	  "make a report with this report data" },
	{ "data", 0, "FILE", OPTION_TEXT, ARG(collect.binding.data),
	  "make a report that binds this file" },
	{ "nonce", 'n', "HEX", OPTION_HEX, ARG(collect.binding.nonce),
	  "make a report that binds this nonce" },
	{ "output", 'o', "FILE", OPTION_TEXT, ARG(output),
	  "write the report itself to this file" },
	COLLECT_OPTIONS(ARG(collect)),
	COMMON_OPTIONS,
};

enum line_kind { LINE_ATTRIBUTES, LINE_WORD, LINE_BYTES };

/* The lines; the first ten are those of Intel's and Alibaba's TDXReportParse. */
static const struct {
	const char *name;
	enum cella_fact fact;
	enum line_kind kind;
} lines[] = {
	{ "attributes", CELLA_FACT_TD_ATTRIBUTES, LINE_ATTRIBUTES },
	{ "xfam", CELLA_FACT_XFAM, LINE_WORD },
	{ "mr_td", CELLA_FACT_MR_TD, LINE_BYTES },
	{ "mr_config_id", CELLA_FACT_MR_CONFIG_ID, LINE_BYTES },
	{ "mr_owner", CELLA_FACT_MR_OWNER, LINE_BYTES },
	{ "mr_owner_config", CELLA_FACT_MR_OWNER_CONFIG, LINE_BYTES },
	{ "rtmr0", CELLA_FACT_RTMR0, LINE_BYTES },
	{ "rtmr1", CELLA_FACT_RTMR1, LINE_BYTES },
	{ "rtmr2", CELLA_FACT_RTMR2, LINE_BYTES },
	{ "rtmr3", CELLA_FACT_RTMR3, LINE_BYTES },
	{ "mr_servicetd", CELLA_FACT_MR_SERVICETD, LINE_BYTES },
	{ "tee_tcb_svn", CELLA_FACT_TEE_TCB_SVN, LINE_BYTES },
	{ "mr_seam", CELLA_FACT_MR_SEAM, LINE_BYTES },
	{ "report_data", CELLA_FACT_REPORT_DATA, LINE_BYTES },
};

static uint64_t word_of(struct cella_bytes bytes)
{
	uint64_t word = 0;

	for (size_t i = bytes.len; i > 0; i--)
		word = word << 8 | bytes.data[i - 1];
	return word;
}

/* A report's MAC only its own CPU can check; its two hashes anybody can. */
static enum cella_status check_hashes(const struct cella_evidence *evidence,
				      struct cella_error *err)
{
	struct td_report_hashes parts;
	uint8_t hash[SHA384_LEN];

	if (evidence->kind != CELLA_EVIDENCE_TD_REPORT)
		return CELLA_OK;
	td_report_hashes(cella_evidence_bytes(evidence), &parts);
	TRY(crypto_digest(CRYPTO_SHA384, &parts.tee_tcb_info, 1, hash, err));
	if (!bytes_equal(parts.tee_tcb_info_hash, bytes_of(hash, sizeof hash)))
		return error_set(err, CELLA_MALFORMED,
				 "td report: tee_tcb_info_hash: is not the hash of "
				 "tee_tcb_info");
	TRY(crypto_digest(CRYPTO_SHA384, &parts.tee_info, 1, hash, err));
	if (!bytes_equal(parts.tee_info_hash, bytes_of(hash, sizeof hash)))
		return error_set(err, CELLA_MALFORMED,
				 "td report: tee_info_hash: is not the hash of td_info");
	return CELLA_OK;
}

/* --- output -------------------------------------------------------------------------- */

static enum cella_status print_line(const char *name, enum line_kind kind,
				    struct cella_bytes value, struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };

	switch (kind) {
	case LINE_ATTRIBUTES:
		td_attributes_text(word_of(value), &text);
		TRY(out_status(&text, err));
		printf("%s: 0x%016llx (%.*s)\n", name, (unsigned long long)word_of(value),
		       (int)text.len, (const char *)text.data);
		return CELLA_OK;
	case LINE_WORD:
		printf("%s: 0x%016llx\n", name, (unsigned long long)word_of(value));
		return CELLA_OK;
	case LINE_BYTES:
		break;
	}
	printf("%s: ", name);
	for (size_t i = 0; i < value.len; i++)
		printf("%02x", value.data[i]);
	putchar('\n');
	return CELLA_OK;
}

/* "NO_DEBUG SEPT_VE_DISABLE" as an array. */
static enum cella_status put_names(json_t *root, uint64_t attributes,
				   struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	json_t *const names = json_array();
	char *rest;

	TRY(json_put(root, "attribute_names", names, err));
	td_attributes_text(attributes, &text);
	out_u8(&text, 0);
	TRY(out_status(&text, err));
	rest = (char *)text.data;
	for (char *name = strsep(&rest, " "); name != NULL; name = strsep(&rest, " "))
		TRY(json_add(names, json_string(name), err));
	return CELLA_OK;
}

static enum cella_status put_line(json_t *root, const char *name, enum line_kind kind,
				  struct cella_bytes value, struct cella_error *err)
{
	if (kind == LINE_BYTES)
		return json_put(root, name, json_hex(value), err);
	TRY(json_put(root, name,
		     json_sprintf("0x%016llx", (unsigned long long)word_of(value)), err));
	if (kind == LINE_WORD)
		return CELLA_OK;
	TRY(json_put(root, "debug", json_boolean((word_of(value) & TD_ATTR_DEBUG) != 0),
		     err));
	return put_names(root, word_of(value), err);
}

static enum cella_status print_text(const struct cella_facts *facts,
				    struct cella_error *err)
{
	puts("TD info");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct cella_bytes value = { 0 };

		if (cella_facts_get(facts, lines[i].fact, &value))
			TRY(print_line(lines[i].name, lines[i].kind, value, err));
	}
	return CELLA_OK;
}

static enum cella_status print_json(const struct cella_facts *facts,
				    struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	char *text CLEANUP_FREE = NULL;

	if (root == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct cella_bytes value = { 0 };

		if (cella_facts_get(facts, lines[i].fact, &value))
			TRY(put_line(root, lines[i].name, lines[i].kind, value, err));
	}
	TRY(json_write(root, true, &text, err));
	puts(text);
	return CELLA_OK;
}

/* --- input --------------------------------------------------------------------------- */

/* Without a binding the report data is zero: reports are looked at, not sent. */
static enum cella_status make_report(const struct report_args *args, struct out *bytes,
				     struct cella_error *err)
{
	struct collect_request request = { 0 };
	struct collected got CLEANUP(collected_done) = { 0 };
	struct attempts attempts;

	TRY(collect_args_read(&args->collect, &request, err));
	request.progress = args->common.quiet ? NULL : collect_progress;
	TRY(collect_for_args(&args->collect, COLLECT_REPORT, &request, &got, &attempts,
			     err));
	out_bytes(bytes, got.bytes.data, got.bytes.len);
	return out_status(bytes, err);
}

static enum cella_status report(const struct report_args *args, struct cella_error *err)
{
	struct out bytes CLEANUP(out_done) = { 0 };
	struct cella_evidence *evidence CLEANUP(evidence_cleanup) = NULL;

	if (args->parse != NULL)
		TRY(file_read(args->parse, CELLA_EVIDENCE_MAX, &bytes, err));
	else
		TRY(make_report(args, &bytes, err));
	if (cella_evidence_parse(bytes.data, bytes.len, &evidence, err) != CELLA_OK)
		return args->parse != NULL
			       ? evidence_refused(args->parse, out_view(&bytes), err)
			       : err->status;
	if (evidence->kind != CELLA_EVIDENCE_TD_REPORT &&
	    evidence->kind != CELLA_EVIDENCE_TDX_QUOTE)
		return error_set(
			err, CELLA_UNSUPPORTED,
			"evidence of an enclave, not of a TD: see 'cella inspect'");
	TRY(check_hashes(evidence, err));
	if (args->output != NULL)
		TRY(file_write(args->output, out_view(&bytes), 0644, err));
	if (args->common.json)
		return print_json(&evidence->facts, err);
	return print_text(&evidence->facts, err);
}

static int run(const void *args)
{
	struct cella_error err = { 0 };

	return report(args, &err) == CELLA_OK ? EXIT_YES : fail(&err);
}

const struct command cmd_report = {
	.name = "report",
	.operands = "",
	.min_operands = 0,
	.max_operands = 0,
	.summary = "Show a TD report",
	.description =
		"Byte strings are in wire order. A report's two hashes are checked; its MAC only\n"
		"the CPU that made it can check: have a quote made instead.",
	.options = options,
	.num_options = ARRAY_LEN(options),
	.args_size = sizeof(struct report_args),
	.run = run,
};
