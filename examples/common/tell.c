/* SPDX-License-Identifier: Apache-2.0 */
#include "tell.h"

#include <string.h>

/*
 * What was found may be a stranger's words. On a line of ours they must not look like
 * another line, nor like JSON that a pipeline takes for a result.
 */
static void tell_plainly(const char *label, const char *text)
{
	char plain[256];
	size_t len = 0;

	if (text == NULL)
		return;
	for (; text[len] != '\0' && len < sizeof plain - 1; len++) {
		const char c = text[len];

		plain[len] = '?';
		if (c >= ' ' && c <= '~' && strchr("\"[{", c) == NULL)
			plain[len] = c;
	}
	plain[len] = '\0';
	say("    %s %s", label, plain);
}

void tell_check(const struct cella_check *check)
{
	if (check->outcome == CELLA_CHECK_PASS)
		return;
	say("%s: %s: %s", cella_outcome_name(check->outcome), check->id, check->title);
	tell_plainly("expected", check->expected);
	tell_plainly("found   ", check->actual);
	tell_plainly("remedy  ", check->remedy);
}
