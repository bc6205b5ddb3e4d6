/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an HCL report without user data to a file, to be put into a TPM.
 *
 *	standin-hcl --platform DIR [--ak FILE] [--fault NAME]... -- FILE
 */
#include "hcl_write.h"

#include "fetch/files.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	const uint8_t user_data[REPORT_DATA_LEN] = { 0 };
	struct standin standin;
	struct out out CLEANUP(out_done) = { 0 };
	struct cella_error err = { 0 };

	standin_parse(argc, argv, NULL, "--ak", &standin);
	if (hcl_write(&standin, user_data, &out, &err) == CELLA_OK &&
	    file_write(standin.command[0], out_view(&out), 0600, &err) == CELLA_OK)
		return 0;
	fprintf(stderr, "standin-hcl: %s\n", err.text);
	return STANDIN_WRONG;
}
