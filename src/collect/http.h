/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of HTTP/1.1 (RFC 9112) as one request to a service on this machine's own network
 * takes. Whatever goes further has libcurl.
 */
#ifndef COLLECT_HTTP_H
#define COLLECT_HTTP_H

#include "collect/peer.h"

enum { HTTP_HEAD_MAX = 16 << 10, HTTP_BODY_MAX = 1 << 20 };

/* struct http_response - what has come so far. */
struct http_response {
	unsigned status;
	struct out body;
	bool is_complete;
};

/*
 * http_response_read() reads what has come; is_end is true when nothing more will.
 * is_complete stays false while something is missing, which at the end is CELLA_MALFORMED,
 * as all is that breaks the protocol. CELLA_LIMIT for too much of it.
 */
enum cella_status http_response_read(struct cella_bytes bytes, bool is_end,
				     struct http_response *out,
				     struct cella_error *err) MUST_CHECK;

/*
 * http_post_json() posts a document to a path on a peer, and reads the response to its end,
 * whatever its status. The caller frees out->body.
 */
enum cella_status http_post_json(const struct peer *peer, const char *host,
				 const char *path, struct cella_bytes document,
				 struct http_response *out,
				 struct cella_error *err) MUST_CHECK;

#endif
