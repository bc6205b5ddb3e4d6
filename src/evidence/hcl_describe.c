/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `cella inspect` for reports of a paravisor.
 */
#include "evidence/hcl_report.h"

#include "evidence/describe.h"
#include "evidence/td_report.h"

/* What can be told without a quote. */
struct told {
	bool binds;        /* the runtime data */
	bool hashes_match; /* of the TD report */
};

static enum cella_status find_out(const struct hcl_report *report, struct told *out,
				  struct cella_error *err)
{
	TRY(hcl_report_binds(report, &out->binds, err));
	return describe_hashes_match(report->td_report, &out->hashes_match, err);
}

static enum cella_status write_rows(struct describer *w, const struct hcl_report *report)
{
	TRY(describe_layout(w, "", &hcl_header_layout, report->header));
	TRY(describe_layout(w, "td_report", &td_report_layout, report->td_report));
	TRY(describe_bytes(w, "filler", report->filler));
	TRY(describe_layout(w, "", &hcl_runtime_layout, report->runtime_header));
	return describe_bytes(w, "variable_data", report->runtime_data);
}

static enum cella_status describe_text(struct describer *w,
				       const struct hcl_report *report,
				       const json_t *runtime, char **text)
{
	char *json CLEANUP_FREE = NULL;
	struct told told = { 0 };

	TRY(find_out(report, &told, w->err));
	TRY(json_write(runtime, true, &json, w->err));
	out_format(&w->text, "HCL report of a TD, %zu bytes\n", report->whole.len);
	out_format(&w->text, "%6s %5s  %-24s %s\n", "offset", "size", "field", "value");
	TRY(write_rows(w, report));
	out_format(&w->text, "runtime data:\n%s\n", json);
	out_format(&w->text, "hash of the runtime data: %s\n",
		   told.binds ? "is the TD report's report data"
			      : "IS NOT THE TD REPORT'S REPORT DATA");
	out_format(&w->text, "hashes of the TD report over its own parts: %s\n",
		   told.hashes_match ? "match" : "DO NOT MATCH");
	out_text(&w->text,
		 "the TD report's MAC can only be checked by the CPU that made it: "
		 "a quote binds the same report data\n");
	return out_take_text(&w->text, text, w->err);
}

static enum cella_status describe_json(struct describer *w,
				       const struct hcl_report *report, json_t *runtime,
				       char **text)
{
	json_t *root CLEANUP_JSON = json_object();
	struct told told = { 0 };

	if (root == NULL)
		return error_nomem(w->err);
	TRY(find_out(report, &told, w->err));
	TRY(json_put(root, "kind", json_string("hcl_report"), w->err));
	TRY(json_put(root, "size", json_integer((json_int_t)report->whole.len), w->err));
	TRY(json_put(root, "binds_runtime_data", json_boolean(told.binds), w->err));
	TRY(json_put(root, "hashes_match", json_boolean(told.hashes_match), w->err));
	w->fields = json_array();
	TRY(json_put(root, "fields", w->fields, w->err));
	TRY(write_rows(w, report));
	TRY(json_put(root, "runtime_data", json_incref(runtime), w->err));
	return json_write(root, true, text, w->err);
}

enum cella_status hcl_report_describe(struct cella_bytes bytes, bool as_json, char **text,
				      struct cella_error *err)
{
	struct describer w = { .start = bytes.data, .err = err };
	json_t *runtime CLEANUP_JSON = NULL;
	struct hcl_report report = { 0 };
	enum cella_status status;

	TRY(hcl_report_parse(bytes, &report, err));
	TRY(json_parse(report.runtime_data, "runtime data", &runtime, err));
	status = as_json ? describe_json(&w, &report, runtime, text)
			 : describe_text(&w, &report, runtime, text);
	out_done(&w.text);
	return status;
}
