/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict readers of decimal numbers.
 */
#include "base/number.h"

#include <string.h>

enum { DURATION_MAX_S = 3660 * 86400 };

static enum cella_status read_digits(struct cella_bytes text, uint64_t max, uint64_t *out,
				     const char *what, struct cella_error *err)
{
	uint64_t value = 0;

	if (text.len == 0)
		return error_set(err, CELLA_MALFORMED, "%s: expected a number", what);
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.data[i];

		if (c < '0' || c > '9')
			return error_set(err, CELLA_MALFORMED,
					 "%s: \"%.*s\" is not a number", what,
					 (int)(text.len < 60 ? text.len : 60),
					 (const char *)text.data);
		if (value > max / 10 || (uint64_t)(c - '0') > max - value * 10)
			return error_set(err, CELLA_MALFORMED, "%s: at most %llu", what,
					 (unsigned long long)max);
		value = value * 10 + (uint64_t)(c - '0');
	}
	*out = value;
	return CELLA_OK;
}

enum cella_status number_read(const char *text, uint64_t max, uint64_t *out,
			      const char *what, struct cella_error *err)
{
	return read_digits(bytes_of(text, strlen(text)), max, out, what, err);
}

enum cella_status duration_read(const char *text, int64_t *out, const char *what,
				struct cella_error *err)
{
	static const struct {
		char suffix;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	const size_t num_digits = strspn(text, "0123456789");
	const char *const suffix = text + num_digits;
	int64_t unit = *suffix == '\0' ? 1 : 0;
	uint64_t value;

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (suffix[0] == units[i].suffix && suffix[1] == '\0')
			unit = units[i].seconds;
	if (num_digits == 0 || unit == 0)
		return error_set(err, CELLA_MALFORMED,
				 "%s: \"%.60s\" is no duration: one looks like 90, 90s, "
				 "15m, 12h or 7d",
				 what, text);
	TRY(read_digits(bytes_of(text, num_digits), (uint64_t)(DURATION_MAX_S / unit),
			&value, what, err));
	*out = (int64_t)value * unit;
	return CELLA_OK;
}
