/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an enclave wants to, and where it may.
 */
#include "vm/forward/target.h"

#include "base/encode.h"
#include "base/error.h"
#include "base/number.h"

#include <string.h>

static const char name_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

/* Its last label begins with a letter: "127.1" and "0x7f.1" are addresses to libraries. */
static bool is_name(const char *name)
{
	const char *const dot = strrchr(name, '.');
	const char *const last = dot != NULL ? dot + 1 : name;

	return strspn(name, name_characters) == strlen(name) && name[0] != '.' &&
	       name[0] != '-' && *last >= 'a' && *last <= 'z' &&
	       strstr(name, "..") == NULL;
}

/* host ":" port, at the last colon; an address of version 6 stands in brackets. */
enum cella_status target_read(struct cella_bytes text, struct target *out,
			      const char *what, struct cella_error *err)
{
	struct target read = { 0 };
	uint64_t port = 0;
	char *colon;

	if (text.len >= sizeof read.name || memchr(text.data, '\0', text.len) != NULL)
		return error_set(err, CELLA_MALFORMED, "%s: no name that is so long",
				 what);
	for (size_t i = 0; i < text.len; i++)
		read.name[i] = ascii_lower((char)text.data[i]);
	colon = strrchr(read.name, ':');
	if (colon == NULL || colon == read.name)
		return error_set(err, CELLA_MALFORMED, "%s: \"%.60s\" is no name:port",
				 what, read.name);
	*colon = '\0';
	TRY(number_read(colon + 1, UINT16_MAX, &port, what, err));
	if (port == 0)
		return error_set(err, CELLA_MALFORMED, "%s: port 0", what);
	read.port = (uint16_t)port;
	read.is_address = (read.name[0] == '[' || strchr(read.name, ':') == NULL) &&
			  address_literal_read(read.name, read.port, &read.address);
	if (!read.is_address && !is_name(read.name))
		return error_set(err, CELLA_MALFORMED,
				 "%s: \"%.60s\" is neither a name nor an address", what,
				 read.name);
	*out = read;
	return CELLA_OK;
}

enum cella_status targets_add(struct targets *targets, const char *text, const char *what,
			      struct cella_error *err)
{
	if (targets->num == TARGETS_MAX)
		return error_set(err, CELLA_LIMIT, "%s: more than %d", what, TARGETS_MAX);
	TRY(target_read(bytes_of(text, strlen(text)), &targets->items[targets->num], what,
			err));
	targets->num++;
	return CELLA_OK;
}

static bool is_same(const struct target *a, const struct target *b)
{
	if (a->is_address || b->is_address)
		return a->is_address && b->is_address &&
		       address_equal(&a->address, &b->address);
	return a->port == b->port && strcmp(a->name, b->name) == 0;
}

bool targets_have(const struct targets *targets, const struct target *target)
{
	for (size_t i = 0; i < targets->num; i++)
		if (is_same(&targets->items[i], target))
			return true;
	return false;
}

bool targets_have_address(const struct targets *targets, const union address *address)
{
	for (size_t i = 0; i < targets->num; i++)
		if (targets->items[i].is_address &&
		    address_equal(&targets->items[i].address, address))
			return true;
	return false;
}

/* "CONNECT " target " HTTP/1." digit CR LF *( line CR LF ) CR LF */
enum cella_status request_read(struct cella_bytes text, struct target *out, size_t *len,
			       struct cella_error *err)
{
	static const char method[] = "CONNECT ", version[] = " HTTP/1.";
	const uint8_t *const end =
		text.len > 0 ? memmem(text.data, text.len, "\r\n\r\n", 4) : NULL;
	const uint8_t *line_end, *space;
	struct cella_bytes target;

	*len = 0;
	if (end == NULL && text.len >= REQUEST_MAX)
		return error_set(err, CELLA_LIMIT,
				 "request: its head has more than %d bytes", REQUEST_MAX);
	if (end == NULL)
		return CELLA_OK;
	line_end = memmem(text.data, text.len, "\r\n", 2);
	if ((size_t)(line_end - text.data) < sizeof method - 1 ||
	    memcmp(text.data, method, sizeof method - 1) != 0)
		return error_set(err, CELLA_UNSUPPORTED, "request: another than CONNECT");
	target = bytes_of(text.data + sizeof method - 1,
			  (size_t)(line_end - text.data) - (sizeof method - 1));
	space = target.len > 0 ? memchr(target.data, ' ', target.len) : NULL;
	if (space == NULL || (size_t)(line_end - space) != sizeof version ||
	    memcmp(space, version, sizeof version - 1) != 0 || space[8] < '0' ||
	    space[8] > '1')
		return error_set(err, CELLA_MALFORMED,
				 "request: is not of HTTP/1.0 or 1.1");
	target.len = (size_t)(space - target.data);
	TRY(target_read(target, out, "request", err));
	*len = (size_t)(end - text.data) + 4;
	return CELLA_OK;
}
