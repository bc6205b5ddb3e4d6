/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM2_NV_ReadPublic, NV_Read, NV_DefineSpace, NV_Write.
 */
#include "collect/tpm_nv.h"

enum {
	CC_NV_DEFINE_SPACE = 0x12a,
	CC_NV_WRITE = 0x137,
	CC_NV_READ = 0x14e,
	CC_NV_READ_PUBLIC = 0x169,
	HANDLE_OWNER = 0x40000001,
	CHUNK = 512, /* every TPM takes that much at once */
	NV_PUBLIC_LEN = 14,
};

enum cella_status tpm_nv_find(const struct tpm *tpm, uint32_t index, struct tpm_nv *out,
			      struct cella_error *err)
{
	uint8_t response[TPM_RESPONSE_MAX];
	struct out command CLEANUP(out_done) = { 0 };
	struct tpm_nv nv = { 0 };
	uint16_t policy_len;
	struct in in;

	tpm_begin(&command, TPM_TAG_NO_SESSIONS, CC_NV_READ_PUBLIC);
	out_u32be(&command, index);
	TRY(tpm_run(tpm, &command, "asking for the index", response, &in, err));
	in_skip(&in, 2, "nvPublic.size");
	nv.index = in_u32be(&in, "nvIndex");
	in_skip(&in, 2, "nameAlg");
	nv.attributes = in_u32be(&in, "attributes");
	policy_len = in_u16be(&in, "authPolicy.size");
	TRY(in_status(&in, err));
	in_skip(&in, policy_len, "authPolicy");
	nv.size = in_u16be(&in, "dataSize");
	TRY(in_status(&in, err));
	if (nv.index != index)
		return error_set(err, CELLA_MALFORMED,
				 "the TPM's answer: nvIndex: 0x%x, not 0x%x", nv.index,
				 index);
	*out = nv;
	return CELLA_OK;
}

/* Whose empty password opens it: the owner's, or the index's own. */
static uint32_t auth_handle(const struct tpm_nv *nv, uint32_t owner_may)
{
	return (nv->attributes & owner_may) != 0 ? HANDLE_OWNER : nv->index;
}

static enum cella_status read_chunk(const struct tpm *tpm, const struct tpm_nv *nv,
				    uint16_t offset, uint16_t len, struct out *out,
				    struct cella_error *err)
{
	uint8_t response[TPM_RESPONSE_MAX];
	struct out command CLEANUP(out_done) = { 0 };
	struct cella_bytes data;
	uint16_t data_len;
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_NV_READ);
	out_u32be(&command, auth_handle(nv, TPM_NV_OWNER_READ));
	out_u32be(&command, nv->index);
	tpm_put_empty_auth(&command);
	out_u16be(&command, len);
	out_u16be(&command, offset);
	TRY(tpm_run(tpm, &command, "reading the index", response, &in, err));
	in_skip(&in, 4, "parameterSize");
	data_len = in_u16be(&in, "data.size");
	TRY(in_status(&in, err));
	data = in_bytes(&in, data_len, "data");
	TRY(in_status(&in, err));
	if (data.len != len)
		return error_set(err, CELLA_MALFORMED,
				 "the TPM's answer: data: %zu bytes, not %u", data.len,
				 len);
	out_bytes(out, data.data, data.len);
	return out_status(out, err);
}

enum cella_status tpm_nv_read(const struct tpm *tpm, const struct tpm_nv *nv,
			      struct out *out, struct cella_error *err)
{
	for (unsigned offset = 0; offset < nv->size; offset += CHUNK) {
		const unsigned left = nv->size - offset;
		const unsigned len = left < CHUNK ? left : CHUNK;

		TRY(read_chunk(tpm, nv, (uint16_t)offset, (uint16_t)len, out, err));
	}
	return CELLA_OK;
}

enum cella_status tpm_nv_define(const struct tpm *tpm, uint32_t index, uint16_t size,
				struct cella_error *err)
{
	uint8_t response[TPM_RESPONSE_MAX];
	struct out command CLEANUP(out_done) = { 0 };
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_NV_DEFINE_SPACE);
	out_u32be(&command, HANDLE_OWNER);
	tpm_put_empty_auth(&command);
	out_u16be(&command, 0); /* its password */
	out_u16be(&command, NV_PUBLIC_LEN);
	out_u32be(&command, index);
	out_u16be(&command, TPM_ALG_SHA256);
	out_u32be(&command, TPM_NV_OWNER_WRITE | TPM_NV_AUTH_WRITE | TPM_NV_OWNER_READ |
				    TPM_NV_AUTH_READ | TPM_NV_NO_DA);
	out_u16be(&command, 0); /* its policy */
	out_u16be(&command, size);
	return tpm_run(tpm, &command, "making the index", response, &in, err);
}

static enum cella_status write_chunk(const struct tpm *tpm, const struct tpm_nv *nv,
				     uint16_t offset, struct cella_bytes bytes,
				     struct cella_error *err)
{
	uint8_t response[TPM_RESPONSE_MAX];
	struct out command CLEANUP(out_done) = { 0 };
	struct in in;

	tpm_begin(&command, TPM_TAG_SESSIONS, CC_NV_WRITE);
	out_u32be(&command, auth_handle(nv, TPM_NV_OWNER_WRITE));
	out_u32be(&command, nv->index);
	tpm_put_empty_auth(&command);
	out_u16be(&command, (uint16_t)bytes.len);
	out_bytes(&command, bytes.data, bytes.len);
	out_u16be(&command, offset);
	return tpm_run(tpm, &command, "writing the index", response, &in, err);
}

enum cella_status tpm_nv_write(const struct tpm *tpm, const struct tpm_nv *nv,
			       struct cella_bytes bytes, struct cella_error *err)
{
	if (bytes.len > nv->size)
		return error_set(err, CELLA_LIMIT, "the index has %u bytes, not %zu",
				 nv->size, bytes.len);
	for (size_t offset = 0; offset < bytes.len; offset += CHUNK) {
		const size_t left = bytes.len - offset;
		const size_t len = left < CHUNK ? left : CHUNK;

		TRY(write_chunk(tpm, nv, (uint16_t)offset,
				bytes_slice(bytes, offset, len), err));
	}
	return CELLA_OK;
}
