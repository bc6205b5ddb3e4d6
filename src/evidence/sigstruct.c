/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed SGX enclaves: ELF-64, its section .note.sgxmeta, the metadata in it, and the
 * SIGSTRUCT in those (Intel SDM vol. 3D, SIGSTRUCT; 1808 bytes).
 */
#include <cella/sigstruct.h>

#include "crypto/crypto.h"
#include "evidence/facts.h"

#include <string.h>

enum {
	SIGSTRUCT_LEN = 1808,
	MODULUS_LEN = 384,
	MRENCLAVE_LEN = 32,
	ELF_HEADER_LEN = 64,
	ELF_SECTION_LEN = 64,
	ELF_MAX_SECTIONS = 1 << 12,
	NOTE_NAME_MAX = 64,
	METADATA_BEFORE_SIGSTRUCT = 64,
};

static const char note_section[] = ".note.sgxmeta";
static const char note_name[] = "sgx_metadata";
static const uint64_t metadata_magic = UINT64_C(0x86A80294635D0E4C);

struct cella_sigstruct {
	uint8_t attributes[16];
	uint8_t attributes_mask[16];
	uint8_t mrenclave[MRENCLAVE_LEN];
	uint8_t mrsigner[SHA256_LEN];
	uint8_t isv_family_id[16];
	uint8_t isv_ext_prod_id[16];
	struct cella_facts facts;
};

/* --- SIGSTRUCT ----------------------------------------------------------------------- */

static const uint8_t header1[12] = { 6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0 };
static const uint8_t header2[16] = {
	1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1, 0, 0, 0
};

static void check_constant(struct in *in, const void *expected, size_t len,
			   const char *label)
{
	const struct cella_bytes found = in_bytes(in, len, label);

	if (in->failed == NULL && memcmp(found.data, expected, len) != 0)
		in_fail(in, label, "is not the constant that it must be");
}

static enum cella_status read_sigstruct(struct cella_bytes bytes,
					struct cella_sigstruct *out,
					struct cella_error *err)
{
	struct cella_bytes modulus;
	uint32_t misc_select, misc_mask;
	uint16_t isv_prod_id, isv_svn;
	struct in in;

	in_init(&in, bytes, "sigstruct");
	check_constant(&in, header1, sizeof header1, "header");
	in_skip(&in, 4 + 4 + 4, "date");
	check_constant(&in, header2, sizeof header2, "header2");
	in_skip(&in, 4 + 84, "reserved1");
	modulus = in_bytes(&in, MODULUS_LEN, "modulus");
	if (in_u32le(&in, "exponent") != 3)
		in_fail(&in, "exponent", "is not 3");
	in_skip(&in, MODULUS_LEN, "signature");
	misc_select = in_u32le(&in, "misc_select");
	misc_mask = in_u32le(&in, "misc_mask");
	in_skip(&in, 4, "reserved2");
	in_copy(&in, out->isv_family_id, 16, "isv_family_id");
	in_copy(&in, out->attributes, 16, "attributes");
	in_copy(&in, out->attributes_mask, 16, "attribute_mask");
	in_copy(&in, out->mrenclave, MRENCLAVE_LEN, "enclave_hash");
	in_skip(&in, 16, "reserved3");
	in_copy(&in, out->isv_ext_prod_id, 16, "isv_ext_prod_id");
	isv_prod_id = in_u16le(&in, "isv_prod_id");
	isv_svn = in_u16le(&in, "isv_svn");
	in_skip(&in, 12 + 2 * MODULUS_LEN, "q2");
	in_end(&in, "end");
	TRY(in_status(&in, err));
	TRY(crypto_sha256(modulus, out->mrsigner, err));
	facts_set_number(&out->facts, CELLA_FACT_MISCSELECT, misc_select);
	facts_set_number(&out->facts, CELLA_FACT_MISCSELECT_MASK, misc_mask);
	facts_set_number(&out->facts, CELLA_FACT_ISV_PROD_ID, isv_prod_id);
	facts_set_number(&out->facts, CELLA_FACT_ISV_SVN, isv_svn);
	return CELLA_OK;
}

static void add_bytes(struct cella_sigstruct *s)
{
	const struct {
		enum cella_fact fact;
		struct cella_bytes bytes;
	} rows[] = {
		{ CELLA_FACT_SGX_ATTRIBUTES, bytes_of(s->attributes, 16) },
		{ CELLA_FACT_SGX_ATTRIBUTES_MASK, bytes_of(s->attributes_mask, 16) },
		{ CELLA_FACT_MRENCLAVE, bytes_of(s->mrenclave, MRENCLAVE_LEN) },
		{ CELLA_FACT_MRSIGNER, bytes_of(s->mrsigner, SHA256_LEN) },
		{ CELLA_FACT_ISV_FAMILY_ID, bytes_of(s->isv_family_id, 16) },
		{ CELLA_FACT_ISV_EXT_PROD_ID, bytes_of(s->isv_ext_prod_id, 16) },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		facts_set_bytes(&s->facts, rows[i].fact, rows[i].bytes);
}

/* --- ELF ----------------------------------------------------------------------------- */

/* A part of the file, by offset and length that the file itself gives. */
static enum cella_status file_part(struct cella_bytes file, uint64_t offset, uint64_t len,
				   const char *what, struct cella_bytes *out,
				   struct cella_error *err)
{
	if (offset > file.len || len > file.len - offset)
		return error_set(err, CELLA_MALFORMED,
				 "enclave: %s: %llu bytes at %llu lie outside the file",
				 what, (unsigned long long)len,
				 (unsigned long long)offset);
	*out = bytes_slice(file, (size_t)offset, (size_t)len);
	return CELLA_OK;
}

struct elf_sections {
	struct cella_bytes table;
	struct cella_bytes names;
	size_t num;
};

struct elf_section {
	uint32_t name;
	uint64_t offset;
	uint64_t size;
};

static struct elf_section section_at(const struct elf_sections *sections, size_t index)
{
	struct elf_section section;
	struct in in;

	in_init(&in,
		bytes_slice(sections->table, index * ELF_SECTION_LEN, ELF_SECTION_LEN),
		"elf section");
	section.name = in_u32le(&in, "sh_name");
	in_skip(&in, 4 + 8 + 8, "sh_addr");
	section.offset = in_u64le(&in, "sh_offset");
	section.size = in_u64le(&in, "sh_size");
	return section;
}

static enum cella_status read_sections(struct cella_bytes file, struct elf_sections *out,
				       struct cella_error *err)
{
	static const uint8_t elf64_le[6] = { 0x7f, 'E', 'L', 'F', 2, 1 };
	struct elf_section names;
	uint16_t entry_size, num, names_index;
	uint64_t offset;
	struct in in;

	if (file.len < ELF_HEADER_LEN ||
	    memcmp(file.data, elf64_le, sizeof elf64_le) != 0)
		return error_set(err, CELLA_MISSING,
				 "enclave: neither a 64-bit ELF file nor a SIGSTRUCT");
	in_init(&in, bytes_slice(file, 0, ELF_HEADER_LEN), "elf");
	in_skip(&in, 40, "e_phoff");
	offset = in_u64le(&in, "e_shoff");
	in_skip(&in, 4 + 2 + 2 + 2, "e_phnum");
	entry_size = in_u16le(&in, "e_shentsize");
	num = in_u16le(&in, "e_shnum");
	names_index = in_u16le(&in, "e_shstrndx");
	TRY(in_status(&in, err));
	if (entry_size != ELF_SECTION_LEN || num > ELF_MAX_SECTIONS || names_index >= num)
		return error_set(err, CELLA_MISSING,
				 "enclave: the file has no usable table of sections");
	TRY(file_part(file, offset, (uint64_t)num * ELF_SECTION_LEN, "table of sections",
		      &out->table, err));
	out->num = num;
	names = section_at(out, names_index);
	return file_part(file, names.offset, names.size, "names of sections", &out->names,
			 err);
}

static bool is_named(const struct elf_sections *sections, uint32_t name)
{
	return name <= sections->names.len &&
	       sizeof note_section <= sections->names.len - name &&
	       memcmp(sections->names.data + name, note_section, sizeof note_section) ==
		       0;
}

static enum cella_status find_note(struct cella_bytes file, struct cella_bytes *out,
				   struct cella_error *err)
{
	struct elf_sections sections = { 0 };

	TRY(read_sections(file, &sections, err));
	for (size_t i = 0; i < sections.num; i++) {
		const struct elf_section section = section_at(&sections, i);

		if (is_named(&sections, section.name))
			return file_part(file, section.offset, section.size, note_section,
					 out, err);
	}
	return error_set(err, CELLA_MISSING,
			 "enclave: no section %s: this is not an SGX enclave",
			 note_section);
}

/*
 * A note: the lengths of its name and of its contents, a type, the name padded to four
 * bytes, the contents. Metadata of several versions follow each other, the newest first.
 */
static enum cella_status find_sigstruct(struct cella_bytes note, struct cella_bytes *out,
					struct cella_error *err)
{
	struct cella_bytes name;
	uint32_t name_len;
	struct in in;

	in_init(&in, note, "enclave: sgx_metadata");
	name_len = in_u32le(&in, "note.namesz");
	in_skip(&in, 4 + 4, "note.type");
	TRY(in_status(&in, err));
	if (name_len < sizeof note_name || name_len > NOTE_NAME_MAX)
		in_fail(&in, "note.namesz", "is not the length of sgx_metadata");
	TRY(in_status(&in, err));
	name = in_bytes(&in, (name_len + 3) / 4 * 4, "note.name");
	TRY(in_status(&in, err));
	if (memcmp(name.data, note_name, sizeof note_name) != 0)
		in_fail(&in, "note.name", "is not sgx_metadata");
	if (in_u64le(&in, "magic_num") != metadata_magic)
		in_fail(&in, "magic_num",
			"is not the metadata's: the enclave is not signed");
	in_skip(&in, METADATA_BEFORE_SIGSTRUCT - sizeof(uint64_t), "attributes");
	*out = in_bytes(&in, SIGSTRUCT_LEN, "enclave_css");
	return in_status(&in, err);
}

enum cella_status cella_sigstruct_parse(const void *data, size_t len,
					struct cella_sigstruct **out,
					struct cella_error *err)
{
	struct cella_bytes bytes = bytes_of(data, len);
	struct cella_sigstruct *sigstruct;
	enum cella_status status;

	if (out == NULL || (data == NULL && len > 0))
		return error_set(err, CELLA_USAGE,
				 "cella_sigstruct_parse: null argument");
	if (len > CELLA_ENCLAVE_MAX)
		return error_set(err, CELLA_LIMIT, "enclave: %zu bytes, at most %zu", len,
				 CELLA_ENCLAVE_MAX);
	if (len != SIGSTRUCT_LEN) {
		struct cella_bytes note = { 0 };

		TRY(find_note(bytes, &note, err));
		TRY(find_sigstruct(note, &bytes, err));
	}
	sigstruct = calloc(1, sizeof *sigstruct);
	if (sigstruct == NULL)
		return error_nomem(err);
	status = read_sigstruct(bytes, sigstruct, err);
	if (status != CELLA_OK) {
		free(sigstruct);
		return status;
	}
	add_bytes(sigstruct);
	*out = sigstruct;
	return CELLA_OK;
}

void cella_sigstruct_free(struct cella_sigstruct *sigstruct)
{
	free(sigstruct);
}

const struct cella_facts *cella_sigstruct_facts(const struct cella_sigstruct *sigstruct)
{
	return &sigstruct->facts;
}
