/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tdx_report_parse: gets a TD report of this machine and shows what it says. Its line
 * "attributes" tells whether somebody can debug this trust domain.
 *
 * A TD report convinces nobody but its own CPU, which alone can check its MAC. Others need
 * a quote: see tdx-quote-generation-sample.
 */
#include "evidence.h"

#include <cella/evidence.h>

#include <inttypes.h>
#include <stdio.h>

/* Bits of the TD's attributes. */
#define ATTRIBUTE_DEBUG (UINT64_C(1) << 0)
#define ATTRIBUTE_SEPT_VE_DISABLE (UINT64_C(1) << 28)

static const struct {
	const char *name;
	enum cella_fact fact;
} lines[] = {
	{ "mr_td", CELLA_FACT_MR_TD },
	{ "mr_config_id", CELLA_FACT_MR_CONFIG_ID },
	{ "mr_owner", CELLA_FACT_MR_OWNER },
	{ "mr_owner_config", CELLA_FACT_MR_OWNER_CONFIG },
	{ "rtmr0", CELLA_FACT_RTMR0 },
	{ "rtmr1", CELLA_FACT_RTMR1 },
	{ "rtmr2", CELLA_FACT_RTMR2 },
	{ "rtmr3", CELLA_FACT_RTMR3 },
};

/* Facts are in wire order: here, a number with its first byte lowest. */
static bool get_word(const struct cella_facts *facts, enum cella_fact fact, uint64_t *out)
{
	struct cella_bytes bytes;

	if (!cella_facts_get(facts, fact, &bytes) || bytes.len != sizeof *out) {
		say("the report has no %s", cella_fact_name(fact));
		return false;
	}
	*out = 0;
	for (size_t i = bytes.len; i > 0; i--)
		*out = *out << 8 | bytes.data[i - 1];
	return true;
}

static bool print_report(const struct cella_facts *facts)
{
	uint64_t attributes;
	uint64_t xfam;

	if (!get_word(facts, CELLA_FACT_TD_ATTRIBUTES, &attributes) ||
	    !get_word(facts, CELLA_FACT_XFAM, &xfam))
		return false;
	printf("TD info\n");
	printf("attributes: 0x%016" PRIx64 " (%s %s)\n", attributes,
	       attributes & ATTRIBUTE_DEBUG ? "DEBUG" : "NO_DEBUG",
	       attributes & ATTRIBUTE_SEPT_VE_DISABLE ? "SEPT_VE_DISABLE"
						      : "NO_SEPT_VE_DISABLE");
	printf("xfam: 0x%016" PRIx64 "\n", xfam);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct cella_bytes bytes;

		if (!cella_facts_get(facts, lines[i].fact, &bytes)) {
			say("the report has no %s", lines[i].name);
			return false;
		}
		printf("%s: ", lines[i].name);
		print_hex(bytes.data, bytes.len);
		printf("\n");
	}
	return fflush(stdout) == 0 || fails("standard output", NULL);
}

static bool parse(const struct buffer *report)
{
	struct cella_evidence *evidence = NULL;
	struct cella_error err;
	bool done = false;

	if (cella_evidence_parse(report->data, report->len, &evidence, &err) != CELLA_OK)
		return fails("TD report", &err);
	if (cella_evidence_kind(evidence) == CELLA_EVIDENCE_TD_REPORT)
		done = print_report(cella_evidence_facts(evidence));
	else
		say("that is no TD report");
	cella_evidence_unref(evidence);
	return done;
}

int main(int argc, char **argv)
{
	const uint8_t report_data[64] = { 0 }; /* a look at it binds nothing */
	BUFFER report = { NULL, 0 };

	(void)argv;
	if (argc > 1) {
		say("takes no arguments; 'cella report --parse FILE' shows a file");
		return EXIT_USAGE;
	}
	return td_report(report_data, &report) && parse(&report) ? EXIT_YES
								 : EXIT_UNDECIDED;
}
