/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON (RFC 8259) into jansson's values. jansson's own reader loses characters of
 * a text, its closing quote even, when a buffer of its cannot grow; what was signed and
 * what is understood could differ then. Here every failure to allocate is one.
 *
 * One function for each rule of the grammar. A rule that fails returns NULL or false and
 * notes the first reason; depth is bounded before anything recurses.
 */
#include "base/json.h"

#include <locale.h>
#include <math.h>

enum { NUMBER_MAX_LEN = 128 };

struct reader {
	struct cella_bytes text;
	size_t pos;
	size_t depth;
	struct out string;  /* the string that was read last, with a terminator */
	const char *reason; /* of the first failure; NULL for want of memory */
	size_t failed_at;
	enum cella_status status;
};

static json_t *read_value(struct reader *r);

static bool fail_at(struct reader *r, size_t at, enum cella_status status,
		    const char *reason)
{
	if (r->status == CELLA_OK) {
		r->status = status;
		r->failed_at = at;
		r->reason = reason;
	}
	return false;
}

static bool malformed(struct reader *r, const char *reason)
{
	return fail_at(r, r->pos, CELLA_MALFORMED, reason);
}

/* A value that could not be made: there is no memory. */
static json_t *made(struct reader *r, json_t *value)
{
	if (value == NULL)
		fail_at(r, r->pos, CELLA_NOMEM, NULL);
	return value;
}

/* The next character, or -1 at the end. */
static int peek(const struct reader *r)
{
	return r->pos < r->text.len ? r->text.data[r->pos] : -1;
}

static void skip_space(struct reader *r)
{
	while (r->pos < r->text.len && memchr(" \t\r\n", r->text.data[r->pos], 4) != NULL)
		r->pos++;
}

static bool skip_if(struct reader *r, char c)
{
	skip_space(r);
	if (peek(r) != c)
		return false;
	r->pos++;
	return true;
}

static bool unexpected(struct reader *r)
{
	return malformed(r,
			 peek(r) < 0 ? "premature end of input" : "unexpected character");
}

/* --- strings ------------------------------------------------------------------------- */

/* The least code point that a sequence of so many bytes may mean. */
static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

/* UTF8 of RFC 3629: shortest forms, no surrogates, nothing above U+10FFFF. */
static bool read_utf8(struct reader *r)
{
	static const char reason[] = "unable to decode byte as UTF-8";
	const uint8_t first = r->text.data[r->pos];
	const size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	uint32_t point = first & (0x7f >> len);

	if (first < 0xc0 || first >= 0xf8 || r->text.len - r->pos < len)
		return malformed(r, reason);
	for (size_t i = 1; i < len; i++) {
		const uint8_t next = r->text.data[r->pos + i];

		if ((next & 0xc0) != 0x80)
			return malformed(r, reason);
		point = point << 6 | (next & 0x3f);
	}
	if (point < least[len] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return malformed(r, reason);
	out_bytes(&r->string, r->text.data + r->pos, len);
	r->pos += len;
	return true;
}

static void put_utf8(struct out *out, uint32_t point)
{
	const size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	static const uint8_t marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	out_u8(out, (uint8_t)(marks[len] | point >> 6 * (len - 1)));
	for (size_t i = len - 1; i > 0; i--)
		out_u8(out, (uint8_t)(0x80 | (point >> 6 * (i - 1) & 0x3f)));
}

/* Four hexadecimal digits after "\u". */
static bool read_unit(struct reader *r, uint32_t *unit)
{
	static const char digits[] = "00112233445566778899aAbBcCdDeEfF";

	*unit = 0;
	if (r->text.len - r->pos < 6 || memcmp(r->text.data + r->pos, "\\u", 2) != 0)
		return malformed(r, "invalid escape");
	for (size_t i = 2; i < 6; i++) {
		const uint8_t c = r->text.data[r->pos + i];
		const char *const digit = c != 0 ? strchr(digits, c) : NULL;

		if (digit == NULL)
			return malformed(r, "invalid escape");
		*unit = *unit << 4 | (uint32_t)(digit - digits) / 2;
	}
	r->pos += 6;
	return true;
}

static bool read_code_point(struct reader *r)
{
	const size_t start = r->pos;
	uint32_t high, low = 0;

	if (!read_unit(r, &high))
		return false;
	if (high == 0)
		return fail_at(r, start, CELLA_MALFORMED,
			       "\\u0000 is not allowed: a NUL ends texts");
	if (high >= 0xd800 && high < 0xdc00 && peek(r) == '\\') {
		if (!read_unit(r, &low))
			return false;
		if (low >= 0xdc00 && low < 0xe000)
			high = 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
	}
	if (high >= 0xd800 && high < 0xe000)
		return fail_at(r, start, CELLA_MALFORMED,
			       "invalid Unicode: half of a surrogate pair");
	put_utf8(&r->string, high);
	return true;
}

static bool read_escape(struct reader *r)
{
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	const uint8_t c = r->text.len - r->pos < 2 ? 0 : r->text.data[r->pos + 1];
	const char *const name = c != 0 ? strchr(names, c) : NULL;

	if (c == 'u')
		return read_code_point(r);
	if (name == NULL)
		return malformed(r, "invalid escape");
	out_u8(&r->string, (uint8_t)values[name - names]);
	r->pos += 2;
	return true;
}

/* Reads a string into r->string; its opening quote is next. */
static bool read_string(struct reader *r)
{
	const size_t start = r->pos++;

	r->string.len = 0;
	for (;;) {
		const int c = peek(r);

		if (c < 0)
			return fail_at(r, start, CELLA_MALFORMED,
				       "premature end of input: a text does not end");
		if (c == '"')
			break;
		if (c < 0x20)
			return malformed(r, "control character in a text");
		if (c == '\\' ? !read_escape(r) : c >= 0x80 && !read_utf8(r))
			return false;
		if (c != '\\' && c < 0x80) {
			out_u8(&r->string, (uint8_t)c);
			r->pos++;
		}
	}
	r->pos++;
	out_u8(&r->string, 0);
	return !r->string.failed || fail_at(r, start, CELLA_NOMEM, NULL);
}

/* --- numbers ------------------------------------------------------------------------- */

static size_t skip_digits(struct reader *r)
{
	const size_t start = r->pos;

	while (peek(r) >= '0' && peek(r) <= '9')
		r->pos++;
	return r->pos - start;
}

/* number = [ "-" ] int [ frac ] [ exp ] */
static bool skip_number(struct reader *r, bool *is_real)
{
	size_t num_digits;
	bool zero;

	*is_real = false;
	if (peek(r) == '-')
		r->pos++;
	zero = peek(r) == '0';
	num_digits = skip_digits(r);
	if (num_digits == 0 || (zero && num_digits > 1))
		return malformed(r, "invalid number");
	if (peek(r) == '.') {
		*is_real = true;
		r->pos++;
		if (skip_digits(r) == 0)
			return malformed(r, "invalid number");
	}
	if (peek(r) == 'e' || peek(r) == 'E') {
		*is_real = true;
		r->pos++;
		if (peek(r) == '+' || peek(r) == '-')
			r->pos++;
		if (skip_digits(r) == 0)
			return malformed(r, "invalid number");
	}
	return true;
}

static json_t *integer_of(struct reader *r, size_t start, struct cella_bytes digits)
{
	const bool negative = digits.data[0] == '-';
	json_int_t value = 0;

	for (size_t i = negative ? 1 : 0; i < digits.len; i++) {
		const int digit = digits.data[i] - '0';

		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value)) {
			fail_at(r, start, CELLA_MALFORMED, "too big integer");
			return NULL;
		}
	}
	return made(r, json_integer(value));
}

/* In the locale "C", whose decimal point is JSON's. */
static json_t *real_of(struct reader *r, size_t start, const char *digits)
{
	const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	double value;

	if (c == (locale_t)0)
		return made(r, NULL);
	value = strtod_l(digits, NULL, c);
	freelocale(c);
	if (isinf(value)) {
		fail_at(r, start, CELLA_MALFORMED, "real number overflow");
		return NULL;
	}
	return made(r, json_real(value));
}

static json_t *read_number(struct reader *r)
{
	const size_t start = r->pos;
	char digits[NUMBER_MAX_LEN + 1] = "";
	bool is_real = false;

	if (!skip_number(r, &is_real))
		return NULL;
	if (r->pos - start > NUMBER_MAX_LEN) {
		fail_at(r, start, CELLA_LIMIT, "too long a number");
		return NULL;
	}
	memcpy(digits, r->text.data + start, r->pos - start);
	return is_real ? real_of(r, start, digits)
		       : integer_of(r, start,
				    bytes_slice(r->text, start, r->pos - start));
}

/* --- values -------------------------------------------------------------------------- */

static json_t *read_literal(struct reader *r)
{
	static const struct {
		const char *name;
		json_t *(*value)(void);
	} literals[] = { { "true", json_true },
			 { "false", json_false },
			 { "null", json_null } };

	for (size_t i = 0; i < ARRAY_LEN(literals); i++) {
		const size_t len = strlen(literals[i].name);

		if (r->text.len - r->pos < len ||
		    memcmp(r->text.data + r->pos, literals[i].name, len) != 0)
			continue;
		r->pos += len;
		return literals[i].value();
	}
	unexpected(r);
	return NULL;
}

/* A copy of the string that was read last: the next one takes its place. */
static bool keep_string(struct reader *r, size_t start, char **out)
{
	*out = strdup((const char *)r->string.data);
	return *out != NULL || fail_at(r, start, CELLA_NOMEM, NULL);
}

/* member = string ":" value */
static bool read_member(struct reader *r, json_t *object)
{
	char *name CLEANUP_FREE = NULL;
	size_t start;
	json_t *value;

	skip_space(r);
	start = r->pos;
	if (peek(r) != '"')
		return unexpected(r);
	if (!read_string(r))
		return false;
	if (json_object_get(object, (const char *)r->string.data) != NULL)
		return fail_at(r, start, CELLA_MALFORMED, "duplicate object key");
	if (!keep_string(r, start, &name))
		return false;
	if (!skip_if(r, ':'))
		return unexpected(r);
	value = read_value(r);
	return value != NULL && (json_object_set_new_nocheck(object, name, value) == 0 ||
				 fail_at(r, start, CELLA_NOMEM, NULL));
}

static bool read_element(struct reader *r, json_t *array)
{
	json_t *const value = read_value(r);

	return value != NULL && (json_array_append_new(array, value) == 0 ||
				 fail_at(r, r->pos, CELLA_NOMEM, NULL));
}

/* Reads what stands between brackets, separated by commas. */
static bool read_items(struct reader *r, json_t *container, char close,
		       bool (*read_item)(struct reader *r, json_t *container))
{
	if (++r->depth > JSON_MAX_DEPTH)
		return fail_at(r, r->pos, CELLA_LIMIT, "nested too deep");
	r->pos++;
	if (!skip_if(r, close)) {
		do {
			if (!read_item(r, container))
				return false;
		} while (skip_if(r, ','));
		if (!skip_if(r, close))
			return unexpected(r);
	}
	r->depth--;
	return true;
}

static json_t *read_container(struct reader *r)
{
	const bool is_object = peek(r) == '{';
	json_t *container CLEANUP_JSON = is_object ? json_object() : json_array();

	if (made(r, container) == NULL ||
	    !read_items(r, container, is_object ? '}' : ']',
			is_object ? read_member : read_element))
		return NULL;
	return take(&container);
}

static json_t *read_value(struct reader *r)
{
	int c;

	skip_space(r);
	c = peek(r);
	if (c == '{' || c == '[')
		return read_container(r);
	if (c == '"')
		return read_string(r)
			       ? made(r,
				      json_stringn_nocheck((const char *)r->string.data,
							   r->string.len - 1))
			       : NULL;
	if (c == '-' || (c >= '0' && c <= '9'))
		return read_number(r);
	return read_literal(r);
}

/* --- documents ----------------------------------------------------------------------- */

static json_t *read_document(struct reader *r)
{
	json_t *json CLEANUP_JSON = NULL;

	skip_space(r);
	if (peek(r) != '{' && peek(r) != '[') {
		malformed(r, "'[' or '{' expected");
		return NULL;
	}
	json = read_container(r);
	skip_space(r);
	if (json != NULL && r->pos != r->text.len)
		malformed(r, "end of file expected");
	return r->status == CELLA_OK ? take(&json) : NULL;
}

static enum cella_status describe_failure(const struct reader *r, const char *what,
					  struct cella_error *err)
{
	const size_t at = r->failed_at;
	size_t line = 1;
	size_t column = 1;

	if (r->status == CELLA_NOMEM)
		return error_nomem(err);
	if (r->status == CELLA_LIMIT && r->depth > JSON_MAX_DEPTH)
		return error_at(err, CELLA_LIMIT, at,
				"%s: nested deeper than %d levels (offset %zu)", what,
				JSON_MAX_DEPTH, at);
	for (size_t i = 0; i < at; i++) {
		column = r->text.data[i] == '\n' ? 1 : column + 1;
		line += r->text.data[i] == '\n';
	}
	return error_at(err, r->status, at, "%s: line %zu, column %zu: %s", what, line,
			column, r->reason);
}

enum cella_status json_parse(struct cella_bytes text, const char *what, json_t **out,
			     struct cella_error *err)
{
	struct reader r = { .text = text };
	json_t *json;

	if (text.len == 0)
		return error_set(err, CELLA_MALFORMED, "%s: is empty", what);
	if (text.len > JSON_MAX_LEN)
		return error_set(err, CELLA_LIMIT, "%s: %zu bytes, at most %d", what,
				 text.len, JSON_MAX_LEN);
	json = read_document(&r);
	out_done(&r.string);
	if (json == NULL)
		return describe_failure(&r, what, err);
	*out = json;
	return CELLA_OK;
}
