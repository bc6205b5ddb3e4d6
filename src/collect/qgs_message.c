/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of QGS, version 1.
 */
#include "collect/qgs_message.h"

#include <errno.h>

enum {
	MAJOR = 1,
	MINOR = 1,
	REQUEST_LEN = 8, /* report's size, size of the list of key ids */
	ERROR_FIRST = 0x12001,
};

static const char *const error_names[] = {
	"something unexpected", "out of memory",
	"an invalid parameter", "a version it does not know",
	"an invalid type",      "an invalid size",
	"an invalid code",
};

void qgs_request_write(struct cella_bytes report, struct out *out)
{
	const uint32_t len = (uint32_t)(QGS_HEADER_LEN + REQUEST_LEN + report.len);

	out_u32be(out, len);
	out_u16le(out, MAJOR);
	out_u16le(out, MINOR);
	out_u32le(out, QGS_TYPE_REQUEST);
	out_u32le(out, len);
	out_u32le(out, 0); /* no error */
	out_u32le(out, (uint32_t)report.len);
	out_u32le(out, 0); /* any key will do */
	out_bytes(out, report.data, report.len);
}

enum cella_status qgs_frame_read(struct cella_bytes frame, size_t *out_len,
				 struct cella_error *err)
{
	struct in in;
	uint32_t len;

	in_init(&in, frame, "QGS's answer");
	len = in_u32be(&in, "length");
	TRY(in_status(&in, err));
	if (len > QGS_MESSAGE_MAX)
		return error_set(err, CELLA_LIMIT,
				 "QGS's answer: length: %u bytes, at most %d: is it QGS "
				 "that listens there?",
				 len, QGS_MESSAGE_MAX);
	if (len < QGS_HEADER_LEN)
		return error_set(err, CELLA_MALFORMED,
				 "QGS's answer: length: %u bytes, at least %d", len,
				 QGS_HEADER_LEN);
	*out_len = len;
	return CELLA_OK;
}

static enum cella_status tell(uint32_t code, struct cella_error *err)
{
	const uint32_t index = code - ERROR_FIRST;

	error_set(err, CELLA_IO, "QGS refuses: error 0x%x%s%s; its log says why", code,
		  index < ARRAY_LEN(error_names) ? ", " : "",
		  index < ARRAY_LEN(error_names) ? error_names[index] : "");
	if (err != NULL)
		err->sys_errno = EREMOTEIO;
	return CELLA_IO;
}

static enum cella_status read_header(struct in *in, size_t len, struct cella_error *err)
{
	const uint16_t major = in_u16le(in, "header.major_version");
	const uint16_t minor = in_u16le(in, "header.minor_version");
	const uint32_t type = in_u32le(in, "header.type");
	const uint32_t size = in_u32le(in, "header.size");
	const uint32_t code = in_u32le(in, "header.error_code");

	TRY(in_status(in, err));
	if (major != MAJOR)
		return error_set(err, CELLA_UNSUPPORTED,
				 "QGS's answer: version %u.%u, not %d: is it QGS that "
				 "listens there?",
				 major, minor, MAJOR);
	if (type != QGS_TYPE_RESPONSE)
		return error_at(err, CELLA_MALFORMED, 4,
				"QGS's answer: header.type: %u, not %d, a quote", type,
				QGS_TYPE_RESPONSE);
	if (code != 0)
		return tell(code, err);
	if (size != len)
		return error_at(err, CELLA_MALFORMED, 8,
				"QGS's answer: header.size: %u, but the message has %zu "
				"bytes",
				size, len);
	return CELLA_OK;
}

enum cella_status qgs_response_parse(struct cella_bytes message,
				     struct cella_bytes *quote, struct cella_error *err)
{
	struct in in;
	struct cella_bytes found;
	uint32_t id_len;
	uint32_t quote_len;

	in_init(&in, message, "QGS's answer");
	TRY(read_header(&in, message.len, err));
	id_len = in_u32le(&in, "selected_id_size");
	quote_len = in_u32le(&in, "quote_size");
	TRY(in_status(&in, err));
	in_skip(&in, id_len, "selected_id");
	found = in_bytes(&in, quote_len, "quote");
	in_end(&in, "the quote");
	TRY(in_status(&in, err));
	if (found.len == 0)
		return error_set(err, CELLA_MALFORMED,
				 "QGS's answer: quote_size: 0: it made no quote");
	*quote = found;
	return CELLA_OK;
}
