/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting a set of collateral together. Documents are parsed as they are added, so that
 * errors name them; signatures are checked at the end, when every chain is there.
 */
#include "collateral/builder.h"

#include "base/encode.h"

#include <string.h>

static struct cella_collateral *set_new(void)
{
	struct cella_collateral *const set = calloc(1, sizeof *set);

	if (set != NULL)
		atomic_init(&set->refs, 1);
	return set;
}

enum cella_status cella_collateral_builder_new(struct cella_collateral_builder **out,
					       struct cella_error *err)
{
	struct cella_collateral_builder *const builder = calloc(1, sizeof *builder);

	if (builder == NULL)
		return error_nomem(err);
	*out = builder;
	return CELLA_OK;
}

static void builder_reset(struct cella_collateral_builder *builder)
{
	cella_collateral_unref(builder->set);
	chain_doc_free(builder->signing_chain);
	for (size_t i = 0; i < ARRAY_LEN(builder->pck_ca_chains); i++)
		chain_doc_free(builder->pck_ca_chains[i]);
	*builder = (struct cella_collateral_builder){ 0 };
}

void cella_collateral_builder_free(struct cella_collateral_builder *builder)
{
	if (builder == NULL)
		return;
	builder_reset(builder);
	free(builder);
}

static enum cella_status copy_text(struct cella_bytes text, uint8_t **out,
				   size_t *out_len, struct cella_error *err)
{
	uint8_t *const copy = malloc(text.len > 0 ? text.len : 1);

	if (copy == NULL)
		return error_nomem(err);
	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	*out = copy;
	*out_len = text.len;
	return CELLA_OK;
}

/* Makes room for one more pointer in an array of *num. */
static enum cella_status grow(void *array, size_t num, struct cella_error *err)
{
	void **const place = array;
	void *grown;

	if (num >= COLLATERAL_MAX_DOCUMENTS)
		return error_set(err, CELLA_LIMIT, "more than %d documents of a kind",
				 COLLATERAL_MAX_DOCUMENTS);
	if ((num & (num + 1)) != 0)
		return CELLA_OK; /* capacities are powers of two less one */
	grown = realloc(*place, (2 * num + 1) * sizeof(void *));
	if (grown == NULL)
		return error_nomem(err);
	*place = grown;
	return CELLA_OK;
}

/* Every chain of the set so far, so that equal certificates are parsed once. */
static size_t known_chains(const struct cella_collateral_builder *b,
			   const struct cert_chain **known, size_t max)
{
	size_t num = collateral_known_chains(b->set, known, max);
	const struct chain_doc *const more[] = {
		b->signing_chain,
		b->pck_ca_chains[0],
		b->pck_ca_chains[1],
		b->set->num_tcb_infos > 0 ? b->set->tcb_infos[0]->doc.signer : NULL,
		b->set->num_identities > 0 ? b->set->identities[0]->doc.signer : NULL,
	};

	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		if (more[i] != NULL && num < max)
			known[num++] = &more[i]->chain;
	return num;
}

enum cella_status chain_doc_new(const struct cella_collateral_builder *b,
				struct cella_bytes pem, enum chain_role role,
				const char *what, struct chain_doc **out,
				struct cella_error *err)
{
	const struct cert_chain *known[16];
	struct chain_doc *doc CLEANUP(chain_doc_cleanup) = calloc(1, sizeof *doc);

	if (doc == NULL)
		return error_nomem(err);
	doc->role = role;
	TRY(copy_text(pem, &doc->text, &doc->text_len, err));
	TRY(cert_chain_parse(pem, known, known_chains(b, known, ARRAY_LEN(known)), what,
			     &doc->chain, err));
	TRY(cert_chain_check(&doc->chain, role, &doc->fault, &doc->fault_index, err));
	*out = take(&doc);
	return CELLA_OK;
}

static enum cella_status chain_doc_copy(const struct chain_doc *from,
					struct chain_doc **out, struct cella_error *err)
{
	struct chain_doc *doc CLEANUP(chain_doc_cleanup) = calloc(1, sizeof *doc);

	if (doc == NULL)
		return error_nomem(err);
	TRY(copy_text(bytes_of(from->text, from->text_len), &doc->text, &doc->text_len,
		      err));
	doc->role = from->role;
	doc->fault = from->fault;
	doc->fault_index = from->fault_index;
	cert_chain_copy(&from->chain, &doc->chain);
	*out = take(&doc);
	return CELLA_OK;
}

/* Splits {"<member>":<body>,"signature":"<hex>"}; body points into doc->text. */
static enum cella_status signed_doc_read(struct cella_bytes text, const char *member,
					 struct signed_doc *doc, struct cella_error *err)
{
	struct cella_bytes signature = { 0 };

	TRY(copy_text(text, &doc->text, &doc->text_len, err));
	text = bytes_of(doc->text, doc->text_len);
	TRY(json_member_span(text, member, member, &doc->body, err));
	TRY(json_member_span(text, "signature", member, &signature, err));
	if (doc->body.len == 0 || doc->body.data[0] != '{')
		return error_set(err, CELLA_MALFORMED, "%s: is not an object", member);
	if (signature.len < 2 || signature.data[0] != '"')
		return error_set(err, CELLA_MALFORMED, "%s: signature: is not a text",
				 member);
	return hex_read(bytes_slice(signature, 1, signature.len - 2), doc->signature,
			sizeof doc->signature, "signature", err);
}

/* A newer document of the same kind and platform takes the older one's place. */
static bool is_newer(uint32_t number, int64_t date, uint32_t old_number, int64_t old_date)
{
	return number != old_number ? number > old_number : date >= old_date;
}

static enum cella_status place_tcb_info(struct cella_collateral *set,
					struct tcb_info_doc *doc, struct cella_error *err)
{
	for (size_t i = 0; i < set->num_tcb_infos; i++) {
		struct tcb_info_doc *const old = set->tcb_infos[i];

		if (old->info.tee != doc->info.tee ||
		    memcmp(old->info.fmspc, doc->info.fmspc, FMSPC_LEN) != 0 ||
		    memcmp(old->info.pce_id, doc->info.pce_id, PCE_ID_LEN) != 0)
			continue;
		if (is_newer(doc->info.evaluation_number, doc->info.issue_date,
			     old->info.evaluation_number, old->info.issue_date)) {
			set->tcb_infos[i] = doc;
			doc = old;
		}
		tcb_info_doc_free(doc);
		return CELLA_OK;
	}
	TRY(grow(&set->tcb_infos, set->num_tcb_infos, err));
	set->tcb_infos[set->num_tcb_infos++] = doc;
	return CELLA_OK;
}

static enum cella_status place_identity(struct cella_collateral *set,
					struct identity_doc *doc, struct cella_error *err)
{
	for (size_t i = 0; i < set->num_identities; i++) {
		struct identity_doc *const old = set->identities[i];

		if (old->identity.id != doc->identity.id)
			continue;
		if (is_newer(doc->identity.evaluation_number, doc->identity.issue_date,
			     old->identity.evaluation_number, old->identity.issue_date)) {
			set->identities[i] = doc;
			doc = old;
		}
		identity_doc_free(doc);
		return CELLA_OK;
	}
	TRY(grow(&set->identities, set->num_identities, err));
	set->identities[set->num_identities++] = doc;
	return CELLA_OK;
}

static enum cella_status place_numbers(struct cella_collateral *set,
				       struct numbers_doc *doc, struct cella_error *err)
{
	for (size_t i = 0; i < set->num_numbers; i++) {
		struct numbers_doc *const old = set->numbers[i];

		if (old->numbers.tee != doc->numbers.tee)
			continue;
		if (doc->numbers.issue_date >= old->numbers.issue_date) {
			set->numbers[i] = doc;
			doc = old;
		}
		numbers_doc_free(doc);
		return CELLA_OK;
	}
	TRY(grow(&set->numbers, set->num_numbers, err));
	set->numbers[set->num_numbers++] = doc;
	return CELLA_OK;
}

static enum cella_status place_crl(struct crl_doc ***list, size_t *num,
				   struct crl_doc *doc, struct cella_error *err)
{
	for (size_t i = 0; i < *num; i++) {
		struct crl_doc *const old = (*list)[i];

		if (!bytes_equal(old->crl->issuer, doc->crl->issuer))
			continue;
		if (doc->crl->this_update >= old->crl->this_update) {
			(*list)[i] = doc;
			doc = old;
		}
		crl_doc_free(doc);
		return CELLA_OK;
	}
	TRY(grow(list, *num, err));
	(*list)[(*num)++] = doc;
	return CELLA_OK;
}

/* signer may be NULL; it is taken in any case. */
enum cella_status builder_add_tcb_info(struct cella_collateral_builder *b,
				       struct cella_bytes text, struct chain_doc *signer,
				       struct cella_error *err)
{
	struct tcb_info_doc *const doc = calloc(1, sizeof *doc);
	enum cella_status status;

	if (doc == NULL) {
		chain_doc_free(signer);
		return error_nomem(err);
	}
	doc->doc.signer = signer;
	status = signed_doc_read(text, "tcbInfo", &doc->doc, err);
	if (status == CELLA_OK)
		status = tcb_info_parse(doc->doc.body, &doc->info, err);
	if (status == CELLA_OK)
		status = place_tcb_info(b->set, doc, err);
	if (status != CELLA_OK)
		tcb_info_doc_free(doc);
	return status;
}

enum cella_status builder_add_identity(struct cella_collateral_builder *b,
				       struct cella_bytes text, struct chain_doc *signer,
				       struct cella_error *err)
{
	struct identity_doc *const doc = calloc(1, sizeof *doc);
	enum cella_status status;

	if (doc == NULL) {
		chain_doc_free(signer);
		return error_nomem(err);
	}
	doc->doc.signer = signer;
	status = signed_doc_read(text, "enclaveIdentity", &doc->doc, err);
	if (status == CELLA_OK)
		status = qe_identity_parse(doc->doc.body, &doc->identity, err);
	if (status == CELLA_OK)
		status = place_identity(b->set, doc, err);
	if (status != CELLA_OK)
		identity_doc_free(doc);
	return status;
}

enum cella_status builder_add_numbers(struct cella_collateral_builder *b,
				      struct cella_bytes text, struct chain_doc *signer,
				      struct cella_error *err)
{
	struct numbers_doc *const doc = calloc(1, sizeof *doc);
	enum cella_status status;

	if (doc == NULL) {
		chain_doc_free(signer);
		return error_nomem(err);
	}
	doc->doc.signer = signer;
	status = signed_doc_read(text, "tcbEvaluationDataNumbers", &doc->doc, err);
	if (status == CELLA_OK)
		status = tcb_numbers_parse(doc->doc.body, &doc->numbers, err);
	if (status == CELLA_OK)
		status = place_numbers(b->set, doc, err);
	if (status != CELLA_OK)
		numbers_doc_free(doc);
	return status;
}

/* A revocation list's DER from PEM, hexadecimal digits or DER itself. */
static enum cella_status crl_der(struct cella_bytes text, struct out *der,
				 struct cella_error *err)
{
	bool found = false;

	if (text.len > 0 && text.data[0] == 0x30 &&
	    (text.len < 2 || text.data[1] >= 0x80)) {
		out_bytes(der, text.data, text.len);
		return out_status(der, err);
	}
	if (!text_is_pem(text))
		return hex_append(text_trim(text), der, "revocation list", err);
	TRY(pem_next(&text, "X509 CRL", der, &found, err));
	if (text_trim(text).len > 0)
		return error_set(err, CELLA_MALFORMED,
				 "revocation list: something follows its PEM block");
	return CELLA_OK;
}

static enum cella_status crl_doc_read(struct crl_doc *doc, struct cella_bytes text,
				      struct cella_error *err)
{
	struct out der CLEANUP(out_done) = { 0 };

	TRY(copy_text(text, &doc->text, &doc->text_len, err));
	TRY(crl_der(text, &der, err));
	return crypto_crl_parse(out_view(&der), &doc->crl, err);
}

enum cella_status builder_add_crl(struct cella_collateral_builder *b,
				  struct cella_bytes text, enum crl_place place,
				  struct chain_doc *issuer, struct cella_error *err)
{
	struct cella_collateral *const set = b->set;
	struct crl_doc *const doc = calloc(1, sizeof *doc);
	enum cella_status status;

	if (doc == NULL) {
		chain_doc_free(issuer);
		return error_nomem(err);
	}
	doc->issuer = issuer;
	status = crl_doc_read(doc, text, err);
	if (status == CELLA_OK && place == CRL_BY_ISSUER)
		place = strcmp(doc->crl->issuer_cn, cert_cn_root_ca) == 0 ? CRL_ROOT
									  : CRL_PCK;
	if (status == CELLA_OK)
		status = place == CRL_ROOT ? place_crl(&set->root_crls,
						       &set->num_root_crls, doc, err)
					   : place_crl(&set->pck_crls, &set->num_pck_crls,
						       doc, err);
	if (status != CELLA_OK)
		crl_doc_free(doc);
	return status;
}

/* Keeps the last chain of its kind. */
void builder_keep_chain(struct chain_doc **place, struct chain_doc *doc)
{
	chain_doc_free(*place);
	*place = doc;
}

static struct chain_doc **ca_place(struct cella_collateral_builder *b, const char *ca)
{
	return &b->pck_ca_chains[strcmp(ca, cert_cn_processor_ca) == 0];
}

/* A chain on its own: its first certificate's name says what it is. */
enum cella_status builder_add_chain(struct cella_collateral_builder *b,
				    struct cella_bytes pem, struct cella_error *err)
{
	struct chain_doc *doc CLEANUP(chain_doc_cleanup) = NULL;
	const char *name;

	TRY(chain_doc_new(b, pem, CHAIN_PCK_CA, "certificates", &doc, err));
	name = cert_chain_leaf(&doc->chain)->subject_cn;
	if (strcmp(name, cert_cn_platform_ca) == 0 ||
	    strcmp(name, cert_cn_processor_ca) == 0) {
		builder_keep_chain(ca_place(b, name), take(&doc));
		return CELLA_OK;
	}
	doc->role = strcmp(name, cert_cn_pck) == 0 ? CHAIN_PCK : CHAIN_SIGNING;
	TRY(cert_chain_check(&doc->chain, doc->role, &doc->fault, &doc->fault_index,
			     err));
	if (doc->role == CHAIN_PCK) {
		builder_keep_chain(&b->set->pck_chain, take(&doc));
		return CELLA_OK;
	}
	if (strcmp(name, cert_cn_signing) == 0) {
		builder_keep_chain(&b->signing_chain, take(&doc));
		return CELLA_OK;
	}
	return error_set(err, CELLA_UNSUPPORTED,
			 "a chain of \"%s\", which signs no collateral", name);
}

enum cella_status cella_collateral_builder_add(struct cella_collateral_builder *builder,
					       const char *name, const void *data,
					       size_t len, struct cella_error *err)
{
	const struct cella_bytes text = bytes_of(data, len);
	enum cella_status status;

	if (len > CELLA_COLLATERAL_PART_MAX)
		return error_set(err, CELLA_LIMIT, "%s: %zu bytes, at most %zu", name,
				 len, CELLA_COLLATERAL_PART_MAX);
	if (builder->set == NULL && (builder->set = set_new()) == NULL)
		return error_nomem(err);
	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0)
		status = builder_add_response(builder, text, err);
	else
		status = builder_add_content(builder, text, NULL, err);
	if (status != CELLA_OK)
		error_prefix(err, "%s", name);
	return status;
}

/* A chain came in the role of what it stood beside; what it must be, its use says. */
static enum cella_status check_role(struct chain_doc *doc, enum chain_role role,
				    struct cella_error *err)
{
	if (doc->role == role)
		return CELLA_OK;
	doc->role = role;
	return cert_chain_check(&doc->chain, role, &doc->fault, &doc->fault_index, err);
}

static enum cella_status check_doc(const struct cella_collateral_builder *b,
				   struct signed_doc *doc, struct cella_error *err)
{
	if (doc->signer == NULL && b->signing_chain != NULL)
		TRY(chain_doc_copy(b->signing_chain, &doc->signer, err));
	if (doc->signer == NULL)
		return CELLA_OK;
	TRY(check_role(doc->signer, CHAIN_SIGNING, err));
	return crypto_cert_check(cert_chain_leaf(&doc->signer->chain), doc->body,
				 bytes_of(doc->signature, sizeof doc->signature),
				 &doc->signature_good, err);
}

static enum cella_status check_pck_crl(const struct cella_collateral_builder *b,
				       struct crl_doc *doc, struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(b->pck_ca_chains) && doc->issuer == NULL; i++) {
		const struct chain_doc *const chain = b->pck_ca_chains[i];

		if (chain != NULL && bytes_equal(cert_chain_leaf(&chain->chain)->subject,
						 doc->crl->issuer))
			TRY(chain_doc_copy(chain, &doc->issuer, err));
	}
	if (doc->issuer == NULL)
		return CELLA_OK;
	TRY(check_role(doc->issuer, CHAIN_PCK_CA, err));
	return crypto_crl_verify(doc->crl, cert_chain_leaf(&doc->issuer->chain),
				 &doc->signature_good, err);
}

/* The root of a chain, alone: what else the chain holds is not the root's affair. */
static enum cella_status root_doc(const struct cert_chain *chain, struct chain_doc **out,
				  struct cella_error *err)
{
	struct chain_doc *doc CLEANUP(chain_doc_cleanup) = calloc(1, sizeof *doc);

	if (doc == NULL)
		return error_nomem(err);
	doc->role = CHAIN_ROOT;
	doc->chain.certs[0] = chain_cert_ref(chain->certs[chain->num_certs - 1]);
	doc->chain.num_certs = 1;
	TRY(cert_chain_check(&doc->chain, CHAIN_ROOT, &doc->fault, &doc->fault_index,
			     err));
	*out = take(&doc);
	return CELLA_OK;
}

/* Checks a root's list with the root of a chain; the first one stays unless this fits. */
static enum cella_status try_root(struct crl_doc *doc, const struct cert_chain *chain,
				  struct cella_error *err)
{
	struct chain_doc *root CLEANUP(chain_doc_cleanup) = NULL;

	TRY(root_doc(chain, &root, err));
	TRY(crypto_crl_verify(doc->crl, cert_chain_root(&root->chain),
			      &doc->signature_good, err));
	if (doc->issuer == NULL || doc->signature_good)
		builder_keep_chain(&doc->issuer, take(&root));
	return CELLA_OK;
}

/*
 * The root's list comes without a chain: the root is one of those that the set's chains
 * end in, the one that signed the list if there is such a one. Whether it is the trusted
 * one is asked by each verification.
 */
static enum cella_status check_root_crl(const struct cella_collateral_builder *b,
					struct crl_doc *doc, struct cella_error *err)
{
	struct chain_doc *own CLEANUP(chain_doc_cleanup) = take(&doc->issuer);
	const struct cert_chain *known[16];
	const size_t num_known = known_chains(b, known, ARRAY_LEN(known));

	if (own != NULL)
		TRY(try_root(doc, &own->chain, err));
	for (size_t i = 0; i < num_known && !doc->signature_good; i++)
		TRY(try_root(doc, known[i], err));
	return CELLA_OK;
}

static enum cella_status check_signatures(const struct cella_collateral_builder *b,
					  struct cella_error *err)
{
	struct cella_collateral *const set = b->set;

	for (size_t i = 0; i < set->num_tcb_infos; i++)
		TRY(check_doc(b, &set->tcb_infos[i]->doc, err));
	for (size_t i = 0; i < set->num_identities; i++)
		TRY(check_doc(b, &set->identities[i]->doc, err));
	for (size_t i = 0; i < set->num_numbers; i++)
		TRY(check_doc(b, &set->numbers[i]->doc, err));
	for (size_t i = 0; i < set->num_pck_crls; i++)
		TRY(check_pck_crl(b, set->pck_crls[i], err));
	for (size_t i = 0; i < set->num_root_crls; i++)
		TRY(check_root_crl(b, set->root_crls[i], err));
	return CELLA_OK;
}

enum cella_status
cella_collateral_builder_finish(struct cella_collateral_builder *builder,
				struct cella_collateral **out, struct cella_error *err)
{
	if (builder->set == NULL)
		return error_set(err, CELLA_MISSING, "collateral: no document was added");
	TRY(check_signatures(builder, err));
	*out = take(&builder->set);
	builder_reset(builder);
	return CELLA_OK;
}

enum cella_status cella_collateral_parse(const void *data, size_t len,
					 struct cella_collateral **out,
					 struct cella_error *err)
{
	struct cella_collateral_builder builder = { 0 };
	enum cella_status status =
		cella_collateral_builder_add(&builder, "collateral", data, len, err);

	if (status == CELLA_OK)
		status = cella_collateral_builder_finish(&builder, out, err);
	builder_reset(&builder);
	return status;
}
