/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents of a set, and their listing.
 */
#include "collateral/document.h"

#include "base/civil.h"
#include "base/encode.h"

#include <stdio.h>
#include <string.h>

static void view_tcb_info(const struct tcb_info_doc *doc, struct document *out)
{
	const struct tcb_info *const info = &doc->info;
	char fmspc[2 * FMSPC_LEN + 1];
	char pce_id[2 * PCE_ID_LEN + 1];

	*out = (struct document){ .kind = DOCUMENT_TCB_INFO,
				  .type = "tcb_info",
				  .has_number = true,
				  .number = info->evaluation_number,
				  .from = info->issue_date,
				  .to = info->next_update,
				  .num_entries = info->num_levels,
				  .text = bytes_of(doc->doc.text, doc->doc.text_len),
				  .chain = doc->doc.signer,
				  .signature_good = doc->doc.signature_good };
	snprintf(out->name, sizeof out->name, "%s %s %s",
		 info->tee == TCB_TEE_TDX ? "TDX" : "SGX",
		 hex_format(bytes_of(info->fmspc, FMSPC_LEN), fmspc),
		 hex_format(bytes_of(info->pce_id, PCE_ID_LEN), pce_id));
}

static void view_identity(const struct identity_doc *doc, struct document *out)
{
	const struct qe_identity *const identity = &doc->identity;

	*out = (struct document){ .kind = DOCUMENT_QE_IDENTITY,
				  .type = "qe_identity",
				  .has_number = true,
				  .number = identity->evaluation_number,
				  .from = identity->issue_date,
				  .to = identity->next_update,
				  .num_entries = identity->num_levels,
				  .text = bytes_of(doc->doc.text, doc->doc.text_len),
				  .chain = doc->doc.signer,
				  .signature_good = doc->doc.signature_good };
	snprintf(out->name, sizeof out->name, "%s", identity_name(identity->id));
}

static void view_numbers(const struct numbers_doc *doc, struct document *out)
{
	const struct tcb_numbers *const numbers = &doc->numbers;

	*out = (struct document){ .kind = DOCUMENT_NUMBERS,
				  .type = "tcb_evaluation_data_numbers",
				  .from = numbers->issue_date,
				  .to = numbers->next_update,
				  .num_entries = numbers->num_items,
				  .text = bytes_of(doc->doc.text, doc->doc.text_len),
				  .chain = doc->doc.signer,
				  .signature_good = doc->doc.signature_good };
	snprintf(out->name, sizeof out->name, "%s",
		 numbers->tee == TCB_TEE_TDX ? "TDX" : "SGX");
}

static void view_crl(const struct crl_doc *doc, enum document_kind kind, const char *type,
		     struct document *out)
{
	*out = (struct document){ .kind = kind,
				  .type = type,
				  .has_number = doc->crl->has_number,
				  .number = doc->crl->number,
				  .from = doc->crl->this_update,
				  .to = doc->crl->next_update,
				  .num_entries = doc->crl->num_revoked,
				  .text = bytes_of(doc->text, doc->text_len),
				  .chain = doc->issuer,
				  .signature_good = doc->signature_good };
	snprintf(out->name, sizeof out->name, "%s", doc->crl->issuer_cn);
}

static void view_pck_chain(const struct chain_doc *doc, struct document *out)
{
	const struct crypto_cert *const leaf = cert_chain_leaf(&doc->chain);

	*out = (struct document){ .kind = DOCUMENT_PCK_CHAIN,
				  .type = "pck_certificate_chain",
				  .from = leaf->not_before,
				  .to = leaf->not_after,
				  .num_entries = doc->chain.num_certs,
				  .text = bytes_of(doc->text, doc->text_len),
				  .chain = doc,
				  .signature_good = true };
	snprintf(out->name, sizeof out->name, "%s", leaf->issuer_cn);
}

bool document_at(const struct cella_collateral *c, size_t index, struct document *out)
{
	if (index < c->num_tcb_infos) {
		view_tcb_info(c->tcb_infos[index], out);
		return true;
	}
	index -= c->num_tcb_infos;
	if (index < c->num_identities) {
		view_identity(c->identities[index], out);
		return true;
	}
	index -= c->num_identities;
	if (index < c->num_numbers) {
		view_numbers(c->numbers[index], out);
		return true;
	}
	index -= c->num_numbers;
	if (index < c->num_root_crls) {
		view_crl(c->root_crls[index], DOCUMENT_ROOT_CRL, "root_ca_crl", out);
		return true;
	}
	index -= c->num_root_crls;
	if (index < c->num_pck_crls) {
		view_crl(c->pck_crls[index], DOCUMENT_PCK_CRL, "pck_crl", out);
		return true;
	}
	index -= c->num_pck_crls;
	if (index > 0 || c->pck_chain == NULL)
		return false;
	view_pck_chain(c->pck_chain, out);
	return true;
}

const char *document_fault(const struct document *d, const uint8_t root[64])
{
	if (d->chain == NULL)
		return "its issuer chain is missing";
	if (d->chain->fault != NULL)
		return d->chain->fault;
	if (root != NULL &&
	    memcmp(cert_chain_root(&d->chain->chain)->point, root, P256_POINT_LEN) != 0)
		return "its chain ends in another root";
	return d->signature_good ? NULL : "its signature is not its signer's";
}

static const char *state_of(const struct document *d, int64_t time)
{
	if (d->from > time)
		return "not valid yet";
	return d->to < time ? "EXPIRED" : "valid";
}

/* The root signs its own revocation list. */
static const struct crypto_cert *signer_of(const struct document *d)
{
	return d->kind == DOCUMENT_ROOT_CRL ? cert_chain_root(&d->chain->chain)
					    : cert_chain_leaf(&d->chain->chain);
}

static void write_document(const struct document *d, int64_t time, struct out *out)
{
	const char *const fault = document_fault(d, NULL);
	char from[CIVIL_TEXT_LEN];
	char to[CIVIL_TEXT_LEN];
	char span[32];

	out_format(out, "%-12s %s\n", d->type, d->name);
	if (d->has_number)
		out_format(out, "    number      %llu\n", (unsigned long long)d->number);
	out_format(out, "    valid       %s to %s: %s", civil_format(d->from, from),
		   civil_format(d->to, to), state_of(d, time));
	if (d->from <= time && d->to >= time)
		out_format(out, ", for %s", span_format(d->to - time, span));
	out_format(out, "\n    entries     %zu\n", d->num_entries);
	out_format(out, "    signature   %s\n", fault != NULL ? fault : "good");
	if (d->chain != NULL)
		out_format(out, "    signer      %s\n", signer_of(d)->subject_cn);
}

static enum cella_status document_json(const struct document *d, int64_t time,
				       json_t *list, struct cella_error *err)
{
	const char *const fault = document_fault(d, NULL);
	json_t *const item = json_object();

	TRY(json_add(list, item, err));
	TRY(json_put(item, "type", json_string(d->type), err));
	TRY(json_put(item, "name", json_string(d->name), err));
	if (d->has_number)
		TRY(json_put(item, "number", json_integer((json_int_t)d->number), err));
	TRY(json_put(item, "from", json_time(d->from), err));
	TRY(json_put(item, "to", json_time(d->to), err));
	TRY(json_put(item, "valid", json_boolean(d->from <= time && time <= d->to), err));
	TRY(json_put(item, "entries", json_integer((json_int_t)d->num_entries), err));
	return json_put(item, "fault", fault != NULL ? json_string(fault) : json_null(),
			err);
}

static enum cella_status describe_json(const struct cella_collateral *collateral,
				       int64_t time, char **text, struct cella_error *err)
{
	json_t *root CLEANUP_JSON = json_object();
	json_t *list;
	struct document d;

	TRY(json_put(root, "time", json_time(time), err));
	list = json_array();
	TRY(json_put(root, "documents", list, err));
	for (size_t i = 0; document_at(collateral, i, &d); i++)
		TRY(document_json(&d, time, list, err));
	return json_write(root, true, text, err);
}

enum cella_status cella_collateral_describe(const struct cella_collateral *collateral,
					    int64_t time, bool as_json, char **text,
					    struct cella_error *err)
{
	struct out out CLEANUP(out_done) = { 0 };
	struct document d;

	if (as_json)
		return describe_json(collateral, time, text, err);
	for (size_t i = 0; document_at(collateral, i, &d); i++)
		write_document(&d, time, &out);
	return out_take_text(&out, text, err);
}
