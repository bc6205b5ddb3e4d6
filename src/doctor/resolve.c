/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names, as the C library finds them. It stands apart: a static program that wants this
 * loads libraries after all.
 */
#include "doctor/connect.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

void resolve_by_system(const char *host, uint32_t port, struct places *out)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char port_text[16];

	snprintf(port_text, sizeof port_text, "%u", port);
	if (getaddrinfo(host, port_text, &hints, &found) != 0)
		return;
	for (const struct addrinfo *i = found; i != NULL; i = i->ai_next) {
		struct place *const place = &out->items[out->num_items];

		if ((i->ai_family != AF_INET && i->ai_family != AF_INET6) ||
		    i->ai_addrlen > sizeof place->at)
			continue;
		memcpy(&place->at, i->ai_addr, i->ai_addrlen);
		place->len = i->ai_addrlen;
		if (++out->num_items == ARRAY_LEN(out->items))
			break;
	}
	freeaddrinfo(found);
}
