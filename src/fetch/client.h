/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The near side of cella-fetch: started when the first document is asked for, ended with
 * the client.
 */
#ifndef FETCH_CLIENT_H
#define FETCH_CLIENT_H

#include "base/bytes.h"
#include "fetch/request.h"

/* struct client_options - strings are borrowed for the client's life. */
struct client_options {
	const char *tls_ca; /* of the server's issuer; NULL: the system's list */
	bool insecure_tls;
	unsigned attempts;   /* for each document; 0: as many as make sense */
	const char *program; /* the path of cella-fetch; NULL: it is looked for */
	bool is_quiet;       /* it has no standard error */
};

struct client;

enum cella_status client_new(const struct client_options *options, struct client **out,
			     struct cella_error *err) MUST_CHECK;
void client_free(struct client *client);

static inline void client_cleanup(struct client **client)
{
	client_free(*client);
}

/*
 * client_get() appends the response to a GET, as http_get() says. CELLA_UNSUPPORTED when
 * this installation has no cella-fetch.
 */
enum cella_status client_get(struct client *client, const struct request *request,
			     struct out *out, struct cella_error *err) MUST_CHECK;

/* client_code() is the HTTP status of the last answer; 0 when there was none. */
unsigned client_code(const struct client *client);

#endif
