/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few URLs that collateral is fetched from: https, or http on loopback.
 */
#ifndef FETCH_URL_H
#define FETCH_URL_H

#include "base/bytes.h"

enum { URL_MAX = 2048, URL_HOST_MAX = 255 };

/* struct url - the parts that somebody decides by. */
struct url {
	bool is_https;
	bool is_loopback;            /* localhost, 127.0.0.0/8 or ::1 */
	char host[URL_HOST_MAX + 1]; /* without the brackets of an IPv6 address */
	size_t path;                 /* where the path begins in the text */
};

/* url_is_one() is true for a text that means a URL rather than a file. */
bool url_is_one(const char *text);

/*
 * url_parse() takes a URL apart. CELLA_USAGE for another scheme than https (http is good
 * for loopback alone), for a user or a password in it, and for characters that no URL has.
 */
enum cella_status url_parse(const char *text, struct url *out,
			    struct cella_error *err) MUST_CHECK;

#endif
