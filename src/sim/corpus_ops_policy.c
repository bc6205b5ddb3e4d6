/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies of cases: values of the quote put in place, signatures, and forgeries of them.
 */
#include "sim/corpus_ops.h"

#include <cella/policy.h>

#include "base/encode.h"

#include <string.h>

enum { FIELD_NAME_MAX = 32, POLICY_VALUE_MAX = 64 };

/* --- values -------------------------------------------------------------------------- */

static struct cella_bytes value_of(struct sim_case *c, const char *name)
{
	size_t len = 0;
	uint8_t *field;

	if (strcmp(name, "ppid") == 0)
		return bytes_of(c->platform->pck_ext.ppid, PPID_LEN);
	field = sim_quote_body_field(&c->quote, name, &len);
	return bytes_of(field, len);
}

/* One <…>: '=' before the name is wire order, '!' a value that differs in one bit. */
static enum cella_status write_value(struct sim_case *c, const char *name,
				     struct cella_error *err)
{
	const bool is_wire = name[0] == '=';
	const bool is_other = name[0] == '!';
	const struct cella_bytes value = value_of(c, name + (is_wire || is_other));
	uint8_t bytes[POLICY_VALUE_MAX];

	if (value.len > sizeof bytes)
		return error_set(err, CELLA_INTERNAL, "%s is too long", name);
	if (is_wire)
		memcpy(bytes, value.data, value.len);
	else
		bytes_reverse(value, bytes);
	bytes[0] ^= is_other;
	hex_write_upper(&c->policy, bytes_of(bytes, value.len));
	return CELLA_OK;
}

enum cella_status sim_policy_expand(struct sim_case *c, struct cella_error *err)
{
	const char *at = c->row->options.policy;

	while (*at != '\0') {
		const size_t len = *at == '<' ? strcspn(at + 1, ">") : 0;
		char name[FIELD_NAME_MAX] = "";

		if (*at != '<' || len >= sizeof name) {
			out_u8(&c->policy, (uint8_t)*at++);
			continue;
		}
		memcpy(name, at + 1, len);
		TRY(write_value(c, name, err));
		at += len + 2;
	}
	return out_status(&c->policy, err);
}

/* --- signatures ---------------------------------------------------------------------- */

SIM_OP(SIM_STAGE_BYTES, policy_signed)
{
	struct cella_signer signer;
	char *jwt CLEANUP_FREE = NULL;

	/* The signer does not change the key that it borrows. */
	private_key_signer((struct private_key *)(uintptr_t)sim_key_of(
				   c, (enum sim_whose)change->number),
			   &signer);
	TRY(cella_policy_sign(c->policy.data, c->policy.len, &signer, &jwt, err));
	out_done(&c->policy);
	out_text(&c->policy, jwt);
	return out_status(&c->policy, err);
}

SIM_OP(SIM_STAGE_BYTES, policy_owner)
{
	return private_key_public_pem(sim_key_of(c, (enum sim_whose)change->number),
				      &c->owner, err);
}

/* A character in the middle of the signature, so that every bit of it counts. */
SIM_OP(SIM_STAGE_BYTES, policy_spoil)
{
	uint8_t *const at = c->policy.data + c->policy.len - 40;

	*at = *at == 'A' ? 'B' : 'A';
	return CELLA_OK;
}

/* Decodes a part of a token, replaces a text in it, and writes it again. */
static enum cella_status alter_part(struct cella_bytes part,
				    const struct sim_change *change, struct out *out,
				    struct cella_error *err)
{
	struct out text CLEANUP(out_done) = { 0 };

	TRY(base64url_append(part, &text, "token", err));
	TRY(sim_text_replace(&text, change->text, change->with, err));
	base64url_write(out, out_view(&text));
	return out_status(out, err);
}

/* The token's parts: header, payload, signature. */
static enum cella_status split(const struct out *token, struct cella_bytes parts[3],
			       struct cella_error *err)
{
	const uint8_t *const first = memchr(token->data, '.', token->len);
	const uint8_t *const last = memrchr(token->data, '.', token->len);
	const uint8_t *const end = token->data + token->len;

	if (first == NULL || first == last)
		return error_set(err, CELLA_INTERNAL, "the policy is not signed");
	parts[0] = bytes_of(token->data, (size_t)(first - token->data));
	parts[1] = bytes_of(first + 1, (size_t)(last - first) - 1);
	parts[2] = bytes_of(last + 1, (size_t)(end - last) - 1);
	return CELLA_OK;
}

/* Takes over what was made. */
static enum cella_status replace_policy(struct sim_case *c, struct out *made,
					struct cella_error *err)
{
	TRY(out_status(made, err));
	out_done(&c->policy);
	c->policy = *made;
	*made = (struct out){ 0 };
	return CELLA_OK;
}

SIM_OP(SIM_STAGE_BYTES, policy_altered)
{
	struct out made CLEANUP(out_done) = { 0 };
	struct cella_bytes parts[3] = { 0 };

	TRY(split(&c->policy, parts, err));
	out_bytes(&made, parts[0].data, parts[0].len);
	out_u8(&made, '.');
	TRY(alter_part(parts[1], change, &made, err));
	out_u8(&made, '.');
	out_bytes(&made, parts[2].data, parts[2].len);
	return replace_policy(c, &made, err);
}

/* The owner signs whatever the header says. */
SIM_OP(SIM_STAGE_BYTES, policy_header)
{
	struct out made CLEANUP(out_done) = { 0 };
	uint8_t signature[P384_SIGNATURE_LEN];
	struct cella_bytes parts[3] = { 0 };

	TRY(split(&c->policy, parts, err));
	TRY(alter_part(parts[0], change, &made, err));
	out_u8(&made, '.');
	out_bytes(&made, parts[1].data, parts[1].len);
	TRY(out_status(&made, err));
	TRY(private_key_sign(c->world->owner, out_view(&made), signature, err));
	out_u8(&made, '.');
	base64url_write(&made, bytes_of(signature, sizeof signature));
	return replace_policy(c, &made, err);
}

SIM_OP(SIM_STAGE_BYTES, policy_tail)
{
	out_text(&c->policy, change->text);
	return out_status(&c->policy, err);
}
