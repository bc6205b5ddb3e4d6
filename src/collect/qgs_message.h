/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to a host's quoting service, QGS, and what it answers: a length of four bytes,
 * big endian, then a message in little endian.
 */
#ifndef COLLECT_QGS_MESSAGE_H
#define COLLECT_QGS_MESSAGE_H

#include "base/bytes.h"

enum {
	QGS_FRAME_LEN = 4,
	QGS_HEADER_LEN = 16,
	QGS_MESSAGE_MAX = 256 << 10,
	QGS_TYPE_REQUEST = 0,
	QGS_TYPE_RESPONSE = 1,
};

/* qgs_request_write() appends the request to quote a TD report, with its length. */
void qgs_request_write(struct cella_bytes report, struct out *out);

/* qgs_frame_read() reads a message's length. CELLA_LIMIT above QGS_MESSAGE_MAX. */
enum cella_status qgs_frame_read(struct cella_bytes frame, size_t *out_len,
				 struct cella_error *err) MUST_CHECK;

/*
 * qgs_response_parse() finds the quote in a response, which *quote borrows. CELLA_MALFORMED
 * with the field that is wrong; CELLA_UNSUPPORTED for another major version; CELLA_IO when
 * the service tells of an error, with EREMOTEIO.
 */
enum cella_status qgs_response_parse(struct cella_bytes message,
				     struct cella_bytes *quote,
				     struct cella_error *err) MUST_CHECK;

#endif
