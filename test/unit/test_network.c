/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways into an Enclave VM and out of it: what is the same is measured the same
 * (src/vm/network.c, src/evidence/launch_config.c, src/base/ports.c).
 */
#include "launch_maker.h"
#include "support.h"

#include "vm/network.h"

enum { MAX_WAYS = 4 };

/* What somebody writes. */
struct spelling {
	const char *to_guest;
	const char *from_guest;
	const char *forward[MAX_WAYS];
	const char *egress[MAX_WAYS];
};

static struct launch_texts texts_of(const char *const texts[MAX_WAYS])
{
	struct launch_texts out = { texts, 0 };

	while (out.num_items < MAX_WAYS && texts[out.num_items] != NULL)
		out.num_items++;
	return out;
}

static enum cella_status read_spelling(const struct spelling *s, struct arena *arena,
				       struct launch_config *out, struct cella_error *err)
{
	const struct network_args args = { s->to_guest, s->from_guest,
					   texts_of(s->forward), texts_of(s->egress) };

	*out = (struct launch_config){ .vcpus = 1, .memory_mib = 128 };
	return network_read(&args, arena, out, err);
}

/* The text that is measured, and PCR13, which it leads to. */
static struct launch_digest measured(const struct spelling *s, struct out *text)
{
	struct arena arena CLEANUP(arena_done) = { 0 };
	const struct launch_image image = made_image();
	struct launch_config config;
	struct launch_pcrs pcrs;
	struct launch_plan plan;
	struct cella_error err = { 0 };

	CHECK_OK(read_spelling(s, &arena, &config, &err));
	text->len = 0;
	CHECK_OK(launch_config_write(&config, text, &err));
	out_u8(text, 0);
	CHECK_OK(launch_plan_make("q35", &image, &config, &arena, &plan, &err));
	CHECK_OK(launch_predict(&plan, &pcrs, &err));
	return pcrs.pcr[LAUNCH_PCR_CONFIG];
}

static const char head[] = "cella config 1\nvcpus 1\nmemory_mib 128\ndebug no\n";

static void by_default_there_is_no_way_out(void **state)
{
	static const struct spelling nothing;
	struct out text CLEANUP(out_done) = { 0 };

	(void)state;
	measured(&nothing, &text);
	CHECK_INT(0, strncmp((const char *)text.data, head, sizeof head - 1));
	CHECK_TEXT("to_guest any\nfrom_guest 9000\nforward none\negress none\n",
		   (const char *)text.data + sizeof head - 1);
}

/* The first and the second are the same; the third is not. */
static const struct {
	const char *name;
	struct spelling one;
	struct spelling same;
	struct spelling other;
	const char *text; /* of what the first says */
} rows[] = {
	{ "order",
	  { .egress = { "b.example:443", "a.example:443" } },
	  { .egress = { "a.example:443", "b.example:443" } },
	  { .egress = { "a.example:443", "b.example:444" } },
	  "egress a.example:443\negress b.example:443\n" },
	{ "repetition",
	  { .egress = { "a.example:443" } },
	  { .egress = { "a.example:443", "a.example:443" } },
	  { .egress = { "a.example:443", "b.example:443" } },
	  "egress a.example:443\n" },
	{ "case",
	  { .egress = { "API.Example:443" } },
	  { .egress = { "api.example:443" } },
	  { .egress = { "apj.example:443" } },
	  "egress api.example:443\n" },
	{ "port with zeros",
	  { .egress = { "a.example:443" } },
	  { .egress = { "a.example:0443" } },
	  { .egress = { "a.example:4430" } },
	  "egress a.example:443\n" },
	{ "address of version 6",
	  { .egress = { "[2001:0DB8:0:0::1]:443" } },
	  { .egress = { "[2001:db8::1]:443" } },
	  { .egress = { "[2001:db8::2]:443" } },
	  "egress [2001:db8::1]:443\n" },
	{ "mapped address",
	  { .egress = { "[::ffff:192.0.2.1]:443" } },
	  { .egress = { "192.0.2.1:443" } },
	  { .egress = { "192.0.2.2:443" } },
	  "egress 192.0.2.1:443\n" },
	{ "none and some",
	  { .egress = { NULL } },
	  { .to_guest = "any", .from_guest = "none" },
	  { .egress = { "a.example:443" } },
	  "egress none\n" },
	{ "ranges",
	  { .to_guest = "5002,5000-5001,10-20,15-30" },
	  { .to_guest = "10-30,5000-5002,7002" },
	  { .to_guest = "10-30,5000-5003" },
	  "to_guest 10-30,5000-5002,7001-7003\n" },
	{ "all of them",
	  { .to_guest = "any" },
	  { .to_guest = "0-4294967294" },
	  { .to_guest = "1-4294967294" },
	  "to_guest any\n" },
	{ "fixed ports",
	  { .to_guest = "none", .from_guest = "none" },
	  { .to_guest = "7001-7003", .from_guest = "9000" },
	  { .to_guest = "7001-7004", .from_guest = "9000" },
	  "to_guest 7001-7003\nfrom_guest 9000\n" },
	{ "the proxy's port",
	  { .egress = { "a.example:443" } },
	  { .egress = { "a.example:443" }, .from_guest = "9443" },
	  { .egress = { "a.example:443" }, .from_guest = "9444" },
	  "from_guest 9000,9443\n" },
	{ "where forwarding listens",
	  { .forward = { "8080:5000" } },
	  { .forward = { "127.0.0.1:8080:5000", "8080:5000" } },
	  { .forward = { "0.0.0.0:8080:5000" } },
	  "forward 127.0.0.1:8080:5000\n" },
	{ "where forwarding leads",
	  { .forward = { "[::1]:8080:5000" }, .to_guest = "none" },
	  { .forward = { "[::1]:8080:5000" }, .to_guest = "5000" },
	  { .forward = { "[::1]:8080:5001" }, .to_guest = "none" },
	  "to_guest 5000,7001-7003\nfrom_guest 9000\nforward [::1]:8080:5000\n" },
};

static void what_is_the_same_measures_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct out one CLEANUP(out_done) = { 0 };
		struct out same CLEANUP(out_done) = { 0 };
		struct out other CLEANUP(out_done) = { 0 };
		const struct launch_digest pcr = measured(&rows[i].one, &one);
		const struct launch_digest same_pcr = measured(&rows[i].same, &same);
		const struct launch_digest other_pcr = measured(&rows[i].other, &other);

		CASE(rows[i].name);
		CHECK_TEXT_HAS((const char *)one.data, rows[i].text);
		CHECK_TEXT((const char *)one.data, (const char *)same.data);
		CHECK_INT(0, memcmp(&pcr, &same_pcr, sizeof pcr));
		CHECK_TRUE(memcmp(&pcr, &other_pcr, sizeof pcr) != 0);
	}
}

static const struct {
	struct spelling given;
	const char *text;
} mistakes[] = {
	{ { .egress = { "a.example" } }, "--egress: \"a.example\" is no name:port" },
	{ { .egress = { "a.example:0" } }, "--egress: port 0" },
	{ { .egress = { "*.example:443" } }, "neither a name nor an address" },
	{ { .egress = { "a.example:443\negress b:1" } }, "--egress" },
	{ { .forward = { "8080" } }, "expected PORT:GUEST-PORT" },
	{ { .forward = { "0:5000" } }, "--forward: port 0" },
	{ { .forward = { "65536:5000" } }, "--forward" },
	{ { .forward = { "8080:4294967295" } }, "--forward" },
	{ { .forward = { "localhost:8080:5000" } }, "is no address of this machine" },
	{ { .forward = { "8080:5000", "127.0.0.1:8080:5001" } },
	  "127.0.0.1:8080 leads to two ports" },
	{ { .to_guest = "5-1" }, "--to-guest" },
	{ { .from_guest = "all" }, "--from-guest" },
};

static void mistakes_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		struct arena arena CLEANUP(arena_done) = { 0 };
		struct launch_config config;
		struct cella_error err = { 0 };

		CASE(mistakes[i].text);
		CHECK_STATUS(CELLA_USAGE,
			     read_spelling(&mistakes[i].given, &arena, &config, &err));
		CHECK_INT(CELLA_USAGE, err.status);
		CHECK_TEXT_HAS(err.text, mistakes[i].text);
	}
}

static void forwarding_is_told_in_its_program_s_words(void **state)
{
	struct arena arena CLEANUP(arena_done) = { 0 };

	(void)state;
	CHECK_TEXT("127.0.0.1:8080=5000",
		   network_published("127.0.0.1:8080:5000", &arena));
	CHECK_TEXT("[::1]:8080=5000", network_published("[::1]:8080:5000", &arena));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_default_there_is_no_way_out),
		cmocka_unit_test(what_is_the_same_measures_the_same),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(forwarding_is_told_in_its_program_s_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
