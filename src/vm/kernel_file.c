/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels and modules, as far as an image needs to know them.
 */
#include "vm/kernel_file.h"

#include <string.h>

/* --- kernels ------------------------------------------------------------------------- */

enum {
	BOOT_FLAG_AT = 0x1fe,
	PROTOCOL_AT = 0x206,
	VERSION_AT = 0x20e, /* less 0x200 */
	INIT_SIZE_AT = 0x260,
	SETUP_LEN = 0x264,
	PROTOCOL_MIN = 0x020a, /* the first that tells init_size */
};

static bool is_release_end(uint8_t c)
{
	return c == ' ' || c == '\0';
}

static enum cella_status read_release(struct cella_bytes image, size_t at,
				      struct kernel_facts *out, struct cella_error *err)
{
	size_t len = 0;

	while (at + len < image.len && len <= KERNEL_RELEASE_MAX &&
	       !is_release_end(image.data[at + len]))
		len++;
	if (at + len >= image.len || len == 0 || len > KERNEL_RELEASE_MAX)
		return error_at(err, CELLA_MALFORMED, VERSION_AT,
				"kernel: its version is no text of at most %d characters",
				KERNEL_RELEASE_MAX);
	for (size_t i = 0; i < len; i++)
		if (image.data[at + i] < 0x21 || image.data[at + i] > 0x7e)
			return error_at(err, CELLA_MALFORMED, at + i,
					"kernel: its version is no printable text");
	memcpy(out->release, image.data + at, len);
	out->release[len] = '\0';
	return CELLA_OK;
}

enum cella_status kernel_read(struct cella_bytes image, struct kernel_facts *out,
			      struct cella_error *err)
{
	struct kernel_facts facts = { 0 };
	uint16_t boot_flag, protocol, version;
	struct cella_bytes magic;
	struct in in;

	in_init(&in, image, "kernel");
	in_skip(&in, BOOT_FLAG_AT, "setup");
	boot_flag = in_u16le(&in, "boot_flag");
	in_skip(&in, 2, "jump");
	magic = in_bytes(&in, 4, "header");
	protocol = in_u16le(&in, "version");
	in_skip(&in, VERSION_AT - PROTOCOL_AT - 2, "setup");
	version = in_u16le(&in, "kernel_version");
	in_skip(&in, INIT_SIZE_AT - VERSION_AT - 2, "setup");
	facts.init_size = in_u32le(&in, "init_size");
	TRY(in_status(&in, err));
	if (boot_flag != 0xaa55 || !bytes_equal(magic, bytes_of("HdrS", 4)) ||
	    protocol < PROTOCOL_MIN)
		return error_set(err, CELLA_UNSUPPORTED,
				 "kernel: is no bzImage (boot protocol 2.10 or later)");
	TRY(read_release(image, (size_t)version + 0x200, &facts, err));
	*out = facts;
	return CELLA_OK;
}

/* --- modules ------------------------------------------------------------------------- */

enum { ELF_HEADER_LEN = 64, ELF_SECTION_LEN = 64, ELF_MAX_SECTIONS = 4096 };

struct section {
	uint32_t name;
	struct cella_bytes data;
};

/* A module that is being read. */
struct elf {
	struct cella_bytes file;
	const char *what;
	struct cella_bytes table;
	size_t num;
	struct cella_bytes names;
};

static enum cella_status malformed(const struct elf *elf, const char *text,
				   struct cella_error *err)
{
	return error_set(err, CELLA_MALFORMED, "%s: %s", elf->what, text);
}

static bool part(struct cella_bytes file, uint64_t offset, uint64_t len,
		 struct cella_bytes *out)
{
	if (offset > file.len || len > file.len - offset)
		return false;
	*out = bytes_slice(file, (size_t)offset, (size_t)len);
	return true;
}

/* A section without contents in the file (SHT_NOBITS) is empty. */
static bool section_at(const struct elf *elf, size_t index, struct section *out)
{
	enum { NOBITS = 8 };
	uint32_t type;
	uint64_t offset, size;
	struct in in;

	in_init(&in, bytes_slice(elf->table, index * ELF_SECTION_LEN, ELF_SECTION_LEN),
		"section");
	out->name = in_u32le(&in, "sh_name");
	type = in_u32le(&in, "sh_type");
	in_skip(&in, 8 + 8, "sh_addr");
	offset = in_u64le(&in, "sh_offset");
	size = in_u64le(&in, "sh_size");
	return part(elf->file, offset, type == NOBITS ? 0 : size, &out->data);
}

static enum cella_status read_elf(struct elf *elf, struct cella_error *err)
{
	static const uint8_t elf64_le[6] = { 0x7f, 'E', 'L', 'F', 2, 1 };
	struct section names = { 0 };
	uint16_t entry_size, names_index;
	uint64_t offset;
	struct in in;

	in_init(&in, elf->file, elf->what);
	if (!bytes_equal(in_bytes(&in, sizeof elf64_le, "e_ident"),
			 bytes_of(elf64_le, sizeof elf64_le)))
		in_fail_at(&in, 0, "e_ident", "is not that of a 64-bit ELF file");
	in_skip(&in, 40 - sizeof elf64_le, "e_phoff");
	offset = in_u64le(&in, "e_shoff");
	in_skip(&in, 4 + 2 + 2 + 2, "e_phnum");
	entry_size = in_u16le(&in, "e_shentsize");
	elf->num = in_u16le(&in, "e_shnum");
	names_index = in_u16le(&in, "e_shstrndx");
	TRY(in_status(&in, err));
	if (entry_size != ELF_SECTION_LEN || elf->num > ELF_MAX_SECTIONS ||
	    names_index >= elf->num ||
	    !part(elf->file, offset, (uint64_t)elf->num * ELF_SECTION_LEN, &elf->table) ||
	    !section_at(elf, names_index, &names))
		return malformed(elf, "has no usable table of sections", err);
	elf->names = names.data;
	return CELLA_OK;
}

static bool is_named(const struct elf *elf, uint32_t name, const char *wanted)
{
	const size_t len = strlen(wanted) + 1;

	return name <= elf->names.len && len <= elf->names.len - name &&
	       memcmp(elf->names.data + name, wanted, len) == 0;
}

/* Texts "name=value", each with its NUL. */
static bool find_value(struct cella_bytes info, const char *name, struct cella_bytes *out)
{
	const size_t name_len = strlen(name);

	while (info.len > 0) {
		const size_t len = strnlen((const char *)info.data, info.len);

		if (len > name_len && info.data[name_len] == '=' &&
		    memcmp(info.data, name, name_len) == 0) {
			*out = bytes_slice(info, name_len + 1, len - name_len - 1);
			return true;
		}
		if (len == info.len)
			return false;
		info = bytes_slice(info, len + 1, info.len - len - 1);
	}
	return false;
}

static enum cella_status read_info(const struct elf *elf, struct cella_bytes info,
				   struct module_facts *out, struct cella_error *err)
{
	struct module_facts facts = { 0 };
	size_t len = 0;

	if (!find_value(info, "vermagic", &facts.release))
		return malformed(elf, "does not say for which kernel it is", err);
	while (len < facts.release.len && !is_release_end(facts.release.data[len]))
		len++;
	facts.release.len = len;
	if (!find_value(info, "depends", &facts.depends))
		facts.depends = bytes_of(NULL, 0);
	*out = facts;
	return CELLA_OK;
}

enum cella_status module_read(struct cella_bytes module, const char *what,
			      struct module_facts *out, struct cella_error *err)
{
	struct elf elf = { .file = module, .what = what };

	TRY(read_elf(&elf, err));
	for (size_t i = 0; i < elf.num; i++) {
		struct section section = { 0 };

		if (!section_at(&elf, i, &section))
			return malformed(&elf, "a section lies outside the file", err);
		if (is_named(&elf, section.name, ".modinfo"))
			return read_info(&elf, section.data, out, err);
	}
	return malformed(&elf, "is no kernel module: it has no section .modinfo", err);
}
