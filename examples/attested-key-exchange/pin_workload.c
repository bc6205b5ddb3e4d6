/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin_workload: writes the policy that this trust domain meets, and others do not: its
 * measurements, a current platform, a current quoting enclave. To be run where the right
 * workload is known to run; what it prints decides whom clients trust.
 */
#include "evidence.h"

#include <cella/policy.h>

#include <stdio.h>

static bool print_policy(const struct cella_evidence *evidence)
{
	const struct cella_policy_draft draft = {
		.size = sizeof draft,
		.facts = cella_evidence_facts(evidence),
		.description = "the workload of attested-key-exchange",
		.with_platform = true,
	};
	struct cella_error err;
	const char *warning = NULL;
	char *text = NULL;

	if (cella_policy_write(&draft, &text, &warning, &err) != CELLA_OK)
		return fails("policy", &err);
	if (warning != NULL)
		say("%s", warning);
	printf("%s\n", text);
	cella_free(text);
	return fflush(stdout) == 0 || fails("standard output", NULL);
}

int main(void)
{
	const uint8_t report_data[64] = { 0 }; /* no part of policies */
	struct cella_evidence *evidence = NULL;
	struct cella_error err;
	BUFFER quote = { NULL, 0 };
	bool done;

	if (!td_quote(report_data, &quote))
		return EXIT_UNDECIDED;
	if (cella_evidence_parse(quote.data, quote.len, &evidence, &err) != CELLA_OK) {
		fails("quote", &err);
		return EXIT_UNDECIDED;
	}
	done = print_policy(evidence);
	cella_evidence_unref(evidence);
	return done ? EXIT_YES : EXIT_UNDECIDED;
}
