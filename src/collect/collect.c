/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of providers.
 */
#include "collect/collect.h"

#include <string.h>

static const struct provider *const providers[] = {
	&provider_simulated,
};

enum cella_status provider_find(const char *name, const struct provider **out,
				struct cella_error *err)
{
	if (name == NULL)
		return error_set(err, CELLA_USAGE,
				 "no provider is named: --provider sim --sim DIR");
	for (size_t i = 0; i < ARRAY_LEN(providers); i++) {
		if (strcmp(providers[i]->name, name) == 0) {
			*out = providers[i];
			return CELLA_OK;
		}
	}
	return error_set(err, CELLA_USAGE, "there is no provider \"%.40s\"", name);
}
