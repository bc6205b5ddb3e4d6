/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loses memory on purpose, so that a build with AddressSanitizer can show that leaks are
 * found where the tests run.
 */
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *volatile lost = malloc(100);

	if (lost != NULL)
		memset(lost, 1, 100);
	lost = NULL;
	return 0;
}
