/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that are not public: IANA's registries of special-purpose addresses, and what
 * clouds use for themselves, most of it within these: Azure tells its virtual machines of
 * themselves at an address that is in no registry.
 */
#include "vm/forward/address.h"

#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

enum { V4_LEN = 4, V6_LEN = 16 };

static const struct {
	uint8_t prefix[V4_LEN];
	unsigned bits;
	const char *what;
} v4_ranges[] = {
	{ { 0 }, 8, "this host" },
	{ { 10 }, 8, "private" },
	{ { 100, 64 }, 10, "shared by a provider, which has metadata of clouds in it" },
	{ { 127 }, 8, "loopback" },
	{ { 168, 63, 129, 16 }, 32, "a cloud's own, which has its metadata" },
	{ { 169, 254 }, 16, "link-local, which has metadata of clouds in it" },
	{ { 172, 16 }, 12, "private" },
	{ { 192, 0, 0 }, 24, "reserved for protocols" },
	{ { 192, 0, 2 }, 24, "for documentation" },
	{ { 192, 88, 99 }, 24, "a relay to IPv6" },
	{ { 192, 168 }, 16, "private" },
	{ { 198, 18 }, 15, "for benchmarks" },
	{ { 198, 51, 100 }, 24, "for documentation" },
	{ { 203, 0, 113 }, 24, "for documentation" },
	{ { 224 }, 4, "multicast" },
	{ { 240 }, 4, "reserved or broadcast" },
};

/* An address of version 4 stands at v4_at; 0: none, the range is not public at all. */
static const struct {
	uint8_t prefix[V6_LEN];
	unsigned bits;
	unsigned v4_at;
	const char *what;
} v6_ranges[] = {
	{ { [10] = 0xff, [11] = 0xff }, 96, 12, NULL },           /* mapped */
	{ { [1] = 0x64, [2] = 0xff, [3] = 0x9b }, 96, 12, NULL }, /* NAT64 */
	{ { 0x20, 0x02 }, 16, 2, NULL },                          /* 6to4 */
	{ { [15] = 0 }, 128, 0, "unspecified" },
	{ { [15] = 1 }, 128, 0, "loopback" },
	{ { 0 }, 8, 0, "reserved" },
	{ { 1 }, 8, 0, "reserved" },
	{ { 0x20, 0x01, 0, 0 }, 23, 0, "reserved for protocols" },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, 0, "for documentation" },
	{ { 0x3f, 0xff }, 20, 0, "for documentation" },
	{ { 0x5f }, 16, 0, "for segment routing" },
	{ { 0xfc }, 7, 0, "private, which has metadata of clouds in it" },
	{ { 0xfe, 0x80 }, 10, 0, "link-local" },
	{ { 0xfe, 0xc0 }, 10, 0, "site-local" },
	{ { 0xff }, 8, 0, "multicast" },
};

static bool has_prefix(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
	const unsigned whole = bits / 8;
	const unsigned rest = bits % 8;
	const uint8_t mask = (uint8_t)(0xff00U >> rest);

	return memcmp(address, prefix, whole) == 0 &&
	       (rest == 0 || ((address[whole] ^ prefix[whole]) & mask) == 0);
}

static const char *object_v4(const uint8_t *address)
{
	for (size_t i = 0; i < ARRAY_LEN(v4_ranges); i++)
		if (has_prefix(address, v4_ranges[i].prefix, v4_ranges[i].bits))
			return v4_ranges[i].what;
	return NULL;
}

static const char *object_v6(const uint8_t *address)
{
	for (size_t i = 0; i < ARRAY_LEN(v6_ranges); i++) {
		if (!has_prefix(address, v6_ranges[i].prefix, v6_ranges[i].bits))
			continue;
		return v6_ranges[i].v4_at > 0 ? object_v4(address + v6_ranges[i].v4_at)
					      : v6_ranges[i].what;
	}
	return NULL;
}

const char *address_objection(const union address *address)
{
	if (address->any.sa_family == AF_INET)
		return object_v4((const uint8_t *)&address->in.sin_addr);
	if (address->any.sa_family == AF_INET6)
		return object_v6(address->in6.sin6_addr.s6_addr);
	return "of no family that is known";
}

bool address_literal_read(const char *text, uint16_t port, union address *out)
{
	char copy[ADDRESS_TEXT_LEN];
	const size_t len = strlen(text);
	union address read = { 0 };

	if (len >= sizeof copy)
		return false;
	memcpy(copy, text, len + 1);
	if (len >= 2 && copy[0] == '[' && copy[len - 1] == ']') {
		copy[len - 1] = '\0';
		memmove(copy, copy + 1, len - 1);
	}
	if (inet_pton(AF_INET, copy, &read.in.sin_addr) == 1) {
		read.in.sin_family = AF_INET;
		read.in.sin_port = htons(port);
	} else if (inet_pton(AF_INET6, copy, &read.in6.sin6_addr) == 1) {
		read.in6.sin6_family = AF_INET6;
		read.in6.sin6_port = htons(port);
	} else {
		return false;
	}
	*out = read;
	return true;
}

socklen_t address_len(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof address->in
						 : sizeof address->in6;
}

/* As version 6, that of version 4 mapped; and the port. */
static void canonical(const union address *address, uint8_t out[V6_LEN + 2])
{
	memset(out, 0, V6_LEN);
	if (address->any.sa_family == AF_INET) {
		out[10] = out[11] = 0xff;
		memcpy(out + 12, &address->in.sin_addr, V4_LEN);
		memcpy(out + V6_LEN, &address->in.sin_port, 2);
		return;
	}
	memcpy(out, &address->in6.sin6_addr, V6_LEN);
	memcpy(out + V6_LEN, &address->in6.sin6_port, 2);
}

bool address_equal(const union address *a, const union address *b)
{
	uint8_t left[V6_LEN + 2], right[V6_LEN + 2];

	canonical(a, left);
	canonical(b, right);
	return memcmp(left, right, sizeof left) == 0;
}

/* Interfaces have addresses of other families, too, or none. */
static bool read_interface(const struct sockaddr *from, union address *out)
{
	if (from == NULL || (from->sa_family != AF_INET && from->sa_family != AF_INET6))
		return false;
	memset(out, 0, sizeof *out);
	memcpy(out, from, from->sa_family == AF_INET ? sizeof out->in : sizeof out->in6);
	return true;
}

bool address_is_among(const union address *address, const struct ifaddrs *interfaces)
{
	uint8_t wanted[V6_LEN + 2], found[V6_LEN + 2];

	canonical(address, wanted);
	for (; interfaces != NULL; interfaces = interfaces->ifa_next) {
		union address own;

		if (!read_interface(interfaces->ifa_addr, &own))
			continue;
		canonical(&own, found);
		if (memcmp(wanted, found, V6_LEN) == 0)
			return true;
	}
	return false;
}

char *address_write(const union address *address, char text[ADDRESS_TEXT_LEN])
{
	char host[INET6_ADDRSTRLEN] = "?";
	const bool is_v4 = address->any.sa_family == AF_INET;

	if (is_v4)
		(void)inet_ntop(AF_INET, &address->in.sin_addr, host, sizeof host);
	else
		(void)inet_ntop(AF_INET6, &address->in6.sin6_addr, host, sizeof host);
	snprintf(text, ADDRESS_TEXT_LEN, is_v4 ? "%s:%u" : "[%s]:%u", host,
		 ntohs(is_v4 ? address->in.sin_port : address->in6.sin6_port));
	return text;
}
