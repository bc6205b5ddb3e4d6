/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"

#include "collect/address.h"

#include <arpa/inet.h>
#include <string.h>

#define A10 "aaaaaaaaaa"
#define A100 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10

/* What is read is written as it was. */
static void what_is_an_address(void **state UNUSED)
{
	static const char *const texts[] = {
		"unix:/run/x",     "unix:" A100 "aaaaaaa", "tcp:host:1",
		"tcp:[::1]:65535", "tcp:[fe80::]:0",       "vsock:2:4050",
		"tcp:x:0",         "tcp:1.2.3.4:80",       "vsock:4294967295:4294967295",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct address address = { 0 };
		struct cella_error err = { 0 };
		struct out text CLEANUP(out_done) = { 0 };

		CASE(texts[i]);
		CHECK_OK(address_read(texts[i], &address, "it", &err));
		address_format(&address, &text);
		CHECK_BYTES(texts[i], strlen(texts[i]), out_view(&text));
	}
}

static void what_is_none(void **state UNUSED)
{
	static const struct {
		const char *text;
		const char *says;
	} rows[] = {
		{ "", "expected unix:PATH, tcp:HOST:PORT or vsock:CID:PORT" },
		{ "4050", "expected unix:PATH" },
		{ "host:1", "expected unix:PATH" },
		{ "udp:127.0.0.1:1", "expected unix:PATH" },
		{ "unix:", "a path of 1 to 107 bytes, found 0" },
		{ "unix:" A100 "aaaaaaaa", "a path of 1 to 107 bytes, found 108" },
		{ "tcp:", "names nobody" },
		{ "tcp::1", "names nobody" },
		{ "tcp:host", "expected HOST:PORT" },
		{ "tcp:host:", "expected a number" },
		{ "tcp:host:x", "\"x\" is not a number" },
		{ "tcp:host:-1", "is not a number" },
		{ "tcp:host:65536", "at most 65535" },
		{ "tcp:fe80::1:1", "is not a number" },
		{ "tcp:[::1", "expected HOST:PORT" },
		{ "tcp:[::1:80", "expected HOST:PORT" },
		{ "tcp:[::1]1", "expected HOST:PORT" },
		{ "tcp:" A100 A100 A100 ":1", "a name of 300 characters, at most 255" },
		{ "vsock:2", "expected vsock:CID:PORT" },
		{ "vsock::1", "expected a number" },
		{ "vsock:-1:1", "is not a number" },
		{ "vsock:host:1", "is not a number" },
		{ "vsock:4294967296:1", "at most 4294967295" },
		{ "vsock:2:4294967296", "at most 4294967295" },
		{ "vsock:11111111111111111:1", "expected vsock:CID:PORT" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct address address = { .port = 77 };
		struct cella_error err = { 0 };

		CASE(rows[i].text);
		CHECK_STATUS(CELLA_USAGE,
			     address_read(rows[i].text, &address, "it", &err));
		CHECK_INT(CELLA_USAGE, err.status);
		CHECK_TEXT_HAS(err.text, "it: ");
		CHECK_TEXT_HAS(err.text, rows[i].says);
		CHECK_INT(77, address.port);
		CHECK_STATUS(CELLA_USAGE,
			     address_read(rows[i].text, &address, "it", NULL));
	}
}

static void hosts_of_urls(void **state UNUSED)
{
	static const struct {
		const char *url, *address;
	} cases[] = {
		{ "https://host/path", "tcp:host:443" },
		{ "http://host", "tcp:host:80" },
		{ "https://host:8081/sgx/", "tcp:host:8081" },
		{ "https://[::1]:8081/", "tcp:[::1]:8081" },
		{ "https://[::1]/", "tcp:[::1]:443" },
		{ "https://user@host/", NULL },
		{ "https://", NULL },
		{ "https://ho st/", NULL },
		{ "https://x${region}/", NULL },
		{ "https://host:0x1/", NULL },
		{ "ftp://host/", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct address address = { 0 };
		struct cella_error err = { 0 };
		struct out text CLEANUP(out_done) = { 0 };

		CASE(cases[i].url);
		CHECK_STATUS(cases[i].address != NULL ? CELLA_OK : CELLA_USAGE,
			     address_of_url(cases[i].url, &address, "URL", &err));
		address_format(&address, &text);
		out_u8(&text, 0);
		CHECK_TEXT(cases[i].address != NULL ? cases[i].address : "",
			   (const char *)text.data);
	}
}

static struct place place_of(const char *text)
{
	struct address address = { 0 };
	struct place place = { 0 };
	struct cella_error err = { 0 };

	CHECK_OK(address_read(text, &address, "it", &err));
	CHECK_TRUE(address_place(&address, &place));
	return place;
}

static void as_the_kernel_takes_them(void **state UNUSED)
{
	static const uint8_t loopback[16] = { [15] = 1 };
	struct place place = place_of("tcp:1.2.3.4:258");

	CHECK_INT(sizeof place.at.in, place.len);
	CHECK_INT(AF_INET, place.at.any.sa_family);
	CHECK_INT(258, ntohs(place.at.in.sin_port));
	CHECK_INT(0x01020304, ntohl(place.at.in.sin_addr.s_addr));
	place = place_of("tcp:[::1]:258");
	CHECK_INT(AF_INET6, place.at.any.sa_family);
	CHECK_INT(258, ntohs(place.at.in6.sin6_port));
	CHECK_BYTES(loopback, 16, bytes_of(&place.at.in6.sin6_addr, 16));
	place = place_of("unix:/run/x");
	CHECK_INT(AF_UNIX, place.at.any.sa_family);
	CHECK_TEXT("/run/x", place.at.un.sun_path);
	place = place_of("vsock:3:70000");
	CHECK_INT(AF_VSOCK, place.at.any.sa_family);
	CHECK_INT(3, place.at.vm.svm_cid);
	CHECK_INT(70000, place.at.vm.svm_port);
}

static void names_lead_nowhere(void **state UNUSED)
{
	static const char *const texts[] = { "tcp:localhost:1", "tcp:127.1:1",
					     "tcp:2852039166:1" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct address address = { 0 };
		struct place place = { .len = 77 };
		struct cella_error err = { 0 };

		CASE(texts[i]);
		CHECK_OK(address_read(texts[i], &address, "it", &err));
		CHECK_TRUE(!address_place(&address, &place));
		CHECK_INT(77, place.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_an_address),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(hosts_of_urls),
		cmocka_unit_test(as_the_kernel_takes_them),
		cmocka_unit_test(names_lead_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
