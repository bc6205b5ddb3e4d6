/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign texts, GUIDs and device paths (UEFI specification, "Device Path Protocol").
 */
#include "evidence/event_text.h"

#include "base/encode.h"

#include <string.h>

enum { DEVICE_PATH_MAX_NODES = 64 };

/* --- characters ---------------------------------------------------------------------- */

/* Those that steer a terminal, or that let text look like another: control characters,
 * breaks of lines, what joins, hides or turns the direction of others. */
static bool is_printable(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad },
		{ 0x061c, 0x061c }, { 0x180e, 0x180e }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff }, { 0xfff0, 0xffff },
	};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return false;
	return true;
}

static void put_point(struct out *out, uint32_t point)
{
	if (!is_printable(point)) {
		out_u8(out, '?');
	} else if (point < 0x80) {
		out_u8(out, (uint8_t)point);
	} else if (point < 0x800) {
		out_u8(out, (uint8_t)(0xc0 | point >> 6));
		out_u8(out, (uint8_t)(0x80 | (point & 0x3f)));
	} else {
		out_u8(out, (uint8_t)(0xe0 | point >> 12));
		out_u8(out, (uint8_t)(0x80 | (point >> 6 & 0x3f)));
		out_u8(out, (uint8_t)(0x80 | (point & 0x3f)));
	}
}

/* The code point of a sequence of two or three bytes; 0 when there is none. */
static uint32_t utf8_point(struct cella_bytes text, size_t *len)
{
	const uint8_t *const t = text.data;

	*len = 1;
	if (t[0] < 0x80)
		return t[0];
	if ((t[0] & 0xe0) == 0xc0 && text.len >= 2 && (t[1] & 0xc0) == 0x80) {
		*len = 2;
		return (t[0] & 0x1fU) << 6 | (t[1] & 0x3fU);
	}
	if ((t[0] & 0xf0) == 0xe0 && text.len >= 3 && (t[1] & 0xc0) == 0x80 &&
	    (t[2] & 0xc0) == 0x80) {
		*len = 3;
		return (t[0] & 0x0fU) << 12 | (t[1] & 0x3fU) << 6 | (t[2] & 0x3fU);
	}
	return 0;
}

static bool is_plain(uint32_t point, size_t len)
{
	static const uint32_t smallest[] = { 0, 1, 0x80, 0x800 };

	return point >= smallest[len] && (point < 0xd800 || point > 0xdfff);
}

void text_append(struct out *out, struct cella_bytes text)
{
	const size_t start = out->len;

	for (size_t i = 0; i < text.len && text.data[i] != 0;) {
		size_t len = 1;
		const uint32_t point =
			utf8_point(bytes_slice(text, i, text.len - i), &len);

		if (out->len - start >= EVENT_TEXT_MAX) {
			out_text(out, "...");
			return;
		}
		put_point(out, is_plain(point, len) ? point : 0);
		i += len;
	}
}

void utf16_append(struct out *out, struct cella_bytes text)
{
	const size_t start = out->len;

	for (size_t i = 0; i + 1 < text.len; i += 2) {
		const uint32_t unit = text.data[i] | (uint32_t)text.data[i + 1] << 8;

		if (unit == 0)
			return;
		if (out->len - start >= EVENT_TEXT_MAX) {
			out_text(out, "...");
			return;
		}
		put_point(out, unit >= 0xd800 && unit <= 0xdfff ? 0 : unit);
	}
}

bool text_is_utf16(struct cella_bytes text)
{
	return text.len >= 4 && text.len % 2 == 0 && text.data[0] != 0 &&
	       text.data[1] == 0 && text.data[2] != 0 && text.data[3] == 0;
}

/* --- GUIDs --------------------------------------------------------------------------- */

/* The first three groups are numbers, little endian. */
static const uint8_t guid_order[GUID_LEN] = { 3, 2, 1,  0,  5,  4,  7,  6,
					      8, 9, 10, 11, 12, 13, 14, 15 };

void guid_append(struct out *out, const uint8_t guid[GUID_LEN])
{
	for (size_t i = 0; i < GUID_LEN; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out_u8(out, '-');
		hex_write(out, bytes_of(&guid[guid_order[i]], 1));
	}
}

bool guid_equals(struct cella_bytes guid, const char *text)
{
	struct out form CLEANUP(out_done) = { 0 };

	if (guid.len != GUID_LEN)
		return false;
	guid_append(&form, guid.data);
	return form.len == strlen(text) && memcmp(form.data, text, form.len) == 0;
}

/* --- device paths -------------------------------------------------------------------- */

enum {
	NODE_HARDWARE = 1,
	NODE_ACPI = 2,
	NODE_MESSAGING = 3,
	NODE_MEDIA = 4,
	NODE_END = 0x7f,
	HARDWARE_PCI = 1,
	MESSAGING_NVME = 0x17,
	MEDIA_HARD_DRIVE = 1,
	MEDIA_VENDOR = 3,
	MEDIA_FILE = 4,
	MEDIA_FV_FILE = 6,
	MEDIA_FV = 7,
};

struct path_node {
	uint8_t type;
	uint8_t sub_type;
	struct cella_bytes data;
};

/* The next node; false at the end of the path, or where it is broken. */
static bool next_node(struct in *in, struct path_node *out)
{
	uint16_t len;

	out->type = in_u8(in, "node.type");
	out->sub_type = in_u8(in, "node.sub_type");
	len = in_u16le(in, "node.length");
	if (in->failed != NULL || len < 4 || out->type == NODE_END)
		return false;
	out->data = in_bytes(in, len - 4U, "node.data");
	return in->failed == NULL;
}

static void put_pci(struct out *out, struct cella_bytes data)
{
	if (data.len >= 2)
		out_format(out, "Pci(%u,%u)", data.data[1], data.data[0]);
}

static void put_hard_drive(struct out *out, struct cella_bytes data)
{
	enum { SIGNATURE = 20, TYPE = 37, TYPE_GUID = 2 };
	struct in in;

	if (data.len <= TYPE)
		return;
	in_init(&in, data, "hard drive");
	out_format(out, "HD(%u", in_u32le(&in, "partition"));
	if (data.data[TYPE] == TYPE_GUID) {
		out_u8(out, ',');
		guid_append(out, data.data + SIGNATURE);
	}
	out_u8(out, ')');
}

static void put_file(struct out *out, struct cella_bytes data)
{
	utf16_append(out, data);
}

static void put_guid(struct out *out, struct cella_bytes data)
{
	if (data.len >= GUID_LEN)
		guid_append(out, data.data);
}

static void put_nothing(struct out *out, struct cella_bytes data)
{
	(void)out;
	(void)data;
}

static const struct {
	uint8_t type;
	uint8_t sub_type;
	const char *name; /* before what put() writes */
	void (*put)(struct out *out, struct cella_bytes data);
} nodes[] = {
	{ NODE_HARDWARE, HARDWARE_PCI, "", put_pci },
	{ NODE_ACPI, 1, "Acpi", put_nothing },
	{ NODE_MESSAGING, MESSAGING_NVME, "NVMe", put_nothing },
	{ NODE_MEDIA, MEDIA_HARD_DRIVE, "", put_hard_drive },
	{ NODE_MEDIA, MEDIA_VENDOR, "Vendor ", put_guid },
	{ NODE_MEDIA, MEDIA_FILE, "", put_file },
	{ NODE_MEDIA, MEDIA_FV_FILE, "FvFile ", put_guid },
	{ NODE_MEDIA, MEDIA_FV, "Fv ", put_guid },
};

static void put_node(struct out *out, const struct path_node *node)
{
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
		if (nodes[i].type == node->type && nodes[i].sub_type == node->sub_type) {
			out_text(out, nodes[i].name);
			nodes[i].put(out, node->data);
			return;
		}
	}
	out_format(out, "(%u,%u)", node->type, node->sub_type);
}

void device_path_append(struct out *out, struct cella_bytes path)
{
	struct path_node node;
	struct in in;

	in_init(&in, path, "device path");
	for (int i = 0; i < DEVICE_PATH_MAX_NODES && next_node(&in, &node); i++) {
		if (i > 0)
			out_u8(out, '/');
		put_node(out, &node);
	}
}

static struct cella_bytes find_node(struct cella_bytes path, uint8_t sub_type)
{
	struct cella_bytes found = { 0 };
	struct path_node node;
	struct in in;

	in_init(&in, path, "device path");
	for (int i = 0; i < DEVICE_PATH_MAX_NODES && next_node(&in, &node); i++)
		if (node.type == NODE_MEDIA && node.sub_type == sub_type)
			found = node.data;
	return found;
}

struct cella_bytes device_path_file(struct cella_bytes path)
{
	return find_node(path, MEDIA_FILE);
}

struct cella_bytes device_path_vendor(struct cella_bytes path)
{
	const struct cella_bytes data = find_node(path, MEDIA_VENDOR);

	return data.len >= GUID_LEN ? bytes_slice(data, 0, GUID_LEN) : bytes_of(NULL, 0);
}
