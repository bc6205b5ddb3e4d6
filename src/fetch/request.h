/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cella asks of cella-fetch, as a line on its standard input:
 *
 *     <deadline> <limit> <url> [<key>]
 */
#ifndef FETCH_REQUEST_H
#define FETCH_REQUEST_H

#include <stddef.h>
#include <stdint.h>

/* A URL and a key fit in, and are no more than that. */
enum { REQUEST_LINE_MAX = 4096, REQUEST_KEY_MAX = 128 };

/* How cella-fetch ends when it tries what its sandbox forbids. */
enum { REQUEST_EXIT_SANDBOX = 9 };

struct request {
	const char *url;
	const char *key;     /* the service's subscription key; NULL: none is sent */
	size_t max_len;      /* of the answer's body */
	int64_t deadline_ms; /* a moment of CLOCK_MONOTONIC */
};

#endif
