/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs (RFC 3986), as far as it takes to decide whether to follow one. The library that
 * follows it reads it again; what could be read in two ways is refused here.
 */
#include "fetch/url.h"

#include "base/encode.h"
#include "base/number.h"

#include <stdio.h>
#include <string.h>

static const char https[] = "https://";
static const char http[] = "http://";

bool url_is_one(const char *text)
{
	return strstr(text, "://") != NULL;
}

/* 127.0.0.0/8 in its full form; others of it may be read as names. */
static bool is_loopback_v4(const char *host)
{
	size_t dots = 0;

	if (strncmp(host, "127.", 4) != 0)
		return false;
	for (const char *c = host; *c != '\0'; c++) {
		dots += *c == '.';
		if (*c != '.' && (*c < '0' || *c > '9'))
			return false;
	}
	return dots == 3;
}

static bool is_loopback(const char *host)
{
	return text_equal_any_case(host, "localhost") || strcmp(host, "::1") == 0 ||
	       is_loopback_v4(host);
}

/* RFC 3986 section 2, without the characters that need percent-encoding. */
static bool has_strange_character(const char *text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		"-._~:/?[]!$&'()*+,;=%";

	return text[strspn(text, allowed)] != '\0';
}

static enum cella_status check_port(const char *port, size_t len, const char *text,
				    struct cella_error *err)
{
	char digits[8];
	uint64_t number = 0;

	if (len == 0 || len >= sizeof digits)
		return error_set(err, CELLA_USAGE, "%.100s: not a port", text);
	snprintf(digits, sizeof digits, "%.*s", (int)len, port);
	if (number_read(digits, UINT16_MAX, &number, "port", NULL) != CELLA_OK ||
	    number == 0)
		return error_set(err, CELLA_USAGE, "%.100s: not a port", text);
	return CELLA_OK;
}

/* HOST, HOST:PORT or [ADDRESS]:PORT, which end before the path. */
static enum cella_status read_authority(const char *text, size_t start, struct url *out,
					struct cella_error *err)
{
	const char *host = text + start;
	const size_t len = strcspn(host, "/?");
	const bool has_brackets = *host == '[';
	const char *const end = host + len;
	const char *const close = has_brackets ? memchr(host, ']', len)
					       : memchr(host, ':', len);
	const char *const host_end = close != NULL ? close : end;
	const char *const port = has_brackets && close != NULL ? close + 1 : host_end;

	host += has_brackets;
	if ((has_brackets && close == NULL) || host_end <= host ||
	    (size_t)(host_end - host) > URL_HOST_MAX || strpbrk(text, "@#\\") != NULL)
		return error_set(err, CELLA_USAGE, "%.100s: names no host, or a user",
				 text);
	if (port < end && *port != ':')
		return error_set(err, CELLA_USAGE, "%.100s: not a port", text);
	if (port < end)
		TRY(check_port(port + 1, (size_t)(end - port) - 1, text, err));
	snprintf(out->host, sizeof out->host, "%.*s", (int)(host_end - host), host);
	out->path = start + len;
	return CELLA_OK;
}

enum cella_status url_parse(const char *text, struct url *out, struct cella_error *err)
{
	struct url url = { .is_https = strncmp(text, https, strlen(https)) == 0 };

	if (strstr(text, "${") != NULL)
		return error_set(err, CELLA_USAGE,
				 "%.100s: a variable that nobody has filled in", text);
	if (strlen(text) > URL_MAX)
		return error_set(err, CELLA_LIMIT, "%.60s…: a URL of more than %d bytes",
				 text, URL_MAX);
	if (!url.is_https && strncmp(text, http, strlen(http)) != 0)
		return error_set(err, CELLA_USAGE, "%.100s: not an https:// URL", text);
	TRY(read_authority(text, strlen(url.is_https ? https : http), &url, err));
	if (has_strange_character(text))
		return error_set(err, CELLA_USAGE,
				 "%.100s: has a character that no URL has", text);
	url.is_loopback = is_loopback(url.host);
	if (!url.is_https && !url.is_loopback)
		return error_set(err, CELLA_USAGE,
				 "%.100s: plain http is for this machine alone; "
				 "use https://",
				 text);
	*out = url;
	return CELLA_OK;
}
