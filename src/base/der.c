/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DER elements through the byte cursor.
 */
#include "base/der.h"

#include <string.h>

/* X.690 10.1: the length takes the fewest bytes that hold it. */
static size_t der_length(struct in *in, const char *label)
{
	const size_t start = in_offset(in);
	const uint8_t first = in_u8(in, label);
	size_t len = 0;
	size_t count;

	if (first < 0x80)
		return first;
	count = first & 0x7f;
	if (count == 0 || count > 3) {
		in_fail_at(in, start, label, "DER length is indefinite or too large");
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		len = len << 8 | in_u8(in, label);
	if (in->failed == NULL && (len < 0x80 || len >> (8 * (count - 1)) == 0))
		in_fail_at(in, start, label, "DER length is not minimal");
	return len;
}

struct in der_element(struct in *in, enum der_tag tag, const char *label)
{
	const size_t start = in_offset(in);
	const uint8_t found = in_u8(in, label);
	size_t len;

	if (found != tag)
		in_fail_at(in, start, label, "DER element has another type");
	len = der_length(in, label);
	if (in->failed != NULL)
		len = 0;
	return in_sub(in, len, label);
}

void der_adopt(struct in *in, const struct in *child)
{
	if (in->failed != NULL || child->failed == NULL)
		return;
	in->failed = child->failed;
	in->reason = child->reason;
	in->failed_offset = child->failed_offset;
	in->needed = child->needed;
	in->left = child->left;
}

uint32_t der_number(struct in *in, enum der_tag tag, uint32_t max, const char *label)
{
	const size_t start = in_offset(in);
	struct in content = der_element(in, tag, label);
	const size_t len = in_left(&content);
	uint64_t value = 0;

	if (len == 0 || len > 5)
		in_fail_at(&content, start, label, "number is empty or too large");
	for (size_t i = 0; i < len && content.failed == NULL; i++) {
		const uint8_t byte = in_u8(&content, label);

		if (i == 0 && byte >= 0x80)
			in_fail_at(&content, start, label, "number is negative");
		if (i == 1 && value == 0 && byte < 0x80)
			in_fail_at(&content, start, label, "number is not minimal");
		value = value << 8 | byte;
	}
	if (value > max)
		in_fail_at(&content, start, label, "number is too large");
	der_adopt(in, &content);
	return content.failed != NULL ? 0 : (uint32_t)value;
}

bool der_boolean(struct in *in, const char *label)
{
	const size_t start = in_offset(in);
	struct in content = der_element(in, DER_BOOLEAN, label);
	const uint8_t value = in_u8(&content, label);

	if (value != 0x00 && value != 0xff)
		in_fail_at(&content, start, label, "boolean is neither 00 nor ff");
	in_end(&content, label);
	der_adopt(in, &content);
	return content.failed == NULL && value == 0xff;
}

void der_octets(struct in *in, uint8_t *out, size_t len, const char *label)
{
	struct in content = der_element(in, DER_OCTET_STRING, label);

	in_copy(&content, out, len, label);
	in_end(&content, label);
	if (content.failed != NULL)
		memset(out, 0, len);
	der_adopt(in, &content);
}

struct cella_bytes der_oid(struct in *in, const char *label)
{
	struct in content = der_element(in, DER_OID, label);
	const struct cella_bytes oid = in_bytes(&content, in_left(&content), label);

	der_adopt(in, &content);
	return oid;
}
