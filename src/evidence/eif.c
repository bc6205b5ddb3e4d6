/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enclave images: reading, writing, measuring. See eif.h for the layout.
 */
#include "evidence/eif.h"

#include "base/crc32.h"

#include <string.h>

enum { FLAG_ARM64 = 1, HEADER_NUM_SECTIONS_AT = 26, HEADER_OFFSETS_AT = 28 };

static const uint8_t magic[4] = { '.', 'e', 'i', 'f' };

/* What a section may be: how large, how often. */
static const struct {
	const char *name;
	size_t min_len;
	size_t max_len;
	size_t min_num;
	size_t max_num;
} types[EIF_NUM_TYPES] = {
	[EIF_INVALID] = { "invalid", 0, 0, 0, 0 },
	[EIF_KERNEL] = { "kernel", 1, EIF_KERNEL_MAX, 1, 1 },
	[EIF_CMDLINE] = { "command line", 0, EIF_CMDLINE_MAX, 1, 1 },
	[EIF_RAMDISK] = { "ramdisk", 1, EIF_MAX, 1, EIF_MAX_RAMDISKS },
	[EIF_SIGNATURE] = { "signature", 1, EIF_SIGNATURE_MAX, 0, 1 },
	[EIF_METADATA] = { "metadata", 1, EIF_METADATA_MAX, 1, 1 },
};

const char *eif_type_name(enum eif_type type)
{
	return types[type].name;
}

bool eif_is_one(struct cella_bytes file)
{
	return file.len >= sizeof magic && memcmp(file.data, magic, sizeof magic) == 0;
}

/* --- reading ------------------------------------------------------------------------- */

struct header {
	uint16_t num_sections;
	uint64_t offsets[EIF_MAX_SECTIONS];
	uint64_t sizes[EIF_MAX_SECTIONS];
};

static enum cella_status read_header(struct in *in, struct eif *image, struct header *h,
				     struct cella_error *err)
{
	uint16_t version, flags;

	in_skip(in, sizeof magic, "header.magic");
	version = in_u16be(in, "header.version");
	TRY(in_status(in, err));
	if (version != EIF_VERSION)
		return error_at(err, CELLA_UNSUPPORTED, sizeof magic,
				"eif: header.version: %u; only version %d is read",
				version, EIF_VERSION);
	flags = in_u16be(in, "header.flags");
	image->default_memory = in_u64be(in, "header.default_mem");
	image->default_cpus = in_u64be(in, "header.default_cpus");
	in_skip(in, 2, "header.reserved");
	h->num_sections = in_u16be(in, "header.num_sections");
	for (size_t i = 0; i < EIF_MAX_SECTIONS; i++)
		h->offsets[i] = in_u64be(in, "header.section_offset");
	for (size_t i = 0; i < EIF_MAX_SECTIONS; i++)
		h->sizes[i] = in_u64be(in, "header.section_size");
	in_skip(in, 4, "header.unused");
	image->crc32 = in_u32be(in, "header.crc32");
	TRY(in_status(in, err));
	image->is_arm64 = (flags & FLAG_ARM64) != 0;
	if ((flags & ~FLAG_ARM64) != 0)
		return error_at(err, CELLA_MALFORMED, 6,
				"eif: header.flags: 0x%x has bits that mean nothing",
				flags);
	if (h->num_sections == 0 || h->num_sections > EIF_MAX_SECTIONS)
		return error_at(err, CELLA_MALFORMED, HEADER_NUM_SECTIONS_AT,
				"eif: header.num_sections: %u, not between 1 and %d",
				h->num_sections, EIF_MAX_SECTIONS);
	return CELLA_OK;
}

/* A section's place and size are told twice; both must be where the section is. */
static enum cella_status check_place(const struct header *h, size_t i, size_t start,
				     uint64_t size, struct cella_error *err)
{
	if (h->offsets[i] != start)
		return error_at(err, CELLA_MALFORMED, HEADER_OFFSETS_AT + 8 * i,
				"eif: header.section_offset[%zu]: %llu, but the section "
				"before it ends at %zu",
				i, (unsigned long long)h->offsets[i], start);
	if (h->sizes[i] != size)
		return error_at(err, CELLA_MALFORMED, start,
				"eif: section[%zu].size: %llu, but %llu in the header", i,
				(unsigned long long)size,
				(unsigned long long)h->sizes[i]);
	return CELLA_OK;
}

static enum cella_status check_type(size_t i, size_t start, uint16_t type, uint16_t flags,
				    uint64_t size, struct cella_error *err)
{
	if (type == EIF_INVALID || type >= EIF_NUM_TYPES)
		return error_at(err, CELLA_MALFORMED, start,
				"eif: section[%zu].type: %u is no type of section", i,
				type);
	if (flags != 0)
		return error_at(err, CELLA_MALFORMED, start,
				"eif: section[%zu].flags: 0x%x, not 0", i, flags);
	if (size > types[type].max_len)
		return error_at(err, CELLA_LIMIT, start,
				"eif: section[%zu]: a %s of %llu bytes, at most %zu", i,
				types[type].name, (unsigned long long)size,
				types[type].max_len);
	if (size < types[type].min_len)
		return error_at(err, CELLA_MALFORMED, start,
				"eif: section[%zu]: the %s is empty", i,
				types[type].name);
	return CELLA_OK;
}

static enum cella_status read_section(struct in *in, const struct header *h, size_t i,
				      struct eif_section *out, struct cella_error *err)
{
	const size_t start = in_offset(in);
	const uint16_t type = in_u16be(in, "section.type");
	const uint16_t flags = in_u16be(in, "section.flags");
	const uint64_t size = in_u64be(in, "section.size");

	TRY(in_status(in, err));
	TRY(check_place(h, i, start, size, err));
	TRY(check_type(i, start, type, flags, size, err));
	out->type = (enum eif_type)type;
	out->offset = in_offset(in);
	out->data = in_bytes(in, (size_t)size, "section.data");
	return in_status(in, err);
}

/* Puts a section to its kind; the order is part of what is measured. */
static void sort_in(struct eif *image, const struct eif_section *section)
{
	switch (section->type) {
	case EIF_KERNEL:
		image->kernel = section->data;
		return;
	case EIF_CMDLINE:
		image->cmdline = section->data;
		return;
	case EIF_RAMDISK:
		image->ramdisks[image->num_ramdisks++] = section->data;
		return;
	case EIF_SIGNATURE:
		image->signature = section->data;
		return;
	case EIF_METADATA:
		image->metadata = section->data;
		return;
	case EIF_INVALID:
	case EIF_NUM_TYPES:
		return;
	}
}

static enum cella_status check_order(const struct eif *image, const size_t *num_of,
				     const struct eif_section *section,
				     struct cella_error *err)
{
	const enum eif_type wanted = image->num_sections == 0   ? EIF_KERNEL
				     : image->num_sections == 1 ? EIF_CMDLINE
								: section->type;

	if (section->type != wanted)
		return error_at(err, CELLA_MALFORMED, section->offset,
				"eif: section[%zu] is a %s, where the %s is to be",
				image->num_sections, types[section->type].name,
				types[wanted].name);
	if (num_of[section->type] == types[section->type].max_num)
		return error_at(err, CELLA_MALFORMED, section->offset,
				"eif: section[%zu] is one %s too many, at most %zu",
				image->num_sections, types[section->type].name,
				types[section->type].max_num);
	return CELLA_OK;
}

static enum cella_status read_sections(struct in *in, const struct header *h,
				       struct eif *image, struct cella_error *err)
{
	size_t num_of[EIF_NUM_TYPES] = { 0 };

	for (size_t i = 0; i < h->num_sections; i++) {
		struct eif_section *const section = &image->sections[i];

		TRY(read_section(in, h, i, section, err));
		TRY(check_order(image, num_of, section, err));
		sort_in(image, section);
		num_of[section->type]++;
		image->num_sections++;
	}
	for (size_t type = 0; type < EIF_NUM_TYPES; type++)
		if (num_of[type] < types[type].min_num)
			return error_set(err, CELLA_MALFORMED, "eif: has no %s",
					 types[type].name);
	return CELLA_OK;
}

/* What the header tells of sections that are not there is not to be misread by others. */
static enum cella_status check_unused(const struct header *h, struct cella_error *err)
{
	for (size_t i = h->num_sections; i < EIF_MAX_SECTIONS; i++)
		if (h->offsets[i] != 0 || h->sizes[i] != 0)
			return error_at(
				err, CELLA_MALFORMED, HEADER_OFFSETS_AT + 8 * i,
				"eif: header: section[%zu] has a place, but there "
				"are %u sections",
				i, h->num_sections);
	return CELLA_OK;
}

/* The kernel reads up to a NUL: what follows it would be measured and not obeyed. */
static enum cella_status check_cmdline(struct cella_bytes cmdline, size_t offset,
				       struct cella_error *err)
{
	for (size_t i = 0; i < cmdline.len; i++)
		if (cmdline.data[i] < 0x20 || cmdline.data[i] > 0x7e)
			return error_at(err, CELLA_MALFORMED, offset + i,
					"eif: command line: byte 0x%02x at %zu is no "
					"printable ASCII",
					cmdline.data[i], i);
	return CELLA_OK;
}

static uint32_t checksum(struct cella_bytes file)
{
	const struct cella_bytes parts[] = {
		bytes_slice(file, 0, EIF_CRC_AT),
		bytes_slice(file, EIF_HEADER_LEN, file.len - EIF_HEADER_LEN),
	};

	return crc32_of(parts, ARRAY_LEN(parts));
}

static enum cella_status parse(struct eif *image, struct cella_error *err)
{
	struct header header = { 0 };
	struct in in;
	uint32_t crc32;

	in_init(&in, image->file, "eif");
	TRY(read_header(&in, image, &header, err));
	TRY(read_sections(&in, &header, image, err));
	in_end(&in, "end");
	TRY(in_status(&in, err));
	TRY(check_unused(&header, err));
	TRY(check_cmdline(image->cmdline, image->sections[1].offset, err));
	crc32 = checksum(image->file);
	if (crc32 != image->crc32)
		return error_at(err, CELLA_MALFORMED, EIF_CRC_AT,
				"eif: header.crc32: %08x, but the file's is %08x: it is "
				"damaged",
				image->crc32, crc32);
	return CELLA_OK;
}

enum cella_status eif_parse(struct cella_bytes file, struct eif *out,
			    struct cella_error *err)
{
	struct eif image = { .file = file };

	if (!eif_is_one(file))
		return error_at(err, CELLA_MALFORMED, 0,
				"eif: header.magic: this is no enclave image");
	if (file.len > EIF_MAX)
		return error_set(err, CELLA_LIMIT, "eif: %zu bytes, at most %zu",
				 file.len, EIF_MAX);
	TRY(parse(&image, err));
	*out = image;
	return CELLA_OK;
}

/* Where the header says that the file ends, as far as the header is there. */
size_t eif_missing(struct cella_bytes file)
{
	return eif_missing_of(file, file.len);
}

size_t eif_missing_of(struct cella_bytes start, uint64_t len)
{
	const size_t magic_len = start.len < sizeof magic ? start.len : sizeof magic;
	struct header header = { 0 };
	struct eif image = { 0 };
	uint64_t end = EIF_HEADER_LEN;
	struct in in;

	if (magic_len > 0 && memcmp(start.data, magic, magic_len) != 0)
		return 0;
	if (len < EIF_HEADER_LEN)
		return EIF_HEADER_LEN - (size_t)len;
	in_init(&in, start, "eif");
	if (read_header(&in, &image, &header, NULL) != CELLA_OK)
		return 0;
	for (size_t i = 0; i < header.num_sections; i++) {
		if (header.offsets[i] != end || header.sizes[i] > EIF_MAX)
			return 0;
		end += EIF_SECTION_HEADER_LEN + header.sizes[i];
	}
	return end > len && end <= EIF_MAX ? (size_t)(end - len) : 0;
}

/* --- writing ------------------------------------------------------------------------- */

/* The sections in the order in which others write them, too. */
static size_t list_sections(const struct eif *parts, struct eif_section *out)
{
	size_t num = 0;

	out[num++] = (struct eif_section){ .type = EIF_KERNEL, .data = parts->kernel };
	out[num++] = (struct eif_section){ .type = EIF_CMDLINE, .data = parts->cmdline };
	out[num++] =
		(struct eif_section){ .type = EIF_METADATA, .data = parts->metadata };
	for (size_t i = 0; i < parts->num_ramdisks; i++)
		out[num++] = (struct eif_section){ .type = EIF_RAMDISK,
						   .data = parts->ramdisks[i] };
	if (parts->signature.len > 0)
		out[num++] = (struct eif_section){ .type = EIF_SIGNATURE,
						   .data = parts->signature };
	return num;
}

static enum cella_status check_parts(const struct eif *parts,
				     const struct eif_section *sections, size_t num,
				     struct cella_error *err)
{
	uint64_t len = EIF_HEADER_LEN;

	if (parts->num_ramdisks == 0)
		return error_set(err, CELLA_USAGE, "eif: has no ramdisk");
	for (size_t i = 0; i < num; i++) {
		TRY(check_type(i, 0, (uint16_t)sections[i].type, 0, sections[i].data.len,
			       err));
		len += EIF_SECTION_HEADER_LEN + sections[i].data.len;
	}
	if (len > EIF_MAX)
		return error_set(err, CELLA_LIMIT, "eif: %llu bytes, at most %zu",
				 (unsigned long long)len, EIF_MAX);
	return check_cmdline(parts->cmdline, 0, err);
}

static void write_header(const struct eif *parts, const struct eif_section *sections,
			 size_t num, struct out *out)
{
	uint64_t offset = EIF_HEADER_LEN;

	out_bytes(out, magic, sizeof magic);
	out_u16be(out, EIF_VERSION);
	out_u16be(out, parts->is_arm64 ? FLAG_ARM64 : 0);
	out_u64be(out, parts->default_memory);
	out_u64be(out, parts->default_cpus);
	out_u16be(out, 0);
	out_u16be(out, (uint16_t)num);
	for (size_t i = 0; i < EIF_MAX_SECTIONS; i++) {
		out_u64be(out, i < num ? offset : 0);
		if (i < num)
			offset += EIF_SECTION_HEADER_LEN + sections[i].data.len;
	}
	for (size_t i = 0; i < EIF_MAX_SECTIONS; i++)
		out_u64be(out, i < num ? sections[i].data.len : 0);
	out_u32be(out, 0);
	out_u32be(out, 0); /* the CRC, once there is something to check */
}

static void put_crc(struct cella_bytes file, uint8_t *at)
{
	const uint32_t crc32 = checksum(file);

	for (size_t i = 0; i < 4; i++)
		at[i] = (uint8_t)(crc32 >> (8 * (3 - i)));
}

enum cella_status eif_write(const struct eif *parts, struct out *out,
			    struct cella_error *err)
{
	struct eif_section sections[EIF_MAX_SECTIONS];
	const size_t start = out->len;
	size_t num;

	if (parts->num_ramdisks > EIF_MAX_RAMDISKS)
		return error_set(err, CELLA_LIMIT, "eif: %zu ramdisks, at most %d",
				 parts->num_ramdisks, EIF_MAX_RAMDISKS);
	num = list_sections(parts, sections);
	TRY(check_parts(parts, sections, num, err));
	write_header(parts, sections, num, out);
	for (size_t i = 0; i < num; i++) {
		out_u16be(out, (uint16_t)sections[i].type);
		out_u16be(out, 0);
		out_u64be(out, sections[i].data.len);
		out_bytes(out, sections[i].data.data, sections[i].data.len);
	}
	TRY(out_status(out, err));
	put_crc(bytes_of(out->data + start, out->len - start),
		out->data + start + EIF_CRC_AT);
	return CELLA_OK;
}

/* --- measuring ----------------------------------------------------------------------- */

size_t eif_measured(const struct eif *image, struct cella_bytes *views)
{
	size_t num = 0;

	views[num++] = image->kernel;
	views[num++] = image->cmdline;
	for (size_t i = 0; i < image->num_ramdisks; i++)
		views[num++] = image->ramdisks[i];
	return num;
}

enum cella_status eif_nitro_extend(const struct cella_bytes *views, size_t num_views,
				   uint8_t out[SHA384_LEN], struct cella_error *err)
{
	uint8_t register_and_digest[2 * SHA384_LEN] = { 0 };
	const struct cella_bytes extended =
		bytes_of(register_and_digest, sizeof register_and_digest);

	TRY(crypto_digest(CRYPTO_SHA384, views, num_views,
			  register_and_digest + SHA384_LEN, err));
	return crypto_digest(CRYPTO_SHA384, &extended, 1, out, err);
}

enum cella_status eif_nitro(const struct eif *image, struct eif_nitro *out,
			    struct cella_error *err)
{
	enum { BOOTSTRAP = 3 }; /* kernel, command line, the first ramdisk */
	struct cella_bytes views[EIF_MAX_RAMDISKS + 2];
	const size_t num = eif_measured(image, views);
	struct eif_nitro made;

	TRY(eif_nitro_extend(views, num, made.pcr0, err));
	TRY(eif_nitro_extend(views, BOOTSTRAP, made.pcr1, err));
	TRY(eif_nitro_extend(views + BOOTSTRAP, num - BOOTSTRAP, made.pcr2, err));
	*out = made;
	return CELLA_OK;
}
