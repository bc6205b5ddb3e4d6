/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies for the caller, with the NUL at the end that the interface wants.
 */
#include "compat/quoteprov_parts.h"

#include "base/encode.h"
#include "collateral/document.h"

#include <string.h>

/* Bytes of the caller's own, with a NUL that counts. */
static enum cella_status part_copy(struct cella_bytes bytes, char **out,
				   uint32_t *out_size, struct cella_error *err)
{
	char *const copy = malloc(bytes.len + 1);

	if (copy == NULL)
		return error_nomem(err);
	memcpy(copy, bytes.data, bytes.len);
	copy[bytes.len] = '\0';
	*out = copy;
	*out_size = (uint32_t)bytes.len + 1;
	return CELLA_OK;
}

bool parts_are_hex(const struct session *session)
{
	return strcmp(session->config.qcnl.crl_form, "3.0") == 0;
}

/* A list in the form that is configured, whatever the server's was. */
enum cella_status part_copy_crl(const struct session *session, const struct crl_doc *doc,
				char **out, uint32_t *out_size, struct cella_error *err)
{
	struct out hex CLEANUP(out_done) = { 0 };

	if (!parts_are_hex(session))
		return part_copy(doc->crl->der, out, out_size, err);
	hex_write(&hex, doc->crl->der);
	TRY(out_status(&hex, err));
	return part_copy(out_view(&hex), out, out_size, err);
}

enum cella_status part_copy_chain(const struct chain_doc *doc, char **out,
				  uint32_t *out_size, struct cella_error *err)
{
	if (doc == NULL)
		return error_set(err, CELLA_MALFORMED, "the issuer chain is missing");
	return part_copy(bytes_of(doc->text, doc->text_len), out, out_size, err);
}

enum cella_status part_copy_signed(const struct signed_doc *doc, char **out,
				   uint32_t *out_size, char **chain, uint32_t *chain_size,
				   struct cella_error *err)
{
	TRY(part_copy(bytes_of(doc->text, doc->text_len), out, out_size, err));
	return part_copy_chain(doc->signer, chain, chain_size, err);
}

enum cella_status parts_check(const struct session *session,
			      const struct cella_collateral *set, struct cella_error *err)
{
	struct document d = { .name = "" };

	for (size_t i = 0; document_at(set, i, &d); i++) {
		const char *const fault = document_fault(&d, session->options.root);

		if (fault != NULL)
			return error_set(err, CELLA_MALFORMED, "%s %s: %s", d.type,
					 d.name, fault);
	}
	return CELLA_OK;
}
