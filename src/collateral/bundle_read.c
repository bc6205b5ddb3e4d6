/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms in which collateral travels: bundles, single documents, HTTP responses.
 */
#include "collateral/builder.h"

#include "base/encode.h"

#include <string.h>

/* The members of a bundle: texts. */
enum bundle_part {
	PART_PCK_CRL_ISSUER_CHAIN,
	PART_ROOT_CA_CRL,
	PART_PCK_CRL,
	PART_TCB_INFO_ISSUER_CHAIN,
	PART_TCB_INFO,
	PART_TCB_INFO_SIGNATURE,
	PART_QE_IDENTITY_ISSUER_CHAIN,
	PART_QE_IDENTITY,
	PART_QE_IDENTITY_SIGNATURE,
	PART_PCK_CERTIFICATE_CHAIN,
	PART_NUMBERS_ISSUER_CHAIN,
	PART_NUMBERS, /* a whole document */
};

static const char *const part_names[] = {
	[PART_PCK_CRL_ISSUER_CHAIN] = "pck_crl_issuer_chain",
	[PART_ROOT_CA_CRL] = "root_ca_crl",
	[PART_PCK_CRL] = "pck_crl",
	[PART_TCB_INFO_ISSUER_CHAIN] = "tcb_info_issuer_chain",
	[PART_TCB_INFO] = "tcb_info",
	[PART_TCB_INFO_SIGNATURE] = "tcb_info_signature",
	[PART_QE_IDENTITY_ISSUER_CHAIN] = "qe_identity_issuer_chain",
	[PART_QE_IDENTITY] = "qe_identity",
	[PART_QE_IDENTITY_SIGNATURE] = "qe_identity_signature",
	[PART_PCK_CERTIFICATE_CHAIN] = "pck_certificate_chain",
	[PART_NUMBERS_ISSUER_CHAIN] = "tcb_evaluation_data_numbers_issuer_chain",
	[PART_NUMBERS] = "tcb_evaluation_data_numbers",
};
_Static_assert(ARRAY_LEN(part_names) == PART_NUMBERS + 1, "a name per part");

static enum cella_status read_parts(const json_t *json, struct cella_bytes *parts,
				    struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(part_names); i++) {
		const json_t *const value = json_object_get(json, part_names[i]);

		if (value == NULL || json_is_null(value))
			continue;
		if (!json_is_string(value))
			return error_set(err, CELLA_MALFORMED, "%s: expected text",
					 part_names[i]);
		parts[i] = bytes_of(json_string_value(value), json_string_length(value));
	}
	return CELLA_OK;
}

static enum cella_status part_chain(const struct cella_collateral_builder *b,
				    const struct cella_bytes *parts,
				    enum bundle_part part, enum chain_role role,
				    struct chain_doc **out, struct cella_error *err)
{
	*out = NULL;
	if (parts[part].data == NULL)
		return CELLA_OK;
	return chain_doc_new(b, parts[part], role, part_names[part], out, err);
}

/* A document as it is, or put together from its inner object and its signature. */
static enum cella_status part_document(const struct cella_bytes *parts,
				       enum bundle_part body, enum bundle_part signature,
				       const char *member, struct out *out,
				       struct cella_error *err)
{
	if (parts[signature].data == NULL) {
		out_bytes(out, parts[body].data, parts[body].len);
		return out_status(out, err);
	}
	out_format(out, "{\"%s\":", member);
	out_bytes(out, parts[body].data, parts[body].len);
	out_text(out, ",\"signature\":\"");
	out_bytes(out, parts[signature].data, parts[signature].len);
	out_text(out, "\"}");
	return out_status(out, err);
}

static enum cella_status add_bundle_tcb_info(struct cella_collateral_builder *b,
					     const struct cella_bytes *parts,
					     struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	struct chain_doc *signer = NULL;

	if (parts[PART_TCB_INFO].data == NULL)
		return CELLA_OK;
	TRY(part_document(parts, PART_TCB_INFO, PART_TCB_INFO_SIGNATURE, "tcbInfo", &text,
			  err));
	TRY(part_chain(b, parts, PART_TCB_INFO_ISSUER_CHAIN, CHAIN_SIGNING, &signer,
		       err));
	return builder_add_tcb_info(b, out_view(&text), signer, err);
}

static enum cella_status add_bundle_identity(struct cella_collateral_builder *b,
					     const struct cella_bytes *parts,
					     struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };
	struct chain_doc *signer = NULL;

	if (parts[PART_QE_IDENTITY].data == NULL)
		return CELLA_OK;
	TRY(part_document(parts, PART_QE_IDENTITY, PART_QE_IDENTITY_SIGNATURE,
			  "enclaveIdentity", &text, err));
	TRY(part_chain(b, parts, PART_QE_IDENTITY_ISSUER_CHAIN, CHAIN_SIGNING, &signer,
		       err));
	return builder_add_identity(b, out_view(&text), signer, err);
}

static enum cella_status add_bundle_numbers(struct cella_collateral_builder *b,
					    const struct cella_bytes *parts,
					    struct cella_error *err)
{
	struct chain_doc *signer = NULL;

	if (parts[PART_NUMBERS].data == NULL)
		return CELLA_OK;
	TRY(part_chain(b, parts, PART_NUMBERS_ISSUER_CHAIN, CHAIN_SIGNING, &signer, err));
	return builder_add_numbers(b, parts[PART_NUMBERS], signer, err);
}

static enum cella_status add_bundle_crls(struct cella_collateral_builder *b,
					 const struct cella_bytes *parts,
					 struct cella_error *err)
{
	struct chain_doc *issuer = NULL;

	if (parts[PART_PCK_CRL].data != NULL) {
		TRY(part_chain(b, parts, PART_PCK_CRL_ISSUER_CHAIN, CHAIN_PCK_CA, &issuer,
			       err));
		TRY(builder_add_crl(b, parts[PART_PCK_CRL], CRL_PCK, issuer, err));
	}
	if (parts[PART_ROOT_CA_CRL].data == NULL)
		return CELLA_OK;
	return builder_add_crl(b, parts[PART_ROOT_CA_CRL], CRL_ROOT, NULL, err);
}

static enum cella_status add_bundle(struct cella_collateral_builder *b,
				    const json_t *json, struct cella_error *err)
{
	struct cella_bytes parts[ARRAY_LEN(part_names)] = { 0 };
	struct chain_doc *pck = NULL;

	TRY(read_parts(json, parts, err));
	TRY(add_bundle_crls(b, parts, err));
	TRY(add_bundle_tcb_info(b, parts, err));
	TRY(add_bundle_identity(b, parts, err));
	TRY(add_bundle_numbers(b, parts, err));
	TRY(part_chain(b, parts, PART_PCK_CERTIFICATE_CHAIN, CHAIN_PCK, &pck, err));
	if (pck != NULL)
		builder_keep_chain(&b->set->pck_chain, pck);
	return CELLA_OK;
}

static bool is_bundle(const json_t *json)
{
	for (size_t i = 0; i < ARRAY_LEN(part_names); i++)
		if (json_object_get(json, part_names[i]) != NULL)
			return true;
	return false;
}

static enum cella_status add_bundles(struct cella_collateral_builder *b,
				     struct cella_bytes text, struct cella_error *err)
{
	json_t *json CLEANUP_JSON = NULL;

	TRY(json_parse(text, "collateral", &json, err));
	if (json_is_array(json) && json_array_size(json) > 0) {
		for (size_t i = 0; i < json_array_size(json); i++) {
			if (!is_bundle(json_array_get(json, i)))
				return error_set(err, CELLA_UNSUPPORTED,
						 "element %zu is not a bundle", i);
			TRY(add_bundle(b, json_array_get(json, i), err));
		}
		return CELLA_OK;
	}
	if (!is_bundle(json))
		return error_set(err, CELLA_UNSUPPORTED,
				 "a JSON document, but no collateral");
	return add_bundle(b, json, err);
}

/* signer may be NULL; it is taken in any case. */
static enum cella_status add_json(struct cella_collateral_builder *b,
				  struct cella_bytes text, struct chain_doc *signer,
				  struct cella_error *err)
{
	struct chain_doc *own CLEANUP(chain_doc_cleanup) = signer;
	struct cella_bytes span = { 0 };

	if (text.data[0] == '[')
		return add_bundles(b, text, err);
	TRY(json_member_span(text, "tcbInfo", "collateral", &span, err));
	if (span.len > 0)
		return builder_add_tcb_info(b, text, take(&own), err);
	TRY(json_member_span(text, "enclaveIdentity", "collateral", &span, err));
	if (span.len > 0)
		return builder_add_identity(b, text, take(&own), err);
	TRY(json_member_span(text, "tcbEvaluationDataNumbers", "collateral", &span, err));
	if (span.len > 0)
		return builder_add_numbers(b, text, take(&own), err);
	return add_bundles(b, text, err);
}

static int unhex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum cella_status percent_decode(struct cella_bytes text, struct out *out,
					struct cella_error *err)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] != '%') {
			out_u8(out, text.data[i]);
			continue;
		}
		if (text.len - i < 3 || unhex(text.data[i + 1]) < 0 ||
		    unhex(text.data[i + 2]) < 0)
			return error_set(err, CELLA_MALFORMED,
					 "issuer-chain header: broken percent-encoding");
		out_u8(out,
		       (uint8_t)(unhex(text.data[i + 1]) << 4 | unhex(text.data[i + 2])));
		i += 2;
	}
	return out_status(out, err);
}

/* Headers whose value is the chain of the body's signer, and that chain's role. */
static const struct {
	const char *name;
	enum chain_role role;
} chain_headers[] = {
	{ "TCB-Info-Issuer-Chain", CHAIN_SIGNING },
	{ "SGX-TCB-Info-Issuer-Chain", CHAIN_SIGNING },
	{ "SGX-Enclave-Identity-Issuer-Chain", CHAIN_SIGNING },
	{ "TCB-Evaluation-Data-Numbers-Issuer-Chain", CHAIN_SIGNING },
	{ "SGX-PCK-CRL-Issuer-Chain", CHAIN_PCK_CA },
	{ "SGX-PCK-Certificate-Issuer-Chain", CHAIN_PCK_CA },
};

static bool next_line(struct cella_bytes *rest, struct cella_bytes *line)
{
	const uint8_t *const end = rest->len > 0 ? memchr(rest->data, '\n', rest->len)
						 : NULL;
	size_t len;

	if (end == NULL)
		return false;
	len = (size_t)(end - rest->data);
	*line = bytes_of(rest->data,
			 len > 0 && rest->data[len - 1] == '\r' ? len - 1 : len);
	*rest = bytes_of(end + 1, rest->len - len - 1);
	return true;
}

/* Finds an issuer-chain header; *role is untouched when the line is another one. */
static bool chain_header(struct cella_bytes line, struct cella_bytes *value,
			 enum chain_role *role)
{
	for (size_t i = 0; i < ARRAY_LEN(chain_headers); i++) {
		const size_t len = strlen(chain_headers[i].name);

		if (!text_starts_any_case(line, chain_headers[i].name) ||
		    line.len == len || line.data[len] != ':')
			continue;
		*value = text_trim(bytes_of(line.data + len + 1, line.len - len - 1));
		*role = chain_headers[i].role;
		return true;
	}
	return false;
}

/* The status line of HTTP/1.x or HTTP/2: anything but 200 is an error's body. */
static enum cella_status check_status_line(struct cella_bytes line,
					   struct cella_error *err)
{
	const uint8_t *const space = memchr(line.data, ' ', line.len);
	const size_t at = space == NULL ? line.len : (size_t)(space - line.data) + 1;

	if (line.len < at + 3 || memcmp(line.data + at, "200", 3) != 0)
		return error_set(err, CELLA_MALFORMED, "HTTP response: \"%.*s\", not 200",
				 (int)(line.len < 60 ? line.len : 60),
				 (const char *)line.data);
	return CELLA_OK;
}

enum cella_status builder_add_response(struct cella_collateral_builder *b,
				       struct cella_bytes text, struct cella_error *err)
{
	struct out pem CLEANUP(out_done) = { 0 };
	struct chain_doc *signer CLEANUP(chain_doc_cleanup) = NULL;
	enum chain_role role = CHAIN_SIGNING;
	struct cella_bytes value = { 0 };
	struct cella_bytes line = { 0 };

	if (!next_line(&text, &line))
		return error_set(err, CELLA_MALFORMED,
				 "HTTP response: ends in its headers");
	TRY(check_status_line(line, err));
	for (;;) {
		if (!next_line(&text, &line))
			return error_set(err, CELLA_MALFORMED,
					 "HTTP response: ends in its headers");
		if (line.len == 0)
			break;
		if (!chain_header(line, &value, &role))
			continue;
		if (pem.len > 0)
			return error_set(err, CELLA_MALFORMED,
					 "HTTP response: two issuer-chain headers");
		TRY(percent_decode(value, &pem, err));
	}
	if (pem.len == 0)
		return builder_add_content(b, text, NULL, err);
	if (text_is_pem(text) && memmem(text.data, text.len, " CRL-", 5) == NULL) {
		/* A PCK certificate: its chain is the body and then the header. */
		struct out chain CLEANUP(out_done) = { 0 };

		out_bytes(&chain, text.data, text.len);
		out_text(&chain, "\n");
		out_bytes(&chain, pem.data, pem.len);
		TRY(out_status(&chain, err));
		return builder_add_chain(b, out_view(&chain), err);
	}
	TRY(chain_doc_new(b, out_view(&pem), role, "issuer-chain header", &signer, err));
	return builder_add_content(b, text, take(&signer), err);
}

/* signer may be NULL; it is taken in any case. */
enum cella_status builder_add_content(struct cella_collateral_builder *b,
				      struct cella_bytes text, struct chain_doc *signer,
				      struct cella_error *err)
{
	struct chain_doc *own CLEANUP(chain_doc_cleanup) = signer;
	const struct cella_bytes trimmed = text_trim(text);

	if (trimmed.len == 0)
		return error_set(err, CELLA_MALFORMED, "is empty");
	if (trimmed.data[0] == '{' || trimmed.data[0] == '[')
		return add_json(b, trimmed, take(&own), err);
	if (text_is_pem(trimmed) &&
	    memmem(trimmed.data, trimmed.len, "BEGIN CERTIFICATE", 17) != NULL)
		return builder_add_chain(b, trimmed, err);
	if (trimmed.len > 3 && memcmp(trimmed.data, "eyJ", 3) == 0)
		return error_set(err, CELLA_UNSUPPORTED,
				 "a signed bundle: whose it is must be checked first "
				 "(collateral import --owner)");
	if (trimmed.data[0] != 0x30 && unhex(trimmed.data[0]) < 0 &&
	    !text_is_pem(trimmed))
		return error_set(err, CELLA_MALFORMED,
				 "neither JSON nor PEM, DER or hexadecimal digits");
	/* Not trimmed: DER may begin or end with any byte. */
	return builder_add_crl(b, text, CRL_BY_ISSUER, take(&own), err);
}
