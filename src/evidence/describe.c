/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `cella inspect` for evidence: every field with its offset, as text or JSON. Which
 * fields there are comes from the layouts; this file adds the variable parts of quotes.
 */

#include "evidence/describe.h"
#include "evidence/evidence.h"

static enum cella_status write_signature_data(struct describer *w, const struct quote *q)
{
	TRY(describe_number(
		w, "signature_data.size", q->signature.data - 4, 4,
		(uint64_t)(q->cert_data.data + q->cert_data.len - q->signature.data)));
	TRY(describe_bytes(w, "signature", q->signature));
	TRY(describe_bytes(w, "attestation_key", q->att_key));
	if (q->version > 3) {
		TRY(describe_number(w, "cert_data.type", q->qe_report.data - 6, 2,
				    CERT_DATA_QE_REPORT));
		TRY(describe_number(w, "cert_data.size", q->qe_report.data - 4, 4,
				    (uint64_t)(q->cert_data.data + q->cert_data.len -
					       q->qe_report.data)));
	}
	TRY(describe_layout(w, "qe_report", &sgx_report_layout, q->qe_report));
	TRY(describe_bytes(w, "qe_report_signature", q->qe_report_signature));
	TRY(describe_number(w, "auth_data.size", q->auth_data.data - 2, 2,
			    q->auth_data.len));
	TRY(describe_bytes(w, "auth_data", q->auth_data));
	TRY(describe_number(w, "cert_data.type", q->cert_data.data - 6, 2, q->cert_type));
	TRY(describe_number(w, "cert_data.size", q->cert_data.data - 4, 4,
			    q->cert_data.len));
	TRY(describe_bytes(w, "cert_data", q->cert_data));
	return q->tail.len > 0 ? describe_bytes(w, "after_the_end", q->tail) : CELLA_OK;
}

static enum cella_status write_evidence(struct describer *w,
					const struct cella_evidence *ev)
{
	const struct cella_bytes all = cella_evidence_bytes(ev);

	switch (ev->kind) {
	case CELLA_EVIDENCE_SGX_QUOTE:
	case CELLA_EVIDENCE_TDX_QUOTE:
		TRY(describe_layout(w, "header", ev->quote.header_layout, all));
		TRY(describe_layout(w, "body", ev->quote.body_layout, ev->quote.body));
		return write_signature_data(w, &ev->quote);
	case CELLA_EVIDENCE_TD_REPORT:
		return describe_layout(w, "", &td_report_layout, all);
	case CELLA_EVIDENCE_SGX_REPORT:
		TRY(describe_layout(w, "", &sgx_report_layout,
				    bytes_slice(all, 0, SGX_REPORT_BODY_LEN)));
		if (ev->len == SGX_REPORT_BODY_LEN)
			return CELLA_OK;
		return describe_layout(w, "", &sgx_report_mac_layout,
				       bytes_slice(all, SGX_REPORT_BODY_LEN,
						   SGX_REPORT_LEN - SGX_REPORT_BODY_LEN));
	case CELLA_EVIDENCE_EVM: /* described elsewhere: it is no layout of bytes */
	case CELLA_EVIDENCE_UNKNOWN:
		break;
	}
	return error_set(w->err, CELLA_INTERNAL, "evidence of no kind");
}

static const struct {
	const char *id;
	const char *title;
} kinds[] = {
	[CELLA_EVIDENCE_UNKNOWN] = { "unknown", "unknown evidence" },
	[CELLA_EVIDENCE_SGX_QUOTE] = { "sgx_quote", "SGX quote" },
	[CELLA_EVIDENCE_TDX_QUOTE] = { "tdx_quote", "TDX quote" },
	[CELLA_EVIDENCE_TD_REPORT] = { "td_report", "TD report" },
	[CELLA_EVIDENCE_SGX_REPORT] = { "sgx_report", "SGX report" },
	[CELLA_EVIDENCE_EVM] = { "evm", "evidence of an Enclave VM" },
};

static enum cella_status describe_text(const struct cella_evidence *ev,
				       struct describer *w, char **text)
{
	bool consistent = false;

	out_format(&w->text, "%s", kinds[ev->kind].title);
	if (evidence_is_quote(ev))
		out_format(&w->text, ", version %u, body %s", ev->quote.version,
			   ev->quote.body_layout->name);
	out_format(&w->text, ", %zu bytes\n", ev->len);
	out_format(&w->text, "%6s %5s  %-24s %s\n", "offset", "size", "field", "value");
	TRY(write_evidence(w, ev));
	if (ev->kind == CELLA_EVIDENCE_TD_REPORT) {
		TRY(describe_hashes_match(cella_evidence_bytes(ev), &consistent, w->err));
		out_format(&w->text, "hashes of the report over its own parts: %s\n",
			   consistent ? "match" : "DO NOT MATCH");
		out_text(&w->text,
			 "the MAC can only be checked by the CPU that made it\n");
	}
	return out_take_text(&w->text, text, w->err);
}

static enum cella_status describe_json(const struct cella_evidence *ev,
				       struct describer *w, char **text)
{
	json_t *root CLEANUP_JSON = json_object();
	bool consistent = false;

	if (root == NULL)
		return error_nomem(w->err);
	TRY(json_put(root, "kind", json_string(kinds[ev->kind].id), w->err));
	TRY(json_put(root, "size", json_integer((json_int_t)ev->len), w->err));
	if (ev->kind == CELLA_EVIDENCE_TD_REPORT) {
		TRY(describe_hashes_match(cella_evidence_bytes(ev), &consistent, w->err));
		TRY(json_put(root, "hashes_match", json_boolean(consistent), w->err));
	}
	w->fields = json_array();
	TRY(json_put(root, "fields", w->fields, w->err));
	TRY(write_evidence(w, ev));
	return json_write(root, true, text, w->err);
}

enum cella_status cella_evidence_describe(const struct cella_evidence *evidence,
					  bool as_json, char **text,
					  struct cella_error *err)
{
	struct describer w = { .start = evidence->data, .err = err };
	enum cella_status status;

	if (evidence->evm != NULL)
		return evm_describe(evidence->evm, evidence->len, as_json, text, err);

	status = as_json ? describe_json(evidence, &w, text)
			 : describe_text(evidence, &w, text);
	out_done(&w.text);
	return status;
}
