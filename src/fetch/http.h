/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET over HTTPS, with libcurl. Only the program cella-fetch has this: the process that
 * judges evidence has neither a TLS library nor the parser of a server's answers in it.
 *
 * Certificates are checked unless the options say otherwise, redirects are not followed,
 * content is not decompressed, every answer has a limit in bytes and in time.
 */
#ifndef FETCH_HTTP_H
#define FETCH_HTTP_H

#include "base/bytes.h"
#include "fetch/request.h"

struct http_options {
	const char *ca_file; /* of the server's issuer; NULL: the system's list */
	bool insecure;       /* whoever answers is believed to be the server */
	unsigned attempts;   /* including the first */
};

struct http_client;

enum cella_status http_client_new(const struct http_options *options,
				  struct http_client **out,
				  struct cella_error *err) MUST_CHECK;
void http_client_free(struct http_client *client);

static inline void http_client_cleanup(struct http_client **client)
{
	http_client_free(*client);
}

/* http_default_ca() is where libcurl's own list of authorities is, a file and a folder;
 * either may be NULL. */
void http_default_ca(const char **file, const char **folder);

/*
 * http_get() appends an answer to out as a response of HTTP/1.1: status line, those of its
 * headers that say something of collateral, and the body. Failures that may pass are tried
 * again before the deadline. CELLA_MISSING: the server does not have it. CELLA_LIMIT: it is
 * too long. CELLA_USAGE: a key is not for plain HTTP, nor for a server that nobody checked.
 * CELLA_IO otherwise; texts name the URL and what to do, never the key.
 */
enum cella_status http_get(struct http_client *client, const struct request *request,
			   struct out *out, struct cella_error *err) MUST_CHECK;

/* http_client_code() is the status of the last answer; 0 when there was none. */
unsigned http_client_code(const struct http_client *client);

#endif
