/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of services: text, and what the kernel takes.
 */
#include "collect/address.h"

#include "base/number.h"

#include <arpa/inet.h>
#include <string.h>

enum { PORT_MAX = 65535, PORT_HTTPS = 443, PORT_HTTP = 80 };

/* --- text ---------------------------------------------------------------------------- */

static enum cella_status copy_host(const char *host, size_t len, struct address *out,
				   const char *what, struct cella_error *err)
{
	if (len == 0)
		return error_set(err, CELLA_USAGE, "%s: names nobody", what);
	if (len >= sizeof out->host)
		return error_set(err, CELLA_USAGE,
				 "%s: a name of %zu characters, at most %zu", what, len,
				 sizeof out->host - 1);
	memcpy(out->host, host, len);
	out->host[len] = '\0';
	return CELLA_OK;
}

/* Whatever is wrong with a number is a mistake in using this. */
static enum cella_status read_number(const char *text, uint64_t max, uint32_t *out,
				     const char *what, struct cella_error *err)
{
	struct cella_error why = { 0 };
	uint64_t value = 0;

	if (number_read(text, max, &value, what, &why) != CELLA_OK)
		return error_set(err, CELLA_USAGE, "%s", why.text);
	*out = (uint32_t)value;
	return CELLA_OK;
}

/* HOST:PORT, [HOST]:PORT; or without a port when there is a default. */
static enum cella_status read_host(const char *text, uint32_t default_port,
				   struct address *out, const char *what,
				   struct cella_error *err)
{
	const bool has_brackets = text[0] == '[';
	const char *const host = has_brackets ? text + 1 : text;
	const size_t len = strcspn(host, has_brackets ? "]" : ":");
	const char *rest = host + len;

	out->kind = ADDRESS_TCP;
	TRY(copy_host(host, len, out, what, err));
	if (has_brackets && *rest == ']')
		rest++;
	if (*rest == '\0' && default_port != 0) {
		out->port = default_port;
		return CELLA_OK;
	}
	if (*rest != ':')
		return error_set(err, CELLA_USAGE, "%s: expected HOST:PORT", what);
	return read_number(rest + 1, PORT_MAX, &out->port, what, err);
}

static enum cella_status read_tcp(const char *text, struct address *out, const char *what,
				  struct cella_error *err)
{
	return read_host(text, 0, out, what, err);
}

static enum cella_status read_unix(const char *text, struct address *out,
				   const char *what, struct cella_error *err)
{
	const size_t max = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
	const size_t len = strlen(text);

	out->kind = ADDRESS_UNIX;
	if (len == 0 || len > max)
		return error_set(err, CELLA_USAGE,
				 "%s: expected a path of 1 to %zu bytes, found %zu", what,
				 max, len);
	return copy_host(text, len, out, what, err);
}

static enum cella_status read_vsock(const char *text, struct address *out,
				    const char *what, struct cella_error *err)
{
	const size_t len = strcspn(text, ":");
	char cid[16] = "";

	out->kind = ADDRESS_VSOCK;
	if (text[len] != ':' || len >= sizeof cid)
		return error_set(err, CELLA_USAGE, "%s: expected vsock:CID:PORT", what);
	memcpy(cid, text, len);
	TRY(read_number(cid, UINT32_MAX, &out->cid, what, err));
	return read_number(text + len + 1, UINT32_MAX, &out->port, what, err);
}

static const struct {
	const char *prefix;
	enum cella_status (*read)(const char *text, struct address *out, const char *what,
				  struct cella_error *err);
} schemes[] = {
	{ "unix:", read_unix },
	{ "tcp:", read_tcp },
	{ "vsock:", read_vsock },
};

enum cella_status address_read(const char *text, struct address *out, const char *what,
			       struct cella_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		const size_t len = strlen(schemes[i].prefix);
		struct address address = { 0 };

		if (strncmp(text, schemes[i].prefix, len) != 0)
			continue;
		TRY(schemes[i].read(text + len, &address, what, err));
		*out = address;
		return CELLA_OK;
	}
	return error_set(err, CELLA_USAGE,
			 "%s: expected unix:PATH, tcp:HOST:PORT or vsock:CID:PORT", what);
}

enum cella_status address_of_url(const char *url, struct address *out, const char *what,
				 struct cella_error *err)
{
	const bool is_https = strncmp(url, "https://", 8) == 0;
	struct address address = { 0 };
	char authority[ADDRESS_HOST_MAX];
	const char *start;
	size_t len;

	if (!is_https && strncmp(url, "http://", 7) != 0)
		return error_set(err, CELLA_USAGE,
				 "%s: expected an URL that begins with https://", what);
	start = url + (is_https ? 8 : 7);
	len = strcspn(start, "/?#");
	if (len >= sizeof authority || memchr(start, '@', len) != NULL ||
	    strcspn(start, "${} \t\\") < len)
		return error_set(err, CELLA_USAGE, "%s: its host cannot be one", what);
	memcpy(authority, start, len);
	authority[len] = '\0';
	TRY(read_host(authority, is_https ? PORT_HTTPS : PORT_HTTP, &address, what, err));
	*out = address;
	return CELLA_OK;
}

void address_format(const struct address *address, struct out *out)
{
	const bool has_colon = strchr(address->host, ':') != NULL;

	switch (address->kind) {
	case ADDRESS_NONE:
		return;
	case ADDRESS_UNIX:
		out_format(out, "unix:%s", address->host);
		return;
	case ADDRESS_TCP:
		out_format(out, has_colon ? "tcp:[%s]:%u" : "tcp:%s:%u", address->host,
			   address->port);
		return;
	case ADDRESS_VSOCK:
		out_format(out, "vsock:%u:%u", address->cid, address->port);
		return;
	}
}

/* --- for the kernel ------------------------------------------------------------------ */

static bool place_tcp(const struct address *address, struct place *out)
{
	struct place place = { 0 };

	if (inet_pton(AF_INET, address->host, &place.at.in.sin_addr) == 1) {
		place.at.in.sin_family = AF_INET;
		place.at.in.sin_port = htons((uint16_t)address->port);
		place.len = sizeof place.at.in;
	} else if (inet_pton(AF_INET6, address->host, &place.at.in6.sin6_addr) == 1) {
		place.at.in6.sin6_family = AF_INET6;
		place.at.in6.sin6_port = htons((uint16_t)address->port);
		place.len = sizeof place.at.in6;
	} else {
		return false;
	}
	*out = place;
	return true;
}

static void place_unix(const struct address *address, struct place *out)
{
	*out = (struct place){ .len = sizeof out->at.un };
	out->at.un.sun_family = AF_UNIX;
	memcpy(out->at.un.sun_path, address->host, strlen(address->host));
}

static void place_vsock(const struct address *address, struct place *out)
{
	*out = (struct place){ .len = sizeof out->at.vm };
	out->at.vm.svm_family = AF_VSOCK;
	out->at.vm.svm_cid = address->cid;
	out->at.vm.svm_port = address->port;
}

bool address_place(const struct address *address, struct place *out)
{
	switch (address->kind) {
	case ADDRESS_NONE:
		return false;
	case ADDRESS_TCP:
		return place_tcp(address, out);
	case ADDRESS_UNIX:
		place_unix(address, out);
		return true;
	case ADDRESS_VSOCK:
		place_vsock(address, out);
		return true;
	}
	return false;
}
