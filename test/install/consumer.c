/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program as a user of the library would write it: judges a quote and prints the
 * verdict. consumer QUOTE COLLATERAL TIME ROOT
 */
#include <cella/verify.h>

#include <stdio.h>
#include <stdlib.h>

static size_t slurp(const char *path, void *buffer, size_t size)
{
	FILE *const file = fopen(path, "rb");
	size_t len;

	if (file == NULL) {
		perror(path);
		exit(2);
	}
	len = fread(buffer, 1, size, file);
	fclose(file);
	return len;
}

static int complain(const struct cella_error *err)
{
	fprintf(stderr, "%s: %s\n", cella_status_name(err->status), err->text);
	return 3;
}

int main(int argc, char **argv)
{
	static char buffer[1 << 20];
	static char root[64 << 10];
	struct cella_verify_options options = {
		.size = sizeof options,
		.time_choice = CELLA_TIME_AT,
		.root_choice = CELLA_ROOT_GIVEN,
		.report_data_expect = CELLA_EXPECT_ANY,
		.policy_expect = CELLA_EXPECT_ANY,
	};
	struct cella_collateral *collateral = NULL;
	struct cella_evidence *evidence = NULL;
	struct cella_verdict *verdict = NULL;
	struct cella_error err = { CELLA_OK, 0, 0, "" };
	enum cella_result result;
	size_t len;

	printf("cella %s\n", cella_version());
	if (argc != 5)
		return 2;
	len = slurp(argv[1], buffer, sizeof buffer);
	if (cella_evidence_parse(buffer, len, &evidence, &err) != CELLA_OK)
		return complain(&err);
	len = slurp(argv[2], buffer, sizeof buffer);
	if (cella_collateral_parse(buffer, len, &collateral, &err) != CELLA_OK)
		return complain(&err);
	options.time = strtoll(argv[3], NULL, 10);
	options.root.data = (const uint8_t *)root;
	options.root.len = slurp(argv[4], root, sizeof root);
	if (cella_verify(evidence, collateral, &options, &verdict, &err) != CELLA_OK)
		return complain(&err);
	result = cella_verdict_result(verdict);
	puts(cella_result_name(result));
	cella_verdict_free(verdict);
	cella_collateral_unref(collateral);
	cella_evidence_unref(evidence);
	return result == CELLA_ACCEPTED ? 0 : 1;
}
