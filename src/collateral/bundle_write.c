/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a set as bundles that any reader of Intel's collateral struct understands:
 * inner objects beside their signatures, revocation lists as hexadecimal DER, chains as
 * PEM; the signed bytes are those that were received.
 */
#include "collateral/bundle.h"

#include "base/encode.h"

static enum cella_status put_text(json_t *bundle, const char *name,
				  struct cella_bytes text, struct cella_error *err)
{
	return json_put(bundle, name, json_stringn((const char *)text.data, text.len),
			err);
}

static enum cella_status put_chain(json_t *bundle, const char *name,
				   const struct chain_doc *chain, struct cella_error *err)
{
	return chain == NULL
		       ? CELLA_OK
		       : put_text(bundle, name,
				  text_trim(bytes_of(chain->text, chain->text_len)), err);
}

static enum cella_status put_signed(json_t *bundle, const struct signed_doc *doc,
				    const char *name, const char *signature_name,
				    const char *chain_name, struct cella_error *err)
{
	TRY(put_chain(bundle, chain_name, doc->signer, err));
	TRY(put_text(bundle, name, doc->body, err));
	return json_put(bundle, signature_name,
			json_hex(bytes_of(doc->signature, sizeof doc->signature)), err);
}

static enum cella_status put_numbers(json_t *bundle, const struct signed_doc *doc,
				     struct cella_error *err)
{
	TRY(put_chain(bundle, "tcb_evaluation_data_numbers_issuer_chain", doc->signer,
		      err));
	return put_text(bundle, "tcb_evaluation_data_numbers",
			bytes_of(doc->text, doc->text_len), err);
}

static enum cella_status put_crls(json_t *bundle, const struct cella_collateral *c,
				  const struct crl_doc *pck_crl, struct cella_error *err)
{
	if (pck_crl != NULL) {
		TRY(put_chain(bundle, "pck_crl_issuer_chain", pck_crl->issuer, err));
		TRY(json_put(bundle, "pck_crl", json_hex(pck_crl->crl->der), err));
	}
	if (c->num_root_crls == 0)
		return CELLA_OK;
	return json_put(bundle, "root_ca_crl", json_hex(c->root_crls[0]->crl->der), err);
}

/* One bundle: a TCB info, an identity and a revocation list, as far as there are any. */
static enum cella_status put_bundle(json_t *list, const struct cella_collateral *c,
				    size_t i, struct cella_error *err)
{
	json_t *const bundle = json_object();

	TRY(json_add(list, bundle, err));
	TRY(put_crls(bundle, c, i < c->num_pck_crls ? c->pck_crls[i] : NULL, err));
	if (i < c->num_tcb_infos)
		TRY(put_signed(bundle, &c->tcb_infos[i]->doc, "tcb_info",
			       "tcb_info_signature", "tcb_info_issuer_chain", err));
	if (i < c->num_identities)
		TRY(put_signed(bundle, &c->identities[i]->doc, "qe_identity",
			       "qe_identity_signature", "qe_identity_issuer_chain", err));
	if (i < c->num_numbers)
		TRY(put_numbers(bundle, &c->numbers[i]->doc, err));
	return i == 0 ? put_chain(bundle, "pck_certificate_chain", c->pck_chain, err)
		      : CELLA_OK;
}

enum cella_status cella_collateral_write(const struct cella_collateral *collateral,
					 char **text, struct cella_error *err)
{
	json_t *list CLEANUP_JSON = json_array();
	size_t num = collateral->num_tcb_infos;

	if (list == NULL)
		return error_nomem(err);
	if (collateral->num_identities > num)
		num = collateral->num_identities;
	if (collateral->num_pck_crls > num)
		num = collateral->num_pck_crls;
	if (collateral->num_numbers > num)
		num = collateral->num_numbers;
	if (num == 0)
		num = 1;
	for (size_t i = 0; i < num; i++)
		TRY(put_bundle(list, collateral, i, err));
	return json_write(num == 1 ? json_array_get(list, 0) : list, true, text, err);
}
