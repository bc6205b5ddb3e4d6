/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of KEY = VALUE.
 */
#include "collect/attest_conf.h"

#include "base/encode.h"
#include "base/number.h"

#include <string.h>

enum { LINE_MAX_LEN = 200 };

/* One line, without blanks at its ends. *port is touched when the line names one. */
static enum cella_status read_line(const char *line, uint32_t *port,
				   struct cella_error *err)
{
	const char *const equals = strchr(line, '=');
	const char *value;
	struct cella_bytes key;
	uint64_t number = 0;

	if (line[0] == '#' || line[0] == '\0')
		return CELLA_OK;
	if (equals == NULL)
		return error_set(err, CELLA_MALFORMED, "\"%.40s\" is not KEY = VALUE",
				 line);
	key = text_trim(bytes_of(line, (size_t)(equals - line)));
	if (!bytes_equal(key, bytes_of("port", 4)))
		return CELLA_OK;
	value = equals + 1 + strspn(equals + 1, " \t");
	TRY(number_read(value, UINT32_MAX - 1, &number, "port", err));
	if (number == 0)
		return error_set(err, CELLA_MALFORMED, "port: 0 is none");
	*port = (uint32_t)number;
	return CELLA_OK;
}

/* Splits off the next line, without its end. */
static struct cella_bytes next_line(struct cella_bytes *rest)
{
	const uint8_t *const end = memchr(rest->data, '\n', rest->len);
	const size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;
	const struct cella_bytes line = bytes_slice(*rest, 0, len);
	const size_t used = end != NULL ? len + 1 : len;

	*rest = bytes_slice(*rest, used, rest->len - used);
	return text_trim(line);
}

enum cella_status attest_conf_read(struct cella_bytes text, const char *what,
				   uint32_t *out_port, struct cella_error *err)
{
	uint32_t port = 0;

	for (unsigned number = 1; text.len > 0; number++) {
		const struct cella_bytes view = next_line(&text);
		char line[LINE_MAX_LEN + 1];
		enum cella_status status;

		if (view.len > LINE_MAX_LEN || memchr(view.data, '\0', view.len) != NULL)
			return error_set(err, CELLA_MALFORMED,
					 "%s: line %u: is no line of text", what, number);
		memcpy(line, view.data, view.len);
		line[view.len] = '\0';
		status = read_line(line, &port, err);
		if (status != CELLA_OK) {
			if (err != NULL)
				err->status = CELLA_MALFORMED;
			error_prefix(err, "%s: line %u", what, number);
			return CELLA_MALFORMED;
		}
	}
	if (port == 0)
		return error_set(err, CELLA_MISSING,
				 "%s: names no port: write 'port = 4050' into it", what);
	*out_port = port;
	return CELLA_OK;
}
