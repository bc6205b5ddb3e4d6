/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `cella inspect` for evidence: every field with its offset, as text or JSON. Which
 * fields there are comes from the layouts; this file adds the variable parts of quotes.
 */

#include "base/encode.h"
#include "base/json.h"
#include "crypto/crypto.h"
#include "evidence/evidence.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_SHOWN_MAX = 64 }; /* longer values are shown by their length and hash */

/* One line of a description. */
struct row {
	size_t offset;
	size_t size;
	char name[48];
	const struct field *field; /* NULL: bytes */
	struct cella_bytes value;
	uint64_t number;
	bool is_number;
};

/* A writer of rows: text or JSON. */
struct writer {
	struct out text;
	json_t *fields; /* NULL: text */
	const uint8_t *start;
	struct cella_error *err;
};

static void bits_text(uint64_t value, const struct bit_name *names, size_t num_names,
		      struct out *out)
{
	const uint64_t unknown = bits_unknown(value, names, num_names);

	for (size_t i = 0; i < num_names; i++)
		if (value >> names[i].bit & 1)
			out_format(out, "%s%s", out->len > 0 ? " " : "", names[i].name);
	if (unknown != 0)
		out_format(out, "%sreserved bits 0x%llx", out->len > 0 ? " " : "",
			   (unsigned long long)unknown);
}

static uint64_t low_word(struct cella_bytes bytes)
{
	uint64_t value = 0;

	for (size_t i = 8; i > 0; i--)
		value = value << 8 | bytes.data[i - 1];
	return value;
}

/* What the bits of an attribute field mean; nothing for other fields. */
static void meaning(const struct row *row, struct out *out)
{
	if (row->field == NULL)
		return;
	switch (row->field->kind) {
	case FIELD_TD_ATTR:
		td_attributes_text(low_word(row->value), out);
		break;
	case FIELD_XFAM:
		bits_text(low_word(row->value), xfam_bits, num_xfam_bits, out);
		break;
	case FIELD_SGX_ATTR:
		bits_text(low_word(row->value), sgx_attribute_bits,
			  num_sgx_attribute_bits, out);
		break;
	case FIELD_RESERVED:
		if (!bytes_are_zero(row->value))
			out_text(out, "should be zero");
		break;
	case FIELD_BYTES:
	case FIELD_NUMBER:
		break;
	}
}

static enum cella_status value_text(const struct row *row, struct out *out,
				    struct cella_error *err)
{
	uint8_t hash[SHA256_LEN];

	if (row->is_number) {
		out_format(out, "%llu", (unsigned long long)row->number);
		return CELLA_OK;
	}
	if (row->value.len <= VALUE_SHOWN_MAX) {
		hex_write(out, row->value);
		return out_status(out, err);
	}
	TRY(crypto_sha256(row->value, hash, err));
	out_text(out, "sha256:");
	hex_write(out, bytes_of(hash, sizeof hash));
	return out_status(out, err);
}

/* Intel's tools print byte strings with the last byte first. */
static bool has_reversed(const struct row *row)
{
	return row->field != NULL && row->field->claim != NULL && !row->is_number;
}

static enum cella_status write_text(struct writer *w, const struct row *row)
{
	struct out note CLEANUP(out_done) = { 0 };

	out_format(&w->text, "%6zu %5zu  %-24s ", row->offset, row->size, row->name);
	TRY(value_text(row, &w->text, w->err));
	out_text(&w->text, "\n");
	if (has_reversed(row) && !bytes_are_zero(row->value)) {
		out_format(&w->text, "%14s%-24s ", "", "  as Intel prints it");
		for (size_t i = row->value.len; i > 0; i--)
			hex_write_upper(&w->text, bytes_of(row->value.data + i - 1, 1));
		out_text(&w->text, "\n");
	}
	meaning(row, &note);
	if (note.len > 0)
		out_format(&w->text, "%14s%-24s %.*s\n", "", "  meaning", (int)note.len,
			   (const char *)note.data);
	return out_status(&note, w->err);
}

static enum cella_status write_json(struct writer *w, const struct row *row)
{
	json_t *const item = json_object();
	struct out note CLEANUP(out_done) = { 0 };
	struct out value CLEANUP(out_done) = { 0 };

	TRY(json_add(w->fields, item, w->err));
	TRY(json_put(item, "offset", json_integer((json_int_t)row->offset), w->err));
	TRY(json_put(item, "size", json_integer((json_int_t)row->size), w->err));
	TRY(json_put(item, "name", json_string(row->name), w->err));
	if (row->is_number) {
		TRY(json_put(item, "value", json_integer((json_int_t)row->number),
			     w->err));
	} else {
		TRY(value_text(row, &value, w->err));
		TRY(json_put(item, "value",
			     json_stringn(value.len > 0 ? (const char *)value.data : "",
					  value.len),
			     w->err));
	}
	if (has_reversed(row))
		TRY(json_put(item, "intel", json_hex_reversed_upper(row->value), w->err));
	meaning(row, &note);
	if (note.len > 0)
		TRY(json_put(item, "meaning",
			     json_stringn((const char *)note.data, note.len), w->err));
	return out_status(&note, w->err);
}

static enum cella_status write_row(struct writer *w, const struct row *row)
{
	return w->fields != NULL ? write_json(w, row) : write_text(w, row);
}

static enum cella_status write_layout(struct writer *w, const char *prefix,
				      const struct layout *layout,
				      struct cella_bytes bytes)
{
	const size_t base = (size_t)(bytes.data - w->start);

	for (size_t i = 0; i < layout->num_fields; i++) {
		const struct field *const field = &layout->fields[i];
		struct row row = { .offset = base + field->offset,
				   .size = field->len,
				   .field = field,
				   .value = field_of(field, bytes),
				   .is_number = field->kind == FIELD_NUMBER };

		if (row.is_number)
			row.number = field_number(field, bytes);
		snprintf(row.name, sizeof row.name, "%s%s%s", prefix,
			 *prefix != '\0' ? "." : "", field->name);
		TRY(write_row(w, &row));
	}
	return CELLA_OK;
}

static enum cella_status write_bytes(struct writer *w, const char *name,
				     struct cella_bytes bytes)
{
	struct row row = { .offset = (size_t)(bytes.data - w->start),
			   .size = bytes.len,
			   .value = bytes };

	snprintf(row.name, sizeof row.name, "%s", name);
	return write_row(w, &row);
}

/* The number that stands just before a variable part: its length or its type. */
static enum cella_status write_number(struct writer *w, const char *name,
				      const uint8_t *place, size_t size, uint64_t number)
{
	struct row row = { .offset = (size_t)(place - w->start),
			   .size = size,
			   .is_number = true,
			   .number = number };

	snprintf(row.name, sizeof row.name, "%s", name);
	return write_row(w, &row);
}

static enum cella_status write_signature_data(struct writer *w, const struct quote *q)
{
	TRY(write_number(
		w, "signature_data.size", q->signature.data - 4, 4,
		(uint64_t)(q->cert_data.data + q->cert_data.len - q->signature.data)));
	TRY(write_bytes(w, "signature", q->signature));
	TRY(write_bytes(w, "attestation_key", q->att_key));
	if (q->version > 3) {
		TRY(write_number(w, "cert_data.type", q->qe_report.data - 6, 2,
				 CERT_DATA_QE_REPORT));
		TRY(write_number(w, "cert_data.size", q->qe_report.data - 4, 4,
				 (uint64_t)(q->cert_data.data + q->cert_data.len -
					    q->qe_report.data)));
	}
	TRY(write_layout(w, "qe_report", &sgx_report_layout, q->qe_report));
	TRY(write_bytes(w, "qe_report_signature", q->qe_report_signature));
	TRY(write_number(w, "auth_data.size", q->auth_data.data - 2, 2,
			 q->auth_data.len));
	TRY(write_bytes(w, "auth_data", q->auth_data));
	TRY(write_number(w, "cert_data.type", q->cert_data.data - 6, 2, q->cert_type));
	TRY(write_number(w, "cert_data.size", q->cert_data.data - 4, 4,
			 q->cert_data.len));
	TRY(write_bytes(w, "cert_data", q->cert_data));
	return q->tail.len > 0 ? write_bytes(w, "after_the_end", q->tail) : CELLA_OK;
}

static enum cella_status write_evidence(struct writer *w, const struct cella_evidence *ev)
{
	const struct cella_bytes all = cella_evidence_bytes(ev);

	switch (ev->kind) {
	case CELLA_EVIDENCE_SGX_QUOTE:
	case CELLA_EVIDENCE_TDX_QUOTE:
		TRY(write_layout(w, "header", ev->quote.header_layout, all));
		TRY(write_layout(w, "body", ev->quote.body_layout, ev->quote.body));
		return write_signature_data(w, &ev->quote);
	case CELLA_EVIDENCE_TD_REPORT:
		return write_layout(w, "", &td_report_layout, all);
	case CELLA_EVIDENCE_SGX_REPORT:
		TRY(write_layout(w, "", &sgx_report_layout,
				 bytes_slice(all, 0, SGX_REPORT_BODY_LEN)));
		if (ev->len == SGX_REPORT_BODY_LEN)
			return CELLA_OK;
		return write_layout(w, "", &sgx_report_mac_layout,
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

/* A report's two hashes over its own parts: all that can be checked away from its CPU. */
static enum cella_status check_hashes(const struct cella_evidence *ev, bool *consistent,
				      struct cella_error *err)
{
	struct td_report_hashes parts;
	uint8_t tcb[SHA384_LEN];
	uint8_t info[SHA384_LEN];

	td_report_hashes(cella_evidence_bytes(ev), &parts);
	TRY(crypto_digest(CRYPTO_SHA384, &parts.tee_tcb_info, 1, tcb, err));
	TRY(crypto_digest(CRYPTO_SHA384, &parts.tee_info, 1, info, err));
	*consistent = bytes_equal(bytes_of(tcb, sizeof tcb), parts.tee_tcb_info_hash) &&
		      bytes_equal(bytes_of(info, sizeof info), parts.tee_info_hash);
	return CELLA_OK;
}

static enum cella_status describe_text(const struct cella_evidence *ev, struct writer *w,
				       char **text)
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
		TRY(check_hashes(ev, &consistent, w->err));
		out_format(&w->text, "hashes of the report over its own parts: %s\n",
			   consistent ? "match" : "DO NOT MATCH");
		out_text(&w->text,
			 "the MAC can only be checked by the CPU that made it\n");
	}
	return out_take_text(&w->text, text, w->err);
}

static enum cella_status describe_json(const struct cella_evidence *ev, struct writer *w,
				       char **text)
{
	json_t *root CLEANUP_JSON = json_object();
	bool consistent = false;

	if (root == NULL)
		return error_nomem(w->err);
	TRY(json_put(root, "kind", json_string(kinds[ev->kind].id), w->err));
	TRY(json_put(root, "size", json_integer((json_int_t)ev->len), w->err));
	if (ev->kind == CELLA_EVIDENCE_TD_REPORT) {
		TRY(check_hashes(ev, &consistent, w->err));
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
	struct writer w = { .start = evidence->data, .err = err };
	enum cella_status status;

	if (evidence->evm != NULL)
		return evm_describe(evidence->evm, evidence->len, as_json, text, err);

	status = as_json ? describe_json(evidence, &w, text)
			 : describe_text(evidence, &w, text);
	out_done(&w.text);
	return status;
}
