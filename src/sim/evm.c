/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vTPM of paper: TPMS_ATTEST, TPMT_SIGNATURE and TPM2B_PUBLIC (TPM 2.0 Library, part 2;
 * big endian), written by hand.
 */
#include "sim/evm.h"

#include <string.h>

enum {
	TPM_ST_ATTEST_QUOTE = 0x8018,
	TPM_ALG_ECDSA = 0x18,
	NAME_LEN = 2 + SHA256_LEN,
	COORDINATE_LEN = 32,
};
static const uint32_t tpm_generated = 0xff544347;
static const char machine[] = "q35";

void sim_evm_done(struct sim_evm_parts *parts)
{
	private_key_free(parts->ak);
	out_done(&parts->certificate);
	out_done(&parts->log);
	out_done(&parts->extra_data);
	out_done(&parts->quote);
	out_done(&parts->signature);
}

/* --- the log and its PCRs ------------------------------------------------------------ */

/* As the guest's init measures a text (guest/measure.h). */
static enum cella_status add_measured(struct out *log, struct cella_bytes text,
				      struct cella_error *err)
{
	struct out event CLEANUP(out_done) = { 0 };
	struct launch_digest digest;
	struct cella_bytes data;

	out_u32le(&event, AAEL_TAG);
	out_u32le(&event, (uint32_t)text.len);
	out_bytes(&event, text.data, text.len);
	TRY(out_status(&event, err));
	data = out_view(&event);
	TRY(launch_digest_of(&data, 1, &digest, err));
	out_u32le(log, LAUNCH_PCR_APPLICATION);
	out_u32le(log, EV_EVENT_TAG);
	out_u32le(log, 2);
	out_u16le(log, CELLA_HASH_SHA256);
	out_bytes(log, digest.sha256, SHA256_LEN);
	out_u16le(log, CELLA_HASH_SHA384);
	out_bytes(log, digest.sha384, SHA384_LEN);
	out_u32le(log, (uint32_t)data.len);
	out_bytes(log, data.data, data.len);
	return out_status(log, err);
}

static enum cella_status write_log(const struct sim_evm_spec *spec, struct out *log,
				   struct cella_error *err)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	struct launch_plan plan;

	TRY(launch_plan_make(machine, spec->image, spec->config, &arena, &plan, err));
	TRY(launch_log_write(&plan, log, err));
	for (size_t i = 0; i < spec->num_measured; i++)
		TRY(add_measured(log, spec->measured[i], err));
	return CELLA_OK;
}

static enum cella_status replay(struct sim_evm_parts *parts, struct cella_error *err)
{
	struct cella_event_log *log CLEANUP(event_log_cleanup) = NULL;

	TRY(cella_event_log_parse(parts->log.data, parts->log.len, &log, err));
	for (unsigned i = 0; i < LAUNCH_NUM_PCRS; i++) {
		uint8_t value[CELLA_REGISTER_MAX];
		size_t len = 0;

		TRY(cella_event_log_replay(log, CELLA_HASH_SHA256, i, value, &len, err));
		memcpy(parts->pcrs[i], value, SHA256_LEN);
	}
	return CELLA_OK;
}

/* --- the key ------------------------------------------------------------------------- */

static void put_public(struct out *out, struct cella_bytes point)
{
	static const uint8_t head[] = { 0x00, 0x58, 0x00, 0x23, 0x00, 0x0b, 0x00, 0x05,
					0x04, 0x72, 0x00, 0x00, 0x00, 0x10, 0x00, 0x18,
					0x00, 0x0b, 0x00, 0x03, 0x00, 0x10 };

	out_bytes(out, head, sizeof head);
	for (size_t i = 0; i < 2; i++) {
		out_u16be(out, COORDINATE_LEN);
		out_bytes(out, point.data + i * COORDINATE_LEN, COORDINATE_LEN);
	}
}

static enum cella_status certify(const struct sim_evm_spec *spec,
				 struct sim_evm_parts *parts, struct cella_error *err)
{
	struct out public_area CLEANUP(out_done) = { 0 };

	TRY(private_key_generate(CRYPTO_P256, &parts->ak, err));
	put_public(&public_area, private_key_point(parts->ak));
	TRY(out_status(&public_area, err));
	return host_key_certify(spec->host, out_view(&public_area), spec->enclave_id,
				spec->time, &parts->certificate, err);
}

static enum cella_status begin(const struct sim_evm_spec *spec,
			       struct sim_evm_parts *parts, struct cella_error *err)
{
	uint8_t binding[SHA256_LEN];

	memcpy(parts->report_data, spec->report_data, sizeof parts->report_data);
	parts->host_claims = spec->host_claims;
	parts->attest_type = TPM_ST_ATTEST_QUOTE;
	parts->selected = EVM_SELECTED;
	TRY(certify(spec, parts, err));
	TRY(write_log(spec, &parts->log, err));
	TRY(replay(parts, err));
	TRY(evm_binding(parts->report_data, binding, err));
	out_bytes(&parts->extra_data, binding, sizeof binding);
	return out_status(&parts->extra_data, err);
}

enum cella_status sim_evm_begin(const struct sim_evm_spec *spec,
				struct sim_evm_parts *out, struct cella_error *err)
{
	struct sim_evm_parts parts = { .ak = NULL };
	const enum cella_status status = begin(spec, &parts, err);

	if (status == CELLA_OK)
		*out = parts;
	else
		sim_evm_done(&parts);
	return status;
}

/* --- the quote ----------------------------------------------------------------------- */

static enum cella_status put_pcr_digest(struct sim_evm_parts *parts,
					struct cella_error *err)
{
	struct cella_bytes selected[LAUNCH_NUM_PCRS];
	uint8_t digest[SHA256_LEN];
	size_t num = 0;

	for (size_t i = 0; i < LAUNCH_NUM_PCRS; i++)
		if ((parts->selected >> i & 1) != 0)
			selected[num++] = bytes_of(parts->pcrs[i], SHA256_LEN);
	TRY(crypto_digest(CRYPTO_SHA256, selected, num, digest, err));
	out_u16be(&parts->quote, SHA256_LEN);
	out_bytes(&parts->quote, digest, sizeof digest);
	return CELLA_OK;
}

static enum cella_status write_quote(struct sim_evm_parts *parts, struct cella_error *err)
{
	struct out *const q = &parts->quote;

	q->len = 0;
	out_u32be(q, tpm_generated);
	out_u16be(q, parts->attest_type);
	out_u16be(q, NAME_LEN);
	out_u16be(q, CELLA_HASH_SHA256);
	out_zeros(q, SHA256_LEN);
	out_u16be(q, (uint16_t)parts->extra_data.len);
	out_bytes(q, parts->extra_data.data, parts->extra_data.len);
	out_zeros(q, 8); /* clock */
	out_u32be(q, 1); /* resets */
	out_u32be(q, 0); /* restarts */
	out_u8(q, 1);    /* safe */
	out_zeros(q, 8); /* firmware */
	out_u32be(q, 1); /* banks */
	out_u16be(q, CELLA_HASH_SHA256);
	out_u8(q, 3);
	for (int shift = 0; shift < 24; shift += 8)
		out_u8(q, (uint8_t)(parts->selected >> shift));
	TRY(put_pcr_digest(parts, err));
	return out_status(q, err);
}

enum cella_status sim_evm_sign(struct sim_evm_parts *parts, struct cella_error *err)
{
	uint8_t signature[P256_SIGNATURE_LEN];

	TRY(write_quote(parts, err));
	TRY(private_key_sign(parts->ak, out_view(&parts->quote), signature, err));
	parts->signature.len = 0;
	out_u16be(&parts->signature, TPM_ALG_ECDSA);
	out_u16be(&parts->signature, CELLA_HASH_SHA256);
	for (size_t i = 0; i < 2; i++) {
		out_u16be(&parts->signature, COORDINATE_LEN);
		out_bytes(&parts->signature, signature + i * COORDINATE_LEN,
			  COORDINATE_LEN);
	}
	return out_status(&parts->signature, err);
}

enum cella_status sim_evm_write(const struct sim_evm_parts *parts, struct out *out,
				struct cella_error *err)
{
	const struct evm_parts document = {
		.report_data = bytes_of(parts->report_data, sizeof parts->report_data),
		.quote = out_view(&parts->quote),
		.signature = out_view(&parts->signature),
		.certificate = out_view(&parts->certificate),
		.pcrs = bytes_of(parts->pcrs, sizeof parts->pcrs),
		.event_log = out_view(&parts->log),
		.host_claims = parts->host_claims,
	};

	return evm_write(&document, out, err);
}

enum cella_status sim_evm_make(const struct sim_evm_spec *spec, struct out *out,
			       struct cella_error *err)
{
	struct sim_evm_parts parts CLEANUP(sim_evm_done) = { .ak = NULL };

	TRY(sim_evm_begin(spec, &parts, err));
	TRY(sim_evm_sign(&parts, err));
	return sim_evm_write(&parts, out, err);
}
