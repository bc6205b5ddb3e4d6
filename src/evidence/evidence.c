/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of any kind: recognise, parse, collect facts.
 */
#include "evidence/evidence.h"

#include "base/encode.h"

#include <string.h>

static void add_quote_facts(struct cella_evidence *ev)
{
	const struct quote *const q = &ev->quote;

	facts_add_layout(&ev->facts, q->header_layout, q->raw);
	facts_add_layout(&ev->facts, q->body_layout, q->body);
	facts_add_layout(&ev->facts, &qe_report_layout, q->qe_report);
	facts_set_number(&ev->facts, CELLA_FACT_CERT_DATA_TYPE, q->cert_type);
}

static enum cella_status parse_quote(struct cella_evidence *ev, struct cella_error *err)
{
	TRY(quote_parse(bytes_of(ev->data, ev->len), &ev->quote, err));
	ev->kind = ev->quote.tee_type == TEE_TYPE_TDX ? CELLA_EVIDENCE_TDX_QUOTE
						      : CELLA_EVIDENCE_SGX_QUOTE;
	add_quote_facts(ev);
	return CELLA_OK;
}

static enum cella_status parse_td_report(struct cella_evidence *ev,
					 struct cella_error *err)
{
	const struct cella_bytes report = bytes_of(ev->data, ev->len);

	TRY(td_report_check(report, err));
	ev->kind = CELLA_EVIDENCE_TD_REPORT;
	facts_add_layout(&ev->facts, &td_report_layout, report);
	return CELLA_OK;
}

static enum cella_status parse_sgx_report(struct cella_evidence *ev)
{
	ev->kind = CELLA_EVIDENCE_SGX_REPORT;
	facts_add_layout(&ev->facts, &sgx_report_layout,
			 bytes_of(ev->data, SGX_REPORT_BODY_LEN));
	return CELLA_OK;
}

/* A JSON object with a member: no version of a quote, and no CPU's security version. */
static bool is_object(struct cella_bytes bytes)
{
	struct cella_bytes rest = text_trim(bytes);

	if (rest.len == 0 || rest.data[0] != '{')
		return false;
	rest = text_trim(bytes_slice(rest, 1, rest.len - 1));
	return rest.len > 0 && rest.data[0] == '"';
}

static enum cella_status parse_evm(struct cella_evidence *ev, struct cella_error *err)
{
	ev->kind = CELLA_EVIDENCE_EVM;
	TRY(evm_parse(bytes_of(ev->data, ev->len), &ev->evm, err));
	evm_add_facts(ev->evm, &ev->facts);
	return CELLA_OK;
}

/*
 * A TDREPORT_STRUCT starts with its type, 0x81; a quote with its version; evidence of an
 * Enclave VM is JSON. SGX reports
 * have neither, so their exact length tells them, unless a quote was cut to it: where a
 * quote names its vendor they have reserved bytes.
 */
static enum cella_status parse(struct cella_evidence *ev, struct cella_error *err)
{
	if (ev->len > 0 && ev->data[0] == 0x81)
		return parse_td_report(ev, err);
	if (is_object(bytes_of(ev->data, ev->len)))
		return parse_evm(ev, err);
	if ((ev->len == SGX_REPORT_LEN || ev->len == SGX_REPORT_BODY_LEN) &&
	    !quote_names_vendor(bytes_of(ev->data, ev->len)))
		return parse_sgx_report(ev);
	return parse_quote(ev, err);
}

enum cella_status cella_evidence_parse(const void *data, size_t len,
				       struct cella_evidence **out,
				       struct cella_error *err)
{
	struct cella_evidence *ev;
	enum cella_status status;

	if (out == NULL || (data == NULL && len > 0))
		return error_set(err, CELLA_USAGE, "cella_evidence_parse: null argument");
	if (len > CELLA_EVIDENCE_MAX)
		return error_set(err, CELLA_LIMIT, "evidence: %zu bytes, at most %zu",
				 len, CELLA_EVIDENCE_MAX);
	ev = calloc(1, sizeof *ev);
	if (ev == NULL)
		return error_nomem(err);
	atomic_init(&ev->refs, 1);
	ev->len = len;
	ev->data = malloc(len > 0 ? len : 1);
	if (ev->data == NULL) {
		cella_evidence_unref(ev);
		return error_nomem(err);
	}
	if (len > 0)
		memcpy(ev->data, data, len);
	status = parse(ev, err);
	if (status != CELLA_OK) {
		cella_evidence_unref(ev);
		return status;
	}
	*out = ev;
	return CELLA_OK;
}

struct cella_evidence *cella_evidence_ref(struct cella_evidence *evidence)
{
	atomic_fetch_add_explicit(&evidence->refs, 1, memory_order_relaxed);
	return evidence;
}

void cella_evidence_unref(struct cella_evidence *evidence)
{
	if (evidence == NULL ||
	    atomic_fetch_sub_explicit(&evidence->refs, 1, memory_order_acq_rel) != 1)
		return;
	evm_free(evidence->evm);
	free(evidence->data);
	free(evidence);
}

enum cella_evidence_kind cella_evidence_kind(const struct cella_evidence *evidence)
{
	return evidence->kind;
}

struct cella_bytes cella_evidence_bytes(const struct cella_evidence *evidence)
{
	return bytes_of(evidence->data, evidence->len);
}

const struct cella_facts *cella_evidence_facts(const struct cella_evidence *evidence)
{
	return &evidence->facts;
}

const struct cella_event_log *
cella_evidence_event_log(const struct cella_evidence *evidence)
{
	const struct evm *const evm = evidence->evm;

	return evm != NULL && evm->launch_fault.status == CELLA_OK ? evm->log : NULL;
}

bool evidence_is_quote(const struct cella_evidence *evidence)
{
	return evidence->kind == CELLA_EVIDENCE_SGX_QUOTE ||
	       evidence->kind == CELLA_EVIDENCE_TDX_QUOTE;
}

struct cella_bytes cella_evidence_pck_chain(const struct cella_evidence *evidence)
{
	if (!evidence_is_quote(evidence) ||
	    evidence->quote.cert_type != CERT_DATA_PCK_CHAIN)
		return bytes_of(NULL, 0);
	return evidence->quote.cert_data;
}
