/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One decoder per kind of event (TCG PC Client Platform Firmware Profile, "Event Types";
 * what boot loaders, the Linux EFI stub, systemd's stub and attestation agents log).
 *
 * Whether a digest covers the text is not taken from a table but tried: it is compared with
 * the hashes of the parts of the data that are known to be hashed.
 */
#include "evidence/event_decode.h"

#include "base/encode.h"
#include "crypto/crypto.h"
#include "evidence/event_text.h"

#include <string.h>

static const char *const part_names[] = {
	[PART_OTHER] = "other",
	[PART_FIRMWARE] = "firmware",
	[PART_PLATFORM] = "platform tables",
	[PART_VARIABLES] = "variables",
	[PART_BOOT_ORDER] = "boot order",
	[PART_PARTITIONS] = "partitions",
	[PART_BOOT_LOADER] = "boot loader",
	[PART_BOOT_COMMANDS] = "boot commands",
	[PART_KERNEL] = "kernel",
	[PART_COMMAND_LINE] = "command line",
	[PART_INITRD] = "initrd",
	[PART_APPLICATION] = "application",
	[PART_MARKER] = "markers",
};
_Static_assert(ARRAY_LEN(part_names) == PART_COUNT, "a name per part");

const char *event_part_name(enum event_part part)
{
	return part_names[part];
}

/* What a decoder fills in: the text, and the part of the data that a digest may be of. */
struct decoded {
	enum event_part part;
	struct out text;
	struct cella_bytes hashed; /* beside the whole data; empty: nothing else */
	bool is_cut;               /* the text ends at a zero, and something follows */
};

/* --- plain texts --------------------------------------------------------------------- */

static void put_any_text(struct out *out, struct cella_bytes text)
{
	if (text_is_utf16(text))
		utf16_append(out, text);
	else
		text_append(out, text);
}

static void decode_text(const struct event *e, struct decoded *out)
{
	put_any_text(&out->text, e->data);
}

static void decode_separator(const struct event *e, struct decoded *out)
{
	static const uint8_t zeros[4] = { 0 };
	static const uint8_t ones[4] = { 0xff, 0xff, 0xff, 0xff };

	if (e->data.len == 4 &&
	    (memcmp(e->data.data, zeros, 4) == 0 || memcmp(e->data.data, ones, 4) == 0))
		out_text(&out->text, "the firmware hands over");
	else
		out_text(&out->text, "an error of the firmware");
}

/* --- variables ----------------------------------------------------------------------- */

struct variable {
	struct cella_bytes name; /* UTF-16 */
	struct cella_bytes data;
};

static bool read_variable(struct cella_bytes bytes, struct variable *out)
{
	uint64_t name_len, data_len;
	struct in in;

	in_init(&in, bytes, "variable");
	in_skip(&in, GUID_LEN, "guid");
	name_len = in_u64le(&in, "name_length");
	data_len = in_u64le(&in, "data_length");
	if (in.failed != NULL || name_len > bytes.len / 2 || data_len > bytes.len)
		return false;
	out->name = in_bytes(&in, 2 * (size_t)name_len, "name");
	out->data = in_bytes(&in, (size_t)data_len, "data");
	return in.failed == NULL;
}

static bool is_named(const struct variable *v, const char *name)
{
	struct out text CLEANUP(out_done) = { 0 };

	utf16_append(&text, v->name);
	return text.len >= strlen(name) && memcmp(text.data, name, strlen(name)) == 0;
}

static void put_boot_order(struct out *out, struct cella_bytes data)
{
	for (size_t i = 0; i + 1 < data.len; i += 2)
		out_format(out, "%s%02X%02X", i > 0 ? ", " : "", data.data[i + 1],
			   data.data[i]);
}

/* EFI_LOAD_OPTION: attributes, length of the path, description, path, more. */
static void put_boot_option(struct out *out, struct cella_bytes data)
{
	struct cella_bytes rest;
	uint16_t path_len;
	size_t end = 0;
	struct in in;

	in_init(&in, data, "boot option");
	in_skip(&in, 4, "attributes");
	path_len = in_u16le(&in, "path_length");
	rest = in_bytes(&in, in_left(&in), "description");
	if (in.failed != NULL)
		return;
	while (end + 1 < rest.len && (rest.data[end] != 0 || rest.data[end + 1] != 0))
		end += 2;
	out_u8(out, '"');
	utf16_append(out, bytes_slice(rest, 0, end));
	out_u8(out, '"');
	if (end + 2 > rest.len || path_len > rest.len - end - 2)
		return;
	out_text(out, " at ");
	device_path_append(out, bytes_slice(rest, end + 2, path_len));
}

static void put_variable(struct out *out, const struct variable *v)
{
	out_text(out, "variable ");
	utf16_append(out, v->name);
	out_text(out, ": ");
	if (v->data.len == 0)
		out_text(out, "empty");
	else if (is_named(v, "SecureBoot"))
		out_text(out, v->data.data[0] == 1 ? "on" : "off");
	else if (is_named(v, "BootOrder"))
		put_boot_order(out, v->data);
	else if (is_named(v, "Boot"))
		put_boot_option(out, v->data);
	else if (is_named(v, "SbatLevel"))
		text_append(out, v->data);
	else
		out_format(out, "%zu bytes", v->data.len);
}

static void decode_variable(const struct event *e, struct decoded *out)
{
	struct variable v = { 0 };

	if (!read_variable(e->data, &v)) {
		out_text(&out->text, "not a variable");
		return;
	}
	put_variable(&out->text, &v);
	out->hashed = v.data;
	if (is_named(&v, "Boot"))
		out->part = PART_BOOT_ORDER;
}

/* --- images -------------------------------------------------------------------------- */

/* Whose medium an image came from, where no file tells. */
static const struct {
	const char *guid;
	const char *text;
	enum event_part part;
} media[] = {
	{ "1428f772-b64a-441e-b8c3-9ebdd7f893c7", "the kernel that QEMU was given",
	  PART_KERNEL },
	{ "55c5d1f8-04cd-46b5-8a20-e56cbb3052d0", "the kernel in a unified kernel image",
	  PART_KERNEL },
};

/* In any case, without asking the locale. */
static bool begins_with(const char *text, const char *prefix)
{
	while (*prefix != '\0' && ascii_lower(*text) == *prefix) {
		text++;
		prefix++;
	}
	return *prefix == '\0';
}

static bool is_kernel_file(struct cella_bytes file)
{
	static const char *const prefixes[] = { "vmlinu", "linux", "bzimage", "kernel" };
	struct out text CLEANUP(out_done) = { 0 };
	const char *name;

	utf16_append(&text, file);
	out_u8(&text, 0);
	if (text.failed)
		return false;
	name = strrchr((const char *)text.data, '\\');
	name = name != NULL ? name + 1 : (const char *)text.data;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (begins_with(name, prefixes[i]))
			return true;
	return false;
}

static void put_image(struct decoded *out, struct cella_bytes path)
{
	const struct cella_bytes vendor = device_path_vendor(path);

	for (size_t i = 0; i < ARRAY_LEN(media); i++) {
		if (guid_equals(vendor, media[i].guid)) {
			out_format(&out->text, "%s (", media[i].text);
			device_path_append(&out->text, path);
			out_u8(&out->text, ')');
			out->part = media[i].part;
			return;
		}
	}
	if (path.len == 0) {
		out_text(&out->text,
			 "an image from memory: what a boot loader starts, a kernel");
		out->part = PART_KERNEL;
		return;
	}
	device_path_append(&out->text, path);
	if (is_kernel_file(device_path_file(path)))
		out->part = PART_KERNEL;
}

/* UEFI_IMAGE_LOAD_EVENT. The digest is the image's own, by its Authenticode rules. */
static void decode_image(const struct event *e, struct decoded *out)
{
	struct cella_bytes path = { 0 };
	uint64_t path_len;
	struct in in;

	in_init(&in, e->data, "image");
	in_skip(&in, 8 + 8 + 8, "location");
	path_len = in_u64le(&in, "path_length");
	if (in.failed == NULL && path_len <= in_left(&in))
		path = in_bytes(&in, (size_t)path_len, "path");
	else
		in_fail(&in, "path", "is too long");
	if (in.failed != NULL)
		out_text(&out->text, "not an image");
	else
		put_image(out, path);
}

/* --- firmware and tables ------------------------------------------------------------- */

/* A length of one byte, a description, and what it describes. */
static void decode_described(const struct event *e, struct decoded *out)
{
	struct in in;
	struct cella_bytes text;

	in_init(&in, e->data, "description");
	text = in_bytes(&in, in_u8(&in, "length"), "description");
	text_append(&out->text, text);
	if (e->type != EV_EFI_PLATFORM_FIRMWARE_BLOB2)
		return;
	out_format(&out->text, " at 0x%llx", (unsigned long long)in_u64le(&in, "base"));
	out_format(&out->text, ", %llu bytes",
		   (unsigned long long)in_u64le(&in, "length"));
}

static bool has_name(const struct event *e, const char *name)
{
	const size_t len = strlen(name) + 1;

	return e->data.len >= len && memcmp(e->data.data, name, len) == 0;
}

/* TD shim: a name of 16 bytes, a length, the payload's parameters. */
static void decode_config(const struct event *e, struct decoded *out)
{
	enum { NAME_LEN = 16, LENGTH_LEN = 4 };

	put_any_text(&out->text, e->data);
	if (!has_name(e, "td_payload_info") || e->data.len < NAME_LEN + LENGTH_LEN)
		return;
	out->part = PART_COMMAND_LINE;
	out->hashed = bytes_slice(e->data, NAME_LEN + LENGTH_LEN,
				  e->data.len - NAME_LEN - LENGTH_LEN);
	out_text(&out->text, ": ");
	text_append(&out->text, out->hashed);
}

static void put_partitions(struct out *out, struct in *in, uint64_t count)
{
	enum { BEFORE_NAME = 16 + 16 + 8 + 8 + 8, NAME_LEN = 72, SHOWN_MAX = 16 };

	for (uint64_t i = 0; i < count && i < SHOWN_MAX; i++) {
		struct cella_bytes name;

		in_skip(in, BEFORE_NAME, "partition");
		name = in_bytes(in, NAME_LEN, "partition.name");
		if (in->failed != NULL)
			return;
		out_text(out, i > 0 ? ", \"" : ": \"");
		utf16_append(out, name);
		out_u8(out, '"');
	}
}

static void decode_gpt(const struct event *e, struct decoded *out)
{
	enum { BEFORE_DISK = 56, AFTER_DISK = 92 - 56 - GUID_LEN };
	struct cella_bytes disk;
	uint64_t count;
	struct in in;

	in_init(&in, e->data, "gpt");
	in_skip(&in, BEFORE_DISK, "header");
	disk = in_bytes(&in, GUID_LEN, "disk");
	in_skip(&in, AFTER_DISK, "header");
	count = in_u64le(&in, "num_partitions");
	if (in.failed != NULL) {
		out_text(&out->text, "not a partition table");
		return;
	}
	out_text(&out->text, "disk ");
	guid_append(&out->text, disk.data);
	out_format(&out->text, ", %llu partitions", (unsigned long long)count);
	put_partitions(&out->text, &in, count);
}

/* --- boot loaders -------------------------------------------------------------------- */

/* Prefixes of what boot loaders log; the digest is of what follows, up to the NUL. */
static const struct {
	const char *prefix;
	enum event_part part;
} loader_prefixes[] = {
	{ "grub_cmd: linux ", PART_BOOT_COMMANDS },
	{ "grub_cmd: ", PART_BOOT_COMMANDS },
	{ "grub_cmd ", PART_BOOT_COMMANDS },
	{ "grub_kernel_cmdline ", PART_COMMAND_LINE },
	{ "grub_kernel_cmdline: ", PART_COMMAND_LINE },
	{ "kernel_cmdline: ", PART_COMMAND_LINE },
	{ "kernel_cmdline ", PART_COMMAND_LINE },
	{ "grub_linuxefi Kernel", PART_KERNEL },
	{ "grub_linuxefi Initrd", PART_INITRD },
	{ "grub_linux", PART_KERNEL },
	{ "grub_initrd", PART_INITRD },
	{ "cella kernel", PART_KERNEL },
	{ "cella ramdisk ", PART_INITRD },
	{ "MokList", PART_VARIABLES },
	{ "/", PART_BOOT_LOADER },
};

/* Sections of a unified kernel image, by their names in UTF-16. */
static const struct {
	const char *name;
	enum event_part part;
} sections[] = {
	{ ".linux", PART_KERNEL },         { ".osrel", PART_KERNEL },
	{ ".cmdline", PART_COMMAND_LINE }, { ".initrd", PART_INITRD },
	{ ".uname", PART_KERNEL },         { ".sbat", PART_KERNEL },
};

static struct cella_bytes until_nul(struct cella_bytes text)
{
	const uint8_t *const nul = text.len > 0 ? memchr(text.data, 0, text.len) : NULL;

	return nul != NULL ? bytes_slice(text, 0, (size_t)(nul - text.data)) : text;
}

static void decode_section(struct decoded *out)
{
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (out->text.len == strlen(sections[i].name) &&
		    memcmp(out->text.data, sections[i].name, out->text.len) == 0)
			out->part = sections[i].part;
}

static bool goes_on_behind_nul(struct cella_bytes text)
{
	const size_t len = until_nul(text).len;

	return !bytes_are_zero(bytes_slice(text, len, text.len - len));
}

static void decode_ipl(const struct event *e, struct decoded *out)
{
	const struct cella_bytes text = until_nul(e->data);

	put_any_text(&out->text, e->data);
	if (text_is_utf16(e->data)) {
		decode_section(out);
		return;
	}
	out->hashed = text;
	out->is_cut = goes_on_behind_nul(e->data);
	for (size_t i = 0; i < ARRAY_LEN(loader_prefixes); i++) {
		const size_t len = strlen(loader_prefixes[i].prefix);

		if (text.len < len ||
		    memcmp(text.data, loader_prefixes[i].prefix, len) != 0)
			continue;
		out->part = loader_prefixes[i].part;
		if (strncmp(loader_prefixes[i].prefix, "grub_cmd: ", 10) == 0)
			out->hashed = bytes_slice(text, 10, text.len - 10);
		else if (loader_prefixes[i].prefix[len - 1] == ' ')
			out->hashed = bytes_slice(text, len, text.len - len);
		return;
	}
}

/* --- tagged events ------------------------------------------------------------------- */

static const struct {
	uint32_t id;
	const char *name;
	enum event_part part;
} tags[] = {
	{ AAEL_TAG, "", PART_APPLICATION },
	{ 0x8f3b22ed, "the Linux EFI stub: ", PART_COMMAND_LINE },
	{ 0x8f3b22ec, "the Linux EFI stub: ", PART_INITRD },
};

static void decode_tag(const struct event *e, struct decoded *out)
{
	struct cella_bytes text;
	uint32_t id, size;
	struct in in;

	in_init(&in, e->data, "tag");
	id = in_u32le(&in, "id");
	size = in_u32le(&in, "size");
	if (in.failed != NULL || size > in_left(&in)) {
		out_text(&out->text, "not a tagged event");
		return;
	}
	text = in_bytes(&in, size, "data");
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		if (tags[i].id == id) {
			out_text(&out->text, tags[i].name);
			text_append(&out->text, text);
			out->is_cut = goes_on_behind_nul(text);
			out->part = tags[i].part;
			return;
		}
	}
	out_format(&out->text, "tag 0x%08x: ", id);
	put_any_text(&out->text, text);
}

static void decode_no_action(const struct event *e, struct decoded *out)
{
	enum { SIGNATURE_LEN = 16 };

	text_append(&out->text, e->data.len < SIGNATURE_LEN
					? e->data
					: bytes_slice(e->data, 0, SIGNATURE_LEN));
	out_text(&out->text, ": extends nothing");
}

/* --- the table of types -------------------------------------------------------------- */

static const struct {
	uint32_t type;
	const char *name;
	enum event_part part;
	void (*decode)(const struct event *event,
		       struct decoded *out); /* NULL: unknown */
} types[] = {
	{ 0x0, "EV_PREBOOT_CERT", PART_OTHER, NULL },
	{ EV_POST_CODE, "EV_POST_CODE", PART_PLATFORM, decode_text },
	{ EV_NO_ACTION, "EV_NO_ACTION", PART_OTHER, decode_no_action },
	{ EV_SEPARATOR, "EV_SEPARATOR", PART_MARKER, decode_separator },
	{ EV_ACTION, "EV_ACTION", PART_MARKER, decode_text },
	{ EV_EVENT_TAG, "EV_EVENT_TAG", PART_OTHER, decode_tag },
	{ EV_S_CRTM_CONTENTS, "EV_S_CRTM_CONTENTS", PART_FIRMWARE, decode_text },
	{ EV_S_CRTM_VERSION, "EV_S_CRTM_VERSION", PART_FIRMWARE, decode_text },
	{ 0x9, "EV_CPU_MICROCODE", PART_FIRMWARE, NULL },
	{ EV_PLATFORM_CONFIG_FLAGS, "EV_PLATFORM_CONFIG_FLAGS", PART_PLATFORM,
	  decode_config },
	{ 0xb, "EV_TABLE_OF_DEVICES", PART_PLATFORM, NULL },
	{ 0xc, "EV_COMPACT_HASH", PART_OTHER, decode_text },
	{ EV_IPL, "EV_IPL", PART_BOOT_LOADER, decode_ipl },
	{ 0xe, "EV_IPL_PARTITION_DATA", PART_PARTITIONS, NULL },
	{ 0xf, "EV_NONHOST_CODE", PART_FIRMWARE, NULL },
	{ 0x10, "EV_NONHOST_CONFIG", PART_FIRMWARE, NULL },
	{ 0x11, "EV_NONHOST_INFO", PART_FIRMWARE, NULL },
	{ 0x12, "EV_OMIT_BOOT_DEVICE_EVENTS", PART_MARKER, decode_text },
	{ EV_RUNTIME, "DSTACK_RUNTIME", PART_APPLICATION, decode_text },
	{ EV_EFI_VARIABLE_DRIVER_CONFIG, "EV_EFI_VARIABLE_DRIVER_CONFIG", PART_VARIABLES,
	  decode_variable },
	{ EV_EFI_VARIABLE_BOOT, "EV_EFI_VARIABLE_BOOT", PART_BOOT_ORDER,
	  decode_variable },
	{ EV_EFI_BOOT_SERVICES_APPLICATION, "EV_EFI_BOOT_SERVICES_APPLICATION",
	  PART_BOOT_LOADER, decode_image },
	{ EV_EFI_BOOT_SERVICES_DRIVER, "EV_EFI_BOOT_SERVICES_DRIVER", PART_FIRMWARE,
	  decode_image },
	{ EV_EFI_RUNTIME_SERVICES_DRIVER, "EV_EFI_RUNTIME_SERVICES_DRIVER", PART_FIRMWARE,
	  decode_image },
	{ EV_EFI_GPT_EVENT, "EV_EFI_GPT_EVENT", PART_PARTITIONS, decode_gpt },
	{ EV_EFI_ACTION, "EV_EFI_ACTION", PART_MARKER, decode_text },
	{ EV_EFI_PLATFORM_FIRMWARE_BLOB, "EV_EFI_PLATFORM_FIRMWARE_BLOB", PART_FIRMWARE,
	  NULL },
	{ EV_EFI_HANDOFF_TABLES, "EV_EFI_HANDOFF_TABLES", PART_PLATFORM, NULL },
	{ EV_EFI_PLATFORM_FIRMWARE_BLOB2, "EV_EFI_PLATFORM_FIRMWARE_BLOB2", PART_FIRMWARE,
	  decode_described },
	{ EV_EFI_HANDOFF_TABLES2, "EV_EFI_HANDOFF_TABLES2", PART_PLATFORM,
	  decode_described },
	{ EV_EFI_VARIABLE_BOOT2, "EV_EFI_VARIABLE_BOOT2", PART_BOOT_ORDER,
	  decode_variable },
	{ EV_EFI_HCRTM_EVENT, "EV_EFI_HCRTM_EVENT", PART_FIRMWARE, decode_text },
	{ EV_EFI_VARIABLE_AUTHORITY, "EV_EFI_VARIABLE_AUTHORITY", PART_VARIABLES,
	  decode_variable },
	{ 0x800000e1, "EV_EFI_SPDM_FIRMWARE_BLOB", PART_FIRMWARE, NULL },
	{ 0x800000e2, "EV_EFI_SPDM_FIRMWARE_CONFIG", PART_FIRMWARE, NULL },
};

const char *event_type_name(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

static void decode(const struct event *e, struct decoded *out)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].type != e->type)
			continue;
		out->part = types[i].part;
		if (types[i].decode != NULL)
			types[i].decode(e, out);
		return;
	}
}

/* --- does the digest cover it? ------------------------------------------------------- */

static enum cella_status is_digest_of(const struct cella_event_log *log,
				      const struct event *event, struct cella_bytes bytes,
				      bool *out, struct cella_error *err)
{
	uint8_t digest[SHA512_LEN];
	bool is_all = false;

	for (size_t i = 0; i < log->num_hashes; i++) {
		enum crypto_hash function;

		if (!event_hash_function(log->hashes[i].id, &function))
			continue;
		TRY(crypto_digest(function, &bytes, 1, digest, err));
		if (!bytes_equal(event_digest(log, event, i),
				 bytes_of(digest, crypto_hash_len(function))))
			return CELLA_OK;
		is_all = true;
	}
	*out = is_all;
	return CELLA_OK;
}

/* Some boot loaders hash the NUL, too. */
static bool is_followed_by_nul(const struct event *event, struct cella_bytes part)
{
	const uint8_t *const end = event->data.data + event->data.len;

	return part.len > 0 && part.data + part.len < end && part.data[part.len] == 0;
}

enum cella_status event_decode(const struct cella_event_log *log,
			       const struct event *event, struct arena *arena,
			       struct event_meaning *out, struct cella_error *err)
{
	struct decoded d = { .part = PART_OTHER };
	struct out text CLEANUP(out_done) = { 0 };
	struct event_meaning meaning = { 0 };

	decode(event, &d);
	text = d.text;
	TRY(out_status(&text, err));
	meaning.part = d.part;
	meaning.text = text.len > 0 ? arena_copy(arena, text.data, text.len)
				    : arena_text(arena, "%zu bytes", event->data.len);
	/* A digest that is in no register proves nothing. */
	if (event_register(log, event) >= 0) {
		TRY(is_digest_of(log, event, event->data, &meaning.is_covered, err));
		if (meaning.is_covered && d.is_cut)
			meaning.text = arena_text(arena, "%s...", meaning.text);
		if (!meaning.is_covered && d.hashed.len > 0)
			TRY(is_digest_of(log, event, d.hashed, &meaning.is_covered, err));
		if (!meaning.is_covered && is_followed_by_nul(event, d.hashed)) {
			d.hashed.len++;
			TRY(is_digest_of(log, event, d.hashed, &meaning.is_covered, err));
		}
	}
	*out = meaning;
	return arena_status(arena, err);
}

const char *event_register_name(const struct cella_event_log *log,
				const struct event *event, struct arena *arena)
{
	const int reg = event_register(log, event);

	if (reg >= 0)
		return arena_text(arena, "%s%d",
				  log->kind == CELLA_EVENT_LOG_CC ? "RTMR" : "PCR", reg);
	if (event->type != EV_NO_ACTION && log->kind == CELLA_EVENT_LOG_CC &&
	    event->index == CC_INDEX_MRTD)
		return "MRTD";
	return "none";
}
