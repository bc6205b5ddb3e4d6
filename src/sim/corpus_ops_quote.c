/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on quotes.
 */
#include "sim/corpus_ops.h"

#include "base/encode.h"

#include <assert.h>
#include <string.h>

enum cella_status sim_hex_at(uint8_t *place, size_t room, const char *hex,
			     struct cella_error *err)
{
	const size_t len = strlen(hex) / 2;

	if (len > room)
		return error_set(err, CELLA_INTERNAL, "%s does not fit", hex);
	return hex_read(bytes_of(hex, strlen(hex)), place, len, "change", err);
}

/* --- what is signed ------------------------------------------------------------------ */

SIM_OP(SIM_STAGE_CONTENT, header)
{
	return sim_hex_at(c->quote.header + change->target,
			  sizeof c->quote.header - (size_t)change->target, change->text,
			  err);
}

SIM_OP(SIM_STAGE_CONTENT, body)
{
	size_t len = 0;
	uint8_t *const field = sim_quote_body_field(&c->quote, change->text, &len);

	return sim_hex_at(field, len, change->with, err);
}

SIM_OP(SIM_STAGE_CONTENT, qe)
{
	size_t len = 0;
	uint8_t *const field =
		sim_field(&sgx_report_layout, c->quote.qe_report, change->text, &len);

	return sim_hex_at(field, len, change->with, err);
}

/* The lowest bit of a field's last byte. */
SIM_OP(SIM_STAGE_CONTENT, qe_last_byte)
{
	size_t len = 0;
	uint8_t *const field =
		sim_field(&sgx_report_layout, c->quote.qe_report, change->text, &len);

	field[len - 1] ^= 1;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_CONTENT, body_type)
{
	c->quote.body_type = (uint16_t)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_CONTENT, len)
{
	c->quote.len_errors[change->target] = change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_CONTENT, outer_type)
{
	c->quote.outer_type = (uint16_t)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_CONTENT, cert_type)
{
	c->quote.cert_type = (uint16_t)change->number;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_CONTENT, cert_data)
{
	return sim_quote_set_cert_data(&c->quote, c->world->actors[change->target],
				       (enum cert_data_type)change->number, err);
}

SIM_OP(SIM_STAGE_CONTENT, auth)
{
	assert(change->number <= SIM_AUTH_DATA_MAX);
	c->quote.auth_data_len = (size_t)change->number;
	for (size_t i = 0; i < c->quote.auth_data_len; i++)
		c->quote.auth_data[i] = (uint8_t)i;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_CONTENT, pck_signs_with)
{
	c->quote.pck_key = sim_key_of(c, (enum sim_whose)change->number);
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SPEC, quote_from)
{
	c->quote_platform = c->world->actors[change->target];
	sim_chain_fill(&c->chains[SIM_CHAIN_PCK], SIM_CHAIN_PCK, c->quote_platform);
	return CELLA_OK;
}

/* --- between binding and signing ----------------------------------------------------- */

static uint8_t *qe_report_data(struct sim_case *c)
{
	size_t len = 0;

	return sim_field(&sgx_report_layout, c->quote.qe_report, "report_data", &len);
}

/* Another key signs the quote; the QE's report still names the right one. */
SIM_OP(SIM_STAGE_BOUND, att_key_after)
{
	c->quote.attestation_key = sim_key_of(c, (enum sim_whose)change->number);
	memcpy(c->quote.attestation_point,
	       private_key_point(c->quote.attestation_key).data, P256_POINT_LEN);
	return CELLA_OK;
}

/* The QE's report names a key that is no point of the curve. */
SIM_OP(SIM_STAGE_BOUND, att_point)
{
	const struct cella_bytes parts[] = {
		bytes_of(c->quote.attestation_point, P256_POINT_LEN),
		bytes_of(c->quote.auth_data, c->quote.auth_data_len),
	};

	c->quote.attestation_point[P256_POINT_LEN - 1] ^= 1;
	return crypto_digest(CRYPTO_SHA256, parts, ARRAY_LEN(parts), qe_report_data(c),
			     err);
}

SIM_OP(SIM_STAGE_BOUND, qe_data)
{
	uint8_t *const data = qe_report_data(c);
	uint8_t hash[SHA256_LEN];

	memcpy(hash, data, sizeof hash);
	if (strcmp(change->text, "upper half") == 0) {
		data[REPORT_DATA_LEN - 1] = 1;
	} else if (strcmp(change->text, "reversed") == 0) {
		bytes_reverse(bytes_of(hash, sizeof hash), data);
	} else if (strcmp(change->text, "key only") == 0) {
		return crypto_sha256(bytes_of(c->quote.attestation_point, P256_POINT_LEN),
				     data, err);
	} else if (strcmp(change->text, "prefix") == 0) {
		memset(data + SHA256_LEN / 2, 0, SHA256_LEN / 2);
	} else {
		return error_set(err, CELLA_INTERNAL, "no such change: %s", change->text);
	}
	return CELLA_OK;
}

/* --- after signing ------------------------------------------------------------------- */

SIM_OP(SIM_STAGE_SIGNED, body_after)
{
	size_t len = 0;

	sim_quote_body_field(&c->quote, change->text, &len)[0] ^= 1;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SIGNED, qe_after)
{
	size_t len = 0;

	sim_field(&sgx_report_layout, c->quote.qe_report, change->text, &len)[0] ^= 1;
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SIGNED, auth_after)
{
	c->quote.auth_data[0] ^= 1;
	return CELLA_OK;
}

static void swap_halves(uint8_t signature[P256_SIGNATURE_LEN])
{
	uint8_t r[P256_SIGNATURE_LEN / 2];

	memcpy(r, signature, sizeof r);
	memcpy(signature, signature + sizeof r, sizeof r);
	memcpy(signature + sizeof r, r, sizeof r);
}

static enum cella_status spoil(uint8_t signature[P256_SIGNATURE_LEN], const char *how,
			       struct cella_error *err)
{
	if (strcmp(how, "flip") == 0)
		signature[P256_SIGNATURE_LEN - 1] ^= 1;
	else if (strcmp(how, "zero") == 0)
		memset(signature, 0, P256_SIGNATURE_LEN);
	else if (strcmp(how, "ones") == 0)
		memset(signature, 0xff, P256_SIGNATURE_LEN);
	else if (strcmp(how, "swap") == 0)
		swap_halves(signature);
	else
		return error_set(err, CELLA_INTERNAL, "no such change: %s", how);
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_SIGNED, signature)
{
	return spoil(c->quote.signature, change->text, err);
}

SIM_OP(SIM_STAGE_SIGNED, qe_signature)
{
	return spoil(c->quote.qe_signature, change->text, err);
}

SIM_OP(SIM_STAGE_SIGNED, doc_signature)
{
	return spoil(c->collateral.documents[change->target].signature, change->text,
		     err);
}

SIM_OP(SIM_STAGE_SIGNED, pem_text)
{
	return sim_text_replace(&c->quote.cert_data, change->text, change->with, err);
}

SIM_OP(SIM_STAGE_SIGNED, tail)
{
	return hex_append(bytes_of(change->text, strlen(change->text)), &c->quote.tail,
			  "tail", err);
}

/* --- the finished bytes -------------------------------------------------------------- */

SIM_OP(SIM_STAGE_BYTES, quote_cut)
{
	struct out *const bytes = &c->quote_bytes;
	const size_t len = change->number >= 0 ? (size_t)change->number
					       : bytes->len - (size_t)-change->number;

	if (len >= bytes->len)
		return error_set(err, CELLA_INTERNAL, "the quote is shorter than that");
	bytes->len = len;
	return CELLA_OK;
}

/* What only the CPU that made it could check, in the place of a quote. */
SIM_OP(SIM_STAGE_BYTES, report_instead)
{
	uint8_t report[TD_REPORT_LEN];

	out_done(&c->quote_bytes);
	if (c->quote.body_layout == &sgx_report_layout) {
		out_bytes(&c->quote_bytes, c->quote.body, c->quote.body_len);
	} else {
		TRY(sim_td_report(c->platform, c->platform->td_body, 0, report, err));
		out_bytes(&c->quote_bytes, report, sizeof report);
	}
	return out_status(&c->quote_bytes, err);
}

SIM_OP(SIM_STAGE_BYTES, quote_set)
{
	struct out *const bytes = &c->quote_bytes;
	const size_t at = change->number >= 0 ? (size_t)change->number
					      : bytes->len - (size_t)-change->number;

	if (at > bytes->len)
		return error_set(err, CELLA_INTERNAL, "the quote is shorter than that");
	return sim_hex_at(bytes->data + at, bytes->len - at, change->text, err);
}
