/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MRTD of a firmware (TDX Virtual Firmware Design Guide: metadata; TDX Module: TDH.MEM.PAGE.ADD
 * and TDH.MR.EXTEND). Its table of GUIDs ends 48 bytes before the file's end, and is read from
 * there backwards; one entry says where the list of sections is.
 */
#include "vm/td_predict.h"

#include "base/bytes.h"
#include "crypto/hasher.h"

#include <string.h>

enum {
	GUID_LEN = 16,
	FOOTER_FROM_END = 48,
	ENTRY_MIN = GUID_LEN + 2,
	TDVF_ENTRY_LEN = ENTRY_MIN + 4,
	TDVF_VERSION = 1,
	MAX_SECTIONS = 64,
	ATTRIBUTE_EXTEND = 1,
	ATTRIBUTE_AUGMENT = 2, /* pages that come later, and are not measured */
	PAGE_LEN = 4096,
	CHUNK_LEN = 256,
	BLOCK_LEN = 128, /* what an operation measures of itself */
	GPA_AT = 16,
	MEMORY_MAX = 1 << 28, /* of one section */
};

/* 96b582de-1fb2-45f7-baea-a366c55a082d and e47a6535-984a-4798-865e-4685a7bf8ec2 */
static const uint8_t footer_guid[GUID_LEN] = { 0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f,
					       0xf7, 0x45, 0xba, 0xea, 0xa3, 0x66,
					       0xc5, 0x5a, 0x08, 0x2d };
static const uint8_t tdvf_guid[GUID_LEN] = { 0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98,
					     0x98, 0x47, 0x86, 0x5e, 0x46, 0x85,
					     0xa7, 0xbf, 0x8e, 0xc2 };

static bool is_guid(struct cella_bytes file, size_t at, const uint8_t guid[GUID_LEN])
{
	return memcmp(file.data + at, guid, GUID_LEN) == 0;
}

static size_t u16_at(struct cella_bytes file, size_t at)
{
	return (size_t)file.data[at] | (size_t)file.data[at + 1] << 8;
}

/* Entries end with their GUID, before which their length is; *out is from the file's end. */
static enum cella_status find_tdvf(struct cella_bytes file, uint32_t *out,
				   struct cella_error *err)
{
	size_t end = file.len - FOOTER_FROM_END - 2;
	size_t left;

	if (file.len < FOOTER_FROM_END + ENTRY_MIN ||
	    !is_guid(file, file.len - FOOTER_FROM_END, footer_guid))
		return error_set(err, CELLA_UNSUPPORTED,
				 "firmware: has no table of GUIDs at its end: it is not "
				 "of the kind that trust domains start with");
	left = u16_at(file, end);
	left = left > ENTRY_MIN ? left - ENTRY_MIN : 0;
	left = left < end ? left : end;
	while (left >= ENTRY_MIN) {
		const size_t len = u16_at(file, end - ENTRY_MIN);
		struct in in;

		if (len < ENTRY_MIN || len > left)
			return error_set(err, CELLA_MALFORMED,
					 "firmware: table of GUIDs: an entry of %zu "
					 "bytes, %zu left",
					 len, left);
		if (is_guid(file, end - GUID_LEN, tdvf_guid) && len == TDVF_ENTRY_LEN) {
			in_init(&in, bytes_of(file.data + end - len, 4), "firmware");
			*out = in_u32le(&in, "offset of its metadata");
			return in_status(&in, err);
		}
		end -= len;
		left -= len;
	}
	return error_set(err, CELLA_UNSUPPORTED,
			 "firmware: has no metadata for trust domains (TDVF)");
}

/* --- measuring ----------------------------------------------------------------------- */

struct section {
	struct cella_bytes raw;
	uint64_t address;
	uint64_t memory;
	uint32_t attributes;
};

static void add_block(struct sha384_hasher *hasher, const char *operation, uint64_t gpa)
{
	uint8_t block[BLOCK_LEN] = { 0 };

	memcpy(block, operation, strlen(operation));
	for (size_t i = 0; i < sizeof gpa; i++)
		block[GPA_AT + i] = (uint8_t)(gpa >> (8 * i));
	sha384_add(hasher, bytes_of(block, sizeof block));
}

/* What the file does not fill is zero. */
static void add_chunk(struct sha384_hasher *hasher, const struct section *section,
		      uint64_t offset)
{
	uint8_t chunk[CHUNK_LEN] = { 0 };
	size_t len = 0;

	if (offset < section->raw.len)
		len = section->raw.len - offset < CHUNK_LEN
			      ? (size_t)(section->raw.len - offset)
			      : CHUNK_LEN;
	memcpy(chunk, section->raw.data + (len > 0 ? offset : 0), len);
	add_block(hasher, "MR.EXTEND", section->address + offset);
	sha384_add(hasher, bytes_of(chunk, sizeof chunk));
}

static void measure(struct sha384_hasher *hasher, const struct section *section)
{
	const bool is_added = (section->attributes & ATTRIBUTE_AUGMENT) == 0;
	const bool is_extended = (section->attributes & ATTRIBUTE_EXTEND) != 0;

	for (uint64_t page = 0; page < section->memory && is_added; page += PAGE_LEN) {
		add_block(hasher, "MEM.PAGE.ADD", section->address + page);
		for (uint64_t at = 0; at < PAGE_LEN && is_extended; at += CHUNK_LEN)
			add_chunk(hasher, section, page + at);
	}
}

static enum cella_status read_section(struct in *in, struct cella_bytes file, size_t i,
				      struct section *out, struct cella_error *err)
{
	const uint32_t offset = in_u32le(in, "data offset");
	const uint32_t len = in_u32le(in, "raw size");

	*out = (struct section){ .address = in_u64le(in, "address"),
				 .memory = in_u64le(in, "memory size") };
	in_skip(in, 4, "type");
	out->attributes = in_u32le(in, "attributes");
	TRY(in_status(in, err));
	if (offset > file.len || len > file.len - offset)
		return error_set(err, CELLA_MALFORMED,
				 "firmware: section %zu ends behind the file", i);
	if (out->memory > MEMORY_MAX || out->memory % PAGE_LEN != 0 ||
	    out->address % PAGE_LEN != 0 || len > out->memory)
		return error_set(err, CELLA_MALFORMED,
				 "firmware: section %zu: %llu bytes of memory at %#llx "
				 "for %u bytes of the file",
				 i, (unsigned long long)out->memory,
				 (unsigned long long)out->address, len);
	out->raw = bytes_of(file.data + offset, len);
	return CELLA_OK;
}

static enum cella_status measure_all(struct in *in, struct cella_bytes file,
				     struct sha384_hasher *hasher,
				     struct cella_error *err)
{
	uint32_t num;

	if (!bytes_equal(in_bytes(in, 4, "signature"), bytes_of("TDVF", 4)))
		return error_set(err, CELLA_MALFORMED,
				 "firmware: its metadata does not begin with TDVF");
	in_skip(in, 4, "length");
	if (in_u32le(in, "version") != TDVF_VERSION)
		return error_set(err, CELLA_UNSUPPORTED,
				 "firmware: metadata of another version than %d",
				 TDVF_VERSION);
	num = in_u32le(in, "number of sections");
	TRY(in_status(in, err));
	if (num == 0 || num > MAX_SECTIONS)
		return error_set(err, CELLA_LIMIT, "firmware: %u sections, not 1 to %d",
				 num, MAX_SECTIONS);
	for (uint32_t i = 0; i < num; i++) {
		struct section section;

		TRY(read_section(in, file, i, &section, err));
		measure(hasher, &section);
	}
	return CELLA_OK;
}

enum cella_status td_firmware_mrtd(struct cella_bytes firmware, struct td_digest *out,
				   struct cella_error *err)
{
	struct sha384_hasher *hasher CLEANUP(sha384_cleanup) = NULL;
	uint32_t from_end = 0;
	struct in in;

	TRY(find_tdvf(firmware, &from_end, err));
	if (from_end > firmware.len)
		return error_set(err, CELLA_MALFORMED,
				 "firmware: its metadata is before its beginning");
	in_init(&in, firmware, "firmware: metadata");
	in_skip(&in, firmware.len - from_end, "offset");
	TRY(sha384_new(&hasher, err));
	TRY(measure_all(&in, firmware, hasher, err));
	sha384_finish(hasher, out->bytes);
	return CELLA_OK;
}
