/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading files of lines.
 */
#include "doctor/lines.h"

#include "base/encode.h"
#include "doctor/system.h"

#include <string.h>

bool lines_next(struct cella_bytes *rest, struct cella_bytes *line)
{
	const uint8_t *end;
	size_t len;

	if (rest->len == 0)
		return false;
	end = memchr(rest->data, '\n', rest->len);
	len = end != NULL ? (size_t)(end - rest->data) : rest->len;
	*line = bytes_slice(*rest, 0, len);
	len += end != NULL ? 1 : 0;
	*rest = bytes_slice(*rest, len, rest->len - len);
	return true;
}

bool line_starts_with(struct cella_bytes line, const char *text)
{
	const size_t len = strlen(text);

	return line.len >= len && memcmp(line.data, text, len) == 0;
}

static struct cella_bytes unquote(struct cella_bytes text)
{
	const uint8_t first = text.len >= 2 ? text.data[0] : 0;

	if ((first == '"' || first == '\'') && text.data[text.len - 1] == first)
		return bytes_slice(text, 1, text.len - 2);
	return text;
}

bool line_value(struct cella_bytes line, const char *key, struct cella_bytes *value)
{
	const size_t key_len = strlen(key);
	struct cella_bytes rest = text_trim(line);

	if (!line_starts_with(rest, key))
		return false;
	rest = text_trim(bytes_slice(rest, key_len, rest.len - key_len));
	if (rest.len == 0 || rest.data[0] != '=')
		return false;
	*value = unquote(text_trim(bytes_slice(rest, 1, rest.len - 1)));
	return true;
}

bool lines_find(struct cella_bytes text, const char *key, struct cella_bytes *value)
{
	struct cella_bytes line;
	bool found = false;

	while (lines_next(&text, &line))
		if (line_value(line, key, value))
			found = true;
	return found;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool line_has_word(struct cella_bytes line, const char *word)
{
	const size_t len = strlen(word);

	for (size_t i = 0; i + len <= line.len; i++) {
		if (memcmp(line.data + i, word, len) == 0 &&
		    (i == 0 || is_blank(line.data[i - 1])) &&
		    (i + len == line.len || is_blank(line.data[i + len])))
			return true;
	}
	return false;
}

void text_copy(struct cella_bytes from, char *text, size_t size)
{
	const size_t len = from.len < size ? from.len : size - 1;

	if (len > 0)
		memcpy(text, from.data, len);
	text[len] = '\0';
	text_printable(text);
}
