/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hexadecimal, base64 (RFC 4648 sections 4 and 5) and PEM (RFC 7468, strict).
 */
#include "base/encode.h"

#include <string.h>

static const char lower_digits[] = "0123456789abcdef";
static const char upper_digits[] = "0123456789ABCDEF";

static void write_digits(struct out *out, struct cella_bytes bytes, const char *digits)
{
	for (size_t i = 0; i < bytes.len; i++) {
		out_u8(out, (uint8_t)digits[bytes.data[i] >> 4]);
		out_u8(out, (uint8_t)digits[bytes.data[i] & 15]);
	}
}

void hex_write(struct out *out, struct cella_bytes bytes)
{
	write_digits(out, bytes, lower_digits);
}

void hex_write_upper(struct out *out, struct cella_bytes bytes)
{
	write_digits(out, bytes, upper_digits);
}

char *hex_format(struct cella_bytes bytes, char *text)
{
	for (size_t i = 0; i < bytes.len; i++) {
		text[2 * i] = lower_digits[bytes.data[i] >> 4];
		text[2 * i + 1] = lower_digits[bytes.data[i] & 15];
	}
	text[2 * bytes.len] = '\0';
	return text;
}

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum cella_status hex_read(struct cella_bytes text, uint8_t *out, size_t out_len,
			   const char *what, struct cella_error *err)
{
	if (text.len != 2 * out_len)
		return error_set(err, CELLA_MALFORMED,
				 "%s: needs %zu hexadecimal digits, has %zu", what,
				 2 * out_len, text.len);
	for (size_t i = 0; i < text.len; i++)
		if (digit_value(text.data[i]) < 0)
			return error_at(err, CELLA_MALFORMED, i,
					"%s: character %zu is not a hexadecimal digit",
					what, i + 1);
	for (size_t i = 0; i < out_len; i++)
		out[i] = (uint8_t)(digit_value(text.data[2 * i]) * 16 +
				   digit_value(text.data[2 * i + 1]));
	return CELLA_OK;
}

enum cella_status hex_append(struct cella_bytes text, struct out *out, const char *what,
			     struct cella_error *err)
{
	if (text.len % 2 != 0)
		return error_set(err, CELLA_MALFORMED,
				 "%s: has an odd number of hexadecimal digits (%zu)",
				 what, text.len);
	for (size_t i = 0; i < text.len; i += 2) {
		uint8_t byte;

		if (digit_value(text.data[i]) < 0 || digit_value(text.data[i + 1]) < 0) {
			const size_t bad = digit_value(text.data[i]) < 0 ? i : i + 1;

			return error_at(err, CELLA_MALFORMED, bad,
					"%s: character %zu is not a hexadecimal digit",
					what, bad + 1);
		}
		byte = (uint8_t)(digit_value(text.data[i]) << 4 |
				 digit_value(text.data[i + 1]));
		out_u8(out, byte);
	}
	return out_status(out, err);
}

static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void write_base64(struct out *out, struct cella_bytes bytes, const char *alphabet,
			 bool padded)
{
	for (size_t i = 0; i < bytes.len; i += 3) {
		const size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
		const uint32_t group = (uint32_t)bytes.data[i] << 16 |
				       (n > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0) |
				       (n > 2 ? bytes.data[i + 2] : 0);

		for (size_t k = 0; k < 4; k++) {
			if (k <= n)
				out_u8(out,
				       (uint8_t)alphabet[group >> (18 - 6 * k) & 63]);
			else if (padded)
				out_u8(out, '=');
		}
	}
}

void base64_write(struct out *out, struct cella_bytes bytes)
{
	write_base64(out, bytes, base64_alphabet, true);
}

void base64url_write(struct out *out, struct cella_bytes bytes)
{
	write_base64(out, bytes, base64url_alphabet, false);
}

/* One value per byte: 0..63, or 0xff for a byte outside the alphabet. */
static uint8_t base64_value(uint8_t c, const char *alphabet)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0' + 52);
	if (c == (uint8_t)alphabet[62])
		return 62;
	if (c == (uint8_t)alphabet[63])
		return 63;
	return 0xff;
}

/* Decodes unpadded characters; the padded form strips its padding first. */
static enum cella_status read_base64(struct cella_bytes text, struct out *out,
				     const char *alphabet, const char *what,
				     struct cella_error *err)
{
	uint32_t group = 0;
	size_t bits = 0;

	if (text.len % 4 == 1)
		return error_at(err, CELLA_MALFORMED, text.len,
				"%s: %zu characters cannot be base64", what, text.len);
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t value = base64_value(text.data[i], alphabet);

		if (value == 0xff)
			return error_at(err, CELLA_MALFORMED, i,
					"%s: character %zu is not base64", what, i + 1);
		group = group << 6 | value;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out_u8(out, (uint8_t)(group >> bits));
		}
	}
	if ((group & ((1U << bits) - 1)) != 0)
		return error_at(err, CELLA_MALFORMED, text.len,
				"%s: the last character has bits that do not count",
				what);
	return out_status(out, err);
}

enum cella_status base64_append(struct cella_bytes text, struct out *out,
				const char *what, struct cella_error *err)
{
	if (text.len % 4 != 0)
		return error_at(err, CELLA_MALFORMED, text.len,
				"%s: base64 comes in groups of 4 characters, not %zu",
				what, text.len);
	for (int i = 0; i < 2 && text.len > 0 && text.data[text.len - 1] == '='; i++)
		text.len--;
	return read_base64(text, out, base64_alphabet, what, err);
}

enum cella_status base64url_append(struct cella_bytes text, struct out *out,
				   const char *what, struct cella_error *err)
{
	return read_base64(text, out, base64url_alphabet, what, err);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct cella_bytes text_trim(struct cella_bytes text)
{
	while (text.len > 0 && (is_space(text.data[0]) || text.data[0] == '\0')) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 &&
	       (is_space(text.data[text.len - 1]) || text.data[text.len - 1] == '\0'))
		text.len--;
	return text;
}

static const char dashes[] = "-----";

static const uint8_t *find(struct cella_bytes text, const char *needle)
{
	return text.len == 0 ? NULL : memmem(text.data, text.len, needle, strlen(needle));
}

bool text_is_pem(struct cella_bytes text)
{
	return find(text, "-----BEGIN ") != NULL;
}

/* Steps over prefix, or fails at its place. */
static bool skip_literal(struct cella_bytes *text, const char *prefix)
{
	const size_t len = strlen(prefix);

	if (text->len < len || memcmp(text->data, prefix, len) != 0)
		return false;
	text->data += len;
	text->len -= len;
	return true;
}

static enum cella_status pem_body(struct cella_bytes body, const char *label,
				  struct out *out, struct cella_error *err)
{
	struct out packed CLEANUP(out_done) = { 0 };

	for (size_t i = 0; i < body.len; i++)
		if (!is_space(body.data[i]))
			out_u8(&packed, body.data[i]);
	TRY(out_status(&packed, err));
	return base64_append(out_view(&packed), out, label, err);
}

enum cella_status pem_next(struct cella_bytes *text, const char *label, struct out *out,
			   bool *found, struct cella_error *err)
{
	struct cella_bytes rest = text_trim(*text);
	const uint8_t *end;

	if (rest.len == 0) {
		*found = false;
		return CELLA_OK;
	}
	if (!skip_literal(&rest, "-----BEGIN ") || !skip_literal(&rest, label) ||
	    !skip_literal(&rest, dashes))
		return error_at(err, CELLA_MALFORMED, (size_t)(rest.data - text->data),
				"pem: expected \"-----BEGIN %s-----\" at offset %zu",
				label, (size_t)(rest.data - text->data));
	end = find(rest, dashes);
	if (end == NULL)
		return error_at(err, CELLA_MALFORMED, (size_t)(rest.data - text->data),
				"pem: the %s block has no end line", label);
	TRY(pem_body(bytes_of(rest.data, (size_t)(end - rest.data)), label, out, err));
	rest = bytes_of(end, (size_t)(rest.data + rest.len - end));
	if (!skip_literal(&rest, "-----END ") || !skip_literal(&rest, label) ||
	    !skip_literal(&rest, dashes))
		return error_at(err, CELLA_MALFORMED, (size_t)(end - text->data),
				"pem: expected \"-----END %s-----\" at offset %zu", label,
				(size_t)(end - text->data));
	*text = rest;
	*found = true;
	return CELLA_OK;
}

void pem_write(struct out *out, const char *label, struct cella_bytes der)
{
	out_format(out, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < der.len; i += 48) {
		base64_write(out,
			     bytes_slice(der, i, der.len - i < 48 ? der.len - i : 48));
		out_text(out, "\n");
	}
	out_format(out, "-----END %s-----\n", label);
}

bool text_equal_any_case(const char *a, const char *b)
{
	while (*a != '\0' && ascii_lower(*a) == ascii_lower(*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

bool text_starts_any_case(struct cella_bytes text, const char *start)
{
	for (size_t i = 0; start[i] != '\0'; i++)
		if (i == text.len ||
		    ascii_lower((char)text.data[i]) != ascii_lower(start[i]))
			return false;
	return true;
}
