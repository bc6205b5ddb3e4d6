/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request, one response.
 */
#include "collect/http.h"

#include "base/encode.h"
#include "base/number.h"

#include <string.h>
#include <strings.h>

enum {
	RECEIVE_MAX = 16384,
	LENGTH_TEXT_MAX = 20,
	CHUNK_LINE_MAX = 256,
	/* Chunks' lengths may take as much again as what they are the lengths of. */
	RESPONSE_MAX = HTTP_HEAD_MAX + 2 * HTTP_BODY_MAX,
};

/* What a head says of the body. */
struct framing {
	bool has_length;
	uint64_t len;
	bool is_chunked;
};

static enum cella_status malformed(const char *what, struct cella_error *err)
{
	return error_set(err, CELLA_MALFORMED, "HTTP response: %s", what);
}

/* Splits off a line that ends in CR LF; false while it has not come. */
static bool next_line(struct cella_bytes *rest, struct cella_bytes *line)
{
	const uint8_t *const end =
		rest->len == 0 ? NULL : memmem(rest->data, rest->len, "\r\n", 2);
	size_t len;

	if (end == NULL)
		return false;
	len = (size_t)(end - rest->data);
	*line = bytes_slice(*rest, 0, len);
	*rest = bytes_slice(*rest, len + 2, rest->len - len - 2);
	return true;
}

/* "HTTP/1.1 200 OK" */
static enum cella_status read_status_line(struct cella_bytes line, unsigned *out,
					  struct cella_error *err)
{
	static const char version[] = "HTTP/1.";
	const uint8_t *const c = line.data;
	unsigned status = 0;

	if (line.len < 12 || memcmp(c, version, strlen(version)) != 0 || c[8] != ' ')
		return malformed("does not begin with HTTP/1: is it a web server?", err);
	for (size_t i = 9; i < 12; i++) {
		if (c[i] < '0' || c[i] > '9')
			return malformed("its status is no number", err);
		status = status * 10 + (unsigned)(c[i] - '0');
	}
	*out = status;
	return CELLA_OK;
}

static bool name_is(struct cella_bytes name, const char *wanted)
{
	return name.len == strlen(wanted) &&
	       strncasecmp((const char *)name.data, wanted, name.len) == 0;
}

static enum cella_status read_length(struct cella_bytes value, struct framing *out,
				     struct cella_error *err)
{
	char text[LENGTH_TEXT_MAX + 1];
	uint64_t len = 0;

	if (value.len > LENGTH_TEXT_MAX)
		return malformed("Content-Length is too long", err);
	memcpy(text, value.data, value.len);
	text[value.len] = '\0';
	TRY(number_read(text, UINT32_MAX, &len, "HTTP response: Content-Length", err));
	if (out->has_length && out->len != len)
		return malformed("two lengths that differ", err);
	out->has_length = true;
	out->len = len;
	return CELLA_OK;
}

static enum cella_status read_header_line(struct cella_bytes line, struct framing *out,
					  struct cella_error *err)
{
	const uint8_t *const colon = memchr(line.data, ':', line.len);
	struct cella_bytes name;
	struct cella_bytes value;

	if (colon == NULL)
		return malformed("a header without a colon", err);
	name = bytes_slice(line, 0, (size_t)(colon - line.data));
	value = text_trim(bytes_slice(line, name.len + 1, line.len - name.len - 1));
	if (name_is(name, "content-length"))
		return read_length(value, out, err);
	if (!name_is(name, "transfer-encoding"))
		return CELLA_OK;
	if (!name_is(value, "chunked"))
		return malformed("a transfer encoding other than chunked", err);
	out->is_chunked = true;
	return CELLA_OK;
}

/* Narrows *rest to the body. *is_whole is false while the head has not come as a whole. */
static enum cella_status read_head(struct cella_bytes *rest, unsigned *status,
				   struct framing *framing, bool *is_whole,
				   struct cella_error *err)
{
	struct cella_bytes line;
	const size_t all = rest->len;

	*is_whole = false;
	if (!next_line(rest, &line))
		return all > HTTP_HEAD_MAX ? malformed("no end of its head", err)
					   : CELLA_OK;
	TRY(read_status_line(line, status, err));
	while (next_line(rest, &line)) {
		if (all - rest->len > HTTP_HEAD_MAX)
			return error_set(
				err, CELLA_LIMIT,
				"HTTP response: its head is longer than %d bytes",
				HTTP_HEAD_MAX);
		if (line.len == 0) {
			*is_whole = true;
			return CELLA_OK;
		}
		TRY(read_header_line(line, framing, err));
	}
	return all > HTTP_HEAD_MAX ? malformed("no end of its head", err) : CELLA_OK;
}

/* "1a[;extension]" */
static enum cella_status read_chunk_len(struct cella_bytes line, size_t *out,
					struct cella_error *err)
{
	size_t len = 0;
	size_t i = 0;

	for (; i < line.len; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *const digit =
			memchr(digits, ascii_lower((char)line.data[i]), 16);

		if (digit == NULL)
			break;
		len = len << 4 | (size_t)(digit - digits);
		if (len > HTTP_BODY_MAX)
			return error_set(err, CELLA_LIMIT,
					 "HTTP response: longer than %d bytes",
					 HTTP_BODY_MAX);
	}
	if (i == 0 || (i < line.len && line.data[i] != ';' && line.data[i] != ' '))
		return malformed("a chunk's length is no number", err);
	*out = len;
	return CELLA_OK;
}

static enum cella_status read_chunks(struct cella_bytes rest, struct out *body,
				     bool *is_whole, struct cella_error *err)
{
	struct cella_bytes line;

	while (next_line(&rest, &line)) {
		size_t len = 0;

		TRY(read_chunk_len(line, &len, err));
		if (len == 0) {
			*is_whole = true;
			return CELLA_OK;
		}
		if (body->len + len > HTTP_BODY_MAX)
			return error_set(err, CELLA_LIMIT,
					 "HTTP response: longer than %d bytes",
					 HTTP_BODY_MAX);
		if (rest.len < len + 2)
			return CELLA_OK;
		if (memcmp(rest.data + len, "\r\n", 2) != 0)
			return malformed("a chunk does not end where it should", err);
		out_bytes(body, rest.data, len);
		rest = bytes_slice(rest, len + 2, rest.len - len - 2);
	}
	return rest.len > CHUNK_LINE_MAX ? malformed("no end of a chunk's length", err)
					 : CELLA_OK;
}

static enum cella_status read_body(struct cella_bytes rest, const struct framing *framing,
				   bool is_end, struct out *body, bool *is_whole,
				   struct cella_error *err)
{
	if (framing->is_chunked)
		return read_chunks(rest, body, is_whole, err);
	if (rest.len > HTTP_BODY_MAX || framing->len > HTTP_BODY_MAX)
		return error_set(err, CELLA_LIMIT, "HTTP response: longer than %d bytes",
				 HTTP_BODY_MAX);
	*is_whole = framing->has_length ? rest.len >= framing->len : is_end;
	if (*is_whole)
		out_bytes(body, rest.data,
			  framing->has_length ? (size_t)framing->len : rest.len);
	return CELLA_OK;
}

enum cella_status http_response_read(struct cella_bytes bytes, bool is_end,
				     struct http_response *out, struct cella_error *err)
{
	struct out body CLEANUP(out_done) = { 0 };
	struct framing framing = { 0 };
	struct cella_bytes rest = bytes;
	unsigned status = 0;
	bool is_whole = false;

	if (bytes.len > RESPONSE_MAX)
		return error_set(
			err, CELLA_LIMIT,
			"HTTP response: more than %d bytes, with what is said of "
			"its chunks",
			RESPONSE_MAX);
	TRY(read_head(&rest, &status, &framing, &is_whole, err));
	if (is_whole) {
		is_whole = false;
		TRY(read_body(rest, &framing, is_end, &body, &is_whole, err));
		TRY(out_status(&body, err));
	}
	if (!is_whole)
		return is_end ? malformed("ends too early", err) : CELLA_OK;
	*out = (struct http_response){ status, body, true };
	body = (struct out){ 0 };
	return CELLA_OK;
}

enum cella_status http_post_json(const struct peer *peer, const char *host,
				 const char *path, struct cella_bytes document,
				 struct http_response *out, struct cella_error *err)
{
	struct out request CLEANUP(out_done) = { 0 };
	struct out bytes CLEANUP(out_done) = { 0 };
	uint8_t buffer[RECEIVE_MAX];
	size_t got = 1;

	out_format(&request,
		   "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
		   "Accept: application/json\r\nMetadata: true\r\nConnection: close\r\n"
		   "Content-Length: %zu\r\n\r\n",
		   path, host, document.len);
	out_bytes(&request, document.data, document.len);
	TRY(out_status(&request, err));
	TRY(peer_send(peer, out_view(&request), err));
	*out = (struct http_response){ 0 };
	while (!out->is_complete && got > 0) {
		TRY(peer_receive(peer, buffer, sizeof buffer, &got, err));
		out_bytes(&bytes, buffer, got);
		TRY(out_status(&bytes, err));
		TRY(http_response_read(out_view(&bytes), got == 0, out, err));
	}
	return CELLA_OK;
}
