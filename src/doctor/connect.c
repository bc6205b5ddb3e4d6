/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaching addresses. Resolving a name can take any time at all, so that the whole is done
 * under bounded_run().
 */
#include "doctor/connect.h"

#include "base/number.h"
#include "doctor/bounded.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/vm_sockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PORT_MAX = 65535 };

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define CLEANUP_CLOSE CLEANUP(close_fd)

/* --- addresses ----------------------------------------------------------------------- */

static enum cella_status copy_host(const char *host, size_t len, struct address *out,
				   const char *what, struct cella_error *err)
{
	if (len == 0)
		return error_set(err, CELLA_USAGE, "%s: names nobody", what);
	if (len >= sizeof out->host)
		return error_set(err, CELLA_LIMIT,
				 "%s: a name of %zu characters, at most %zu", what, len,
				 sizeof out->host - 1);
	memcpy(out->host, host, len);
	out->host[len] = '\0';
	return CELLA_OK;
}

static enum cella_status read_port(const char *text, uint64_t max, uint32_t *port,
				   const char *what, struct cella_error *err)
{
	uint64_t value = 0;
	const enum cella_status status = number_read(text, max, &value, what, err);

	if (status == CELLA_OK)
		*port = (uint32_t)value;
	return status;
}

/* HOST:PORT, [HOST]:PORT; or without a port when there is a default. */
static enum cella_status read_tcp(const char *text, uint32_t default_port,
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
		return error_set(err, CELLA_MALFORMED, "%s: expected HOST:PORT", what);
	return read_port(rest + 1, PORT_MAX, &out->port, what, err);
}

static enum cella_status read_unix(const char *text, struct address *out,
				   const char *what, struct cella_error *err)
{
	const size_t max = sizeof((struct sockaddr_un *)NULL)->sun_path;

	out->kind = ADDRESS_UNIX;
	if (strlen(text) >= max)
		return error_set(err, CELLA_LIMIT, "%s: a path of %zu bytes, at most %zu",
				 what, strlen(text), max - 1);
	return copy_host(text, strlen(text), out, what, err);
}

static enum cella_status read_vsock(const char *text, struct address *out,
				    const char *what, struct cella_error *err)
{
	const size_t len = strcspn(text, ":");
	char cid[16] = "";

	out->kind = ADDRESS_VSOCK;
	if (text[len] != ':' || len >= sizeof cid)
		return error_set(err, CELLA_MALFORMED, "%s: expected vsock:CID:PORT",
				 what);
	memcpy(cid, text, len);
	TRY(read_port(cid, UINT32_MAX, &out->cid, what, err));
	return read_port(text + len + 1, UINT32_MAX, &out->port, what, err);
}

enum cella_status address_read(const char *text, struct address *out, const char *what,
			       struct cella_error *err)
{
	struct address address = { 0 };
	enum cella_status status;

	if (strncmp(text, "unix:", 5) == 0)
		status = read_unix(text + 5, &address, what, err);
	else if (strncmp(text, "tcp:", 4) == 0)
		status = read_tcp(text + 4, 0, &address, what, err);
	else if (strncmp(text, "vsock:", 6) == 0)
		status = read_vsock(text + 6, &address, what, err);
	else
		status = error_set(err, CELLA_MALFORMED,
				   "%s: expected unix:PATH, tcp:HOST:PORT or "
				   "vsock:CID:PORT",
				   what);
	if (status == CELLA_OK)
		*out = address;
	return status;
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
		return error_set(err, CELLA_MALFORMED,
				 "%s: expected an URL that begins with https://", what);
	start = url + (is_https ? 8 : 7);
	len = strcspn(start, "/?#");
	if (len >= sizeof authority || memchr(start, '@', len) != NULL ||
	    strcspn(start, "${} \t\\") < len)
		return error_set(err, CELLA_MALFORMED, "%s: its host cannot be one",
				 what);
	memcpy(authority, start, len);
	authority[len] = '\0';
	TRY(read_tcp(authority, is_https ? 443 : 80, &address, what, err));
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

/* --- contacts ------------------------------------------------------------------------ */

/* What is shared with the process that tries. */
struct attempt {
	struct contact contact;
	bool may_touch;
};

static void note_result(struct contact *contact, int result)
{
	contact->state = result == 0 ? CONTACT_MADE : CONTACT_FAILED;
	contact->sys_errno = result == 0 ? 0 : errno;
}

static void try_unix(struct contact *contact)
{
	struct sockaddr_un place = { .sun_family = AF_UNIX };
	const int fd CLEANUP_CLOSE = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(place.sun_path, contact->address.host, strlen(contact->address.host));
	note_result(contact,
		    fd < 0 ? -1
			   : connect(fd, (const struct sockaddr *)&place, sizeof place));
}

static void try_vsock(struct contact *contact)
{
	const struct sockaddr_vm place = { .svm_family = AF_VSOCK,
					   .svm_cid = contact->address.cid,
					   .svm_port = contact->address.port };
	const int fd CLEANUP_CLOSE = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	note_result(contact,
		    fd < 0 ? -1
			   : connect(fd, (const struct sockaddr *)&place, sizeof place));
}

static bool is_link_local_v4(uint32_t address)
{
	/* 169.254.0.0/16, and the one that Alibaba Cloud keeps outside of it. */
	return address >> 16 == 0xa9fe || address == 0x646464c8;
}

/* Addresses of metadata services, in every form that they are written in. */
static bool is_link_local(const struct sockaddr *place)
{
	const struct in6_addr *v6;
	uint32_t v4;

	if (place->sa_family == AF_INET) {
		memcpy(&v4, &((const struct sockaddr_in *)(const void *)place)->sin_addr,
		       sizeof v4);
		return is_link_local_v4(ntohl(v4));
	}
	v6 = &((const struct sockaddr_in6 *)(const void *)place)->sin6_addr;
	memcpy(&v4, v6->s6_addr + 12, sizeof v4);
	return IN6_IS_ADDR_LINKLOCAL(v6) ||
	       (IN6_IS_ADDR_V4MAPPED(v6) && is_link_local_v4(ntohl(v4))) ||
	       memcmp(v6->s6_addr, "\xfd\x00\x0e\xc2", 4) == 0;
}

static void try_place(struct contact *contact, const struct addrinfo *place,
		      bool may_touch)
{
	const int fd CLEANUP_CLOSE =
		socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!may_touch && is_link_local(place->ai_addr)) {
		contact->state = CONTACT_NOT_LET;
		return;
	}
	note_result(contact,
		    fd < 0 ? -1 : connect(fd, place->ai_addr, place->ai_addrlen));
}

static void try_tcp(struct contact *contact, bool may_touch)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *places = NULL;
	char port[16];

	snprintf(port, sizeof port, "%u", contact->address.port);
	contact->state = CONTACT_NO_NAME;
	if (getaddrinfo(contact->address.host, port, &hints, &places) != 0)
		return;
	for (const struct addrinfo *place = places; place != NULL;
	     place = place->ai_next) {
		if (place->ai_family != AF_INET && place->ai_family != AF_INET6)
			continue;
		try_place(contact, place, may_touch);
		if (contact->state != CONTACT_FAILED)
			break;
	}
	freeaddrinfo(places);
}

static void try_contact(void *shared)
{
	struct attempt *const attempt = shared;
	/* In hand until it is certain: a process that is killed leaves no half answer. */
	struct contact contact = attempt->contact;

	switch (contact.address.kind) {
	case ADDRESS_NONE:
		return;
	case ADDRESS_UNIX:
		try_unix(&contact);
		break;
	case ADDRESS_TCP:
		try_tcp(&contact, attempt->may_touch);
		break;
	case ADDRESS_VSOCK:
		try_vsock(&contact);
		break;
	}
	attempt->contact = contact;
}

void contact_make(struct contact *contact, bool may_touch, int deadline_ms)
{
	struct attempt *const attempt = bounded_new(sizeof *attempt);

	if (attempt == NULL) {
		contact->state = CONTACT_FAILED;
		contact->sys_errno = ENOMEM;
		return;
	}
	attempt->contact = *contact;
	attempt->may_touch = may_touch;
	if (bounded_run(try_contact, attempt, deadline_ms) == BOUNDED_LATE)
		contact->state = CONTACT_LATE;
	else
		*contact = attempt->contact;
	bounded_free(attempt, sizeof *attempt);
}
