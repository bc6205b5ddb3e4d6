/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on collateral.
 */
#include "sim/corpus_ops.h"

#include "base/encode.h"

#include <stdio.h>
#include <string.h>

enum { DAY = 86400, PATH_STEP_MAX = 64 };

enum cella_status sim_text_replace(struct out *text, const char *old, const char *with,
				   struct cella_error *err)
{
	struct out made CLEANUP(out_done) = { 0 };
	const uint8_t *const found =
		text->len > 0 ? memmem(text->data, text->len, old, strlen(old)) : NULL;
	size_t at;

	if (found == NULL)
		return error_set(err, CELLA_INTERNAL, "\"%s\" is not in the text", old);
	at = (size_t)(found - text->data);
	out_bytes(&made, text->data, at);
	out_text(&made, with);
	out_bytes(&made, found + strlen(old), text->len - at - strlen(old));
	TRY(out_status(&made, err));
	out_done(text);
	*text = made;
	made = (struct out){ 0 };
	return CELLA_OK;
}

/* --- what the service says ----------------------------------------------------------- */

SIM_OP(SIM_STAGE_SPEC, standing)
{
	c->spec.platform = (enum cella_tcb_status)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, module_standing)
{
	c->spec.module = (enum cella_tcb_status)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, qe_standing)
{
	c->spec.qe = (enum cella_tcb_status)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, revoke)
{
	c->spec.revoked[change->target] = true;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, expired)
{
	c->spec.dates[change->target] =
		(struct sim_span){ sim_corpus_time - 31 * DAY, sim_corpus_time - DAY };
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, future)
{
	c->spec.dates[change->target] =
		(struct sim_span){ sim_corpus_time + DAY, sim_corpus_time + 31 * DAY };
	return CELLA_OK;
}

/* --- JSON trees ---------------------------------------------------------------------- */

static size_t index_of(const char *step)
{
	size_t index = 0;

	for (; *step >= '0' && *step <= '9'; step++)
		index = 10 * index + (size_t)(*step - '0');
	return index;
}

/* Steps down a path to the container of its last step, which is copied to last. */
static json_t *find_container(json_t *root, const char *path, char last[PATH_STEP_MAX])
{
	json_t *at = root;

	for (;;) {
		const char *const dot = strchr(path, '.');
		const size_t len = dot != NULL ? (size_t)(dot - path) : strlen(path);

		snprintf(last, PATH_STEP_MAX, "%.*s", (int)len, path);
		if (dot == NULL || at == NULL)
			return at;
		at = json_is_array(at) ? json_array_get(at, index_of(last))
				       : json_object_get(at, last);
		path = dot + 1;
	}
}

SIM_OP(SIM_STAGE_CONTENT, set)
{
	char last[PATH_STEP_MAX];
	json_t *const root = c->collateral.documents[change->target].json;
	json_t *const container = find_container(root, change->text, last);
	json_t *const value = json_loads(change->with, JSON_DECODE_ANY, NULL);
	int failed;

	if (container == NULL || value == NULL) {
		json_decref(value);
		return error_set(err, CELLA_INTERNAL, "%s cannot be set", change->text);
	}
	if (json_is_array(container) && last[0] == '+')
		failed = json_array_append_new(container, value);
	else if (json_is_array(container))
		failed = json_array_set_new(container, index_of(last), value);
	else
		failed = json_object_set_new(container, last, value);
	return failed == 0 ? CELLA_OK : error_nomem(err);
}

SIM_OP(SIM_STAGE_CONTENT, remove)
{
	char last[PATH_STEP_MAX];
	json_t *const root = c->collateral.documents[change->target].json;
	json_t *const container = find_container(root, change->text, last);
	const int failed = json_is_array(container)
				   ? json_array_remove(container, index_of(last))
				   : json_object_del(container, last);

	return failed == 0
		       ? CELLA_OK
		       : error_set(err, CELLA_INTERNAL, "%s is not there", change->text);
}

/* --- texts and signatures ------------------------------------------------------------ */

SIM_OP(SIM_STAGE_TEXT, text)
{
	return sim_text_replace(&c->collateral.documents[change->target].text,
				change->text, change->with, err);
}

SIM_OP(SIM_STAGE_SIGNED, text_after)
{
	return sim_text_replace(&c->collateral.documents[change->target].text,
				change->text, change->with, err);
}

/* The same document with blanks, which a verifier that prints it anew does not see. */
SIM_OP(SIM_STAGE_SIGNED, spaced_after)
{
	struct out *const text = &c->collateral.documents[change->target].text;
	struct out spaced = { 0 };
	bool is_quoted = false;

	for (size_t i = 0; i < text->len; i++) {
		is_quoted ^= text->data[i] == '"';
		out_u8(&spaced, text->data[i]);
		if (!is_quoted && text->data[i] == ',')
			out_u8(&spaced, ' ');
	}
	out_done(text);
	*text = spaced;
	return out_status(text, err);
}

SIM_OP(SIM_STAGE_CONTENT, doc_key)
{
	c->collateral.documents[change->target].key =
		sim_key_of(c, (enum sim_whose)change->number);
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SIGNED, swap_signatures)
{
	struct sim_document *const documents = c->collateral.documents;
	uint8_t signature[P256_SIGNATURE_LEN];

	memcpy(signature, documents[0].signature, sizeof signature);
	memcpy(documents[0].signature, documents[1].signature, sizeof signature);
	memcpy(documents[1].signature, signature, sizeof signature);
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_CONTENT, doc_from)
{
	const enum sim_tee tee = (enum sim_tee)(change->number % 2);
	struct sim_collateral other CLEANUP(sim_collateral_done) = { 0 };
	struct sim_document *const place = &c->collateral.documents[change->target];
	struct sim_collateral_spec spec;

	sim_collateral_spec_init(&spec, tee, sim_corpus_time);
	TRY(sim_collateral_init(c->world->actors[change->number / 2], &spec, &other,
				err));
	json_decref(place->json);
	out_done(&place->chain);
	*place = other.documents[change->target];
	other.documents[change->target] = (struct sim_document){ 0 };
	return CELLA_OK;
}

/* --- revocation lists ---------------------------------------------------------------- */

SIM_OP(SIM_STAGE_CONTENT, crl_key)
{
	c->collateral.crls[change->target].key =
		sim_key_of(c, (enum sim_whose)change->number);
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_CONTENT, crl_issuer)
{
	c->collateral.crls[change->target].spec.issuer.cn = change->text;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_CONTENT, crl_oddity)
{
	c->collateral.crls[change->target].spec.oddities |= (unsigned)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_CONTENT, crl_hash)
{
	c->collateral.crls[change->target].spec.hash =
		(enum sim_issue_hash)change->number;
	return CELLA_OK;
}

/* As large as a cRLNumber of eight bytes gets, and a sign away from negative. */
SIM_OP(SIM_STAGE_CONTENT, crl_number)
{
	c->collateral.crls[change->target].spec.number = UINT64_MAX;
	return CELLA_OK;
}

static void add_serial(struct sim_crl_spec *spec, const uint8_t serial[SIM_SERIAL_LEN])
{
	memcpy(spec->revoked[spec->num_revoked++], serial, SIM_SERIAL_LEN);
}

/* Many entries, with the platform's certificate as the last. */
SIM_OP(SIM_STAGE_CONTENT, crl_many)
{
	struct sim_crl_spec *const spec = &c->collateral.crls[change->target].spec;

	for (uint8_t i = 10; spec->num_revoked < SIM_MAX_REVOKED - 1; i++) {
		uint8_t serial[SIM_SERIAL_LEN];

		TRY(sim_key_id(bytes_of(&i, 1), serial, err));
		add_serial(spec, serial);
	}
	add_serial(spec, c->chains[SIM_CHAIN_PCK].links[SIM_LEAF].spec.serial);
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_CONTENT, crl_lists)
{
	add_serial(&c->collateral.crls[change->target].spec,
		   sim_link_of(c, change->number)->spec.serial);
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_CONTENT, crl_from)
{
	struct sim_collateral other CLEANUP(sim_collateral_done) = { 0 };
	struct sim_collateral_spec spec;

	sim_collateral_spec_init(&spec, c->spec.tee, sim_corpus_time);
	TRY(sim_collateral_init(c->world->actors[change->number], &spec, &other, err));
	c->collateral.crls[change->target] = other.crls[change->target];
	if (change->target != SIM_PCK_CRL)
		return CELLA_OK;
	out_done(&c->collateral.pck_crl_chain);
	c->collateral.pck_crl_chain = other.pck_crl_chain;
	other.pck_crl_chain = (struct out){ 0 };
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SIGNED, crl_bytes)
{
	return hex_append(bytes_of(change->text, strlen(change->text)),
			  &c->collateral.crls[change->target].der, "change", err);
}

/* --- bundles ------------------------------------------------------------------------- */

static enum cella_status bundle_write(struct sim_case *c, const json_t *json,
				      struct cella_error *err)
{
	char *text CLEANUP_FREE = NULL;

	TRY(json_write(json, true, &text, err));
	out_done(&c->bundle);
	out_text(&c->bundle, text);
	return out_status(&c->bundle, err);
}

SIM_OP(SIM_STAGE_BYTES, bundle_drop)
{
	json_t *json CLEANUP_JSON = NULL;

	TRY(json_parse(out_view(&c->bundle), "bundle", &json, err));
	if (json_object_del(json, change->text) != 0)
		return error_set(err, CELLA_INTERNAL, "%s is not there", change->text);
	return bundle_write(c, json, err);
}

SIM_OP(SIM_STAGE_BYTES, bundle_set)
{
	json_t *json CLEANUP_JSON = NULL;
	json_t *const value = json_loads(change->with, JSON_DECODE_ANY, NULL);

	if (value == NULL)
		return error_set(err, CELLA_INTERNAL, "%s is not JSON", change->with);
	TRY(json_parse(out_view(&c->bundle), "bundle", &json, err));
	TRY(json_put(json, change->text, value, err));
	return bundle_write(c, json, err);
}

/* A list as PEM instead of hexadecimal digits of its DER. */
SIM_OP(SIM_STAGE_BYTES, bundle_pem)
{
	static const char *const members[] = {
		[SIM_ROOT_CRL] = "root_ca_crl", [SIM_PCK_CRL] = "pck_crl"
	};
	struct out pem CLEANUP(out_done) = { 0 };
	json_t *json CLEANUP_JSON = NULL;

	pem_write(&pem, "X509 CRL", out_view(&c->collateral.crls[change->target].der));
	TRY(out_status(&pem, err));
	TRY(json_parse(out_view(&c->bundle), "bundle", &json, err));
	TRY(json_put(json, members[change->target],
		     json_stringn((const char *)pem.data, pem.len), err));
	return bundle_write(c, json, err);
}

SIM_OP(SIM_STAGE_BYTES, bundle_text)
{
	return sim_text_replace(&c->bundle, change->text, change->with, err);
}

SIM_OP(SIM_STAGE_BYTES, bundle_only)
{
	out_done(&c->bundle);
	out_text(&c->bundle, change->text);
	return out_status(&c->bundle, err);
}

SIM_OP(SIM_STAGE_BYTES, no_collateral)
{
	out_done(&c->bundle);
	return CELLA_OK;
}

/* Writes a whole document by a template: %B is the inner object, %S its signature. */
static void write_whole(struct out *out, const char *template,
			const struct sim_document *doc)
{
	for (const char *at = template; *at != '\0'; at++) {
		if (strncmp(at, "%B", 2) == 0) {
			out_bytes(out, doc->text.data, doc->text.len);
			at++;
		} else if (strncmp(at, "%S", 2) == 0) {
			hex_write(out, bytes_of(doc->signature, sizeof doc->signature));
			at++;
		} else {
			out_u8(out, (uint8_t)*at);
		}
	}
}

/* The TCB info as a whole document instead of its inner object and signature. */
SIM_OP(SIM_STAGE_BYTES, bundle_whole)
{
	struct out text CLEANUP(out_done) = { 0 };
	json_t *json CLEANUP_JSON = NULL;

	write_whole(&text, change->text, &c->collateral.documents[SIM_TCB_INFO]);
	TRY(out_status(&text, err));
	TRY(json_parse(out_view(&c->bundle), "bundle", &json, err));
	TRY(json_put(json, "tcb_info", json_stringn((const char *)text.data, text.len),
		     err));
	if (json_object_del(json, "tcb_info_signature") != 0)
		return error_set(err, CELLA_INTERNAL, "the bundle has no signature");
	return bundle_write(c, json, err);
}

/* An array of two bundles: the case's, and one of another issue, behind or before it. */
SIM_OP(SIM_STAGE_BYTES, also)
{
	struct sim_collateral made CLEANUP(sim_collateral_done) = { 0 };
	struct sim_collateral_spec spec = c->spec;
	struct out other CLEANUP(out_done) = { 0 };
	struct out both CLEANUP(out_done) = { 0 };
	const bool is_first = change->text != NULL;

	spec.platform = (enum cella_tcb_status)change->target;
	spec.evaluation_numbers[SIM_TCB_INFO] = (uint32_t)change->number;
	TRY(sim_collateral_make(c->platform, &spec, &made, err));
	TRY(sim_collateral_write(&made, &other, err));
	out_text(&both, "[");
	out_bytes(&both, is_first ? other.data : c->bundle.data,
		  is_first ? other.len : c->bundle.len);
	out_text(&both, ",");
	out_bytes(&both, is_first ? c->bundle.data : other.data,
		  is_first ? c->bundle.len : other.len);
	out_text(&both, "]\n");
	TRY(out_status(&both, err));
	out_done(&c->bundle);
	c->bundle = both;
	both = (struct out){ 0 };
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SIGNED, pck_chain)
{
	static const enum sim_cert_id chain[] = { SIM_PCK, SIM_CA, SIM_ROOT };

	sim_chain_write(c->world->actors[change->target], chain, ARRAY_LEN(chain),
			&c->collateral.pck_chain);
	return out_status(&c->collateral.pck_chain, err);
}

SIM_OP(SIM_STAGE_BYTES, root_from)
{
	out_done(&c->root);
	pem_write(&c->root, "CERTIFICATE",
		  out_view(&c->world->actors[change->target]->certs[SIM_ROOT].der));
	return out_status(&c->root, err);
}
