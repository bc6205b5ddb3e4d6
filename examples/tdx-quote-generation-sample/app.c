/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app [-d HEX...]: makes a quote of this trust domain and writes it to quote.dat.
 *
 * The quote's report data is up to 64 bytes of the caller's, padded with zeros at the end,
 * or random. What it should be in earnest: the hash of a public key and of a challenge
 * that whoever verifies the quote has sent (see attested-key-exchange).
 */
#include "evidence.h"

#include <cella/evidence.h>

#include <stdio.h>
#include <string.h>

static bool choose_report_data(int argc, char **argv, uint8_t report_data[64])
{
	size_t len;
	size_t num_used;

	if (argc == 1)
		return random_fill(report_data, 64);
	if (argc < 3 || strcmp(argv[1], "-d") != 0) {
		say("usage: %s [-d HEX...]", argv[0]);
		return false;
	}
	memset(report_data, 0, 64);
	if (!read_hex(argv + 2, (size_t)argc - 2, report_data, 64, &len, &num_used))
		return false;
	if (num_used != (size_t)argc - 2) {
		say("usage: %s [-d HEX...]", argv[0]);
		return false;
	}
	return true;
}

/* 16 bytes a line, each line with its offset. */
static void print_dump(const char *title, const uint8_t *data, size_t len)
{
	printf("%s", title);
	for (size_t i = 0; i < len; i++) {
		if (i % 16 == 0)
			printf("\n%08zx:", i);
		printf(" %02x", data[i]);
	}
	printf("\n");
}

/* What tools for Intel's results print, for comparison: the last byte first. */
static void print_as_intel(const uint8_t report_data[64])
{
	printf("tdx_reportdata in results: ");
	for (size_t i = 64; i > 0; i--)
		printf("%02X", report_data[i - 1]);
	printf("\n");
}

/* Does the quote carry what was asked for? The host made it, and may have erred. */
static bool check_quote(const struct buffer *quote, const uint8_t report_data[64])
{
	struct cella_evidence *evidence = NULL;
	struct cella_bytes actual;
	struct cella_error err;
	bool good;

	if (cella_evidence_parse(quote->data, quote->len, &evidence, &err) != CELLA_OK)
		return fails("quote", &err);
	good = cella_evidence_kind(evidence) == CELLA_EVIDENCE_TDX_QUOTE &&
	       cella_facts_get(cella_evidence_facts(evidence), CELLA_FACT_REPORT_DATA,
			       &actual) &&
	       actual.len == 64 && memcmp(actual.data, report_data, 64) == 0;
	cella_evidence_unref(evidence);
	if (!good)
		say("the quote does not carry the report data that was asked for");
	return good;
}

int main(int argc, char **argv)
{
	uint8_t report_data[64];
	BUFFER quote = { NULL, 0 };

	if (!choose_report_data(argc, argv, report_data))
		return EXIT_USAGE;
	print_dump("TDX report data", report_data, sizeof report_data);
	print_as_intel(report_data);
	fflush(stdout);
	if (!td_quote(report_data, &quote) || !check_quote(&quote, report_data)) {
		say("Failed to get the quote");
		return EXIT_UNDECIDED;
	}
	printf("Successfully get the TD Quote\n");
	if (!write_file("quote.dat", quote.data, quote.len))
		return EXIT_UNDECIDED;
	printf("Wrote TD Quote to quote.dat\n");
	return fflush(stdout) == 0 ? EXIT_YES : EXIT_UNDECIDED;
}
